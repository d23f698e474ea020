import Testing

@testable import LogFormats

/// Bare numbers under names that loggers and gauges share.
@Suite struct LevelNumberTests {
  private static let head = #"{"time":"2026-11-12T10:03:05Z","device":"d","#

  @Test func aLevelWithoutAMessageIsAMeasurement() {
    let lines = [0, 2, 10, 57, 85].map { #"\#(Self.head)"level":\#($0),"temp":3}"# }
    let found = events(lines.joined(separator: "\n") + "\n")
    #expect(found.map(\.severity) == [255, 255, 255, 255, 255])
    #expect(found.map(\.fields) == [0, 2, 10, 57, 85].map { #"{"level":\#($0),"temp":3}"# })
  }

  @Test(arguments: [
    "timestamp,device,level,temp\n2026-11-12T10:03:05Z,t1,2,21\n2026-11-12T10:03:06Z,t1,85,21\n",
    "time=2026-11-12T10:03:05Z device=t1 level=2 temp=21\ntime=2026-11-12T10:03:06Z device=t1 level=85 temp=21\n",
  ]) func theSameInTablesAndPairs(_ text: String) {
    let found = events(text)
    #expect(found.map(\.severity) == [255, 255])
    #expect(found.map(\.fields) == [#"{"level":2,"temp":21}"#, #"{"level":85,"temp":21}"#])
  }

  @Test func aLevelBesideAMessageIsASeverityAndStaysReadable() {
    let found = events(#"\#(Self.head)"level":3,"msg":"no route"}"# + "\n")
    #expect(found.map(\.severity) == [3])
    #expect(found.map(\.fields) == [#"{"level":3}"#])
    let table = events("timestamp,device,level,message\n2026-11-12T10:03:05Z,t1,3,no route\n")
    #expect(table.map(\.severity) == [3])
    #expect(table.map(\.fields) == [#"{"level":3}"#])
    // A remark does not make a record a logger's.
    #expect(events(#"\#(Self.head)"level":3,"note":"cleaned"}"# + "\n").map(\.severity) == [255])
  }

  /// 0 is the least of most loggers' levels; of syslog's it is the worst.
  @Test func aZeroIsAnEmergencyWhereTheScaleIsSyslogs() {
    let found = events(
      #"\#(Self.head)"level":0,"msg":"tank level 0 percent"}"# + "\n"
        + #"{"version":"1.1","host":"h","timestamp":1794474185,"level":0,"short_message":"down"}"# + "\n")
    #expect(found.map(\.severity) == [255, 0])
    #expect(found.first?.fields == #"{"level":0}"#)
  }

  @Test func theScaleOfBunyanIsTaken() {
    let found = events(#"\#(Self.head)"level":50,"msg":"no route","pid":1}"# + "\n")
    #expect(found.map(\.severity) == [3])
    #expect(found.map(\.fields) == [#"{"pid":1}"#])
  }

  /// What is no logger's number shows what the others of its source are.
  @Test func aSourceThatMeasuresDoesSoThroughout() {
    let lines = ["3.2", "2", "\"warn\""].map { #"\#(Self.head)"level":\#($0),"msg":"fill level"}"# }
    #expect(events(lines.joined(separator: "\n") + "\n").map(\.severity) == [255, 255, 4])
  }

  @Test(arguments: ["priority", "status", "l", "niveau", "nivel"])
  func otherNumbersAreNoSeverities(_ name: String) {
    let word = #"\#(Self.head)"\#(name)":"error","msg":"b"}"#
    let number = #"\#(Self.head)"\#(name)":5,"msg":"c"}"#
    let found = events(word + "\n" + number + "\n")
    #expect(found.map(\.severity) == [3, 255])
    #expect(found.last?.fields == #"{"\#(name)":5}"#)
  }

  @Test func numbersOfSyslogAreItsOwn() {
    let found = events(
      #"\#(Self.head)"PRIORITY":"3","msg":"a"}"# + "\n" + #"\#(Self.head)"severity":4,"x":1}"# + "\n")
    #expect(found.map(\.severity) == [3, 4])
  }

  @Test(arguments: [
    ("INF", 6), ("WRN", 4), ("VRB", 7), (" ERROR ", 3), ("error:", 3), ("LOG_ERR", 3), ("kern.err", 3),
    ("DEBUG2", 7),
    ("NO_ERROR", 255), ("error-free", 255),
  ]) func wordsAreReadAsTheyAreWritten(_ word: String, _ severity: UInt8) {
    let found = events(#"\#(Self.head)"level":"\#(word)","msg":"a"}"# + "\n")
    #expect(found.map(\.severity) == [severity])
  }
}
