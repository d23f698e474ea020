/// How a host writes its log lines.
enum Dialect: String, Sendable, CaseIterable {
  /// `Feb 22 01:30:00 host program[pid]: text`, seconds, no year, no zone.
  case rfc3164 = "syslog-rfc3164"
  /// `2025-02-22T02:30:00.123456+01:00 host program[pid]: text`.
  case iso = "syslog-iso"
  /// `<30>1 2025-02-22T01:30:00.123Z host program pid - - text`.
  case rfc5424 = "syslog-rfc5424"
  /// One JSON object a line.
  case json = "json-lines"
}

/// Writes records in a dialect. Keeps the last second's calendar text, since most lines share it.
struct LineWriter: ~Copyable {
  let dialect: Dialect
  let zoneSeconds: Int64
  private var second = Int64.min
  private var calendar = ByteBuffer(capacity: 64)
  /// Lines written.
  private(set) var lines = 0

  init(dialect: Dialect, zoneHours: Int = 0) {
    self.dialect = dialect
    zoneSeconds = dialect == .iso ? Int64(zoneHours) * 3600 : 0
  }

  /// Appends one line with its line end.
  mutating func write(_ record: Record, _ fleet: Fleet, _ out: inout ByteBuffer) {
    lines &+= 1
    let speaker = Int(record.speaker)
    let stamp =
      record.arrival - Int64(record.transit) + Int64(fleet.skewMilliseconds[speaker]) * 1_000_000
    let now = stamp / 1_000_000_000
    let nanos = Int(stamp - now * 1_000_000_000)
    if now != second {
      second = now
      calendar.removeAll()
      CalendarText.put(now + zoneSeconds, monthName: dialect == .rfc3164, &calendar)
    }
    let kind = record.utterance
    let pid = 300 &+ Int(Chance.mixed(UInt64(speaker) &+ UInt64(kind.program.utf8CodeUnitCount)) % 4000)
    switch dialect {
    case .rfc3164:
      out.put(bytes: calendar.bytes)
      out.put(byte: 32)
      host(speaker, kind, pid, &out, fleet)
      record.putMessage(&out, fleet)
    case .iso:
      out.put(bytes: calendar.bytes)
      out.put(".")
      out.putPadded(nanos / 1000, 6)
      out.put(zoneSeconds == 0 ? "+00:00 " : zoneSeconds == 3600 ? "+01:00 " : "+02:00 ")
      host(speaker, kind, pid, &out, fleet)
      record.putMessage(&out, fleet)
    case .rfc5424:
      out.put("<")
      out.putDecimal(24 + kind.severity)
      out.put(">1 ")
      out.put(bytes: calendar.bytes)
      out.put(".")
      out.putPadded(nanos / 1_000_000, 3)
      out.put("Z ")
      fleet.putName(speaker, &out)
      out.put(byte: 32)
      out.put(kind.program)
      out.put(byte: 32)
      out.putDecimal(pid)
      out.put(" - - ")
      record.putMessage(&out, fleet)
    case .json:
      out.put("{\"@timestamp\":\"")
      out.put(bytes: calendar.bytes)
      out.put(".")
      out.putPadded(nanos / 1_000_000, 3)
      out.put("Z\",\"host\":{\"name\":\"")
      fleet.putName(speaker, &out)
      out.put("\"},\"log\":{\"level\":\"")
      out.put(LineWriter.levels[kind.severity])
      out.put("\",\"logger\":\"")
      out.put(kind.program)
      out.put("\"},\"message\":\"")
      record.putMessage(&out, fleet)
      out.put("\"}")
    }
    out.put(byte: 10)
  }

  private static let levels: [StaticString] = [
    "emergency", "alert", "critical", "error", "warning", "notice", "info", "debug",
  ]

  private func host(_ speaker: Int, _ kind: Utterance, _ pid: Int, _ out: inout ByteBuffer, _ fleet: Fleet) {
    fleet.putName(speaker, &out)
    out.put(byte: 32)
    out.put(kind.program)
    if kind.program.utf8CodeUnitCount != 6 || kind.program.utf8Start.pointee != UInt8(ascii: "k") {
      out.put("[")
      out.putDecimal(pid)
      out.put("]")
    }
    out.put(": ")
  }
}
