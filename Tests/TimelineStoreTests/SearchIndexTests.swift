import IncidentModel
import Testing

@testable import TimelineStore

/// `text:` gives the same answer with the search index as by looking at every event.
@Suite struct SearchIndexTests {
  let folder = TemporaryFolder()

  private static let words = [
    "link", "Down", "from", "port", "ERROR", "café", "a\"b", "c:\\d", "x", "", "10.20.3.", "temperature",
    "<*>",
    "user=", "topic/", "beacon",
  ]

  /// A part of a message: words or, in places of variables, tokens that differ from event to event.
  private func part(_ random: inout SeededGenerator, isVariable: Bool) -> [UInt8] {
    if !isVariable {
      return (0..<Int.random(in: 0...3, using: &random)).flatMap { _ in
        Array(
          (Self.words.randomElement(using: &random)! + [" ", "", ": "].randomElement(using: &random)!).utf8)
      }
    }
    switch Int.random(in: 0...7, using: &random) {
    case 0:
      return Array(
        "10.20.\(Int.random(in: 0...40, using: &random)).\(Int.random(in: 1...254, using: &random))".utf8)
    case 1: return Array(String(UInt32.random(in: 0...UInt32.max, using: &random), radix: 16).utf8)
    case 2: return Array("c2.evil-badger.example".utf8.prefix(Int.random(in: 0...22, using: &random)))
    case 3: return Array("Gate\"way\\0\(Int.random(in: 0...3, using: &random))".utf8)
    case 4: return [9, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67]
    case 5: return [0xff, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67]
    case 6: return []
    default: return Array("Zähler-\(Int.random(in: 0...99, using: &random))".utf8)
    }
  }

  private func messages(_ random: inout SeededGenerator, count: Int) -> [[[UInt8]]] {
    var shapes: [[[UInt8]]] = []
    for _ in 0..<6 {
      let variables = Int.random(in: 0...4, using: &random)
      shapes.append((0...variables).map { _ in part(&random, isVariable: false) })
    }
    return (0..<count).map { _ in
      let shape = shapes.randomElement(using: &random)!
      var parts: [[UInt8]] = [shape[0]]
      for constant in shape.dropFirst() { parts += [part(&random, isVariable: true), constant] }
      return parts
    }
  }

  @Test(arguments: 1...8) func everySearchFindsWhatAScanFinds(seed: UInt64) throws {
    var random = SeededGenerator(state: seed &* 77)
    let path = folder.file("search-\(seed).firebreak")
    var texts: [[UInt8]] = []
    // A new case of several sources through pages, then appends through SQLite.
    for load in 0..<3 {
      let loader = try CaseLoader(path: path)
      for lane in 0..<Int.random(in: 1...3, using: &random) {
        var builder = BatchBuilder()
        for parts in messages(&random, count: [0, 1, 5, 127, 128, 129, 700].randomElement(using: &random)!) {
          builder.add(time: Int64.random(in: 0...1_000_000, using: &random), parts: parts)
          texts.append(Array(parts.joined()))
        }
        try loader.load(
          order: lane, "l\(load)-\(lane)", hash: seed * 100 + UInt64(load * 10 + lane), [builder.batch])
      }
      _ = try loader.finish()
    }
    let indexed = try CaseReader(path: path)
    let scanning = try CaseReader(path: path)
    scanning.usesSearchIndex = false
    let paged = try CaseReader(path: path)
    paged.textScanning = .always
    var hits = 0
    for round in 0..<60 {
      guard let expression = needle(&random, texts, longest: round % 2 == 0 ? 5 : 30) else { continue }
      for negated in ["", "NOT "] {
        let expected = try scanning.events(matching: negated + expression).map(\.id)
        for reader in [indexed, paged] {
          let found = try reader.events(matching: negated + expression).map(\.id)
          #expect(found == expected, "\(negated + expression)")
        }
        if negated.isEmpty { hits += expected.count }
      }
    }
    #expect(texts.count < 50 || hits > 0)
  }

  /// A search for a stretch of one of the messages, perhaps in other letters, with a wildcard, or of the whole.
  private func needle(_ random: inout SeededGenerator, _ texts: [[UInt8]], longest: Int) -> String? {
    guard let text = texts.randomElement(using: &random), !text.isEmpty else { return nil }
    let start = Int.random(in: 0..<text.count, using: &random)
    let end = min(text.count, start + Int.random(in: 1...longest, using: &random))
    guard var needle = String(validating: text[start..<end], as: UTF8.self) else { return nil }
    switch Int.random(in: 0...5, using: &random) {
    case 0: needle = needle.uppercased()
    case 1 where needle.count > 4:
      needle.replaceSubrange(needle.index(needle.startIndex, offsetBy: 2)..., with: "nope!!")
    default: break
    }
    let quoted = needle.map { character in
      character == "\"" || character == "\\" ? "\\\(character)" : String(character)
    }.joined()
    guard (try? QueryExpression(parsing: "text:\"\(quoted)\"")) != nil else { return nil }
    return "text:\"\(quoted)\""
  }

