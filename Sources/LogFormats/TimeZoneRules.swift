import Glibc
import IncidentModel

/// The rules of one time zone, from the system's TZif files (RFC 9636) or a fixed offset.
public struct TimeZoneRules: Sendable {
  /// IANA name, or the offset as given: `+02:00`.
  public let name: String
  private let transitions: [Int64]
  private let offsets: [Int32]
  /// Offset before the first transition, and always where there are none and no rule.
  private let firstOffset: Int32
  private let rule: PosixZoneRule?

  /// UTC.
  public static let utc = TimeZoneRules(name: "UTC", fixed: 0)

  /// A zone with one offset in seconds, east positive.
  public init(name: String, fixed offset: Int32) {
    self.name = name
    transitions = []
    offsets = []
    firstOffset = offset
    rule = nil
  }

  /// The zone of this name: an IANA name of the system's database (`TZDIR`, else `/usr/share/zoneinfo`), `UTC`, `Z`, or
  /// `±HH:MM`. Nil when unknown.
  public init?(name: String) {
    if name == "UTC" || name == "Z" || name == "GMT" || name == "Etc/UTC" {
      self.init(name: name, fixed: 0)
      return
    }
    if let offset = Self.fixedOffset(name) {
      self.init(name: name, fixed: offset)
      return
    }
    let parts = name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    let isSafe = parts.allSatisfy { part in
      !part.isEmpty && part.first != UInt8(ascii: ".")
        && part.allSatisfy { byte in
          Bytes.isLetter(byte) || Bytes.isDigit(byte) || byte == 0x5F || byte == 0x2D || byte == 0x2B
        }
    }
    guard isSafe else { return nil }
    let folder = getenv("TZDIR").map { String(cString: $0) } ?? "/usr/share/zoneinfo"
    guard let bytes = Self.read("\(folder)/\(name)") else { return nil }
    self.init(name: name, tzif: bytes)
  }

  /// A zone from the contents of a TZif file; nil where they are none.
  init?(name: String, tzif bytes: [UInt8]) {
    var file = TZifReader(bytes: bytes)
    guard let block = file.read() else { return nil }
    self.name = name
    transitions = block.transitions
    offsets = block.offsets
    firstOffset = block.firstOffset
    rule = block.footer.isEmpty ? nil : PosixZoneRule(block.footer)
  }

  /// Offset of local time from UTC in seconds (east positive) at an instant, given as seconds since the epoch.
  public func offset(utcSeconds: Int64) -> Int32 {
    guard let last = transitions.last else { return rule?.offset(utcSeconds: utcSeconds) ?? firstOffset }
    if utcSeconds >= last { return rule?.offset(utcSeconds: utcSeconds) ?? offsets[offsets.count - 1] }
    if utcSeconds < transitions[0] { return firstOffset }
    var low = 0
    var high = transitions.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if transitions[middle] <= utcSeconds { low = middle } else { high = middle }
    }
    return offsets[low]
  }

  /// Offset of local time from UTC in seconds (east positive) for a local time, given as seconds since the epoch as if
  /// it were UTC. In the hour that autumn repeats, the first pass is taken; in the hour that spring skips, the offset
  /// before it.
  public func offset(localSeconds: Int64) -> Int32 {
    let (before, after) = around(localSeconds)
    if before == after { return before }
    let larger = max(before, after)
    let smaller = min(before, after)
    if offset(utcSeconds: localSeconds &- Int64(larger)) == larger { return larger }
    if offset(utcSeconds: localSeconds &- Int64(smaller)) == smaller { return smaller }
    return before
  }

  /// What a local time can be that exists twice (autumn) or never (spring).
  public struct Doubt: Sendable, Equatable {
    /// True where it exists twice.
    public let isTwice: Bool
    /// Offset of the first pass, or the one before the hour that is left out; seconds east of UTC.
    public let first: Int32
    /// Offset of the second pass, or the one after the hour that is left out.
    public let second: Int32
  }

  /// What a local time, given as seconds since the epoch as if it were UTC, can be; nil where it exists once.
  public func doubt(localSeconds: Int64) -> Doubt? {
    let (before, after) = around(localSeconds)
    if before == after { return nil }
    let first = offset(utcSeconds: localSeconds &- Int64(before)) == before
    let second = offset(utcSeconds: localSeconds &- Int64(after)) == after
    return first == second ? Doubt(isTwice: first, first: before, second: after) : nil
  }

  /// True when the local time exists twice (autumn) or never (spring).
  public func isAmbiguous(localSeconds: Int64) -> Bool { doubt(localSeconds: localSeconds) != nil }

  /// Offsets a day before and a day after: zones change at most once in that time, but for a few in the past.
  private func around(_ localSeconds: Int64) -> (Int32, Int32) {
    if transitions.isEmpty, rule == nil { return (firstOffset, firstOffset) }
    return (
      offset(utcSeconds: localSeconds &- 86_400), offset(utcSeconds: localSeconds &+ 86_400)
    )
  }

  /// `±HH:MM`, `±HHMM` or `±HH` in seconds; nil for other texts and beyond 18 hours.
  private static func fixedOffset(_ name: String) -> Int32? {
    let bytes = Array(name.utf8)
    guard let sign = bytes.first, sign == 0x2B || sign == 0x2D else { return nil }
    let digits = bytes.dropFirst().filter { $0 != 0x3A }
    guard digits.count == 2 || digits.count == 4, digits.allSatisfy(Bytes.isDigit),
      bytes.count == digits.count + 1 || bytes.count == 6 && bytes[3] == 0x3A
    else { return nil }
    let numbers = digits.map { Int32($0 - 0x30) }
    let hours = numbers[0] * 10 + numbers[1]
    let minutes = numbers.count == 4 ? numbers[2] * 10 + numbers[3] : 0
    guard hours <= 18, minutes < 60 else { return nil }
    return (hours * 3600 + minutes * 60) * (sign == 0x2B ? 1 : -1)
  }

  private static func read(_ path: String) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16_384)
    while bytes.count < 1 << 20 {
      let count = Glibc.read(descriptor, &chunk, chunk.count)
      if count <= 0 { break }
      bytes += chunk[0..<count]
    }
    return bytes
  }
}

