import IncidentModel

/// The W3C's extended log file format, as IIS writes it: the columns' names stand in `#Fields:`, times are UTC by its definition, unless a
/// directive says otherwise. Exchange divides the cells by commas; Windows' firewall writes local times and says so.
struct W3CFormat: LogFormat {
  let name = "w3c"
  let summary =
    "W3C extended log files (IIS, Exchange, Windows firewall): columns by '#Fields:', UTC unless a directive says otherwise"
  let yields = [
    "time", "device (x-device-id and the like, else the client's address)",
    "severity (x-severity, status)",
    "message (x-message)", "every other column by its name",
  ]
  let samples = [
    FormatSample("#Version: 1.0", verdict: .structure),
    FormatSample("#Date: 2026-11-12 09:03:05", verdict: .structure),
    FormatSample(
      "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port c-ip cs(User-Agent) sc-status time-taken",
      verdict: .structure),
    FormatSample(
      "2026-11-12 09:03:05 10.0.0.1 POST /api/telemetry id=4 443 10.0.0.77 ESP32+HTTP/1.2 503 1205",
      time: "2026-11-12T09:03:05Z", device: "10.0.0.77", severity: 3, message: "POST /api/telemetry",
      fields:
        #"{"s-ip":"10.0.0.1","cs-method":"POST","cs-uri-stem":"/api/telemetry","cs-uri-query":"id=4","#
        + #""s-port":443,"c-ip":"10.0.0.77","cs(User-Agent)":"ESP32+HTTP/1.2","sc-status":503,"time-taken":1205}"#
    ).plain(),
    FormatSample(
      "2026-11-12 09:03:06 10.0.0.1 GET / - 443 - - 200 12", time: "2026-11-12T09:03:06Z", device: "",
      severity: 6,
      message: "GET /"
    ).plain(),
    FormatSample("#Fields: date time x-device-id cs(X-Severity) x-message", verdict: .structure),
    FormatSample(
      "2026-11-12 09:03:06 gw-7 warning \"link lost\"", time: "2026-11-12T09:03:06Z", device: "gw-7",
      severity: 4,
      message: "link lost", fields: ""
    ).plain(),
    FormatSample("#Fields: time c-ip cs(Referer)", verdict: .structure),
    FormatSample("09:03:07 10.0.0.9 \"a b\"", time: "2026-11-12T09:03:07Z", device: "10.0.0.9").plain(),
    FormatSample("#Date: 2026-11-12 23:59:58", verdict: .structure),
    FormatSample("00:00:01 10.0.0.9 -", time: "2026-11-13T00:00:01Z", device: "10.0.0.9").plain(),
    FormatSample("2026-11-12 09:03:06 10.0.0.1", verdict: .refused(.badTime)),
    FormatSample("09:03:06 10.0.0.1", verdict: .refused(.badColumns)),
  ]
  let refusals = ["2026-11-12 09:03:05 10.0.0.1 POST", "text"]

  private static let fields: StaticString = "#Fields:"

  func score(_ line: UnsafeRawBufferPointer) -> Int { 0 }

  func headScore(_ head: UnsafeRawBufferPointer) -> Int {
    let beginning = Bytes.part(head, 0, min(head.count, 4096))
    guard let fields = Bytes.find(Self.fields, beginning), fields == 0 || head[fields - 1] == 0x0A else {
      return 0
    }
    return 100
  }

  func makeParser(_ context: SourceContext) -> any RecordParser { Parser() }

