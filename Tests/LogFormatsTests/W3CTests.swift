import Testing

@testable import LogFormats

/// W3C extended log files beyond IIS's own.
@Suite struct W3CTests {
  private func times(_ lines: [String]) -> [String] {
    events(lines.joined(separator: "\n") + "\n").map(\.time)
  }

  @Test(arguments: [
    "x-device-id cs-method cs-uri-stem sc-status x-severity",
    "cs-device cs-method cs-uri-stem sc-status level",
    "cs(X-Device-ID) cs-method cs-uri-stem sc-status cs(X-Severity)",
  ])
  func applicationsColumnsNameDeviceAndSeverity(_ columns: String) {
    let found = events(
      """
      #Fields: date time c-ip s-computername cs-host \(columns)
      2026-11-20 08:00:00 10.0.0.8 WEB1 api.test gw-7 GET /a 500 warning
      2026-11-20 08:00:01 10.0.0.8 WEB1 api.test - GET /a 200 info

      """)
    #expect(found.map(\.device) == ["gw-7", "10.0.0.8"])
    #expect(found.map(\.severity) == [4, 6])
    #expect(found.map(\.message) == ["GET /a", "GET /a"])
  }

  @Test func linesWithATimeAloneGoOnIntoTheNextDay() {
    #expect(
      times([
        "#Date: 2026-11-29 23:59:58", "#Fields: time c-ip cs-uri-stem", "23:59:59 10.0.0.1 /a",
        "00:00:01 10.0.0.2 /b", "23:59:59 10.0.0.1 /late", "00:00:02 10.0.0.1 /c",
      ]) == ["2026-11-29T23:59:59Z", "2026-11-30T00:00:01Z", "2026-11-29T23:59:59Z", "2026-11-30T00:00:02Z"])
    // However far the lines are apart.
    #expect(
      times([
        "#Date: 2026-11-29 00:00:01", "#Fields: time c-ip", "00:00:01 10.0.0.1", "21:00:00 10.0.0.1",
        "20:59:30 10.0.0.1", "02:00:00 10.0.0.1", "15:00:00 10.0.0.1", "14:00:00 10.0.0.1",
      ]) == [
        "2026-11-29T00:00:01Z", "2026-11-29T21:00:00Z", "2026-11-29T20:59:30Z", "2026-11-30T02:00:00Z",
        "2026-11-30T15:00:00Z", "2026-12-01T14:00:00Z",
      ])
    // The file begins before midnight, its first line comes after.
    #expect(
      times(["#Date: 2026-12-31 23:59:58", "#Fields: time c-ip", "00:00:01 10.0.0.2"]) == [
        "2027-01-01T00:00:01Z"
      ])
    #expect(
      times([
        "#Date: 2026-11-29 10:00:00", "#Fields: time c-ip", "10:00:01 10.0.0.2", "#Date: 2026-11-30 09:00:00",
        "09:00:01 10.0.0.2",
      ]) == ["2026-11-29T10:00:01Z", "2026-11-30T09:00:01Z"])
  }

  @Test func aTimeWithoutAnyDateIsAnEventWithoutTime() {
    #expect(times(["#Fields: time c-ip", "10:00:01 10.0.0.2"]) == ["10:00:01"])
    #expect(times(["#Fields: date time c-ip", "2026-02-30 10:00:01 10.0.0.2"]) == ["none"])
  }

  @Test func localTimesAreSaid() {
    #expect(
      times(["#Time Format: Local", "#Fields: date time action", "2026-11-29 10:00:00 DROP"])
        == ["2026-11-29T10:00:00 (no zone)"])
    #expect(
      times(["#GMT-Offset: -0800", "#Fields: date time c-ip", "2026-11-29 20:00:00 10.0.0.1"])
        == ["2026-11-30T04:00:00Z"])
    #expect(
      times(["#Fields: date-local time-local c-ip", "2026-11-29 20:00:00 10.0.0.1"])
        == ["2026-11-29T20:00:00 (no zone)"])
    #expect(
      times(["#Fields: date-local time-local date-UTC time-UTC", "2026-11-29 20:00:00 2026-11-29 19:00:00"])
        == ["2026-11-29T19:00:00Z"])
  }

  @Test func cellsMayBeDividedByCommas() {
    let found = events(
      ##"""
      #Software: Microsoft Exchange Server
      #Fields: date-time,client-ip,event-id,message-subject,c-ip
      2026-11-29T10:00:00.123Z,10.0.0.1,RECEIVE,"a, ""b""",10.0.0.9
      2026-11-29T10:00:01.123Z,,SEND,x,

      """##)
    #expect(found.map(\.time) == ["2026-11-29T10:00:00.123Z", "2026-11-29T10:00:01.123Z"])
    #expect(found.map(\.device) == ["10.0.0.9", ""])
    #expect(found.last?.fields == #"{"event-id":"SEND","message-subject":"x"}"#)
  }
}
