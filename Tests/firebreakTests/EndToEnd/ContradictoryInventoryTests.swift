import Testing

/// An inventory that says two things of one device: the permissive one must not count.
@Suite struct ContradictoryInventoryTests {
  private static let lock =
    "interlocks: [{attribute: life_safety, require: [\"no\"], reason: people depend on it}]"

  private func act(_ work: Workspace, _ arguments: String...) throws -> BuiltProgram.Run {
    try work.playbook(arguments)
  }

  @Test func aDeviceWhoseRowsContradictEachOtherIsRefusedAsOneThatIsNotKnown() throws {
    let work = try Workspace()
    try work.ingestFleet()
    try work.write("p.yaml", work.touchPlaybook(rollout: Self.lock))
    try work.write(
      "two.csv", "device,site,life_safety\ngw-2,icu,no\ngw-3,icu,no\ngw-4,icu,\ngw-2,icu,yes\n")
    try work.write("b.log", Workspace.log(1, host: "gw-1", from: 50))
    let ingest = try work.ingest(work.at("b.log"), options: ["--inventory", work.at("two.csv")]).run
    #expect(
      ingest.exit == 0 && ingest.errors.contains("line 5 says 'yes' in column 'life_safety'"), "\(ingest)")
    let plan = try act(
      work, "plan", work.at("p.yaml"), "--targets", "attr.site:icu", "--output", work.at("p.plan"))
    #expect(plan.exit == 0 && plan.output.contains("1 of 3 devices, 2 refused"), "\(plan)")
    let refused = plan.output.split(separator: "\n").filter { $0.hasSuffix("[interlock]") }
    func reason(_ device: String) -> Substring? {
      refused.first { $0.hasPrefix("  \(device): ") }?.split(separator: ": ", maxSplits: 1).last
    }
    #expect(reason("gw-2") != nil && reason("gw-2") == reason("gw-4"), "\(plan)")
    for value in ["no", "yes"] {
      let query = "device:gw-2 AND attr.life_safety:\(value)"
      let found = try act(work, "plan", work.at("p.yaml"), "--targets", query)
      #expect(found.exit != 0, "\(found)")
    }
    #expect(try act(work, "run", work.at("p.plan")).exit == 0 && work.acted == ["gw-3"])
    // Not known is what an empty value asks for, also of devices without an event.
    try work.write("free.yaml", work.touchPlaybook())
    let query = "attr.life_safety:\"\""
    let refusedAll = try act(work, "plan", work.at("free.yaml"), "--targets", query)
    #expect(refusedAll.exit == 2 && refusedAll.errors.contains("(2 life-safety)"), "\(refusedAll)")
    let unknown = try act(
      work, "plan", work.at("free.yaml"), "--targets", query, "--include-life-safety", "gw-2",
      "--include-life-safety", "gw-4")
    #expect(unknown.exit == 0 && unknown.output.contains("2 of 3 devices, 0 refused"), "\(unknown)")
    #expect(unknown.output.contains("  gw-4") && unknown.output.contains("  gw-2"), "\(unknown)")
  }

  @Test func theUndoScriptTakesContradictoryRowsForNoAnswer() throws {
    let work = try Workspace()
    try work.ingestFleet()
    try work.write("p.yaml", work.touchPlaybook(rollout: Self.lock + "\n        undo_is_safe: false"))
    let made = try act(
      work, "plan", work.at("p.yaml"), "--targets", "device:gw-2 OR device:gw-3", "--output",
      work.at("p.plan"))
    try #require(made.exit == 0, "\(made)")
    try #require(try act(work, "run", work.at("p.plan")).exit == 0)
    try work.write("now.csv", "device,life_safety\ngw-2,no\ngw-3,no\ngw-3,\ngw-2,yes\n")
    let run = try Shell.run("INVENTORY=now.csv x.firebreak.runs/*/undo.sh", in: work)
    #expect(run.status == 1 && run.output.contains("gw-2 is left alone"), "\(run)")
    #expect(work.acted == ["gw-2"])
  }
}
