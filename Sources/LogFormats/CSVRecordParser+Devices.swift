import IncidentModel

/// What a row says that has no message.
extension CSVRecordParser {
  /// Makes up the message of the words that found no other place; they stay among the fields.
  @inline(never)
  func makeMessage(_ record: UnsafeRawBufferPointer, _ count: Int, into reading: inout Reading) {
    let start = reading.scratchCount
    for index in 0..<count {
      let cell = row[index]
      let isFree: Bool =
        switch columns[index].role {
        case .message: true
        case .other: index != zoneColumn && index != halfColumn
        case .severity: reading.severity > 7
        default: false
        }
      guard isFree, cell.start < cell.end,
        reading.device != .record(cell.start, cell.end - cell.start),
        WordSurvey.tells(Bytes.part(record, cell.start, cell.end), &stamps)
      else { continue }
      if reading.scratchCount > start { reading.append(", ") }
      _ = unquoted(record, cell.start, cell.end, into: &reading)
    }
    reading.message = Slice.scratch(start, reading.scratchCount - start)
  }
}

/// Whose a row is, and the time since its boot.
extension CSVRecordParser {
  /// The time since boot in a table that has no other; it stays among the fields.
  func setUptime(
    _ bytes: UnsafeRawBufferPointer, _ column: Column, _ cell: CSVRow.Cell, _ reading: inout Reading
  ) {
    let unit = column.unit == 0 ? StampReader.second : column.unit
    guard let (time, resolution) = StampReader.epoch(bytes, unit: unit), time >= 0 else { return }
    reading.kind = .sinceBoot
    reading.time = time
    reading.resolution = resolution
    reading.stamp = .record(cell.start, cell.end - cell.start)
  }

  func namesDevice(_ record: UnsafeRawBufferPointer, _ index: Int) -> Bool {
    let cell = row[index]
    let value = Bytes.part(record, cell.start, cell.end)
    let doubt = columns[index].doubt
    guard
      doubt != .none || value.isEmpty || Bytes.isDigit(value[0])
        || DeviceName.mayBePlaceholder(first: value[0], last: value[value.count - 1])
    else { return true }
    return DeviceName.isGiven(by: value, isText: cell.isQuoted || !JSONText.isNumber(value), doubt)
  }

  /// The best device column holds no name: the next one that does, else what stands above the table. A cell stays among the fields.
  @inline(__always)
  func takeOtherDevice(_ record: UnsafeRawBufferPointer, _ count: Int, into reading: inout Reading) {
    if !spareDevices.isEmpty || topicColumn >= 0 || !deviceAbove.name.isEmpty {
      findOtherDevice(record, count, into: &reading)
    }
  }

  @inline(never)
  private func findOtherDevice(_ record: UnsafeRawBufferPointer, _ count: Int, into reading: inout Reading) {
    for index in spareDevices where index < count && !row[index].hasQuotes && namesDevice(record, index) {
      reading.device = .record(row[index].start, row[index].end - row[index].start)
      reading.basis = .selfAsserted
      return
    }
    if topicColumn >= 0, topicColumn < count {
      let topic = row[topicColumn]
      if let level = DeviceName.level(of: Bytes.part(record, topic.start, topic.end)) {
        reading.device = .record(topic.start + level.lowerBound, level.count)
        reading.basis = .selfAsserted
        return
      }
    }
    guard !deviceAbove.name.isEmpty else { return }
    reading.device = deviceAbove.name.withUnsafeBytes { reading.appendSlice($0) }
    reading.basis = .selfAsserted
  }

  /// `Device: Logger 7`, `# Serial No.: 1234567` above a table, or above the rows that follow in the middle of one: whose they are. True where
  /// that is said.
  @discardableResult
  func noteDevice(above line: UnsafeRawBufferPointer) -> Bool {
    let text = CSVHeader.text(ofComment: line)
    let sign = text.firstIndex { $0 == 0x3A || $0 == 0x3D } ?? text.count
    let start = TextLine.skipBlanks(text, min(sign + 1, text.count))
    var end = text.count
    // Tables written by spreadsheets have their delimiters in each line.
    while end > start, text[end - 1] <= 0x20 || text[end - 1] == 0x2C || text[end - 1] == 0x3B { end -= 1 }
    let value = Bytes.part(text, start, end)
    let meaning = naming.meaning(String(decoding: text[..<sign], as: UTF8.self))
    guard meaning.role == .device, isBelow || meaning.rank < deviceAbove.rank, !value.isEmpty,
      value.count <= 64,
      DeviceName.isGiven(by: value, isText: !JSONText.isNumber(value), meaning.doubt)
    else { return false }
    deviceAbove = (Array(value), meaning.rank)
    isBelow = false
    return true
  }
}
