/// Texts that come again and again with their content hashes: to see that a text is one of them costs less than to hash it. Whoever
/// asks may leave a number with a text, to know it by next time.
@frozen public struct KnownTexts: ~Copyable {
  @usableFromInline let memory: UnsafeMutableRawPointer
  @usableFromInline let shift: UInt64
  /// Longer texts are hashed each time.
  @usableFromInline let longest: Int
  /// Places are two to the power of this many bytes: hash, length, number, text.
  @usableFromInline let strideBits: Int

  /// Room for two to the power of `bits` texts, 1 to 16, each in a place of two to the power of `strideBits` bytes, 6 to 12. Short
  /// texts in small places stay in the processor's first cache.
  public init(bits: Int, strideBits: Int) {
    shift = UInt64(64 - bits)
    self.strideBits = strideBits
    longest = 1 << strideBits - Self.headBytes
    memory = .allocate(byteCount: 1 << (bits + strideBits), alignment: 64)
    memory.initializeMemory(as: UInt8.self, repeating: 0, count: 1 << (bits + strideBits))
  }

  /// Bytes of a place before its text.
  @inlinable static var headBytes: Int { 16 }

  deinit { memory.deallocate() }

  /// A text that was looked up.
  @frozen public struct Found {
    /// `ContentHash` of the text.
    public let hash: UInt64
    @usableFromInline let place: UnsafeMutableRawPointer?

    /// What is found before anything was looked up.
    @inlinable public init() { self.init(hash: 0, place: nil) }

    @inlinable init(hash: UInt64, place: UnsafeMutableRawPointer?) {
      self.hash = hash
      self.place = place
    }

    /// The number that was left with this very text; 0 where there is none, or it has been forgotten. Valid until the next text is
    /// looked up.
    @inlinable @inline(__always) public var number: UInt32 {
      get { place.map { $0.load(fromByteOffset: 12, as: UInt32.self) } ?? 0 }
      nonmutating set { place?.storeBytes(of: newValue, toByteOffset: 12, as: UInt32.self) }
    }
  }

  /// `ContentHash` of a text.
  @inlinable @inline(__always) public func hash(of text: UnsafeRawBufferPointer) -> UInt64 { find(text).hash }

  /// Looks a text up.
  @inlinable @inline(__always) public func find(_ text: UnsafeRawBufferPointer) -> Found {
    let count = text.count
    guard let base = text.baseAddress, count <= longest, count > 0 else {
      return Found(hash: ContentHash.of(text), place: nil)
    }
    // Some words of it choose two places; all of them are compared.
    let last = count &- 8
    let some =
      last >= 0
      ? Self.word(base, 0) &+ Self.word(base, last >> 1) &* 3 &+ Self.word(base, last) &* 5
      : Self.short(base, count)
    let mixed = (some ^ UInt64(truncatingIfNeeded: count)) &* 0x9E37_79B9_7F4A_7C15
    let place = memory + Int(truncatingIfNeeded: mixed &>> shift) &<< strideBits
    if Self.holds(place, text, some) { return Found(hash: place.load(as: UInt64.self), place: place) }
    let second = memory + Int(truncatingIfNeeded: mixed &>> shift ^ 1) &<< strideBits
    if Self.holds(second, text, some) { return Found(hash: second.load(as: UInt64.self), place: second) }
    return remember(text, place, second)
  }

  /// True where a place holds a text that is not empty.
  @inlinable @inline(__always)
  static func holds(_ place: UnsafeMutableRawPointer, _ text: UnsafeRawBufferPointer, _ some: UInt64) -> Bool
  {
    let count = text.count
    guard place.load(fromByteOffset: 8, as: UInt32.self) == UInt32(truncatingIfNeeded: count),
      let base = text.baseAddress
    else { return false }
    let stored = UnsafeRawPointer(place + headBytes)
    let last = count &- 8
    if last < 0 { return short(stored, count) == some }
    var index = 0
    while index < last, word(stored, index) == word(base, index) { index &+= 8 }
    return index >= last && word(stored, last) == word(base, last)
  }

  /// Puts a text into the one of its places that is free, or into one of both, by what all three are.
  @usableFromInline @inline(never)
  func remember(
    _ text: UnsafeRawBufferPointer, _ first: UnsafeMutableRawPointer, _ second: UnsafeMutableRawPointer
  ) -> Found {
    let hash = ContentHash.of(text)
    let isFree = (Self.isFree(first), Self.isFree(second))
    let mixed = hash ^ first.load(as: UInt64.self) ^ second.load(as: UInt64.self)
    let place = isFree.0 || !isFree.1 && mixed & 1 == 0 ? first : second
    place.storeBytes(of: hash, as: UInt64.self)
    // The number is forgotten.
    place.storeBytes(of: UInt64(text.count).littleEndian, toByteOffset: 8, as: UInt64.self)
    if let base = text.baseAddress { (place + Self.headBytes).copyMemory(from: base, byteCount: text.count) }
    return Found(hash: hash, place: place)
  }

  private static func isFree(_ place: UnsafeMutableRawPointer) -> Bool {
    place.load(fromByteOffset: 8, as: UInt32.self) == 0
  }

  @inlinable @inline(__always) static func word(_ text: UnsafeRawPointer, _ offset: Int) -> UInt64 {
    text.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
  }

  /// One to seven bytes in a word: with their count it tells them apart from all others.
  @inlinable @inline(__always) public static func short(_ text: UnsafeRawPointer, _ count: Int) -> UInt64 {
    if count >= 4 {
      let low = text.loadUnaligned(as: UInt32.self)
      let high = text.loadUnaligned(fromByteOffset: count &- 4, as: UInt32.self)
      return UInt64(low) | UInt64(high) &<< 32
    }
    let first = text.load(as: UInt8.self)
    let middle = text.load(fromByteOffset: count >> 1, as: UInt8.self)
    let last = text.load(fromByteOffset: count &- 1, as: UInt8.self)
    return UInt64(first) | UInt64(middle) &<< 8 | UInt64(last) &<< 16
  }
}
