internal import Glibc

/// Writes the b-tree of a table with row ids, rows in ascending order (SQLite file format, 1.6 and 1.7).
final class TableTreeWriter {
  private let file: PageFile
  private let root: UInt32
  private let levels: TreeLevel
  @exclusivity(unchecked) private var leaf = TreePage(.tableLeaf)
  @exclusivity(unchecked) private var overflow = TreePage(.tableLeaf)
  @exclusivity(unchecked) private var lastID: Int64 = 0
  /// The page as it was at the mark, with the last id, and where the file ended.
  @exclusivity(unchecked) private var marked: TreePage?
  private var markedID: Int64 = 0
  private var markedEnd: UInt32 = 0
  /// Leaves since the mark, not in the levels above yet.
  @exclusivity(unchecked) private var unlinked: [(page: UInt32, lastID: Int64)] = []
  private let key = ByteBuffer(capacity: 16)
  @exclusivity(unchecked) private var idPrefix = IDPrefix(of: 0)

  /// The varint of a row id but for its last byte, which alone differs from one id to the next, most of the time.
  private struct IDPrefix {
    /// The ids without their lowest seven bits.
    let number: UInt64
    /// Bytes of the whole varint.
    let bytes: Int
    /// The bytes but for the last, the first lowest, and where the last one goes; up to eight bytes.
    let word: UInt64
    let shift: UInt64

    @inline(never) init(of id: UInt64) {
      number = id >> 7
      bytes = Varint.size(id)
      shift = UInt64(8 * (min(bytes, 8) - 1))
      var prefix: (UInt64, UInt64) = (0, 0)
      withUnsafeMutableBytes(of: &prefix) { _ = Varint.write(id & ~0x7f, to: $0.baseAddress!) }
      word = UInt64(littleEndian: prefix.0)
    }
  }

  /// - Parameter root: Page of the empty table as SQLite made it.
  init(file: PageFile, root: UInt32) {
    self.file = file
    self.root = root
    levels = TreeLevel(file: file, kind: .tableInterior)
  }

  private static let usable = PageFile.pageSize
  /// A longer record spills into overflow pages.
  private static let maximumLocal = usable - 35
  /// What at least stays of a record that spills.
  private static let minimumLocal = (usable - 12) * 32 / 255 - 23

  /// Adds a row.
  @inline(__always)
  func append(id: Int64, record: UnsafeRawBufferPointer) throws(StoreError) {
    let count = record.count
    if count > Self.maximumLocal {
      try appendLong(id: id, record: record)
      return
    }
    let rowID = UInt64(bitPattern: id)
    if rowID &>> 7 != idPrefix.number { idPrefix = IDPrefix(of: rowID) }
    let header = count < 0x80 ? 1 : 2
    let headers = header &+ idPrefix.bytes
    let size = headers &+ count
    if !leaf.fits(size) { try closeLeaf() }
    let cell = leaf.place(size)
    if headers <= 8, size >= 8 {
      // Both varints in one word; the record lies over what is behind them.
      let length = UInt64(truncatingIfNeeded: count)
      let first = header == 1 ? length : length &>> 7 | 0x80 | (length & 0x7f) &<< 8
      let last = idPrefix.word | (rowID & 0x7f) &<< idPrefix.shift
      let word = first | last &<< UInt64(truncatingIfNeeded: 8 &* header)
      cell.storeBytes(of: word.littleEndian, as: UInt64.self)
    } else {
      Varint.write(UInt64(count), to: cell)
      Varint.write(rowID, to: cell + header)
    }
    memcpy(cell + headers, record.baseAddress!, count)
    lastID = id
  }

  private func appendLong(id: Int64, record: UnsafeRawBufferPointer) throws(StoreError) {
    let local = Self.local(of: record.count)
    let rowID = UInt64(bitPattern: id)
    let headers = Varint.size(UInt64(record.count)) + Varint.size(rowID)
    if !leaf.fits(headers + local + 4) { try closeLeaf() }
    let first = try appendOverflow(UnsafeRawBufferPointer(rebasing: record[local...]))
    let cell = leaf.place(headers + local + 4)
    let header = Varint.write(UInt64(record.count), to: cell)
    Varint.write(rowID, to: cell + header)
    memcpy(cell + headers, record.baseAddress!, local)
    (cell + headers + local).storeBytes(of: first.bigEndian, as: UInt32.self)
    lastID = id
  }

