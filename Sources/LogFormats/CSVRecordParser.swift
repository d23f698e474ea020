import IncidentModel

/// Reads the rows of a table: the header, and where each column goes.
final class CSVRecordParser: RecordParser {
  struct Column {
    var role = FieldRole.other
    var unit: Int64 = 0
    var scale = SeverityScale.unknown
    var doubt = NameDoubt.none
    var isEpochOnly = false
    var zone: Int32?
    /// `"name":` in `names`.
    var nameStart = 0
    var nameEnd = 0
  }

  let naming: FieldNaming
  let traits: SourceTraits
  @exclusivity(unchecked) var row = CSVRow()
  @exclusivity(unchecked) var stamps = StampReader()
  @exclusivity(unchecked) var columns: [Column] = []
  @exclusivity(unchecked) var names: [UInt8] = []
  @exclusivity(unchecked) var header: [UInt8] = []
  @exclusivity(unchecked) var delimiter: UInt8 = 0x2C
  var forcedDelimiter: UInt8?
  @exclusivity(unchecked) var dateColumn = -1
  @exclusivity(unchecked) var clockColumn = -1
  @exclusivity(unchecked) var zoneColumn = -1
  /// The column of AM and PM, where they do not stand behind the clock.
  @exclusivity(unchecked) var halfColumn = -1
  /// The column of a message that is named like one.
  @exclusivity(unchecked) var messageColumn = -1
  /// No column is one of messages, though one may hold remarks: the words of a row make up what it says.
  @exclusivity(unchecked) var makesMessages = false
  /// Columns that name a device where the best one does not, best first.
  @exclusivity(unchecked) var spareDevices: [Int] = []
  @exclusivity(unchecked) var awaitsTimeColumn = false
  @exclusivity(unchecked) var levels = LevelNumbers()
  @exclusivity(unchecked) private var decimals = CSVDecimals()
  @exclusivity(unchecked) private var splitStamp = SplitStamp()
  /// The column of topics, of which a level may name the device.
  @exclusivity(unchecked) var topicColumn = -1
  /// The device that a line above the header names, and how well.
  var deviceAbove: (name: [UInt8], rank: UInt8) = ([], 255)
  /// A row has been read since the last line above a table.
  @exclusivity(unchecked) var isBelow = false
  /// A comment that may be the header.
  var comment: [UInt8] = []
  var linesBefore = 0
  /// False until a row has shown that the header is one.
  @exclusivity(unchecked) var hasRows = false
  let isGiven: Bool
  var namesTime = false
  /// The column whose quoted cell goes on in the next line; -1 elsewhere.
  @exclusivity(unchecked) private var openColumn = -1
  private var openLines = 0
  private static let openLimit = 1000

  /// A parser; `header` and `delimiter` are given where the file has no header line of its own.
  init(
    naming: FieldNaming = .usual, header: [String] = [], delimiter: UInt8? = nil,
    traits: SourceTraits = SourceTraits()
  ) {
    self.naming = naming
    self.traits = traits
    isGiven = !header.isEmpty
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
    if openColumn >= 0, let verdict = goOn(record, into: &reading) { return verdict }
    if record[0] == 0x23 {
      readComment(record)
      return .structure
    }
    if columns.isEmpty { return begin(record, into: &reading) }
    if record.count == header.count, record.elementsEqual(header) { return .structure }
    if !hasRows, isBetterHeader(record) { return readHeader(record) }
    guard row.split(record, delimiter: delimiter) else {
      return row.endsInQuote ? open(record, into: &reading) : .refused(.badQuoting)
    }
    let last = row.count - 1
    guard
      row.count == columns.count || row.count == columns.count + 1 && row[last].start == row[last].end
        || addColumn()
    else { return misfit(record) }
    if !hasRows, isUnits(record) { return .structure }
    return fill(record, columns.count, into: &reading)
  }

  /// True for a row of units, as some write below the header: brackets, hyphens, nothing.
  private func isUnits(_ record: UnsafeRawBufferPointer) -> Bool {
    var units = 0
    for index in 0..<columns.count {
      let cell = row[index]
      let count = cell.end - cell.start
      if count == 0 || count == 1 && record[cell.start] == 0x2D { continue }
      let last = record[cell.end - 1]
      switch record[cell.start] {
      case 0x5B where count > 1 && last == 0x5D, 0x28 where count > 1 && last == 0x29: units += 1
      default: return false
      }
    }
    return units > 0
  }

