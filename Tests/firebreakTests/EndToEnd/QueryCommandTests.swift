import Foundation
import Testing

/// `firebreak query`, `show`, `sources` and `devices` on a small case whose answers are known.
@Suite struct QueryCommandTests {
  /// Twelve events of three devices, written by hand.
  private func smallCase() throws -> Workspace {
    let work = try Workspace()
    var log = ""
    for minute in 0..<4 {
      for (device, level, message) in [
        ("gw-1", "info", "all is well"), ("meter-a", "error", "battery low"),
        ("meter-b", "critical", "battery (gone)"),
      ] {
        log += """
          {"ts":"2026-04-07T09:0\(minute):00Z","device":"\(device)","level":"\(level)",\
          "msg":"\(message)","temp_c":\(58 + minute)}

          """
      }
    }
    try work.write("a.jsonl", log)
    try work.write(
      "inv.csv", "device,site,firmware\ngw-1,plant-01,1.0\nmeter-a,plant-02,2.4.1\nmeter-b,plant-02,2.4.0\n")
    let result = try work.ingest(work.at("a.jsonl"), options: ["--inventory", work.at("inv.csv")])
    try #require(result.run.exit == 0, "\(result.run.errors)")
    try #require(result.count("events") == 12)
    return work
  }

  private func count(_ expression: String, _ work: Workspace) throws -> Int {
    let run = try work.firebreak(
      "query", expression, "--case", work.at("x.firebreak"), "--format", "jsonl", "--limit", "100")
    try #require(run.exit == 0 || run.exit == 1, "\(expression): \(run.errors)")
    return run.output.split(separator: "\n").count
  }

  @Test(arguments: [
    ("device:gw-*", 4), ("device:meter-a", 4), ("severity>=error", 8), ("severity:critical", 4),
    ("text:\"battery low\"", 4), ("text:battery", 8), ("site:plant-02", 8), ("firmware:2.4.1", 4),
    ("attr.firmware:2.4.1", 4), ("since:2026-04-07T09:02Z", 6), ("since:2026-04-07T09:01Z until:+1m", 3),
    ("field.temp_c>60", 3), ("temp_c>60", 3), ("site:plant-02 AND NOT severity:critical", 4),
    ("device:gw-1 OR firmware:2.4.0", 8), ("(device:gw-1 OR device:meter-a) severity>=error", 4),
    ("NOT device:gw-1", 8), ("device:nobody", 0),
  ])
  func findsWhatItShould(_ expression: String, _ expected: Int) throws {
    #expect(try count(expression, smallCase()) == expected)
  }

  @Test func noMatchEndsWithOne() throws {
    let work = try smallCase()
    #expect(try work.firebreak("query", "device:nobody", "--case", work.at("x.firebreak")).exit == 1)
  }

