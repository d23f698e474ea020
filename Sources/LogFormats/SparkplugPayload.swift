/// A Sparkplug B payload (Eclipse Tahu's sparkplug_b.proto), as far as events are made of it. Its texts are stretches of the
/// payload's bytes; one payload after the other is read into the same value.
struct SparkplugPayload {
  /// One metric.
  struct Metric {
    var name = Slice.empty
    var alias: UInt64?
    /// Milliseconds since the epoch.
    var timestamp: UInt64?
    var datatype: UInt64 = 0
    var isNull = false
    var isHistorical = false
    /// Number of the field that holds the value; 0 where none does.
    var valueField = 0
    /// A number's bits.
    var bits: UInt64 = 0
    /// A value that is no number.
    var bytes = Slice.empty
  }

  /// Milliseconds since the epoch.
  private(set) var timestamp: UInt64?
  private(set) var sequence: UInt64?
  private(set) var metrics: [Metric] = []

  /// Reads a payload; false where the bytes are none. Nothing but known fields with their wire types is taken.
  mutating func read(_ payload: UnsafeRawBufferPointer) -> Bool {
    timestamp = nil
    sequence = nil
    metrics.removeAll(keepingCapacity: true)
    var fields = ProtobufFields(payload)
    while let field = fields.next() {
      switch (field.number, field.kind) {
      case (1, .varint): timestamp = field.value
      case (2, .bytes):
        guard let metric = Self.metric(field.bytes, in: payload) else { return false }
        metrics.append(metric)
      case (3, .varint): sequence = field.value
      case (4, .bytes), (5, .bytes): break
      default: return false
      }
    }
    return fields.isWhole
  }

  /// True for stamps of this century.
  var isPlausible: Bool {
    var seen = false
    func isPlausible(_ stamp: UInt64?) -> Bool {
      guard let stamp else { return true }
      seen = true
      return stamp > 946_684_800_000 && stamp < 4_102_444_800_000
    }
    guard isPlausible(timestamp) else { return false }
    for metric in metrics where !isPlausible(metric.timestamp) { return false }
    return seen
  }

  private static let types: [StaticString] = [
    "Unknown", "Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64", "Float", "Double",
    "Boolean", "String", "DateTime", "Text", "UUID", "DataSet", "Bytes", "File", "Template", "PropertySet",
  ]

  /// Name of a data type; nil for those that are not known.
  static func typeName(_ number: UInt64) -> StaticString? {
    number < UInt64(types.count) ? types[Int(number)] : nil
  }

  private static func metric(_ bytes: UnsafeRawBufferPointer, in payload: UnsafeRawBufferPointer) -> Metric? {
    func place(_ part: UnsafeRawBufferPointer) -> Slice {
      guard let start = part.baseAddress, let base = payload.baseAddress else { return .empty }
      return .record(start - base, part.count)
    }
    var metric = Metric()
    var fields = ProtobufFields(bytes)
    while let field = fields.next() {
      switch (field.number, field.kind) {
      case (1, .bytes): metric.name = place(field.bytes)
      case (2, .varint): metric.alias = field.value
      case (3, .varint): metric.timestamp = field.value
      case (4, .varint): metric.datatype = field.value
      case (5, .varint): metric.isHistorical = field.value != 0
      case (6, .varint): break
      case (7, .varint): metric.isNull = field.value != 0
      case (8, .bytes), (9, .bytes): break
      case (10...11, .varint), (12, .fixed32), (13, .fixed64), (14, .varint), (15...19, .bytes):
        metric.valueField = field.number
        metric.bits = field.value
        metric.bytes = place(field.bytes)
      default: return nil
      }
    }
    return fields.isWhole ? metric : nil
  }
}

extension Reading {
  /// Appends a metric's value as JSON. Signed numbers travel as unsigned ones of their width.
  mutating func appendValue(of metric: SparkplugPayload.Metric, in payload: UnsafeRawBufferPointer) {
    let field = metric.isNull ? 0 : metric.valueField
    let word = UInt32(truncatingIfNeeded: metric.bits)
    switch field {
    case 0: append("null")
    case 10:
      switch metric.datatype {
      case 1: appendDecimal(Int64(Int8(truncatingIfNeeded: word)))
      case 2: appendDecimal(Int64(Int16(truncatingIfNeeded: word)))
      case 3: appendDecimal(Int64(Int32(bitPattern: word)))
      default: appendDecimal(magnitude: UInt64(word))
      }
    case 11:
      if metric.datatype == 4 {
        appendDecimal(Int64(bitPattern: metric.bits))
      } else {
        appendDecimal(magnitude: metric.bits)
      }
    case 12: appendFloat(Float(bitPattern: word))
    case 13: appendFloat(Double(bitPattern: metric.bits))
    case 14: append(metric.bits != 0 ? "true" : "false")
    case 15: appendJSONString(Bytes.part(payload, metric.bytes.start, metric.bytes.end))
    default:
      append(0x22)
      for byte in Bytes.part(payload, metric.bytes.start, metric.bytes.end).prefix(256) {
        append(byte >> 4 < 10 ? byte >> 4 + 0x30 : byte >> 4 + 0x57)
        append(byte & 15 < 10 ? byte & 15 + 0x30 : byte & 15 + 0x57)
      }
      append(0x22)
    }
  }

  /// Appends a number; what JSON has no numbers for as a string.
  private mutating func appendFloat(_ value: some BinaryFloatingPoint & TextOutputStreamable) {
    if value.isFinite { return appendShortest(value) }
    append(value.isNaN ? "\"nan\"" : value < 0 ? "\"-inf\"" : "\"inf\"")
  }
}
