import IncidentModel

/// Syslog as RFC 5424 has it: `<PRI>1 STAMP HOST APP PROCID MSGID SD MSG`.
struct SyslogRFC5424Format: LogFormat {
  let name = "syslog-rfc5424"
  let summary = "syslog of RFC 5424, structured data as fields; with octet counts (RFC 6587) or without"
  let yields = [
    "time", "device", "severity", "program", "facility", "pid", "msgid", "structured data by its ids",
  ]
  let samples = [
    FormatSample(
      "<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 "
        + #"[exampleSDID@32473 iut="3" eventSource="App \"x\"" eventID="1011"] An application event"#,
      time: "2003-10-11T22:14:15.003Z", device: "mymachine.example.com", severity: 5, program: "evntslog",
      message: "An application event",
      fields:
        #"{"facility":"local4","msgid":"ID47","exampleSDID@32473":{"iut":"3","eventSource":"App \"x\"","#
        + #""eventID":"1011"}}"#),
    FormatSample(
      "<34>1 - - - - - -", time: "none", device: "", severity: 2, program: "", message: "",
      fields: #"{"facility":"auth"}"#),
    FormatSample(
      "<29>1 2026-11-23T07:43:42+02:00 vm ntpd 19809 - -  time stepped", time: "2026-11-23T05:43:42Z",
      device: "vm", program: "ntpd", message: " time stepped", fields: #"{"facility":"daemon","pid":19809}"#),
    FormatSample(
      "81 <13>1 2026-11-23T07:43:42.1Z a b c d [x@1][y@1 k=\"]\\\\\"] \u{FEFF}hello", device: "a",
      program: "b",
      message: "hello",
      fields: #"{"facility":"user","pid":"c","msgid":"d","x@1":{},"y@1":{"k":"]\\"}}"#),
    FormatSample(
      #"<134>1 2026-11-12T09:03:05Z gw-1 CheckPoint 18160 - [x@1 a="b"][action:"Drop"; src:"10.1.1.9"]"#,
      time: "2026-11-12T09:03:05Z", device: "gw-1", severity: 6, program: "CheckPoint",
      message: #"[x@1 a="b"][action:"Drop"; src:"10.1.1.9"]"#, fields: #"{"facility":"local0","pid":18160}"#),
    FormatSample(
      "<165>1 2003-13-11T22:14:15.003+02:00 a b c d - m", time: "none", device: "a", severity: 5,
      program: "b",
      message: "m"),
    FormatSample(
      #"<34>1 - a b c d [x y="1 m"#, time: "none", device: "a", severity: 2, message: #"[x y="1 m"#,
      fields: #"{"facility":"auth","pid":"c","msgid":"d"}"#),
  ]
  let refusals = [
    "<165>1 yesterday a b c d - m", "<999>1 - - - - - -", "<34>1", "<34>2 - - - - - -",
    "<34>Oct 11 22:14:15 mymachine su: x",
  ]

  func score(_ line: UnsafeRawBufferPointer) -> Int {
    guard let start = Self.version(line) else { return 0 }
    var stamps = StampReader()
    return line[start.end] == 0x2D || stamps.iso(line, at: start.end) != nil
      || StampReader.impossible(line, at: start.end) != nil ? 97 : 0
  }

  /// Priority and the offset behind `<PRI>1 `, octet count skipped.
  @inline(__always)
  static func version(_ record: UnsafeRawBufferPointer) -> (priority: Int, end: Int)? {
    var i = 0
    while i < 8, i < record.count, Bytes.isDigit(record[i]) { i &+= 1 }
    if i > 0 {
      guard i < record.count, record[i] == 0x20 else { return nil }
      i &+= 1
    }
    guard let (value, end) = SyslogText.priority(record, at: i), end &+ 2 < record.count,
      record[end] == 0x31, record[end &+ 1] == 0x20
    else { return nil }
    return (value, end &+ 2)
  }

  func makeParser(_ context: SourceContext) -> any RecordParser { Parser() }

  final class Parser: RecordParser {
    private let bodies = BodyOpener()
    @exclusivity(unchecked) private var stamps = StampReader()

    func parse(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
      reading.reset()
      guard let (priority, start) = SyslogRFC5424Format.version(record) else {
        return Continuation.verdict(record, into: &reading, otherwise: .notSyslog)
      }
      var i = start
      let count = record.count
      if record[i] == 0x2D, i &+ 1 == count || record[i &+ 1] == 0x20 {
        i &+= 1
      } else if let stamp = stamps.iso(record, at: i), stamp.end < count, record[stamp.end] == 0x20 {
        reading.kind = stamp.kind
        reading.time = stamp.time
        reading.resolution = stamp.resolution
        reading.stamp = .record(i, stamp.end &- i)
        reading.mark(stamp)
        i = stamp.end
      } else {
        // What no calendar and no clock has is no time, and all else stands.
        let end = Bytes.findNear(0x20, record, from: i, to: min(count, i &+ 48))
        guard end < count, record[end] == 0x20, StampReader.impossible(record, at: i) != nil else {
          return .refused(.badTime)
        }
        reading.flags.insert(.badStamp)
        reading.stamp = .record(i, end &- i)
        i = end
      }
      reading.severity = UInt8(truncatingIfNeeded: priority & 7)
      reading.device = Self.token(record, &i)
      if !reading.device.isEmpty { reading.basis = .selfAsserted }
      reading.program = Self.token(record, &i)
      let pid = Self.token(record, &i)
      let messageID = Self.token(record, &i)
      SyslogText.tell(record, facility: priority &>> 3, pid: pid, into: &reading)
      if i < count, record[i] == 0x20 { i &+= 1 }
      if !messageID.isEmpty {
        reading.reopenFields()
        reading.field("msgid", Bytes.part(record, messageID.start, messageID.end))
        reading.endFields()
      }
      if i < count, record[i] == 0x5B {
        reading.reopenFields()
        let (start, written) = (i, reading.scratchCount)
        if !structuredData(record, &i, into: &reading) {
          // Cut, or written otherwise: what stands before counts, and this is a part of the message.
          i = start
          reading.scratchCount = written
        }
        reading.endFields()
      } else if i < count, record[i] == 0x2D {
        i &+= 1
      }
      if i < count, record[i] == 0x20 { i &+= 1 }
      if count &- i >= 3, record[i] == 0xEF, record[i &+ 1] == 0xBB, record[i &+ 2] == 0xBF { i &+= 3 }
      reading.message = .record(i, count &- i)
      if i < count, record[i] == 0x5B { SyslogText.kernelUptime(record, at: i, into: &reading) }
      bodies.open(record, into: &reading)
      return .event
    }

    /// The next header token; empty for `-`. Stands behind it afterwards.
    @inline(__always) private static func token(_ record: UnsafeRawBufferPointer, _ i: inout Int) -> Slice {
      if i < record.count, record[i] == 0x20 { i &+= 1 }
      let end = Bytes.findNear(0x20, record, from: i, to: record.count)
      let slice = end &- i == 1 && record[i] == 0x2D ? Slice.empty : Slice.record(i, end &- i)
      i = end
      return slice
    }

    /// `[id name="value" …][…]` as members of the fields object; false where it is malformed.
    private func structuredData(
      _ record: UnsafeRawBufferPointer, _ i: inout Int, into reading: inout Reading
    ) -> Bool {
      let count = record.count
      while i < count, record[i] == 0x5B {
        let idStart = i &+ 1
        var j = idStart
        while j < count, record[j] != 0x20, record[j] != 0x5D { j &+= 1 }
        guard j > idStart, j < count else { return false }
        reading.key(Bytes.part(record, idStart, j))
        reading.append(0x7B)
        var isFirst = true
        while j < count, record[j] == 0x20 {
          while j < count, record[j] == 0x20 { j &+= 1 }
          if j < count, record[j] == 0x5D { break }
          let equal = Bytes.findNear(0x3D, record, from: j, to: count)
          guard equal &+ 1 < count, equal > j, record[equal &+ 1] == 0x22 else { return false }
          if !isFirst { reading.append(0x2C) }
          isFirst = false
          reading.appendJSONString(Bytes.part(record, j, equal))
          reading.append(0x3A)
          guard let end = value(record, from: equal &+ 2, into: &reading) else { return false }
          j = end
        }
        guard j < count, record[j] == 0x5D else { return false }
        reading.append(0x7D)
        i = j &+ 1
      }
      return true
    }

    /// A parameter's value up to its closing quote, `\"`, `\\` and `\]` resolved; the offset behind the quote.
    private func value(
      _ record: UnsafeRawBufferPointer, from start: Int, into reading: inout Reading
    ) -> Int? {
      reading.append(0x22)
      var run = start
      var i = start
      while i < record.count {
        let byte = record[i]
        if byte == 0x22 {
          reading.appendJSONCharacters(Bytes.part(record, run, i))
          reading.append(0x22)
          return i &+ 1
        }
        if byte == 0x5C, i &+ 1 < record.count,
          record[i &+ 1] == 0x22 || record[i &+ 1] == 0x5C || record[i &+ 1] == 0x5D
        {
          reading.appendJSONCharacters(Bytes.part(record, run, i))
          run = i &+ 1
          i &+= 2
          continue
        }
        i &+= 1
      }
      return nil
    }
  }
}
