import Glibc

/// Streams of bzip2. Its blocks begin at any bit, each with a checksum of its own: they are taken apart and decoded one by one, so that
/// only what has been checked is content, and a broken block costs no other.
final class BzipDecoder: FrameDecoder {
  private typealias Decode =
    @convention(c) (
      UnsafeMutableRawPointer?, UnsafeMutablePointer<UInt32>?, UnsafeRawPointer?, UInt32, Int32, Int32
    ) -> Int32

  private static let address = Codec.symbol("libbz2.so.1.0", "BZ2_bzBuffToBuffDecompress")
  /// What a block and the end of a stream begin with: 48 bits.
  private static let blockMark: UInt64 = 0x3141_5926_5359
  private static let endMark: UInt64 = 0x1772_4538_5090
  private static let markMask: UInt64 = (1 << 48) - 1
  /// Longest block as stored: 900,000 bytes become hardly more.
  private static let blockLimit = 2 << 20
  /// Longest block unpacked: 900,000 bytes of which each five may stand for 259.
  private static let contentLimit = 48 << 20
  private static let outputIsFull: Int32 = -8
  /// Most bytes that are taken in at a time.
  private static let portion = 64 << 10

  let unit = "stream"
  let firstByte: UInt8 = 0x42
  private let decode: Decode
  /// Bytes of the stream from `stored` on that are still needed, and the bit of them at which the next mark is due.
  private var bytes: [UInt8] = []
  private var stored: UInt64 = 0
  private var bit = 0
  /// Bytes that have been searched for the mark behind the one that is due.
  private var searched = 0
  private var window: UInt64 = 0
  private var combined: UInt32 = 0
  private var hasLost = false
  private var content: [UInt8] = []
  private var taken = 0
  private var hasEnded = false

  init?() {
    guard let address = Self.address else { return nil }
    decode = unsafeBitCast(address, to: Decode.self)
  }

  func begins(_ bytes: UnsafeRawBufferPointer) -> Bool {
    bytes.count >= 10 && ContentKind(UnsafeRawBufferPointer(rebasing: bytes.prefix(10))) == .bzip2
  }

  func start() {
    bytes = []
    stored = 0
    bit = 32
    searched = 0
    window = 0
    combined = 0
    hasLost = false
    content = []
    taken = 0
    hasEnded = false
  }

