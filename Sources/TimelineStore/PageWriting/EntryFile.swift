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

/// Index entries that wait for their turn, the first in first out: a few in memory, the others in a file.
final class EntryQueue {
  private let path: String
  private let buffer: EntryBuffer
  private var file: EntryFile?
  private var stretches: [Int64] = []

  /// - Parameter capacity: Entries kept in memory.
  init(path: String, capacity: Int) {
    self.path = path
    buffer = EntryBuffer(capacity: capacity)
  }

  @inline(__always) func append(_ entry: IndexEntry) throws(StoreError) {
    if buffer.count == buffer.entries.count { try spill() }
    buffer.entries[buffer.count] = entry
    buffer.count &+= 1
  }

  private func spill() throws(StoreError) {
    if file == nil { file = try EntryFile(beside: path) }
    stretches.append(try file!.append(buffer.used))
    buffer.count = 0
  }

  /// Calls `body` with all entries; appending is over then.
  func forEach(_ body: (IndexEntry) throws(StoreError) -> Void) throws(StoreError) {
    if let file {
      let stretch = EntryBuffer(capacity: buffer.entries.count)
      for offset in stretches {
        try file.read(at: offset, into: stretch.entries)
        for entry in stretch.entries { try body(entry) }
      }
    }
    for entry in buffer.used { try body(entry) }
  }
}
