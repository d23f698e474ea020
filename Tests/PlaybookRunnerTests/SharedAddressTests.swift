import IncidentModel
import PlaybookModel
@testable import PlaybookRunner
import Synchronization
import Testing

/// One machine under two names, and a machine that has moved since the plan was made.
@Suite struct SharedAddressTests {
  private static let lock =
    "interlocks: [{attribute: life_safety, require: [\"no\"], reason: people depend on it}]"

  /// A playbook whose commands go to each device's address, or (`isText`) put it into a command.
  private func playbook(isText: Bool = false, extra: String = "") throws -> Playbook {
    let place = isText ? "" : "targets: [ssh--7f3b2a1c-5d84-4e96-b0c7-1a8e9f6d4b54]"
    return try Support.playbook(
      text: """
        type: playbook
        spec_version: cacao-2.0
        id: playbook--e042eeb5-e2b1-4b8e-b116-6922a21299ed
        name: places
        created_by: identity--0306626d-3ed4-48ec-a1b5-7c811e511d72
        created: 2026-01-01T00:00:00.000Z
        modified: 2026-01-02T00:00:00.000Z
        workflow_start: start--8dc72423-9759-4695-8190-cd7d30be6219
        playbook_variables: {__address__: {type: string}}
        workflow:
          start--8dc72423-9759-4695-8190-cd7d30be6219: {type: start, on_completion: action--aa0d8228-f072-47c8-8eb9-4740cc1bc38e}
          action--aa0d8228-f072-47c8-8eb9-4740cc1bc38e:
            type: action
            name: isolate
            agent: individual--96f924ad-c7e5-4979-9038-394c9a6aeb99
            \(place)
            on_completion: end--3bfb7410-8c2c-4db0-92b1-4388fab0844b
            commands: [{type: bash, command: isolate}]
            step_extensions:
              extension-definition--5d7b3f52-8c1e-4a64-9a0b-2f6d1c9e7a43:
                policy: contain
                bindings: {__address__: inventory.address}
                rate_per_second: 1000000
                backoff_ms: 0
                verify: {commands: [{type: bash, command: look}], expect: {contains: "yes"}}
                undo:
                  commands: [{type: bash, command: release}]
                  verify: {commands: [{type: bash, command: look-free}], expect: {contains: "yes"}}
                \(Self.lock)
                \(extra)
          end--3bfb7410-8c2c-4db0-92b1-4388fab0844b: {type: end}
        agent_definitions:
          individual--96f924ad-c7e5-4979-9038-394c9a6aeb99: {type: individual, name: On-call}
        target_definitions:
          ssh--7f3b2a1c-5d84-4e96-b0c7-1a8e9f6d4b54:
            {type: ssh, name: device, address: {dname: ["__address__:value"]}, port: "22"}
        extension_definitions:
          extension-definition--5d7b3f52-8c1e-4a64-9a0b-2f6d1c9e7a43:
            {type: extension-definition, name: rollout, created_by: identity--0306626d-3ed4-48ec-a1b5-7c811e511d72, schema: s, version: 1.0.0}
        """)
  }

  /// Rows are name, address, life_safety, and more columns.
  private func plan(
    _ rows: [[String]], _ columns: [String] = [], select: [String]? = nil, isText: Bool = false,
    extra: String = "",
    fleet: SimulatedFleet = SimulatedFleet()
  ) throws -> ExecutionPlan {
    var inventory = Inventory(attributes: ["address", "life_safety"] + columns)
    for row in rows { inventory.append(device: row[0], row: Array(row.dropFirst())) }
    return try Planner(executors: fleet.executors).plan(
      try playbook(isText: isText, extra: extra),
      selection: Support.selection(select ?? rows.map { $0[0] }, inventory: inventory), options: .init(),
      now: Support.now)
  }

  @Test func twoNamesOfOneAddressAreRefusedHoweverItIsWritten() throws {
    for other in ["10.0.0.3", "::ffff:10.0.0.3", "10.0.0.3:22", " 10.0.0.3", "10.0.0.3/24"] {
      for isText in [false, true] {
        let rows = [["cam-3", "10.0.0.3", "no"], ["pump-7", other, "yes"], ["cam-4", "10.0.0.4", "no"]]
        let plan = try plan(rows, isText: isText)
        #expect(plan.targets.map(\.device) == ["cam-4"], "\(other)")
        #expect(plan.refusedByCode().map(\.value).sorted() == ["interlock", "shared-address"], "\(other)")
        #expect(plan.refused.contains { $0.device == "cam-3" && $0.reason.contains("'pump-7'") })
        // Also where the other one is no target, or both could be.
        #expect(try self.plan(rows, select: ["cam-3", "cam-4"], isText: isText).targets.count == 1)
      }
    }
    let both = try plan([
      ["cam-3", "cam-3.plant", "no"], ["cam-c", "CAM-3.Plant.", "no"], ["cam-4", "10.0.0.4", "no"],
    ])
    #expect(both.targets.map(\.device) == ["cam-4"] && both.refused.map(\.device) == ["cam-3", "cam-c"])
  }

  @Test func everyColumnOfAddressesCountsAndNoneOfOthers() throws {
    let rows = [
      ["cam-3", "10.0.0.3", "no", "", ""], ["pump-7", "10.0.0.7", "yes", "10.0.0.3", "10.0.0.4"],
      ["cam-4", "10.0.0.4", "no", "", ""],
    ]
    let plan = try plan(rows, ["mgmt_ip", "gateway_ip"], select: ["cam-3", "cam-4"])
    #expect(plan.targets.map(\.device) == ["cam-4"] && plan.refused.map(\.device) == ["cam-3"])
  }

