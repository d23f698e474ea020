/// Compact log events of Serilog: one letter behind an `@` for what each event has, no level for information, and the template where
/// the message was not rendered.
struct CLEFFormat: LogFormat {
  let name = "clef"
  let summary = "compact log events of Serilog (CLEF); no level means info"
  let yields = ["time", "device", "severity", "message or its template", "every other member"]
  let samples = [
    FormatSample(
      #"{"@t":"2026-04-07T09:08:09.123Z","@mt":"Device {DeviceId} rejected {Reason}","@l":"Error","DeviceId":"meter-3","#
        + #""Reason":"bad certificate"}"#,
      time: "2026-04-07T09:08:09.123Z", device: "meter-3", severity: 3,
      message: "Device {DeviceId} rejected {Reason}", fields: #"{"Reason":"bad certificate"}"#),
    FormatSample(
      #"{"@t":"2026-04-07T09:08:10Z","@m":"hello","@i":"7a","@mt":"hell{o}"}"#, time: "2026-04-07T09:08:10Z",
      severity: 6, message: "hello", fields: #"{"@i":"7a","@mt":"hell{o}"}"#),
    // Other events among them are read by the usual names.
    FormatSample(
      #"{"Timestamp":"2026-04-07T09:08:09Z","Level":"Fatal","message":"died"}"#, time: "2026-04-07T09:08:09Z",
      severity: 2, message: "died"
    ).plain(),
  ]
  let refusals = ["{", "text"]

  func score(_ line: UnsafeRawBufferPointer) -> Int {
    guard Self.isCompact(line),
      Bytes.find("\"@m\"", line) != nil || Bytes.find("\"@mt\"", line) != nil
        || Bytes.find("\"@i\"", line) != nil
    else { return 0 }
    return JSONText.valueEnd(line, from: 0) > 0 ? 98 : 0
  }

  /// True for what begins with the stamp, as all of Serilog's writers have it.
  private static func isCompact(_ line: UnsafeRawBufferPointer) -> Bool {
    guard line.count > 6, line[0] == 0x7B else { return false }
    return Bytes.matches("\"@t\"", line, at: JSONText.skipSpace(line, from: 1))
  }

  func makeParser(_ context: SourceContext) -> any RecordParser { Parser() }

  final class Parser: RecordParser {
    private let inner: JSONRecordParser

    init() {
      var naming = FieldNaming()
      naming.overrides = [
        "@t": FieldMeaning(role: .time, rank: 0), "@l": FieldMeaning(role: .severity, rank: 0),
        "@m": FieldMeaning(role: .message, rank: 0), "@mt": FieldMeaning(role: .message, rank: 1),
      ]
      inner = JSONRecordParser(naming: naming)
    }

    func parse(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
      let verdict = inner.parse(record, into: &reading)
      if verdict == .event, reading.severity == 255, CLEFFormat.isCompact(record),
        Bytes.find("\"@l\"", record) == nil
      {
        reading.severity = 6
      }
      return verdict
    }

    func next(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
      inner.next(record, into: &reading)
    }
  }
}
