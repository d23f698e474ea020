import IncidentModel
import LogFormats
import Testing

@testable import EvidenceIntake

/// What is decided about stamps that do not say everything, and that it is said.
@Suite struct StampDecisionTests {
  /// 2027-01-03 12:00 UTC.
  private let january = 1_798_977_600
  private let second: Int64 = 1_000_000_000
  private let hour: Int64 = 3_600_000_000_000

  private func read(
    _ lines: [String], name: String = "gw.log", modified: Int? = nil, zone: String? = nil
  ) throws -> MemorySink.Source {
    let folder = Folder()
    let path = folder.write(
      name, Array(lines.map { $0 + "\n" }.joined().utf8), modified: modified ?? january)
    let (sink, _) = try ingest([path]) { options in
      if let zone { options.timeZones = [SourceRule(parsing: zone)] }
    }
    return try #require(sink.sources.first)
  }

  private func times(_ source: MemorySink.Source) -> [String] {
    source.events.map { String(Instant(nanoseconds: $0.time).rfc3339(fractionDigits: 0).dropLast()) }
  }

  private func decision(_ source: MemorySink.Source, _ subject: String) -> String? {
    source.account.decisions.first { $0.subject == subject }.map { "\($0.value): \($0.reason)" }
  }

  // MARK: Day and month

