import Foundation
import Testing

/// Secrets in evidence: marked at ingest, masked wherever they are shown, shown only with an entry in the custody log.
@Suite struct SecretCommandTests {
  private func workspace() throws -> Workspace {
    let work = try Workspace()
    try work.write(
      "gw.log",
      """
      2026-04-07T09:00:00Z gw-1 wifid[7]: joining plant-5 with psk=hunter2hunter2 on channel 6
      2026-04-07T09:00:01Z gw-1 wifid[7]: joining plant-6 with psk=correcthorse on channel 11
      2026-04-07T09:00:02Z gw-1 relayd[9]: batch 17 handed on

      """)
    try work.write(
      "api.jsonl",
      """
      {"time":"2026-04-07T09:00:03Z","device":"gw-2","message":"login","mqtt_password":"s3cr3tword","try":1}
      {"time":"2026-04-07T09:00:04Z","device":"gw-2","message":"call","url":"https://bob:pa55word@broker/x"}

      """)
    let result = try work.ingest(work.at("gw.log"), work.at("api.jsonl"))
    try #require(result.run.exit == 0, "\(result.run.errors)")
    return work
  }

  private let secrets = ["hunter2hunter2", "correcthorse", "s3cr3tword", "pa55word"]

  @Test(arguments: [
    ["query", "--format", "jsonl"], ["query", "--format", "table"], ["query", "--format", "csv"],
    ["query", "--count-by", "template"], ["query", "--count-by", "field.mqtt_password"],
    ["query", "--sql", "SELECT message, fields FROM timeline"],
    ["query", "--sql", "SELECT variables FROM event"], ["query", "--sql", "SELECT text FROM template"],
    ["query", "--sql", "SELECT fields ->> 'mqtt_password' AS x FROM event"],
    ["show", "1"], ["show", "1", "--format", "json"], ["show", "4", "--format", "json"],
  ])
  func areMasked(_ words: [String]) throws {
    let work = try workspace()
    let run = try BuiltProgram.run(
      words + ["--case", work.at("x.firebreak")], in: work.folder, environment: ["FIREBREAK_CASE": ""])
    #expect(run.exit == 0, "\(run.errors)")
    #expect(run.output.contains("[masked]"), "\(words): \(run.output)")
    for secret in secrets { #expect(!run.output.contains(secret), "\(words) shows \(secret)") }
  }

  /// A function gets what is masked already, so no part of a secret comes out of it.
  @Test(arguments: [
    "SELECT substr(message, instr(message, 'psk=') + 4, 7) AS x FROM timeline",
    "SELECT hex(substr(message, 1, 40)) AS x, replace(message, 'psk', 'p') AS y FROM timeline",
    "SELECT substr(fields, instr(fields, 'mqtt_password') + 10, 14) AS x FROM timeline",
    "SELECT upper(substr(variables, 1, 60)) AS x FROM event",
    "SELECT printf('%s', substr(variables, 3, 60)) AS x FROM segment_1",
    "WITH t AS (SELECT message AS m FROM timeline) SELECT substr(m, 20, 40) AS x FROM t",
    "SELECT fields ->> 'url' AS x, length(fields ->> 'mqtt_password') AS y FROM event",
  ])
  func noPartIsTakenOutBySQL(_ sql: String) throws {
    let work = try workspace()
    let run = try work.firebreak("query", "--case", "x.firebreak", "--format", "jsonl", "--sql", sql)
    #expect(run.exit == 0, "\(run.errors)")
    for secret in secrets {
      let part = secret.prefix(5)
      let hex = part.utf8.map { String($0, radix: 16, uppercase: true) }.joined()
      for form in [String(part), part.uppercased(), hex] {
        #expect(!run.output.contains(form), "\(sql) shows \(form) of \(secret): \(run.output)")
      }
    }
    let revealed = try work.firebreak(
      "query", "--reveal", "--case", "x.firebreak", "--format", "jsonl", "--sql",
      "SELECT substr(message, instr(message, 'psk=') + 4, 7) AS x FROM timeline")
    #expect(revealed.output.contains("hunter2"))
  }

  @Test func theWayAroundTheMaskIsRefused() throws {
    let work = try workspace()
    for sql in ["SELECT substr(message, 1, 40) FROM main.timeline", "SELECT * FROM \"main\" . event"] {
      let run = try work.firebreak("query", "--case", "x.firebreak", "--sql", sql)
      #expect(run.exit == 2 && run.errors.contains("main."), "\(run.exit) \(run.errors)")
      #expect(!run.output.contains("hunter"))
    }
    let harmless = try work.firebreak(
      "query", "--case", "x.firebreak", "--sql",
      "SELECT count(*) FROM timeline WHERE message LIKE '%domain.com%'")
    #expect(harmless.exit == 0, "\(harmless.errors)")
  }

  @Test func areShownOnlyWithAnEntryInTheCustodyLog() throws {
    let work = try workspace()
    let shown = try work.firebreak(
      "query", "--reveal", "secret:*", "--case", "x.firebreak", "--format", "jsonl")
    #expect(shown.output.contains("psk=hunter2hunter2"))
    #expect(shown.output.contains("s3cr3tword"))
    let log = try work.firebreak(
      "query", "--case", "x.firebreak", "--format", "jsonl", "--sql",
      "SELECT action, subject FROM custody ORDER BY id DESC LIMIT 1")
    #expect(log.output.contains("\"action\":\"reveal\""), "\(log.output)")
    #expect(log.output.contains("secret:*"))
    #expect(try work.firebreak("verify", "--log-only", "--case", "x.firebreak").exit == 0)
  }

  @Test func markedTemplatesAreFoundByTheirKind() throws {
    let work = try workspace()
    let run = try work.firebreak(
      "query", "secret:*", "--case", "x.firebreak", "--format", "jsonl")
    #expect(run.output.split(separator: "\n").count == 4, "\(run.output)")
    let psk = try work.firebreak(
      "query", "secret:preshared_key", "--case", "x.firebreak", "--format", "jsonl")
    #expect(psk.output.split(separator: "\n").count == 2)
    #expect(try work.firebreak("query", "secret:private_key", "--case", "x.firebreak").exit == 1)
  }

  @Test(.enabled(if: Shell.canMount, "needs root and a mount namespace"))
  func whereNothingCanBeLoggedNothingIsRevealed() throws {
    let work = try workspace()
    let (status, output) = try Shell.run(
      """
      mkdir ro && cp x.firebreak ro/ && unshare -m bash -c '
        mount --bind ro ro && mount -o remount,ro,bind ro ro || exit 99
        "$FIREBREAK" query --reveal --case ro/x.firebreak'
      """, in: work)
    #expect(status == 2, "\(output)")
    #expect(!output.contains("hunter2hunter2"))
    #expect(output.contains("custody"))
  }
}
