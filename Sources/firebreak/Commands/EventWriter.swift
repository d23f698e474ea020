import ConsoleOutput
import IncidentModel
import TimelineStore

/// Writes events one after the other in any of the formats, holding only a screenful.
struct EventWriter {
  private let format: OutputFormat
  private var pending: [TimelineEvent] = []
  private var count = 0
  private var hasHeader = false
  private var buffer = ""
  private let extra: [(String, JSONValue)]
  private let isCorrected: Bool

  /// Rows whose widths a table is fitted to at once.
  private static let screenful = 500

  init(format: OutputFormat, reader: CaseReader, expression: String, isCorrected: Bool = false) {
    self.format = format
    self.isCorrected = isCorrected
    extra = [
      ("schema", "firebreak.query/1"), ("case", .string(reader.path)), ("expression", .string(expression)),
      ("newest_evidence", reader.newestEvidence.map { .string($0.rfc3339(fractionDigits: 9)) } ?? .null),
    ]
  }

  mutating func add(_ event: TimelineEvent) {
    switch format {
    case .table:
      pending.append(event)
      if pending.count >= Self.screenful { flush() }
    case .json: put((count == 0 ? opening : ",\n") + "    " + EventDocument(event).json.text())
    case .jsonl: put(EventDocument(event).json.text() + "\n")
    case .csv:
      if count == 0 { put(DelimitedText.line(EventDocument.columns) + "\n") }
      put(DelimitedText.line(EventDocument(event).cells) + "\n")
    }
    count += 1
  }

  /// Writes what was added so far, for a query that fails on its way.
  mutating func writePending() {
    flush()
    if !buffer.isEmpty { writeBuffer() }
  }

  /// One system call for many events.
  private mutating func put(_ text: String) {
    buffer += text
    if buffer.utf8.count >= 1 << 16 { writeBuffer() }
  }

  private mutating func writeBuffer() {
    Console.write(buffer)
    buffer.removeAll(keepingCapacity: true)
  }

  mutating func finish(limitReached: Bool) {
    switch format {
    case .table: flush()
    case .json:
      if count == 0 { put(opening) }
      put("\n  ],\n  \"count\": \(count),\n  \"limit_reached\": \(limitReached)\n}\n")
    case .jsonl: break
    case .csv: if count == 0 { put(DelimitedText.line(EventDocument.columns) + "\n") }
    }
    if !buffer.isEmpty { writeBuffer() }
  }

  private var opening: String {
    "{\n" + extra.map { "  \(JSONValue.string($0.0).text()): \($0.1.text()),\n" }.joined()
      + "  \"events\": [\n"
  }

  private mutating func flush() {
    guard !pending.isEmpty else { return }
    var table = TextTable([
      .init("id", alignsRight: true), .init(isCorrected ? "corrected time" : "time"),
      .init("device", mayShrink: true, keepsEnds: true), .init("severity"),
      .init("program", mayShrink: true), .init("message", mayShrink: true),
    ])
    for event in pending {
      table.append([
        String(event.id.rawValue),
        (isCorrected ? event.correctedTime?.description : nil) ?? EventDocument(event).timeCell,
        event.device ?? "", event.severity?.name ?? "", event.program, EventDocument(event).messageCell,
      ])
    }
    pending.removeAll(keepingCapacity: true)
    let layout = table.layout(width: Console.width)
    if !hasHeader { Console.print(Console.style.bold(layout.header)) }
    hasHeader = true
    for line in layout.lines { Console.print(line) }
  }
}

/// An event as JSON members and as cells.
struct EventDocument {
  let event: TimelineEvent
  init(_ event: TimelineEvent) { self.event = event }

  /// Columns of CSV.
  static let columns = [
    "id", "time", "corrected_time", "stamp", "time_quality", "device", "identity_basis", "severity",
    "program", "message",
    "fields", "path",
    "members", "line", "byte_offset", "byte_length",
  ]

