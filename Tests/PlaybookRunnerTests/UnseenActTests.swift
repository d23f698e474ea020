import Foundation
import PlaybookModel
import Synchronization
import Testing

@testable import PlaybookRunner

/// What a run sent and nobody saw the end of may come into force later: nobody acts beside it, and nothing counts as taken back
/// before its time is over.
@Suite struct UnseenActTests {
  /// Run `r` sent something to d-1 whose answer was lost; `late` looks do not see it yet.
  private func scene(late: Int, within: Int = 0) async throws -> StepScene {
    let scene = try StepScene([.init(name: "install", within: within)], count: 3) { command, device in
      command == "do install" && device == "d-1" ? .unknown : nil
    }
    scene.fleet.state.withLock { $0.late = late }
    _ = try await scene.run()
    scene.fleet.answer { _, _ in nil }
    return scene
  }

  private func environment(_ scene: StepScene, for run: String, _ control: RunControl = RunControl()) throws
    -> RunEnvironment
  {
    var environment = scene.environment(control)
    environment.unseen = try UnseenAct.all(
      in: scene.journal, except: run, executors: scene.fleet.executors, clock: scene.clock
    ) { _ in scene.plan }
    return environment
  }

  private func later(_ scene: StepScene, _ control: RunControl = RunControl()) async throws -> RunSummary {
    let plan = try scene.fleet.plan([.init(name: "install")], ["d-1"])
    return try await PlaybookRun(plan, environment: try environment(scene, for: "s", control), run: "s")
      .execute()
  }

  @Test func anotherRunLooksAgainInsteadOfActingBesideIt() async throws {
    let scene = try await scene(late: 6)
    #expect(scene.results("d-1").last == "failed end-unseen")
    let summary = try await later(scene)
    #expect(summary.counts == [.ok: 1] && scene.fleet.count("do install d-1") == 1, "\(summary)")
  }

  @Test func anotherRunActsOnceItsTimeIsOver() async throws {
    let scene = try await scene(late: 1_000_000)
    let begun = scene.clock.monotonicTime()
    // It never came.
    scene.fleet.state.withLock { $0.inForce = [] }
    scene.fleet.answer { command, _ in
      if command == "do install" { scene.fleet.state.withLock { $0.hidden = 0 } }
      return nil
    }
    #expect(try await later(scene).counts == [.changed: 1])
    // Two minutes for a step of one.
    #expect(scene.clock.monotonicTime() - begun > 110_000_000_000)
  }

  @Test func whoStopsTheWaitingLeavesNoIntent() async throws {
    let scene = try await scene(late: 1_000_000)
    let control = RunControl()
    scene.fleet.answer { command, _ in
      if command == "see install" { control.stop() }
      return nil
    }
    let summary = try await later(scene, control)
    #expect(summary.end == .interrupted && summary.counts.isEmpty, "\(summary)")
    #expect(try scene.journal.records(run: "s").allSatisfy { $0.kind != .intent })
  }

  /// That one act is in force says nothing of another that is under way: "taken back" is what stays taken back.
  @Test func whatComesIntoForceAgainIsTakenBackAgain() async throws {
    let scene = try await scene(late: 1, within: 5000)
    #expect(scene.results("d-1").last == "changed verified")
    let looks = Mutex(0)
    scene.fleet.answer { command, device in
      guard command == "gone install", device == "d-1" else { return nil }
      let isLate = looks.withLock { looks in
        looks += 1
        return looks == 4
      }
      if isLate { scene.fleet.state.withLock { _ = $0.inForce.insert("install d-1") } }
      return nil
    }
    let undone = try await scene.undo().execute()
    #expect(undone.end == .succeeded && scene.fleet.inForce.isEmpty, "\(undone)")
    #expect(scene.fleet.count("un install d-1") == 2 && scene.fleet.count("un install d-2") == 1)
  }

  /// An undo of the later run meets what the earlier one still has under way.
  @Test func undoWatchesWhatOtherRunsSent() async throws {
    let scene = try await scene(late: 1_000_000)
    scene.fleet.state.withLock {
      $0.hidden = 0
      $0.inForce = []
    }
    // As if it had been known to nobody.
    let plan = try scene.fleet.plan([.init(name: "install")], ["d-1"])
    let later = try PlaybookRun(plan, environment: scene.environment(), run: "s")
    #expect(try await later.execute().counts == [.changed: 1])
    let begun = scene.clock.monotonicTime()
    let undo = try UndoRun(plan, environment: try environment(scene, for: "s"), run: "s")
    #expect(try await undo.execute().end == .succeeded)
    #expect(scene.fleet.count("un install d-1") == 1)
    #expect(scene.clock.monotonicTime() - begun > 100_000_000_000)
  }

  /// In force now says nothing where an undo is about to end it.
  @Test func anActWaitsForAnUndoWhoseEndNobodySaw() async throws {
    let scene = try StepScene([.init(name: "install")], count: 1)
    scene.fleet.state.withLock { $0.late = 1 }
    _ = try await scene.run()
    scene.fleet.answer { command, _ in command == "un install" ? .unknown : nil }
    _ = try await scene.undo().execute()
    scene.fleet.answer { _, _ in nil }
    let begun = scene.clock.monotonicTime()
    #expect(try await later(scene).counts == [.changed: 1])
    #expect(scene.clock.monotonicTime() - begun > 100_000_000_000)
  }

  @Test func aRunThatIsGoneSaysWhichCaseKnowsOfWhatItLeft() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/locks"
    do {
      _ = try TargetLock(run: "one", devices: ["a"], folder: path, casePath: "/c/1.firebreak") { true }
    }
    do {
      let stranger = try TargetLock(run: "two", devices: ["b"], folder: path)
      #expect(stranger.left.isEmpty)
      let sharing = try TargetLock(run: "three", devices: ["a"], folder: path)
      #expect(sharing.left.map(\.run) == ["one"] && sharing.left.map(\.casePath) == ["/c/1.firebreak"])
      TargetLock.forget("three", folder: path)
      #expect(access(path + "/three.targets", F_OK) == 0, "somebody works on it")
    }
    TargetLock.forget("one", folder: path)
    #expect(try TargetLock(run: "four", devices: ["a"], folder: path).left.isEmpty)
    do {
      _ = try TargetLock(run: "five", devices: ["a"], folder: path, casePath: "/c/1.firebreak") { false }
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: path) == ["gate"])
  }
}
