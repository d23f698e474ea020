import IncidentModel

/// Questions about JSON texts (RFC 8259) in raw bytes.
enum JSONText {
  /// True when the bytes are one JSON number: `-0.5e+3`, not `01`, `+1`, `.5`, `NaN`.
  static func isNumber(_ bytes: UnsafeRawBufferPointer) -> Bool {
    !bytes.isEmpty && numberEnd(bytes, from: 0) == bytes.count
  }

  /// True for `true`, `false` and `null`.
  static func isLiteral(_ bytes: UnsafeRawBufferPointer) -> Bool {
    switch bytes.count {
    case 4: Bytes.matches("true", bytes, at: 0) || Bytes.matches("null", bytes, at: 0)
    case 5: Bytes.matches("false", bytes, at: 0)
    default: false
    }
  }

  /// Offset after the JSON number at `start`; -1 where there is none.
  static func numberEnd(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
    // A base that is known to be there spares a look at each byte.
    guard let base = bytes.baseAddress else { return -1 }
    let count = bytes.count
    var i = start
    @inline(__always) func byte() -> UInt8 { base.load(fromByteOffset: i, as: UInt8.self) }
    if i < count, byte() == 0x2D { i &+= 1 }
    guard i < count, Bytes.isDigit(byte()) else { return -1 }
    if byte() == 0x30 {
      i &+= 1
      if i < count, Bytes.isDigit(byte()) { return -1 }
    } else {
      repeat { i &+= 1 } while i < count && Bytes.isDigit(byte())
    }
    guard i < count else { return i }
    if byte() == 0x2E {
      i &+= 1
      guard i < count, Bytes.isDigit(byte()) else { return -1 }
      repeat { i &+= 1 } while i < count && Bytes.isDigit(byte())
      guard i < count else { return i }
    }
    if byte() | 0x20 == 0x65 {
      i &+= 1
      if i < count, byte() == 0x2B || byte() == 0x2D { i &+= 1 }
      guard i < count, Bytes.isDigit(byte()) else { return -1 }
      repeat { i &+= 1 } while i < count && Bytes.isDigit(byte())
    }
    return i
  }

  /// `numberEnd` for numbers without exponent that end within eight bytes behind their sign; -1 where a closer look is due. Nine bytes
  /// from `start` on are read.
  @inline(__always)
  static func shortNumberEnd(_ base: UnsafeRawPointer, _ start: Int) -> Int {
    let isNegative = base.load(fromByteOffset: start, as: UInt8.self) == 0x2D
    let from = isNegative ? start &+ 1 : start
    let word = UInt64(littleEndian: base.loadUnaligned(fromByteOffset: from, as: UInt64.self))
    // The top bit of each byte that is no digit; up to the second one, where the first is a point, none is set in error.
    let values = word ^ 0x3030_3030_3030_3030
    var others = (values &+ 0x7676_7676_7676_7676 | values) & 0x8080_8080_8080_8080
    guard others != 0 else { return -1 }
    var end = others.trailingZeroBitCount >> 3
    guard end > 0, end == 1 || word & 0xFF != 0x30 else { return -1 }
    var next = word &>> UInt64(truncatingIfNeeded: end &* 8) & 0xFF
    if next == 0x2E {
      let whole = end
      others &= others &- 1
      guard others != 0 else { return -1 }
      end = others.trailingZeroBitCount >> 3
      guard end > whole &+ 1 else { return -1 }
      next = word &>> UInt64(truncatingIfNeeded: end &* 8) & 0xFF
    }
    return next | 0x20 == 0x65 ? -1 : from &+ end
  }

