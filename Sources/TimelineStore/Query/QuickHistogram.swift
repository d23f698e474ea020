internal import IncidentModel

extension CaseReader {
  /// The histogram of matching events where it can be had quickly, else that of all events in the same bounds of time.
  /// - Parameter events: Most events that are looked at one by one.
  /// - Returns: nil where there is no event with a time; `isExact` is false where the bins count more than what matches.
  public func quickHistogram(matching query: EventQuery, maximumBins: Int, events: Int64) throws -> (
    histogram: EventHistogram, isExact: Bool
  )? {
    if let known = try rollupHistogram(query.expression, maximumBins: maximumBins) { return (known, true) }
    let bounds = query.expression.timeBounds
    func minute(_ time: Int64) -> Int64 { time.floorMultiple(of: RollupQuery.minute) / RollupQuery.minute }
    let (first, last) = (minute(bounds.since ?? .min), minute(bounds.until ?? .max))
    var inside =
      try connection.prepare("SELECT sum(events) FROM minute_rollup WHERE minute >= ? AND minute <= ?")
      .integer([.integer(first), .integer(last)]) ?? 0
    // Errors and worse have an index: what counts is how many they are.
    if let rollup = RollupQuery(query.expression), !rollup.severities[4...].contains(true) {
      inside =
        try connection.prepare("SELECT sum(events) FROM minute_rollup WHERE \(rollup.condition.sql)")
        .integer(rollup.condition.parameters) ?? 0
    }
    for case .term(let term) in query.expression.conjuncts {
      guard case .device(let pattern) = term.predicate, let name = pattern.literal else { continue }
      let own = try connection.prepare(
        "SELECT r.events FROM device_rollup r JOIN device d ON d.ordinal = r.device WHERE d.name = ?"
      ).integer([.text(name)])
      inside = min(inside, own ?? 0)
    }
    // Where there are too many for that, one bar a minute is what the roll-up knows.
    if inside > events,
      let known = try rollupHistogram(query.expression, maximumBins: maximumBins, fineness: .minutes)
    {
      return (known, true)
    }
    if inside <= events {
      return try scannedHistogram(matching: query, maximumBins: maximumBins).map { ($0, true) }
    }
    // Whole minutes, which the roll-up knows.
    var parts: [QueryExpression] = []
    func bound(_ kind: QueryPredicate.TimeBound, _ minute: Int64) {
      let (value, overflow) = minute.multipliedReportingOverflow(by: RollupQuery.minute)
      guard !overflow else { return }
      parts.append(.term(QueryTerm(.time(kind, .instant(Instant(nanoseconds: value))))))
    }
    if bounds.since != nil { bound(.since, first) }
    if bounds.until != nil { bound(.until, last + 1) }
    return try rollupHistogram(.all(parts), maximumBins: maximumBins, fineness: .minutes).map { ($0, false) }
  }
}
