import Foundation
import IncidentModel
import PlaybookModel
import PlaybookRunner
import Testing

@Suite struct IsolateDeviceTests {
  private struct Scene {
    var broker: MosquittoBroker
    var secrets: SecretStore
    var executors: ExecutorSet
    var journal: MemoryJournal
    var environment: RunEnvironment

    init(clients: [String]) async throws {
      broker = try await MosquittoBroker(clients: clients)
      secrets = try broker.secrets()
      executors = ExecutorSet.all(secrets: secrets, prompter: FixedAnswer(.nobody))
      journal = MemoryJournal()
      environment = RunEnvironment(
        executors: executors, journal: journal, masker: secrets.masker, folder: broker.folder.path + "/run")
    }

    func plan(_ devices: [String], inventory: Inventory? = nil) throws -> ExecutionPlan {
      try Planner(executors: executors).plan(
        try Support.playbook("isolate-device"),
        selection: Support.selection(
          devices, inventory: inventory ?? Support.inventory(devices + (0..<1000).map { "other-\($0)" })),
        options: .init(variables: ["__broker__": broker.url]), now: Support.now)
    }
  }

  @Test func cutsAConnectedClientOffAndUndoLetsItInAgain() async throws {
    guard Support.has("mosquitto") else { return }
    let devices = ["pump-1", "pump-2", "pump-3"]
    let scene = try await Scene(clients: devices + ["bystander"])
    let pump = try Client(port: scene.broker.port, user: "pump-2")
    let bystander = try Client(port: scene.broker.port, user: "bystander")
    #expect(await pump.waitForConnection())
    #expect(await bystander.waitForConnection())

    let plan = try scene.plan(devices)
    let run = try PlaybookRun(plan, environment: scene.environment, run: "r1")
    let summary = try await run.execute()
    #expect(summary.end == .succeeded, "\(summary) \(scene.journal.all.map(\.detail))")
    #expect(summary.counts == [.changed: 3])
    // 0x98: administrative action.
    #expect(await pump.wait { $0.disconnectCode == 0x98 || $0.connectCode == 0x86 || $0.connectCode == 0x87 })
    #expect(await pump.wait { !$0.connected })
    #expect(bystander.current.connected && bystander.current.disconnectCode == nil)

    let undone = try await UndoRun(plan, environment: scene.environment, run: "r1").execute()
    #expect(undone.end == .succeeded && undone.counts == [.changed: 3])
    pump.reconnect()
    #expect(await pump.waitForConnection())
    // A second undo has nothing to do.
    let again = try await UndoRun(plan, environment: scene.environment, run: "r1").execute()
    #expect(again.counts.isEmpty && again.end == .succeeded)
    let records = try scene.journal.records(run: "r1")
    #expect(JournalChain.firstProblem(in: records) == nil)
    pump.close()
    bystander.close()
  }

  @Test func writesADurableIntentBeforeEachResult() async throws {
    guard Support.has("mosquitto") else { return }
    let scene = try await Scene(clients: ["pump-1", "pump-2"])
    let plan = try scene.plan(["pump-1", "pump-2"])
    _ = try await PlaybookRun(plan, environment: scene.environment, run: "r").execute()
    for device in ["pump-1", "pump-2"] {
      let kinds = scene.journal.all.filter { $0.target == device }.map(\.kind)
      #expect(kinds == [.intent, .result])
    }
  }

  @Test func leavesAClientAloneThatWasIsolatedBeforeAndDoesNotUndoIt() async throws {
    guard Support.has("mosquitto") else { return }
    let scene = try await Scene(clients: ["pump-1", "pump-2"])
    let first = try scene.plan(["pump-1"])
    _ = try await PlaybookRun(first, environment: scene.environment, run: "a").execute()
    let second = try scene.plan(["pump-1", "pump-2"])
    let summary = try await PlaybookRun(second, environment: scene.environment, run: "b").execute()
    #expect(summary.counts == [.ok: 1, .changed: 1])
    let undo = try UndoRun(second, environment: scene.environment, run: "b")
    #expect(undo.scope.first?.devices == ["pump-2"])
  }

  @Test func aRefusalOfTheBrokerIsFailedAndTheCanaryHalts() async throws {
    guard Support.has("mosquitto") else { return }
    let scene = try await Scene(clients: ["pump-1"])
    // The inventory lists devices the broker does not know.
    let plan = try scene.plan(["ghost", "pump-1"])
    let summary = try await PlaybookRun(plan, environment: scene.environment, run: "r").execute()
    #expect(summary.end == .halted)
    #expect(summary.counts == [.failed: 1])
    #expect(!scene.journal.all.contains { $0.target == "pump-1" })
  }

  @Test func aBrokerThatIsDownIsUnreachableAndNothingWasSent() async throws {
    guard Support.has("mosquitto") else { return }
    let scene = try await Scene(clients: ["pump-1"])
    scene.broker.stop()
    let summary = try await PlaybookRun(
      try scene.plan(["pump-1"]), environment: scene.environment, run: "r"
    ).execute()
    #expect(summary.end == .halted)
    let result = try #require(scene.journal.all.first { $0.kind == .result })
    #expect(result.outcome == .skipped && result.reason == "unreachable", "\(result)")
  }

