internal import CByteClasses
import Glibc

/// The window over compressed input that `GzipStream` works in: bytes to come, and 64 KiB of those already used, so
/// that a search after late-noticed damage can look back.
struct CompressedBuffer: ~Copyable {
  private static let history = 64 << 10
  private static let capacity = 320 << 10

  private let upstream: any ByteStream
  private let store: UnsafeMutableRawPointer
  /// Offset in the input of the window's first byte.
  private var base: UInt64 = 0
  /// Next byte to use, as index of the window.
  var position = 0
  /// End of what has been read.
  private(set) var limit = 0
  private var upstreamEnded = false
  /// Bytes are missing in the input right after `limit`.
  private(set) var hasGap = false
  /// Places where whole compressed data rarely looks the way it does there.
  private(set) var suspects: [Suspect] = []

  init(_ upstream: any ByteStream) {
    self.upstream = upstream
    store = .allocate(byteCount: Self.capacity, alignment: 64)
  }

  deinit { store.deallocate() }

  /// Offset in the input of the next byte.
  var offset: UInt64 { base + UInt64(position) }
  /// Bytes that are at hand.
  var available: Int { limit - position }

  /// The bytes at hand, up to an offset of the input.
  func bytes(until end: UInt64 = .max) -> UnsafeRawBufferPointer {
    let last = end >= base + UInt64(limit) ? limit : max(position, Int(end - base))
    return UnsafeRawBufferPointer(start: store + position, count: last - position)
  }

  /// Reads on. False at the end of the input, at a gap in it, and where the window is full.
  mutating func fill() throws(IntakeError) -> Bool {
    if upstreamEnded || hasGap { return false }
    if limit > Self.capacity * 3 / 4 || position == limit {
      let drop = max(0, position - Self.history)
      if drop > 0 {
        memmove(store, store + drop, limit - drop)
        base += UInt64(drop)
        position -= drop
        limit -= drop
      }
    }
    guard limit < Self.capacity else { return false }
    let stretch = try upstream.read(
      into: UnsafeMutableRawBufferPointer(start: store + limit, count: Self.capacity - limit))
    if stretch.isLast { upstreamEnded = true }
    if stretch.end != .none { hasGap = true }
    guard stretch.count > 0 else { return false }
    let from = max(limit - Suspect.overlap, 0)
    limit += stretch.count
    Suspect.scan(
      UnsafeRawBufferPointer(start: store + from, count: limit - from), base: base + UInt64(from),
      into: &suspects)
    return true
  }

  /// True when there is a byte to use; reads on if need be.
  mutating func hasInput() throws(IntakeError) -> Bool {
    if available > 0 { return true }
    return try fill()
  }

  /// Goes on after a gap. False where there was none.
  mutating func passGap() -> Bool {
    defer { hasGap = false }
    return hasGap
  }

  /// The next byte, or nil at the end or a gap.
  mutating func next() throws(IntakeError) -> UInt8? {
    if position == limit, !(try fill()) { return nil }
    defer { position += 1 }
    return store.load(fromByteOffset: position, as: UInt8.self)
  }

  /// Forgets suspects that end at or before an offset.
  mutating func clearSuspects(through offset: UInt64) {
    suspects.removeAll { $0.range.upperBound <= offset }
  }

  /// Steps back, at most to the oldest byte still held.
  mutating func rewind(to offset: UInt64) {
    position = offset <= base ? 0 : min(limit, Int(offset - base))
  }
}

/// A stretch of compressed input that looks like damage: a run of one byte value (deflate data of text has none), or
/// the beginning of a gzip member where none is due.
struct Suspect {
  /// Where it lies in the input.
  var range: Range<UInt64>
  /// The value of a run; nil for a gzip header.
  var constant: UInt8?

  /// Bytes of earlier input to look at again, so that nothing hides at the border of two reads.
  static let overlap = 40
  /// Words of eight equal bytes that make a run.
  private static let words = 3

  /// Adds what a stretch of input holds to `found`, which is kept in order.
  static func scan(_ bytes: UnsafeRawBufferPointer, base: UInt64, into found: inout [Suspect]) {
    scanRuns(bytes, base: base, into: &found)
    scanHeaders(bytes, base: base, into: &found)
  }

  private static func scanRuns(_ bytes: UnsafeRawBufferPointer, base: UInt64, into found: inout [Suspect]) {
    guard let first = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self),
      fb_may_have_constant_word(first, UInt64(bytes.count)) != 0
    else { return }
    var offset = 0
    while offset &+ 8 &* words <= bytes.count {
      let word = bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
      guard word == (word & 0xFF) &* 0x0101_0101_0101_0101 else {
        offset &+= 8
        continue
      }
      let value = bytes[offset]
      var start = offset
      var end = offset
      while start > 0, bytes[start - 1] == value { start -= 1 }
      while end < bytes.count, bytes[end] == value { end += 1 }
      offset = end
      if end - start >= 8 * words { add(start, end, value, base, &found) }
    }
  }

  private static func add(
    _ start: Int, _ end: Int, _ value: UInt8, _ base: UInt64, _ found: inout [Suspect]
  ) {
    let range = base + UInt64(start)..<base + UInt64(end)
    if let last = found.lastIndex(where: { $0.constant == value && $0.range.upperBound >= range.lowerBound })
    {
      found[last].range = min(found[last].range.lowerBound, range.lowerBound)..<range.upperBound
    } else {
      found.append(Suspect(range: range, constant: value))
      found.sort { $0.range.lowerBound < $1.range.lowerBound }
    }
  }

  private static func scanHeaders(
    _ bytes: UnsafeRawBufferPointer, base: UInt64, into found: inout [Suspect]
  ) {
    guard let first = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
    var offset = 0
    while offset + 10 <= bytes.count {
      // The first two bytes of a header, which has ten.
      let most = bytes.count - 8 - offset
      let distance = Int(fb_find_pair(first + offset, UInt64(most), 0x1F, 0x8B))
      guard distance < most else { return }
      let at = offset + distance
      offset = at + 1
      guard GzipHeader.isPlausible(UnsafeRawBufferPointer(rebasing: bytes[at...])) else { continue }
      let start = base + UInt64(at)
      if found.contains(where: { $0.constant == nil && $0.range.lowerBound == start }) { continue }
      found.append(Suspect(range: start..<start + 10, constant: nil))
      found.sort { $0.range.lowerBound < $1.range.lowerBound }
    }
  }
}
