public import IncidentModel

/// A device of the case: what its events say in short, and what the inventory knows of it.
public struct DeviceEntry: Sendable, Hashable {
  /// The name.
  public var name: String
  /// Number of events; 0 for devices that are only listed.
  public var events: Int64
  /// Earliest instant.
  public var firstTime: Instant?
  /// Latest instant.
  public var lastTime: Instant?
  /// Events by severity, 0 to 7.
  public var bySeverity: [Int64]
  /// Earliest event of severity error or worse, with a time.
  public var firstError: EventID?
  /// When that was.
  public var firstErrorTime: Instant?
  /// Values of the inventory's columns, in their order; empty where unknown.
  public var attributes: [String]
  /// Whether the inventory lists it.
  public var isListed: Bool

  /// Events of severity error or worse.
  public var errors: Int64 { bySeverity.prefix(4).reduce(0, +) }
  /// Events of severity warning.
  public var warnings: Int64 { bySeverity.count > 4 ? bySeverity[4] : 0 }
}

/// A decision or damage of a source, with its words.
public struct SourceRemark: Sendable, Hashable {
  /// `zone`, `year`… or the kind of damage.
  public var subject: String
  /// The value decided, or where the damage is.
  public var value: String
  /// On what ground, or what it means.
  public var reason: String
}

extension CaseReader {
  /// Devices that speak or are listed, in the order of their names.
  /// - Parameter pattern: Only those whose name fits, `*` and `?` being wildcards; nil: all.
  public func devices(matching pattern: String? = nil) throws(StoreError) -> [DeviceEntry] {
    let glob = pattern.map { GlobMatcher(GlobPattern(wildcards: $0), foldsCase: false) }
    let inventory = try FleetTables.inventory(connection)
    let unknown = [String](repeating: "", count: inventory.attributes.count)
    var entries: [DeviceEntry] = []
    let row = try connection.prepare(
      """
      SELECT d.name, r.events, r.first_time, r.last_time, r.first_error, r.first_error_time, r.severity_0, r.severity_1,
        r.severity_2, r.severity_3, r.severity_4, r.severity_5, r.severity_6, r.severity_7
      FROM device d LEFT JOIN device_rollup r ON r.device = d.ordinal
      """)
    var spoken: Set<String> = []
    while try row.next() {
      let name = row.text(0)
      guard glob?.matches(name) ?? true else { continue }
      let listed = inventory.rowOfDevice[name]
      spoken.insert(name)
      entries.append(
        DeviceEntry(
          name: name, events: row.int64(1), firstTime: row.int64OrNil(2).map { Instant(nanoseconds: $0) },
          lastTime: row.int64OrNil(3).map { Instant(nanoseconds: $0) },
          bySeverity: (6..<14).map { row.int64(Int32($0)) },
          firstError: row.int64OrNil(4).map { EventID(rawValue: $0) },
          firstErrorTime: row.int64OrNil(5).map { Instant(nanoseconds: $0) },
          attributes: listed.map { index in
            inventory.attributes.indices.map { inventory.value(row: index, attribute: $0) }
          } ?? unknown, isListed: listed != nil))
    }
    for (index, name) in inventory.devices.enumerated()
    where !spoken.contains(name) && glob?.matches(name) ?? true {
      entries.append(
        DeviceEntry(
          name: name, events: 0, firstTime: nil, lastTime: nil, bySeverity: [Int64](repeating: 0, count: 8),
          firstError: nil, firstErrorTime: nil,
          attributes: inventory.attributes.indices.map { inventory.value(row: index, attribute: $0) },
          isListed: true))
    }
    return entries.sorted { $0.name < $1.name }
  }

  /// The inventory, as it was given.
  public func inventory() throws(StoreError) -> Inventory { try FleetTables.inventory(connection) }

  /// The topology, as it was given.
  public func topology() throws(StoreError) -> Topology { try FleetTables.topology(connection) }

  /// All sources, in the order of the load.
  public func sources() throws(StoreError) -> [SourceEntry] {
    let row = try connection.prepare(
      """
      SELECT ordinal, path, members, sha256, format, compression, stored_bytes, bytes, bytes_events, bytes_continuations,
        bytes_blanks, bytes_structure, bytes_refused, bytes_damaged, lines_events, lines_continuations, lines_blanks,
        lines_structure, lines_refused, lines_damaged, first_event, events, first_time, last_time, modified,
        (SELECT count(*) FROM damage g WHERE g.source = s.ordinal)
      FROM source s ORDER BY ordinal
      """)
    var entries: [SourceEntry] = []
    while try row.next() {
      func number(_ column: Int32) -> UInt64 { UInt64(bitPattern: row.int64(column)) }
      func tally(_ first: Int32) -> Tally {
        var tally = Tally()
        tally.events = number(first)
        tally.continuations = number(first + 1)
        tally.blanks = number(first + 2)
        tally.structure = number(first + 3)
        tally.refused = number(first + 4)
        tally.damaged = number(first + 5)
        return tally
      }
      func instant(_ column: Int32) -> Instant? { row.int64OrNil(column).map { Instant(nanoseconds: $0) } }
      entries.append(
        SourceEntry(
          ordinal: row.int64(0),
          description: SourceDescription(path: row.text(1), storedMembers: row.text(2)),
          sha256: row.text(3), format: row.text(4), compression: MemberList.decode(row.text(5)),
          storedBytes: number(6),
          bytes: number(7), bytesBy: tally(8), linesBy: tally(14),
          events: CaseCatalog.events(first: row.int64(20), count: row.int64(21)), firstTime: instant(22),
          lastTime: instant(23), modified: instant(24), damage: Int(clamping: row.int64(25))))
    }
    return entries
  }