  /// Writes a chain of overflow pages, last page first so that each knows the next, and returns the first one's number.
  private func appendOverflow(_ bytes: UnsafeRawBufferPointer) throws(StoreError) -> UInt32 {
    let room = Self.usable - 4
    var next: UInt32 = 0
    var start = (bytes.count - 1) / room * room
    while start >= 0 {
      let count = min(room, bytes.count - start)
      memset(overflow.base, 0, PageFile.pageSize)
      overflow.base.storeBytes(of: next.bigEndian, as: UInt32.self)
      memcpy(overflow.base + 4, bytes.baseAddress! + start, count)
      next = try file.append(overflow.base)
      start -= room
    }
    return next
  }

  private func closeLeaf() throws(StoreError) {
    leaf.seal()
    let number = try file.append(leaf.base)
    leaf.clear()
    if marked == nil { try link(number, lastID) } else { unlinked.append((number, lastID)) }
  }

  private func link(_ page: UInt32, _ lastID: Int64) throws(StoreError) {
    let size = Varint.write(UInt64(bitPattern: lastID), to: key.base)
    try levels.append(child: page, key: UnsafeRawBufferPointer(start: key.base, count: size))
  }

  // MARK: - Rows that may be taken back

  /// Remembers where the table stands. No other tree may add pages until `commit` or `rewind`.
  func mark() {
    marked = leaf.copy()
    markedID = lastID
    markedEnd = file.end
  }

  /// Keeps what was added since the mark.
  func commit() throws(StoreError) {
    marked = nil
    for (page, lastID) in unlinked { try link(page, lastID) }
    unlinked.removeAll()
  }

  /// Forgets what was added since the mark.
  func rewind() throws(StoreError) {
    guard let before = marked.take() else { return }
    leaf = before
    lastID = markedID
    unlinked.removeAll()
    try file.rewind(to: markedEnd)
  }

  /// Calls with each record from an id after the mark on. The record may be changed; it lives for the call.
  func forEach(
    from first: Int64, _ body: (UnsafeMutableRawBufferPointer) throws(StoreError) -> Void
  ) throws(StoreError) {
    let page = TreePage(.tableLeaf)
    for (number, _) in unlinked {
      try file.read(number, into: page.base)
      try forEach(in: page.base, cells: Self.cells(page.base), from: first, body)
    }
    try forEach(in: leaf.base, cells: leaf.cells, from: first, body)
  }

  private static func cells(_ page: UnsafeRawPointer) -> Int {
    Int(UInt16(bigEndian: page.loadUnaligned(fromByteOffset: 3, as: UInt16.self)))
  }

  private func forEach(
    in page: UnsafeRawPointer, cells: Int, from first: Int64,
    _ body: (UnsafeMutableRawBufferPointer) throws(StoreError) -> Void
  ) throws(StoreError) {
    var record = ByteBuffer(capacity: PageFile.pageSize)
    for cell in 0..<cells {
      var at = Int(UInt16(bigEndian: page.loadUnaligned(fromByteOffset: 8 + 2 * cell, as: UInt16.self)))
      let count = Int(Varint.read(page, &at))
      guard Int64(bitPattern: Varint.read(page, &at)) >= first else { continue }
      record.count = 0
      let local = Self.local(of: count)
      record.append(UnsafeRawBufferPointer(start: page + at, count: local))
      if local < count {
        let overflow = UInt32(bigEndian: page.loadUnaligned(fromByteOffset: at + local, as: UInt32.self))
        try readOverflow(overflow, count - local, to: &record)
      }
      try body(UnsafeMutableRawBufferPointer(start: record.base, count: count))
    }
  }

  private func readOverflow(_ first: UInt32, _ count: Int, to record: inout ByteBuffer) throws(StoreError) {
    var page = first
    var left = count
    while left > 0 {
      try file.read(page, into: overflow.base)
      let here = min(left, Self.usable - 4)
      record.append(UnsafeRawBufferPointer(start: overflow.base + 4, count: here))
      left -= here
      page = UInt32(bigEndian: overflow.base.load(as: UInt32.self))
    }
  }

  /// Bytes of a record that stay in the leaf.
  private static func local(of count: Int) -> Int {
    if count <= maximumLocal { return count }
    let spill = minimumLocal + (count - minimumLocal) % (usable - 4)
    return spill <= maximumLocal ? spill : minimumLocal
  }

  /// Ends the table.
  func finish() throws(StoreError) {
    leaf.seal()
    if levels.isEmpty {
      try file.replace(root, with: leaf.base)
    } else {
      try levels.finish(lastChild: try file.append(leaf.base), root: root)
    }
  }
}
