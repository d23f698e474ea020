import IncidentModel

/// CAN frames in PEAK's trace files (.trc, versions 1.0 to 2.1): `$STARTTIME` in days since 1899, milliseconds in the lines.
struct PeakTRCFormat: LogFormat {
  let name = "peak-trc"
  let summary = "CAN frames in PEAK's .trc files; $STARTTIME and the lines' offsets make the time"
  let yields = ["time", "device (CAN id)", "id", "direction", "data"]
  let samples = [
    FormatSample(";$FILEVERSION=1.1", verdict: .structure),
    FormatSample(";$STARTTIME=46119.5000000000", verdict: .structure),
    FormatSample(";   Start time: 07.04.2026 12:00:00.000.0", verdict: .structure),
    FormatSample(
      "     1)      1059.9  Rx         0300  7  00 00 00 00 04 00 0F",
      time: "2026-04-07T12:00:01.0599 (no zone)", device: "0300", program: "can",
      message: "0300 0000000004000F",
      fields: #"{"id":"0300","direction":"Rx","data":"0000000004000F"}"#),
    FormatSample(
      "      2      1060.000 DT 18FEF100 Rx 2  AA BB", device: "18FEF100",
      fields: #"{"id":"18FEF100","direction":"Rx","data":"AABB"}"#),
    FormatSample(
      "      3      1061.000 DT 1   18FEF100 Tx -  1  AA", device: "1:18FEF100",
      fields: #"{"id":"18FEF100","bus":1,"direction":"Tx","data":"AA"}"#),
    FormatSample(
      "     4)      1283.2  Warng FFFFFFFF  4  00 00 00 08  BUSHEAVY", severity: 4, message: "BUSHEAVY"),
  ]
  let refusals = ["1) x Rx 0300 1 00", "     1)      1059.9  Rx         0300  7  00 00", "text"]

  func score(_ line: UnsafeRawBufferPointer) -> Int {
    if Bytes.matches(";$", line, at: 0) { return 90 }
    return Self.frame(line) == nil ? 0 : 91
  }

  struct Frame {
    var stamp = (start: 0, end: 0)
    var bus = (start: 0, end: 0)
    var id = (start: 0, end: 0)
    var direction = (start: 0, end: 0)
    var isWarning = false
    var data = (start: 0, count: 0)
    var end = 0
  }

  static func frame(_ line: UnsafeRawBufferPointer) -> Frame? {
    var i = TextLine.skipBlanks(line, 0)
    func word() -> (start: Int, end: Int) {
      let start = i
      while i < line.count, line[i] > 0x20 { i &+= 1 }
      defer { i = TextLine.skipBlanks(line, i) }
      return (start, i)
    }
    func text(_ range: (start: Int, end: Int)) -> UnsafeRawBufferPointer {
      Bytes.part(line, range.start, range.end)
    }
    func isID(_ range: (start: Int, end: Int)) -> Bool {
      range.end &- range.start >= 3 && range.end &- range.start <= 8
        && text(range).allSatisfy { Bytes.hexValue($0) < 16 }
    }
    func isDirection(_ range: (start: Int, end: Int)) -> Bool {
      range.end &- range.start == 2 && line[range.start &+ 1] == 0x78
        && (line[range.start] == 0x52 || line[range.start] == 0x54)
    }
    var frame = Frame()
    var number = word()
    let isOld = number.end > number.start && line[number.end &- 1] == 0x29
    if isOld { number.end &-= 1 }
    guard Bytes.decimal(text(number)) != nil else { return nil }
    frame.stamp = word()
    guard Bytes.findNear(0x2E, line, from: frame.stamp.start, to: frame.stamp.end) < frame.stamp.end,
      DecimalNumber(text(frame.stamp)) != nil
    else { return nil }
    var next = word()
    if isOld {
      // 1.1: direction and id; 1.0: the id alone; 1.3: bus, direction, id, `-`.
      if next.end &- next.start <= 2, Bytes.decimal(text(next)) != nil {
        frame.bus = next
        next = word()
      }
      if isDirection(next) {
        frame.direction = next
        frame.id = word()
      } else if Bytes.isSameWord("warng", text(next)) || Bytes.isSameWord("error", text(next)) {
        frame.isWarning = true
        frame.id = word()
      } else {
        frame.id = next
      }
    } else {
      // 2.x: type, perhaps bus, id, direction, perhaps `-`.
      guard next.end &- next.start == 2, text(next).allSatisfy({ $0 &- 0x41 < 26 }) else { return nil }
      frame.isWarning = Bytes.isSameWord("er", text(next)) || Bytes.isSameWord("st", text(next))
      next = word()
      if next.end &- next.start <= 2, Bytes.decimal(text(next)) != nil {
        frame.bus = next
        next = word()
      }
      frame.id = next
      frame.direction = word()
      guard isDirection(frame.direction) || frame.isWarning else { return nil }
    }
    guard isID(frame.id) else { return nil }
    if i < line.count, line[i] == 0x2D { _ = word() }
    let length = word()
    guard let count = Bytes.decimal(text(length)), count <= 64 else { return nil }
    frame.data = (i, Int(count))
    for _ in 0..<Int(count) {
      let byte = word()
      guard byte.end &- byte.start == 2, Bytes.hexValue(line[byte.start]) < 16,
        Bytes.hexValue(line[byte.start &+ 1]) < 16
      else { return nil }
    }
    frame.end = i
    return frame
  }

  func makeParser(_ context: SourceContext) -> any RecordParser { Parser() }

  final class Parser: RecordParser {
    @exclusivity(unchecked) private var base: Int64?

    func parse(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
      reading.reset()
      if Bytes.isBlank(record) { return .blank }
      if record[0] == 0x3B {
        if Bytes.matches(";$STARTTIME=", record, at: 0) {
          base = Self.start(Bytes.part(record, 12, record.count))
        }
        return .structure
      }
      guard let frame = PeakTRCFormat.frame(record),
        let (time, resolution) = StampReader.epoch(
          Bytes.part(record, frame.stamp.start, frame.stamp.end), unit: 1_000_000)
      else { return .refused(.noMatch) }
      if let base {
        reading.kind = .noZone
        reading.time = base &+ time
        reading.resolution = resolution
        reading.stamp = .record(frame.stamp.start, frame.stamp.end &- frame.stamp.start)
      } else {
        reading.setSinceBoot(time, resolution: resolution, from: frame.stamp.start, to: frame.stamp.end)
      }
      reading.program = reading.appendText("can")
      let name = reading.scratchCount
      if frame.bus.end > frame.bus.start {
        reading.append(record, frame.bus.start, frame.bus.end)
        reading.append(0x3A)
      }
      reading.append(record, frame.id.start, frame.id.end)
      reading.device = .scratch(name, reading.scratchCount &- name)
      reading.basis = .selfAsserted
      let text = reading.scratchCount
      reading.append(record, frame.id.start, frame.id.end)
      reading.append(0x20)
      let data = reading.scratchCount
      var i = frame.data.start
      for _ in 0..<frame.data.count {
        reading.append(record, i, i &+ 2)
        i = TextLine.skipBlanks(record, i &+ 2)
      }
      let end = reading.scratchCount
      reading.message = .scratch(text, end &- text)
      if frame.isWarning {
        reading.severity = 4
        if frame.end < record.count { reading.message = .record(frame.end, record.count &- frame.end) }
      }
      reading.beginFields()
      reading.field("id", Bytes.part(record, frame.id.start, frame.id.end))
      reading.fieldGuessing("bus", Bytes.part(record, frame.bus.start, frame.bus.end))
      reading.field("direction", Bytes.part(record, frame.direction.start, frame.direction.end))
      if end > data {
        reading.key("data")
        reading.append(0x22)
        reading.appendCopy(data, end)
        reading.append(0x22)
      }
      reading.endFields()
      return .event
    }

    /// Days since 30 December 1899, with a fraction, as nanoseconds since the epoch; nil where it is no such number.
    private static func start(_ bytes: UnsafeRawBufferPointer) -> Int64? {
      guard let days = DecimalNumber(bytes)?.doubleValue, days > 30_000, days < 80_000 else { return nil }
      // A double holds ten digits behind the point of such a day: 10 µs, which is what PEAK writes.
      let micros = ((days - 25_569) * 86_400 * 1e6 / 10).rounded() * 10
      return Int64(micros) &* 1000
    }
  }
}