  @Test func wildcardsAndWholeMessagesAreFoundToo() throws {
    let path = folder.file("wild.firebreak")
    let loader = try CaseLoader(path: path)
    var builder = BatchBuilder()
    for event in 0..<600 {
      builder.add(
        time: Int64(event), "joined host ", "node-\(event).example", " on port ", "\(1000 + event)", "")
    }
    try loader.load(order: 0, "a", hash: 1, [builder.batch])
    _ = try loader.finish()
    let indexed = try CaseReader(path: path)
    let scanning = try CaseReader(path: path)
    scanning.usesSearchIndex = false
    for (expression, count) in [
      ("text:node-77*port", 1), ("text:NODE-300.EXAMPLE", 1), ("text:\"node-5.example on port 1005\"", 1),
      ("text=\"joined host node-9.example on port 1009\"", 1), ("text:e-59?.example", 10),
      ("text:\"joined host\"", 600),
      ("text:\"host node-44\"", 11), ("text:absent-word", 0), ("NOT text:node-77.example", 599),
      ("text:node-77.example OR text:node-78.example", 2),
    ] {
      let found = try indexed.events(matching: expression).map(\.id)
      #expect(found.count == count, "\(expression)")
      #expect(try found == scanning.events(matching: expression).map(\.id), "\(expression)")
    }
  }

  @Test func aRareTokenIsReachedByIdsAlone() throws {
    let path = folder.file("rare.firebreak")
    let loader = try CaseLoader(path: path)
    var builder = BatchBuilder()
    for event in 0..<4000 {
      let host = event == 1234 ? "c2.evil-badger.example" : "10.20.\(event % 40).\(event % 251)"
      builder.add(time: Int64(event), "connection to ", host, " refused")
    }
    try loader.load(order: 0, "a", hash: 1, [builder.batch])
    _ = try loader.finish()
    let reader = try CaseReader(path: path)
    let query = try reader.query("text:evil-badger")
    #expect(query.condition.sql == "e.id IN (?)")
    let statement = EventStatement.events(segment: 1, query.condition, .timed, .newestFirst, limited: true)
    let plan = try reader.connection.prepare("EXPLAIN QUERY PLAN " + statement)
    plan.bound(query.condition.parameters + [.integer(10)])
    #expect(try plan.next() && plan.text(3).contains("INTEGER PRIMARY KEY"))
    #expect(try reader.events(matching: "text:evil-badger").map(\.id.rawValue) == [1235])
  }

  @Test func theTableOfWordsIsMadeOnRequestAndKeptUp() throws {
    let path = folder.file("words.firebreak")
    for (load, fullText) in [false, true, false].enumerated() {
      var options = CaseLoader.Options()
      options.fullText = fullText
      let loader = try CaseLoader(path: path, options: options)
      var builder = BatchBuilder()
      builder.add(time: Int64(load), "load \(load): refused by ", "c2.evil-badger.example")
      builder.add(time: Int64(load), parts: [Array("caf".utf8), [0xff], Array(" whole message".utf8)])
      try loader.load(order: 0, "s\(load)", hash: UInt64(load), [builder.batch])
      _ = try loader.finish()
    }
    #expect(
      try sqlite3(
        path,
        """
        SELECT group_concat(rowid) FROM full_text WHERE full_text MATCH '"evil badger"';
        SELECT group_concat(rowid) FROM full_text WHERE full_text MATCH 'whole message';
        PRAGMA integrity_check
        """) == "1,3,5\n2,4,6\nok")
    #expect(try CaseReader(path: path).events(matching: "text:evil-badger").count == 3)
  }

  @Test func aDamagedIndexHidesNothing() throws {
    let path = folder.file("damaged.firebreak")
    let loader = try CaseLoader(path: path)
    var builder = BatchBuilder()
    for event in 0..<500 { builder.add(time: Int64(event), "saw ", "token-\(event)-end") }
    try loader.load(order: 0, "a", hash: 1, [builder.batch])
    _ = try loader.finish()
    for change in [
      "UPDATE search_slice SET bits = x''", "DELETE FROM search_slice WHERE id % 2",
      "UPDATE search_group SET sizes = x'ff'",
      "UPDATE search_group SET first_event = 9000000000", "DELETE FROM search_group",
    ] {
      let connection = try SQLiteConnection(path: path, flags: 2)
      try connection.execute(change)
      try connection.close()
      #expect(try CaseReader(path: path).events(matching: "text:token-77-end").count == 1, "\(change)")
    }
  }

  @Test(arguments: [1, 7, 8, 63, 64, 65, 200, 4032]) func aTurnedMatrixHoldsTheSameBits(rows: Int) {
    // More words than are turned at a time, and not a multiple of those.
    let words = 11
    let columns = 64 * words
    var random = SeededGenerator(state: UInt64(rows))
    let source = (0..<rows * 8 * words).map { _ in UInt8.random(in: 0...255, using: &random) }
    let size = SearchGroup.sliceBytes(blocks: rows)
    var target = [UInt8](repeating: 0, count: columns * size)
    // In two parts.
    for part in [0..<9, 9..<words] {
      source.withUnsafeBytes { from in
        target.withUnsafeMutableBytes { to in
          BitMatrix.transpose(
            from.baseAddress! + 8 * part.lowerBound, rows: rows, rowBytes: 8 * words,
            columns: 64 * part.count,
            to: to.baseAddress! + 64 * part.lowerBound * size, bytesPerColumn: size)
        }
      }
    }
    var wrong = 0
    for row in 0..<rows {
      for column in 0..<columns {
        let bit = source[row * 8 * words + column / 8] >> UInt8(column % 8) & 1
        if target[column * size + row / 8] >> UInt8(row % 8) & 1 != bit { wrong += 1 }
      }
    }
    #expect(wrong == 0)
  }
}
