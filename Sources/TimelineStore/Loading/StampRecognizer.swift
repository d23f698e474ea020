internal import Glibc
internal import IncidentModel

/// Tells whether a stamp can be rebuilt from its event's time, and how: most can, and need not be stored.
///
/// Only spellings that the view `timeline` writes to the letter are recognised; every other stamp is stored.
struct StampRecognizer {
  /// A recognised stamp: how it is written, and the instant it reads as when taken for UTC.
  struct Reading {
    var style: StampStyle
    var nanoseconds: Int64
  }

  /// The date read last, as it was written, and its first nanosecond.
  private var date: (UInt64, UInt64) = (0, 0)
  private var dayStart: Int64 = 0
  /// The stamp of 15 bytes looked at last, as two words that overlap, its event's time, and what came of it.
  private var last: (words: (UInt64, UInt64), time: Int64, style: StampStyle?) = ((0, 0), 0, nil)

  private static let second: Int64 = 1_000_000_000
  private static let day: Int64 = 86_400 * second
  private static let months: [UInt32] = [
    "Jan ", "Feb ", "Mar ", "Apr ", "May ", "Jun ", "Jul ", "Aug ", "Sep ", "Oct ", "Nov ", "Dec ",
  ].map { name in name.utf8.reversed().reduce(0) { $0 << 8 | UInt32($1) } }

  /// Reads a stamp. `time` is the event's: it tells the year where the stamp has none.
  @inline(__always)
  mutating func read(_ stamp: UnsafeRawBufferPointer, time: Int64) -> Reading? {
    guard let base = stamp.baseAddress, stamp.count >= 15 else { return nil }
    if stamp.count == 15 {
      // Mmm dd HH:MM:SS
      let prefix = base.loadUnaligned(as: UInt64.self) & 0x00ff_ffff_ffff_ffff
      guard let clock = Self.clock(base + 7) else { return nil }
      if date != (prefix, 0) || Self.distance(dayStart, time) > 20 * Self.day {
        guard let start = Self.yearlessDay(base, near: time) else { return nil }
        date = (prefix, 0)
        dayStart = start
      }
      return Reading(style: StampStyle(form: .rfc3164), nanoseconds: dayStart &+ clock)
    }
    // YYYY-MM-DD?HH:MM:SS[.fraction][suffix]
    guard stamp.count >= 19, stamp.count <= 48, let clock = Self.clock(base + 11) else { return nil }
    let prefix = base.loadUnaligned(as: UInt64.self)
    let rest = UInt64(base.loadUnaligned(fromByteOffset: 8, as: UInt16.self)) | 1 << 63
    if date != (prefix, rest) {
      guard let start = Self.day(base) else { return nil }
      date = (prefix, rest)
      dayStart = start
    }
    var at = 19
    var fraction: Int64 = 0
    var digits = 0
    if at < stamp.count, stamp[at] == UInt8(ascii: ".") {
      at &+= 1
      while at < stamp.count, stamp[at] &- 0x30 < 10 {
        guard digits < 9 else { return nil }
        fraction = fraction &* 10 &+ Int64(stamp[at] &- 0x30)
        digits &+= 1
        at &+= 1
      }
      guard digits > 0 else { return nil }
      if digits == 3 {
        fraction &*= 1_000_000
      } else {
        for _ in digits..<9 { fraction &*= 10 }
      }
    }
    var suffix: UInt64 = 0
    guard stamp.count &- at <= 8 else { return nil }
    for place in 0..<(stamp.count &- at) {
      let byte = stamp[at &+ place]
      guard byte > 0x20, byte < 0x7f else { return nil }
      suffix |= UInt64(byte) << UInt64(8 &* place)
    }
    guard stamp[10] >= 0x20, stamp[10] < 0x7f else { return nil }
    return Reading(
      style: StampStyle(form: .date, digits: UInt8(digits), separator: stamp[10], suffix: suffix),
      nanoseconds: dayStart &+ clock &+ fraction)
  }

  /// How to rebuild a stamp from its event's time; nil where it must be stored.
  @inline(__always)
  mutating func style(of stamp: UnsafeRawBufferPointer, time: Int64) -> StampStyle? {
    guard stamp.count == 15, let base = stamp.baseAddress else { return newStyle(of: stamp, time: time) }
    // Stamps of whole seconds often come again.
    let words = (base.loadUnaligned(as: UInt64.self), base.loadUnaligned(fromByteOffset: 7, as: UInt64.self))
    if words == last.words, time == last.time { return last.style }
    // Most others are of the same minute, and as many seconds later as their events are.
    let isAsBefore =
      last.style != nil && words.0 == last.words.0 && (words.1 ^ last.words.1) &<< 16 == 0
      && time &- last.time == (Self.seconds(words.1) &- Self.seconds(last.words.1)) &* Self.second
      && Self.hasSeconds(words.1)
    last = (words, time, isAsBefore ? last.style : newStyle(of: stamp, time: time))
    return last.style
  }

