import IncidentModel

// What stands in letters behind a stamp: AM and PM, names of zones. Never inlined: most stamps end with `Z`, an offset, or the text.
extension StampReader {
  /// `AM`, `PM`, the name of a zone, or both, at `start`, where a stamp of known date ends. Sets what `zone` sets.
  @inline(never)
  static func words(_ bytes: UnsafeRawBufferPointer, at start: Int, _ stamp: inout Stamp) {
    if stamp.kind == .none { stamp.kind = .noZone }
    var i = start
    if bytes[i] == 0xE2 {
      // Java and macOS put a narrow blank before AM and PM; some write a true minus sign before an offset.
      if Bytes.matches("\u{2212}", bytes, at: i) {
        if let (offset, end) = offset(bytes, at: i &+ 3, takesOneDigit: false) {
          place(&stamp, east: 0 &- offset, end: end)
        }
        return
      }
      guard Bytes.matches("\u{202F}", bytes, at: i) else { return }
      i &+= 3
    }
    if meridiem(bytes, at: i, &stamp, takesColon: false) {
      i = stamp.end &+ 1
      guard i < bytes.count, bytes[stamp.end] == 0x20 else { return }
      if bytes[i] == 0x2B || bytes[i] == 0x2D {
        // ` -12` alone is more often a number of the text.
        if let (offset, end) = offset(bytes, at: i &+ 1, takesOneDigit: false), end >= i &+ 5 {
          place(&stamp, east: bytes[i] == 0x2B ? offset : 0 &- offset, end: end)
        }
        return
      }
    }
    zoneName(bytes, at: i, &stamp)
  }

  /// ` (+0100)`, ` (UTC)`, ` (UTC+01:00)` behind a clock; `start` is the offset behind the bracket. Anything else in brackets is text.
  @inline(never)
  static func bracketedZone(_ bytes: UnsafeRawBufferPointer, at start: Int, _ stamp: inout Stamp) {
    var i = start
    var east: Int64 = 0
    let isNamed = Bytes.matches("UTC", bytes, at: i) || Bytes.matches("GMT", bytes, at: i)
    if isNamed { i &+= 3 }
    if i < bytes.count, bytes[i] == 0x2B || bytes[i] == 0x2D {
      guard let (offset, end) = offset(bytes, at: i &+ 1, takesOneDigit: isNamed) else { return }
      east = bytes[i] == 0x2B ? offset : 0 &- offset
      i = end
    } else if !isNamed {
      return
    }
    guard i < bytes.count, bytes[i] == 0x29 else { return }
    place(&stamp, east: east, end: i &+ 1)
  }

  /// `AM`, `p.m.` and the like at `start`: moves the time to the half of the day that it means, moves on. A clock that has gone beyond
  /// 12 says so itself. `PM:` is more often a program's tag (power management): taken only where `takesColon`.
  static func meridiem(
    _ bytes: UnsafeRawBufferPointer, at start: Int, _ stamp: inout Stamp, takesColon: Bool
  ) -> Bool {
    let count = bytes.count
    var i = start
    guard i &+ 1 < count else { return false }
    let letter = bytes[i] | 0x20
    guard letter == 0x61 || letter == 0x70 else { return false }
    i &+= 1
    let hasPoints = bytes[i] == 0x2E
    if hasPoints { i &+= 1 }
    guard i < count, bytes[i] | 0x20 == 0x6D else { return false }
    i &+= 1
    if hasPoints {
      guard i < count, bytes[i] == 0x2E else { return false }
      i &+= 1
    }
    if i < count {
      let next = bytes[i]
      guard !Bytes.isLetter(next), !Bytes.isDigit(next), next != 0x5F, next != 0x2D else { return false }
      guard takesColon || next != 0x3A else { return false }
    }
    let hour = (stamp.time % day &+ day) % day / (3600 &* second)
    if letter == 0x70, hour < 12, hour > 0 { stamp.time &+= 12 &* 3600 &* second }
    if letter == 0x61, hour == 12 { stamp.time &-= 12 &* 3600 &* second }
    stamp.end = i
    return true
  }

