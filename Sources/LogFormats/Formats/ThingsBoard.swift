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

  func makeParser(_ context: SourceContext) -> any RecordParser { JSONDocumentParser(ThingsBoardDocument()) }
}

/// What a device, a gateway or the REST interface of ThingsBoard writes.
struct ThingsBoardDocument: DocumentKind {
  /// One reading, and what it is.
  struct Place {
    enum Shape: UInt8 {
      /// An entry of the audit log.
      case audit
      /// `{"ts":…,"values":{…}}`
      case telemetry
      /// `{"ts":…,"value":…}` in the series of a key.
      case series
      /// The values themselves, without stamp.
      case values
    }
    var shape: Shape
    /// The name whose rows these are: a device's, or a key's; -1 at the top.
    var name: Int32 = -1
    var row: Int32 = 0
  }

  func list(_ document: JSONTapeValue, into places: inout [Place]) -> Bool {
    if document["actionType"] != nil {
      places.append(Place(shape: .audit))
    } else if document["values"]?.kind == .object {
      places.append(Place(shape: .telemetry))
    } else {
      for (name, value) in document.members where value.kind == .array {
        for row in value.list {
          let shape: Place.Shape
          if row["values"]?.kind == .object {
            shape = .telemetry
          } else if row["value"] != nil {
            shape = .series
          } else if row.kind == .object {
            shape = .values
          } else {
            continue
          }
          places.append(Place(shape: shape, name: name.index, row: row.index))
        }
      }
    }
    return true
  }

  func read(_ place: Place, of document: JSONTapeValue, into reading: inout Reading) {
    let row = document.at(place.row)
    let name = document.known(at: place.name)
    reading.program = reading.appendText("thingsboard")
    switch place.shape {
    case .audit: audit(row, &reading)
    case .telemetry:
      setDevice(name?.bytes ?? row["deviceName"]?.text ?? row["device"]?.text, &reading)
      setTime(row["ts"], &reading)
      reading.beginFields()
      for (name, value) in row.members where !isKnown(name) {
        reading.key(name.bytes)
        reading.appendJSON(value)
      }
      if let values = row["values"] { reading.fields(values.members) }
      reading.endFields()
    case .series:
      setTime(row["ts"], &reading)
      reading.beginFields()
      if let name, let value = row["value"] {
        reading.key(name.bytes)
        // Exported series write numbers as strings.
        if let text = value.text { reading.appendGuessing(text) } else { reading.appendJSON(value) }
      }
      reading.endFields()
    case .values:
      setDevice(name?.bytes, &reading)
      reading.beginFields()
      reading.fields(row.members)
      reading.endFields()
    }
  }

  /// Members of telemetry that are no values.
  private func isKnown(_ name: JSONTapeValue) -> Bool {
    name.isText("ts") || name.isText("values") || name.isText("deviceName") || name.isText("device")
  }

  private func audit(_ entry: JSONTapeValue, _ reading: inout Reading) {
    setTime(entry["createdTime"], &reading)
    setDevice(entry["entityName"]?.text, &reading)
    if let action = entry["actionType"]?.text { reading.message = reading.appendSlice(action) }
    if let status = entry["actionStatus"], status.text != nil {
      reading.severity = status.isText("FAILURE") ? 3 : 6
    }
    reading.beginFields()
    for (name, value) in entry.members
    where !name.isText("createdTime") && !name.isText("entityName") && !name.isText("actionType") {
      reading.key(name.bytes)
      reading.appendJSON(value)
    }
    reading.endFields()
  }

  private func setDevice(_ name: UnsafeRawBufferPointer?, _ reading: inout Reading) {
    guard let name, !name.isEmpty else { return }
    reading.device = reading.appendSlice(name)
    reading.basis = .selfAsserted
  }

  /// Milliseconds since the epoch.
  private func setTime(_ value: JSONTapeValue?, _ reading: inout Reading) {
    guard let text = value?.scalar, let milliseconds = Bytes.integer(text), milliseconds > 0,
      milliseconds < 9_000_000_000_000, StampReader.isDate(milliseconds * 1_000_000)
    else { return }
    reading.kind = .absolute
    reading.time = milliseconds * 1_000_000
    reading.resolution = 1_000_000
    reading.stamp = reading.appendSlice(text)
  }
}
