import Foundation
import Testing

/// What is decided about time, and how it shows.
@Suite struct ClockCommandTests {
  private func rows(_ run: BuiltProgram.Run) throws -> [[String: Any]] {
    try run.output.split(separator: "\n").map { try jsonObject(String($0)) }
  }

  private static func stamp(_ second: Double) -> String {
    let whole = Int(second.rounded(.down))
    let micros = Int(((second - Double(whole)) * 1e6).rounded())
    return String(
      format: "2026-04-07T%02d:%02d:%02d.%06dZ", 8 + whole / 3600, whole / 60 % 60, whole % 60,
      min(micros, 999_999))
  }

  /// A sensor whose clock is `ahead` seconds ahead and gains `drift` seconds in a second sends numbered messages to a hub, which
  /// writes them down 20 to 220 ms later by a clock that is right.
  private func pair(ahead: Double, drift: Double = 0, count: Int = 120, every: Double = 60) throws
    -> Workspace
  {
    let work = try Workspace()
    var sensor = ""
    var hub = ""
    for index in 0..<count {
      let sent = Double(index) * every
      let own = sent + ahead + drift * sent
      let delay = 0.02 + Double((index * 7919) % 200) / 1000
      sensor += "\(Self.stamp(own)) meter-7 app[3]: reading \(4_000_000 + index * 37) handed to uplink\n"
      hub +=
        "\(Self.stamp(sent + delay)) hub-1 ingest[9]: stored \(4_000_000 + index * 37) of meter-7 in bucket \(index % 3)\n"
      hub += "\(Self.stamp(sent + delay + 5)) hub-1 ingest[9]: housekeeping done in \(index % 11) ms\n"
    }
    try work.write("sensor.log", sensor)
    try work.write("hub.log", hub)
    let result = try work.ingest(work.at("sensor.log"), work.at("hub.log"))
    try #require(result.run.exit == 0, "\(result.run.errors)")
    return work
  }

