import Foundation
import Testing

/// What others read a case with: Datasette and DuckDB, from PyPI, in `.build/tools` (`.ci/test` installs them).
@Suite struct OtherToolsTests {
  private static var python: String? {
    let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let path = package.appending(path: ".build/tools/bin/python").path
    return FileManager.default.isExecutableFile(atPath: path) ? path : nil
  }

  private static let script = """
    import glob, json, subprocess, sys
    import duckdb
    case = sys.argv[1]
    extension = glob.glob(sys.prefix + "/lib/python*/site-packages/duckdb_ext/extensions/*/*/sqlite_scanner.duckdb_extension")[0]
    db = duckdb.connect()
    db.execute(f"LOAD '{extension}'")
    db.execute(f"ATTACH '{case}' AS c (TYPE sqlite, READ_ONLY)")
    events = db.execute("SELECT count(*), count(DISTINCT device) FROM c.event").fetchone()
    rows = db.execute("SELECT * FROM sqlite_query('c', 'SELECT id, message FROM timeline ORDER BY id')").fetchall()
    def datasette(path):
        out = subprocess.run([sys.executable, "-m", "datasette", case, "--get", path], capture_output=True, text=True)
        return json.loads(out.stdout)
    name = case.split("/")[-1].removesuffix(".firebreak")
    shown = datasette(f"/{name}/timeline.json?_shape=objects&_size=max&_nocount=1&_sort=id")["rows"]
    counted = datasette(f"/{name}.json?sql=select+count(*)+from+event&_shape=arrays")["rows"][0][0]
    print(json.dumps({"events": events[0], "devices": events[1], "counted": counted,
                      "same": [(int(a), b) for a, b in rows][:len(shown)] == [(r["id"], r["message"]) for r in shown],
                      "shown": len(shown)}))
    """

  @Test func datasetteAndDuckDBOpenACase() throws {
    guard let python = Self.python else {
      if ProcessInfo.processInfo.environment["CI"] == "true" { Issue.record(".build/tools is missing") }
      print("skipped: Datasette and DuckDB did not read a case, since .build/tools is missing")
      return
    }
    let work = try Workspace()
    try work.write("a.log", Workspace.log(300))
    try #require(try work.ingest(work.at("a.log")).run.exit == 0)
    let events = try work.eventCount()
    try work.write("read.py", Self.script)
    let (status, output) = try Shell.run("'\(python)' read.py x.firebreak", in: work)
    try #require(status == 0, "\(output)")
    let line = try #require(output.split(separator: "\n").last.map(String.init))
    let seen = try jsonObject(line)
    #expect(seen["events"] as? Int == events && seen["counted"] as? Int == events, "\(seen)")
    #expect(seen["same"] as? Bool == true, "\(seen)")
    #expect((seen["shown"] as? Int ?? 0) > 0 && (seen["devices"] as? Int ?? 0) > 0, "\(seen)")
  }
}
