internal import IncidentModel

/// The part of a query that the roll-ups can answer: which severities, and from which minute to which.
///
/// Only expressions of severities and of whole-minute time bounds have one; the answer is the same as that of counting events.
struct RollupQuery {
  /// By severity 0 to 7; 8 is none.
  var severities: [Bool]
  /// First minute since the epoch; nil: from the beginning.
  var since: Int64?
  /// Minute behind the last; nil: to the end.
  var until: Int64?

  static let minute: Int64 = 60_000_000_000

  /// nil when the expression asks for more than the roll-ups know.
  init?(_ tree: QueryExpression) {
    let parts: [QueryExpression] = if case .and(let parts) = tree { parts } else { [tree] }
    severities = Array(repeating: true, count: 9)
    for part in parts {
      if case .term(let term) = part, case .time(let bound, .instant(let instant)) = term.predicate {
        guard instant.nanoseconds % Self.minute == 0 else { return nil }
        let minute = instant.nanoseconds / Self.minute
        switch bound {
        case .since: since = max(since ?? minute, minute)
        case .until: until = min(until ?? minute, minute)
        }
      } else {
        for severity in 0..<9 {
          guard let fits = Self.matches(part, severity) else { return nil }
          severities[severity] = severities[severity] && fits
        }
      }
    }
  }

  /// True when nothing is asked at all.
  var isEverything: Bool { severities.allSatisfy { $0 } && since == nil && until == nil }
  /// True when an event without a time can match.
  var takesTimeless: Bool { since == nil && until == nil }

  private static func matches(_ tree: QueryExpression, _ severity: Int) -> Bool? {
    switch tree {
    case .everything: return true
    case .term(let term):
      guard case .severity(let comparison, let wanted) = term.predicate else { return nil }
      guard let wanted else { return severity == 8 }
      guard severity < 8 else { return false }
      // Worse is smaller.
      let order = Int(wanted.rawValue) - severity
      switch comparison {
      case .equal: return order == 0
      case .less: return order < 0
      case .lessOrEqual: return order <= 0
      case .greater: return order > 0
      case .greaterOrEqual: return order >= 0
      }
    case .not(let inner): return matches(inner, severity).map { !$0 }
    case .and(let parts), .or(let parts):
      var isAnd = false
      if case .and = tree { isAnd = true }
      var result = isAnd
      for part in parts {
        guard let fits = matches(part, severity) else { return nil }
        result = isAnd ? result && fits : result || fits
      }
      return result
    }
  }

  /// Condition on `minute_rollup`, and its parameters.
  var condition: SQLCondition {
    let wanted = severities.indices.filter { severities[$0] }.map { String($0) }.joined(separator: ", ")
    return SQLCondition(
      sql: "minute >= ? AND minute < ? AND severity IN (\(wanted))",
      parameters: [.integer(since ?? .min), .integer(until ?? .max)])
  }
}

extension CaseReader {
  /// Counts by spans of time and severity out of the minute roll-up; nil where it cannot answer. First and last instants
  /// are not known and nil.
  func rollupCounts(_ tree: QueryExpression, by keys: [CountKey]) throws -> [EventCount]? {
    guard let rollup = RollupQuery(tree) else { return nil }
    var hasTime = false
    let columns = keys.map { key -> String? in
      switch key {
      case .severity: return "severity"
      case .time(let span):
        hasTime = true
        let minutes = span.nanoseconds / RollupQuery.minute
        return "minute - ((minute % \(minutes)) + \(minutes)) % \(minutes)"
      default: return nil
      }
    }
    guard hasTime, !columns.contains(nil) else { return nil }
    var counts: [[String?]: Int64] = [:]
    func add(_ statement: SQLiteStatement, _ count: Int64, _ value: (Int, CountKey) -> String?) {
      counts[keys.enumerated().map { value($0.offset, $0.element) }, default: 0] += count
    }
    let rows = try connection.prepare(
      "SELECT \(columns.map { $0! }.joined(separator: ", ")), sum(events) FROM minute_rollup "
        + "WHERE \(rollup.condition.sql) GROUP BY \(columns.indices.map { String($0 + 1) }.joined(separator: ", "))"
    )
    rows.bound(rollup.condition.parameters)
    while try rows.next() {
      add(rows, rows.int64(Int32(keys.count))) { index, key in
        let number = rows.int64(Int32(index))
        if case .severity = key { return UInt8(exactly: number).flatMap(Severity.init)?.name }
        let (start, overflow) = number.multipliedReportingOverflow(by: RollupQuery.minute)
        return overflow ? nil : Instant(nanoseconds: start).rfc3339(fractionDigits: 0)
      }
    }
    if rollup.takesTimeless {
      for segment in catalog.segments {
        let timeless = try connection.prepare(
          "SELECT e.severity, count(*) FROM segment_\(segment) e WHERE e.time IS NULL GROUP BY 1")
        while try timeless.next() {
          let severity = timeless.int64OrNil(0).flatMap { Int(exactly: $0) } ?? 8
          guard rollup.severities.indices.contains(severity), rollup.severities[severity] else { continue }
          add(timeless, timeless.int64(1)) { _, key in
            if case .severity = key { Severity(rawValue: UInt8(severity))?.name } else { nil }
          }
        }
      }
    }
    return counts.map { EventCount(values: $0.key, events: $0.value, first: nil, last: nil) }
  }

