/// A range of bytes in an `EventBatch`'s arena. Empty means absent.
public struct ByteRange: Hashable, Sendable {
  /// First byte, counted from the start of the arena.
  public var start: UInt32
  /// Number of bytes.
  public var count: UInt32
  /// A range from its first byte and its length.
  @inlinable public init(start: UInt32, count: UInt32) {
    self.start = start
    self.count = count
  }
  /// The empty range.
  @inlinable public static var empty: ByteRange { ByteRange(start: 0, count: 0) }
  /// True when there are no bytes.
  @inlinable public var isEmpty: Bool { count == 0 }
}

/// One event as the intake hands it on: fixed width, its texts as ranges into the batch's arena.
public struct EventRecord: Sendable {
  /// Nanoseconds since the epoch; for `.unanchored` nanoseconds since that boot; 0 for `.none`.
  public var time: Int64 = 0
  /// Bound of the error of `time` in nanoseconds (half the resolution of the stamp at least); -1 when unknown.
  public var timeError: Int64 = -1
  /// The device's id, or nil-like 0 where `basis` is `.none`.
  public var device = DeviceID(rawValue: 0)
  /// 1 for the device that the lane was told first, 2 for the next and so on; 0 where that is not known.
  public var deviceNumber: UInt32 = 0
  /// The message's template.
  public var template = TemplateID(rawValue: 0)
  /// 1-based number of the first line in the source; for binary sources the number of the record.
  public var line: UInt64 = 0
  /// First byte of the record in the uncompressed source.
  public var byteOffset: UInt64 = 0
  /// Bytes of the record, its line end and its continuation lines included.
  public var byteLength: UInt32 = 0
  /// How `time` came about.
  public var quality = TimeQuality.none
  /// Who vouches for `device`.
  public var basis = IdentityBasis.none
  /// 0 to 7 as `Severity`, or 255 where the record has none.
  public var severity: UInt8 = 255
  /// The stamp as written.
  public var stamp = ByteRange.empty
  /// The message's bytes, as in the evidence (escape sequences of JSON are resolved).
  public var message = ByteRange.empty
  /// Other fields: one JSON object in UTF-8, or empty.
  public var fields = ByteRange.empty
  /// Stands for the fields where those are empty and it says something.
  public var header = SyslogHeader()
  /// The message's variables with tabs between, all of them printable ASCII without quotes and backslashes; said only with a `templateNumber`.
  /// Empty where the batch's `variables` say them, or there are none.
  public var values = ByteRange.empty
  /// First of this event's entries in the batch's `variables`.
  public var firstVariable: UInt32 = 0
  /// Number of the message's variables, in the order of the template's placeholders.
  public var variableCount: UInt16 = 0
  /// 1 for the template that the lane was told first, 2 for the next and so on; 0 where that is not known. Anything but 0 says as well
  /// that the template's text with the variables put in is the message, byte for byte.
  public var templateNumber: UInt32 = 0
  /// A record with nothing in it.
  @inlinable public init() {}
}

/// A line (or record) that no format could read: kept with its place and reason.
public struct RefusedLine: Sendable {
  /// 1-based line number.
  public var line: UInt64
  /// First byte in the uncompressed source.
  public var byteOffset: UInt64
  /// Bytes, line end included.
  public var byteLength: UInt64
  /// Why, as a short stable code: `bad-time`, `not-json`, `binary`, `too-long`…
  public var reason: String
  /// The first bytes of the line (at most 1,024), in the arena.
  public var excerpt: ByteRange
  /// A refused line from its parts.
  public init(line: UInt64, byteOffset: UInt64, byteLength: UInt64, reason: String, excerpt: ByteRange) {
    self.line = line
    self.byteOffset = byteOffset
    self.byteLength = byteLength
    self.reason = reason
    self.excerpt = excerpt
  }
}

/// A template: the constant part of a family of messages. Each variable is one `<*>` in `text`.
public struct TemplateDefinition: Sendable {
  /// `ContentHash` of program, NUL, text.
  public var id: TemplateID
  /// Program, logger or component that wrote the message; empty where there is none. Arena range.
  public var program: ByteRange
  /// The text with `<*>` for each variable. Arena range.
  public var text: ByteRange
  /// A definition from its parts.
  public init(id: TemplateID, program: ByteRange, text: ByteRange) {
    self.id = id
    self.program = program
    self.text = text
  }
}

/// A device named for the first time by the worker that made the batch.
public struct DeviceDefinition: Sendable {
  /// `ContentHash` of the name.
  public var id: DeviceID
  /// The name's bytes. Arena range.
  public var name: ByteRange
  /// A definition from its parts.
  public init(id: DeviceID, name: ByteRange) {
    self.id = id
    self.name = name
  }
}

/// Events of one source, in evidence order, with all their bytes in one arena. Reused from batch to batch.
///
/// Every device and template id in `records` is defined in this or an earlier batch of the same lane.
public struct EventBatch: Sendable {
  /// The events.
  public var records: [EventRecord] = []
  /// Ranges of the variables of all messages; see `EventRecord.firstVariable`.
  public var variables: [ByteRange] = []
  /// Lines that could not be read.
  public var refused: [RefusedLine] = []
  /// Devices seen for the first time in this lane.
  public var devices: [DeviceDefinition] = []
  /// Templates seen for the first time in this lane.
  public var templates: [TemplateDefinition] = []
  /// The bytes that all ranges point into. At most 4 GiB.
  public var arena: [UInt8] = []

  /// An empty batch.
  public init() {}

  /// Empties the batch and keeps its storage.
  public mutating func removeAll() {
    records.removeAll(keepingCapacity: true)
    variables.removeAll(keepingCapacity: true)
    refused.removeAll(keepingCapacity: true)
    devices.removeAll(keepingCapacity: true)
    templates.removeAll(keepingCapacity: true)
    arena.removeAll(keepingCapacity: true)
  }
}
