import IncidentModel

// Stamps at the start of a line of text.
extension StampReader {
  /// The stamp at `start`, whatever its form, with something other than a letter or digit behind it. Brackets around it are
  /// the caller's.
  mutating func leading(_ bytes: UnsafeRawBufferPointer, at start: Int) -> Stamp? {
    guard start &+ 8 < bytes.count, let stamp = leadingForm(bytes, at: start) else { return nil }
    if stamp.end < bytes.count, Bytes.isDigit(bytes[stamp.end]) || Bytes.isLetter(bytes[stamp.end]) {
      return nil
    }
    return stamp
  }

  private mutating func leadingForm(_ bytes: UnsafeRawBufferPointer, at start: Int) -> Stamp? {
    let first = bytes[start]
    if Bytes.isDigit(first) {
      if let stamp = iso(bytes, at: start) { return stamp }
      if let stamp = Self.dayFirst(bytes, at: start) { return stamp }
      if let stamp = Self.numericDate(bytes, at: start) { return stamp }
      if let stamp = Self.clockFirst(bytes, at: start) { return stamp }
      if let stamp = Self.eastAsian(bytes, at: start) { return stamp }
      if let stamp = Self.slashedYearless(bytes, at: start) { return stamp }
      if let stamp = Self.ordinalDay(bytes, at: start) { return stamp }
      if let stamp = Self.compactLeading(bytes, at: start) { return stamp }
      if let stamp = Self.shortCompactLeading(bytes, at: start) { return stamp }
      return Self.epochLeading(bytes, at: start) ?? Self.loose(bytes, at: start, takesComma: false)
    }
    if first == 0x40 { return Self.tai64n(bytes, at: start) }
    guard Bytes.isLetter(first) || first >= 0x80 else { return nil }
    let rest = UnsafeRawBufferPointer(rebasing: bytes[start...])
    if var stamp = Self.weekday(rest) {
      stamp.end &+= start
      return stamp
    }
    // `Mon Nov 23 07:43:43 CEST` without a year is not known to exist; `Nov 23 07:43:43` is.
    return monthFirst(bytes, at: start) ?? Self.foreignWeekday(bytes, at: start)
  }

  /// `So 29. Nov 10:00:00 CET 2026`, `dim. 29 nov. 2026 10:00:00`, `Вс ноя 29 10:00:00 MSK 2026`: date(1) and others in other languages than
  /// English. The year has to be there.
  @inline(never)
  static func foreignWeekday(_ bytes: UnsafeRawBufferPointer, at start: Int) -> Stamp? {
    let limit = min(bytes.count, start &+ MonthNames.longest)
    var i = start
    while i < limit, Bytes.isLetter(bytes[i]) || bytes[i] >= 0x80 { i &+= 1 }
    guard i < limit, MonthNames.isWeekday(Bytes.part(bytes, start, i)) else { return nil }
    if bytes[i] == 0x2E { i &+= 1 }
    if i < limit, bytes[i] == 0x2C { i &+= 1 }
    let date = TextLine.skipBlanks(bytes, i)
    guard date > i, date < bytes.count else { return nil }
    let stamp =
      Bytes.isDigit(bytes[date]) ? dayFirst(bytes, at: date) : loose(bytes, at: date, takesComma: true)
    return stamp?.kind == .noYear ? nil : stamp
  }

  /// `12/28-12:55:38.765402` (Snort): month first, no year.
  private static func slashedYearless(_ bytes: UnsafeRawBufferPointer, at start: Int) -> Stamp? {
    guard start &+ 14 <= bytes.count, bytes[start &+ 2] == 0x2F, bytes[start &+ 5] == 0x2D,
      let newYear = leapYearDay(
        month: Bytes.twoDigits(bytes, start), day: Bytes.twoDigits(bytes, start &+ 3))
    else { return nil }
    let clock = clock(bytes, start &+ 6)
    guard clock >= 0 else { return nil }
    var stamp = Stamp()
    stamp.kind = .noYear
    stamp.time = newYear &+ clock
    stamp.end = start &+ 14
    fraction(bytes, &stamp.end, &stamp.time, &stamp.resolution)
    return stamp
  }

  /// `1112 10:03:05.123456` as klog and glog write it behind a letter: month and day without a year.
  static func monthDay(_ bytes: UnsafeRawBufferPointer, at start: Int) -> Stamp? {
    guard start &+ 13 <= bytes.count, bytes[start &+ 4] == 0x20,
      let newYear = leapYearDay(
        month: Bytes.twoDigits(bytes, start), day: Bytes.twoDigits(bytes, start &+ 2))
    else { return nil }
    var stamp = Stamp()
    guard clock(bytes, at: start &+ 5, &stamp), stamp.resolution < second else { return nil }
    stamp.kind = .noYear
    stamp.time &+= newYear
    return stamp
  }

