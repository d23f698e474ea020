import ConsoleOutput
import Foundation
import Testing

/// What the program prints on a terminal of 80 columns, and how it ends when nobody reads on.
@Suite struct TerminalTests {
  private func broken() throws -> Workspace {
    let work = try Workspace()
    for number in 0..<9 { try work.write("logs/site-\(number).log", Workspace.log(5, host: "gw-\(number)")) }
    #expect(try work.firebreak("ingest", "logs", "--case", "x.firebreak").exit == 0)
    try FileManager.default.removeItem(atPath: work.at("logs"))
    return work
  }

  @Test func aNoStaysANoWhenTheReaderHasGone() throws {
    let work = try broken()
    // The reader is gone before the first line; the program's status is its own or that of a broken pipe.
    let (_, output) = try Shell.run(
      "(sleep 0.5; \"$FIREBREAK\" verify --case x.firebreak 2>/dev/null; echo \"status $?\" >&2) | true",
      in: work)
    #expect(output.contains("status 1") || output.contains("status 141"), "\(output)")
    let (_, devices) = try Shell.run(
      "(sleep 0.5; \"$FIREBREAK\" devices --case x.firebreak 2>/dev/null; echo \"status $?\" >&2) | true",
      in: work)
    #expect(devices.contains("status 141"), "\(devices)")
    // One that acts goes on to its end.
    try work.write("more.log", Workspace.log(7, host: "gw-more"))
    let (_, ingest) = try Shell.run(
      "(sleep 0.5; \"$FIREBREAK\" ingest more.log --case x.firebreak; echo \"status $?\" >&2) 2>err.txt | true; cat err.txt",
      in: work)
    #expect(ingest.contains("status 0"), "\(ingest)")
    #expect(try work.eventCount() == 52)
  }

  @Test func evidenceThatMovedIsExplainedFirstAndListedShort() throws {
    let work = try broken()
    let run = try work.firebreak("verify", "--case", "x.firebreak", environment: ["COLUMNS": "80"])
    #expect(run.exit == 1)
    let lines = run.output.split(separator: "\n")
    #expect(lines.first?.contains("relative") == true, "\(run.output)")
    #expect(run.output.contains("--evidence DIR"))
    #expect(lines.count { $0.contains("site-") } == 5 && run.output.contains("4 more"), "\(run.output)")
    #expect(lines.allSatisfy { $0.count <= 80 }, "\(run.output)")
  }

