/// Entries in an `EntryFile`, from a block's beginning on.
struct EntryStretch {
  let offset: Int64
  let count: Int

  var blocks: Range<Int64> {
    offset..<offset + Int64(BlockFile.wholeBlocks(count * MemoryLayout<IndexEntry>.stride))
  }
}

/// Index entries that do not fit into memory: a nameless file of stretches.
final class EntryFile {
  fileprivate let file: BlockFile
  /// What is not in the file yet.
  private var buffer = ByteBuffer(capacity: EntryFile.bufferSize, alignment: BlockFile.block)
  private var written: Int64 = 0

  private static let bufferSize = 1 << 20

  init(beside path: String) throws(StoreError) {
    file = try BlockFile.temporary(beside: path)
  }

  /// Appends entries.
  func append(_ entries: UnsafeBufferPointer<IndexEntry>) throws(StoreError) -> EntryStretch {
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
    return EntryStretch(offset: start, count: entries.count)
  }

  fileprivate func flush() throws(StoreError) {
    let count = buffer.count
    guard count > 0 else { return }
    try file.write(&buffer, count: count, at: written)
    written += Int64(count)
  }

  /// Calls `body` with all entries of stretches, in order.
  func forEach(
    in stretches: [EntryStretch], _ body: (IndexEntry) throws(StoreError) -> Void
  ) throws(StoreError) {
    try forEachBatch(in: stretches) { (entries) throws(StoreError) in
      for entry in entries { try body(entry) }
    }
  }

  /// Calls `body` with all entries of stretches, in order, some at a time.
  func forEachBatch(
    in stretches: [EntryStretch], _ body: (UnsafeBufferPointer<IndexEntry>) throws(StoreError) -> Void
  ) throws(StoreError) {
    // One reader, unlike a merge.
    let reader = try EntryReader(self, stretches, window: 1 << 20)
    while let entries = try reader.next() { try entries.forEachBatch(body) }
  }
}

/// Reads stretches of entries one after the other, the next ones while those before are looked at.
final class EntryReader {
  private let reader: BlockReader
  private var stretches: ArraySlice<EntryStretch>
  /// Entries of the first stretch that have not been read.
  private var left: Int

  /// - Parameter window: Bytes read at a time: whole blocks.
  init(_ file: EntryFile, _ stretches: [EntryStretch], window: Int) throws(StoreError) {
    try file.flush()
    let stretches = stretches.filter { $0.count > 0 }
    reader = try BlockReader(file.file, stretches.map(\.blocks), window: window)
    self.stretches = stretches[...]
    left = stretches.first?.count ?? 0
  }

  /// The next entries, nil at the end. They live until the next call.
  func next() throws(StoreError) -> UnsafeBufferPointer<IndexEntry>? {
    guard left > 0 else { return nil }
    let window = UnsafeRawBufferPointer(try reader.next()).bindMemory(to: IndexEntry.self)
    let entries = UnsafeBufferPointer(rebasing: window.prefix(left))
    left -= entries.count
    if left == 0 {
      stretches.removeFirst()
      left = stretches.first?.count ?? 0
    }
    return entries
  }
}

extension UnsafeBufferPointer where Element == IndexEntry {
  /// Calls `body` with so many entries at a time that they stay in the cache while they are gone through more than once.
  func forEachBatch(
    _ body: (UnsafeBufferPointer<IndexEntry>) throws(StoreError) -> Void
  ) throws(StoreError) {
    for start in Swift.stride(from: 0, to: count, by: EntryBuffer.batch) {
      try body(UnsafeBufferPointer(rebasing: self[start..<Swift.min(count, start + EntryBuffer.batch)]))
    }
  }
}

/// A buffer of index entries that frees itself.
final class EntryBuffer {
  /// Entries that are handed on at a time.
  static let batch = 512

  let entries: UnsafeMutableBufferPointer<IndexEntry>
  @exclusivity(unchecked) var count = 0

  init(capacity: Int) { entries = .allocate(capacity: max(1, capacity)) }

  deinit { entries.deallocate() }

  var used: UnsafeBufferPointer<IndexEntry> { UnsafeBufferPointer(rebasing: entries[..<count]) }
}

/// Index entries that wait for their turn, the first in first out: a few in memory, the others in a file.
final class EntryQueue {
  private let path: String
  private let buffer: EntryBuffer
  private var file: EntryFile?
  private var stretches: [EntryStretch] = []

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
    if let file { try file.forEach(in: stretches, body) }
    for entry in buffer.used { try body(entry) }
  }
}
