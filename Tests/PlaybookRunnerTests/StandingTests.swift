import Foundation
import PlaybookModel
import PlaybookRunner
import Synchronization
import Testing

/// What is in force, what was taken back, and what was never sent: nobody is told that all is well when it is not.
@Suite struct StandingTests {
  private final class Counter: Sendable {
    private let value = Mutex(0)
    func next() -> Int {
      value.withLock {
        $0 += 1
        return $0
      }
    }
  }

  private let isolate = [StepFleet.Step(name: "isolate", rollout: "canary_failures: 0")]

  @Test func anUndoThatWasCutOffLeavesTheRestInForceAndTheRunDoesNotGoOn() async throws {
    let control = RunControl()
    let undone = Counter()
    let scene = try StepScene(isolate, count: 40) { command, _ in
      if command.hasPrefix("un "), undone.next() == 10 { control.stop() }
      return nil
    }
    #expect(try await scene.run().end == .succeeded)
    let before = try RunHistory(run: "r", in: scene.journal).standing
    #expect(before.inForce == 40 && before.takenBack == 0 && before.devices.count == 40)
    let undo = try UndoRun(scene.plan, environment: scene.environment(control), run: "r")
    #expect(try await undo.execute().end == .interrupted)
    let standing = try RunHistory(run: "r", in: scene.journal).standing
    #expect(standing.inForce == scene.fleet.inForce.count && standing.inForce > 0)
    #expect(standing.takenBack == 40 - standing.inForce && standing.takenBack >= 10)
    await #expect(throws: RunnerError.self) { try await scene.run() }
    #expect(scene.fleet.inForce.count == standing.inForce)
    #expect(try await scene.undo().execute().end == .succeeded)
    #expect(try !RunHistory(run: "r", in: scene.journal).standing.isAny && scene.fleet.inForce.isEmpty)
  }

  /// A guard that is put in place once, and a step that only looks, are in force on nobody: after a whole undo nothing is.
  @Test func whatIsOnNoDeviceOrChangesNothingIsNotInForce() async throws {
    let journal = MemoryJournal()
    let fleet = StepFleet()
    let playbook = try StepFleet.playbook(
      [
        StepFleet.Step(name: "isolate"),
        StepFleet.Step(
          name: "look", commands: ["do look"], undo: false, activity: "scan-system", verified: "see nothing"),
      ], hasGuard: true)
    let devices = ["d-1", "d-2"]
    let plan = try Planner(executors: fleet.executors).plan(
      playbook, selection: Support.selection(devices, inventory: Support.inventory(devices)),
      options: .init(), now: Support.now)
    let notes = Mutex<[String]>([])
    let environment = RunEnvironment(executors: fleet.executors, journal: journal) { progress in
      if case .note(let text) = progress { notes.withLock { $0.append(text) } }
    }
    _ = try await PlaybookRun(plan, environment: environment, run: "r").execute()
    let standing = try RunHistory(run: "r", in: journal).standing
    #expect(standing.inForce == 2 && standing.inDoubt == 0 && standing.devices == ["d-1", "d-2"])
    let undo = try await UndoRun(plan, environment: environment, run: "r").execute()
    #expect(undo.end == .succeeded && undo.reasons.isEmpty, "\(undo)")
    let after = try RunHistory(run: "r", in: journal)
    #expect(!after.standing.isAny && after.standing.takenBack == 2 && after.standing.foundSo.isEmpty)
    #expect(notes.withLock { $0 }.contains { $0.hasPrefix("'put the guard in place' went out once") })
    #expect(Settlement.questions(after, plan, fleet.executors).isEmpty)
  }

  @Test func theRunThatChangedThingsIsFoundBehindOneThatChangedNothing() async throws {
    let scene = try StepScene(isolate, count: 20)
    _ = try await scene.run()
    let second = try PlaybookRun(scene.plan, environment: scene.environment(), run: "s")
    #expect(try await second.execute().counts == [.ok: 20])
    let runs = try RunOverview.all(in: scene.journal, sharing: ["d-1", "d-2", "stranger"])
    #expect(runs.map(\.run) == ["r", "s"] && runs.map(\.standing.inForce) == [20, 0])
    #expect(runs.allSatisfy { $0.playbook == "chain" && $0.targets == 20 && $0.shared == 2 })
    #expect(runs.allSatisfy { !$0.isUnfinished && $0.isWhole && !$0.isBreakGlass })
  }

  @Test func whatWasNeverSentIsIncompleteAndIsTriedAgainAfterAHalt() async throws {
    // Two of 200 cannot be looked at: within the limits of the later waves, and not "succeeded" all the same.
    let lost: Set<String> = ["d-99", "d-199"]
    let scene = try StepScene(isolate, count: 200) { command, device in
      command == "see isolate" && lost.contains(device) ? .refused : nil
    }
    let first = try await scene.run()
    #expect(first.end == .incomplete && first.counts[.failed] == 2, "\(first)")
    #expect(first.reasons.contains { $0.contains("--after-halt") })
    await #expect(throws: RunnerError.self) { try await scene.run() }
    // Those that are tried again have a limit of their own.
    let again = try await scene.run(afterHalt: true)
    #expect(again.end == .halted && again.counts[.failed] == 2, "\(again)")
    scene.fleet.answer { _, _ in nil }
    let last = try await scene.run(afterHalt: true)
    #expect(last.end == .succeeded && last.counts == [.changed: 200], "\(last)")
    #expect(scene.fleet.inForce.count == 200 && scene.fleet.count("do isolate d-1") == 1)
    #expect(JournalChain.firstProblem(in: scene.journal.all) == nil)
  }

