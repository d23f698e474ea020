import PlaybookModel
import PlaybookRunner
import Testing

/// The arithmetic of limits at its edges, against exact fractions.
@Suite struct ThresholdTests {
  /// A percentage of a number rounded down, in whole numbers: `hundredths` are hundredths of a per cent.
  private func share(_ hundredths: Int, _ count: Int) -> Int {
    let (high, low) = count.multipliedFullWidth(by: hundredths)
    return 10_000.dividingFullWidth((high, low)).quotient
  }

  @Test func aShareIsExactForEveryPercentageAndSize() {
    for hundredths in 0...10_000 {
      let percent = Double(hundredths) / 100
      for count in [
        0, 1, 2, 3, 7, 49, 50, 51, 99, 100, 101, 149, 150, 333, 9999, 10_000, 10_001, 999_999, 1_000_000,
      ] {
        #expect(WaveLimits.share(percent, of: count) == share(hundredths, count), "\(percent) % of \(count)")
      }
    }
  }

  @Test func tripsAtTheFirstFailureAboveTheLimitAndNotBefore() {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<500 {
      let hundredths =
        [0, 1, 100, 200, 201, 999, 1000, 3333, 5000, 9999, 10_000].randomElement(using: &generator) ?? 0
      let limits = WaveLimits(
        leastFailures: Int.random(in: 0...3, using: &generator), failurePercent: Double(hundredths) / 100,
        unreachablePercent: 100)
      let size = Int.random(in: 1...400, using: &generator)
      var tally = WaveTally(size: size)
      var (failed, attempted) = (0, 0)
      for _ in 0..<size {
        let outcome: RunRecord.Outcome =
          [.ok, .changed, .failed, .unknown, .skipped].randomElement(using: &generator) ?? .ok
        tally.count(outcome, reason: outcome == .skipped ? "interlock" : nil)
        if outcome != .skipped { attempted += 1 }
        if outcome == .failed || outcome == .unknown { failed += 1 }
        let allowed = max(limits.leastFailures, share(hundredths, attempted))
        let trip = tally.trip(limits)
        #expect((trip != nil) == (failed > allowed), "\(failed) of \(attempted) at \(hundredths)")
        if let trip { #expect(trip.count == failed && trip.limit == allowed && trip.kind == .failures) }
      }
    }
  }

  @Test func outOfReachHasItsOwnLimitAndNeverCountsAsFailed() {
    for hundredths in [0, 1000, 1999, 2000, 2001, 5000, 10_000] {
      for size in [1, 4, 5, 6, 9, 10, 11, 100, 101] {
        let limits = WaveLimits(
          leastFailures: 0, failurePercent: 0, unreachablePercent: Double(hundredths) / 100)
        var tally = WaveTally(size: size)
        for away in 1...size {
          tally.count(.skipped, reason: "unreachable")
          #expect(
            (tally.trip(limits) != nil) == (away > share(hundredths, size)),
            "\(away) of \(size) at \(hundredths)")
          #expect(tally.failures == 0)
        }
      }
    }
  }

  @Test func theDefaultsAreThoseOfTheRules() throws {
    let policy = try #require(try SimulatedFleet.playbook(policy: "remediate").rolloutPolicy)
    let (canary, later) = (WaveLimits(wave: 1, policy: policy), WaveLimits(wave: 3, policy: policy))
    for attempted in 0...2000 {
      #expect(canary.failures(attempted: attempted) == 0)
      #expect(later.failures(attempted: attempted) == max(1, attempted / 50))
      #expect(later.unreachable(devices: attempted) == attempted / 5)
    }
    // 10 % of 50 bears the fifth and not the sixth.
    #expect(
      WaveLimits(leastFailures: 1, failurePercent: 10, unreachablePercent: 20).failures(attempted: 50) == 5)
  }

  @Test func wavesNeverOverlapNeverLeaveOneOutAndNeverOverflow() {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<3000 {
      let waves: [RolloutPolicy.WaveSize] = (0..<Int.random(in: 1...6, using: &generator)).map { _ in
        switch Int.random(in: 0...2, using: &generator) {
        case 0: .count(Int.random(in: 1...Int.max, using: &generator))
        case 1: .percent(Double(Int.random(in: 1...10_000, using: &generator)) / 100)
        default: .rest
        }
      }
      let count = Int.random(in: 0...2_000_000, using: &generator)
      let sizes = WaveSchedule.sizes(waves, count: count)
      #expect(sizes.reduce(0, +) == count && sizes.allSatisfy { $0 > 0 })
    }
  }
}
