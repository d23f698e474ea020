import PlaybookModel
import PlaybookRunner
import Synchronization
import Testing

/// What must hold on every path: run, resume, queue and undo.
@Suite struct EngineSafetyTests {
  private let two = [StepFleet.Step(name: "deliver"), StepFleet.Step(name: "revoke")]

  /// Never revoke first: who did not get the new secret keeps the old one.
  @Test func aDeviceThatAnEarlierStepWasNotDoneToIsLeftAloneByLaterOnes() async throws {
    let scene = try StepScene(two, count: 60) { command, device in
      guard command.hasSuffix("deliver") else { return nil }
      return device == "d-7" ? .refused : device == "d-9" ? .unreachable : nil
    }
    let summary = try await scene.run()
    #expect(summary.end == .incomplete, "\(summary)")
    #expect(scene.fleet.count("do revoke d-7") == 0 && scene.fleet.count("do revoke d-9") == 0)
    #expect(scene.results("d-7").last == "skipped earlier-failed")
    #expect(scene.results("d-9").last == "skipped earlier-waits")
    #expect(scene.fleet.inForce.count == 116)
    // It comes back: both steps, in their order, by one pass.
    #expect(try scene.queue().entries.map(\.target.device) == ["d-9"])
    scene.fleet.answer { _, _ in nil }
    let pass = try await scene.queue().pass()
    #expect(pass.end == .succeeded && pass.counts[.changed] == 2, "\(pass)")
    #expect(scene.fleet.inForce.contains("revoke d-9") && !scene.fleet.inForce.contains("revoke d-7"))
    #expect(try scene.queue().entries.isEmpty)
    #expect(JournalChain.firstProblem(in: scene.journal.all) == nil)
  }

  @Test func aDeviceThatComesBackAndFailsIsLeftAloneByTheStepThatWaitedForIt() async throws {
    let scene = try StepScene(two, count: 60) { command, device in
      command.hasSuffix("deliver") && device == "d-9" ? .unreachable : nil
    }
    _ = try await scene.run()
    scene.fleet.answer { command, device in command == "do deliver" && device == "d-9" ? .refused : nil }
    _ = try await scene.queue().pass()
    scene.fleet.answer { _, _ in nil }
    _ = try await scene.queue().pass()
    #expect(scene.fleet.count("do revoke d-9") == 0)
    #expect(scene.results("d-9").last == "skipped earlier-failed")
    #expect(try scene.queue().entries.isEmpty)
  }

  @Test func whereTheOutcomeDoesNotMatterTheNextStepIsDoneAllTheSame() async throws {
    let scene = try StepScene(
      [.init(name: "notify", next: "on_completion"), .init(name: "isolate")], count: 60
    ) { command, device in command == "do notify" && device == "d-7" ? .refused : nil }
    _ = try await scene.run()
    #expect(scene.fleet.inForce.contains("isolate d-7"))
  }

  /// Holds also when the run was killed between the steps.
  @Test func itIsLeftAloneAfterAnInterruptionToo() async throws {
    for cut in stride(from: 60, through: 420, by: 40) {
      let scene = try StepScene(two, count: 60) { command, device in
        command == "do deliver" && device == "d-7" ? .refused : nil
      }
      let dying = CutJournal(inner: scene.journal, after: cut)
      var environment = scene.environment()
      environment.journal = dying
      _ = try? await PlaybookRun(scene.plan, environment: environment, run: "r").execute()
      guard RunHistory(scene.journal.all).end == nil else { continue }
      #expect(try await scene.run().end == .succeeded, "\(cut)")
      #expect(scene.fleet.count("do revoke d-7") == 0, "\(cut)")
      #expect(scene.fleet.inForce.count == 118, "\(cut)")
    }
  }

