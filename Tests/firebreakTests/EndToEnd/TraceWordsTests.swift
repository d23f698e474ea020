import Testing

/// What the program says of entities that are not taken for failed, and of failures on several days.
@Suite struct TraceWordsTests {
  /// Two days of thirty devices; some write the same error now and then all over them.
  private static func twoDays() -> String {
    var lines: [String] = []
    for minute in stride(from: 0, to: 2 * 1440, by: 20) {
      let (day, rest) = (7 + minute / 1440, minute % 1440)
      let time =
        "2026-04-0\(day)T\(rest / 60 < 10 ? "0" : "")\(rest / 60):\(rest % 60 < 10 ? "0" : "")\(rest % 60):00Z"
      for device in 0..<30 {
        lines.append("<134>1 \(time) unit-\(device) app 1 - - sample stored")
        if (minute / 20 + device * 7) % 48 == 0 {
          lines.append("<131>1 \(time) unit-\(device) app 1 - - checksum of frame wrong")
        }
      }
      if minute == 600 || minute == 1440 + 300 {
        for turn in 0..<3 {
          lines.append(
            "<131>1 \(time.dropLast(3))\(turn)1Z unit-\(minute == 600 ? 29 : 4) app 1 - - sensor bus stuck")
        }
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  @Test func errorsAreNotCalledNothingAndFailuresOfSeveralDaysHaveDates() throws {
    let work = try Workspace()
    try work.write("a.log", Self.twoDays())
    _ = try work.ingest(work.at("a.log"))
    let explained = try work.firebreak("explain", "unit-11", "--case", work.at("x.firebreak"))
    #expect(explained.exit == 1 && explained.errors.contains("errors, but of kinds"), "\(explained.errors)")
    #expect(!explained.errors.contains("nothing it said was unusual"))
    let traced = try work.firebreak("trace", "--case", work.at("x.firebreak"))
    let rows = traced.output.split(separator: "\n").filter {
      $0.contains("unit-4 ") || $0.contains("unit-29 ")
    }
    try #require(rows.count == 2, "\(traced.output)")
    #expect(rows[0].contains("on 2026-04-07") && rows[1].contains("on 2026-04-08"), "\(traced.output)")
  }

  /// What is taken for granted about times limits a trace.
  @Test(arguments: [false, true]) func zonesThatNothingVouchesForAreNoted(isGiven: Bool) throws {
    let work = try Workspace()
    try work.write(
      "b.csv", "time,device,message\n2026-04-07 09:00:00,u1,ready\n2026-04-07 09:01:00,u1,ready\n")
    _ = try work.ingest(work.at("b.csv"), options: isGiven ? ["--timezone", "Europe/Berlin"] : [])
    let traced = try work.firebreak("trace", "--case", work.at("x.firebreak"))
    #expect(
      traced.output.contains("no zone is known for the stamps of 1 source") != isGiven, "\(traced.output)")
  }
}
