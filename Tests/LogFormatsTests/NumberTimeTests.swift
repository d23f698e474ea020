import Testing

@testable import LogFormats

/// Numbers under names of times: dates, times since boot, and what is neither.
@Suite struct NumberTimeTests {
  private func times(_ members: [String]) -> [String] {
    // Each in a source of its own.
    members.map { events(#"{"device":"d-1",\#($0),"msg":"value read"}"# + "\n").first?.time ?? "no event" }
  }

  @Test func datesAreOfTheYearsInWhichLogsAreWritten() {
    #expect(
      times([
        #""ts":1764410400"#, #""ts":1764410400123"#, #""ts":"1764410400""#, #""time":20261129100000"#,
        #""ts":123456789"#, #""timestamp":123456789012"#, #""ts":315964800"#, #""ts":-1"#,
        #""ts_ms":150000000000"#,
        #""ts":"123456789""#,
      ]) == [
        "2025-11-29T10:00:00Z", "2025-11-29T10:00:00.123Z", "2025-11-29T10:00:00Z",
        "2026-11-29T10:00:00 (no zone)",
        "none", "none", "none", "none", "none", "none",
      ])
  }

  @Test func smallNumbersCountFromTheBoot() {
    #expect(
      times([
        #""ts":12345.6"#, #""uptime":86400"#, #""uptime_ms":86400000"#, #""millis":12345"#,
        #""sysUpTime":12345"#,
        #""counter":123456789"#, #""uptime":200000000"#,
      ]) == [
        "boot+12345.6", "boot+86400", "boot+86400.000", "boot+12.345", "boot+123.45", "none",
        "boot+200000000",
      ])
    let pairs = events("uptime=200000000 device=d msg=\"hello there\" x=1\n")
    #expect(pairs.map(\.time) == ["boot+200000000"])
    let table = events("device,uptime,v\nd-1,86400,1\nd-2,86401,2\n")
    #expect(table.map(\.time) == ["boot+86400", "boot+86401"])
  }

  /// `t` is the temperature as often as the time.
  @Test func aShortNameIsATimeOnlyWithADate() {
    #expect(
      times([#""t":21.5"#, #""t":0"#, #""t":1764410400"#, #""at":12"#]).map { $0 } == [
        "none", "none", "2025-11-29T10:00:00Z", "none",
      ])
    let found = events(#"{"device":"d-1","t":21.5,"received_at":"2026-11-29T10:00:00Z"}"# + "\n")
    #expect(found.map(\.time) == ["2026-11-29T10:00:00Z"])
    #expect(found.first?.fields == #"{"t":21.5}"#)
    // A device that is not yet synchronized does not cost the others their times.
    let later = events(
      #"{"t":0,"device":"d-1","v":1}"# + "\n" + #"{"t":1764410400,"device":"d-1","v":1}"# + "\n")
    #expect(later.map(\.time) == ["none", "2025-11-29T10:00:00Z"])
    let table = events("t,device,rh\n21.5,d-1,40\n21.6,d-2,41\n")
    #expect(table.map(\.time) == ["none", "none"])
  }

  /// What one record has under a name is no reason to overlook the times of others there, however many there are.
  @Test func aCounterUnderANameOfTimesCostsNoTimes() {
    let unset = (0..<50).map { #"{"ts":\#(315_964_800 + $0),"device":"d-1","v":\#($0)}"# }
    let found = events(
      (unset + [#"{"ts":1764410400,"device":"d-1","v":1}"#]).joined(separator: "\n") + "\n")
    #expect(found.map(\.time) == [String](repeating: "none", count: 50) + ["2025-11-29T10:00:00Z"])
    #expect(found.first?.fields == #"{"ts":315964800,"v":0}"#)
    let words = (0..<50).map { #"{"ts":"not set","device":"d-1","v":\#($0)}"# }
    #expect(
      events((words + [#"{"ts":1764410400,"device":"d-1","v":1}"#]).joined(separator: "\n") + "\n").last?.time
        == "2025-11-29T10:00:00Z")
    let both = events(#"{"ts":123456789,"device":"d-1","received_at":"2026-11-29T10:00:00Z"}"# + "\n")
    #expect(both.map(\.time) == ["2026-11-29T10:00:00Z"])
    let pairs = events("ts=123456789 device=d-1 received_at=2026-11-29T10:00:00Z msg=\"a b\"\n")
    #expect(pairs.map(\.time) == ["2026-11-29T10:00:00Z"])
  }

  @Test func timesUnderOtherNamesAndFurtherInAreFound() {
    let table = events(
      "Clock;Status;1.8.0\n2026-11-29 10:00:00;0;12345.678\n2026-11-29 10:15:00;8;12346.678\n")
    #expect(table.map(\.time) == ["2026-11-29T10:00:00 (no zone)", "2026-11-29T10:15:00 (no zone)"])
    #expect(
      times([#""clock":"2026-11-29T10:00:00Z""#, #""Head":{"Timestamp":"2026-11-29T10:00:00+01:00"}"#]) == [
        "2026-11-29T10:00:00Z", "2026-11-29T09:00:00Z",
      ])
    let split = events("Date;Clock;v\n2026-11-29;10:00:00;1\n2026-11-29;10:00:01;2\n")
    #expect(split.map(\.time) == ["2026-11-29T10:00:00 (no zone)", "2026-11-29T10:00:01 (no zone)"])
  }

  @Test func anUnsetClockIsNoDateInLineProtocolEither() {
    let found = events("env,device=d-1 temp=21.5 12345\nenv,device=d-1 temp=21.5 1764410400000000000\n")
    #expect(found.map(\.time) == ["none", "2025-11-29T10:00:00.000000000Z"])
  }
}