  func step(
    _ input: UnsafeRawBufferPointer, isAtEnd: Bool, into target: UnsafeMutableRawBufferPointer
  ) -> FrameStep {
    var consumed = 0
    while true {
      if taken < content.count {
        let count = min(target.count, content.count - taken)
        content.withUnsafeBytes {
          target.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[taken..<taken + count]))
        }
        taken += count
        return FrameStep(consumed: consumed, produced: count)
      }
      // More is taken in only where it is needed, so that little has to be given back at the end.
      var event = advance(isAtEnd: false)
      if event == nil, consumed == 0 {
        consumed = min(input.count, Self.portion)
        bytes.append(contentsOf: input.prefix(consumed))
        event = advance(isAtEnd: isAtEnd && consumed == 0)
      }
      switch event {
      case .some(.none): continue
      case .some(let event): return end(FrameStep(consumed: consumed, event: event))
      case nil: return FrameStep(consumed: consumed)
      }
    }
  }

  /// Gives back what was taken in behind the end of the stream.
  private func end(_ step: FrameStep) -> FrameStep {
    guard hasEnded else { return step }
    var step = step
    step.surplus = Array(bytes[min(bytes.count, (bit + 7) / 8)...])
    bytes = []
    return step
  }

  /// Bits of the bytes at hand, at most 56 of them.
  private func bits(_ from: Int, _ count: Int) -> UInt64 {
    var value: UInt64 = 0
    var index = from / 8
    let last = (from + count + 7) / 8
    while index < last {
      value = value << 8 | UInt64(index < bytes.count ? bytes[index] : 0)
      index += 1
    }
    return value >> UInt64(last * 8 - from - count) & ((1 << UInt64(count)) - 1)
  }

  /// Takes the next block, or the end. Nil: more bytes are needed.
  private func advance(isAtEnd: Bool) -> FrameStep.Event? {
    guard bit + 80 <= bytes.count * 8 else { return nil }
    let mark = bits(bit, 48)
    if mark == Self.endMark {
      let checksum = UInt32(truncatingIfNeeded: bits(bit + 48, 32))
      bit += 80
      hasEnded = true
      return checksum == combined || hasLost ? FrameStep.Event.finished : .wrongChecksum
    }
    guard let next = nextMark() else {
      if isAtEnd { return takeLast() }
      guard bytes.count - bit / 8 > Self.blockLimit else { return nil }
      return FrameStep.Event.broken("no block ends within \(Self.blockLimit) bytes", isProven: true)
    }
    let range = stored + UInt64(bit / 8)..<stored + UInt64((next + 7) / 8)
    guard take(to: next) else {
      bit = next
      drop()
      hasLost = true
      return FrameStep.Event.lost(range)
    }
    return FrameStep.Event.none
  }

  /// Takes the block up to a bit. False where it is broken.
  private func take(to end: Int) -> Bool {
    guard bits(bit, 48) == Self.blockMark, unpack(end) else { return false }
    let checksum = UInt32(truncatingIfNeeded: bits(bit + 48, 32))
    combined = (combined << 1 | combined >> 31) ^ checksum
    bit = end
    drop()
    return true
  }

  /// The input has ended before the end's mark: what is left is the beginning of a block, or a block and a part of the mark and the
  /// checksum behind it.
  private func takeLast() -> FrameStep.Event? {
    let total = bytes.count * 8
    for tail in stride(from: 79, through: 0, by: -1) where total - tail >= bit + 80 {
      let count = min(48, tail)
      let isEnd = tail == 0 || bits(total - tail, count) == Self.endMark >> UInt64(48 - count)
      if isEnd, take(to: total - tail) { return FrameStep.Event.none }
    }
    bytes = []
    bit = 0
    return nil
  }

  /// Bit at which the mark behind the one that is due begins; nil where it has not come yet.
  private func nextMark() -> Int? {
    let first = bit + 48
    if searched < first / 8 {
      searched = first / 8
      window = 0
    }
    var seen = searched
    var found: Int?
    bytes.withUnsafeBytes { all in
      while seen < all.count, found == nil {
        window = window << 8 | UInt64(all[seen])
        seen += 1
        for shift: UInt64 in 0..<8 {
          let candidate = window >> shift & Self.markMask
          guard candidate == Self.blockMark || candidate == Self.endMark else { continue }
          let place = seen * 8 - Int(shift) - 48
          if place >= first, found.map({ place < $0 }) ?? true { found = place }
        }
      }
    }
    searched = seen
    if let found {
      searched = found / 8
      window = 0
    }
    return found
  }

  /// Decodes the block up to a bit as a stream of its own. False where it is broken.
  private func unpack(_ end: Int) -> Bool {
    var single = Array("BZh9".utf8)
    single.reserveCapacity((end - bit) / 8 + 32)
    var place = bit
    while place + 8 <= end {
      single.append(UInt8(bits(place, 8)))
      place += 8
    }
    // The rest of the block, the mark of the end and the checksum, which is that of the only block.
    var rest = place < end ? bits(place, end - place) : 0
    var count = end - place
    for part in [
      Self.endMark >> 24, Self.endMark & 0xFF_FFFF, bits(bit + 48, 16), bits(bit + 64, 16),
    ].enumerated() {
      let width = part.offset < 2 ? 24 : 16
      rest = rest << UInt64(width) | part.element
      count += width
      while count >= 8 {
        single.append(UInt8(truncatingIfNeeded: rest >> UInt64(count - 8)))
        count -= 8
      }
    }
    if count > 0 { single.append(UInt8(truncatingIfNeeded: rest << UInt64(8 - count))) }
    var size = 1 << 20
    while size <= Self.contentLimit {
      var made = UInt32(size)
      var code: Int32 = 0
      let output = [UInt8](unsafeUninitializedCapacity: size) { room, filled in
        code = single.withUnsafeBytes {
          decode(room.baseAddress, &made, $0.baseAddress, UInt32($0.count), 0, 0)
        }
        filled = code == 0 ? Int(made) : 0
      }
      if code == 0 {
        content = output
        taken = 0
        return true
      }
      guard code == Self.outputIsFull else { return false }
      size *= 6
      if size > Self.contentLimit, size < Self.contentLimit * 6 { size = Self.contentLimit }
    }
    return false
  }

  /// Forgets the bytes before the mark that is due.
  private func drop() {
    let count = bit / 8
    bytes.removeFirst(min(count, bytes.count))
    stored += UInt64(count)
    bit -= count * 8
    searched = max(0, searched - count)
  }
}