  @Test func aProofThatComesLatePutsEarlierDatesRight() throws {
    let source = try read([
      "11/11/2026 10:03:04 x", "12/11/2026 10:03:05 x", "12/11/2026 10:03:06 x", "13/11/2026 10:03:07 x",
      "01/12/2026 10:03:08 x",
    ])
    #expect(
      times(source) == [
        "2026-11-11T10:03:04", "2026-11-12T10:03:05", "2026-11-12T10:03:06", "2026-11-13T10:03:07",
        "2026-12-01T10:03:08",
      ])
    #expect(decision(source, "day-month") == "day first: 1 stamp has a number above 12 in the first place")
    #expect(source.account.firstTime?.description.hasPrefix("2026-11-11T10:03:04") == true)
    #expect(source.account.lastTime?.description.hasPrefix("2026-12-01T10:03:08") == true)
  }

  @Test func fieldsAreDecidedAsLinesAre() throws {
    let source = try read(
      ["timestamp,device,temp", "12/11/2026 10:03:05,p1,21.5", "13/11/2026 10:03:06,p2,22.5"], name: "t.csv")
    #expect(times(source) == ["2026-11-12T10:03:05", "2026-11-13T10:03:06"])
    let american = try read(
      ["timestamp,device,temp", "12/11/2026 10:03:05,p1,21.5", "12/13/2026 10:03:06,p2,22.5"], name: "t.csv")
    #expect(times(american) == ["2026-12-11T10:03:05", "2026-12-13T10:03:06"])
    #expect(
      decision(american, "day-month") == "month first: 1 stamp has a number above 12 in the second place")
  }

  @Test func datesOfAZoneAreMovedByDays() throws {
    let source = try read(
      ["05/04/2026 23:30:00 x", "05/04/2026 23:30:01 +0100 x", "30/10/2026 12:00:00 x"], zone: "Europe/Berlin"
    )
    // 5 April is summer time already, 4 May is too; 30 October is not.
    #expect(times(source) == ["2026-04-05T21:30:00", "2026-04-05T22:30:01", "2026-10-30T11:00:00"])
    #expect(source.events.map(\.quality) == [.assumedZone, .inferredYear, .assumedZone])
  }

  @Test func nothingIsWrittenAfterTheFile() throws {
    let source = try read(["12/11/2026 10:03:05 x", "12/11/2026 10:03:06 x"], modified: 1_794_500_000)
    #expect(times(source) == ["2026-11-12T10:03:05", "2026-11-12T10:03:06"])
    #expect(
      decision(source, "day-month")?.hasPrefix(
        "day first: read otherwise, the last would be after 2026-11-12") == true)
  }

  @Test func steadyDatesDecide() throws {
    let source = try read(["07/11/2026 22:00:00 x", "08/11/2026 02:00:00 x", "09/11/2026 02:00:00 x"])
    #expect(times(source) == ["2026-11-07T22:00:00", "2026-11-08T02:00:00", "2026-11-09T02:00:00"])
    #expect(
      decision(source, "day-month")
        == "day first: no number above 12 proves it; read so, the dates go 1 day from line to line, otherwise 61 days"
    )
    let american = try read(["11/07/2026 22:00:00 x", "11/08/2026 02:00:00 x", "11/09/2026 02:00:00 x"])
    #expect(times(american).first == "2026-11-07T22:00:00")
    #expect(decision(american, "day-month")?.hasPrefix("month first: no number above 12 proves it") == true)
  }

  @Test func yearsOfTwoDigitsAreNearTheFile() throws {
    for line in ["26-11-12 10:00:00 x", "12-11-26 10:00:00 x"] {
      let source = try read([line])
      #expect(times(source) == ["2026-11-12T10:00:00"])
      #expect(
        decision(source, "day-month")
          == (line.hasPrefix("26") ? "year" : "day")
          + " first: read otherwise, the dates would be years from the modification time of the file")
    }
    let proven = try read(["12-11-10 10:00:00 x", "12-11-30 10:00:00 x", "32-11-12 10:00:00 x"])
    #expect(times(proven).first == "2012-11-10T10:00:00")
    #expect(decision(proven, "day-month") == "year first: 1 stamp has numbers that can be read so only")
  }

  /// Spark and Hadoop write the year first, others the day: the file's time tells.
  @Test func slashesAndAYearOfTwoDigitsAreDecidedForTheSource() throws {
    let spark = try read(["26/11/29 23:59:59 INFO Executor: a", "26/11/30 00:00:01 WARN Executor: b"])
    #expect(times(spark) == ["2026-11-29T23:59:59", "2026-11-30T00:00:01"])
    #expect(decision(spark, "day-month")?.hasPrefix("year first: ") == true)
    let british = try read([
      "29/11/26 23:59:59 INFO a", "30/11/26 00:00:01 WARN b", "01/12/26 00:00:01 WARN c",
    ])
    #expect(times(british) == ["2026-11-29T23:59:59", "2026-11-30T00:00:01", "2026-12-01T00:00:01"])
    #expect(decision(british, "day-month")?.hasPrefix("day first: ") == true)
  }

  @Test func stampsThatAreNoTimeAreCounted() throws {
    for (name, lines) in [
      ("a.jsonl", [#"{"ts":123456789,"msg":"a b"}"#, #"{"ts":"2026-02-30T10:00:00Z","msg":"a b"}"#]),
      (
        "a.log",
        ["Feb 30 10:00:00 gw-1 app: a", "Nov 29 25:00:00 gw-1 app: b", "Nov 29 10:00:00 gw-1 app: c"]
      ),
      ("a.csv", ["timestamp,device,v", "2026-02-30 10:00:00,d,1", "2026-13-30 10:00:00,d,1"]),
    ] {
      let source = try read(lines, name: name)
      #expect(decision(source, "stamp")?.hasPrefix("none: 2 stamps are no time (") == true, "\(name)")
    }
    #expect(decision(try read([#"{"msg":"a b","v":1}"#], name: "b.jsonl"), "stamp") == nil)
  }

  @Test func whatNothingTellsIsSaid() throws {
    let source = try read(["04/07/2026 10:00:00 x", "04/07/2026 10:00:01 x"])
    #expect(times(source) == ["2026-04-07T10:00:00", "2026-04-07T10:00:01"])
    #expect(
      decision(source, "day-month")
        == "month first, not proven: no number above 12 and no order of the lines tells day from month: 2 events may be of another day"
    )
    let hyphens = try read(["04-07-2026 10:00:00 x"])
    #expect(times(hyphens) == ["2026-07-04T10:00:00"])
    #expect(try decision(read(["2026-04-07 10:00:00 x"]), "day-month") == nil)
  }

  @Test func bothOrdersInOneSourceAreSaid() throws {
    let source = try read([
      "05/06/2026 10:00:00 x", "13/06/2026 10:00:00 x", "07/06/2026 10:00:00 x", "06/13/2026 10:00:00 x",
      "06/07/2026 10:00:00 x",
    ])
    #expect(
      times(source).map { $0.prefix(10) } == [
        "2026-06-05", "2026-06-13", "2026-06-07", "2026-06-13", "2026-06-07",
      ])
    #expect(
      decision(source, "day-month")?.hasPrefix("both: 1 stamp has a number above 12 in the first place, 1 ")
        == true)
  }

  @Test func theUserMaySayTheOrder() throws {
    let folder = Folder()
    let path = folder.write(
      "gw.log", Array("04/07/2026 10:00:00 x\n13/07/2026 10:00:00 x\n".utf8), modified: january)
    for (order, expected) in [("day-first", "2026-07-04"), ("month-first", "2026-04-07")] {
      let (sink, _) = try ingest([path]) { $0.dateOrders = [SourceRule(parsing: "gw*=\(order)")] }
      let source = try #require(sink.sources.first)
      #expect(times(source).map { $0.prefix(10) } == [Substring(expected), "2026-07-13"])
      #expect(source.account.firstTime?.description.hasPrefix(expected) == true)
      #expect(source.account.decisions.contains { $0.reason == "given by --date-order" && $0.isGiven })
    }
    #expect(throws: IntakeError.self) {
      try ingest([path]) { $0.dateOrders = [SourceRule(parsing: "year-first")] }
    }
  }

  // MARK: Zones

  @Test func namesOfZonesAreSaid() throws {
    let source = try read(["2026-11-12 10:03:05 CET ERROR a", "2026-07-12 10:03:05 CEST ERROR b"])
    #expect(times(source) == ["2026-11-12T09:03:05", "2026-07-12T08:03:05"])
    #expect(source.events.map(\.severity) == [3, 3])
    #expect(source.events.map(\.quality) == [.exact, .exact])
    #expect(decision(source, "zone") == nil)
    #expect(decision(source, "zone-name")?.hasPrefix("CEST +02:00, CET +01:00: ") == true)
  }

  /// What a heading says stands above `--timezone`, and is told.
  @Test func headingsTellTheZone() throws {
    let rows = ["Date;Time (UTC);Device;Text", "12.10.2026;00:01:07;p1;a", "13.10.2026;00:02:07;p1;b"]
    let source = try read(rows, name: "t.csv", zone: "Europe/Berlin")
    #expect(times(source) == ["2026-10-12T00:01:07", "2026-10-13T00:02:07"])
    #expect(decision(source, "zone") == nil)
    #expect(decision(source, "zone-name")?.hasPrefix("UTC: the name of the column") == true)
    let local = try read(
      rows.map { $0.replacing("UTC", with: "local") }, name: "t.csv", zone: "Europe/Berlin")
    #expect(times(local) == ["2026-10-11T22:01:07", "2026-10-12T22:02:07"])
    #expect(decision(local, "zone-name") == nil)
  }

  @Test func aZoneThatWasNotUnderstoodIsNeverNoZone() throws {
    let lines = ["2026-11-12 10:03:05 IST ERROR a", "2026-11-12 10:03:06 IST ERROR b"]
    #expect(try decision(read(lines), "zone") == "UTC: zone IST was not understood (2 stamps): UTC is taken")
    let given = try read(lines, zone: "Asia/Kolkata")
    #expect(times(given) == ["2026-11-12T04:33:05", "2026-11-12T04:33:06"])
    #expect(
      decision(given, "zone")
        == "Asia/Kolkata: zone IST was not understood (2 stamps): the one given by --timezone is taken")
  }

  @Test func zonesOfStampsWithoutAYearCount() throws {
    let source = try read(
      [
        "Dec 31 23:30:00.000 CET: %A-1-B: a", "Jan  1 00:30:00.000 CET: %A-1-B: b",
        "Mar  1 00:30:00.000 CET: %A-1-B: c",
      ], modified: january + 90 * 86_400)
    #expect(times(source) == ["2026-12-31T22:30:00", "2026-12-31T23:30:00", "2027-02-28T23:30:00"])
    #expect(decision(source, "zone") == nil)
  }

  @Test func aClockWithoutADateIsSaid() throws {
    let source = try read(["00:00:00.001 HDW: a", "10:03:06.456 MQT: b"])
    #expect(source.events.map(\.quality) == [.none, .none])
    #expect(
      decision(source, "date") == "none: 2 stamps have a time of day but no date: such events have no time")
  }

  // MARK: Summer time

  @Test func theOrderOfTheLinesTellsTheSecondPass() throws {
    for prefix in ["2026-10-25", "Oct 25"] {
      let source = try read(
        ["01:59:58", "02:30:00", "02:59:59", "02:00:00", "02:30:00", "02:30:00", "03:00:00"].map {
          "\(prefix) \($0) gw-1 app: x"
        }, zone: "Europe/Berlin")
      #expect(
        times(source).map { $0.suffix(8) } == [
          "23:59:58", "00:30:00", "00:59:59", "01:00:00", "01:30:00", "01:30:00", "02:00:00",
        ])
      #expect(source.events.allSatisfy { $0.timeError == second })
      #expect(
        decision(source, "zone")
          == "Europe/Berlin: given by --timezone; 5 stamps lie in the hour that comes twice as summer time ends: 5 placed by the order of the lines"
      )
    }
  }

  @Test func whereTheOrderDoesNotTellTheErrorSaysSo() throws {
    let source = try read(
      ["02:30:01", "02:30:00", "02:30:00", "02:59:59", "03:00:00"].map { "2026-10-25 \($0) x" },
      zone: "Europe/Berlin")
    #expect(times(source).first == "2026-10-25T00:30:01")
    #expect(source.events.map(\.timeError) == [hour, hour, hour, hour, second])
    #expect(decision(source, "zone")?.hasSuffix("4 taken as its first pass, error one hour") == true)
    // No hour comes three times.
    let jumbled = try read(
      ["02:50:00", "02:10:00", "02:50:00", "02:10:00"].map { "2026-10-25 \($0) x" }, zone: "Europe/Berlin")
    #expect(jumbled.events.allSatisfy { $0.timeError == hour })
  }

  @Test func theHourThatIsLeftOutIsSaid() throws {
    let source = try read(
      ["01:59:59", "02:30:00", "03:00:00"].map { "2026-03-29 \($0) x" }, zone: "Europe/Berlin")
    #expect(times(source) == ["2026-03-29T00:59:59", "2026-03-29T01:30:00", "2026-03-29T01:00:00"])
    #expect(source.events.map(\.timeError) == [second, hour, second])
    #expect(decision(source, "zone")?.contains("1 stamp lies in the hour that is left out") == true)
  }
}
