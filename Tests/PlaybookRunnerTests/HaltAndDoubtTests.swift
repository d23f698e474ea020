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

  /// `command 1` of one run is another thing than `command 1` of another, which went to another machine.
  @Test func whatAPersonSaysOfACommandIsOfThatRunOnly() async throws {
    let fleet = StepFleet()
    let plan = try WorkflowText.plan(try once(), fleet.executors, [])
    let journal = try await killed(plan, fleet, after: .intent)
    let environment = RunEnvironment(executors: fleet.executors, journal: journal, clock: TestClock())
    for run in ["before", "after"] {
      #expect(try await PlaybookRun(plan, environment: environment, run: run).execute().end == .succeeded)
    }
    let others = journal.all.filter { $0.run != "r" }
    let settlement = try Settlement(plan, environment: environment, run: "r")
    let open = settlement.questions.filter(\.isOpen)
    try await settlement.settle(
      open, isInForce: false, by: "Ann", words: "it did not click", planOf: { _ in plan })
    #expect(journal.all.filter { $0.run != "r" } == others)
    #expect(try RunHistory(run: "r", in: journal).openCommands.isEmpty)
  }

  /// What a run that does nothing else sent once stays, and is counted, until somebody says that it does not any more.
  @Test func whatWentOutOnceIsCountedUntilAPersonTookItBack() async throws {
    let fleet = StepFleet()
    let plan = try WorkflowText.plan(try once(), fleet.executors, [])
    let journal = MemoryJournal()
    let environment = RunEnvironment(executors: fleet.executors, journal: journal, clock: TestClock())
    _ = try await PlaybookRun(plan, environment: environment, run: "r").execute()
    func standing() throws -> RunHistory.Standing { try RunHistory(run: "r", in: journal).standing }
    #expect(try standing().sentOnce == 2 && !standing().isAny && standing().devices.isEmpty)
    let settlement = try Settlement(plan, environment: environment, run: "r")
    #expect(settlement.questions.count == 2 && !settlement.questions.contains(where: \.isOpen))
    try await settlement.settle(
      [settlement.questions[0]], isInForce: false, by: "Ann", words: "put back by hand")
    #expect(try standing().sentOnce == 1 && standing().takenBack == 1)
    #expect(try RunHistory(run: "r", in: journal).sentOnce(plan) == ["tell"])
  }

  /// Where the workflow has a way on from the refusal of a look, that is an answer: what fails afterwards is the first.
  @Test(arguments: ["action--@2", "end--@3"]) func theRefusalOfALookThatTheWorkflowHandlesIsNoFailureOfTheRun(
    _ way: String
  ) async throws {
    func run(_ activity: String, _ reply: @escaping StepFleet.Reply) async throws -> (RunSummary, RunHistory)
    {
      let fleet = StepFleet(reply)
      let playbook = try Support.playbook(
        text: WorkflowText.text(
          """
            START: {type: start, on_completion: action--@1}
            action--@1: {type: action, name: see the role, AGENT, on_success: end--@3, on_failure: \(way), commands: [{type: bash, command: see role, playbook_activity: \(activity)}]}
            action--@2: {type: action, name: make the role, AGENT, on_success: end--@3, commands: [{type: bash, command: do role}]}
            end--@3: {type: end}
          """))
      let journal = MemoryJournal()
      let environment = RunEnvironment(executors: fleet.executors, journal: journal, clock: TestClock())
      let plan = try WorkflowText.plan(playbook, fleet.executors, [])
      return (
        try await PlaybookRun(plan, environment: environment, run: "r").execute(),
        try RunHistory(run: "r", in: journal)
      )
    }
    let isStep = way == "action--@2"
    let (summary, history) = try await run("scan-system") { command, _ in
      command == "see role" ? .refused : nil
    }
    #expect(summary.end == .succeeded && summary.missed == 0 && summary.reasons.isEmpty, "\(summary)")
    #expect(summary.counts == (isStep ? [.changed: 1] : [:]) && history.missedCount == 0, "\(summary)")
    // What was to do something did not do it, whatever came instead.
    let (acted, _) = try await run("eliminate-risk") { command, _ in command == "see role" ? .refused : nil }
    #expect(acted.missed == 1, "\(acted)")
    // No answer is none.
    let (silent, _) = try await run("scan-system") { command, _ in command == "see role" ? .unreachable : nil
    }
    #expect(silent.missed == 1 && silent.reasons.count == 1, "\(silent)")
    guard isStep else { return }
    let (failed, _) = try await run("scan-system") { _, _ in .refused }
    #expect(failed.end == .failed && failed.reasons.first?.contains("make the role") == true, "\(failed)")
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
