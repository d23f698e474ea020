/// The zone that a field's name tells of the times under it: `timestamp_utc`, `Time (UTC)`, `Uhrzeit [UTC+2]`, `utcTime`. Brackets that
/// say how a time is written (`Date (YYYY-MM-DD)`), or that it is local, belong to the name as little.
struct FieldZone: Equatable {
  /// The name without it; empty where nothing else stands there.
  var name: String
  /// Seconds east of UTC; nil where no one offset is told (`local`, `Europe/Berlin`, `IST`).
  var east: Int32?

  private init(name: String, east: Int32?) {
    self.name = name
    self.east = east
  }

  /// What a name tells; nil where it tells nothing of a zone or of how a time is written.
  init?(_ path: String) {
    guard path.utf8.count <= 128, Self.mayTell(path) else { return nil }
    let scalars = Array(path.unicodeScalars)
    let bracket = Self.inBracket(scalars)
    let plain = bracket.map { Array(scalars[..<$0.start]) } ?? scalars
    let word = Self.inWord(plain)
    guard bracket != nil || word != nil else { return nil }
    self.init(
      name: word?.name ?? Self.text(plain[...]), east: bracket?.east ?? word?.east)
  }

  /// False for nearly all names: they end with no bracket and hold neither `utc` nor `gmt`.
  private static func mayTell(_ path: String) -> Bool {
    if let last = path.utf8.last, last == 0x29 || last == 0x5D || last >= 0x80 { return true }
    var word: UInt32 = 0
    for byte in path.utf8 {
      word = (word << 8 | UInt32(byte | 0x20)) & 0xFF_FFFF
      if word == 0x75_7463 || word == 0x67_6D74 { return true }
    }
    return false
  }

  // MARK: Brackets

  /// A bracket at the end that tells a zone or a form: where it begins.
  private static func inBracket(_ scalars: [Unicode.Scalar]) -> (start: Int, east: Int32?)? {
    let pairs: [Unicode.Scalar: Unicode.Scalar] = [")": "(", "]": "[", "）": "（", "】": "【"]
    guard let last = scalars.last, let opening = pairs[last], let start = scalars.lastIndex(of: opening),
      start > 0
    else { return nil }
    let inside = String(String.UnicodeScalarView(scalars[(start + 1)..<(scalars.count - 1)]))
    if isForm(inside) { return (start, nil) }
    let words = inside.split(separator: " ").filter { !fillers.contains($0.lowercased()) }
    guard let zone = zone(words.joined()) else { return nil }
    return (start, zone)
  }

  private static let fillers: Set<String> = [
    "in", "tz", "zone", "timezone", "time", "zeit", "zeitzone", "heure", "hora",
  ]
  private static let localWords: Set<String> = [
    "local", "localtime", "lokal", "lokalzeit", "ortszeit", "locale", "lokaal",
  ]

  /// `YYYY-MM-DD`, `hh:mm:ss.fff`, `TT.MM.JJJJ`: letters of date and clock with signs between them. A letter alone is a unit (`s`).
  private static func isForm(_ text: String) -> Bool {
    let letters = text.lowercased().unicodeScalars
    return letters.count >= 5 && letters.contains { ":-./".unicodeScalars.contains($0) }
      && letters.allSatisfy { "ymdhsfjtazg :-./,".unicodeScalars.contains($0) }
  }

  /// The zone that a bracket holds; nil where it is none. Its offset is nil where only its rules or somebody else know it.
  private static func zone(_ text: String) -> Int32?? {
    if let (east, end) = universal(Array(text.unicodeScalars), at: 0), end == text.unicodeScalars.count {
      return east
    }
    var text = text
    return text.withUTF8 { bytes -> Int32?? in
      let all = UnsafeRawBufferPointer(bytes)
      if let sign = all.first, sign == 0x2B || sign == 0x2D,
        let (seconds, end) = StampReader.offset(all, at: 1, takesOneDigit: true), end == all.count
      {
        return Int32(sign == 0x2B ? seconds : -seconds)
      }
      switch ZoneAbbreviation(all) {
      case .utc: return 0
      case .offset(let seconds): return seconds
      case .several: return .some(nil)
      case .unknown: break
      }
      if StampReader.namesCity(all) { return .some(nil) }
      let word = String(decoding: all, as: UTF8.self).lowercased()
      return word == "zulu" ? 0 : localWords.contains(word) ? .some(nil) : nil
    }
  }

  // MARK: Words

