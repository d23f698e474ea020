public import IncidentModel

/// A query as a tree. The parser makes it, `resolved(in:)` ties its times down, a dialect compiles it.
public indirect enum QueryExpression: Hashable, Sendable {
  /// Every event.
  case everything
  /// One condition.
  case term(QueryTerm)
  /// Events that the inner expression does not match; also those that lack what it asks for.
  case not(QueryExpression)
  /// Events that all match. Two or more.
  case and([QueryExpression])
  /// Events that at least one matches. Two or more.
  case or([QueryExpression])
}

/// One condition and its place in the expression.
public struct QueryTerm: Hashable, Sendable {
  /// What is asked.
  public var predicate: QueryPredicate
  /// UTF-8 offsets of the term in the expression; empty for terms that were not parsed.
  public var range: Range<Int>

  /// A term from its parts.
  public init(_ predicate: QueryPredicate, range: Range<Int> = 0..<0) {
    self.predicate = predicate
    self.range = range
  }

  /// Terms that ask the same are equal, wherever they stand.
  public static func == (a: QueryTerm, b: QueryTerm) -> Bool { a.predicate == b.predicate }
  /// Agrees with `==`.
  public func hash(into hasher: inout Hasher) { hasher.combine(predicate) }
}

/// The conditions there are. `!=` is not among them: it is `.not` of equality, so that an event without the value
/// matches too.
public enum QueryPredicate: Hashable, Sendable {
  /// The device's name. Case counts.
  case device(GlobPattern)
  /// The source's path with its members, its last component, or its SHA-256 (from 8 digits on).
  case source(GlobPattern)
  /// Program, logger or component. Case counts.
  case program(GlobPattern)
  /// The template's text, anywhere in it, ASCII letters in either case; or its id in hex.
  case template(GlobPattern)
  /// The message as shown. `.contains`: anywhere in it; ASCII letters in either case.
  case text(TextPlace, GlobPattern)
  /// The severity; `.greater` is worse. nil: the event has none.
  case severity(QueryComparison, Severity?)
  /// Who vouches for the device; `.greater` is stronger.
  case basis(QueryComparison, IdentityBasis)
  /// How the time came about.
  case quality(TimeQuality)
  /// The event's row id.
  case id(QueryComparison, Int64)
  /// A bound on the time. Events without a usable time match no bound.
  case time(TimeBound, QueryTime)
  /// A tag that an analyst gave to the event.
  case tag(GlobPattern)
  /// The device goes by this name, or by one that was joined with it (`firebreak devices --aliases`).
  case identity(GlobPattern)
  /// The event's template holds secrets of this kind: `password`, `token`…
  case secret(GlobPattern)
  /// The device has this role in a trace; nil is the latest trace.
  case trace(number: Int?, role: String)
  /// An inventory column.
  case attribute(String, ValueTest)
  /// A field of the event.
  case field(String, ValueTest)
  /// An inventory column of this name, else a field.
  case named(String, ValueTest)

  /// Where a text is looked for.
  public enum TextPlace: Hashable, Sendable {
    /// Anywhere in the message.
    case contains
    /// It is the whole message.
    case whole
  }

  /// Which end of the time span is bounded.
  public enum TimeBound: String, Hashable, Sendable {
    /// At this instant or later.
    case since
    /// Before this instant.
    case until
  }

  /// A test on a value that is text or number.
  public enum ValueTest: Hashable, Sendable {
    /// Equals or fits. Two numbers are compared as numbers: `60` is `60.0`.
    case matches(GlobPattern)
    /// In order. Numbers by value; else runs of digits in texts by value (`2.4.10` comes after `2.4.9`).
    case compared(QueryComparison, String)
  }
}

/// How two values are compared.
public enum QueryComparison: String, Hashable, Sendable, CaseIterable {
  case equal = ":"
  case less = "<"
  case lessOrEqual = "<="
  case greater = ">"
  case greaterOrEqual = ">="
}

/// A point in time as a query gives it.
public enum QueryTime: Hashable, Sendable {
  /// An instant.
  case instant(Instant)
  /// Nanoseconds after the `since:` beside it.
  case afterSince(nanoseconds: Int64)
  /// Nanoseconds before the newest evidence of the case.
  case beforeNewest(nanoseconds: Int64)
  /// Nanoseconds after midnight (UTC) of the day that the evidence is of.
  case timeOfDay(nanoseconds: Int64)
}

extension QueryExpression {
  /// The tree of an expression; the empty expression is `.everything`.
  public init(parsing expression: String) throws(QueryError) {
    var parser = QueryParser(expression)
    self = try parser.parse()
  }

  /// All terms, left to right.
  public var terms: [QueryTerm] {
    switch self {
    case .everything: []
    case .term(let term): [term]
    case .not(let inner): inner.terms
    case .and(let parts), .or(let parts): parts.flatMap(\.terms)
    }
  }

  /// The conjunction, flattened.
  static func all(_ parts: [QueryExpression]) -> QueryExpression {
    let flat = parts.flatMap { part -> [QueryExpression] in
      switch part {
      case .everything: []
      case .and(let inner): inner
      default: [part]
      }
    }
    return flat.isEmpty ? .everything : flat.count == 1 ? flat[0] : .and(flat)
  }

  /// The disjunction, flattened.
  static func any(_ parts: [QueryExpression]) -> QueryExpression {
    let flat = parts.flatMap { if case .or(let inner) = $0 { inner } else { [$0] } }
    if flat.contains(.everything) { return .everything }
    return flat.count == 1 ? flat[0] : .or(flat)
  }
}
