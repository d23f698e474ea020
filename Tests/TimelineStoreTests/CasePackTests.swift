import Foundation
import IncidentModel
import Testing

@testable import TimelineStore

@Suite struct CasePackTests {
  let folder = TemporaryFolder()

  /// A case of several loads: pages first, then through SQLite into a segment of its own and into that again.
  private func makeCase(_ name: String, seed: UInt64) throws -> String {
    var random = SeededGenerator(state: seed)
    let path = folder.file(name)
    for load in 0..<3 {
      var options = CaseLoader.Options()
      options.now = Instant(nanoseconds: Int64(load))
      let loader = try CaseLoader(path: path, options: options)
      for lane in 0..<2 {
        var builder = BatchBuilder()
        for _ in 0..<Int.random(in: 0...900, using: &random) {
          PageWriterTests.addRandomEvent(&builder, &random)
        }
        try loader.load(
          order: lane, "l\(load)-\(lane)", hash: seed * 100 + UInt64(load * 10 + lane), [builder.batch])
      }
      _ = try loader.finish()
    }
    _ = try NoteStore(path: path).add(
      Note(
        id: 0, createdAt: Instant(nanoseconds: 1), author: "a", kind: .note, event: nil, subject: nil,
        value: nil,
        text: "packed with it"))
    return path
  }

