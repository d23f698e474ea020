internal import CByteClasses
internal import Glibc

/// What may stand in the messages of a block of neighbouring events: 8192 bits, set by hashes of every second stretch of
/// five bytes of what rows store of a message, and of the templates that occur.
///
/// A bit that is not set proves that the stretch is in no message of the block; one that is set proves nothing. So a search
/// by signatures never misses, and rows are looked at again before they are given (a Bloom filter, B. Bloom 1970).
struct BlockSignature: ~Copyable {
  /// Bits of a signature.
  static let bits = 8192
  /// Bytes of a signature.
  static let bytes = bits / 8
  /// Events of a block, at most.
  static let maximumEvents = 128
  /// Bytes of a stretch.
  static let stretch = 5
  /// A stretch begins at every so many bytes of a text.
  static let step = 2
  /// The shortest text that can be looked for: it holds a whole stretch wherever it lies.
  static let shortest = stretch + step - 1

  /// A byte for each bit, 0 or 1, and one that counts for nothing: setting it is one store. They become bits once a block.
  private let flags: UnsafeMutableRawPointer
  private let packed: UnsafeMutableRawPointer
  /// True where eight stretches are looked at together.
  private let isWide: Bool
  /// Events whose messages are in the signature.
  var events = 0

  /// True where this processor can look at eight stretches together.
  static let canBeWide = fb_signature_available() != 0

  /// - Parameter isWide: Look at eight stretches together; it must be possible.
  init(isWide: Bool = canBeWide) {
    self.isWide = isWide
    flags = .allocate(byteCount: Self.bits + 64, alignment: 64)
    packed = .allocate(byteCount: Self.bytes, alignment: 64)
    clear()
  }

  deinit {
    flags.deallocate()
    packed.deallocate()
  }

  /// Forgets everything.
  mutating func clear() {
    memset(flags, 0, Self.bits)
    events = 0
  }

  /// The signature as it is stored, bit 0 the lowest of the first byte, which is forgotten. They hold until the next call.
  mutating func take() -> UnsafeRawBufferPointer {
    defer { events = 0 }
    let signature = UnsafeRawBufferPointer(start: packed, count: Self.bytes)
    if isWide {
      fb_take_flags(
        flags.assumingMemoryBound(to: UInt8.self), packed.assumingMemoryBound(to: UInt8.self))
      return signature
    }
    for index in 0..<Self.bytes {
      let eight = UInt64(littleEndian: flags.load(fromByteOffset: 8 &* index, as: UInt64.self))
      // Each byte's lowest bit goes to a bit of the highest byte; no two products meet.
      packed.storeBytes(
        of: UInt8(truncatingIfNeeded: (eight &* 0x0102_0408_1020_4080) &>> 56), toByteOffset: index,
        as: UInt8.self)
    }
    memset(flags, 0, Self.bits)
    return signature
  }

  /// The bits of a stretch: two of them.
  @inline(__always) static func places(stretch word: UInt64) -> (Int, Int) {
    // Five bytes with A to Z as a to z; some other bytes fall together too, which costs nothing but a second look.
    let hash = (word & 0xff_ffff_ffff | 0x20_2020_2020) &* 0x9E37_79B9_7F4A_7C15
    return (Int(truncatingIfNeeded: hash >> 51), Int(truncatingIfNeeded: hash >> 38 & 8191))
  }

  /// The bits of a template: six of them, since it is asked for alone.
  static func places(template id: UInt64) -> [Int] {
    let (first, second) = hashes(template: id)
    return [first, second].flatMap { hash in
      [51, 38, 25].map { Int(truncatingIfNeeded: hash >> UInt64($0) & 8191) }
    }
  }

  @inline(__always) private static func hashes(template id: UInt64) -> (UInt64, UInt64) {
    (
      (id ^ 0x5851_F42D_4C95_7F2D) &* 0x9E37_79B9_7F4A_7C15,
      (id ^ id >> 29 ^ 0x1405_7B7E_F767_814F) &* 0xBF58_476D_1CE4_E5B9
    )
  }

  @inline(__always) private func set(_ place: Int) {
    flags.storeBytes(of: 1, toByteOffset: place, as: UInt8.self)
  }

  /// Adds what a row stores of a message.
  /// - Parameter hasSlack: Three bytes behind the text may be read.
  @inline(__always) func insert(_ text: UnsafeRawBufferPointer, hasSlack: Bool = false) {
    guard let start = text.baseAddress, text.count >= Self.stretch else { return }
    if isWide {
      fb_flag_stretches(
        start.assumingMemoryBound(to: UInt8.self), UInt32(truncatingIfNeeded: text.count),
        flags.assumingMemoryBound(to: UInt8.self))
      return
    }
    let last = text.count &- Self.stretch
    var at = 0
    // Eight bytes hold two stretches.
    while at &+ (hasSlack ? Self.step : 3) <= last {
      let word = UInt64(littleEndian: start.loadUnaligned(fromByteOffset: at, as: UInt64.self))
      let (a, b) = Self.places(stretch: word)
      let (c, d) = Self.places(stretch: word &>> UInt64(8 &* Self.step))
      set(a)
      set(b)
      set(c)
      set(d)
      at &+= 2 &* Self.step
    }
    while at <= last {
      let word =
        hasSlack
        ? UInt64(littleEndian: start.loadUnaligned(fromByteOffset: at, as: UInt64.self))
        : Self.word(text, at)
      let (a, b) = Self.places(stretch: word)
      set(a)
      set(b)
      at &+= Self.step
    }
  }

  /// Five bytes, the first lowest, without reading beyond the end.
  @inline(__always) static func word(_ text: UnsafeRawBufferPointer, _ at: Int) -> UInt64 {
    let count = text.count
    if count >= 8, at &+ 8 > count {
      let last = UInt64(littleEndian: text.loadUnaligned(fromByteOffset: count &- 8, as: UInt64.self))
      return last &>> UInt64(truncatingIfNeeded: 8 &* (8 &- (count &- at)))
    }
    var word: UInt64 = 0
    for index in 0..<stretch { word |= UInt64(text[at &+ index]) &<< UInt64(8 &* index) }
    return word
  }

  /// Adds a template by its content id.
  func insert(template id: UInt64) {
    // Without the list: this is done some twenty times a block.
    let (first, second) = Self.hashes(template: id)
    set(hash: first)
    set(hash: second)
  }

  @inline(__always) private func set(hash: UInt64) {
    set(Int(truncatingIfNeeded: hash >> 51))
    set(Int(truncatingIfNeeded: hash >> 38 & 8191))
    set(Int(truncatingIfNeeded: hash >> 25 & 8191))
  }
}
