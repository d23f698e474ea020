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
    guard head.count >= 4, head[0] == 0x08 || head[0] == 0x12, let payload = SparkplugPayload(head),
      payload.isPlausible
    else { return 0 }
    return 97
  }

  func makeParser(_ context: SourceContext) -> any RecordParser { Parser(context) }

  final class Parser: RecordParser {
    private let topic: SparkplugTopic?
    private var events = SparkplugEvents()
    private var prepared: [PreparedEvent] = []
    private var position = 0

    init(_ context: SourceContext) {
      topic =
        context.path.last.flatMap(SparkplugTopic.init)
        ?? SparkplugTopic(context.path.joined(separator: "/"))
    }

    func parse(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
      reading.reset()
      guard record.count >= 2, let payload = SparkplugPayload(record) else { return .refused(.badField) }
      prepared = events.make(payload, topic, basis: .path)
      position = 0
      return next(record, into: &reading)
    }

    func next(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
      reading.reset()
      guard position < prepared.count else { return .structure }
      prepared[position].fill(&reading)
      position += 1
      if position < prepared.count { reading.flags.insert(.more) }
      return .event
    }
  }
}
