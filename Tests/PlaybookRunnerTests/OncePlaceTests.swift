import Foundation
import IncidentModel
import PlaybookModel
import Synchronization
import Testing

@testable import PlaybookRunner

/// Steps of other tools go out once and know no devices: what the inventory knows of the machine that they reach holds all the same.
@Suite struct OncePlaceTests {
  /// A tool that reaches machines by ssh, and notes where.
  private struct Machine: CommandExecutor {
    static let type = CommandType.ssh
    let fleet: StepFleet
    func planText(_ call: CommandCall) throws(RunnerError) -> String { call.command.text }
    func execute(_ call: CommandCall) async -> CommandAnswer {
      fleet.state.withLock { $0.asked.append("ssh \(OncePlaces.hosts(call).joined(separator: " "))") }
      return CommandAnswer(.done, detail: "done")
    }
  }

  /// What the inventory says now.
  private struct Now: InventorySource {
    let inventory: Inventory
    func contains(_ device: String) -> Bool { inventory.rowOfDevice[device] != nil }
    func value(_ column: String, of device: String) -> String? {
      guard let row = inventory.rowOfDevice[device],
        let index = inventory.attributes.firstIndex(of: column)
      else { return nil }
      let value = inventory.value(row: row, attribute: index)
      return value.isEmpty ? nil : value
    }
    func devices(at host: String) -> [String] { inventory.devices(at: host) }
    var columnNames: [String] { inventory.attributes }
  }

  private static let target = "ssh--11111111-1111-4111-8111-111111111111"
  private let fleet = StepFleet()
  private var executors: ExecutorSet {
    ExecutorSet([StepFleet.Executor(fleet: fleet), Machine(fleet: fleet)])
  }

  private func inventory(_ rows: [(device: String, address: String, lives: String)]) -> Inventory {
    var inventory = Inventory(attributes: ["mgmt_ip", "Life-Safety"])
    for row in rows { inventory.append(device: row.device, row: [row.address, row.lives]) }
    return inventory
  }

  /// A step that asks where, one that goes there by ssh, and whatever comes next.
  private func playbook(
    _ address: String = "192.0.2.8", asks: String = "commands: [{type: bash, command: do ask}]",
    last: String = "",
    kind: String = "ipv4", tells: String = "{type: bash, command: do tell}"
  ) throws -> Playbook {
    try Support.playbook(
      text: WorkflowText.text(
        """
          START: {type: start, on_completion: action--@1}
          action--@1: {type: action, AGENT, on_success: action--@2, \(asks)}
          action--@2: {type: action, name: restart the relay, AGENT, on_success: action--@3, targets: [\(Self.target)], commands: [{type: ssh, command: restart}]}
          action--@3: {type: action, name: tell, AGENT, on_success: end--@4, commands: [\(tells)]\(last)}
          end--@4: {type: end}
        """, variables: "{__where__: {type: string, value: 192.0.2.7}, __device__: {type: string}}",
        more:
          "target_definitions: {\(Self.target): {type: ssh, name: x, address: {\(kind): [\"\(address)\"]}}}"))
  }

  private func plan(
    _ playbook: Playbook, _ inventory: Inventory?, protected: Set<String> = []
  ) throws -> ExecutionPlan {
    var options = Planner.Options()
    options.inventory = inventory
    options.protected = protected
    return try Planner(executors: executors).plan(
      playbook, selection: nil, options: options, now: Support.now)
  }

