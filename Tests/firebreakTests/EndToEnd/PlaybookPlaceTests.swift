import Foundation
import Testing

/// Machines and not names: what we stand on is known by its addresses, and who has moved is not acted on where it was.
@Suite struct PlaybookPlaceTests {
  @Test func whatWeStandOnIsLeftOutByItsAddressesToo() throws {
    let work = try Workspace()
    try work.write("a.log", Workspace.log(20))
    try work.write(
      "inv.csv",
      """
      device,role,address,mgmt_ip,life_safety
      emqx-3,bus,10.0.0.7,,no
      mgmt-7,bus,10.0.0.70,::ffff:10.0.0.7,no
      lo,jump,127.0.0.1,,no
      core-10,MQTT Broker,10.0.0.10,,no
      core-11,mqtt broker,10.0.0.11,,no
      core-12,Broker,10.0.0.12,,no
      cam-01,camera,10.0.0.9,,no

      """)
    try #require(
      try work.ingest(work.at("a.log"), options: ["--inventory", work.at("inv.csv")]).run.exit == 0)
    func refused(_ playbook: String, _ more: String...) throws -> [String: String] {
      let file = Repository.root.appending(path: "Playbooks/\(playbook)/playbook.yaml").path(
        percentEncoded: false)
      let plan = try work.playbook(["plan", file, "--targets", "device:*", "--format", "json"] + more)
      try #require(plan.exit == 0, "\(plan)")
      let report = try #require(
        try JSONSerialization.jsonObject(with: Data(plan.output.utf8)) as? [String: Any])
      let list = try #require(report["refused"] as? [[String: String]])
      return Dictionary(list.map { ($0["device"] ?? "", $0["reason"] ?? "") }) { a, _ in a }
    }
    let isolated = try refused("isolate-device", "--set", "broker=mqtt://10.0.0.7:1883")
    #expect(Set(isolated.keys) == ["emqx-3", "mgmt-7", "lo", "core-10", "core-11", "core-12"], "\(isolated)")
    #expect(isolated["emqx-3"]?.contains("the playbook works through it") == true, "\(isolated)")
    #expect(isolated["mgmt-7"]?.contains("'mgmt_ip' is '::ffff:10.0.0.7'") == true, "\(isolated)")
    #expect(isolated["lo"]?.contains("the machine we run on") == true, "\(isolated)")
    #expect(isolated["core-11"]?.contains("it is a broker ('role' is 'mqtt broker')") == true, "\(isolated)")
    // Named, and by a name of DNS.
    let named = try refused("isolate-device", "--set", "broker=mqtt://EMQX-3.plant.example:1883")
    #expect(named["emqx-3"] != nil && named["mgmt-7"] == nil, "\(named)")
    let blocked = try refused("isolate-address")
    #expect(blocked["lo"] != nil && blocked["cam-01"] == nil, "\(blocked)")
    // Not what the playbook works through, and all the same under two names.
    #expect(blocked["emqx-3"]?.contains("'mgmt-7'") == true, "\(blocked)")
  }

  @Test func undoDoesNotGoWhereAnotherDeviceIsNow() throws {
    let work = try Workspace()
    func ingest(_ rows: [String], _ log: String) throws {
      try work.write("inv.csv", "device,address,life_safety\n" + rows.joined(separator: "\n") + "\n")
      try work.write(log, Workspace.log(3, host: log))
      try #require(
        try work.ingest(work.at(log), options: ["--inventory", work.at("inv.csv")]).run.exit == 0)
    }
    try ingest(["gw-2,10.0.0.2,no", "gw-3,10.0.0.3,no"], "a.log")
    let bound = work.touchPlaybook(
      rollout:
        "undo_is_safe: false\n        interlocks: [{attribute: life_safety, require: [\"no\"], reason: people depend on it}]"
    )
    .replacingOccurrences(
      of: "bindings: {__device__: device}",
      with: "bindings: {__device__: device, __address__: inventory.address}"
    )
    .replacingOccurrences(
      of: "{__device__: {type: string}}", with: "{__device__: {type: string}, __address__: {type: string}}")
    try work.write("p.yaml", bound)
    try #require(try work.plan("device:*").exit == 0)
    try #require(try work.playbook("run", work.at("p.plan")).exit == 0)
    #expect(work.acted.sorted() == ["gw-2", "gw-3"])
    try ingest(["gw-2,10.0.0.22,no", "gw-3,10.0.0.3,no", "pump-7,10.0.0.2,yes"], "b.log")
    let undo = try work.playbook("undo", "--yes")
    #expect(undo.exit == 1 && work.acted == ["gw-2"], "\(undo)")
    #expect(undo.output.contains("'pump-7' now") && undo.output.contains("playbook settle"), "\(undo)")
    // Nor does the script for the day when only a shell is left.
    let script = try Shell.run("INVENTORY=inv.csv sh x.firebreak.runs/*/undo.sh", in: work)
    #expect(script.status == 1 && work.acted == ["gw-2"], "\(script)")
    #expect(script.output.contains("gw-2 is left alone: its address was '10.0.0.2'"), "\(script)")
    // The inventory of then was right: the rest is taken back.
    try ingest(["gw-2,10.0.0.2,no", "gw-3,10.0.0.3,no"], "c.log")
    #expect(try work.playbook("undo", "--yes").exit == 0 && work.acted.isEmpty)
  }

  @Test func anInventoryFromTheFutureIsGivenAgainAndNotAllowedByAnAge() throws {
    let lock = "interlocks: [{attribute: life_safety, require: [\"no\"], reason: people depend on it}]"
    let work = try Workspace.fleet(rollout: lock)
    try #require(
      try Shell.run(
        "sqlite3 x.firebreak \"INSERT INTO custody(at,actor,action,subject,sha256,detail) SELECT at+90000000000000,actor,action,subject,sha256,detail FROM custody WHERE action='inventory' ORDER BY id DESC LIMIT 1\"",
        in: work
      ).status == 0)
    let plan = try work.plan("device:gw-2", "--max-inventory-age", "99999")
    #expect(plan.exit == 2 && plan.errors.contains("from now"), "\(plan)")
    #expect(
      !plan.errors.contains("--max-inventory-age") && plan.errors.contains("ingest a new one"), "\(plan)")
    // What is advised helps.
    try work.write("b.log", Workspace.log(3, host: "gw-3"))
    try #require(
      try work.ingest(work.at("b.log"), options: ["--inventory", work.at("inv.csv")]).run.exit == 0)
    #expect(try work.plan("device:gw-2").exit == 0)
  }

  @Test func aSignatureThatNobodyCheckedIsSaidToBeThat() throws {
    let key = Data(
      [0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00]
        + [UInt8](repeating: 9, count: 32)
    )
    .base64EncodedString()
    func signature(_ key: String) -> String {
      """
      signatures: [{type: jss, id: jss--11111111-1111-4111-8111-111111111111, created: "2026-01-02T00:00:00.000Z", modified: "2026-01-02T00:00:00.000Z", signee: us, related_to: playbook--e042eeb5-e2b1-4b8e-b116-6922a21299ed, related_version: "2026-01-02T00:00:00.000Z", hash_algorithm: sha-256, algorithm: Ed25519, \(key), value: AAAA}]
      """
    }
    for (head, said, rule) in [
      (signature("public_key: \"\(key)\""), "NOT GOOD", "signature.bad"),
      (signature("cert_url: \"https://example.org/c\""), "was not checked", "signature.unchecked"),
    ] {
      let work = try Workspace.fleet(head: head)
      let checked = try work.playbook("validate", work.at("p.yaml"))
      #expect(
        checked.exit == 0 && checked.output.contains(rule)
          && checked.output.contains("--signer") == (rule != "signature.bad"), "\(checked)")
      let plan = try work.plan("device:gw-2")
      #expect(plan.exit == 0 && plan.output.contains(said), "\(plan)")
      #expect(plan.errors.contains("NOT GOOD") == (rule == "signature.bad"), "\(plan)")
    }
  }
}
