/// The checksum of LZ4 frames: XXH32 (Y. Collet, xxHash fast digest algorithm), seed 0.
struct XXHash32 {
  private static let primes: (UInt32, UInt32, UInt32, UInt32, UInt32) = (
    0x9E37_79B1, 0x85EB_CA77, 0xC2B2_AE3D, 0x27D4_EB2F, 0x1656_67B1
  )

  private var lanes: (UInt32, UInt32, UInt32, UInt32) = (
    primes.0 &+ primes.1, primes.1, 0, 0 &- primes.0
  )
  private var total: UInt32 = 0
  private var isLong = false
  /// Bytes that do not fill a stripe of 16 yet.
  private var rest: [UInt8] = []

  /// The checksum of some bytes.
  static func of(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    var hash = XXHash32()
    hash.add(bytes)
    return hash.value
  }

  mutating func add(_ bytes: UnsafeRawBufferPointer) {
    total &+= UInt32(truncatingIfNeeded: bytes.count)
    var offset = 0
    if !rest.isEmpty {
      offset = min(16 - rest.count, bytes.count)
      rest.append(contentsOf: bytes.prefix(offset))
      guard rest.count == 16 else { return }
      let stripe = rest
      stripe.withUnsafeBytes { mix($0, 0) }
      rest.removeAll(keepingCapacity: true)
    }
    while offset + 16 <= bytes.count {
      mix(bytes, offset)
      offset += 16
    }
    rest.append(contentsOf: bytes[offset...])
  }

  var value: UInt32 {
    let p = Self.primes
    var hash =
      isLong
      ? Self.turned(lanes.0, 1) &+ Self.turned(lanes.1, 7) &+ Self.turned(lanes.2, 12)
        &+ Self.turned(lanes.3, 18)
      : p.4
    hash &+= total
    rest.withUnsafeBytes { tail in
      var offset = 0
      while offset + 4 <= tail.count {
        hash = Self.turned(hash &+ Self.word(tail, offset) &* p.2, 17) &* p.3
        offset += 4
      }
      while offset < tail.count {
        hash = Self.turned(hash &+ UInt32(tail[offset]) &* p.4, 11) &* p.0
        offset += 1
      }
    }
    hash = (hash ^ hash >> 15) &* p.1
    hash = (hash ^ hash >> 13) &* p.2
    return hash ^ hash >> 16
  }

  private mutating func mix(_ bytes: UnsafeRawBufferPointer, _ offset: Int) {
    isLong = true
    lanes.0 = Self.round(lanes.0, Self.word(bytes, offset))
    lanes.1 = Self.round(lanes.1, Self.word(bytes, offset &+ 4))
    lanes.2 = Self.round(lanes.2, Self.word(bytes, offset &+ 8))
    lanes.3 = Self.round(lanes.3, Self.word(bytes, offset &+ 12))
  }

  private static func round(_ lane: UInt32, _ word: UInt32) -> UInt32 {
    turned(lane &+ word &* primes.1, 13) &* primes.0
  }

  private static func turned(_ value: UInt32, _ by: UInt32) -> UInt32 {
    value &<< by | value &>> (32 &- by)
  }

  private static func word(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt32 {
    UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }
}