  /// What was lost of a source, and what was decided for it.
  public typealias Remarks = (damage: [SourceRemark], decisions: [SourceRemark])

  /// What was lost of one source, and what was decided for it.
  public func remarks(source: Int64) throws(StoreError) -> Remarks {
    try remarks("WHERE source = ?", [.integer(source)])[source] ?? ([], [])
  }

  /// The same of all sources that have any, by their numbers: for whoever goes through many.
  public func remarksBySource() throws(StoreError) -> [Int64: Remarks] { try remarks("", []) }

  private func remarks(_ condition: String, _ values: [SQLiteValue]) throws(StoreError) -> [Int64: Remarks] {
    var all: [Int64: Remarks] = [:]
    func read(_ columns: String, _ list: WritableKeyPath<Remarks, [SourceRemark]>) throws(StoreError) {
      let row = try connection.prepare("SELECT source, \(columns) \(condition) ORDER BY id").bound(values)
      while try row.next() {
        all[row.int64(0), default: ([], [])][keyPath: list].append(
          SourceRemark(subject: row.text(1), value: row.text(2), reason: row.text(3)))
      }
    }
    try read(
      "kind, iif(in_container, 'compressed byte ', 'byte ') || byte_offset, note FROM damage", \.damage)
    try read("subject, value, reason FROM decision", \.decisions)
    return all
  }

  /// How many sources are read in a zone that nothing vouches for.
  public func sourcesWithAssumedZone() throws(StoreError) -> Int {
    let row = try connection.prepare(
      "SELECT count(DISTINCT source) FROM decision WHERE subject = 'zone' AND instr(reason, ?) > 0"
    ).bound([.text(IntakeDecision.utcIsTaken)])
    return try row.next() ? Int(row.int64(0)) : 0
  }

  /// Which neighbours of an event are its context.
  public enum ContextScope: String, Sendable, CaseIterable {
    /// Events of the same device, by time.
    case device
    /// Events of the same source, in the order of the evidence.
    case source
  }

  /// Up to `count` events before and after one, oldest first.
  public func context(
    of event: TimelineEvent, _ scope: ContextScope, count: Int
  ) throws(StoreError) -> (before: [TimelineEvent], after: [TimelineEvent]) {
    guard count > 0 else { return ([], []) }
    let before: [TimelineEvent]
    let after: [TimelineEvent]
    switch scope {
    case .source:
      guard let events = catalog.sources.first(where: { $0.ordinal == event.source })?.events else {
        return ([], [])
      }
      before = try neighbours(
        "e.id >= ? AND e.id < ? ORDER BY e.id DESC", [events.lowerBound, event.id.rawValue], .newestFirst,
        count)
      after = try neighbours(
        "e.id < ? AND e.id > ? ORDER BY e.id", [events.upperBound, event.id.rawValue], .oldestFirst, count)
    case .device:
      guard let name = event.device, let time = event.time?.nanoseconds,
        let device = try connection.prepare("SELECT ordinal FROM device WHERE name = ?").integer([.text(name)]
        )
      else { return ([], []) }
      before = try neighbours(
        "e.device = ? AND (e.time, e.id) < (?, ?) ORDER BY e.time DESC, e.id DESC",
        [device, time, event.id.rawValue],
        .newestFirst, count)
      after = try neighbours(
        "e.device = ? AND (e.time, e.id) > (?, ?) ORDER BY e.time, e.id", [device, time, event.id.rawValue],
        .oldestFirst,
        count)
    }
    return (before.reversed(), after)
  }

  private func neighbours(
    _ condition: String, _ values: [Int64], _ order: EventOrder, _ count: Int
  ) throws(StoreError) -> [TimelineEvent] {
    var statements: [SQLiteStatement] = []
    for segment in catalog.segments {
      let statement = try connection.prepare(
        "SELECT \(EventDecoder.columns) FROM segment_\(segment) e WHERE \(condition) LIMIT ?")
      statements.append(statement.bound(values.map { .integer($0) } + [.integer(Int64(count))]))
    }
    var merge = try SegmentMerge(statements, order: order)
    var events: [TimelineEvent] = []
    while events.count < count, let row = try merge.next() { events.append(try decoder.decode(row)) }
    return events
  }
}
