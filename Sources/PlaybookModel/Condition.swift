/// A condition of an if- or while-step: comparisons in the grammar of STIX 2.1 patterning with CACAO variables as
/// operands, joined by AND, OR, NOT and parentheses. Everything else is an error when the playbook is loaded.
public indirect enum Condition: Sendable, Hashable {
  /// A variable compared with a literal or with another variable.
  case comparison(variable: String, comparison: Comparison, operand: Operand)
  /// A variable's value is one of some literals.
  case oneOf(variable: String, literals: [Operand], negated: Bool)
  /// The variable has a value (is not null).
  case exists(variable: String)
  case not(Condition)
  case and(Condition, Condition)
  case or(Condition, Condition)

  /// How two values are compared.
  public enum Comparison: String, Sendable, Hashable {
    case equal = "="
    case notEqual = "!="
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
  }

  /// The right-hand side.
  public enum Operand: Sendable, Hashable {
    case text(String)
    case number(String)
    case flag(Bool)
    case variable(String)
  }

  /// Why a condition could not be read.
  public struct SyntaxError: Error, Hashable, CustomStringConvertible {
    /// Offset of the place in the text's UTF-8.
    public var offset: Int
    /// What is wrong.
    public var reason: String
    /// Reason and place.
    public var description: String { "\(reason) (at character \(offset + 1))" }
  }

  /// Why a condition has no answer. It is never taken for "false".
  public struct EvaluationError: Error, Hashable, CustomStringConvertible {
    /// What is wrong, in one sentence.
    public var description: String
  }

  /// Reads a condition.
  public init(parsing text: String) throws(SyntaxError) {
    var parser = ConditionParser(text)
    self = try parser.condition()
  }

  /// Names of the variables it uses.
  public var variables: Set<String> {
    switch self {
    case .comparison(let name, _, .variable(let other)): [name, other]
    case .comparison(let name, _, _), .oneOf(let name, _, _), .exists(let name): [name]
    case .not(let inner): inner.variables
    case .and(let a, let b), .or(let a, let b): a.variables.union(b.variables)
    }
  }

  /// The answer for given values. `value` returns nil for null. Both sides of AND and OR are evaluated, so that an
  /// operand without an answer is never hidden.
  public func evaluate(_ value: (String) -> String?) throws(EvaluationError) -> Bool {
    switch self {
    case .comparison(let name, let comparison, let operand):
      guard let left = value(name) else { throw EvaluationError(description: "\(name) has no value") }
      return try Self.compare(name, left, comparison, operand, value)
    case .oneOf(let name, let literals, let negated):
      guard let left = value(name) else { throw EvaluationError(description: "\(name) has no value") }
      var found = false
      for literal in literals where try Self.compare(name, left, .equal, literal, value) { found = true }
      return found != negated
    case .exists(let name): return value(name) != nil
    case .not(let inner): return !(try inner.evaluate(value))
    case .and(let a, let b):
      let (left, right) = (try a.evaluate(value), try b.evaluate(value))
      return left && right
    case .or(let a, let b):
      let (left, right) = (try a.evaluate(value), try b.evaluate(value))
      return left || right
    }
  }

  private static func compare(
    _ name: String, _ left: String, _ comparison: Comparison, _ operand: Operand, _ value: (String) -> String?
  ) throws(EvaluationError) -> Bool {
    switch operand {
    case .text(let right): return ordered(left.utf8, right.utf8, comparison)
    case .flag(let right):
      guard left == "true" || left == "false" else {
        throw EvaluationError(description: "\(name) is neither true nor false")
      }
      guard comparison == .equal || comparison == .notEqual else {
        throw EvaluationError(description: "true and false have no order")
      }
      return ((left == "true") == right) == (comparison == .equal)
    case .number(let right): return try compareNumbers(name, left, comparison, right)
    case .variable(let other):
      guard let right = value(other) else { throw EvaluationError(description: "\(other) has no value") }
      if Double(left) != nil, Double(right) != nil {
        return try compareNumbers(name, left, comparison, right)
      }
      return ordered(left.utf8, right.utf8, comparison)
    }
  }

  private static func compareNumbers(
    _ name: String, _ left: String, _ comparison: Comparison, _ right: String
  ) throws(EvaluationError) -> Bool {
    if let a = Int64(left), let b = Int64(right) { return ordered(a, b, comparison) }
    guard let a = Double(left), let b = Double(right), a.isFinite, b.isFinite else {
      throw EvaluationError(description: "\(name) is not a number")
    }
    return ordered(a, b, comparison)
  }

  private static func ordered<T: Comparable>(_ a: T, _ b: T, _ comparison: Comparison) -> Bool {
    switch comparison {
    case .equal: a == b
    case .notEqual: a != b
    case .less: a < b
    case .lessOrEqual: a <= b
    case .greater: a > b
    case .greaterOrEqual: a >= b
    }
  }

  /// Texts are compared byte by byte, as STIX compares strings by code points.
  private static func ordered(_ a: String.UTF8View, _ b: String.UTF8View, _ comparison: Comparison) -> Bool {
    let equal = a.elementsEqual(b)
    let less = a.lexicographicallyPrecedes(b)
    return switch comparison {
    case .equal: equal
    case .notEqual: !equal
    case .less: less
    case .lessOrEqual: less || equal
    case .greater: !less && !equal
    case .greaterOrEqual: !less
    }
  }
}