  /// A zone by its name at `start`: `CET`, `UTC`, `GMT+0100`. Names that stand for several offsets are marked and change nothing.
  private static func zoneName(_ bytes: UnsafeRawBufferPointer, at start: Int, _ stamp: inout Stamp) {
    let count = bytes.count
    var i = start
    while i < count, i &- start < 6, bytes[i] &- 0x41 < 26 { i &+= 1 }
    guard i > start else { return }
    if i &- start == 1, i < count, Bytes.isLetter(bytes[i]) { return cityName(bytes, at: start, &stamp) }
    let word = Bytes.part(bytes, start, i)
    if i < count, bytes[i] == 0x2B || bytes[i] == 0x2D, word.count == 3,
      Bytes.areSame("GMT", word) || Bytes.areSame("UTC", word),
      let (offset, end) = offset(bytes, at: i &+ 1, takesOneDigit: true)
    {
      return place(&stamp, east: bytes[i] == 0x2B ? offset : 0 &- offset, end: end)
    }
    guard endsWord(bytes, i) else { return }
    switch ZoneAbbreviation(word) {
    case .unknown: return
    case .several:
      stamp.marks.insert(.ambiguousZone)
      stamp.end = i
    case .utc: place(&stamp, east: 0, end: i)
    case .offset(let seconds):
      place(&stamp, east: Int64(seconds), end: i)
      stamp.marks.insert(.namedZone)
    }
  }

  private static let areas: [StaticString] = [
    "Africa/", "America/", "Antarctica/", "Arctic/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/",
    "Pacific/",
  ]

  /// True for the name of a zone by its city and nothing else: `Europe/Berlin`.
  static func namesCity(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var stamp = Stamp()
    cityName(bytes, at: 0, &stamp)
    return !bytes.isEmpty && stamp.end == bytes.count
  }

  /// `Europe/Berlin`: which offset that means, only the zone's rules tell.
  private static func cityName(_ bytes: UnsafeRawBufferPointer, at start: Int, _ stamp: inout Stamp) {
    guard let area = areas.first(where: { Bytes.matches($0, bytes, at: start) }) else { return }
    var i = start &+ area.utf8CodeUnitCount
    let city = i
    while i < bytes.count, i &- city < 32, Bytes.isLetter(bytes[i]) || bytes[i] == 0x5F || bytes[i] == 0x2F {
      i &+= 1
    }
    guard i > city, endsWord(bytes, i) else { return }
    stamp.marks.insert(.ambiguousZone)
    stamp.end = i
  }

  /// True where a zone's name can end.
  private static func endsWord(_ bytes: UnsafeRawBufferPointer, _ i: Int) -> Bool {
    guard i < bytes.count else { return true }
    switch bytes[i] {
    case 0x20, 0x09, 0x5D, 0x29, 0x2C, 0x3B, 0x3A, 0x7C, 0x22, 0x3E: return true
    default: return false
    }
  }

  /// Seconds of `1`, `01`, `0100` or `01:00` at `start`, and the offset behind it.
  static func offset(
    _ bytes: UnsafeRawBufferPointer, at start: Int, takesOneDigit: Bool
  ) -> (seconds: Int64, end: Int)? {
    var i = start
    guard let hours = number(bytes, &i, most: 2), hours <= 18, takesOneDigit || i == start &+ 2 else {
      return nil
    }
    var minutes = 0
    let colon = i < bytes.count && bytes[i] == 0x3A ? 1 : 0
    if i &+ colon &+ 2 <= bytes.count, Bytes.twoDigits(bytes, i &+ colon) < 60 {
      minutes = Bytes.twoDigits(bytes, i &+ colon)
      i &+= colon &+ 2
    }
    guard i == bytes.count || !Bytes.isDigit(bytes[i]) && !Bytes.isLetter(bytes[i]) else { return nil }
    return (Int64(hours * 3600 + minutes * 60), i)
  }

