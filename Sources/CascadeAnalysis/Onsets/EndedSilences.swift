internal import Glibc
internal import IncidentModel

/// Entities that fall silent together and come back, where the evidence tells of hardly anything else: a power cut, a line, from its
/// beginning to its end.
///
/// The longest pause of each is judged by its other pauses, as a silence to the end is (see `SilenceOnsets`); that it is the longest
/// of many is paid for. It counts only in company: five and more whose silences begin in the same moment, and that were all silent
/// at one time. The evidence must go on meanwhile: others say what they usually say, all along, in the same source where that is
/// known and has others in it, so that a log that is missing is no failure. A source that is heard by one entity alone is taken to cover it.
///
/// Trouble that an entity tells of as the first thing after such a silence ("started after power loss") is how the silence ended: it
/// failed when it fell silent. Infrastructure that was silent with a group is one of it, and so is who told of trouble as it fell silent.
/// Of those of whom the evidence has nothing meanwhile, nothing is known: they are given apart.
struct EndedSilences {
  /// Who failed, by a silence that ended.
  private(set) var found: [(device: Int, finding: Onsets.Finding)] = []
  /// Who told of trouble when it fell silent with them: the last everyday word before the silence, the moment of all of them, and its end.
  private(set) var companions: [(device: Int, last: Int32, since: Double, until: Double)] = []
  /// Silences of those whose source tells of nobody then, by what is missing together.
  private(set) var gaps: [[(device: Int, finding: Onsets.Finding)]] = []

  /// Seconds after a silence in which what an entity tells of is told on coming back.
  private static let comingBack = 300.0

  init(_ timeline: Timeline, _ fleet: Fleet, _ onsets: Onsets) {
    let voices = (0..<timeline.deviceCount).filter { !timeline.events(of: $0).isEmpty }
    let mass = voices.filter { !fleet.isShared[$0] }
    guard mass.count >= SilenceOnsets.fewestTogether else { return }
    var rhythms = [SilenceOnsets.Rhythm?](repeating: nil, count: timeline.deviceCount)
    var silences: [(device: Int, finding: Onsets.Finding)] = []
    var infrastructure = silences
    var cameBack: Set<Int> = []
    // Who had told of trouble when it fell silent is dated by that.
    var toldBefore: Set<Int> = []
    for device in voices {
      guard let rhythm = SilenceOnsets.Rhythm(timeline, device, leavingOutGap: true) else { continue }
      rhythms[device] = rhythm
      let start = timeline.seconds[Int(rhythm.gap.before)]
      let end = timeline.seconds[Int(rhythm.gap.after)]
      let known = onsets.findings[device]
      if let known {
        guard known.kind == .log, known.time <= end + Self.comingBack else { continue }
        if known.time >= end {
          cameBack.insert(device)
        } else {
          guard known.time > start - Self.comingBack, known.time < end,
            known.events.allSatisfy({
              timeline.seconds[Int($0)] <= start || timeline.seconds[Int($0)] >= end
            })
          else { continue }
          toldBefore.insert(device)
        }
      }
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
      if let known {
        finding.events += known.events.filter { $0 != rhythm.gap.after }.prefix(6)
        if cameBack.contains(device) { finding.reasons.append("told of trouble as it came back") }
      }
      finding.until = end
      if fleet.isShared[device] {
        infrastructure.append((device, finding))
      } else {
        silences.append((device, finding))
      }
    }
    let groups = SilenceOnsets.alignTogether(&silences, Array(silences.indices), rhythms)
    let others = onsets.devices.count { !cameBack.contains($0) && !toldBefore.contains($0) }
    // Fewer tell nothing, whatever was heard meanwhile.
    let large = groups.filter { $0.count >= SilenceOnsets.fewestTogether }
    let divided = Self.divided(large.map { $0.map { silences[$0] } }, timeline)
    for (group, (heard, unheard)) in zip(large, divided) {
      let isTold = heard.count >= SilenceOnsets.fewestTogether && group.count >= 4 * others
      var failed = heard.filter {
        !toldBefore.contains($0.device) && (isTold || cameBack.contains($0.device))
      }
      for (device, finding) in unheard where cameBack.contains(device) {
        // The evidence has nothing of that time: it may have failed later than it was heard last.
        var finding = finding
        finding.latest = finding.until ?? finding.latest
        failed.append((device, finding))
      }
      let unknown = unheard.filter { !cameBack.contains($0.device) && !toldBefore.contains($0.device) }
      if unknown.count >= SilenceOnsets.fewestTogether { gaps.append(unknown) }
      guard failed.count(where: { cameBack.contains($0.device) }) >= SilenceOnsets.fewestTogether || isTold
      else { continue }
      if isTold {
        companions += heard.filter { toldBefore.contains($0.device) }.map { device, finding in
          let last = timeline.events(of: device).last { event in
            timeline.seconds[Int(event)] <= finding.earliest
              && !timeline.isLoud[Int(timeline.evidence.eventTemplates[Int(event)])]
          }
          return (device, last ?? finding.events[0], finding.time, finding.until ?? .infinity)
        }
      }
      found += failed + infrastructure.filter { Self.isOne($0, of: failed.map(\.finding)) }
    }
  }