  /// `10:03:05.123`: a time of day and no date.
  static func clockAlone(_ bytes: UnsafeRawBufferPointer, at start: Int) -> Stamp? {
    guard start &+ 8 < bytes.count else { return nil }
    let clock = clock(bytes, start)
    guard clock >= 0 else { return nil }
    var stamp = Stamp()
    stamp.time = clock
    stamp.end = start &+ 8
    stamp.kind = .timeOfDay
    fraction(bytes, &stamp.end, &stamp.time, &stamp.resolution)
    let next = stamp.end < bytes.count ? bytes[stamp.end] : 0x20
    return Bytes.isDigit(next) || Bytes.isLetter(next) || next == 0x3A ? nil : stamp
  }

  /// `2012-025T10:22:40,672`: day of the year.
  private static func ordinalDay(_ bytes: UnsafeRawBufferPointer, at start: Int) -> Stamp? {
    guard start &+ 17 <= bytes.count, bytes[start &+ 4] == 0x2D,
      bytes[start &+ 8] == 0x54 || bytes[start &+ 8] == 0x20
    else { return nil }
    var i = start
    guard let year = number(bytes, &i, most: 4), i == start &+ 4 else { return nil }
    i &+= 1
    guard let ordinal = number(bytes, &i, most: 3), i == start &+ 8, ordinal >= 1, ordinal <= 366,
      let newYear = dayStart(year: year, month: 1, day: 1)
    else { return nil }
    let clock = clock(bytes, start &+ 9)
    guard clock >= 0 else { return nil }
    var stamp = Stamp()
    stamp.time = newYear &+ Int64(ordinal &- 1) &* day &+ clock
    stamp.end = start &+ 17
    fraction(bytes, &stamp.end, &stamp.time, &stamp.resolution)
    zone(bytes, &stamp)
    return stamp
  }

  /// `   812:20260402:063114.123`, as Zabbix's daemons write it: process, date and clock. `start` becomes the offset of the date.
  static func behindProcess(_ bytes: UnsafeRawBufferPointer, at start: inout Int) -> Stamp? {
    var i = TextLine.skipBlanks(bytes, start)
    let number = i
    while i < bytes.count, i &- number < 10, Bytes.isDigit(bytes[i]) { i &+= 1 }
    guard i > number, i &+ 20 <= bytes.count, bytes[i] == 0x3A, bytes[i &+ 9] == 0x3A, bytes[i &+ 16] == 0x2E
    else { return nil }
    i &+= 1
    for index in 0..<8 where !Bytes.isDigit(bytes[i &+ index]) { return nil }
    let year = Bytes.twoDigits(bytes, i) * 100 + Bytes.twoDigits(bytes, i &+ 2)
    let (hour, minute) = (Bytes.twoDigits(bytes, i &+ 9), Bytes.twoDigits(bytes, i &+ 11))
    let whole = Bytes.twoDigits(bytes, i &+ 13)
    guard year >= 1970, year < 2100, hour >= 0, hour < 24, minute >= 0, minute < 60, whole >= 0, whole <= 60,
      let day = dayStart(
        year: year, month: Bytes.twoDigits(bytes, i &+ 4), day: Bytes.twoDigits(bytes, i &+ 6))
    else { return nil }
    var stamp = Stamp()
    stamp.time = day &+ Int64(hour &* 3600 &+ minute &* 60 &+ whole) &* second
    stamp.end = i &+ 15
    stamp.kind = .noZone
    fraction(bytes, &stamp.end, &stamp.time, &stamp.resolution)
    guard stamp.end < bytes.count, bytes[stamp.end] == 0x20 else { return nil }
    start = i
    return stamp
  }

