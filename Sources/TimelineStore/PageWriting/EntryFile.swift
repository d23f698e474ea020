internal import Glibc

/// Index entries that do not fit into memory: a nameless file of stretches.
final class EntryFile {
  private let descriptor: Int32
  private let path: String
  private var end: Int64 = 0

  init(beside path: String) throws(StoreError) {
    self.path = path
    descriptor = try SystemFile.temporary(beside: path)
  }

  deinit { close(descriptor) }

  /// Appends entries and returns where they begin.
  func append(_ entries: UnsafeBufferPointer<IndexEntry>) throws(StoreError) -> Int64 {
    let start = end
    try SystemFile.write(UnsafeRawBufferPointer(entries), to: descriptor, at: start, path: path)
    end += Int64(entries.count * MemoryLayout<IndexEntry>.stride)
    return start
  }

  /// Replaces entries that were appended.
  func write(_ entries: UnsafeBufferPointer<IndexEntry>, at offset: Int64) throws(StoreError) {
    try SystemFile.write(UnsafeRawBufferPointer(entries), to: descriptor, at: offset, path: path)
  }

  /// Reads as many entries as `into` has places.
  func read(at offset: Int64, into: UnsafeMutableBufferPointer<IndexEntry>) throws(StoreError) {
    let bytes = UnsafeMutableRawBufferPointer(into)
    guard try SystemFile.read(from: descriptor, at: offset, into: bytes, path: path) == bytes.count else {
      throw StoreError(code: .inputOutput, what: "cannot read", path: path, reason: "a sorted run ends early")
    }
  }
}

/// A buffer of index entries that frees itself.
final class EntryBuffer {
  let entries: UnsafeMutableBufferPointer<IndexEntry>
  @exclusivity(unchecked) var count = 0
  init(capacity: Int) { entries = .allocate(capacity: capacity) }
  deinit { entries.deallocate() }
  var used: UnsafeBufferPointer<IndexEntry> { UnsafeBufferPointer(rebasing: entries[..<count]) }
}
