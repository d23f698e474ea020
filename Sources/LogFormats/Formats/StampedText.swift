import IncidentModel

/// Free text whose lines begin with a stamp of any known form, perhaps with a severity word behind it.
struct StampedTextFormat: LogFormat {
  let name = "stamped-text"
  let summary =
    "any text whose lines begin with a date and time (ISO, RFC 5322, day/month/year, epoch, TAI64N…)"
  let yields = ["time", "severity", "program where ' - ' divides the parts"]
  let samples = [
    FormatSample(
      "2012-07-02 10:22:40,672:DEBUG:foo bar baz", time: "2012-07-02T10:22:40.672 (no zone)", severity: 7,
      message: "foo bar baz"),
    FormatSample(
      "[2026-04-07 09:08:09 +0200] [error] 17#17: upstream timed out", time: "2026-04-07T07:08:09Z",
      severity: 3,
      message: "17#17: upstream timed out"),
    FormatSample(
      "Mon Jun  6 18:43:28 2016 [pid 2] connected to \"192.0.2.9\"", time: "2016-06-06T18:43:28 (no zone)",
      severity: 255, message: "[pid 2] connected to \"192.0.2.9\""),
    FormatSample(
      "@40000000433225833b6e1a8c tcpserver: status: 5/30", time: "2005-09-22T03:31:05.997071500Z",
      message: "tcpserver: status: 5/30"),
    FormatSample("1428634687123 Hello, World!", time: "2015-04-10T02:58:07.123Z", message: "Hello, World!"),
    FormatSample("2014-333T16:56:38,344:WARN:foo", time: "2014-11-29T16:56:38.344 (no zone)", severity: 4),
    FormatSample(
      "07/11/2022-10:29:01.860293  [**] [1:2:3] SCAN [**]", time: "2022-07-11T10:29:01.860293 (no zone)",
      message: "[**] [1:2:3] SCAN [**]"),
    FormatSample("12/28-12:55:38.765402 [**] x", time: "12-28T12:55:38.765402"),
    FormatSample(
      "2026-11-12 10:03:05,123 - fleet.ota - ERROR - update failed", severity: 3, program: "fleet.ota",
      message: "update failed"),
    FormatSample(
      "2026-11-12 10:03:05.123 [mqtt-1] WARN  c.a.Broker - slow", severity: 4,
      message: "[mqtt-1] WARN  c.a.Broker - slow"),
    FormatSample("2026-11-12T09:03:07.123456Z 12 [Warning] [MY-010055] [Server] slow", severity: 4),
    FormatSample("[1794474185.123456][2345:2346] CHIP:EM: x", time: "2026-11-12T09:03:05.123456Z"),
    FormatSample("19-Oct-2022 05:34:02 door @0x7f", time: "2022-10-19T05:34:02 (no zone)"),
    FormatSample("[Dec 21 12:56:59] SECURITY[77]: x", time: "12-21T12:56:59", message: "SECURITY[77]: x"),
    FormatSample("  File \"x.py\", line 1", verdict: .continuation),
    FormatSample("ValueError: bad", verdict: .continuation),
  ]
  let refusals = ["plain text", "2026-13-07 10:22:40 x", "12:00 noon", "123456789012 x"]

  func score(_ line: UnsafeRawBufferPointer) -> Int {
    var stamps = StampReader()
    guard let (stamp, _) = Self.head(line, &stamps) else { return 0 }
    return stamp.kind == .noYear ? 45 : 55
  }

  /// The stamp and the offset behind it and its bracket.
  static func head(_ line: UnsafeRawBufferPointer, _ stamps: inout StampReader) -> (stamp: Stamp, end: Int)? {
    guard line.count > 8 else { return nil }
    let isBracketed = line[0] == 0x5B || line[0] == 0x28
    guard let stamp = stamps.leading(line, at: isBracketed ? 1 : 0) else { return nil }
    var end = stamp.end
    if isBracketed {
      guard end < line.count, line[end] == 0x5D || line[end] == 0x29 else { return nil }
      end &+= 1
    } else {
      // Tables begin with stamps too.
      guard end < line.count, line[end] != 0x2C, line[end] != 0x3B else { return nil }
    }
    return (stamp, end)
  }

  func makeParser(_ context: SourceContext) -> any RecordParser { Parser() }

  final class Parser: RecordParser {
    @exclusivity(unchecked) private var stamps = StampReader()

    func parse(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
      reading.reset()
      guard let (stamp, end) = StampedTextFormat.head(record, &stamps) else {
        return Continuation.verdict(record, into: &reading, otherwise: .noTime)
      }
      reading.set(stamp, from: record[0] == 0x5B || record[0] == 0x28 ? 1 : 0)
      var i = end
      if let (severity, end) = TextLine.level(record, at: i) {
        reading.severity = severity
        i = end
      } else if let found = HeaderLevel.find(record, at: i) {
        reading.severity = found.severity
        if !found.name.isEmpty {
          reading.program = found.name
          i = found.end
        }
      }
      while i < record.count,
        record[i] == 0x20 || record[i] == 0x09 || record[i] == 0x3A || record[i] == 0x7C
          || record[i] == 0x2D && i &+ 1 < record.count && record[i &+ 1] == 0x20
      {
        i &+= 1
      }
      reading.message = .record(i, record.count &- i)
      return .event
    }
  }
}