  /// `20260407 09:08:09`, `20260407T090809`.
  private static func compactLeading(_ bytes: UnsafeRawBufferPointer, at start: Int) -> Stamp? {
    guard start &+ 15 <= bytes.count, bytes[start &+ 8] == 0x20 || bytes[start &+ 8] == 0x54 else {
      return nil
    }
    for index in 0..<8 where !Bytes.isDigit(bytes[start &+ index]) { return nil }
    let year = Bytes.twoDigits(bytes, start) * 100 + Bytes.twoDigits(bytes, start &+ 2)
    guard year >= 1970, year < 2100,
      let day = dayStart(
        year: year, month: Bytes.twoDigits(bytes, start &+ 4), day: Bytes.twoDigits(bytes, start &+ 6))
    else { return nil }
    var stamp = Stamp()
    if start &+ 17 <= bytes.count, bytes[start &+ 11] == 0x3A {
      let clock = clock(bytes, start &+ 9)
      guard clock >= 0 else { return nil }
      stamp.time = day &+ clock
      stamp.end = start &+ 17
    } else {
      let hour = Bytes.twoDigits(bytes, start &+ 9)
      let minute = Bytes.twoDigits(bytes, start &+ 11)
      let seconds = Bytes.twoDigits(bytes, start &+ 13)
      guard hour < 24, minute < 60, seconds < 61 else { return nil }
      stamp.time = day &+ Int64(hour * 3600 + minute * 60 + seconds) &* second
      stamp.end = start &+ 15
    }
    fraction(bytes, &stamp.end, &stamp.time, &stamp.resolution)
    zone(bytes, &stamp)
    return stamp
  }

  /// `081109 203518` (HDFS), `081109 20:35:18`, `081109  9:35:18` (MySQL): two digits of the year first.
  private static func shortCompactLeading(_ bytes: UnsafeRawBufferPointer, at start: Int) -> Stamp? {
    guard start &+ 13 < bytes.count, bytes[start &+ 6] == 0x20 else { return nil }
    for index in 0..<6 where !Bytes.isDigit(bytes[start &+ index]) { return nil }
    guard
      let day = dayStart(
        year: fullYear(Bytes.twoDigits(bytes, start)), month: Bytes.twoDigits(bytes, start &+ 2),
        day: Bytes.twoDigits(bytes, start &+ 4))
    else { return nil }
    var stamp = Stamp()
    stamp.kind = .noZone
    let clockStart = bytes[start &+ 7] == 0x20 ? start &+ 8 : start &+ 7
    if bytes[start &+ 9] == 0x3A {
      guard clock(bytes, at: clockStart, &stamp), stamp.resolution < 60 &* second else { return nil }
    } else {
      let hour = Bytes.twoDigits(bytes, start &+ 7)
      let minute = Bytes.twoDigits(bytes, start &+ 9)
      let seconds = Bytes.twoDigits(bytes, start &+ 11)
      guard hour < 24, minute < 60, seconds < 61, bytes[start &+ 13] == 0x20 else { return nil }
      stamp.time = Int64(hour * 3600 + minute * 60 + seconds) &* second
      stamp.end = start &+ 13
    }
    stamp.time &+= day
    return stamp
  }

  /// An epoch number of the years 2001 to 2100 in seconds (with fraction), milliseconds, microseconds or nanoseconds.
  private static func epochLeading(_ bytes: UnsafeRawBufferPointer, at start: Int) -> Stamp? {
    var i = start
    while i < bytes.count, i &- start < 20, Bytes.isDigit(bytes[i]) { i &+= 1 }
    let whole = i &- start
    guard whole == 10 || whole == 13 || whole == 16 || whole == 19 else { return nil }
    if whole == 10, i &+ 1 < bytes.count, bytes[i] == 0x2E, Bytes.isDigit(bytes[i &+ 1]) {
      i &+= 1
      while i < bytes.count, Bytes.isDigit(bytes[i]) { i &+= 1 }
    }
    guard let (time, resolution) = epoch(Bytes.part(bytes, start, i)), time >= 978_307_200 &* second,
      time < 4_102_444_800 &* second
    else { return nil }
    return placed(time, resolution, end: i)
  }

  /// `@40000000433225833b6e1a8c` (TAI64N, D. J. Bernstein): seconds plus 2^62, and nanoseconds. By
  /// its definition TAI, but daemontools and all that followed write Unix time plus 10 s, and nobody adds leap seconds.
  private static func tai64n(_ bytes: UnsafeRawBufferPointer, at start: Int) -> Stamp? {
    guard start &+ 25 <= bytes.count else { return nil }
    var seconds: UInt64 = 0
    var nanos: Int64 = 0
    for index in 1...24 {
      let digit = Bytes.hexValue(bytes[start &+ index])
      guard digit < 16 else { return nil }
      if index <= 16 { seconds = seconds << 4 | UInt64(digit) } else { nanos = nanos << 4 | Int64(digit) }
    }
    guard seconds >= 1 << 62, seconds < 1 << 62 + 9_000_000_000, nanos < second else { return nil }
    var stamp = Stamp()
    stamp.time = (Int64(seconds - 1 << 62) - 10) * second + nanos
    stamp.resolution = 1
    stamp.kind = .absolute
    stamp.end = start &+ 25
    return stamp
  }
}
