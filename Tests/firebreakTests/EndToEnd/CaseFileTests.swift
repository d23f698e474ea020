import Foundation
import Testing

/// Case files that are not what they should be.
@Suite struct CaseFileTests {
  /// A workspace with a small case.
  private func workspaceWithCase() throws -> Workspace {
    let work = try Workspace()
    try work.write("a.log", Workspace.log(60))
    let result = try work.ingest(work.at("a.log"))
    try #require(result.run.exit == 0)
    return work
  }

  @Test func atRestACaseIsOnePrivateFile() throws {
    let work = try workspaceWithCase()
    let names = try FileManager.default.contentsOfDirectory(atPath: work.path)
    #expect(names.filter { $0.hasPrefix("x.firebreak") } == ["x.firebreak"])
    let mode =
      try FileManager.default.attributesOfItem(atPath: work.at("x.firebreak"))[.posixPermissions] as? Int
    #expect(mode == 0o600)
  }

  @Test func findsTheOnlyCaseInTheFolderAndSaysWhich() throws {
    let work = try workspaceWithCase()
    let run = try work.firebreak("query", "device:gw-1", "--limit", "1")
    #expect(run.exit == 0)
    #expect(run.errors.contains("x.firebreak"))
    #expect(run.errors.contains("2026-04-07"))
  }

  @Test func asksWhichWhereThereAreTwoCases() throws {
    let work = try workspaceWithCase()
    try FileManager.default.copyItem(atPath: work.at("x.firebreak"), toPath: work.at("y.firebreak"))
    let run = try work.firebreak("query", "device:gw-1")
    #expect(run.exit == 2)
    #expect(run.errors.contains("--case"))
  }

  @Test func refusesAFileThatIsNotACase() throws {
    let work = try Workspace()
    try work.write("text.firebreak", "hello\n".repeatedText(2000))
    let before = try Data(contentsOf: work.folder.appending(path: "text.firebreak"))
    for verb in [["query", "device:x"], ["trace"], ["sources"], ["devices"]] {
      let run = try BuiltProgram.run(verb + ["--case", work.at("text.firebreak")], in: work.folder)
      #expect(run.exit == 2, "\(verb)")
      #expect(run.errors.contains("text.firebreak"), "\(verb)")
    }
    try work.write("a.log", Workspace.log(5))
    let run = try work.firebreak("ingest", work.at("a.log"), "--case", work.at("text.firebreak"))
    #expect(run.exit == 2)
    #expect(try Data(contentsOf: work.folder.appending(path: "text.firebreak")) == before)
  }

  @Test func refusesAnotherSQLiteDatabase() throws {
    let work = try Workspace()
    let (status, _) = try Shell.run(
      "sqlite3 other.firebreak 'CREATE TABLE t(a); INSERT INTO t VALUES(1)'", in: work)
    guard status == 0 else { return }
    let run = try work.firebreak("query", "device:x", "--case", work.at("other.firebreak"))
    #expect(run.exit == 2)
    #expect(run.errors.contains("other.firebreak"))
  }

  @Test func refusesACaseOfANewerVersion() throws {
    let work = try workspaceWithCase()
    let (status, output) = try Shell.run("sqlite3 x.firebreak 'PRAGMA user_version = 9999'", in: work)
    try #require(status == 0, "\(output)")
    let run = try work.firebreak("query", "device:gw-1", "--case", work.at("x.firebreak"))
    #expect(run.exit == 2)
    #expect(run.errors.contains("newer"))
  }

  @Test(arguments: [
    "CREATE TRIGGER evil AFTER INSERT ON source BEGIN DELETE FROM meta; END",
    "DROP VIEW timeline; CREATE VIEW timeline AS SELECT load_extension('/tmp/x.so') AS id",
    "CREATE TABLE added (x)",
    "DROP VIEW timeline; CREATE VIEW timeline AS SELECT 1 AS id, 'forged' AS message",
  ])
  func refusesATamperedSchema(_ tampering: String) throws {
    let work = try workspaceWithCase()
    let (status, output) = try Shell.run("sqlite3 x.firebreak \"\(tampering)\"", in: work)
    try #require(status == 0, "\(output)")
    let run = try work.firebreak("query", "device:gw-1", "--case", work.at("x.firebreak"))
    #expect(run.exit == 2)
    #expect(!run.output.contains("forged"))
    #expect(run.errors.contains("x.firebreak"))
  }

