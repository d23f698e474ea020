/// The JSON Canonicalization Scheme, RFC 8785: members sorted by UTF-16 code units, no white space, shortest
/// escapes, numbers as ECMAScript prints them.
public enum CanonicalJSON {
  /// The canonical bytes of a document. Of members with the same name all are written: a document that has
  /// such members is refused before it comes to a signature.
  public static func bytes(of node: DocumentNode) -> [UInt8] {
    var bytes: [UInt8] = []
    append(node, to: &bytes)
    return bytes
  }

  /// SHA-256 of the canonical bytes, 64 lower-case hexadecimal digits.
  public static func sha256(of node: DocumentNode) -> String { HexText.sha256(bytes(of: node)) }

  /// Appends a node's canonical bytes.
  public static func append(_ node: DocumentNode, to bytes: inout [UInt8]) {
    switch node.value {
    case .null: bytes.append(contentsOf: "null".utf8)
    case .bool(let flag): bytes.append(contentsOf: (flag ? "true" : "false").utf8)
    case .number(let text): bytes.append(contentsOf: number(text).utf8)
    case .string(let text): append(string: text, to: &bytes)
    case .array(let items):
      bytes.append(UInt8(ascii: "["))
      for (index, item) in items.enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        append(item, to: &bytes)
      }
      bytes.append(UInt8(ascii: "]"))
    case .object(let members):
      bytes.append(UInt8(ascii: "{"))
      let sorted = members.sorted { $0.name.utf16.lexicographicallyPrecedes($1.name.utf16) }
      for (index, member) in sorted.enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        append(string: member.name, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        append(member.value, to: &bytes)
      }
      bytes.append(UInt8(ascii: "}"))
    }
  }

  /// Appends a string with its quotes, escaped as RFC 8785, 3.2.2.2 says.
  public static func append(string text: String, to bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "\""))
    // Nearly all texts need no escape, and a journal has millions.
    let isPlain = text.utf8.withContiguousStorageIfAvailable { utf8 in
      guard utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x22 && $0 != 0x5C }) else { return false }
      bytes.append(contentsOf: utf8)
      return true
    }
    if isPlain != true { appendEscaped(text, to: &bytes) }
    bytes.append(UInt8(ascii: "\""))
  }

  private static func appendEscaped(_ text: String, to bytes: inout [UInt8]) {
    let hex = Array("0123456789abcdef".utf8)
    for byte in text.utf8 {
      switch byte {
      case 0x22: bytes.append(contentsOf: [0x5C, 0x22])
      case 0x5C: bytes.append(contentsOf: [0x5C, 0x5C])
      case 0x08: bytes.append(contentsOf: [0x5C, UInt8(ascii: "b")])
      case 0x09: bytes.append(contentsOf: [0x5C, UInt8(ascii: "t")])
      case 0x0A: bytes.append(contentsOf: [0x5C, UInt8(ascii: "n")])
      case 0x0C: bytes.append(contentsOf: [0x5C, UInt8(ascii: "f")])
      case 0x0D: bytes.append(contentsOf: [0x5C, UInt8(ascii: "r")])
      case 0..<0x20:
        bytes.append(contentsOf: [0x5C, UInt8(ascii: "u"), 0x30, 0x30])
        bytes.append(contentsOf: [hex[Int(byte >> 4)], hex[Int(byte & 15)]])
      default: bytes.append(byte)
      }
    }
  }

  /// A JSON number as ECMAScript's Number::toString prints it. Both print the shortest digits that read back as
  /// the same double; only the layout differs from Swift's.
  static func number(_ text: String) -> String {
    guard let value = Double(text), value.isFinite else { return text }
    if value == 0 { return "0" }
    let negative = value < 0
    let (digits, pointPosition) = shortestDigits(of: abs(value))
    let count = digits.count
    let body: String
    if count <= pointPosition && pointPosition <= 21 {
      body = digits + String(repeating: "0", count: pointPosition - count)
    } else if 0 < pointPosition && pointPosition <= 21 {
      body = "\(digits.prefix(pointPosition)).\(digits.dropFirst(pointPosition))"
    } else if -6 < pointPosition && pointPosition <= 0 {
      body = "0." + String(repeating: "0", count: -pointPosition) + digits
    } else {
      let exponent = pointPosition - 1
      let sign = exponent < 0 ? "-" : "+"
      let mantissa = count == 1 ? digits : "\(digits.prefix(1)).\(digits.dropFirst())"
      body = "\(mantissa)e\(sign)\(abs(exponent))"
    }
    return (negative ? "-" : "") + body
  }

  /// The shortest decimal digits (no leading or trailing zeros) and where the point lies counted from the
  /// first digit: 12.5 gives ("125", 2).
  private static func shortestDigits(of value: Double) -> (digits: String, pointPosition: Int) {
    let printed = "\(value)"
    let parts = printed.split(separator: "e", maxSplits: 1)
    let exponent = parts.count == 2 ? Int(parts[1]) ?? 0 : 0
    let halves = parts[0].split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    let whole = String(halves[0])
    let fraction = halves.count == 2 ? String(halves[1]) : ""
    var digits = whole + fraction
    var point = whole.count + exponent
    while digits.hasPrefix("0") && digits.count > 1 {
      digits.removeFirst()
      point -= 1
    }
    while digits.hasSuffix("0") && digits.count > 1 { digits.removeLast() }
    return (digits, point)
  }
}
