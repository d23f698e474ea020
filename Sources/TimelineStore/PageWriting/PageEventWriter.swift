/// Writes a segment straight into pages: no SQLite between row and file.
final class PageEventWriter: EventWriter {
  /// Root pages of the empty segment as SQLite made it.
  struct Roots {
    var table: UInt32
    var time: UInt32
    var device: UInt32
    var error: UInt32
  }
  private let file: PageFile
  private let roots: Roots
  private let table: TableTreeWriter
  private let indexes: SegmentIndexWriter

  init(file: PageFile, roots: Roots, entriesInMemory: Int = 1 << 20) {
    self.file = file
    self.roots = roots
    table = TableTreeWriter(file: file, root: roots.table)
    indexes = SegmentIndexWriter(path: file.path, capacity: entriesInMemory)
  }

  @inline(__always)
  func append(id: Int64, record: UnsafeRawBufferPointer, key: IndexEntry) throws(StoreError) {
    try table.append(id: id, record: record)
    try indexes.append(key)
  }

  func finish(eventsByDevice: [Int64]) throws(StoreError) {
    try table.finish()
    try indexes.finish(
      time: IndexTreeWriter(file: file, root: roots.time),
      device: IndexTreeWriter(file: file, root: roots.device),
      error: IndexTreeWriter(file: file, root: roots.error), eventsByDevice: eventsByDevice)
  }
}
