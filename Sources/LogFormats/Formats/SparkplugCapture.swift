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
    private var events = SparkplugEvents()
    private var prepared: [PreparedEvent] = []
    private var position = 0
    private var received: Stamp?

    func parse(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
      reading.reset()
      if Bytes.isBlank(record) { return .blank }
      guard let parts = SparkplugCaptureFormat.parts(record),
        let topic = SparkplugTopic(
          String(decoding: Bytes.part(record, parts.topic, parts.topicEnd), as: UTF8.self))
      else { return .refused(.noMatch) }
      let text = Bytes.part(record, parts.topicEnd &+ 1, parts.end)
      let payload = BinaryText.hexadecimal(text).flatMap { bytes in
        bytes.withUnsafeBytes { SparkplugPayload($0) }
      }
      let decoded =
        payload ?? BinaryText.base64(text).flatMap { bytes in bytes.withUnsafeBytes { SparkplugPayload($0) } }
      guard let decoded, decoded.timestamp != nil || !decoded.metrics.isEmpty else {
        return .refused(.badField)
      }
      received = parts.topic > 8 ? stamps.any(Bytes.part(record, 0, parts.topic &- 1)) : nil
      prepared = events.make(decoded, topic, basis: .selfAsserted)
      position = 0
      return next(record, into: &reading)
    }

    func next(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
      reading.reset()
      guard position < prepared.count else { return .structure }
      prepared[position].fill(&reading)
      position += 1
      // A payload without stamp is dated by its arrival.
      if reading.kind == .none, let received { reading.set(received, from: 0) }
      if position < prepared.count { reading.flags.insert(.more) }
      return .event
    }
  }
}

/// Bytes written as text.
enum BinaryText {
  /// Pairs of hexadecimal digits; nil where the text is something else.
  static func hexadecimal(_ text: UnsafeRawBufferPointer) -> [UInt8]? {
    guard text.count % 2 == 0 else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count / 2)
    for index in stride(from: 0, to: text.count, by: 2) {
      let high = Bytes.hexValue(text[index])
      let low = Bytes.hexValue(text[index + 1])
      guard high < 16, low < 16 else { return nil }
      bytes.append(high << 4 | low)
    }
    return bytes
  }

  /// Base64 (RFC 4648), the URL-safe alphabet too, padding or not; nil where the text is something else.
  static func base64(_ text: UnsafeRawBufferPointer) -> [UInt8]? {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count * 3 / 4)
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
      default: return nil
      }
      bits = bits << 6 | value
      count += 6
      if count >= 8 {
        count -= 8
        bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
      }
    }
    return bytes
  }
}
