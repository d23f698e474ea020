import Foundation
import CSQLite
import IncidentModel
import Testing

@testable import TimelineStore

@Suite struct CaseSafetyTests {
  let folder = TemporaryFolder()
  var path: String { folder.file("x.firebreak") }

  private func entry(_ run: String, _ sequence: Int) -> JournalRow {
    JournalRow(
      run: run, sequence: sequence, wallTime: 5, monotonicTime: 6, kind: "intent", step: "s", target: nil,
      action: nil,
      outcome: "ok", reason: nil, wave: nil, detail: "d\(sequence)", hash: "h")
  }

  private func makeEmptyCase(_ path: String) throws { _ = try CaseLoader(path: path).finish() }

  private func code(_ body: () throws -> Void) -> StoreError.Code? {
    do { try body() } catch { return (error as? StoreError)?.code }
    return nil
  }

  @Test func whatIsNotAGoodCaseIsRefusedWithItsReason() throws {
    func write(_ name: String, _ bytes: [UInt8]) throws -> String {
      try Data(bytes).write(to: URL(filePath: folder.file(name)))
      return folder.file(name)
    }
    for opening in [
      { (path: String) in _ = try CaseReader(path: path) }, { path in _ = try CaseLoader(path: path) },
    ] {
      #expect(code { try opening(write("empty", [])) } == .notACase)
      #expect(
        code { try opening(write("text", Array("just some text, long enough to be a header".utf8))) }
          == .notACase)
      #expect(code { try opening(folder.path) } != nil)
    }

    let changes: [(String, StoreError.Code)] = [
      ("PRAGMA user_version = 99", .newerVersion), ("PRAGMA application_id = 7", .notACase),
      ("CREATE TRIGGER t AFTER INSERT ON note BEGIN DELETE FROM custody; END", .tampered),
      ("CREATE VIEW extra AS SELECT 1", .tampered), ("DROP VIEW timeline", .tampered),
      ("DROP TRIGGER journal_delete", .tampered),
      ("DROP VIEW timeline; CREATE VIEW timeline AS SELECT 1", .tampered),
      ("CREATE VIRTUAL TABLE v USING fts5(a)", .tampered),
    ]
    for (index, (sql, expected)) in changes.enumerated() {
      let path = folder.file("changed-\(index)")
      try makeEmptyCase(path)
      do {
        let connection = try SQLiteConnection(path: path, flags: SQLITE_OPEN_READWRITE)
        try connection.execute(sql)
      }
      #expect(code { _ = try CaseLoader(path: path) } == expected, "\(sql)")
      #expect(code { _ = try CaseReader(path: path) } == expected, "\(sql)")
    }
  }

  @Test func secondLoadAtTheSameTimeIsToldToWait() throws {
    let first = try CaseLoader(path: path)
    #expect(code { _ = try CaseLoader(path: path) } == .locked)
    _ = try first.finish()
    let append = try CaseLoader(path: path)
    #expect(code { _ = try CaseLoader(path: path) } == .locked)
    append.cancel()
    _ = try CaseLoader(path: path).finish()
  }

  @Test func journalCanBeWrittenWhileALoadIsUnderWay() throws {
    try makeEmptyCase(path)
    let file = JournalStore(try CaseFile(path: path))
    let loader = try CaseLoader(path: path)
    var builder = BatchBuilder()
    builder.add(time: 1, "x")
    try file.append([entry("a", 1)])
    try loader.load(order: 0, "s", hash: 1, [builder.batch])
    try file.append([entry("a", 2)])
    _ = try loader.finish()
    try file.append([entry("a", 3)])
    #expect(try file.rows(run: "a").count == 3)
    #expect(try sqlite3(path, "SELECT count(*) FROM event; PRAGMA integrity_check") == "1\nok")
  }

  @Test(arguments: [false, true]) func fullDiskLeavesTheCaseAsItWas(append: Bool) throws {
    var before = Data()
    if append {
      try makeEmptyCase(path)
      before = try Data(contentsOf: URL(filePath: path))
    }
    var options = CaseLoader.Options()
    options.maximumPages = 100
    let loader = try CaseLoader(path: path, options: options)
    var builder = BatchBuilder()
    for event in 0..<20_000 {
      builder.add(time: Int64(event), "value ", "\(event) and much more to fill a page", "")
    }
    #expect(
      code {
        try loader.load(order: 0, "s", hash: 1, [builder.batch])
        _ = try loader.finish()
      } == .diskFull)
    loader.cancel()
    if append {
      #expect(folder.files == ["x.firebreak"])
      #expect(try Data(contentsOf: URL(filePath: path)) == before)
      #expect(try sqlite3(path, "PRAGMA integrity_check; SELECT count(*) FROM event") == "ok\n0")
    } else {
      #expect(folder.files.isEmpty)
    }
    _ = try CaseLoader(path: path).finish()
  }
}
