public import IncidentModel

/// A result of `firebreak trace` as the case keeps it: numbered, never changed, so that reports and plans can pin it.
public struct StoredTrace: Sendable, Hashable {
  /// From 1.
  public var number: Int64
  /// When it was made.
  public var createdAt: Instant
  /// Program and version.
  public var tool: String
  /// The options as JSON.
  public var options: String
  /// SHA-256 (hex) of what it was made from.
  public var inputDigest: String
  /// The result as JSON.
  public var result: String
  /// Names of devices by role: `affected`, `origin`…; `trace:ROLE` in queries.
  public var devices: [String: [String]]

  /// A trace from its parts. `number` is given when it is kept.
  public init(
    number: Int64 = 0, createdAt: Instant, tool: String, options: String, inputDigest: String, result: String,
    devices: [String: [String]]
  ) {
    self.number = number
    self.createdAt = createdAt
    self.tool = tool
    self.options = options
    self.inputDigest = inputDigest
    self.result = result
    self.devices = devices
  }
}

/// The traces of a case.
public final class TraceStore: Sendable {
  private let file: CaseFile

  /// The traces of an open case.
  public init(_ file: CaseFile) { self.file = file }

  /// Opens a case for its traces.
  public convenience init(path: String) throws(StoreError) { self.init(try CaseFile(path: path)) }

  /// Keeps a trace, durable on return, and gives it its number.
  public func add(_ trace: StoredTrace) throws(StoreError) -> StoredTrace {
    // Roles first: they are read without reading the result.
    let roles = trace.devices.sorted { $0.key < $1.key }
      .map { JSONText.quoted($0.key) + ":" + JSONText.array($0.value) }.joined(separator: ",")
    var kept = trace
    kept.number = try add(
      trace, envelope: Array("{\"devices\":{\(roles)},\"trace\":\(trace.result)}".utf8), isChecked: true)
    return kept
  }

  /// Keeps a trace whose stored text, `{"devices":…,"trace":…}`, was made already: that of a large incident is hundreds of
  /// megabytes, and is neither copied nor looked through again. What `trace` holds of result and devices is not used.
  /// - Returns: its number.
  public func add(_ trace: StoredTrace, envelope: [UInt8]) throws(StoreError) -> Int64 {
    try add(trace, envelope: envelope, isChecked: false)
  }

  private func add(_ trace: StoredTrace, envelope: [UInt8], isChecked: Bool) throws(StoreError) -> Int64 {
    let path = file.path
    return try file.write { (connection) throws(StoreError) -> Int64 in
      let number =
        1 + (try connection.prepare("SELECT coalesce(max(number), 0) FROM trace_result").integer() ?? 0)
      let statement = try connection.prepare(
        "INSERT INTO trace_result "
          + (isChecked
            ? "SELECT ?1, ?2, ?3, ?4, ?5, r FROM (SELECT ?6 AS r) WHERE json_valid(r)"
            : "VALUES (?1, ?2, ?3, ?4, ?5, ?6)"))
      statement.bound([
        .integer(number), .integer(trace.createdAt.nanoseconds), .text(trace.tool), .text(trace.options),
        .text(trace.inputDigest),
      ])
      let outcome = envelope.withUnsafeBytes { bytes -> Result<Bool, StoreError> in
        statement.bindLastingText(bytes, at: 6)
        return Result { () throws(StoreError) in try statement.step() }
      }
      _ = try outcome.get()
      statement.rewind()
      guard
        try connection.prepare("SELECT count(*) FROM trace_result WHERE number = ?").integer([
          .integer(number)
        ]) == 1
      else {
        throw StoreError(
          code: .invalid, what: "cannot keep a trace in case", path: path, reason: "its result is not JSON")
      }
      return number
    }
  }

  /// The trace with this number, or the latest; nil when there is none.
  public func trace(_ number: Int64? = nil) throws(StoreError) -> StoredTrace? {
    try file.read { (connection) throws(StoreError) in try Self.read(connection, number) }
  }

  /// Number, time, tool and digest of all traces, without their results, oldest first.
  public func list() throws(StoreError) -> [(
    number: Int64, createdAt: Instant, tool: String, inputDigest: String
  )] {
    try file.read { (connection) throws(StoreError) in
      let row = try connection.prepare(
        "SELECT number, created_at, tool, input_digest FROM trace_result ORDER BY number")
      var list: [(number: Int64, createdAt: Instant, tool: String, inputDigest: String)] = []
      while try row.next() {
        list.append((row.int64(0), Instant(nanoseconds: row.int64(1)), row.text(2), row.text(3)))
      }
      return list
    }
  }

