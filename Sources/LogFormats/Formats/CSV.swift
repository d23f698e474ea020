import IncidentModel

/// Tables with a header line: telemetry exports of any shape.
struct CSVFormat: LogFormat {
  let name = "csv"
  let summary =
    "CSV with a header line (RFC 4180; comma, semicolon, tab or bar), columns by their usual names"
  let yields = ["time", "device", "severity", "program", "every other column; numbers stay numbers"]
  let samples = [
    FormatSample("# exported by x", verdict: .structure),
    FormatSample("timestamp,device_id,level,message,temp_c,site", verdict: .structure),
    FormatSample(
      #"2026-04-07T09:08:09Z,dev-1,warn,"battery ""low"", 3 %",21.50,plant 2"#, time: "2026-04-07T09:08:09Z",
      device: "dev-1", severity: 4, message: #"battery "low", 3 %"#,
      fields: #"{"temp_c":21.50,"site":"plant 2"}"#),
    FormatSample(
      "1775552889.5,dev-2,,,,", time: "2026-04-07T09:08:09.5Z", device: "dev-2", severity: 255, fields: ""),
    FormatSample("", verdict: .blank),
    FormatSample("timestamp,device_id,level,message,temp_c,site", verdict: .structure),
    FormatSample("a,b", verdict: .refused(.badColumns)),
    FormatSample(#"2026-04-07T09:08:09Z,"dev-1,x,y,1,2"#, verdict: .refused(.badQuoting)),
    FormatSample(
      "soon,dev-3,err,m,1,2", time: "none", device: "dev-3", message: "m",
      fields: #"{"temp_c":1,"site":2,"timestamp":"soon"}"#),
  ]
  let refusals = ["plain text"]

  func score(_ line: UnsafeRawBufferPointer) -> Int { 0 }

  /// A header line that names a time column (or a stamp in the first row's cells), and rows of as many cells.
  func headScore(_ head: UnsafeRawBufferPointer) -> Int {
    var cursor = LineCursor(head)
    var row = CSVRow()
    var stamps = StampReader()
    var columns = 0
    var delimiter: UInt8 = 0x2C
    var agreeing = 0
    var seen = 0
    var hasTime = false
    var namesTime = false
    while seen < 20, let line = cursor.next() {
      if line.isEmpty || line[0] == 0x23 || cursor.isAtEnd && !cursor.endedWithNewline && seen > 1 {
        continue
      }
      if line[0] == 0x7B || line[0] == 0x3C { return 0 }
      if columns == 0 {
        guard let found = CSVRow.delimiter(of: line) else { return 0 }
        delimiter = found
        guard row.split(line, delimiter: delimiter), row.count >= 2 else { return 0 }
        columns = row.count
        for index in 0..<columns {
          let name = Bytes.part(line, row[index].start, row[index].end)
          if name.isEmpty || name.count > 64 { return 0 }
          let isNumber = JSONText.isNumber(name)
          if !isNumber, FieldNames.meaning(String(decoding: name, as: UTF8.self)).role == .time {
            hasTime = true
            namesTime = true
          }
          if isNumber || stamps.any(name) != nil { return 0 }
        }
        continue
      }
      seen += 1
      guard row.split(line, delimiter: delimiter) else { continue }
      if row.count == columns { agreeing += 1 }
      if !hasTime {
        for index in 0..<min(columns, row.count) {
          let cell = Bytes.part(line, row[index].start, row[index].end)
          if cell.count >= 14, stamps.any(cell) != nil { hasTime = true }
        }
      }
    }
    guard columns >= 2 else { return 0 }
    if seen == 0 { return hasTime && columns >= 3 ? 50 : 0 }
    // Two columns are a table only where somebody took the trouble of quoting.
    let isTable = columns >= 3 || Bytes.find(",\"", head) != nil || Bytes.find("\",", head) != nil
    if !hasTime { return isTable && seen >= 2 && agreeing == seen ? 40 : 0 }
    // One broken row (short, or a quoted cell that goes on in the next line) must not cost a small table its header.
    let broken = seen - agreeing
    if agreeing * 10 >= seen * 8 { return 90 }
    return namesTime && agreeing >= 1 && (broken <= 2 || agreeing * 2 >= seen) ? 70 : 0
  }

  func makeParser(_ context: SourceContext) -> any RecordParser { CSVRecordParser() }
}

/// The header and where each column goes.
final class CSVRecordParser: RecordParser {
  private struct Column {
    var role = FieldRole.other
    var unit: Int64 = 0
    var scale = SeverityScale.unknown
    /// `"name":` in `names`.
    var nameStart = 0
    var nameEnd = 0
  }

  private let naming: FieldNaming
  @exclusivity(unchecked) private var row = CSVRow()
  @exclusivity(unchecked) private var stamps = StampReader()
  @exclusivity(unchecked) private var columns: [Column] = []
  @exclusivity(unchecked) private var names: [UInt8] = []
  @exclusivity(unchecked) private var header: [UInt8] = []
  @exclusivity(unchecked) private var delimiter: UInt8 = 0x2C
  private var forcedDelimiter: UInt8?
  @exclusivity(unchecked) private var dateColumn = -1
  @exclusivity(unchecked) private var clockColumn = -1
  @exclusivity(unchecked) private var awaitsTimeColumn = false

  /// A parser; `header` and `delimiter` are given where the file has no header line of its own.
  init(naming: FieldNaming = .usual, header: [String] = [], delimiter: UInt8? = nil) {
    self.naming = naming
    forcedDelimiter = delimiter
    guard !header.isEmpty else { return }
    var line = Array(header.joined(separator: String(Unicode.Scalar(delimiter ?? 0x2C))).utf8)
    self.delimiter = delimiter ?? 0x2C
    forcedDelimiter = self.delimiter
    line.withUnsafeMutableBytes { _ = readHeader(UnsafeRawBufferPointer($0)) }
    self.header = []
  }

  func parse(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
    reading.reset()
    if Bytes.isBlank(record) { return .blank }
    if record[0] == 0x23 { return .structure }
    if columns.isEmpty { return readHeader(record) }
    if record.count == header.count, record.elementsEqual(header) { return .structure }
    guard row.split(record, delimiter: delimiter) else { return .refused(.badQuoting) }
    let last = row.count - 1
    guard row.count == columns.count || row.count == columns.count + 1 && row[last].start == row[last].end
    else {
      return .refused(.badColumns)
    }
    if awaitsTimeColumn { findTimeColumn(record) }
    reading.beginFields()
    var badStamp = -1
    for index in 0..<columns.count {
      let cell = row[index]
      guard cell.start < cell.end else { continue }
      let column = columns[index]
      let bytes = Bytes.part(record, cell.start, cell.end)
      switch column.role {
      case .time where index != clockColumn:
        if let stamp = naming.stamp(bytes, isText: true, unit: column.unit, &stamps) {
          set(stamp, cell, &reading)
        } else {
          badStamp = index
        }
        continue
      case .severity:
        let severity = naming.severity(bytes, scale: column.scale)
        if severity < 8 {
          reading.severity = severity
          continue
        }
      case .device, .message:
        // A slice of the record, or of scratch; fields that are being built in scratch are finished first.
        if !cell.hasQuotes {
          let slice = Slice.record(cell.start, cell.end - cell.start)
          if column.role == .device {
            reading.device = slice
            reading.basis = .selfAsserted
          } else {
            reading.message = slice
          }
        }
        continue
      case .program: if !cell.hasQuotes { reading.program = .record(cell.start, cell.end - cell.start) }
      default: break
      }
      appendField(column, record, cell, into: &reading)
    }
    if badStamp >= 0 {
      reading.flags.insert(.badStamp)
      reading.stamp = .record(row[badStamp].start, row[badStamp].end - row[badStamp].start)
      appendField(columns[badStamp], record, row[badStamp], into: &reading)
    }
    reading.endFields()
    for index in 0..<columns.count where row[index].hasQuotes { resolveQuotes(record, index, into: &reading) }
    if dateColumn >= 0, reading.kind == .none { joinDateAndClock(record, into: &reading) }
    return .event
  }

  private func set(_ stamp: Stamp, _ cell: CSVRow.Cell, _ reading: inout Reading) {
    reading.kind = stamp.kind
    reading.time = stamp.time
    reading.resolution = stamp.resolution
    reading.stamp = .record(cell.start, cell.end - cell.start)
    reading.mark(stamp)
  }

  private func appendField(
    _ column: Column, _ record: UnsafeRawBufferPointer, _ cell: CSVRow.Cell, into reading: inout Reading
  ) {
    reading.separate()
    names.withUnsafeBytes { reading.append($0, column.nameStart, column.nameEnd) }
    let bytes = Bytes.part(record, cell.start, cell.end)
    if cell.hasQuotes {
      reading.append(0x22)
      var run = cell.start
      var i = cell.start
      while i < cell.end {
        if record[i] == 0x22 {
          reading.appendJSONCharacters(Bytes.part(record, run, i &+ 1))
          i &+= 2
          run = i
        } else {
          i &+= 1
        }
      }
      reading.appendJSONCharacters(Bytes.part(record, run, cell.end))
      reading.append(0x22)
    } else if cell.isQuoted {
      reading.appendJSONString(bytes)
    } else {
      reading.appendGuessing(bytes)
    }
  }

  /// Device, message and program with doubled quotes: resolved into scratch.
  private func resolveQuotes(_ record: UnsafeRawBufferPointer, _ index: Int, into reading: inout Reading) {
    let role = columns[index].role
    guard role == .device || role == .message || role == .program else { return }
    let cell = row[index]
    let start = reading.scratchCount
    var i = cell.start
    while i < cell.end {
      reading.append(record[i])
      i &+= record[i] == 0x22 ? 2 : 1
    }
    let slice = Slice.scratch(start, reading.scratchCount - start)
    switch role {
    case .device:
      reading.device = slice
      reading.basis = .selfAsserted
    case .message: reading.message = slice
    default: reading.program = slice
    }
  }

  private func joinDateAndClock(_ record: UnsafeRawBufferPointer, into reading: inout Reading) {
    let date = row[dateColumn]
    guard clockColumn >= 0 else {
      if let stamp = stamps.any(Bytes.part(record, date.start, date.end)) { set(stamp, date, &reading) }
      return
    }
    let clock = row[clockColumn]
    guard date.end - date.start == 10, clock.end - clock.start >= 8,
      let day = StampReader.isoDate(record, date.start)
    else { return }
    var time = StampReader.clock(record, clock.start)
    guard time >= 0 else { return }
    var stamp = Stamp()
    stamp.end = clock.start + 8
    let bounded = UnsafeRawBufferPointer(rebasing: record[..<clock.end])
    StampReader.fraction(bounded, &stamp.end, &time, &stamp.resolution)
    stamp.time = day &+ time
    StampReader.zone(bounded, &stamp)
    set(stamp, clock, &reading)
  }

  // MARK: Header

  private func readHeader(_ record: UnsafeRawBufferPointer) -> Verdict {
    guard let delimiter = forcedDelimiter ?? CSVRow.delimiter(of: record),
      row.split(record, delimiter: delimiter),
      row.count >= 2
    else {
      return .refused(.noHeader)
    }
    self.delimiter = delimiter
    header = Array(record)
    var ranks: [FieldRole: (rank: UInt8, index: Int)] = [:]
    for index in 0..<row.count {
      let cell = row[index]
      let name = String(decoding: Bytes.part(record, cell.start, cell.end), as: UTF8.self)
      let meaning = naming.meaning(name)
      var column = Column(role: .other, unit: meaning.unit, scale: meaning.scale)
      column.nameStart = names.count
      var scratch = Reading()
      scratch.appendJSONString(Bytes.part(record, cell.start, cell.end))
      names += Array(scratch.bytes(.scratch(0, scratch.scratchCount), of: record))
      names.append(0x3A)
      column.nameEnd = names.count
      columns.append(column)
      guard meaning.role != .other else { continue }
      if let best = ranks[meaning.role], best.rank <= meaning.rank { continue }
      ranks[meaning.role] = (meaning.rank, index)
    }
    for (role, best) in ranks { columns[best.index].role = role }
    dateColumn = ranks[.date]?.index ?? -1
    if dateColumn >= 0 {
      clockColumn = ranks[.timeOfDay]?.index ?? ranks[.time]?.index ?? -1
    }
    awaitsTimeColumn = ranks[.time] == nil && ranks[.date] == nil && !naming.fixedRoles.contains(.time)
    return .structure
  }

  /// No column is named like a time: the first one whose value is a stamp.
  private func findTimeColumn(_ record: UnsafeRawBufferPointer) {
    awaitsTimeColumn = false
    for index in columns.indices where columns[index].role == .other {
      let cell = row[index]
      let bytes = Bytes.part(record, cell.start, cell.end)
      if bytes.count >= 14, let stamp = stamps.any(bytes), stamp.kind != .sinceBoot {
        columns[index].role = .time
        return
      }
    }
  }
}