  /// Fills the reading from the first cells of the row.
  @inline(__always)
  private func fill(_ record: UnsafeRawBufferPointer, _ count: Int, into reading: inout Reading) -> Verdict {
    if awaitsTimeColumn { findTimeColumn(record, count) }
    hasRows = true
    isBelow = true
    reading.beginFields()
    var badStamp = -1
    for index in 0..<count {
      let cell = row[index]
      guard cell.start < cell.end else { continue }
      let column = columns[index]
      let bytes = Bytes.part(record, cell.start, cell.end)
      switch column.role {
      case .time where index != clockColumn:
        if column.isEpochOnly, JSONText.isNumber(bytes), !StampReader.mayBeEpoch(bytes) { break }
        if let stamp = naming.stamp(bytes, isText: true, unit: column.unit, &stamps) {
          set(stamp, cell, record, zone: column.zone, &reading)
        } else {
          badStamp = index
        }
        continue
      case .uptime where !namesTime && reading.kind == .none: setUptime(bytes, column, cell, &reading)
      case .severity:
        reading.severity = naming.severity(bytes, scale: column.scale)
        if reading.severity < 8 { continue }
        if column.scale == .doubtful {
          reading.severity = levels.severity(bytes, besideMessage: messageColumn >= 0)
          if reading.severity < 8, LevelNumbers.areCertain(bytes) { continue }
        }
      case .device, .message:
        // A slice of the record, or of scratch; fields that are being built in scratch are finished first.
        if column.role == .device, !namesDevice(record, index) { break }
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
    for index in 0..<count where row[index].hasQuotes { resolveQuotes(record, index, into: &reading) }
    if reading.device.isEmpty { takeOtherDevice(record, count, into: &reading) }
    if makesMessages { makeMessage(record, count, into: &reading) }
    if dateColumn >= 0, reading.kind == .none { joinDateAndClock(record, into: &reading) }
    if reading.kind == .none, namesTime, beginsAnotherTable(record) {
      reading.reset()
      forgetHeader()
      return readHeader(record)
    }
    return .event
  }

  private func set(
    _ stamp: Stamp, _ cell: CSVRow.Cell, _ record: UnsafeRawBufferPointer, zone: Int32?,
    _ reading: inout Reading
  ) {
    reading.kind = stamp.kind
    reading.time = stamp.time
    reading.resolution = stamp.resolution
    reading.stamp = .record(cell.start, cell.end - cell.start)
    reading.mark(stamp)
    if let zone { reading.take(zoneOfField: zone) }
    if zoneColumn >= 0, reading.kind == .noZone { addZone(stamp, record, &reading) }
  }

  /// The offset that stands in a column of its own.
  private func addZone(_ stamp: Stamp, _ record: UnsafeRawBufferPointer, _ reading: inout Reading) {
    let zone = zone(record)
    guard let sign = zone.first, sign == 0x2B || sign == 0x2D || zone.count == 1 else { return }
    var placed = stamp
    placed.end = 0
    StampReader.zone(zone, &placed)
    guard placed.kind == .absolute, placed.end == zone.count else { return }
    reading.kind = .absolute
    reading.time = placed.time
    // A zone that the stamp names and nobody knows does not matter beside an offset.
    reading.flags.remove(.ambiguousZone)
  }

  private func zone(_ record: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    cell(zoneColumn, record)
  }

  private func cell(_ column: Int, _ record: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    guard column >= 0, column < row.count else { return UnsafeRawBufferPointer(start: nil, count: 0) }
    return Bytes.part(record, row[column].start, row[column].end)
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
    } else if delimiter == 0x2C || !decimals.append(bytes, isSemicolon: delimiter == 0x3B, to: &reading) {
      reading.appendGuessing(bytes)
    }
  }

  /// Device, message and program with doubled quotes: resolved into scratch.
  private func resolveQuotes(_ record: UnsafeRawBufferPointer, _ index: Int, into reading: inout Reading) {
    let role = columns[index].role
    guard role == .device && namesDevice(record, index) || role == .message || role == .program else {
      return
    }
    let slice = unquoted(record, row[index].start, row[index].end, into: &reading)
    switch role {
    case .device:
      reading.device = slice
      reading.basis = .selfAsserted
    case .message: reading.message = slice
    default: reading.program = slice
    }
  }

  func unquoted(
    _ record: UnsafeRawBufferPointer, _ from: Int, _ to: Int, into reading: inout Reading
  ) -> Slice {
    let start = reading.scratchCount
    var i = from
    while i < to {
      reading.append(record[i])
      i &+= record[i] == 0x22 && i &+ 1 < to && record[i &+ 1] == 0x22 ? 2 : 1
    }
    return Slice.scratch(start, reading.scratchCount - start)
  }

  private func joinDateAndClock(_ record: UnsafeRawBufferPointer, into reading: inout Reading) {
    guard dateColumn < row.count, clockColumn < row.count else { return }
    let date = row[dateColumn]
    let zoneOfDate = columns[dateColumn].zone
    guard clockColumn >= 0 else {
      if let stamp = stamps.any(Bytes.part(record, date.start, date.end)) {
        set(stamp, date, record, zone: zoneOfDate, &reading)
      }
      return
    }
    let clock = row[clockColumn]
    let zone = columns[clockColumn].zone ?? zoneOfDate
    guard halfColumn < 0, date.end - date.start == 10, clock.end - clock.start >= 8,
      let day = StampReader.isoDate(record, date.start), record[clock.start &+ 2] == 0x3A
    else { return joinText(record, date, clock, zone: zone, into: &reading) }
    var time = StampReader.clock(record, clock.start)
    guard time >= 0 else { return }
    var stamp = Stamp()
    stamp.end = clock.start + 8
    let bounded = UnsafeRawBufferPointer(rebasing: record[..<clock.end])
    StampReader.fraction(bounded, &stamp.end, &time, &stamp.resolution)
    stamp.time = day &+ time
    StampReader.zone(bounded, &stamp)
    set(stamp, clock, record, zone: zone, &reading)
  }

  /// A date that is written otherwise, or a whole stamp beside a date.
  @inline(never)
  private func joinText(
    _ record: UnsafeRawBufferPointer, _ date: CSVRow.Cell, _ clock: CSVRow.Cell, zone fieldZone: Int32?,
    into reading: inout Reading
  ) {
    let clockText = Bytes.part(record, clock.start, clock.end)
    if clockText.count > 12, let stamp = stamps.any(clockText), stamp.kind != .timeOfDay {
      return set(stamp, clock, record, zone: fieldZone, &reading)
    }
    let isRead = splitStamp.read(
      date: Bytes.part(record, date.start, date.end), clock: clockText, zone: zone(record),
      half: cell(halfColumn, record), &stamps, into: &reading)
    if isRead, let fieldZone { reading.take(zoneOfField: fieldZone) }
  }

  // MARK: Cells over several lines

  /// A quoted cell that is not closed in its line goes on in the next one. What tells of whom and when the row is has to stand before.
  @inline(never)
  private func open(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
    guard row.count <= columns.count || addColumn() else { return .refused(.badQuoting) }
    let last = row.count - 1
    for index in last..<columns.count {
      switch columns[index].role {
      case .other, .message, .program: continue
      case .severity where index > last: continue
      default: return .refused(.badQuoting)
      }
    }
    openColumn = last
    openLines = 0
    return fill(record, row.count, into: &reading)
  }

  /// A line behind an open cell; nil where it is a row of its own, since the quote was never meant to be closed.
  @inline(never)
  private func goOn(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict? {
    openLines += 1
    guard openLines < Self.openLimit, !isRow(record) else {
      openColumn = -1
      return nil
    }
    let end = CSVRow.closingQuote(record, delimiter: delimiter)
    reading.message = unquoted(record, 0, end ?? record.count, into: &reading)
    guard let end else { return .continuation }
    var column = openColumn + 1
    openColumn = -1
    let next = Bytes.find(delimiter, record, from: end, to: record.count) + 1
    guard next < record.count else { return .continuation }
    let rest = UnsafeRawBufferPointer(rebasing: record[next...])
    guard row.split(rest, delimiter: delimiter) || row.endsInQuote else { return .continuation }
    reading.beginFields()
    for index in 0..<row.count where column < columns.count {
      if row[index].start < row[index].end, !takeSeverity(columns[column], rest, row[index], into: &reading) {
        appendField(columns[column], rest, row[index], into: &reading)
      }
      column += 1
    }
    reading.endFields()
    if row.endsInQuote { openColumn = column - 1 }
    return .continuation
  }

  /// The severity of a row that began in a line before. False where the cell stays a field.
  private func takeSeverity(
    _ column: Column, _ record: UnsafeRawBufferPointer, _ cell: CSVRow.Cell, into reading: inout Reading
  ) -> Bool {
    guard column.role == .severity else { return false }
    let bytes = Bytes.part(record, cell.start, cell.end)
    var severity = naming.severity(bytes, scale: column.scale)
    var isWhole = severity < 8
    if !isWhole, column.scale == .doubtful {
      severity = levels.severity(bytes, besideMessage: messageColumn >= 0)
      isWhole = severity < 8 && LevelNumbers.areCertain(bytes)
    }
    guard severity < 8 else { return false }
    reading.severity = severity
    reading.flags.insert(.tellsSeverity)
    return isWhole
  }

  /// True for a whole row whose time can be read.
  private func isRow(_ record: UnsafeRawBufferPointer) -> Bool {
    let timeColumn = columns.firstIndex { $0.role == .time } ?? dateColumn
    guard timeColumn >= 0, row.split(record, delimiter: delimiter) || row.endsInQuote,
      row.count > timeColumn + 1, row.count <= columns.count + 1
    else { return false }
    let cell = Bytes.part(record, row[timeColumn].start, row[timeColumn].end)
    let isDate = dateColumn == timeColumn && row.count == columns.count && Bytes.isDigit(cell.first ?? 0)
    return cell.count >= 8 && (isDate || stamps.any(cell) != nil)
  }

  /// No column is named like a time: of those whose value is a stamp the one whose name speaks most for it, the first of several.
  private func findTimeColumn(_ record: UnsafeRawBufferPointer, _ count: Int) {
    awaitsTimeColumn = false
    var best: (index: Int, likelihood: Int)?
    for index in 0..<min(count, columns.count) where columns[index].role == .other {
      let cell = row[index]
      let bytes = Bytes.part(record, cell.start, cell.end)
      guard bytes.count >= 14, let stamp = stamps.any(bytes), stamp.kind != .sinceBoot else { continue }
      let name = String(decoding: names[columns[index].nameStart..<columns[index].nameEnd], as: UTF8.self)
      let likelihood = JSONObjectReader.likelihood(name)
      if likelihood > best?.likelihood ?? 0 { best = (index, likelihood) }
    }
    if let best { columns[best.index].role = .time }
  }
}