  /// `Z+0100`, which mosquitto_sub writes: the clock is local time, the offset counts.
  @inline(never)
  static func zuluWithOffset(_ bytes: UnsafeRawBufferPointer, _ stamp: inout Stamp) {
    let sign = stamp.end &+ 1
    if let (offset, end) = offset(bytes, at: sign &+ 1, takesOneDigit: false), end >= sign &+ 5 {
      return place(&stamp, east: bytes[sign] == 0x2B ? offset : 0 &- offset, end: end)
    }
    stamp.kind = .absolute
    stamp.end &+= 1
  }

  private static func place(_ stamp: inout Stamp, east seconds: Int64, end: Int) {
    stamp.time &-= seconds &* second
    stamp.kind = .absolute
    stamp.end = end
  }

  /// What may stand behind a stamp without a year: the year (`Apr  7 09:08:09 2026 `), AM or PM, an offset, the name of a zone. Before a
  /// program's name a word in capitals is the host, but for UTC.
  @inline(never)
  static func yearlessTail(_ bytes: UnsafeRawBufferPointer, _ stamp: inout Stamp) {
    guard bytes[stamp.end] == 0x20 else { return attachedZone(bytes, &stamp) }
    var i = stamp.end &+ 1
    if Bytes.isDigit(bytes[i]) {
      if yearBehind(bytes, at: i, &stamp) { zone(bytes, &stamp) }
      return
    }
    if bytes[i] == 0x2B || bytes[i] == 0x2D { return attachedOffset(bytes, at: i, &stamp) }
    guard bytes[i] &- 0x41 < 26 else { return }
    if meridiem(bytes, at: i, &stamp, takesColon: false) {
      guard stamp.end &+ 1 < bytes.count, bytes[stamp.end] == 0x20 else { return }
      i = stamp.end &+ 1
    }
    var zoned = stamp
    zoneName(bytes, at: i, &zoned)
    guard zoned.end > stamp.end else { return }
    if zoned.end < bytes.count, bytes[zoned.end] != 0x3A {
      let isUTC = zoned.kind == .absolute && !zoned.marks.contains(.namedZone)
      guard bytes[zoned.end] == 0x20, zoned.end &- i >= 3, isUTC || !isTag(bytes, at: zoned.end &+ 1) else {
        return
      }
    }
    // The zone's offset is kept beside the time: which day it is, the clock on the wall says.
    setOffset(&zoned, wall: stamp)
    stamp = zoned
    // `Nov 12 10:03:05 CET 2026` (date(1) and what is made like it).
    let year = stamp.end &+ 1
    if year < bytes.count, bytes[stamp.end] == 0x20, Bytes.isDigit(bytes[year]) {
      let east = stamp.marks.contains(.hasZoneOffset) ? Int64(stamp.zoneOffset) : nil
      guard yearBehind(bytes, at: year, &stamp) else { return }
      stamp.kind = .noZone
      guard let east else { return }
      stamp.marks.remove(.hasZoneOffset)
      place(&stamp, east: east, end: stamp.end)
    }
  }

  /// Makes the time of the wall's clock, and the offset beside it, of a stamp that was moved to UTC.
  private static func setOffset(_ zoned: inout Stamp, wall: Stamp) {
    guard zoned.kind == .absolute else { return }
    zoned.zoneOffset = Int32(truncatingIfNeeded: (wall.time &- zoned.time) / second)
    zoned.marks.insert(.hasZoneOffset)
    zoned.time = wall.time
    zoned.kind = .noYear
  }

