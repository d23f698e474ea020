internal import Glibc

/// Pairs that tell when each entity got round to something, and nothing of its clock: a campaign that is announced once and reaches
/// one ring after the other.
///
/// One event that pairs with those of many others measures their clocks only where it reached them in one moment: then most of the
/// shifts agree, and the rest are clocks that are off. And where each entity has a single pair, clocks that are off are so both
/// ways: shifts that do not agree and nearly all have one sign are waiting times.
extension ClockCorrection {
  /// As many others make one event an announcement; fewer agree by chance.
  private static let many = 3
  /// Seconds within which one event reaches all in one moment.
  private static let moment = 2.0
  /// Fewer single pairs have one sign by chance.
  private static let fewestSingles = 6

  /// The matches without those of announcements that were not heard in one moment.
  static func leavingOutAnnouncements(_ matches: [Match], _ eventCount: Int) -> [Match] {
    leavingOutWaits(leavingOutSpreadEvents(matches, eventCount))
  }

  private static func leavingOutSpreadEvents(_ matches: [Match], _ eventCount: Int) -> [Match] {
    var sent = [UInt8](repeating: 0, count: eventCount)
    var received = sent
    for match in matches {
      sent[Int(match.sentEvent)] = min(200, sent[Int(match.sentEvent)] + 1)
      received[Int(match.receivedEvent)] = min(200, received[Int(match.receivedEvent)] + 1)
    }
    var bySender: [Int32: [(other: Int32, shift: Double)]] = [:]
    var byReceiver = bySender
    for match in matches {
      if sent[Int(match.sentEvent)] >= many {
        bySender[match.sentEvent, default: []].append((match.receiver, match.shift))
      }
      if received[Int(match.receivedEvent)] >= many {
        byReceiver[match.receivedEvent, default: []].append((match.device, match.shift))
      }
    }
    let spreadSent = Set(bySender.filter { isSpread($0.value) }.keys)
    let spreadReceived = Set(byReceiver.filter { isSpread($0.value) }.keys)
    guard !spreadSent.isEmpty || !spreadReceived.isEmpty else { return matches }
    return matches.filter {
      !spreadSent.contains($0.sentEvent) && !spreadReceived.contains($0.receivedEvent)
    }
  }

  private static func isSpread(_ found: [(other: Int32, shift: Double)]) -> Bool {
    Set(found.map(\.other)).count >= many && !mostAgree(found.map(\.shift))
  }

  /// Whether half of some shifts lie within one moment.
  static func mostAgree(_ shifts: [Double]) -> Bool {
    let sorted = shifts.sorted()
    var low = 0
    for high in sorted.indices {
      while sorted[high] - sorted[low] > moment { low += 1 }
      if (high - low + 1) * 2 >= sorted.count { return true }
    }
    return false
  }

  /// Whether pairs that agree are those of several moments: many events of one moment agree with any other at both ends.
  static func hasTurns(_ cluster: ArraySlice<Match>) -> Bool {
    let times = cluster.map(\.at)
    return (times.max() ?? 0) - (times.min() ?? 0) > 2 * moment
  }

  private static func leavingOutWaits(_ matches: [Match]) -> [Match] {
    func kind(_ match: Match) -> UInt64 {
      UInt64(UInt32(bitPattern: match.sent)) << 32 | UInt64(UInt32(bitPattern: match.received))
    }
    func pair(_ match: Match) -> UInt64 {
      UInt64(UInt32(bitPattern: match.device)) << 32 | UInt64(UInt32(bitPattern: match.receiver))
    }
    var kinds: [UInt64: (shifts: [Double], pairs: Set<UInt64>)] = [:]
    for match in matches {
      kinds[kind(match), default: ([], [])].shifts.append(match.shift)
      kinds[kind(match)]!.pairs.insert(pair(match))
    }
    let waits = Set(
      kinds.filter { _, found in
        guard found.pairs.count >= fewestSingles, found.pairs.count * 10 >= found.shifts.count * 9 else {
          return false
        }
        let ahead = found.shifts.count { $0 > 0 }
        let few = min(ahead, found.shifts.count - ahead)
        return few * 10 <= found.shifts.count && Robust.median(found.shifts.map(abs)) > 10 * moment
          && !mostAgree(found.shifts)
      }.keys)
    return waits.isEmpty ? matches : matches.filter { !waits.contains(kind($0)) }
  }
}
