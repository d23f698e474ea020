public import IncidentModel

/// A case opened for reading: the way of every query, view and analysis into it.
///
/// Reads what was committed when it was asked. Not for two threads at once; open one for each.
public final class CaseReader {
  /// Where the case lies.
  public let path: String
  let connection: SQLiteConnection
  let catalog: CaseCatalog
  let rebuilder: MessageRebuilder
  let functions: QueryFunctions
  let clocks: ClockTable
  var decoder: EventDecoder
  /// False looks at every event for `text:`: the oracle of the tests.
  var usesSearchIndex = true
  /// When `text:` looks at the pages of the whole case.
  var textScanning = TextSearch.Scanning.whereCheaper

  /// Opens a case, as hostile input: its header, version and schema are checked before anything else is read.
  public init(path: String) throws(StoreError) {
    self.path = path
    let segments: [Int64]
    (connection, segments) = try CaseOpening.readOnly(path)
    catalog = try CaseCatalog(connection, segments: segments)
    rebuilder = try MessageRebuilder(connection)
    functions = QueryFunctions(rebuilder: rebuilder)
    try functions.register(on: connection)
    clocks = try ClockTable(connection)
    try clocks.register(on: connection)
    decoder = try EventDecoder(
      catalog: catalog, rebuilder: rebuilder, clocks: clocks, connection: connection)
  }

  /// The latest instant of any event; nil when none has a time.
  public var newestEvidence: Instant? { catalog.newestEvidence }
  /// Time of the oldest event; nil where none has one.
  var oldestEvidence: Instant? { catalog.oldestEvidence }

  /// Columns of the inventory, in file order.
  public var attributes: [String] { catalog.attributes.sorted { $0.value < $1.value }.map(\.key) }

  /// Number of events.
  public func eventCount() throws(StoreError) -> Int64 {
    try connection.prepare("SELECT coalesce(sum(events), 0) FROM segment").integer() ?? 0
  }

  /// The event with this id; nil when there is none.
  public func event(_ id: EventID) throws(StoreError) -> TimelineEvent? {
    for segment in catalog.segments {
      let row = try connection.prepare(
        "SELECT \(EventDecoder.columns) FROM segment_\(segment) e WHERE e.id = ?")
      row.bound([.integer(id.rawValue)])
      if try row.next() { return try decoder.decode(row) }
    }
    return nil
  }

  /// The event of a source whose bytes hold this offset; nil when there is none.
  public func event(source: Int64, byteOffset: UInt64) throws(StoreError) -> TimelineEvent? {
    guard let events = catalog.sources.first(where: { $0.ordinal == source })?.events, !events.isEmpty else {
      return nil
    }
    // Events of a source have ids in the order of their offsets, so halving finds the last that begins before.
    var low = events.lowerBound
    var high = events.upperBound - 1
    var found: TimelineEvent?
    while low <= high {
      let middle = low + (high - low) / 2
      guard let event = try event(EventID(rawValue: middle)) else { return nil }
      if event.byteOffset <= byteOffset {
        found = event
        low = middle + 1
      } else {
        high = middle - 1
      }
    }
    guard let found, byteOffset - found.byteOffset < max(1, found.byteLength) else { return nil }
    return found
  }

  /// SHA-256 of the file with this path that the case holds itself; nil when it does not.
  /// - Parameter wanted: Of several files of the path, read one after the other, the one with this SHA-256.
  public func embeddedDigest(path: String, preferring wanted: String) throws(StoreError) -> String? {
    let row = try connection.prepare(
      "SELECT sha256 FROM embedded WHERE path = ? ORDER BY sha256 <> ? LIMIT 1"
    ).bound([.text(path), .text(wanted)])
    return try row.next() ? row.text(0) : nil
  }

  /// Sources whose path, member path, file name or SHA-256 (from 8 digits on) is `name`.
  public func sources(named name: String) -> [(ordinal: Int64, name: String)] {
    catalog.sources.filter { source in
      source.name == name || source.path == name || source.members.last == name
        || source.name.hasSuffix("/" + name)
        || (name.utf8.count >= 8 && source.sha256.hasPrefix(name.lowercased()))
    }.map { ($0.ordinal, $0.name) }
  }
}