  @Test(arguments: ["yes", "Y", "TRUE", "1", "ja", "intensive care", "?"])
  func aDeviceThatLivesHangOnIsNotReached(_ lives: String) throws {
    let rows = inventory([("pump", "192.0.2.1", "no"), ("lock-1", "::ffff:192.0.2.8", lives)])
    let error = #expect(throws: RunnerError.self) { try plan(try playbook(), rows) }
    #expect(
      error?.description.contains("'restart the relay' goes to 192.0.2.8, which is 'lock-1' in the inventory")
        == true,
      "\(String(describing: error))")
  }

  @Test func nobodyIsHeldBackByWhatIsNotKnownOrIsNo() throws {
    for lives in ["no", "N", " false ", "0", "nein", ""] {
      let made = try plan(try playbook(), inventory([("lock-1", "192.0.2.8", lives)]))
      #expect(made.oncePlaces.map(\.device) == ["lock-1"] && made.oncePlaces.map(\.host) == ["192.0.2.8"])
      #expect(made.lockNames == ["lock-1", "the machine 192.0.2.8"])
      // The plan's file has it, and its hash is over it.
      var text = ""
      made.write { text += $0 }
      #expect(try ExecutionPlan(reading: Array(text.utf8), now: Support.now).oncePlaces == made.oncePlaces)
    }
    let elsewhere = try plan(try playbook(), inventory([("lock-1", "192.0.2.9", "yes")]))
    #expect(elsewhere.oncePlaces.map(\.device) == [nil] && elsewhere.lockNames == ["the machine 192.0.2.8"])
    #expect(try plan(try playbook(), nil).lockNames == ["the machine 192.0.2.8"])
  }

  /// By its name, too, and by the operator's word.
  @Test func aDeviceIsKnownByItsNameAndByTheOperator() throws {
    let rows = inventory([("Lock-1.plant", "", "yes")])
    #expect(throws: RunnerError.self) { try plan(try playbook("lock-1.plant.", kind: "dname"), rows) }
    let free = inventory([("lock-1", "192.0.2.8", "no")])
    #expect(throws: RunnerError.self) { try plan(try playbook(), free, protected: ["lock-1"]) }
  }

  /// What steps on devices go through is no device that they act on, and their interlocks count for the others.
  @Test func interlocksOfThePlaybookCountAndItsOwnWaysDoNot() throws {
    func selection(_ inventory: Inventory) -> TargetSelection {
      Support.selection(["pump"], inventory: inventory)
    }
    let lock =
      ", ON_DEVICES(bindings: {__device__: device}, no_undo: x, interlocks: [{attribute: mgmt_ip, refuse: [\"192.0.2.8\"], reason: not this one}])"
    let rows = inventory([("pump", "192.0.2.1", "no"), ("lock-1", "192.0.2.8", "")])
    let refused = #expect(throws: RunnerError.self) {
      try Planner(executors: executors).plan(
        try playbook(last: lock), selection: selection(rows), options: .init(), now: Support.now)
    }
    #expect(refused?.description.contains("not this one") == true, "\(String(describing: refused))")
    let through =
      ", targets: [\(Self.target)], ON_DEVICES(bindings: {__device__: device}, no_undo: x)"
    let broker = inventory([("pump", "192.0.2.1", "no"), ("broker", "192.0.2.8", "yes")])
    let made = try Planner(executors: executors).plan(
      try playbook(last: through, tells: "{type: ssh, command: shut}"), selection: selection(broker),
      options: .init(), now: Support.now)
    #expect(made.oncePlaces.isEmpty && made.lockNames == ["pump"])
  }

  /// The inventory may be put right after the plan, and an answer may say where it goes.
  @Test(arguments: [true, false]) func itIsAskedAgainBeforeItIsSent(isFoundOut: Bool) async throws {
    // What the fleet sees is told by the name of the machine: 'no'.
    let found = "out_args: [__where__], commands: [{type: bash, command: see ask}]"
    let made = try plan(
      isFoundOut ? try playbook("__where__:value", asks: found, kind: "dname") : try playbook(),
      inventory([("lock-1", isFoundOut ? "no" : "192.0.2.8", "no")]))
    #expect(made.oncePlaces.map(\.host) == (isFoundOut ? [] : ["192.0.2.8"]))
    let journal = MemoryJournal()
    var environment = RunEnvironment(executors: executors, journal: journal, clock: TestClock())
    environment.inventory = Now(inventory: inventory([("lock-1", isFoundOut ? "no" : "192.0.2.8", "yes")]))
    let summary = try await PlaybookRun(made, environment: environment, run: "r").execute()
    #expect(
      summary.end == .failed && !fleet.asked.contains { $0.hasPrefix("ssh") }, "\(summary) \(fleet.asked)")
    #expect(
      journal.all.contains {
        $0.outcome == .skipped && $0.reason == "interlock" && $0.detail.contains("'lock-1'")
      })
  }

  @Test func whatWentOutOnceIsNotCalledTakenBack() async throws {
    let made = try plan(try playbook(), nil)
    let journal = MemoryJournal()
    let environment = RunEnvironment(executors: executors, journal: journal, clock: TestClock())
    #expect(try await PlaybookRun(made, environment: environment, run: "r").execute().end == .succeeded)
    #expect(try RunHistory(run: "r", in: journal).sentOnce(made).contains("restart the relay"))
    let undo = try await UndoRun(made, environment: environment, run: "r").execute()
    #expect(
      undo.end == .failed && undo.reasons.contains { $0.contains("'restart the relay' went out once") },
      "\(undo)")
    let folder = try TemporaryFolder()
    let path = try UndoScript.save(made, run: "r", executors: executors, folder: folder.path + "/run").path
    for shell in ["/bin/sh", "/bin/bash"] {
      let ran = try ChildProcess.run(shell, [path], environment: ["PATH": "/usr/bin:/bin"])
      #expect(ran.code == 1 && ran.output.contains("restart the relay: by hand"), "\(ran)")
      #expect(ran.output.hasSuffix("3 steps must be done by hand\n"), "\(ran)")
    }
  }

  /// What only asks is nothing to take back, and a guard beside steps on devices just stays.
  @Test func looksAndGuardsAreNothingToDoByHand() async throws {
    #expect(PlaybookCommand(.httpAPI, text: "GET /state HTTP/1.1").onlyAsks)
    #expect(!PlaybookCommand(.httpAPI, text: "POST /state HTTP/1.1").onlyAsks)
    #expect(PlaybookCommand(.mqtt, text: "DYNSEC getRole").onlyAsks)
    #expect(!PlaybookCommand(.mqtt, text: "DYNSEC createRole").onlyAsks)
    #expect(!PlaybookCommand(.mqtt, text: "PUBLISH getRole").onlyAsks)
    #expect(!PlaybookCommand(.ssh, text: "getent").onlyAsks)
    let last =
      ", ON_DEVICES(bindings: {__device__: device}, undo: {commands: [{type: bash, command: un tell}]})"
    let made = try Planner(executors: executors).plan(
      try playbook(last: last),
      selection: Support.selection(["pump"], inventory: Support.inventory(["pump"])), options: .init(),
      now: Support.now)
    let folder = try TemporaryFolder()
    let path = try UndoScript.save(made, run: "r", executors: executors, folder: folder.path + "/run").path
    let text = try String(contentsOfFile: path, encoding: .utf8)
    #expect(text.contains("went out once, and stays") && !text.contains("has no inverse"), "\(text)")
  }
}
