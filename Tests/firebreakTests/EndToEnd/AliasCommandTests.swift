import Foundation
import Testing

/// Who is who: names of one device, each join with its evidence, reversible.
@Suite struct AliasCommandTests {
  private func rows(_ run: BuiltProgram.Run) throws -> [[String: Any]] {
    try run.output.split(separator: "\n").map { try jsonObject(String($0)) }
  }

  private func workspace() throws -> Workspace {
    let work = try Workspace()
    try work.write(
      "router.log",
      """
      2026-04-07T09:00:00Z router dnsmasq-dhcp[3]: DHCPACK(br-lan) 192.0.2.23 24:6f:28:aa:bb:cc kitchen-cam
      2026-04-07T09:00:01Z router dnsmasq-dhcp[3]: DHCPACK(br-lan) 192.0.2.24 24:6f:28:aa:bb:dd
      2026-04-07T09:30:00Z router dnsmasq-dhcp[3]: DHCPACK(br-lan) 192.0.2.24 24:6f:28:aa:bb:ee
      2026-04-07T09:30:01Z router hostapd[9]: wlan0: STA 24:6f:28:aa:bb:cc associated

      """)
    try work.write(
      "mosquitto.log",
      """
      1775552400: New connection from 192.0.2.23:34356 on port 1883.
      1775552400: New client connected from 192.0.2.23:34356 as cam-0007 (p2, c1, k60, u'cam').

      """)
    try work.write("inventory.csv", "device,mac,site\nplant-cam,24-6F-28-AA-BB-CC,north\n")
    let run = try work.firebreak(
      "ingest", "router.log", "mosquitto.log", "--inventory", "inventory.csv", "--case", "x.firebreak")
    try #require(run.exit == 0, "\(run.errors)")
    return work
  }