  /// Whether an entity was silent with a group: from its beginning on, as far as that can be told, and to its end.
  private static func isOne(
    _ entry: (device: Int, finding: Onsets.Finding), of group: [Onsets.Finding]
  ) -> Bool {
    let start = group.map(\.earliest).max() ?? 0
    let latest = group.map(\.latest).max() ?? 0
    let ends = group.compactMap(\.until)
    guard let first = ends.min(), let last = ends.max(), let end = entry.finding.until else { return false }
    return entry.finding.earliest <= latest && entry.finding.latest >= start
      && end >= first - comingBack && end <= last + comingBack
  }

  /// Whether nothing but silences that ended tells of failures: hardly anybody who came back told of trouble, or of anything else that it
  /// had not said before. Where whatever gathers lines was down, it looks so.
  static func mayBeGap(_ failed: [(device: Int, finding: Onsets.Finding)], _ timeline: Timeline) -> Bool {
    guard failed.allSatisfy({ $0.finding.kind == .silence && $0.finding.until != nil }) else { return false }
    let silent = failed.count { device, finding in
      let end = finding.until ?? .infinity
      let kinds = { (isWanted: (Double) -> Bool) in
        Set(
          timeline.events(of: device).filter { isWanted(timeline.seconds[Int($0)]) }
            .map { timeline.evidence.eventTemplates[Int($0)] })
      }
      return kinds { $0 >= end && $0 <= end + comingBack }.isSubset(of: kinds { $0 < end })
    }
    return silent * 10 >= failed.count * 9
  }

  /// A group's members, and what is known of them.
  private typealias Members = [(device: Int, finding: Onsets.Finding)]

  /// Those of each group that the evidence would have told of while all of the group were silent, and the others. One pass over the
  /// events for all groups: there may be millions of those, and dozens of these.
  private static func divided(
    _ groups: [Members], _ timeline: Timeline
  ) -> [(heard: Members, unheard: Members)] {
    var windows = groups.map(Window.init)
    var membersOf: [Int32: Int] = [:]
    var own = UsualWords(timeline)
    for device in 0..<timeline.deviceCount {
      own.read(device, timeline)
      guard !own.isEmpty else { continue }
      let source = timeline.source(of: device)
      if source >= 0 { membersOf[source, default: 0] += 1 }
      for index in windows.indices where own.speaks(from: windows[index].start, to: windows[index].end) {
        guard !windows[index].silent.contains(device) else { continue }
        own.forEach(from: windows[index].start, to: windows[index].end) { time, isFirst in
          windows[index].add(time, isFirst, source)
        }
      }
    }
    return zip(groups, windows).map { group, window in
      guard window.start < window.end else { return ([], []) }
      let isHeardAtAll = window.speakers.count >= fewestSpeakers && window.speakers.goesOn
      let isCovered = group.map { device, _ in
        let source = timeline.source(of: device)
        return source < 0 || membersOf[source] == 1
          ? isHeardAtAll : window.speakersOf[source]?.goesOn ?? false
      }
      return (
        zip(group, isCovered).filter { $0.1 }.map { $0.0 },
        zip(group, isCovered).filter { !$0.1 }.map { $0.0 }
      )
    }
  }

