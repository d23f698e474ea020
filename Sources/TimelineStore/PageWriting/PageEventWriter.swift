/// Writes a segment straight into pages: no SQLite between row and file.
final class PageEventWriter: StreamingEventWriter {
  /// Root pages of the empty segment as SQLite made it.
  struct Roots {
    var table: UInt32
    var time: UInt32
    var device: UInt32
    var error: UInt32
    var severity: UInt32
    var slice: UInt32
    var all: [UInt32] { [table, time, device, error, severity, slice] }
  }
  private let file: PageFile
  private let roots: Roots
  private let table: TableTreeWriter
  private let indexes: SegmentIndexWriter
  private let slices: SliceTreeWriter?

  /// - Parameter slices: Writes the search index; nil leaves it to somebody else.
  init(file: PageFile, roots: Roots, slices: SliceTreeWriter?, entriesInMemory: Int = 1 << 20) {
    self.file = file
    self.roots = roots
    table = TableTreeWriter(file: file, root: roots.table)
    self.slices = slices
    indexes = SegmentIndexWriter(path: file.path, capacity: entriesInMemory)
  }

  @inline(__always)
  func append(id: Int64, record: UnsafeRawBufferPointer, key: IndexEntry) throws(StoreError) {
    try table.append(id: id, record: record)
    try indexes.append(key)
  }

  func append(slice id: Int64, bits: UnsafeRawBufferPointer) throws(StoreError) {
    try slices?.append(slice: id, bits: bits)
  }

  func mark() { table.mark() }

  func commit() throws(StoreError) { try table.commit() }

  func forEachSinceMark(
    from first: Int64, _ body: (UnsafeMutableRawBufferPointer) throws(StoreError) -> Void
  ) throws(StoreError) { try table.forEach(from: first, body) }

  func rewind(to first: Int64) throws(StoreError) {
    try table.rewind()
    try indexes.removeAll(from: first)
  }

  func finish(eventsByDevice: [Int64]) throws(StoreError) {
    try slices?.finish()
    try table.finish()
    try indexes.finish(
      time: IndexTreeWriter(file: file, root: roots.time),
      device: IndexTreeWriter(file: file, root: roots.device),
      error: IndexTreeWriter(file: file, root: roots.error),
      severity: IndexTreeWriter(file: file, root: roots.severity), eventsByDevice: eventsByDevice)
    try file.finish()
  }
}

/// Writes the rows of the search index into pages.
final class SliceTreeWriter: SearchRowWriter {
  private let tree: TableTreeWriter
  private var record = ByteBuffer(capacity: PageFile.pageSize)

  /// - Parameter root: Page of the empty table `search_slice` as SQLite made it.
  init(file: PageFile, root: UInt32) { tree = TableTreeWriter(file: file, root: root) }

  func append(slice id: Int64, bits: UnsafeRawBufferPointer) throws(StoreError) {
    let type = UInt64(bits.count) * 2 + 12
    record.count = 0
    record.reserve(bits.count + 16)
    // The header's size, NULL for the row id, a BLOB.
    record.put(UInt8(2 + Varint.size(type)))
    record.put(0)
    record.count += Varint.write(type, to: record.base + record.count)
    record.append(bits)
    try tree.append(id: id, record: record.bytes)
  }

  /// Ends the table.
  func finish() throws(StoreError) { try tree.finish() }
}
