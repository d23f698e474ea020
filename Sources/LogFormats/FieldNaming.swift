/// How the fields of a source get their roles: the usual names, overruled by what a definition or mapping says.
struct FieldNaming: Sendable {
  /// Meanings by the dotted path exactly as written.
  var overrides: [String: FieldMeaning] = [:]
  /// Roles for which only `overrides` count.
  var fixedRoles: Set<FieldRole> = []
  /// How the stamp is to be read, where the definition says so.
  var stamp: StampRule?
  /// Severities of words that only this source uses.
  var severityWords: [(word: [UInt8], severity: UInt8)] = []

  /// The usual names.
  static let usual = FieldNaming()

  /// The meaning of a field.
  func meaning(_ path: String) -> FieldMeaning {
    if var known = overrides[path] {
      if known.role.isOfTime { known.zone = FieldZone(path)?.east }
      return known
    }
    let usual = FieldNames.meaning(path)
    return fixedRoles.contains(usual.role) ? .other : usual
  }

  /// The severity that bytes stand for; 255 for none.
  @inline(__always) func severity(_ bytes: UnsafeRawBufferPointer, scale: SeverityScale) -> UInt8 {
    for entry in severityWords where entry.word.count == bytes.count && bytes.elementsEqual(entry.word) {
      return entry.severity
    }
    return SeverityText.severity(bytes, scale: scale)
  }

  /// The stamp that bytes hold; nil for none.
  @inline(__always)
  func stamp(
    _ bytes: UnsafeRawBufferPointer, isText: Bool, unit: Int64, _ reader: inout StampReader
  ) -> Stamp? {
    if let stamp { return stamp.read(bytes, &reader) }
    return Self.usualStamp(bytes, isText: isText, unit: unit, &reader)
  }

  /// The same where nothing says how it is to be read.
  @inline(__always)
  static func usualStamp(
    _ bytes: UnsafeRawBufferPointer, isText: Bool, unit: Int64, _ reader: inout StampReader
  ) -> Stamp? {
    if isText {
      if let stamp = reader.iso(bytes), stamp.end == bytes.count { return stamp }
      return reader.any(bytes, unit: unit)
    }
    // `20260407090809` without quotes.
    return StampReader.number(bytes, unit: unit) ?? reader.any(bytes, unit: unit)
  }
}

/// How a definition wants stamps to be read.
struct StampRule: Sendable {
  enum Class: Sendable {
    /// Whatever the bytes look like.
    case auto
    /// A number of units since the epoch.
    case epoch
    /// A number of units since boot.
    case sinceBoot
    /// By the first of `formats` that fits.
    case formatted
  }
  var kind = Class.auto
  /// Nanoseconds per unit of a number; 0: its size tells.
  var unit: Int64 = 0
  var formats: [StampPattern] = []
  /// The zone of stamps that name none.
  var zone: TimeZoneRules?

  func read(_ bytes: UnsafeRawBufferPointer, _ reader: inout StampReader) -> Stamp? {
    var stamp: Stamp?
    switch kind {
    case .auto: stamp = reader.any(bytes, unit: unit)
    case .epoch:
      guard let (time, resolution) = StampReader.epoch(bytes, unit: unit == 0 ? nil : unit) else {
        return nil
      }
      var found = Stamp()
      found.time = time
      found.resolution = resolution
      found.kind = .absolute
      found.end = bytes.count
      stamp = found
    case .sinceBoot:
      guard let (time, resolution) = StampReader.epoch(bytes, unit: unit == 0 ? StampReader.second : unit)
      else {
        return nil
      }
      var found = Stamp()
      found.time = time
      found.resolution = resolution
      found.kind = .sinceBoot
      found.end = bytes.count
      stamp = found
    case .formatted:
      for format in formats {
        guard let found = format.read(bytes, at: 0), found.end == bytes.count else { continue }
        stamp = found
        break
      }
    }
    if let zone, var placed = stamp, placed.kind == .noZone {
      placed.time &-= Int64(zone.offset(localSeconds: placed.time / StampReader.second)) &* StampReader.second
      placed.kind = .absolute
      return placed
    }
    return stamp
  }
}

/// A stamp's form in the letters of strftime(3): `%Y %m %d %e %b %B %H %I %p %M %S %f %L %z %Z %s %y %j %a %T %F %%`; `%f` is a
/// fraction of any length without its point, `%L` milliseconds.
struct StampPattern: Sendable {
  private let pattern: [UInt8]

  /// A form; nil where it holds a letter that is not known.
  init?(_ text: String) {
    var bytes: [UInt8] = []
    var iterator = Array(text.utf8).makeIterator()
    while let byte = iterator.next() {
      guard byte == 0x25 else {
        bytes.append(byte)
        continue
      }
      guard let letter = iterator.next() else { return nil }
      switch letter {
      case UInt8(ascii: "T"): bytes += Array("%H:%M:%S".utf8)
      case UInt8(ascii: "F"): bytes += Array("%Y-%m-%d".utf8)
      default:
        guard "YmdebBhHIpMSfLzZsyja%".utf8.contains(letter) else { return nil }
        bytes += [0x25, letter]
      }
    }
    pattern = bytes
  }

