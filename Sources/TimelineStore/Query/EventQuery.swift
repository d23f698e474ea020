internal import IncidentModel

/// Order of the events that a query gives.
public enum EventOrder: Sendable, CaseIterable {
  /// By time, then evidence order; events without a time last.
  case oldestFirst
  /// The reverse.
  case newestFirst
}

/// A query made ready for one case. Made by `CaseReader.query`.
public struct EventQuery {
  let expression: QueryExpression
  let condition: SQLCondition
  /// The condition without its bounds of time, for who reads stretches that lie between them: SQLite would seek by the
  /// first bound that it meets, and read from there to the stretch each time.
  let untimed: SQLCondition
  let tests: QueryTests
  /// Whose clock bounds, order and counts go by.
  let clock: QueryClock
  /// A time bound that every match must keep, so that events without a time cannot match.
  let needsTime: Bool
}

extension CaseReader {
  /// Makes an expression ready: parses it, ties its times down, compiles it. Empty: every event. Throws `QueryError` for a
  /// bare name that nothing in the case has.
  /// - Parameters:
  ///   - clock: Whose clock `since:` and `until:`, the order of events and counts over time go by.
  ///   - wanted: As many events as will be asked for, which tells how a text is found best; nil: all. Any number is answered
  ///     in full.
  public func query(
    _ expression: String, clock: QueryClock = .original, wanted: Int? = nil
  ) throws -> EventQuery {
    // Where nothing is corrected, the two are one, and the indexes serve.
    let clock = clocks.isEmpty ? .original : clock
    let tree = try QueryExpression(parsing: expression)
      .resolved(newestEvidence: newestEvidence, oldestEvidence: oldestEvidence, expression: expression)
    let tests = QueryTests(functions)
    var catalog = catalog
    let namesTrace = tree.terms.contains { term in
      if case .trace = term.predicate { true } else { false }
    }
    if namesTrace { try catalog.loadTraces(connection) }
    let dialect = SQLiteDialect(
      catalog: catalog, tests: tests,
      search: usesSearchIndex
        ? TextSearch(connection, segments: catalog.segments, scanning: scanning(tree), wanted: wanted) : nil,
      expression: expression, clock: clock, reach: clocks.reach, hasBoots: clocks.hasBoots)
    try requireKnown(
      tree.terms.compactMap { term in
        if case .named(let name, _) = term.predicate { (name, term.range) } else { nil }
      }, reserved: QueryTermBuilder.reservedNames, expression: expression)
    let condition = try dialect.condition(tree)
    let hasBounds = tree.timeBounds.since != nil || tree.timeBounds.until != nil
    let untimed =
      clock == .original && hasBounds ? try dialect.condition(tree.withoutTimeBounds) : condition
    return EventQuery(
      expression: tree, condition: condition, untimed: untimed, tests: tests, clock: clock,
      needsTime: tree.needsTime)
  }

  /// Whether the pages of the whole case may be looked at for a text. Who has a limited time reads stretch by stretch and
  /// shows what was found.
  private func scanning(_ tree: QueryExpression) -> TextSearch.Scanning {
    guard textScanning == .whereCheaper else { return textScanning }
    let span = oldestEvidence.flatMap { oldest in
      newestEvidence.map { min(oldest, $0).nanoseconds...max(oldest, $0).nanoseconds }
    }
    return DeadlineScope.current != nil || tree.isNarrow(of: span) ? .never : .whereCheaper
  }

  /// Calls with each matching event, until it returns false.
  /// - Returns: The number of events given.
  @discardableResult
  public func forEachEvent(
    matching query: EventQuery, order: EventOrder = .oldestFirst, limit: Int? = nil,
    _ body: (TimelineEvent) throws -> Bool
  ) throws -> Int {
    if query.clock == .corrected {
      return try forEachCorrected(query, order: order, limit: limit, body)
    }
    var given = 0
    let passes: [TimePass] =
      query.needsTime ? [.timed] : order == .oldestFirst ? [.timed, .timeless] : [.timeless, .timed]
    for pass in passes {
      var merge = try SegmentMerge(
        catalog.segments.map { segment in
          let statement = try connection.prepare(
            EventStatement.events(segment: segment, query.condition, pass, order, limited: limit != nil))
          return statement.bound(
            query.condition.parameters + (limit.map { [.integer(Int64($0 - given))] } ?? []))
        }, order: order)
      while let row = try merge.next() {
        if let limit, given >= limit { return given }
        given += 1
        if try !body(try decoder.decode(row)) { return given }
      }
    }
    return given
  }