  @Test func namesAreJoinedByLeasesConnectionsAndTheInventory() throws {
    let work = try workspace()
    let run = try work.firebreak("devices", "--aliases", "--case", "x.firebreak", "--format", "jsonl")
    #expect(run.exit == 0, "\(run.errors)")
    let all = try rows(run)
    let own = all.filter { $0["device"] as? String == "plant-cam" }
    let names = Set(own.flatMap { [$0["name"] as? String ?? "", $0["other"] as? String ?? ""] })
    #expect(
      names == ["plant-cam", "24:6f:28:aa:bb:cc", "192.0.2.23", "kitchen-cam", "cam-0007"], "\(run.output)")
    let lease = try #require(own.first { $0["reason"] as? String == "DHCP lease" })
    let evidence = try #require(lease["evidence"] as? [Int])
    let event = try work.firebreak("show", "\(evidence[0])", "--case", "x.firebreak")
    #expect(event.output.contains("DHCPACK"))
    // An address that two devices had joins neither.
    #expect(
      all.filter { $0["other"] as? String == "192.0.2.24" }.allSatisfy {
        $0["verdict"] as? String == "shared"
      })
    let found = try work.firebreak(
      "query", "identity:kitchen-cam", "--case", "x.firebreak", "--format", "jsonl")
    #expect(try rows(found).contains { $0["device"] as? String == "cam-0007" }, "\(found.output)")
  }

  /// Who asks by a name under which nothing was said is told the others, and not that nothing happened.
  @Test func aNameUnderWhichNothingWasSaidLeadsToTheOthers() throws {
    let work = try Workspace()
    var log = ""
    for minute in 0..<60 {
      for pump in 1...8 {
        log +=
          "2026-04-07T09:\(String(format: "%02d", minute)):0\(pump)Z 10.0.0.\(pump) app: pressure ok \(minute)\n"
      }
    }
    for pump in [3, 4, 5] {
      log += "2026-04-07T10:00:0\(pump)Z 10.0.0.\(pump) kernel: Kernel panic - not syncing: fatal exception\n"
    }
    try work.write("pumps.log", log)
    try work.write(
      "inventory.csv", "device,address,site\n" + (1...8).map { "pump-\($0),10.0.0.\($0),north\n" }.joined())
    let ingested = try work.firebreak(
      "ingest", "pumps.log", "--inventory", "inventory.csv", "--case", "x.firebreak")
    try #require(ingested.exit == 0, "\(ingested.errors)")
    let query = try work.firebreak("query", "device:pump-3", "--case", "x.firebreak")
    #expect(query.exit == 1 && query.errors.contains("'pump-3' is also '10.0.0.3'"), "\(query.errors)")
    #expect(query.errors.contains("identity:pump-3"))
    let other = try work.firebreak("query", "device:nobody", "--case", "x.firebreak")
    #expect(other.exit == 1 && !other.errors.contains("is also"), "\(other.errors)")
    // A condition on the inventory sees the names that it lists: what stands under others is not left out in silence.
    let site = try work.firebreak("query", "site:north", "--case", "x.firebreak")
    #expect(site.exit == 1)
    #expect(
      site.errors.contains("left out: 483 events under 8 other names of devices that fit"), "\(site.errors)")
    #expect(site.errors.contains("'10.0.0.1', '10.0.0.2', '10.0.0.3', …"))
    let one = try work.firebreak("query", "site:north address:10.0.0.3", "--case", "x.firebreak")
    #expect(one.errors.contains("left out: 61 events under 1 other name of devices"), "\(one.errors)")
    let none = try work.firebreak("query", "site:south", "--case", "x.firebreak")
    #expect(none.exit == 1 && !none.errors.contains("left out"), "\(none.errors)")
    let explained = try work.firebreak("explain", "pump-3", "--case", "x.firebreak")
    #expect(explained.exit == 1 && explained.errors.contains("explain 10.0.0.3"), "\(explained.errors)")
  }

  /// Where some events of a device are found and others stand under another name, the answer says so.
  @Test func anAnswerThatIsNotAllOfItSaysSo() throws {
    let work = try Workspace()
    var log = ""
    for minute in 10..<40 {
      log += "2026-04-07T09:\(minute):01Z pump-1 app: pressure ok \(minute)\n"
      log += "2026-04-07T09:\(minute):02Z 10.0.0.1 app: pressure ok \(minute)\n"
      log += "2026-04-07T09:\(minute):03Z pump-2 app: pressure ok \(minute)\n"
    }
    try work.write("pumps.log", log)
    try work.write("inventory.csv", "device,address,site\npump-1,10.0.0.1,north\npump-2,10.0.0.2,south\n")
    let ingested = try work.firebreak(
      "ingest", "pumps.log", "--inventory", "inventory.csv", "--case", "x.firebreak")
    try #require(ingested.exit == 0, "\(ingested.errors)")
    func query(_ expression: String) throws -> BuiltProgram.Run {
      try work.firebreak("query", expression, "--count-by", "device", "--case", "x.firebreak")
    }
    let before = try query("site:north")
    #expect(before.exit == 0)
    #expect(before.errors.contains("'firebreak devices --aliases' finds which"), "\(before.errors)")
    #expect(try work.firebreak("devices", "--aliases", "--case", "x.firebreak").exit == 0)
    let north = try query("site:north")
    #expect(north.errors.contains("left out: 30 events under 1 other name"), "\(north.errors)")
    // Who fits no condition, or asks for none, is told nothing.
    for expression in ["site:south", "pressure", "NOT site:north", "site:\"\""] {
      #expect(try !query(expression).errors.contains("left out"), "\(expression)")
    }
    let either = try query("site:south OR site:north")
    #expect(either.errors.contains("left out: 30 events"), "\(either.errors)")
    let all = try query("identity:pump-1")
    #expect(all.output.contains("10.0.0.1") && all.output.contains("pump-1"))
  }

  /// Who speaks of an address does not have it: neither the broker that lists its clients nor the host that was attacked.
  @Test func addressesOfOthersAreNoNamesOfTheSpeaker() throws {
    let work = try Workspace()
    try work.write(
      "syslog.log",
      """
      2026-04-07T09:00:00Z mq-east mosquitto[624]: New client connected from 192.0.2.100:38000 as vlv-73 (p2, c1, k60).
      2026-04-07T09:00:01Z router1 sshd[77]: Failed password for root from 198.51.100.7 port 4242 ssh2
      2026-04-07T09:00:02Z router1 sshd[78]: Connection closed by 203.0.113.168 port 4243 [preauth]
      2026-04-07T09:00:03Z router1 dropbear[79]: Bad password attempt for 'admin' from 198.51.100.9:5000
      2026-04-07T09:00:04Z router1 agent[80]: {"msg":"peer seen","ip":"198.51.100.10","mac":"24:6f:28:aa:bb:99"}

      """)
    try #require(try work.firebreak("ingest", "syslog.log", "--case", "x.firebreak").exit == 0)
    let all = try rows(work.firebreak("devices", "--aliases", "--case", "x.firebreak", "--format", "jsonl"))
    let pairs = all.compactMap { row in
      (row["name"] as? String).map { "\($0)=\(row["other"] as? String ?? "")" }
    }
    #expect(pairs == ["vlv-73=192.0.2.100"], "\(pairs)")
    for address in ["198.51.100.7", "203.0.113.168", "192.0.2.100"] {
      let found = try work.firebreak(
        "query", "identity:\(address)", "--count-by", "device", "--case", "x.firebreak")
      #expect(!found.output.contains("router1") && !found.output.contains("mq-east"), "\(found.output)")
    }
  }

  @Test func aRejectedJoinHoldsForTheNextQuestionAndTraceKnowsIt() throws {
    let work = try workspace()
    #expect(try work.firebreak("devices", "--aliases", "--case", "x.firebreak").exit == 0)
    let before = try work.firebreak(
      "query", "identity:192.0.2.23", "--case", "x.firebreak", "--format", "jsonl")
    #expect(before.output.contains("cam-0007"), "\(before.output)")
    // Another note in between changes nothing of that.
    #expect(try work.firebreak("note", "1", "seen", "--case", "x.firebreak").exit == 0)
    #expect(
      try work.firebreak("note", "--reject", "alias:cam-0007=192.0.2.23", "NAT", "--case", "x.firebreak").exit
        == 0)
    let after = try work.firebreak(
      "query", "identity:192.0.2.23", "--case", "x.firebreak", "--format", "jsonl")
    #expect(!after.output.contains("cam-0007"), "\(after.output)")
    let trace = try work.firebreak("trace", "--case", "x.firebreak", "--no-store")
    #expect(!trace.output.contains("alias:") && !trace.errors.contains("alias:"), "\(trace)")
    #expect(try work.firebreak("note", "--retract", "2", "--case", "x.firebreak").exit == 0)
    let again = try work.firebreak(
      "query", "identity:192.0.2.23", "--case", "x.firebreak", "--format", "jsonl")
    #expect(again.output.contains("cam-0007"), "\(again.output)")
  }

  @Test func aJoinIsRejectedAndTakenBack() throws {
    let work = try workspace()
    #expect(try work.firebreak("devices", "--aliases", "--case", "x.firebreak").exit == 0)
    let note = try work.firebreak(
      "note", "--reject", "alias:cam-0007=192.0.2.23", "NAT", "--case", "x.firebreak")
    #expect(note.exit == 0, "\(note.errors)")
    let run = try rows(work.firebreak("devices", "--aliases", "--case", "x.firebreak", "--format", "jsonl"))
    #expect(run.first { $0["name"] as? String == "cam-0007" }?["verdict"] as? String == "rejected")
    #expect(
      try work.firebreak("query", "identity:kitchen-cam", "device:cam-0007", "--case", "x.firebreak").exit
        == 1)
    #expect(try work.firebreak("note", "--retract", "1", "--case", "x.firebreak").exit == 0)
    let again = try rows(work.firebreak("devices", "--aliases", "--case", "x.firebreak", "--format", "jsonl"))
    #expect(again.first { $0["name"] as? String == "cam-0007" }?["verdict"] as? String == "joined")
  }

  @Test func eventsWithoutADeviceTakeTheRuleThatFits() throws {
    let work = try Workspace()
    try work.write("a/console.log", "I (100) wifi: up\nI (900) app: a\n")
    try work.write("b/console.log", "I (100) wifi: up\nI (800) app: b\n")
    let run = try work.firebreak(
      "ingest", "a", "b", "--case", "x.firebreak", "--device", "a/*=lamp-1", "--device", "b/*=lamp-2")
    #expect(run.exit == 0, "\(run.errors)")
    let devices = try rows(work.firebreak("devices", "--case", "x.firebreak", "--format", "jsonl"))
    #expect(devices.compactMap { $0["device"] as? String }.sorted() == ["lamp-1", "lamp-2"])
    let said = try work.firebreak("sources", "--verbose", "--case", "x.firebreak")
    #expect(said.output.contains("lamp-1: given by --device"), "\(said.output)")
  }
}
