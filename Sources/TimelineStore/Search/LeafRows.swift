internal import Glibc

/// The rows on a leaf of a table's b-tree (SQLite file format, 1.6), whose bytes are not trusted.
struct LeafRows {
  /// A row: its id, and its record, or the beginning of it where the rest is elsewhere.
  struct Row {
    var id: Int64
    var record: UnsafeRawBufferPointer
    /// False where the record goes on in overflow pages.
    var isWhole: Bool
  }

  private let page: UnsafeRawPointer
  private let pageSize: Int
  /// Number of rows.
  let count: Int
  private static let headerBytes = 8

  /// - Parameter page: Followed by room for a few bytes more.
  @inline(__always) init?(_ page: UnsafeRawPointer, pageSize: Int) {
    self.page = page
    self.pageSize = pageSize
    count = Int(UInt16(bigEndian: page.loadUnaligned(fromByteOffset: 3, as: UInt16.self)))
    if Self.headerBytes + 2 * count > pageSize { return nil }
  }

  /// Where a cell begins.
  @inline(__always) private func place(_ index: Int) -> Int {
    Int(
      UInt16(
        bigEndian: page.loadUnaligned(fromByteOffset: Self.headerBytes &+ 2 &* index, as: UInt16.self)))
  }

  /// True when no record goes on in overflow pages.
  @inline(__always) var areWhole: Bool {
    for index in 0..<count {
      let at = place(index)
      guard at < pageSize else { return false }
      // Two bytes hold lengths below 16384: a longer record fits no page but the largest, and is looked at.
      let first = page.load(fromByteOffset: at, as: UInt8.self)
      if first < 0x80 { continue }
      let second = page.load(fromByteOffset: at &+ 1, as: UInt8.self)
      guard second < 0x80, Int(first & 0x7f) << 7 | Int(second) <= pageSize &- 35 else { return false }
    }
    return true
  }

  /// A row; nil where its bytes lie outside the page.
  @inline(__always) subscript(index: Int) -> Row? {
    var at = place(index)
    guard at >= Self.headerBytes, at < pageSize else { return nil }
    // Both numbers take eighteen bytes at most, which the room behind the page holds.
    let length = Varint.read(page, &at)
    let id = Int64(bitPattern: Varint.read(page, &at))
    guard at <= pageSize else { return nil }
    let isWhole = length <= UInt64(pageSize &- 35)
    let count = isWhole ? Int(length) : 0
    guard count <= pageSize &- at else { return nil }
    return Row(id: id, record: UnsafeRawBufferPointer(start: page + at, count: count), isWhole: isWhole)
  }

  /// The BLOB of a record that holds nothing else but its row id; nil where it is another record.
  static func blob(behindTheIdOf record: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
    // The header's size, NULL for the row id, the BLOB's type in one to three bytes.
    guard let base = record.baseAddress, record.count >= 5, record[0] >= 3, record[0] <= 5, record[1] == 0
    else { return nil }
    var header = 2
    let type = Varint.read(base, &header)
    guard header == Int(record[0]), type >= 12, type % 2 == 0, type <= 1 << 20 else { return nil }
    let size = Int(type - 12) / 2
    guard header + size <= record.count else { return nil }
    return UnsafeRawBufferPointer(rebasing: record[header..<header + size])
  }
}

/// What the message of an event is made from, out of its record.
struct MessageColumns {
  /// 0 where the row has none, as SQLite gives it.
  var template: Int64 = 0
  var variables: UnsafeBufferPointer<UInt8>?
  var message: UnsafeBufferPointer<UInt8>?

  /// Places among the columns of a segment.
  private enum Column {
    static let template = 4
    static let variables = 10
    static let message = 12
  }

  /// nil where the record is not of the types that Firebreak writes: SQLite knows what it says.
  @inline(__always) init?(_ record: UnsafeRawBufferPointer) {
    guard let base = record.baseAddress, record.count > 0 else { return nil }
    var header = 0
    let end = Int(base.load(as: UInt8.self))
    // A header of 128 bytes or more has columns longer than a page.
    guard end < 0x80, end <= record.count else { return nil }
    header = 1
    var body = end
    var column = 0
    while column <= Column.message, header < end {
      var type = Int(base.load(fromByteOffset: header, as: UInt8.self))
      header &+= 1
      if type >= 0x80 {
        header &-= 1
        let long = Varint.read(base, &header)
        guard header <= end, long < 1 << 20 else { return nil }
        type = Int(long)
      }
      var size = 0
      if type >= 12 {
        size = (type &- 12) / 2
        guard body &+ size <= record.count else { return nil }
        if column == Column.variables || column == Column.message {
          let bytes = UnsafeBufferPointer(
            start: (base + body).assumingMemoryBound(to: UInt8.self), count: size)
          if column == Column.variables { variables = bytes } else { message = bytes }
        } else if column == Column.template {
          return nil
        }
      } else if type != 0 {
        // 1 to 6 are integers of 1, 2, 3, 4, 6, 8 bytes, 7 a floating-point number, 8 and 9 the integers 0 and 1.
        guard type < 10, column != Column.variables, column != Column.message else { return nil }
        size = type < 5 ? type : type == 5 ? 6 : type < 8 ? 8 : 0
        guard body &+ size <= record.count else { return nil }
        if column == Column.template {
          guard type != 7 else { return nil }
          template = type > 7 ? Int64(type &- 8) : Self.integer(base + body, size)
        }
      }
      body &+= size
      column &+= 1
    }
  }

  @inline(__always) private static func integer(_ bytes: UnsafeRawPointer, _ size: Int) -> Int64 {
    var value = Int64(bytes.load(as: Int8.self))
    for index in 1..<max(1, size) {
      value = value &<< 8 | Int64(bytes.load(fromByteOffset: index, as: UInt8.self))
    }
    return value
  }
}
