public import IncidentModel

/// What events can be counted by.
public enum CountKey: Hashable, Sendable {
  case device, severity, source, program, template, basis, quality
  /// The span of time that the event lies in, by its beginning (UTC): minute, hour or day.
  case time(TimeSpan)
  /// An inventory column.
  case attribute(String)
  /// A field of the event.
  case field(String)
  /// An inventory column of this name, else a field.
  case named(String)

  /// Spans of time.
  public enum TimeSpan: String, Sendable, CaseIterable {
    case minute, hour, day
    /// Length in nanoseconds.
    public var nanoseconds: Int64 {
      switch self {
      case .minute: 60_000_000_000
      case .hour: 3_600_000_000_000
      case .day: 86_400_000_000_000
      }
    }
  }

  /// Names understood, apart from `attr.x`, `field.x` and `x`.
  public static let names = [
    "device", "severity", "source", "program", "template", "basis", "quality", "minute", "hour", "day",
  ]

  /// The key of a name as given to `--count-by`.
  public init(name: String) {
    switch name {
    case "device": self = .device
    case "severity": self = .severity
    case "source": self = .source
    case "program": self = .program
    case "template": self = .template
    case "basis": self = .basis
    case "quality": self = .quality
    default:
      if let span = TimeSpan(rawValue: name) {
        self = .time(span)
      } else if name.hasPrefix("attr."), name.count > 5 {
        self = .attribute(String(name.dropFirst(5)))
      } else if name.hasPrefix("field."), name.count > 6 {
        self = .field(String(name.dropFirst(6)))
      } else {
        self = .named(name)
      }
    }
  }
}

/// One line of a count.
public struct EventCount: Sendable, Hashable {
  /// One value for each key; nil where the events have none.
  public var values: [String?]
  /// Number of events.
  public var events: Int64
  /// Earliest instant among them.
  public var first: Instant?
  /// Latest instant among them.
  public var last: Instant?

  mutating func add(_ count: Int64, _ earliest: Instant?, _ latest: Instant?) {
    events += count
    first = [first, earliest].compactMap { $0 }.min()
    last = [last, latest].compactMap { $0 }.max()
  }
}

extension CaseReader {
  /// Counts matching events by some keys, the most first, then by the values. Where a span of time is among the keys, the
  /// first and last instant of a group are not given.
  public func counts(matching query: EventQuery, by keys: [CountKey]) throws -> [EventCount] {
    for case .named(let name) in keys {
      try requireKnown([(name, 0..<name.utf8.count)], reserved: CountKey.names, expression: name)
    }
    let hasTime = keys.contains { if case .time = $0 { true } else { false } }
    // The roll-ups know original times only.
    let isOriginal = query.clock == .original
    var counts =
      try (isOriginal ? rollupCounts(query.expression, by: keys) : nil)
      ?? (isOriginal && keys.count == 1 ? rollupCounts(query.expression, by: keys[0]) : nil)
      ?? scannedCounts(matching: query, by: keys)
    if hasTime {
      for index in counts.indices { (counts[index].first, counts[index].last) = (nil, nil) }
    }
    return counts.sorted { a, b in
      if a.events != b.events { return a.events > b.events }
      return a.values.lexicographicallyPrecedes(b.values) { ($0 ?? "") < ($1 ?? "") }
    }
  }

  /// The same from the events, whatever the roll-ups know.
  func scannedCounts(matching query: EventQuery, by keys: [CountKey]) throws -> [EventCount] {
    let plan = try keys.map { try CountColumn($0, self, query.tests, query.clock.time) }
    let time = query.clock.time
    var merged: [[String?]: EventCount] = [:]
    let columns = plan.map(\.sql).joined(separator: ", ")
    let groups = plan.indices.map { String($0 + 1) }.joined(separator: ", ")
    for segment in catalog.segments {
      let statement = try connection.prepare(
        "SELECT \(columns.isEmpty ? "" : columns + ", ")count(*), min(\(time)), max(\(time)) FROM segment_\(segment) e "
          + "WHERE \(query.condition.sql)" + (groups.isEmpty ? "" : " GROUP BY \(groups)"))
      statement.bound(plan.flatMap(\.parameters) + query.condition.parameters)
      let last = Int32(plan.count)
      while try statement.next() {
        var values: [String?] = []
        for (index, column) in plan.enumerated() {
          values.append(try column.value(statement, Int32(index), self))
        }
        let count = statement.int64(last)
        guard count > 0 else { continue }
        let first = statement.int64OrNil(last + 1).map { Instant(nanoseconds: $0) }
        let latest = statement.int64OrNil(last + 2).map { Instant(nanoseconds: $0) }
        var entry = merged[values] ?? EventCount(values: values, events: 0, first: nil, last: nil)
        entry.add(count, first, latest)
        merged[values] = entry
      }
    }
    return Array(merged.values)
  }

