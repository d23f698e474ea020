internal import IncidentModel

/// Until when the evidence would tell of an entity: a silence that begins where the evidence itself ends is no failure.
///
/// A source ends for those in it with the last word of any of them where its end is missing (a compressed file cut off), or
/// where three or more that are heard nowhere later, and most of those, fall silent together with it: within four of their
/// usual pauses; of a source in which only two are heard, both. Where as many of those heard in it speak on elsewhere, the log was rotated, and its end means nothing.
/// A power cut that takes all that one collector hears, and the collector, looks the same: that is not decided here.
struct EvidenceReach {
  /// Per source, corrected seconds; infinity where it hides nothing.
  private var ends: [Double]
  private let lastSources: [Int32]

  /// Fewer that end together may do so by chance.
  private static let fewest = 3
  private static let pauses = 4.0

  /// - Parameter speakers: Entities with a rhythm: the corrected second of the last word, and the usual pause in seconds.
  init(_ timeline: Timeline, _ speakers: [(device: Int, last: Double, pause: Double)]) {
    let sources = timeline.evidence.sources
    lastSources = timeline.evidence.lastSources
    ends = [Double](repeating: .infinity, count: sources.count)
    guard !sources.isEmpty else { return }
    var members = [Int](repeating: 0, count: ends.count)
    var final = [Double](repeating: -.infinity, count: ends.count)
    for device in 0..<timeline.deviceCount {
      guard let source = source(of: device), let last = timeline.events(of: device).last else { continue }
      members[source] += 1
      final[source] = max(final[source], timeline.seconds[Int(last)])
    }
    var regular = [Int](repeating: 0, count: ends.count)
    var together = regular
    for (device, last, pause) in speakers {
      guard let source = source(of: device) else { continue }
      regular[source] += 1
      if final[source] - last <= Self.pauses * pause { together[source] += 1 }
    }
    for (source, known) in sources.enumerated() {
      let isOver =
        together[source] > known.devices - members[source]
        && (together[source] >= Self.fewest && together[source] * 2 > regular[source]
          || together[source] >= 2 && together[source] == members[source])
      if known.lacksEnd || isOver { ends[source] = final[source] }
    }
  }

  /// Infinity where the evidence reaches to its end.
  func end(of device: Int) -> Double { source(of: device).map { ends[$0] } ?? .infinity }

  private func source(of device: Int) -> Int? {
    guard device < lastSources.count, lastSources[device] >= 0, Int(lastSources[device]) < ends.count else {
      return nil
    }
    return Int(lastSources[device])
  }
}