  @Test func aDamagedCaseIsSaidToBe() throws {
    let work = try workspaceWithCase()
    var bytes = try Data(contentsOf: work.folder.appending(path: "x.firebreak"))
    for index in 4096..<min(bytes.count, 60_000) { bytes[index] = 0xAA }
    try bytes.write(to: work.folder.appending(path: "x.firebreak"))
    let run = try work.firebreak("query", "device:gw-1", "--case", work.at("x.firebreak"))
    #expect(run.exit == 2)
    #expect(!run.errors.isEmpty)
    #expect(!run.errors.contains("Fatal error"))
  }

  @Test(.enabled(if: Shell.canMount, "needs root and a mount namespace"))
  func aCaseOnReadOnlyMediaIsPackedElsewhere() throws {
    let work = try workspaceWithCase()
    let line = """
      mkdir m && mount -t tmpfs tmpfs m && cp x.firebreak m/ && mount -o remount,ro m
      "$FIREBREAK" pack --case m/x.firebreak --output y.pack && "$FIREBREAK" query --case y.pack --count-by device
      """
    let (status, output) = try Shell.run("unshare -m bash -c '\(line)'", in: work)
    #expect(status == 0 && output.contains("60"), "\(output)")
  }

  @Test(.enabled(if: Shell.canMount, "needs root and a mount namespace"))
  func aReadOnlyCaseAnswersQueries() throws {
    let work = try workspaceWithCase()
    let (status, output) = try Shell.run(
      """
      mkdir ro && cp x.firebreak ro/ && unshare -m bash -c '
        mount --bind ro ro && mount -o remount,ro,bind ro ro || exit 99
        cd ro && "$FIREBREAK" query device:gw-1 --case x.firebreak --limit 2 --format jsonl &&
        "$FIREBREAK" sources --case x.firebreak && "$FIREBREAK" devices --case x.firebreak'
      """, in: work)
    #expect(status == 0, "\(output)")
    #expect(output.contains("handed on"))
  }

  @Test(.enabled(if: Shell.canMount, "needs root and a mount namespace"))
  func ingestIntoAReadOnlyCaseSaysWhy() throws {
    let work = try workspaceWithCase()
    try work.write("b.log", Workspace.log(5, host: "gw-2"))
    let (status, output) = try Shell.run(
      """
      mkdir ro && cp x.firebreak ro/ && unshare -m bash -c '
        mount --bind ro ro && mount -o remount,ro,bind ro ro || exit 99
        "$FIREBREAK" ingest b.log --case ro/x.firebreak'
      """, in: work)
    #expect(status == 2, "\(output)")
    #expect(output.contains("x.firebreak"))
  }

  @Test(.enabled(if: Shell.canMount, "needs root and a mount namespace"))
  func aFullDiskLeavesTheCaseAsItWas() throws {
    let work = try Workspace()
    try work.write("big.log", Workspace.log(60_000))
    try work.write("small.log", Workspace.log(20, host: "gw-2"))
    let (status, output) = try Shell.run(
      """
      mkdir disk && unshare -m bash -c '
        mount -t tmpfs -o size=1500k tmpfs disk || exit 99
        "$FIREBREAK" ingest small.log --case disk/x.firebreak || exit 98
        "$FIREBREAK" ingest big.log --case disk/x.firebreak; echo "status $?"
        ls -A disk
        "$FIREBREAK" query --case disk/x.firebreak --sql "SELECT count(*) AS n FROM timeline" --format jsonl'
      """, in: work)
    #expect(status == 0, "\(output)")
    #expect(output.contains("status 2"), "\(output)")
    #expect(output.contains("\"n\":20"), "\(output)")
    let said = output.lowercased()
    #expect(said.contains("full") || said.contains("no space"), "\(output)")
  }
}

extension String {
  fileprivate func repeatedText(_ times: Int) -> String { String(repeating: self, count: times) }
}
