import PlaybookModel
import PlaybookRunner
import Synchronization
import Testing

/// Who lets a device in must not do it behind the back of a later run that counts it as isolated.
@Suite struct RunClaimTests {
  private let isolate = [StepFleet.Step(name: "isolate")]

  /// Twenty devices isolated by run `r`; the later run `s` finds five of them so.
  private func scene(
    _ steps: [StepFleet.Step], later: [StepFleet.Step]
  ) async throws -> (StepScene, ExecutionPlan) {
    let scene = try StepScene(steps)
    #expect(try await scene.run().counts == [.changed: 20])
    let plan = try scene.fleet.plan(later, (1...5).map { "d-\($0)" })
    let second = try await PlaybookRun(plan, environment: scene.environment(), run: "s").execute()
    #expect(second.counts == [.ok: 5], "\(second)")
    return (scene, plan)
  }

  private func standing(_ run: String, _ scene: StepScene) throws -> RunHistory.Standing {
    try RunHistory(run: run, in: scene.journal).standing
  }

  @Test func whatALaterRunCountsOnIsLeftUnlessItIsAskedForAndThenThatRunSaysSo() async throws {
    let (scene, _) = try await scene(isolate, later: isolate)
    let first = try scene.undo()
    #expect(first.held.map(\.run) == ["s"] && first.held[0].devices.count == 5)
    #expect(first.scope[0].devices.count == 15 && !first.scope[0].devices.contains("d-5"))
    let undone = try await first.execute()
    #expect(undone.end == .failed && undone.counts == [.changed: 15], "\(undone)")
    #expect(undone.reasons.contains { $0.contains("the later run s") && $0.contains("d-1, d-2") })
    #expect(try standing("r", scene).inForce == 5 && scene.fleet.inForce.count == 5)
    #expect(try standing("s", scene).released == 0)
    // Nothing is left to be taken back: it stays so, and nothing is written.
    let count = scene.journal.all.count
    let again = try await scene.undo().execute()
    #expect(again.end == .failed && again.counts.isEmpty && scene.journal.all.count == count)
    let all = try UndoRun(scene.plan, environment: scene.environment(), run: "r", includesHeld: true)
    #expect(all.overridden.map(\.run) == ["s"] && all.held.isEmpty)
    #expect(try await all.execute().end == .succeeded && scene.fleet.inForce.isEmpty)
    #expect(try standing("s", scene).released == 5 && !standing("s", scene).isAny)
    #expect(JournalChain.firstProblem(in: try scene.journal.records(run: "s")) == nil)
  }

  /// A limit on a port is one thing, whichever devices the journals name with it, and a limit on another port is another.
  @Test func whatGoesOutOnceForAllIsHeldByTheSameWordsAndNotByTheSameDevices() async throws {
    func step(_ name: String) -> [StepFleet.Step] {
      [.init(name: name, rollout: "group: {reaches: everybody}")]
    }
    let scene = try StepScene(step("limit"))
    #expect(try await scene.run().counts == [.changed: 20])
    let plans = [
      "s": try scene.fleet.plan(step("limit"), ["e-1", "e-2"]),
      "t": try scene.fleet.plan(step("other"), ["d-1"]),
    ]
    for (run, counts) in [("s", [RunRecord.Outcome.ok: 2]), ("t", [.changed: 1])] {
      let plan = try #require(plans[run])
      let summary = try await PlaybookRun(plan, environment: scene.environment(), run: run).execute()
      #expect(summary.counts == counts, "\(summary)")
    }
    let undo = try UndoRun(scene.plan, environment: scene.environment(), run: "r", planOf: { plans[$0] })
    #expect(undo.held.map(\.run) == ["s"] && undo.held.first?.devices.count == 20 && undo.scope.isEmpty)
    let other = try #require(plans["t"])
    let alone = try UndoRun(other, environment: scene.environment(), run: "t", planOf: { plans[$0] })
    #expect(alone.held.isEmpty && alone.scope.first?.devices == ["d-1"])
    let all = try UndoRun(
      scene.plan, environment: scene.environment(), run: "r", includesHeld: true, planOf: { plans[$0] })
    #expect(try await all.execute().end == .succeeded && scene.fleet.inForce == ["other all"])
    #expect(try standing("s", scene).released == 2 && standing("t", scene).released == 0)
  }

