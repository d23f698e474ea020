public import IncidentModel

/// A place in the order of time and evidence. Events without a time come after all others.
public struct EventCursor: Sendable, Hashable {
  /// The instant; nil among the events without one.
  public var time: Instant?
  /// The event's id; greatest or least where the place lies between events.
  public var id: Int64

  /// A place from its parts.
  public init(time: Instant?, id: Int64) {
    self.time = time
    self.id = id
  }
}

/// Some events in a row, and where to go on.
public struct EventPage: Sendable {
  /// The events, in the order asked for.
  public var events: [TimelineEvent] = []
  /// Where the next page begins; nil at the end.
  public var next: EventCursor?
  /// True where the time ran out before the page was full: there may be more up to `next`, or none.
  public var isPartial = false
}

extension CaseReader {
  /// The next matching events after a place, by key and never by counting rows. A search that finds little is cut off after
  /// some time and says where to go on.
  /// - Parameters:
  ///   - cursor: The place; nil: the beginning.
  ///   - seconds: Wall time after which no further stretch of the timeline is begun.
  public func page(
    matching query: EventQuery, after cursor: EventCursor?, order: EventOrder, limit: Int, seconds: Double
  ) throws -> EventPage {
    var page = EventPage()
    if cursor == nil || cursor?.time != nil {
      try timedPage(query, cursor, order, limit, Deadline(seconds: seconds), &page)
      if page.isPartial || page.events.count >= limit { return page }
    }
    guard !query.needsTime else { return page }
    let after = cursor.flatMap { $0.time == nil ? $0.id : nil } ?? (order == .oldestFirst ? 0 : .max)
    let condition = query.condition.and(order == .oldestFirst ? "e.id > ?" : "e.id < ?", [.integer(after)])
    try rows(condition, .timeless, order, limit - page.events.count) { page.events.append($0) }
    page.next = page.events.count < limit ? nil : page.events.last.map(Self.cursor)
    return page
  }

  private static func cursor(_ event: TimelineEvent) -> EventCursor {
    EventCursor(time: event.time, id: event.id.rawValue)
  }

  private func timedPage(
    _ query: EventQuery, _ cursor: EventCursor?, _ order: EventOrder, _ limit: Int, _ deadline: Deadline,
    _ page: inout EventPage
  ) throws {
    let sign = order == .oldestFirst ? ">" : "<"
    guard query.expression.needsSearching else {
      var rest = query.condition
      if let cursor, let time = cursor.time {
        rest = rest.and(
          "(e.time \(sign)= ? AND (e.time \(sign) ? OR e.id \(sign) ?))",
          [.integer(time.nanoseconds), .integer(time.nanoseconds), .integer(cursor.id)])
      }
      try rows(rest, .timed, order, limit) { page.events.append($0) }
      if page.events.count >= limit { page.next = page.events.last.map(Self.cursor) }
      return
    }
    let index = query.stretchIndex
    var windows = try TimeWindows(
      self, bounds: query.expression.timeBounds, from: cursor?.time?.nanoseconds, order: order,
      severities: query.expression.severitiesWanted, countsThese: index?.isSelective ?? false)
    while let window = try windows.next() {
      var condition = query.condition(within: window, by: index)
      // The stretches begin at the cursor's instant.
      if let cursor, let time = cursor.time {
        condition = condition.and(
          "(e.time \(sign) ? OR e.id \(sign) ?)", [.integer(time.nanoseconds), .integer(cursor.id)])
      }
      let started = Deadline.now
      try rows(condition, .timed, order, limit - page.events.count, by: index) { page.events.append($0) }
      windows.tookSeconds(Deadline.now - started)
      if page.events.count >= limit {
        page.next = page.events.last.map(Self.cursor)
        return
      }
      if deadline.hasPassed, windows.hasMore {
        page.isPartial = true
        page.next =
          order == .oldestFirst
          ? EventCursor(time: Instant(nanoseconds: window.upperBound - 1), id: .max)
          : EventCursor(time: Instant(nanoseconds: window.lowerBound), id: .min)
        return
      }
    }
  }

  private func rows(
    _ condition: SQLCondition, _ pass: TimePass, _ order: EventOrder, _ limit: Int,
    by index: StretchIndex? = nil,
    _ body: (TimelineEvent) -> Void
  ) throws {
    guard limit > 0 else { return }
    var merge = try SegmentMerge(
      catalog.segments.map { segment in
        try connection.prepare(
          EventStatement.events(segment: segment, condition, pass, order, limited: true, by: index)
        ).bound(condition.parameters + [.integer(Int64(limit))])
      }, order: order)
    var given = 0
    while given < limit, let row = try merge.next() {
      body(try decoder.decode(row))
      given += 1
    }
  }
}

extension SQLCondition {
  /// Both conditions.
  func and(_ sql: String, _ parameters: [SQLiteValue]) -> SQLCondition {
    SQLCondition(sql: "(\(self.sql)) AND \(sql)", parameters: self.parameters + parameters)
  }
}

extension QueryExpression {
  /// The conditions that all must hold.
  var conjuncts: [QueryExpression] { if case .and(let parts) = self { parts } else { [self] } }

  /// False where an index gives the matching events in the order of time: no condition but time, or one device.
  var needsSearching: Bool {
    let parts = conjuncts
    if parts.contains(where: {
      if case .term(let term) = $0, case .device(let name) = term.predicate {
        name.literal != nil
      } else {
        false
      }
    }) {
      return false
    }
    return !parts.allSatisfy {
      if case .everything = $0 { return true }
      if case .term(let term) = $0, case .time = term.predicate { return true }
      return false
    }
  }

