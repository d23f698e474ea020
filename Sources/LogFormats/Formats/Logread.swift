import IncidentModel

/// OpenWrt's `logread`: `Mon Nov 23 07:43:43 2026 daemon.info dnsmasq[123]: text`, with `[epoch.ms]` by `logread -t`.
struct LogreadFormat: LogFormat {
  let name = "logread"
  let summary = "OpenWrt logread, with the year and, by logread -t, the epoch"
  let yields = ["time", "severity", "program", "facility", "pid"]
  let samples = [
    FormatSample(
      "Mon Nov 23 07:43:43 2026 daemon.info dnsmasq[123]: started, version 2.86",
      time: "2026-11-23T07:43:43 (no zone)", device: "", severity: 6, program: "dnsmasq",
      message: "started, version 2.86", fields: #"{"facility":"daemon","pid":123}"#),
    FormatSample(
      "Mon Nov 23 08:43:43 2026 [1795419823.123] kern.warn kernel: [   12.345678] ath: x",
      time: "2026-11-23T07:43:43.123Z", severity: 4, program: "kernel", message: "[   12.345678] ath: x"),
  ]
  let refusals = [
    "Mon Nov 23 07:43:43 2026 no priority", "Nov 23 07:43:43 x y: z", "Mon Nov 33 07:43:43 2026 a.info x: y",
  ]

  func score(_ line: UnsafeRawBufferPointer) -> Int { Self.head(line) == nil ? 0 : 90 }

  /// The stamp, its start, and where `facility.severity` begins.
  static func head(_ line: UnsafeRawBufferPointer) -> (stamp: Stamp, start: Int, end: Int)? {
    guard line.count > 32, Bytes.isLetter(line[0]), var stamp = StampReader.weekday(line) else { return nil }
    var start = 0
    var i = stamp.end
    guard i &+ 8 < line.count, line[i] == 0x20 else { return nil }
    i &+= 1
    if line[i] == 0x5B {
      let close = Bytes.findNear(0x5D, line, from: i, to: min(line.count, i &+ 32))
      guard close &+ 2 < line.count,
        let (time, resolution) = StampReader.epoch(Bytes.part(line, i &+ 1, close), unit: StampReader.second)
      else { return nil }
      start = i &+ 1
      stamp = StampReader.placed(time, resolution, end: close)
      i = close &+ 2
    }
    let word = Bytes.findNear(0x20, line, from: i, to: min(line.count, i &+ 19))
    guard word < line.count, SyslogText.facilityAndSeverity(Bytes.part(line, i, word)) != nil else {
      return nil
    }
    return (stamp, start, i)
  }

  func makeParser(_ context: SourceContext) -> any RecordParser { Parser() }

  final class Parser: RecordParser {
    private let bodies = BodyOpener()

    func parse(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
      reading.reset()
      guard let head = LogreadFormat.head(record) else {
        return Continuation.verdict(record, into: &reading, otherwise: .noMatch)
      }
      reading.set(head.stamp, from: head.start)
      SyslogText.readBody(record, from: head.end, priority: -1, into: &reading)
      bodies.open(record, into: &reading)
      return .event
    }
  }
}
