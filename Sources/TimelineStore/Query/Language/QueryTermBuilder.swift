internal import IncidentModel

/// Types one condition: which names there are, which operators go with them, which values fit.
struct QueryTermBuilder {
  let lexer: QueryLexer
  let name: String
  let nameRange: Range<Int>
  let comparison: QueryLexer.Operator
  let comparisonRange: Range<Int>
  let value: QueryLexer.Value

  /// Names that mean the same everywhere, in the order of the manual. `attr.x` and `field.x` come beside them.
  static let reservedNames = [
    "device", "severity", "source", "program", "template", "text", "since", "until", "basis", "quality", "id",
    "tag",
    "trace", "secret", "identity",
  ]

  func predicate() throws(QueryError) -> QueryPredicate {
    let lowered = name.lowercased()
    switch lowered {
    case "device": return .device(try pattern())
    case "source": return .source(try pattern())
    case "program": return .program(try pattern())
    case "template": return .template(try pattern())
    case "tag": return .tag(try pattern())
    case "identity": return .identity(try pattern())
    case "secret": return .secret(try pattern())
    case "text": return .text(comparison == .equal ? .whole : .contains, try pattern())
    case "severity": return try severity()
    case "basis": return .basis(order, try choice(IdentityBasis.allCases.map { ($0.name, $0) }))
    case "quality":
      try requireEquality()
      return .quality(try choice(TimeQuality.allCases.map { ($0.name, $0) }))
    case "id":
      guard let number = Int64(value.text) else {
        throw error(
          .value, "an event's id is a whole number", hint: "ids are printed by query and trace", value.range)
      }
      return .id(order, number)
    case "since": return .time(.since, try time())
    case "until": return .time(.until, try time())
    case "trace": return try trace(number: nil)
    case _ where lowered.hasPrefix("trace@"):
      guard let number = Int(lowered.dropFirst(6)), number > 0 else {
        throw error(.value, "a trace's number is 1 or more", hint: "for example trace@3:affected", nameRange)
      }
      return try trace(number: number)
    default: break
    }
    if let column = after("attr.") { return .attribute(column, try test()) }
    if let field = after("field.") { return .field(field, try test()) }
    return .named(name, try test())
  }

  private func after(_ prefix: String) -> String? {
    guard name.count > prefix.count, name.hasPrefix(prefix) else { return nil }
    return String(name.dropFirst(prefix.count))
  }

  /// The operator as an order; `!=` is equality here, the parser negates.
  private var order: QueryComparison {
    switch comparison {
    case .colon, .equal, .notEqual: .equal
    case .less: .less
    case .lessOrEqual: .lessOrEqual
    case .greater: .greater
    case .greaterOrEqual: .greaterOrEqual
    }
  }

  private func requireEquality() throws(QueryError) {
    guard order == .equal else {
      throw error(
        .comparison, "'\(name)' has no order, so '\(comparison.rawValue)' says nothing",
        hint: "write \(name): or \(name)!=", comparisonRange)
    }
  }

  private func pattern() throws(QueryError) -> GlobPattern {
    try requireEquality()
    return value.pattern
  }

  private func test() throws(QueryError) -> QueryPredicate.ValueTest {
    if order == .equal { return .matches(value.pattern) }
    guard let literal = value.pattern.literal else {
      throw error(
        .comparison, "'\(comparison.rawValue)' needs one value, not a pattern",
        hint: "wildcards go with ':' and '!='",
        value.range)
    }
    return .compared(order, literal)
  }

  private func severity() throws(QueryError) -> QueryPredicate {
    if value.text == "none" {
      try requireEquality()
      return .severity(.equal, nil)
    }
    if let digit = UInt8(value.text), let severity = Severity(rawValue: digit) {
      return .severity(order, severity)
    }
    guard let severity = Severity(name: value.text) else {
      throw error(
        .value, "there is no severity '\(value.text)'",
        hint: "worst first: " + Severity.allCases.map(\.name).joined(separator: " ") + " (0 to 7), or none",
        value.range)
    }
    return .severity(order, severity)
  }

  private func choice<Choice>(_ choices: [(String, Choice)]) throws(QueryError) -> Choice {
    let wanted = String(value.text.lowercased().map { $0 == "-" ? "_" : $0 })
    if let found = choices.first(where: { $0.0 == wanted }) { return found.1 }
    throw error(
      .value, "there is no \(name) '\(value.text)'",
      hint: "one of: " + choices.map(\.0).joined(separator: " "),
      value.range)
  }

  private func trace(number: Int?) throws(QueryError) -> QueryPredicate {
    try requireEquality()
    guard let role = value.pattern.literal, !role.isEmpty else {
      throw error(
        .value, "a role in a trace has no wildcards", hint: "for example trace:affected", value.range)
    }
    return .trace(number: number, role: role.lowercased())
  }

  private func time() throws(QueryError) -> QueryTime {
    if order != .equal || comparison == .notEqual {
      throw error(
        .comparison, "'\(name)\(comparison.rawValue)' says nothing", hint: "write \(name):", comparisonRange)
    }
    switch QueryTimeParser.parse(value.text) {
    case .success(.afterSince) where name.lowercased() == "since":
      throw error(
        .reference, "since: cannot come after itself",
        hint: "since:-2h is two hours before the newest evidence",
        value.range)
    case .success(let time): return time
    case .failure(let problem): throw error(.value, problem.message, hint: problem.hint, value.range)
    }
  }

  private func error(_ code: QueryError.Code, _ message: String, hint: String?, _ range: Range<Int>)
    -> QueryError
  {
    lexer.error(code, message, hint: hint, range)
  }
}
