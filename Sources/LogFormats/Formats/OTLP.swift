import IncidentModel

/// OpenTelemetry's logs and metrics in JSON, as the collector's file exporter writes them.
struct OTLPFormat: LogFormat {
  let name = "otlp"
  let summary = "OpenTelemetry logs and metrics in JSON (OTLP), on one line or several"
  let yields = [
    "time", "device (host.name, device.id, service.instance.id)", "severity", "program (service.name)",
    "attributes",
  ]
  let framing = Framing.jsonValues
  let samples = [
    FormatSample(
      #"{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"svc"}},"#
        + #"{"key":"host.name","value":{"stringValue":"h1"}}]},"scopeLogs":[{"logRecords":[{"timeUnixNano":"1544712660300000000","#
        + #""severityNumber":17,"body":{"stringValue":"boom"},"attributes":[{"key":"n","value":{"intValue":"7"}}]}]}]}]}"#,
      time: "2018-12-13T14:51:00.300000000Z", device: "h1", severity: 3, program: "svc", message: "boom",
      fields: #"{"service.name":"svc","host.name":"h1","n":7}"#),
    FormatSample(
      #"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"temp","unit":"Cel","gauge":{"dataPoints":"#
        + #"[{"timeUnixNano":"1544712660300000000","asDouble":21.5}]}}]}]}]}"#,
      time: "2018-12-13T14:51:00.300000000Z", program: "", message: "",
      fields: #"{"metric":"temp","unit":"Cel","temp":21.5}"#),
  ]
  let refusals = ["text", #"{"resourceLogs":]"#]

  func score(_ line: UnsafeRawBufferPointer) -> Int {
    guard let first = line.first, first == 0x7B, Self.looksRight(line) else { return 0 }
    return JSONText.valueEnd(line, from: 0) > 0 ? 96 : 0
  }

  func headScore(_ head: UnsafeRawBufferPointer) -> Int {
    Self.looksRight(UnsafeRawBufferPointer(rebasing: head.prefix(256))) && JSONDocumentFormat.spansLines(head)
      ? 96 : 0
  }

  private static func looksRight(_ bytes: UnsafeRawBufferPointer) -> Bool {
    Bytes.find("\"resourceLogs\"", bytes) != nil || Bytes.find("\"resourceMetrics\"", bytes) != nil
  }

  func makeParser(_ context: SourceContext) -> any RecordParser {
    JSONDocumentParser(isFramed: true) { Self.read($0) }
  }

  static func read(_ tree: JSONTree) -> [PreparedEvent]? {
    guard tree["resourceLogs"] != nil || tree["resourceMetrics"] != nil else { return nil }
    var events: [PreparedEvent] = []
    for resource in tree["resourceLogs"]?.list ?? [] {
      let base = event(of: resource)
      for scope in (resource["scopeLogs"] ?? resource["instrumentationLibraryLogs"])?.list ?? [] {
        for record in (scope["logRecords"] ?? scope["logs"])?.list ?? [] { events.append(log(record, base)) }
      }
    }
    for resource in tree["resourceMetrics"]?.list ?? [] {
      let base = event(of: resource)
      for scope in (resource["scopeMetrics"] ?? resource["instrumentationLibraryMetrics"])?.list ?? [] {
        for metric in scope["metrics"]?.list ?? [] { events += points(metric, base) }
      }
    }
    return events
  }

  /// What the resource says: device, program, attributes.
  private static func event(of resource: JSONTree) -> PreparedEvent {
    var event = PreparedEvent()
    event.fields = attributes(resource["resource"]?["attributes"])
    for name in ["device.id", "host.name", "host.id", "service.instance.id"] where event.device.isEmpty {
      event.device = text(resource["resource"]?["attributes"], name)
    }
    event.program = text(resource["resource"]?["attributes"], "service.name")
    return event
  }

  private static func log(_ record: JSONTree, _ base: PreparedEvent) -> PreparedEvent {
    var event = base
    set(record["timeUnixNano"]?.scalarText, &event)
    if event.kind == .none { set(record["observedTimeUnixNano"]?.scalarText, &event) }
    if let number = record["severityNumber"]?.scalarText.flatMap(Int64.init) {
      event.severity = SeverityText.severity(number, scale: .openTelemetry)
    }
    if event.severity == 255, let word = record["severityText"]?.text {
      event.severity = Severity(name: word)?.rawValue ?? 255
    }
    if let body = record["body"] {
      let value = Self.value(body)
      if case .string(let text) = value {
        event.message = text
      } else {
        event.fields.append(("body", JSONTree.compact(value)))
      }
    }
    event.fields += attributes(record["attributes"])
    for name in ["traceId", "spanId", "eventName"] {
      if let text = record[name]?.text, !text.isEmpty {
        event.fields.append((name, JSONTree.compact(.string(text))))
      }
    }
    return event
  }

  private static func points(_ metric: JSONTree, _ base: PreparedEvent) -> [PreparedEvent] {
    let name = metric["name"]?.text ?? ""
    var events: [PreparedEvent] = []
    for kind in ["gauge", "sum", "histogram", "exponentialHistogram", "summary"] {
      for point in metric[kind]?["dataPoints"]?.list ?? [] {
        var event = base
        set(point["timeUnixNano"]?.scalarText, &event)
        event.fields.append(("metric", JSONTree.compact(.string(name))))
        if let unit = metric["unit"]?.text, !unit.isEmpty {
          event.fields.append(("unit", JSONTree.compact(.string(unit))))
        }
        event.fields += attributes(point["attributes"])
        for key in ["asDouble", "asInt"] {
          if let text = point[key]?.scalarText { event.fields.append((name, number(text))) }
        }
        for key in ["count", "sum", "min", "max"] {
          if let text = point[key]?.scalarText { event.fields.append((key, number(text))) }
        }
        for key in ["bucketCounts", "explicitBounds", "quantileValues"] {
          if let list = point[key] { event.fields.append((key, JSONTree.compact(list))) }
        }
        events.append(event)
      }
    }
    return events
  }

  private static func set(_ text: String?, _ event: inout PreparedEvent) {
    guard let text, let nanos = Int64(text), nanos > 0 else { return }
    event.kind = .absolute
    event.time = nanos
    event.resolution = 1
    event.stamp = text
  }

  private static func number(_ text: String) -> String {
    let bytes = Array(text.utf8)
    return bytes.withUnsafeBytes { JSONText.isNumber($0) } ? text : JSONTree.compact(.string(text))
  }

  private static func attributes(_ list: JSONTree?) -> [(key: String, json: String)] {
    (list?.list ?? []).compactMap { attribute in
      guard let key = attribute["key"]?.text else { return nil }
      return (key, JSONTree.compact(value(attribute["value"] ?? .null)))
    }
  }

  private static func text(_ list: JSONTree?, _ key: String) -> String {
    (list?.list ?? []).first { $0["key"]?.text == key }?["value"]?["stringValue"]?.text ?? ""
  }

  /// An AnyValue as plain JSON.
  private static func value(_ any: JSONTree) -> JSONTree {
    guard let member = any.members.first else { return .null }
    switch member.key {
    case "intValue": return .number(member.value.scalarText.map(number) ?? "null")
    case "doubleValue", "boolValue", "stringValue", "bytesValue": return member.value
    case "arrayValue": return .array((member.value["values"]?.list ?? []).map(value))
    case "kvlistValue":
      return .object(
        (member.value["values"]?.list ?? []).map { ($0["key"]?.text ?? "", value($0["value"] ?? .null)) })
    default: return .null
    }
  }
}