  /// By severity 0 to 7, and 8 for none, whether a match can have it; nil where every one can.
  var severitiesWanted: [Bool]? {
    let terms = conjuncts.filter {
      if case .term(let term) = $0, case .severity = term.predicate { true } else { false }
    }
    guard !terms.isEmpty, let rollup = RollupQuery(.all(terms)) else { return nil }
    return rollup.severities
  }

  /// What remains of the expression without the bounds of time that every match must keep.
  var withoutTimeBounds: QueryExpression {
    .all(
      conjuncts.filter {
        if case .term(let term) = $0, case .time = term.predicate { false } else { true }
      })
  }

  /// The instants between which every match must lie, nanoseconds; the upper one is outside.
  var timeBounds: (since: Int64?, until: Int64?) {
    var bounds: (since: Int64?, until: Int64?) = (nil, nil)
    for case .term(let term) in conjuncts {
      guard case .time(let bound, .instant(let instant)) = term.predicate else { continue }
      switch bound {
      case .since: bounds.since = max(bounds.since ?? .min, instant.nanoseconds)
      case .until: bounds.until = min(bounds.until ?? .max, instant.nanoseconds)
      }
    }
    return bounds
  }
}

/// Cuts the timeline into stretches of about as many events as can be looked at in a few hundredths of a second, by the
/// minute roll-up.
struct TimeWindows {
  private let minutes: SQLiteStatement
  private let order: EventOrder
  private let since: Int64
  private let until: Int64
  private var wanted: Int64 = 4_000
  /// Minutes without an event of the wanted severity are passed over, and must not be read with their neighbours: all of
  /// their events would be.
  private let passesOver: Bool
  private var ahead: (minute: Int64, events: Int64)?
  /// What is left of a minute with more events than a stretch may hold.
  private var rest: Range<Int64>?
  private var density = 0.0
  private var isAtEnd = false
  var hasMore: Bool { rest != nil || !isAtEnd }

  /// - Parameters:
  ///   - severities: By severity, whether a match can have it; nil: any.
  ///   - countsThese: Events of other severities are not read, and count for nothing.
  init(
    _ reader: CaseReader, bounds: (since: Int64?, until: Int64?), from place: Int64?, order: EventOrder,
    severities: [Bool]? = nil, countsThese: Bool = false
  ) throws {
    self.order = order
    passesOver = severities != nil && !countsThese
    // What matches is sorted, not read in order.
    if countsThese { wanted = 1_000 }
    var (low, high) = (bounds.since ?? .min, bounds.until ?? .max)
    if let place {
      if order == .oldestFirst {
        low = max(low, place)
      } else {
        high = min(high, place == .max ? place : place + 1)
      }
    }
    (since, until) = (low, high)
    let direction = order == .oldestFirst ? "" : " DESC"
    minutes = try reader.connection.prepare(
      "SELECT minute, sum(\(countsThese ? Self.counted(severities) : "events")) FROM minute_rollup "
        + "WHERE minute >= ? AND minute <= ? GROUP BY minute "
        + "\(severities == nil ? "" : "HAVING sum(\(Self.counted(severities))) > 0") ORDER BY minute\(direction)"
    )
    func minute(_ time: Int64) -> Int64 { time.floorMultiple(of: RollupQuery.minute) / RollupQuery.minute }
    minutes.bound([.integer(minute(low)), .integer(minute(high))])
    try advance()
  }

  private static func counted(_ severities: [Bool]?) -> String {
    guard let severities else { return "events" }
    let list = severities.indices.filter { severities[$0] }.map { String($0) }.joined(separator: ", ")
    return "iif(severity IN (\(list)), events, 0)"
  }

  private mutating func advance() throws {
    ahead = try minutes.next() ? (minutes.int64(0), minutes.int64(1)) : nil
    isAtEnd = ahead == nil
  }

  /// Larger stretches where one was quick, so that a rare word is found soon.
  mutating func tookSeconds(_ seconds: Double) {
    if seconds < 0.006 {
      wanted = min(wanted * 2, 1_000_000)
    } else if seconds > 0.02 {
      wanted = max(2_500, wanted / 2)
    }
  }

  /// The next stretch, its upper end outside.
  mutating func next() throws -> Range<Int64>? {
    if let left = rest { return piece(of: left) }
    guard let first = ahead else { return nil }
    var last = first.minute
    var events = first.events
    try advance()
    while let more = ahead, events + more.events <= wanted, !passesOver || abs(more.minute - last) == 1 {
      last = more.minute
      events += more.events
      try advance()
    }
    func start(_ minute: Int64) -> Int64 {
      let (value, overflow) = minute.multipliedReportingOverflow(by: RollupQuery.minute)
      return overflow ? (minute < 0 ? .min : .max) : value
    }
    let (from, to) = (min(first.minute, last), max(first.minute, last))
    let low = max(since, start(from))
    let high = min(until, start(to + 1))
    guard low < high else { return low..<low }
    // A loud minute can hold a hundred thousand events.
    density = Double(events) / max(1, Double(high) - Double(low))
    return events > wanted + wanted / 2 ? piece(of: low..<high) : low..<high
  }

  /// As much of a stretch as holds about the wanted number of events, were they spread evenly.
  private mutating func piece(of left: Range<Int64>) -> Range<Int64> {
    let length = max(1_000_000, Int64(min(1e18, Double(wanted) / max(density, 1e-18))))
    let (span, overflow) = left.upperBound.subtractingReportingOverflow(left.lowerBound)
    guard !overflow, span > length + length / 2 else {
      rest = nil
      return left
    }
    let cut = order == .oldestFirst ? left.lowerBound + length : left.upperBound - length
    let (near, far) = (left.lowerBound..<cut, cut..<left.upperBound)
    rest = order == .oldestFirst ? far : near
    return order == .oldestFirst ? near : far
  }
}
