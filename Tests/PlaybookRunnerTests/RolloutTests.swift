import Foundation
import IncidentModel
import PlaybookModel
import PlaybookRunner
import Synchronization
import Testing

@Suite struct WaveTallyTests {
  @Test func tripsExactlyAboveTheLimit() {
    // 10 % of 50 bears five failures; the sixth trips.
    let limits = WaveLimits(leastFailures: 1, failurePercent: 10, unreachablePercent: 20)
    var tally = WaveTally(size: 50)
    for _ in 0..<45 { tally.count(.changed, reason: nil) }
    for _ in 0..<5 { tally.count(.failed, reason: nil) }
    #expect(tally.trip(limits) == nil)
    var more = WaveTally(size: 51)
    for _ in 0..<45 { more.count(.changed, reason: nil) }
    for _ in 0..<6 { more.count(.unknown, reason: nil) }
    #expect(more.trip(limits)?.kind == .failures)
    #expect(more.trip(limits)?.limit == 5)
  }

  @Test func aCanaryBearsNothingAndALaterWaveAtLeastOne() throws {
    let policy = try #require(try SimulatedFleet.playbook().rolloutPolicy)
    let canary = WaveLimits(wave: 1, policy: policy)
    let later = WaveLimits(wave: 2, policy: policy)
    #expect(canary.failures(attempted: 1000) == 0)
    #expect(later.failures(attempted: 1) == 1 && later.failures(attempted: 99) == 1)
    #expect(
      later.failures(attempted: 100) == 2 && later.failures(attempted: 149) == 2
        && later.failures(attempted: 150) == 3)
  }

  @Test func holdsAtRandomAgainstARuleWrittenAnotherWay() {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<2000 {
      let hundredths = Int.random(in: 0...10_000, using: &generator)
      let size = Int.random(in: 1...3000, using: &generator)
      let limits = WaveLimits(
        leastFailures: 1, failurePercent: Double(hundredths) / 100, unreachablePercent: 100)
      var tally = WaveTally(size: size)
      let failures = Int.random(in: 0...size, using: &generator)
      for index in 0..<size { tally.count(index < failures ? .failed : .ok, reason: nil) }
      // More than the percentage, in whole numbers: failures × 10 000 > hundredths × attempted, and more than one.
      let expected =
        failures > 1 && failures * 10_000 >= hundredths * size + 10_000 - (hundredths * size) % 10_000
      #expect((tally.trip(limits) != nil) == expected, "\(failures) of \(size) at \(hundredths)")
    }
  }

  @Test func outOfReachDoesNotDependOnTheOrder() {
    let limits = WaveLimits(leastFailures: 1, failurePercent: 2, unreachablePercent: 20)
    var tally = WaveTally(size: 10)
    tally.count(.skipped, reason: "unreachable")
    tally.count(.skipped, reason: "unreachable")
    #expect(tally.trip(limits) == nil)
    tally.count(.skipped, reason: "unreachable")
    #expect(tally.trip(limits)?.kind == .unreachable)
  }

  @Test func wavesCoverEveryDeviceOnce() {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<500 {
      let count = Int.random(in: 0...5000, using: &generator)
      let sizes = WaveSchedule.sizes([.count(1), .percent(1), .percent(10), .rest], count: count)
      #expect(sizes.reduce(0, +) == count && sizes.allSatisfy { $0 > 0 })
    }
    #expect(
      WaveSchedule.sizes([.count(1), .percent(1), .percent(10), .rest], count: 1000) == [1, 10, 100, 889])
  }
}

extension Playbook {
  var rolloutPolicy: RolloutPolicy? {
    for step in steps.values {
      if case .action(let action) = step.kind, let rollout = action.rollout { return rollout }
    }
    return nil
  }
}

@Suite struct RolloutTests {
  private func run(
    _ fleet: SimulatedFleet, _ plan: ExecutionPlan, _ journal: any JournalStorage, id: String = "r",
    afterHalt: Bool = false
  ) async throws -> RunSummary {
    let environment = RunEnvironment(executors: fleet.executors, journal: journal)
    return try await PlaybookRun(plan, environment: environment, run: id).execute(afterHalt: afterHalt)
  }

