import IncidentModel
import PlaybookModel
@testable import PlaybookRunner
import Testing

/// What a plan says to somebody whose first try is refused.
@Suite struct PlannerHelpTests {
  private func refusal(_ body: () throws -> ExecutionPlan) -> String {
    do {
      _ = try body()
      return "(planned)"
    } catch { return "\(error)" }
  }

  @Test func selfAssertedTargetsAloneAreRefusedWithTheWayToTakeThem() throws {
    let fleet = SimulatedFleet()
    var selection = Support.selection([], inventory: Support.inventory(["pump-1", "pump-2"]))
    selection.devices = ["pump-1", "pump-2"].map { SelectedDevice(device: $0, basis: .selfAsserted) }
    let said = refusal {
      try Planner(executors: fleet.executors).plan(
        try SimulatedFleet.playbook(), selection: selection, options: .init(), now: Support.now)
    }
    for part in [
      "2 self-asserted", "--include-self-asserted", "two people", "ssh-keygen -Y sign -n firebreak-plan",
      "--signature alice.sig --signature bob.sig", "--allowed-signers",
    ] {
      #expect(said.contains(part), "\(part): \(said)")
    }
  }

  /// `é` as one scalar and as two: two devices, one of which depends on a life, and one text wherever strings are compared.
  @Test func ofTwoNamesThatUnicodeTakesForOneNeitherIsActedOn() throws {
    let lamp = "flur-caf\u{E9}"
    let monitor = "flur-cafe\u{301}"
    for (names, lifeSafety) in [([lamp, monitor, "pump-1"], monitor), ([monitor, lamp, "pump-1"], lamp)] {
      var inventory = Inventory(attributes: ["site", "model", "life_safety"])
      for name in names {
        let depends = name.utf8.elementsEqual(lifeSafety.utf8)
        inventory.append(device: name, row: ["plant-1", "pump", depends ? "yes" : "no"])
      }
      #expect(inventory.count == 3)
      for selected in [names, [lamp, "pump-1"], [monitor, "pump-1"]] {
        let plan = try Planner(executors: SimulatedFleet().executors).plan(
          try SimulatedFleet.playbook(), selection: Support.selection(selected, inventory: inventory),
          options: .init(), now: Support.now)
        #expect(plan.targets.map(\.device) == ["pump-1"])
        #expect(plan.refused.count == selected.count - 1)
        #expect(plan.refused.allSatisfy { $0.code == "ambiguous-name" })
      }
    }
  }

  @Test func namesThatDifferForUnicodeTooAreNotAmbiguous() {
    #expect(Support.inventory(["a", "A", "caf\u{E9}", "cafe", "tür-1", "tuer-1"]).ambiguousNames.isEmpty)
    // KELVIN SIGN is canonically K.
    #expect(Support.inventory(["K", "\u{212A}", "b"]).ambiguousNames == ["K"])
  }

  @Test func aMissingVariableIsNamedAsTheOptionWithItsMeaning() throws {
    let inventory = Support.inventory(["pump-1"])
    let said = refusal {
      try Planner(executors: SimulatedFleet().executors).plan(
        try Support.playbook("isolate-device"),
        selection: Support.selection(["pump-1"], inventory: inventory), options: .init(), now: Support.now)
    }
    #expect(said.contains("--set broker=…"), "\(said)")
    #expect(said.contains("the broker, as mqtt://host:port"), "\(said)")
  }

  @Test func aBadValueIsReportedOnceForTheVariable() throws {
    let store = try SecretStore(sources: [], environment: [:])
    let names = ["pump-1", "pump-2", "pump-3"]
    let said = refusal {
      try Planner(executors: ExecutorSet.all(secrets: store, prompter: FixedAnswer(.nobody))).plan(
        try Support.playbook("isolate-device"),
        selection: Support.selection(names, inventory: Support.inventory(names)),
        options: .init(variables: ["__broker__": "http://10.0.0.5:1883"]), now: Support.now)
    }
    #expect(said.contains("--set broker=http://10.0.0.5:1883"), "\(said)")
    #expect(!said.contains("pump-"), "\(said)")
  }

  @Test func whatHangsOnADeviceIsFoundWhicheverWayTheLinkIsWritten() {
    let inventory = Support.inventory(["gw", "a", "b", "c"])
    func dependants(_ links: [(String, String, String)], _ selected: [String]) -> [String: [String]] {
      Carriers.dependants(
        of: selected, topology: Topology(links: links.map { .init(from: $0.0, to: $0.1, kind: $0.2) }),
        inventory: inventory)
    }
    let all = ["gw", "a", "b", "c"]
    let behind = ["gw": ["a", "b", "c"]]
    #expect(dependants(["a", "b", "c"].map { ("gw", $0, "serves") }, all) == behind)
    #expect(dependants(["a", "b", "c"].map { ($0, "gw", "uplink") }, all) == behind)
    // Also where they are no targets.
    #expect(dependants(["a", "b", "c"].map { ("gw", $0, "serves") }, ["gw"]) == behind)
    // Over a hop that the inventory does not list.
    #expect(
      dependants(
        [("a", "switch", "uplink"), ("b", "switch", "uplink"), ("switch", "gw", "up")], ["gw", "a"])
        == ["gw": ["a", "b"]])
    // Equals carry nobody; a ring ends and carries its other members.
    #expect(dependants([("a", "b", "link"), ("b", "c", "link")], ["a", "b", "c"]) == [:])
    #expect(dependants([("a", "b", "depends"), ("b", "a", "depends")], ["a"]) == ["a": ["b"]])
  }

  @Test func aGatewayIsRefusedAndShownAlsoWhereNothingBehindItIsATarget() throws {
    let names = ["gw", "pump-1"]
    var selection = Support.selection(names, inventory: Support.inventory(names))
    selection.protected = ["gw": "1 device hangs on it"]
    let plan = try Planner(executors: SimulatedFleet().executors).plan(
      try SimulatedFleet.playbook(), selection: selection, options: .init(), now: Support.now)
    #expect(plan.targets.map(\.device) == ["pump-1"])
    #expect(plan.refused.map(\.device) == ["gw"] && plan.refusedByCode().map(\.value) == ["protected"])
  }

  @Test func whoHangsOnATargetCountsForTheLimitsAndStandsInThePlan() throws {
    let names = ["gw"] + (1...9).map { "pump-\($0)" }
    var selection = Support.selection(["gw"], inventory: Support.inventory(names))
    let planner = Planner(executors: SimulatedFleet().executors)
    let alone = try planner.plan(
      try SimulatedFleet.playbook(), selection: selection, options: .init(), now: Support.now)
    #expect(alone.carried == 0)
    selection.dependants = ["gw": Array(names.dropFirst())]
    let plan = try planner.plan(
      try SimulatedFleet.playbook(), selection: selection, options: .init(), now: Support.now)
    #expect(plan.targets.count == 1 && plan.carried == 9)
    var text: [UInt8] = []
    plan.write { text += Array($0.utf8) }
    #expect(try ExecutionPlan(reading: text, now: Support.now).carried == 9)
    var limited = plan
    limited.fleetSize = 20
    #expect(Planner.approval(of: limited).needed >= Planner.approval(of: alone).needed)
  }
}
