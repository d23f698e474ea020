/// How a table begins: the line that names its columns, and what may stand before it.
enum CSVHeader {
  /// What a line would be as a header.
  struct Look {
    var delimiter: UInt8
    var columns: Int
    /// True where a column is named like a time or a date.
    var namesTime: Bool
  }

  /// Lines before the header that are looked at.
  static let preambleLimit = 32

  /// What a line is as a header; nil where it can be none: a cell of it is a number, a stamp or a text, or it has fewer than two.
  static func look(
    _ line: UnsafeRawBufferPointer, delimiter: UInt8?, _ row: inout CSVRow, _ stamps: inout StampReader
  ) -> Look? {
    guard let delimiter = delimiter ?? CSVRow.delimiter(of: line), row.split(line, delimiter: delimiter),
      row.count >= 2
    else { return nil }
    var look = Look(delimiter: delimiter, columns: row.count, namesTime: false)
    var named = 0
    var pairs = 0
    for index in 0..<row.count {
      let name = Bytes.part(line, row[index].start, row[index].end)
      if name.isEmpty { continue }
      guard name.count <= 64, !JSONText.isNumber(name), stamps.any(name) == nil else { return nil }
      named += 1
      // `time=2026-11-20T08:00:00Z;device=pump-7`: a record of pairs, no row of names.
      if let sign = pairSign(name) {
        pairs += 1
        let start = TextLine.skipBlanks(name, sign + 1)
        if stamps.any(Bytes.part(name, start, name.count)) != nil { return nil }
      }
      let role = FieldNames.meaning(String(decoding: name, as: UTF8.self)).role
      if role == .time || role == .date { look.namesTime = true }
    }
    return named >= 2 && pairs < named ? look : nil
  }

  /// Offset of the sign between a name and its value: `device=pump-7`, `device: pump-7`.
  private static func pairSign(_ cell: UnsafeRawBufferPointer) -> Int? {
    guard let sign = cell.firstIndex(where: { $0 == 0x3D || $0 == 0x3A }), sign > 0, sign + 1 < cell.count
    else { return nil }
    return cell[sign] == 0x3D || cell[sign + 1] == 0x20 ? sign : nil
  }

  /// The delimiter that Excel writes into a first line `sep=;`.
  static func delimiter(saidBy line: UnsafeRawBufferPointer) -> UInt8? {
    var end = line.count
    // Written by Excel itself, the line is filled up with delimiters.
    while end > 5, line[end - 1] == line[4] { end -= 1 }
    guard end == 5, Bytes.isSameWord("sep=", Bytes.part(line, 0, 4)) else { return nil }
    return line[4] == 0x3B || line[4] == 0x2C || line[4] == 0x09 || line[4] == 0x7C ? line[4] : nil
  }

  /// A comment's text.
  static func text(ofComment line: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    var start = 0
    while start < line.count, line[start] == 0x23 || line[start] == 0x20 { start += 1 }
    return Bytes.part(line, start, line.count)
  }

  /// True for what programs write above a table: `Device: Logger 7`, `serial=12345`.
  static func isPreamble(_ line: UnsafeRawBufferPointer) -> Bool {
    line.count < 256 && line.contains { $0 == 0x3A || $0 == 0x3D }
  }

  /// True for the annotations that InfluxDB begins each of its tables with.
  static func beginsTable(_ comment: UnsafeRawBufferPointer) -> Bool {
    Bytes.matches("#group", comment, at: 0) || Bytes.matches("#datatype", comment, at: 0)
  }
}

/// What the first lines of a source are as a table.
struct CSVHead: ~Copyable {
  private var row = CSVRow()
  private var stamps = StampReader()
  private var delimiter: UInt8?
  private var comment: CSVHeader.Look?
  private var header: CSVHeader.Look?
  private var hasPreamble = false
  private var isInQuote = false
  private var agreeing = 0
  private var seen = 0
  private var hasTime = false
  private var isBroken = false
  private var before = 0