/// Reads a TZif file (RFC 9636, 3): header, the first block skipped where a 64-bit one follows, the footer.
private struct TZifReader {
  let bytes: [UInt8]
  var offset = 0

  init(bytes: [UInt8]) { self.bytes = bytes }

  struct Block {
    var transitions: [Int64] = []
    var offsets: [Int32] = []
    var firstOffset: Int32 = 0
    var footer = ""
  }

  mutating func read() -> Block? {
    guard let first = header() else { return nil }
    if first.version == 0 { return block(first, wide: false) }
    offset += first.length(timeSize: 4)
    guard let second = header(), var result = block(second, wide: true) else { return nil }
    if offset < bytes.count, bytes[offset] == 0x0A {
      let end = bytes[(offset + 1)...].firstIndex(of: 0x0A) ?? bytes.count
      result.footer = String(decoding: bytes[(offset + 1)..<end], as: UTF8.self)
    }
    return result
  }

  private struct Header {
    var version: UInt8
    var counts: [Int]
    func length(timeSize: Int) -> Int {
      counts[3] * (timeSize + 1) + counts[4] * 6 + counts[5] + counts[2] * (timeSize + 4) + counts[1]
        + counts[0]
    }
  }

  private mutating func header() -> Header? {
    guard offset + 44 <= bytes.count, bytes[offset..<offset + 4].elementsEqual("TZif".utf8) else {
      return nil
    }
    let version = bytes[offset + 4]
    var counts: [Int] = []
    for index in 0..<6 { counts.append(Int(integer(offset + 20 + index * 4, 4))) }
    offset += 44
    guard counts.allSatisfy({ $0 >= 0 && $0 < 100_000 }) else { return nil }
    return Header(version: version, counts: counts)
  }

  private mutating func block(_ header: Header, wide: Bool) -> Block? {
    let timeSize = wide ? 8 : 4
    let timeCount = header.counts[3]
    let typeCount = header.counts[4]
    guard typeCount > 0, offset + header.length(timeSize: timeSize) <= bytes.count else { return nil }
    let indices = offset + timeCount * timeSize
    let types = indices + timeCount
    var result = Block()
    result.firstOffset = Int32(integer(types, 4))
    for index in 0..<timeCount {
      let type = Int(bytes[indices + index])
      guard type < typeCount else { return nil }
      result.transitions.append(integer(offset + index * timeSize, timeSize))
      result.offsets.append(Int32(integer(types + type * 6, 4)))
    }
    offset += header.length(timeSize: timeSize)
    return result
  }

  /// A big-endian signed number.
  private func integer(_ start: Int, _ count: Int) -> Int64 {
    var value = Int64(Int8(bitPattern: bytes[start]))
    for index in 1..<count { value = value << 8 | Int64(bytes[start + index]) }
    return value
  }
}

/// The rule after a TZif file's last transition: a POSIX `TZ` string such as `CET-1CEST,M3.5.0,M10.5.0/3`.
struct PosixZoneRule: Sendable {
  private enum Day: Sendable {
    case monthWeek(month: Int, week: Int, weekday: Int)
    case julian(Int)
    case zeroBased(Int)
  }
  private var standard: Int32 = 0
  private var daylight: Int32 = 0
  private var start: (day: Day, seconds: Int64)?
  private var end: (day: Day, seconds: Int64)?