  private static let devices = (1...200).map { "d-\($0)" }

  @Test func eachOutcomeComesOut() async throws {
    let fleet = SimulatedFleet { device in
      switch device {
      case "d-50": .refuses
      case "d-60": .unreachable
      case "d-70": .silentButDone
      default: .none
      }
    }
    let journal = MemoryJournal()
    let summary = try await run(fleet, try fleet.plan(Self.devices), journal)
    #expect(summary.end == .succeeded, "\(summary)")
    #expect(summary.counts == [.changed: 198, .failed: 1, .skipped: 1])
    // Silent after acting: verified, not sent again.
    #expect(fleet.acts["d-70"] == 1)
    #expect(JournalChain.firstProblem(in: journal.all) == nil)
  }

  @Test func aCanaryThatFailsStopsEverything() async throws {
    for fault in [SimulatedFleet.Fault.refuses, .unreachable, .silent, .lies] {
      let fleet = SimulatedFleet { $0 == "d-1" ? fault : .none }
      let summary = try await run(fleet, try fleet.plan(Self.devices), MemoryJournal())
      #expect(summary.end == .halted)
      #expect(fleet.isolated.isEmpty)
    }
  }

  @Test func aLimitDrainsWhatIsInFlightAndBeginsNothingNew() async throws {
    let fleet = SimulatedFleet { (Int($0.dropFirst(2)) ?? 0) > 20 ? .refuses : .none }
    let summary = try await run(fleet, try fleet.plan(Self.devices), MemoryJournal())
    #expect(summary.end == .halted)
    // One failure is borne, the second trips; at most what was in flight follows.
    let failed = summary.counts[.failed] ?? 0
    #expect(failed >= 2 && failed <= 2 + 8, "\(failed)")
    #expect(summary.counts[.changed] == 20)
  }

  @Test func everyActHasADurableIntentFirst() async throws {
    let journal = MemoryJournal()
    let fleet = SimulatedFleet(journal: journal)
    _ = try await run(fleet, try fleet.plan(Self.devices), journal)
    #expect(fleet.state.withLock { $0.withoutIntent } == [])
    #expect(fleet.acts.values.allSatisfy { $0 == 1 } && fleet.acts.count == 200)
  }

  @Test func resumesAfterAKillAtAnyInstantWithoutActingTwiceOrLosingOne() async throws {
    for cut in stride(from: 3, through: 400, by: 36) {
      let journal = MemoryJournal()
      let fleet = SimulatedFleet()
      let plan = try fleet.plan(Self.devices)
      // From some record on nothing is kept any more: for the journal, the process died there.
      let dying = CutJournal(inner: journal, after: cut)
      _ = try? await run(fleet, plan, dying)
      let summary = try await run(fleet, plan, journal)
      #expect(summary.end == .succeeded, "cut at \(cut): \(summary)")
      #expect(fleet.isolated.count == 200)
      #expect(fleet.acts.values.allSatisfy { $0 == 1 }, "cut at \(cut)")
      #expect(JournalChain.firstProblem(in: journal.all) == nil)
    }
  }

  @Test func aHaltedRunGoesOnOnlyWhenAPersonSaysSo() async throws {
    let fleet = SimulatedFleet { $0 == "d-1" ? .refuses : .none }
    let journal = MemoryJournal()
    let plan = try fleet.plan(Self.devices)
    _ = try await run(fleet, plan, journal)
    await #expect(throws: RunnerError.self) { try await run(fleet, plan, journal) }
    let summary = try await run(fleet, plan, journal, afterHalt: true)
    #expect(summary.end == .succeeded && fleet.isolated.count == 199)
  }