  /// Matching events with a time in spans of equal length, empty ones included, oldest first.
  /// - Parameter maximumBins: The span is the shortest round one that gives no more than these.
  public func histogram(matching query: EventQuery, maximumBins: Int) throws -> EventHistogram? {
    if query.clock == .original, let known = try rollupHistogram(query.expression, maximumBins: maximumBins) {
      return known
    }
    return try scannedHistogram(matching: query, maximumBins: maximumBins)
  }

  func scannedHistogram(matching query: EventQuery, maximumBins: Int) throws -> EventHistogram? {
    var first = Int64.max
    var last = Int64.min
    var timeless: Int64 = 0
    let time = query.clock.time
    for segment in catalog.segments {
      let row = try connection.prepare(
        "SELECT min(\(time)), max(\(time)), count(*) - count(e.time) FROM segment_\(segment) e WHERE \(query.condition.sql)"
      )
      row.bound(query.condition.parameters)
      guard try row.next() else { continue }
      if let low = row.int64OrNil(0), let high = row.int64OrNil(1) {
        first = min(first, low)
        last = max(last, high)
      }
      timeless += row.int64(2)
    }
    guard first <= last else { return nil }
    let span = EventHistogram.span(from: first, to: last, maximumBins: max(1, maximumBins))
    let start = first.floorMultiple(of: span)
    var bins = [EventHistogram.Bin](
      repeating: EventHistogram.Bin(), count: Int((last.floorMultiple(of: span) - start) / span) + 1)
    for segment in catalog.segments {
      // Shifted to be positive, where SQL's division rounds down.
      let rows = try connection.prepare(
        "SELECT (\(time) - ?) / ?, count(*), sum(e.severity <= 3) FROM segment_\(segment) e "
          + "WHERE e.time IS NOT NULL AND \(query.condition.sql) GROUP BY 1")
      rows.bound([.integer(start), .integer(span)] + query.condition.parameters)
      while try rows.next() {
        let index = Int(rows.int64(0))
        guard bins.indices.contains(index) else { continue }
        bins[index].events += rows.int64(1)
        bins[index].errors += rows.int64(2)
      }
    }
    return EventHistogram(start: Instant(nanoseconds: start), span: span, bins: bins, timeless: timeless)
  }
}

/// Events over time.
public struct EventHistogram: Sendable, Hashable {
  /// Beginning of the first span.
  public var start: Instant
  /// Length of a span in nanoseconds.
  public var span: Int64
  /// One for each span.
  public var bins: [Bin]
  /// Matching events without a usable time; they are in no bin.
  public var timeless: Int64
  /// One span.
  public struct Bin: Sendable, Hashable {
    /// Events in the span.
    public var events: Int64 = 0
    /// Those of severity error or worse.
    public var errors: Int64 = 0
  }

  /// Round lengths of spans.
  static let spans: [Int64] = [
    1_000_000, 10_000_000, 100_000_000, 1_000_000_000, 2_000_000_000, 5_000_000_000, 10_000_000_000,
    15_000_000_000,
    30_000_000_000, 60_000_000_000, 120_000_000_000, 300_000_000_000, 600_000_000_000, 900_000_000_000,
    1_800_000_000_000, 3_600_000_000_000, 10_800_000_000_000, 21_600_000_000_000, 43_200_000_000_000,
    86_400_000_000_000, 604_800_000_000_000, 2_592_000_000_000_000, 31_536_000_000_000_000,
  ]

