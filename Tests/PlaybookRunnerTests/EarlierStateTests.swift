import PlaybookModel
import PlaybookRunner
import Synchronization
import Testing

/// What an earlier run brought a device into is in force again once a later run that brought it into another state was taken back.
@Suite struct EarlierStateTests {
  private static let secretHead = "playbook_variables: {__p__: {type: string}}"

  /// A first run by a plan with the step `first`, and a second by one with the step `second`, which is the same step of the playbook.
  private func scene(
    _ first: StepFleet.Step, _ second: StepFleet.Step, head: String = ""
  ) async throws -> (StepFleet, MemoryJournal, [String: ExecutionPlan]) {
    let fleet = StepFleet()
    let devices = ["d-1", "d-2"]
    var plans: [String: ExecutionPlan] = [:]
    let journal = MemoryJournal()
    for (run, step) in [("r", first), ("s", second)] {
      let plan = try Planner(executors: fleet.executors).plan(
        try StepFleet.playbook([step], head: head),
        selection: Support.selection(devices, inventory: Support.inventory(devices)), options: .init(),
        now: Support.now)
      plans[run] = plan
      // Between the two runs something else brought the devices out of what the first one did.
      if run == "s", second.name == first.name { fleet.state.withLock { $0.inForce = [] } }
      let environment = RunEnvironment(executors: fleet.executors, journal: journal, clock: TestClock())
      #expect(
        try await PlaybookRun(plan, environment: environment, run: run).execute().counts == [.changed: 2])
    }
    return (fleet, journal, plans)
  }

  private func undo(
    _ run: String, _ fleet: StepFleet, _ journal: MemoryJournal, _ plans: [String: ExecutionPlan]
  ) async throws -> RunSummary {
    try await UndoRun(
      try #require(plans[run]),
      environment: RunEnvironment(executors: fleet.executors, journal: journal, clock: TestClock()), run: run,
      planOf: { plans[$0] }
    ).execute()
  }

  private func standing(_ run: String, _ journal: MemoryJournal) throws -> RunHistory.Standing {
    try RunHistory(run: run, in: journal).standing
  }

  @Test func theEarlierOfTwoVersionsIsInForceAgainAndCanBeTakenBackThen() async throws {
    let (fleet, journal, plans) = try await scene(.init(name: "v-2"), .init(name: "v-1"))
    #expect(try await undo("s", fleet, journal, plans).counts == [.changed: 2])
    #expect(try standing("r", journal).inForce == 2 && standing("r", journal).released == 0)
    #expect(try await undo("r", fleet, journal, plans).counts == [.changed: 2])
    #expect(fleet.inForce.isEmpty)
    #expect(JournalChain.firstProblem(in: try journal.records(run: "r")) == nil)
  }

  /// The same words and the same answer are one state: the undo of the later run takes it away for both.
  @Test func oneStateThatWasBroughtAboutTwiceIsGoneForBoth() async throws {
    let (fleet, journal, plans) = try await scene(.init(name: "isolate"), .init(name: "isolate"))
    #expect(try await undo("s", fleet, journal, plans).counts == [.changed: 2])
    #expect(try standing("r", journal).released == 2 && !standing("r", journal).isAny)
  }

  /// Another answer to the same question is another state.
  @Test func theSameQuestionWithAnotherAnswerIsAnotherState() async throws {
    let other = StepFleet.Step(name: "isolate", rollout: "canary_failures: 1", answer: "y")
    let (fleet, journal, plans) = try await scene(.init(name: "isolate"), other)
    #expect(try await undo("s", fleet, journal, plans).counts == [.changed: 2])
    #expect(try standing("r", journal).inForce == 2 && standing("r", journal).released == 0)
  }

  /// Nobody sees in the words which password was looked for.
  @Test func whatOnlySecretsTellApartIsNotTakenForOneState() async throws {
    let step = StepFleet.Step(
      name: "rotate", rollout: "bindings: {__p__: secret.new-password}",
      verified: "'see rotate __p__:value'")
    let (fleet, journal, plans) = try await scene(step, step, head: Self.secretHead)
    #expect(try await undo("s", fleet, journal, plans).counts == [.changed: 2])
    #expect(try standing("r", journal).inForce == 2 && standing("r", journal).released == 0)
  }

  /// That one version is not there says nothing of another, whichever run came later.
  @Test(arguments: [("r", "s"), ("s", "r")])
  func whatAPersonSawIsOfOneStateOnly(_ settled: String, _ other: String) async throws {
    let (fleet, journal, plans) = try await scene(.init(name: "v-2"), .init(name: "v-1"))
    let settlement = try Settlement(
      plans[settled], environment: RunEnvironment(executors: fleet.executors, journal: journal), run: settled)
    try await settlement.settle(
      settlement.questions, isInForce: false, by: "ann", words: "it shows another version",
      planOf: { plans[$0] })
    #expect(try standing(settled, journal).takenBack == 2)
    #expect(try standing(other, journal).inForce == 2 && standing(other, journal).released == 0)
  }
}