  @Test func aBrokerThatRefusesUsIsFailedAndThePasswordIsNowhere() async throws {
    guard Support.has("mosquitto") else { return }
    let scene = try await Scene(clients: ["pump-1"])
    let file = try scene.broker.folder.write("wrong", "admin\nwrong-password-77\n")
    let secrets = try SecretStore(sources: ["broker-admin=file:\(file)"], environment: [:])
    let executors = ExecutorSet.all(secrets: secrets, prompter: FixedAnswer(.nobody))
    let environment = RunEnvironment(executors: executors, journal: scene.journal, masker: secrets.masker)
    let summary = try await PlaybookRun(try scene.plan(["pump-1"]), environment: environment, run: "r")
      .execute()
    #expect(summary.counts == [.failed: 1], "\(scene.journal.all.map(\.detail))")
    #expect(!scene.journal.all.contains { $0.detail.contains("wrong-password-77") })
  }

  @Test func aBrokerThatFallsSilentAfterTheIntentIsUnknownAndIsNotAskedAgain() async throws {
    guard Support.has("mosquitto") else { return }
    let scene = try await Scene(clients: ["pump-1"])
    let plan = try scene.plan(["pump-1"])
    // The first look is answered; from the intent on the broker is silent.
    let journal = HookedJournal(inner: scene.journal) { [broker = scene.broker] record in
      if record.kind == .intent { broker.freeze() }
    }
    var environment = scene.environment
    environment.journal = journal
    let summary = try await PlaybookRun(plan, environment: environment, run: "r").execute()
    scene.broker.thaw()
    #expect(summary.end == .halted)
    let result = try #require(scene.journal.all.first { $0.kind == .result })
    #expect(result.outcome == .unknown, "\(result)")
    #expect(scene.journal.all.filter { $0.kind == .intent }.count == 1)
  }

  @Test func theSecretIsNotInPlanJournalFolderOrProcessList() async throws {
    guard Support.has("mosquitto") else { return }
    let scene = try await Scene(clients: ["pump-1"])
    let plan = try scene.plan(["pump-1"])
    var text = ""
    plan.write { text += $0 }
    _ = try await PlaybookRun(plan, environment: scene.environment, run: "r").execute()
    text += scene.journal.all.map(\.detail).joined()
    for name in ["undo.sh", "plan"] {
      text += try String(contentsOfFile: scene.broker.folder.path + "/run/" + name, encoding: .utf8)
    }
    for process in try FileManager.default.contentsOfDirectory(atPath: "/proc") where Int(process) != nil {
      text +=
        (try? String(
          decoding: Data(contentsOf: URL(fileURLWithPath: "/proc/\(process)/cmdline")), as: UTF8.self)) ?? ""
    }
    #expect(!text.contains(MosquittoBroker.adminPassword))
    let attributes = try FileManager.default.attributesOfItem(
      atPath: scene.broker.folder.path + "/run/undo.sh")
    #expect(attributes[.posixPermissions] as? Int == 0o700)
  }

  @Test func theUndoScriptAloneLetsTheClientsInAgain() async throws {
    guard Support.has("mosquitto") else { return }
    let scene = try await Scene(clients: ["pump-1", "pump-2"])
    _ = try await PlaybookRun(
      try scene.plan(["pump-1", "pump-2"]), environment: scene.environment, run: "r"
    ).execute()
    let pump = try Client(port: scene.broker.port, user: "pump-1")
    #expect(await pump.wait { $0.connectCode != nil })
    #expect(!pump.current.connected)
    _ = try scene.broker.folder.write("mosquitto_ctrl", "-u admin\n-P \(MosquittoBroker.adminPassword)\n")
    let inventory = try scene.broker.folder.write(
      "now.csv", "device,life_safety\npump-1,no\npump-2,no\n")
    let ran = try ChildProcess.run(
      "/bin/sh", [scene.broker.folder.path + "/run/undo.sh"],
      environment: [
        "PATH": "/usr/bin:/bin", "XDG_CONFIG_HOME": scene.broker.folder.path, "INVENTORY": inventory,
      ])
    #expect(ran.code == 0, "\(ran.output)")
    pump.reconnect()
    #expect(await pump.waitForConnection())
    pump.close()
  }
}

/// A journal that calls back after records are kept.
final class HookedJournal: JournalStorage {
  private let inner: MemoryJournal
  private let hook: @Sendable (RunRecord) -> Void
  init(inner: MemoryJournal, hook: @escaping @Sendable (RunRecord) -> Void) {
    self.inner = inner
    self.hook = hook
  }
  func append(_ records: [RunRecord]) throws {
    try inner.append(records)
    for record in records { hook(record) }
  }
  func records(run: String) throws -> [RunRecord] { try inner.records(run: run) }
  func runs() throws -> [String] { try inner.runs() }
}
