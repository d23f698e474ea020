import IncidentModel

/// A Sparkplug B payload (Eclipse Tahu's sparkplug_b.proto), as far as events are made of it.
struct SparkplugPayload {
  /// One metric.
  struct Metric {
    var name = ""
    var alias: UInt64?
    /// Milliseconds since the epoch.
    var timestamp: UInt64?
    var datatype: UInt64 = 0
    var isNull = false
    var isHistorical = false
    /// The value as JSON.
    var value: String?
  }

  /// Milliseconds since the epoch.
  var timestamp: UInt64?
  var sequence: UInt64?
  var metrics: [Metric] = []

  /// Reads a payload; nil where the bytes are none. Nothing but known fields with their wire types is taken.
  init?(_ bytes: UnsafeRawBufferPointer) {
    var fields = ProtobufFields(bytes)
    while let field = fields.next() {
      switch (field.number, field.kind) {
      case (1, .varint): timestamp = field.value
      case (2, .bytes):
        guard let metric = Self.metric(field.bytes) else { return nil }
        metrics.append(metric)
      case (3, .varint): sequence = field.value
      case (4, .bytes), (5, .bytes): break
      default: return nil
      }
    }
    guard fields.isWhole else { return nil }
  }

  /// True for stamps of this century.
  var isPlausible: Bool {
    let stamps = [timestamp].compactMap { $0 } + metrics.compactMap(\.timestamp)
    return !stamps.isEmpty && stamps.allSatisfy { $0 > 946_684_800_000 && $0 < 4_102_444_800_000 }
  }

  private static let types = [
    "Unknown", "Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64", "Float", "Double",
    "Boolean",
    "String", "DateTime", "Text", "UUID", "DataSet", "Bytes", "File", "Template", "PropertySet",
  ]

  /// Name of a data type.
  static func typeName(_ number: UInt64) -> String {
    number < UInt64(types.count) ? types[Int(number)] : String(number)
  }

  private static func metric(_ bytes: UnsafeRawBufferPointer) -> Metric? {
    var metric = Metric()
    var raw: ProtobufFields.Field?
    var fields = ProtobufFields(bytes)
    while let field = fields.next() {
      switch (field.number, field.kind) {
      case (1, .bytes): metric.name = String(decoding: field.bytes, as: UTF8.self)
      case (2, .varint): metric.alias = field.value
      case (3, .varint): metric.timestamp = field.value
      case (4, .varint): metric.datatype = field.value
      case (5, .varint): metric.isHistorical = field.value != 0
      case (6, .varint): break
      case (7, .varint): metric.isNull = field.value != 0
      case (8, .bytes), (9, .bytes): break
      case (10...11, .varint), (12, .fixed32), (13, .fixed64), (14, .varint), (15...19, .bytes): raw = field
      default: return nil
      }
    }
    guard fields.isWhole else { return nil }
    if let raw, !metric.isNull { metric.value = json(raw, metric.datatype) }
    return metric
  }

  /// A value as JSON. Signed numbers travel as unsigned ones of their width.
  private static func json(_ field: ProtobufFields.Field, _ datatype: UInt64) -> String? {
    switch field.number {
    case 10:
      let value = UInt32(truncatingIfNeeded: field.value)
      switch datatype {
      case 1: return String(Int8(truncatingIfNeeded: value))
      case 2: return String(Int16(truncatingIfNeeded: value))
      case 3: return String(Int32(bitPattern: value))
      default: return String(value)
      }
    case 11: return datatype == 4 ? String(Int64(bitPattern: field.value)) : String(field.value)
    case 12:
      return number(
        Double(Float(bitPattern: UInt32(truncatingIfNeeded: field.value))),
        "\(Float(bitPattern: UInt32(truncatingIfNeeded: field.value)))")
    case 13: return number(Double(bitPattern: field.value), "\(Double(bitPattern: field.value))")
    case 14: return field.value != 0 ? "true" : "false"
    case 15: return JSONTree.compact(.string(String(decoding: field.bytes, as: UTF8.self)))
    default:
      let hex = field.bytes.prefix(256).map { byte in
        let text = String(byte, radix: 16)
        return text.count == 1 ? "0" + text : text
      }
      return "\"" + hex.joined() + "\""
    }
  }

  private static func number(_ value: Double, _ text: String) -> String {
    value.isFinite ? text : "\"\(text)\""
  }
}

/// The fields of a protobuf message, one after the other.
struct ProtobufFields {
  /// How a field is written.
  enum Kind { case varint, fixed64, bytes, fixed32 }
  /// One field.
  struct Field {
    var number: Int
    var kind: Kind
    var value: UInt64 = 0
    var bytes = UnsafeRawBufferPointer(start: nil, count: 0)
  }

  private let bytes: UnsafeRawBufferPointer
  private var offset = 0
  private(set) var isWhole = true

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  /// The next field; nil at the end or where the bytes are damaged (`isWhole` is false then).
  mutating func next() -> Field? {
    guard offset < bytes.count, isWhole else { return nil }
    guard let key = varint(), key >> 3 > 0, key >> 3 < 1 << 20 else { return fail() }
    var field = Field(number: Int(key >> 3), kind: .varint)
    switch key & 7 {
    case 0:
      guard let value = varint() else { return fail() }
      field.value = value
    case 1:
      guard bytes.count - offset >= 8 else { return fail() }
      field.kind = .fixed64
      field.value = Bytes.word(bytes, offset)
      offset += 8
    case 2:
      guard let count = varint(), count <= UInt64(bytes.count - offset) else { return fail() }
      field.kind = .bytes
      field.bytes = Bytes.part(bytes, offset, offset + Int(count))
      offset += Int(count)
    case 5:
      guard bytes.count - offset >= 4 else { return fail() }
      field.kind = .fixed32
      field.value = UInt64(Bytes.word32(bytes, offset))
      offset += 4
    default: return fail()
    }
    return field
  }

