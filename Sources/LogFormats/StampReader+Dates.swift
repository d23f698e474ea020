import IncidentModel

// Dates in numbers and with the month's name, and clocks as people write them: one digit, twelve hours, no seconds.
extension StampReader {
  /// The time of day at `start`: `9:08`, `09:08:09.123`, `09:08:09:123` (WebSphere). Adds it to the stamp and moves its end; false where
  /// there is none. AM and PM are `zone`'s.
  @inline(__always)
  static func clock(_ bytes: UnsafeRawBufferPointer, at start: Int, _ stamp: inout Stamp) -> Bool {
    if start &+ 8 <= bytes.count {
      let usual = clock(bytes, start)
      if usual >= 0, start &+ 8 == bytes.count || bytes[start &+ 8] != 0x3A {
        stamp.time &+= usual
        stamp.end = start &+ 8
        fraction(bytes, &stamp.end, &stamp.time, &stamp.resolution)
        return true
      }
    }
    return looseClock(bytes, at: start, &stamp)
  }

  @inline(never)
  private static func looseClock(
    _ bytes: UnsafeRawBufferPointer, at start: Int, _ stamp: inout Stamp
  ) -> Bool {
    let count = bytes.count
    var i = start
    guard let hour = number(bytes, &i, most: 2), hour < 24, i &+ 3 <= count, bytes[i] == 0x3A else {
      return false
    }
    let minute = Bytes.twoDigits(bytes, i &+ 1)
    i &+= 3
    guard minute < 60, i == count || !Bytes.isDigit(bytes[i]) else { return false }
    var time = Int64(hour * 3600 + minute * 60) &* second
    var resolution = 60 &* second
    if i < count, bytes[i] == 0x3A, i &+ 1 < count, Bytes.isDigit(bytes[i &+ 1]) {
      guard i &+ 3 <= count else { return false }
      let seconds = Bytes.twoDigits(bytes, i &+ 1)
      guard seconds < 61 else { return false }
      time &+= Int64(seconds) &* second
      resolution = second
      i &+= 3
      if i &+ 4 <= count, bytes[i] == 0x3A, Bytes.twoDigits(bytes, i &+ 1) < 100, Bytes.isDigit(bytes[i &+ 3])
      {
        time &+= Int64(Bytes.twoDigits(bytes, i &+ 1) * 10 + Int(bytes[i &+ 3] &- 0x30)) &* 1_000_000
        resolution = 1_000_000
        i &+= 4
      } else {
        fraction(bytes, &i, &time, &resolution)
      }
      guard i == count || !Bytes.isDigit(bytes[i]) else { return false }
    }
    stamp.time &+= time
    stamp.resolution = resolution
    stamp.end = i
    return true
  }

  /// The numbers of a date at `start` and what stands between them; `i` moves behind the last.
  private struct DateNumbers {
    var first = 0
    var firstDigits = 0
    var second = 0
    var third = 0
    var thirdDigits = 0
    var separator: UInt8 = 0

    init?(_ bytes: UnsafeRawBufferPointer, _ i: inout Int) {
      let start = i
      guard let one = StampReader.number(bytes, &i, most: 4), i < bytes.count else { return nil }
      first = one
      firstDigits = i &- start
      separator = bytes[i]
      guard separator == 0x2F || separator == 0x2E || separator == 0x2D, firstDigits != 3 else { return nil }
      i &+= 1
      guard let two = StampReader.number(bytes, &i, most: 2), i < bytes.count, bytes[i] == separator else {
        return nil
      }
      second = two
      i &+= 1
      let third = i
      guard let last = StampReader.number(bytes, &i, most: 4) else { return nil }
      self.third = last
      thirdDigits = i &- third
      guard firstDigits == 4 ? thirdDigits <= 2 : thirdDigits == 4 || thirdDigits == 2 else { return nil }
    }
  }

