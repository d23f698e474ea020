import IncidentModel

/// What the HTTP interfaces of Loki and Prometheus answer to a query: streams of lines, series of numbers. And what is sent to Loki.
struct QueryAPIFormat: LogFormat {
  let name = "query-api"
  let summary =
    "answers of Loki and Prometheus to queries, and what is pushed to Loki (HTTP API, JSON): each line or number is an event"
  let yields = ["time", "device (host, node, instance)", "severity (level)", "program", "value", "labels"]
  let framing = Framing.jsonElements
  let samples = [
    FormatSample(
      #"{"status":"success","data":{"resultType":"streams","result":[{"stream":{"host":"gw-1","job":"syslog","level":"error"},"#
        + #""values":[["1775552889123456789","link lost"],["1775552890123456789","link back"]]}]}}"#,
      time: "2026-04-07T09:08:09.123456789Z", device: "gw-1", severity: 3, program: "syslog",
      message: "link lost",
      fields: ""),
    FormatSample(
      #"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"up","instance":"gw-1:9100"},"#
        + #""values":[[1775552889.123,"1"],[1775552904,"NaN"]]}]}}"#,
      time: "2026-04-07T09:08:09.123Z", device: "gw-1:9100", program: "up", message: "",
      fields: #"{"value":1}"#),
    FormatSample(
      #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"__name__":"up","zone":"a"},"value":[1775552889,"0"]}]}}"#,
      time: "2026-04-07T09:08:09Z", device: "", program: "up", fields: #"{"zone":"a","value":0}"#),
    FormatSample(
      #"{"streams":[{"stream":{"host":"gw-1","job":"edge"},"values":[["1775552889123456789","level=error device=p-1 msg=\"no flow\""]]}]}"#,
      time: "2026-04-07T09:08:09.123456789Z", device: "gw-1", severity: 3, program: "edge",
      message: "no flow",
      fields: #"{"nested":{"device":"p-1"}}"#),
  ]
  let refusals = ["text", "}"]

  func score(_ line: UnsafeRawBufferPointer) -> Int {
    guard let first = line.first, first == 0x7B, Self.looksRight(line) else { return 0 }
    return JSONText.valueEnd(line, from: 0) > 0 ? 88 : 0
  }

  func headScore(_ head: UnsafeRawBufferPointer) -> Int {
    guard let first = head.first, first == 0x7B, Self.looksRight(head) else { return 0 }
    return JSONDocumentFormat.spansLines(head)
      || Bytes.find(0x0A, head, from: 0, to: head.count) == head.count ? 100 : 0
  }

  private static func looksRight(_ bytes: UnsafeRawBufferPointer) -> Bool {
    let part = UnsafeRawBufferPointer(rebasing: bytes.prefix(2048))
    if let streams = JSONShape.value(of: #""streams""#, in: part), streams < 64, part[streams] == 0x5B {
      let first = JSONText.skipSpace(part, from: streams + 1)
      return first < part.count && part[first] == 0x7B && JSONShape.value(of: #""stream""#, in: part) != nil
        && JSONShape.value(of: #""values""#, in: part) != nil
    }
    guard let type = JSONShape.value(of: #""resultType""#, in: part) else { return false }
    return Bytes.matches(#""streams""#, part, at: type) || Bytes.matches(#""matrix""#, part, at: type)
      || Bytes.matches(#""vector""#, part, at: type)
  }

  func makeParser(_ context: SourceContext) -> any RecordParser {
    JSONDocumentParser(QueryAPIDocument(), isFramed: true)
  }
}

/// The values of an answer, each with the labels of its stream or series. A stream or series alone is an answer as well: those of a long one are
/// read one by one.
struct QueryAPIDocument: DocumentKind {
  let opensMessages = true

  func isHead(_ name: [UInt8]) -> Bool {
    name.elementsEqual("stream".utf8) || name.elementsEqual("metric".utf8)
  }

  struct Place {
    /// The object of labels; -1 where there is none.
    var labels: Int32
    /// The pair of time and value.
    var pair: Int32
    /// True for Loki's lines.
    var isLine: Bool
  }

  private static let deviceLabels: [StaticString] = [
    "host", "hostname", "node", "nodename", "device", "device_id", "instance",
  ]
  private static let severityLabels: [StaticString] = ["level", "severity", "detected_level"]
  private static let programLabels: [StaticString] = [
    "__name__", "app", "service_name", "container", "job", "unit",
  ]

  func list(_ document: JSONTapeValue, into places: inout [Place]) -> Bool {
    if let data = document["data"], data["resultType"] != nil, let result = data["result"],
      result.kind == .array
    {
      return addAll(result, to: &places)
    }
    if let streams = document["streams"], streams.kind == .array {
      return addAll(streams, to: &places) && !places.isEmpty
    }
    // Other records have members of these names, too.
    guard document.kind == .object else { return false }
    for member in document.members
    where !Self.rowNames.contains(where: { Bytes.areSame($0, member.name.bytes) }) {
      return false
    }
    return add(document, to: &places)
  }

  private static let rowNames: [StaticString] = ["stream", "metric", "values", "value"]

  private func addAll(_ rows: JSONTapeValue, to places: inout [Place]) -> Bool {
    for row in rows.list where !add(row, to: &places) {
      places.removeAll()
      return false
    }
    return true
  }

  /// The values of one stream or series; false where it is none.
  private func add(_ row: JSONTapeValue, to places: inout [Place]) -> Bool {
    let stream = row["stream"]
    guard let labels = stream ?? row["metric"], labels.kind == .object else { return false }
    if let values = row["values"], values.kind == .array {
      for pair in values.list where pair.kind == .array {
        places.append(Place(labels: labels.index, pair: pair.index, isLine: stream != nil))
      }
    } else if let pair = row["value"], pair.kind == .array {
      places.append(Place(labels: labels.index, pair: pair.index, isLine: stream != nil))
    } else {
      return false
    }
    return true
  }

  /// Loki writes nanoseconds, Prometheus seconds.
  private static func instant(
    _ time: UnsafeRawBufferPointer, isLine: Bool
  ) -> (time: Int64, resolution: Int64)? {
    if isLine { return Bytes.integer(time).map { ($0, 1) } }
    return StampReader.epoch(time, unit: StampReader.second)
  }

  func read(_ place: Place, of document: JSONTapeValue, into reading: inout Reading) {
    var pair = document.at(place.pair).list
    if let time = pair.next()?.scalar, let (instant, resolution) = Self.instant(time, isLine: place.isLine) {
      reading.kind = .absolute
      reading.time = instant
      reading.resolution = resolution
      reading.stamp = reading.appendSlice(time)
    }
    let value = pair.next()?.scalar
    if place.isLine, let value { reading.message = reading.appendSlice(value) }
    var used: (device: Int32, severity: Int32, program: Int32) = (-1, -1, -1)
    if let labels = document.known(at: place.labels) {
      for name in Self.deviceLabels {
        guard let label = labels[name], let text = label.text, !text.isEmpty else { continue }
        reading.device = reading.appendSlice(text)
        reading.basis = .selfAsserted
        used.device = label.index
        break
      }
      for name in Self.severityLabels {
        guard let label = labels[name], let text = label.text else { continue }
        let severity = SeverityText.severity(text, scale: .wordsOnly)
        guard severity < 8 else { continue }
        reading.severity = severity
        used.severity = label.index
        break
      }
      for name in Self.programLabels {
        guard let label = labels[name], let text = label.text, !text.isEmpty else { continue }
        reading.program = reading.appendSlice(text)
        used.program = label.index
        break
      }
    }
    reading.beginFields()
    if let labels = document.known(at: place.labels) {
      for (name, label) in labels.members
      where label.index != used.device && label.index != used.severity && label.index != used.program {
        reading.key(name.bytes)
        reading.appendJSON(label)
      }
    }
    if !place.isLine, let value {
      reading.key("value")
      reading.appendGuessing(value)
    }
    reading.endFields()
  }
}
