import Glibc
import IncidentModel
import Testing

@testable import TimelineStore

/// Messages looked at by pages of the file fit where SQLite says that they fit.
@Suite struct PageScanTests {
  let folder = TemporaryFolder()

  /// Readers that look at pages, and at rows by SQLite alone.
  private func readers(_ path: String) throws -> (paged: CaseReader, scanning: CaseReader) {
    let paged = try CaseReader(path: path)
    paged.textScanning = .always
    let scanning = try CaseReader(path: path)
    scanning.usesSearchIndex = false
    return (paged, scanning)
  }

  /// What both find; the condition tells whether pages were looked at.
  private func compare(
    _ path: String, _ expressions: [String], byPages: Bool = true,
    at location: SourceLocation = #_sourceLocation
  ) throws -> Int {
    let (paged, scanning) = try readers(path)
    var hits = 0
    for expression in expressions {
      let query = try paged.query(expression)
      #expect(
        query.condition.sql.contains("firebreak_text") != byPages, "\(expression)", sourceLocation: location)
      let found = try paged.events(matching: expression).map(\.id)
      #expect(
        try found == scanning.events(matching: expression).map(\.id), "\(expression)",
        sourceLocation: location)
      hits += found.count
    }
    return hits
  }

  private static let needles = [
    "text:low", "text:LOW", "text:s", "text:60", "text:\"\\\"\"", "text:whole", "text:é", "text:\"=\"",
    "text:b*y",
    "text=boot", "text:x", "text:zz", "text:\" \"",
  ]

  /// Rows that only SQL can have made: numbers in the place of texts, no template, deleted ones, gaps, long ones.
  @Test(arguments: [512, 1024, 4096, 65_536]) func rowsOfAnyKindAreSeen(pageSize: Int) throws {
    let fixture = try QueryFixture(
      events: QueryEvaluationTests.events(seed: UInt64(pageSize), count: 300),
      inventory: QueryEvaluationTests.inventory)
    for segment in [1, 2] {
      let first = segment * 1000
      try fixture.run(
        """
        DELETE FROM segment_\(segment) WHERE id % 7 = 3;
        UPDATE segment_\(segment) SET message = 60 WHERE id % 11 = 0;
        UPDATE segment_\(segment) SET template = NULL WHERE id % 13 = 0;
        UPDATE segment_\(segment) SET template = 'low', variables = 1.5 WHERE id % 17 = 0;
        UPDATE segment_\(segment) SET template = 77000 WHERE id % 19 = 0;
        UPDATE segment_\(segment) SET template = -1 WHERE id % 23 = 0;
        UPDATE segment_\(segment) SET message = '' WHERE id % 29 = 0;
        INSERT INTO segment_\(segment) (id, time, message) VALUES (\(first), 5, printf('%.*c LOW', 70000, '-'));
        INSERT INTO segment_\(segment) (id, time, message) VALUES (\(first + 1), 6, printf('low%.*c', 500, '-'));
        INSERT INTO segment_\(segment) (id, time, fields, message) VALUES
          (\(first + 2), 7, printf('%.*c', 9000, '-'), 'behind: whole');
        INSERT INTO segment_\(segment) (id, time) VALUES (\(first + 3), 8);
        """)
    }
    // Row ids may be anything.
    try fixture.run("INSERT INTO segment_1 (id, time, message) VALUES (-9223372036854775808, 1, 'low')")
    try fixture.run("INSERT INTO segment_2 (id, time, message) VALUES (9223372036854775807, 1, 'low')")
    try fixture.run("PRAGMA page_size = \(pageSize); VACUUM")
    fixture.close()
    #expect(try compare(fixture.path, Self.needles) > 500)
  }

  @Test func anEmptyCaseAndOneRowAreSeen() throws {
    let empty = try QueryFixture(events: [[], []])
    empty.close()
    #expect(try compare(empty.path, ["text:low"]) == 0)
    let one = try QueryFixture(events: [[.init(template: "battery low")]])
    one.close()
    #expect(try compare(one.path, ["text:low", "text:x"]) == 1)
  }

  /// Where the file alone does not say what the case holds, SQLite is asked.
  @Test(arguments: ["PRAGMA journal_mode = WAL", "PRAGMA encoding = 'UTF-16'"])
  func otherFilesAreReadBySQLite(pragma: String) throws {
    let fixture = try QueryFixture(events: QueryEvaluationTests.events(seed: 5, count: 100))
    if pragma.contains("WAL") {
      try fixture.run(pragma)
    } else {
      let copy = folder.file("utf16.sqlite")
      try fixture.run("VACUUM INTO '\(copy)'")
      fixture.close()
      let source = try sqlite3(copy, ".dump")
      unlink(fixture.path)
      try fixture.run(pragma + "; " + source)
      try fixture.run(
        "PRAGMA application_id = \(CaseSchema.applicationID); PRAGMA user_version = \(CaseSchema.version)")
    }
    fixture.close()
    #expect(try compare(fixture.path, ["text:low", "text:s"], byPages: false) > 10)
  }

  /// Whatever bytes a file holds: the same answer as SQLite's, or its error.
  @Test(arguments: 1...6) func damagedPagesAreLeftToSQLite(seed: UInt64) throws {
    let fixture = try QueryFixture(
      events: QueryEvaluationTests.events(seed: seed, count: 400), inventory: QueryEvaluationTests.inventory)
    try fixture.run("PRAGMA page_size = 1024; VACUUM")
    fixture.close()
    let whole = try #require(FileBytes.read(fixture.path))
    var random = SeededGenerator(state: seed &* 991)
    var same = 0
    for _ in 0..<25 {
      var bytes = whole
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let page = Int.random(in: 1..<bytes.count / 1024, using: &random)
        // Headers and the places of cells matter most.
        let offset = Int.random(in: 0..<[16, 60, 1024].randomElement(using: &random)!, using: &random)
        bytes[page * 1024 + offset] = UInt8.random(in: 0...255, using: &random)
      }
      #expect(FileBytes.write(bytes, fixture.path))
      guard let (paged, scanning) = try? readers(fixture.path) else { continue }
      for expression in ["text:low", "text:e"] {
        guard let expected = try? scanning.tableScan(expression) else { continue }
        guard let sql = try? paged.query(expression).condition.sql, !sql.contains("firebreak_text") else {
          continue
        }
        guard let found = try? paged.tableScan(expression) else { continue }
        #expect(found == expected, "\(expression)")
        same += 1
      }
    }
    #expect(same > 8)
  }

  /// A frequent text is at hand in the order of time; a rare one is not, and all of the case is looked at by pages.
  @Test func pagesAreLookedAtWhereThatIsCheaper() throws {
    let path = folder.file("cheaper.firebreak")
    let loader = try CaseLoader(path: path)
    var builder = BatchBuilder()
    for event in 0..<20_000 {
      builder.add(
        time: Int64(event), device: "gw-\(event % 50)", severity: event % 100 == 0 ? 3 : 6, "state of ",
        event == 7777 ? "qz" : event % 3 == 0 ? "on" : "off", " is \(event % 2)")
    }
    try loader.load(order: 0, "a", hash: 1, [builder.batch])
    _ = try loader.finish()
    let reader = try CaseReader(path: path)
    func goesByPages(_ expression: String, wanted: Int? = 50) throws -> Bool {
      try !reader.query(expression, wanted: wanted).condition.sql.contains("firebreak_text")
    }
    #expect(try goesByPages("text:qz"))
    #expect(try reader.query("text:qz").condition.parameters == [.integer(7778)])
    #expect(try goesByPages("text:qz program:app since:1970-01-01"))
    #expect(try goesByPages("text:qz OR text:zq"))
    #expect(try !goesByPages("text:on"))
    #expect(try !goesByPages("NOT text:qz"))
    // Other conditions lead to fewer events.
    #expect(try !goesByPages("text:qz device:gw-1"))
    #expect(try !goesByPages("text:qz (device:gw-1 OR id:5)"))
    #expect(try !goesByPages("text:qz severity>=error"))
    #expect(try goesByPages("text:qz severity>=info"))
    #expect(try !goesByPages("text:qz since:1970-01-01T00:00:00.000019Z"))
    #expect(try !goesByPages("text:aa text:bb text:cc text:dd"))
    // Who has a limited time goes on from stretch to stretch.
    #expect(try reader.limited(seconds: 60) { try !goesByPages("text:qz") })
    for expression in ["text:qz", "text:on", "text:qz device:gw-27", "text:qz OR text:zq"] {
      let scanning = try CaseReader(path: path)
      scanning.usesSearchIndex = false
      #expect(
        try reader.events(matching: expression).map(\.id) == scanning.events(matching: expression).map(\.id))
    }
  }

  /// No writer can change a page while it is looked at.
  @Test func theFileIsLockedWhileItIsRead() throws {
    let fixture = try QueryFixture(events: QueryEvaluationTests.events(seed: 3, count: 50))
    let reader = try fixture.reader()
    var pages = try TablePages(reader.connection, table: "segment_1")
    #expect(pages != nil)
    let change = "PRAGMA busy_timeout = 0; UPDATE segment_1 SET severity = 1 WHERE id = 1"
    #expect(throws: QueryFixture.Failure.self) { try fixture.run(change) }
    pages = nil
    try fixture.run(change)
  }

  @Test func theFilterSeesATextWhereverItLies() {
    var random = SeededGenerator(state: 4)
    let alphabet = Array("aAbB@`[{ 0\u{80}".utf8)
    var hits = 0
    for _ in 0..<4000 {
      let count = Int.random(in: 1...70, using: &random)
      let needle = (0..<Int.random(in: 1...6, using: &random)).map { _ in
        alphabet.randomElement(using: &random)!.asciiLowercased
      }
      // Four bytes more, which are looked at and do not count.
      let text = (0..<count).map { _ in alphabet.randomElement(using: &random)! }
      let isThere = text.withUnsafeBufferPointer {
        BytePattern(needle, foldsCase: true).isContained(in: $0)
      }
      let passes = (text + [0, 0, 0, 0]).withUnsafeBytes {
        PageFilter(needle).mayOccur(in: $0.baseAddress!, count: count)
      }
      #expect(!isThere || passes, "\(needle) \(text)")
      // Of four bytes and fewer it is exact.
      if needle.count <= 4, count >= needle.count {
        let last = text.suffix(needle.count - 1).map(\.asciiLowercased)
        #expect(passes == isThere || needle.starts(with: last.isEmpty ? [0] : last), "\(needle) \(text)")
      }
      hits += isThere ? 1 : 0
    }
    #expect(hits > 300)
  }
}

extension CaseReader {
  /// Ids that `firebreak_text` finds along the table, without any index.
  fileprivate func tableScan(_ expression: String) throws -> [Int64] {
    let query = try query(expression)
    var found: [Int64] = []
    for segment in catalog.segments {
      let rows = try connection.prepare(
        "SELECT e.id FROM segment_\(segment) e NOT INDEXED WHERE \(query.condition.sql) ORDER BY e.id")
      rows.bound(query.condition.parameters)
      while try rows.next() { found.append(rows.int64(0)) }
    }
    return found
  }
}

/// Whole files.
private enum FileBytes {
  static func read(_ path: String) -> [UInt8]? {
    guard let file = fopen(path, "rb") else { return nil }
    defer { fclose(file) }
    fseek(file, 0, SEEK_END)
    var bytes = [UInt8](repeating: 0, count: ftell(file))
    rewind(file)
    return fread(&bytes, 1, bytes.count, file) == bytes.count ? bytes : nil
  }

  static func write(_ bytes: [UInt8], _ path: String) -> Bool {
    guard let file = fopen(path, "wb") else { return false }
    defer { fclose(file) }
    return fwrite(bytes, 1, bytes.count, file) == bytes.count
  }
}
