internal import IncidentModel

/// Counts of the values that matching events have, by several keys at once, out of no more events than asked for.
public struct EventFacets: Sendable {
  /// Values with their counts, most first.
  public typealias Values = [(value: String, events: Int64)]
  /// Events counted.
  public var counted: Int64 = 0
  /// True where every matching event was counted; else they are a sample from all over the span of time.
  public var isComplete = true
  /// By severity.
  public var severities: Values = []
  /// By device.
  public var devices: Values = []
  /// By program.
  public var programs: Values = []
  /// By template: its text, and its id as `template:` takes it.
  public var templates: [(text: String, id: String, events: Int64)] = []
  /// By value of the inventory column asked for.
  public var attribute: Values = []
  /// By source.
  public var sources: Values = []
  /// By who vouches for the device.
  public var bases: Values = []
  /// By how the time came about.
  public var qualities: Values = []
}

extension CaseReader {
  /// Counts facets of matching events.
  /// - Parameters:
  ///   - limit: Events looked at; where there are more, they are taken from slices of the whole span.
  ///   - seconds: Wall time; what was counted until then is given.
  ///   - top: Values given of each facet.
  public func facets(
    matching query: EventQuery, attribute: FacetAttribute?, limit: Int, seconds: Double, top: Int
  ) throws -> EventFacets {
    var tally = FacetTally()
    let slices = try slices(query, limit: limit)
    for slice in slices {
      // Where all can be looked at, SQLite sees itself that times serve.
      let index = query.stretchIndex.flatMap { slice == nil && !$0.isSelective ? nil : $0 }
      let condition =
        slice.map { query.condition(within: $0, by: index) }
        ?? index.map { query.condition.and($0.condition, []) } ?? query.condition
      let share = max(1, limit / slices.count)
      var given = 0
      do {
        try limited(seconds: seconds / Double(slices.count)) {
          for segment in catalog.segments where given <= share {
            let rows = try connection.prepare(
              "SELECT e.device, e.severity, e.template, e.origin FROM \(EventStatement.table(segment, by: index)) "
                + "WHERE \(condition.sql) LIMIT ?"
            ).bound(condition.parameters + [.integer(Int64(share + 1 - given))])
            while try rows.next() {
              given += 1
              if given <= share { tally.add(rows) }
            }
          }
        }
      } catch let error as StoreError where error.code == .limit {
        tally.isComplete = false
      }
      if given > share { tally.isComplete = false }
    }
    return try tally.facets(self, attribute, top: top)
  }

  /// Stretches of time from which to sample; one without bounds where all can be looked at.
  private func slices(_ query: EventQuery, limit: Int) throws -> [Range<Int64>?] {
    let bounds = query.expression.timeBounds
    let first = try connection.prepare("SELECT min(first_time) FROM segment").integer() ?? 0
    let last = try connection.prepare("SELECT max(last_time) FROM segment").integer() ?? 0
    let low = max(first, bounds.since ?? .min)
    let high = min(last, (bounds.until ?? .max) - 1)
    guard low < high else { return [nil] }
    // What the roll-up counts to be few need not be sampled: the index of errors finds them.
    if let rollup = RollupQuery(query.expression) {
      let matching = try connection.prepare(
        "SELECT sum(events) FROM minute_rollup WHERE \(rollup.condition.sql)"
      ).integer(rollup.condition.parameters)
      if (matching ?? 0) <= Int64(limit) { return [nil] }
    }
    func minute(_ time: Int64) -> Int64 { time.floorMultiple(of: RollupQuery.minute) / RollupQuery.minute }
    let inside =
      try connection.prepare("SELECT sum(events) FROM minute_rollup WHERE minute >= ? AND minute <= ?")
      .integer([.integer(minute(low)), .integer(minute(high))]) ?? 0
    guard inside > Int64(limit) else { return [nil] }
    let parts: Int64 = 8
    let (length, overflow) = high.subtractingReportingOverflow(low)
    guard !overflow else { return [nil] }
    return (0..<parts).map { part in
      let from = low + length / parts * part
      return from..<(part == parts - 1 ? high + 1 : low + length / parts * (part + 1))
    }
  }
}

/// Counts by ordinal; names come last.
private struct FacetTally {
  var counted: Int64 = 0
  var isComplete = true
  var devices: [Int64: Int64] = [:]
  var severities = [Int64](repeating: 0, count: 9)
  var templates: [Int64: Int64] = [:]
  var origins: [Int64: Int64] = [:]

  mutating func add(_ row: SQLiteStatement) {
    counted += 1
    if let device = row.int64OrNil(0) { devices[device, default: 0] += 1 }
    let severity = row.int64OrNil(1).flatMap { Int(exactly: $0) } ?? 8
    severities[severities.indices.contains(severity) ? severity : 8] += 1
    if let template = row.int64OrNil(2) { templates[template, default: 0] += 1 }
    if let origin = row.int64OrNil(3) { origins[origin, default: 0] += 1 }
  }

  func facets(_ reader: CaseReader, _ attribute: FacetAttribute?, top: Int) throws -> EventFacets {
    var result = EventFacets()
    result.counted = counted
    result.isComplete = isComplete
    result.severities = severities.enumerated().filter { $0.element > 0 }.map {
      (UInt8(exactly: $0.offset).flatMap(Severity.init)?.name ?? "none", $0.element)
    }
    for (ordinal, count) in best(devices, top) {
      if let name = try reader.decoder.device(ordinal) { result.devices.append((name, count)) }
    }
    var programs: [String: Int64] = [:]
    for (ordinal, count) in templates {
      programs[reader.rebuilder[ordinal]?.program ?? "", default: 0] += count
    }
    result.programs = named(programs, top)
    for (ordinal, count) in best(templates, top) {
      guard let template = reader.rebuilder[ordinal] else { continue }
      let digits = String(template.id, radix: 16)
      result.templates.append(
        (template.text, String(repeating: "0", count: max(0, 16 - digits.count)) + digits, count))
    }
    if let attribute { result.attribute = named(try attribute.counts(devices, reader), top) }
    let names = Dictionary(reader.catalog.sources.map { ($0.ordinal, $0.name) }) { first, _ in first }
    var sources: [String: Int64] = [:]
    var bases: [String: Int64] = [:]
    var qualities: [String: Int64] = [:]
    for (ordinal, count) in origins {
      guard let origin = reader.catalog.origins[ordinal] else { continue }
      if let name = names[origin.source] { sources[name, default: 0] += count }
      bases[origin.basis.name, default: 0] += count
      qualities[origin.quality.name, default: 0] += count
    }
    result.sources = named(sources, top)
    result.bases = named(bases, top)
    result.qualities = named(qualities, top)
    return result
  }

  private func best(_ counts: [Int64: Int64], _ top: Int) -> [(Int64, Int64)] {
    counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(top).map { ($0.key, $0.value) }
  }

  private func named(_ counts: [String: Int64], _ top: Int) -> EventFacets.Values {
    counts.filter { !$0.key.isEmpty }.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(top).map {
      (value: $0.key, events: $0.value)
    }
  }
}
