/// Questions about eight bytes at once, the first of them the lowest of a word, by A. Mycroft's test for zero bytes.
///
/// An answer is a word of which the top bit of each byte in question is set. Behind the lowest such byte others may be marked in error:
/// only the lowest mark counts, and whether there is one.
public enum ByteWord {
  /// One in each byte.
  @inlinable static var ones: UInt64 { 0x0101_0101_0101_0101 }
  /// The top bit of each byte.
  @inlinable public static var tops: UInt64 { 0x8080_8080_8080_8080 }

  /// Bytes that are `byte`.
  @inlinable @inline(__always) public static func marks(of byte: UInt8, in word: UInt64) -> UInt64 {
    let difference = word ^ (ones &* UInt64(byte))
    return (difference &- ones) & ~difference & tops
  }

  /// Bytes below `bound`, which is at most 0x80.
  @inlinable @inline(__always) public static func marks(below bound: UInt8, in word: UInt64) -> UInt64 {
    (word &- ones &* UInt64(bound)) & ~word & tops
  }

  /// Bytes that cannot stand as they are in a JSON string: control characters, `"`, `\`; not those beyond ASCII.
  @inlinable @inline(__always) public static func marksOfEscaped(in word: UInt64) -> UInt64 {
    // Each mark is masked once, together.
    let quote = word ^ (ones &* 0x22)
    let backslash = word ^ (ones &* 0x5C)
    return ((word &- ones &* 0x20) & ~word | (quote &- ones) & ~quote | (backslash &- ones) & ~backslash)
      & tops
  }

  /// The same, and bytes beyond ASCII.
  @inlinable @inline(__always) public static func marksOfOdd(in word: UInt64) -> UInt64 {
    marksOfEscaped(in: word) | word & tops
  }
}
