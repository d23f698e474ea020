import IncidentModel

/// Sparkplug B messages as a subscriber writes them: `[STAMP ]TOPIC PAYLOAD`, the payload in hexadecimal digits or base64
/// (`mosquitto_sub -t 'spBv1.0/#' -F '%I %t %x'`). Aliases are resolved from the BIRTH messages before.
struct SparkplugCaptureFormat: LogFormat {
  let name = "sparkplug-capture"
  let summary =
    "Sparkplug B messages captured as lines: topic, then payload in hex or base64; aliases come from BIRTH"
  let yields = ["time", "device (node/device)", "severity", "metric", "alias", "datatype", "value", "seq"]
  let samples = [
    FormatSample(
      "2026-04-07T09:08:09+0200 spBv1.0/plant/DBIRTH/gw1/m7 08fbd0eab6b733121a0a0474656d7010051880d0eab6b733200a690000000000803540",
      time: "2026-01-01T00:00:00.000Z", device: "gw1/m7", severity: 6, program: "sparkplug",
      message: "DBIRTH temp",
      fields:
        #"{"group":"plant","type":"DBIRTH","metric":"temp","alias":5,"datatype":"Double","value":21.5}"#),
    FormatSample(
      "spBv1.0/plant/DDATA/gw1/m7 EhQQBRiA0Oq2tzMgCmkAAAAAAIA2QBgC", device: "gw1/m7", message: "DDATA temp",
      fields:
        #"{"group":"plant","type":"DDATA","metric":"temp","alias":5,"datatype":"Double","value":22.5,"seq":2}"#
    ),
    FormatSample(
      "spBv1.0/plant/NBIRTH/gw2 0880d0eab6b733121d0a09666c6f772022c3a92210071880d0eab6b73320092801656666aa4112"
        + "180a056c6576656c10081880d0eab6b733200350fbffffff0f1800",
      time: "2026-01-01T00:00:00.000Z", device: "gw2", message: "NBIRTH flow \"é\"",
      fields:
        #"{"group":"plant","type":"NBIRTH","metric":"flow \"é\"","alias":7,"datatype":"Float","value":21.3,"historical":true,"seq":0}"#
    ),
    FormatSample(
      "spBv1.0/plant/NDATA/gw2 0880d0eab6b733121010071880d0eab6b73320096595bfd633120d10081880d0eab6b73320033801121010"
        + "631880d0eab6b733201182010201ab1801",
      device: "gw2", message: "NDATA flow \"é\"",
      fields:
        #"{"group":"plant","type":"NDATA","metric":"flow \"é\"","alias":7,"datatype":"Float","value":1e-07,"seq":1}"#
    ),
    FormatSample(
      "spBv1.0/plant/NDEATH/gw1 0a", verdict: .refused(.badField)),
  ]
  let refusals = ["spBv1.0/plant/DDATA/gw1/m7", "spBv1.0/plant/DDATA/gw1/m7 xyz!", "text"]

  func score(_ line: UnsafeRawBufferPointer) -> Int { Self.parts(line) == nil ? 0 : 97 }

  /// Where topic and payload stand.
  static func parts(_ line: UnsafeRawBufferPointer) -> (topic: Int, topicEnd: Int, end: Int)? {
    guard let topic = Bytes.find("spBv1.0/", line), topic < 64, topic == 0 || line[topic &- 1] == 0x20 else {
      return nil
    }
    let topicEnd = Bytes.findNear(0x20, line, from: topic, to: line.count)
    var end = line.count
    while end > topicEnd, line[end &- 1] <= 0x20 { end &-= 1 }
    guard topicEnd &+ 1 < end else { return nil }
    for byte in line[(topicEnd &+ 1)..<end] {
      guard
        Bytes.isDigit(byte) || Bytes.isLetter(byte) || byte == 0x2B || byte == 0x2F || byte == 0x3D
          || byte == 0x2D || byte == 0x5F
      else { return nil }
    }
    return (topic, topicEnd, end)
  }

  func makeParser(_ context: SourceContext) -> any RecordParser { Parser() }

  final class Parser: RecordParser {
    @exclusivity(unchecked) private var stamps = StampReader()
    @exclusivity(unchecked) private var events = SparkplugEvents()
    @exclusivity(unchecked) private var payload: [UInt8] = []
    private var topic = 0..<0
    private var received: Stamp?

    func parse(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
      reading.reset()
      if Bytes.isBlank(record) { return .blank }
      guard let parts = SparkplugCaptureFormat.parts(record) else { return .refused(.noMatch) }
      topic = parts.topic..<parts.topicEnd
      let name = Bytes.part(record, parts.topic, parts.topicEnd)
      guard let found = SparkplugTopic(name) else { return .refused(.noMatch) }
      let text = Bytes.part(record, parts.topicEnd &+ 1, parts.end)
      var isPayload = false
      if BinaryText.hexadecimal(text, into: &payload) { isPayload = open(found, name, &reading) }
      if !isPayload, BinaryText.base64(text, into: &payload) { isPayload = open(found, name, &reading) }
      reading.reset()
      guard isPayload, events.saysSomething else { return .refused(.badField) }
      received = parts.topic > 8 ? stamps.any(Bytes.part(record, 0, parts.topic &- 1)) : nil
      return next(record, into: &reading)
    }

    private func open(
      _ topic: SparkplugTopic, _ name: UnsafeRawBufferPointer, _ reading: inout Reading
    ) -> Bool {
      payload.withUnsafeBytes { events.open($0, topic, in: name, scratch: &reading) }
    }

    func next(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
      reading.reset()
      let name = Bytes.part(record, topic.lowerBound, topic.upperBound)
      let verdict = payload.withUnsafeBytes {
        events.next($0, in: name, basis: .selfAsserted, into: &reading)
      }
      // A payload without stamp is dated by its arrival.
      if verdict == .event, reading.kind == .none, let received { reading.set(received, from: 0) }
      return verdict
    }
  }
}

/// Bytes written as text.
enum BinaryText {
  /// Pairs of hexadecimal digits; false where the text is something else.
  static func hexadecimal(_ text: UnsafeRawBufferPointer, into bytes: inout [UInt8]) -> Bool {
    bytes.removeAll(keepingCapacity: true)
    guard text.count % 2 == 0 else { return false }
    var index = 0
    while index < text.count {
      let high = Bytes.hexValue(text[index])
      let low = Bytes.hexValue(text[index + 1])
      guard high < 16, low < 16 else { return false }
      bytes.append(high << 4 | low)
      index += 2
    }
    return true
  }

  /// Base64 (RFC 4648), the URL-safe alphabet too, padding or not; false where the text is something else.
  static func base64(_ text: UnsafeRawBufferPointer, into bytes: inout [UInt8]) -> Bool {
    bytes.removeAll(keepingCapacity: true)
    var bits: UInt32 = 0
    var count = 0
    for byte in text {
      let value: UInt32
      switch byte {
      case 0x41...0x5A: value = UInt32(byte - 0x41)
      case 0x61...0x7A: value = UInt32(byte - 0x61) + 26
      case 0x30...0x39: value = UInt32(byte - 0x30) + 52
      case 0x2B, 0x2D: value = 62
      case 0x2F, 0x5F: value = 63
      case 0x3D: continue
      default: return false
      }
      bits = bits << 6 | value
      count += 6
      if count >= 8 {
        count -= 8
        bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
      }
    }
    return true
  }
}
