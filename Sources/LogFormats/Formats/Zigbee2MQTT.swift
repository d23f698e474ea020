import IncidentModel

/// Zigbee2MQTT's log, old and new form; the device is found in topics and messages.
struct Zigbee2MQTTFormat: LogFormat {
  let name = "zigbee2mqtt"
  let summary = "Zigbee2MQTT log; the friendly name or IEEE address is the device, payloads are opened"
  let yields = ["time", "device", "severity", "topic", "payload"]
  let samples = [
    FormatSample(
      "Zigbee2MQTT:info  2022-01-25 12:01:02: MQTT publish: topic 'zigbee2mqtt/lamp', payload '{\"linkquality\":87,\"state\":\"ON\"}'",
      time: "2022-01-25T12:01:02 (no zone)", device: "lamp", severity: 6, program: "zigbee2mqtt",
      fields: #"{"topic":"zigbee2mqtt/lamp","payload":{"linkquality":87,"state":"ON"}}"#),
    FormatSample(
      "[2024-05-01 12:01:02] error: \tz2m: Failed to ping '0x00158d0001abcdef' (attempt 1/1)",
      time: "2024-05-01T12:01:02 (no zone)", device: "0x00158d0001abcdef", severity: 3),
    FormatSample("Zigbee2MQTT:warn  2022-01-25 12:01:02: `timeout` reached", device: "", severity: 4),
  ]
  let refusals = ["Zigbee2MQTT:info  soon: x", "text"]

  func score(_ line: UnsafeRawBufferPointer) -> Int {
    var stamps = StampReader()
    return Self.head(line, &stamps) == nil ? 0 : 88
  }

  static func head(
    _ line: UnsafeRawBufferPointer, _ stamps: inout StampReader
  ) -> (stamp: Stamp, start: Int, severity: UInt8, end: Int)? {
    if Bytes.isWord("zigbee2mqtt", line, at: 0), line.count > 36, line[11] == 0x3A {
      var i = 12
      while i < line.count, Bytes.isLetter(line[i]) { i &+= 1 }
      let severity = SeverityText.word(Bytes.part(line, 12, i))
      let start = TextLine.skipBlanks(line, i)
      guard severity < 8, let stamp = stamps.iso(line, at: start), stamp.end < line.count,
        line[stamp.end] == 0x3A
      else {
        return nil
      }
      return (stamp, start, severity, stamp.end &+ 1)
    }
    guard line.count > 30, line[0] == 0x5B, let stamp = stamps.iso(line, at: 1), stamp.end &+ 2 < line.count,
      line[stamp.end] == 0x5D
    else { return nil }
    var i = stamp.end &+ 2
    let word = i
    while i < line.count, Bytes.isLetter(line[i]) { i &+= 1 }
    let severity = SeverityText.word(Bytes.part(line, word, i))
    guard severity < 8, i &+ 3 < line.count, line[i] == 0x3A, line[i &+ 1] == 0x20, line[i &+ 2] == 0x09
    else { return nil }
    return (stamp, 1, severity, i &+ 1)
  }

  func makeParser(_ context: SourceContext) -> any RecordParser { Parser() }

  final class Parser: RecordParser {
    @exclusivity(unchecked) private var stamps = StampReader()

    func parse(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
      reading.reset()
      guard let head = Zigbee2MQTTFormat.head(record, &stamps) else {
        return Continuation.verdict(record, into: &reading, otherwise: .noMatch)
      }
      reading.set(head.stamp, from: head.start)
      reading.severity = head.severity
      let text = TextLine.skipBlanks(record, head.end)
      reading.message = .record(text, record.count &- text)
      reading.program = reading.appendText("zigbee2mqtt")
      reading.beginFields()
      if let topic = Bytes.find("topic '", record, from: text) {
        let start = topic &+ 7
        let end = Bytes.findNear(0x27, record, from: start, to: record.count)
        reading.field("topic", Bytes.part(record, start, end))
        // base/NAME, base/NAME/availability; base/bridge/… speaks of the bridge itself.
        let slash = Bytes.findNear(0x2F, record, from: start, to: end)
        if slash < end, !Bytes.matches("bridge", record, at: slash &+ 1) {
          var stop = end
          for suffix: StaticString in ["/availability", "/set", "/get"]
          where Bytes.matches(suffix, record, at: end &- suffix.utf8CodeUnitCount) {
            stop = end &- suffix.utf8CodeUnitCount
          }
          setDevice(record, slash &+ 1, stop, &reading)
        }
        if let payload = Bytes.find("payload '", record, from: end) {
          let value = payload &+ 9
          let valueEnd = JSONText.valueEnd(record, from: value)
          if valueEnd > value, Bytes.isValidUTF8(Bytes.part(record, value, valueEnd)) {
            reading.key("payload")
            reading.append(record, value, valueEnd)
          }
        }
      }
      reading.endFields()
      if reading.device.isEmpty, let address = Bytes.find("0x", record, from: text),
        address &+ 18 <= record.count
      {
        let digits = Bytes.part(record, address &+ 2, address &+ 18)
        if digits.allSatisfy({ Bytes.hexValue($0) < 16 }) {
          setDevice(record, address, address &+ 18, &reading)
        }
      }
      return .event
    }

    private func setDevice(
      _ record: UnsafeRawBufferPointer, _ start: Int, _ end: Int, _ reading: inout Reading
    ) {
      guard start < end else { return }
      reading.device = .record(start, end &- start)
      // The coordinator knows its paired devices by their network key.
      reading.basis = .network
    }
  }
}
