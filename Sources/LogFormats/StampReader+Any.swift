import IncidentModel

// Stamps that stand alone in a field, in whatever form.
extension StampReader {
  /// The stamp that fills the bytes (blanks around it aside): RFC 3339 and its relatives, epoch numbers by size or in the
  /// given unit, RFC 3164, RFC 5322, the common log format's, `YYYYMMDDThhmmss`, dates in numbers. Nil for everything else.
  mutating func any(_ bytes: UnsafeRawBufferPointer, unit: Int64 = 0) -> Stamp? {
    var from = 0
    var to = bytes.count
    while from < to, bytes[from] <= 0x20 { from += 1 }
    while to > from, bytes[to - 1] <= 0x20 { to -= 1 }
    let text = Bytes.part(bytes, from, to)
    guard text.count >= 1, text.count <= 96, var stamp = form(text, unit: unit) else { return nil }
    guard stamp.end == text.count else { return nil }
    stamp.end += from
    return stamp
  }

  private mutating func form(_ text: UnsafeRawBufferPointer, unit: Int64) -> Stamp? {
    let first = text[0]
    if Bytes.isDigit(first) || first == 0x2D || first == 0x2B {
      if let stamp = iso(text) { return stamp }
      if let stamp = Self.compact(text) { return stamp }
      if let stamp = Self.dayFirst(text, at: 0) { return stamp }
      if let stamp = Self.numericDate(text, at: 0) { return stamp }
      if let stamp = Self.clockFirst(text, at: 0) ?? Self.eastAsian(text, at: 0) { return stamp }
      // `11月 29 10:00:00`.
      return Self.number(text, unit: unit) ?? Self.loose(text, at: 0, takesComma: false)
    }
    if let stamp = monthFirst(text, at: 0) { return stamp }
    return Self.weekday(text) ?? Self.foreignWeekday(text, at: 0)
  }

  /// A number as a stamp: an epoch, or a time since boot; nil for numbers that can be neither.
  static func number(_ text: UnsafeRawBufferPointer, unit: Int64) -> Stamp? {
    guard let (time, resolution) = epoch(text, unit: unit == 0 ? nil : unit) else { return nil }
    let stamp = placed(time, resolution, end: text.count)
    return stamp.kind == .none ? nil : stamp
  }

  /// An epoch number as a stamp. Below 3 years it cannot be a wall clock that anybody has set: time since boot. What is neither that nor a date
  /// of the years in which logs are written is a counter or a measurement, and no time: its kind says so.
  static func placed(_ time: Int64, _ resolution: Int64, end: Int) -> Stamp {
    var stamp = Stamp()
    stamp.end = end
    if time >= 0, time < 94_608_000 * second {
      stamp.kind = .sinceBoot
    } else if isDate(time) {
      stamp.kind = .absolute
    } else {
      stamp.resolution = 0
      return stamp
    }
    stamp.time = time
    stamp.resolution = resolution
    return stamp
  }

  /// True for instants of the years 1990 to 2099: of numbers before and behind more are something else than dates.
  static func isDate(_ time: Int64) -> Bool {
    time >= 631_152_000 * second && time < 4_102_444_800 * second
  }

  /// True for a number that is long enough for an epoch: ten digits and more before the point.
  static func mayBeEpoch(_ text: UnsafeRawBufferPointer) -> Bool {
    text.count >= 10 && text.prefix(10).allSatisfy(Bytes.isDigit)
  }

  /// `20260407T090809Z`, `20260407090809.123+0200`, `20260407 090809`.
  private static func compact(_ text: UnsafeRawBufferPointer) -> Stamp? {
    guard text.count >= 14 else { return nil }
    for index in 0..<8 where !Bytes.isDigit(text[index]) { return nil }
    let separated = text[8] == 0x54 || text[8] == 0x20 || text[8] == 0x2D
    let start = separated ? 9 : 8
    guard start + 6 <= text.count else { return nil }
    let hour = Bytes.twoDigits(text, start)
    let minute = Bytes.twoDigits(text, start + 2)
    let seconds = Bytes.twoDigits(text, start + 4)
    let year = Bytes.twoDigits(text, 0) * 100 + Bytes.twoDigits(text, 2)
    guard hour < 24, minute < 60, seconds < 61, year >= 1970, year < 2100,
      let day = dayStart(year: year, month: Bytes.twoDigits(text, 4), day: Bytes.twoDigits(text, 6))
    else { return nil }
    var stamp = Stamp()
    stamp.time = day &+ Int64(hour * 3600 + minute * 60 + seconds) * second
    stamp.end = start + 6
    // Fourteen digits and more: epoch numbers look alike but do not begin with a year and a month.
    if !separated, stamp.end < text.count, Bytes.isDigit(text[stamp.end]) { return nil }
    fraction(text, &stamp.end, &stamp.time, &stamp.resolution)
    zone(text, &stamp)
    return stamp
  }

