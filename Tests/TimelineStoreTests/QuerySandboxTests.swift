import IncidentModel
import Testing

@testable import TimelineStore

@Suite struct QuerySandboxTests {
  private func run(_ sql: String, _ limits: SQLLimits = SQLLimits()) throws -> [[SQLCell]] {
    let fixture = try QueryFixture(events: [
      [.init(time: 1_000_000_000, device: "gw-1", severity: 3), .init(time: nil, device: nil, severity: nil)]
    ])
    fixture.close()
    var rows: [[SQLCell]] = []
    _ = try SQLSandbox(path: fixture.path, limits: limits).run(sql) {
      rows.append($0)
      return true
    }
    return rows
  }

  @Test func answersSelects() throws {
    #expect(try run("SELECT count(*) FROM event") == [[.integer(2)]])
    #expect(
      try run("SELECT time, device, severity, message FROM timeline WHERE device = 'gw-1' -- why") == [
        [.text("1970-01-01T00:00:01.000000000Z"), .text("gw-1"), .text("error"), .text("boot")]
      ])
    #expect(
      try run("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3) SELECT i FROM n;")
        .count == 3)
    #expect(try run("SELECT name FROM sqlite_schema LIMIT 1").count == 1)
    #expect(
      try run("SELECT x'ff00', NULL, 1.5, json_extract('[7]', '$[0]')") == [
        [.blob([0xff, 0]), .null, .real(1.5), .integer(7)]
      ])
  }

  @Test(arguments: [
    "DELETE FROM event", "INSERT INTO note VALUES (1, 0, 'a', 1, 'b')", "UPDATE note SET text = ''",
    "DROP TABLE note", "CREATE TABLE t (a)", "CREATE TEMP TABLE t (a)", "ATTACH '/etc/passwd' AS x",
    "ATTACH ':memory:' AS x",
    "DETACH main", "PRAGMA query_only = OFF", "PRAGMA table_info(note)", "SELECT * FROM pragma_database_list",
    "SELECT load_extension('/tmp/x.so')", "SELECT fts3_tokenizer('simple')", "VACUUM INTO '/tmp/firebreak-x'",
    "VACUUM",
    "ANALYZE", "REINDEX", "BEGIN", "COMMIT", "SAVEPOINT a", "EXPLAIN DELETE FROM note", "SELECT 1; SELECT 2",
    "", "-- nothing",
    "SELECT * FROM nowhere", "SELECT 1 FROM event; DROP TABLE note", "SELECT writefile('/tmp/x', 'y')",
    "SELECT \"no such\"",
    "SELECT firebreak_value(0, 'x')", "CREATE VIRTUAL TABLE t USING fts5(a)", "ALTER TABLE note RENAME TO x",
    "SELECT edit('x')",
  ])
  func refuses(sql: String) {
    let error = #expect(throws: StoreError.self) { try run(sql) }
    // What SQLite itself cannot make sense of is the asker's mistake; what it could, but must not do, is refused.
    #expect(error?.code == .query || error?.code == .mistake, "\(error.map { "\($0)" } ?? "")")
  }

  @Test func stopsWhatTakesTooLong() {
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    let error = #expect(throws: StoreError.self) { try run(endless, SQLLimits(seconds: 0.1)) }
    #expect(error?.code == .limit)
  }

  @Test func stopsWhatTakesTooMuch() {
    for sql in [
      "SELECT length(zeroblob(900000000))",
      "WITH RECURSIVE n(i, t) AS (SELECT 1, printf('%.1000000c', 'x') UNION ALL SELECT i + 1, t || i FROM n WHERE i < 500) "
        + "SELECT group_concat(t) FROM n ORDER BY 1",
    ] {
      let error = #expect(throws: StoreError.self) { try run(sql, SQLLimits(memory: 40 << 20)) }
      #expect(error?.code == .limit, "\(error.map { "\($0)" } ?? "")")
    }
  }

  private func masked(_ sql: String) throws -> [[SQLCell]] {
    let fixture = try QueryFixture(
      events: [
        [
          .init(
            time: 1_000_000_000, device: "gw-1", severity: 3, template: "login password=<*> from <*>",
            variables: ["hunter2", "10.0.0.1"], fields: #"{"token":"hunter2-abcdefgh"}"#),
          .init(
            time: 2_000_000_000, device: "gw-1", severity: 6, template: "up <*> s", variables: ["17"]),
          .init(
            time: 3_000_000_000, device: "gw-2", severity: 6,
            message: Array("sent password=hunter2\u{7}".utf8)),
        ]
      ], inventory: (["site", "remark"], [("gw-1", ["s1", "password=hunter2"])]))
    try fixture.run(
      "INSERT INTO refused VALUES (1, 1, 1, 0, 9, 'odd', x'\("password=hunter2".utf8.map { String($0, radix: 16) }.joined())')"
    )
    try fixture.run("INSERT INTO note (created_at, author, text) VALUES (0, 'ann', 'password=hunter2')")
    fixture.close()
    var rows: [[SQLCell]] = []
    _ = try SQLSandbox(path: fixture.path, masksSecrets: true).run(sql) {
      rows.append($0)
      return true
    }
    return rows
  }

  @Test(arguments: [
    "SELECT * FROM timeline", "SELECT * FROM event", "SELECT * FROM segment_1", "SELECT * FROM refused_line",
    "SELECT * FROM note", "SELECT * FROM inventory_value", "SELECT hex(message), hex(fields) FROM timeline",
    "SELECT substr(message, instr(message, '=') + 1, 7) FROM timeline ORDER BY id",
    "SELECT substr(variables, 1, 7) FROM segment_1", "SELECT hex(excerpt) FROM refused",
    "SELECT json_extract(fields, '$.token') FROM timeline", "SELECT json_group_array(variables) FROM event",
    "SELECT printf('%.90s', fields) FROM event UNION ALL SELECT text FROM note",
    "WITH x AS (SELECT variables AS v FROM event) SELECT replace(v, 'h', 'H') FROM x",
  ])
  func masksSecretsBeforeTheStatementSeesThem(sql: String) throws {
    let text = "\(try masked(sql))".lowercased()
    #expect(!text.contains("hunter2") && !text.contains("68756e74657232"), "\(text)")
    #expect(!text.contains("[104, 117, 110, 116, 101, 114, 50"), "\(text)")
  }

  @Test(arguments: [
    "SELECT message FROM main.timeline", "SELECT variables FROM main.event",
    "SELECT \"fields\" FROM \"MAIN\".segment_1",
    "WITH event AS (SELECT variables FROM main.segment_1) SELECT * FROM event",
    "WITH timeline AS (SELECT 1 AS id) SELECT (SELECT variables FROM main.event LIMIT 1) FROM timeline",
    "SELECT sql FROM sqlite_temp_schema", "SELECT sql FROM temp.sqlite_schema",
    "SELECT * FROM pragma_database_list",
    "SELECT content FROM main.embedded", "SELECT count(*) FROM main.timeline WHERE message LIKE '%hunter2%'",
    "SELECT * FROM sqlite_stmt", "SELECT * FROM tables_used('SELECT 1')",
  ])
  func refusesWhatWouldLeadAroundTheMask(sql: String) throws {
    #expect(throws: StoreError.self) { try masked(sql) }
  }

  @Test func whatHoldsNoSecretIsAsItWas() throws {
    #expect(
      try masked("SELECT id, variables FROM event WHERE template = 1") == [[.integer(2), .text("17")]])
    #expect(
      try masked("SELECT message FROM timeline WHERE id IN (SELECT id FROM event ORDER BY time) AND id = 2")
        == [[.text("up 17 s")]])
    #expect(try masked("SELECT count(*) FROM main.device") == [[.integer(2)]])
    #expect(try masked("SELECT count(*) FROM timeline WHERE message LIKE '%hunter2%'") == [[.integer(0)]])
    #expect(try masked("SELECT count(*) FROM sqlite_schema WHERE name = 'timeline'") == [[.integer(1)]])
  }

  @Test func saysWhenRowsWereLeftOff() throws {
    let fixture = try QueryFixture(events: [
      [.init(time: 1, device: nil, severity: nil), .init(time: 2, device: nil, severity: nil)]
    ])
    fixture.close()
    var rows = 0
    let result = try SQLSandbox(path: fixture.path, limits: SQLLimits(rows: 1)).run("SELECT id FROM event") {
      _ in
      rows += 1
      return true
    }
    #expect(result.isTruncated && rows == 1)
    #expect(result.names == ["id"])
  }
}
