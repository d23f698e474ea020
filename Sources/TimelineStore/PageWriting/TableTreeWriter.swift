internal import Glibc

/// Writes the b-tree of a table with row ids, rows in ascending order (SQLite file format, 1.6 and 1.7).
final class TableTreeWriter {
  private let file: PageFile
  private let root: UInt32
  private let levels: TreeLevels
  private var leaf = TreePage(.tableLeaf)
  private var overflow = TreePage(.tableLeaf)
  private var lastID: Int64 = 0
  private let key = ByteBuffer(capacity: 16)

  /// - Parameter root: Page of the empty table as SQLite made it.
  init(file: PageFile, root: UInt32) {
    self.file = file
    self.root = root
    levels = TreeLevels(file: file, kind: .tableInterior)
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
    let size = Varint.size(UInt64(count)) &+ Varint.size(rowID) &+ count
    if !leaf.fits(size) { try closeLeaf() }
    let cell = leaf.place(size)
    let header = Varint.write(UInt64(count), to: cell)
    let headers = header &+ Varint.write(rowID, to: cell + header)
    memcpy(cell + headers, record.baseAddress!, count)
    lastID = id
  }

  private func appendLong(id: Int64, record: UnsafeRawBufferPointer) throws(StoreError) {
    let spill = Self.minimumLocal + (record.count - Self.minimumLocal) % (Self.usable - 4)
    let local = spill <= Self.maximumLocal ? spill : Self.minimumLocal
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
      overflow.clear()
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
    let size = Varint.write(UInt64(bitPattern: lastID), to: key.base)
    try levels.append(child: number, key: UnsafeRawBufferPointer(start: key.base, count: size))
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
