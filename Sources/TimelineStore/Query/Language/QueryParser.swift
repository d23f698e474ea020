internal import IncidentModel

/// Turns an expression into a tree: `OR` binds loosest, then `AND` (or nothing), then `NOT`.
struct QueryParser {
  /// Bytes an expression may have.
  static let maximumLength = 65_536
  /// Conditions an expression may have; SQLite takes expressions 1,000 deep.
  static let maximumTerms = 800
  /// How deep parentheses and NOT may nest.
  static let maximumDepth = 100

  private var lexer: QueryLexer
  private var depth = 0
  private var terms = 0

  init(_ expression: String) { lexer = QueryLexer(expression) }

  mutating func parse() throws(QueryError) -> QueryExpression {
    guard lexer.count <= Self.maximumLength else {
      throw lexer.error(.limit, "the expression is longer than \(Self.maximumLength) bytes", 0..<0)
    }
    lexer.skipSpaces()
    if lexer.isAtEnd { return .everything }
    let tree = try alternatives()
    lexer.skipSpaces()
    if !lexer.isAtEnd {
      throw lexer.error(
        .syntax, "this closing parenthesis has no opening one", hint: "remove it, or quote it: \")\"",
        lexer.position..<lexer.position + 1)
    }
    return tree
  }

  private mutating func alternatives() throws(QueryError) -> QueryExpression {
    var parts = [try conjunction()]
    while keyword("OR") { parts.append(try conjunction()) }
    return .any(parts)
  }

  private mutating func conjunction() throws(QueryError) -> QueryExpression {
    var parts = [try negation()]
    while true {
      if keyword("AND") {
        parts.append(try negation())
        continue
      }
      lexer.skipSpaces()
      if lexer.isAtEnd || lexer.next == UInt8(ascii: ")") || peeks("OR") { return .all(parts) }
      parts.append(try negation())
    }
  }

  private mutating func negation() throws(QueryError) -> QueryExpression {
    depth += 1
    defer { depth -= 1 }
    lexer.skipSpaces()
    guard depth <= Self.maximumDepth else {
      throw lexer.error(
        .limit, "the expression nests deeper than \(Self.maximumDepth) levels",
        lexer.position..<lexer.position)
    }
    if keyword("NOT") { return .not(try negation()) }
    return try primary()
  }

  private mutating func primary() throws(QueryError) -> QueryExpression {
    lexer.skipSpaces()
    let start = lexer.position
    guard let first = lexer.next else {
      throw lexer.error(
        .syntax, "the expression ends where a condition is expected", hint: "for example severity>=error",
        start..<start)
    }
    if lexer.take("(") {
      let tree = try alternatives()
      lexer.skipSpaces()
      guard lexer.take(")") else {
        throw lexer.error(
          .syntax, "this parenthesis is not closed", hint: "add ')', or quote it: \"(\"", start..<start + 1)
      }
      return tree
    }
    if first == UInt8(ascii: ")") {
      throw lexer.error(
        .syntax, "a condition is expected here", hint: "for example severity>=error", start..<start + 1)
    }
    for word in ["AND", "OR"] where peeks(word) {
      throw lexer.error(
        .syntax, "\(word) has no condition before it", hint: "quote it to search for the word: \"\(word)\"",
        start..<start + word.utf8.count)
    }
    terms += 1
    guard terms <= Self.maximumTerms else {
      throw lexer.error(.limit, "the expression has more than \(Self.maximumTerms) conditions", start..<start)
    }
    if let name = try lexer.name() {
      let nameRange = start..<lexer.position
      lexer.skipSpaces()
      if let (comparison, range) = try lexer.comparison() {
        return try condition(name.joined(separator: "."), nameRange, comparison, range)
      }
      lexer.rewind(to: start)
    } else if let (written, range) = try lexer.comparison() {
      throw lexer.error(
        .syntax, "'\(written.rawValue)' has no name before it", hint: "for example severity>=error", range)
    }
    return try bareText()
  }