  @Test func undoTakesBackOnlyWhatWasChangedAndKeepsTheChain() async throws {
    let fleet = SimulatedFleet { $0 == "d-50" ? .refuses : .none }
    fleet.state.withLock { _ = $0.isolated.insert("d-7") }
    let journal = MemoryJournal()
    let plan = try fleet.plan(Self.devices)
    _ = try await run(fleet, plan, journal)
    let undone = try await UndoRun(
      plan, environment: RunEnvironment(executors: fleet.executors, journal: journal), run: "r"
    ).execute()
    #expect(undone.counts == [.changed: 198])
    #expect(fleet.isolated == ["d-7"])
    #expect(JournalChain.firstProblem(in: journal.all) == nil)
  }

  @Test func anAlteredJournalIsNotResumed() async throws {
    let fleet = SimulatedFleet()
    let plan = try fleet.plan(["d-1", "d-2"])
    let journal = MemoryJournal()
    _ = try await run(fleet, plan, journal)
    let altered = MemoryJournal()
    try altered.append(
      journal.all.map { record in
        var record = record
        if record.kind == .result { record.outcome = .ok }
        return record
      })
    #expect(throws: RunnerError.self) {
      try PlaybookRun(
        plan, environment: RunEnvironment(executors: fleet.executors, journal: altered), run: "r")
    }
  }
}

/// Keeps so many records and then fails, as when the process is killed.
final class CutJournal: JournalStorage {
  private let inner: MemoryJournal
  private let left: Mutex<Int>
  init(inner: MemoryJournal, after count: Int) {
    self.inner = inner
    left = Mutex(count)
  }
  func append(_ records: [RunRecord]) throws {
    let count = left.withLock { left in
      defer { left -= records.count }
      return min(max(0, left), records.count)
    }
    try inner.append(Array(records.prefix(count)))
    if count < records.count { throw RunnerError(.journal, "killed") }
  }
  func records(run: String) throws -> [RunRecord] { try inner.records(run: run) }
  func runs() throws -> [String] { try inner.runs() }
}

@Suite struct PlannerTests {
  @Test func aForgedNameSelectsNobody() throws {
    let fleet = SimulatedFleet()
    let inventory = Support.inventory(["pump-1", "pump-2"])
    var selection = Support.selection([], inventory: inventory)
    selection.devices = [
      SelectedDevice(device: "pump-1", basis: .authenticated),
      SelectedDevice(device: "pump-2", basis: .selfAsserted),
      SelectedDevice(device: "not-ours", basis: .authenticated),
    ]
    let planner = Planner(executors: fleet.executors)
    let playbook = try SimulatedFleet.playbook()
    let plan = try planner.plan(playbook, selection: selection, options: .init(), now: Support.now)
    #expect(plan.targets.map(\.device) == ["pump-1"])
    #expect(plan.refused.map(\.code) == ["self-asserted", "not-in-inventory"])
    #expect(plan.approval == .operator_)
    let wider = try planner.plan(
      playbook, selection: selection, options: .init(includesSelfAsserted: true), now: Support.now)
    #expect(wider.targets.map(\.device) == ["pump-1", "pump-2"] && wider.approval == .two)
  }

  @Test func interlocksAndMissingDataHoldBack() throws {
    let fleet = SimulatedFleet()
    var inventory = Support.inventory(["pump-1", "pump-2"], lifeSafety: ["pump-2"])
    inventory.append(device: "pump-3", row: ["plant-1", "pump", ""])
    let extra = "interlocks: [{attribute: life_safety, require: [\"no\"], reason: people depend on it}]"
    let plan = try Planner(executors: fleet.executors).plan(
      try SimulatedFleet.playbook(extra: extra),
      selection: Support.selection(["pump-1", "pump-2", "pump-3"], inventory: inventory), options: .init(),
      now: Support.now)
    #expect(plan.targets.map(\.device) == ["pump-1"])
    #expect(plan.refused.map(\.code) == ["interlock", "interlock"])
  }