  /// A date in numbers and a time of day: `04/07/2026 9:08:09 AM` (month first, as in the US, until the source shows otherwise),
  /// `07.04.2026 09:08`, `07-04-2026 09:08:09` (day first), `2026-4-7 9:08:09`, `26-04-07 09:08:09`, `04/07/26 09:08:09`, and with a
  /// hyphen before the clock (Suricata `04/07/2026-09:08:09`, Snort 3 `26/04/07-09:08:09`).
  @inline(never)
  static func numericDate(_ bytes: UnsafeRawBufferPointer, at start: Int) -> Stamp? {
    let count = bytes.count
    var i = start
    guard let date = DateNumbers(bytes, &i), i < count else { return nil }
    let isHyphenated = bytes[i] == 0x2D
    var stamp = Stamp()
    guard let dayStart = dayStart(date, isHyphenated: isHyphenated, &stamp) else { return nil }
    guard let clockStart = clockStart(bytes, behind: i) else { return nil }
    stamp.time = dayStart
    guard clock(bytes, at: clockStart, &stamp) else { return nil }
    zone(bytes, &stamp)
    // `PM:` behind a date as in the US is the clock's.
    if date.separator == 0x2F, stamp.kind == .noZone, stamp.end &+ 2 < count, bytes[stamp.end] == 0x20 {
      _ = meridiem(bytes, at: stamp.end &+ 1, &stamp, takesColon: true)
    }
    return stamp
  }

  /// A clock before its date: `08:00:00.250 20.11.2026`, `8:00:00 AM 11/20/2026`, `08:00:00, 2026-11-20`. The year has four digits, since a
  /// clock may stand before other numbers, too.
  static func clockFirst(_ bytes: UnsafeRawBufferPointer, at start: Int) -> Stamp? {
    guard start &+ 15 <= bytes.count, bytes[start &+ 1] == 0x3A || bytes[start &+ 2] == 0x3A else {
      return nil
    }
    return clockBeforeDate(bytes, at: start)
  }

  @inline(never)
  private static func clockBeforeDate(_ bytes: UnsafeRawBufferPointer, at start: Int) -> Stamp? {
    var stamp = Stamp()
    guard clock(bytes, at: start, &stamp) else { return nil }
    if stamp.end < bytes.count, bytes[stamp.end] == 0x20 {
      _ = meridiem(bytes, at: stamp.end &+ 1, &stamp, takesColon: false)
    }
    var i = stamp.end
    if i < bytes.count, bytes[i] == 0x2C { i &+= 1 }
    let gap = i
    i = TextLine.skipBlanks(bytes, i)
    guard i > gap, i &- gap <= 2, let date = DateNumbers(bytes, &i),
      date.firstDigits == 4 || date.thirdDigits == 4,
      i == bytes.count || bytes[i] != 0x2E || i &+ 1 == bytes.count || !Bytes.isDigit(bytes[i &+ 1]),
      let dayStart = dayStart(date, isHyphenated: false, &stamp)
    else { return nil }
    stamp.time &+= dayStart
    stamp.end = i
    zone(bytes, &stamp)
    return stamp
  }

  /// Where the clock behind a date begins; nil where something else stands there.
  private static func clockStart(_ bytes: UnsafeRawBufferPointer, behind end: Int) -> Int? {
    var i = end
    switch bytes[i] {
    case 0x54, 0x74, 0x5F, 0x2D: i &+= 1
    case 0x2C:
      i &+= 1
      if i < bytes.count, bytes[i] == 0x20 { i &+= 1 }
    case 0x20:
      while i < bytes.count, i &- end < 4, bytes[i] == 0x20 { i &+= 1 }
      if i &+ 1 < bytes.count, bytes[i] == 0x2D, bytes[i &+ 1] == 0x20 { i &+= 2 }
    default: return nil
    }
    return i < bytes.count && Bytes.isDigit(bytes[i]) ? i : nil
  }