  @Test(arguments: [
    "severity>=loud", "(device:gw-1", "device:", "since:yesterdayish", "text:\"open", "AND device:x",
  ])
  func pointsAtTheFaultOfAnExpression(_ expression: String) throws {
    let work = try smallCase()
    let run = try work.firebreak("query", expression, "--case", work.at("x.firebreak"))
    #expect(run.exit == 64 || run.exit == 2, "\(expression)")
    #expect(
      run.errors.split(separator: "\n").contains { $0.drop { $0 == " " }.hasPrefix("^") }, "\(run.errors)")
  }

  @Test func writesEveryFormat() throws {
    let work = try smallCase()
    let json = try work.firebreak(
      "query", "device:gw-1", "--format", "json", "--case", work.at("x.firebreak"))
    #expect((try jsonObject(json.output)["schema"] as? String)?.hasPrefix("firebreak.") == true)
    let lines = try work.firebreak(
      "query", "device:gw-1", "--format", "jsonl", "--case", work.at("x.firebreak"))
    for line in lines.output.split(separator: "\n") { _ = try jsonObject(String(line)) }
    let csv = try work.firebreak("query", "device:gw-1", "--format", "csv", "--case", work.at("x.firebreak"))
    #expect(csv.output.split(separator: "\n").count == 5)
    let table = try work.firebreak("query", "device:gw-1", "--case", work.at("x.firebreak"))
    #expect(table.output.contains("all is well"))
  }

  @Test func countsByColumnsAndOverTime() throws {
    let work = try smallCase()
    let counts = try work.firebreak(
      "query", "--count-by", "device,hour", "--format", "csv", "--case", work.at("x.firebreak"))
    #expect(counts.exit == 0, "\(counts.errors)")
    #expect(counts.output.split(separator: "\n").count == 4)
    #expect(counts.output.contains(",4"))
    let histogram = try work.firebreak("query", "--histogram", "--case", work.at("x.firebreak"))
    #expect(histogram.exit == 0, "\(histogram.errors)")
  }

  @Test func refusesSQLThatWrites() throws {
    let work = try smallCase()
    for sql in [
      "DELETE FROM event", "ATTACH DATABASE '/tmp/evil.db' AS e", "PRAGMA journal_mode = DELETE",
      "DROP VIEW timeline",
      "SELECT load_extension('/tmp/x.so')", "INSERT INTO event SELECT * FROM event",
      "VACUUM INTO '/tmp/copy.db'",
      "SELECT writefile('/tmp/evil','x')", "SELECT 1; DELETE FROM event",
    ] {
      let run = try work.firebreak("query", "--sql", sql, "--case", work.at("x.firebreak"))
      #expect(run.exit == 2 || run.exit == 64, "\(sql): \(run.exit) \(run.output)")
      #expect(!run.errors.isEmpty)
    }
    #expect(try work.eventCount() == 12)
    #expect(!FileManager.default.fileExists(atPath: "/tmp/evil.db"))
  }

  @Test func stopsSQLThatRunsForEver() throws {
    let work = try smallCase()
    let sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    let (status, output) = try Shell.run(
      "timeout 60 \"$FIREBREAK\" query --timeout 2 --sql \"\(sql)\" --case x.firebreak", in: work)
    #expect(status == 2 || status == 3, "\(status): \(output)")
    #expect(output.contains("longer than 2"))
  }

  @Test func showsTheRawLineWithItsPlace() throws {
    let work = try smallCase()
    let run = try work.firebreak("show", "2", "--case", work.at("x.firebreak"))
    #expect(run.exit == 0, "\(run.errors)")
    #expect(run.output.contains("\"msg\":\"battery low\""))
    #expect(run.output.contains("a.jsonl"))
    #expect(run.output.contains("plant-02") || run.output.contains("meter-a"))
    let missing = try work.firebreak("show", "999999", "--case", work.at("x.firebreak"))
    #expect(missing.exit == 1 || missing.exit == 2)
    #expect(missing.errors.contains("999999"))
  }

  @Test func saysWhenTheEvidenceHasGoneOrChanged() throws {
    let work = try smallCase()
    try FileManager.default.moveItem(atPath: work.at("a.jsonl"), toPath: work.at("b.jsonl"))
    let gone = try work.firebreak("show", "2", "--case", work.at("x.firebreak"))
    #expect(gone.output.contains("battery low"))
    #expect((gone.output + gone.errors).contains("a.jsonl"))
    try work.write("a.jsonl", "{\"forged\":\"line\"}\n".padding(toLength: 2000, withPad: "x", startingAt: 0))
    let changed = try work.firebreak("show", "2", "--case", work.at("x.firebreak"))
    #expect(
      !changed.output.contains("\"forged\":\"line\"") || (changed.output + changed.errors).contains("changed")
    )
  }

  @Test func embeddedEvidenceStandsAlone() throws {
    let work = try Workspace()
    try work.write("a.log", Workspace.log(40))
    let result = try work.ingest(work.at("a.log"), options: ["--embed"])
    #expect(result.run.exit == 0)
    try FileManager.default.removeItem(atPath: work.at("a.log"))
    let run = try work.firebreak("show", "7", "--case", work.at("x.firebreak"))
    #expect(
      run.output.contains("2026-04-07T09:00:06.000000+00:00 gw-1 relayd[41]: batch 6 handed on after 6 ms"))
  }

  @Test func listsSourcesAndDevices() throws {
    let work = try smallCase()
    let sources = try work.firebreak("sources", "--format", "jsonl", "--case", work.at("x.firebreak"))
    #expect(sources.exit == 0 && sources.output.contains("a.jsonl"))
    let devices = try work.firebreak("devices", "--format", "jsonl", "--case", work.at("x.firebreak"))
    #expect(devices.output.split(separator: "\n").count == 3)
  }
}
