import IncidentModel

/// JSON lines of any shape: one object a line; time, device, severity and message are found by their usual names.
struct JSONLinesFormat: LogFormat {
  let name = "jsonl"
  let summary = "JSON lines of any shape; time, device, severity, message by their usual names, nested too"
  let yields = ["time", "device", "severity", "program", "every other member as it stands"]
  let samples = [
    FormatSample(
      #"{"ts":"2026-04-07T08:31:56.445Z","device":"dev-00172","level":"info","msg":"ntp sync offset=0 ms"}"#,
      time: "2026-04-07T08:31:56.445Z", device: "dev-00172", severity: 6, message: "ntp sync offset=0 ms",
      fields: ""),
    FormatSample(
      #"{"@timestamp":"2026-04-07T10:31:56+02:00","host":{"name":"gw-1","os":"x"},"log":{"level":"WARN"},"#
        + #""message":"a \"b\"\n\u00e9\ud83d\ude00","n":1.50,"ok":true,"z":null,"l":[1,{"a":[]}]}"#,
      time: "2026-04-07T08:31:56Z", device: "gw-1", severity: 4, message: "a \"b\"\né😀",
      fields: #"{"host":{"name":"gw-1","os":"x"},"log":{"level":"WARN"},"n":1.50,"ok":true,"z":null,"#
        + #""l":[1,{"a":[]}]}"#),
    FormatSample(
      #"{"time":1775550716445,"level":50,"deviceId":"d1","temp_c":21.5}"#, time: "2026-04-07T08:31:56.445Z",
      device: "d1", severity: 3, message: "", fields: #"{"temp_c":21.5}"#),
    FormatSample(
      #"{"t":1775550716.25,"host":"h","sev":3,"text":"x"},"#, time: "2026-04-07T08:31:56.25Z", severity: 3),
    FormatSample(
      #"{"ts_ms":12345,"node":"n","msg":"boot"}"#, time: "boot+12.345", device: "n", message: "boot"),
    FormatSample(
      #"{"time":"2026-04-07T08:31:56Z","log":"{\"level\":\"error\",\"msg\":\"no route\",\"try\":2}\n","stream":"stderr"}"#,
      severity: 3, message: "no route", fields: #"{"stream":"stderr","nested":{"try":2}}"#),
    FormatSample("[", verdict: .structure), FormatSample("]", verdict: .structure),
    FormatSample("", verdict: .blank),
  ]
  let refusals = [
    "{", #"{"a":1"#, #"{"a":1}x"#, #"{"a":01}"#, #"{"a":"\x"}"#, "{\"a\":\"\u{1}\"}", #"{a:1}"#, "17",
    "plain text",
    #"{"a":tru}"#, #"{"a":1,}"#, #""text""#,
  ]

  func score(_ line: UnsafeRawBufferPointer) -> Int {
    let start = JSONText.skipSpace(line, from: 0)
    guard start < line.count, line[start] == 0x7B else { return 0 }
    return JSONText.valueEnd(line, from: start) > 0 ? 60 : 5
  }

  func makeParser(_ context: SourceContext) -> any RecordParser { JSONRecordParser() }
}

/// Reads records that hold one or several JSON objects: a line, an array of objects, values one after the other.
final class JSONRecordParser: RecordParser {
  private let objects: JSONObjectReader
  @exclusivity(unchecked) private var resume = 0

  private lazy var nestedObjects = JSONObjectReader()
  @exclusivity(unchecked) private var nested = Reading()

  init(naming: FieldNaming = .usual) { objects = JSONObjectReader(naming: naming) }

  func parse(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
    reading.reset()
    var i = JSONText.skipSpace(record, from: 0)
    if i == record.count { return .blank }
    if record[i] != 0x7B {
      // Arrays written with one object a line.
      while i < record.count, record[i] == 0x5B || record[i] == 0x5D || record[i] == 0x2C || record[i] <= 0x20
      {
        i &+= 1
      }
      if i == record.count { return .structure }
      guard record[i] == 0x7B else {
        if Bytes.isBlank(record) { return .blank }
        return .refused(JSONText.valueEnd(record, from: 0) == record.count ? .notAnObject : .notJSON)
      }
    }
    return element(record, at: i, into: &reading)
  }

  func next(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
    reading.reset()
    return element(record, at: resume, into: &reading)
  }

  @inline(__always)
  private func element(_ record: UnsafeRawBufferPointer, at start: Int, into reading: inout Reading)
    -> Verdict
  {
    switch objects.read(record, at: start, into: &reading) {
    case .failure(let refusal):
      reading.reset()
      if start > 0 { reading.element = .record(start, record.count &- start) }
      return .refused(refusal)
    case .success(let end):
      var i = end
      if i < record.count {
        while i < record.count, record[i] <= 0x20 || record[i] == 0x2C || record[i] == 0x5D { i &+= 1 }
        if i < record.count {
          guard record[i] == 0x7B else {
            reading.reset()
            return .refused(.notJSON)
          }
          resume = i
          reading.flags.insert(.more)
        }
      }
      if start > 0 || i < record.count { reading.element = .record(start, end &- start) }
      let message = reading.bytes(reading.message, of: record)
      if message.count > 6, message[0] == 0x7B, message[message.count &- 1] == 0x7D {
        openMessage(Array(message), into: &reading)
      }
      return .event
    }
  }

  /// A message that is a JSON object itself: what it says completes the reading; its other members go under `nested`.
  private func openMessage(_ bytes: [UInt8], into reading: inout Reading) {
    bytes.withUnsafeBytes { text in
      nested.reset()
      guard case .success(let end) = nestedObjects.read(text, at: 0, into: &nested), end == text.count else {
        return
      }
      if reading.kind == .none, nested.kind != .none {
        reading.kind = nested.kind
        reading.time = nested.time
        reading.resolution = nested.resolution
        reading.stamp = reading.appendSlice(nested.bytes(nested.stamp, of: text))
      }
      if reading.device.isEmpty, !nested.device.isEmpty {
        reading.device = reading.appendSlice(nested.bytes(nested.device, of: text))
        reading.basis = nested.basis
      }
      if reading.severity == 255 { reading.severity = nested.severity }
      if reading.program.isEmpty, !nested.program.isEmpty {
        reading.program = reading.appendSlice(nested.bytes(nested.program, of: text))
      }
      if !nested.message.isEmpty {
        reading.message = reading.appendSlice(nested.bytes(nested.message, of: text))
      }
      guard !nested.fields.isEmpty else { return }
      reading.reopenFields()
      reading.key("nested")
      reading.append(nested.bytes(nested.fields, of: text))
      reading.endFields()
    }
  }
}