  static func read(_ connection: SQLiteConnection, _ number: Int64?) throws(StoreError) -> StoredTrace? {
    let row = try connection.prepare(
      """
      SELECT number, created_at, tool, options, input_digest, json_extract(result, '$.trace') FROM trace_result
      WHERE number = coalesce(?, (SELECT max(number) FROM trace_result)) AND json_valid(result)
      """)
    row.bound([SQLiteValue(number)])
    guard try row.next() else { return nil }
    var trace = StoredTrace(
      number: row.int64(0), createdAt: Instant(nanoseconds: row.int64(1)), tool: row.text(2),
      options: row.text(3),
      inputDigest: row.text(4), result: row.text(5), devices: [:])
    let devices = try connection.prepare(
      """
      SELECT role.key, device.value FROM trace_result t, json_each(t.result, '$.devices') role,
        json_each(role.value) device WHERE t.number = ? AND role.type = 'array' ORDER BY role.id, device.id
      """)
    devices.bound([.integer(trace.number)])
    while try devices.next() { trace.devices[devices.text(0), default: []].append(devices.text(1)) }
    return trace
  }
}

extension CaseReader {
  /// The stored trace with this number, or the latest; nil when there is none.
  public func trace(_ number: Int64? = nil) throws(StoreError) -> StoredTrace? {
    try TraceStore.read(connection, number)
  }

  /// Number and input digest of the trace with this number, or of the latest, without its result, which may be large; nil when there
  /// is none.
  public func traceHead(_ number: Int64? = nil) throws(StoreError) -> (number: Int64, inputDigest: String)? {
    let row = try connection.prepare(
      """
      SELECT number, input_digest FROM trace_result
      WHERE number = coalesce(?, (SELECT max(number) FROM trace_result))
      """)
    row.bound([SQLiteValue(number)])
    guard try row.next() else { return nil }
    return (row.int64(0), row.text(1))
  }

  /// Everything a trace is made from, in a fixed order, for a digest over it: digests of the sources, notes that stand,
  /// inventory, topology.
  public func forEachInput(_ body: (String) -> Void) throws(StoreError) {
    for source in catalog.sources.sorted(by: { $0.sha256 < $1.sha256 }) { body("source \(source.sha256)\n") }
    for note in try notes() {
      body(
        "note \(note.kind.rawValue) \(note.event?.rawValue ?? 0) "
          + JSONText.array([note.subject ?? "", note.value ?? "", note.text]) + "\n")
    }
    try forEachFleetLine(body)
  }

  /// The part of the digest that is the inventory and the topology, as the case holds them.
  public func forEachFleetLine(_ body: (String) -> Void) throws(StoreError) {
    let attributes = try FleetTables.attributes(connection)
    body("inventory " + JSONText.array(attributes) + "\n")
    // Rows of a large fleet are handed on many at a time.
    var bytes: [UInt8] = []
    func handOn(_ least: Int) {
      guard bytes.count > least else { return }
      body(String(decoding: bytes, as: UTF8.self))
      bytes.removeAll(keepingCapacity: true)
    }
    try FleetTables.forEachRow(connection, attributes: attributes.count) { name, values in
      bytes.append(UInt8(ascii: "["))
      JSONText.append(name, to: &bytes)
      for value in values {
        bytes.append(UInt8(ascii: ","))
        value.withUnsafeBufferPointer { JSONText.append($0, to: &bytes) }
      }
      bytes += [UInt8(ascii: "]"), UInt8(ascii: "\n")]
      handOn(1 << 16)
    }
    handOn(0)
    body("topology\n")
    let links = try connection.prepare("SELECT from_name, to_name, kind FROM topology_link ORDER BY ordinal")
    while try links.next() {
      for column in 0..<3 as Range<Int32> {
        bytes.append(column == 0 ? UInt8(ascii: "[") : UInt8(ascii: ","))
        links.withBytes(column) { JSONText.append($0, to: &bytes) }
      }
      bytes += [UInt8(ascii: "]"), UInt8(ascii: "\n")]
      handOn(1 << 16)
    }
    handOn(0)
  }

  /// What the newest trace that knows says of a device's clock: its number, and the clock minus true time with the bound
  /// of the error, seconds. nil when no trace found it off.
  public func clockSkew(device: String) throws(StoreError) -> (trace: Int64, seconds: Double, error: Double)?
  {
    let row = try connection.prepare(
      """
      SELECT t.number, j.value ->> '$.seconds', j.value ->> '$.error'
      FROM trace_result t, json_each(t.result, '$.trace.skew_details') j
      WHERE json_valid(t.result) AND j.type = 'object' AND j.value ->> '$.device' = ? ORDER BY t.number DESC LIMIT 1
      """)
    row.bound([.text(device)])
    guard try row.next(), let seconds = Double(row.text(1)), abs(seconds) < 1e9 else { return nil }
    return (row.int64(0), seconds, Double(row.text(2)) ?? 0)
  }
}
