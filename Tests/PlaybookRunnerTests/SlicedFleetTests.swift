import PlaybookModel
import PlaybookRunner
import Testing

/// A fleet that is cut into slices below the limit of one person's word is one fleet.
@Suite struct SlicedFleetTests {
  private let fleet = SimulatedFleet()
  private let journal = MemoryJournal()
  private let clock = TestClock()
  private let names = (1...40).map { "d-\($0)" }

  private func plan(
    _ range: ClosedRange<Int>, policy: String = "contain", extra: String = "max_targets: 5",
    earlier: @escaping @Sendable (ExecutionPlan) throws -> [EarlierActs] = { _ in [] }
  ) throws -> ExecutionPlan {
    try Planner(executors: fleet.executors).plan(
      try SimulatedFleet.playbook(policy: policy, extra: extra),
      selection: Support.selection(range.map { "d-\($0)" }, inventory: Support.inventory(names)),
      options: .init(earlier: earlier), now: Support.now)
  }

  private func run(
    _ plan: ExecutionPlan, _ id: String, approvals: [String] = ["the operator ran the plan"],
    fleet: SimulatedFleet? = nil, control: RunControl = RunControl()
  ) async throws {
    let environment = RunEnvironment(
      executors: (fleet ?? self.fleet).executors, journal: journal, clock: clock, control: control)
    _ = try await PlaybookRun(plan, environment: environment, run: id).execute(approvals: approvals)
  }

  private func beside(_ plan: ExecutionPlan, _ plans: [String: ExecutionPlan]) throws -> [EarlierActs] {
    try UnapprovedActs(in: journal, now: clock.wallTime(), planOf: { plans[$0] }).beside(plan) { _ in [] }
  }

  @Test func whatWasDoneByOnePersonsWordCountsForADayAndDevicesCountOnce() async throws {
    let first = try plan(1...4)
    try await run(first, "r-1")
    let plans = ["r-1": first]
    #expect(try beside(plan(1...4), plans).isEmpty)
    #expect(try beside(plan(3...6), plans) == [EarlierActs(kind: .contain, devices: 2, runs: ["r-1"])])
    // Another kind of action, and one for which any number is one person's to decide.
    #expect(try beside(plan(5...6, policy: "remediate"), plans).isEmpty)
    #expect(try beside(plan(5...6, extra: ""), plans).isEmpty)
    // Taken back, it was done all the same.
    let environment = RunEnvironment(executors: fleet.executors, journal: journal, clock: clock)
    _ = try await UndoRun(first, environment: environment, run: "r-1").execute()
    #expect(try beside(plan(5...6), plans).first?.devices == 4)
    clock.advance(UnapprovedActs.window + 1)
    #expect(try beside(plan(5...6), plans).isEmpty)
  }

  @Test func thePlanSaysWhyAndHoldsToIt() async throws {
    let first = try plan(1...4)
    try await run(first, "r-1")
    let within = try plan(5...5) { try self.beside($0, ["r-1": first]) }
    #expect(within.approval == .operator_ && within.earlier.first?.devices == 4)
    let above = try plan(5...6) { try self.beside($0, ["r-1": first]) }
    #expect(above.approval == .two)
    let reason = try #require(above.approvalReasons.first)
    #expect(
      reason.hasPrefix("2 targets and 4 more that run r-1 contained") && reason.hasSuffix("more than 5"))
    var text = ""
    above.write { text += $0 }
    #expect(try ExecutionPlan(reading: Array(text.utf8), now: Support.now).earlier == above.earlier)
    // By per cent of the fleet, 10 of 40 are 25 %.
    for (range, needed) in [(5...10, RolloutPolicy.Approval.operator_), (5...11, .two)] {
      let made = try plan(range, extra: "max_percent: 25") { _ in
        [EarlierActs(kind: .contain, devices: 4, runs: ["r-1"])]
      }
      #expect(made.approval == needed)
    }
  }

  @Test func twoPeoplesWordDoesNotCountAndABrokenGlassIsNone() async throws {
    let first = try plan(1...4)
    func signed(_ name: String) -> String {
      "\(name) signed the plan \(first.hash), made 2026-01-01T00:00:00Z"
    }
    try await run(first, "r-1", approvals: [signed("alice"), signed("bob")])
    try await run(first, "r-2", approvals: [signed("alice")])
    #expect(try beside(plan(5...6), ["r-1": first]).isEmpty, "r-2 found everything so")
    let second = try plan(7...8)
    let words = "BREAK GLASS by ann with 1 of 2 approvals: said that"
    try await run(
      second, "r-3",
      approvals: ["bob signed the plan \(second.hash), made 2026", "\(words) \(signed("carl"))"])
    #expect(try beside(plan(5...6), ["r-3": second]).first?.runs == ["r-3"])
  }

  @Test func whoeverMayStillBeActedOnWithoutBeingAskedAgainCounts() async throws {
    // Stopped before anything was done: resume asks nobody.
    let control = RunControl()
    control.stop()
    let stopped = try plan(1...4)
    try await run(stopped, "r-1", control: control)
    #expect(fleet.acts.isEmpty)
    #expect(try beside(plan(5...6), ["r-1": stopped]).first?.devices == 4)
    clock.advance(3 * UnapprovedActs.window)
    #expect(try beside(plan(5...6), ["r-1": stopped]).first?.devices == 4, "resume goes on with it")
    // Out of reach: in the queue until they are back.
    let waiting = try plan(
      11...14, extra: "max_targets: 5\n        unreachable_percent: 100\n        canary_failures: 9")
    let away = SimulatedFleet { $0 == "d-11" ? .none : .unreachable }
    try await run(waiting, "r-2", fleet: away)
    #expect(try beside(plan(5...6), ["r-2": waiting]).first?.devices == 4)
    // Without its plan, or with another, what it has to do with counts, whatever it did.
    for other in [nil, stopped] {
      let all = try beside(plan(5...6, policy: "remediate"), other.map { ["r-2": $0] } ?? [:])
      #expect(all == [EarlierActs(kind: .remediate, devices: 4, runs: ["r-2"])])
    }
  }

  @Test func whatHangsOnThemCountsOnce() async throws {
    let first = try plan(1...2)
    try await run(first, "r-1")
    let acts = try UnapprovedActs(in: journal, now: clock.wallTime(), planOf: { _ in first })
    let hanging = ["d-1": ["d-20", "d-21"], "d-2": ["d-21"], "d-5": ["d-20"]]
    let found = try acts.beside(plan(5...5)) { devices in
      Set(devices.flatMap { hanging[$0] ?? [] })
    }
    #expect(found.first?.devices == 3, "d-1, d-2, d-21; d-20 hangs on the plan's own target, too")
  }
}
