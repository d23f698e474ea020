import IncidentModel

/// CAN frames in Vector's ASCII log (.asc): a date in the header, seconds since then in the lines.
struct VectorASCFormat: LogFormat {
  let name = "vector-asc"
  let summary = "CAN frames in Vector's .asc files; the header's date and the lines' offsets make the time"
  let yields = ["time", "device (channel and CAN id)", "channel", "id", "direction", "data"]
  let samples = [
    FormatSample("date Tue Apr 7 09:08:09.500 am 2026", verdict: .structure),
    FormatSample("base hex  timestamps absolute", verdict: .structure),
    FormatSample("internal events logged", verdict: .structure),
    FormatSample("Begin Triggerblock Tue Apr 7 09:08:09.500 am 2026", verdict: .structure),
    FormatSample("   0.000000 Start of measurement", verdict: .structure),
    FormatSample(
      "   2.501000 1  18FEF100x       Rx   d 8 01 02 03 04 05 06 07 FF  Length = 0 BitCount = 0",
      time: "2026-04-07T09:08:12.001000 (no zone)", device: "1:18FEF100", program: "can",
      message: "18FEF100 01020304050607FF",
      fields: #"{"channel":1,"id":"18FEF100","direction":"Rx","data":"01020304050607FF"}"#),
    FormatSample(
      "   2.601000 2  64              Tx   r", device: "2:64",
      fields: #"{"channel":2,"id":"64","direction":"Tx","remote":true}"#),
    FormatSample(
      "   2.700000 1  ErrorFrame", device: "1", severity: 3, message: "ErrorFrame", fields: #"{"channel":1}"#),
    FormatSample("End TriggerBlock", verdict: .structure),
  ]
  let refusals = ["   2.5 1  18FEF100x  Rx   q 8", "2.5 x", "text"]

  func score(_ line: UnsafeRawBufferPointer) -> Int {
    if Self.isHeader(line) { return 90 }
    return Self.frame(line) == nil && Self.frame(line, isDecimal: true) == nil ? 0 : 91
  }

  /// Header, trigger and comment lines, which begin with words that no other log has.
  static func isHeader(_ line: UnsafeRawBufferPointer) -> Bool {
    for word: StaticString in [
      "base hex  timestamps", "base dec  timestamps", "base hex timestamps", "base dec timestamps",
      "internal events logged", "no internal events logged", "Begin Triggerblock", "Begin TriggerBlock",
      "End TriggerBlock", "End Triggerblock", "// version ",
    ] where Bytes.matches(word, line, at: 0) { return true }
    if Bytes.matches("date ", line, at: 0) { return header(line, at: 5) != nil }
    return Bytes.find(" Start of measurement", line) != nil
      && Bytes.isDigit(line[TextLine.skipBlanks(line, 0)])
  }

  /// The date of `date Tue Apr 7 09:08:09.500 am 2026`; `am` and `pm` may be absent.
  static func header(_ line: UnsafeRawBufferPointer, at start: Int) -> Int64? {
    var text = String(decoding: Bytes.part(line, start, line.count), as: UTF8.self)
    for form in [
      "%a %b %d %I:%M:%S.%f %p %Y", "%a %b %d %H:%M:%S.%f %Y", "%a %b %d %I:%M:%S %p %Y",
      "%a %b %d %H:%M:%S %Y",
    ] {
      guard let pattern = StampPattern(form) else { continue }
      let stamp = text.withUTF8 { pattern.read(UnsafeRawBufferPointer($0), at: 0) }
      if let stamp, stamp.kind == .noZone { return stamp.time }
    }
    return nil
  }

  struct Frame {
    var stampStart = 0
    var stampEnd = 0
    var channel = (start: 0, end: 0)
    /// Empty for error frames.
    var id = (start: 0, end: 0)
    var direction = (start: 0, end: 0)
    var isRemote = false
    var data = (start: 0, count: 0)
  }

  /// `SECONDS CHANNEL ID[x] Rx|Tx d LENGTH BYTES…`, `… r`, or `SECONDS CHANNEL ErrorFrame`.
  /// Identifier and bytes are hexadecimal unless the header says `base dec`.
  static func frame(_ line: UnsafeRawBufferPointer, isDecimal: Bool = false) -> Frame? {
    var i = TextLine.skipBlanks(line, 0)
    func word() -> (start: Int, end: Int) {
      let start = i
      while i < line.count, line[i] > 0x20 { i &+= 1 }
      defer { i = TextLine.skipBlanks(line, i) }
      return (start, i)
    }
    var frame = Frame()
    let stamp = word()
    frame.stampStart = stamp.start
    frame.stampEnd = stamp.end
    guard stamp.end &- stamp.start >= 3, Bytes.isDigit(line[stamp.start]),
      Bytes.findNear(0x2E, line, from: stamp.start, to: stamp.end) < stamp.end,
      DecimalNumber(Bytes.part(line, stamp.start, stamp.end)) != nil
    else { return nil }
    frame.channel = word()
    guard Bytes.decimal(Bytes.part(line, frame.channel.start, frame.channel.end)) ?? 99 < 64 else {
      return nil
    }
    if Bytes.matches("ErrorFrame", line, at: i) { return frame }
    frame.id = word()
    if frame.id.end > frame.id.start, line[frame.id.end &- 1] | 0x20 == 0x78 { frame.id.end &-= 1 }
    guard frame.id.end > frame.id.start, number(line, frame.id, isDecimal) ?? .max < 1 << 32 else {
      return nil
    }
    frame.direction = word()
    let direction = Bytes.part(line, frame.direction.start, frame.direction.end)
    guard direction.count == 2, direction[1] == 0x78, direction[0] == 0x52 || direction[0] == 0x54 else {
      return nil
    }
    let kind = word()
    guard kind.end &- kind.start == 1 else { return nil }
    if line[kind.start] == 0x72 {
      frame.isRemote = true
      return frame
    }
    guard line[kind.start] == 0x64 else { return nil }
    let length = word()
    guard length.end &- length.start == 1, Bytes.hexValue(line[length.start]) < 16 else { return nil }
    frame.data = (i, Int(Bytes.hexValue(line[length.start])))
    for _ in 0..<frame.data.count {
      let byte = word()
      guard isDecimal || byte.end &- byte.start == 2, number(line, byte, isDecimal) ?? .max < 256 else {
        return nil
      }
    }
    return frame
  }

  /// A number of at most ten digits.
  static func number(
    _ line: UnsafeRawBufferPointer, _ word: (start: Int, end: Int), _ isDecimal: Bool
  ) -> UInt64? {
    guard word.end > word.start, word.end &- word.start <= 10 else { return nil }
    var value: UInt64 = 0
    for index in word.start..<word.end {
      let digit = UInt64(Bytes.hexValue(line[index]))
      guard digit < (isDecimal ? 10 : 16) else { return nil }
      value = value &* (isDecimal ? 10 : 16) &+ digit
    }
    return value
  }

  func makeParser(_ context: SourceContext) -> any RecordParser { Parser() }

  final class Parser: RecordParser {
    /// When the measurement began; nil before a header.
    @exclusivity(unchecked) private var base: Int64?
    /// Identifiers and bytes are decimal, and what they are in hexadecimal, in which they are told.
    @exclusivity(unchecked) private var isDecimal = false
    /// Each line's time counts from the line before.
    @exclusivity(unchecked) private var isRelative = false
    @exclusivity(unchecked) private var elapsed: Int64 = 0
    /// Where the record lies that was refused last: it is handed in again when nobody else wants it.
    @exclusivity(unchecked) private var refused: UnsafeRawPointer?

    func parse(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
      reading.reset()
      if Bytes.isBlank(record) { return .blank }
      if VectorASCFormat.isHeader(record) {
        let start =
          Bytes.matches("date ", record, at: 0) ? 5 : Bytes.matches("Begin ", record, at: 0) ? 19 : -1
        if start > 0, let date = VectorASCFormat.header(record, at: start) {
          base = date
          elapsed = 0
        }
        if Bytes.matches("base ", record, at: 0) {
          isDecimal = Bytes.matches("dec", record, at: 5)
          isRelative = Bytes.find("relative", record) != nil
          elapsed = 0
        } else if isRelative {
          count(record)
        }
        return .structure
      }
      if isRelative, refused != record.baseAddress { count(record) }
      refused = nil
      if Bytes.matches("//", record, at: 0) { return .structure }
      guard let frame = VectorASCFormat.frame(record, isDecimal: isDecimal),
        let (written, resolution) = StampReader.epoch(
          Bytes.part(record, frame.stampStart, frame.stampEnd), unit: StampReader.second)
      else {
        refused = record.baseAddress
        return .refused(.noMatch)
      }
      let time = isRelative ? elapsed : written
      if let base {
        reading.kind = .noZone
        reading.time = base &+ time
        reading.resolution = resolution
        reading.stamp = .record(frame.stampStart, frame.stampEnd &- frame.stampStart)
      } else {
        reading.setSinceBoot(time, resolution: resolution, from: frame.stampStart, to: frame.stampEnd)
      }
      reading.program = reading.appendText("can")
      let start = reading.scratchCount
      reading.append(record, frame.channel.start, frame.channel.end)
      if frame.id.end > frame.id.start {
        reading.append(0x3A)
        appendID(record, frame, into: &reading)
      }
      reading.device = .scratch(start, reading.scratchCount &- start)
      reading.basis = .selfAsserted
      if frame.id.end == frame.id.start {
        reading.severity = 3
        reading.message = reading.appendText("ErrorFrame")
        reading.beginFields()
        reading.fieldGuessing("channel", Bytes.part(record, frame.channel.start, frame.channel.end))
        reading.endFields()
        return .event
      }
      let text = reading.scratchCount
      appendID(record, frame, into: &reading)
      let id = text..<reading.scratchCount
      let data = reading.scratchCount &+ 1
      if !frame.isRemote {
        reading.append(0x20)
        var i = frame.data.start
        for _ in 0..<frame.data.count {
          var end = i
          while end < record.count, record[end] > 0x20 { end &+= 1 }
          if isDecimal {
            let value = VectorASCFormat.number(record, (i, end), true) ?? 0
            reading.append(Self.digits[Int(value >> 4 & 15)])
            reading.append(Self.digits[Int(value & 15)])
          } else {
            reading.append(record, i, end)
          }
          i = TextLine.skipBlanks(record, end)
        }
      }
      let end = reading.scratchCount
      reading.message = .scratch(text, end &- text)
      reading.beginFields()
      reading.fieldGuessing("channel", Bytes.part(record, frame.channel.start, frame.channel.end))
      reading.key("id")
      reading.append(0x22)
      reading.appendCopy(id.lowerBound, id.upperBound)
      reading.append(0x22)
      reading.field("direction", Bytes.part(record, frame.direction.start, frame.direction.end))
      if frame.isRemote {
        reading.field("remote", true)
      } else if end > data {
        reading.key("data")
        reading.append(0x22)
        reading.appendCopy(data, end)
        reading.append(0x22)
      }
      reading.endFields()
      return .event
    }

    private static let digits = Array("0123456789ABCDEF".utf8)

    /// The time of a line of any kind counts where each counts from the one before.
    @inline(never)
    private func count(_ record: UnsafeRawBufferPointer) {
      let start = TextLine.skipBlanks(record, 0)
      var end = start
      while end < record.count, record[end] > 0x20 { end &+= 1 }
      guard start < end, Bytes.isDigit(record[start]),
        let (time, _) = StampReader.epoch(Bytes.part(record, start, end), unit: StampReader.second)
      else { return }
      elapsed &+= time
    }

    /// The identifier in hexadecimal.
    private func appendID(
      _ record: UnsafeRawBufferPointer, _ frame: VectorASCFormat.Frame, into reading: inout Reading
    ) {
      guard isDecimal, let value = VectorASCFormat.number(record, frame.id, true) else {
        return reading.append(record, frame.id.start, frame.id.end)
      }
      var shift: UInt64 = 28
      while shift > 0, value >> shift == 0 { shift &-= 4 }
      while true {
        reading.append(Self.digits[Int(value >> shift & 15)])
        if shift == 0 { return }
        shift &-= 4
      }
    }
  }
}
