public import IncidentModel

extension QueryExpression {
  /// The same tree with every relative time made an instant.
  ///
  /// `-2h` is counted back from the newest evidence; `+30m` from the `since:` in the same conjunction, else in the
  /// nearest one around it. Of several, the latest counts.
  /// - Parameter expression: The text the tree was parsed from, for errors.
  public func resolved(newestEvidence: Instant?, expression: String) throws(QueryError) -> QueryExpression {
    try resolved(since: nil, Resolution(newest: newestEvidence, expression: expression))
  }

  private struct Resolution {
    var newest: Instant?
    var expression: String
  }

  private func resolved(since: Instant?, _ context: Resolution) throws(QueryError) -> QueryExpression {
    switch self {
    case .everything: return self
    case .term(let term):
      guard case .time(let bound, let time) = term.predicate else { return self }
      let instant = try Self.instant(of: time, since: since, term, context)
      return .term(QueryTerm(.time(bound, .instant(instant)), range: term.range))
    case .not(let inner): return .not(try inner.resolved(since: since, context))
    case .or(let parts):
      var result: [QueryExpression] = []
      for part in parts { result.append(try part.resolved(since: since, context)) }
      return .any(result)
    case .and(let parts):
      var own: Instant?
      for case .term(let term) in parts {
        guard case .time(.since, let time) = term.predicate else { continue }
        let instant = try Self.instant(of: time, since: since, term, context)
        own = own.map { max($0, instant) } ?? instant
      }
      var result: [QueryExpression] = []
      for part in parts { result.append(try part.resolved(since: own ?? since, context)) }
      return .all(result)
    }
  }

  private static func instant(
    of time: QueryTime, since: Instant?, _ term: QueryTerm, _ context: Resolution
  ) throws(QueryError) -> Instant {
    switch time {
    case .instant(let instant): return instant
    case .afterSince(let nanoseconds):
      if let since { return since.adding(nanoseconds: nanoseconds) }
      throw QueryError(
        code: .reference, message: "this time counts from a since:, and there is none beside it",
        hint: "add since:…, or give a date and time", expression: context.expression, range: term.range)
    case .beforeNewest(let nanoseconds):
      if let newest = context.newest { return newest.adding(nanoseconds: -nanoseconds) }
      throw QueryError(
        code: .reference,
        message: "this time counts from the newest evidence, and the case has none with a time",
        hint: "give a date and time", expression: context.expression, range: term.range)
    }
  }
}