  /// `UTC` or `GMT` among the words of a name. Written as one with others (`timestamputc`), those have to name a time.
  private static func inWord(_ scalars: [Unicode.Scalar]) -> (name: String, east: Int32)? {
    let begin = scalars.lastIndex(of: ".").map { $0 + 1 } ?? 0
    var at = scalars.count - 3
    while at >= begin {
      defer { at -= 1 }
      guard let (east, end) = universal(scalars, at: at) else { continue }
      let isApart =
        (at == begin || isBorder(scalars[at - 1], scalars[at]))
        && (end == scalars.count || isBorder(scalars[end - 1], scalars[end]))
      var before = scalars[..<at]
      while let last = before.last, separators.contains(last) { before.removeLast() }
      // `Zeit in UTC`
      if before.count > 3, before.suffix(3).elementsEqual(" in".unicodeScalars) { before.removeLast(3) }
      var after = scalars[end...]
      while let first = after.first, separators.contains(first) { after.removeFirst() }
      let name = text(before + (before.isEmpty || after.isEmpty ? [] : ["_"]) + after)
      let words = DeviceWords.words(name)
      if words.contains(where: offsetWords.contains) { return nil }
      if !isApart, !FieldNames.isTime(name) { continue }
      return (name, east)
    }
    return nil
  }

  private static let separators: Set<Unicode.Scalar> = [" ", "_", "-", ",", ":", "/", "|"]
  /// `utc_offset` is no time, and `utc_plus_2` no UTC.
  private static let offsetWords: Set<String> = [
    "offset", "diff", "difference", "shift", "delta", "versatz", "plus", "minus",
  ]

  private static func isBorder(_ left: Unicode.Scalar, _ right: Unicode.Scalar) -> Bool {
    if !left.properties.isAlphabetic || !right.properties.isAlphabetic { return true }
    // A small letter before a large one, and the letters of other scripts, which are neither.
    return left.properties.isLowercase && right.properties.isUppercase
      || left.value >= 0x2E80 || right.value >= 0x2E80
      // `UTCTime`
      || left.properties.isUppercase && right.properties.isUppercase
  }

  /// `UTC`, `gmt`, `UTC+2`, `UTC-05:00` at an index, and the index behind it; nil where a number behind it leaves the offset open.
  private static func universal(_ scalars: [Unicode.Scalar], at start: Int) -> (east: Int32, end: Int)? {
    guard start + 3 <= scalars.count else { return nil }
    let word = String(String.UnicodeScalarView(scalars[start..<(start + 3)])).lowercased()
    guard word == "utc" || word == "gmt" else { return nil }
    var end = start + 3
    var sign = end
    while sign < scalars.count, scalars[sign] == " " { sign += 1 }
    guard sign < scalars.count else { return (0, end) }
    guard ["+", "-", "−", "±"].contains(scalars[sign]), sign + 1 < scalars.count,
      ("0"..."9").contains(scalars[sign + 1])
    else {
      let next = scalars[sign] == "_" && sign + 1 < scalars.count ? scalars[sign + 1] : scalars[sign]
      return ("0"..."9").contains(next) ? nil : (0, end)
    }
    end = sign + 1
    var digits: [UInt8] = []
    while end < scalars.count, ("0"..."9").contains(scalars[end]) || scalars[end] == ":" {
      digits.append(UInt8(scalars[end].value))
      end += 1
    }
    let seconds = digits.withUnsafeBytes { bytes -> Int64? in
      StampReader.offset(bytes, at: 0, takesOneDigit: true).flatMap {
        $0.end == bytes.count ? $0.seconds : nil
      }
    }
    guard let seconds else { return nil }
    return (Int32(scalars[sign] == "+" || scalars[sign] == "±" ? seconds : -seconds), end)
  }

  private static func text(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
    var rest = scalars
    while let last = rest.last, separators.contains(last) { rest.removeLast() }
    return String(String.UnicodeScalarView(rest))
  }
}

extension Reading {
  /// The stamp that was set is of the zone that its field's name tells, where it names none itself.
  @inline(never)
  mutating func take(zoneOfField east: Int32) {
    switch kind {
    case .noZone:
      time &-= Int64(east) &* StampReader.second
      kind = .absolute
      // A zone that the stamp names and nobody knows does not matter beside an offset.
      flags.remove(.ambiguousZone)
    case .noYear where !flags.contains(.hasZoneOffset): flags.insert(.hasZoneOffset)
    default: return
    }
    zoneOffset = east
    flags.insert(.fieldZone)
  }
}
