import PlaybookModel
import PlaybookRunner
import Synchronization
import Testing

/// Undo takes back once what a step did to a device: a step that a run may come to more than once must bear that.
@Suite struct RepeatedStepTests {
  private func loop(_ rollout: String) throws -> Playbook {
    try Support.playbook(
      text: WorkflowText.text(
        """
          START: {type: start, on_completion: while-condition--@1}
          while-condition--@1: {type: while-condition, name: three times, condition: "__n__:value < 3", on_true: action--@2, on_completion: end--@5}
          action--@2: {type: action, name: raise, AGENT, on_success: action--@3, commands: [{type: bash, command: do raise}], ON_DEVICES(\(rollout))}
          action--@3: {type: action, AGENT, on_success: end--@4, out_args: [__n__], commands: [{type: bash, command: count}]}
          end--@4: {type: end}
          end--@5: {type: end}
        """, variables: "{__n__: {type: integer, value: \"0\"}}"))
  }

  private func handler(_ rollout: String) throws -> Playbook {
    try Support.playbook(
      text: WorkflowText.text(
        """
          START: {type: start, on_completion: action--@2}
          action--@2: {type: action, name: raise, AGENT, on_success: action--@3, commands: [{type: bash, command: do raise}], ON_DEVICES(\(rollout))}
          action--@3: {type: action, AGENT, on_success: end--@4, commands: [{type: bash, command: count}]}
          end--@4: {type: end}
          action--@6: {type: action, AGENT, on_completion: action--@2, commands: [{type: bash, command: tell}]}
        """, head: "workflow_exception: action--@6"))
  }

  private let fleet = StepFleet()
  private let undo = "undo: {commands: [{type: bash, command: un raise}]}"

  @Test func whatUndoWouldTakeBackOnlyOnceIsNotPlanned() throws {
    let error = #expect(throws: RunnerError.self) {
      try WorkflowText.plan(try loop(undo), fleet.executors, ["d-1"])
    }
    #expect(
      error?.description.contains("every round of 'three times'") == true, "\(String(describing: error))")
    let second = #expect(throws: RunnerError.self) {
      try WorkflowText.plan(try handler(undo), fleet.executors, ["d-1"])
    }
    #expect(second?.description.contains("the handler of failures leads to it") == true)
  }

  @Test(arguments: ["REPEATABLE", "VERIFY", "NO_UNDO"])
  func whatASecondTimeDoesNothingMoreToMayBeRepeated(_ way: String) throws {
    let rollout =
      switch way {
      case "REPEATABLE": "repeatable: true, \(undo)"
      case "VERIFY": "\(undo), \(WorkflowText.seen("raise"))"
      default: "no_undo: it only looks"
      }
    #expect(throws: Never.self) { try WorkflowText.plan(try loop(rollout), fleet.executors, ["d-1"]) }
    #expect(throws: Never.self) { try WorkflowText.plan(try handler(rollout), fleet.executors, ["d-1"]) }
  }

  /// Three rounds on a device are one change, in force and taken back.
  @Test func aStepOnADeviceIsOneChangeHoweverOftenALoopComesBy() async throws {
    let body = "repeatable: true, \(undo)"
    let text = WorkflowText.text(
      """
        START: {type: start, on_completion: while-condition--@1}
        while-condition--@1: {type: while-condition, condition: "__seen__:value != 'yes'", on_true: action--@2, on_completion: end--@5}
        action--@2: {type: action, name: raise, AGENT, on_success: action--@3, commands: [{type: bash, command: do raise}], ON_DEVICES(\(body))}
        action--@3: {type: action, AGENT, on_success: end--@4, out_args: [__seen__], commands: [{type: bash, command: see rounds}]}
        end--@4: {type: end}
        end--@5: {type: end}
      """, variables: "{__seen__: {type: string, value: \"no\"}}")
    // The third time somebody asks, the rounds are over.
    let rounds = Mutex(0)
    fleet.answer { [fleet] command, _ in
      guard command == "see rounds" else { return nil }
      let count = rounds.withLock { count in
        count += 1
        return count
      }
      if count == 3 { fleet.state.withLock { _ = $0.inForce.insert("rounds all") } }
      return nil
    }
    let journal = MemoryJournal()
    let plan = try WorkflowText.plan(try Support.playbook(text: text), fleet.executors, ["d-1", "d-2"])
    let environment = RunEnvironment(executors: fleet.executors, journal: journal, clock: TestClock())
    #expect(try await PlaybookRun(plan, environment: environment, run: "r").execute().end == .succeeded)
    #expect(fleet.count("do raise d-1") == 3)
    let id = try #require(plan.actionSteps.first { $0.action.rollout != nil }).step.id
    let history = try RunHistory(run: "r", in: journal)
    #expect(history.visits[id]?.count == 3 && history.visit(of: id)?.acts.count == 2)
    #expect(history.standing.devices.isSuperset(of: ["d-1", "d-2"]))
    let before = history.standing
    _ = try await UndoRun(plan, environment: environment, run: "r").execute()
    let after = try RunHistory(run: "r", in: journal).standing
    #expect(after.takenBack == 2 && before.inForce - after.inForce == 2, "\(before) \(after)")
    #expect(fleet.count("un raise d-1") == 1)
  }
}
