/// Identifiers of CACAO objects: `object-type--UUID` (CACAO 2.0, 10.10).
public struct ObjectIdentifier: Sendable, Hashable {
  /// The part before `--`.
  public var type: String
  /// The UUID in lower case.
  public var uuid: String
  /// The UUID's version, 1 to 5.
  public var version: Int

  /// The parts of an identifier; nil when the text is none (`^[a-z][a-z0-9-]+[a-z0-9]--UUID$`, versions 1 to 5).
  public init?(_ text: String) {
    let bytes = Array(text.utf8)
    guard bytes.count >= 41, text.utf8.count == text.unicodeScalars.count else { return nil }
    let uuid = bytes.suffix(36)
    let head = bytes.dropLast(36)
    guard head.suffix(2).elementsEqual("--".utf8) else { return nil }
    let type = head.dropLast(2)
    func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte) }
    func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
    guard type.count >= 3, let first = type.first, isLetter(first), let last = type.last,
      isLetter(last) || isDigit(last),
      type.allSatisfy({ isLetter($0) || isDigit($0) || $0 == 0x2D })
    else { return nil }
    for (index, byte) in uuid.enumerated() {
      switch index {
      case 8, 13, 18, 23: guard byte == 0x2D else { return nil }
      case 14: guard (0x31...0x35).contains(byte) else { return nil }
      case 19: guard "89abAB".utf8.contains(byte) else { return nil }
      default: guard Character(Unicode.Scalar(byte)).isHexDigit else { return nil }
      }
    }
    self.type = String(decoding: type, as: UTF8.self)
    self.uuid = String(decoding: uuid, as: UTF8.self).lowercased()
    version = Int(uuid[uuid.startIndex + 14] - 0x30)
  }
}

/// Times of CACAO: `YYYY-MM-DDThh:mm:ss[.s+]Z`, UTC only (10.16).
public enum DocumentTimestamp {
  /// Nanoseconds since the epoch (digits beyond nanoseconds are cut), and the number of fractional digits;
  /// nil when the text is no such time or no date of the calendar. A leap second counts as the second after it.
  public static func parse(_ text: String) -> (nanoseconds: Int64, fractionDigits: Int)? {
    let bytes = Array(text.utf8)
    func number(_ range: Range<Int>) -> Int64? {
      var value: Int64 = 0
      for index in range {
        guard index < bytes.count, (0x30...0x39).contains(bytes[index]) else { return nil }
        value = value * 10 + Int64(bytes[index] - 0x30)
      }
      return value
    }
    guard bytes.count >= 20, bytes[4] == 0x2D, bytes[7] == 0x2D, bytes[10] == UInt8(ascii: "T"),
      bytes[13] == 0x3A, bytes[16] == 0x3A, bytes.last == UInt8(ascii: "Z"),
      let year = number(0..<4), let month = number(5..<7), let day = number(8..<10),
      let hour = number(11..<13), let minute = number(14..<16), let second = number(17..<19),
      (1...12).contains(month), day >= 1, day <= daysIn(month: month, year: year), hour < 24, minute < 60,
      second <= 60
    else { return nil }
    var nanoseconds: Int64 = 0
    let fraction = bytes[19..<bytes.count - 1]
    if !fraction.isEmpty {
      guard fraction.first == 0x2E, fraction.count >= 2 else { return nil }
      var scale: Int64 = 100_000_000
      for byte in fraction.dropFirst() {
        guard (0x30...0x39).contains(byte) else { return nil }
        nanoseconds += Int64(byte - 0x30) * scale
        scale /= 10
      }
    }
    let seconds = days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    guard !overflow else { return (seconds < 0 ? Int64.min : Int64.max, max(0, fraction.count - 1)) }
    return (product + nanoseconds, max(0, fraction.count - 1))
  }

