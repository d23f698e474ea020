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

  private func severities(_ key: String, _ numbers: [Int], beside members: String = "") -> [UInt8] {
    let lines = numbers.map { #"\#(Self.head)"\#(key)":\#($0),"msg":"something said"\#(members)}"# }
    return events(lines.joined(separator: "\n") + "\n").map(\.severity)
  }

  /// Windows counts 1 to 5, and its records say whose they are.
  @Test func eventsOfWindowsHaveAScaleOfTheirOwn() {
    #expect(
      severities("Level", [4, 2, 3, 1, 5, 0], beside: #","EventID":7036,"Channel":"System""#) == [
        6, 3, 4, 2, 7, 6,
      ])
    let table = events(
      "TimeCreated,Computer,Level,EventId,Message\n2026-11-29T10:00:00Z,pc-1,4,7036,started\n2026-11-29T10:00:01Z,pc-1,2,7,x\n"
    )
    #expect(table.map(\.severity) == [6, 3])
  }

  /// As tools export Windows' event log: everything that matters is nested.
  @Test func exportedEventsOfWindowsAreRead() {
    let lines = [(41, 1), (7036, 4)].map {
      ##"{"Event":{"System":{"Provider":{"#attributes":{"Name":"Kernel-Power"}},"EventID":\##($0),"Level":\##($1),"##
        + ##""TimeCreated":{"#attributes":{"SystemTime":"2026-11-29T10:00:00.123Z"}},"Computer":"HMI-7","##
        + ##""Channel":"System"},"EventData":{"x":0}}}"##
    }
    let found = events(lines.joined(separator: "\n") + "\n")
    #expect(found.map(\.time) == ["2026-11-29T10:00:00.123Z", "2026-11-29T10:00:00.123Z"])
    #expect(found.map(\.device) == ["HMI-7", "HMI-7"] && found.map(\.severity) == [2, 6])
  }

  @Test func cellsOfRowsWithoutAHeaderMayBeSeverities() {
    let found = events(
      """
      2026-11-29T10:00:00+01:00;ELV-07;ERR;E1203;Door lock contact open
      2026-11-29T10:00:05+01:00;ELV-07;INF;E0000;Door lock contact ok
      2026-11-29T10:00:05+01:00;ELV-08;E0400;an error counter

      """)
    #expect(found.map(\.severity) == [3, 6, 255])
    #expect(found.map(\.device) == ["ELV-07", "ELV-07", "ELV-08"])
    #expect(found.first?.message == "E1203;Door lock contact open")
    // It has no level; its device stands where the others' does.
    #expect(found.last?.message == "E0400;an error counter")
  }

  /// Most of what is logged is information: that number shows the scale, or that it is another one.
  @Test func theCommonestNumberOfASourceTellsItsScale() {
    let syslog = [6, 6, 6, 3, 6, 6, 5, 6, 6, 6]
    #expect(severities("level", syslog) == syslog.map(UInt8.init))
    #expect(severities("level", [2, 2, 2, 2, 2, 3, 4, 2, 2, 2]).allSatisfy { $0 == 255 })
    #expect(severities("level", [0, 0, 4, 0, 0, 0, -4, 0, 8]).allSatisfy { $0 == 255 })
    #expect(severities("severity", [0, 0, 0, 0, 1, 0, 0, 0, 0]).allSatisfy { $0 == 255 })
    // A log of errors alone, and a measurement beside a severity.
    #expect(severities("severity", [3, 3, 3, 3, 3, 3, 3, 3, 4]).first == 3)
    #expect(severities("severity", [4, 3], beside: #","level":85.5"#) == [4, 3])
    let pino = severities("level", [30, 30, 3, 50])
    #expect(pino == [6, 6, 255, 3])
  }

  /// Priorities of alarms, where the name says severity and nothing else.
  @Test func prioritiesOfAlarmsAreSeverities() {
    let words = ["CRITICAL", "major", "Minor", "HIGH", "medium", "low", "cleared", "indeterminate"]
    let lines = words.map { #"\#(Self.head)"severity":"\#($0)","msg":"pump stalled"}"# }
    #expect(
      events(lines.joined(separator: "\n") + "\n").map(\.severity) == [2, 3, 4, 3, 4, 5, 6, 255])
    for key in ["level", "priority", "prio"] {
      #expect(events(#"\#(Self.head)"\#(key)":"low","msg":"tank level"}"# + "\n").map(\.severity) == [255])
    }
  }

  /// A code behind a word is text, words further on are no levels.
  @Test(arguments: [
    ("err:E42 pump stalled", 3, "err:E42 pump stalled"), ("error: boom", 3, "boom"),
    ("error:0 rate:1", 255, "error:0 rate:1"),
    ("pump1 ERROR rate is 0", 255, "pump1 ERROR rate is 0"), ("W/Net: lost", 4, "W/Net: lost"),
    ("lvl=3 x", 255, "lvl=3 x"), ("no error found", 255, "no error found"),
    ("WARN something", 4, "something"),
    ("DEBUG:foo bar", 7, "foo bar"),
  ]) func wordsBehindAStamp(_ text: String, _ severity: UInt8, _ message: String) {
    let found = events("2026-11-29 10:00:00 \(text)\n2026-11-29 10:00:01 plain text\n")
    #expect(found.first?.severity == severity && found.first?.message == message, "\(found)")
  }

  @Test func wordsOfVMwareAreNoHosts() {
    let found = events(
      "2026-11-29T10:00:02Z warning hostd[2099] [Originator@6876 sub=x] t\n2026-11-29T10:00:02Z trivia vpxa[9] [Originator@6876] u\n"
    )
    #expect(found.map(\.device) == ["", ""])
    #expect(found.map(\.severity) == [4, 7])
    #expect(found.map(\.program) == ["hostd", "vpxa"])
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
    ("DEBUG2", 7), ("WARN+2", 4), ("INFO-1", 6),
    ("NO_ERROR", 255), ("error-free", 255),
  ]) func wordsAreReadAsTheyAreWritten(_ word: String, _ severity: UInt8) {
    let found = events(#"\#(Self.head)"level":"\#(word)","msg":"a"}"# + "\n")
    #expect(found.map(\.severity) == [severity])
  }
}