  /// A rule from its text; nil where it is none.
  init?(_ text: String) {
    var scanner = Scanner(bytes: Array(text.utf8))
    guard scanner.name(), let west = scanner.time() else { return nil }
    standard = Int32(-west)
    daylight = standard
    if scanner.isAtEnd { return }
    guard scanner.name() else { return nil }
    daylight = standard + 3600
    if !scanner.isAtEnd, scanner.peek != 0x2C {
      guard let west = scanner.time() else { return nil }
      daylight = Int32(-west)
    }
    guard let start = scanner.transition(), let end = scanner.transition(), scanner.isAtEnd else {
      return nil
    }
    self.start = start
    self.end = end
  }

  /// Offset from UTC in seconds at an instant.
  func offset(utcSeconds: Int64) -> Int32 {
    guard let start, let end else { return standard }
    let clamped = min(max(utcSeconds, -60_000_000_000), 60_000_000_000)
    let local = clamped &+ Int64(standard)
    let year = CivilDate(daysSinceEpoch: (local - (local < 0 ? 86_399 : 0)) / 86_400).year
    let from = Self.instant(start.day, year) + start.seconds - Int64(standard)
    let to = Self.instant(end.day, year) + end.seconds - Int64(daylight)
    let isDaylight =
      from < to ? clamped >= from && clamped < to : clamped >= from || clamped < to
    return isDaylight ? daylight : standard
  }

  /// Seconds from the epoch to the start of the day, local time taken as UTC.
  private static func instant(_ day: Day, _ year: Int) -> Int64 {
    let newYear = CivilDate(year: year, month: 1, day: 1).daysSinceEpoch
    switch day {
    case .zeroBased(let number): return (newYear + Int64(number)) * 86_400
    case .julian(let number):
      let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
      return (newYear + Int64(number - 1 + (isLeap && number >= 60 ? 1 : 0))) * 86_400
    case .monthWeek(let month, let week, let weekday):
      let first = CivilDate(year: year, month: month, day: 1).daysSinceEpoch
      let next =
        month == 12
        ? CivilDate(year: year + 1, month: 1, day: 1).daysSinceEpoch
        : CivilDate(year: year, month: month + 1, day: 1).daysSinceEpoch
      let firstWeekday = Int(((first + 4) % 7 + 7) % 7)
      var day = first + Int64((weekday - firstWeekday + 7) % 7) + Int64(week - 1) * 7
      while day >= next { day -= 7 }
      return day * 86_400
    }
  }

  private struct Scanner {
    let bytes: [UInt8]
    var i = 0
    init(bytes: [UInt8]) { self.bytes = bytes }
    var isAtEnd: Bool { i >= bytes.count }
    var peek: UInt8 { i < bytes.count ? bytes[i] : 0 }

    mutating func name() -> Bool {
      let start = i
      if peek == 0x3C {
        while !isAtEnd, peek != 0x3E { i += 1 }
        i += 1
        return i <= bytes.count
      }
      while Bytes.isLetter(peek) { i += 1 }
      return i - start >= 3
    }

    mutating func number() -> Int? {
      var value: Int?
      while Bytes.isDigit(peek), value ?? 0 < 1000 {
        value = (value ?? 0) * 10 + Int(peek - 0x30)
        i += 1
      }
      return value
    }

    /// `[+-]h[h][:mm[:ss]]` in seconds.
    mutating func time() -> Int64? {
      let isNegative = peek == 0x2D
      if isNegative || peek == 0x2B { i += 1 }
      guard var seconds = number().map({ Int64($0) * 3600 }) else { return nil }
      for unit in [60, 1] where peek == 0x3A {
        i += 1
        guard let part = number() else { return nil }
        seconds += Int64(part * unit)
      }
      return isNegative ? -seconds : seconds
    }

    mutating func transition() -> (day: Day, seconds: Int64)? {
      guard peek == 0x2C else { return nil }
      i += 1
      let day: Day
      if peek == 0x4D {
        i += 1
        guard let month = number(), (1...12).contains(month), peek == 0x2E else { return nil }
        i += 1
        guard let week = number(), (1...5).contains(week), peek == 0x2E else { return nil }
        i += 1
        guard let weekday = number(), (0...6).contains(weekday) else { return nil }
        day = .monthWeek(month: month, week: week, weekday: weekday)
      } else if peek == 0x4A {
        i += 1
        guard let number = number(), (1...365).contains(number) else { return nil }
        day = .julian(number)
      } else {
        guard let number = number(), (0...365).contains(number) else { return nil }
        day = .zeroBased(number)
      }
      guard peek == 0x2F else { return (day, 7200) }
      i += 1
      guard let seconds = time() else { return nil }
      return (day, seconds)
    }
  }
}
