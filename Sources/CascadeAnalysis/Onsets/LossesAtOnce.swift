internal import IncidentModel

/// Many whom one speaker says to be gone, in the same words and within a minute: a line that breaks, and no row of single misses.
///
/// A report that the next sign of life takes back (see `SignsOfLife`) may be a single miss. That eight and more are missed in one minute, where
/// the same speaker says so of hardly anybody otherwise, is no chance, whenever they are heard of again. Who by its own lines went on meanwhile (it
/// kept its readings and sent them later) did not fail for that: then the trace says what was told of it. Fails for a speaker that checks all
/// those behind it by the hour, and says so in the same words of those it finds gone.
struct LossesAtOnce {
  struct Loss {
    let speaker: Int
    let template: Int
    let first: Double
    let last: Double
    /// Entities that it speaks of.
    let subjects: [Int]
  }
  private(set) var list: [Loss] = []
  private var events: Set<Int32> = []

  private static let moment = 60.0
  private static let fewest = 8
  /// More of them are how things are.
  private static let mostMoments = 3
  /// Nats by which so many in one minute must exceed what is said otherwise.
  private static let surprise = 10.0

  /// - Parameter reports: Event positions by the entity that they speak of.
  init(_ reports: [Int: [Int32]], _ timeline: Timeline) {
    guard reports.count >= Self.fewest else { return }
    var said: [UInt64: [(event: Int32, subject: Int)]] = [:]
    for (device, events) in reports {
      for event in events {
        let speaker = timeline.evidence.eventDevices[Int(event)]
        let key =
          UInt64(UInt32(bitPattern: speaker)) << 32
          | UInt64(UInt32(bitPattern: timeline.evidence.eventTemplates[Int(event)]))
        said[key, default: []].append((event, device))
      }
    }
    let window = max(1, timeline.end - timeline.start)
    for (key, told) in said.sorted(by: { $0.key < $1.key }) where told.count >= Self.fewest {
      let told = told.sorted {
        (timeline.seconds[Int($0.event)], $0.event) < (timeline.seconds[Int($1.event)], $1.event)
      }
      var moments: [ArraySlice<(event: Int32, subject: Int)>] = []
      var low = 0
      while low < told.count {
        let end = timeline.seconds[Int(told[low].event)] + Self.moment
        var high = low
        while high < told.count, timeline.seconds[Int(told[high].event)] <= end { high += 1 }
        let expected = Double(told.count - (high - low)) * Self.moment / window
        if high - low >= Self.fewest, Set(told[low..<high].map(\.subject)).count >= Self.fewest,
          Robust.poissonExcess(Double(high - low), max(0.1, expected)) > Self.surprise
        {
          moments.append(told[low..<high])
          low = high
        } else {
          low += 1
        }
      }
      guard moments.count <= Self.mostMoments else { continue }
      for moment in moments {
        events.formUnion(moment.map(\.event))
        list.append(
          Loss(
            speaker: Int(Int32(truncatingIfNeeded: key >> 32)),
            template: Int(UInt32(truncatingIfNeeded: key)),
            first: timeline.seconds[Int(moment.first!.event)],
            last: timeline.seconds[Int(moment.last!.event)], subjects: Set(moment.map(\.subject)).sorted()))
      }
    }
  }

  /// Whether a report is one of many of one minute.
  func holds(_ event: Int32) -> Bool { !events.isEmpty && events.contains(event) }

  /// Fewer pauses are no rhythm.
  private static let fewestPauses = 5
  /// Times the longest pause before: as long as this an entity is not missed.
  private static let unusual = 1.5

  /// Whether an entity spoke on around some time, by its own lines, with no longer a pause than before.
  static func spokeOn(_ device: Int, at time: Double, _ timeline: Timeline) -> Bool {
    var longest = 0.0
    var pauses = 0
    var last: Double?
    for event in timeline.events(of: device) {
      let next = timeline.seconds[Int(event)]
      if let last {
        guard next < time else { return pauses >= fewestPauses && next - last <= unusual * longest }
        longest = max(longest, next - last)
        pauses += 1
      }
      last = next
    }
    return false
  }
}

extension Reading {
  /// What speakers told in one moment of many that spoke on by their own lines, and are not taken for failed, one sentence each.
  func lossesOfThoseThatSpokeOn(_ trace: Trace) -> [String] {
    let losses = reports.atOnce.list
    guard !losses.isEmpty else { return [] }
    let failed = Set(trace.incidents.flatMap(\.onsets).map(\.device))
    let names = timeline.evidence.devices
    let mass = fleet.isShared.indices.filter { !fleet.isShared[$0] }
    return losses.compactMap { loss in
      let left = loss.subjects.filter { !failed.contains(names[$0]) }
      guard left.count * 2 > loss.subjects.count else { return nil }
      let shared = CommonCauseSearch.search(
        timeline.evidence, fleet, population: mass, failed: Set(loss.subjects))
      let all = shared.map { $0.isNearlyAll ? ", which share \($0.description)" : "" } ?? ""
      return
        "\(names[loss.speaker]) told from \(timeline.instant(loss.first)) to \(timeline.instant(loss.last)) of "
        + "\(loss.subjects.count) entities that they were gone (\"\(timeline.evidence.templateTexts[loss.template])\")\(all): by their own "
        + "lines they went on, so they are not counted as failed; perhaps what they say was cut off, and came later"
    }
  }
}
