import IncidentModel
import Testing

@testable import LogFormats

/// Stamps in the forms that people and programs write them in.
@Suite struct StampFormTests {
  /// What a stamp that fills a field is read as; nil where it is none.
  private func field(_ text: String) -> String? {
    var stamps = StampReader()
    return Array(text.utf8).withUnsafeBytes { bytes in
      guard let stamp = stamps.any(bytes) else { return nil }
      var reading = Reading()
      reading.set(stamp, from: 0)
      return reading.timeText
    }
  }

  /// How the lines of a source are read: verdict, time, device, message.
  private func lines(_ lines: [String]) -> [String] {
    Array(lines.map { $0 + "\n" }.joined().utf8).withUnsafeBytes { bytes in
      FormatTrial(catalog: FormatCatalog(), bytes: bytes).rows.map {
        [$0.verdict, $0.time, $0.device, $0.message].joined(separator: "|")
      }
    }
  }

  private func marks(_ text: String) -> Reading.Flags {
    var stamps = StampReader()
    return Array(text.utf8).withUnsafeBytes { stamps.any($0)?.marks ?? [] }
  }

  @Test(arguments: [
    ("11/12/2026 10:03:05 PM", "2026-11-12T22:03:05 (no zone)"),
    ("11/12/2026 12:00:06 AM", "2026-11-12T00:00:06 (no zone)"),
    ("11/12/2026 1:00:01 pm", "2026-11-12T13:00:01 (no zone)"),
    ("11/12/2026  1:05 PM", "2026-11-12T13:05:00 (no zone)"),
    ("2026-11-12 10:03:05.250 PM", "2026-11-12T22:03:05.250 (no zone)"),
    ("2026-11-12 12:00:01 p.m.", "2026-11-12T12:00:01 (no zone)"),
    ("2026-11-12 10:03:05\u{202F}PM", "2026-11-12T22:03:05 (no zone)"),
    ("2026-11-12 10:03:05 PM +01:00", "2026-11-12T21:03:05Z"),
    ("2026-11-12 22:03:05 PM", "2026-11-12T22:03:05 (no zone)"),
    ("Nov 12, 2026 10:03:09 PM", "2026-11-12T22:03:09 (no zone)"),
    ("Nov 12, 2026, 10:03:09 PM", "2026-11-12T22:03:09 (no zone)"),
    ("Thu Nov 12 10:03:05 PM CET 2026", "2026-11-12T21:03:05Z"),
  ])
  func twelveHourClocks(_ text: String, _ expected: String) { #expect(field(text) == expected) }

  @Test(arguments: [
    ("2026-11-12 9:00:01", "2026-11-12T09:00:01 (no zone)"),
    ("2026-11-12 10:03", "2026-11-12T10:03:00 (no zone)"),
    ("2026-11-12T10:03Z", "2026-11-12T10:03:00Z"),
    ("9/15/2026 10:03:05", "2026-09-15T10:03:05 (no zone)"),
    ("12.11.2026 10:03:05", "2026-11-12T10:03:05 (no zone)"),
    ("12.11.26, 10:03:05,5", "2026-11-12T10:03:05.5 (no zone)"),
    ("11/12/26 10:03:05:123 CET", "2026-11-12T09:03:05.123Z"),
    ("26-11-12 10:03:05", "2026-11-12T10:03:05 (no zone)"),
    ("2026 Nov 12 10:03:05.123", "2026-11-12T10:03:05.123 (no zone)"),
    ("12 Nov 10:03:05", "11-12T10:03:05"),
    ("12-Nov-2026::10:03:07", "2026-11-12T10:03:07 (no zone)"),
    ("Nov 12 10:03:06.123 2024", "2024-11-12T10:03:06.123 (no zone)"),
    ("26/11/29 23:59:59", "2026-11-29T23:59:59 (no zone)"),
    ("04/07/26 09:08:09", "2026-04-07T09:08:09 (no zone)"),
    ("99/11/29 23:59:59", "1999-11-29T23:59:59 (no zone)"),
  ])
  func formsOfDates(_ text: String, _ expected: String) { #expect(field(text) == expected) }

  @Test(arguments: [
    ("2026-11-12 10:03:05 CET", "2026-11-12T09:03:05Z"), ("2026-07-12 10:03:05 CEST", "2026-07-12T08:03:05Z"),
    ("2026-11-12 10:03:05 PST", "2026-11-12T18:03:05Z"), ("2026-11-12 10:03:05 JST", "2026-11-12T01:03:05Z"),
    ("2026-11-12 10:03:05 UTC", "2026-11-12T10:03:05Z"),
    ("2026-11-12 10:03:05 GMT+1", "2026-11-12T09:03:05Z"),
    ("2026-11-12 10:03:05 GMT-0530", "2026-11-12T15:33:05Z"),
    ("2026-11-12 10:03:05 UTC+02:00", "2026-11-12T08:03:05Z"),
    ("2026-11-29T11:28:33.666549Z+0100", "2026-11-29T10:28:33.666549Z"),
    ("2026-11-12T10:03:05\u{2212}05:00", "2026-11-12T15:03:05Z"),
    ("2026-11-12 10:03:05 IST", "2026-11-12T10:03:05 (no zone)"),
    ("2026-11-12 10:03:05 Europe/Berlin", "2026-11-12T10:03:05 (no zone)"),
    (
      "Thu Nov 12 2026 10:03:05 GMT+0100 (Central European Standard Time)", "2026-11-12T09:03:05Z"
    ),
    ("Sun Oct 25 02:30:00 CEST 2026", "2026-10-25T00:30:00Z"),
  ])
  func zonesInLetters(_ text: String, _ expected: String) { #expect(field(text) == expected) }

  @Test func namesOfZonesAreMarked() {
    #expect(marks("2026-11-12 10:03:05 CET") == .namedZone)
    #expect(marks("2026-11-12 10:03:05 GMT+1") == [])
    #expect(marks("2026-11-12 10:03:05 CST") == .ambiguousZone)
    #expect(marks("2026-11-12 10:03:05 Europe/Berlin") == .ambiguousZone)
  }

  /// What stands behind a stamp in capitals is mostly no zone.
  @Test(arguments: ["ERROR", "PM-17 up", "CETUS", "ART_3 up", "WARN", "AMQP", "Area", "Z9"])
  func otherWordsAreText(_ word: String) {
    #expect(
      lines(["2026-11-12 10:03:05 x", "2026-11-12 10:03:06 \(word) y", "2026-11-12 10:03:07 x"])[1].hasPrefix(
        "event|2026-11-12T10:03:06 (no zone)|"))
  }

  @Test(arguments: [
    ("Dez. 12 10:00:00", "12-12T10:00:00"), ("дек 12 10:00:01", "12-12T10:00:01"),
    ("mars 12 10:00:00", "03-12T10:00:00"), ("mai 12 10:00:00", "05-12T10:00:00"),
    ("11月 29 10:00:00", "11-29T10:00:00"), ("Août 1 10:00:00", "08-01T10:00:00"),
    ("STY 12 10:00:00", "01-12T10:00:00"),
    ("12. Dez. 2026 10:00:00", "2026-12-12T10:00:00 (no zone)"),
    ("12 déc. 2026 à 10:00:00", "2026-12-12T10:00:00 (no zone)"),
    ("12-дек-2026 10:00:00", "2026-12-12T10:00:00 (no zone)"),
    ("29 ноября 2026 г. 10:00:00", "2026-11-29T10:00:00 (no zone)"),
    ("29. Dezember 2026 um 10:00:00", "2026-12-29T10:00:00 (no zone)"),
    ("November 29, 2026 at 10:00:00 AM", "2026-11-29T10:00:00 (no zone)"),
    ("So 29. Nov 10:00:00 CET 2026", "2026-11-29T09:00:00Z"),
    ("Вс ноя 29 10:00:00 MSK 2026", "2026-11-29T07:00:00Z"),
    ("dim. 29 nov. 2026 10:00:00 CET", "2026-11-29T09:00:00Z"),
  ])
  func monthsInOtherLanguages(_ text: String, _ expected: String) { #expect(field(text) == expected) }

  @Test(arguments: ["pump 12 10:00:00", "so 12 pumps 10:00:00", "12 pumps 2026 10:00:00", "Mon 12 10:00:00"])
  func otherWordsAreNoMonths(_ text: String) { #expect(field(text) == nil) }

  @Test func twoDigitYearsInFrontAreMarked() {
    #expect(marks("26/11/29 23:59:59") == [.openDate, .monthFirst])
    #expect(marks("32/11/29 23:59:59") == .monthFirst)
  }

  @Test func zonesBehindStampsWithoutAYearAreNoDevices() {
    let found = lines([
      "Nov 29 10:00:00 CET gw-1 app[7]: a", "Nov 29 10:00:01 +0200 gw-1 app[7]: b",
      "Nov 29 10:00:02 UTC gw-1 app: c",
      "Nov 29 10:00:03+01:00 gw-1 app[7]: d", "Nov 29 10:00:04Z gw-1 app[7]: e",
      "Nov 29 10:00:05 UTC kernel: f",
      "Nov 29 10:00:06 CST gw-1 app: g", "Nov 29 10:00:07 2026 gw-1 app: h",
      "Nov 29 10:00:08 -02:00 gw-1 app: i",
    ])
    #expect(
      found.map {
        $0.split(separator: "|", omittingEmptySubsequences: false).dropFirst(2).joined(separator: " ")
      } == [
        "gw-1 a", "gw-1 b", "gw-1 c", "gw-1 d", "gw-1 e", " f", "gw-1 g", "gw-1 h", "gw-1 i",
      ])
    var reading = Reading()
    let parser = SyslogRFC3164Format().makeParser(SourceContext())
    for (line, offset) in [
      ("Nov 29 10:00:01 +0200 gw-1 app[7]: b", 7200), ("Nov 29 10:00:00 CET gw-1 app[7]: a", 3600),
      ("Nov 29 10:00:04Z gw-1 app[7]: e", 0),
    ] {
      Array(line.utf8).withUnsafeBytes { record in
        #expect(parser.parse(record, into: &reading) == .event)
        #expect(reading.flags.contains(.hasZoneOffset) && Int(reading.zoneOffset) == offset, "\(line)")
      }
    }
    // Hosts that begin alike, and what is no offset.
    for host in ["WESTERN", "-0200x", "+49"] {
      #expect(lines(["Nov 29 10:00:00 \(host) app[7]: a"]) == ["event|11-29T10:00:00|\(host)|a"])
    }
  }

  @Test func impossibleStampsOfSyslogKeepDeviceAndSeverity() {
    let found = events(
      """
      Nov 29 10:00:00 gw-1 app[7]: a
      Feb 30 10:00:00 gw-2 app[7]: b
      Nov 29 25:61:00 gw-3 app[7]: c
      <11>Feb 30 10:00:00 gw-4 app[7]: d

      """)
    #expect(found.map(\.time) == ["11-29T10:00:00", "none", "none", "none"])
    #expect(found.map(\.device) == ["gw-1", "gw-2", "gw-3", "gw-4"])
    #expect(found.map(\.message) == ["a", "b", "c", "d"])
    #expect(found.map(\.stamp).last == "Feb 30 10:00:00" && found.last?.severity == 3)
    let iso = events("2026-11-29T10:00:00Z gw-1 app[7]: a\n2026-02-30T10:00:00Z gw-2 app[7]: b\n")
    #expect(iso.map(\.device) == ["gw-1", "gw-2"] && iso.map(\.time).last == "none")
  }

  @Test func dayAndMonthThatCouldChangePlacesAreMarked() {
    #expect(marks("04/07/2026 09:08:09") == [.openDate, .monthFirst])
    #expect(marks("04-07-2026 09:08:09") == [.openDate, .dayFirst])
    #expect(marks("13/07/2026 09:08:09") == .dayFirst)
    #expect(marks("07/13/2026 09:08:09") == .monthFirst)
    #expect(marks("07/07/2026 09:08:09") == [])
    #expect(marks("04.07.2026 09:08:09") == [])
  }

  @Test(arguments: [
    ("1794474185123456789", "2026-11-12T09:03:05.123456789Z"),
    // Windows FILETIME and .NET ticks.
    ("134389477851234567", "2026-11-12T09:03:05.1234567Z"),
    ("638988701851234567", "2025-11-16T06:09:45.1234567Z"),
    ("946684800000000000", "2000-01-01T00:00:00.000000000Z"),
    ("1794474185", "2026-11-12T09:03:05Z"),
  ])
  func numbersByTheirSize(_ text: String, _ expected: String) { #expect(field(text) == expected) }

  @Test func numbersKeepNineteenDigits() throws {
    for text in ["1794474185123456789", "9223372036854775799", "-1794474185123456789"] {
      let number = try #require(Array(text.utf8).withUnsafeBytes { DecimalNumber($0) })
      #expect(number.scaled(by: 1) == Int64(text))
    }
    let large = try #require(Array("9999999999999999999".utf8).withUnsafeBytes { DecimalNumber($0) })
    #expect(large.scaled(by: 1) == nil)
    #expect(large.magnitudeOrder == 19)
  }

  @Test func linesOfATwelveHourClockAreEvents() {
    #expect(
      lines([
        "11/12/2026 10:59:58 AM ERROR a", "11/12/2026 1:00:01 PM ERROR b", "11/12/2026 12:00:02 AM ERROR c",
      ])
        == [
          "event|2026-11-12T10:59:58 (no zone)||a", "event|2026-11-12T13:00:01 (no zone)||b",
          "event|2026-11-12T00:00:02 (no zone)||c",
        ])
  }

  @Test func javaLoggingIsNoSyslog() {
    let rows = lines([
      "Nov 12, 2026 10:03:09 PM org.apache.catalina.core.StandardServer await", "SEVERE: Invalid command",
      "Nov 12, 2026 12:03:10 AM com.x.Y run", "WARNING: slow",
    ])
    #expect(rows[0] == "event|2026-11-12T22:03:09 (no zone)||org.apache.catalina.core.StandardServer await")
    #expect(rows[2].hasPrefix("event|2026-11-12T00:03:10 (no zone)||"))
  }

  @Test func aYearBehindTheClockIsNoDevice() {
    #expect(
      lines(["Nov 12 10:03:06.123 2024 mx-edge-1 mib2d[1800]: x", "Nov 12 10:03:07 2024 mx-edge-1 rpd[1]: y"])
        == [
          "event|2024-11-12T10:03:06.123 (no zone)|mx-edge-1|x",
          "event|2024-11-12T10:03:07 (no zone)|mx-edge-1|y",
        ])
    // Leap days have years of their own; a host may be an address or a number.
    #expect(lines(["Feb 29 10:03:06 2024 gw-1 a: x"]) == ["event|2024-02-29T10:03:06 (no zone)|gw-1|x"])
    #expect(lines(["Nov 12 10:03:06 2001 x"])[0].hasPrefix("event|2001-11-12"))
    #expect(lines(["Nov 12 10:03:06 20012 a: x"]) == ["event|11-12T10:03:06|20012|x"])
    #expect(lines(["Nov 12 10:03:06 192.0.2.1 a: x"]) == ["event|11-12T10:03:06|192.0.2.1|x"])
  }

  @Test func aCiscoZoneIsNoProgram() {
    var reading = Reading()
    let parser = SyslogRFC3164Format().makeParser(SourceContext())
    let line = "*Mar  1 18:46:11.451 CET: %LINK-3-UPDOWN: Interface down"
    Array(line.utf8).withUnsafeBytes { record in
      #expect(parser.parse(record, into: &reading) == .event)
      #expect(reading.text(reading.message, of: record) == "Interface down")
      #expect(reading.text(reading.program, of: record).contains("LINK-3-UPDOWN"))
      #expect(reading.flags.contains(.hasZoneOffset) && reading.zoneOffset == 3600)
      #expect(reading.timeText == "03-01T18:46:11.451")
    }
    // Before a blank it is the host.
    #expect(lines(["Nov 12 10:03:06 EST a: x"]) == ["event|11-12T10:03:06|EST|x"])
  }

  /// A date or a time that there is not never becomes part of another event.
  @Test(arguments: [
    "2026-02-29T00:00:00Z no such day", "2026-11-12T24:00:00Z 24h", "2026-11-12 10:61 x",
    "13/13/2026 10:00:00 x", "[2026-00-00 00:00:00] x",
  ])
  func impossibleStampsStandAlone(_ line: String) {
    let rows = lines(["2026-11-12T10:03:05Z a", line, "2026-11-12T10:03:06Z b"])
    #expect(rows[0] == "event|2026-11-12T10:03:05Z||a")
    #expect(rows[1].hasPrefix("event|none||"))
    #expect(rows.count == 3)
  }

  @Test func aClockWithoutADateIsAnEventWithoutTime() {
    let rows = lines([
      "00:00:00.001 HDW: ESP8266EX", "10:03:06.456-027/39 MQT: Attempting", "10:03:07.000 MQT: x",
    ])
    #expect(rows[0] == "event|00:00:00.001||HDW: ESP8266EX")
    #expect(rows.allSatisfy { $0.hasPrefix("event|") })
    // Among dated lines it is part of what the line before says.
    #expect(
      lines(["2026-11-12 10:03:05 sar:", "10:00:01 all 5.3", "2026-11-12 10:03:06 x"])[1].hasPrefix(
        "continuation|"))
  }

  @Test func aDateThatFillsItsLineBeginsAnEvent() {
    #expect(
      lines(["Thu Nov 12 10:03:05 CET 2026", "load 0.5", "2026-11-12 10:03:06 UTC", "1794474185", "10:03:07"])
        == [
          "event|2026-11-12T09:03:05Z||", "continuation|||load 0.5", "event|2026-11-12T10:03:06Z||",
          "continuation|||1794474185", "continuation|||10:03:07",
        ])
  }

