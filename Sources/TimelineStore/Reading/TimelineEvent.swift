public import IncidentModel

/// One event with everything the case knows of it.
public struct TimelineEvent: Sendable, Hashable {
  /// Row id.
  public var id: EventID
  /// When; nil where the event has no usable time.
  public var time: Instant?
  /// When by true time, where the device's clock was found to be off; nil where it is not corrected.
  public var correctedTime: Instant? = nil
  /// Bound of the error of `correctedTime` in nanoseconds.
  public var correctionError: Int64? = nil
  /// Bound of the error of `time` in nanoseconds; nil when unknown.
  public var timeError: Int64?
  /// How the time came about.
  public var quality: TimeQuality
  /// Nanoseconds since boot, where that is all there is.
  public var sinceBoot: Int64?
  /// The stamp as written; nil where there is none.
  public var stamp: String?
  /// The device's name; nil where the event names none.
  public var device: String?
  /// Who vouches for the device's name.
  public var basis: IdentityBasis
  /// Severity; nil where the event has none.
  public var severity: Severity?
  /// Program, logger or component; empty where there is none.
  public var program: String
  /// The message's template.
  public var template: TemplateID
  /// The message's exact bytes.
  public var messageBytes: [UInt8]
  /// Other fields as one JSON object; nil where there are none.
  public var fields: String?
  /// The source's number within the case.
  public var source: Int64
  /// Path and members of the source.
  public var place: SourceDescription
  /// 1-based line in the source.
  public var line: UInt64
  /// First byte in the uncompressed source.
  public var byteOffset: UInt64
  /// Bytes, line ends and continuation lines included.
  public var byteLength: UInt64

  /// The message as text; bytes that are not UTF-8 become U+FFFD.
  public var message: String { String(decoding: messageBytes, as: UTF8.self) }
}

/// Turns rows of a segment into events.
struct EventDecoder {
  /// The columns `decode` expects, of a segment called `e`.
  static let columns =
    "e.id, e.time, e.device, e.severity, e.template, e.origin, e.line, e.byte_offset, e.byte_length, e.variables, "
    + "e.fields, e.message, e.stamp, e.since_boot, e.time_error, e.header"

  let catalog: CaseCatalog
  let rebuilder: MessageRebuilder
  private let clocks: ClockTable
  private let deviceName: SQLiteStatement
  private var names: [Int64: String] = [:]
  private let sources: [Int64: CaseCatalog.Source]

  init(
    catalog: CaseCatalog, rebuilder: MessageRebuilder, clocks: ClockTable, connection: SQLiteConnection
  ) throws(StoreError) {
    self.clocks = clocks
    self.catalog = catalog
    self.rebuilder = rebuilder
    sources = Dictionary(catalog.sources.map { ($0.ordinal, $0) }) { first, _ in first }
    deviceName = try connection.prepare("SELECT name FROM device WHERE ordinal = ?")
  }

  /// The name of a device ordinal; nil where the case has none.
  mutating func device(_ ordinal: Int64) throws(StoreError) -> String? {
    if let known = names[ordinal] { return known }
    deviceName.bound([.integer(ordinal)])
    defer { deviceName.rewind() }
    guard try deviceName.next() else { return nil }
    let name = deviceName.text(0)
    // A bound on memory for fleets of millions.
    if names.count >= 200_000 { names.removeAll(keepingCapacity: true) }
    names[ordinal] = name
    return name
  }

  mutating func decode(_ row: SQLiteStatement) throws(StoreError) -> TimelineEvent {
    let origin = catalog.origins[row.int64(5)]
    let source = origin.flatMap { sources[$0.source] }
    let template = rebuilder[row.int64(4)]
    var message: [UInt8] = []
    if row.isNull(11) {
      let ordinal = row.int64(4)
      row.withBytes(9) { rebuilder.append(template: ordinal, variables: $0, to: &message) }
    } else {
      message = row.bytes(11)
    }
    let time = row.int64OrNil(1)
    var corrected: (time: Int64, error: Int64)?
    if !clocks.isEmpty {
      if let time {
        corrected =
          row.isNull(2) ? nil : clocks.corrected(id: row.int64(0), device: row.int64(2), time: time)
      } else {
        corrected = row.int64OrNil(13).flatMap { clocks.anchored(id: row.int64(0), sinceBoot: $0) }
      }
    }
    return TimelineEvent(
      id: EventID(rawValue: row.int64(0)), time: time.map { Instant(nanoseconds: $0) },
      correctedTime: corrected.map { Instant(nanoseconds: $0.time) }, correctionError: corrected?.error,
      timeError: row.int64OrNil(14) ?? origin?.timeError, quality: origin?.quality ?? .none,
      sinceBoot: row.int64OrNil(13),
      stamp: row.textOrNil(12) ?? time.flatMap { origin?.stamp.text(of: $0) },
      device: row.isNull(2) ? nil : try device(row.int64(2)), basis: origin?.basis ?? .none,
      severity: row.int64OrNil(3).flatMap { UInt8(exactly: $0) }.flatMap(Severity.init),
      program: template?.program ?? "", template: TemplateID(rawValue: template?.id ?? 0),
      messageBytes: message,
      fields: row.textOrNil(10) ?? row.header(15)?.fields, source: source?.ordinal ?? 0,
      place: SourceDescription(path: source?.path ?? "", members: source?.members ?? []),
      line: UInt64(bitPattern: row.int64(6)), byteOffset: UInt64(bitPattern: row.int64(7)),
      byteLength: UInt64(bitPattern: row.int64(8)))
  }
}
