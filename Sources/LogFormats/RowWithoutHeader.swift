/// What the cells behind the stamp of a row tell where no header names them: a severity, and beside it a device.
struct RowWithoutHeader {
  /// 0 to 7: of a cell that is nothing but a word for it, among the four behind the stamp; or 255.
  private(set) var severity: UInt8 = 255
  /// The cell before or behind that one, where it looks like one of a series of devices and nothing else stands before the two.
  private(set) var device = Slice.empty
  /// Offset behind both.
  private(set) var end = 0

  /// - Parameter stampEnd: Offset of the divider behind the stamp.
  @inline(never)
  init(_ record: UnsafeRawBufferPointer, from stampEnd: Int) {
    let divider = stampEnd < record.count ? record[stampEnd] : 0x2C
    var cells = InlineArray<4, Slice>(repeating: .empty)
    var ends = InlineArray<4, Int>(repeating: record.count)
    var found = -1
    var start = stampEnd &+ 1
    for index in 0..<4 where start < record.count {
      let end = Bytes.findNear(divider, record, from: start, to: record.count)
      let isQuoted = end &- start > 2 && record[start] == 0x22 && record[end &- 1] == 0x22
      let cell = Slice.record(isQuoted ? start &+ 1 : start, isQuoted ? end &- start &- 2 : end &- start)
      cells[index] = cell
      ends[index] = min(end &+ 1, record.count)
      start = end &+ 1
      guard found < 0, cell.count >= 3 else { continue }
      severity = SeverityText.word(Bytes.part(record, cell.start, cell.end))
      if severity < 8 { found = index }
    }
    guard found == 0 || found == 1 else { return }
    let name = cells[1 &- found]
    guard NamedSpeaker.isName(record, name.start, name.end) else { return }
    device = name
    end = ends[1]
  }
}
