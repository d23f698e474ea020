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
    FormatSample(
      "11/12/2026 1:00:01 PM ERROR b", time: "2026-11-12T13:00:01 (no zone)", severity: 3, message: "b"),
    FormatSample(
      "2026-11-12 10:03:05.123 CET [1234] LOG:  ready", time: "2026-11-12T09:03:05.123Z",
      message: "[1234] LOG:  ready"),
    FormatSample("12.11.2026 10:03 up", time: "2026-11-12T10:03:00 (no zone)", message: "up"),
    FormatSample("2026 Nov 12 10:03:05 gw-1 up", time: "2026-11-12T10:03:05 (no zone)", message: "gw-1 up"),
    FormatSample(
      "E1112 10:03:06.123456       1 reflector.go:150] Failed", time: "11-12T10:03:06.123456", severity: 3,
      message: "1 reflector.go:150] Failed"),
    FormatSample(
      "1234:M 12 Nov 2026 10:03:05.123 # Server started", time: "2026-11-12T10:03:05.123 (no zone)",
      message: "# Server started"),
    FormatSample(
      "=ERROR REPORT==== 12-Nov-2026::10:03:07.123456 ===", time: "2026-11-12T10:03:07.123456 (no zone)",
      severity: 3, message: "=ERROR REPORT==== 12-Nov-2026::10:03:07.123456 ==="),
    FormatSample(
      #"2026-03-03T12:00:00.123Z,CAM1,INFO,"started""#, time: "2026-03-03T12:00:00.123Z",
      message: #"CAM1,INFO,"started""#),
    FormatSample("2026-02-29T00:00:00Z no such day", time: "none", message: "no such day"),
    FormatSample("2026-13-07 10:22:40 x", time: "none", message: "x"),
    FormatSample("[Dec 21 12:56:59] SECURITY[77]: x", time: "12-21T12:56:59", message: "SECURITY[77]: x"),
    FormatSample(
      "   812:20260402:063114.123 cannot connect to proxy", time: "2026-04-02T06:31:14.123 (no zone)",
      message: "cannot connect to proxy"),
    FormatSample(
      "ERROR 2026-11-12T10:03:05Z valve stuck", time: "2026-11-12T10:03:05Z", severity: 3,
      message: "valve stuck"),
    FormatSample(
      "[warn] [12.11.2026 10:03:05] slow", time: "2026-11-12T10:03:05 (no zone)", severity: 4, message: "slow"
    ),
    FormatSample(
      "broker-1  | 2026-11-12T10:03:05.123456789Z WARN slow", time: "2026-11-12T10:03:05.123456789Z",
      device: "",
      severity: 4, program: "broker-1", message: "slow"),
    FormatSample(
      "10:03:05.250 12.11.2026 INFO up", time: "2026-11-12T10:03:05.250 (no zone)", severity: 6, message: "up"
    ),
    FormatSample(
      "2026年11月12日 10:03:05 [错误] 断开", time: "2026-11-12T10:03:05 (no zone)", severity: 3, message: "断开"),
    FormatSample(
      "2026-11-12T10:03:05Z|TH-1|ERROR|valve stuck", time: "2026-11-12T10:03:05Z", device: "TH-1",
      severity: 3,
      message: "valve stuck"),
    FormatSample(
      "2026-11-11 00:00:51,409 [错误] pump-17 网络: 连接断开", time: "2026-11-11T00:00:51.409 (no zone)",
      device: "pump-17", severity: 3, program: "网络", message: "连接断开"),
    FormatSample(
      "2026-11-11 00:00:51 [Ошибка] узел не отвечает", device: "", severity: 3, message: "узел не отвечает"),
    FormatSample("2026-11-11 00:00:51 【警告】 温度", severity: 4, message: "温度"),
    FormatSample("2026-11-11 00:00:51 błąd: brak", severity: 3, message: "brak"),
    FormatSample(
      "2026-11-11 00:00:51 [INFO] worker-3 pool: idle", device: "", severity: 6,
      message: "worker-3 pool: idle"),
    FormatSample("  File \"x.py\", line 1", verdict: .continuation),
    FormatSample("ValueError: bad", verdict: .continuation),
  ]
  let refusals = ["plain text", "12:00 noon", "123456789012 x"]

  func score(_ line: UnsafeRawBufferPointer) -> Int {
    var stamps = StampReader()
    guard let head = Self.head(line, &stamps) else { return 0 }
    switch head.stamp.kind {
    case .noYear: return 45
    // A date that there is not is nobody else's either.
    case .none: return 50
    case .timeOfDay: return 40
    default: return head.isCell ? 45 : 55
    }
  }

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
      let (severity, end) = TextLine.level(line, at: 0), end > 0
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

  func makeParser(_ context: SourceContext) -> any RecordParser {
    Parser(traits: context.traits)
  }

  final class Parser: RecordParser {
    @exclusivity(unchecked) private var stamps = StampReader()
    /// A line had a date: one that begins with a clock alone belongs to the text of another.
    @exclusivity(unchecked) private var hasDates = false
    private let namesSpeakers: Bool
    private let mayNameSpeakers: Bool
    private let hasLevels: Bool
    private let rows: RowLayout

    init(traits: SourceTraits) {
      hasLevels = traits.hasLevels
      rows = traits.rows
      namesSpeakers = traits.namesSpeakers
      mayNameSpeakers = traits.mayNameSpeakers
    }

    func parse(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
      reading.reset()
      guard let head = StampedTextFormat.head(record, &stamps), head.stamp.kind != .timeOfDay || !hasDates
      else {
        return Continuation.verdict(record, into: &reading, otherwise: .noTime)
      }
      reading.set(head.stamp, from: head.start)
      reading.severity = head.severity
      if head.stamp.kind == .none {
        reading.flags.insert(.badStamp)
        reading.resolution = 0
      } else if head.stamp.kind != .timeOfDay {
        hasDates = true
      }
      if record[0] == 0x3D {
        // Erlang's heading is all of its line; the text follows.
        reading.message = .record(0, record.count)
        return .event
      }
      if head.isCell, head.start > 1, head.severity > 7 {
        // What stands before the stamp says whose the value is.
        reading.severity = RowWithoutHeader(record, from: head.end).severity
        reading.message = .record(0, record.count)
        return .event
      }
      reading.program = head.program
      var i = head.end
      if head.isCell {
        i &+= 1
        let row = RowWithoutHeader(record, from: head.end, layout: rows)
        if row.severity < 8 { reading.severity = row.severity }
        if mayNameSpeakers, !row.device.isEmpty {
          reading.device = row.device
          reading.basis = .selfAsserted
          reading.message = .record(row.end, record.count &- row.end)
          keep(row.unknownLevel, of: record, into: &reading)
          return .event
        }
      }
      if namesSpeakers, !head.isCell, head.severity > 7,
        let speaker = LineSpeaker(record, from: head.end, hasLevels: hasLevels)
      {
        reading.device = speaker.device
        reading.basis = .selfAsserted
        reading.severity = speaker.severity
        reading.program = speaker.program
        reading.message = .record(speaker.end, record.count &- speaker.end)
        keep(speaker.unknownLevel, of: record, into: &reading)
        return .event
      }
      if head.severity < 8 {
        // What follows is text.
      } else if let (severity, end) = TextLine.level(record, at: i, besideLevels: hasLevels) {
        reading.severity = severity
        // Behind `[level]` a device and its program may stand; rows of tables have them in cells of their own.
        if record[end &- 1] == 0x5D || record[end &- 1] == 0x91, !head.isCell,
          mayNameSpeakers, let named = NamedSpeaker(record, at: end)
        {
          reading.device = named.device
          reading.basis = .selfAsserted
          reading.program = named.program
          i = named.end
        } else {
          i = end
        }
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

    /// A word that stands where others have a level is a field where the message leaves it out.
    private func keep(_ level: Slice, of record: UnsafeRawBufferPointer, into reading: inout Reading) {
      guard !level.isEmpty, level.end <= Int(reading.message.start) else { return }
      reading.beginFields()
      reading.field("level", Bytes.part(record, level.start, level.end))
      reading.endFields()
    }
  }
}
