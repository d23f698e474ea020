/// Text that others wrote (evidence, inventories, people), made safe to carry: valid Unicode, control and invisible
/// characters visible, secrets masked, length bounded. Markup is not its business: each renderer escapes once.
///
/// The only way from a foreign string into a report leads through here, so nothing hostile can be forgotten.
public struct EvidenceText: Sendable, Hashable {
  /// The harmless text.
  public let text: String
  /// Bytes that were left out at the end because of the limit.
  public let omittedBytes: Int

  /// Longest text that a report shows of one field, in bytes of UTF-8.
  public static let defaultLimit = 320

  /// Text from bytes as they lie in the evidence; invalid UTF-8 becomes U+FFFD.
  public init(bytes: some Collection<UInt8>, limit: Int = EvidenceText.defaultLimit) {
    // Decoding is cheap only when the rest of a 1 MB line is never looked at.
    var kept = Array(bytes.prefix(limit))[...]
    if bytes.count > limit {
      // Do not cut a scalar in two: step back over at most three continuation bytes.
      var steps = 0
      while steps < 3, let last = kept.last, last & 0xC0 == 0x80 {
        kept = kept.dropLast()
        steps += 1
      }
      if let last = kept.last, last >= 0xC0 { kept = kept.dropLast() }
    }
    text = Self.visible(SecretMask.mask(String(decoding: kept, as: UTF8.self)))
    omittedBytes = bytes.count - kept.count
  }

  /// Text from a string.
  public init(_ string: String, limit: Int = EvidenceText.defaultLimit) {
    self.init(bytes: string.utf8, limit: limit)
  }

  /// The text and, where something was left out, a remark that says how much.
  public var display: String {
    omittedBytes == 0 ? text : text + " … (\(Format.count(omittedBytes)) more bytes)"
  }

  /// True for printable ASCII without anything that could be a secret: it is shown as it is.
  static func isPlain(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    for byte in bytes where byte < 0x20 || byte > 0x7e { return false }
    return !SecretMask.mayHold(bytes)
  }

  /// The string with C0, DEL, C1, bidirectional and other invisible characters written as escapes (CWE-150, CVE-2021-42574).
  static func visible(_ string: String) -> String {
    // Plain ASCII needs no second look.
    guard string.utf8.contains(where: { $0 < 0x20 || $0 > 0x7e }),
      string.unicodeScalars.contains(where: mustShow)
    else {
      return string
    }
    var result = ""
    for scalar in string.unicodeScalars {
      if !mustShow(scalar) {
        result.unicodeScalars.append(scalar)
      } else if scalar == "\t" || scalar == "\n" {
        result += " "
      } else {
        let hex = String(scalar.value, radix: 16)
        result += scalar.value < 0x100 ? "\\x" + (hex.count == 1 ? "0" : "") + hex : "\\u{\(hex)}"
      }
    }
    return result
  }

  private static func mustShow(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x20...0x7e: false
    case 0...0x9f: true
    case 0xad, 0x34f, 0x61c, 0x115f...0x1160, 0x17b4...0x17b5, 0x180b...0x180f, 0x200b...0x200f,
      0x2028...0x202e:
      true
    case 0x2060...0x206f, 0x3164, 0xfe00...0xfe0f, 0xfeff, 0xffa0, 0xfff0...0xfffb: true
    case 0x1d173...0x1d17a, 0xe0000...0xe0fff: true
    case let value: value & 0xfffe == 0xfffe  // noncharacters are not allowed in HTML
    }
  }
}
