import IncidentModel

/// The W3C's extended log file format, as IIS writes it: the columns' names stand in `#Fields:`, times are UTC by its definition.
struct W3CFormat: LogFormat {
  let name = "w3c"
  let summary = "W3C extended log files (IIS): columns by '#Fields:', UTC; the client's address is the device"
  let yields = ["time", "device (client address)", "severity (of status 5xx)", "every column by its name"]
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
      severity: 255,
      message: "GET /"
    ).plain(),
    FormatSample("#Fields: time c-ip cs(Referer)", verdict: .structure),
    FormatSample("09:03:07 10.0.0.9 \"a b\"", time: "2026-11-12T09:03:07Z", device: "10.0.0.9").plain(),
    FormatSample("2026-11-12 09:03:06 10.0.0.1", verdict: .refused(.badTime)),
    FormatSample("09:03:06 10.0.0.1", verdict: .refused(.badColumns)),
  ]
  let refusals = ["2026-11-12 09:03:05 10.0.0.1 POST", "text"]

  func score(_ line: UnsafeRawBufferPointer) -> Int { 0 }

  func headScore(_ head: UnsafeRawBufferPointer) -> Int {
    let beginning = Bytes.part(head, 0, min(head.count, 4096))
    guard let fields = Bytes.find("#Fields: ", beginning), fields == 0 || head[fields - 1] == 0x0A else {
      return 0
    }
    return 100
  }

  func makeParser(_ context: SourceContext) -> any RecordParser { Parser() }

  final class Parser: RecordParser {
    private enum Role {
      case other, date, time, client, method, stem, status
    }
    private struct Column {
      var name: [UInt8]
      var role: Role
    }
    @exclusivity(unchecked) private var columns: [Column] = []
    @exclusivity(unchecked) private var hasDate = false
    /// Nanoseconds of the day that `#Date:` names, for lines that have a time only.
    @exclusivity(unchecked) private var day: Int64?

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
      var i = 0
      var index = 0
      reading.beginFields()
      while i < record.count, index < columns.count {
        let cell = Self.cell(record, &i)
        defer { index &+= 1 }
        if cell.count == 1, record[cell.start] == 0x2D { continue }
        let bytes = Bytes.part(record, cell.start, cell.end)
        switch columns[index].role {
        case .date:
          date = cell
          continue
        case .time:
          clock = cell
          continue
        case .client:
          reading.device = cell
          reading.basis = .network
        case .method: method = cell
        case .stem: stem = cell
        case .status:
          if let number = Bytes.decimal(bytes), number >= 500, number < 600 { reading.severity = 3 }
        case .other: break
        }
        reading.separate()
        columns[index].name.withUnsafeBytes { reading.append($0) }
        reading.appendGuessing(bytes)
      }
      reading.endFields()
      if TextLine.skipBlanks(record, i) < record.count || index < columns.count {
        reading.reset()
        return .refused(.badColumns)
      }
      guard stamp(record, date, clock, into: &reading) else {
        reading.reset()
        return .refused(.badTime)
      }
      if !stem.isEmpty {
        // Mostly side by side: `GET /path`.
        if method.end &+ 1 == stem.start {
          reading.message = .record(method.start, stem.end &- method.start)
        } else {
          reading.message = stem
        }
      } else {
        let text = max(date.end, clock.end)
        let start = TextLine.skipBlanks(record, min(text, record.count))
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

    /// UTC by the format's definition.
    private func stamp(
      _ record: UnsafeRawBufferPointer, _ date: Slice, _ clock: Slice, into reading: inout Reading
    ) -> Bool {
      guard clock.count >= 8 else { return !hasDate && clock.isEmpty }
      let time = StampReader.clock(record, clock.start)
      let start = hasDate ? date.count == 10 ? StampReader.isoDate(record, date.start) : nil : day
      guard time >= 0, let start else { return false }
      reading.kind = .absolute
      reading.time = start &+ time
      reading.resolution = StampReader.second
      var end = clock.start &+ 8
      StampReader.fraction(record, &end, &reading.time, &reading.resolution)
      let first = hasDate && date.end &+ 1 == clock.start ? date.start : clock.start
      reading.stamp = .record(first, clock.end &- first)
      return true
    }

    private func directive(_ record: UnsafeRawBufferPointer) {
      if Bytes.matches("#Date: ", record, at: 0) {
        day = StampReader.isoDate(record, 7)
        return
      }
      guard Bytes.matches("#Fields: ", record, at: 0) else { return }
      columns = record[9...].split(separator: 0x20).map { Self.column(Array($0)) }
      hasDate = columns.contains { $0.role == .date }
    }

    private static func column(_ name: [UInt8]) -> Column {
      var scratch = Reading()
      name.withUnsafeBytes { scratch.appendJSONString($0) }
      scratch.append(0x3A)
      let key = scratch.bytes(
        .scratch(0, scratch.scratchCount), of: UnsafeRawBufferPointer(start: nil, count: 0))
      let role: Role =
        switch String(decoding: name, as: UTF8.self) {
        case "date": .date
        case "time": .time
        case "c-ip": .client
        case "cs-method": .method
        case "cs-uri-stem", "cs-uri": .stem
        case "sc-status": .status
        default: .other
        }
      return Column(name: Array(key), role: role)
    }
  }
}