  final class Parser: RecordParser {
    private enum Role {
      case other, date, time, stamp, client, method, stem, status, device, severity, message
    }
    private struct Column {
      var name: [UInt8]
      var role: Role
      var doubt = NameDoubt.none
    }
    @exclusivity(unchecked) private var columns: [Column] = []
    @exclusivity(unchecked) private var hasDate = false
    /// Nanoseconds of the day that `#Date:` names, for lines that have a time only.
    @exclusivity(unchecked) private var day: Int64?
    /// The time of day of the line before, or of `#Date:`: lines that have a time only go on into the next day.
    @exclusivity(unchecked) private var lastClock: Int64?
    /// Midnight has passed since `#Date:`.
    @exclusivity(unchecked) private var hasTurned = false
    /// Servers write a line when its request is done: by so much it may come late.
    private static let late = 1800 &* StampReader.second
    /// Seconds east of UTC of the lines' times, where a directive tells.
    private var offset: Int64?
    /// Times are of a zone that nothing tells.
    @exclusivity(unchecked) private var isLocal = false
    @exclusivity(unchecked) private var hasLocalColumns = false
    @exclusivity(unchecked) private var isDividedByCommas = false
    @exclusivity(unchecked) private var stamps = StampReader()

    func parse(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
      reading.reset()
      if Bytes.isBlank(record) { return .blank }
      if record[0] == 0x23 {
        directive(record)
        return .structure
      }
      guard !columns.isEmpty else { return .refused(.noHeader) }
      var method = Slice.empty
      var stem = Slice.empty
      var date = Slice.empty
      var clock = Slice.empty
      var whole = Slice.empty
      var named = Slice.empty
      var severity: UInt8 = 255
      var i = 0
      var index = 0
      reading.beginFields()
      while i < record.count, index < columns.count {
        let cell = isDividedByCommas ? Self.commaCell(record, &i) : Self.cell(record, &i)
        defer { index &+= 1 }
        if cell.isEmpty || cell.count == 1 && record[cell.start] == 0x2D { continue }
        let bytes = Bytes.part(record, cell.start, cell.end)
        switch columns[index].role {
        case .date:
          date = cell
          continue
        case .time:
          clock = cell
          continue
        case .stamp:
          whole = cell
          continue
        case .client:
          reading.device = cell
          reading.basis = .network
        case .method: method = cell
        case .stem: stem = cell
        case .status:
          if let number = Bytes.decimal(bytes), let severity = HTTPStatus.severity(number) {
            reading.severity = severity
          }
        case .device:
          if named.isEmpty,
            DeviceName.isGiven(by: bytes, isText: !JSONText.isNumber(bytes), columns[index].doubt)
          {
            named = cell
            continue
          }
        case .severity:
          severity = SeverityText.severity(bytes, scale: .wordsOnly)
          if severity < 8 { continue }
        case .message:
          reading.message = cell
          continue
        case .other: break
        }
        reading.separate()
        columns[index].name.withUnsafeBytes { reading.append($0) }
        reading.appendGuessing(bytes)
      }
      reading.endFields()
      if !named.isEmpty {
        reading.device = named
        reading.basis = .selfAsserted
      }
      if severity < 8 { reading.severity = severity }
      // An empty cell at the end.
      if isDividedByCommas, record[record.count &- 1] == 0x2C, i == record.count { index &+= 1 }
      if TextLine.skipBlanks(record, i) < record.count || index < columns.count {
        reading.reset()
        return .refused(.badColumns)
      }
      guard whole.isEmpty ? stamp(record, date, clock, into: &reading) : stamp(record, whole, into: &reading)
      else {
        reading.reset()
        return .refused(.badTime)
      }
      if !reading.message.isEmpty { return .event }
      if !stem.isEmpty {
        // Mostly side by side: `GET /path`.
        if method.end &+ 1 == stem.start {
          reading.message = .record(method.start, stem.end &- method.start)
        } else {
          reading.message = stem
        }
      } else {
        let text = max(date.end, clock.end, whole.end)
        var start = TextLine.skipBlanks(record, min(text, record.count))
        if isDividedByCommas, start < record.count, record[start] == 0x2C { start &+= 1 }
        reading.message = .record(start, record.count &- start)
      }
      return .event
    }

    /// The next cell without its quotes.
    private static func cell(_ record: UnsafeRawBufferPointer, _ i: inout Int) -> Slice {
      i = TextLine.skipBlanks(record, i)
      let start = i
      if i < record.count, record[i] == 0x22 {
        let close = Bytes.findNear(0x22, record, from: i &+ 1, to: record.count)
        i = min(close &+ 1, record.count)
        return .record(start &+ 1, max(0, close &- start &- 1))
      }
      while i < record.count, record[i] != 0x20, record[i] != 0x09 { i &+= 1 }
      return .record(start, i &- start)
    }