  static func span(from first: Int64, to last: Int64, maximumBins: Int) -> Int64 {
    func bins(_ span: Int64) -> Int64 {
      // Twice 292 years of nanoseconds are too many for one Int64; a span's multiples are not.
      last.floorMultiple(of: span) / span - first.floorMultiple(of: span) / span + 1
    }
    return spans.first { bins($0) <= Int64(maximumBins) } ?? spans[spans.count - 1] * 20
  }
}

extension Int64 {
  /// The greatest multiple of `span` that is not greater, clamped to what can be told.
  func floorMultiple(of span: Int64) -> Int64 {
    let rest = self % span
    guard rest < 0 else { return self - rest }
    let (value, overflow) = (self - rest).subtractingReportingOverflow(span)
    return overflow ? self - rest : value
  }
}

/// How one key is grouped in SQL and named afterwards. Grouping goes by small numbers; names come last.
private struct CountColumn {
  let sql: String
  var parameters: [SQLiteValue] = []
  private let kind: Kind

  private enum Kind {
    case device, severity, program, template, basis, quality, time
    /// By the number that is grouped by.
    case named([Int64: String])
    case text
  }

  init(_ key: CountKey, _ reader: CaseReader, _ tests: QueryTests, _ time: String) throws {
    switch key {
    case .device: (sql, kind) = ("e.device", .device)
    case .severity: (sql, kind) = ("e.severity", .severity)
    case .source:
      let names = Dictionary(reader.catalog.sources.map { ($0.ordinal, $0.name) }) { first, _ in first }
      (sql, kind) = ("e.origin", .named(reader.catalog.origins.compactMapValues { names[$0.source] }))
    case .program: (sql, kind) = ("e.template", .program)
    case .template: (sql, kind) = ("e.template", .template)
    case .basis: (sql, kind) = ("e.origin", .basis)
    case .quality: (sql, kind) = ("e.origin", .quality)
    case .time(let span):
      // Division rounds towards zero in SQL; times before 1970 must round down.
      sql = "(\(time) - ((\(time) % ?) + ?) % ?)"
      parameters = Array(repeating: .integer(span.nanoseconds), count: 3)
      kind = .time
    case .attribute(let name), .named(let name):
      guard let column = reader.catalog.attributes[name] else {
        guard case .named = key else {
          throw StoreError(
            code: .query, what: "cannot count in case", path: reader.path,
            reason: "the inventory has no column '\(name)'",
            advice: "columns: " + reader.attributes.joined(separator: " "))
        }
        self = try CountColumn(.field(name), reader, tests, time)
        return
      }
      var values: [Int64: String] = [:]
      let rows = try reader.connection.prepare(
        "SELECT d.ordinal, v.value FROM inventory_value v JOIN inventory_device i ON i.ordinal = v.device "
          + "JOIN device d ON d.name = i.name WHERE v.attribute = ? AND v.value <> ''")
      rows.bound([.integer(column)])
      while try rows.next() { values[rows.int64(0)] = rows.text(1) }
      (sql, kind) = ("e.device", .named(values))
    case .field(let name):
      sql = "firebreak_field_text(?, e.fields, e.header)"
      parameters = [
        .integer(tests.add(field: name, .glob(GlobMatcher(GlobPattern(literal: ""), foldsCase: false))))
      ]
      kind = .text
    }
  }

  func value(_ row: SQLiteStatement, _ column: Int32, _ reader: CaseReader) throws -> String? {
    guard !row.isNull(column) else { return nil }
    let number = row.int64(column)
    switch kind {
    case .device: return try reader.decoder.device(number)
    case .severity: return UInt8(exactly: number).flatMap(Severity.init)?.name
    case .program: return reader.rebuilder[number].flatMap { $0.program.isEmpty ? nil : $0.program }
    case .template: return reader.rebuilder[number]?.text
    case .basis: return reader.catalog.origins[number]?.basis.name
    case .quality: return reader.catalog.origins[number]?.quality.name
    case .time: return Instant(nanoseconds: number).rfc3339(fractionDigits: 0)
    case .named(let names): return names[number]
    case .text: return row.text(column)
    }
  }
}
