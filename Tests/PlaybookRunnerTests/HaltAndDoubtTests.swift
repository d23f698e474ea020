import PlaybookModel
import PlaybookRunner
import Testing

/// A halt holds in every branch, and what nobody saw the end of waits for a person.
@Suite struct HaltAndDoubtTests {
  private func branches(_ last: String) throws -> Playbook {
    func action(_ number: Int, _ name: String, _ next: String, _ rollout: String) -> String {
      "action--@\(number): {type: action, name: \(name), AGENT, on_success: \(next), commands: [{type: bash, command: do \(name)}]\(rollout)}"
    }
    func rollout(_ name: String) -> String {
      ", ON_DEVICES(max_in_flight: 1, canary_failures: 0, \(WorkflowText.undone(name)), \(WorkflowText.seen(name)))"
    }
    return try Support.playbook(
      text: WorkflowText.text(
        """
          START: {type: start, on_completion: parallel--@1}
          parallel--@1: {type: parallel, next_steps: [action--@2, action--@3], on_success: end--@7}
          \(action(2, "left", "end--@5", rollout("left")))
          \(action(3, "right", "action--@4", rollout("right")))
          \(action(4, "told", "end--@6", last))
          end--@5: {type: end}
          end--@6: {type: end}
          end--@7: {type: end}
        """))
  }

  @Test func whereALimitTripsInOneBranchNothingNewBeginsInAnother() async throws {
    let devices = (1...30).map { "d-\($0)" }
    let journal = MemoryJournal()
    // The canary on the left is refused; the one on the right is let go only when that halt is known.
    let fleet = StepFleet { command, _ in command == "do left" ? .refused : nil }
    let plan = try WorkflowText.plan(try branches(""), fleet.executors, devices)
    let environment = RunEnvironment(executors: fleet.executors, journal: journal, clock: TestClock())
    let first = try await PlaybookRun(plan, environment: environment, run: "r").execute()
    #expect(first.end == .halted, "\(first)")
    // What was in flight when it tripped is drained: one or two, not thirty.
    let halted = try #require(journal.all.first { $0.kind == .halted }).sequence
    let begun = journal.all.filter { $0.kind == .intent && $0.sequence > halted }
    #expect(begun.count <= 1, "\(begun.map { ($0.step, $0.target) })")
    #expect(fleet.count("do told all") == 0)
    fleet.answer { _, _ in nil }
    let second = try await PlaybookRun(plan, environment: environment, run: "r").execute(afterHalt: true)
    // All on both sides but the canary that was refused, and what was told once.
    #expect(second.end == .succeeded && fleet.inForce.count == 60, "\(second)")
    #expect(fleet.count("do right d-1") == 1 && fleet.count("do told all") == 1)
  }

  private func once(_ out: String = "") throws -> Playbook {
    try Support.playbook(
      text: WorkflowText.text(
        """
          START: {type: start, on_completion: action--@1}
          action--@1: {type: action, name: toggle, AGENT, on_success: action--@2, \(out) commands: [{type: bash, command: do relay}]}
          action--@2: {type: action, name: tell, AGENT, on_success: end--@3, commands: [{type: bash, command: do tell}]}
          end--@3: {type: end}
        """, variables: "{__a__: {type: string, value: before}}"))
  }

  /// The journal of a run that was killed after `count` records.
  private func killed(_ plan: ExecutionPlan, _ fleet: StepFleet, after kind: RunRecord.Kind) async throws
    -> MemoryJournal
  {
    let whole = MemoryJournal()
    let environment = RunEnvironment(executors: fleet.executors, journal: whole, clock: TestClock())
    _ = try await PlaybookRun(plan, environment: environment, run: "r").execute()
    let index = try #require(whole.all.firstIndex { $0.kind == kind })
    let journal = MemoryJournal()
    try journal.append(Array(whole.all[...index]))
    return journal
  }

  @Test(arguments: [true, false]) func aResumptionBeforeTheSettlementEndsNothing(isInForce: Bool) async throws
  {
    let fleet = StepFleet()
    let plan = try WorkflowText.plan(try once(), fleet.executors, [])
    let journal = try await killed(plan, fleet, after: .intent)
    let asked = fleet.count("do relay all")
    let environment = RunEnvironment(executors: fleet.executors, journal: journal, clock: TestClock())
    for _ in 1...2 {
      let early = try await PlaybookRun(plan, environment: environment, run: "r").execute()
      #expect(early.end == .interrupted && early.reasons.contains { $0.contains("settle first") }, "\(early)")
    }
    #expect(try RunHistory(run: "r", in: journal).openCommands.map(\.command) == ["command 1"])
    let settlement = try Settlement(plan, environment: environment, run: "r")
    let open = settlement.questions.filter(\.isOpen)
    #expect(open.map(\.device) == ["command 1"])
    try await settlement.settle(open, isInForce: isInForce, by: "Ann", words: "looked")
    #expect(try RunHistory(run: "r", in: journal).openCommands.isEmpty)
    let last = try await PlaybookRun(plan, environment: environment, run: "r").execute()
    #expect(last.end == .succeeded, "\(last)")
    #expect(fleet.count("do relay all") == asked + (isInForce ? 0 : 1) && fleet.count("do tell all") == 2)
  }

  /// An empty text is no answer.
  @Test func anAnswerThatWasLostGivesNoValue() async throws {
    let fleet = StepFleet()
    let plan = try WorkflowText.plan(try once("out_args: [__a__],"), fleet.executors, [])
    let journal = try await killed(plan, fleet, after: .result)
    let environment = RunEnvironment(executors: fleet.executors, journal: journal, clock: TestClock())
    let resumed = try await PlaybookRun(plan, environment: environment, run: "r").execute()
    #expect(
      resumed.end == .failed && resumed.reasons.contains { $0.contains("was lost with the interruption") },
      "\(resumed)")
    // What was kept before the interruption counts.
    let kept = try await killed(plan, fleet, after: .note)
    let notes = kept.all.count
    let whole = MemoryJournal()
    _ = try await PlaybookRun(
      plan, environment: RunEnvironment(executors: fleet.executors, journal: whole, clock: TestClock()),
      run: "r"
    ).execute()
    let variable = try #require(whole.all.firstIndex { $0.kind == .note && $0.reason == "variable" })
    #expect(notes < variable)
    let later = MemoryJournal()
    try later.append(Array(whole.all[...variable]))
    let goesOn = RunEnvironment(executors: fleet.executors, journal: later, clock: TestClock())
    #expect(try await PlaybookRun(plan, environment: goesOn, run: "r").execute().end == .succeeded)
  }
}
