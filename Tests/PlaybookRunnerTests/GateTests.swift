import PlaybookModel
import PlaybookRunner
import Synchronization
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

  /// A timeline that notes from when on it was asked.
  private final class Since: TimelineGate {
    let clock: TestClock
    private let asked = Mutex<[Int64]>([])
    init(_ clock: TestClock) { self.clock = clock }
    var times: [Int64] { asked.withLock { $0 } }
    func count(query: String, since: Int64) async throws -> (matches: Int, newestEvidence: Int64?) {
      asked.withLock { $0.append(since) }
      return (0, clock.wallTime())
    }
  }

  /// Somebody sets the clock right while a wave is watched: events since the wave began are those by the clock as it is now, and
  /// a gate that asked for those of the future would open blindly.
  @Test(arguments: [-1800, 1800] as [Int64]) func asksSinceTheWaveBeganByTheClockAsItIsNow(seconds: Int64)
    async throws
  {
    let clock = TestClock()
    let fleet = SimulatedFleet()
    let plan = try fleet.plan(["d-1", "d-2"], extra: "gate: {query: \"severity>=error\", limit: 2}")
    let timeline = Since(clock)
    let began = clock.wallTime()
    let environment = RunEnvironment(
      executors: fleet.executors, journal: MemoryJournal(), clock: clock, timeline: timeline,
      progress: { progress in
        guard case .device(_, "d-1", _, _, _) = progress else { return }
        clock.times.withLock { $0.wall += seconds * 1_000_000_000 }
      })
    #expect(try await PlaybookRun(plan, environment: environment, run: "r").execute().end == .succeeded)
    let first = try #require(timeline.times.first)
    #expect(abs(first - (began + seconds * 1_000_000_000)) < 1_000_000_000, "\(first - began)")
  }
}