  /// The day that the numbers mean, with what is to be said of its reading. `26-04-07` and `26/04/07` begin with the year, unless the source shows
  /// otherwise; `04/07/26` does not, since of the years up to 2012 hardly anything with such stamps is left.
  private static func dayStart(
    _ date: DateNumbers, isHyphenated: Bool, _ stamp: inout Stamp
  ) -> Int64? {
    if date.firstDigits == 4 { return dayStart(year: date.first, month: date.second, day: date.third) }
    let year = date.thirdDigits == 2 ? fullYear(date.third) : date.third
    if date.separator == 0x2E { return dayStart(year: year, month: date.second, day: date.first) }
    let beginsWithYear =
      date.thirdDigits == 2
      && (date.separator == 0x2D || isHyphenated || date.first > 12 && date.firstDigits == 2)
    if beginsWithYear, date.firstDigits != 2 { return nil }
    let monthFirst =
      beginsWithYear
      ? dayStart(year: fullYear(date.first), month: date.second, day: date.third)
      : dayStart(year: year, month: date.first, day: date.second)
    if beginsWithYear, date.separator == 0x2F, isHyphenated { return monthFirst }
    guard let asDay = dayStart(year: year, month: date.second, day: date.first) else {
      stamp.marks.insert(.monthFirst)
      return monthFirst
    }
    guard let asMonth = monthFirst else {
      stamp.marks.insert(.dayFirst)
      return asDay
    }
    if asDay == asMonth { return asDay }
    let isDayFirst = date.separator == 0x2D && !beginsWithYear
    stamp.marks.formUnion([.openDate, isDayFirst ? .dayFirst : .monthFirst])
    let read = isDayFirst ? asDay : asMonth
    stamp.swapDays = Int32(truncatingIfNeeded: ((isDayFirst ? asMonth : asDay) &- read) / day)
    return read
  }

  /// The year that two digits mean (POSIX, `%y`).
  static func fullYear(_ digits: Int) -> Int { digits < 69 ? 2000 + digits : 1900 + digits }

  /// Where a date in numbers and a clock stand at `start` that no calendar and no clock has (29 February of a common year, 24:00, month
  /// 13): the offset behind them; nil where that is not what stands there.
  @inline(never)
  static func impossible(_ bytes: UnsafeRawBufferPointer, at start: Int) -> Int? {
    var i = start
    guard start < bytes.count, Bytes.isDigit(bytes[start]), let date = DateNumbers(bytes, &i),
      i < bytes.count,
      date.firstDigits == 4 || date.thirdDigits == 4, let clock = clockStart(bytes, behind: i)
    else { return nil }
    i = clock
    guard number(bytes, &i, most: 2) != nil, i &+ 3 <= bytes.count, bytes[i] == 0x3A,
      Bytes.twoDigits(bytes, i &+ 1) < 100
    else { return nil }
    while i < bytes.count, Bytes.isDigit(bytes[i]) || bytes[i] == 0x3A || bytes[i] == 0x2E { i &+= 1 }
    if i < bytes.count, bytes[i] | 0x20 == 0x7A { i &+= 1 }
    return i == bytes.count || !Bytes.isLetter(bytes[i]) ? i : nil
  }

  /// A month's name in whatever language, perhaps with a point, and the separator behind it.
  @inline(never)
  private static func namedMonth(
    _ text: UnsafeRawBufferPointer, at start: Int, _ separator: UInt8
  ) -> (month: Int, end: Int)? {
    var i = start
    let limit = min(text.count, start &+ MonthNames.longest &+ 1)
    while i < limit, Bytes.isLetter(text[i]) || text[i] >= 0x80 { i &+= 1 }
    guard i < limit, let month = MonthNames.month(Bytes.part(text, start, i)) else { return nil }
    if text[i] == 0x2E { i &+= 1 }
    guard i &+ 8 < text.count, text[i] == separator else { return nil }
    return (month, i &+ 1)
  }

  /// Offset of the clock behind what some languages put between date and clock: `à`, `um`, `at`, `г.`, `a las`.
  @inline(never)
  static func behindLink(_ text: UnsafeRawBufferPointer, _ start: Int) -> Int {
    var i = start
    let limit = min(text.count, start &+ 10)
    guard i < limit, !Bytes.isDigit(text[i]) else { return start }
    while i < limit, Bytes.isLetter(text[i]) || text[i] >= 0x80 || text[i] == 0x20 || text[i] == 0x2E {
      i &+= 1
    }
    return i < limit && Bytes.isDigit(text[i]) && text[i &- 1] == 0x20 ? i : start
  }

