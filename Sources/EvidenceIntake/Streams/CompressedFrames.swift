import Glibc
import IncidentModel

/// The content of bzip2, xz, zstd or lz4 data: all frames, with what is wrong with them said and nothing made up. What is whole is
/// content; behind damage and rubbish the next frame is looked for.
final class CompressedFrames: Decompressor {
  private enum State { case between, frame, done }

  private(set) var damage: [Damage] = []
  let modified: UInt32 = 0

  private let kind: ContentKind
  private let upstream: any ByteStream
  private let decoder: any FrameDecoder
  private let room = UnsafeMutableRawBufferPointer.allocate(
    byteCount: capacity + surplusLimit, alignment: 64)
  /// Input at hand: `begin..<end` of the room.
  private var begin = 0
  private var end = 0
  /// Offset in the input of the room's first byte.
  private var base: UInt64 = 0
  private var upstreamEnded = false
  private var hasGap = false
  private var state = State.between
  private var frameStart: UInt64 = 0
  /// Bytes of content so far, and where those of this frame begin.
  private var made: UInt64 = 0
  private var frameContent: UInt64 = 0
  /// The bytes before the next frame have been said to be broken.
  private var isAfterDamage = false

  private static let capacity = 256 << 10
  /// Room for what a decoder gives back.
  private static let surplusLimit = 64 << 10
  /// Bytes that show whether a frame begins.
  private static let headBytes = 10
  /// Most entries that are listed one by one.
  private static let damageLimit = 1000

  /// Nil where the system cannot read this kind.
  init?(_ kind: ContentKind, _ upstream: any ByteStream) {
    guard let decoder = Codec.decoder(kind) else { return nil }
    self.kind = kind
    self.upstream = upstream
    self.decoder = decoder
  }

  deinit { room.deallocate() }

  private var offset: UInt64 { base + UInt64(begin) }

  func read(into target: UnsafeMutableRawBufferPointer) throws(IntakeError) -> Stretch {
    while true {
      switch state {
      case .done: return Stretch(count: 0)
      case .between: state = try findFrame() ? .frame : .done
      case .frame: if let stretch = try readFrame(target) { return stretch }
      }
    }
  }

  /// Goes on in the frame. Nil: go on.
  private func readFrame(_ target: UnsafeMutableRawBufferPointer) throws(IntakeError) -> Stretch? {
    let isExhausted = begin < end ? false : try !fill()
    let step = decoder.step(
      UnsafeRawBufferPointer(rebasing: room[begin..<end]), isAtEnd: isExhausted, into: target)
    made += UInt64(step.produced)
    switch step.event {
    case .none:
      begin += step.consumed
      if step.produced > 0 { return Stretch(count: step.produced) }
      guard isExhausted else { return nil }
      note(
        "truncated", offset, "\(kind.name) data ends early at byte \(offset); all whole lines before are kept"
      )
      if !passGap() { state = .done }
      return Stretch(count: 0, end: .cut)
    case .finished:
      leave(step)
      state = .between
      isAfterDamage = false
      return step.produced > 0 ? Stretch(count: step.produced) : nil
    case .wrongChecksum:
      leave(step)
      state = .between
      isAfterDamage = false
      note(
        "checksum", frameStart,
        "the checksum of the \(kind.name) \(decoder.unit) at byte \(frameStart) is wrong: its content, bytes "
          + "\(frameContent) to \(made), is kept but not to be trusted")
      return step.produced > 0 ? Stretch(count: step.produced) : nil
    case .lost(let range):
      begin += step.consumed
      let (from, to) = (frameStart + range.lowerBound, frameStart + range.upperBound)
      note(
        "corrupt", from,
        "the \(kind.name) block at bytes \(from) to \(to) does not match its checksum: what it held is left out",
        length: to - from)
      return Stretch(count: step.produced, end: .torn)
    case .broken(let words, let isProven): return fail(words, isProven, step)
    }
  }

