internal import Glibc

/// Reads JSON (RFC 8259) where it lies, one value after the other, without a tree of it in memory.
struct JSONCursor {
  /// The text is no JSON, or nested too deep.
  struct Malformed: Error {
    var offset: Int
  }
  private let bytes: UnsafeBufferPointer<UInt8>
  private var at = 0
  private var depth = 0

  init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  private mutating func peek() -> UInt8 {
    while at < bytes.count, bytes[at] == 0x20 || bytes[at] == 0x0a || bytes[at] == 0x0d || bytes[at] == 0x09 {
      at += 1
    }
    return at < bytes.count ? bytes[at] : 0
  }

  private mutating func expect(_ byte: UInt8) throws(Malformed) {
    guard peek() == byte else { throw Malformed(offset: at) }
    at += 1
  }

  /// True where the next value is `null`.
  var isNull: Bool {
    mutating get { peek() == UInt8(ascii: "n") }
  }

  /// True where the next value is `true`.
  var isTrue: Bool {
    mutating get { peek() == UInt8(ascii: "t") }
  }

  /// Calls with each member's key; the body must take its value.
  mutating func object(_ body: (inout JSONCursor, String) throws -> Void) throws {
    try expect(UInt8(ascii: "{"))
    depth += 1
    defer { depth -= 1 }
    guard depth < 64 else { throw Malformed(offset: at) }
    if peek() == UInt8(ascii: "}") {
      at += 1
      return
    }
    while true {
      guard let key = try string() else { throw Malformed(offset: at) }
      try expect(UInt8(ascii: ":"))
      try body(&self, key)
      if peek() == UInt8(ascii: ",") {
        at += 1
      } else {
        return try expect(UInt8(ascii: "}"))
      }
    }
  }

  /// Calls for each element; the body must take it.
  mutating func array(_ body: (inout JSONCursor) throws -> Void) throws {
    try expect(UInt8(ascii: "["))
    depth += 1
    defer { depth -= 1 }
    guard depth < 64 else { throw Malformed(offset: at) }
    if peek() == UInt8(ascii: "]") {
      at += 1
      return
    }
    while true {
      try body(&self)
      if peek() == UInt8(ascii: ",") {
        at += 1
      } else {
        return try expect(UInt8(ascii: "]"))
      }
    }
  }

  /// A string; nil for any other value, which is passed over.
  mutating func string() throws -> String? {
    guard peek() == UInt8(ascii: "\"") else {
      try skip()
      return nil
    }
    at += 1
    let start = at
    while at < bytes.count, bytes[at] != UInt8(ascii: "\""), bytes[at] != UInt8(ascii: "\\") { at += 1 }
    guard at < bytes.count else { throw Malformed(offset: at) }
    if bytes[at] == UInt8(ascii: "\"") {
      defer { at += 1 }
      return String(decoding: bytes[start..<at], as: UTF8.self)
    }
    var out = Array(bytes[start..<at])
    while at < bytes.count, bytes[at] != UInt8(ascii: "\"") {
      guard bytes[at] == UInt8(ascii: "\\") else {
        out.append(bytes[at])
        at += 1
        continue
      }
      guard at + 1 < bytes.count else { throw Malformed(offset: at) }
      let letter = bytes[at + 1]
      at += 2
      switch letter {
      case UInt8(ascii: "n"): out.append(0x0a)
      case UInt8(ascii: "t"): out.append(0x09)
      case UInt8(ascii: "r"): out.append(0x0d)
      case UInt8(ascii: "b"): out.append(0x08)
      case UInt8(ascii: "f"): out.append(0x0c)
      case UInt8(ascii: "u"):
        var value = try hex()
        if (0xd800..<0xdc00).contains(value), at + 1 < bytes.count, bytes[at] == UInt8(ascii: "\\"),
          bytes[at + 1] == UInt8(ascii: "u")
        {
          at += 2
          let low = try hex()
          if (0xdc00..<0xe000).contains(low) { value = 0x10000 + (value - 0xd800) << 10 + (low - 0xdc00) }
        }
        out += Array(String(Character(Unicode.Scalar(value) ?? "\u{fffd}")).utf8)
      default: out.append(letter)
      }
    }
    try expect(UInt8(ascii: "\""))
    return String(decoding: out, as: UTF8.self)
  }

  private mutating func hex() throws(Malformed) -> UInt32 {
    guard at + 4 <= bytes.count,
      let value = UInt32(String(decoding: bytes[at..<at + 4], as: UTF8.self), radix: 16)
    else { throw Malformed(offset: at) }
    at += 4
    return value
  }

  /// A number; nil for any other value, which is passed over.
  mutating func number() throws -> Double? {
    let first = peek()
    guard first == UInt8(ascii: "-") || (first >= 0x30 && first <= 0x39) else {
      try skip()
      return nil
    }
    let start = at
    while at < bytes.count {
      switch bytes[at] {
      case 0x30...0x39, UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."), UInt8(ascii: "e"),
        UInt8(ascii: "E"):
        at += 1
        continue
      default: break
      }
      break
    }
    return Double(String(decoding: bytes[start..<at], as: UTF8.self))
  }

  /// Passes over one value.
  mutating func skip() throws {
    var open = 0
    repeat {
      switch peek() {
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        open += 1
        at += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        open -= 1
        at += 1
      case UInt8(ascii: ","), UInt8(ascii: ":"):
        guard open > 0 else { throw Malformed(offset: at) }
        at += 1
        continue
      case UInt8(ascii: "\""):
        at += 1
        while at < bytes.count, bytes[at] != UInt8(ascii: "\"") {
          at += bytes[at] == UInt8(ascii: "\\") ? 2 : 1
        }
        at += 1
      case 0: throw Malformed(offset: at)
      default:
        let start = at
        scan: while at < bytes.count {
          switch bytes[at] {
          case UInt8(ascii: ","), UInt8(ascii: "}"), UInt8(ascii: "]"), UInt8(ascii: ":"), 0x20, 0x0a, 0x0d,
            0x09:
            break scan
          default: at += 1
          }
        }
        guard at > start else { throw Malformed(offset: at) }
      }
    } while open > 0
    guard at <= bytes.count, open == 0 else { throw Malformed(offset: at) }
  }
}
