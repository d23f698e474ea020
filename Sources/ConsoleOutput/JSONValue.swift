/// A JSON value to be written, with its members in the order given (RFC 8259).
public indirect enum JSONValue: Sendable, Equatable {
  /// `null`.
  case null
  /// `true` or `false`.
  case bool(Bool)
  /// A whole number.
  case int(Int64)
  /// A number; not finite ones are written as `null`, since JSON has none.
  case double(Double)
  /// A string.
  case string(String)
  /// An array.
  case array([JSONValue])
  /// An object; keys in this order.
  case object([(String, JSONValue)])
  /// An array whose elements are made as they are written: there may be millions.
  case elements(Int, @Sendable (Int) -> JSONValue)
  /// An object whose members are made as they are written.
  case members(Int, @Sendable (Int) -> (String, JSONValue))
  /// JSON text that was made elsewhere and is known to be valid.
  case verbatim(String)

  /// Equal when they are written alike.
  public static func == (a: JSONValue, b: JSONValue) -> Bool { a.text() == b.text() }

  /// The value as one line. `reserving` is about how many bytes it will have: a text of many megabytes that grows is copied again
  /// and again, and held twice meanwhile.
  public func text(reserving bytes: Int = 0) -> String {
    var out = Output()
    if bytes > 0 { out.text.reserveCapacity(bytes) }
    write(into: &out, indent: nil)
    return out.text
  }

  /// The value with line breaks and two blanks of indentation.
  public func prettyText() -> String {
    var out = Output()
    write(into: &out, indent: 0)
    return out.text
  }

  /// The same in pieces of some 64 KiB, so that a document of any size takes no more memory than that.
  public func prettyText(_ piece: @escaping (String) -> Void) {
    var out = Output(piece: piece)
    write(into: &out, indent: 0)
    piece(out.text)
  }

  /// Text so far, or what of it was not handed on yet.
  private struct Output {
    var text = ""
    var piece: ((String) -> Void)?

    mutating func handOn() {
      guard let piece, text.utf8.count > 1 << 16 else { return }
      piece(text)
      text.removeAll(keepingCapacity: true)
    }
  }

  private func write(into out: inout Output, indent: Int?) {
    switch self {
    case .null: out.text += "null"
    case .bool(let value): out.text += value ? "true" : "false"
    case .int(let value): out.text += String(value)
    case .double(let value): out.text += Self.number(value)
    case .string(let value): Self.quote(value, into: &out.text)
    case .verbatim(let text): out.text += text
    case .array(let values):
      Self.list(values.count, "[", "]", into: &out, indent) { values[$0].write(into: &$1, indent: $2) }
    case .elements(let count, let element):
      Self.list(count, "[", "]", into: &out, indent) { element($0).write(into: &$1, indent: $2) }
    case .object(let members):
      Self.list(members.count, "{", "}", into: &out, indent) { index, out, indent in
        Self.member(members[index], into: &out, indent)
      }
    case .members(let count, let member):
      Self.list(count, "{", "}", into: &out, indent) { Self.member(member($0), into: &$1, $2) }
    }
  }

  private static func member(_ member: (String, JSONValue), into out: inout Output, _ indent: Int?) {
    quote(member.0, into: &out.text)
    out.text += indent == nil ? ":" : ": "
    member.1.write(into: &out, indent: indent)
  }

  private static func list(
    _ count: Int, _ open: String, _ close: String, into out: inout Output, _ indent: Int?,
    _ element: (Int, inout Output, Int?) -> Void
  ) {
    out.text += open
    let inner = indent.map { $0 + 2 }
    for index in 0..<count {
      if index > 0 { out.text += "," }
      if let inner { out.text += line(inner) }
      element(index, &out, inner)
      out.handOn()
    }
    if let indent, count > 0 { out.text += line(indent) }
    out.text += close
  }

  /// A line break and blanks.
  private static func line(_ indent: Int) -> String {
    indent < lines.count ? lines[indent] : "\n" + String(repeating: " ", count: indent)
  }
  private static let lines = (0..<32).map { "\n" + String(repeating: " ", count: $0) }

  private static func number(_ value: Double) -> String {
    guard value.isFinite else { return "null" }
    if value == value.rounded(), abs(value) < 1e15 { return String(Int64(value)) }
    return "\(value)"
  }

  /// Appends a string in quotes. Besides what RFC 8259 demands, DEL, C1 and U+2028/9 are escaped, so that JSON on a
  /// terminal or inside a page stays inert.
  public static func quote(_ text: String, into out: inout String) {
    out += "\""
    // Most texts have nothing to escape.
    if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7f && $0 != 0x22 && $0 != 0x5c }) {
      out += text
      out += "\""
      return
    }
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": out += "\\\""
      case "\\": out += "\\\\"
      case "\n": out += "\\n"
      case "\r": out += "\\r"
      case "\t": out += "\\t"
      default:
        let value = scalar.value
        if value < 0x20 || (0x7f...0x9f).contains(value) || (0x2028...0x202e).contains(value)
          || (0x2066...0x2069).contains(value)
        {
          let hex = String(value, radix: 16)
          out += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
        } else {
          out.unicodeScalars.append(scalar)
        }
      }
    }
    out += "\""
  }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral {
  /// A string.
  public init(stringLiteral value: String) { self = .string(value) }
  /// A whole number.
  public init(integerLiteral value: Int64) { self = .int(value) }
  /// A truth value.
  public init(booleanLiteral value: Bool) { self = .bool(value) }
}
