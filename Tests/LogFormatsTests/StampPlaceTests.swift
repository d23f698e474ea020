import Testing

@testable import LogFormats

/// Stamps that stand behind a severity, with the date last, with signs for year, month and day, and as cells.
@Suite struct StampPlaceTests {
  private func row(_ line: String) -> FormatTrial.Row? { events(line + "\n").first }

  @Test(arguments: [
    "ERROR 2026-11-20T08:00:00Z no flow", "[ERROR] 2026-11-20T08:00:00Z no flow",
    "error: 2026-11-20T08:00:00Z no flow", "<err> [2026-11-20T08:00:00Z] no flow",
    "ERROR | 2026-11-20T08:00:00Z | no flow",
  ])
  func aSeverityMayStandFirst(_ line: String) {
    #expect(row(line)?.time == "2026-11-20T08:00:00Z")
    #expect(row(line)?.severity == 3)
    #expect(row(line)?.message == "no flow")
  }

  @Test func theSeverityBeforeTheStampIsNotThatOfTheText() {
    #expect(row("INFO 2026-11-20T08:00:00Z ERROR counter is 0")?.severity == 6)
    #expect(row("INFO 2026-11-20T08:00:00Z ERROR counter is 0")?.message == "ERROR counter is 0")
  }

  @Test(arguments: [
    ("08:00:05.250 20.11.2026 no flow", "2026-11-20T08:00:05.250 (no zone)"),
    ("08:00:05 2026-11-20 no flow", "2026-11-20T08:00:05 (no zone)"),
    ("8:00:05 PM 11/20/2026 no flow", "2026-11-20T20:00:05 (no zone)"),
    ("08:00:05, 20.11.2026 no flow", "2026-11-20T08:00:05 (no zone)"),
    ("2026年11月20日 08:00:05 no flow", "2026-11-20T08:00:05 (no zone)"),
    ("2026年11月20日(金) 8時00分05秒 no flow", "2026-11-20T08:00:05 (no zone)"),
    ("2026年11月20日 星期五 下午8:00:05 no flow", "2026-11-20T20:00:05 (no zone)"),
    ("2026년 11월 20일 오전 8:00:05 no flow", "2026-11-20T08:00:05 (no zone)"),
    ("11月20日 08:00:05 no flow", "11-20T08:00:05"),
  ])
  func datesStandBehindClocksAndHaveSigns(_ line: String, _ time: String) {
    #expect(row(line)?.time == time)
    #expect(row(line)?.message == "no flow")
    var reader = StampReader()
    let stamp = Array(line.dropLast(8).utf8).withUnsafeBytes { reader.any($0)?.end }
    #expect(stamp == line.utf8.count - 8)
  }

  @Test func aZoneMayStandInBrackets() {
    for (zone, time) in [
      ("(+0100)", "2026-11-20T07:00:05Z"), ("(UTC)", "2026-11-20T08:00:05Z"),
      ("(UTC-3)", "2026-11-20T11:00:05Z"),
    ] {
      #expect(row("2026-11-20 08:00:05 \(zone) no flow")?.time == time)
      #expect(row("20.11.26 08:00:05 \(zone) no flow")?.time == time)
      #expect(row("20.11.26 08:00:05 \(zone) no flow")?.message == "no flow")
    }
    #expect(row("2026-11-20 08:00:05 (12) no flow")?.message == "(12) no flow")
    #expect(row("2026-11-20 08:00:05 (+3) no flow")?.time == "2026-11-20T08:00:05 (no zone)")
  }

  @Test func aServiceMayStandBeforeTheStamp() {
    let found = events(
      "web-1     | 2026-11-20T08:00:00.123456789Z ERROR connect failed\n0|api  | 2026-11-20 08:00:01 +01:00: started\n"
        + "broker-1  | no stamp\n")
    #expect(found.map(\.time).prefix(2) == ["2026-11-20T08:00:00.123456789Z", "2026-11-20T07:00:01Z"])
    #expect(found.map(\.program).prefix(2) == ["web-1", "0|api"])
    #expect(found.first?.severity == 3)
    #expect(found.map(\.message).prefix(2) == ["connect failed", "started"])
  }