  /// Goes behind a frame.
  private func leave(_ step: FrameStep) {
    begin += step.consumed
    let count = step.surplus.count
    guard count > 0 else { return }
    let place = offset - UInt64(count)
    if begin < count {
      memmove(room.baseAddress! + count, room.baseAddress! + begin, end - begin)
      end += count - begin
      begin = count
    }
    begin -= count
    base = place - UInt64(begin)
    _ = step.surplus.withUnsafeBytes { memcpy(room.baseAddress! + begin, $0.baseAddress!, count) }
  }

  private func fail(_ words: String, _ isProven: Bool, _ step: FrameStep) -> Stretch? {
    state = .between
    let place = offset + UInt64(step.consumed)
    // Behind the frame's first byte at least, so that it is not found again.
    if offset == frameStart { begin += 1 }
    guard !isAfterDamage || made > frameContent else { return nil }
    let kept =
      made == frameContent
      ? "nothing of this \(decoder.unit) could be read"
      : isProven
        ? "what stands before is kept"
        : "what its \(decoder.unit) gave before, bytes \(frameContent) to \(made) of the content, is kept but "
          + "could not be checked"
    note("corrupt", place, "\(kind.name) data is broken near byte \(place) (\(words)): \(kept)")
    isAfterDamage = true
    return Stretch(count: step.produced, end: isProven ? .cut : .corrupt)
  }

  /// Goes to where a frame begins and says what stood before it. False at the end.
  private func findFrame() throws(IntakeError) -> Bool {
    let start = offset
    var sawRubbish = false
    while true {
      while end - begin < Self.headBytes, try fill() {}
      if begin == end {
        if passGap() { continue }
        noteTrailing(from: start, sawRubbish)
        return false
      }
      let bytes = UnsafeRawBufferPointer(rebasing: room[begin..<end])
      if decoder.begins(bytes) {
        noteTrailing(from: start, sawRubbish)
        frameStart = offset
        frameContent = made
        decoder.start()
        return true
      }
      let next = memchr(room.baseAddress! + begin + 1, Int32(decoder.firstByte), bytes.count - 1)
      let skipped = next.map { $0 - room.baseAddress! - begin } ?? bytes.count
      if !sawRubbish { sawRubbish = bytes.prefix(skipped).contains { $0 != 0 } }
      begin += skipped
    }
  }

  /// Zeros behind the last frame are padding; anything else is said.
  private func noteTrailing(from start: UInt64, _ sawRubbish: Bool) {
    guard sawRubbish, !isAfterDamage else { return }
    let count = offset - start
    note(
      "trailing", start,
      "\(count) bytes after the end of \(kind.name) data at byte \(start) are no \(kind.name) data",
      length: count)
    isAfterDamage = true
  }

  /// Reads on. False at the end of the input, at a gap in it, and where the room is full.
  private func fill() throws(IntakeError) -> Bool {
    if upstreamEnded || hasGap { return false }
    if begin > 0 {
      memmove(room.baseAddress!, room.baseAddress! + begin, end - begin)
      base += UInt64(begin)
      end -= begin
      begin = 0
    }
    guard end < Self.capacity else { return false }
    let stretch = try upstream.read(into: UnsafeMutableRawBufferPointer(rebasing: room[end..<Self.capacity]))
    if stretch.isLast { upstreamEnded = true }
    if stretch.end != .none { hasGap = true }
    end += stretch.count
    return stretch.count > 0
  }

  /// Goes on after a gap in the input, where a frame may begin. False where there was none.
  private func passGap() -> Bool {
    guard hasGap else { return false }
    hasGap = false
    isAfterDamage = true
    state = .between
    return true
  }

  private func note(_ what: String, _ offset: UInt64, _ words: String, length: UInt64? = nil) {
    guard damage.count < Self.damageLimit else { return }
    damage.append(
      Damage(kind: "\(kind.name)-\(what)", offset: offset, length: length, inContainer: true, note: words))
  }
}
