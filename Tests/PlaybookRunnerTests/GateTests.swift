import PlaybookModel
import PlaybookRunner
import Testing

/// The health gate between waves, asked of the timeline.
@Suite struct GateTests {
  /// A timeline with a number of matches and evidence of some age, in nanoseconds; nil for none at all.
  private struct Timeline: TimelineGate {
    let clock: TestClock
    var matches = 0
    var age: Int64?
    func count(query: String, since: Int64) async throws -> (matches: Int, newestEvidence: Int64?) {
      (matches, age.map { clock.wallTime() - $0 })
    }
  }

  private func run(_ matches: Int, age: Int64?, hasTimeline: Bool = true) async throws -> (RunSummary, Int) {
    let clock = TestClock()
    let fleet = SimulatedFleet()
    let plan = try fleet.plan(
      (1...20).map { "d-\($0)" },
      extra: "soak_ms: 60000\n        gate: {query: \"severity>=error\", limit: 2}")
    let environment = RunEnvironment(
      executors: fleet.executors, journal: MemoryJournal(), clock: clock,
      timeline: hasTimeline ? Timeline(clock: clock, matches: matches, age: age) : nil)
    let summary = try await PlaybookRun(plan, environment: environment, run: "r").execute()
    return (summary, fleet.isolated.count)
  }

  @Test func opensOnFreshEvidenceWithinItsLimitOnly() async throws {
    let second: Int64 = 1_000_000_000
    let (fine, all) = try await run(2, age: 59 * second)
    #expect(fine.end == .succeeded && all == 20, "\(fine)")
    for (matches, age, words) in [
      (3, 1 * second, "3 events match"), (0, 61 * second, "older than the soak"),
      (0, nil, "older than the soak"),
      (0, -3600 * second, "lies in the future"),
    ] as [(Int, Int64?, String)] {
      let (halted, isolated) = try await run(matches, age: age)
      #expect(halted.end == .halted && isolated == 1, "\(halted)")
      #expect(halted.reasons.contains { $0.contains(words) }, "\(halted.reasons)")
    }
    let (blind, one) = try await run(0, age: nil, hasTimeline: false)
    #expect(blind.end == .halted && one == 1 && blind.reasons.contains { $0.contains("unknown") })
  }
}