  /// Somebody ran the same plan twice: the second run did nothing, and must not have to be overridden for ever.
  @Test func aLaterRunThatChangedNothingLetsGoByItsOwnUndo() async throws {
    let (scene, plan) = try await scene(isolate, later: isolate)
    #expect(try standing("s", scene).foundSo.count == 5 && standing("r", scene).foundSo.isEmpty)
    #expect(try scene.undo().held.map(\.run) == ["s"])
    let later = try UndoRun(plan, environment: scene.environment(), run: "s")
    #expect(later.scope.isEmpty && later.held.isEmpty)
    let ended = try await later.execute()
    #expect(ended.end == .succeeded && ended.counts.isEmpty && scene.fleet.inForce.count == 20)
    #expect(try RunHistory(run: "s", in: scene.journal).isTakenBack)
    #expect(try standing("s", scene).foundSo.isEmpty)
    // An undo that does nothing gives no hold back to who gave it up.
    scene.fleet.answer { _, _ in .unreachable }
    #expect(try await scene.undo().execute().end == .failed)
    #expect(try scene.undo().held.isEmpty)
    scene.fleet.answer { _, _ in nil }
    #expect(try await scene.undo().execute().counts == [.changed: 20])
    #expect(scene.fleet.inForce.isEmpty)
    #expect(JournalChain.firstProblem(in: try scene.journal.records(run: "s")) == nil)
  }

  @Test func aLaterRunThatWasTakenBackHoldsNobodyAndTheOlderOneKnowsWhoIsInAgain() async throws {
    let scene = try StepScene(isolate)
    _ = try await scene.run()
    // Let in by hand, and isolated again by the later run.
    scene.fleet.state.withLock { _ = $0.inForce.remove("isolate d-3") }
    let plan = try scene.fleet.plan(isolate, ["d-3", "d-4"])
    let later = try await PlaybookRun(plan, environment: scene.environment(), run: "s").execute()
    #expect(later.counts == [.changed: 1, .ok: 1])
    #expect(try scene.undo().held.flatMap(\.devices) == ["d-3", "d-4"])
    let undone = try await UndoRun(plan, environment: scene.environment(), run: "s").execute()
    #expect(undone.end == .succeeded && !scene.fleet.inForce.contains("isolate d-3"))
    #expect(try standing("r", scene).inForce == 19 && standing("r", scene).released == 1)
    #expect(try scene.undo().held.isEmpty)
    #expect(try await scene.undo().execute().counts == [.changed: 19])
  }

  @Test func aLaterRunThatFailedOnADeviceDoesNotCountOnIt() async throws {
    let scene = try StepScene(isolate)
    _ = try await scene.run()
    scene.fleet.state.withLock { _ = $0.inForce.remove("isolate d-1") }
    // Neither look sees it.
    scene.fleet.state.withLock { $0.hidden = 2 }
    let plan = try scene.fleet.plan(isolate, ["d-1"])
    let later = try await PlaybookRun(plan, environment: scene.environment(), run: "s").execute()
    #expect(later.counts == [.failed: 1], "\(later)")
    #expect(try standing("s", scene).inDoubt == 1)
    #expect(try scene.undo().held.isEmpty)
  }