  /// The number that the last two bytes of a clock are.
  @inline(__always) private static func seconds(_ clock: UInt64) -> Int64 {
    Int64(clock &>> 48 & 0xff) &* 10 &+ Int64(clock &>> 56) &- 0x30 &* 11
  }

  /// True when the last two bytes of a clock are 00 to 59.
  @inline(__always) private static func hasSeconds(_ clock: UInt64) -> Bool {
    UInt8(truncatingIfNeeded: clock &>> 48) &- 0x30 < 6
      && UInt8(truncatingIfNeeded: clock &>> 56) &- 0x30 < 10
  }

  @inline(never)
  private mutating func newStyle(of stamp: UnsafeRawBufferPointer, time: Int64) -> StampStyle? {
    guard var reading = read(stamp, time: time) else { return nil }
    let (shift, overflow) = reading.nanoseconds.subtractingReportingOverflow(time)
    // A zone is a whole number of seconds and less than two days; anything else is no zone.
    guard !overflow, shift > -2 * Self.day, shift < 2 * Self.day, shift % Self.second == 0 else { return nil }
    reading.style.shift = shift
    return reading.style
  }

  /// HH:MM:SS as nanoseconds of the day.
  @inline(__always) private static func clock(_ bytes: UnsafeRawPointer) -> Int64? {
    let word = bytes.loadUnaligned(as: UInt64.self)
    guard word & 0x0000_ff00_00ff_0000 == 0x0000_3a00_003a_0000 else { return nil }
    func pair(_ shift: UInt64) -> Int64 {
      let tens = UInt8(truncatingIfNeeded: word >> shift) &- 0x30
      let ones = UInt8(truncatingIfNeeded: word >> (shift &+ 8)) &- 0x30
      return tens < 10 && ones < 10 ? Int64(tens &* 10 &+ ones) : 99
    }
    let hour = pair(0)
    let minute = pair(24)
    let second = pair(48)
    guard hour < 24, minute < 60, second < 60 else { return nil }
    return ((hour &* 60 &+ minute) &* 60 &+ second) &* Self.second
  }

  /// The day of `Mmm dd ` in the year that is nearest to a time.
  private static func yearlessDay(_ bytes: UnsafeRawPointer, near time: Int64) -> Int64? {
    guard let month = months.firstIndex(of: bytes.loadUnaligned(as: UInt32.self)),
      bytes.load(fromByteOffset: 6, as: UInt8.self) == 0x20
    else { return nil }
    let tens = bytes.load(fromByteOffset: 4, as: UInt8.self)
    let ones = bytes.load(fromByteOffset: 5, as: UInt8.self) &- 0x30
    // Days below ten are written with a blank.
    guard ones < 10, tens == 0x20 ? ones > 0 : (0x31...0x33).contains(tens) else { return nil }
    let dayOfMonth = (tens == 0x20 ? 0 : Int(tens) - 0x30) * 10 + Int(ones)
    let year = CivilDate(daysSinceEpoch: time.floorDivided(by: day)).year
    var best: Int64?
    for year in year - 1...year + 1 {
      guard let start = self.start(year, month + 1, dayOfMonth) else { continue }
      if best == nil || distance(start, time) < distance(best!, time) { best = start }
    }
    return best
  }

  private static func distance(_ a: Int64, _ b: Int64) -> Int64 { Swift.abs(a / 2 - b / 2) }

  /// The day of `YYYY-MM-DD`.
  private static func day(_ bytes: UnsafeRawPointer) -> Int64? {
    var digits: [Int] = []
    for offset in 0..<10 {
      let byte = bytes.load(fromByteOffset: offset, as: UInt8.self)
      if offset == 4 || offset == 7 {
        guard byte == UInt8(ascii: "-") else { return nil }
      } else {
        guard byte &- 0x30 < 10 else { return nil }
        digits.append(Int(byte) - 0x30)
      }
    }
    return start(
      digits[0] * 1000 + digits[1] * 100 + digits[2] * 10 + digits[3], digits[4] * 10 + digits[5],
      digits[6] * 10 + digits[7])
  }

  /// First nanosecond of a date that exists.
  private static func start(_ year: Int, _ month: Int, _ dayOfMonth: Int) -> Int64? {
    guard (1700...2250).contains(year), (1...12).contains(month) else { return nil }
    let date = CivilDate(year: year, month: month, day: dayOfMonth)
    let days = date.daysSinceEpoch
    let again = CivilDate(daysSinceEpoch: days)
    guard again.month == month, again.day == dayOfMonth else { return nil }
    return days * day
  }
}
