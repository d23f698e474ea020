/// What the lines of stamped text begin with.
extension StampedTextFormat {
  /// What a line begins with.
  struct Head {
    /// Without a kind where it can be no time.
    var stamp: Stamp
    /// Offset of the stamp.
    var start: Int
    /// Offset behind it and its bracket.
    var end: Int
    /// 0 to 7 where a letter before the stamp says so, or 255.
    var severity: UInt8 = 255
    /// The stamp is the first cell of a row.
    var isCell = false
    /// Who wrote the line, where a service's name stands before the stamp.
    var program = Slice.empty
  }

  /// The stamp and what stands around it.
  static func head(_ line: UnsafeRawBufferPointer, _ stamps: inout StampReader) -> Head? {
    guard line.count > 8 else { return nil }
    if line[0] == 0x22 { return quoted(line, &stamps) }
    let isBracketed = line[0] == 0x5B || line[0] == 0x28 || line[0] == 0x3C
    guard let stamp = stamps.leading(line, at: isBracketed ? 1 : 0) else {
      return dressed(line, isBracketed: isBracketed, &stamps)
    }
    return closed(line, stamp, from: isBracketed ? 1 : 0, isBracketed: isBracketed)
  }

  /// A row without a header whose cells stand in quotes: `"2026-03-02T08:00:00Z","RFID-30","Info"`.
  @inline(never)
  private static func quoted(_ line: UnsafeRawBufferPointer, _ stamps: inout StampReader) -> Head? {
    guard let stamp = stamps.leading(line, at: 1), stamp.end &+ 1 < line.count, line[stamp.end] == 0x22
    else { return nil }
    switch line[stamp.end &+ 1] {
    case 0x2C, 0x3B, 0x09, 0x7C: return Head(stamp: stamp, start: 1, end: stamp.end &+ 1, isCell: true)
    default: return nil
    }
  }

  private static func closed(
    _ line: UnsafeRawBufferPointer, _ stamp: Stamp, from start: Int, isBracketed: Bool
  ) -> Head? {
    var head = Head(stamp: stamp, start: start, end: stamp.end)
    guard head.end < line.count else {
      // A date that fills its line (`date >> log`) begins an event; a number or a clock that does is one of the text.
      let hasDate =
        stamp.kind != .timeOfDay && Bytes.findNear(0x3A, line, from: start, to: line.count) < line.count
      return !isBracketed && hasDate ? head : nil
    }
    if isBracketed {
      guard line[head.end] == 0x5D || line[head.end] == 0x29 || line[head.end] == 0x3E else { return nil }
      head.end &+= 1
    } else if line[head.end] == 0x2C || line[head.end] == 0x3B || line[head.end] == 0x2E {
      endCell(line, &head)
    } else if line[head.end] == 0x7C, head.end &+ 1 < line.count, line[head.end &+ 1] != 0x20 {
      head.isCell = true
    } else if line[head.end] == 0x09 {
      // Two tabs with a word between them divide cells; one may stand before a text.
      var next = head.end &+ 1
      while next < line.count, line[next] > 0x20 { next &+= 1 }
      head.isCell = next > head.end &+ 1 && next < line.count && line[next] == 0x09
    }
    return head
  }

  /// A row of a table without a header: the stamp is its first cell. Of `12:00:00,21.5,` and `12:00:00,5,` the number is the next cell, no
  /// fraction of a second, of which three digits are written, or six.
  private static func endCell(_ line: UnsafeRawBufferPointer, _ head: inout Head) {
    head.isCell = line[head.end] != 0x2E
    var comma = head.end &- 1
    while comma > head.start, Bytes.isDigit(line[comma]) { comma &-= 1 }
    let digits = head.end &- comma &- 1
    guard line[comma] == 0x2C, digits > 0, !head.isCell || digits != 3 && digits != 6 else { return }
    head.stamp.time &-= (head.stamp.time % StampReader.second &+ StampReader.second) % StampReader.second
    head.stamp.resolution = StampReader.second
    head.stamp.end = comma
    head.end = comma
    head.isCell = true
  }

  /// Stamps that something stands before, and those that can be no time.
  @inline(never)
  private static func dressed(
    _ line: UnsafeRawBufferPointer, isBracketed: Bool, _ stamps: inout StampReader
  ) -> Head? {
    let start = isBracketed ? 1 : 0
    if let end = StampReader.impossible(line, at: start) {
      var stamp = Stamp()
      stamp.end = end
      return closed(line, stamp, from: start, isBracketed: isBracketed)
    }
    // klog and glog: `E1112 10:03:06.123456       1 reflector.go:150] text`.
    if !isBracketed, Bytes.isDigit(line[1]) {
      let severity: UInt8 =
        switch line[0] {
        case 0x49: 6
        case 0x57: 4
        case 0x45: 3
        case 0x46: 2
        default: 255
        }
      if severity < 8, let stamp = StampReader.monthDay(line, at: 1) {
        return Head(stamp: stamp, start: 1, end: stamp.end, severity: severity)
      }
    }
    if let stamp = StampReader.clockAlone(line, at: start) {
      return closed(line, stamp, from: start, isBracketed: isBracketed)
    }
    var zabbix = 0
    if let stamp = StampReader.behindProcess(line, at: &zabbix) {
      return Head(stamp: stamp, start: zabbix, end: stamp.end)
    }
    if let head = behindLevel(line, &stamps) ?? behindService(line, &stamps) ?? secondCell(line, &stamps)
      ?? numbered(line, &stamps)
    {
      return head
    }
    // Redis: `1234:M 12 Nov 2026 10:03:05.123 # text`; Erlang: `=ERROR REPORT==== 12-Nov-2026::10:03:07 ===`.
    var i = 0
    if Bytes.isDigit(line[0]) {
      while i < line.count, i < 8, Bytes.isDigit(line[i]) { i &+= 1 }
      guard i &+ 3 < line.count, line[i] == 0x3A, line[i &+ 1] &- 0x41 < 26, line[i &+ 2] == 0x20 else {
        return nil
      }
      guard let stamp = stamps.leading(line, at: i &+ 3) else { return nil }
      return Head(stamp: stamp, start: i &+ 3, end: stamp.end)
    }
    guard line[0] == 0x3D, let sign = Bytes.find(" REPORT==== ", line, from: 1), sign < 24,
      let stamp = stamps.leading(line, at: sign &+ 12)
    else { return nil }
    var head = Head(stamp: stamp, start: sign &+ 12, end: stamp.end)
    let severity = SeverityText.word(Bytes.part(line, 1, sign))
    if severity < 8 { head.severity = severity }
    return head
  }