  /// The time with exactly three fractional digits.
  public static func text(nanoseconds: Int64) -> String {
    let milliseconds = nanoseconds >= 0 ? nanoseconds / 1_000_000 : (nanoseconds - 999_999) / 1_000_000
    var seconds = milliseconds / 1000
    var rest = milliseconds % 1000
    if rest < 0 {
      rest += 1000
      seconds -= 1
    }
    var dayNumber = seconds / 86_400
    var secondOfDay = seconds % 86_400
    if secondOfDay < 0 {
      secondOfDay += 86_400
      dayNumber -= 1
    }
    // The inverse of `days`, after Howard Hinnant's algorithms.
    let z = dayNumber + 719_468
    let era = (z >= 0 ? z : z - 146_096) / 146_097
    let dayOfEra = z - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shifted = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * shifted + 2) / 5 + 1
    let month = shifted < 10 ? shifted + 3 : shifted - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    func pad(_ value: Int64, _ width: Int) -> String {
      let digits = String(value)
      return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
    return "\(pad(year, 4))-\(pad(month, 2))-\(pad(day, 2))T\(pad(secondOfDay / 3600, 2)):"
      + "\(pad(secondOfDay / 60 % 60, 2)):\(pad(secondOfDay % 60, 2)).\(pad(rest, 3))Z"
  }

  private static func daysIn(month: Int64, year: Int64) -> Int64 {
    switch month {
    case 4, 6, 9, 11: 30
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    default: 31
    }
  }

  /// Days from 1970-01-01, after Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms" (2013).
  private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
    let y = month <= 2 ? year - 1 : year
    let era = (y >= 0 ? y : y - 399) / 400
    let yearOfEra = y - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }
}

/// Base64 as CACAO uses it.
public enum Base64Text {
  /// The bytes of RFC 4648 section 4 text: standard alphabet, padded, nothing else; nil otherwise.
  public static func decode(_ text: String) -> [UInt8]? { decode(text, urlAlphabet: false) }

  /// Standard alphabet, padded (RFC 4648 section 4).
  public static func encode(_ bytes: some Sequence<UInt8>) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    let bytes = Array(bytes)
    var text: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start..<min(start + 3, bytes.count)]
      var value = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
      var four: [UInt8] = []
      for _ in 0..<4 {
        four.insert(alphabet[value & 63], at: 0)
        value >>= 6
      }
      for index in (group.count + 1)..<4 { four[index] = UInt8(ascii: "=") }
      text += four
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// The bytes of base64url text without padding (RFC 4648 section 5); nil otherwise.
  public static func decodeURL(_ text: String) -> [UInt8]? { decode(text, urlAlphabet: true) }

  private static func decode(_ text: String, urlAlphabet: Bool) -> [UInt8]? {
    var characters = Array(text.utf8)
    if urlAlphabet {
      guard characters.count % 4 != 1 else { return nil }
    } else {
      guard characters.count % 4 == 0 else { return nil }
      var padding = 0
      while padding < 2, characters.last == UInt8(ascii: "=") {
        characters.removeLast()
        padding += 1
      }
    }
    var bytes: [UInt8] = []
    var bits: UInt32 = 0
    var held = 0
    for character in characters {
      let value: UInt8
      switch character {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = character - 65
      case UInt8(ascii: "a")...UInt8(ascii: "z"): value = character - 97 + 26
      case UInt8(ascii: "0")...UInt8(ascii: "9"): value = character - 48 + 52
      case UInt8(ascii: "+") where !urlAlphabet, UInt8(ascii: "-") where urlAlphabet: value = 62
      case UInt8(ascii: "/") where !urlAlphabet, UInt8(ascii: "_") where urlAlphabet: value = 63
      default: return nil
      }
      bits = bits << 6 | UInt32(value)
      held += 6
      if held >= 8 {
        held -= 8
        bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(held)))
        bits &= (1 << UInt32(held)) - 1
      }
    }
    // Bits that carry nothing must be zero, or two texts would mean the same bytes.
    return bits == 0 ? bytes : nil
  }
}
