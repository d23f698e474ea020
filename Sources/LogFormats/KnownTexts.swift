import IncidentModel

/// Texts that come again and again with their content hashes: to see that a text is one of them costs less than to hash it.
struct KnownTexts: ~Copyable {
  private static let places = 512
  /// Longer texts are hashed each time.
  private static let longest = 256
  /// A place: hash, length, text.
  private static let stride = 16 + longest
  private let memory: UnsafeMutableRawPointer

  init() {
    memory = .allocate(byteCount: Self.places * Self.stride, alignment: 16)
    memory.initializeMemory(as: UInt8.self, repeating: 0, count: Self.places * Self.stride)
  }

  deinit { memory.deallocate() }

  /// `ContentHash` of the first bytes at `text`.
  @inline(__always) func hash(of text: UnsafeMutableRawPointer, count: Int) -> UInt64 {
    guard count >= 8, count <= Self.longest else {
      return ContentHash.of(UnsafeRawBufferPointer(start: text, count: count))
    }
    // Some words of it choose the place; all of them are compared.
    let last = count &- 8
    let some =
      Self.word(text, 0) &+ Self.word(text, last >> 1) &* 3 &+ Self.word(text, last) &* 5
      &+ UInt64(truncatingIfNeeded: count)
    let place =
      memory + Int(truncatingIfNeeded: (some &* 0x9E37_79B9_7F4A_7C15) >> 55) &* Self.stride
    if place.load(fromByteOffset: 8, as: Int.self) == count {
      let stored = place + 16
      var index = 0
      while index < last, Self.word(stored, index) == Self.word(text, index) { index &+= 8 }
      if index >= last, Self.word(stored, last) == Self.word(text, last) {
        return place.load(as: UInt64.self)
      }
    }
    return remember(text, count, place)
  }

  @inline(never)
  private func remember(
    _ text: UnsafeMutableRawPointer, _ count: Int, _ place: UnsafeMutableRawPointer
  ) -> UInt64 {
    let hash = ContentHash.of(UnsafeRawBufferPointer(start: text, count: count))
    place.storeBytes(of: hash, as: UInt64.self)
    place.storeBytes(of: count, toByteOffset: 8, as: Int.self)
    (place + 16).copyMemory(from: text, byteCount: count)
    return hash
  }

  @inline(__always) private static func word(_ text: UnsafeMutableRawPointer, _ offset: Int) -> UInt64 {
    text.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
  }
}
