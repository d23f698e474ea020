/// The header of a table, and what stands before it.
extension CSVRecordParser {
  /// The first lines: a header, or what stands above one.
  @inline(never)
  func begin(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
    if linesBefore == 0, forcedDelimiter == nil, let said = CSVHeader.delimiter(saidBy: record) {
      forcedDelimiter = said
      return .structure
    }
    linesBefore += 1
    if CSVHeader.look(record, delimiter: forcedDelimiter, &row, &stamps) != nil { return readHeader(record) }
    if !comment.isEmpty {
      let isHeader = comment.withUnsafeBytes {
        CSVHeader.look($0, delimiter: forcedDelimiter, &row, &stamps).map { look in
          row.split(record, delimiter: look.delimiter) && row.count == look.columns
        } ?? false
      }
      if isHeader {
        let line = comment
        comment = []
        line.withUnsafeBytes { _ = readHeader($0) }
        return parse(record, into: &reading)
      }
    }
    let verdict = readHeader(record)
    guard case .refused = verdict, linesBefore <= CSVHeader.preambleLimit, CSVHeader.isPreamble(record) else {
      return verdict
    }
    noteDevice(above: record)
    return .structure
  }

  func readComment(_ record: UnsafeRawBufferPointer) {
    if columns.isEmpty {
      let text = CSVHeader.text(ofComment: record)
      let look = CSVHeader.look(text, delimiter: forcedDelimiter, &row, &stamps)
      if look?.namesTime == true { comment = Array(text) } else { noteDevice(above: record) }
    } else if !isGiven, hasRows {
      if CSVHeader.beginsTable(record) { forgetHeader() } else { noteDevice(above: record) }
    }
  }

  /// True for a header in the middle, where tables were put behind one another: of other columns, in another order, or quoted otherwise. None of
  /// its cells is a number or a stamp, one names a time, and others say what they hold or are columns already. Of as many cells as a row has a time
  /// has to stand where the rows have theirs, or most have to be names. What `row` holds is lost.
  @inline(never)
  func beginsAnotherTable(_ record: UnsafeRawBufferPointer) -> Bool {
    guard !isGiven, let look = CSVHeader.look(record, delimiter: forcedDelimiter, &row, &stamps),
      look.namesTime, row.split(record, delimiter: look.delimiter)
    else { return false }
    let own = header.withUnsafeBytes { Set($0.split(separator: delimiter).map { Self.plain($0) }) }
    let timeColumn = columns.firstIndex { $0.role == .time } ?? dateColumn
    var telling = 0
    var isTimesOwn = false
    for index in 0..<row.count where row[index].start < row[index].end {
      let name = String(decoding: Bytes.part(record, row[index].start, row[index].end), as: UTF8.self)
      let role = naming.meaning(name).role
      if own.contains(name) || role != .other { telling += 1 }
      if index == timeColumn, role == .time || role == .date { isTimesOwn = true }
    }
    guard telling >= 2 else { return false }
    return row.count != columns.count || isTimesOwn || telling * 4 >= row.count * 3
  }

  /// A cell of a header without quotes and blanks around it.
  private static func plain(_ cell: Swift.Slice<UnsafeRawBufferPointer>) -> String {
    let signs: Set<UInt8> = [0x20, 0x22]
    let start = cell.firstIndex { !signs.contains($0) } ?? cell.endIndex
    let end = cell.lastIndex { !signs.contains($0) }.map { $0 + 1 } ?? start
    return String(decoding: cell[start..<end], as: UTF8.self)
  }

  func forgetHeader() {
    columns = []
    names = []
    dateColumn = -1
    clockColumn = -1
    zoneColumn = -1
    halfColumn = -1
    messageColumn = -1
    spareDevices = []
    topicColumn = -1
    hasRows = false
    linesBefore = 0
  }

  /// What was taken for the header was a line above it.
  func isBetterHeader(_ record: UnsafeRawBufferPointer) -> Bool {
    guard !isGiven, !namesTime,
      CSVHeader.look(record, delimiter: forcedDelimiter, &row, &stamps)?.namesTime == true
    else { return false }
    forgetHeader()
    return true
  }

  /// A row of too few or too many cells.
  func misfit(_ record: UnsafeRawBufferPointer) -> Verdict {
    if hasRows {
      if beginsAnotherTable(record) {
        forgetHeader()
        return readHeader(record)
      }
      return !isGiven && CSVHeader.isPreamble(record) && noteDevice(above: record)
        ? .structure : .refused(.badColumns)
    }
    guard !isGiven, !namesTime, linesBefore < CSVHeader.preambleLimit, CSVHeader.isPreamble(record)
    else { return .refused(.badColumns) }
    linesBefore += 1
    noteDevice(above: record)
    return .structure
  }