  /// A service before the stamp, as `docker compose logs -t` and pm2 put it: `broker-1  | 2026-11-12T10:03:05.123Z text`.
  private static func behindService(
    _ line: UnsafeRawBufferPointer, _ stamps: inout StampReader
  ) -> Head? {
    let limit = min(line.count, 80)
    var name = 0
    while name < limit, line[name] > 0x20 { name &+= 1 }
    let bar = TextLine.skipBlanks(line, name)
    guard name > 0, bar > name, bar &+ 2 < line.count, line[bar] == 0x7C, line[bar &+ 1] == 0x20,
      Bytes.isLetter(line[0]) || Bytes.isDigit(line[0])
    else { return nil }
    let start = TextLine.skipBlanks(line, bar &+ 1)
    guard let stamp = stamps.leading(line, at: start), stamp.kind == .absolute || stamp.kind == .noZone,
      var head = closed(line, stamp, from: start, isBracketed: false), !head.isCell
    else { return nil }
    head.program = .record(0, name)
    return head
  }

  /// A severity before the stamp: `ERROR 2026-11-12T10:03:05Z text`, `[warn] [2026-11-12 10:03:05] text`, `INFO: 12.11.2026 10:03:05 - text`.
  private static func behindLevel(
    _ line: UnsafeRawBufferPointer, _ stamps: inout StampReader
  ) -> Head? {
    guard line[0] == 0x5B || line[0] == 0x3C || Bytes.isLetter(line[0]),
      let (severity, end) = TextLine.level(line, at: 0, besideLevels: true), end > 0
    else { return nil }
    var start = end
    while start < line.count,
      line[start] == 0x20 || line[start] == 0x09 || line[start] == 0x7C || line[start] == 0x2C
    {
      start &+= 1
    }
    let isBracketed = start < line.count && (line[start] == 0x5B || line[start] == 0x28)
    if isBracketed { start &+= 1 }
    guard let stamp = stamps.leading(line, at: start),
      stamp.kind == .absolute || stamp.kind == .noZone || stamp.kind == .noYear,
      var head = closed(line, stamp, from: start, isBracketed: isBracketed)
    else { return nil }
    head.severity = severity
    return head
  }

  /// A row of a table without a header, whose second cell is a stamp: `PLANT1.PUMP7.FLOW,29-Nov-26 10:00:00,12.5`.
  private static func secondCell(
    _ line: UnsafeRawBufferPointer, _ stamps: inout StampReader
  ) -> Head? {
    let limit = min(line.count, 96)
    var i = 0
    while i < limit, line[i] > 0x20, line[i] != 0x2C, line[i] != 0x3B, line[i] != 0x7C { i &+= 1 }
    if i == limit || i == 0 || line[i] == 0x20 { return nil }
    let start = line[i] == 0x09 ? i &+ 1 : TextLine.skipBlanks(line, i &+ 1)
    guard start < line.count, Bytes.isDigit(line[start]), let stamp = stamps.leading(line, at: start),
      stamp.kind == .noZone || stamp.kind == .absolute, stamp.end < line.count
    else { return nil }
    var head = Head(stamp: stamp, start: start, end: stamp.end)
    if line[head.end] == 0x2C || line[head.end] == 0x2E { endCell(line, &head) }
    guard line[head.end] == line[i] else { return nil }
    head.isCell = true
    return head
  }

  /// The number of an entry before its date and clock, as recorders and relays print their lists: `12  11/29/26 10:00:00.123 AG T  3.25`.
  private static func numbered(_ line: UnsafeRawBufferPointer, _ stamps: inout StampReader) -> Head? {
    var i = 0
    while i < line.count, i < 9, Bytes.isDigit(line[i]) { i &+= 1 }
    guard i > 0, i < line.count, line[i] == 0x20 || line[i] == 0x09 else { return nil }
    let start = TextLine.skipBlanks(line, i)
    let limit = min(line.count, start &+ 11)
    // Numbers of other lists are followed by numbers as well.
    guard start < limit, Bytes.isDigit(line[start]),
      line[start..<limit].contains(where: { $0 == 0x2F || $0 == 0x2D || $0 == 0x2E }),
      let stamp = stamps.leading(line, at: start), stamp.kind == .noZone || stamp.kind == .absolute
    else { return nil }
    return closed(line, stamp, from: start, isBracketed: false)
  }
}