  var cells: [String] {
    [
      String(event.id.rawValue), event.time?.rfc3339(fractionDigits: 9) ?? "",
      event.correctedTime?.rfc3339(fractionDigits: 9) ?? "", event.stamp ?? "",
      event.quality.name,
      event.device ?? "", event.basis.name, event.severity?.name ?? "", event.program, event.message,
      event.fields ?? "",
      event.place.path, event.place.memberName, String(event.line),
      String(event.byteOffset),
      String(event.byteLength),
    ]
  }

  /// Time for a table: milliseconds, or the time since boot.
  var timeCell: String {
    if let time = event.time { return time.description }
    if let sinceBoot = event.sinceBoot { return "boot+\(Figures.duration(seconds: Double(sinceBoot) / 1e9))" }
    return ""
  }

  /// Message for a table: telemetry without words shows its fields.
  var messageCell: String { event.messageBytes.isEmpty ? event.fields ?? "" : event.message }

  var json: JSONValue {
    func text(_ value: String?) -> JSONValue { value.map { .string($0) } ?? .null }
    var members: [(String, JSONValue)] = [
      ("id", .int(event.id.rawValue)), ("time", text(event.time?.rfc3339(fractionDigits: 9))),
      ("corrected_time", text(event.correctedTime?.rfc3339(fractionDigits: 9))),
      ("time_quality", .string(event.quality.name)),
      ("time_error_ns", event.timeError.map { .int($0) } ?? .null),
      ("stamp", text(event.stamp)), ("device", text(event.device)),
      ("identity_basis", .string(event.basis.name)),
      ("severity", text(event.severity?.name)), ("program", .string(event.program)),
      ("message", .string(event.message)),
    ]
    if String(validating: event.messageBytes, as: UTF8.self) == nil {
      members.append(
        (
          "message_hex",
          .string(event.messageBytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())
        ))
    }
    if let sinceBoot = event.sinceBoot { members.append(("since_boot_ns", .int(sinceBoot))) }
    members += [
      ("fields", event.fields.map(FieldsText.json) ?? .null),
      ("source", .int(event.source)), ("path", .string(event.place.path)),
      ("members", .array(event.place.members.map { .string($0) })),
      ("line", .int(Int64(clamping: event.line))),
      ("byte_offset", .int(Int64(clamping: event.byteOffset))),
      ("byte_length", .int(Int64(clamping: event.byteLength))),
    ]
    return .object(members)
  }
}

/// The JSON of an event's fields, read and written anew so that nothing of it can break out of a document or a terminal.
/// What is no JSON (a hostile case) is a string.
enum FieldsText {
  static func json(_ text: String) -> JSONValue {
    var reader = Reader(text: Array(text.utf8))
    guard let value = reader.value(depth: 0) else { return .string(text) }
    reader.skipSpaces()
    return reader.at == reader.text.count ? value : .string(text)
  }

  /// True when the whole text is one JSON value.
  static func isJSON(_ text: String) -> Bool {
    var reader = Reader(text: Array(text.utf8))
    guard reader.value(depth: 0) != nil else { return false }
    reader.skipSpaces()
    return reader.at == reader.text.count
  }

  private struct Reader {
    let text: [UInt8]
    var at = 0

    mutating func skipSpaces() {
      while at < text.count, [0x20, 0x09, 0x0a, 0x0d].contains(text[at]) { at += 1 }
    }

    mutating func take(_ byte: Character) -> Bool {
      skipSpaces()
      guard at < text.count, text[at] == byte.asciiValue else { return false }
      at += 1
      return true
    }