  @Test func afterAHaltTheDevicesThatNothingWasSentToAreNotForgotten() async throws {
    let scene = try StepScene(isolate + [StepFleet.Step(name: "mark")], count: 40) { command, _ in
      command == "see isolate" ? .refused : nil
    }
    #expect(try await scene.run().end == .halted && scene.fleet.inForce.isEmpty)
    scene.fleet.answer { _, _ in nil }
    let resumed = try await scene.run(afterHalt: true)
    #expect(resumed.end == .succeeded && resumed.counts == [.changed: 80], "\(resumed)")
    #expect(scene.fleet.inForce.count == 80)
  }

  private struct Changed: InventorySource {
    func contains(_ device: String) -> Bool { device != "d-3" }
    func value(_ column: String, of device: String) -> String? { device == "d-2" ? "yes" : "no" }
  }

  @Test func anInterlockNeverKeepsALifeSafetyDeviceLockedOut() async throws {
    let lock = "interlocks: [{attribute: life_safety, require: [\"no\"], reason: people depend on it}]"
    for (more, left) in [("", 0), ("\n        undo_is_safe: false", 2)] {
      let scene = try StepScene([StepFleet.Step(name: "isolate", rollout: lock + more)], count: 5)
      #expect(try await scene.run().counts == [.changed: 5])
      var environment = scene.environment()
      environment.inventory = Changed()
      let undo = try await UndoRun(scene.plan, environment: environment, run: "r").execute()
      #expect(undo.end == (left == 0 ? .succeeded : .failed), "\(undo)")
      #expect(scene.fleet.inForce.count == left)
    }
  }

  @Test func aMissingSecretIsSaidBeforeThereIsARun() throws {
    let folder = try TemporaryFolder()
    func problem(_ sources: [String], _ plan: ExecutionPlan, _ executors: ExecutorSet) -> String {
      do {
        return try Preflight(plan, executors: executors).check(
          SecretStore(sources: sources, environment: [:])
        ).warnings.joined()
      } catch {
        return "\(error)"
      }
    }
    let store = try SecretStore(sources: [], environment: [:])
    let executors = ExecutorSet.all(secrets: store, prompter: FixedAnswer(.nobody))
    let names = ["pump-1", "pump-2"]
    let plan = try Planner(executors: executors).plan(
      try Support.playbook("isolate-device"),
      selection: Support.selection(
        names, inventory: Support.inventory(names + (0..<100).map { "other-\($0)" })),
      options: .init(variables: ["__broker__": "mqtt://10.0.0.5:1883"]), now: Support.now)
    let open = try folder.write("open", "admin\nsecret-pw\n", mode: 0o644)
    let good = try folder.write("good", "admin\nsecret-pw\n")
    #expect(problem([], plan, executors).contains("asks for the secret 'broker-admin'"))
    let misspelled = problem(["broker-amdin=file:\(good)"], plan, executors)
    #expect(misspelled.contains("'broker-admin'") && misspelled.contains("nobody asks for 'broker-amdin'"))
    #expect(problem(["broker-admin=file:\(folder.path)/none"], plan, executors).contains("cannot open"))
    #expect(problem(["broker-admin=file:\(open)"], plan, executors).contains("chmod 600"))
    #expect(problem(["broker-admin=file:\(good)"], plan, executors).isEmpty)
    // Each device its own: one without is a warning, nobody with one is the end.
    #expect(problem(["broker-admin=folder:\(folder.path)"], plan, executors).contains("cannot open"))
    _ = try folder.write("pump-1", "admin\nsecret-pw\n")
    #expect(problem(["broker-admin=folder:\(folder.path)"], plan, executors).contains("1 of 2 devices"))
    // Only what is asked for is looked at.
    #expect(throws: Never.self) {
      try Preflight(plan, executors: executors).check(knownHosts: "/nonexistent")
    }
  }

  @Test func theLockSaysWhoHasIt() throws {
    let folder = try TemporaryFolder()
    #expect(RunLock.holder(folder: folder.path) == nil)
    var lock: RunLock? = try RunLock(folder: folder.path, run: "20260407T090000-0a1b2c3d")
    let words = "run 20260407T090000-0a1b2c3d (process \(getpid()))"
    #expect(RunLock.holder(folder: folder.path) == words)
    do {
      _ = try RunLock(folder: folder.path, run: "other")
      Issue.record("two at once")
    } catch {
      #expect("\(error)".hasPrefix(words))
    }
    withExtendedLifetime(lock) {}
    lock = nil
    #expect(RunLock.holder(folder: folder.path) == nil)
  }
}