  /// A word or quoted text without a name: a search in the message.
  private mutating func bareText() throws(QueryError) -> QueryExpression {
    let start = lexer.position
    guard let value = try lexer.value() else {
      throw lexer.error(.syntax, "a condition is expected here", start..<start)
    }
    if !value.isQuoted {
      switch value.text {
      case "and", "or", "not":
        throw lexer.error(
          .syntax, "is '\(value.text)' an operator or a word to search for?",
          hint: "write \(value.text.uppercased()) for the operator, \"\(value.text)\" for the word",
          value.range)
      case "&&", "&":
        throw lexer.error(.syntax, "'\(value.text)' is no operator", hint: "write AND", value.range)
      case "||", "|":
        throw lexer.error(.syntax, "'\(value.text)' is no operator", hint: "write OR", value.range)
      default: break
      }
      if let first = value.text.unicodeScalars.first, "!-".unicodeScalars.contains(first),
        value.text.count > 1
      {
        throw lexer.error(
          .syntax, "'\(first)' does not negate", hint: "write NOT before the condition, or quote the text",
          value.range.lowerBound..<value.range.lowerBound + 1)
      }
    }
    return .term(QueryTerm(.text(.contains, value.pattern), range: value.range))
  }

  /// A name, an operator, and the value that follows.
  private mutating func condition(
    _ name: String, _ nameRange: Range<Int>, _ written: QueryLexer.Operator, _ writtenRange: Range<Int>
  ) throws(QueryError) -> QueryExpression {
    lexer.skipSpaces()
    let valueStart = lexer.position
    guard let value = try lexer.value() else {
      throw lexer.error(
        .syntax, "a value is missing after '\(name)\(written.rawValue)'",
        hint: "\(name)\(written.rawValue)\"\" is the empty value", valueStart..<valueStart)
    }
    if !value.isQuoted, let first = value.text.first, "=<>!".contains(first) {
      throw lexer.error(
        .syntax, "the value begins with an operator",
        hint: "write \(name)\(value.text), or quote the value", value.range)
    }
    try refuseLooseTime(after: value, of: name)
    let builder = QueryTermBuilder(
      lexer: lexer, name: name, nameRange: nameRange, comparison: written, comparisonRange: writtenRange,
      value: value)
    let term = QueryExpression.term(
      QueryTerm(try builder.predicate(), range: nameRange.lowerBound..<value.range.upperBound))
    return written == .notEqual ? .not(term) : term
  }

  /// `since:2026-04-07 09:00`: the time of day would be looked for in messages, and nothing found.
  private func refuseLooseTime(after date: QueryLexer.Value, of name: String) throws(QueryError) {
    guard ["since", "until"].contains(name.lowercased()), date.text.utf8.count == 10,
      case .success(.instant) = QueryTimeParser.parse(date.text)
    else { return }
    var ahead = lexer
    ahead.skipSpaces()
    guard let next = try? ahead.value(), !next.isQuoted,
      case .success(.timeOfDay) = QueryTimeParser.parse(next.text)
    else { return }
    throw lexer.error(
      .value, "a date and its time of day are one word",
      hint: "write \(name):\(date.text)T\(next.text), or text:\"\(next.text)\" to search for the text",
      date.range.lowerBound..<next.range.upperBound)
  }

  /// True when this word (and no name with an operator) comes next; it is not taken.
  private func peeks(_ word: String) -> Bool {
    var ahead = lexer
    ahead.skipSpaces()
    guard let name = try? ahead.name(), name == [word] else { return false }
    ahead.skipSpaces()
    guard let next = ahead.next else { return true }
    return !":=!<>".utf8.contains(next)
  }

  private mutating func keyword(_ word: String) -> Bool {
    guard peeks(word) else { return false }
    lexer.skipSpaces()
    lexer.rewind(to: lexer.position + word.utf8.count)
    return true
  }
}
