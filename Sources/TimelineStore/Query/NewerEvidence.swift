public import IncidentModel

/// Evidence that a stored trace does not know, since it was added later.
public struct NewerEvidence: Sendable, Hashable {
  /// Number of the trace.
  public var trace: Int64
  /// When it was made.
  public var madeAt: Instant
  /// Events added since.
  public var events: Int64
}

extension CaseReader {
  /// The traces that an expression goes by (`trace:affected`, `trace@3:origin`) and that are older than some of the evidence, by
  /// number. Whoever acts on their roles acts on what was known then.
  public func evidence(newerThanTracesOf expression: QueryExpression) throws(StoreError) -> [NewerEvidence] {
    var numbers: Set<Int64> = []
    for term in expression.terms {
      guard case .trace(let number, _) = term.predicate else { continue }
      let latest = try connection.prepare("SELECT max(number) FROM trace_result").integer()
      if let number = number.map({ Int64($0) }) ?? latest { numbers.insert(number) }
    }
    var found: [NewerEvidence] = []
    for number in numbers.sorted() {
      let row = try connection.prepare(
        """
        SELECT t.created_at, sum(s.events) FROM trace_result t JOIN segment s ON s.loaded_at > t.created_at
        WHERE t.number = ? GROUP BY t.number
        """)
      row.bound([.integer(number)])
      guard try row.next(), row.int64(1) > 0 else { continue }
      found.append(
        NewerEvidence(
          trace: number, madeAt: Instant(nanoseconds: row.int64(0)), events: row.int64(1)))
    }
    return found
  }
}

extension EventQuery {
  /// The expression it was made from, with its times tied down.
  public var resolvedExpression: QueryExpression { expression }
}