  /// Offset of the quote that ends the string whose first character is at `start`; -1 where the string does not end or
  /// holds a raw control character. Sets `escaped` where it holds a backslash.
  @inline(__always)
  static func stringEnd(_ bytes: UnsafeRawBufferPointer, from start: Int, escaped: inout Bool) -> Int {
    let count = bytes.count
    var i = start
    while i &+ 8 <= count {
      let hit = ByteWord.marksOfEscaped(in: Bytes.word(bytes, i))
      if hit == 0 {
        i &+= 8
        continue
      }
      i &+= hit.trailingZeroBitCount >> 3
      let byte = bytes[i]
      if byte == 0x22 { return i }
      if byte != 0x5C { return -1 }
      escaped = true
      i &+= 2
    }
    while i < count {
      let byte = bytes[i]
      if byte == 0x22 { return i }
      if byte < 0x20 { return -1 }
      if byte == 0x5C {
        escaped = true
        i &+= 1
      }
      i &+= 1
    }
    return -1
  }

  /// True when all escapes inside a string (between its quotes) are ones that JSON knows.
  static func escapesAreValid(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int) -> Bool {
    var i = start
    while i < end {
      guard bytes[i] == 0x5C else {
        i &+= 1
        continue
      }
      guard i &+ 1 < end else { return false }
      switch bytes[i &+ 1] {
      case 0x22, 0x5C, 0x2F, 0x62, 0x66, 0x6E, 0x72, 0x74: i &+= 2
      case 0x75:
        guard i &+ 6 <= end else { return false }
        for k in 2..<6 where Bytes.hexValue(bytes[i &+ k]) == 255 { return false }
        i &+= 6
      default: return false
      }
    }
    return true
  }

  /// True when the bytes can stand between the quotes of a JSON string as they are.
  static func isStringBody(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var i = 0
    while i < bytes.count {
      if bytes[i] < 0x20 || bytes[i] == 0x22 { return false }
      i &+= bytes[i] == 0x5C ? 2 : 1
    }
    return i == bytes.count
  }

  /// Offset after white space.
  @inline(__always) static func skipSpace(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
    var i = start
    while i < bytes.count, bytes[i] <= 0x20,
      bytes[i] == 0x20 || bytes[i] == 0x0A || bytes[i] == 0x0D || bytes[i] == 0x09
    {
      i &+= 1
    }
    return i
  }

  /// Deepest nesting that is followed.
  static let depthLimit = 64
  /// What `valueEnd` returns where the nesting goes deeper than that.
  static let tooDeep = -2

  /// Offset after the JSON value at `start`, which is checked; -1 where it is no JSON, `tooDeep` where nesting is.
  /// Without recursion: one bit of `kinds` per level says object or array.
  static func valueEnd(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
    let count = bytes.count
    var kinds: UInt64 = 0
    var depth = 0
    var i = skipSpace(bytes, from: start)
    while true {
      // A value is expected at i.
      guard i < count else { return -1 }
      switch bytes[i] {
      case 0x22:
        var escaped = false
        let end = stringEnd(bytes, from: i &+ 1, escaped: &escaped)
        if end < 0 || escaped && !escapesAreValid(bytes, i &+ 1, end) { return -1 }
        i = end &+ 1
      case 0x7B, 0x5B:
        let isObject = bytes[i] == 0x7B
        let inside = skipSpace(bytes, from: i &+ 1)
        guard inside < count else { return -1 }
        if bytes[inside] == (isObject ? 0x7D : 0x5D) {
          i = inside &+ 1
          break
        }
        guard depth < depthLimit else { return tooDeep }
        kinds = kinds &<< 1 | (isObject ? 1 : 0)
        depth &+= 1
        i = isObject ? memberValue(bytes, from: inside) : inside
        if i < 0 { return -1 }
        continue
      case 0x74:
        guard Bytes.matches("true", bytes, at: i) else { return -1 }
        i &+= 4
      case 0x66:
        guard Bytes.matches("false", bytes, at: i) else { return -1 }
        i &+= 5
      case 0x6E:
        guard Bytes.matches("null", bytes, at: i) else { return -1 }
        i &+= 4
      default:
        i = numberEnd(bytes, from: i)
        if i < 0 { return -1 }
      }
      // A value has ended at i: close what can be closed.
      while true {
        if depth == 0 { return i }
        i = skipSpace(bytes, from: i)
        guard i < count else { return -1 }
        let isObject = kinds & 1 == 1
        if bytes[i] == 0x2C {
          i = skipSpace(bytes, from: i &+ 1)
          if isObject { i = memberValue(bytes, from: i) }
          if i < 0 { return -1 }
          break
        }
        guard bytes[i] == (isObject ? 0x7D : 0x5D) else { return -1 }
        kinds &>>= 1
        depth &-= 1
        i &+= 1
      }
    }
  }