  /// A stop while the canary is watched must not cost the watching and the question after it.
  @Test func theGateIsAskedOnResumeWhenTheRunWasStoppedBeforeIt() async throws {
    let gate =
      "soak_ms: 60000\n        gate: {commands: [{type: bash, command: see health}], expect: {contains: \"yes\"}}"
    let scene = try StepScene([.init(name: "isolate", rollout: gate)])
    let control = RunControl()
    var environment = scene.environment(control)
    environment.progress = { if case .soak = $0 { control.stop() } }
    let first = try await PlaybookRun(scene.plan, environment: environment, run: "r").execute()
    #expect(first.end == .interrupted && scene.fleet.inForce == ["isolate d-1"], "\(first)")
    // The gate does not open: nobody else is touched.
    let second = try await scene.run()
    #expect(second.end == .halted && scene.fleet.inForce == ["isolate d-1"], "\(second)")
    #expect(scene.journal.all.contains { $0.kind == .gate && $0.outcome == .failed })
    // A person goes on: the same gate is not asked for ever, the next one is.
    let third = try await scene.run(afterHalt: true)
    #expect(third.end == .halted && scene.fleet.inForce.count == 20, "\(third)")
  }

  @Test func afterHaltDoesNothingWhereNothingHalted() async throws {
    let gate =
      "soak_ms: 60000\n        gate: {commands: [{type: bash, command: see health}], expect: {contains: \"yes\"}}"
    let scene = try StepScene([.init(name: "isolate", rollout: gate)])
    let control = RunControl()
    var environment = scene.environment(control)
    environment.progress = { if case .soak = $0 { control.stop() } }
    _ = try await PlaybookRun(scene.plan, environment: environment, run: "r").execute()
    #expect(try await scene.run(afterHalt: true).end == .halted)
    #expect(scene.fleet.inForce == ["isolate d-1"])
  }

  /// A canary that was isolated before proves nothing: the next ones go one at a time, under its limit.
  @Test func aCanaryThatNeededNothingIsReplacedByTheNextThatDoes() async throws {
    let scene = try StepScene([.init(name: "isolate")]) { command, _ in
      command == "do isolate" ? .refused : nil
    }
    scene.fleet.state.withLock { $0.inForce = ["isolate d-1", "isolate d-2"] }
    let summary = try await scene.run()
    #expect(summary.end == .halted && summary.counts == [.ok: 2, .failed: 1], "\(summary)")
    #expect(scene.fleet.asked.count { $0.hasPrefix("do isolate") } == 1)
  }

  /// An act of the queue that was cut off is looked at by the next pass: it is in no other list.
  @Test func anActOfTheQueueThatWasCutOffIsLookedAtByTheNextPass() async throws {
    for carriedOut in [true, false] {
      let scene = try StepScene([.init(name: "isolate")]) { _, device in device == "d-5" ? .unreachable : nil
      }
      _ = try await scene.run()
      scene.fleet.answer { _, _ in nil }
      // The journal ends after the intent: note, boot, queue, intent.
      var environment = scene.environment()
      environment.journal = CutJournal(inner: scene.journal, after: 3)
      _ = try? await QueueRun(scene.plan, environment: environment, run: "r").pass()
      #expect(scene.journal.all.last?.kind == .intent && scene.journal.all.last?.target == "d-5")
      if !carriedOut { scene.fleet.state.withLock { _ = $0.inForce.remove("isolate d-5") } }
      let acts = scene.fleet.count("do isolate d-5")
      #expect(acts == 1)
      let entries = try scene.queue().entries
      #expect(entries.map(\.reason) == ["begun"], "\(entries)")
      let pass = try await scene.queue().pass()
      #expect(pass.counts[.changed] == 1 && scene.fleet.inForce.contains("isolate d-5"), "\(pass)")
      #expect(scene.fleet.count("do isolate d-5") == (carriedOut ? 1 : 2))
      #expect(scene.journal.all.last { $0.target == "d-5" }?.kind == (carriedOut ? .verified : .result))
      #expect(try scene.queue().entries.isEmpty)
    }
  }

