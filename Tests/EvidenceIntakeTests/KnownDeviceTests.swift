import Testing

@testable import EvidenceIntake

/// Which field or word names the device, told by the names that the inventory lists.
@Suite struct KnownDeviceTests {
  private static let fleet = Set((10..<30).map { "evb-\($0)" })

  /// A stamp for each of some lines.
  private static func time(_ line: Int) -> String {
    func two(_ number: Int) -> String { String(number + 100).dropFirst().description }
    return "2026-04-07T09:\(two(line / 60)):\(two(line % 60))"
  }

  private static func table(_ header: String, count: Int = 200, _ row: (Int) -> String) -> String {
    header + "\n" + (0..<count).map { time($0) + "Z," + row($0) + "\n" }.joined()
  }

  private func devices(
    _ text: String, _ name: String = "parks.csv", known: Set<String> = fleet
  ) throws -> (devices: Set<String>, sink: MemorySink, notes: [String]) {
    let folder = Folder()
    folder.write(name, text)
    let (sink, summary) = try ingest([folder.path]) { $0.knownDevices = known }
    return (Set(sink.events.map(\.device)), sink, summary.notes)
  }

  // MARK: Columns

  @Test(arguments: ["cp_id", "well", "Pumpe", "Fuehler", "tag", "pole_ref", "bed", "Station", "module"])
  func aColumnOfTheInventorysNamesIsTheDevices(header: String) throws {
    let text = Self.table("ts,\(header),event") { "evb-\($0 % 20 + 10),ok \($0)" }
    let found = try devices(text)
    #expect(found.devices == Self.fleet && found.notes.isEmpty, "\(found.notes)")
  }

  @Test func membersAndPairsCountAsColumnsDo() throws {
    let lines = (0..<60).map {
      #"{"ts":"\#(Self.time($0))Z","service.cp":"evb-\#($0 % 20 + 10)","msg":"session kept"}"# + "\n"
    }.joined()
    #expect(try devices(lines, "export.jsonl").devices == Self.fleet)
    let pairs = (0..<60).map { "ts=\(Self.time($0))Z cp=evb-\($0 % 20 + 10) msg=\"session kept\"\n" }.joined()
    #expect(try devices(pairs, "export.txt").devices == Self.fleet)
  }

  /// The site is not in the inventory, the box is.
  @Test func knownNamesComeBeforeOthers() throws {
    let text = Self.table("ts,station,box_ref,event") { "yard-\($0 % 3 + 1),evb-\($0 % 20 + 10),ok" }
    #expect(try devices(text).devices == Self.fleet)
    #expect(try devices(text, known: []).devices == ["yard-1", "yard-2", "yard-3"])
  }

  /// Of two columns of known devices the one with more of them is whom the row is about; `peer` and the like are somebody else.
  @Test func whatManyShareIsNotWhomARecordIsAbout() throws {
    let known = Self.fleet.union(["head-1", "head-2"])
    let text = Self.table("ts,head_end,cp,neighbour,event") {
      "head-\($0 % 2 + 1),evb-\($0 % 10 + 10),evb-\($0 % 20 + 10),ok"
    }
    #expect(try devices(text, known: known).devices == Set((10..<20).map { "evb-\($0)" }))
    let relayed = Self.table("ts,gateway,cp,event") { "head-\($0 % 2 + 1),evb-\($0 % 20 + 10),ok" }
    #expect(try devices(relayed, known: known).devices == Self.fleet)
  }

