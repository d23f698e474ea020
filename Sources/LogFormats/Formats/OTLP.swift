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
    FormatSample(
      #"{"resourceLogs":[{"resource":{"attributes":[{"key":"device.id","value":{"stringValue":"p\u00fc"}}]},"#
        + #""scopeLogs":[{"logRecords":[{"observedTimeUnixNano":"1544712660300000000","severityText":"WARN","#
        + #""body":{"kvlistValue":{"values":[{"key":"a\tb","value":{"arrayValue":{"values":[{"intValue":-3},"#
        + #"{"doubleValue":0.5},{"boolValue":true},{}]}}}]}},"traceId":"5b8e"},"#
        + #"{"timeUnixNano":"1544712661300000000","body":{"stringValue":"line\nend"}}]}]}]}"#,
      time: "2018-12-13T14:51:00.300000000Z", device: "pü", severity: 4, message: "",
      fields: #"{"device.id":"pü","body":{"a\tb":[-3,0.5,true,null]},"traceId":"5b8e"}"#),
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
    JSONDocumentParser(OTLPDocument(), isFramed: true)
  }
}

/// A request of OTLP's exporters: resources, scopes in them, records or data points in those.
struct OTLPDocument: DocumentKind {
  /// A log record, or a metric's data point, and the resource around it.
  struct Place {
    var resource: Int32
    /// The log record, or the metric.
    var item: Int32
    /// The data point; -1 for log records.
    var point: Int32 = -1
  }

  func list(_ document: JSONTapeValue, into places: inout [Place]) -> Bool {
    let logs = document["resourceLogs"]
    let metrics = document["resourceMetrics"]
    guard logs != nil || metrics != nil else { return false }
    for resource in logs.elements(of: document) {
      let scopes = resource["scopeLogs"] ?? resource["instrumentationLibraryLogs"]
      for scope in scopes.elements(of: document) {
        for record in (scope["logRecords"] ?? scope["logs"]).elements(of: document) {
          places.append(Place(resource: resource.index, item: record.index))
        }
      }
    }
    for resource in metrics.elements(of: document) {
      let scopes = resource["scopeMetrics"] ?? resource["instrumentationLibraryMetrics"]
      for scope in scopes.elements(of: document) {
        for metric in scope["metrics"].elements(of: document) { addPoints(metric, resource, &places) }
      }
    }
    return true
  }

  private func addPoints(_ metric: JSONTapeValue, _ resource: JSONTapeValue, _ places: inout [Place]) {
    for kind: StaticString in ["gauge", "sum", "histogram", "exponentialHistogram", "summary"] {
      for point in (metric[kind]?["dataPoints"]).elements(of: metric) {
        places.append(Place(resource: resource.index, item: metric.index, point: point.index))
      }
    }
  }

  func read(_ place: Place, of document: JSONTapeValue, into reading: inout Reading) {
    let resource = document.at(place.resource)["resource"]?["attributes"]
    for name: StaticString in ["device.id", "host.name", "host.id", "service.instance.id"]
    where reading.device.isEmpty {
      guard let text = Self.text(resource, name) else { continue }
      reading.device = reading.appendSlice(text)
    }
    if !reading.device.isEmpty { reading.basis = .selfAsserted }
    if let text = Self.text(resource, "service.name") { reading.program = reading.appendSlice(text) }
    let item = document.at(place.item)
    if let point = document.known(at: place.point) {
      readPoint(point, of: item, resource, &reading)
    } else {
      readLog(item, resource, &reading)
    }
  }

  private func readLog(_ record: JSONTapeValue, _ resource: JSONTapeValue?, _ reading: inout Reading) {
    setTime(record["timeUnixNano"], &reading)
    if reading.kind == .none { setTime(record["observedTimeUnixNano"], &reading) }
    if let number = record["severityNumber"]?.scalar.flatMap(Bytes.integer) {
      reading.severity = SeverityText.severity(number, scale: .openTelemetry)
    }
    if reading.severity == 255, let word = record["severityText"]?.text {
      reading.severity = SeverityText.severity(word, scale: .openTelemetry)
    }
    let body = record["body"]
    let text = body.flatMap(Self.plainText)
    if let text { reading.message = reading.appendSlice(text) }
    reading.beginFields()
    fields(resource, &reading)
    if let body, text == nil {
      reading.key("body")
      appendValue(body, &reading)
    }
    fields(record["attributes"], &reading)
    for name: StaticString in ["traceId", "spanId", "eventName"] {
      if let text = record[name]?.text { reading.field(name, text) }
    }
    reading.endFields()
  }

