/// Index entries that do not fit into memory: a nameless file of stretches, each from a block's beginning on.
final class EntryFile {
  private let file: BlockFile
  /// What is not in the file yet.
  private var buffer = ByteBuffer(capacity: EntryFile.bufferSize, alignment: BlockFile.block)
  private var written: Int64 = 0

  private static let bufferSize = 1 << 20

  init(beside path: String) throws(StoreError) {
    file = try BlockFile.temporary(beside: path)
  }

  /// Appends entries and returns where they begin.
  func append(_ entries: UnsafeBufferPointer<IndexEntry>) throws(StoreError) -> Int64 {
    let start = written + Int64(buffer.count)
    let bytes = UnsafeRawBufferPointer(entries)
    var done = 0
    while done < bytes.count {
      if buffer.count == Self.bufferSize { try flush() }
      let more = min(bytes.count - done, Self.bufferSize - buffer.count)
      buffer.append(UnsafeRawBufferPointer(rebasing: bytes[done..<done + more]))
      done += more
    }
    // The rest of the block is nobody's.
    buffer.count = BlockFile.wholeBlocks(buffer.count)
    return start
  }

  private func flush() throws(StoreError) {
    let count = buffer.count
    guard count > 0 else { return }
    try file.write(&buffer, count: count, at: written)
    written += Int64(count)
  }

  /// Replaces entries that were appended.
  func write(_ entries: UnsafeBufferPointer<IndexEntry>, at offset: Int64) throws(StoreError) {
    try flush()
    var replaced = ByteBuffer(
      capacity: UnsafeRawBufferPointer(entries).count + BlockFile.block, alignment: BlockFile.block)
    replaced.append(UnsafeRawBufferPointer(entries))
    replaced.count = BlockFile.wholeBlocks(replaced.count)
    try file.settle()
    let count = replaced.count
    try file.write(&replaced, count: count, at: offset)
  }

  /// Reads entries of one stretch into a buffer, from a place on. Whole blocks of them are read without being copied.
  /// - Parameter offset: A block's beginning.
  func read(at offset: Int64, count: Int, into target: EntryBuffer, from place: Int = 0) throws(StoreError) {
    try flush()
    let memory = UnsafeMutableRawBufferPointer(
      start: target.entries.baseAddress! + place, count: count * MemoryLayout<IndexEntry>.stride)
    let whole = memory.count & ~(BlockFile.block - 1)
    let isAligned = Int(bitPattern: memory.baseAddress) & (BlockFile.block - 1) == 0
    if isAligned, whole > 0 {
      try file.read(at: offset, into: UnsafeMutableRawBufferPointer(rebasing: memory[..<whole]))
      if whole == memory.count { return }
    }
    let done = isAligned ? whole : 0
    let rest = memory.count - done
    guard rest > 0 else { return }
    let copy = UnsafeMutableRawBufferPointer.allocate(
      byteCount: BlockFile.wholeBlocks(rest), alignment: BlockFile.block)
    defer { copy.deallocate() }
    try file.read(at: offset + Int64(done), into: copy)
    (memory.baseAddress! + done).copyMemory(from: copy.baseAddress!, byteCount: rest)
  }
}

/// A buffer of index entries that frees itself.
final class EntryBuffer {
  let entries: UnsafeMutableBufferPointer<IndexEntry>
  @exclusivity(unchecked) var count = 0

  init(capacity: Int) {
    let memory = UnsafeMutableRawBufferPointer.allocate(
      byteCount: max(1, capacity) * MemoryLayout<IndexEntry>.stride, alignment: BlockFile.block)
    entries = UnsafeMutableBufferPointer(
      start: memory.baseAddress!.bindMemory(to: IndexEntry.self, capacity: capacity), count: capacity)
  }

  deinit { UnsafeMutableRawPointer(entries.baseAddress!).deallocate() }

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
        try file.read(at: offset, count: stretch.entries.count, into: stretch)
        for entry in stretch.entries { try body(entry) }
      }
    }
    for entry in buffer.used { try body(entry) }
  }
}