  /// The stamp at `start`; nil where the bytes do not follow the form.
  func read(_ bytes: UnsafeRawBufferPointer, at start: Int) -> Stamp? {
    var stamp = Stamp()
    var i = start
    var year: Int?
    var month = 0
    var day = 0
    var dayOfYear: Int?
    var hour = 0
    var minute = 0
    var second = 0
    var nanos: Int64 = 0
    var isAfternoon: Bool?
    var hasDate = false
    var epoch: Int64?
    var at = 0
    while at < pattern.count {
      guard pattern[at] == 0x25 else {
        guard i < bytes.count, bytes[i] == pattern[at] else { return nil }
        i += 1
        at += 1
        continue
      }
      let letter = pattern[at + 1]
      at += 2
      func digits(_ most: Int, _ range: ClosedRange<Int>) -> Int? {
        while most == 2, i < bytes.count, bytes[i] == 0x20 { i += 1 }
        guard let value = StampReader.number(bytes, &i, most: most), range.contains(value) else { return nil }
        return value
      }
      switch letter {
      case UInt8(ascii: "Y"):
        guard let value = digits(4, 1678...2261) else { return nil }
        year = value
      case UInt8(ascii: "y"):
        guard let value = digits(2, 0...99) else { return nil }
        year = value < 70 ? 2000 + value : 1900 + value
      case UInt8(ascii: "m"):
        guard let value = digits(2, 1...12) else { return nil }
        month = value
        hasDate = true
      case UInt8(ascii: "b"), UInt8(ascii: "B"), UInt8(ascii: "h"):
        let from = i
        while i < bytes.count, Bytes.isLetter(bytes[i]) || bytes[i] >= 0x80 { i += 1 }
        guard let value = MonthNames.month(Bytes.part(bytes, from, i)) else { return nil }
        month = value
        hasDate = true
      case UInt8(ascii: "d"), UInt8(ascii: "e"):
        guard let value = digits(2, 1...31) else { return nil }
        day = value
        hasDate = true
      case UInt8(ascii: "j"):
        guard let value = digits(3, 1...366) else { return nil }
        dayOfYear = value
        hasDate = true
      case UInt8(ascii: "H"), UInt8(ascii: "I"):
        guard let value = digits(2, 0...23) else { return nil }
        hour = value
      case UInt8(ascii: "M"):
        guard let value = digits(2, 0...59) else { return nil }
        minute = value
      case UInt8(ascii: "S"):
        guard let value = digits(2, 0...60) else { return nil }
        second = value
      case UInt8(ascii: "p"):
        guard i + 2 <= bytes.count, bytes[i + 1] | 0x20 == 0x6D else { return nil }
        isAfternoon = bytes[i] | 0x20 == 0x70
        i += 2
      case UInt8(ascii: "f"), UInt8(ascii: "L"):
        var unit = StampReader.second
        let from = i
        while i < bytes.count, Bytes.isDigit(bytes[i]), letter != UInt8(ascii: "L") || i - from < 3 {
          if unit > 1 {
            unit /= 10
            nanos += Int64(bytes[i] - 0x30) * unit
          }
          i += 1
        }
        guard i > from else { return nil }
        stamp.resolution = unit
      case UInt8(ascii: "z"), UInt8(ascii: "Z"):
        stamp.end = i
        let before = i
        StampReader.zone(bytes, &stamp)
        if stamp.kind != .absolute {
          guard letter == UInt8(ascii: "Z") else { return nil }
          while stamp.end < bytes.count, Bytes.isLetter(bytes[stamp.end]) { stamp.end += 1 }
          if stamp.end > before { stamp.marks.insert(.ambiguousZone) }
        }
        i = stamp.end
      case UInt8(ascii: "s"):
        let from = i
        while i < bytes.count, Bytes.isDigit(bytes[i]) { i += 1 }
        guard let value = Bytes.decimal(Bytes.part(bytes, from, i)), value < 9_000_000_000 else { return nil }
        epoch = value
      case UInt8(ascii: "a"):
        while i < bytes.count, Bytes.isLetter(bytes[i]) { i += 1 }
      default:
        guard i < bytes.count, bytes[i] == 0x25 else { return nil }
        i += 1
      }
    }
    stamp.end = i
    if let epoch {
      stamp.time = epoch * StampReader.second + nanos
      stamp.kind = .absolute
      return stamp
    }
    if let isAfternoon { hour = hour % 12 + (isAfternoon ? 12 : 0) }
    // `stamp.time` holds minus the zone's offset where there was one.
    let clock = Int64(hour * 3600 + minute * 60 + second) * StampReader.second + nanos
    if !hasDate {
      stamp.kind = .timeOfDay
      stamp.time = clock
      return stamp
    }
    if let dayOfYear {
      guard let year, let newYear = StampReader.dayStart(year: year, month: 1, day: 1) else { return nil }
      stamp.time &+= newYear &+ Int64(dayOfYear - 1) &* StampReader.day &+ clock
    } else if let year {
      guard let dayStart = StampReader.dayStart(year: year, month: month, day: day) else { return nil }
      stamp.time &+= dayStart &+ clock
    } else {
      guard let dayStart = StampReader.leapYearDay(month: month, day: day) else { return nil }
      if stamp.kind == .absolute {
        stamp.zoneOffset = Int32(truncatingIfNeeded: 0 &- stamp.time / StampReader.second)
        stamp.marks.insert(.hasZoneOffset)
      }
      stamp.time = dayStart &+ clock
      stamp.kind = .noYear
      return stamp
    }
    if stamp.kind != .absolute { stamp.kind = .noZone }
    return stamp
  }
}