  private func readPoint(
    _ point: JSONTapeValue, of metric: JSONTapeValue, _ resource: JSONTapeValue?, _ reading: inout Reading
  ) {
    setTime(point["timeUnixNano"], &reading)
    let name = metric["name"]?.text ?? UnsafeRawBufferPointer(start: nil, count: 0)
    reading.beginFields()
    fields(resource, &reading)
    reading.key("metric")
    reading.appendJSONString(name)
    if let unit = metric["unit"]?.text { reading.field("unit", unit) }
    fields(point["attributes"], &reading)
    for key: StaticString in ["asDouble", "asInt"] {
      guard let number = point[key]?.scalar else { continue }
      reading.key(name)
      appendNumber(number, &reading)
    }
    for key: StaticString in ["count", "sum", "min", "max"] {
      guard let number = point[key]?.scalar else { continue }
      reading.key(key)
      appendNumber(number, &reading)
    }
    for key: StaticString in ["bucketCounts", "explicitBounds", "quantileValues"] {
      guard let list = point[key] else { continue }
      reading.key(key)
      reading.appendJSON(list)
    }
    reading.endFields()
  }

  private func setTime(_ value: JSONTapeValue?, _ reading: inout Reading) {
    guard let text = value?.scalar, let nanoseconds = Bytes.integer(text), nanoseconds > 0 else { return }
    reading.kind = .absolute
    reading.time = nanoseconds
    reading.resolution = 1
    reading.stamp = reading.appendSlice(text)
  }

  /// Numbers of 64 bits are written as strings.
  private func appendNumber(_ text: UnsafeRawBufferPointer, _ reading: inout Reading) {
    if JSONText.isNumber(text) { reading.append(text) } else { reading.appendJSONString(text) }
  }

  private func fields(_ attributes: JSONTapeValue?, _ reading: inout Reading) {
    guard let attributes else { return }
    for attribute in attributes.list {
      guard let name = attribute["key"]?.text else { continue }
      reading.key(name)
      appendValue(attribute["value"], &reading)
    }
  }

  /// The text of the first attribute of this name; nil where it is none.
  private static func text(_ attributes: JSONTapeValue?, _ name: StaticString) -> UnsafeRawBufferPointer? {
    guard let attributes else { return nil }
    for attribute in attributes.list where attribute["key"]?.isText(name) == true {
      let text = attribute["value"]?["stringValue"]?.text
      return text?.isEmpty == false ? text : nil
    }
    return nil
  }

  /// The text of an AnyValue that is one.
  private static func plainText(_ any: JSONTapeValue) -> UnsafeRawBufferPointer? {
    var members = any.members
    guard let member = members.next(), isPlain(member.name) else { return nil }
    return member.value.text
  }

  private static func isPlain(_ name: JSONTapeValue) -> Bool {
    name.isText("stringValue") || name.isText("boolValue") || name.isText("doubleValue")
      || name.isText("bytesValue")
  }

  /// Appends an AnyValue as plain JSON.
  private func appendValue(_ any: JSONTapeValue?, _ reading: inout Reading) {
    var members = any?.members
    guard let (name, value) = members?.next() else { return reading.append("null") }
    if Self.isPlain(name) {
      reading.appendJSON(value)
    } else if name.isText("intValue"), let text = value.scalar {
      appendNumber(text, &reading)
    } else if name.isText("arrayValue") {
      reading.append(0x5B)
      var isFirst = true
      for element in value["values"].elements(of: value) {
        if !isFirst { reading.append(0x2C) }
        isFirst = false
        appendValue(element, &reading)
      }
      reading.append(0x5D)
    } else if name.isText("kvlistValue") {
      reading.append(0x7B)
      var isFirst = true
      for entry in value["values"].elements(of: value) {
        if !isFirst { reading.append(0x2C) }
        isFirst = false
        reading.appendJSONString(entry["key"]?.text ?? UnsafeRawBufferPointer(start: nil, count: 0))
        reading.append(0x3A)
        appendValue(entry["value"], &reading)
      }
      reading.append(0x7D)
    } else {
      reading.append("null")
    }
  }
}
