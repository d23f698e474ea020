internal import Glibc
internal import IncidentModel

/// Entities that fall silent together and come back, where the evidence tells of hardly anything else: a power cut, a line, from its
/// beginning to its end.
///
/// The longest pause of each is judged by its other pauses, as a silence to the end is (see `SilenceOnsets`); that it is the longest
/// of many is paid for. It counts only in company: five and more whose silences begin in the same moment, and that were all silent
/// at one time. The evidence must go on meanwhile: others say what they usually say, all along, in the same source where that is
/// known and has others in it, so that a log that is missing is no failure. A source that is heard by one entity alone is taken to cover it.
enum EndedSilences {
  static func find(_ timeline: Timeline, _ fleet: Fleet, _ onsets: Onsets) -> [(
    device: Int, finding: Onsets.Finding
  )] {
    let mass = (0..<timeline.deviceCount).filter { !fleet.isShared[$0] && !timeline.events(of: $0).isEmpty }
    guard mass.count >= SilenceOnsets.fewestTogether else { return [] }
    var rhythms = [SilenceOnsets.Rhythm?](repeating: nil, count: timeline.deviceCount)
    var found: [(device: Int, finding: Onsets.Finding)] = []
    for device in mass where onsets.findings[device] == nil {
      guard let rhythm = SilenceOnsets.Rhythm(timeline, device, leavingOutGap: true) else { continue }
      rhythms[device] = rhythm
      let start = timeline.seconds[Int(rhythm.gap.before)]
      let end = timeline.seconds[Int(rhythm.gap.after)]
      let surprise = rhythm.surprise(end - start)
      guard end - start >= SilenceOnsets.leastPauses * rhythm.pause,
        surprise > 9 + log(Double(mass.count)) + log(Double(rhythm.turns))
      else { continue }
      var finding = Onsets.Finding(
        time: start + rhythm.pause / 2, earliest: start, latest: min(end, start + 3 * rhythm.pause),
        probability: 0.97, kind: .silence, events: [rhythm.gap.before, rhythm.gap.after],
        reasons: [
          "spoke every \(Int(rhythm.pause)) s, then not at all for \(Int(end - start)) s, and then again"
        ])
      finding.until = end
      found.append((device, finding))
    }
    let groups = SilenceOnsets.alignTogether(&found, Array(found.indices), rhythms)
    let others = onsets.devices.count
    return groups.filter { $0.count >= 4 * others }.flatMap { group in
      heard(group.map { found[$0] }, timeline)
    }
  }

  /// Those of a group that the evidence would have told of while all of them were silent.
  private static func heard(
    _ group: [(device: Int, finding: Onsets.Finding)], _ timeline: Timeline
  ) -> [(device: Int, finding: Onsets.Finding)] {
    let start = group.map(\.finding.earliest).max() ?? 0
    let end = group.compactMap(\.finding.until).min() ?? 0
    guard start < end else { return [] }
    let silent = Set(group.map(\.device))
    var speakers = Meanwhile()
    var speakersOf: [Int32: Meanwhile] = [:]
    var membersOf: [Int32: Int] = [:]
    for device in 0..<timeline.deviceCount {
      let source = timeline.source(of: device)
      if source >= 0, !timeline.events(of: device).isEmpty { membersOf[source, default: 0] += 1 }
      guard !silent.contains(device) else { continue }
      let words = usualWords(of: device, between: start, and: end, timeline)
      guard !words.isEmpty else { continue }
      speakers.add(words)
      if source >= 0 { speakersOf[source, default: Meanwhile()].add(words) }
    }
    let isHeardAtAll = speakers.count >= fewestSpeakers && speakers.goesOn(from: start, to: end)
    let isHeard = speakersOf.mapValues { $0.goesOn(from: start, to: end) }
    let covered = group.filter { device, _ in
      let source = timeline.source(of: device)
      return source < 0 || membersOf[source] == 1 ? isHeardAtAll : isHeard[source] ?? false
    }
    return covered.count >= SilenceOnsets.fewestTogether ? covered : []
  }

  /// What others said while a group was silent.
  private struct Meanwhile {
    var count = 0
    private var times: [Double] = []

    mutating func add(_ words: [Double]) {
      count += 1
      times += words
    }

    /// Whether it was said all along, and not at one end only: a log that stops lets a last word through, and the first after it.
    func goesOn(from start: Double, to end: Double) -> Bool {
      let bounds = [start] + times.sorted() + [end]
      let longest = zip(bounds.dropFirst(), bounds).reduce(0) { max($0, $1.0 - $1.1) }
      return longest * 2 <= end - start
    }
  }

  /// When an entity said between two moments what it had said before them as well: that a collector tells of its own trouble does
  /// not show that it collects.
  private static func usualWords(
    of device: Int, between start: Double, and end: Double, _ timeline: Timeline
  ) -> [Double] {
    var said: Set<Int32> = []
    var times: [Double] = []
    for event in timeline.events(of: device) {
      let time = timeline.seconds[Int(event)]
      let template = timeline.evidence.eventTemplates[Int(event)]
      if time <= start {
        said.insert(template)
      } else if time < end, said.contains(template) {
        times.append(time)
      }
    }
    return times
  }

  /// As many others must speak meanwhile.
  private static let fewestSpeakers = 3
}
