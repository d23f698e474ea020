/// Reads CSV as RFC 4180 has it, from bytes in memory: quoted cells may hold delimiters, doubled quotes and line ends; LF
/// and CRLF both end rows; a byte-order mark is skipped. For inventories and other tables, not for logs.
public struct CSVReader {
  /// What is wrong with a table, and where.
  public struct Failure: Error, Sendable, Hashable, CustomStringConvertible {
    /// 1-based line on which the row begins.
    public var line: Int
    /// One phrase: `a quoted cell is not closed`.
    public var reason: String
    /// `line 7: a quoted cell is not closed`.
    public var description: String { "line \(line): \(reason)" }
  }

  /// The byte between cells.
  public let delimiter: UInt8
  /// 1-based line on which the row that was read last begins.
  public private(set) var line = 0
  private let bytes: [UInt8]
  private var offset = 0
  private var nextLine = 1

  /// A reader; where no delimiter is given, the first line tells (comma, semicolon, tab or bar, whichever is most frequent
  /// outside quotes).
  public init(_ bytes: [UInt8], delimiter: UInt8? = nil) {
    self.bytes = bytes
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { offset = 3 }
    self.delimiter =
      delimiter
      ?? bytes.withUnsafeBytes { all in
        var cursor = LineCursor(all)
        while let line = cursor.next() {
          if line.isEmpty || line[0] == 0x23 { continue }
          return CSVRow.delimiter(of: line) ?? 0x2C
        }
        return 0x2C
      }
  }

  /// The next row's cells, quotes resolved, blanks kept; empty lines are skipped. Nil at the end. Invalid UTF-8 is
  /// replaced by U+FFFD.
  public mutating func next() throws(Failure) -> [String]? {
    skipEmptyLines()
    guard offset < bytes.count else { return nil }
    line = nextLine
    var cells: [String] = []
    while true {
      cells.append(try cell())
      guard offset < bytes.count else { return cells }
      if bytes[offset] == delimiter {
        offset += 1
        continue
      }
      if bytes[offset] == 0x0D, offset + 1 < bytes.count, bytes[offset + 1] == 0x0A { offset += 1 }
      offset += 1
      nextLine += 1
      return cells
    }
  }

  private mutating func skipEmptyLines() {
    while offset < bytes.count, bytes[offset] == 0x0A || bytes[offset] == 0x0D {
      if bytes[offset] == 0x0A { nextLine += 1 }
      offset += 1
    }
  }

  /// One cell; stands at the delimiter, at the line end or at the end afterwards.
  private mutating func cell() throws(Failure) -> String {
    guard offset < bytes.count, bytes[offset] == 0x22 else {
      let start = offset
      while offset < bytes.count, bytes[offset] != delimiter, bytes[offset] != 0x0A, !atCRLF { offset += 1 }
      return String(decoding: bytes[start..<offset], as: UTF8.self)
    }
    var text: [UInt8] = []
    offset += 1
    while true {
      guard offset < bytes.count else { throw Failure(line: line, reason: "a quoted cell is not closed") }
      let byte = bytes[offset]
      offset += 1
      if byte == 0x0A { nextLine += 1 }
      if byte != 0x22 {
        text.append(byte)
        continue
      }
      if offset < bytes.count, bytes[offset] == 0x22 {
        text.append(0x22)
        offset += 1
        continue
      }
      guard offset == bytes.count || bytes[offset] == delimiter || bytes[offset] == 0x0A || atCRLF else {
        throw Failure(line: line, reason: "text follows a closing quote")
      }
      return String(decoding: text, as: UTF8.self)
    }
  }

  private var atCRLF: Bool {
    bytes[offset] == 0x0D && (offset + 1 == bytes.count || bytes[offset + 1] == 0x0A)
  }
}

/// Cells of one row in place.
struct CSVRow: ~Copyable {
  struct Cell {
    var start = 0
    var end = 0
    /// True where doubled quotes stand inside.
    var hasQuotes = false
    /// True where the cell was quoted: then it is text even if it looks like a number.
    var isQuoted = false
  }

  private let cells: UnsafeMutablePointer<Cell>
  private(set) var count = 0
  /// True where the record ended in a quoted cell that was not closed: the last one.
  private(set) var endsInQuote = false
  static let limit = 1024

  init() {
    cells = .allocate(capacity: Self.limit)
    cells.initialize(repeating: Cell(), count: Self.limit)
  }

  deinit { cells.deallocate() }

  subscript(_ index: Int) -> Cell { @inline(__always) get { cells[index] } }

  /// Cuts a record; false where a quote is not closed or followed by text, or there are more than 1,024 cells.
  mutating func split(_ record: UnsafeRawBufferPointer, delimiter: UInt8) -> Bool {
    count = 0
    endsInQuote = false
    var i = 0
    let end = record.count
    while true {
      guard count < Self.limit else { return false }
      var cell = Cell()
      // Some writers put a blank before the quote.
      if i < end, record[i] == 0x20 {
        var quote = i
        while quote < end, record[quote] == 0x20 { quote &+= 1 }
        if quote < end, record[quote] == 0x22 { i = quote }
      }
      if i < end, record[i] == 0x22 {
        i &+= 1
        cell.start = i
        cell.isQuoted = true
        while true {
          i = Bytes.findNear(0x22, record, from: i, to: end)
          guard i < end else {
            cell.end = end
            cells[count] = cell
            count &+= 1
            endsInQuote = true
            return false
          }
          if i &+ 1 < end, record[i &+ 1] == 0x22 {
            cell.hasQuotes = true
            i &+= 2
            continue
          }
          break
        }
        cell.end = i
        i &+= 1
        while i < end, record[i] == 0x20, delimiter != 0x20 { i &+= 1 }
        guard i == end || record[i] == delimiter else { return false }
      } else {
        cell.start = i
        while i < end, record[i] != delimiter { i &+= 1 }
        cell.end = i
        while cell.start < cell.end, record[cell.start] == 0x20 { cell.start &+= 1 }
        while cell.end > cell.start, record[cell.end &- 1] == 0x20 { cell.end &-= 1 }
      }
      cells[count] = cell
      count &+= 1
      if i >= end { return true }
      i &+= 1
    }
  }

  /// Offset of the quote that ends a cell in whose middle the line begins; nil where it goes on.
  static func closingQuote(_ line: UnsafeRawBufferPointer, delimiter: UInt8) -> Int? {
    var i = 0
    while true {
      i = Bytes.findNear(0x22, line, from: i, to: line.count)
      guard i < line.count else { return nil }
      if i &+ 1 < line.count, line[i &+ 1] == 0x22 {
        i &+= 2
        continue
      }
      var next = i &+ 1
      while next < line.count, line[next] == 0x20 { next &+= 1 }
      if next == line.count || line[next] == delimiter { return i }
      i &+= 1
    }
  }

  /// The delimiter of a line: comma, semicolon, tab or bar, whichever is most frequent outside quotes; nil where none is.
  static func delimiter(of line: UnsafeRawBufferPointer) -> UInt8? {
    var commas = 0
    var semicolons = 0
    var tabs = 0
    var bars = 0
    var quoted = false
    for byte in line {
      if byte == 0x22 { quoted.toggle() }
      if quoted { continue }
      switch byte {
      case 0x2C: commas += 1
      case 0x3B: semicolons += 1
      case 0x09: tabs += 1
      case 0x7C: bars += 1
      default: break
      }
    }
    let most = max(commas, semicolons, tabs, bars)
    guard most > 0 else { return nil }
    if commas == most { return 0x2C }
    if semicolons == most { return 0x3B }
    return tabs == most ? 0x09 : 0x7C
  }
}
