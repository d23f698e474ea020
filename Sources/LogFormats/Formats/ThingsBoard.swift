import IncidentModel

/// ThingsBoard: telemetry of devices and gateways, epoch milliseconds where there is a stamp at all, and audit entries.
struct ThingsBoardFormat: LogFormat {
  let name = "thingsboard"
  let summary = "ThingsBoard telemetry (device, gateway, exported series) and audit log as JSON"
  let yields = ["time", "device (device name)", "program", "message", "values"]
  let samples = [
    FormatSample(
      #"{"pump-7":[{"ts":1775552889123,"values":{"t":42.5,"ok":true}}],"pump-8":[{"ts":1775552890000,"values":{"t":1}}]}"#,
      time: "2026-04-07T09:08:09.123Z", device: "pump-7", program: "thingsboard", message: "",
      fields: #"{"t":42.5,"ok":true}"#),
    FormatSample(
      #"{"ts":1775552889123,"values":{"temperature":42.2}}"#, time: "2026-04-07T09:08:09.123Z", device: "",
      fields: #"{"temperature":42.2}"#),
    FormatSample(
      #"{"temperature":[{"ts":1775552889123,"value":"21.5"},{"ts":1775552890123,"value":"21.6"}]}"#,
      time: "2026-04-07T09:08:09.123Z", fields: #"{"temperature":21.5}"#),
    FormatSample(
      #"{"deviceName":"pump-7","deviceType":"pump","ts":1775552889123,"values":{"t":1}}"#, device: "pump-7",
      fields: #"{"deviceType":"pump","t":1}"#),
    FormatSample(
      #"{"id":{"entityType":"AUDIT_LOG","id":"1"},"createdTime":1775552889123,"entityName":"pump-7","userName":"jo","actionType":"RPC_CALL","actionStatus":"FAILURE","actionFailureDetails":"timeout"}"#,
      time: "2026-04-07T09:08:09.123Z", device: "pump-7", severity: 3, message: "RPC_CALL"),
  ]
  let refusals = ["text", "17", "}"]

  func score(_ line: UnsafeRawBufferPointer) -> Int {
    guard let first = line.first, first == 0x7B, Self.looksRight(line) else { return 0 }
    return JSONText.valueEnd(line, from: 0) > 0 ? 86 : 0
  }

  func headScore(_ head: UnsafeRawBufferPointer) -> Int {
    let part = UnsafeRawBufferPointer(rebasing: head.prefix(2048))
    guard let first = part.first, first == 0x7B, Self.looksRight(part) else { return 0 }
    return JSONDocumentFormat.spansLines(head) ? 86 : 0
  }

  private static func looksRight(_ bytes: UnsafeRawBufferPointer) -> Bool {
    if Bytes.find(#""entityType""#, bytes) != nil, Bytes.find(#""actionType""#, bytes) != nil { return true }
    guard Bytes.find(#""ts""#, bytes) != nil else { return false }
    if let values = JSONShape.value(of: #""values""#, in: bytes) { return bytes[values] == 0x7B }
    guard Bytes.find(#""value""#, bytes) != nil, let bracket = Bytes.find(#"":[{"ts":"#, bytes) else {
      return false
    }
    return bracket < 128
  }

  func makeParser(_ context: SourceContext) -> any RecordParser {
    JSONDocumentParser { Self.read($0) ?? [] }
  }

  static func read(_ tree: JSONTree) -> [PreparedEvent]? {
    if tree["actionType"] != nil { return [audit(tree)] }
    if case .object? = tree["values"] {
      var event = PreparedEvent()
      event.device = tree["deviceName"]?.text ?? tree["device"]?.text ?? ""
      return [telemetry(tree, event)]
    }
    var events: [PreparedEvent] = []
    for (key, value) in tree.members {
      guard case .array(let rows) = value else { continue }
      for row in rows {
        if case .object? = row["values"] {
          var event = PreparedEvent()
          event.device = key
          events.append(telemetry(row, event))
        } else if let reading = row["value"] {
          var event = PreparedEvent()
          set(row["ts"], &event)
          event.program = "thingsboard"
          event.fields = [(key, plain(reading))]
          events.append(event)
        } else if case .object(let members) = row {
          // Without stamp: the values themselves.
          var event = PreparedEvent()
          event.device = key
          event.program = "thingsboard"
          event.fields = members.map { ($0.key, JSONTree.compact($0.value)) }
          events.append(event)
        }
      }
    }
    return events.isEmpty ? nil : events
  }

  private static func telemetry(_ row: JSONTree, _ base: PreparedEvent) -> PreparedEvent {
    var event = base
    set(row["ts"], &event)
    event.program = "thingsboard"
    for (key, value) in row.members where !["ts", "values", "deviceName", "device"].contains(key) {
      event.fields.append((key, JSONTree.compact(value)))
    }
    event.fields += (row["values"]?.members ?? []).map { ($0.key, JSONTree.compact($0.value)) }
    return event
  }

  private static func audit(_ tree: JSONTree) -> PreparedEvent {
    var event = PreparedEvent()
    set(tree["createdTime"], &event)
    event.device = tree["entityName"]?.text ?? ""
    event.program = "thingsboard"
    event.message = tree["actionType"]?.text ?? ""
    if let status = tree["actionStatus"]?.text { event.severity = status == "FAILURE" ? 3 : 6 }
    for (key, value) in tree.members where !["createdTime", "entityName", "actionType"].contains(key) {
      event.fields.append((key, JSONTree.compact(value)))
    }
    return event
  }

  private static func set(_ value: JSONTree?, _ event: inout PreparedEvent) {
    guard let text = value?.scalarText, let milliseconds = Int64(text), milliseconds > 0,
      milliseconds < 9_000_000_000_000
    else { return }
    event.kind = .absolute
    event.time = milliseconds * 1_000_000
    event.resolution = 1_000_000
    event.stamp = text
  }

  /// Exported series write numbers as strings.
  private static func plain(_ value: JSONTree) -> String {
    guard case .string(let text) = value else { return JSONTree.compact(value) }
    let bytes = Array(text.utf8)
    return bytes.withUnsafeBytes { JSONText.isNumber($0) || JSONText.isLiteral($0) }
      ? text : JSONTree.compact(value)
  }
}
