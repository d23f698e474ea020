/// The little JSON that the store writes itself.
enum JSONText {
  /// A string as JSON, quotes included.
  static func quoted(_ text: String) -> String {
    var result = ""
    append(text, to: &result)
    return result
  }

  /// Adds a string as JSON, quotes included.
  static func append(_ text: String, to result: inout String) {
    result += "\""
    defer { result += "\"" }
    // Most texts need no escape, and many are written.
    if text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x22 && $0 != 0x5C }) {
      result += text
      return
    }
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\u{0}"..<"\u{20}":
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
  }

  /// An array of strings.
  static func array(_ texts: [String]) -> String { "[" + texts.map(quoted).joined(separator: ",") + "]" }

  /// An object of numbers, names in order.
  static func object(_ counts: [String: UInt64]) -> String {
    "{" + counts.sorted { $0.key < $1.key }.map { quoted($0.key) + ":\($0.value)" }.joined(separator: ",")
      + "}"
  }
}
