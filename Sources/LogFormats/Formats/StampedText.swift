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
    private let hasLevelsBehind: Bool
    private let rows: RowLayout

    init(traits: SourceTraits) {
      hasLevels = traits.hasLevels
      hasLevelsBehind = traits.hasLevelsBehind
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
        // Beside a severity it names who says so; beside a value it may be that of a signal.
        let name = Bytes.findNear(record[head.end], record, from: 0, to: head.start)
        if mayNameSpeakers, reading.severity < 8, NamedSpeaker.isName(record, 0, name) {
          reading.device = .record(0, name)
          reading.basis = .selfAsserted
        }
        reading.message = .record(0, record.count)
        return .event
      }
      reading.program = head.program
      var i = head.end
      if head.isCell {
        i &+= 1
        if head.severity < 8, takeFirstCell(record, head, into: &reading) { return .event }
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
      if namesSpeakers, !head.isCell,
        let speaker = LineSpeaker(
          record, from: head.end, hasLevels: hasLevels, hasLevelsBehind: hasLevelsBehind)
      {
        reading.device = speaker.device
        reading.basis = .selfAsserted
        if head.severity > 7 { reading.severity = speaker.severity }
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

    /// The device of a row whose level stands before its stamp: `ALARM|2026-03-02T08:00:00Z|CONV-101|belt torn`.
    private func takeFirstCell(
      _ record: UnsafeRawBufferPointer, _ head: Head, into reading: inout Reading
    ) -> Bool {
      let row = RowCells(record, from: head.end)
      let name = row.cells[0]
      guard mayNameSpeakers, row.count > 1, NamedSpeaker.isName(record, name.start, name.end) else {
        return false
      }
      reading.device = name
      reading.basis = .selfAsserted
      reading.message = .record(row.ends[0], record.count &- row.ends[0])
      return true
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