    /// The next cell of a row whose cells commas divide.
    private static func commaCell(_ record: UnsafeRawBufferPointer, _ i: inout Int) -> Slice {
      let start = i
      if record[i] == 0x22 {
        var close = Bytes.findNear(0x22, record, from: i &+ 1, to: record.count)
        while close &+ 1 < record.count, record[close &+ 1] == 0x22 {
          close = Bytes.findNear(0x22, record, from: close &+ 2, to: record.count)
        }
        i = min(record.count, Bytes.findNear(0x2C, record, from: close, to: record.count) &+ 1)
        return .record(start &+ 1, max(0, close &- start &- 1))
      }
      let end = Bytes.findNear(0x2C, record, from: i, to: record.count)
      i = min(record.count, end &+ 1)
      return .record(start, end &- start)
    }

    /// A stamp in one cell.
    private func stamp(
      _ record: UnsafeRawBufferPointer, _ whole: Slice, into reading: inout Reading
    ) -> Bool {
      guard let stamp = stamps.any(Bytes.part(record, whole.start, whole.end)) else { return false }
      reading.set(stamp, from: whole.start)
      reading.stamp = whole
      return true
    }

    /// UTC by the format's definition, unless a directive says otherwise.
    private func stamp(
      _ record: UnsafeRawBufferPointer, _ date: Slice, _ clock: Slice, into reading: inout Reading
    ) -> Bool {
      guard clock.count >= 8 else { return !hasDate && clock.isEmpty }
      let first = hasDate && date.end &+ 1 == clock.start ? date.start : clock.start
      let time = StampReader.clock(record, clock.start)
      let start = hasDate ? date.count == 10 ? StampReader.isoDate(record, date.start) : nil : dayOf(time)
      guard time >= 0, start != nil || !hasDate else {
        // A date or a time that there is not is still a row's, and the row an event.
        guard record[clock.start &+ 2] == 0x3A, Bytes.isDigit(record[clock.start]),
          !hasDate || date.count == 10 && record[date.start &+ 4] == 0x2D
        else { return false }
        reading.flags.insert(.badStamp)
        reading.stamp = .record(first, clock.end &- first)
        return true
      }
      reading.kind = start == nil ? .timeOfDay : isLocal || hasLocalColumns ? .noZone : .absolute
      reading.time = (start ?? 0) &+ time
      reading.resolution = StampReader.second
      var end = clock.start &+ 8
      StampReader.fraction(record, &end, &reading.time, &reading.resolution)
      if start != nil, let offset {
        reading.time &-= offset &* StampReader.second
        reading.kind = .absolute
      }
      reading.stamp = .record(first, clock.end &- first)
      return true
    }

    /// The day of a line that has a time only: the one that `#Date:` names, or those that follow as midnight passes. Lines that are a little out
    /// of order, at midnight too, do not turn the day.
    private func dayOf(_ clock: Int64) -> Int64? {
      guard var day, clock >= 0 else { return nil }
      if let lastClock {
        let isLate = hasTurned && lastClock < Self.late && clock > StampReader.day &- Self.late
        if isLate { return day &- StampReader.day }
        if clock < lastClock &- Self.late {
          day &+= StampReader.day
          self.day = day
          hasTurned = true
        }
      }
      lastClock = clock
      return day
    }