  /// Counts by one of device or template out of their roll-ups; nil where they cannot answer.
  func rollupCounts(_ tree: QueryExpression, by key: CountKey) throws -> [EventCount]? {
    guard tree == .everything else { return nil }
    let sql: String
    switch key {
    case .device:
      sql =
        "SELECT d.name, r.events, r.first_time, r.last_time FROM device_rollup r JOIN device d ON d.ordinal = r.device"
    case .template:
      sql =
        "SELECT t.text, r.events, r.first_time, r.last_time FROM template_rollup r "
        + "JOIN template t ON t.ordinal = r.template"
    default: return nil
    }
    var counts: [String?: EventCount] = [:]
    var total: Int64 = 0
    let rows = try connection.prepare(sql)
    while try rows.next() {
      let name: String? = rows.text(0)
      total += rows.int64(1)
      counts[name, default: EventCount(values: [name], events: 0, first: nil, last: nil)].add(
        rows.int64(1), rows.int64OrNil(2).map { Instant(nanoseconds: $0) },
        rows.int64OrNil(3).map { Instant(nanoseconds: $0) })
    }
    // Events without a device are in no roll-up; their times are not asked for often enough to look them up here.
    return total == (try eventCount()) ? Array(counts.values) : nil
  }

  /// How fine a histogram out of the roll-up must be.
  enum RollupFineness {
    /// As fine as one made of the events themselves.
    case events
    /// A bar a minute is better than none.
    case minutes
  }

  /// The histogram out of the minute roll-up; nil where it cannot answer.
  func rollupHistogram(_ tree: QueryExpression, maximumBins: Int, fineness: RollupFineness = .events) throws
    -> EventHistogram?
  {
    guard let rollup = RollupQuery(tree) else { return nil }
    let bounds = try connection.prepare(
      "SELECT min(minute), max(minute) FROM minute_rollup WHERE \(rollup.condition.sql)")
    bounds.bound(rollup.condition.parameters)
    guard try bounds.next(), let low = bounds.int64OrNil(0), let high = bounds.int64OrNil(1) else {
      return nil
    }
    let limit = Int64.max / RollupQuery.minute - 1
    guard low > -limit, high < limit else { return nil }
    var span = EventHistogram.span(
      from: low * RollupQuery.minute, to: (high + 1) * RollupQuery.minute - 1,
      maximumBins: max(1, maximumBins))
    // Finer than a minute, or so near to it that the events' own times could do with a finer one.
    if span <= RollupQuery.minute, fineness == .minutes { span = RollupQuery.minute }
    guard span > RollupQuery.minute || fineness == .minutes, span % RollupQuery.minute == 0 else {
      return nil
    }
    let start = (low * RollupQuery.minute).floorMultiple(of: span)
    var bins = [EventHistogram.Bin](
      repeating: EventHistogram.Bin(),
      count: Int(((high * RollupQuery.minute).floorMultiple(of: span) - start) / span) + 1)
    let rows = try connection.prepare(
      "SELECT minute, sum(events), sum(iif(severity <= 3, events, 0)) FROM minute_rollup WHERE \(rollup.condition.sql) "
        + "GROUP BY minute")
    rows.bound(rollup.condition.parameters)
    while try rows.next() {
      let index = Int((rows.int64(0) * RollupQuery.minute - start) / span)
      guard bins.indices.contains(index) else { continue }
      bins[index].events += rows.int64(1)
      bins[index].errors += rows.int64(2)
    }
    var timeless: Int64 = 0
    if rollup.takesTimeless {
      for segment in catalog.segments {
        let rows = try connection.prepare(
          "SELECT e.severity, count(*) FROM segment_\(segment) e WHERE e.time IS NULL GROUP BY 1")
        while try rows.next() {
          let severity = rows.int64OrNil(0).flatMap { Int(exactly: $0) } ?? 8
          if rollup.severities.indices.contains(severity), rollup.severities[severity] {
            timeless += rows.int64(1)
          }
        }
      }
    }
    return EventHistogram(start: Instant(nanoseconds: start), span: span, bins: bins, timeless: timeless)
  }
}
