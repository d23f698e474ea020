import PlaybookModel
@testable import PlaybookRunner
import Synchronization
import Testing

/// What a look says, and what it does not: an answer that cannot be read is no answer.
@Suite struct LookTests {
  private func holds(_ expectation: RolloutPolicy.Expectation, _ json: String?, text: String = "x") -> Bool? {
    let node = json.flatMap { try? ReadDocument.read(Array($0.utf8)).root }
    return Expectations.holds(expectation, CommandAnswer(.done, text: text, json: node, detail: ""))
  }

  @Test func anAnswerThatDoesNotSpeakOfItSaysNothing() {
    let disabled = RolloutPolicy.Expectation.equals(pointer: "/client/disabled", text: "true")
    let enabled = RolloutPolicy.Expectation.absent(pointer: "/client/disabled")
    let other = RolloutPolicy.Expectation.differs(pointer: "/client/roles/0/name", text: "quarantine")
    #expect(holds(disabled, "{\"client\": {\"disabled\": true}}") == true)
    #expect(holds(disabled, "{\"client\": {}}") == false)
    #expect(holds(enabled, "{\"client\": {}}") == true)
    #expect(holds(other, "{\"client\": {\"roles\": []}}") == true)
    #expect(holds(other, "{\"client\": {\"roles\": [{\"name\": \"quarantine\"}]}}") == false)
    // A page of maintenance, half a document, the answer to another question.
    for answer in [nil, "\"maintenance\"", "{\"message\": \"maintenance\"}"] as [String?] {
      #expect(holds(enabled, answer) == nil && holds(other, answer) == nil, "\(answer ?? "none")")
    }
    for answer in [nil, "\"maintenance\""] as [String?] { #expect(holds(disabled, answer) == nil) }
    #expect(holds(.differs(pointer: "/status", text: "paused"), "{\"message\": \"no\"}") == nil)
    #expect(holds(.differs(pointer: "/status", text: "paused"), "{\"status\": \"running\"}") == true)
    // Executors say by `error` what was refused: what was done has none.
    #expect(holds(.equals(pointer: "/error", text: "not found"), nil) == false)
  }

  @Test func ofSeveralTextsAllMustBeThere() {
    #expect(holds(.contains(["rule", "element"]), nil, text: "a rule, an element") == true)
    #expect(holds(.contains(["rule", "element"]), nil, text: "an element") == false)
    #expect(RolloutPolicy.Expectation.contains(["a", "b"]).words == "the answer holds 'a' and 'b'")
  }

  /// What lies behind the part that is kept of an answer may say that it is in force: nothing is acted on for its absence.
  @Test func anAnswerThatWasCutOffSaysNothingOfWhatItDoesNotHold() async throws {
    let held = RolloutPolicy.Expectation.contains(["state=held"])
    for (lines, first, result) in [
      (8000, "", nil), (10, "", true), (8000, "state=held", true), (10, "state=free\n", true),
    ] as [(Int, String, Bool?)] {
      let listing = "echo '\(first)'; for i in $(seq \(lines)); do echo listing-$i; done; echo state=held"
      let answer = await BashExecutor().execute(
        CommandCall(command: PlaybookCommand(.bash, text: listing), values: [:]))
      #expect(Expectations.holds(held, answer) == result, "\(lines) \(first)")
      #expect(Expectations.holds(.contains(["never said"]), answer) == (lines > 100 ? nil : false))
    }
    let service = try await WebService()
    let answer = await HTTPExecutor(secrets: try SecretStore(sources: [], environment: [:])).execute(
      try HTTPExecutorTests.call("GET /long HTTP/1.1", url: "http://127.0.0.1:\(service.port)"))
    #expect(answer.effect == .done)
    #expect(Expectations.holds(held, answer) == nil)
  }

  /// Each command of a look may have an expectation of its own: it holds where all hold, and one that says nothing is no answer.
  @Test func eachCommandOfALookHasItsExpectation() async throws {
    for (inForce, result) in [
      (["isolate d-1", "other d-1"], RunRecord.Outcome.ok), (["other d-1"], .changed),
      (["isolate d-1"], .failed),
    ] {
      let fleet = StepFleet()
      fleet.state.withLock { $0.inForce = Set(inForce) }
      let step = StepFleet.Step(name: "isolate")
      var plan = try fleet.plan([step], ["d-1"])
      let id = try #require(plan.playbook.stepOrder.first { $0.hasPrefix("action") })
      guard case .action(var action) = plan.playbook.steps[id]?.kind else { return }
      var verification = try #require(action.rollout?.verification)
      var other = verification.commands[0]
      other.text = "see other"
      verification.commands.insert(other, at: 0)
      verification.earlierExpectations = [verification.expectation]
      action.rollout?.verification = verification
      plan.playbook.steps[id]?.kind = .action(action)
      let journal = MemoryJournal()
      _ = try await PlaybookRun(
        plan,
        environment: RunEnvironment(executors: fleet.executors, journal: journal, clock: TestClock()),
        run: "r"
      ).execute()
      #expect(journal.all.last { $0.target == "d-1" }?.outcome == result, "\(inForce)")
    }
  }

  /// One answer that several things are to be seen in is asked for once, and is of one moment.
  @Test func theSameQuestionIsSentOnce() async throws {
    let fleet = StepFleet()
    fleet.state.withLock { $0.inForce = ["isolate d-1"] }
    var plan = try fleet.plan([.init(name: "isolate")], ["d-1"])
    let id = try #require(plan.playbook.stepOrder.first { $0.hasPrefix("action") })
    guard case .action(var action) = plan.playbook.steps[id]?.kind else { return }
    var verification = try #require(action.rollout?.verification)
    verification.commands.append(verification.commands[0])
    verification.earlierExpectations = [.contains(["y"])]
    action.rollout?.verification = verification
    plan.playbook.steps[id]?.kind = .action(action)
    let summary = try await PlaybookRun(
      plan,
      environment: RunEnvironment(executors: fleet.executors, journal: MemoryJournal(), clock: TestClock()),
      run: "r"
    ).execute()
    #expect(summary.counts == [.ok: 1] && fleet.count("see isolate d-1") == 1, "\(fleet.asked)")
  }

  /// A fleet whose looks answer with a page instead of a document.
  private struct Page: CommandExecutor {
    static let type = CommandType.bash
    let fleet: StepFleet
    func planText(_ call: CommandCall) throws(RunnerError) -> String { call.command.text }
    func execute(_ call: CommandCall) async -> CommandAnswer {
      let isLook = call.command.text.hasPrefix("see")
      let hasActed = fleet.count("do isolate \(call.device ?? "")") > 0
      if isLook, hasActed {
        return CommandAnswer(.done, text: "<html>maintenance", detail: "HTTP status 200")
      }
      let answer = await StepFleet.Executor(fleet: fleet).execute(call)
      return isLook ? CommandAnswer(.done, text: "no", json: .object([]), detail: "seen") : answer
    }
  }

  @Test func whatCannotBeReadAfterAnActIsUnknownAndNotFailed() async throws {
    let fleet = StepFleet()
    let executors = ExecutorSet([Page(fleet: fleet)])
    let step = StepFleet.Step(name: "isolate")
    var playbook = try StepFleet.playbook([step])
    let id = try #require(playbook.stepOrder.first { $0.hasPrefix("action") })
    guard case .action(var action) = playbook.steps[id]?.kind else { return }
    action.rollout?.verification?.expectation = .equals(pointer: "/isolated", text: "true")
    playbook.steps[id]?.kind = .action(action)
    var plan = try fleet.plan([step], ["d-1"])
    plan.playbook = playbook
    let journal = MemoryJournal()
    _ = try await PlaybookRun(
      plan, environment: RunEnvironment(executors: executors, journal: journal, clock: TestClock()), run: "r"
    ).execute()
    let record = try #require(journal.all.last { $0.target == "d-1" })
    #expect(record.outcome == .unknown && record.detail.contains("does not say"), "\(record)")
  }

  /// A device that answers "no" and does it all the same is found out by the look.
  @Test func aRefusalIsLookedAt() async throws {
    for (isDone, result) in [(true, "changed refused-in-force"), (false, "failed refused")] {
      let scene = try StepScene([.init(name: "isolate")], count: 1)
      scene.fleet.answer { [fleet = scene.fleet] command, device in
        guard command == "do isolate" else { return nil }
        if isDone { fleet.state.withLock { _ = $0.inForce.insert("isolate \(device)") } }
        return .refused
      }
      _ = try await scene.run()
      #expect(scene.results("d-1") == [result])
    }
    // Where the look fails, too, nobody knows.
    let scene = try StepScene([.init(name: "isolate")], count: 1)
    scene.fleet.answer { [fleet = scene.fleet] command, _ in
      command == "do isolate" ? .refused : fleet.count("do isolate d-1") > 0 ? .unknown : nil
    }
    _ = try await scene.run()
    #expect(scene.results("d-1") == ["unknown no-answer"])
  }
}