    mutating func value(depth: Int) -> JSONValue? {
      guard depth < 64 else { return nil }
      skipSpaces()
      guard at < text.count else { return nil }
      switch text[at] {
      case UInt8(ascii: "{"):
        at += 1
        var members: [(String, JSONValue)] = []
        if take("}") { return .object(members) }
        repeat {
          skipSpaces()
          guard let name = string(), take(":"), let inner = value(depth: depth + 1) else { return nil }
          members.append((name, inner))
        } while take(",")
        return take("}") ? .object(members) : nil
      case UInt8(ascii: "["):
        at += 1
        var values: [JSONValue] = []
        if take("]") { return .array(values) }
        repeat {
          guard let inner = value(depth: depth + 1) else { return nil }
          values.append(inner)
        } while take(",")
        return take("]") ? .array(values) : nil
      case UInt8(ascii: "\""): return string().map { .string($0) }
      case UInt8(ascii: "t"): return word("true", .bool(true))
      case UInt8(ascii: "f"): return word("false", .bool(false))
      case UInt8(ascii: "n"): return word("null", .null)
      default: return number()
      }
    }

    private mutating func word(_ word: String, _ value: JSONValue) -> JSONValue? {
      guard text[at...].starts(with: word.utf8) else { return nil }
      at += word.utf8.count
      return value
    }

    /// Digits are kept as written: 64-bit numbers do not fit a double.
    private mutating func number() -> JSONValue? {
      let start = at
      func digits(_ at: inout Int) -> Bool {
        let from = at
        while at < text.count, text[at] >= 0x30, text[at] <= 0x39 { at += 1 }
        return at > from
      }
      if at < text.count, text[at] == UInt8(ascii: "-") { at += 1 }
      let first = at
      guard digits(&at), text[first] != 0x30 || at == first + 1 else { return nil }
      if at < text.count, text[at] == UInt8(ascii: ".") {
        at += 1
        guard digits(&at) else { return nil }
      }
      if at < text.count, text[at] | 0x20 == UInt8(ascii: "e") {
        at += 1
        if at < text.count, text[at] == UInt8(ascii: "+") || text[at] == UInt8(ascii: "-") { at += 1 }
        guard digits(&at) else { return nil }
      }
      return .verbatim(String(decoding: text[start..<at], as: UTF8.self))
    }

    private mutating func string() -> String? {
      guard at < text.count, text[at] == UInt8(ascii: "\"") else { return nil }
      at += 1
      var bytes: [UInt8] = []
      while at < text.count {
        let byte = text[at]
        at += 1
        switch byte {
        case UInt8(ascii: "\""): return String(decoding: bytes, as: UTF8.self)
        case 0..<0x20: return nil
        case UInt8(ascii: "\\"):
          guard at < text.count, let scalar = escape() else { return nil }
          bytes += Array(String(scalar).utf8)
        default: bytes.append(byte)
        }
      }
      return nil
    }

    private mutating func escape() -> Unicode.Scalar? {
      let byte = text[at]
      at += 1
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
      case UInt8(ascii: "b"): return "\u{8}"
      case UInt8(ascii: "f"): return "\u{c}"
      case UInt8(ascii: "n"): return "\n"
      case UInt8(ascii: "r"): return "\r"
      case UInt8(ascii: "t"): return "\t"
      case UInt8(ascii: "u"):
        guard let high = hex4() else { return nil }
        if high & 0xfc00 == 0xd800, at + 1 < text.count, text[at] == UInt8(ascii: "\\"),
          text[at + 1] == UInt8(ascii: "u")
        {
          let before = at
          at += 2
          if let low = hex4(), low & 0xfc00 == 0xdc00 {
            return Unicode.Scalar(0x10000 + (high & 0x3ff) << 10 + (low & 0x3ff))
          }
          at = before
        }
        return Unicode.Scalar(high) ?? "\u{fffd}"
      default: return nil
      }
    }

    private mutating func hex4() -> UInt32? {
      guard at + 4 <= text.count,
        text[at..<at + 4].allSatisfy({
          ($0 >= 0x30 && $0 <= 0x39) || ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x66)
        }),
        let value = UInt32(String(decoding: text[at..<at + 4], as: UTF8.self), radix: 16)
      else { return nil }
      at += 4
      return value
    }
  }
}
