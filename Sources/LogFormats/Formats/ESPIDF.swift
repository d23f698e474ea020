import IncidentModel

/// The console of ESP-IDF: `I (590) main_task: text` with milliseconds since boot; resets at `rst:0x…` and `ets …`.
struct ESPIDFFormat: LogFormat {
  let name = "esp-idf"
  let summary = "ESP-IDF console, colours or not; milliseconds since boot, resets recognised"
  let yields = ["time since boot", "severity", "program", "boots"]
  let samples = [
    FormatSample("ets Jun  8 2016 00:22:57", time: "none", message: "ets Jun  8 2016 00:22:57"),
    FormatSample(
      "rst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)", time: "none",
      message: "rst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)",
      fields: #"{"reset":"POWERON_RESET"}"#),
    FormatSample(
      "I (590) main_task: Started on CPU0", time: "boot+0.590", severity: 6, program: "main_task",
      message: "Started on CPU0"),
    FormatSample(
      "\u{1B}[0;31mE (12345) wifi: no ap: rc=5\u{1B}[0m", time: "boot+12.345", severity: 3, program: "wifi",
      message: "no ap: rc=5"),
    FormatSample("W (09:08:09.123) mqtt: slow", time: "09:08:09.123", severity: 4, program: "mqtt"),
    FormatSample("Type 'help' to get the list of commands.", time: "none", severity: 255).plain(),
    FormatSample("Guru Meditation Error: Core  0 panic'ed (LoadProhibited).", time: "none", severity: 2),
    FormatSample("Backtrace: 0x400d1234:0x3ffb0000", verdict: .continuation),
    FormatSample("PC      : 0x400d1234  PS      : 0x00060a30", verdict: .continuation),
  ]
  /// Any line may be a program's own text; what a wrong baud rate leaves on the console is none.
  let refusals = ["\u{02}\u{1E}\0\u{0F}x\u{7F}\u{0C}\u{10}", "\u{01}I\u{02}(\u{03}\u{04}"]

  func score(_ line: UnsafeRawBufferPointer) -> Int {
    if Self.isReset(line) { return 90 }
    if Bytes.matches("Guru Meditation Error", line, at: 0)
      || Bytes.matches("abort() was called at", line, at: 0)
    {
      return 85
    }
    return Self.head(line) != nil ? 88 : 0
  }

  static func isReset(_ line: UnsafeRawBufferPointer) -> Bool {
    if Bytes.matches("rst:0x", line, at: 0) || Bytes.matches("ESP-ROM:", line, at: 0) { return true }
    guard Bytes.matches("ets ", line, at: 0), line.count >= 24, line.count <= 26 else { return false }
    return StampReader.month(line, 4) > 0
  }

  /// Severity, stamp and tag of a line; offsets skip colours.
  static func head(
    _ line: UnsafeRawBufferPointer
  ) -> (severity: UInt8, stampStart: Int, stampEnd: Int, tagStart: Int, tagEnd: Int, end: Int)? {
    var i = 0
    if line.count > 6, line[0] == 0x1B, line[1] == 0x5B {
      i = Bytes.findNear(0x6D, line, from: 2, to: min(line.count, 12)) &+ 1
    }
    guard i &+ 6 < line.count, line[i &+ 1] == 0x20, line[i &+ 2] == 0x28 else { return nil }
    let severity: UInt8
    switch line[i] {
    case UInt8(ascii: "E"): severity = 3
    case UInt8(ascii: "W"): severity = 4
    case UInt8(ascii: "I"): severity = 6
    case UInt8(ascii: "D"), UInt8(ascii: "V"): severity = 7
    default: return nil
    }
    let stamp = i &+ 3
    let close = Bytes.findNear(0x29, line, from: stamp, to: min(line.count, stamp &+ 32))
    guard close < line.count, line[close] == 0x29, close > stamp, Bytes.isDigit(line[stamp]) else {
      return nil
    }
    guard close &+ 1 < line.count, line[close &+ 1] == 0x20 else { return nil }
    let tag = close &+ 2
    var colon = tag
    let limit = min(line.count, tag &+ 80)
    while colon < limit, line[colon] != 0x3A { colon &+= 1 }
    guard colon > tag, colon < limit else { return nil }
    return (severity, stamp, close, tag, colon, colon &+ 1)
  }

  func makeParser(_ context: SourceContext) -> any RecordParser { Parser() }

  final class Parser: RecordParser {
    @exclusivity(unchecked) private var stamps = StampReader()
    /// True after a panic until the next stamped line: what follows belongs to it.
    @exclusivity(unchecked) private var inPanic = false
    @exclusivity(unchecked) private var sawETS = false

    func parse(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
      reading.reset()
      if Bytes.isBlank(record) { return .blank }
      let end = Self.colourStart(record)
      if let head = ESPIDFFormat.head(record) {
        inPanic = false
        sawETS = false
        reading.severity = head.severity
        reading.program = .record(head.tagStart, head.tagEnd &- head.tagStart)
        let stamp = Bytes.part(record, head.stampStart, head.stampEnd)
        if let millis = Bytes.decimal(stamp), millis < 9_000_000_000_000 {
          reading.setSinceBoot(
            millis &* 1_000_000, resolution: 1_000_000, from: head.stampStart, to: head.stampEnd)
        } else {
          setClock(record, head.stampStart, head.stampEnd, into: &reading)
        }
        let text = TextLine.skipBlanks(record, head.end)
        reading.message = .record(min(text, end), max(0, end &- text))
        RealTimeText.findWall(record, from: text, into: &reading)
        return .event
      }
      if ESPIDFFormat.isReset(record) {
        inPanic = false
        // `ets` and `rst:` are two lines of one boot.
        let isETS = record[0] == 0x65
        if !sawETS || isETS { reading.flags.insert(.bootMarker) }
        sawETS = isETS
        reading.message = .record(0, end)
        reading.severity = 5
        if let open = Bytes.find(" (", record), record[0] == 0x72 {
          let close = Bytes.findNear(0x29, record, from: open, to: record.count)
          reading.beginFields()
          reading.field("reset", Bytes.part(record, open &+ 2, close))
          reading.endFields()
        }
        return .event
      }
      if Bytes.matches("Guru Meditation Error", record, at: 0)
        || Bytes.matches("abort() was called", record, at: 0)
        || Bytes.matches("assert failed:", record, at: 0)
      {
        inPanic = true
        reading.severity = 2
        reading.message = .record(0, end)
        return .event
      }
      if TextLine.isNoText(record) { return .refused(.binary) }
      reading.message = .record(0, end)
      if inPanic || record[0] == 0x20 || record[0] == 0x09 || Bytes.matches("Backtrace:", record, at: 0) {
        return .continuation
      }
      return .event
    }

    /// Offset of a colour sequence that ends the line.
    private static func colourStart(_ record: UnsafeRawBufferPointer) -> Int {
      let count = record.count
      if count >= 4, record[count &- 1] == 0x6D, record[count &- 4] == 0x1B, record[count &- 3] == 0x5B {
        return count &- 4
      }
      return count
    }

    /// `(09:08:09.123)` or `(2026-04-07 09:08:09.123)`: CONFIG_LOG_TIMESTAMP_SOURCE_SYSTEM.
    private func setClock(
      _ record: UnsafeRawBufferPointer, _ start: Int, _ end: Int, into reading: inout Reading
    ) {
      if let stamp = stamps.iso(record, at: start), stamp.end == end {
        reading.set(stamp, from: start)
        return
      }
      guard end &- start >= 8 else { return }
      var stamp = Stamp()
      stamp.time = StampReader.clock(record, start)
      guard stamp.time >= 0 else { return }
      stamp.end = start &+ 8
      stamp.kind = .timeOfDay
      StampReader.fraction(record, &stamp.end, &stamp.time, &stamp.resolution)
      reading.set(stamp, from: start)
    }
  }
}
