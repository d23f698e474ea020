/// Tells of a stretch of bytes whether a text can stand in it, letters in either case, at the speed of memory: four bytes of
/// the text are compared with every place, 32 places at a time, without a branch.
struct PageFilter: Sendable {
  /// Eight times the bits that a byte of the text is compared without, and eight times the byte.
  private typealias Probe = (ignored: UInt64, wanted: UInt64)
  private let first: Probe
  private let second: Probe
  private let third: Probe
  private let fourth: Probe

  /// - Parameter needle: Not empty, in lower case.
  init(_ needle: [UInt8]) {
    // The four neighbouring bytes that are rarest together; of a shorter text all, and behind it anything.
    let width = min(4, needle.count)
    let start =
      (0...needle.count - width).min { a, b in
        Self.commonness(needle[a..<a + width]) < Self.commonness(needle[b..<b + width])
      } ?? 0
    func probe(_ index: Int) -> Probe {
      guard index < width else { return (.max, .max) }
      let byte = needle[start + index]
      // The bit that tells small letters from capitals is set in both.
      return ((byte &- 0x61 < 26 ? 0x20 : 0) * Self.ones, UInt64(byte) * Self.ones)
    }
    (first, second, third, fourth) = (probe(0), probe(1), probe(2), probe(3))
  }

  private static let ones: UInt64 = 0x0101_0101_0101_0101
  private typealias Places = SIMD4<UInt64>

  private static func commonness(_ bytes: ArraySlice<UInt8>) -> Int {
    bytes.reduce(0) { $0 + BytePattern.commonness($1) }
  }

  /// False where the text is certainly not there.
  /// - Parameter bytes: Followed by at least three more, which are looked at as well.
  @inline(never)
  func mayOccur(in bytes: UnsafeRawPointer, count: Int) -> Bool {
    let ones = Places(repeating: Self.ones)
    let (ignored0, wanted0) = (Places(repeating: first.ignored), Places(repeating: first.wanted))
    let (ignored1, wanted1) = (Places(repeating: second.ignored), Places(repeating: second.wanted))
    let (ignored2, wanted2) = (Places(repeating: third.ignored), Places(repeating: third.wanted))
    let (ignored3, wanted3) = (Places(repeating: fourth.ignored), Places(repeating: fourth.wanted))
    var found = Places.zero
    var at = 0
    while at &+ 32 <= count {
      let place = bytes + at
      var differs = (place.loadUnaligned(as: Places.self) | ignored0) ^ wanted0
      differs |= ((place + 1).loadUnaligned(as: Places.self) | ignored1) ^ wanted1
      differs |= ((place + 2).loadUnaligned(as: Places.self) | ignored2) ^ wanted2
      differs |= ((place + 3).loadUnaligned(as: Places.self) | ignored3) ^ wanted3
      // The highest bit of a byte that is zero, and perhaps of some above it.
      found |= (differs &- ones) & ~differs
      at &+= 32
    }
    if (found[0] | found[1] | found[2] | found[3]) & (Self.ones << 7) != 0 { return true }
    func fits(_ offset: Int, _ probe: Probe) -> Bool {
      let byte = bytes.load(fromByteOffset: at &+ offset, as: UInt8.self)
      return byte | UInt8(truncatingIfNeeded: probe.ignored) == UInt8(truncatingIfNeeded: probe.wanted)
    }
    while at < count {
      if fits(0, first), fits(1, second), fits(2, third), fits(3, fourth) { return true }
      at &+= 1
    }
    return false
  }
}
