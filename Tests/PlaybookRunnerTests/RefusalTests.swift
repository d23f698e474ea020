import PlaybookModel
import PlaybookRunner
import Synchronization
import Testing

/// A device that refused before anything was done is none that undo has to do with, and nobody waits for what is over.
@Suite struct RefusalTests {
  /// A step whose script ends with an error, on a real shell.
  private func run(
    _ commands: [String], code: String, undo: [String] = ["echo taken"]
  ) async throws -> (RunHistory, [RunRecord], ExecutionPlan, RunEnvironment) {
    let secrets = try SecretStore(sources: [], environment: [:])
    let executors = ExecutorSet.all(secrets: secrets, prompter: FixedAnswer(.nobody))
    func list(_ commands: [String]) -> String {
      commands.map { "{type: bash, command: \"\($0)\"}" }.joined(separator: ", ")
    }
    let playbook = try Support.playbook(
      text: WorkflowText.text(
        """
          START: {type: start, on_completion: action--@1}
          action--@1: {type: action, name: install, AGENT, on_success: end--@2, commands: [\(list(commands))], ON_DEVICES(\(code) undo: {commands: [\(list(undo))]}, verify: {commands: [{type: bash, command: "false"}]})}
          end--@2: {type: end}
        """))
    let plan = try WorkflowText.plan(playbook, executors, ["d-1"])
    let journal = MemoryJournal()
    let environment = RunEnvironment(executors: executors, journal: journal, clock: TestClock())
    _ = try await PlaybookRun(plan, environment: environment, run: "r").execute()
    return (try RunHistory(run: "r", in: journal), journal.all, plan, environment)
  }

  @Test func theAgreedExitCodeSaysThatNothingWasDone() async throws {
    let cases: [([String], String, Int)] = [
      (["exit 79"], "refusal_exit_code: 79,", 0),
      // Another code, none that was agreed on, or after a command that was done: a part may be done.
      (["exit 80"], "refusal_exit_code: 79,", 1), (["exit 79"], "", 1),
      (["true", "exit 79"], "refusal_exit_code: 79,", 1),
    ]
    for (commands, code, doubt) in cases {
      let (history, records, plan, environment) = try await run(commands, code: code)
      #expect(history.standing.inDoubt == doubt, "\(commands) \(code)")
      let result = records.last { $0.kind == .result && $0.target == "d-1" }
      #expect(result?.outcome == .failed && result?.reason == (doubt == 0 ? "refused" : "partly-done"))
      #expect(try UndoRun(plan, environment: environment, run: "r").scope.count == doubt)
    }
  }

  /// An undo that refused did nothing either: what a later run counts on is not given up for it.
  @Test func theCodeHoldsForTheUndoAsWell() async throws {
    let (_, _, plan, environment) = try await run(
      ["exit 80"], code: "refusal_exit_code: 79,", undo: ["exit 79"])
    _ = try await UndoRun(plan, environment: environment, run: "r").execute()
    let last = try environment.journal.records(run: "r").last { $0.action == .undo && $0.kind == .result }
    #expect(last?.outcome == .failed && last?.reason == "refused", "\(String(describing: last))")
  }

  @Test func aCodeIsOneThatOnlyTheScriptGives() {
    func findings(_ code: String) -> [Finding] {
      let text = WorkflowText.text(
        """
          START: {type: start, on_completion: action--@1}
          action--@1: {type: action, name: install, AGENT, on_success: end--@2, commands: [{type: bash, command: "true"}], ON_DEVICES(refusal_exit_code: \(code))}
          end--@2: {type: end}
        """)
      return WorkflowText.document(text).findings.filter { $0.level == .error }
    }
    #expect(findings("79").isEmpty && findings("125").isEmpty)
    for code in ["0", "126", "255", "-1", "any"] { #expect(!findings(code).isEmpty, "\(code)") }
  }

  /// A fleet whose acts may go on unseen; `reply` answers the act on d-1.
  private func unseen(_ reply: CommandAnswer.Effect?, hidden: Int) throws -> StepScene {
    let scene = try StepScene([.init(name: "install")], count: 3) { command, device in
      command == "do install" && device == "d-1" ? reply : nil
    }
    scene.fleet.state.withLock {
      $0.late = 1
      $0.hidden = hidden
    }
    return scene
  }

  /// The other side said that it was done, and it is not in force: nothing is under way there any more.
  @Test func nobodyWaitsForAnActWhoseEndWasSeen() async throws {
    // Neither look sees it: the one before the act, and the one after.
    let scene = try unseen(nil, hidden: 2)
    #expect(try await scene.run().end == .halted)
    #expect(scene.results("d-1").last == "failed not-in-force")
    scene.fleet.state.withLock { $0.inForce = [] }
    let begun = scene.clock.monotonicTime()
    #expect(try await scene.undo().execute().counts == [.ok: 1])
    #expect(scene.clock.monotonicTime() == begun)
  }

  @Test func whoIsWaitedForIsNamedWithTheTimeAndTheReason() async throws {
    let scene = try unseen(.unknown, hidden: 0)
    scene.fleet.state.withLock { $0.late = 4 }
    #expect(try await scene.run().end == .halted)
    #expect(scene.results("d-1").last == "failed end-unseen")
    scene.fleet.state.withLock { $0.inForce = [] }
    let notes = Mutex<[String]>([])
    var environment = scene.environment()
    environment.progress = { if case .note(let text) = $0 { notes.withLock { $0.append(text) } } }
    _ = try await UndoRun(scene.plan, environment: environment, run: "r").execute()
    let said = notes.withLock { $0 }.filter { $0.hasPrefix("d-1: looked at again until 2") }
    #expect(
      said.count == 1 && said.first?.contains("nobody saw the end of what was sent at 2") == true, "\(said)")
  }
}