  /// The year of a stamp without one, at `start`; moves behind it. False where there is none.
  private static func yearBehind(_ bytes: UnsafeRawBufferPointer, at start: Int, _ stamp: inout Stamp) -> Bool
  {
    var i = start
    guard let year = number(bytes, &i, most: 5), i == start &+ 4, year >= 1970, year < 2100,
      // A colon inside a word is an address's.
      i == bytes.count || bytes[i] == 0x20
        || bytes[i] == 0x3A && (i &+ 1 == bytes.count || bytes[i &+ 1] == 0x20),
      let placed = YearlessStamp.nanoseconds(stamp.time, inYear: year)
    else { return false }
    stamp.time = placed
    stamp.end = i
    return true
  }

  /// `Nov 12 10:03:05Z `, `Nov 12 10:03:05+01:00 `.
  private static func attachedZone(_ bytes: UnsafeRawBufferPointer, _ stamp: inout Stamp) {
    let next = bytes[stamp.end]
    if next == 0x2B || next == 0x2D { return attachedOffset(bytes, at: stamp.end, &stamp) }
    guard next == 0x5A, bytes[stamp.end &+ 1] == 0x20 else { return }
    let wall = stamp
    place(&stamp, east: 0, end: stamp.end &+ 1)
    setOffset(&stamp, wall: wall)
  }

  private static func attachedOffset(
    _ bytes: UnsafeRawBufferPointer, at sign: Int, _ stamp: inout Stamp
  ) {
    guard let (offset, end) = offset(bytes, at: sign &+ 1, takesOneDigit: false), end >= sign &+ 5,
      end == bytes.count || bytes[end] == 0x20 || bytes[end] == 0x3A
    else { return }
    let wall = stamp
    place(&stamp, east: bytes[sign] == 0x2B ? offset : 0 &- offset, end: end)
    setOffset(&stamp, wall: wall)
  }

  /// True where a word stands that ends as a program's name does: `sshd:`, `sshd[12]:`.
  private static func isTag(_ bytes: UnsafeRawBufferPointer, at start: Int) -> Bool {
    let end = Bytes.findNear(0x20, bytes, from: start, to: min(bytes.count, start &+ 96))
    guard end > start else { return true }
    return bytes[end &- 1] == 0x3A || bytes[start..<end].contains(0x5B)
  }
}

/// What the abbreviation of a zone's name says.
public enum ZoneAbbreviation: Sendable, Equatable {
  /// It is none that is known.
  case unknown
  /// UTC under one of its names.
  case utc
  /// One offset, in seconds east of UTC: among logs nothing else goes by that name.
  case offset(Int32)
  /// Zones of several offsets go by it: `CST` is of Chicago and of Shanghai.
  case several

  /// The meaning of a word in capitals.
  public init(_ word: UnsafeRawBufferPointer) {
    guard word.count >= 1, word.count <= 4 else {
      self = .unknown
      return
    }
    var key: UInt32 = 0
    for byte in word { key = key << 8 | UInt32(byte) }
    self = Self.table[key] ?? .unknown
  }

  private static let table: [UInt32: ZoneAbbreviation] = {
    var table: [UInt32: ZoneAbbreviation] = [:]
    func add(_ names: String, _ meaning: ZoneAbbreviation) {
      for name in names.split(separator: " ") {
        table[name.utf8.reduce(0) { $0 << 8 | UInt32($1) }] = meaning
      }
    }
    add("UTC GMT UT Z", .utc)
    add("CST IST BST AST GST", .several)
    for (names, hours) in [
      ("WET", 0), ("WEST CET MEZ", 1), ("CEST MESZ EET SAST", 2), ("EEST MSK IDT", 3), ("PKT", 5), ("WIB", 7),
      ("AWST SGT HKT", 8), ("JST KST", 9), ("AEST", 10), ("AEDT", 11), ("NZST", 12), ("NZDT", 13),
      ("BRT ART", -3), ("EDT", -4), ("EST CDT", -5), ("MDT", -6), ("MST PDT", -7), ("PST AKDT", -8),
      ("AKST", -9), ("HST", -10),
    ] { add(names, .offset(Int32(hours * 3600))) }
    add("ACST", .offset(34_200))
    add("ACDT", .offset(37_800))
    return table
  }()
}