  @Test func aPlanFileIsReadBackAsItWasAndEveryChangeIsSeen() throws {
    let fleet = SimulatedFleet()
    let plan = try fleet.plan(["a", "b", "c"])
    var text = ""
    let hash = plan.write { text += $0 }
    #expect(hash == plan.hash)
    let read = try ExecutionPlan(reading: Array(text.utf8), now: Support.now)
    #expect(
      read.targets == plan.targets && read.hash == plan.hash && read.playbook.sha256 == plan.playbook.sha256)
    var again = ""
    read.write { again += $0 }
    #expect(again == text)
    for target in ["\"device\":\"b\"", "contain", "digest", "On-call"] {
      let forged = text.replacingOccurrences(of: target, with: String(target.dropLast()) + "X")
      #expect(throws: RunnerError.self, "\(target)") {
        try ExecutionPlan(reading: Array(forged.utf8), now: Support.now)
      }
    }
    #expect(throws: RunnerError.self) {
      try ExecutionPlan(reading: Array(text.utf8.dropLast(90)), now: Support.now)
    }
  }
}

@Suite struct BashExecutorTests {
  private func call(_ text: String, _ values: [String: String], timeout: Int64 = 5_000_000_000) throws
    -> CommandCall
  {
    let names = values.keys.map { "\($0): {type: string, value: x}" }.joined(separator: ", ")
    let playbook = try Support.playbook(
      text: """
        {"type":"playbook","spec_version":"cacao-2.0","id":"playbook--e042eeb5-e2b1-4b8e-b116-6922a21299ed","name":"b",
        "created_by":"identity--0306626d-3ed4-48ec-a1b5-7c811e511d72","created":"2026-01-01T00:00:00.000Z",
        "modified":"2026-01-02T00:00:00.000Z","workflow_start":"start--8dc72423-9759-4695-8190-cd7d30be6219",
        "playbook_variables":{\(values.keys.map { "\"\($0)\":{\"type\":\"string\"}" }.joined(separator: ","))},
        "workflow":{"start--8dc72423-9759-4695-8190-cd7d30be6219":{"type":"start","on_completion":"action--aa0d8228-f072-47c8-8eb9-4740cc1bc38e"},
        "action--aa0d8228-f072-47c8-8eb9-4740cc1bc38e":{"type":"action","agent":"individual--96f924ad-c7e5-4979-9038-394c9a6aeb99",
        "on_completion":"end--3bfb7410-8c2c-4db0-92b1-4388fab0844b","commands":[{"type":"bash","command_b64":"\(Data(text.utf8).base64EncodedString())"}]},
        "end--3bfb7410-8c2c-4db0-92b1-4388fab0844b":{"type":"end"}},
        "agent_definitions":{"individual--96f924ad-c7e5-4979-9038-394c9a6aeb99":{"type":"individual","name":"x"}}}
        """)
    _ = names
    guard case .action(let action) = playbook.steps["action--aa0d8228-f072-47c8-8eb9-4740cc1bc38e"]?.kind
    else {
      throw RunnerError(.unsupported, "no action")
    }
    return CommandCall(command: action.commands[0], values: values, timeout: timeout)
  }

  @Test func noValueBecomesShellText() async throws {
    let bash = BashExecutor()
    var hostile = [
      "$(touch /tmp/firebreak-pwned)", "`id`", "'; id; '", "\"; id; \"", "a\nb", "-n", "*", "\\", "${HOME}",
      "$((1+1))", "é\u{202E}",
    ]
    let alphabet = Array("'\"\\$`(){};&|<>*?!# \n\tab-~")
    for _ in 0..<20 { hostile.append(String((0..<12).map { _ in alphabet.randomElement() ?? "x" })) }
    for value in hostile where !value.isEmpty {
      for text in [
        "printf %s __a__:value", "printf %s \"__a__:value\"", "printf %s '__a__:value'",
        "printf %s \"$(printf %s '__a__:value')x\"",
      ] {
        let answer = await bash.execute(try call(text, ["__a__": value]))
        #expect(answer.effect == .done, "\(text) \(value) \(answer)")
        var expected = value
        if text.hasSuffix("x\"") {
          while expected.hasSuffix("\n") { expected.removeLast() }
          expected += "x"
        }
        #expect(answer.text == RemoteText.bounded(Array(expected.utf8)), "\(text) with \(value)")
      }
    }
    #expect(!FileManager.default.fileExists(atPath: "/tmp/firebreak-pwned"))
  }