  /// A wrong password is enough: nothing was sent, and the later run must not have lost its hold by that.
  @Test func anUndoThatDidNothingLeavesTheLaterRunItsHold() async throws {
    let (scene, _) = try await scene(isolate, later: isolate)
    func undoAll() async throws -> RunSummary {
      try await UndoRun(scene.plan, environment: scene.environment(), run: "r", includesHeld: true).execute()
    }
    let answers: [StepFleet.Reply] = [
      { _, _ in .unreachable }, { _, _ in .refused },
      { command, _ in command.hasPrefix("un") ? .refused : nil },
    ]
    for answer in answers {
      scene.fleet.answer(answer)
      let undone = try await undoAll()
      #expect(undone.end == .failed && (undone.counts[.changed] ?? 0) == 0, "\(undone)")
      #expect(try standing("s", scene).released == 0 && standing("r", scene).inForce == 20)
      #expect(try scene.undo().held.flatMap(\.devices).count == 5)
    }
    // Nobody knows whether it took effect: that is no hold.
    scene.fleet.answer { command, device in command.hasPrefix("un") && device == "d-1" ? .unknown : nil }
    _ = try await undoAll()
    #expect(try standing("s", scene).released == 5)
    #expect(JournalChain.firstProblem(in: try scene.journal.records(run: "s")) == nil)
  }

  /// It would not look at them again, and say at its end that all is well.
  @Test func aRunWhoseDevicesWereLetInByAnotherUndoDoesNotGoOn() async throws {
    let scene = try StepScene(isolate)
    _ = try await scene.run()
    scene.fleet.answer { _, device in device.hasPrefix("n-") ? .unreachable : nil }
    let plan = try scene.fleet.plan(isolate, ["d-1", "n-1", "n-2"])
    func goOn() async throws -> RunSummary {
      try await PlaybookRun(plan, environment: scene.environment(), run: "s").execute(afterHalt: true)
    }
    #expect(try await goOn().end != .succeeded)
    scene.fleet.answer { _, _ in nil }
    _ = try await UndoRun(scene.plan, environment: scene.environment(), run: "r", includesHeld: true)
      .execute()
    #expect(try standing("s", scene).released == 1)
    let count = scene.journal.all.count
    await #expect(throws: RunnerError.self) { try await goOn() }
    #expect(scene.journal.all.count == count)
  }

  @Test func whatHasNoUndoIsReleasedByNobody() async throws {
    let (scene, _) = try await scene([.init(name: "isolate", undo: false)], later: isolate)
    let all = try UndoRun(scene.plan, environment: scene.environment(), run: "r", includesHeld: true)
    #expect(try await all.execute().end == .failed && scene.fleet.inForce.count == 20)
    #expect(try standing("s", scene).released == 0 && standing("r", scene).inForce == 20)
  }

  @Test func itsTimeToLiveEndsWithThatOfTheLaterRun() async throws {
    let hour: Int64 = 3_600_000_000_000
    func step(_ hours: Int64) -> [StepFleet.Step] {
      [.init(name: "isolate", rollout: "time_to_live_ms: \(hours * 3_600_000)")]
    }
    for (later, frees) in [(step(3), true), (isolate, false)] {
      let (scene, plan) = try await scene(step(1), later: later)
      func left(_ device: String) throws -> Int64? {
        let history = try RunHistory(run: "r", in: scene.journal, timed: scene.plan.timedSteps)
        return try UndoRun.expiries(
          scene.plan, history, run: "r", in: scene.environment(), planOf: { $0 == "s" ? plan : nil }
        ).first { $0.device == device }?.left
      }
      func expire() async throws -> RunSummary {
        try await UndoRun(
          scene.plan, environment: scene.environment(), run: "r", expiredOnly: true,
          planOf: { $0 == "s" ? plan : nil }
        ).execute()
      }
      scene.clock.advance(hour + hour / 2)
      let first = try await expire()
      #expect(first.end == .succeeded && first.counts == [.changed: 15], "\(first)")
      #expect(first.reasons.contains { $0.contains("the later run s") } && scene.fleet.inForce.count == 5)
      #expect(try left("d-1").map { $0 > hour } == (frees ? true : nil))
      scene.clock.advance(2 * hour)
      #expect(try await expire().counts == (frees ? [.changed: 5] : [:]))
      #expect(scene.fleet.inForce.count == (frees ? 0 : 5))
    }
  }
}