  @Test func aRunThatWasTakenBackDoesNotGoOnAndNobodyWaitsInItsQueue() async throws {
    let scene = try StepScene([.init(name: "isolate")]) { _, device in device == "d-5" ? .unreachable : nil }
    _ = try await scene.run()
    #expect(try scene.queue().entries.count == 1)
    #expect(try await scene.undo().execute().end == .succeeded)
    scene.fleet.answer { _, _ in nil }
    #expect(try scene.queue().entries.isEmpty)
    _ = try await scene.queue().pass()
    #expect(scene.fleet.inForce.isEmpty)
    // Nor one that was stopped half way.
    let other = try StepScene([.init(name: "isolate")])
    let control = RunControl()
    var environment = other.environment(control)
    environment.progress = { if case .device = $0 { control.stop() } }
    let stopped = try await PlaybookRun(other.plan, environment: environment, run: "r").execute()
    #expect(stopped.end == .interrupted)
    _ = try await other.undo().execute()
    await #expect(throws: RunnerError.self) { try await other.run() }
    #expect(other.fleet.inForce.isEmpty)
  }

  /// Two commands; the second is refused after the first was done: what the first did can be taken back.
  @Test func whatWasDoneInPartIsTakenBack() async throws {
    let step = StepFleet.Step(
      name: "isolate", rollout: "canary_failures: 1", commands: ["do half", "do isolate"])
    let scene = try StepScene([step], count: 1) { command, _ in command == "do isolate" ? .refused : nil }
    _ = try await scene.run()
    #expect(scene.results("d-1") == ["failed partly-done"])
    #expect(try scene.undo().scope.map(\.devices) == [["d-1"]])
  }

  private let slow = StepFleet.Step(name: "isolate", within: 30_000)

  /// A device that restarts after the act may take its time also for the look after a kill.
  @Test func afterAKillTheStateIsWaitedForAsLongAsItMayTake() async throws {
    let scene = try StepScene([slow], count: 1)
    var environment = scene.environment()
    environment.journal = CutJournal(inner: scene.journal, after: 6)
    _ = try? await PlaybookRun(scene.plan, environment: environment, run: "r").execute()
    #expect(scene.journal.all.last?.kind == .intent, "\(scene.journal.all.map(\.kind))")
    scene.fleet.state.withLock { $0.hidden = 5 }
    let resumed = try await scene.run()
    #expect(resumed.counts == [.changed: 1] && scene.results("d-1") == ["changed verified"])
    #expect(scene.fleet.count("do isolate d-1") == 1)
  }

  @Test func aStopWhileTheStateIsWaitedForLeavesTheIntentOpenAndResumeLooks() async throws {
    let control = RunControl()
    let scene = try StepScene([slow], count: 1) { command, _ in
      if command == "do isolate" { control.stop() }
      return nil
    }
    scene.fleet.state.withLock { $0.hidden = 100 }
    let first = try await scene.run(control: control)
    #expect(first.end == .interrupted, "\(first)")
    #expect(scene.journal.all.last { $0.target == "d-1" }?.kind == .intent)
    scene.fleet.state.withLock { $0.hidden = 2 }
    let second = try await scene.run()
    #expect(second.end == .succeeded && second.counts == [.changed: 1], "\(second)")
    #expect(scene.fleet.count("do isolate d-1") == 1)
  }

  @Test func anUndoWhoseOutcomeNobodyKnowsIsNotSentAgainBlindly() async throws {
    let scene = try StepScene([.init(name: "isolate")], count: 1)
    _ = try await scene.run()
    scene.fleet.answer { _, _ in .unknown }
    #expect(try await scene.undo().execute().counts == [.failed: 1])
    scene.fleet.answer { command, _ in command == "un isolate" || command == "gone isolate" ? .unknown : nil }
    _ = try await scene.undo().execute()
    let sent = scene.fleet.count("un isolate d-1")
    // Nobody can look: nothing more is sent.
    _ = try await scene.undo().execute()
    #expect(scene.fleet.count("un isolate d-1") == sent)
    scene.fleet.answer { _, _ in nil }
    #expect(try await scene.undo().execute().end == .succeeded)
    #expect(scene.fleet.inForce.isEmpty)
  }

