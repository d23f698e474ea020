/// Reads conditions by recursive descent: OR binds weakest, then AND, then NOT.
struct ConditionParser {
  private enum Token: Equatable {
    case variable(String), text(String), number(String), word(String), symbol(String), end
  }
  private let bytes: [UInt8]
  private var position = 0
  private var token = Token.end
  private var tokenStart = 0
  private var depth = 0

  init(_ text: String) { bytes = Array(text.utf8) }

  mutating func condition() throws(Condition.SyntaxError) -> Condition {
    try advance()
    let result = try disjunction()
    guard token == .end else { throw fault("expected AND, OR or the end") }
    return result
  }

  private func fault(_ reason: String) -> Condition.SyntaxError { .init(offset: tokenStart, reason: reason) }

  private mutating func disjunction() throws(Condition.SyntaxError) -> Condition {
    var left = try conjunction()
    while token == .word("OR") {
      try advance()
      left = .or(left, try conjunction())
    }
    return left
  }

  private mutating func conjunction() throws(Condition.SyntaxError) -> Condition {
    var left = try negation()
    while token == .word("AND") {
      try advance()
      left = .and(left, try negation())
    }
    return left
  }

  private mutating func negation() throws(Condition.SyntaxError) -> Condition {
    depth += 1
    defer { depth -= 1 }
    guard depth < 100 else { throw fault("nested too deep") }
    if token == .word("NOT") {
      try advance()
      return .not(try negation())
    }
    if token == .symbol("(") {
      try advance()
      let inner = try disjunction()
      guard token == .symbol(")") else { throw fault("expected ')'") }
      try advance()
      return inner
    }
    if token == .word("EXISTS") {
      try advance()
      guard case .variable(let name) = token else { throw fault("a variable must follow EXISTS") }
      try advance()
      return .exists(variable: name)
    }
    return try comparison()
  }

  private mutating func comparison() throws(Condition.SyntaxError) -> Condition {
    guard case .variable(let name) = token else {
      throw fault("expected a variable as '__name__:value'")
    }
    try advance()
    var negated = false
    if token == .word("NOT") {
      negated = true
      try advance()
    }
    if token == .word("IN") {
      try advance()
      return .oneOf(variable: name, literals: try literals(), negated: negated)
    }
    if case .word(let word) = token {
      let known = ["LIKE", "MATCHES", "ISSUBSET", "ISSUPERSET"].contains(word)
      throw fault(known ? "the operator \(word) is not supported" : "'\(word)' is no operator")
    }
    guard case .symbol(let symbol) = token else { throw fault("expected an operator such as = or >") }
    let spelled = ["==": "=", "<>": "!="][symbol] ?? symbol
    guard let comparison = Condition.Comparison(rawValue: spelled) else {
      throw fault("'\(symbol)' is no operator")
    }
    try advance()
    let operand = try operand()
    let result = Condition.comparison(variable: name, comparison: comparison, operand: operand)
    return negated ? .not(result) : result
  }

  private mutating func literals() throws(Condition.SyntaxError) -> [Condition.Operand] {
    guard token == .symbol("(") else { throw fault("'(' must follow IN") }
    try advance()
    var list = [try operand()]
    while token == .symbol(",") {
      try advance()
      list.append(try operand())
    }
    guard token == .symbol(")") else { throw fault("expected ',' or ')'") }
    try advance()
    return list
  }

  private mutating func operand() throws(Condition.SyntaxError) -> Condition.Operand {
    let operand: Condition.Operand
    switch token {
    case .text(let text): operand = .text(text)
    case .number(let number): operand = .number(number)
    case .variable(let name): operand = .variable(name)
    case .word("TRUE"): operand = .flag(true)
    case .word("FALSE"): operand = .flag(false)
    case .end: throw fault("the condition ends where a value should be")
    default: throw fault("expected a value: 'text', a number, true or false")
    }
    try advance()
    return operand
  }

  private mutating func advance() throws(Condition.SyntaxError) {
    while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
    tokenStart = position
    guard position < bytes.count else {
      token = .end
      return
    }
    let byte = bytes[position]
    switch byte {
    case UInt8(ascii: "'"): token = .text(try quoted())
    case UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: ","):
      position += 1
      token = .symbol(String(Character(Unicode.Scalar(byte))))
    case UInt8(ascii: "="), UInt8(ascii: "!"), UInt8(ascii: "<"), UInt8(ascii: ">"):
      var symbol = [byte]
      position += 1
      while position < bytes.count, symbol.count < 2, [0x3D, 0x3E].contains(bytes[position]) {
        symbol.append(bytes[position])
        position += 1
      }
      token = .symbol(String(decoding: symbol, as: UTF8.self))
    case 0x30...0x39, UInt8(ascii: "-"), UInt8(ascii: "+"): token = .number(try number())
    default: token = try word()
    }
  }

  private mutating func quoted() throws(Condition.SyntaxError) -> String {
    position += 1
    var text: [UInt8] = []
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      if byte == UInt8(ascii: "'") { return String(decoding: text, as: UTF8.self) }
      if byte == UInt8(ascii: "\\") {
        guard position < bytes.count,
          bytes[position] == UInt8(ascii: "'") || bytes[position] == UInt8(ascii: "\\")
        else { throw fault("only \\' and \\\\ are escapes") }
        text.append(bytes[position])
        position += 1
      } else {
        text.append(byte)
      }
    }
    throw fault("the text in quotes has no end")
  }

  private mutating func number() throws(Condition.SyntaxError) -> String {
    let start = position
    position += 1
    while position < bytes.count, (0x30...0x39).contains(bytes[position]) || bytes[position] == 0x2E {
      position += 1
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    let followed = position < bytes.count && Self.isWordByte(bytes[position])
    guard Double(text) != nil, !text.hasSuffix("."), !followed else { throw fault("'\(text)' is no number") }
    return text
  }

  private mutating func word() throws(Condition.SyntaxError) -> Token {
    let start = position
    while position < bytes.count, Self.isWordByte(bytes[position]) { position += 1 }
    guard position > start else {
      throw fault("'\(Character(Unicode.Scalar(bytes[position])))' does not belong into a condition")
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if text.hasPrefix("__") {
      guard text.hasSuffix(":value"), VariableName.isWellFormed(String(text.dropLast(6))) else {
        throw fault("'\(text)' is no use of a variable; write '__name__:value'")
      }
      return .variable(String(text.dropLast(6)))
    }
    if position < bytes.count, bytes[position] == UInt8(ascii: "'"), ["t", "h", "b"].contains(text) {
      throw fault("literals \(text)'…' are not supported")
    }
    let upper = text.uppercased()
    let keywords = [
      "AND", "OR", "NOT", "IN", "EXISTS", "TRUE", "FALSE", "LIKE", "MATCHES", "ISSUBSET", "ISSUPERSET",
    ]
    guard keywords.contains(upper) else {
      throw fault(
        "'\(text)' is neither a variable ('__name__:value') nor a value ('text' stands in single quotes)")
    }
    return .word(upper)
  }

  private static func isWordByte(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F, 0x2D, 0x3A, 0x24, 0x2E: true
    default: byte >= 0x80
    }
  }
}