  @Test(arguments: 1...4) func whatIsUnpackedIsWhatWasPacked(seed: UInt64) throws {
    let path = try makeCase("x-\(seed).firebreak", seed: seed)
    let packed = folder.file("x-\(seed).pack")
    let again = folder.file("again-\(seed).firebreak")
    let summary = try CasePack.pack(path, to: packed)
    #expect(CasePack.isPacked(packed) && !CasePack.isPacked(path))
    #expect(summary.packedBytes == (try Data(contentsOf: URL(filePath: packed)).count))
    _ = try CasePack.unpack(packed, to: again)
    #expect(try sqlite3(again, "PRAGMA integrity_check; PRAGMA foreign_key_check") == "ok")
    // The order in which tables, indexes and views were made is no content.
    let dumps = try [again, path].map { try sqlite3($0, ".dump").split(separator: "\n").sorted() }
    #expect(dumps[0] == dumps[1])
    #expect(!folder.files.contains { $0.hasPrefix(".") || $0.hasSuffix(".building") })
    // A packed case is read like any other, and not written to.
    let direct = try CaseReader(path: packed)
    #expect(try direct.eventCount() == CaseReader(path: path).eventCount())
    let query = "text:begin severity>=error"
    #expect(
      try direct.events(matching: query).map(\.id) == CaseReader(path: path).events(matching: query).map(\.id)
    )
    #expect { try CaseLoader(path: packed) } throws: { ($0 as? StoreError)?.code == .readOnly }
    #expect { try CaseFile(path: packed) } throws: { ($0 as? StoreError)?.code == .readOnly }
  }

  @Test func anEmptyCaseCanBePacked() throws {
    let path = folder.file("empty.firebreak")
    _ = try CaseLoader(path: path).finish()
    _ = try CasePack.pack(path, to: folder.file("empty.pack"))
    _ = try CasePack.unpack(folder.file("empty.pack"), to: folder.file("again.firebreak"))
    #expect(try sqlite3(folder.file("again.firebreak"), ".dump") == sqlite3(path, ".dump"))
  }

  @Test func theTableOfWordsIsMadeAnew() throws {
    let path = folder.file("words.firebreak")
    var options = CaseLoader.Options()
    options.fullText = true
    let loader = try CaseLoader(path: path, options: options)
    var builder = BatchBuilder()
    builder.add(time: 1, "seen ", "c2.evil-badger.example", " twice")
    try loader.load(order: 0, "a", hash: 1, [builder.batch])
    _ = try loader.finish()
    _ = try CasePack.pack(path, to: folder.file("words.pack"))
    _ = try CasePack.unpack(folder.file("words.pack"), to: folder.file("again.firebreak"))
    #expect(
      try sqlite3(
        folder.file("again.firebreak"), "SELECT rowid FROM full_text WHERE full_text MATCH '\"evil badger\"'")
        == "1")
  }

  @Test func damageIsSaidAndNothingIsLeftBehind() throws {
    let path = try makeCase("x.firebreak", seed: 9)
    let packed = folder.file("x.pack")
    _ = try CasePack.pack(path, to: packed)
    let whole = try Data(contentsOf: URL(filePath: packed))
    var random = SeededGenerator(state: 3)
    for round in 0..<60 {
      var bytes = whole
      if round % 3 == 0 {
        bytes = bytes.prefix(Int.random(in: 16..<whole.count, using: &random))
      } else {
        bytes[Int.random(in: 16..<whole.count, using: &random)] ^=
          1 << UInt8.random(in: 0...7, using: &random)
      }
      try bytes.write(to: URL(filePath: packed))
      #expect(throws: StoreError.self) { try CasePack.unpack(packed, to: folder.file("again.firebreak")) }
      #expect(folder.files == ["x.firebreak", "x.pack"])
    }
  }

  private func runFile(_ place: String, _ text: String, mode: Int) throws {
    let path = folder.file(place)
    let parent = (path as NSString).deletingLastPathComponent
    try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
    try Data(text.utf8).write(to: URL(filePath: path))
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
  }

  /// Without plan and undo script nothing takes a run back.
  @Test func theFilesOfRunsLieBesideTheCaseAgain() throws {
    let path = try makeCase("x.firebreak", seed: 9)
    let packed = folder.file("x.pack")
    try runFile("x.firebreak.runs/r-1/plan", "the plan\n{}\n", mode: 0o644)
    try runFile("x.firebreak.runs/r-1/undo.sh", "#!/bin/bash\n", mode: 0o755)
    try runFile("x.firebreak.runs/r-2/plan", "", mode: 0o600)
    let all = [("r-1", "plan"), ("r-1", "undo.sh"), ("r-2", "plan")].map { RunFile(run: $0, name: $1) }
    #expect(try CasePack.pack(path, to: packed, runFiles: { all }).runFiles == all)
    #expect(try CasePack.unpack(packed, to: folder.file("y.firebreak")).runFiles == all)
    for file in all {
      let place = ".runs/\(file.run)/\(file.name)"
      let found = folder.file("y.firebreak" + place)
      #expect(try Data(contentsOf: URL(filePath: found)) == Data(contentsOf: URL(filePath: path + place)))
      let mode = try FileManager.default.attributesOfItem(atPath: found)[.posixPermissions] as? Int
      #expect(mode == (file.name == "plan" ? 0o600 : 0o700), "\(place)")
    }
    // Who only reads the pack is not bothered, and writes nothing.
    #expect(try CaseReader(path: packed).eventCount() == CaseReader(path: path).eventCount())
    #expect(!folder.files.contains("x.pack.runs"))
    // The same files may be there already; others are not overwritten, and then there is no case either.
    try FileManager.default.removeItem(atPath: folder.file("y.firebreak"))
    _ = try CasePack.unpack(packed, to: folder.file("y.firebreak"))
    try FileManager.default.removeItem(atPath: folder.file("y.firebreak"))
    try FileManager.default.removeItem(atPath: folder.file("y.firebreak.runs/r-1/plan"))
    try runFile("y.firebreak.runs/r-1/undo.sh", "rm -rf /\n", mode: 0o700)
    #expect { try CasePack.unpack(packed, to: folder.file("y.firebreak")) } throws: {
      "\($0)".contains("another file is there")
    }
    #expect(!folder.files.contains("y.firebreak") && !folder.files.contains("y.firebreak.building"))
    #expect(!FileManager.default.fileExists(atPath: folder.file("y.firebreak.runs/r-1/plan")))
    // A file that cannot be read is no reason to leave it out.
    #expect(throws: StoreError.self) {
      try CasePack.pack(path, to: folder.file("z.pack"), runFiles: { [RunFile(run: "r-9", name: "plan")] })
    }
    #expect(!folder.files.contains("z.pack"))
  }

  /// Another folder is only linked: what is unpacked does not go where the link says.
  @Test func filesOfRunsAreNotWrittenThroughALink() throws {
    let path = try makeCase("x.firebreak", seed: 9)
    try runFile("x.firebreak.runs/r-1/plan", "p", mode: 0o600)
    _ = try CasePack.pack(path, to: folder.file("x.pack"), runFiles: { [RunFile(run: "r-1", name: "plan")] })
    try FileManager.default.createDirectory(atPath: folder.file("else"), withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(
      atPath: folder.file("y.firebreak.runs"), withDestinationPath: folder.file("else"))
    #expect(throws: StoreError.self) {
      try CasePack.unpack(folder.file("x.pack"), to: folder.file("y.firebreak"))
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.file("else")).isEmpty)
  }

  @Test(
    arguments: [
      "../r/plan\n", "r/../plan\n", "r/other\n", "/plan\n", ".r/plan\n", "r/plan", "r\n", "", "a b/plan\n",
      "r/s/plan\n", "r\u{e9}/plan\n",
    ])
  func whatIsNoFileOfARunIsRefused(frame: String) {
    #expect(RunFile.read(Array(frame.utf8)) == nil)
  }

  @Test func nothingIsOverwritten() throws {
    let path = try makeCase("x.firebreak", seed: 9)
    _ = try CasePack.pack(path, to: folder.file("x.pack"))
    #expect(throws: StoreError.self) { try CasePack.pack(path, to: folder.file("x.pack")) }
    #expect(throws: StoreError.self) { try CasePack.unpack(folder.file("x.pack"), to: path) }
  }

  @Test(arguments: 1...20) func columnsThatAreNoneAreRefused(seed: UInt64) throws {
    var random = SeededGenerator(state: seed)
    var rows: [RowBlock.Row] = []
    for id in 1...40 {
      rows.append(
        RowBlock.Row(
          id: Int64(id), time: Int64(id) * 1000, device: 1, template: Int64(id % 3), line: Int64(id),
          variables: RowBlock.Text(bytes: Array("a\(id)\tb\t".utf8), isBlob: false),
          fields: RowBlock.Text(bytes: Array("{\"a\":1,\"b\":\(id)}".utf8), isBlob: false)))
    }
    let whole = RowBlock.encode(rows)
    #expect(try RowBlock.decode(whole) == rows)
    for _ in 0..<200 {
      var bytes = whole
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      if Bool.random(using: &random) { bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random)) }
      // Another row or none, but no trap.
      _ = try? RowBlock.decode(bytes)
    }
  }
}
