import Foundation
import PlaybookModel
import Testing

@testable import PlaybookRunner

/// What was done before is not taken back from under what was done after it.
@Suite struct UndoOrderTests {
  private func chain(next: String = "on_success", undo: Bool = true) -> [StepFleet.Step] {
    [
      .init(name: "one", next: next), .init(name: "two", undo: undo),
      .init(name: "three", next: "on_completion"),
    ]
  }

  @Test func whereALaterStepStaysTheEarlierOnesStayUntilItIsTakenBack() async throws {
    let scene = try StepScene(chain(), count: 5)
    #expect(try await scene.run().end == .succeeded)
    scene.fleet.answer { command, device in
      command == "un two" && device == "d-2"
        ? .refused : command == "un three" && device == "d-4" ? .unreachable : nil
    }
    let first = try await scene.undo().execute()
    #expect(first.end == .failed && first.counts == [.changed: 10, .failed: 1, .skipped: 4], "\(first)")
    #expect(
      scene.fleet.inForce == ["one d-2", "two d-2", "one d-4", "two d-4", "three d-4"],
      "\(scene.fleet.inForce)")
    #expect(scene.fleet.count("un one d-2") == 0 && scene.fleet.count("un two d-4") == 0)
    #expect(
      first.reasons == [
        "'two' stays on 1 device, since 'three', which was done after it, was not taken back there: d-4",
        "'one' stays on 2 devices, since 'two', which was done after it, was not taken back there: d-2, d-4",
        "2 devices could not be taken back",
      ], "\(first.reasons)")
    #expect(scene.results("d-2").contains("skipped later-stands"), "\(scene.results("d-2"))")
    let standing = try RunHistory(run: "r", in: scene.journal).standing
    #expect(standing.inForce + standing.inDoubt == 5 && standing.takenBack == 10)
    scene.fleet.answer { _, _ in nil }
    #expect(try await scene.undo().execute().end == .succeeded && scene.fleet.inForce.isEmpty)
    #expect(try !RunHistory(run: "r", in: scene.journal).standing.isAny)
  }

  @Test func aStepThatGoesOnWhateverBecomesOfItMattersToNobody() async throws {
    let scene = try StepScene(chain(next: "on_completion"), count: 3)
    #expect(try await scene.run().end == .succeeded)
    scene.fleet.answer { command, device in command == "un two" && device == "d-2" ? .refused : nil }
    _ = try await scene.undo().execute()
    #expect(scene.fleet.inForce == ["two d-2"])
  }

  /// It would hold them back for ever.
  @Test func aStepWithoutAnInverseHoldsNobodyBack() async throws {
    let scene = try StepScene(chain(undo: false), count: 3)
    #expect(try await scene.run().end == .succeeded)
    _ = try await scene.undo().execute()
    #expect(scene.fleet.inForce == ["two d-1", "two d-2", "two d-3"])
  }

  /// What a later run counts on is left as it is, and what was done before it as well.
  @Test func whatALaterRunCountsOnKeepsTheEarlierSteps() async throws {
    let scene = try StepScene(chain(), count: 2)
    #expect(try await scene.run().end == .succeeded)
    let other = try WorkflowText.plan(
      try Support.playbook(
        text: WorkflowText.text(
          """
            START: {type: start, on_completion: action--@9}
            action--@9: {type: action, AGENT, on_success: end--@8, commands: [{type: bash, command: do two}], ON_DEVICES(\(WorkflowText.undone("two")), \(WorkflowText.seen("two")))}
            end--@8: {type: end}
          """)), scene.fleet.executors, ["d-2"])
    _ = try await PlaybookRun(other, environment: scene.environment(), run: "s").execute()
    let undo = try UndoRun(scene.plan, environment: scene.environment(), run: "r") { $0 == "s" ? other : nil }
    #expect(
      undo.held.map(\.devices) == [["d-2"], ["d-2"]] && undo.held.map(\.counted) == ["two", "two"],
      "\(undo.held)")
    _ = try await undo.execute()
    #expect(scene.fleet.inForce == ["one d-2", "two d-2"])
  }

  /// Two branches do not stand on each other, and a group is held back only where no device of it is free.
  @Test func branchesAndGroups() throws {
    func action(_ number: Int, _ name: String, _ next: Int, _ rollout: String = "") -> String {
      "action--@\(number): {type: action, name: \(name), AGENT, on_success: \(next > 6 ? "end" : "action")--@\(next), commands: [{type: bash, command: do \(name)}], "
        + "ON_DEVICES(\(WorkflowText.undone(name)), \(WorkflowText.seen(name))\(rollout))}"
    }
    let text = WorkflowText.text(
      """
        START: {type: start, on_completion: parallel--@1}
        parallel--@1: {type: parallel, next_steps: [action--@2, action--@3], on_success: action--@4}
        \(action(2, "left", 7))
        \(action(3, "right", 8))
        \(action(4, "group", 5, ", group: {reaches: all}"))
        \(action(5, "last", 9))
        end--@7: {type: end}
        end--@8: {type: end}
        end--@9: {type: end}
      """)
    let playbook = try Support.playbook(text: text)
    let order = UndoOrder(playbook)
    func step(_ name: String) throws -> WorkflowStep {
      try #require(playbook.steps.values.first { $0.name == name })
    }
    let (left, right, group, last) = (
      try step("left"), try step("right"), try step("group"), try step("last")
    )
    #expect(!order.holds(left.id, as: right.id) && !order.holds(right.id, as: left.id))
    #expect(order.holds(left.id, as: group.id) && order.holds(right.id, as: last.id))
    #expect(order.held(group, ["a", "b"], later: [(last, ["a"])]).isEmpty)
    #expect(order.held(group, ["a", "b"], later: [(last, ["a", "b"])]).map(\.devices) == [["a", "b"]])
    #expect(
      order.held(left, ["a", "b"], later: [(last, ["a"]), (group, ["a", "b"])]).map(\.devices) == [
        ["a"], ["b"],
      ])
  }

  private func script(_ folder: TemporaryFolder, _ devices: [String], next: String, last: String) throws
    -> String
  {
    let step = { (name: String, number: Int, next: String, undo: String) in
      "action--@\(number): {type: action, name: \(name), AGENT, \(next), commands: [{type: bash, command: \"true\"}], "
        + "ON_DEVICES(bindings: {__device__: device}, undo: {commands: [\(undo)]})}"
    }
    let remove = { (name: String) in "{type: bash, command: \"rm \(folder.path)/\(name)-__device__:value\"}" }
    let text = WorkflowText.text(
      """
        START: {type: start, on_completion: action--@1}
        \(step("one", 1, "\(next): action--@2", remove("one")))
        \(step("two", 2, "on_success: action--@3", remove("two")))
        \(step("three", 3, "on_success: end--@4", last.isEmpty ? remove("three") : last))
        end--@4: {type: end}
      """, variables: "{__device__: {type: string}}")
    let executors = ExecutorSet.all(
      secrets: try SecretStore(sources: [], environment: [:]), prompter: FixedAnswer(.nobody))
    let plan = try WorkflowText.plan(try Support.playbook(text: text), executors, devices)
    return try UndoScript.save(plan, run: "r", executors: executors, folder: folder.path + "/run").path
  }

  private func there(_ folder: TemporaryFolder) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0 != "run" }.sorted()
  }

  @Test(arguments: ["/bin/sh", "/bin/bash"]) func theScriptHoldsToTheSameOrder(_ shell: String) throws {
    let folder = try TemporaryFolder()
    let devices = ["gate-1", "it's; 2", "gate-3"]
    let path = try script(folder, devices, next: "on_success", last: "")
    func run() throws -> (code: Int32, output: String) {
      try ChildProcess.run(shell, [path], environment: ["PATH": "/usr/bin:/bin"])
    }
    for device in devices {
      for name in ["one", "two", "three"] { _ = try folder.write("\(name)-\(device)", "") }
    }
    try FileManager.default.removeItem(atPath: "\(folder.path)/three-it's; 2")
    try FileManager.default.removeItem(atPath: "\(folder.path)/two-gate-3")
    let ran = try run()
    #expect(ran.code == 1 && ran.output.contains("4 taken back, 2 failed, 3 left alone"), "\(ran)")
    #expect(
      ran.output.contains("it's; 2 is left alone: two: what was done after it was not taken back"), "\(ran)")
    #expect(try there(folder) == ["one-gate-3", "one-it's; 2", "two-it's; 2"])
    // By its own way of success the first step hangs on none.
    let free = try TemporaryFolder()
    for name in ["one", "three"] { _ = try free.write("\(name)-gate-1", "") }
    let other = try script(free, ["gate-1"], next: "on_completion", last: "")
    let freed = try ChildProcess.run(shell, [other], environment: ["PATH": "/usr/bin:/bin"])
    #expect(freed.output.contains("2 taken back, 1 failed, 0 left alone"), "\(freed)")
  }

  @Test func whatIsDoneByHandComesBeforeWhatWasDoneEarlier() throws {
    let folder = try TemporaryFolder()
    let path = try script(
      folder, ["gate-1"], next: "on_success", last: "{type: manual, command: Turn the key.}")
    for name in ["one", "two"] { _ = try folder.write("\(name)-gate-1", "") }
    let ran = try ChildProcess.run("/bin/sh", [path], environment: ["PATH": "/usr/bin:/bin"])
    #expect(ran.code == 1 && ran.output.contains("1 device must be done by hand"), "\(ran)")
    #expect(ran.output.contains("--by-hand-done takes back what waits for it"), "\(ran)")
    #expect(try there(folder) == ["one-gate-1", "two-gate-1"])
    let done = try ChildProcess.run(
      "/bin/sh", [path, "--by-hand-done"], environment: ["PATH": "/usr/bin:/bin"])
    #expect(try done.code == 0 && done.output.contains("2 taken back") && there(folder).isEmpty, "\(done)")
  }
}
