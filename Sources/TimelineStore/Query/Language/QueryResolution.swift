public import IncidentModel

extension QueryExpression {
  /// The same tree with every relative time made an instant.
  ///
  /// `-2h` is counted back from the newest evidence; `+30m` from the `since:` in the same conjunction, else in the
  /// nearest one around it. Of several, the latest counts.
  /// - Parameter expression: The text the tree was parsed from, for errors.
  public func resolved(
    newestEvidence: Instant?, oldestEvidence: Instant? = nil, expression: String
  ) throws(QueryError) -> QueryExpression {
    try resolved(
      since: nil,
      Resolution(
        newest: newestEvidence, oldest: oldestEvidence, expression: expression))
  }

  private struct Resolution {
    var newest: Instant?
    var oldest: Instant?
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
    case .timeOfDay(let nanoseconds): return try instant(ofDay: nanoseconds, term, context)
    case .beforeNewest(let nanoseconds):
      if let newest = context.newest { return newest.adding(nanoseconds: -nanoseconds) }
      throw QueryError(
        code: .reference,
        message: "this time counts from the newest evidence, and the case has none with a time",
        hint: "give a date and time", expression: context.expression, range: term.range)
    }
  }

  /// A time of day is of the day on which the evidence holds it, where its first and last event are less than a day apart.
  private static func instant(
    ofDay nanoseconds: Int64, _ term: QueryTerm, _ context: Resolution
  ) throws(QueryError) -> Instant {
    let day: Int64 = 86_400_000_000_000
    guard let newest = context.newest?.nanoseconds else {
      throw QueryError(
        code: .reference, message: "this time has no date, and the case has no evidence with a time",
        hint: "give a date and time", expression: context.expression, range: term.range)
    }
    func midnight(_ time: Int64) -> Int64 { time - ((time % day) + day) % day }
    guard let oldest = context.oldest?.nanoseconds, newest - oldest < day else {
      let date = Instant(nanoseconds: midnight(newest)).rfc3339(fractionDigits: 0).prefix(10)
      let time = Instant(nanoseconds: nanoseconds).rfc3339(fractionDigits: 0).dropFirst(11)
      throw QueryError(
        code: .reference, message: "this time has no date, and the evidence is of more than one day",
        hint: "write the date too, e.g. \(date)T\(time)", expression: context.expression, range: term.range)
    }
    let last = midnight(newest) + nanoseconds
    let isOfDayBefore = last > newest && last - day >= oldest
    return Instant(nanoseconds: isOfDayBefore ? last - day : last)
  }
}
