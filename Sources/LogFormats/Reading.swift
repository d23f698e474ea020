public import IncidentModel

/// What a record's stamp can say by itself. Whoever knows zone, year and anchors makes an instant of it.
public enum StampKind: UInt8, Sendable {
  /// No stamp. `Reading.time` is 0.
  case none = 0
  /// Date, time and zone, or an epoch. `Reading.time` is nanoseconds since the epoch, UTC.
  case absolute = 1
  /// Date and time without zone. `Reading.time` is nanoseconds since the epoch as if the zone were UTC.
  case noZone = 2
  /// Month, day and time. `Reading.time` is nanoseconds since 1 January of a leap year; see `YearlessStamp`.
  case noYear = 3
  /// Time since boot. `Reading.time` is nanoseconds since that boot.
  case sinceBoot = 4
  /// Time of day only. `Reading.time` is nanoseconds since midnight.
  case timeOfDay = 5
}

/// What one record says, without a `String`: fixed width, reused from record to record, its texts as slices of
/// the record or of the reading's own scratch buffer. Slices hold until the next record is parsed.
public struct Reading: ~Copyable {
  /// Yes-or-no facts of a reading.
  public struct Flags: OptionSet, Sendable {
    /// The bits.
    public var rawValue: UInt16
    /// Flags from their bits.
    @inlinable public init(rawValue: UInt16) { self.rawValue = rawValue }
    /// The device has booted before this record: time since boot starts again. May be set on structure lines too.
    @inlinable public static var bootMarker: Flags { Flags(rawValue: 1) }
    /// `uptime` holds the time since boot beside an absolute stamp (a record with both clocks).
    @inlinable public static var hasUptime: Flags { Flags(rawValue: 2) }
    /// `wall` holds a wall clock time that the text of a since-boot record states (SNTP set, RTC read).
    @inlinable public static var hasWall: Flags { Flags(rawValue: 4) }
    /// The record holds further events: call `RecordParser.next` until this is off.
    @inlinable public static var more: Flags { Flags(rawValue: 8) }
    /// The stamp was there but cannot be a time (month 13); `kind` is `.none` and the stamp is kept.
    @inlinable public static var badStamp: Flags { Flags(rawValue: 16) }
    /// Fields were left out because they nest too deep or are too many; the raw record has them.
    @inlinable public static var fieldsCut: Flags { Flags(rawValue: 32) }
    /// The stamp carried a zone name that is not unambiguous (`IST`); it was treated as without zone.
    @inlinable public static var ambiguousZone: Flags { Flags(rawValue: 64) }
    /// The stamp's offset was told by a name (`CET`), which stands for the offset that it usually means.
    @inlinable public static var namedZone: Flags { Flags(rawValue: 128) }
    /// `zoneOffset` holds the offset of a stamp without a year.
    @inlinable public static var hasZoneOffset: Flags { Flags(rawValue: 256) }
    /// A date in numbers was read with the day before the month. Without `openDate` it cannot be read otherwise.
    @inlinable public static var dayFirst: Flags { Flags(rawValue: 512) }
    /// A date in numbers was read with the month before the day. Without `openDate` it cannot be read otherwise.
    @inlinable public static var monthFirst: Flags { Flags(rawValue: 1024) }
    /// Day and month could change places: `swapDays` says what that adds.
    @inlinable public static var openDate: Flags { Flags(rawValue: 2048) }
    /// A continuation whose `severity` is that of its event.
    @inlinable public static var tellsSeverity: Flags { Flags(rawValue: 4096) }
    /// The offset, which `zoneOffset` holds, was told by the name of the stamp's field (`Time (UTC)`).
    @inlinable public static var fieldZone: Flags { Flags(rawValue: 8192) }
    /// Both of those that a date in numbers may have.
    @inlinable public static var dateOrders: Flags { Flags(rawValue: 1536) }
    /// All of those that go with a zone's name.
    @inlinable public static var zoneNames: Flags { Flags(rawValue: 8384) }
  }

  /// The time; its meaning is `kind`'s.
  public var time: Int64 = 0
  /// Smallest step of the stamp as written, in nanoseconds: 1_000_000_000 for whole seconds; 0 without a stamp.
  public var resolution: Int64 = 0
  /// Nanoseconds since boot where `.hasUptime` is set.
  public var uptime: Int64 = 0
  /// Nanoseconds since the epoch where `.hasWall` is set.
  public var wall: Int64 = 0
  /// Days to add where day and month change places, valid where `.openDate` is set.
  public var swapDays: Int32 = 0
  /// Seconds east of UTC that a stamp without a year, or the name of a stamp's field, names; valid where `.hasZoneOffset` or `.fieldZone` is set.
  public var zoneOffset: Int32 = 0
  /// The stamp as written.
  public var stamp = Slice.empty
  /// The device's name as written.
  public var device = Slice.empty
  /// Program, logger or component: part of the template's identity.
  public var program = Slice.empty
  /// The message.
  public var message = Slice.empty
  /// Everything else: one JSON object in valid UTF-8, or empty. Always in scratch.
  public var fields = Slice.empty
  /// Stands for the fields where it says something; `spellFields` makes them of it. `fields` is empty then.
  public var header = SyslogHeader()
  /// Identity of the boot that `time` or `uptime` counts from, where the record names it (journald).
  public var boot = Slice.empty
  /// Where a record holds several events: this event's bytes in the record. Empty: the whole record.
  public var element = Slice.empty
  /// What `time` means.
  public var kind = StampKind.none
  /// Who vouches for `device`.
  public var basis = IdentityBasis.none
  /// 0 to 7 as `Severity`, or 255.
  public var severity: UInt8 = 255
  /// Yes-or-no facts.
  public var flags = Flags()

  @usableFromInline var buffer: UnsafeMutableRawPointer
  @usableFromInline var capacity: Int
  @usableFromInline var scratchCount = 0

  /// A reading with room for 4 KiB of scratch.
  public init() {
    capacity = 4096
    buffer = .allocate(byteCount: capacity, alignment: 16)
  }

  deinit { buffer.deallocate() }

  /// Forgets everything and keeps the scratch buffer's storage. Parsers call it first.
  @inlinable public mutating func reset() {
    time = 0
    resolution = 0
    stamp = .empty
    device = .empty
    program = .empty
    message = .empty
    fields = .empty
    header = SyslogHeader()
    boot = .empty
    element = .empty
    kind = .none
    basis = .none
    severity = 255
    flags = []
    scratchCount = 0
  }

  /// The bytes of a slice. They hold until the next call that changes the reading.
  @inlinable @inline(__always)
  public func bytes(_ slice: Slice, of record: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    let limit = slice.isInScratch ? scratchCount : record.count
    guard slice.count > 0, slice.end <= limit else { return UnsafeRawBufferPointer(start: nil, count: 0) }
    let base = slice.isInScratch ? UnsafeRawPointer(buffer) : record.baseAddress.unsafelyUnwrapped
    return UnsafeRawBufferPointer(start: base + slice.start, count: Int(slice.count))
  }

  /// The fields as JSON, those that a header stands for too; empty where there are none. For tests and display only.
  public func fieldsText(of record: UnsafeRawBufferPointer) -> String {
    fields.isEmpty ? header.fields : text(fields, of: record)
  }

  /// The text of a slice, for tests and display only: invalid UTF-8 is replaced.
  public func text(_ slice: Slice, of record: UnsafeRawBufferPointer) -> String {
    String(decoding: bytes(slice, of: record), as: UTF8.self)
  }
}
