import IncidentModel

/// One Sparkplug B payload a file; the topic stands in the file's name or in its folders.
struct SparkplugBFormat: LogFormat {
  let name = "sparkplug-b"
  let summary =
    "Sparkplug B payload (protobuf), the topic in the file's name or folders; each metric is an event"
  let yields = [
    "time", "device (node/device of the topic)", "severity", "metric", "alias", "datatype", "value", "seq",
  ]
  let framing = Framing.whole
  let isBinary = true
  /// 1765818432512 ms; `t`, alias 5, Int32, 66.
  let samples = [
    FormatSample(
      "\u{12}\u{0D}\u{0A}\u{01}t\u{10}\u{05}\u{20}\u{03}\u{50}\u{42}\u{28}\u{00}\u{38}\u{00}\u{18}\u{01}",
      time: "none",
      program: "sparkplug", message: "t",
      fields: #"{"metric":"t","alias":5,"datatype":"Int32","value":66,"seq":1}"#)
  ]
  let refusals = ["text", "\u{12}\u{0D}\u{0A}\u{01}t", "\u{0A}\u{01}x"]

  func score(_ line: UnsafeRawBufferPointer) -> Int { 0 }

  func headScore(_ head: UnsafeRawBufferPointer) -> Int {
    guard head.count >= 4, head[0] == 0x08 || head[0] == 0x12 else { return 0 }
    var payload = SparkplugPayload()
    return payload.read(head) && payload.isPlausible ? 97 : 0
  }

  func makeParser(_ context: SourceContext) -> any RecordParser { Parser(context) }

  final class Parser: RecordParser {
    /// The text that the topic was found in.
    private let name: [UInt8]
    private let topic: SparkplugTopic?
    @exclusivity(unchecked) private var events = SparkplugEvents()

    init(_ context: SourceContext) {
      var text: [UInt8] = []
      var found: SparkplugTopic?
      for candidate in [context.path.last ?? "", context.path.joined(separator: "/")] where found == nil {
        text = Array(candidate.utf8)
        found = text.withUnsafeBytes { SparkplugTopic($0) }
      }
      name = text
      topic = found
    }

    func parse(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
      let isPayload = name.withUnsafeBytes { events.open(record, topic, in: $0, scratch: &reading) }
      reading.reset()
      return isPayload && record.count >= 2 ? next(record, into: &reading) : .refused(.badField)
    }

    func next(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
      reading.reset()
      return name.withUnsafeBytes { events.next(record, in: $0, basis: .path, into: &reading) }
    }
  }
}
