import IncidentModel

/// The kernel's ring buffer: `dmesg` (`[   12.345678] text`, `<6>` in front or not) and `/dev/kmsg` (`6,339,5140900,-;text`).
struct KernelRingFormat: LogFormat {
  let name = "dmesg"
  let summary = "kernel messages with time since boot: dmesg, dmesg -r and -x, /dev/kmsg"
  let yields = ["time since boot", "severity", "facility", "sequence"]
  let samples = [
    FormatSample(
      "[    0.000000] Linux version 6.1.0 (gcc)", time: "boot+0.000000", severity: 255, program: "kernel",
      message: "Linux version 6.1.0 (gcc)"),
    FormatSample("<4>[   12.345678] usb 1-1: device not responding", time: "boot+12.345678", severity: 4),
    FormatSample(
      "6,339,5140900,-;NET: Registered protocol family 10", time: "boot+5.140900", severity: 6,
      message: "NET: Registered protocol family 10", fields: #"{"facility":"kern","sequence":339}"#),
    FormatSample(
      "kern  :err   : [   12.345678] EXT4-fs error", time: "boot+12.345678", severity: 3,
      message: "EXT4-fs error"),
    FormatSample(" SUBSYSTEM=pci", verdict: .continuation),
    FormatSample("[  124.5] x", verdict: .refused(.noTime)),
    FormatSample("[   59.123456][  T12] thread", time: "boot+59.123456", message: "thread"),
  ]
  let refusals = ["plain", "[12:00:01.000] x", "6,x,5;y", "[1.2345", "[1794474185.123456] an epoch"]

  func score(_ line: UnsafeRawBufferPointer) -> Int {
    let start = Self.prefix(line)?.end ?? 0
    if SyslogText.bootTime(line, at: start) != nil { return 82 }
    return Self.kmsg(line) != nil ? 82 : 0
  }

  /// `<4>`, or in words `kern  :warn  : ` (`dmesg -x`).
  private static func prefix(_ line: UnsafeRawBufferPointer) -> (value: Int, end: Int)? {
    guard let first = line.first, Bytes.isLetter(first) else { return SyslogText.priority(line) }
    let limit = min(line.count, 24)
    let colon = Bytes.findNear(0x3A, line, from: 0, to: limit)
    let end = Bytes.findNear(0x3A, line, from: colon &+ 1, to: limit)
    guard end &+ 1 < limit, line[end &+ 1] == 0x20 else { return nil }
    var nameEnd = colon
    while nameEnd > 0, line[nameEnd &- 1] == 0x20 { nameEnd &-= 1 }
    var wordEnd = end
    while wordEnd > colon &+ 1, line[wordEnd &- 1] == 0x20 { wordEnd &-= 1 }
    let severity = SyslogText.severity(Bytes.part(line, colon &+ 1, wordEnd))
    let name = Bytes.part(line, 0, nameEnd)
    guard severity < 8, let facility = SyslogHeader.facilities.firstIndex(where: { Bytes.areSame($0, name) })
    else { return nil }
    return (facility << 3 | Int(severity), end &+ 2)
  }

  /// The parts of a `/dev/kmsg` record's prefix.
  static func kmsg(
    _ line: UnsafeRawBufferPointer
  ) -> (priority: Int, sequence: Int64, time: Int64, stampStart: Int, stampEnd: Int, end: Int)? {
    guard let first = line.first, Bytes.isDigit(first) else { return nil }
    let limit = min(line.count, 64)
    let semicolon = Bytes.findNear(0x3B, line, from: 0, to: limit)
    guard semicolon < limit else { return nil }
    let a = Bytes.findNear(0x2C, line, from: 0, to: semicolon)
    let b = Bytes.findNear(0x2C, line, from: a &+ 1, to: semicolon)
    let c = Bytes.findNear(0x2C, line, from: b &+ 1, to: semicolon)
    guard b < semicolon, let priority = Bytes.decimal(Bytes.part(line, 0, a)), priority < 1 << 20,
      let sequence = Bytes.decimal(Bytes.part(line, a &+ 1, b)),
      let micros = Bytes.decimal(Bytes.part(line, b &+ 1, c)), micros < 9_000_000_000_000_000
    else { return nil }
    return (Int(priority), sequence, micros &* 1000, b &+ 1, c, semicolon &+ 1)
  }

  func makeParser(_ context: SourceContext) -> any RecordParser { Parser() }

  final class Parser: RecordParser {
    func parse(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
      reading.reset()
      let prefix = KernelRingFormat.prefix(record)
      let start = prefix?.end ?? 0
      if let (time, resolution, stampEnd) = SyslogText.bootTime(record, at: start) {
        var end = stampEnd
        reading.setSinceBoot(time, resolution: resolution, from: start, to: end)
        // `[   59.123456][  T12]`: the thread or processor that called printk.
        if end < record.count, record[end] == 0x5B {
          let close = Bytes.findNear(0x5D, record, from: end, to: min(record.count, end &+ 12))
          if close < record.count, record[close] == 0x5D { end = close &+ 1 }
        }
        if end < record.count, record[end] == 0x20 { end &+= 1 }
        reading.message = .record(end, record.count &- end)
        if let prefix { reading.severity = UInt8(prefix.value & 7) }
      } else if let parts = KernelRingFormat.kmsg(record) {
        reading.setSinceBoot(parts.time, resolution: 1000, from: parts.stampStart, to: parts.stampEnd)
        reading.severity = UInt8(parts.priority & 7)
        reading.message = .record(parts.end, record.count &- parts.end)
        reading.beginFields(facility: parts.priority >> 3)
        reading.field("sequence", parts.sequence)
        reading.endFields()
      } else {
        return Continuation.verdict(record, into: &reading, otherwise: .noTime)
      }
      reading.program = reading.appendText("kernel")
      if Bytes.matches("Linux version ", record, at: reading.message.start) {
        reading.flags.insert(.bootMarker)
      }
      NetfilterText.addFields(Bytes.part(record, reading.message.start, reading.message.end), into: &reading)
      RealTimeText.findWall(record, from: reading.message.start, into: &reading)
      return .event
    }
  }
}
