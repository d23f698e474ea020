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