  /// The matching events, at most `limit`.
  public func events(
    matching expression: String, order: EventOrder = .oldestFirst, limit: Int? = nil
  ) throws -> [TimelineEvent] {
    var events: [TimelineEvent] = []
    try forEachEvent(matching: try query(expression), order: order, limit: limit) {
      events.append($0)
      return true
    }
    return events
  }

  /// Number of matching events.
  public func count(matching query: EventQuery) throws -> Int64 {
    if query.expression == .everything { return try eventCount() }
    var total: Int64 = 0
    for segment in catalog.segments {
      let statement = try connection.prepare(
        "SELECT count(*) FROM segment_\(segment) e WHERE \(query.condition.sql)")
      total += try statement.integer(query.condition.parameters) ?? 0
    }
    return total
  }
}

extension QueryExpression {
  /// True when an event without a time cannot match.
  var needsTime: Bool {
    switch self {
    case .everything, .not: false
    case .term(let term): if case .time = term.predicate { true } else { false }
    case .and(let parts): parts.contains(where: \.needsTime)
    case .or(let parts): parts.allSatisfy(\.needsTime)
    }
  }
}

/// Which events a statement gives: time order cannot hold those without a time.
enum TimePass {
  case timed, timeless
}

/// Statements over one segment; its index gives the order.
enum EventStatement {
  /// A segment as `e`.
  static func table(_ segment: Int64, by index: StretchIndex?) -> String {
    "segment_\(segment) e" + (index.map { " INDEXED BY segment_\(segment)_\($0.name)" } ?? "")
  }

  static func events(
    segment: Int64, _ condition: SQLCondition, _ pass: TimePass, _ order: EventOrder, limited: Bool,
    by index: StretchIndex? = nil
  ) -> String {
    let direction = order == .oldestFirst ? "" : " DESC"
    let when = pass == .timed ? "e.time IS NOT NULL" : "e.time IS NULL"
    let keys = pass == .timed ? "e.time\(direction), e.id\(direction)" : "e.id\(direction)"
    return
      "SELECT \(EventDecoder.columns) FROM \(table(segment, by: index)) WHERE \(when) AND "
      + "\(condition.sql) "
      + "ORDER BY \(keys)" + (limited ? " LIMIT ?" : "")
  }
}

/// Rows of several segments in one order. Statements must be ordered themselves, with id and time first.
struct SegmentMerge {
  private let statements: [SQLiteStatement]
  private let order: EventOrder
  private var heads: [(time: Int64, id: Int64)?]
  private var current: Int?

  init(_ statements: [SQLiteStatement], order: EventOrder) throws(StoreError) {
    self.statements = statements
    self.order = order
    heads = []
    for statement in statements { heads.append(try Self.head(statement)) }
  }

  private static func head(_ statement: SQLiteStatement) throws(StoreError) -> (time: Int64, id: Int64)? {
    try statement.next() ? (statement.int64(1), statement.int64(0)) : nil
  }

  /// The statement that stands on the next row; nil at the end.
  mutating func next() throws(StoreError) -> SQLiteStatement? {
    if let current { heads[current] = try Self.head(statements[current]) }
    var best: Int?
    for (index, head) in heads.enumerated() {
      guard let head else { continue }
      guard let chosen = best, let other = heads[chosen] else {
        best = index
        continue
      }
      if order == .oldestFirst ? head < other : head > other { best = index }
    }
    current = best
    return best.map { statements[$0] }
  }
}
