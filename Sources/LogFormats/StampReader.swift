import IncidentModel

/// A stamp that was read: what it means and where it ended.
struct Stamp {
  /// As `Reading.time`.
  var time: Int64 = 0
  /// As `Reading.resolution`.
  var resolution: Int64 = 1_000_000_000
  /// Offset after the stamp.
  var end = 0
  /// As `Reading.kind`.
  var kind = StampKind.none
  /// What else is to be said of it; empty for most.
  var marks: Reading.Flags = []
  /// As `Reading.swapDays`, where `marks` say so.
  var swapDays: Int32 = 0
  /// As `Reading.zoneOffset`, where `marks` say so.
  var zoneOffset: Int32 = 0
}

/// Reads stamps from bytes. Remembers the day it read last, since logs rarely change it.
struct StampReader {
  static let second: Int64 = 1_000_000_000
  static let day: Int64 = 86_400 * second

  private var isoDayKey: UInt64 = 0
  private var isoDayKeyEnd: UInt16 = 0
  private var isoDayStart: Int64 = 0
  private var bsdDayKey: UInt64 = 0
  private var bsdDayStart: Int64 = 0

  init() {}

  // MARK: Time of day

  /// Nanoseconds since midnight of `hh:mm:ss` at `offset`; -1 where it is none. Eight bytes must be there. Second 60 is
  /// taken as the next minute's 0 (a leap second has no instant of its own in Unix time).
  @inline(__always) static func clock(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> Int64 {
    let word = Bytes.word(bytes, offset)
    guard word & 0xF0F0_FFF0_F0FF_F0F0 == 0x3030_3A30_303A_3030 else { return -1 }
    let digits = word & 0x0F0F_000F_0F00_0F0F
    guard (digits &+ 0x0606_0006_0600_0606) & 0x1010_0010_1000_1010 == 0 else { return -1 }
    let pairs = digits &* 10 &+ digits >> 8
    let hour = Int64(pairs & 0xFF)
    let minute = Int64(pairs >> 24 & 0xFF)
    let second = Int64(pairs >> 48 & 0xFF)
    guard hour < 24, minute < 60, second < 61 else { return -1 }
    return (hour &* 3600 &+ minute &* 60 &+ second) &* Self.second
  }

  /// A fraction of a second (`.` or `,` and digits) at `offset`: adds it and moves on. Digits after the ninth are dropped.
  @inline(__always)
  static func fraction(
    _ bytes: UnsafeRawBufferPointer, _ offset: inout Int, _ time: inout Int64, _ resolution: inout Int64
  ) {
    let count = bytes.count
    guard offset &+ 1 < count, bytes[offset] == 0x2E || bytes[offset] == 0x2C,
      Bytes.isDigit(bytes[offset &+ 1])
    else { return }
    var i = offset &+ 1
    var unit: Int64 = Self.second
    var value: Int64 = 0
    while i < count, Bytes.isDigit(bytes[i]) {
      if unit > 1 {
        unit /= 10
        value = value &* 10 &+ Int64(bytes[i] &- 0x30)
      }
      i &+= 1
    }
    time &+= value &* unit
    resolution = unit
    offset = i
  }

  // MARK: ISO 8601 / RFC 3339

  /// `2026-04-07T09:08:09.768+02:00` and what is written like it: blank or `_` for `T`, comma for the point, no zone, zone
  /// as `Z`, `±hh:mm`, `±hhmm`, `±hh` or ` UTC`; `/` between the date's parts.
  @inline(__always) mutating func iso(_ bytes: UnsafeRawBufferPointer, at start: Int = 0) -> Stamp? {
    guard start &+ 19 <= bytes.count else { return nil }
    let head = Bytes.word(bytes, start)
    let tail = UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: start &+ 8, as: UInt16.self))
    if head != isoDayKey || tail != isoDayKeyEnd {
      guard let dayStart = Self.isoDate(bytes, start) else { return nil }
      isoDayKey = head
      isoDayKeyEnd = tail
      isoDayStart = dayStart
    }
    let between = bytes[start &+ 10]
    guard between == 0x54 || between == 0x20 || between == 0x74 || between == 0x5F else { return nil }
    let clock = Self.clock(bytes, start &+ 11)
    guard clock >= 0 else { return nil }
    var stamp = Stamp()
    stamp.time = isoDayStart &+ clock
    stamp.end = start &+ 19
    Self.fraction(bytes, &stamp.end, &stamp.time, &stamp.resolution)
    Self.zone(bytes, &stamp)
    return stamp
  }

  /// Nanoseconds from the epoch to the start of the day `YYYY-MM-DD` (or with `/`); nil where it is no date.
  static func isoDate(_ bytes: UnsafeRawBufferPointer, _ start: Int) -> Int64? {
    guard start &+ 10 <= bytes.count else { return nil }
    let separator = bytes[start &+ 4]
    guard separator == 0x2D || separator == 0x2F, bytes[start &+ 7] == separator else { return nil }
    let century = Bytes.twoDigits(bytes, start)
    let yearOfCentury = Bytes.twoDigits(bytes, start &+ 2)
    let month = Bytes.twoDigits(bytes, start &+ 5)
    let day = Bytes.twoDigits(bytes, start &+ 8)
    guard century < 100, yearOfCentury < 100 else { return nil }
    return dayStart(year: century * 100 + yearOfCentury, month: month, day: day)
  }

  /// Nanoseconds from the epoch to the start of a day; nil where there is no such day, or before 1678, after 2261.
  static func dayStart(year: Int, month: Int, day: Int) -> Int64? {
    guard year >= 1678, year <= 2261, month >= 1, month <= 12, day >= 1 else { return nil }
    let lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    guard day <= lengths[month - 1] + (month == 2 && isLeap ? 1 : 0) else { return nil }
    return CivilDate(year: year, month: month, day: day).daysSinceEpoch &* Self.day
  }

  /// The zone at the end of a stamp, if any: sets kind, moves the time to UTC, moves on. Offsets go up to 18 hours
  /// (RFC 3339 allows 23:59; nobody lives there). What stands there in letters is `words`'.
  @inline(__always) static func zone(_ bytes: UnsafeRawBufferPointer, _ stamp: inout Stamp) {
    stamp.kind = .noZone
    let count = bytes.count
    var i = stamp.end
    guard i < count else { return }
    if bytes[i] | 0x20 == 0x7A {
      if i &+ 1 < count {
        let next = bytes[i &+ 1]
        if Bytes.isLetter(next) || Bytes.isDigit(next) { return }
        if next == 0x2B || next == 0x2D { return zuluWithOffset(bytes, &stamp) }
      }
      stamp.kind = .absolute
      stamp.end = i &+ 1
      return
    }
    if bytes[i] == 0x20 {
      guard i &+ 1 < count else { return }
      let next = bytes[i &+ 1]
      if next &- 0x41 < 26 || next == 0x61 || next == 0x70 { return words(bytes, at: i &+ 1, &stamp) }
      if next == 0x28 { return bracketedZone(bytes, at: i &+ 2, &stamp) }
      guard next == 0x2B || next == 0x2D else { return }
      i &+= 1
    } else if Bytes.isLetter(bytes[i]) || bytes[i] == 0xE2 {
      return words(bytes, at: i, &stamp)
    }
    guard bytes[i] == 0x2B || bytes[i] == 0x2D, i &+ 3 <= count else { return }
    let hours = Bytes.twoDigits(bytes, i &+ 1)
    guard hours <= 18 else { return }
    var minutes = 0
    var end = i &+ 3
    if i &+ 6 <= count, bytes[i &+ 3] == 0x3A {
      minutes = Bytes.twoDigits(bytes, i &+ 4)
      end = i &+ 6
    } else if i &+ 5 <= count, Bytes.twoDigits(bytes, i &+ 3) < 100 {
      minutes = Bytes.twoDigits(bytes, i &+ 3)
      end = i &+ 5
    } else if bytes[stamp.end] == 0x20 {
      return
    }
    guard minutes < 60, end == count || !Bytes.isDigit(bytes[end]) else { return }
    let offset = Int64(hours &* 3600 &+ minutes &* 60) &* Self.second
    stamp.time &+= bytes[i] == 0x2B ? 0 &- offset : offset
    stamp.kind = .absolute
    stamp.end = end
  }

  // MARK: RFC 3164

  /// `Apr  7 09:08:09`, with a leading zero, a fraction, or a year before or after the time; English month names.
  @inline(__always) mutating func bsd(_ bytes: UnsafeRawBufferPointer, at start: Int) -> Stamp? {
    guard start &+ 15 <= bytes.count else { return nil }
    let key = Bytes.word(bytes, start) & 0x00FF_FFFF_FFFF_FFFF
    if key != bsdDayKey {
      guard let dayStart = Self.bsdDate(bytes, start) else { return nil }
      bsdDayKey = key
      bsdDayStart = dayStart
    }
    let clock = Self.clock(bytes, start &+ 7)
    guard clock >= 0 else { return nil }
    var stamp = Stamp()
    stamp.kind = .noYear
    stamp.time = bsdDayStart &+ clock
    stamp.end = start &+ 15
    Self.fraction(bytes, &stamp.end, &stamp.time, &stamp.resolution)
    // A year or a zone behind it: most hosts have small letters.
    if stamp.end &+ 1 < bytes.count, bytes[stamp.end &+ 1] < 0x5B { Self.yearlessTail(bytes, &stamp) }
    return stamp
  }

  /// The stamps of RFC 3164 files: as `bsd`, or with a year (`Apr 7 2026 09:08:09`), a day without padding, or the month's
  /// name in another language.
  @inline(__always) mutating func syslog(_ bytes: UnsafeRawBufferPointer, at start: Int) -> Stamp? {
    if let stamp = bsd(bytes, at: start) { return stamp }
    return Self.loose(bytes, at: start, takesComma: false)
  }

  /// The same, and with a comma behind the day, which no syslog writes: `Apr 7, 2026 9:08:09 AM` (Java, JavaScript).
  mutating func monthFirst(_ bytes: UnsafeRawBufferPointer, at start: Int) -> Stamp? {
    if let stamp = bsd(bytes, at: start) { return stamp }
    return Self.loose(bytes, at: start, takesComma: true)
  }

  /// The rarer forms of `syslog`.
  static func loose(
    _ bytes: UnsafeRawBufferPointer, at start: Int, takesComma: Bool
  ) -> Stamp? {
    let count = bytes.count
    guard start &+ 14 <= count else { return nil }
    var i = start
    // Cisco marks clocks that are not set with `*` or `.`.
    if bytes[i] == 0x2A || bytes[i] == 0x2E { i &+= 1 }
    let word = i
    while i < count, i &- word <= MonthNames.longest, bytes[i] != 0x20, bytes[i] != 0x2E { i &+= 1 }
    guard i < count, bytes[i] == 0x20 || bytes[i] == 0x2E && i &- word >= 3 else { return nil }
    guard let month = MonthNames.month(Bytes.part(bytes, word, i)) else { return nil }
    if bytes[i] == 0x2E { i &+= 1 }
    while i < count, bytes[i] == 0x20 { i &+= 1 }
    guard let day = number(bytes, &i, most: 2), i < count else { return nil }
    if takesComma, bytes[i] == 0x2C { i &+= 1 }
    guard i < count, bytes[i] == 0x20 else { return nil }
    while i < count, bytes[i] == 0x20 { i &+= 1 }
    var year: Int?
    if i &+ 5 < count, bytes[i &+ 4] == 0x20 || takesComma && bytes[i &+ 4] == 0x2C && bytes[i &+ 5] == 0x20 {
      guard let value = number(bytes, &i, most: 4) else { return nil }
      year = value
      if bytes[i] == 0x2C { i &+= 1 }
      i &+= 1
      if takesComma { i = behindLink(bytes, i) }
    }
    var stamp = Stamp()
    guard clock(bytes, at: i, &stamp), stamp.resolution < 60 &* second else { return nil }
    if let year {
      guard let dayStart = dayStart(year: year, month: month, day: day) else { return nil }
      stamp.time &+= dayStart
      zone(bytes, &stamp)
      return stamp
    }
    guard let dayStart = leapYearDay(month: month, day: day) else { return nil }
    stamp.time &+= dayStart
    stamp.kind = .noYear
    if stamp.end &+ 1 < count, bytes[stamp.end &+ 1] < 0x5B { yearlessTail(bytes, &stamp) }
    return stamp
  }

  /// A decimal number of at most so many digits at `i`, which moves behind it.
  static func number(_ bytes: UnsafeRawBufferPointer, _ i: inout Int, most: Int) -> Int? {
    var value = 0
    let start = i
    while i < bytes.count, i &- start < most, Bytes.isDigit(bytes[i]) {
      value = value &* 10 &+ Int(bytes[i] &- 0x30)
      i &+= 1
    }
    return i > start ? value : nil
  }

  /// Nanoseconds from 1 January to `Apr  7 ` in a leap year; nil where it is no such date. Seven bytes must be there.
  private static func bsdDate(_ bytes: UnsafeRawBufferPointer, _ start: Int) -> Int64? {
    guard bytes[start &+ 3] == 0x20, bytes[start &+ 6] == 0x20 else { return nil }
    let month = month(bytes, start)
    let high = bytes[start &+ 4]
    let low = bytes[start &+ 5] &- 0x30
    guard high == 0x20 || high &- 0x30 < 4, low < 10 else { return nil }
    let day = Int(high == 0x20 ? 0 : high &- 0x30) * 10 + Int(low)
    return leapYearDay(month: month, day: day)
  }

  /// Nanoseconds from 1 January to a day of a leap year; nil where there is no such day.
  static func leapYearDay(month: Int, day: Int) -> Int64? {
    guard let start = dayStart(year: 1972, month: month, day: day) else { return nil }
    return start &- 730 &* Self.day
  }

  /// 1 to 12 for an English month's first three letters in any case; 0 for others. Three bytes must be there.
  static func month(_ bytes: UnsafeRawBufferPointer, _ start: Int) -> Int {
    let a = UInt32(bytes[start] | 0x20)
    let b = UInt32(bytes[start &+ 1] | 0x20)
    let c = UInt32(bytes[start &+ 2] | 0x20)
    switch a << 16 | b << 8 | c {
    case 0x6A_616E: return 1
    case 0x66_6562: return 2
    case 0x6D_6172: return 3
    case 0x61_7072: return 4
    case 0x6D_6179: return 5
    case 0x6A_756E: return 6
    case 0x6A_756C: return 7
    case 0x61_7567: return 8
    case 0x73_6570: return 9
    case 0x6F_6374: return 10
    case 0x6E_6F76: return 11
    case 0x64_6563: return 12
    default: return 0
    }
  }

  // MARK: Epochs

  /// Nanoseconds of an epoch number whose unit is told by its size: below 10^11 seconds, below 10^14 milliseconds,
  /// below 10^17 microseconds, else nanoseconds, but for the counts of 100 ns that Windows and .NET keep. `unit` overrides (nanoseconds per unit). Decimal point and exponent are
  /// exact, digits beyond nanoseconds are dropped. Nil where it is no number or out of range.
  static func epoch(_ bytes: UnsafeRawBufferPointer, unit given: Int64? = nil) -> (
    time: Int64, resolution: Int64
  )? {
    guard let number = DecimalNumber(bytes) else { return nil }
    var unit = given ?? 0
    if given == nil {
      switch number.magnitudeOrder {
      case ...11: unit = second
      case ...14: unit = 1_000_000
      case ...17: unit = 1000
      case 18:
        if let known = hundredNanoseconds(number) { return known }
        unit = 1
      default: unit = 1
      }
    }
    guard let time = number.scaled(by: unit) else { return nil }
    return (time, max(1, number.step(of: unit)))
  }

  /// A count of 100 ns of the years 1980 to 2100: since 1601 (Windows FILETIME, LDAP) or since the year 1 (.NET ticks).
  /// As nanoseconds since 1970 the same numbers would be of 1974 and 1990, when nothing counted these.
  private static func hundredNanoseconds(_ number: DecimalNumber) -> (time: Int64, resolution: Int64)? {
    guard let count = number.scaled(by: 1) else { return nil }
    for epoch: Int64 in [116_444_736_000_000_000, 621_355_968_000_000_000] {
      let since = count &- epoch
      if since >= 3_155_328_000_000_000, since < 41_024_448_000_000_000 {
        return (since &* 100, 100)
      }
    }
    return nil
  }
}
