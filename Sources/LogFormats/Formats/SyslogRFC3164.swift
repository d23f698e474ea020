import IncidentModel

/// The syslog of files and of BSD's protocol (RFC 3164): stamp without year, with and without `<PRI>`.
struct SyslogRFC3164Format: LogFormat {
  let name = "syslog-rfc3164"
  let summary =
    "syslog with 'Apr  7 09:08:09' stamps (RFC 3164), with or without <PRI>; busybox syslogd; Cisco IOS"
  let yields = ["time", "device", "severity", "program", "facility", "pid"]
  let samples = [
    FormatSample(
      "Feb 12 14:10:21 sd-126005 sshd[16378]: Invalid user pascal from 192.0.2.7 port 53502",
      time: "02-12T14:10:21", device: "sd-126005", severity: 255, program: "sshd",
      message: "Invalid user pascal from 192.0.2.7 port 53502",
      fields: #"{"pid":16378,"user":"pascal","address":"192.0.2.7","port":53502}"#),
    FormatSample(
      "<34>Oct 11 22:14:15 mymachine su: 'su root' failed for lonvick on /dev/pts/8",
      time: "10-11T22:14:15", device: "mymachine", severity: 2, program: "su",
      message: "'su root' failed for lonvick on /dev/pts/8", fields: #"{"facility":"auth"}"#),
    FormatSample(
      "Mar 23 23:01:18.123 gw-3 /sbin/anacron[1234]: Normal exit", time: "03-23T23:01:18.123", device: "gw-3",
      program: "/sbin/anacron", message: "Normal exit"),
    FormatSample(
      "Nov 18 08:30:20 kernel: [997.390602] sda2: rw=0", time: "11-18T08:30:20", device: "",
      program: "kernel",
      message: "[997.390602] sda2: rw=0", fields: ""),
    FormatSample(
      "Jan  1 00:00:07 cam-2 daemon.err dropbear[99]: bad password", device: "cam-2", severity: 3,
      program: "dropbear", message: "bad password", fields: #"{"facility":"daemon","pid":99}"#),
    FormatSample(
      "Jan  1 00:00:07 user.notice root: started", device: "", severity: 5, program: "root",
      message: "started"),
    FormatSample(
      "Feb 29 01:15:43: --- text alone ---", time: "02-29T01:15:43", device: "", message: "--- text alone ---"
    ),
    FormatSample(
      "Nov  3 09:23:38 veridian lookup for opt failed", device: "veridian", program: "",
      message: "lookup for opt failed"),
    FormatSample(
      "Apr 7 2026 09:08:09 edge-1 %LINK-3-UPDOWN: Interface down", time: "2026-04-07T09:08:09 (no zone)",
      device: "edge-1", program: "%LINK-3-UPDOWN", message: "Interface down"),
    FormatSample(
      "Apr  7 09:08:09 Dream-Machine Dream-Machine sshd[]: session opened", time: "04-07T09:08:09",
      device: "Dream-Machine", program: "sshd", message: "session opened", fields: #"{"pid":""}"#),
    FormatSample(
      "<189>123: sw1: *Nov 12 10:03:05.123 CET: %LINK-3-UPDOWN: Interface down", time: "11-12T10:03:05.123",
      device: "sw1", severity: 5, program: "%LINK-3-UPDOWN", message: "Interface down",
      fields: #"{"facility":"local7","sequence":123}"#),
    FormatSample(
      "<27>dropbear[123]: no stamp", time: "none", device: "", severity: 3, program: "dropbear",
      message: "no stamp",
      fields: #"{"facility":"daemon","pid":123}"#
    ).plain(),
    FormatSample(
      "Nov 12 2026 10:03:05 sw-2 %%01IFNET/4/LINK_STATE(l)[52]:down", device: "sw-2", severity: 4,
      program: "%%01IFNET/4/LINK_STATE(l)", message: "down"),
    FormatSample(
      "Nov 12 2026 10:03:05 asa1 : %ASA-1-105005: (Primary) Lost", device: "asa1", severity: 1,
      program: "%ASA-1-105005", message: "(Primary) Lost"),
    FormatSample(
      "<162>:Nov 12 10:03:06 CEST: %ASA-session-2-106006: Deny", time: "11-12T10:03:06", device: "",
      severity: 2,
      program: "%ASA-session-2-106006", message: "Deny", fields: #"{"facility":"local4"}"#),
    FormatSample(
      "2026 Nov 12 10:03:05.123 n9k-1 %ETHPORT-5-IF_DOWN: down", time: "2026-11-12T10:03:05.123 (no zone)",
      device: "n9k-1", severity: 5, program: "%ETHPORT-5-IF_DOWN", message: "down"),
    FormatSample(
      "2026 Nov 12 10:03:06 n9k-1 %$ VDC-1 %$ %KERN-2-SYSTEM_MSG: mce", device: "n9k-1", severity: 2,
      program: "%KERN-2-SYSTEM_MSG", message: "mce"),
    FormatSample(
      ": 2026 Nov 12 10:03:07 CET: %PLATFORM-1-PFM_ALERT: off", device: "", severity: 1,
      program: "%PLATFORM-1-PFM_ALERT", message: "off"),
    FormatSample(
      "Nov 12 10:03:07 CET gw-4 sshd[7]: x", time: "11-12T10:03:07", device: "gw-4", program: "sshd",
      message: "x"),
    FormatSample(
      "Nov 12 10:03:07 +0200 gw-4 sshd[7]: x", time: "11-12T10:03:07", device: "gw-4", program: "sshd"),
    FormatSample(
      "дек 12 10:03:07 gw-4 sshd[7]: x", time: "12-12T10:03:07", device: "gw-4", program: "sshd"),
    FormatSample(
      "Feb 30 07:54:32 host a: no such day", time: "none", device: "host", program: "a",
      message: "no such day"),
    FormatSample("<13>Jan 22 25:54:32 host a: no such hour", time: "none", device: "host", severity: 5),
    FormatSample("\tat a second line", verdict: .continuation, message: "\tat a second line"),
    FormatSample("   ", verdict: .blank),
  ]
  let refusals = [
    "MMM 22 07:54:32 myhostname anacron[29782]: Normal exit", "Jan 22", "<34>", "with another line",
    "2026-04-07T09:08:09Z host app: another format",
  ]

  func score(_ line: UnsafeRawBufferPointer) -> Int {
    var reader = StampReader()
    let start = SyslogText.priority(line)?.end ?? 0
    guard let stamp = reader.syslog(line, at: start), stamp.end < line.count else {
      if CiscoHeader(line, at: start, &reader) != nil { return start > 0 ? 95 : 80 }
      // A date that there is not is nobody else's either.
      let end = StampReader.impossibleSyslog(line, at: start) ?? line.count
      return end < line.count ? start > 0 ? 90 : 60 : 0
    }
    return start > 0 ? 95 : 80
  }

  func makeParser(_ context: SourceContext) -> any RecordParser {
    Parser(lacksLineFeeds: context.lacksLineFeeds)
  }

  final class Parser: RecordParser {
    @exclusivity(unchecked) private var stamps = StampReader()
    private let bodies = BodyOpener()
    @exclusivity(unchecked) private var resume = 0
    @exclusivity(unchecked) private var stream: SyslogStream

    init(lacksLineFeeds: Bool) { stream = SyslogStream(lacksLineFeeds: lacksLineFeeds) }

    func parse(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
      reading.reset()
      resume = 0
      if stream.lacksLineFeeds { stream.see(record, &stamps) }
      return element(record, from: 0, into: &reading)
    }

    func next(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
      reading.reset()
      return element(record, from: resume, into: &reading)
    }

    @inline(__always)
    private func element(_ whole: UnsafeRawBufferPointer, from start: Int, into reading: inout Reading)
      -> Verdict
    {
      var end = whole.count
      var priority = -1
      var i = start
      if let (value, next) = SyslogText.priority(whole, at: start) {
        priority = value
        i = next
        if stream.lacksLineFeeds, let boundary = Self.boundary(whole, from: next, &stamps) {
          end = boundary
          resume = boundary
          reading.flags.insert(.more)
        }
        if start > 0 || end < whole.count { reading.element = .record(start, end &- start) }
      }
      let record = UnsafeRawBufferPointer(start: whole.baseAddress, count: end)
      guard i < end, let stamp = stamps.syslog(record, at: i) else {
        return unstamped(whole, from: start, priority: priority, text: i, into: &reading)
      }
      reading.kind = stamp.kind
      reading.time = stamp.time
      reading.resolution = stamp.resolution
      reading.stamp = .record(i, stamp.end &- i)
      reading.mark(stamp)
      i = stamp.end
      if i < end, record[i] == 0x20 { i &+= 1 }
      SyslogText.readBody(record, from: i, priority: priority, into: &reading)
      bodies.open(record, into: &reading)
      return .event
    }

    /// Where the next `<PRI>` with a stamp stands; nil where there is none.
    @inline(never)
    private static func boundary(
      _ record: UnsafeRawBufferPointer, from start: Int, _ stamps: inout StampReader
    ) -> Int? {
      var i = Bytes.find(0x3C, record, from: start, to: record.count)
      while i < record.count {
        if let (_, end) = SyslogText.priority(record, at: i), stamps.syslog(record, at: end) != nil {
          return i
        }
        i = Bytes.find(0x3C, record, from: i &+ 1, to: record.count)
      }
      return nil
    }

    /// A line without a stamp where RFC 3164 has it: Cisco's, one with a priority and a program's name, one that continues the event before. In
    /// streams without line feeds a forwarded event may begin inside it.
    @inline(never)
    private func unstamped(
      _ record: UnsafeRawBufferPointer, from start: Int, priority: Int, text: Int, into reading: inout Reading
    ) -> Verdict {
      reading.reset()
      if Bytes.isBlank(record) { return .blank }
      if start == 0 {
        if let end = StampReader.impossibleSyslog(record, at: text), end < record.count {
          reading.flags.insert(.badStamp)
          reading.stamp = .record(text, end &- text)
          SyslogText.readBody(
            record, from: record[end] == 0x20 ? end &+ 1 : end, priority: priority, into: &reading)
          bodies.open(record, into: &reading)
          return .event
        }
        if let header = CiscoHeader(record, at: text, &stamps) {
          header.read(record, priority: priority, into: &reading)
          return .event
        }
        if priority >= 0, PriorityPrefix.hasTag(record, at: text) {
          SyslogText.readBody(record, from: text, priority: priority, hasHost: false, into: &reading)
          bodies.open(record, into: &reading)
          return .event
        }
        if stream.lacksLineFeeds, let boundary = Self.boundary(record, from: 0, &stamps) {
          reading.message = .record(0, boundary)
          reading.element = .record(0, boundary)
          reading.flags.insert(.more)
          resume = boundary
          return .continuation
        }
      }
      return Continuation.verdict(record, into: &reading, otherwise: .notSyslog)
    }
  }
}