  /// The time in which all of a group were silent, and who spoke meanwhile.
  private struct Window {
    let start: Double
    let end: Double
    let silent: Set<Int>
    var speakers: Meanwhile
    var speakersOf: [Int32: Meanwhile] = [:]

    init(_ group: Members) {
      start = group.map(\.finding.earliest).max() ?? 0
      end = group.compactMap(\.finding.until).min() ?? 0
      silent = Set(group.map(\.device))
      speakers = Meanwhile(from: start, to: end)
    }

    /// `isFirst`: of this speaker.
    mutating func add(_ time: Double, _ isFirst: Bool, _ source: Int32) {
      speakers.add(time, isFirst)
      if source >= 0 { speakersOf[source, default: Meanwhile(from: start, to: end)].add(time, isFirst) }
    }
  }

  /// What others said while a group was silent: the first and last moment in each of some parts of that time, which tells every
  /// pause that is longer than a part.
  private struct Meanwhile {
    private static let parts = 16
    let start: Double
    let end: Double
    var count = 0
    private var firsts = InlineArray<16, Double>(repeating: .infinity)
    private var lasts = InlineArray<16, Double>(repeating: -.infinity)

    init(from start: Double, to end: Double) {
      self.start = start
      self.end = end
    }

    mutating func add(_ time: Double, _ isFirst: Bool) {
      if isFirst { count += 1 }
      let part = min(Self.parts - 1, max(0, Int((time - start) / (end - start) * Double(Self.parts))))
      firsts[part] = min(firsts[part], time)
      lasts[part] = max(lasts[part], time)
    }

    /// Whether it was said all along, and not at one end only: a log that stops lets a last word through, and the first after it.
    var goesOn: Bool {
      var before = start
      var longest = 0.0
      for part in 0..<Self.parts where firsts[part] <= lasts[part] {
        longest = max(longest, firsts[part] - before)
        before = lasts[part]
      }
      return max(longest, end - before) * 2 <= end - start
    }
  }

  /// What an entity said at a time and had said before as well: that a collector tells of its own trouble does not show that it
  /// collects. Nothing is allocated for one of a million entities.
  private struct UsualWords {
    private var times: [Double] = []
    private var templates: [Int] = []
    private var first = 0.0
    private var last = 0.0
    /// By template: the question for which it was said before.
    private var saidFor: [Int]
    private var question = 0

    init(_ timeline: Timeline) { saidFor = Array(repeating: 0, count: timeline.evidence.templateTexts.count) }

    var isEmpty: Bool { times.isEmpty }

    mutating func read(_ device: Int, _ timeline: Timeline) {
      times.removeAll(keepingCapacity: true)
      templates.removeAll(keepingCapacity: true)
      for event in timeline.events(of: device) {
        times.append(timeline.seconds[Int(event)])
        templates.append(Int(timeline.evidence.eventTemplates[Int(event)]))
      }
      first = times.min() ?? 0
      last = times.max() ?? 0
    }

    /// Whether it said anything between, and before.
    func speaks(from start: Double, to end: Double) -> Bool {
      first <= start && last > start && times.contains { $0 > start && $0 < end }
    }

    /// Calls with each moment at which it said what it had said before `start`, and whether that is the first.
    mutating func forEach(from start: Double, to end: Double, _ body: (Double, Bool) -> Void) {
      question += 1
      for (time, template) in zip(times, templates) where time <= start { saidFor[template] = question }
      var isFirst = true
      for (time, template) in zip(times, templates) where time > start && time < end {
        guard saidFor[template] == question else { continue }
        body(time, isFirst)
        isFirst = false
      }
    }
  }

  /// As many others must speak meanwhile.
  private static let fewestSpeakers = 3
}