  /// `Tue, 07 Apr 2026 09:08:09 +0200` (RFC 5322), `Tue Apr  7 09:08:09 2026` and `Tue Apr 7 09:08:09 CEST 2026` (asctime,
  /// date(1)), `Tue Apr 07 2026 09:08:09 GMT+0200 (CEST)` (JavaScript).
  static func weekday(_ text: UnsafeRawBufferPointer) -> Stamp? {
    guard text.count >= 20 else { return nil }
    var i = 0
    while i < 9, Bytes.isLetter(text[i]) { i += 1 }
    guard i >= 3, text[i] == 0x2C || text[i] == 0x20 else { return nil }
    guard
      ["sun", "mon", "tue", "wed", "thu", "fri", "sat"].contains(where: { Bytes.isWord($0, text, at: 0) })
    else {
      return nil
    }
    if text[i] == 0x2C { i += 1 }
    while i < text.count, text[i] == 0x20 { i += 1 }
    guard i + 12 <= text.count else { return nil }
    if Bytes.isDigit(text[i]) {
      guard var stamp = dayFirst(text, at: i), stamp.kind != .noYear else { return nil }
      skipComment(text, &stamp)
      return stamp
    }
    let month = month(text, i)
    i += 3
    guard month > 0, text[i] == 0x20 else { return nil }
    while i < text.count, text[i] == 0x20 { i += 1 }
    guard let day = number(text, &i, most: 2), i + 9 <= text.count, text[i] == 0x20 else { return nil }
    i += 1
    var stamp = Stamp()
    if text[i + 4] == 0x20 {
      guard let year = number(text, &i, most: 4), i < text.count, text[i] == 0x20,
        let dayStart = dayStart(year: year, month: month, day: day), clock(text, at: i + 1, &stamp)
      else { return nil }
      stamp.time &+= dayStart
      zone(text, &stamp)
      skipComment(text, &stamp)
      return stamp
    }
    guard clock(text, at: i, &stamp) else { return nil }
    stamp.kind = .noZone
    i = stamp.end
    guard i + 5 <= text.count, text[i] == 0x20 else { return nil }
    i += 1
    if Bytes.isLetter(text[i]) {
      stamp.end = i - 1
      words(text, at: i, &stamp)
      if stamp.end > i {
        i = stamp.end
      } else {
        while i < text.count, Bytes.isLetter(text[i]) { i += 1 }
        stamp.marks.insert(.ambiguousZone)
      }
      guard i < text.count, text[i] == 0x20 else { return nil }
      i += 1
    }
    guard let year = number(text, &i, most: 4), let dayStart = dayStart(year: year, month: month, day: day)
    else {
      return nil
    }
    stamp.time &+= dayStart
    stamp.end = i
    return stamp
  }

  /// ` (Central European Standard Time)`: the zone once more, in words.
  private static func skipComment(_ text: UnsafeRawBufferPointer, _ stamp: inout Stamp) {
    guard stamp.kind == .absolute, stamp.end + 2 < text.count, text[stamp.end] == 0x20,
      text[stamp.end + 1] == 0x28
    else { return }
    let limit = min(text.count, stamp.end + 64)
    let close = Bytes.findNear(0x29, text, from: stamp.end, to: limit)
    if close < limit { stamp.end = close + 1 }
  }
}

extension Bytes {
  /// True when a lower-case ASCII word stands at `offset`, in any case.
  static func isWord(_ word: StaticString, _ bytes: UnsafeRawBufferPointer, at offset: Int) -> Bool {
    guard offset >= 0, word.utf8CodeUnitCount <= bytes.count - offset else { return false }
    for index in 0..<word.utf8CodeUnitCount where bytes[offset + index] | 0x20 != word.utf8Start[index] {
      return false
    }
    return true
  }
}
