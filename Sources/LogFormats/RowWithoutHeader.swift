/// Which cells behind the stamp hold what in the rows of a source without a header; -1 where none does in most of them.
struct RowLayout: Equatable {
  var level = -1
  var device = -1
}

/// The first cells behind the stamp of a row without a header, blanks and quotes around them left out.
struct RowCells {
  static let limit = 4
  private(set) var cells = InlineArray<4, Slice>(repeating: .empty)
  /// Offsets behind the cells and their dividers.
  private(set) var ends: InlineArray<4, Int>
  private(set) var count = 0

  /// - Parameter stampEnd: Offset of the divider behind the stamp.
  init(_ record: UnsafeRawBufferPointer, from stampEnd: Int) {
    let divider = stampEnd < record.count ? record[stampEnd] : 0x2C
    ends = InlineArray(repeating: record.count)
    var start = stampEnd &+ 1
    while count < Self.limit, start < record.count {
      let behind = Self.end(record, start, divider)
      ends[count] = min(behind &+ 1, record.count)
      var first = start
      var end = behind
      while first < end, record[first] == 0x20 { first &+= 1 }
      while end > first, record[end &- 1] == 0x20 || record[end &- 1] == 0x0D { end &-= 1 }
      if end &- first > 2, record[first] == 0x22, record[end &- 1] == 0x22 {
        first &+= 1
        end &-= 1
      }
      cells[count] = .record(first, end &- first)
      count &+= 1
      start = behind &+ 1
    }
  }
}

extension RowCells {
  /// Offset of the divider behind the cell at `start`; dividers within quotes are none.
  private static func end(_ record: UnsafeRawBufferPointer, _ start: Int, _ divider: UInt8) -> Int {
    guard record[start] == 0x22 else {
      return Bytes.findNear(divider, record, from: start, to: record.count)
    }
    var i = start &+ 1
    while i < record.count, record[i] != 0x22 || i &+ 1 < record.count && record[i &+ 1] != divider {
      i &+= 1
    }
    // A quote that nobody closed is text.
    return i < record.count ? i &+ 1 : Bytes.findNear(divider, record, from: start, to: record.count)
  }
}

/// What the cells behind the stamp of a row tell where no header names them: a severity, and beside it a device.
struct RowWithoutHeader {
  /// 0 to 7, or 255: of the cell that holds the source's severities, or of one that is nothing but a word for one.
  private(set) var severity: UInt8 = 255
  /// What stands where the source's severities do and is none that is known.
  private(set) var unknownLevel = Slice.empty
  private(set) var device = Slice.empty
  /// Offset behind the two, where nothing else stands before them: else that of the first cell.
  private(set) var end = 0

  /// - Parameters:
  ///   - stampEnd: Offset of the divider behind the stamp.
  ///   - layout: What the source's first rows have shown. Where they have shown nothing, a word for a severity counts in any of the first cells, and
  ///     beside it what looks like one of a series of devices.
  @inline(never)
  init(_ record: UnsafeRawBufferPointer, from stampEnd: Int, layout: RowLayout = RowLayout()) {
    let row = RowCells(record, from: stampEnd)
    var level = layout.level
    if level >= 0, level < row.count {
      let cell = row.cells[level]
      // Beside words for severities those for priorities are some as well.
      severity = SeverityText.severity(Bytes.part(record, cell.start, cell.end), scale: .alarmWords)
      if severity > 7 {
        // Without a level the row's cells begin sooner.
        if Self.isWord(record, cell) { unknownLevel = cell } else { level = -1 }
      }
    } else {
      level = -1
      for index in 0..<row.count where level < 0 {
        severity = Self.level(record, row.cells[index])
        if severity < 8 { level = index }
      }
    }
    var place = layout.device
    if place >= 0, place < row.count {
      let cell = row.cells[place]
      if !DeviceName.isPlaceholder(Bytes.part(record, cell.start, cell.end)) { device = cell }
    } else if level == 0 || level == 1 {
      place = 1 &- level
      let name = row.cells[place]
      if NamedSpeaker.isName(record, name.start, name.end) { device = name }
    }
    end = min(stampEnd &+ 1, record.count)
    for index in 0..<row.count {
      guard index == level || index == place && !device.isEmpty else { break }
      end = row.ends[index]
    }
  }

  private static func isWord(_ record: UnsafeRawBufferPointer, _ cell: Slice) -> Bool {
    cell.count >= 3 && cell.count <= 32
      && record[cell.start..<cell.end].allSatisfy {
        Bytes.isLetter($0) || $0 >= 0x80 || $0 == 0x5F || $0 == 0x2D
      }
  }

  private static func level(_ record: UnsafeRawBufferPointer, _ cell: Slice) -> UInt8 {
    guard cell.count > 1, !Bytes.isDigit(record[cell.start]) else { return 255 }
    return SeverityText.cell(Bytes.part(record, cell.start, cell.end))
  }
}

/// Finds the layout of rows without a header by the first of a source.
struct RowSurvey {
  private struct Column {
    var levels = 0
    var named = 0
    var areSure = true
    var kinds: Set<String> = []
    var names: Set<String> = []
  }
  private var rows = 0
  private var columns = [Column](repeating: Column(), count: RowCells.limit)
  private static let least = 3

  mutating func add(_ record: UnsafeRawBufferPointer, from stampEnd: Int) {
    rows += 1
    let row = RowCells(record, from: stampEnd)
    for index in 0..<row.count {
      let cell = row.cells[index]
      let bytes = Bytes.part(record, cell.start, cell.end)
      if SeverityText.cell(bytes) < 8 {
        columns[index].levels += 1
      } else if LineSpeaker.mayBeName(bytes) {
        columns[index].named += 1
        if !NamedSpeaker.isName(record, cell.start, cell.end) { columns[index].areSure = false }
        columns[index].kinds.insert(LineSpeaker.kind(bytes))
        columns[index].names.insert(String(decoding: bytes, as: UTF8.self))
      } else if !bytes.isEmpty {
        columns[index].names.insert(String(decoding: bytes, as: UTF8.self))
      }
    }
  }

  /// The cell of the severities is that with words for them in half of the rows, whatever the other words there mean. Devices stand in a cell of most
  /// rows beside it that holds names of one series, or names of the inventory.
  func layout(_ context: SourceContext) -> RowLayout {
    var layout = RowLayout()
    guard rows >= Self.least else { return layout }
    let most = columns.indices.max { (columns[$0].levels, $1) < (columns[$1].levels, $0) } ?? 0
    guard columns[most].levels * 2 >= rows else { return layout }
    layout.level = most
    let others = columns.indices.filter { $0 != most }
    if !context.knownDevices.isEmpty {
      let known = others.first { index in
        let names = columns[index].names
        return names.count { context.knownDevices.contains($0) } * 2 > names.count
      }
      if known != nil || context.isOfKnownDevice {
        layout.device = known ?? -1
        return layout
      }
    }
    layout.device =
      others.first { index in
        let column = columns[index]
        return column.named * 10 >= rows * 9 && (column.areSure || column.kinds.count == 1)
          && (column.names.count < column.named || column.named < 8)
      } ?? -1
    return layout
  }
}
