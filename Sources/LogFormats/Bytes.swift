#if canImport(Glibc)
  import Glibc
#endif

/// Small questions about raw bytes. All offsets are checked by the caller against `count`; in debug builds the
/// buffer checks them again.
enum Bytes {
  /// True when there is nothing but white space and NUL.
  static func isBlank(_ bytes: UnsafeRawBufferPointer) -> Bool {
    for byte in bytes where byte != 0x20 && byte != 0x09 && byte != 0x0D && byte != 0 { return false }
    return true
  }

  /// Offset of a byte at or after `start`; `end` when there is none before that.
  @inline(__always)
  static func find(_ byte: UInt8, _ bytes: UnsafeRawBufferPointer, from start: Int, to end: Int) -> Int {
    guard start < end, let base = bytes.baseAddress else { return end }
    guard let hit = memchr(base + start, Int32(byte), end - start) else { return end }
    return UnsafeRawPointer(hit) - base
  }

  /// The same for texts that are mostly shorter than a call costs.
  @inline(__always)
  static func findNear(_ byte: UInt8, _ bytes: UnsafeRawBufferPointer, from start: Int, to end: Int) -> Int {
    var index = start
    while index < end, bytes[index] != byte { index &+= 1 }
    return index
  }

  /// Eight bytes, first byte lowest.
  @inline(__always) static func word(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt64 {
    UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }

  /// Four bytes, first byte lowest.
  @inline(__always) static func word32(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt32 {
    UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }

  /// True for 0 to 9.
  @inline(__always) static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

  /// True for A to Z and a to z.
  @inline(__always) static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- 0x61 < 26 }

  /// Up to eight letters of a word in small letters, the last one lowest, so that words are compared as numbers; nil where there is another byte
  /// among them.
  @inline(__always) static func packedLetters(_ word: UnsafeRawBufferPointer) -> UInt64? {
    var packed: UInt64 = 0
    for byte in word.prefix(8) {
      guard isLetter(byte) else { return nil }
      packed = packed << 8 | UInt64(byte | 0x20)
    }
    return packed
  }

  /// Value of a hexadecimal digit, or 255.
  @inline(__always) static func hexValue(_ byte: UInt8) -> UInt8 {
    if byte &- 0x30 < 10 { return byte &- 0x30 }
    let letter = (byte | 0x20) &- 0x61
    return letter < 6 ? letter &+ 10 : 255
  }

  /// Two decimal digits, or a number above 99 where they are not.
  @inline(__always) static func twoDigits(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> Int {
    let high = bytes[offset] &- 0x30
    let low = bytes[offset &+ 1] &- 0x30
    return high < 10 && low < 10 ? Int(high) &* 10 &+ Int(low) : 1000
  }

  /// True when the bytes at `offset` are `text`. Checks the bounds.
  @inline(__always)
  static func matches(_ text: StaticString, _ bytes: UnsafeRawBufferPointer, at offset: Int) -> Bool {
    let count = text.utf8CodeUnitCount
    guard offset >= 0, count <= bytes.count - offset, let base = bytes.baseAddress else { return false }
    return memcmp(base + offset, text.utf8Start, count) == 0
  }

  /// True when the bytes are `text` and nothing else.
  @inline(__always) static func areSame(_ text: StaticString, _ bytes: UnsafeRawBufferPointer) -> Bool {
    text.utf8CodeUnitCount == bytes.count && matches(text, bytes, at: 0)
  }

  /// True when two texts are the same.
  static func areSame(_ one: UnsafeRawBufferPointer, _ other: UnsafeRawBufferPointer) -> Bool {
    guard one.count == other.count else { return false }
    guard let a = one.baseAddress, let b = other.baseAddress else { return true }
    return memcmp(a, b, one.count) == 0
  }

  /// True when the bytes end with `text`.
  static func end(_ bytes: UnsafeRawBufferPointer, with text: StaticString) -> Bool {
    matches(text, bytes, at: bytes.count - text.utf8CodeUnitCount)
  }

  /// Offset of a text at or after `start`; nil when absent.
  static func find(_ text: StaticString, _ bytes: UnsafeRawBufferPointer, from start: Int = 0) -> Int? {
    let first = text.utf8Start.pointee
    let last = bytes.count &- text.utf8CodeUnitCount
    var i = start
    while i <= last {
      i = find(first, bytes, from: i, to: last &+ 1)
      if i > last { return nil }
      if matches(text, bytes, at: i) { return i }
      i &+= 1
    }
    return nil
  }

  /// The part of a buffer; empty where the range is.
  @inline(__always)
  static func part(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int) -> UnsafeRawBufferPointer {
    guard start < end else { return UnsafeRawBufferPointer(start: nil, count: 0) }
    return UnsafeRawBufferPointer(rebasing: bytes[start..<end])
  }

  /// An unsigned decimal number that fills the whole buffer; nil where it does not, or is too large.
  static func decimal(_ bytes: UnsafeRawBufferPointer) -> Int64? {
    guard !bytes.isEmpty, bytes.count <= 18 else { return nil }
    var value: Int64 = 0
    for byte in bytes {
      guard isDigit(byte) else { return nil }
      value = value * 10 + Int64(byte - 0x30)
    }
    return value
  }

  /// A decimal number with or without a sign that fills the whole buffer; nil where it does not, or does not fit.
  static func integer(_ bytes: UnsafeRawBufferPointer) -> Int64? {
    guard let first = bytes.first else { return nil }
    let isNegative = first == 0x2D
    let start = isNegative || first == 0x2B ? 1 : 0
    guard start < bytes.count else { return nil }
    var value: Int64 = 0
    for byte in bytes[start...] {
      guard isDigit(byte) else { return nil }
      let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
      let digit = Int64(byte - 0x30)
      let (sum, tooLarge) =
        isNegative ? tens.subtractingReportingOverflow(digit) : tens.addingReportingOverflow(digit)
      guard !overflow, !tooLarge else { return nil }
      value = sum
    }
    return value
  }

  /// True when the bytes are valid UTF-8 (RFC 3629: no surrogates, no overlong forms).
  static func isValidUTF8(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var i = 0
    let count = bytes.count
    while i < count {
      if i &+ 32 <= count {
        let all = word(bytes, i) | word(bytes, i &+ 8) | word(bytes, i &+ 16) | word(bytes, i &+ 24)
        if all & 0x8080_8080_8080_8080 == 0 {
          i &+= 32
          continue
        }
      }
      if i &+ 8 <= count, word(bytes, i) & 0x8080_8080_8080_8080 == 0 {
        i &+= 8
        continue
      }
      let length = sequenceLength(bytes, i)
      if length == 0 { return false }
      i &+= length
    }
    return true
  }

  /// Length of the valid UTF-8 sequence at `i` (1 to 4), or 0.
  static func sequenceLength(_ bytes: UnsafeRawBufferPointer, _ i: Int) -> Int {
    let first = bytes[i]
    if first < 0x80 { return 1 }
    let left = bytes.count &- i
    @inline(__always) func tail(_ k: Int) -> Bool { bytes[i &+ k] & 0xC0 == 0x80 }
    if first >= 0xC2, first <= 0xDF { return left >= 2 && tail(1) ? 2 : 0 }
    if first & 0xF0 == 0xE0 {
      guard left >= 3, tail(1), tail(2) else { return 0 }
      let second = bytes[i &+ 1]
      if first == 0xE0, second < 0xA0 { return 0 }
      if first == 0xED, second > 0x9F { return 0 }
      return 3
    }
    if first >= 0xF0, first <= 0xF4 {
      guard left >= 4, tail(1), tail(2), tail(3) else { return 0 }
      let second = bytes[i &+ 1]
      if first == 0xF0, second < 0x90 { return 0 }
      if first == 0xF4, second > 0x8F { return 0 }
      return 4
    }
    return 0
  }
}

extension Bytes {
  /// True when the bytes hold a text anywhere.
  static func contains(_ text: [UInt8], _ bytes: UnsafeRawBufferPointer) -> Bool {
    guard let base = bytes.baseAddress, let first = text.first, text.count <= bytes.count else {
      return false
    }
    let last = bytes.count &- text.count
    return text.withUnsafeBytes { wanted in
      var i = 0
      while i <= last {
        i = find(first, bytes, from: i, to: last &+ 1)
        if i > last { return false }
        if memcmp(base + i, wanted.baseAddress.unsafelyUnwrapped, wanted.count) == 0 { return true }
        i &+= 1
      }
      return false
    }
  }
}

extension Bytes {
  /// True when the bytes are a lower-case ASCII text in any case; `_` and other signs count as themselves.
  static func isSameWord(_ word: StaticString, _ bytes: UnsafeRawBufferPointer) -> Bool {
    guard word.utf8CodeUnitCount == bytes.count else { return false }
    for index in 0..<bytes.count {
      let byte = isLetter(bytes[index]) ? bytes[index] | 0x20 : bytes[index]
      if byte != word.utf8Start[index] { return false }
    }
    return true
  }
}
