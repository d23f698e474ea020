import IncidentModel

/// The log of EMQX 5: RFC 3339 stamp, level in brackets, `key: value` pairs.
struct EMQXFormat: LogFormat {
  let name = "emqx"
  let summary = "EMQX broker log (version 5, text); the client id is the device"
  let yields = ["time", "device (client id)", "severity", "program (tag)", "message", "every other pair"]
  let samples = [
    FormatSample(
      "2026-04-07T09:08:09.123456+02:00 [warning] msg: authorization_permission_denied, mfa: emqx_authz:log_allowed/1, "
        + "clientid: pump-7, peername: 192.0.2.9:51812, topic: site/a, b/temp, action: publish",
      time: "2026-04-07T07:08:09.123456Z", device: "pump-7", severity: 4, program: "emqx",
      message: "authorization_permission_denied",
      fields:
        #"{"mfa":"emqx_authz:log_allowed/1","peername":"192.0.2.9:51812","topic":"site/a, b/temp","action":"publish"}"#
    ),
    FormatSample(
      "2026-04-07T09:08:09.1Z [error] tag: AUTHN, clientid: c 1, msg: authentication_failure, reason: {tls,bad}",
      device: "c 1", severity: 3, program: "AUTHN", message: "authentication_failure",
      fields: #"{"reason":"{tls,bad}"}"#),
    FormatSample(
      "2026-04-07T09:08:09.1Z [info] EMQX 5.8.0 is running now!, mfa: emqx_machine:start/0", device: "",
      severity: 6,
      message: "EMQX 5.8.0 is running now!"),
  ]
  let refusals = ["2026-04-07T09:08:09.1Z [info] text", "2026-04-07T09:08:09.1Z text", "text"]

  func score(_ line: UnsafeRawBufferPointer) -> Int {
    var stamps = StampReader()
    return Self.head(line, &stamps) == nil ? 0 : 90
  }

  /// Stamp, severity and where the pairs begin.
  static func head(
    _ line: UnsafeRawBufferPointer, _ stamps: inout StampReader
  ) -> (stamp: Stamp, severity: UInt8, start: Int)? {
    guard line.count > 30, Bytes.isDigit(line[0]), let stamp = stamps.iso(line, at: 0),
      stamp.kind == .absolute,
      stamp.end &+ 6 < line.count, line[stamp.end] == 0x20, line[stamp.end &+ 1] == 0x5B
    else { return nil }
    let word = stamp.end &+ 2
    let close = Bytes.findNear(0x5D, line, from: word, to: min(line.count, word &+ 12))
    guard close &+ 2 < line.count, line[close] == 0x5D, line[close &+ 1] == 0x20 else { return nil }
    let severity = SeverityText.word(Bytes.part(line, word, close))
    guard severity < 8 else { return nil }
    let start = close &+ 2
    for key: StaticString in ["msg: ", "mfa: ", "clientid: ", "tag: "] {
      guard let found = Bytes.find(key, line, from: start) else { continue }
      if found == start || found >= start &+ 2 && line[found &- 1] == 0x20 && line[found &- 2] == 0x2C {
        return (stamp, severity, start)
      }
    }
    return nil
  }

  func makeParser(_ context: SourceContext) -> any RecordParser { Parser() }

  final class Parser: RecordParser {
    @exclusivity(unchecked) private var stamps = StampReader()

    func parse(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
      reading.reset()
      guard let head = EMQXFormat.head(record, &stamps) else {
        return Continuation.verdict(record, into: &reading, otherwise: .noMatch)
      }
      reading.set(head.stamp, from: 0)
      reading.severity = head.severity
      reading.beginFields()
      var i = head.start
      // A text without key may stand first.
      if Self.keyEnd(record, i) == nil {
        let end = Self.valueEnd(record, i)
        reading.message = .record(i, end &- i)
        i = min(record.count, end &+ 2)
      }
      while i < record.count, let colon = Self.keyEnd(record, i) {
        let value = colon &+ 2
        let end = Self.valueEnd(record, value)
        take(record, Bytes.part(record, i, colon), value, end, into: &reading)
        i = min(record.count, end &+ 2)
      }
      reading.endFields()
      if reading.program.isEmpty { reading.program = reading.appendText("emqx") }
      return .event
    }

    private func take(
      _ record: UnsafeRawBufferPointer, _ key: UnsafeRawBufferPointer, _ start: Int, _ end: Int,
      into reading: inout Reading
    ) {
      func isNamed(_ text: StaticString) -> Bool {
        key.count == text.utf8CodeUnitCount && Bytes.matches(text, key, at: 0)
      }
      if isNamed("msg") {
        reading.message = .record(start, end &- start)
      } else if isNamed("clientid"), end > start {
        reading.device = .record(start, end &- start)
        reading.basis = .selfAsserted
      } else if isNamed("tag"), end > start {
        reading.program = .record(start, end &- start)
      } else {
        reading.key(key)
        reading.appendGuessing(Bytes.part(record, start, end))
      }
    }

    /// Offset of the colon behind a key at `start`; nil where none stands there.
    private static func keyEnd(_ record: UnsafeRawBufferPointer, _ start: Int) -> Int? {
      var i = start
      while i < record.count, i &- start < 40,
        record[i] &- 0x61 < 26 || record[i] == 0x5F || Bytes.isDigit(record[i])
      {
        i &+= 1
      }
      return i > start && i &+ 1 < record.count && record[i] == 0x3A && record[i &+ 1] == 0x20 ? i : nil
    }

    /// Where a value ends: at `, ` with a key behind it, or at the end of the line.
    private static func valueEnd(_ record: UnsafeRawBufferPointer, _ start: Int) -> Int {
      var i = start
      while i < record.count {
        i = Bytes.find(0x2C, record, from: i, to: record.count)
        if i &+ 2 < record.count, record[i &+ 1] == 0x20, keyEnd(record, i &+ 2) != nil { return i }
        i &+= 1
      }
      return record.count
    }
  }
}
