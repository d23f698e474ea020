import IncidentModel

/// Android's logcat: threadtime and time forms, with year and zone or without.
struct LogcatFormat: LogFormat {
  let name = "logcat"
  let summary = "Android logcat (threadtime, time, long and brief, with or without year and zone)"
  let yields = ["time", "severity", "program (tag)", "pid", "tid", "uid"]
  let samples = [
    FormatSample("--------- beginning of main", verdict: .structure),
    FormatSample(
      "01-01 01:02:03.123  1234  1235 D threadtime: test: of it", time: "01-01T01:02:03.123", severity: 7,
      program: "threadtime", message: "test: of it", fields: #"{"pid":1234,"tid":1235}"#),
    FormatSample(
      "01-02 01:02:04.156 I/sometag(  190): text", time: "01-02T01:02:04.156", severity: 6,
      program: "sometag",
      message: "text", fields: #"{"pid":190}"#),
    FormatSample(
      "2022-01-02 01:20:03.171 +0100  1885  3066 E App  : x", time: "2022-01-02T00:20:03.171Z", severity: 3,
      program: "App"),
    FormatSample(
      "01-01 01:02:03.123 u0_a12  1234  1235 D net: up", time: "01-01T01:02:03.123", severity: 7,
      program: "net",
      message: "up", fields: #"{"uid":"u0_a12","pid":1234,"tid":1235}"#),
    FormatSample(
      "01-01 01:02:03.123  1000  1234  1235 D net: up", program: "net",
      fields: #"{"uid":1000,"pid":1234,"tid":1235}"#),
    FormatSample(
      "E/ActivityManager( 1234): ANR in com.x", time: "none", severity: 3, program: "ActivityManager",
      message: "ANR in com.x", fields: #"{"pid":1234}"#),
    FormatSample("[ 11-12 10:03:05.123  1234: 1240 E/ActivityManager ]", verdict: .structure),
    FormatSample(
      "ANR in com.x", time: "11-12T10:03:05.123", severity: 3, program: "ActivityManager",
      message: "ANR in com.x",
      fields: #"{"pid":1234,"tid":1240}"#
    ).plain(),
    FormatSample("Reason: slow", verdict: .continuation),
  ]
  let refusals = [
    "I/O error(5): no tag", "13-01 01:02:03.123  1234  1234 D a: b", "01-01 01:02:03.123 no", "text",
  ]

  func score(_ line: UnsafeRawBufferPointer) -> Int {
    if Bytes.matches("--------- beginning of ", line, at: 0) { return 90 }
    var stamps = StampReader()
    if Self.longHead(line) != nil { return 91 }
    return Self.head(line, &stamps) == nil ? 0 : 91
  }

  struct Head {
    var stamp = Stamp()
    var uid = Slice.empty
    var pid = Slice.empty
    var tid = Slice.empty
    var severity: UInt8 = 255
    var tag = Slice.empty
    var end = 0
  }

  static func head(_ line: UnsafeRawBufferPointer, _ stamps: inout StampReader) -> Head? {
    guard line.count > 24, Bytes.isDigit(line[0]) else { return briefHead(line) }
    var head = Head()
    if line[2] == 0x2D, line[5] == 0x20 {
      let clock = StampReader.clock(line, 6)
      guard clock >= 0,
        let day = StampReader.leapYearDay(month: Bytes.twoDigits(line, 0), day: Bytes.twoDigits(line, 3))
      else { return nil }
      head.stamp.time = day &+ clock
      head.stamp.kind = .noYear
      head.stamp.end = 14
      StampReader.fraction(line, &head.stamp.end, &head.stamp.time, &head.stamp.resolution)
    } else {
      guard let stamp = stamps.iso(line) else { return nil }
      head.stamp = stamp
    }
    var i = TextLine.skipBlanks(line, head.stamp.end)
    let count = line.count
    guard i > head.stamp.end, i &+ 4 < count else { return nil }
    if line[i &+ 1] == 0x2F {
      // `I/tag(  190): text`
      return tagged(line, at: i, &head) ? head : nil
    }
    if Bytes.isLetter(line[i]) {
      // `-v uid` puts the user before the process.
      let user = i
      while i < count, line[i] > 0x20 { i &+= 1 }
      head.uid = .record(user, i &- user)
      i = TextLine.skipBlanks(line, i)
    }
    let pid = i
    while i < count, Bytes.isDigit(line[i]) { i &+= 1 }
    guard i > pid, i < count else { return nil }
    head.pid = .record(pid, i &- pid)
    i = TextLine.skipBlanks(line, i)
    let tid = i
    while i < count, Bytes.isDigit(line[i]) { i &+= 1 }
    guard i > tid, i &+ 3 < count, line[i] == 0x20 else { return nil }
    head.tid = .record(tid, i &- tid)
    i = TextLine.skipBlanks(line, i)
    if i < count, Bytes.isDigit(line[i]) {
      let third = i
      while i < count, Bytes.isDigit(line[i]) { i &+= 1 }
      head.uid = head.pid
      head.pid = head.tid
      head.tid = .record(third, i &- third)
      i = TextLine.skipBlanks(line, i)
    }
    guard i &+ 2 < count, line[i &+ 1] == 0x20, let severity = severity(line[i]) else { return nil }
    head.severity = severity
    let tag = i &+ 2
    guard let colon = Bytes.find(": ", line, from: tag) ?? (line[count &- 1] == 0x3A ? count &- 1 : nil)
    else { return nil }
    head.tag = trimmed(line, tag, colon)
    head.end = min(count, colon &+ 1)
    return head
  }

  /// `I/tag(  190): `.
  private static func tagged(_ line: UnsafeRawBufferPointer, at start: Int, _ head: inout Head) -> Bool {
    let count = line.count
    guard let severity = severity(line[start]) else { return false }
    head.severity = severity
    let tag = start &+ 2
    let open = Bytes.findNear(0x28, line, from: tag, to: min(count, tag &+ 100))
    let close = Bytes.findNear(0x29, line, from: open, to: min(count, open &+ 12))
    guard close &+ 1 < count, line[open] == 0x28, line[close] == 0x29, line[close &+ 1] == 0x3A else {
      return false
    }
    head.tag = trimmed(line, tag, open)
    let pid = TextLine.skipBlanks(line, open &+ 1)
    head.pid = .record(pid, close &- pid)
    head.end = close &+ 2
    return true
  }

  /// The brief form, which has no stamp. Its tag has no blanks inside, and its number is one: `I/O error(5): ` is text.
  private static func briefHead(_ line: UnsafeRawBufferPointer) -> Head? {
    var head = Head()
    guard line.count > 8, line[1] == 0x2F, tagged(line, at: 0, &head), head.tag.count >= 2,
      !head.pid.isEmpty, Bytes.decimal(Bytes.part(line, head.pid.start, head.pid.end)) != nil,
      Bytes.findNear(0x20, line, from: head.tag.start, to: head.tag.end) == head.tag.end
    else { return nil }
    return head
  }

  /// `[ 11-12 10:03:05.123  1234: 1240 E/ActivityManager ]`: the message stands in the lines that follow.
  static func longHead(_ line: UnsafeRawBufferPointer) -> Head? {
    guard line.count > 32, line[0] == 0x5B, line[1] == 0x20, line[line.count &- 1] == 0x5D, line[4] == 0x2D,
      line[7] == 0x20
    else { return nil }
    let clock = StampReader.clock(line, 8)
    guard clock >= 0,
      let day = StampReader.leapYearDay(month: Bytes.twoDigits(line, 2), day: Bytes.twoDigits(line, 5))
    else { return nil }
    var head = Head()
    head.stamp.time = day &+ clock
    head.stamp.kind = .noYear
    head.stamp.end = 16
    StampReader.fraction(line, &head.stamp.end, &head.stamp.time, &head.stamp.resolution)
    let pid = TextLine.skipBlanks(line, head.stamp.end)
    let colon = Bytes.findNear(0x3A, line, from: pid, to: line.count)
    let tid = TextLine.skipBlanks(line, colon &+ 1)
    let tidEnd = Bytes.findNear(0x20, line, from: tid, to: line.count)
    guard tidEnd &+ 4 < line.count, line[tidEnd &+ 2] == 0x2F, let severity = severity(line[tidEnd &+ 1])
    else { return nil }
    head.pid = .record(pid, colon &- pid)
    head.tid = .record(tid, tidEnd &- tid)
    head.severity = severity
    head.tag = trimmed(line, tidEnd &+ 3, line.count &- 1)
    head.end = line.count
    return head
  }

  private static func trimmed(_ line: UnsafeRawBufferPointer, _ start: Int, _ end: Int) -> Slice {
    var from = start
    var to = end
    while from < to, line[from] == 0x20 { from &+= 1 }
    while to > from, line[to &- 1] == 0x20 { to &-= 1 }
    return .record(from, to &- from)
  }

  private static func severity(_ letter: UInt8) -> UInt8? {
    switch letter {
    case UInt8(ascii: "V"), UInt8(ascii: "D"): 7
    case UInt8(ascii: "I"): 6
    case UInt8(ascii: "W"): 4
    case UInt8(ascii: "E"): 3
    case UInt8(ascii: "F"), UInt8(ascii: "A"): 2
    default: nil
    }
  }

  func makeParser(_ context: SourceContext) -> any RecordParser { Parser() }

  final class Parser: RecordParser {
    @exclusivity(unchecked) private var stamps = StampReader()
    /// The header of the long form that was read last, and what it was read from.
    @exclusivity(unchecked) private var long: LogcatFormat.Head?
    @exclusivity(unchecked) private var longLine: [UInt8] = []
    @exclusivity(unchecked) private var hasMessage = false

    func parse(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
      reading.reset()
      if Bytes.matches("--------- ", record, at: 0) { return .structure }
      if let head = LogcatFormat.longHead(record) {
        long = head
        longLine.removeAll(keepingCapacity: true)
        longLine.append(contentsOf: record)
        hasMessage = false
        return .structure
      }
      if let long { return longMessage(record, long, into: &reading) }
      guard let head = LogcatFormat.head(record, &stamps) else {
        return Continuation.verdict(record, into: &reading, otherwise: .noMatch)
      }
      if head.stamp.kind != .none { reading.set(head.stamp, from: 0) }
      reading.severity = head.severity
      reading.program = head.tag
      let text = TextLine.skipBlanks(record, head.end)
      reading.message = .record(text, record.count &- text)
      numbers(of: head, record, into: &reading)
      return .event
    }

    private func numbers(
      of head: LogcatFormat.Head, _ record: UnsafeRawBufferPointer, into reading: inout Reading
    ) {
      reading.beginFields()
      if !head.uid.isEmpty { reading.fieldGuessing("uid", Bytes.part(record, head.uid.start, head.uid.end)) }
      if !head.pid.isEmpty { reading.fieldGuessing("pid", Bytes.part(record, head.pid.start, head.pid.end)) }
      if !head.tid.isEmpty { reading.fieldGuessing("tid", Bytes.part(record, head.tid.start, head.tid.end)) }
      reading.endFields()
    }

    /// A line behind a header of the long form: its message, or the message's next line.
    private func longMessage(
      _ record: UnsafeRawBufferPointer, _ head: LogcatFormat.Head, into reading: inout Reading
    ) -> Verdict {
      if Bytes.isBlank(record) { return .blank }
      reading.message = .record(0, record.count)
      if hasMessage { return .continuation }
      hasMessage = true
      longLine.withUnsafeBytes { line in
        reading.set(head.stamp, from: 2)
        reading.stamp = reading.appendSlice(Bytes.part(line, 2, head.stamp.end))
        reading.severity = head.severity
        reading.program = reading.appendSlice(Bytes.part(line, head.tag.start, head.tag.end))
        numbers(of: head, line, into: &reading)
      }
      return .event
    }
  }
}