  /// Offset of the value of the object member whose name begins at `start`; -1 where that is no member.
  private static func memberValue(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
    guard start < bytes.count, bytes[start] == 0x22 else { return -1 }
    var escaped = false
    let end = stringEnd(bytes, from: start &+ 1, escaped: &escaped)
    if end < 0 || escaped && !escapesAreValid(bytes, start &+ 1, end) { return -1 }
    let colon = skipSpace(bytes, from: end &+ 1)
    guard colon < bytes.count, bytes[colon] == 0x3A else { return -1 }
    return skipSpace(bytes, from: colon &+ 1)
  }
}

extension Reading {
  /// Appends the inside of a JSON string with its escapes resolved, and gives the slice. Lone surrogates become U+FFFD.
  mutating func unescape(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int) -> Slice {
    let first = scratchCount
    var i = start
    while i < end {
      let slash = Bytes.find(0x5C, bytes, from: i, to: end)
      append(bytes, i, slash)
      guard slash &+ 1 < end else { break }
      i = slash &+ 2
      switch bytes[slash &+ 1] {
      case 0x62: append(0x08)
      case 0x66: append(0x0C)
      case 0x6E: append(0x0A)
      case 0x72: append(0x0D)
      case 0x74: append(0x09)
      case 0x75:
        var scalar = Self.hex4(bytes, i, end)
        i = Swift.min(end, i &+ 4)
        if scalar & 0xFC00 == 0xD800, i &+ 6 <= end, bytes[i] == 0x5C, bytes[i &+ 1] == 0x75 {
          let low = Self.hex4(bytes, i &+ 2, end)
          if low & 0xFC00 == 0xDC00 {
            scalar = 0x10000 &+ (scalar & 0x3FF) &<< 10 &+ low & 0x3FF
            i &+= 6
          }
        }
        appendScalar(scalar & 0xFFFF_F800 == 0xD800 ? 0xFFFD : scalar)
      default: append(bytes[slash &+ 1])
      }
    }
    return .scratch(first, scratchCount &- first)
  }

  private static func hex4(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int) -> UInt32 {
    guard start &+ 4 <= end else { return 0xFFFD }
    var value: UInt32 = 0
    for k in 0..<4 { value = value &<< 4 | UInt32(Bytes.hexValue(bytes[start &+ k]) & 15) }
    return value
  }

  /// Appends a Unicode scalar value in UTF-8.
  mutating func appendScalar(_ scalar: UInt32) {
    let low = UInt8(truncatingIfNeeded: scalar & 0x3F) | 0x80
    let middle = UInt8(truncatingIfNeeded: scalar >> 6 & 0x3F) | 0x80
    if scalar < 0x80 {
      append(UInt8(truncatingIfNeeded: scalar))
    } else if scalar < 0x800 {
      append(UInt8(truncatingIfNeeded: scalar >> 6) | 0xC0)
      append(low)
    } else if scalar < 0x10000 {
      append(UInt8(truncatingIfNeeded: scalar >> 12) | 0xE0)
      append(middle)
      append(low)
    } else {
      append(UInt8(truncatingIfNeeded: scalar >> 18 & 7) | 0xF0)
      append(UInt8(truncatingIfNeeded: scalar >> 12 & 0x3F) | 0x80)
      append(middle)
      append(low)
    }
  }
}