  @Test func aClockThatIsAheadIsFoundAndBothTimesStay() throws {
    let work = try pair(ahead: 37.25)
    let run = try work.firebreak("clocks", "--case", "x.firebreak", "--format", "jsonl")
    #expect(run.exit == 0, "\(run.errors)")
    let found = try #require(try rows(run).first { $0["kind"] as? String == "correction" })
    #expect(found["device"] as? String == "meter-7")
    let error = try #require(found["error_seconds"] as? Double)
    #expect(error < 0.5)
    let event = try #require(
      try rows(
        work.firebreak(
          "query", "device:meter-7", "--limit", "1", "--case", "x.firebreak", "--format", "jsonl")
      ).first)
    #expect(event["time"] as? String == "2026-04-07T08:00:37.250000000Z")
    let corrected = try #require(event["corrected_time"] as? String)
    #expect(
      corrected.hasPrefix("2026-04-07T07:59:59.9") || corrected.hasPrefix("2026-04-07T08:00:00.0"),
      "\(corrected)")
    let view = try rows(
      work.firebreak(
        "query", "--case", "x.firebreak", "--format", "jsonl", "--sql",
        "SELECT original, corrected FROM corrected_time WHERE device = 'meter-7' ORDER BY id LIMIT 1"))
    #expect(view.first?["corrected"] as? String == corrected)
    #expect(view.first?["original"] as? String == event["time"] as? String)
  }

  /// What stamps leave open is shown with the option that decides it, and the case still agrees with its evidence.
  @Test func whatStampsLeaveOpenIsShown() throws {
    let work = try Workspace()
    try work.write("late.log", "05/06/2026 10:00:00 +0100 a\n13/06/2026 10:00:00 +0100 b\n")
    try work.write("open.log", "04/07/2020 10:00:00 a\n")
    try work.write("named.log", "2026-11-12 10:03:05 CET a\n")
    try work.write("unknown.log", "2026-11-12 10:03:05 IST a\n")
    try work.write("clock.log", "10:03:05.123 WIF: a\n10:03:06.123 WIF: b\n")
    let result = try work.ingest(
      work.at("late.log"), work.at("open.log"), work.at("named.log"), work.at("unknown.log"),
      work.at("clock.log"))
    #expect(result.run.exit == 0, "\(result.run.errors)")
    #expect(result.run.errors.contains("nothing tells day from month in the dates of 1 source"))
    #expect(result.run.errors.contains("the zone that 1 source names was not understood: UTC is taken"))
    let shown = try rows(work.firebreak("clocks", "--case", "x.firebreak", "--format", "jsonl")).map { row in
      ["kind", "source", "decided", "change_with"].map { row[$0] as? String ?? "" }
        .joined(separator: "|").replacingOccurrences(of: work.at(""), with: "")
    }
    for expected in [
      "day-month|late.log|day first|ingest --date-order 'late.log=ORDER'",
      "day-month|open.log|month first, not proven|ingest --date-order 'open.log=ORDER'",
      "zone-name|named.log|CET +01:00|", "zone|unknown.log|UTC|ingest --timezone 'unknown.log=ZONE'",
      "date|clock.log|none|",
    ] { #expect(shown.contains(expected), "\(shown)") }
    let verified = try work.firebreak("verify", "--case", "x.firebreak")
    #expect(verified.exit == 0, "\(verified.output) \(verified.errors)")
  }

  @Test func queriesGoByTheClockThatIsAskedFor() throws {
    let work = try pair(ahead: 3600)
    let span = "since:2026-04-07T08:00Z until:2026-04-07T08:00:30Z"
    let original = try work.firebreak("query", span, "--case", "x.firebreak", "--format", "jsonl")
    #expect(try rows(original).allSatisfy { $0["device"] as? String == "hub-1" })
    let corrected = try work.firebreak(
      "query", span, "--clock", "corrected", "--case", "x.firebreak", "--format", "jsonl")
    #expect(corrected.exit == 0, "\(corrected.errors)")
    let both = try rows(corrected)
    #expect(both.first?["device"] as? String == "meter-7", "the message is sent before it is received")
    #expect(both.count == 3)
    let count = try work.firebreak(
      "query", "device:meter-7", "--clock", "corrected", "--count-by", "hour", "--case", "x.firebreak",
      "--format",
      "jsonl")
    #expect(
      try rows(count).compactMap { $0["hour"] as? String }.sorted().first?.hasPrefix("2026-04-07T0") == true)
    #expect(
      try rows(count).contains {
        $0["hour"] as? String == "2026-04-07T08:00:00Z" && $0["events"] as? Int == 59
      }
        || rows(count).contains {
          $0["hour"] as? String == "2026-04-07T08:00:00Z" && $0["events"] as? Int == 60
        })
  }

  @Test func driftIsFoundWhereThePairsAllowIt() throws {
    let work = try pair(ahead: 2, drift: 100e-6, count: 200, every: 120)
    let run = try work.firebreak("clocks", "--case", "x.firebreak", "--format", "jsonl")
    let found = try #require(try rows(run).first { $0["kind"] as? String == "correction" })
    #expect((found["decided"] as? String)?.contains("gains") == true, "\(found)")
    let last = try rows(
      work.firebreak(
        "query", "--case", "x.firebreak", "--format", "jsonl", "--sql",
        """
        SELECT max(abs(c.corrected_ns - (SELECT min(h.corrected_ns) FROM corrected_time h JOIN timeline t ON t.id = h.id
          WHERE t.device = 'hub-1' AND h.corrected_ns >= c.corrected_ns - 100000000))) AS off
        FROM corrected_time c WHERE c.device = 'meter-7'
        """))
    #expect((last.first?["off"] as? Int ?? .max) < 400_000_000, "\(last)")
  }

  @Test func anAnalystsWordReplacesWhatWasFound() throws {
    let work = try pair(ahead: 37.25)
    let said = try work.firebreak(
      "clocks", "--ahead", "meter-7=10", "--case", "x.firebreak", "--format", "jsonl")
    #expect(said.exit == 0, "\(said.errors)")
    #expect(
      try rows(said).contains {
        $0["kind"] as? String == "correction" && ($0["decided"] as? String)?.hasPrefix("10") == true
          && ($0["ground"] as? String)?.contains("note 1") == true
      })
    #expect(try work.firebreak("note", "--retract", "1", "--case", "x.firebreak").exit == 0)
    let again = try work.firebreak("clocks", "--case", "x.firebreak", "--format", "jsonl")
    #expect(try rows(again).contains { ($0["decided"] as? String)?.hasPrefix("37.2") == true })
    #expect(
      try work.firebreak("clocks", "--ahead", "nobody=10", "--case", "x.firebreak").exit == 1)
    #expect(try work.firebreak("clocks", "--ahead", "meter-7", "--case", "x.firebreak").exit == 64)
  }

  @Test func unsetClocksAndJumpsAreFlaggedAndAClockThatIsSetIsCarriedBack() throws {
    let work = try Workspace()
    try work.write(
      "dev.log",
      """
      1970-01-01T00:00:05Z cam-1 boot[1]: up
      1970-01-01T00:00:06Z cam-1 boot[1]: waiting for the network
      1970-01-01T00:00:09Z cam-1 boot[1]: network is there
      2026-04-07T09:00:00Z cam-1 app[2]: first frame
      2026-04-07T09:00:30Z cam-1 app[2]: second frame

      """)
    #expect(try work.ingest(work.at("dev.log")).run.exit == 0)
    let run = try work.firebreak("clocks", "--case", "x.firebreak", "--format", "jsonl")
    let all = try rows(run)
    let flag = try #require(all.first { $0["kind"] as? String == "unset_1970" })
    #expect(flag["decided"] as? String == "3 events" && flag["device"] as? String == "cam-1")
    let view = try rows(
      work.firebreak(
        "query", "--case", "x.firebreak", "--format", "jsonl", "--sql",
        "SELECT original, corrected, error_ns FROM corrected_time ORDER BY id"))
    #expect(view[0]["original"] as? String == "1970-01-01T00:00:05.000000000Z")
    #expect(view[2]["corrected"] as? String == "2026-04-07T09:00:00.000000000Z")
    #expect(view[0]["corrected"] as? String == "2026-04-07T08:59:56.000000000Z")
    #expect((view[0]["error_ns"] as? Int ?? 0) >= 3_000_000_000)
    #expect(view[4]["corrected"] as? String == view[4]["original"] as? String)
    let table = try work.firebreak("clocks", "--case", "x.firebreak")
    #expect(table.output.contains("never set"), "\(table.output)")
  }

  @Test func aLineThatSaysHowFarTheClockWasSetCorrectsWhatCameBefore() throws {
    let work = try Workspace()
    try work.write(
      "gw.log",
      """
      2026-04-07T09:00:00Z gw-1 app[2]: before
      2026-04-07T09:00:12.5Z gw-1 chronyd[5]: System clock was stepped by 12.250000 seconds
      2026-04-07T09:00:13Z gw-1 app[2]: after

      """)
    #expect(try work.ingest(work.at("gw.log")).run.exit == 0)
    let found = try rows(work.firebreak("clocks", "--case", "x.firebreak", "--format", "jsonl"))
      .first { $0["kind"] as? String == "correction" }
    #expect(found?["decided"] as? String == "12.250 s behind", "\(found ?? [:])")
    #expect((found?["ground"] as? String)?.contains("a line says") == true)
  }

  @Test func yearsZonesAndBootsAreListedWithTheirGroundAndHowToChangeThem() throws {
    let work = try Workspace()
    try work.write("old.log", "Dec 31 23:59:59 gw-1 app: a\nJan  1 00:00:03 gw-1 app: b\n")
    try work.write(
      "console.log", "I (100) wifi: up\nI (900) app: a\nrst:0x1 (POWERON_RESET),boot:0x13\nI (50) app: b\n")
    let first = try work.firebreak("ingest", "old.log", "console.log", "--case", "x.firebreak")
    #expect(first.exit == 0, "\(first.errors)")
    let all = try rows(work.firebreak("clocks", "--case", "x.firebreak", "--format", "jsonl"))
    #expect(
      Set(all.compactMap { $0["kind"] as? String }).isSuperset(of: ["year", "zone", "boot", "anchor"]),
      "\(all)")
    #expect(all.contains { $0["change_with"] as? String == "ingest --year 'old.log=YYYY'" })
    let year = try #require(all.first { $0["kind"] as? String == "year" })
    #expect((year["ground"] as? String)?.contains("modification time of the file") == true)
    #expect(all.contains { $0["kind"] as? String == "anchor" && $0["decided"] as? String == "no time" })
    let second = try work.firebreak(
      "ingest", "old.log", "console.log", "--case", "y.firebreak", "--year", "old.log=2019", "--timezone",
      "old.*=+02:00", "--anchor", "console.log=2@2026-04-07T09:00:00Z")
    #expect(second.exit == 0, "\(second.errors)")
    let other = try rows(work.firebreak("clocks", "--case", "y.firebreak", "--format", "jsonl"))
    #expect(
      other.contains { $0["kind"] as? String == "year" && $0["ground"] as? String == "given by --year" })
    #expect(other.contains { $0["kind"] as? String == "zone" && $0["decided"] as? String == "+02:00" })
    #expect(
      other.contains {
        $0["kind"] as? String == "anchor" && $0["decided"] as? String == "2026-04-07T09:00:00.000Z"
      })
    let bad = try work.firebreak("ingest", "old.log", "--case", "z.firebreak", "--anchor", "soon")
    #expect(bad.exit == 64 && bad.errors.contains("--") == false || bad.errors.contains("anchor"))
  }

  @Test func aBootWithoutWallTimeIsAnchoredByTheReceiverOfItsMessages() throws {
    let work = try Workspace()
    var console = "rst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\n"
    var hub = ""
    for index in 0..<12 {
      console += "I (\(1500 + index * 20_000)) app: publish of \(70_000 + index * 311) done\n"
      let received = 120 + Double(index) * 20 + 1.5 + 0.03 + Double((index * 37) % 11) / 100
      hub += "\(Self.stamp(received)) hub-1 ingest[9]: got \(70_000 + index * 311) of lamp-9\n"
    }
    try work.write("lamp-9.log", console)
    try work.write("hub.log", hub)
    #expect(try work.ingest(work.at("lamp-9.log"), work.at("hub.log")).run.exit == 0)
    let all = try rows(work.firebreak("clocks", "--case", "x.firebreak", "--format", "jsonl"))
    let anchor = try #require(all.first { $0["kind"] as? String == "anchor" })
    #expect((anchor["decided"] as? String)?.hasPrefix("2026-04-07T08:02:00.") == true, "\(anchor)")
    #expect((anchor["ground"] as? String)?.hasPrefix("arrival at a receiver: 12 pairs") == true)
    let events = try rows(
      work.firebreak(
        "query", "device:lamp-9", "since:2026-04-07T08:00Z", "--clock", "corrected", "--case", "x.firebreak",
        "--format", "jsonl"))
    #expect(events.count == 12, "\(events.count)")
    #expect((events.first?["corrected_time"] as? String)?.hasPrefix("2026-04-07T08:02:01.") == true)
    #expect(events.first?["time"] is NSNull)
  }
}