  /// The hash is no signature: a plan that was written anew with fewer approvals is refused.
  @Test func aPlanThatAsksForFewerSignaturesThanItsPlaybookIsRefused() throws {
    let fleet = StepFleet()
    var plan = try fleet.plan([.init(name: "isolate", rollout: "approval: two")], ["d-1"])
    #expect(plan.approval == .two)
    plan.approval = .operator_
    var text = ""
    plan.write { text += $0 }
    #expect(throws: RunnerError.self) { try ExecutionPlan(reading: Array(text.utf8), now: Support.now) }
  }

  /// What was done by a playbook that has expired since can still be taken back.
  @Test func theTimeOfThePlaybookDoesNotEndTheWayBack() throws {
    let fleet = StepFleet()
    let playbook = try StepFleet.playbook(
      [.init(name: "isolate")], head: "valid_until: 2200-01-01T00:00:00.000Z")
    let plan = try Planner(executors: fleet.executors).plan(
      playbook, selection: Support.selection(["d-1"], inventory: Support.inventory(["d-1"])),
      options: .init(),
      now: Support.now)
    var text = ""
    plan.write { text += $0 }
    // The last instant that 64 bits of nanoseconds hold lies in 2262.
    let afterwards: Int64 = 7_300_000_000_000_000_000
    #expect(throws: RunnerError.self) { try ExecutionPlan(reading: Array(text.utf8), now: afterwards) }
    let read = try ExecutionPlan(reading: Array(text.utf8), now: afterwards, evenIfNotRunnable: true)
    #expect(read.targets.map(\.device) == ["d-1"])
  }

  @Test func aProbeThatCannotBeSentIsFoundOutByThePlan() throws {
    let fleet = StepFleet()
    let gate = "gate: {commands: [{type: bash, command: 'see __nowhere__:value'}], expect: {contains: x}}"
    #expect(throws: (any Error).self) { try fleet.plan([.init(name: "isolate", rollout: gate)], ["d-1"]) }
  }
}

/// What is to end by itself.
@Suite struct TimeToLiveTests {
  private static let hour: Int64 = 3_600_000_000_000
  private let step = StepFleet.Step(name: "isolate", rollout: "time_to_live_ms: 7200000")

  @Test func whatHasOutlivedItsTimeIsTakenBackAndNothingElse() async throws {
    let scene = try StepScene([step]) { _, device in device == "d-5" ? .unreachable : nil }
    _ = try await scene.run()
    #expect(scene.fleet.inForce.count == 19)
    scene.clock.advance(Self.hour)
    #expect(try await scene.undo(expiredOnly: true).execute().counts == [:])
    // One comes back an hour later: its own time begins then.
    scene.fleet.answer { _, _ in nil }
    _ = try await scene.queue().pass()
    scene.clock.advance(Self.hour + 1)
    let undone = try await scene.undo(expiredOnly: true).execute()
    #expect(undone.end == .succeeded && undone.counts == [.changed: 19], "\(undone)")
    #expect(scene.fleet.inForce == ["isolate d-5"])
    scene.clock.advance(Self.hour)
    #expect(try await scene.undo(expiredOnly: true).execute().counts == [.changed: 1])
    #expect(try await scene.undo(expiredOnly: true).execute().counts == [:])
    #expect(JournalChain.firstProblem(in: scene.journal.all) == nil)
  }

  @Test func theTimeIsThatOfTheMonotonicClockAndAfterARestartABackwardWallClockMeansOver() async throws {
    let scene = try StepScene([step], count: 1)
    _ = try await scene.run()
    func left() throws -> Int64 {
      let history = try RunHistory(run: "r", in: scene.journal, timed: scene.plan.timedSteps)
      return UndoRun.expiries(scene.plan, history, scene.clock).first?.left ?? -1
    }
    scene.clock.times.withLock { $0.wall += 8760 * Self.hour }
    #expect(try left() > Self.hour)
    scene.clock.times.withLock {
      $0.wall -= 8760 * Self.hour - Self.hour
      $0.boot = "boot-2"
      $0.monotonic = 1
    }
    #expect(abs(try left() - Self.hour) < Self.hour / 10)
    scene.clock.times.withLock { $0.wall -= 3 * Self.hour }
    #expect(try left() <= 0)
  }