  @Test func headsOfTheCustodyLogStandWholeOnALineOfTheirOwn() throws {
    let work = try Workspace()
    try work.write("a.log", Workspace.log(5))
    let run = try work.firebreak("ingest", "a.log", environment: ["COLUMNS": "60"])
    #expect(
      run.errors.split(separator: "\n").contains { $0.wholeMatch(of: #/  [0-9a-f]{64}/#) != nil },
      "\(run.errors)")
    #expect(run.errors.contains("making case.firebreak"), "\(run.errors)")
    for name in ["b.firebreak", "c.firebreak"] { _ = try work.firebreak("ingest", "a.log", "--case", name) }
    let which = try work.firebreak("devices", environment: ["COLUMNS": "60"])
    #expect(which.exit == 2 && which.errors.contains("'--case FILE'"), "\(which.errors)")
  }

  @Test func everyListFitsEightyColumnsAndCutsNoName() throws {
    let work = try Workspace()
    _ = try work.firebreak(
      "simulate", "--scenario", "firmware-cascade", "--devices", "60", "--seed", "3", "--output", "in")
    _ = try work.firebreak(
      "ingest", "in/evidence", "--inventory", "in/inventory.csv", "--topology", "in/topology.csv", "--case",
      "x.firebreak")
    for arguments in [
      ["sources"], ["sources", "--verbose"], ["clocks"], ["silence"], ["silence", "--rhythm"], ["devices"],
      ["devices", "--aliases"], ["formats"], ["incidents"], ["metrics"], ["query", "--count-by", "device"],
      ["query", "--sql", "SELECT * FROM timeline LIMIT 2"],
    ] {
      let case_ = arguments[0] == "formats" ? [] : ["--case", "x.firebreak"]
      let run = try BuiltProgram.run(arguments + case_, in: work.folder, environment: ["COLUMNS": "80"])
      #expect(run.exit == 0, "\(arguments): \(run.errors)")
      // Only a word that is longer than the terminal may stick out.
      let wide = run.output.split(separator: "\n").filter { line in
        line.count > 80 && line.split(separator: " ").allSatisfy { $0.count < 60 }
      }
      #expect(wide.isEmpty, "\(arguments): \(wide.prefix(3))")
      #expect(
        !run.output.contains("…") || ["clocks", "metrics", "formats"].contains(arguments[0]),
        "\(arguments): \(run.output.prefix(600))")
    }
    let list = try work.firebreak("incidents", "--case", "x.firebreak", "--format", "json")
    let first = try #require((jsonObject(list.output)["rows"] as? [[String: Any]])?.first)
    #expect(
      (first["affected"] as? Int ?? 0) > 10 && first["first"] is String && first["incident"] as? Int == 1)
    _ = try work.firebreak("trace", "--case", "x.firebreak")
    let stored = try work.firebreak("incidents", "--trace", "1", "--case", "x.firebreak", "--format", "csv")
    #expect(
      stored.exit == 0 && stored.output.split(separator: "\n").count >= 2, "\(stored.output)\(stored.errors)")
    // A name that the case does not hold is a no, whoever is asked.
    for arguments in [
      ["incidents", "--trace", "99"], ["metrics", "--trace", "99"], ["metrics", "--incident", "55"],
      ["explain", "nobody-at-all"], ["what-if", "--cut", "nobody,ota-hub"], ["note", "999999999", "words"],
      ["show", "999999999"], ["clocks", "nosuch"], ["note", "--retract", "77"],
    ] {
      let run = try BuiltProgram.run(arguments + ["--case", "x.firebreak"], in: work.folder)
      #expect(run.exit == 1, "\(arguments): \(run.exit) \(run.errors)")
    }
    let short = try work.firebreak("metrics", "--case", "x.firebreak").output
    let long = try work.firebreak("metrics", "--verbose", "--case", "x.firebreak").output
    #expect(short.split(separator: "\n").count < 130 && !short.contains("formula"), "\(short)")
    #expect(long.contains("formula:") && long.count > 3 * short.count)
  }

  /// Names of sixty characters, wide ones among them, in folders as long: nothing sticks out but what is copied, and names that
  /// differ at their ends alone are told apart.
  @Test func longNamesFitEightyColumnsAndAreToldApart() throws {
    let work = try Workspace()
    let prefix = "building-7-floor-12-rack-温度传感器-long-host-name-"
    let (status, output) = try Shell.run(
      #"""
      set -e
      "$FIREBREAK" simulate --scenario firmware-cascade --devices 60 --seed 3 --output in >/dev/null
      folder="long/ein-sehr-langer-ordner-für-beweise/もっと長いフォルダ名前テスト/another-folder"
      mkdir -p "$folder"
      names=$(cut -d, -f1 in/inventory.csv | tail -n +2 | sed 's/.*/s~\\b&\\b~\#(prefix)&~g/'; echo 's~\bota-hub\b~\#(prefix)ota-hub~g')
      find in/evidence -type f | while read -r file; do
        case "$file" in
          *.tar.gz|*.zip) cp "$file" "$folder/" ;;
          *.gz) zcat "$file" | sed "$names" > "$folder/$(echo "${file%.gz}" | tr / _)" ;;
          *) sed "$names" "$file" > "$folder/$(echo "$file" | tr / _)" ;;
        esac
      done
      for table in inventory topology; do sed "$names" in/$table.csv > $table.csv; done
      """#, in: work)
    try #require(status == 0, "\(output)")
    func lines(_ arguments: String...) throws -> [String] {
      let run = try BuiltProgram.run(
        arguments + ["--case", work.at("x.firebreak")], in: work.folder, environment: ["COLUMNS": "80"])
      #expect(run.exit == 0, "\(arguments): \(run.errors)")
      return run.output.split(separator: "\n").map(String.init)
    }
    let ingest = ["ingest", "long", "--inventory", "inventory.csv", "--topology", "topology.csv"]
    for _ in 1...2 {
      let read = try BuiltProgram.run(
        ingest + ["--case", work.at("x.firebreak")], in: work.folder, environment: ["COLUMNS": "80"])
      #expect(read.exit == 0, "\(read.errors)")
      let wide = read.output.split(separator: "\n").filter { DisplayWidth.of(String($0)) > 80 }
      #expect(wide.allSatisfy { $0.hasPrefix("in long/") }, "\(wide)")
    }
    for output in [
      try lines("incidents"), try lines("trace", "--no-store"), try lines("query", "--limit", "200"),
      try lines("clocks"),
    ] {
      // Only what is copied may stick out: a name or a folder on a line of its own, a command.
      let wide = output.filter {
        DisplayWidth.of($0) > 80 && $0.split(separator: " ").count > 2 && !$0.hasPrefix("    firebreak ")
      }
      #expect(wide.isEmpty, "\(wide.prefix(3))")
    }
    #expect(try lines("incidents").contains { $0.hasSuffix(prefix + "ota-hub") })
    let tree = try lines("trace", "--no-store").filter { $0.contains("├ ") && $0.contains("…") }
    #expect(tree.count > 3 && Set(tree.map { $0.drop { $0 != "…" } }).count == tree.count, "\(tree)")
  }

  @Test func anOriginThatSomebodyRejectedIsToldAsSuchInTheTreeAndByExplain() throws {
    let work = try Workspace()
    _ = try work.firebreak(
      "simulate", "--scenario", "firmware-cascade", "--devices", "60", "--seed", "3", "--output", "in")
    _ = try work.firebreak(
      "ingest", "in/evidence", "--inventory", "in/inventory.csv", "--topology", "in/topology.csv", "--case",
      "x.firebreak")
    let before = try work.firebreak("trace", "--no-store", "--case", "x.firebreak")
    func words(_ text: String) -> String { text.split(whereSeparator: \.isWhitespace).joined(separator: " ") }
    try #require(words(before.output).contains("began at ota-hub"), "\(before)")
    let note = try work.firebreak(
      "note", "--reject", "origin:ota-hub", "it was off", "--author", "ann", "--case", "x.firebreak")
    try #require(note.exit == 0)
    let trace = try work.firebreak("trace", "--no-store", "--case", "x.firebreak")
    let lines = trace.output.split(separator: "\n")
    let root = try #require(lines.firstIndex { $0.contains("ota-hub  →") }, "\(trace)")
    #expect(lines[root + 1].contains("as the origin rejected by ann at "), "\(trace)")
    #expect(words(trace.output).contains("ota-hub was not where it began: rejected by ann at"), "\(trace)")
    #expect(!words(trace.output).contains("began at ota-hub") && lines.allSatisfy { $0.count <= 80 })
    let told = try work.firebreak("explain", "ota-hub", "--case", "x.firebreak")
    #expect(
      told.exit == 0 && words(told.output).hasPrefix("- That it began at ota-hub was rejected by ann"),
      "\(told)")
  }

  @Test func aTimeOfDayIsOfTheDayOfTheEvidence() throws {
    let work = try Workspace()
    try work.write("a.log", Workspace.log(120))
    _ = try work.firebreak("ingest", "a.log", "--case", "x.firebreak")
    let run = try work.firebreak(
      "query", "since:09:01 until:09:01:30", "--case", "x.firebreak", "--format", "jsonl")
    #expect(run.output.split(separator: "\n").count == 30, "\(run.errors)")
    try work.write("b.log", Workspace.log(5, from: 200_000))
    _ = try work.firebreak("ingest", "b.log", "--case", "x.firebreak")
    let days = try work.firebreak("query", "since:09:01", "--case", "x.firebreak")
    #expect(days.exit == 64 && days.errors.contains("2026-04-09T09:01:00Z"), "\(days.errors)")
    let words = try work.firebreak("query", "since:yesterday", "--case", "x.firebreak")
    #expect(words.exit == 64 && words.errors.contains("2026-04-07T09:00Z"), "\(words.errors)")
  }

  @Test func retractedNotesAreMarkedAndMissingCasesAreRead() throws {
    let work = try Workspace()
    try work.write("a.log", Workspace.log(5))
    _ = try work.firebreak("ingest", "a.log", "--case", "x.firebreak")
    let said = try work.firebreak("note", "2", "bad reading", "--case", "x.firebreak")
    #expect(said.output.contains("on event 2: \"bad reading\""), "\(said.output)")
    _ = try work.firebreak("note", "--retract", "1", "wrong", "--case", "x.firebreak")
    let all = try work.firebreak("note", "--all", "--case", "x.firebreak")
    #expect(all.output.contains("retracted by 2"), "\(all.output)")
    let packed = try work.firebreak("pack", "--case", "nope.firebreak")
    #expect(packed.exit == 2 && packed.errors.contains("cannot read case"), "\(packed.errors)")
  }
}
