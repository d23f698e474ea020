/// JSON with members in the order given and one way to write each value, so that the same report gives the same bytes.
/// There is no null: what is not known is left out or said in words.
enum JSONText {
  indirect enum Value {
    case string(String)
    case integer(Int64)
    case number(Double)
    case bool(Bool)
    case array([Value])
    case object([(String, Value)])
  }

  static func render(_ value: Value) -> String {
    var out = ""
    write(value, indent: 0, to: &out)
    return out + "\n"
  }

  private static func write(_ value: Value, indent: Int, to out: inout String) {
    switch value {
    case .string(let text): quote(text, to: &out)
    case .integer(let number): out += String(number)
    case .number(let number): out += number.isFinite ? "\(number)" : "\"not a finite number\""
    case .bool(let flag): out += flag ? "true" : "false"
    case .array(let items): list(items.map { (nil, $0) }, "[", "]", indent, to: &out)
    case .object(let members): list(members.map { ($0.0, $0.1) }, "{", "}", indent, to: &out)
    }
  }

  private static func list(
    _ items: [(String?, Value)], _ open: String, _ close: String, _ indent: Int, to out: inout String
  ) {
    guard !items.isEmpty else {
      out += open + close
      return
    }
    out += open
    for (index, item) in items.enumerated() {
      out += (index > 0 ? ",\n" : "\n") + String(repeating: " ", count: indent + 1)
      if let key = item.0 {
        quote(key, to: &out)
        out += ": "
      }
      write(item.1, indent: indent + 1, to: &out)
    }
    out += "\n" + String(repeating: " ", count: indent) + close
  }

  /// RFC 8259 string. `<`, `>`, `&` and U+2028/2029 are escaped too: somebody will paste it into a page.
  private static func quote(_ text: String, to out: inout String) {
    out += "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": out += "\\\""
      case "\\": out += "\\\\"
      case "<", ">", "&", "\u{2028}", "\u{2029}", "\u{0}"..."\u{1f}", "\u{7f}":
        let hex = String(scalar.value, radix: 16)
        out += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
      default: out.unicodeScalars.append(scalar)
      }
    }
    out += "\""
  }
}
