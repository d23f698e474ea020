internal import Glibc

/// What lanes leave for the end of the load: a nameless file of records, each behind its length. Written front to
/// back by one lane, read front to back by the assembly, so memory stays the same whatever the input.
final class Spool {
  /// Longest record: 31 bits of length; a row of SQLite is at most 10^9 bytes.
  static let maximumRecord = 1_000_000_000

  /// Bytes that a spool keeps in memory when it is written: what a small file leaves needs no file of its own.
  private static let keptInMemory = 8 << 10

  /// -1 until there is more than the buffer holds: there may be as many spools as files are read.
  @exclusivity(unchecked) private var descriptor: Int32 = -1
  private let path: String
  @exclusivity(unchecked) private var buffer: ByteBuffer
  @exclusivity(unchecked) private var written: Int64 = 0

  /// An empty spool in the folder of `path`.
  init(beside path: String, bufferSize: Int = 1 << 20) {
    self.path = path
    self.bufferSize = bufferSize
    buffer = ByteBuffer(capacity: bufferSize + (64 << 10))
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  private let bufferSize: Int

  /// Where the next frame will begin.
  var end: Int64 { written + Int64(buffer.count) }

  /// Adds a frame whose record `body` appends.
  @inline(__always)
  func append(_ body: (inout ByteBuffer) -> Void) throws(StoreError) {
    if buffer.count >= bufferSize { try flush() }
    buffer.reserve(4)
    let start = buffer.count
    buffer.count &+= 4
    body(&buffer)
    let length = buffer.count &- start &- 4
    guard length <= Self.maximumRecord else {
      buffer.count = start
      throw StoreError(
        code: .limit, what: "cannot store an event of", path: path,
        reason: "it takes \(length) bytes, more than \(Self.maximumRecord)")
    }
    buffer.base.storeBytes(of: UInt32(length), toByteOffset: start, as: UInt32.self)
  }

  /// Forgets everything from a position on.
  func truncate(to position: Int64) throws(StoreError) {
    if position >= written {
      buffer.count = Int(position - written)
      return
    }
    buffer.count = 0
    written = position
    guard ftruncate(descriptor, off_t(position)) == 0 else { throw SystemFile.error("cannot cut", path) }
  }

  /// Hands what is buffered to the file.
  func flush() throws(StoreError) {
    if descriptor < 0 { descriptor = try SystemFile.temporary(beside: path) }
    try SystemFile.write(buffer.bytes, to: descriptor, at: written, path: path)
    written += Int64(buffer.count)
    buffer.count = 0
  }

  /// Gives the buffer's memory back once all is written.
  func finishWriting() throws(StoreError) {
    if descriptor < 0, buffer.count <= Self.keptInMemory {
      var kept = ByteBuffer(capacity: buffer.count)
      kept.append(buffer.bytes)
      buffer = kept
      return
    }
    try flush()
    buffer = ByteBuffer(capacity: 64)
  }

  /// Gives file and memory back: nobody reads or writes it any more.
  func release() {
    if descriptor >= 0 { close(descriptor) }
    descriptor = -1
    written = 0
    buffer = ByteBuffer(capacity: 64)
  }

  /// Calls `body` with each frame in a range, in order. The record may be changed in place; it lives for the call.
  func forEach(
    from start: Int64, to end: Int64,
    _ body: (UnsafeMutableRawBufferPointer) throws(StoreError) -> Void
  ) throws(StoreError) {
    if start < written { try forEachInFile(from: start, to: min(end, written), body) }
    var used = Int(max(start, written) - written)
    let limit = Int(end - written)
    while used < limit {
      let length = Int(buffer.base.loadUnaligned(fromByteOffset: used, as: UInt32.self))
      try body(UnsafeMutableRawBufferPointer(start: buffer.base + used + 4, count: length))
      used += 4 + length
    }
  }

  private func forEachInFile(
    from start: Int64, to end: Int64,
    _ body: (UnsafeMutableRawBufferPointer) throws(StoreError) -> Void
  ) throws(StoreError) {
    var chunk = ByteBuffer(capacity: bufferSize)
    var position = start
    var used = 0
    while position < end || used < chunk.count {
      if used > 0 {
        memmove(chunk.base, chunk.base + used, chunk.count - used)
        chunk.count -= used
        used = 0
      }
      if chunk.count >= 4 {
        // A frame longer than the chunk.
        let length = Int(chunk.base.load(as: UInt32.self)) + 4
        if length > chunk.capacity { chunk.reserve(length - chunk.count) }
      }
      let wanted = min(chunk.capacity - chunk.count, Int(end - position))
      let target = UnsafeMutableRawBufferPointer(start: chunk.base + chunk.count, count: wanted)
      let got = try SystemFile.read(from: descriptor, at: position, into: target, path: path)
      guard got == wanted else {
        throw StoreError(code: .inputOutput, what: "cannot read", path: path, reason: "the spool ends early")
      }
      chunk.count += got
      position += Int64(got)
      while used + 4 <= chunk.count {
        let length = Int(chunk.base.loadUnaligned(fromByteOffset: used, as: UInt32.self))
        guard used + 4 + length <= chunk.count else { break }
        try body(UnsafeMutableRawBufferPointer(start: chunk.base + used + 4, count: length))
        used += 4 + length
      }
    }
  }
}
