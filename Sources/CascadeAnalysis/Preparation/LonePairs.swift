internal import IncidentModel

/// Single pairs of events, which may be two messages that hold the same number by accident: a parameter set 77, and hours later a load
/// of 77 kg.
///
/// Two pairs of one entity that agree prove that two kinds of message are one and the same message, seen twice. Where no entity has more than one
/// pair, the fleet must prove it: the shifts of most agree, or nearly every message of the kind that was received has its counterpart.
/// A number of a small range is found again once or twice among an entity's messages for three of five at most, whatever the range (of a Poisson
/// count, one or two have a probability of 0.59 at the best rate).
extension ClockCorrection {
  /// Of ten messages received, so many have a counterpart at the sender, some being lost.
  private static let nearlyEvery = 7

  /// Whether pairs of one kind, of which no entity has two, are of one message seen at both ends.
  static func areOneMessage(_ pairs: [Match], received count: Int) -> Bool {
    mostAgree(pairs.map(\.shift))
      || Set(pairs.map(\.receivedEvent)).count * 10 >= count * nearlyEvery
  }

  /// By kind of message received: how many name an entity that speaks itself.
  static func receipts(_ timeline: Timeline, _ events: (Int) -> ArraySlice<Int32>) -> [Int32: Int] {
    var counts: [Int32: Int] = [:]
    for device in 0..<timeline.deviceCount where !timeline.events(of: device).isEmpty {
      for event in events(device) { counts[timeline.evidence.eventTemplates[Int(event)], default: 0] += 1 }
    }
    return counts
  }

  /// The matches without those of messages that have a better counterpart: another kind pairs with the same message, and the shifts
  /// of that kind agree across the fleet.
  static func leavingOutContradicted(_ matches: [Match], tolerance: Double) -> [Match] {
    var byMessage: [UInt64: [Int]] = [:]
    for (place, match) in matches.enumerated() {
      byMessage[key(match.receivedEvent, match.device), default: []].append(place)
    }
    let disputed = byMessage.values.filter { places in
      let shifts = places.map { matches[$0].shift }
      return shifts.max()! - shifts.min()! > tolerance
    }
    guard !disputed.isEmpty else { return matches }
    var shifts: [UInt64: [Double]] = [:]
    for match in matches { shifts[key(match.sent, match.received), default: []].append(match.shift) }
    let agreed = Set(shifts.filter { $0.value.count >= fewestSure && mostAgree($0.value) }.keys)
    var isContradicted = [Bool](repeating: false, count: matches.count)
    for places in disputed {
      let sure = places.filter { agreed.contains(key(matches[$0].sent, matches[$0].received)) }
      guard !sure.isEmpty, sure.count < places.count else { continue }
      for place in places where !sure.contains(place) { isContradicted[place] = true }
    }
    return matches.indices.filter { !isContradicted[$0] }.map { matches[$0] }
  }

  /// Fewer shifts agree by chance.
  private static let fewestSure = 3

  private static func key(_ one: Int32, _ other: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: one)) << 32 | UInt64(UInt32(bitPattern: other))
  }
}