    private func directive(_ record: UnsafeRawBufferPointer) {
      let colon = Bytes.findNear(0x3A, record, from: 0, to: min(record.count, 32))
      guard colon < record.count, record[colon] == 0x3A else { return }
      let name = Bytes.part(record, 1, colon)
      let value = TextLine.skipBlanks(record, colon &+ 1)
      let text = Bytes.part(record, value, record.count)
      if Bytes.isSameWord("date", name) {
        day = StampReader.isoDate(record, value)
        lastClock = nil
        hasTurned = false
        if day != nil, value &+ 19 <= record.count {
          let clock = StampReader.clock(record, value &+ 11)
          if clock >= 0 { lastClock = clock }
        }
      } else if Bytes.isSameWord("gmt-offset", name) || Bytes.isSameWord("utc-offset", name) {
        readOffset(text)
      } else if Bytes.isSameWord("time format", name) || Bytes.isSameWord("time-format", name) {
        isLocal = Bytes.isSameWord("local", text)
      } else if Bytes.isSameWord("remark", name) || Bytes.isSameWord("remarks", name) {
        if Bytes.find("local time", text) != nil { isLocal = true }
      } else if Bytes.isSameWord("fields", name) {
        readFields(text)
      }
    }

    private func readOffset(_ text: UnsafeRawBufferPointer) {
      guard let sign = text.first else { return }
      let isSigned = sign == 0x2B || sign == 0x2D
      guard let (seconds, _) = StampReader.offset(text, at: isSigned ? 1 : 0, takesOneDigit: true) else {
        return
      }
      offset = sign == 0x2D ? 0 &- seconds : seconds
    }

    private func readFields(_ text: UnsafeRawBufferPointer) {
      isDividedByCommas = text.contains(0x2C) && !text.contains(0x20) && !text.contains(0x09)
      let names = text.split { isDividedByCommas ? $0 == 0x2C : $0 == 0x20 || $0 == 0x09 }.map { Array($0) }
      columns = names.map { Self.column($0) }
      hasLocalColumns = false
      // UTC counts where local time stands beside it.
      for (role, local) in [(Role.date, "date-local"), (.time, "time-local")] {
        guard !columns.contains(where: { $0.role == role }),
          let index = names.firstIndex(where: { String(decoding: $0, as: UTF8.self).lowercased() == local })
        else { continue }
        columns[index].role = role
        hasLocalColumns = true
      }
      hasDate = columns.contains { $0.role == .date }
    }

    private static func column(_ name: [UInt8]) -> Column {
      var scratch = Reading()
      name.withUnsafeBytes { scratch.appendJSONString($0) }
      scratch.append(0x3A)
      let key = scratch.bytes(
        .scratch(0, scratch.scratchCount), of: UnsafeRawBufferPointer(start: nil, count: 0))
      let role: Role =
        switch String(decoding: name, as: UTF8.self).lowercased() {
        case "date", "date-utc", "date-gmt": .date
        case "time", "time-utc", "time-gmt": .time
        case "date-time", "datetime", "timestamp", "date-time-utc": .stamp
        case "c-ip": .client
        case "cs-method": .method
        case "cs-uri-stem", "cs-uri": .stem
        case "sc-status": .status
        default: .other
        }
      return role == .other ? own(name, Array(key)) : Column(name: Array(key), role: role)
    }

    /// A column that an application adds: `x-device-id`, `cs(X-Severity)`, `level`. Computers are those that served a request, or were asked for.
    private static func own(_ name: [UInt8], _ key: [UInt8]) -> Column {
      var text = String(decoding: name, as: UTF8.self).lowercased()
      if text.hasPrefix("cs("), text.hasSuffix(")") { text = String(text.dropFirst(3).dropLast()) }
      for prefix in ["x-", "cs-"] where text.hasPrefix(prefix) {
        text.removeFirst(prefix.utf8.count)
        break
      }
      // `s-computername`: of the server, of the client, of the answer.
      if ["s-", "c-", "sc-", "r-", "rs-", "sr-"].contains(where: text.hasPrefix) {
        return Column(name: key, role: .other)
      }
      if let device = DeviceWords.finding(text, isWrapper: { _ in false }), device.rank < 20,
        device.rank != 12
      {
        return Column(name: key, role: .device, doubt: device.doubt)
      }
      let meaning = FieldNames.meaning(text)
      switch meaning.role {
      case .severity where text.utf8.count > 1: return Column(name: key, role: .severity)
      case .message where FieldNames.namesMessage(rank: meaning.rank):
        return Column(name: key, role: .message)
      default: return Column(name: key, role: .other)
      }
    }
  }
}
