internal import IncidentModel

/// Entities that come into being during the evidence: what they complain of while they start for the first time ("no configuration
/// found", "factory certificate") is no failure of theirs, if they live on as others do.
///
/// Told from who was silent or cut off: its first words ever come long after the evidence began, far longer than it is ever silent
/// afterwards, and from then on it says to the end what is no trouble. Fails for what breaks so soon and is heard of all the same.
struct FirstWords {
  /// Per entity: what it says until then is of its start; -infinity for none. Empty where nobody is new.
  private var until: [Double] = []

  /// Seconds that a start takes.
  private static let start = 600.0
  /// Messages of everyday life that follow.
  private static let fewest = 6
  /// Times its longest later pause that it was not heard before.
  private static let absence = 3.0

  init(_ timeline: Timeline) {
    let window = timeline.end - timeline.start
    guard window > 2 * Self.start else { return }
    for device in 0..<timeline.deviceCount {
      let events = timeline.events(of: device)
      guard let opening = events.first, events.count >= Self.fewest else { continue }
      let first = timeline.seconds[Int(opening)]
      guard first > timeline.start + max(Self.start, 0.05 * window) else { continue }
      var before = first
      var longest = 0.0
      var everyday = 0
      var isTroubled = false
      for event in events.dropFirst() {
        let time = timeline.seconds[Int(event)]
        longest = max(longest, time - before)
        before = time
        guard time > first + Self.start else { continue }
        if timeline.isLoud[Int(timeline.evidence.eventTemplates[Int(event)])] {
          isTroubled = isTroubled || time < first + 2 * Self.start
        } else {
          everyday += 1
        }
      }
      guard everyday >= Self.fewest, !isTroubled, first - timeline.start > Self.absence * longest,
        timeline.end - before <= 2 * longest
      else { continue }
      if until.isEmpty { until = [Double](repeating: -.infinity, count: timeline.deviceCount) }
      until[device] = first + Self.start
    }
  }

  /// Whether what an entity said then is of its start.
  func hold(_ device: Int, at time: Double) -> Bool { !until.isEmpty && time <= until[device] }
}