  /// The run goes on after it: what was taken back stays so, and the rest is done.
  @Test func anInterruptedRunGoesOnAndDoesNotDoAgainWhatEnded() async throws {
    let scene = try StepScene([step])
    var environment = scene.environment()
    environment.journal = CutJournal(inner: scene.journal, after: 20)
    _ = try? await PlaybookRun(scene.plan, environment: environment, run: "r").execute()
    scene.clock.advance(3 * Self.hour)
    _ = try await scene.undo(expiredOnly: true).execute()
    #expect(scene.fleet.inForce.count <= 8)
    let before = scene.fleet.asked
    let summary = try await scene.run()
    #expect(summary.end == .succeeded || summary.end == .halted, "\(summary)")
    for device in scene.devices where before.contains("do isolate \(device)") {
      #expect(scene.fleet.count("do isolate \(device)") == 1, "\(device)")
    }
  }

  @Test func withoutAnUndoThereIsNoTimeToLive() throws {
    #expect(throws: RunnerError.self) {
      try StepScene([.init(name: "isolate", rollout: "time_to_live_ms: 7200000", undo: false)])
    }
    for (value, verdict) in [
      ("7200000", Verdict.valid), ("0", .invalid), ("soon", .invalid), ("\"__ttl__:value x\"", .invalid),
      ("315360000001", .invalid),
    ] {
      let step = StepFleet.Step(name: "isolate", rollout: "time_to_live_ms: \(value)")
      let found: Verdict
      do {
        _ = try StepFleet.playbook([step])
        found = .valid
      } catch let error as Playbook.LoadError {
        found = error.verdict
      }
      #expect(found == verdict, "\(value)")
    }
  }

  @Test func theTimeMayBeAVariableThatThePlanSets() async throws {
    let fleet = StepFleet()
    let playbook = try StepFleet.playbook(
      [.init(name: "isolate", rollout: "time_to_live_ms: \"__ttl__:value\"")],
      head: "playbook_variables: {__ttl__: {type: integer, external: true}}")
    let selection = Support.selection(["d-1"], inventory: Support.inventory(["d-1"]))
    func plan(_ text: String) throws -> ExecutionPlan {
      try Planner(executors: fleet.executors).plan(
        playbook, selection: selection, options: .init(variables: ["__ttl__": text]), now: Support.now)
    }
    let made = try plan("5000")
    #expect(made.actionSteps.map { made.timeToLive($0.step, $0.action.rollout!) } == [5_000_000_000])
    #expect(try plan("0").timedSteps.isEmpty)
    #expect(throws: RunnerError.self) { try plan("315360000001") }
    #expect(throws: RunnerError.self) { try plan("-5") }
  }

  /// While the next one's turn is waited for, outcomes count: a slow rollout does not go on past what it knows.
  @Test func aPacedRolloutHaltsAtItsLimitAndNotWhenAllPlacesAreTaken() async throws {
    let begun = Mutex(0)
    let scene = try StepScene([.init(name: "isolate", rate: 5)], count: 400) { command, _ in
      guard command == "do isolate" else { return nil }
      return begun.withLock { count in
        count += 1
        return count > 8 ? .refused : nil
      }
    }
    var environment = scene.environment()
    environment.clock = FastClock(scale: 4)
    let summary = try await PlaybookRun(scene.plan, environment: environment, run: "r").execute()
    #expect(summary.end == .halted, "\(summary)")
    // Eight may be in flight.
    let failed = summary.counts[.failed] ?? 0
    #expect((2...5).contains(failed) && begun.withLock { $0 } == 8 + failed, "\(summary)")
  }

  @Test func aStopWhileTheNextOnesTurnIsWaitedForBeginsNobody() async throws {
    let control = RunControl()
    let scene = try StepScene([.init(name: "isolate", rate: 1)]) { command, device in
      if command == "see isolate", device == "d-4" { control.stop() }
      return nil
    }
    var environment = scene.environment(control)
    environment.clock = FastClock(scale: 4)
    let summary = try await PlaybookRun(scene.plan, environment: environment, run: "r").execute()
    #expect(summary.end == .interrupted && scene.fleet.count("do isolate d-5") == 0, "\(summary)")
    #expect(try await scene.run().end == .succeeded)
    // Nor does an undo.
    let stopping = RunControl()
    scene.fleet.answer { command, device in
      if command == "un isolate", device == "d-4" { stopping.stop() }
      return nil
    }
    environment = scene.environment(stopping)
    environment.clock = FastClock(scale: 4)
    let undo = try UndoRun(scene.plan, environment: environment, run: "r")
    #expect(try await undo.execute().end == .interrupted)
    #expect(scene.fleet.inForce.contains("isolate d-5") && !scene.fleet.inForce.contains("isolate d-4"))
  }

  // MARK: What nobody saw the end of

  private func late(_ looks: Int) throws -> StepScene {
    let scene = try StepScene([.init(name: "install")], count: 3) { command, device in
      command == "do install" && device == "d-1" ? .unknown : nil
    }
    scene.fleet.state.withLock { $0.late = looks }
    return scene
  }

  /// A session that is gone says nothing of the command: what is not in force may still come into force.
  @Test func whatMayStillBeUnderWayIsWaitedForBeforeItCountsAsTakenBack() async throws {
    let scene = try late(6)
    #expect(try await scene.run().end == .halted)
    #expect(scene.results("d-1").last == "failed end-unseen")
    let undone = try await scene.undo().execute()
    #expect(undone.end == .succeeded, "\(undone)")
    #expect(scene.fleet.inForce.isEmpty && scene.fleet.count("un install d-1") == 1)
    #expect(try RunHistory(run: "r", in: scene.journal).standing.changes == 0)
  }

  /// Two installations at once are worse than one that is waited for.
  @Test func whatMayStillBeUnderWayIsNotBegunASecondTime() async throws {
    let control = RunControl()
    let scene = try StepScene([.init(name: "install", within: 5000)], count: 3) { command, device in
      guard command == "do install", device == "d-1" else { return nil }
      control.stop()
      return .unknown
    }
    // Longer than its verification waits, and shorter than it may take.
    scene.fleet.state.withLock { $0.late = 40 }
    #expect(try await scene.run(control: control).end == .interrupted)
    #expect(scene.fleet.count("do install d-1") == 1)
    #expect(try await scene.run().end == .succeeded)
    #expect(scene.fleet.count("do install d-1") == 1 && scene.fleet.inForce.count == 3)
  }

  /// It came into force after all, long afterwards: a person says so, and it can be taken back.
  @Test func whatCountsAsTakenBackAndCameIntoForceIsOpenedAgainByAPerson() async throws {
    let scene = try late(1_000_000)
    _ = try await scene.run()
    #expect(try await scene.undo().execute().end == .succeeded)
    #expect(scene.fleet.count("un install d-1") == 0)
    scene.fleet.state.withLock { $0.hidden = 0 }
    let settlement = try Settlement(scene.plan, environment: scene.environment(), run: "r")
    let question = try #require(settlement.questions.first { $0.device == "d-1" })
    #expect(question.isConcluded && !question.isOpen)
    try await settlement.settle([question], isInForce: true, by: "eve", words: "the new firmware runs")
    #expect(try RunHistory(run: "r", in: scene.journal).standing.inForce == 1)
    #expect(try await scene.undo().execute().end == .succeeded)
    #expect(scene.fleet.count("un install d-1") == 1 && scene.fleet.inForce.isEmpty)
  }
}
