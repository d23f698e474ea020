import Glibc
import IncidentModel
import Testing

@testable import TimelineStore

/// Cases that somebody else made, and cases that cannot be written.
@Suite struct ReadingHostileCaseTests {
  private func fixture() throws -> QueryFixture {
    try QueryFixture(events: [[.init(time: 1_000_000_000, device: "gw-1", severity: 3)]])
  }

  private func code(_ body: () throws -> Void) -> StoreError.Code? {
    do {
      try body()
      return nil
    } catch {
      return (error as? StoreError)?.code
    }
  }

  @Test(arguments: [
    "CREATE TRIGGER evil AFTER INSERT ON journal BEGIN DELETE FROM note; END",
    "CREATE VIEW extra AS SELECT 1",
    "CREATE TABLE extra (a)",
    "CREATE INDEX extra ON note (author)",
    "DROP VIEW timeline; CREATE VIEW timeline AS SELECT load_extension('/tmp/x.so') AS id",
    "DROP VIEW timeline",
    "DROP TRIGGER journal_delete",
    "DROP INDEX segment_1_error",
    "ALTER TABLE note ADD COLUMN evil TEXT DEFAULT (1)",
    "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = sql || ' ' WHERE name = 'note'",
    "CREATE VIRTUAL TABLE words USING fts5(x)",
  ])
  func refusesATamperedSchema(statement: String) throws {
    let fixture = try fixture()
    try fixture.run(statement)
    fixture.close()
    #expect(code { _ = try CaseReader(path: fixture.path) } == .tampered)
    #expect(code { _ = try CaseFile(path: fixture.path) } == .tampered)
    #expect(code { _ = try SQLSandbox(path: fixture.path) } == .tampered)
  }

  @Test func saysWhatAFileIsInstead() throws {
    let fixture = try fixture()
    try fixture.run("PRAGMA user_version = 99")
    #expect(code { _ = try fixture.reader() } == .newerVersion)
    try fixture.run("PRAGMA user_version = 1; PRAGMA application_id = 0")
    #expect(code { _ = try fixture.reader() } == .notACase)
    #expect(code { _ = try CaseReader(path: fixture.folder) } == .notACase)
    #expect(code { _ = try CaseReader(path: fixture.folder + "/missing") } == .unreadable)
    for bytes in ["", "SQLite format 3\0", "hello, this is no database at all, just some text".self] {
      let path = fixture.folder + "/other"
      let file = try #require(fopen(path, "wb"))
      fputs(bytes, file)
      fclose(file)
      #expect(code { _ = try CaseReader(path: path) } == .notACase, "\(bytes)")
      unlink(path)
    }
  }

