import IncidentModel

/// rsyslog's file and forward forms with RFC 3339 stamps: `2026-04-07T09:08:09.768+02:00 HOST TAG: MSG`.
struct SyslogISOFormat: LogFormat {
  let name = "syslog-iso"
  let summary =
    "syslog with RFC 3339 or local stamps (rsyslog, syslog-ng, journalctl -o short-full, ESXi), with or without <PRI>"
  let yields = ["time", "device", "severity", "program", "facility", "pid"]
  let samples = [
    FormatSample(
      "2020-05-31T00:00:45.698463+00:00 localhost rsyslogd:  message repeated 76 times: [-- MARK --]",
      time: "2020-05-31T00:00:45.698463Z", device: "localhost", severity: 255, program: "rsyslogd",
      message: " message repeated 76 times: [-- MARK --]"),
    FormatSample(
      "<30>2021-03-06T04:07:33.203756+00:00 hostname systemd[1]: Stopping", severity: 6, program: "systemd",
      message: "Stopping", fields: #"{"facility":"daemon","pid":1}"#),
    FormatSample(
      "2016-10-25T12:37:24.987014-07:00 DEBUG kernel: [  316.559919] wlan0: deauthenticating",
      time: "2016-10-25T19:37:24.987014Z", device: "", severity: 7, program: "kernel"),
    FormatSample(
      "2026-11-12T09:03:07Z In(182) vmkernel: cpu1:2097)NMP: x", device: "", severity: 6, program: "vmkernel",
      message: "cpu1:2097)NMP: x", fields: #"{"facility":"local6"}"#),
    FormatSample(
      "2026-06-15 09:00:03 A124 agent[124]: report sent", time: "2026-06-15T09:00:03 (no zone)",
      device: "A124", program: "agent", message: "report sent", fields: #"{"pid":124}"#),
    FormatSample(
      "Thu 2026-11-12 10:03:06 UTC gw-1 kernel: oops", time: "2026-11-12T10:03:06Z", device: "gw-1",
      program: "kernel", message: "oops"),
    FormatSample(
      "1794474185.123456 gw-1 sshd[123]: closed", time: "2026-11-12T09:03:05.123456Z", device: "gw-1",
      program: "sshd", message: "closed"),
    FormatSample(
      "2020-05-31T24:00:45Z gw-1 app[7]: no such hour", time: "none", device: "gw-1", program: "app",
      message: "no such hour"),
    FormatSample("-- Boot 0f2a7c9d0f2a7c9d0f2a7c9d0f2a7c9d --", verdict: .structure),
    FormatSample("\tthat goes on", verdict: .continuation),
  ]
  let refusals = [
    "2020-05-31 00:00:45 localhost a: no T between", "2020-05-31T00:00:45 a b: no zone",
    "2020-05-31T00:00:45Z",
    "2026-06-15 09:00:03 INFO agent[124]: a severity is no host",
    "-- a comment --",
  ]

  func score(_ line: UnsafeRawBufferPointer) -> Int {
    var stamps = StampReader()
    let start = SyslogText.priority(line)?.end ?? 0
    guard let end = Self.stamp(line, at: start, &stamps)?.end else {
      if Self.impossible(line, at: start, &stamps) != nil { return start > 0 ? 90 : 60 }
      return start > 0 ? 0 : LocalSyslog.score(line, &stamps)
    }
    if start > 0 { return 94 }
    // HOST TAG: or HOST TAG[ must follow; other programs begin their lines with such stamps too.
    var i = end &+ 1
    let host = i
    while i < line.count, line[i] > 0x20 { i &+= 1 }
    guard i > host, i < line.count, line[host] != 0x5B, line[i &- 1] != 0x3A else { return 20 }
    let tag = i &+ 1
    i = tag
    if RouterTopics.end(line, at: tag) != nil { return 76 }
    while i < line.count, line[i] > 0x20, line[i] != 0x5B, line[i] != 0x3A { i &+= 1 }
    return i > tag && i < line.count && line[i] > 0x20 ? 75 : 30
  }

  /// A stamp with `T` and zone, and a blank behind it.
  @inline(__always)
  static func stamp(_ record: UnsafeRawBufferPointer, at start: Int, _ stamps: inout StampReader) -> Stamp? {
    guard start &+ 20 < record.count, record[start &+ 10] == 0x54, let stamp = stamps.iso(record, at: start),
      stamp.kind == .absolute, stamp.end < record.count, record[stamp.end] == 0x20
    else { return nil }
    return stamp
  }

  /// A stamp with `T` that no calendar or clock has, before a host and a program: the offset behind it.
  @inline(never)
  static func impossible(
    _ record: UnsafeRawBufferPointer, at start: Int, _ stamps: inout StampReader
  ) -> Int? {
    // One without a zone is a time, and other programs' as often as syslog's.
    guard start &+ 20 < record.count, record[start &+ 10] == 0x54, Bytes.isDigit(record[start]),
      let end = StampReader.impossible(record, at: start), end < record.count, record[end] == 0x20,
      stamps.iso(record, at: start) == nil
    else { return nil }
    let host = end &+ 1
    let hostEnd = Bytes.findNear(0x20, record, from: host, to: min(record.count, host &+ 256))
    return hostEnd > host && PriorityPrefix.hasTag(record, at: hostEnd &+ 1) ? end : nil
  }

  func makeParser(_ context: SourceContext) -> any RecordParser {
    Parser(lacksLineFeeds: context.lacksLineFeeds)
  }

  final class Parser: RecordParser {
    @exclusivity(unchecked) private var stamps = StampReader()
    private let bodies = BodyOpener()
    @exclusivity(unchecked) private var resume = 0
    @exclusivity(unchecked) private var stream: SyslogStream
    @exclusivity(unchecked) private var local = LocalSyslog()

    init(lacksLineFeeds: Bool) { stream = SyslogStream(lacksLineFeeds: lacksLineFeeds) }

    func parse(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
      reading.reset()
      if stream.lacksLineFeeds { stream.see(record, &stamps) }
      return element(record, from: 0, into: &reading)
    }

    func next(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
      reading.reset()
      return element(record, from: resume, into: &reading)
    }

    private func element(_ whole: UnsafeRawBufferPointer, from start: Int, into reading: inout Reading)
      -> Verdict
    {
      var end = whole.count
      var priority = -1
      var i = start
      if let (value, next) = SyslogText.priority(whole, at: start) {
        priority = value
        i = next
        if stream.lacksLineFeeds, let boundary = boundary(whole, from: next) {
          end = boundary
          resume = boundary
          reading.flags.insert(.more)
        }
        if start > 0 || end < whole.count { reading.element = .record(start, end &- start) }
      }
      let record = UnsafeRawBufferPointer(start: whole.baseAddress, count: end)
      guard let stamp = SyslogISOFormat.stamp(record, at: i, &stamps) else {
        if start == 0, let head = local.head(record, at: i, &stamps) {
          reading.set(head.stamp, from: head.start)
          if head.hasZoneName { reading.flags.insert(.ambiguousZone) }
          SyslogText.readBody(record, from: head.host, priority: priority, into: &reading)
          bodies.open(record, into: &reading)
          return .event
        }
        if start == 0, let stampEnd = SyslogISOFormat.impossible(record, at: i, &stamps) {
          reading.flags.insert(.badStamp)
          reading.stamp = .record(i, stampEnd &- i)
          SyslogText.readBody(record, from: stampEnd &+ 1, priority: priority, into: &reading)
          bodies.open(record, into: &reading)
          return .event
        }
        return unstamped(whole, from: start, into: &reading)
      }
      reading.kind = stamp.kind
      reading.time = stamp.time
      reading.resolution = stamp.resolution
      reading.stamp = .record(i, stamp.end &- i)
      reading.mark(stamp)
      i = stamp.end &+ 1
      // ChromeOS writes the severity where others write the host.
      let word = Bytes.findNear(0x20, record, from: i, to: min(end, i &+ 10))
      var hasHost = true
      if word < end, i < end, record[i] &- 0x41 < 26 {
        if let (value, next) = Self.vSpherePriority(record, i, word) {
          // ESXi 8 writes severity and priority there: `In(182) vmkernel: `.
          priority = value
          i = next
          hasHost = false
        }
        let severity = hasHost ? SyslogText.severity(Bytes.part(record, i, word)) : 255
        if severity < 8 {
          reading.severity = severity
          i = word &+ 1
          hasHost = false
        }
      }
      if priority < 0, hasHost, let severity = Self.vSphereWord(record, i, word) {
        reading.severity = severity
        i = word &+ 1
        hasHost = false
      }
      SyslogText.readBody(record, from: i, priority: priority, hasHost: hasHost, into: &reading)
      bodies.open(record, into: &reading)
      return .event
    }

    /// The severity in `warning hostd[2099] [Originator@6876 sub=x] text`, as ESXi 5 to 7 and vCenter write it, and in `info conn: text`: before a
    /// program alone a level is no host's name.
    @inline(__always)
    private static func vSphereWord(_ record: UnsafeRawBufferPointer, _ start: Int, _ end: Int) -> UInt8? {
      guard end &- start >= 3, end &- start <= 7, end &+ 2 < record.count, record[start] &- 0x61 < 26 else {
        return nil
      }
      let severity = SeverityText.word(Bytes.part(record, start, end))
      let isTrivia = Bytes.matches("trivia", record, at: start) && end &- start == 6
      guard severity < 8 || isTrivia else { return nil }
      if severity < 8, PriorityPrefix.hasTag(record, at: end &+ 1),
        SyslogText.severity(Bytes.part(record, start, end)) < 8
      {
        return severity
      }
      let tag = Bytes.findNear(0x20, record, from: end &+ 1, to: min(record.count, end &+ 64))
      guard tag < record.count, record[tag &- 1] == 0x5D,
        record[tag &+ 1 < record.count ? tag &+ 1 : tag] == 0x5B
      else { return nil }
      return isTrivia ? 7 : severity
    }

    /// `In(182)`: two letters and a priority.
    private static func vSpherePriority(
      _ record: UnsafeRawBufferPointer, _ start: Int, _ end: Int
    ) -> (value: Int, next: Int)? {
      guard end &- start >= 5, record[start &+ 2] == 0x28, record[end &- 1] == 0x29,
        Bytes.isLetter(record[start &+ 1]),
        let value = Bytes.decimal(Bytes.part(record, start &+ 3, end &- 1)), value <= 191
      else { return nil }
      return (Int(value), end &+ 1)
    }

    @inline(never)
    private func boundary(_ record: UnsafeRawBufferPointer, from start: Int) -> Int? {
      var i = Bytes.find(0x3C, record, from: start, to: record.count)
      while i < record.count {
        if let (_, end) = SyslogText.priority(record, at: i),
          SyslogISOFormat.stamp(record, at: end, &stamps) != nil
        {
          return i
        }
        i = Bytes.find(0x3C, record, from: i &+ 1, to: record.count)
      }
      return nil
    }

    private func unstamped(
      _ record: UnsafeRawBufferPointer, from start: Int, into reading: inout Reading
    ) -> Verdict {
      reading.reset()
      if LocalSyslog.isBoot(record) {
        reading.flags.insert(.bootMarker)
        return .structure
      }
      if stream.lacksLineFeeds, start == 0, let boundary = boundary(record, from: 0) {
        reading.message = .record(0, boundary)
        reading.element = .record(0, boundary)
        reading.flags.insert(.more)
        resume = boundary
        return .continuation
      }
      return Continuation.verdict(record, into: &reading, otherwise: .notSyslog)
    }
  }
}