  private mutating func fail() -> Field? {
    isWhole = false
    return nil
  }

  private mutating func varint() -> UInt64? {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while offset < bytes.count, shift < 64 {
      let byte = bytes[offset]
      offset += 1
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
      shift += 7
    }
    return nil
  }
}

/// A Sparkplug topic: `spBv1.0/GROUP/TYPE/NODE[/DEVICE]`.
struct SparkplugTopic {
  var group: String
  var type: String
  var node: String
  var device: String

  /// What publishes: `NODE/DEVICE`, or the node.
  var publisher: String { device.isEmpty ? node : "\(node)/\(device)" }

  private static let types: Set<String> = [
    "NBIRTH", "NDEATH", "DBIRTH", "DDEATH", "NDATA", "DDATA", "NCMD", "DCMD",
  ]

  private static func behindNamespace(_ text: String) -> Substring? {
    var copy = text
    let start = copy.withUTF8 { Bytes.find("spBv1.0", UnsafeRawBufferPointer($0)) }
    guard let start, start + 8 < text.utf8.count else { return nil }
    return text[text.utf8.index(text.utf8.startIndex, offsetBy: start + 8)...]
  }

  /// The topic in a text whose levels are divided by slashes, or, as in file names, by points.
  init?(_ text: String) {
    guard let rest = Self.behindNamespace(text) else { return nil }
    for separator: Character in ["/", "."] {
      var parts = rest.split(separator: separator, omittingEmptySubsequences: false).map(String.init)
      guard let type = parts.firstIndex(where: { Self.types.contains($0) }), type > 0, type + 1 < parts.count
      else { continue }
      if separator == ".", ["bin", "pb", "payload", "raw"].contains(parts[parts.count - 1]) {
        parts.removeLast()
      }
      guard type + 1 < parts.count else { continue }
      group = parts[..<type].joined(separator: String(separator))
      self.type = parts[type]
      node = parts[type + 1]
      device = parts[(type + 2)...].joined(separator: String(separator))
      if separator == "/" {
        for ending in [".bin", ".pb", ".payload", ".raw"] {
          if device.hasSuffix(ending) {
            device.removeLast(ending.count)
          } else if device.isEmpty, node.hasSuffix(ending) {
            node.removeLast(ending.count)
          }
        }
      }
      return
    }
    return nil
  }
}

/// Makes events of payloads, one for each metric. Aliases stand for the names that the last BIRTH of the same edge node gave.
struct SparkplugEvents {
  private var names: [String: [UInt64: String]] = [:]

  /// The events of one message.
  mutating func make(_ payload: SparkplugPayload, _ topic: SparkplugTopic?, basis: IdentityBasis)
    -> [PreparedEvent]
  {
    let node = topic.map { "\($0.group)/\($0.node)" } ?? ""
    if topic?.type == "NBIRTH" { names[node] = [:] }
    if topic == nil || topic?.type.hasSuffix("BIRTH") == true, names.count < 10_000 {
      for metric in payload.metrics {
        if let alias = metric.alias, !metric.name.isEmpty { names[node, default: [:]][alias] = metric.name }
      }
    }
    var base = PreparedEvent()
    base.program = "sparkplug"
    base.device = topic?.publisher ?? ""
    base.basis = basis
    base.severity = topic?.type.hasSuffix("DEATH") == true ? 4 : 6
    base.resolution = 1_000_000
    if let topic {
      base.fields = [
        ("group", JSONTree.compact(.string(topic.group))), ("type", JSONTree.compact(.string(topic.type))),
      ]
    }
    let rows: [SparkplugPayload.Metric?] = payload.metrics.isEmpty ? [nil] : payload.metrics
    return rows.map { metric in
      var event = base
      set(metric?.timestamp ?? payload.timestamp, &event)
      event.message = topic?.type ?? ""
      if let metric {
        let known = metric.alias.flatMap { names[node]?[$0] }
        let name = metric.name.isEmpty ? known ?? metric.alias.map { "alias \($0)" } ?? "" : metric.name
        event.message += (event.message.isEmpty ? "" : " ") + name
        event.fields.append(("metric", JSONTree.compact(.string(name))))
        if let alias = metric.alias { event.fields.append(("alias", String(alias))) }
        if metric.datatype > 0 {
          event.fields.append(
            ("datatype", JSONTree.compact(.string(SparkplugPayload.typeName(metric.datatype)))))
        }
        event.fields.append(("value", metric.value ?? "null"))
        if metric.isHistorical { event.fields.append(("historical", "true")) }
      }
      if let sequence = payload.sequence { event.fields.append(("seq", String(sequence))) }
      return event
    }
  }

  private func set(_ milliseconds: UInt64?, _ event: inout PreparedEvent) {
    guard let milliseconds, milliseconds > 0, milliseconds < 9_000_000_000_000 else { return }
    event.kind = .absolute
    event.time = Int64(milliseconds) * 1_000_000
    event.stamp = String(milliseconds)
  }
}