  @Test func severitiesOfGLibAreRead() {
    let found = events(
      """
      rauc-Message: 08:00:00.123: installing: started
      rauc-WARNING **: 08:00:01.123: slow
      (rauc:1234): rauc-CRITICAL **: 08:00:02.123: assertion failed
      all-Messages: none

      """)
    #expect(found.map(\.severity) == [5, 4, 2, 255])
    #expect(found.map(\.program) == ["rauc", "rauc", "rauc", ""])
    #expect(found.first?.message == "08:00:00.123: installing: started")
  }

  @Test func otherNumbersBehindAClockAreNoDate() {
    #expect(row("08:00:05 10.11.20.26 joined")?.time == "08:00:05")
    #expect(row("08:00:05 10.11.20 is the version")?.time == "08:00:05")
    #expect(row("08:00:05 42 joined")?.time == "08:00:05")
  }

  @Test(arguments: ["|", ";", ","])
  func cellsBehindAStampNameDeviceAndSeverity(_ divider: String) {
    for cells in [["TH-1", "ERROR", "no flow"], ["ERROR", "TH-1", "no flow"]] {
      let found = row((["2026-11-20T08:00:00Z"] + cells).joined(separator: divider))
      #expect(found?.device == "TH-1")
      #expect(found?.severity == 3)
      #expect(found?.message == "no flow")
    }
  }

  @Test(arguments: ["worker-3", "http-nio-8080", "req-12345", "pool-1-thread-12"])
  func threadsAndRequestsAreNoDevices(_ cell: String) {
    let found = row("2026-11-20T08:00:00Z|\(cell)|ERROR|no flow")
    #expect(found?.device == "")
    #expect(found?.severity == 3)
  }

  /// A level behind an ISO stamp is a severity, and no host.
  @Test(arguments: ["", "Z", "+02:00"], ["[warn]", "[WARN]", "WARN", "[warning]"])
  func aLevelBehindAStampIsNoHost(_ zone: String, _ level: String) {
    let lines = (0..<5).map { "2026-11-20T08:00:0\($0).123\(zone) \(level) mesh: neighbour is back" }
    for found in events(lines.joined(separator: "\n") + "\n") {
      #expect(
        found.time.hasPrefix(zone == "+02:00" ? "2026-11-20T06:00:0" : "2026-11-20T08:00:0"), "\(found)")
      #expect(found.time.hasSuffix(zone.isEmpty ? " (no zone)" : "Z"))
      #expect(found.device == "" && found.severity == 4, "\(found)")
      #expect(found.message.hasSuffix("neighbour is back"))
    }
  }

  @Test func aLevelAmongLinesOfSyslogIsNoHost() {
    let lines = (0..<6).map { "2026-11-20T08:00:0\($0)Z gw-1 mesh[7]: neighbour is back" }
    let odd = [
      "[warn] mesh: slow", "warn mesh: slow", "err mesh: slow", "notice mesh[12]: slow", "[gw-2] mesh: slow",
    ]
    let found = events(
      (lines + odd.map { "2026-11-20T08:00:09Z " + $0 }).joined(separator: "\n") + "\n"
    ).suffix(5)
    #expect(found.map(\.device) == ["", "", "", "", "gw-2"])
    #expect(found.map(\.severity) == [4, 4, 3, 5, 255])
    #expect(found.allSatisfy { $0.message.hasSuffix("slow") && $0.time == "2026-11-20T08:00:09Z" })
    let old = events("Nov 20 08:00:09 gw-1 mesh[7]: up\nNov 20 08:00:09 [warn] mesh: slow\n")
    #expect(old.map(\.device) == ["gw-1", ""] && old.last?.severity == 4)
  }

  /// A stamp without a zone is a time, with whatever stands behind it.
  @Test func aStampWithoutAZoneIsATimeBeforeHostAndProgram() {
    let found = events((0..<5).map { "2026-11-20T08:00:0\($0) gw-1 mesh: neighbour is back\n" }.joined())
    #expect(found.map(\.time) == (0..<5).map { "2026-11-20T08:00:0\($0) (no zone)" })
  }
}
