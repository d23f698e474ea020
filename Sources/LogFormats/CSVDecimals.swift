/// Numbers with a comma before their fraction, in tables whose cells something else than a comma separates: `21,5`, `1.013,25`.
///
/// `1,234` may be a number with a fraction or a whole one with its thousands apart. Where semicolons separate the cells, the comma is
/// the decimal sign, which is why semicolons do; elsewhere, and where a number of the file shows otherwise, it stays text.
struct CSVDecimals {
  private enum Sign { case unknown, comma, point }
  private var sign = Sign.unknown

  /// Appends the number that a cell is; false where it is none, or needs no change.
  @inline(__always)
  mutating func append(_ cell: UnsafeRawBufferPointer, isSemicolon: Bool, to reading: inout Reading) -> Bool {
    guard let last = cell.last, Bytes.isDigit(last), sign != .point else { return false }
    let comma = Bytes.findNear(0x2C, cell, from: 0, to: cell.count)
    return comma < cell.count && append(cell, comma, isSemicolon, to: &reading)
  }

  /// The same for a cell with a comma.
  @inline(never)
  private mutating func append(
    _ cell: UnsafeRawBufferPointer, _ comma: Int, _ isSemicolon: Bool, to reading: inout Reading
  ) -> Bool {
    let start = cell[0] == 0x2D ? 1 : 0
    guard comma > start, cell.count < 64 else { return false }
    for index in (comma + 1)..<cell.count where !Bytes.isDigit(cell[index]) {
      // Thousands apart, then a point or the next thousands.
      if cell[index] == 0x2E || cell[index] == 0x2C, index == comma + 4, comma - start <= 3,
        digits(cell, start, comma)
      {
        sign = .point
      }
      return false
    }
    guard isWhole(cell, start, comma) else { return false }
    let isClear = cell.count - comma != 4 || comma - start > 3 || cell[start] == 0x30
    guard isClear || isSemicolon || sign == .comma else { return false }
    if isClear { sign = .comma }
    for index in 0..<comma where cell[index] != 0x2E { reading.append(cell[index]) }
    reading.append(0x2E)
    reading.append(cell, comma + 1, cell.count)
    return true
  }

  private func digits(_ cell: UnsafeRawBufferPointer, _ start: Int, _ end: Int) -> Bool {
    start < end && cell[start..<end].allSatisfy(Bytes.isDigit)
  }

  /// True for digits without a zero before others, perhaps with points between thousands.
  private func isWhole(_ cell: UnsafeRawBufferPointer, _ start: Int, _ end: Int) -> Bool {
    if cell[start] == 0x30 { return end == start + 1 }
    let first = Bytes.findNear(0x2E, cell, from: start, to: end)
    guard first < end else { return digits(cell, start, end) }
    guard first - start <= 3, (end - first) % 4 == 0 else { return false }
    var point = first
    guard digits(cell, start, first) else { return false }
    while point < end {
      guard cell[point] == 0x2E, digits(cell, point + 1, point + 4) else { return false }
      point += 4
    }
    return true
  }
}