  @Test func exitCodesTimeoutsAndFloodsHaveTheirOutcome() async throws {
    let bash = BashExecutor()
    #expect(await bash.execute(try call("exit 3", [:])).effect == .refused)
    let slow = await bash.execute(try call("sleep 30 & sleep 30", [:], timeout: 300_000_000))
    #expect(slow.effect == .unknown)
    let flood = await bash.execute(try call("head -c 3000000 /dev/zero | tr '\\0' x", [:]))
    #expect(flood.effect == .done && flood.text.utf8.count == RemoteText.limit)
    let missing = await BashExecutor(shell: "/nowhere/bash").execute(try call("true", [:]))
    #expect(missing.effect == .unreachable)
  }
}

@Suite struct SecretStoreTests {
  @Test func takesOnlyFilesThatOthersCannotRead() throws {
    let folder = try TemporaryFolder()
    let good = try folder.write("good", "admin\nhunter2-hunter2\n")
    let store = try SecretStore(
      sources: ["a=file:\(good)", "e=env:TOKEN"], environment: ["TOKEN": "tok-123456"])
    #expect(try store.credential("a").user == "admin")
    #expect(try store.credential("e").secret == "tok-123456")
    #expect(store.masker.mask("x hunter2-hunter2 y tok-123456") == "x *** y ***")
    #expect("\(try store.credential("a"))" == "Credential(…)")
    let open = try folder.write("open", "secret-secret", mode: 0o644)
    for source in ["b=file:\(open)", "b=file:\(folder.path)/none", "b=file:\(folder.path)", "b=env:NONE"] {
      let store = try SecretStore(sources: [source], environment: [:])
      #expect(throws: RunnerError.self, "\(source)") { try store.credential("b") }
    }
    #expect(throws: RunnerError.self) { try SecretStore(sources: ["b=plain-secret"], environment: [:]) }
  }
}

@Suite struct ApprovalTests {
  @Test func onlyAnAllowedSignersSignatureOverThisPlanCounts() async throws {
    guard Support.has("ssh-keygen") else { return }
    let folder = try TemporaryFolder()
    let plan = try folder.write("p.plan", "the plan")
    for name in ["alice", "mallory"] {
      #expect(
        try ChildProcess.run(
          "/usr/bin/ssh-keygen",
          ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", "\(folder.path)/\(name)"]
        ).code == 0)
    }
    let key = try String(contentsOfFile: "\(folder.path)/alice.pub", encoding: .utf8)
    let signers = try folder.write("signers", "alice@example.org namespaces=\"firebreak-plan\" \(key)")
    func sign(_ who: String, namespace: String = "firebreak-plan") throws -> String {
      try? FileManager.default.removeItem(atPath: plan + ".sig")
      #expect(
        try ChildProcess.run(
          "/usr/bin/ssh-keygen", ["-Y", "sign", "-n", namespace, "-f", "\(folder.path)/\(who)", plan]
        ).code == 0)
      return plan + ".sig"
    }
    func verify(_ text: String, _ signature: String) async throws -> String {
      try await PlanApproval.verify(plan: Array(text.utf8), signature: signature, allowedSigners: signers)
    }
    let good = try sign("alice")
    #expect(try await verify("the plan", good) == "alice@example.org")
    await #expect(throws: RunnerError.self) { try await verify("another plan", good) }
    await #expect(throws: RunnerError.self) { try await verify("the plan", plan) }
    let foreign = try sign("mallory")
    await #expect(throws: RunnerError.self) { try await verify("the plan", foreign) }
    let elsewhere = try sign("alice", namespace: "file")
    await #expect(throws: RunnerError.self) { try await verify("the plan", elsewhere) }
  }
}
