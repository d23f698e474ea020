import Foundation
import Testing

/// What verify says of evidence that is not what it was, and what the manifest is good for.
@Suite struct VerifyCommandTests {
  private func rows(_ run: BuiltProgram.Run) throws -> [[String: Any]] {
    try run.output.split(separator: "\n").map { try jsonObject(String($0)) }
  }

  @Test func saysPreciselyWhatDiffers() throws {
    let work = try Workspace()
    for name in ["same", "grown", "changed", "gone", "kept"] {
      try work.write("\(name).log", Workspace.log(50, host: "gw-\(name)"))
    }
    try work.write("two.zip", Workspace.zip([("a.log", Data(Workspace.log(5).utf8))]))
    #expect(
      try work.firebreak(
        "ingest", "same.log", "grown.log", "changed.log", "gone.log", "two.zip", "--case", "x.firebreak"
      ).exit == 0)
    #expect(try work.firebreak("ingest", "kept.log", "--embed", "--case", "x.firebreak").exit == 0)
    #expect(try work.firebreak("verify", "--case", "x.firebreak").exit == 0)
    try work.write("grown.log", Workspace.log(50, host: "gw-grown") + "more\n")
    try work.write("changed.log", Workspace.log(50, host: "gw-changeD"))
    try FileManager.default.removeItem(atPath: work.at("gone.log"))
    var bytes = Array(Workspace.log(50, host: "gw-kept").utf8)
    bytes[1234] = UInt8(ascii: "#")
    try work.write("kept.log", Data(bytes))
    try work.write(
      "two.zip",
      Workspace.zip([("a.log", Data(Workspace.log(5).utf8)), ("b.log", Data(Workspace.log(9).utf8))]))
    let run = try work.firebreak("verify", "--case", "x.firebreak", "--format", "jsonl")
    #expect(run.exit == 1)
    let found = Dictionary(
      try rows(run).map { ($0["source"] as? String ?? "", $0) }, uniquingKeysWith: { first, _ in first })
    func says(_ name: String, _ state: String, _ words: String) {
      #expect(found[name]?["state"] as? String == state, "\(name): \(found[name] ?? [:])")
      let difference: String = found[name]?["difference"] as? String ?? ""
      let agrees = words.isEmpty ? difference.isEmpty : difference.contains(words)
      #expect(agrees, "\(name): \(found[name] ?? [:])")
    }
    says("same.log", "same", "")
    says("grown.log", "grown", "5 bytes more than then; the first")
    says("changed.log", "changed", "as many bytes")
    says("gone.log", "gone", "No such file")
    says("kept.log", "changed", "differs first at byte 1234")
    says("two.zip/b.log", "added", "was not there")
    says("two.zip/a.log", "same", "")
  }

  /// What the ingest was told to read a file as is what it is compared as.
  @Test func comparesEventsAsTheFormatThatTheIngestWasGiven() throws {
    let work = try Workspace()
    try FileManager.default.createDirectory(atPath: work.at("own"), withIntermediateDirectories: true)
    try work.write(
      "own/doors.json",
      #"""
      {"name":"doors","kind":"regex","pattern":"^(?<host>door-\\d+) (?<message>.*)$","device":[{"field":"host"}],
       "sample":["door-1 opens"]}
      """#)
    let name = "what [is] it? *.log"
    try work.write(name, (0..<40).map { "door-\($0 % 4) opens for card \($0)\n" }.joined())
    #expect(
      try work.firebreak(
        "ingest", name, "--formats", "own", "--input-format", "doors", "--case", "x.firebreak"
      ).exit == 0)
    let same = try work.firebreak("verify", "--formats", "own", "--case", "x.firebreak")
    #expect(same.exit == 0 && same.output.contains("and the events are what it says"), "\(same)")
    // Without the definition nothing is known of the events, and nothing is claimed.
    let unknown = try work.firebreak("verify", "--case", "x.firebreak")
    #expect(unknown.exit == 3, "\(unknown)")
    #expect(unknown.output.contains("those of 1 source were not compared"), "\(unknown)")
    #expect(!unknown.output.contains("the events are what it says"), "\(unknown)")
    _ = try Shell.run("sqlite3 x.firebreak \"UPDATE segment_1 SET variables = '999' WHERE id = 7\"", in: work)
    let altered = try work.firebreak("verify", "--formats", "own", "--case", "x.firebreak")
    #expect(altered.exit == 1 && altered.output.contains("1 row of the case"), "\(altered)")
  }

  /// Ingested, grown, ingested again and grown again, its last line cut off each time in between.
  private func grownTwice() throws -> Workspace {
    let work = try Workspace()
    let whole = Workspace.log(40)
    for lines in [20, 30] {
      let end = Workspace.log(lines).utf8.count + 40
      try work.write("a.log", Data(whole.utf8.prefix(end)))
      #expect(try work.firebreak("ingest", "a.log", "--case", "x.firebreak").exit == 0)
    }
    try work.write("a.log", whole)
    return work
  }

  @Test func aLogThatGrewAndWasReadAgainDiffersInNothing() throws {
    let work = try grownTwice()
    let before = try rows(work.firebreak("verify", "--case", "x.firebreak", "--format", "jsonl"))
    #expect(before.map { $0["state"] as? String } == ["grown", "grown"], "\(before)")
    #expect(try work.firebreak("verify", "--case", "x.firebreak").exit == 1)
    #expect(try work.firebreak("ingest", "a.log", "--case", "x.firebreak").exit == 0)
    let run = try work.firebreak("verify", "--case", "x.firebreak", "--format", "jsonl")
    #expect(try rows(run).map { $0["state"] as? String } == ["grown", "grown", "same"], "\(run.output)")
    #expect(run.exit == 0)
    let table = try work.firebreak("verify", "--case", "x.firebreak")
    #expect(table.exit == 0)
    #expect(
      table.output.contains("2 sources have grown and were read again, 1 is what was"), "\(table.output)")
    // What was there at first is no longer there: that is no growth.
    try work.write("a.log", Workspace.log(40, host: "gw-2"))
    #expect(try work.firebreak("verify", "--case", "x.firebreak").exit == 1)
  }

  @Test func rowsOfALogThatHasGrownAreComparedToo() throws {
    let work = try grownTwice()
    #expect(try work.firebreak("ingest", "a.log", "--case", "x.firebreak").exit == 0)
    let (status, _) = try Shell.run(
      "sqlite3 x.firebreak 'UPDATE segment_1 SET severity = 7 - coalesce(severity, 0) WHERE id = 7'", in: work
    )
    guard status == 0 else { return }
    let run = try work.firebreak("verify", "--case", "x.firebreak", "--format", "jsonl")
    #expect(run.exit == 1)
    #expect(try rows(run).map { $0["state"] as? String } == ["altered", "grown", "same"], "\(run.output)")
    #expect(run.output.contains("event 7 (line 7): another severity"), "\(run.output)")
  }

  @Test func copiesOfALogAsItWasAtSeveralTimesAreAllCompared() throws {
    let work = try Workspace()
    for lines in [20, 30] {
      try work.write("a.log", Workspace.log(lines))
      #expect(try work.firebreak("ingest", "a.log", "--embed", "--case", "x.firebreak").exit == 0)
    }
    try FileManager.default.removeItem(atPath: work.at("a.log"))
    let run = try work.firebreak("verify", "--case", "x.firebreak", "--format", "jsonl")
    #expect(try rows(run).map { $0["state"] as? String } == ["embedded", "embedded"], "\(run.output)")
    #expect(run.exit == 0)
    for event in ["3", "45"] {
      let shown = try work.firebreak("show", event, "--case", "x.firebreak")
      #expect(shown.output.contains("  raw       2026"), "\(shown.output)")
    }
  }

  @Test(arguments: [
    (
      "UPDATE segment_1 SET variables = replace(variables, '1', '2'), message = replace(message, 'a', 'e')",
      "message"
    ),
    ("UPDATE segment_1 SET severity = 7 - coalesce(severity, 0) WHERE id = 7", "severity"),
    ("UPDATE segment_1 SET time = time + 60000000000 WHERE id = 7", "another"),
    ("UPDATE segment_1 SET byte_offset = byte_offset + 1 WHERE id = 7", "elsewhere"),
    ("UPDATE segment_1 SET device = NULL WHERE id = 7", "device"),
  ])
  func rowsAlteredInPlaceAreSeen(_ sql: String, _ words: String) throws {
    let work = try Workspace()
    try work.write("a.log", Workspace.log(50))
    #expect(try work.ingest(work.at("a.log")).run.exit == 0)
    let before = try work.firebreak("verify", "--case", "x.firebreak")
    #expect(before.exit == 0 && before.output.contains("the events are what it says"), "\(before.output)")
    let (status, _) = try Shell.run(
      "sqlite3 x.firebreak \"VACUUM\" && sqlite3 x.firebreak \"\(sql)\"", in: work)
    guard status == 0 else { return }
    let run = try work.firebreak("verify", "--case", "x.firebreak", "--format", "jsonl")
    #expect(run.exit == 1, "\(run.output)")
    let row = try #require(try rows(run).first)
    #expect(row["state"] as? String == "altered")
    #expect((row["difference"] as? String)?.contains(words) == true, "\(row)")
  }

  @Test func whatPeopleAndTheInventorySayIsComparedWithTheCustodyLog() throws {
    let work = try Workspace()
    try work.write("a.log", Workspace.log(50))
    try work.write("i.csv", "device,site,life_safety\ngw-1,hq,no\ngw-2,hq,yes\n")
    try work.write("t.csv", "from,to,kind\ngw-2,gw-1,uplink\n")
    #expect(
      try work.firebreak(
        "ingest", "a.log", "--inventory", "i.csv", "--topology", "t.csv", "--case", "c.firebreak"
      ).exit == 0)
    for words in [["--set", "customerImpact=1200 doors"], ["--fact", "2026-04-07T09:00Z", "deploy"]] {
      let note = try BuiltProgram.run(
        ["note"] + words + ["--author", "Ann", "--case", "c.firebreak"], in: work.folder)
      #expect(note.exit == 0, "\(note.errors)")
    }
    try work.write(#"n.json"#, #"{"title": "Night", "haltRule": "five per cent"}"#)
    #expect(try work.firebreak("note", "--import", "n.json", "--case", "c.firebreak").exit == 0)
    let before = try work.firebreak("verify", "--case", "c.firebreak")
    #expect(before.exit == 0 && !before.output.contains("not covered"), "\(before.output)")
    for (sql, words) in [
      ("update note set text = replace(text, '1200', '12') where id = 1", "note 1 is not what it was"),
      ("update note set author = 'Bob' where id = 2", "note 2 is not what it was"),
      ("update note set created_at = created_at - 1 where id = 3", "note 3 is not what it was"),
      ("delete from note", "note 1 is gone"),
      (
        "insert into note (created_at, author, text) select created_at, author, text from note where id = 1",
        "note 6 is in no entry"
      ),
      ("update inventory_value set value = 'no' where value = 'yes'", "inventory or topology is not what"),
      ("update topology_link set to_name = 'gw-9'", "inventory or topology is not what"),
      ("update device_rollup set first_time = first_time - 3600000000000", "counts kept of 1 device are not"),
      ("update minute_rollup set events = events + 1", "counts kept of 1 minute are not"),
      ("update template_rollup set events = 0", "counts kept of 1 template are not"),
    ] {
      let (status, output) = try Shell.run(
        "cp c.firebreak x.firebreak && sqlite3 x.firebreak \"\(sql)\"", in: work)
      #expect(status == 0, "\(output)")
      let run = try work.firebreak("verify", "--case", "x.firebreak")
      #expect(run.exit == 1 && run.output.contains(words), "\(sql): \(run.output)")
    }
  }

  /// Cases of earlier versions lack the digests: that nothing vouches is said, and is no fault.
  @Test func whatNoDigestStandsForIsListedAsNotCovered() throws {
    let work = try Workspace()
    try work.write("a.log", Workspace.log(50))
    #expect(try work.ingest(work.at("a.log")).run.exit == 0)
    let plain = try work.firebreak("verify", "--case", "x.firebreak")
    #expect(plain.exit == 0 && !plain.output.contains("not covered"), "\(plain.output)")
    let (status, output) = try Shell.run(
      "sqlite3 x.firebreak \"insert into note (created_at, author, text) values (1, 'Ann', 'older'); insert into inventory_device values (0, 'gw-1')\"",
      in: work)
    #expect(status == 0, "\(output)")
    let run = try work.firebreak("verify", "--case", "x.firebreak", "--format", "json")
    #expect(run.exit == 0, "\(run.output)")
    let listed = try jsonObject(run.output)["not_covered"] as? [String]
    #expect(listed == ["inventory and topology", "1 note of before there were digests of notes"])
    let table = try work.firebreak("verify", "--case", "x.firebreak")
    #expect(table.output.contains("not covered: inventory and topology; 1 note"), "\(table.output)")
  }

  @Test func aCaseWhoseEventsWereRemovedSaysSo() throws {
    let work = try Workspace()
    try work.write("a.log", Workspace.log(50))
    #expect(try work.ingest(work.at("a.log")).run.exit == 0)
    let (status, _) = try Shell.run("sqlite3 x.firebreak 'DELETE FROM segment_1 WHERE id = 7'", in: work)
    guard status == 0 else { return }
    let run = try work.firebreak("verify", "--case", "x.firebreak")
    #expect(run.exit == 1)
    #expect(run.output.contains("holds 49 events, 50 were loaded"), "\(run.output)")
  }

  @Test func theManifestIsCheckedBySha256sum() throws {
    let work = try Workspace()
    try work.write("plain.log", Workspace.log(5))
    try work.write("with space.log", Workspace.log(6))
    try work.write("back\\slash\nand line.log", Workspace.log(7))
    try work.write("in.zip", Workspace.zip([("a.log", Data(Workspace.log(8).utf8))]))
    #expect(try work.firebreak("ingest", ".", "--case", "x.firebreak").exit == 0)
    let (status, output) = try Shell.run(
      "\"$FIREBREAK\" export --to manifest --case x.firebreak 2>/dev/null > m && sha256sum -c m && wc -l < m",
      in: work)
    #expect(status == 0, "\(output)")
    #expect(output.components(separatedBy: ": OK").count == 5, "\(output)")
    try work.write("plain.log", "changed")
    let (after, _) = try Shell.run("sha256sum -c m", in: work)
    #expect(after != 0)
  }

  /// sha256sum has to find the file, and nobody's terminal is to be turned by its name.
  @Test func theManifestIsInertOnATerminalAndExactElsewhere() throws {
    let work = try Workspace()
    try work.write("e/gw\u{1b}[31m\u{202e}.log", Workspace.log(3))
    #expect(try work.firebreak("ingest", "e", "--case", "x.firebreak").exit == 0)
    let shown = try Shell.run("script -qec \"$FIREBREAK export --case x.firebreak\" /dev/null", in: work)
      .output
    #expect(!shown.contains("\u{1b}[31m") && !shown.unicodeScalars.contains("\u{202e}"), "\(shown)")
    #expect(
      shown.contains("gw\\x1b[31m\\u{202e}.log") && shown.contains("write the list to a file"), "\(shown)")
    let exact = try Shell.run("\"$FIREBREAK\" export --case x.firebreak 2>/dev/null | sha256sum -c", in: work)
    #expect(exact.status == 0, "\(exact.output)")
  }

  /// Of text in UTF-16 the hash is that of the file and the offset that of its UTF-8: said wherever a place is named.
  @Test func aPlaceSaysWhatItsBytesWereDecodedFrom() throws {
    let work = try Workspace()
    let text = "\u{feff}" + Workspace.log(4).replacing("batch", with: "Prüfung")
    try work.write(
      "wide.log", Data([0xFF, 0xFE]) + (text.dropFirst().data(using: .utf16LittleEndian) ?? Data()))
    try work.write("plain.log", Workspace.log(3, host: "gw-2"))
    #expect(try work.firebreak("ingest", "wide.log", "plain.log", "--case", "x.firebreak").exit == 0)
    let wide = try #require(
      try rows(work.firebreak("query", "device:gw-1", "--case", "x.firebreak", "--format", "jsonl")).last)
    let id = "\(wide["id"] as? Int ?? 0)"
    let shown = try work.firebreak("show", id, "--case", "x.firebreak")
    #expect(shown.output.contains("(counted after decoding utf-16le)"), "\(shown.output)")
    let document = try jsonObject(
      work.firebreak("show", id, "--case", "x.firebreak", "--format", "json").output)
    #expect(document["decoded_from"] as? [String] == ["utf-16le"])
    let (offset, length) = (wide["byte_offset"] as? Int ?? 0, wide["byte_length"] as? Int ?? 0)
    let cut = try Shell.run(
      "iconv -f utf-16le -t utf-8 wide.log | tail -c +\(offset + 1) | head -c \(length)", in: work
    ).output
    #expect(cut.contains("Prüfung 3 handed"), "\(cut)")
    let plain = try work.firebreak("show", "plain.log:0", "--case", "x.firebreak")
    #expect(!plain.output.contains("decoding"), "\(plain.output)")
  }

  @Test func membersThatTwoArchivesShareAreReadOnceAndSaidSo() throws {
    let work = try Workspace()
    let shared = Data(Workspace.log(8).utf8)
    try work.write("one.zip", Workspace.zip([("x/shared.log", shared)]))
    try work.write(
      "two.zip", Workspace.zip([("y/same.log", shared), ("own.log", Data(Workspace.log(3, host: "b").utf8))]))
    let run = try work.firebreak("ingest", "one.zip", "two.zip", "--case", "x.firebreak")
    #expect(run.exit == 0)
    #expect(run.errors.contains("two.zip/y/same.log' equals 'one.zip/x/shared.log'"), "\(run.errors)")
    #expect(try work.eventCount() == 11)
    let sources = try work.firebreak("sources", "--verbose", "--case", "x.firebreak")
    #expect(sources.output.contains("two.zip/y/same.log is one.zip/x/shared.log"), "\(sources.output)")
    #expect(try work.firebreak("verify", "--case", "x.firebreak").exit == 0)
  }
}
