internal import IncidentModel

/// Clocks that fall back by half a year and more between two lines, while others go on: a satellite receiver's week rolls over, a
/// battery dies in a reboot.
///
/// The line after the fall follows the line before it, whatever it is stamped; where nothing else measures such a clock, it was off
/// by the fall from there on, less a pause. Where several fall by the same amount, give or take their pauses, the greatest fall is
/// that of the shortest pause, and counts for all. Which side of the fall is right is told by those whose clocks did not fall: all of
/// them must lie on the side before, or nothing is said.
enum ClockFallBacks {
  private static let halfYear = 182.0 * 86_400
  private static let day = 86_400.0
  /// Seconds by which the same fall may look different, as lines come in pauses.
  private static let alike = 3600.0

  static func add(_ spans: [ClockSpan], _ entities: SpanEntities, _ found: inout [Int: ClockFinding]) {
    let chains = entities.chains.filter { chain in
      chain.count > 1 && chain.allSatisfy { found[$0] == nil && !spans[$0].stampsOthers }
        && falls(of: chain, entities).contains { $0 <= -halfYear }
    }
    guard !chains.isEmpty, let steady = steadyTime(spans, chains, entities) else { return }
    let greatest = chains.flatMap { falls(of: $0, entities) }.filter { $0 <= -halfYear }.sorted()
    for chain in chains {
      guard let fell = falls(of: chain, entities).firstIndex(where: { $0 <= -halfYear }),
        let before = entities.lastTime[chain[fell]], isWithin(before, steady),
        chain[(fell + 1)...].allSatisfy({ isFarBefore(entities.lastTime[$0], steady) })
      else { continue }
      let own = falls(of: chain, entities)[fell]
      let ahead = greatest.first { $0 >= own - alike } ?? own
      for (place, span) in chain.enumerated() {
        let hasFallen = place > fell
        found[span] = ClockFinding(
          span: span, base: entities.firstTime[span] ?? before, ahead: hasFallen ? ahead : 0, drift: 0,
          error: hasFallen ? max(1, own - ahead) : 0.001, pairs: 0, receiver: nil,
          method: hasFallen
            ? "its stamps fall back between two lines, while others go on"
            : "as others, until its stamps fall back",
          evidence: [spans[chain[fell]].events.upperBound, spans[chain[fell + 1]].events.lowerBound])
      }
    }
  }

  /// Seconds from the last stamp of each stretch to the first of the next.
  private static func falls(of chain: [Int], _ entities: SpanEntities) -> [Double] {
    zip(chain, chain.dropFirst()).map { before, after in
      guard let last = entities.lastTime[before], let first = entities.firstTime[after] else { return 0 }
      return first.seconds(since: last)
    }
  }

  /// What those cover whose clocks do not fall.
  private static func steadyTime(_ spans: [ClockSpan], _ chains: [[Int]], _ entities: SpanEntities)
    -> ClosedRange<Instant>?
  {
    let falling = Set(chains.flatMap { $0 }.map { spans[$0].device })
    let steady = spans.indices.filter { !falling.contains(spans[$0].device) }
    guard let first = steady.compactMap({ entities.firstTime[$0] }).min(),
      let last = steady.compactMap({ entities.lastTime[$0] }).max()
    else { return nil }
    return first...last
  }

  private static func isWithin(_ time: Instant, _ steady: ClosedRange<Instant>) -> Bool {
    time.seconds(since: steady.lowerBound) >= -day && time.seconds(since: steady.upperBound) <= day
  }

  private static func isFarBefore(_ time: Instant?, _ steady: ClosedRange<Instant>) -> Bool {
    time.map { steady.lowerBound.seconds(since: $0) >= halfYear } ?? false
  }
}