  /// Of a log of a known device: another device in each record, and names of components.
  @Test func theFolderOfAKnownDeviceStands() throws {
    let known = Self.fleet.union(["hub-1", "HUB"])
    let attached = Self.table("ts,uplink,event") { "hub-1,ok \($0)" }
    #expect(try devices(attached, "evb-10/export.csv", known: known).devices == ["evb-10"])
    for header in ["Source", "Quelle", "origin"] {
      let parts = Self.table("ts,\(header),message") { ["Deploy", "Ldap", "Timer"][$0 % 3] + ",all is well" }
      let found = try devices(parts, "HUB/service.csv", known: known)
      #expect(found.devices == ["HUB"], "\(header)")
    }
    // A word for a device still names one that the inventory lacks.
    let named = Self.table("ts,device,event") { "probe-\($0 % 4 + 1),ok" }
    #expect(
      try devices(named, "HUB/probes.csv", known: known).devices == [
        "probe-1", "probe-2", "probe-3", "probe-4",
      ])
  }

  /// What came through a gateway and names no device is the log's own.
  @Test func aRelayIsNotWhomALogOfAnotherIsAbout() throws {
    let known = Self.fleet.union(["ns-1", "gw-1", "gw-2"])
    let lines = (0..<60).map { line in
      let ends =
        line % 5 == 4
        ? "msg=\"no session\" gateway_id=gw-\(line % 2 + 1)"
        : "msg=\"uplink kept\" dev_eui=evb-\(line % 20 + 10) gateway_id=gw-\(line % 2 + 1)"
      return "time=\"\(Self.time(line))Z\" level=info \(ends)\n"
    }.joined()
    let found = try devices(lines, "ns-1/server.log", known: known)
    #expect(found.sink.events.filter { $0.text == "no session" }.allSatisfy { $0.device == "ns-1" })
    #expect(
      found.sink.events.filter { $0.text == "uplink kept" }.allSatisfy { Self.fleet.contains($0.device) })
  }

  @Test func shortNumbersAreNoNames() throws {
    let known = Set((1...9).map(String.init))
    let text = Self.table("ts,retries,event") { "\($0 % 9 + 1),ok" }
    #expect(try devices(text, known: known).devices == ["parks"])
  }

  // MARK: What is said

  @Test func saysThatAColumnLooksLikeDevices() throws {
    let text = Self.table("ts,cp_id,event") { "evb-\($0 % 20 + 10),ok" }
    for known in [[], ["other-1"]] as [Set<String>] {
      let notes = try devices(text, known: known).notes
      let note = try #require(notes.first)
      #expect(notes.count == 1 && note.contains("'cp_id'") && note.contains("'evb-10'"), "\(notes)")
      #expect(note.contains("the inventory lists none") == !known.isEmpty)
    }
  }

  @Test(arguments: [
    // Codes, parts, states, numbers of events, and values of several kinds.
    ("error_code", ["E-10", "E-11", "E-12", "E-13"]), ("connector", ["C-10", "C-11", "C-12"]),
    ("state", ["run-10", "run-11", "run-12"]), ("kept", ["on", "off", "idle"]),
    ("rest", ["a-10", "b-11", "c-12"]),
  ]) func saysNothingOfOtherColumns(header: String, values: [String]) throws {
    let text = Self.table("ts,\(header),event") { "\(values[$0 % values.count]),ok" }
    #expect(try devices(text, known: []).notes.isEmpty)
    let numbered = Self.table("ts,entry,event") { "entry-\($0 + 100),ok" }
    #expect(try devices(numbered, known: []).notes.isEmpty)
    // A file of one device, whose parts are numbered.
    let own = Self.table("ts,bay,event") { "bay-\($0 % 4 + 1),ok" }
    #expect(try devices(own, "evb-77.csv", known: []).notes.isEmpty)
    #expect(try devices(own, "evb-10/export.csv").notes.isEmpty)
  }

  // MARK: Text

  private func text(_ rest: (Int) -> String) -> String {
    (0..<20).map { Self.time($0).replacing("T", with: " ") + ",471 " + rest($0) + "\n" }.joined()
  }

  @Test func threadsInTheLogOfAKnownDeviceAreNone() throws {
    let threads = text { "INFO  [poll-\($0 % 4 + 1)] meter \($0) read" }
    #expect(try devices(threads, "evb-10/collector.log").devices == ["evb-10"])
    #expect(try devices(threads, "collector.log").devices == ["poll-1", "poll-2", "poll-3", "poll-4"])
    let named = text { "[INFO] poll-\($0 % 4 + 1) net: read \($0)" }
    #expect(try devices(named, "evb-10/collector.log").devices == ["evb-10"])
    #expect(try devices(named, "collector.log").devices.contains("poll-1"))
    #expect(
      try devices(named.replacing("poll-3", with: "evb-11"), "evb-10/collector.log").devices.contains(
        "evb-11"))
    let cells = (0..<20).map { "\(Self.time($0))Z|poll-\($0 % 4 + 1)|ERROR|meter \($0)\n" }.joined()
    #expect(try devices(cells, "evb-10/collector.log").devices == ["evb-10"])
    #expect(try devices(cells, "collector.log").devices.contains("poll-1"))
  }

  @Test func namesOfTheInventoryAreDevicesWhereverTheyStand() throws {
    let lines = text { "[evb-\($0 % 20 + 10)] INFO c.h.Engine - session \($0)" }
    #expect(try devices(lines, "evb-10/collector.log").devices == Self.fleet)
    #expect(try devices(lines, "collector.log", known: []).devices == ["collector"])
  }
}
