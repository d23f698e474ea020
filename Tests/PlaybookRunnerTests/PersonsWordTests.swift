import PlaybookModel
import PlaybookRunner
import Synchronization
import Testing

/// People are mistaken: the latest word counts, and a look counts against a word.
@Suite struct PersonsWordTests {
  private func say(_ scene: StepScene, _ devices: Set<String>, isInForce: Bool) async throws {
    let settlement = try Settlement(scene.plan, environment: scene.environment(), run: "r")
    let questions = settlement.questions.filter { devices.contains($0.device) }
    #expect(Set(questions.map(\.device)) == devices)
    try await settlement.settle(
      questions, isInForce: isInForce, by: "ann", words: "its lamp", planOf: { _ in scene.plan })
  }

  private func standing(_ scene: StepScene, _ run: String = "r") throws -> RunHistory.Standing {
    try RunHistory(run: run, in: scene.journal).standing
  }

  @Test func theLatestWordCountsBothWays() async throws {
    let scene = try StepScene([.init(name: "hold")], count: 5)
    _ = try await scene.run()
    try await say(scene, ["d-1", "d-2"], isInForce: false)
    #expect(try standing(scene).inForce == 3 && standing(scene).takenBackByWord == 2)
    let question = try Settlement(scene.plan, environment: scene.environment(), run: "r").questions.first {
      $0.device == "d-2"
    }
    #expect(question?.isSaidAbsent == true && question?.isOpen == false)
    try await say(scene, ["d-2"], isInForce: true)
    #expect(try standing(scene).inForce == 4 && standing(scene).takenBack == 1)
    try await say(scene, ["d-2"], isInForce: false)
    #expect(try standing(scene).inForce == 3)
    try await say(scene, ["d-1", "d-2"], isInForce: true)
    #expect(try standing(scene).inForce == 5 && standing(scene).inDoubt == 0)
    #expect(JournalChain.firstProblem(in: scene.journal.all) == nil)
  }

  /// Nobody knew what came of the act, and she said that it is not in force.
  @Test func alsoOfAnActThatNobodyKnewTheEndOf() async throws {
    let isSent = Mutex(false)
    let scene = try StepScene([.init(name: "hold")], count: 1) { command, _ in
      if command == "do hold" { isSent.withLock { $0 = true } }
      return isSent.withLock { $0 } ? .unknown : nil
    }
    _ = try await scene.run()
    #expect(try standing(scene).inDoubt == 1)
    try await say(scene, ["d-1"], isInForce: false)
    #expect(try !standing(scene).isAny)
    try await say(scene, ["d-1"], isInForce: true)
    #expect(try standing(scene).inForce == 1)
  }

  @Test func runsThatCountedOnTheDeviceDoSoAgain() async throws {
    let scene = try StepScene([.init(name: "hold")], count: 3)
    _ = try await scene.run()
    _ = try await PlaybookRun(scene.plan, environment: scene.environment(), run: "s").execute()
    try await say(scene, ["d-1"], isInForce: false)
    #expect(try standing(scene, "s").released == 1)
    try await say(scene, ["d-1"], isInForce: true)
    #expect(try standing(scene, "s").released == 0 && standing(scene, "s").foundSo.count == 3)
  }

  @Test func anUndoLooksAtWhomSomebodySaidNotToBeInForce() async throws {
    let scene = try StepScene([.init(name: "hold")], count: 5)
    _ = try await scene.run()
    try await say(scene, ["d-1", "d-2", "d-3"], isInForce: false)
    // She is right of one only, and one is out of sight.
    scene.fleet.state.withLock { _ = $0.inForce.remove("hold d-1") }
    scene.fleet.answer { command, device in
      command == "see hold" && device == "d-3" ? .unreachable : nil
    }
    let notes = Mutex<[String]>([])
    var environment = scene.environment()
    environment.progress = { if case .note(let text) = $0 { notes.withLock { $0.append(text) } } }
    func undo() throws -> UndoRun { try UndoRun(scene.plan, environment: environment, run: "r") }
    #expect(try undo().said.map(\.devices) == [["d-1", "d-2", "d-3"]])
    #expect(try await undo().checkWords())
    #expect(try standing(scene).inForce == 3, "d-2 as well")
    let said = notes.withLock { $0 }
    #expect(said.contains { $0.hasPrefix("d-2: 'hold' is in force by its look") }, "\(said)")
    #expect(said.contains { $0.contains("could not be looked at (d-3)") }, "\(said)")
    #expect(try undo().said.map(\.devices) == [["d-3"]])
    #expect(try await undo().execute().end == .succeeded)
    #expect(scene.fleet.inForce == ["hold d-3"] && scene.fleet.count("un hold d-1") == 0)
  }
}
