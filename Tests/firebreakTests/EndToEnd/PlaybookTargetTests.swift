import Foundation
import Testing

/// Whom a plan hits, by the program as people run it: nobody that was not meant, nobody that must not be.
@Suite struct PlaybookTargetTests {
  @Test func oneForgedHostNameInTenThousandLinesHasNothingDoneToThatHost() throws {
    // gw-1 is in trouble in 10,000 lines. One more line, that anybody on the network could have sent, says gw-7 is.
    var lines: [String] = (0..<9_999).map { (index: Int) -> String in
      let time = String(format: "%02d:%02d:%02d", 9 + index / 3600, index / 60 % 60, index % 60)
      return "2026-04-07T\(time).000000+00:00 gw-1 relayd[41]: <err> relay \(index) lost its upstream"
    }
    lines.insert(
      "2026-04-07T10:11:12.000000+00:00 gw-7 relayd[41]: <err> relay 7 lost its upstream", at: 4321)
    let work = try Workspace.fleet(lines.joined(separator: "\n") + "\n")
    // A name that only a line asserts selects nobody, gw-1's own lines in the same file neither.
    let refused = try work.plan("text:upstream")
    #expect(refused.exit == 2 && refused.errors.contains("self-asserted"), "\(refused)")
    #expect(!FileManager.default.fileExists(atPath: work.at("p.plan")))
    // Together with the inventory: the devices that the inventory names, and not the one that the line names.
    let mixed = try work.plan("device:gw-2 OR text:upstream")
    #expect(
      mixed.exit == 0 && mixed.output.contains("gw-7") && mixed.output.contains("self-asserted"), "\(mixed)")
    let run = try work.playbook("run", work.at("p.plan"))
    #expect(run.exit == 0, "\(run)")
    #expect(work.acted == ["gw-2"])
    // Who takes it all the same needs two people.
    let wide = try work.plan("text:upstream", "--include-self-asserted", output: "wide.plan")
    #expect(wide.exit == 0 && wide.output.contains("two"), "\(wide)")
    #expect(try work.playbook("run", work.at("wide.plan")).exit == 1)
    #expect(work.acted == ["gw-2"])
  }

  @Test func aGatewayIsNotCutOffWithWhomItCarriesInAPlanOfOneDevice() throws {
    // gw-1 carries the others, by the inventory's column; people depend on gw-5.
    let work = try Workspace()
    try work.write("a.log", Workspace.log(20))
    let rows = (2...8).map { "gw-\($0),\($0 == 5 ? "yes" : "no"),gw-1" }
    try work.write("inv.csv", "device,life_safety,gateway\ngw-1,no,\n" + rows.joined(separator: "\n") + "\n")
    try #require(
      try work.ingest(work.at("a.log"), options: ["--inventory", work.at("inv.csv")]).run.exit == 0)
    let interlock = "interlocks: [{attribute: life_safety, require: [\"no\"], reason: people depend on it}]"
    try work.write("p.yaml", work.touchPlaybook(rollout: interlock))
    let alone = try work.plan("device:gw-1")
    #expect(alone.exit == 2 && alone.errors.contains("7 devices hang on it"), "\(alone)")
    // Named, it is still held back by the one behind it that the interlock protects.
    let named = try work.plan("device:gw-1", "--include-gateway", "gw-*")
    #expect(named.exit == 2 && named.errors.contains("'gw-5' hangs on it"), "\(named)")
    // Without interlock it is held back by what the inventory says of lives, until somebody names the device behind it; then all eight
    // count for the limit.
    try work.write("p.yaml", work.touchPlaybook(rollout: "max_percent: 25"))
    let unnamed = try work.plan("device:gw-1", "--include-gateway", "gw-1")
    #expect(
      unnamed.exit == 2 && unnamed.errors.contains("'gw-5' hangs on it: its 'life_safety' is 'yes'"),
      "\(unnamed)")
    let taken = try work.plan(
      "device:gw-1", "--include-gateway", "gw-1", "--include-life-safety", "gw-5")
    #expect(taken.output.contains("lives may hang on 1 that it hits, as you named them: gw-5"), "\(taken)")
    #expect(taken.exit == 0 && taken.output.contains("cuts off 7 more"), "\(taken)")
    #expect(taken.output.contains("two (1 of 8 devices with the 7"), "\(taken)")
    #expect(try work.playbook("run", work.at("p.plan")).exit != 0 && work.acted.isEmpty)
    // Who is to sign can read it.
    let shown = try work.playbook("show", work.at("p.plan"))
    #expect(shown.exit == 0 && shown.output.contains("cuts off 7 more"), "\(shown)")
    #expect(shown.output.contains("Hash ") && shown.errors.contains("ssh-keygen -Y sign"), "\(shown)")
  }

  /// Gateways are written by address or host name as often as by what the inventory calls them.
  @Test(arguments: ["10.8.0.1", "GW-1", "gw-1.plant.example"])
  func aGatewayIsKnownByItsAddressToo(written: String) throws {
    let work = try Workspace()
    try work.write("a.log", Workspace.log(20))
    let rows = (2...8).map { "gw-\($0),no,10.8.0.\($0 + 10),\(written)" }
    try work.write(
      "inv.csv",
      "device,life_safety,address,gateway\ngw-1,no,10.8.0.1,\n" + rows.joined(separator: "\n") + "\n")
    try #require(
      try work.ingest(work.at("a.log"), options: ["--inventory", work.at("inv.csv")]).run.exit == 0)
    try work.write("p.yaml", work.touchPlaybook())
    let alone = try work.plan("device:gw-1")
    #expect(alone.exit == 2 && alone.errors.contains("7 devices hang on it"), "\(alone)")
    #expect(!alone.errors.contains("lists under no name"))
  }

  @Test func aGatewayThatNobodyListsIsSaid() throws {
    let work = try Workspace.fleet(columns: "life_safety,gateway", row: "no,10.9.9.9")
    let made = try work.plan("device:gw-1")
    #expect(made.exit == 0 && made.errors.contains("'10.9.9.9'"), "\(made)")
  }

  /// A comma without quotes moves every cell behind it: "yes" would become "no".
  @Test func rowsWithACellTooManyMakeNobodySafe() throws {
    let work = try Workspace()
    try work.write("a.log", Workspace.log(20))
    try work.write(
      "inv.csv",
      "device,label,in_use,life_safety\ngw-1,Ward 3, bed 2,no,yes\ngw-2,Hall,no,no\ngw-3,Hall,no,no,\n"
        + (4...8).map { "gw-\($0),Hall,no,no\n" }.joined())
    let read = try work.ingest(work.at("a.log"), options: ["--inventory", work.at("inv.csv")])
    #expect(read.run.exit == 0 && read.run.errors.contains("line 2 ('gw-1')"), "\(read.run)")
    #expect(!read.run.errors.contains("gw-3"))
    let interlock = "interlocks: [{attribute: life_safety, require: [\"no\"], reason: people depend on it}]"
    try work.write("p.yaml", work.touchPlaybook(rollout: interlock))
    let alone = try work.plan("device:gw-1")
    #expect(alone.exit == 2 && alone.errors.contains("life_safety"), "\(alone)")
    #expect(try work.plan("device:gw-3", output: "q.plan").exit == 0)
  }

  @Test func targetsThatWereNotMeantAreRefusedAsAMistake() throws {
    let work = try Workspace.fleet()
    for (targets, said) in [
      ("", "write 'device:*'"), ("  ", "write 'device:*'"), ("gw-3", "did you mean device:gw-3?"),
      ("life_safety:no AND gw-3", "did you mean device:gw-3?"), ("upstream", "text:upstream"),
    ] {
      let plan = try work.plan(targets)
      #expect(plan.exit == 64 && plan.errors.contains(said), "\(targets): \(plan)")
    }
    let typo = try work.plan("device:gw-3", "--protect", "gw-33")
    #expect(typo.exit == 64 && typo.errors.contains("did you mean 'gw-3'?"), "\(typo)")
  }

  @Test func anInventoryThatIsTooOldOrSaysNothingHoldsBack() throws {
    let lock = "interlocks: [{attribute: life_safety, require: [\"no\"], reason: people depend on it}]"
    let work = try Workspace.fleet(rollout: lock)
    let old = try work.plan("device:gw-2", "--max-inventory-age", "0")
    #expect(old.exit == 2 && old.errors.contains("hours old") || old.errors.contains("future"), "\(old)")
    #expect(try work.plan("device:gw-2").exit == 0)
    let silent = try Workspace.fleet(rollout: lock, row: "")
    let none = try silent.plan("device:gw-2")
    #expect(none.exit == 2 && none.errors.contains("does not say its 'life_safety'"), "\(none)")
  }
}