  /// Behind one address others may be, by other ports; what is put into a command hits them all.
  @Test func anotherPortIsAnotherPlaceAndTheSameAddressInACommand() throws {
    let rows = [["cam-3", "10.0.0.3", "no"], ["pump-7", "10.0.0.3:8022", "yes"]]
    #expect(try plan(rows, select: ["cam-3"]).targets.count == 1)
    #expect(throws: RunnerError.self) { try plan(rows, select: ["cam-3"], isText: true) }
  }

  /// An inventory as the case has it now.
  private struct Now: InventorySource {
    let rows: [String: [String: String]]
    let places: SharedPlaces
    init(_ rows: [String: (String, String)], _ plan: ExecutionPlan) {
      var inventory = Inventory(attributes: ["address", "life_safety"])
      for (name, row) in rows.sorted(by: { $0.key < $1.key }) {
        inventory.append(device: name, row: [row.0, row.1])
      }
      self.rows = rows.mapValues { ["address": $0.0, "life_safety": $0.1] }
      places = SharedPlaces(plan, inventory: inventory)
    }
    func contains(_ device: String) -> Bool { rows[device] != nil }
    func value(_ column: String, of device: String) -> String? { rows[device]?[column] }
    func sharer(of device: String, placesOnly: Bool) -> SharedPlaces.Sharer? {
      places.sharer(of: device, placesOnly: placesOnly)
    }
  }

  private let rows = [
    ["cam-1", "10.0.0.1", "no"], ["cam-2", "10.0.0.2", "no"], ["cam-3", "10.0.0.3", "no"],
  ]

  /// cam-2 has moved, and its address is that of a pump now; cam-3 stays, and the address is the pump's second one.
  private func moved(_ plan: ExecutionPlan) -> Now {
    Now(
      [
        "cam-1": ("10.0.0.1", "no"), "cam-2": ("10.0.0.9", "no"), "cam-3": ("10.0.0.3.", "no"),
        "pump-7": ("10.0.0.2", "yes"),
      ], plan)
  }

  @Test func resumeLeavesAloneWhoIsElsewhereNow() async throws {
    let control = RunControl()
    let fleet = SimulatedFleet { device in
      if device == "cam-1" { control.stop() }
      return .none
    }
    let plan = try plan(rows, fleet: fleet)
    let journal = MemoryJournal()
    func environment(_ control: RunControl, _ inventory: Now?) -> RunEnvironment {
      RunEnvironment(
        executors: fleet.executors, journal: journal, clock: TestClock(), inventory: inventory,
        control: control)
    }
    _ = try await PlaybookRun(plan, environment: environment(control, nil), run: "r").execute()
    #expect(fleet.isolated == ["cam-1"])
    let resumed = try await PlaybookRun(plan, environment: environment(RunControl(), moved(plan)), run: "r")
      .execute()
    #expect(resumed.counts == [.changed: 2, .skipped: 1], "\(resumed)")
    #expect(fleet.isolated == ["cam-1", "cam-3"] && fleet.acts["cam-2"] == nil)
    let record = try #require(journal.all.last { $0.target == "cam-2" })
    #expect(record.reason == "inventory-changed" && record.detail.contains("'pump-7'"), "\(record)")
  }

  /// An intent without result is not looked at where another device is now: its answer would be that one's.
  @Test func whatWasCutOffIsNotLookedAtAtAnotherDevice() async throws {
    let fleet = SimulatedFleet()
    let plan = try plan([["cam-2", "10.0.0.2", "no"]], fleet: fleet)
    let journal = MemoryJournal()
    var environment = RunEnvironment(
      executors: fleet.executors, journal: CutJournal(inner: journal, after: 6), clock: TestClock())
    _ = try? await PlaybookRun(plan, environment: environment, run: "r").execute()
    #expect(journal.all.last?.kind == .intent, "\(journal.all.map(\.kind))")
    environment.journal = journal
    environment.inventory = moved(plan)
    _ = try await PlaybookRun(plan, environment: environment, run: "r").execute()
    let record = try #require(journal.all.last { $0.target == "cam-2" })
    #expect(record.outcome == .unknown && record.reason == "inventory-changed", "\(record)")
  }

  @Test func undoGoesToNoOtherDeviceAndLetsInWhatAGatewayBlocks() async throws {
    for (isText, extra, left) in [(false, "", 1), (true, "", 0), (true, "undo_is_safe: false", 1)] {
      let fleet = SimulatedFleet()
      let plan = try plan(rows, isText: isText, extra: extra, fleet: fleet)
      let journal = MemoryJournal()
      var environment = RunEnvironment(executors: fleet.executors, journal: journal, clock: TestClock())
      _ = try await PlaybookRun(plan, environment: environment, run: "r").execute()
      #expect(fleet.isolated.count == 3)
      environment.inventory = moved(plan)
      let undo = try await UndoRun(plan, environment: environment, run: "r").execute()
      #expect(
        fleet.isolated.count == left && undo.end == (left == 0 ? .succeeded : .failed),
        "\(isText) \(extra): \(undo)")
      guard left > 0 else { continue }
      #expect(fleet.isolated == ["cam-2"])
      #expect(journal.all.last { $0.target == "cam-2" }?.detail.contains("playbook settle") == true)
    }
  }
}
