/// What lanes leave for the end of the load: a nameless file of records, each behind its length. Written front to
/// back by one lane, read front to back by the assembly, so memory stays the same whatever the input.
final class Spool {
  /// Longest record: 31 bits of length; a row of SQLite is at most 10^9 bytes.
  static let maximumRecord = 1_000_000_000

  /// Bytes that a spool keeps in memory when it is written: what a small file leaves needs no file of its own.
  private static let keptInMemory = 8 << 10

  /// Bytes that a buffer has room for beyond those at which it is written.
  private static let slack = 64 << 10
  /// Bytes at which a buffer is written, as a rule: with the slack a large page of memory.
  static let usualBuffer = 2 << 20 - slack
  /// The same, in memory of the usual pages.
  static let smallBuffer = 512 << 10 - slack

  /// None until there is more than the buffer holds: there may be as many spools as files are read.
  @exclusivity(unchecked) private var file: BlockFile?
  private let path: String
  private let bufferSize: Int
  /// What is not in the file yet.
  @exclusivity(unchecked) private var buffer: ByteBuffer
  /// Bytes in the file: whole blocks.
  @exclusivity(unchecked) private var written: Int64 = 0

  /// An empty spool in the folder of `path`.
  init(beside path: String, bufferSize: Int = usualBuffer) {
    self.path = path
    self.bufferSize = bufferSize
    buffer = Self.buffer(bufferSize + Self.slack)
  }

  private static func buffer(_ capacity: Int) -> ByteBuffer {
    ByteBuffer(capacity: capacity, alignment: BlockFile.block)
  }

  /// Where the next frame will begin.
  var end: Int64 { written + Int64(buffer.count) }

  /// True when not all of it is in memory.
  var hasFile: Bool { written > 0 }

  /// Adds a frame whose record `body` appends.
  @inline(__always)
  func append(_ body: (inout ByteBuffer) -> Void) throws(StoreError) {
    if buffer.count >= bufferSize { try flush() }
    buffer.reserve(4)
    let start = buffer.count
    buffer.count &+= 4
    body(&buffer)
    let length = buffer.count &- start &- 4
    buffer.count = start
    try add(length)
  }

  /// Where a record of so many bytes at most may be written, which `add` makes a frame.
  @inline(__always) func room(_ bytes: Int) throws(StoreError) -> UnsafeMutableRawPointer {
    if buffer.count >= bufferSize { try flush() }
    buffer.reserve(bytes &+ 4)
    return buffer.base + (buffer.count &+ 4)
  }

  /// Adds the frame of a record that lies where there was room for it.
  @inline(__always) func add(_ length: Int) throws(StoreError) {
    guard length <= Self.maximumRecord else {
      throw StoreError(
        code: .limit, what: "cannot store an event of", path: path,
        reason: "it takes \(length) bytes, more than \(Self.maximumRecord)")
    }
    (buffer.base + buffer.count).storeBytes(of: UInt32(truncatingIfNeeded: length), as: UInt32.self)
    buffer.count &+= length &+ 4
  }

  /// Forgets everything from a position on.
  func truncate(to position: Int64) throws(StoreError) {
    if position >= written {
      buffer.count = Int(position - written)
      return
    }
    guard let file else { return }
    let whole = position & ~Int64(BlockFile.block - 1)
    buffer.count = 0
    if whole < position {
      buffer.reserve(BlockFile.block)
      try file.read(
        at: whole, into: UnsafeMutableRawBufferPointer(start: buffer.base, count: BlockFile.block))
      buffer.count = Int(position - whole)
    }
    written = whole
    try file.truncate(to: whole)
  }

  /// Hands what is buffered to the file, but for less than a block.
  private func flush() throws(StoreError) {
    let whole = buffer.count & ~(BlockFile.block - 1)
    guard whole > 0 else { return }
    if file == nil { file = try BlockFile.temporary(beside: path) }
    try file!.write(&buffer, count: whole, at: written)
    written += Int64(whole)
  }

  /// Gives the buffer's memory back once all is written.
  func finishWriting() throws(StoreError) {
    if file != nil || buffer.count > Self.keptInMemory { try flush() }
    file?.endWriting()
    var kept = Self.buffer(buffer.count)
    kept.append(buffer.bytes)
    buffer = kept
  }

  /// Gives file and memory back: nobody reads or writes it any more.
  func release() {
    file = nil
    written = 0
    buffer = Self.buffer(0)
  }

  /// Calls `body` with each frame in a range, in order. The record may be changed in place; it lives for the call.
  @inline(__always)
  func forEach(
    from start: Int64, to end: Int64,
    _ body: (UnsafeMutableRawBufferPointer) throws(StoreError) -> Void
  ) throws(StoreError) {
    var torn = ByteBuffer(capacity: 0)
    if start < written { try forEachInFile(from: start, to: min(end, written), &torn, body) }
    let position = max(start, written)
    guard position < end else { return }
    let rest = UnsafeMutableRawBufferPointer(
      start: buffer.base + Int(position - written), count: Int(end - position))
    try Self.forEach(in: rest, &torn, body)
  }

  /// - Parameter torn: Is left with the beginning of a frame that goes on in memory.
  private func forEachInFile(
    from start: Int64, to end: Int64, _ torn: inout ByteBuffer,
    _ body: (UnsafeMutableRawBufferPointer) throws(StoreError) -> Void
  ) throws(StoreError) {
    guard let file else { return }
    let first = start & ~Int64(BlockFile.block - 1)
    let limit = Int64(BlockFile.wholeBlocks(Int(end)))
    let reader = try BlockReader(file, [first..<limit], window: BlockFile.wholeBlocks(bufferSize))
    var position = first
    while position < end {
      let window = try reader.next()
      let from = Int(max(start - position, 0))
      let to = min(window.count, Int(end - position))
      position += Int64(window.count)
      try Self.forEach(in: UnsafeMutableRawBufferPointer(rebasing: window[from..<to]), &torn, body)
    }
  }

  /// Calls `body` with each frame that ends in a stretch; what is left of it is torn.
  @inline(__always) private static func forEach(
    in stretch: UnsafeMutableRawBufferPointer, _ torn: inout ByteBuffer,
    _ body: (UnsafeMutableRawBufferPointer) throws(StoreError) -> Void
  ) throws(StoreError) {
    guard let base = stretch.baseAddress else { return }
    var used = 0
    func complete(to count: Int) -> Bool {
      let more = min(count - torn.count, stretch.count - used)
      torn.append(UnsafeRawBufferPointer(start: base + used, count: more))
      used += more
      return torn.count == count
    }
    if torn.count > 0 {
      if torn.count < 4, !complete(to: 4) { return }
      let length = Int(torn.base.loadUnaligned(as: UInt32.self))
      guard complete(to: 4 + length) else { return }
      try body(UnsafeMutableRawBufferPointer(start: torn.base + 4, count: length))
      torn.count = 0
    }
    while used &+ 4 <= stretch.count {
      let length = Int(base.loadUnaligned(fromByteOffset: used, as: UInt32.self))
      guard used &+ 4 &+ length <= stretch.count else { break }
      try body(UnsafeMutableRawBufferPointer(start: base + used + 4, count: length))
      used &+= 4 &+ length
    }
    torn.append(UnsafeRawBufferPointer(start: base + used, count: stretch.count - used))
  }
}
