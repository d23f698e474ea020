/// Reads an expression's bytes: names, operators, values. What a byte means depends on what comes before it (a time
/// has colons), so the parser asks for the kind of token it expects.
struct QueryLexer {
  let expression: String
  private let bytes: [UInt8]
  /// Offset of the next byte.
  private(set) var position = 0

  /// A value as written.
  struct Value {
    var pattern: GlobPattern
    /// True when written in quotes: then wildcards stand for themselves.
    var isQuoted: Bool
    var range: Range<Int>
    /// The characters, wildcards as written.
    var text: String
  }

  /// An operator between a name and its value.
  enum Operator: String {
    case colon = ":"
    case equal = "="
    case notEqual = "!="
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
  }

  init(_ expression: String) {
    self.expression = expression
    bytes = Array(expression.utf8)
  }

  var isAtEnd: Bool { position >= bytes.count }
  var next: UInt8? { position < bytes.count ? bytes[position] : nil }
  var count: Int { bytes.count }

  mutating func skipSpaces() {
    while let byte = next, byte.isSpace { position += 1 }
  }

  mutating func rewind(to offset: Int) { position = offset }

  /// Takes one byte if it is the next.
  mutating func take(_ byte: Character) -> Bool {
    guard next == byte.asciiValue else { return false }
    position += 1
    return true
  }

  /// A name (letters, digits, `_ . - @ $` and everything beyond ASCII; `attr."two words"` quotes its parts), or nil.
  mutating func name() throws(QueryError) -> [String]? {
    guard let first = next, first.startsName else { return nil }
    let start = position
    var parts: [String] = []
    var part: [UInt8] = []
    while let byte = next {
      if byte == UInt8(ascii: "."), position + 1 < bytes.count, bytes[position + 1] == UInt8(ascii: "\"") {
        parts.append(String(decoding: part, as: UTF8.self))
        position += 1
        let value = try quoted(UInt8(ascii: "\""), start: start)
        parts.append(value)
        part = []
        if next.map({ $0 == UInt8(ascii: ".") }) == true { position += 1 } else { return parts }
      } else if byte.continuesName {
        part.append(byte)
        position += 1
      } else {
        break
      }
    }
    parts.append(String(decoding: part, as: UTF8.self))
    return parts
  }

  /// The operator that stands here, or nil.
  mutating func comparison() throws(QueryError) -> (Operator, Range<Int>)? {
    let start = position
    var text: [UInt8] = []
    while let byte = next, text.count < 3,
      "=!<>~".utf8.contains(byte) || (text.isEmpty && byte == UInt8(ascii: ":"))
    {
      text.append(byte)
      position += 1
    }
    guard !text.isEmpty else { return nil }
    let written = String(decoding: text, as: UTF8.self)
    if let known = Operator(rawValue: written) { return (known, start..<position) }
    let range = start..<position
    let hint: String =
      switch written {
      case "==": "write ':' or '='"
      case "<>", "=!": "write '!='"
      case "=>": "write '>='"
      case "=<": "write '<='"
      case "=~", "~", "!~", "~=", ":~": "there are no regular expressions; use * and ?"
      case _ where written.hasPrefix(":"):
        "write '\(written.dropFirst())' without the colon, or quote the value"
      default: "the operators are : = != < <= > >="
      }
    throw error(.syntax, "there is no operator '\(written)'", hint: hint, range)
  }

  /// The value that stands here, quoted or not.
  mutating func value() throws(QueryError) -> Value? {
    let start = position
    guard let first = next else { return nil }
    if first == UInt8(ascii: "\"") || first == UInt8(ascii: "'") {
      let text = try quoted(first, start: start)
      if let after = next, !after.isSpace, !after.isParenthesis {
        throw error(
          .syntax, "there is something right after the closing quote",
          hint: "put a space after the quote, or everything inside the quotes", position..<position + 1)
      }
      return Value(pattern: GlobPattern(literal: text), isQuoted: true, range: start..<position, text: text)
    }
    var pieces: [GlobPattern.Piece] = []
    var literal: [UInt8] = []
    func flushed() -> [GlobPattern.Piece] { pieces + [.literal(String(decoding: literal, as: UTF8.self))] }
    while let byte = next, !byte.isSpace, !byte.isParenthesis {
      switch byte {
      case UInt8(ascii: "\\"):
        guard position + 1 < bytes.count else {
          throw error(
            .syntax, "nothing follows the backslash", hint: "write \\\\ for a backslash",
            position..<bytes.count)
        }
        // A scalar's further bytes follow as ordinary ones.
        literal.append(bytes[position + 1])
        position += 2
      case UInt8(ascii: "*"), UInt8(ascii: "?"):
        pieces = flushed() + [byte == UInt8(ascii: "*") ? .anyRun : .anyOne]
        literal = []
        position += 1
      case UInt8(ascii: "\""):
        throw error(
          .syntax, "a quote stands inside a word", hint: "put the whole value in quotes, or write \\\"",
          position..<position + 1)
      default:
        literal.append(byte)
        position += 1
      }
    }
    guard position > start else { return nil }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if let mark = text.unicodeScalars.first, "“”„‘’«".unicodeScalars.contains(mark) {
      throw error(
        .syntax, "these are typographic quotes", hint: "write \" or '",
        start..<start + String(mark).utf8.count)
    }
    return Value(
      pattern: GlobPattern(pieces: flushed()), isQuoted: false, range: start..<position, text: text)
  }

  private mutating func quoted(_ quote: UInt8, start: Int) throws(QueryError) -> String {
    let open = position
    position += 1
    var text: [UInt8] = []
    while let byte = next {
      position += 1
      if byte == quote { return String(decoding: text, as: UTF8.self) }
      guard byte == UInt8(ascii: "\\") else {
        text.append(byte)
        continue
      }
      guard let escaped = next else { break }
      position += 1
      switch escaped {
      case UInt8(ascii: "n"): text.append(0x0a)
      case UInt8(ascii: "t"): text.append(0x09)
      case UInt8(ascii: "r"): text.append(0x0d)
      case UInt8(ascii: "\\"), UInt8(ascii: "\""), UInt8(ascii: "'"): text.append(escaped)
      default:
        throw error(
          .syntax, "this escape is not known", hint: "in quotes: \\\\ \\\" \\' \\n \\r \\t",
          position - 2..<position)
      }
    }
    throw error(.syntax, "this quote is not closed", hint: "add the closing quote", open..<open + 1)
  }

  func error(_ code: QueryError.Code, _ message: String, hint: String? = nil, _ range: Range<Int>)
    -> QueryError
  {
    QueryError(code: code, message: message, hint: hint, expression: expression, range: range)
  }
}

extension UInt8 {
  fileprivate var isSpace: Bool { self == 0x20 || (self >= 0x09 && self <= 0x0d) }
  fileprivate var isParenthesis: Bool { self == UInt8(ascii: "(") || self == UInt8(ascii: ")") }
  fileprivate var startsName: Bool {
    (asciiLowercased >= UInt8(ascii: "a") && asciiLowercased <= UInt8(ascii: "z"))
      || self == UInt8(ascii: "_")
      || self >= 0x80
  }
  fileprivate var continuesName: Bool {
    startsName || (self >= UInt8(ascii: "0") && self <= UInt8(ascii: "9"))
      || "-.@$/".utf8.contains(self)
  }
}