  /// How sure it is that the bytes are the beginning of a table: a header that names a time column (or a stamp in the first rows'
  /// cells), and rows of as many cells.
  mutating func score(_ head: UnsafeRawBufferPointer) -> Int {
    var cursor = LineCursor(head)
    var lines = 0
    while seen < 20, lines < 200, !isBroken, let line = cursor.next() {
      lines += 1
      if line.isEmpty || cursor.isAtEnd && !cursor.endedWithNewline && seen > 1 { continue }
      if isInQuote {
        isInQuote = CSVRow.closingQuote(line, delimiter: header?.delimiter ?? 0x2C) == nil
      } else {
        look(at: line)
      }
    }
    guard let header, !isBroken else { return 0 }
    if seen == 0 { return hasTime && header.columns >= 3 && !hasPreamble ? 50 : 0 }
    // A header that does not stand first has to be one beyond doubt.
    if hasPreamble { return header.namesTime && header.columns >= 3 && agreeing * 10 >= seen * 9 ? 85 : 0 }
    // Two columns are a table only where somebody took the trouble of quoting.
    let isTable =
      header.columns >= 3 || Bytes.find(",\"", head) != nil || Bytes.find("\",", head) != nil
    if !hasTime { return isTable && seen >= 2 && agreeing == seen ? 40 : 0 }
    // One broken row (short, or a quoted cell that goes on in the next line) must not cost a small table its header.
    let broken = seen - agreeing
    if agreeing * 10 >= seen * 8 { return 90 }
    return header.namesTime && agreeing >= 1 && (broken <= 2 || agreeing * 2 >= seen) ? 70 : 0
  }

  private mutating func look(at line: UnsafeRawBufferPointer) {
    if line[0] == 0x23 {
      let found = CSVHeader.look(
        CSVHeader.text(ofComment: line), delimiter: delimiter, &row, &stamps)
      if header == nil, let found, found.namesTime { comment = found }
      return
    }
    if line[0] == 0x7B || line[0] == 0x3C {
      isBroken = true
      return
    }
    guard let columns = header?.columns, let current = header?.delimiter else { return begin(line) }
    // What was taken for the header may have been a line above it.
    if agreeing == 0, header?.namesTime == false,
      let better = CSVHeader.look(line, delimiter: delimiter, &row, &stamps), better.namesTime
    {
      header = better
      hasTime = true
      hasPreamble = true
      seen = 0
      return
    }
    seen += 1
    let isWhole = row.split(line, delimiter: current)
    guard isWhole || row.endsInQuote, row.count > 0 else { return }
    isInQuote = !isWhole
    let last = row[row.count - 1]
    if row.count != columns, agreeing > 0 {
      // Another table was appended, or what stands above one.
      let isAbove = row.count == 1 && CSVHeader.isPreamble(line)
      if let another = CSVHeader.look(line, delimiter: nil, &row, &stamps), another.namesTime {
        header = another
        isInQuote = false
        seen -= 1
        return
      }
      if isAbove {
        seen -= 1
        return
      }
      _ = row.split(line, delimiter: current)
    }
    // One cell more: an empty one behind a last comma, or a text that no heading stands above.
    let fits = row.count == columns || row.count == columns + 1 && (last.isQuoted || last.start == last.end)
    if fits || isInQuote && row.count < columns { agreeing += 1 }
    guard !hasTime else { return }
    for index in 0..<min(columns, row.count) {
      let cell = Bytes.part(line, row[index].start, row[index].end)
      if cell.count >= 14, stamps.any(cell) != nil { hasTime = true }
    }
  }

  /// No header was seen so far.
  private mutating func begin(_ line: UnsafeRawBufferPointer) {
    if before == 0, let said = CSVHeader.delimiter(saidBy: line) {
      delimiter = said
      return
    }
    before += 1
    if let found = CSVHeader.look(line, delimiter: delimiter, &row, &stamps) {
      header = found
      hasTime = found.namesTime
    } else if let comment, row.split(line, delimiter: comment.delimiter), row.count == comment.columns {
      header = comment
      hasTime = true
      look(at: line)
    } else if CSVHeader.isPreamble(line), before < CSVHeader.preambleLimit {
      hasPreamble = true
    } else {
      isBroken = true
    }
  }
}
