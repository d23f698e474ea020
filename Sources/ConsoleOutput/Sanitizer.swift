/// Makes text that came from evidence harmless in a terminal.
///
/// Control characters (C0, DEL, C1), bidirectional controls, and other invisible format characters become visible
/// escapes (`\x1b`, `\u{202e}`); everything else stays. Escape sequences in logs are an attack, see CWE-150.
public enum Sanitizer {
  /// The text with every control character written as an escape. Tabs and newlines too: a cell is one line.
  public static func escape(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: mustEscape) else { return text }
    var result = ""
    result.reserveCapacity(text.utf8.count + 16)
    for scalar in text.unicodeScalars {
      guard mustEscape(scalar) else {
        result.unicodeScalars.append(scalar)
        continue
      }
      switch scalar {
      case "\t": result += "\\t"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case _ where scalar.value < 0x100:
        let hex = String(scalar.value, radix: 16)
        result += "\\x" + (hex.count == 1 ? "0" + hex : hex)
      default: result += "\\u{" + String(scalar.value, radix: 16) + "}"
      }
    }
    return result
  }

  /// True for what must not reach a terminal, or a page, as it is.
  static func mustEscape(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x20...0x7e: false
    case 0...0x9f: true
    case 0xad, 0x61c, 0x180e, 0x200b...0x200f, 0x2028...0x202e, 0x2060...0x206f, 0xfeff, 0xfff9...0xfffb: true
    case 0xe0000...0xe0fff: true
    default: false
    }
  }
}
