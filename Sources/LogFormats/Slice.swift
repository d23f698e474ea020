/// Some bytes of a reading: a stretch of the record itself, or of the reading's scratch buffer (unescaped text,
/// built JSON). Empty means absent.
public struct Slice: Hashable, Sendable {
  /// Offset; the top bit says scratch.
  @usableFromInline var location: UInt32
  /// Number of bytes.
  public var count: UInt32

  @inlinable init(location: UInt32, count: UInt32) {
    self.location = location
    self.count = count
  }

  /// Bytes of the record. Records are shorter than 2 GiB.
  @inlinable public static func record(_ start: Int, _ count: Int) -> Slice {
    Slice(location: UInt32(truncatingIfNeeded: start), count: UInt32(truncatingIfNeeded: count))
  }

  /// Bytes of the scratch buffer.
  @inlinable public static func scratch(_ start: Int, _ count: Int) -> Slice {
    Slice(
      location: UInt32(truncatingIfNeeded: start) | 0x8000_0000, count: UInt32(truncatingIfNeeded: count))
  }

  /// No bytes.
  @inlinable public static var empty: Slice { Slice(location: 0, count: 0) }
  /// True when there are no bytes.
  @inlinable public var isEmpty: Bool { count == 0 }
  /// True when the bytes lie in the scratch buffer.
  @inlinable public var isInScratch: Bool { location & 0x8000_0000 != 0 }
  /// Offset of the first byte in its buffer.
  @inlinable public var start: Int { Int(location & 0x7FFF_FFFF) }
  /// Offset after the last byte.
  @inlinable public var end: Int { start &+ Int(count) }
}