  @Test func readsACaseThatCannotBeWritten() throws {
    let fixture = try fixture()
    fixture.close()
    chmod(fixture.path, 0o400)
    chmod(fixture.folder, 0o500)
    defer { chmod(fixture.folder, 0o700) }
    #expect(try CaseReader(path: fixture.path).events(matching: "").count == 1)
    if getuid() != 0 { #expect(code { _ = try CaseFile(path: fixture.path) } == .readOnly) }
  }

  private func copy(_ from: String, _ to: String) throws {
    let file = try #require(fopen(from, "rb"))
    defer { fclose(file) }
    let out = try #require(fopen(to, "wb"))
    defer { fclose(out) }
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { fwrite(buffer, 1, count, out) }
  }

  @Test func rollsBackWhatAKilledProcessLeft() throws {
    let fixture = try QueryFixture(events: [
      (0..<300).map { .init(time: Int64($0), device: "gw-1", severity: 3) }
    ])
    // A transaction larger than the cache is in the file before it is committed.
    try fixture.run(
      "PRAGMA cache_size = 1; PRAGMA cache_spill = 1; BEGIN; UPDATE segment_1 SET message = zeroblob(3000)")
    let killed = fixture.folder + "/killed.firebreak"
    defer { for ending in ["", "-journal"] { unlink(killed + ending) } }
    try copy(fixture.path, killed)
    try copy(fixture.path + "-journal", killed + "-journal")
    try fixture.run("ROLLBACK")
    fixture.close()
    #expect(
      try CaseReader(path: killed).events(matching: "").map(\.message) == Array(repeating: "boot", count: 300)
    )
    #expect(access(killed + "-journal", F_OK) != 0)
    // A journal that names another file is an attack on that file.
    let victim = fixture.folder + "/victim"
    defer { unlink(victim) }
    try copy(fixture.path, victim)
    try fixture.run(
      "PRAGMA cache_size = 1; PRAGMA cache_spill = 1; BEGIN; UPDATE segment_1 SET message = zeroblob(3000)")
    try copy(fixture.path, killed)
    try copy(fixture.path + "-journal", killed + "-journal")
    try fixture.run("ROLLBACK")
    fixture.close()
    let journal = try #require(fopen(killed + "-journal", "ab"))
    var tail: [UInt8] = [0, 0, 0, 1] + Array(victim.utf8)
    let sum = victim.utf8.reduce(UInt32(0)) { $0 &+ UInt32($1) }
    for number in [UInt32(victim.utf8.count), sum] {
      tail += (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) }
    }
    tail += [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7]
    fwrite(tail, 1, tail.count, journal)
    fclose(journal)
    #expect(code { _ = try CaseReader(path: killed) } == .tampered)
    #expect(access(victim, F_OK) == 0)
  }

  @Test func survivesNonsenseInTheRows() throws {
    let fixture = try fixture()
    try fixture.run(
      """
      UPDATE segment_1 SET time = 'text', device = 99999999999, severity = -5, template = 1 << 40, origin = x'00', line = NULL,
        variables = x'0909ff', fields = 12, message = NULL, stamp = 3.5;
      UPDATE template SET format = '%1000000000d %n %s %s %s';
      UPDATE origin SET time_quality = 77, identity_basis = -1, stamp_digits = 1000000;
      UPDATE source SET first_event = -9223372036854775808, events = 9223372036854775807, members = '[[[';
      UPDATE segment SET last_time = 'x', events = -4;
      INSERT INTO trace_result VALUES (1, 0, '', '', '', 'no json'), (2, 0, '', '', '', '{"devices":7}');
      INSERT INTO note VALUES (1, 0, 'a', 1, 'no json');
      INSERT INTO custody VALUES (1, 0, 'a', 'b', 'c', NULL, x'ff')
      """)
    let reader = try fixture.reader()
    #expect(try reader.events(matching: "").count == 1)
    for expression in [
      "text:x", "field.a:1", "device:*", "source:*", "severity>=error", "tag:*", "basis:path", "NOT text:x",
    ] {
      _ = try reader.events(matching: expression)
      _ = try reader.counts(
        matching: try reader.query(expression), by: [.device, .source, .time(.hour), .template])
      _ = try reader.histogram(matching: try reader.query(expression), maximumBins: 10)
    }
    #expect(throws: QueryError.self) { try reader.query("trace:affected") }
    _ = try reader.notes()
    _ = try reader.custody()
    _ = try reader.trace()
  }

  @Test func survivesAFileWithFlippedBytes() throws {
    let fixture = try QueryFixture(events: QueryEvaluationTests.events(seed: 2, count: 60))
    fixture.close()
    let file = try #require(fopen(fixture.path, "rb"))
    var bytes = [UInt8](repeating: 0, count: 4 << 20)
    bytes.removeLast(bytes.count - fread(&bytes, 1, bytes.count, file))
    fclose(file)
    var random = SplitMix(seed: 9)
    let path = fixture.folder + "/flipped.firebreak"
    defer { unlink(path) }
    for _ in 0..<60 {
      var damaged = bytes
      for _ in 0..<8 {
        damaged[Int.random(in: 100..<damaged.count, using: &random)] = UInt8.random(
          in: 0...255, using: &random)
      }
      if Int.random(in: 0..<4, using: &random) == 0 {
        damaged.removeLast(Int.random(in: 1..<damaged.count, using: &random))
      }
      let out = try #require(fopen(path, "wb"))
      fwrite(damaged, 1, damaged.count, out)
      fclose(out)
      do {
        let reader = try CaseReader(path: path)
        for expression in ["", "text:low", "field.s:*", "device:gw-* severity>=error"] {
          _ = try reader.events(matching: expression)
        }
      } catch is StoreError {}
    }
  }
}