  /// Where a month's name, a day, perhaps a year, and a clock stand at `start` that no calendar and no clock has (`Feb 30 10:00:00`,
  /// `Nov 29 25:61:00`): the offset behind them; nil where that is not what stands there. To be asked where there is no stamp.
  @inline(never)
  static func impossibleSyslog(_ bytes: UnsafeRawBufferPointer, at start: Int) -> Int? {
    var i = start
    while i < bytes.count, i &- start <= MonthNames.longest, bytes[i] > 0x20, bytes[i] != 0x2E { i &+= 1 }
    guard i < bytes.count, MonthNames.month(Bytes.part(bytes, start, i)) != nil else { return nil }
    if bytes[i] == 0x2E { i &+= 1 }
    i = TextLine.skipBlanks(bytes, i)
    guard number(bytes, &i, most: 2) != nil, i < bytes.count, bytes[i] == 0x20 else { return nil }
    i = TextLine.skipBlanks(bytes, i)
    if i &+ 5 < bytes.count, bytes[i &+ 4] == 0x20 {
      guard number(bytes, &i, most: 4) != nil else { return nil }
      i = TextLine.skipBlanks(bytes, i)
    }
    for part in 0..<3 {
      guard i &+ 2 <= bytes.count, Bytes.twoDigits(bytes, i) < 100 else { return nil }
      i &+= 2
      if part < 2 {
        guard i < bytes.count, bytes[i] == 0x3A else { return nil }
        i &+= 1
      }
    }
    if i &+ 1 < bytes.count, bytes[i] == 0x2E, Bytes.isDigit(bytes[i &+ 1]) {
      i &+= 1
      while i < bytes.count, Bytes.isDigit(bytes[i]) { i &+= 1 }
    }
    return i == bytes.count || bytes[i] == 0x20 || bytes[i] == 0x3A ? i : nil
  }

  /// A date with a month's name, and a clock: `07/Apr/2026:09:08:09 +0200` (common log format), `07 Apr 2026 09:08:09`,
  /// `7-Apr-2026 09:08:09.123`, `7-Apr-2026::09:08:09` (Erlang), `2026 Apr  7 09:08:09` (NX-OS); `7 Apr 09:08:09` has no year.
  static func dayFirst(_ text: UnsafeRawBufferPointer, at start: Int) -> Stamp? {
    let count = text.count
    var i = start
    guard let lead = number(text, &i, most: 4), i &+ 9 <= count else { return nil }
    let leadDigits = i &- start
    if text[i] == 0x2E, text[i &+ 1] == 0x20 { i &+= 1 }
    let separator = text[i]
    guard separator == 0x2F || separator == 0x20 || separator == 0x2D, leadDigits != 3 else { return nil }
    var month = month(text, i &+ 1)
    if month > 0, text[i &+ 4] == separator {
      i &+= 5
    } else {
      guard let named = namedMonth(text, at: i &+ 1, separator) else { return nil }
      month = named.month
      i = named.end
    }
    var day = lead
    var year: Int?
    if leadDigits == 4 {
      year = lead
      if i < count, text[i] == 0x20, separator == 0x20 { i &+= 1 }
      guard let value = number(text, &i, most: 2) else { return nil }
      day = value
    } else {
      let yearStart = i
      guard let value = number(text, &i, most: 4), i < count else { return nil }
      if i &- yearStart <= 2, separator == 0x20, text[i] == 0x3A {
        i = yearStart &- 1
      } else {
        year = i &- yearStart == 2 ? value + (value < 70 ? 2000 : 1900) : value
      }
    }
    if i &+ 1 < count, text[i] == 0x2C { i &+= 1 }
    guard i &+ 1 < count, text[i] == 0x3A || text[i] == 0x20 else { return nil }
    if text[i] == 0x3A, text[i &+ 1] == 0x3A { i &+= 1 }
    var stamp = Stamp()
    guard clock(text, at: year == nil ? i &+ 1 : behindLink(text, i &+ 1), &stamp) else { return nil }
    guard place(&stamp, year: year, month: month, day: day, text) else { return nil }
    if year == nil, stamp.end &+ 1 < count, text[stamp.end &+ 1] < 0x5B { yearlessTail(text, &stamp) }
    return stamp
  }

  /// Puts a time of day on its date, with the zone behind it; without a year on that day of any. False where there is no such day, or
  /// the clock is too coarse for a day without year.
  @inline(__always)
  static func place(
    _ stamp: inout Stamp, year: Int?, month: Int, day: Int, _ text: UnsafeRawBufferPointer
  ) -> Bool {
    if let year {
      guard let dayStart = dayStart(year: year, month: month, day: day) else { return false }
      stamp.time &+= dayStart
      zone(text, &stamp)
      return true
    }
    guard stamp.resolution < 60 &* second, let dayStart = leapYearDay(month: month, day: day) else {
      return false
    }
    stamp.time &+= dayStart
    stamp.kind = .noYear
    return true
  }
}
