import IncidentModel

/// SenML in JSON (RFC 8428): base fields carry over from record to record of a pack.
struct SenMLFormat: LogFormat {
  let name = "senml"
  let summary = "SenML packs in JSON (RFC 8428), on one line or several; base fields resolved"
  let yields = ["time", "device (base name, else name)", "name", "unit", "value"]
  let samples = [
    FormatSample(
      #"[{"bn":"urn:dev:ow:10e2:","bt":1276020076.001,"bu":"A","n":"voltage","u":"V","v":120.1},{"n":"current","t":-5,"v":1.2}]"#,
      time: "2010-06-08T18:01:16.001Z", device: "urn:dev:ow:10e2", program: "senml",
      fields: #"{"name":"urn:dev:ow:10e2:voltage","unit":"V","value":120.1}"#),
    FormatSample(
      #"[{"n":"temp","u":"Cel","v":23.1,"t":-10}]"#, time: "none", device: "temp",
      fields: #"{"name":"temp","unit":"Cel","relative_time":-10,"value":23.1}"#),
    FormatSample("[", verdict: .structure),
    FormatSample(#"{"bn":"a/","bt":1276020076},"#, verdict: .structure),
    FormatSample(
      #"{"n":"b","vb":true}]"#, time: "2010-06-08T18:01:16Z", device: "a",
      fields: #"{"name":"a/b","value":true}"#
    ).plain(),
  ]
  let refusals = ["text", "{]"]

  func score(_ line: UnsafeRawBufferPointer) -> Int {
    guard let first = line.first, first == 0x5B, line.count > 8, looksRight(line) else { return 0 }
    return JSONText.valueEnd(line, from: 0) > 0 ? 94 : 0
  }

  func headScore(_ head: UnsafeRawBufferPointer) -> Int {
    let start = JSONText.skipSpace(head, from: 0)
    guard start < head.count, head[start] == 0x5B, JSONDocumentFormat.spansLines(head) else { return 0 }
    return looksRight(UnsafeRawBufferPointer(rebasing: head.prefix(1024))) ? 94 : 0
  }

  private func looksRight(_ bytes: UnsafeRawBufferPointer) -> Bool {
    if Bytes.find("\"bn\"", bytes) != nil || Bytes.find("\"bt\"", bytes) != nil { return true }
    guard Bytes.find("\"n\"", bytes) != nil else { return false }
    return Bytes.find("\"v\"", bytes) != nil || Bytes.find("\"vs\"", bytes) != nil
      || Bytes.find("\"vb\"", bytes) != nil
  }

  func makeParser(_ context: SourceContext) -> any RecordParser { JSONDocumentParser { Self.resolve($0) } }

  /// RFC 8428, 4.6: the records of a pack with their base values applied.
  static func resolve(_ tree: JSONTree) -> [PreparedEvent]? {
    guard case .array(let records) = tree else { return nil }
    var baseName = ""
    var baseTime = 0.0
    var baseTimeText = ""
    var baseUnit: String?
    var baseValue: Double?
    var baseSum: Double?
    var events: [PreparedEvent] = []
    for record in records {
      guard case .object = record else { return nil }
      if let name = record["bn"]?.text { baseName = name }
      if let text = record["bt"]?.scalarText {
        baseTime = number(text)
        baseTimeText = text
      }
      if let unit = record["bu"]?.text { baseUnit = unit }
      if let value = record["bv"]?.scalarText { baseValue = number(value) }
      if let sum = record["bs"]?.scalarText { baseSum = number(sum) }
      let value = record["v"] ?? record["vs"] ?? record["vb"] ?? record["vd"]
      guard value != nil || record["s"] != nil else { continue }
      var event = PreparedEvent()
      event.program = "senml"
      let name = record["n"]?.text ?? ""
      event.device = trimmed(baseName.isEmpty ? name : baseName)
      event.fields.append(("name", JSONTree.compact(.string(baseName + name))))
      if let unit = record["u"]?.text ?? baseUnit {
        event.fields.append(("unit", JSONTree.compact(.string(unit))))
      }
      let ownTime = record["t"]?.scalarText ?? ""
      let seconds = baseTime + number(ownTime)
      // 4.5.3: below 2^28 the time is relative to now, which the record does not know.
      if seconds >= 268_435_456 {
        set(baseTimeText, ownTime, &event)
      } else if seconds != 0 || !ownTime.isEmpty {
        event.fields.append(("relative_time", shortest(seconds)))
      }
      if case .number(let text)? = record["v"] {
        event.fields.append(("value", baseValue.map { shortest(number(text) + $0) } ?? text))
      } else if let value {
        event.fields.append(("value", JSONTree.compact(value)))
      }
      if let sum = record["s"]?.scalarText {
        event.fields.append(("sum", baseSum.map { shortest(number(sum) + $0) } ?? sum))
      }
      events.append(event)
    }
    return events
  }

  /// The time exactly: base and own time in nanoseconds, added.
  private static func set(_ base: String, _ own: String, _ event: inout PreparedEvent) {
    var sum: Int64 = 0
    var resolution = StampReader.second
    for text in [base, own] where !text.isEmpty {
      let bytes = Array(text.utf8)
      guard let (time, step) = bytes.withUnsafeBytes({ StampReader.epoch($0, unit: StampReader.second) })
      else { return }
      let (total, overflow) = sum.addingReportingOverflow(time)
      guard !overflow else { return }
      sum = total
      resolution = min(resolution, step)
    }
    event.kind = .absolute
    event.time = sum
    event.resolution = resolution
    event.stamp = own.isEmpty ? base : own
  }

  private static func number(_ text: String) -> Double {
    let bytes = Array(text.utf8)
    return bytes.withUnsafeBytes { DecimalNumber($0)?.doubleValue ?? 0 }
  }

  private static func shortest(_ value: Double) -> String {
    value.isFinite
      ? (value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : String(value)) : "null"
  }

  private static func trimmed(_ name: String) -> String {
    var name = name
    while let last = name.last, ":/-.".contains(last) { name.removeLast() }
    return name
  }
}
