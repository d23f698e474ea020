import IncidentModel

/// Zephyr's console: `[00:00:02.326,904] <inf> wifi: text`; boots at `*** Booting Zephyr OS`.
struct ZephyrFormat: LogFormat {
  let name = "zephyr"
  let summary = "Zephyr console, microseconds since boot, boots recognised; stamps in ticks too"
  let yields = ["time since boot", "severity", "program", "boots"]
  let samples = [
    FormatSample(
      "*** Booting Zephyr OS build v3.6.0 ***", time: "none",
      message: "*** Booting Zephyr OS build v3.6.0 ***"),
    FormatSample(
      "[00:00:02.326,904] <inf> wifi_esp_at: AT version: 2.4.0.0", time: "boot+2.326904", severity: 6,
      program: "wifi_esp_at", message: "AT version: 2.4.0.0"),
    FormatSample("[120:00:02.326,904] <err> x: y", time: "boot+432002.326904", severity: 3),
    FormatSample(
      "uart:~$ [00:00:02.1] <wrn> net: slow\u{1B}[0m", time: "boot+2.1", severity: 4, program: "net",
      message: "slow"),
    FormatSample("                                     a1 b2 c3  |abc", verdict: .continuation),
    FormatSample("printk of some kind", time: "none").plain(),
  ]
  /// Any line may come from `printk`; what a wrong baud rate leaves on the console is no text.
  let refusals = ["\u{02}\u{1E}\0\u{0F}x\u{7F}\u{0C}\u{10}", "\u{0E}[\0\u{0E}0\u{01}]"]

  func score(_ line: UnsafeRawBufferPointer) -> Int {
    if Self.isBoot(line) { return 92 }
    return Self.head(line) != nil ? 89 : 0
  }

  static func isBoot(_ line: UnsafeRawBufferPointer) -> Bool {
    Bytes.matches("*** Booting Zephyr OS", line, at: 0)
      || Bytes.matches("***** Booting Zephyr OS", line, at: 0)
      || Bytes.matches("*** Booting nRF Connect SDK", line, at: 0)
  }

  struct Head {
    var time: Int64 = 0
    var resolution: Int64 = 1_000_000_000
    var stampStart = 0
    var stampEnd = 0
    var severity: UInt8 = 255
    var end = 0
  }

  /// `[hh:mm:ss.mmm,uuu] <lvl> `, after colours and a shell prompt.
  static func head(_ line: UnsafeRawBufferPointer) -> Head? {
    var i = 0
    let count = line.count
    // Prompts and colours of the shell stand before the bracket.
    while i < count, i < 40, line[i] != 0x5B || i > 0 && line[i &- 1] == 0x1B { i &+= 1 }
    guard i &+ 12 < count, line[i] == 0x5B else { return nil }
    var head = Head()
    head.stampStart = i &+ 1
    i &+= 1
    guard let hours = StampReader.number(line, &i, most: 5), i &+ 6 < count, line[i] == 0x3A else {
      return nil
    }
    let minutes = Bytes.twoDigits(line, i &+ 1)
    let seconds = Bytes.twoDigits(line, i &+ 4)
    guard minutes < 60, seconds < 60, line[i &+ 3] == 0x3A else { return nil }
    i &+= 6
    head.time = Int64(hours * 3600 + minutes * 60 + seconds) &* StampReader.second
    // The fraction is written `.326,904`.
    guard i < count, line[i] == 0x2E else { return nil }
    i &+= 1
    var unit = StampReader.second
    while i < count, Bytes.isDigit(line[i]) || line[i] == 0x2C {
      if line[i] != 0x2C, unit > 1 {
        unit /= 10
        head.time &+= Int64(line[i] &- 0x30) &* unit
      }
      i &+= 1
    }
    head.resolution = unit
    guard i &+ 7 < count, line[i] == 0x5D, line[i &+ 1] == 0x20 else { return nil }
    head.stampEnd = i
    i &+= 2
    while i < count, line[i] == 0x1B {
      i = Bytes.findNear(0x6D, line, from: i, to: min(count, i &+ 10)) &+ 1
    }
    guard i &+ 5 < count, line[i] == 0x3C, line[i &+ 4] == 0x3E else { return nil }
    switch Bytes.word32(line, i &+ 1) & 0xFF_FFFF {
    case 0x72_7265: head.severity = 3
    case 0x6E_7277: head.severity = 4
    case 0x66_6E69: head.severity = 6
    case 0x67_6264: head.severity = 7
    default: return nil
    }
    head.end = i &+ 5
    return head
  }

  func makeParser(_ context: SourceContext) -> any RecordParser { Parser() }

  final class Parser: RecordParser {
    @exclusivity(unchecked) private var inFault = false

    func parse(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
      reading.reset()
      if Bytes.isBlank(record) { return .blank }
      var end = record.count
      if end >= 4, record[end &- 1] == 0x6D, record[end &- 4] == 0x1B { end &-= 4 }
      guard let head = ZephyrFormat.head(record) else {
        reading.message = .record(0, end)
        if ZephyrFormat.isBoot(record) {
          inFault = false
          reading.flags.insert(.bootMarker)
          reading.severity = 5
          return .event
        }
        if TextLine.isNoText(record) {
          reading.reset()
          return .refused(.binary)
        }
        return record[0] == 0x20 || record[0] == 0x09 ? .continuation : .event
      }
      reading.setSinceBoot(head.time, resolution: head.resolution, from: head.stampStart, to: head.stampEnd)
      reading.severity = head.severity
      let tag = TextLine.skipBlanks(record, head.end)
      let colon = Bytes.findNear(0x3A, record, from: tag, to: min(end, tag &+ 80))
      if colon > tag, colon < end, record[colon] == 0x3A {
        reading.program = .record(tag, colon &- tag)
        let text = TextLine.skipBlanks(record, colon &+ 1)
        reading.message = .record(min(text, end), max(0, end &- text))
      } else {
        reading.message = .record(min(tag, end), max(0, end &- tag))
      }
      RealTimeText.findWall(record, from: head.end, into: &reading)
      return .event
    }
  }
}
