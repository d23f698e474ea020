import Testing

/// Cases from which nothing can be told: that nothing failed would be no answer.
@Suite struct NothingToTraceTests {
  @Test func aCaseWithoutEventsIsNoAllClear() throws {
    let work = try Workspace()
    try work.write("empty.log", "")
    _ = try work.ingest(work.at("empty.log"))
    for command in [
      ["trace"], ["trace", "--format", "json"], ["incidents"], ["explain", "gw-1"], ["what-if"],
    ] {
      let run = try BuiltProgram.run(
        command + ["--case", work.at("x.firebreak")], in: work.folder, environment: ["FIREBREAK_CASE": ""])
      #expect(run.exit == 2, "\(command)")
      #expect(
        run.errors.contains("nothing can be traced: the case holds no event; 'firebreak sources' shows"),
        "\(command): \(run.errors)")
      #expect(run.output.isEmpty, "\(command): \(run.output)")
    }
    let page = try work.firebreak(
      "trace", "--format", "html", "--output", work.at("t.html"), "--case", work.at("x.firebreak"))
    #expect(page.exit == 2 && page.errors.contains("nothing can be traced"))
    let devices = try work.firebreak("devices", "--case", work.at("x.firebreak"))
    #expect(devices.exit == 1 && devices.errors.contains("no device speaks in this case"))
  }

  @Test func aCaseWithRefusedLinesOnlySaysHowMany() throws {
    let work = try Workspace()
    try work.write("a.log", String(repeating: "{\"ts\": broken\n", count: 20))
    let ingested = try work.ingest(work.at("a.log"), options: ["--input-format", "jsonl"])
    try #require(ingested.count("refused") == 20, "\(ingested.run.output)")
    let run = try work.firebreak("trace", "--case", work.at("x.firebreak"))
    #expect(run.exit == 2 && run.errors.contains("20 lines could not be read"), "\(run.errors)")
    #expect(run.errors.contains("firebreak sources --refused"))
  }

  @Test func aCaseWhoseEventsHaveNoTimeSaysThat() throws {
    let work = try Workspace()
    try work.write("a.log", (0..<40).map { "line \($0) of a program without a clock\n" }.joined())
    _ = try work.ingest(work.at("a.log"))
    try #require(try work.eventCount() == 40)
    let run = try work.firebreak("trace", "--case", work.at("x.firebreak"))
    #expect(run.exit == 2 && run.errors.contains("none of the 40 events has a usable time"), "\(run.errors)")
  }

  @Test func boundsThatLeaveOutTheEvidenceAreSaid() throws {
    let work = try Workspace()
    try work.write("a.log", Workspace.log(20))
    _ = try work.ingest(work.at("a.log"))
    for bound in ["since:2031-01-01", "until:2020-01-01"] {
      let run = try work.firebreak("query", bound, "--case", work.at("x.firebreak"))
      #expect(run.exit == 1)
      #expect(
        run.errors.contains("it goes from 2026-04-07T09:00:00Z to 2026-04-07T09:00:19Z"), "\(run.errors)")
    }
    let crossed = try work.firebreak(
      "query", "since:2026-04-07T10:00Z until:2026-04-07T09:00Z", "--case", work.at("x.firebreak"))
    #expect(crossed.errors.contains("since: is not before until:"), "\(crossed.errors)")
    let inside = try work.firebreak("query", "nosuchword since:2026-04-07T09:00Z", "--case", "x.firebreak")
    #expect(inside.exit == 1 && !inside.errors.contains("outside"), "\(inside.errors)")
  }
}