  /// A column without a heading, where the first row ends with a quoted text that no heading stands above: Windows' event viewer
  /// writes its messages so.
  func addColumn() -> Bool {
    guard !hasRows, !isGiven, row.count == columns.count + 1, row[row.count - 1].isQuoted else {
      return false
    }
    let hasMessage = columns.contains { $0.role == .message }
    add(Array("column_\(row.count)".utf8), .other)
    columns[columns.count - 1].role = hasMessage ? .other : .message
    makesMessages = false
    if !hasMessage { messageColumn = columns.count - 1 }
    return true
  }

  private func add(_ name: [UInt8], _ meaning: FieldMeaning) {
    var column = Column(
      role: .other, unit: meaning.unit, scale: meaning.scale, doubt: meaning.doubt,
      isEpochOnly: meaning.isEpochOnly, zone: meaning.zone)
    column.nameStart = names.count
    var scratch = Reading()
    name.withUnsafeBytes { scratch.appendJSONString($0) }
    names += Array(
      scratch.bytes(.scratch(0, scratch.scratchCount), of: UnsafeRawBufferPointer(start: nil, count: 0)))
    names.append(0x3A)
    column.nameEnd = names.count
    columns.append(column)
  }

  func readHeader(_ record: UnsafeRawBufferPointer) -> Verdict {
    guard let delimiter = forcedDelimiter ?? CSVRow.delimiter(of: record),
      row.split(record, delimiter: delimiter),
      row.count >= 2
    else {
      return .refused(.noHeader)
    }
    self.delimiter = delimiter
    header = Array(record)
    namesTime = false
    var ranks: [FieldRole: (rank: UInt8, index: Int)] = [:]
    var devices: [(rank: UInt8, index: Int)] = []
    let headings = (0..<row.count).map { index in
      String(decoding: Bytes.part(record, row[index].start, row[index].end), as: UTF8.self)
    }
    let normalized = headings.map(FieldNames.normalized)
    // In Windows' event log the source is who wrote the event, not where.
    let isEventLog = normalized.contains("eventid")
    if isEventLog { levels = LevelNumbers(scales: LevelScales(level: .windows)) }
    var taken: Set<String> = []
    for (index, name) in headings.enumerated() {
      var meaning = naming.meaning(name)
      var key = name
      meaning = key.withUTF8 { traits.adjusted(meaning, of: UnsafeRawBufferPointer($0)) }
      if isEventLog, normalized[index] == "source" { meaning = FieldMeaning(role: .program, rank: 200) }
      add(Array(Self.unique(name, index, among: headings, &taken).utf8), meaning)
      if ["tz", "timezone", "utcoffset", "zeitzone"].contains(normalized[index]) { zoneColumn = index }
      if ["am/pm", "ampm", "meridiem"].contains(normalized[index]) { halfColumn = index }
      guard meaning.role != .other else { continue }
      // A topic holds more than the name.
      if meaning.doubt == .topic { topicColumn = index }
      guard meaning.doubt != .topic else { continue }
      if meaning.role == .device { devices.append((meaning.rank, index)) }
      if let best = ranks[meaning.role], best.rank <= meaning.rank { continue }
      ranks[meaning.role] = (meaning.rank, index)
    }
    if ranks[.time] == nil, ranks[.date] == nil, let clock = ranks.removeValue(forKey: .timeOfDay) {
      // Without a date beside it, a clock may tell the day itself.
      ranks[.time] = clock
    }
    for (role, best) in ranks { columns[best.index].role = role }
    spareDevices = devices.filter { $0.index != ranks[.device]?.index }.sorted { $0 < $1 }.map(\.index)
    makesMessages =
      traits.areSpoken && ranks[.message].map { WordSurvey.isRemark(headings[$0.index]) } ?? true
    if let message = ranks[.message], FieldNames.namesMessage(rank: message.rank) {
      messageColumn = message.index
    }
    dateColumn = ranks[.date]?.index ?? -1
    if dateColumn >= 0 {
      clockColumn = ranks[.timeOfDay]?.index ?? ranks[.time]?.index ?? -1
    }
    awaitsTimeColumn = ranks[.time] == nil && ranks[.date] == nil && !naming.fixedRoles.contains(.time)
    namesTime = ranks[.time] != nil || ranks[.date] != nil
    return .structure
  }

  /// The name of a column's field: that of its heading, with a number behind it where another has it already.
  private static func unique(
    _ heading: String, _ index: Int, among headings: [String], _ taken: inout Set<String>
  ) -> String {
    let base = heading.isEmpty ? "column_\(index + 1)" : heading
    var name = base
    var number = 2
    while name != base && headings.contains(name) || !taken.insert(name).inserted {
      name = "\(base)_\(number)"
      number += 1
    }
    return name
  }
}