  @Test func theHalfOfTheDayMayHaveAColumnOfItsOwn() {
    let rows = ["11/29/2026,10:00:00,PM,fault", "11/30/2026,1:00:05,AM,ok", "2026-11-30,12:00:05,AM,ok"]
    #expect(
      events((["Date,Time,AM/PM,Event"] + rows).joined(separator: "\n") + "\n").map(\.time) == [
        "2026-11-29T22:00:00 (no zone)", "2026-11-30T01:00:05 (no zone)", "2026-11-30T00:00:05 (no zone)",
      ])
  }

  @Test func datesAndClocksWithoutSignsAreRead() {
    #expect(
      lines([
        "081109 203518 143 INFO dfs.DataNode: x", "081109 20:35:19 [Note] y", "081109  9:35:20 [Note] z",
      ]).map {
        String($0.prefix(31))
      } == [
        "event|2008-11-09T20:35:18 (no z", "event|2008-11-09T20:35:19 (no z",
        "event|2008-11-09T09:35:20 (no z",
      ])
    #expect(lines(["123456 123456 x", "999999 203518 x"]).allSatisfy { $0.hasPrefix("event|none|") })
  }

  @Test func theNumberOfAnEntryMayStandBeforeItsStamp() {
    #expect(
      lines([
        "#  DATE  TIME  EVENT", "1  11/29/26 10:00:00.123 AG T  3.25", "12  11/28/26 09:00:00.123 BG 1.25",
      ])
      .suffix(2) == [
        "event|2026-11-29T10:00:00.123 (no zone)||AG T  3.25",
        "event|2026-11-28T09:00:00.123 (no zone)||BG 1.25",
      ])
    #expect(lines(["12 1764410400 x", "13 14 15 16"]).allSatisfy { $0.hasPrefix("event|none|") })
  }

  @Test func aStampInTheSecondCellOfARowIsItsTime() {
    #expect(
      lines(["PLANT1.PUMP7.FLOW,29-Nov-26 10:00:00,12.5,Good", "PLANT1.PUMP7.FLOW,29-Nov-26 10:00:10,0,Bad"])
        == [
          "event|2026-11-29T10:00:00 (no zone)||PLANT1.PUMP7.FLOW,29-Nov-26 10:00:00,12.5,Good",
          "event|2026-11-29T10:00:10 (no zone)||PLANT1.PUMP7.FLOW,29-Nov-26 10:00:10,0,Bad",
        ])
    #expect(
      lines(["7045;2026-11-29 10:00:00;173", "7045;2026-11-29 10:00:01;173"])[0].hasPrefix(
        "event|2026-11-29T10"))
    // A sentence with a date in it is none.
    #expect(lines(["restarted, 2026-11-29 10:00:00 last", "again"])[0].hasPrefix("event|none|"))
  }

  @Test func angleBracketsMayStandAroundAStamp() {
    #expect(
      lines(["<29/11/2026 10:00:00> METER 61234567", "<29/11/2026 10:05:00> METER 61234568"])
        == [
          "event|2026-11-29T10:00:00 (no zone)||METER 61234567",
          "event|2026-11-29T10:05:00 (no zone)||METER 61234568",
        ])
  }

  @Test func rowsWithoutAHeaderHaveTheirTime() {
    #expect(
      lines([#"2026-03-03T12:00:00.123Z,CAM1,INFO,"a""#, #"2026-03-03T12:00:01.123Z,CAM2,INFO,"b""#])
        == [
          #"event|2026-03-03T12:00:00.123Z||CAM1,INFO,"a""#,
          #"event|2026-03-03T12:00:01.123Z||CAM2,INFO,"b""#,
        ])
    // A number in the next cell is no fraction of a second.
    for (row, message) in [("21.5,ok", "21.5,ok"), ("5,ok", "5,ok")] {
      #expect(
        lines(["2026-03-03 12:00:00,\(row)", "2026-03-03 12:00:01,\(row)"]).first
          == "event|2026-03-03T12:00:00 (no zone)||\(message)")
    }
    #expect(lines(["2026-03-03 12:00:00,672,ok"]) == ["event|2026-03-03T12:00:00.672 (no zone)||ok"])
    // A row that does not fit its table is still refused.
    #expect(
      lines([
        "timestamp,device,v", "2026-03-03T12:00:00Z,a,1", "2026-03-03T12:00:01Z,a",
        "2026-03-03T12:00:02Z,a,1",
      ])[
        2
      ].hasPrefix("refused"))
  }
}
