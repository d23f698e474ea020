public import IncidentModel

/// Reads the times of `since:` and `until:`: RFC 3339 with seconds and zone optional (UTC), dates, `@` epoch seconds,
/// and signed durations (`+30m`, `-1h30m`).
enum QueryTimeParser {
  struct Problem: Error {
    var message: String
    var hint: String?
  }

  static let examples =
    "2026-04-07T09:00Z, 2026-04-07, 09:00 (evidence of one day), +30m (after since:), -2h (before the newest evidence)"

  static func parse(_ text: String) -> Result<QueryTime, Problem> {
    guard let first = text.utf8.first else {
      return .failure(Problem(message: "the time is empty", hint: examples))
    }
    switch first {
    case UInt8(ascii: "+"), UInt8(ascii: "-"):
      guard let nanoseconds = duration(text.dropFirst()) else {
        return .failure(
          Problem(
            message: "'\(text)' is no duration", hint: "number and unit: ms s m h d w, e.g. +90s, -1h30m"))
      }
      return .success(
        first == UInt8(ascii: "+")
          ? .afterSince(nanoseconds: nanoseconds) : .beforeNewest(nanoseconds: nanoseconds))
    case UInt8(ascii: "@"):
      guard let seconds = Double(text.dropFirst()), let instant = Instant(secondsSinceEpoch: seconds) else {
        return .failure(
          Problem(message: "'\(text)' is no time", hint: "@ and seconds since 1970, e.g. @1775552400"))
      }
      return .success(.instant(instant))
    default:
      if duration(text[...]) != nil {
        return .failure(
          Problem(
            message: "'\(text)' could be before or after",
            hint: "+\(text) is after since:, -\(text) before the newest evidence"))
      }
      return calendar(text)
    }
  }

  /// Nanoseconds of a duration without sign, such as `1h30m`; nil when it is none or beyond 292 years.
  static func duration(_ text: Substring) -> Int64? {
    var rest = text.utf8
    var total: Int64 = 0
    guard !rest.isEmpty else { return nil }
    while !rest.isEmpty {
      let digits = rest.prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
      rest = rest.dropFirst(digits.count)
      let unit = rest.prefix { !($0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9")) }
      rest = rest.dropFirst(unit.count)
      guard let number = Int64(String(Substring(digits))), let size = unitSize(String(Substring(unit))) else {
        return nil
      }
      let (product, overflow) = number.multipliedReportingOverflow(by: size)
      let (sum, overflow2) = total.addingReportingOverflow(product)
      guard !overflow, !overflow2 else { return nil }
      total = sum
    }
    return total
  }

  private static func unitSize(_ unit: String) -> Int64? {
    switch unit {
    case "ms": 1_000_000
    case "s": 1_000_000_000
    case "m", "min": 60_000_000_000
    case "h": 3_600_000_000_000
    case "d": 86_400_000_000_000
    case "w": 604_800_000_000_000
    default: nil
    }
  }

  /// `02:41` and `02:41:14`, of the day that the evidence is of.
  private static func timeOfDay(_ text: String) -> QueryTime? {
    var reader = DigitReader(text)
    guard let hour = reader.number(2), reader.take(":"), let minute = reader.number(2) else { return nil }
    var second = 0
    if reader.take(":") {
      guard let given = reader.number(2) else { return nil }
      second = given
    }
    guard reader.isAtEnd, hour <= 23, minute <= 59, second <= 60 else { return nil }
    return .timeOfDay(nanoseconds: Int64(hour * 3600 + minute * 60 + second) * 1_000_000_000)
  }

  /// A date, or a date and a time with optional seconds, fraction and zone.
  private static func calendar(_ text: String) -> Result<QueryTime, Problem> {
    func bad(_ message: String, _ hint: String = examples) -> Result<QueryTime, Problem> {
      .failure(Problem(message: message, hint: hint))
    }
    var reader = DigitReader(text)
    guard let year = reader.number(4), reader.take("-"), let month = reader.number(2), reader.take("-"),
      let day = reader.number(2)
    else {
      if let time = timeOfDay(text) { return .success(time) }
      return bad("'\(text)' is no time", "write one of: \(examples)")
    }
    let date = CivilDate(year: year, month: month, day: day)
    guard (1...12).contains(month), (1...31).contains(day),
      CivilDate(daysSinceEpoch: date.daysSinceEpoch) == date
    else { return bad("there is no such day as \(text.prefix(10))") }
    // The span of Instant, less a day for zones.
    guard (1678...2261).contains(year) else { return bad("the year must lie between 1678 and 2261") }
    var second: Int64 = 0
    var nanosecond: Int64 = 0
    if !reader.isAtEnd {
      guard reader.take("T") || reader.take("t") || reader.take(" ") || reader.take("_"),
        let hour = reader.number(2)
      else { return bad("'\(text)' is no time") }
      var minute = 0
      var wholeSecond = 0
      if reader.take(":") {
        guard let m = reader.number(2) else { return bad("the minutes of '\(text)' need two digits") }
        minute = m
        if reader.take(":") {
          guard let s = reader.number(2) else { return bad("the seconds of '\(text)' need two digits") }
          wholeSecond = s
          if reader.take(".") || reader.take(",") {
            guard let fraction = reader.fraction() else {
              return bad("the fraction of '\(text)' has no digits")
            }
            nanosecond = fraction
          }
        }
      }
      guard hour <= 23 || (hour == 24 && minute == 0 && wholeSecond == 0), minute <= 59, wholeSecond <= 60
      else {
        return bad("there is no such time of day in '\(text)'")
      }
      second = Int64(hour * 3600 + minute * 60 + wholeSecond)
      guard let zone = reader.zone(), reader.isAtEnd else {
        return bad("the zone of '\(text)' is not understood", "write Z, +02:00, or nothing for UTC")
      }
      second -= zone
    }
    let seconds = date.daysSinceEpoch * 86_400 + second
    return .success(.instant(Instant(nanoseconds: seconds * 1_000_000_000 + nanosecond)))
  }
}

/// Takes fixed-width numbers off the front of a text.
private struct DigitReader {
  private var rest: Substring.UTF8View

  init(_ text: String) { rest = text[...].utf8 }

  var isAtEnd: Bool { rest.isEmpty }

  mutating func take(_ character: Character) -> Bool {
    guard rest.first == character.asciiValue else { return false }
    rest = rest.dropFirst()
    return true
  }

  mutating func number(_ digits: Int) -> Int? {
    let taken = rest.prefix(digits)
    guard taken.count == digits, taken.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
    rest = rest.dropFirst(digits)
    return taken.reduce(0) { $0 * 10 + Int($1 - 0x30) }
  }

  /// Nanoseconds of a decimal fraction; digits after the ninth are dropped.
  mutating func fraction() -> Int64? {
    let taken = rest.prefix { $0 >= 0x30 && $0 <= 0x39 }
    guard !taken.isEmpty else { return nil }
    rest = rest.dropFirst(taken.count)
    let digits = taken.prefix(9)
    let value = digits.reduce(Int64(0)) { $0 * 10 + Int64($1 - 0x30) }
    return (digits.count..<9).reduce(value) { value, _ in value * 10 }
  }

  /// Seconds east of UTC; 0 where nothing is written.
  mutating func zone() -> Int64? {
    if isAtEnd || take("Z") || take("z") { return 0 }
    let sign: Int64 = take("+") ? 1 : take("-") ? -1 : 0
    guard sign != 0, let hours = number(2) else { return nil }
    _ = take(":")
    let minutes = isAtEnd ? 0 : number(2)
    guard let minutes, hours <= 18, minutes <= 59 else { return nil }
    return sign * Int64(hours * 3600 + minutes * 60)
  }
}

extension Instant {
  /// The instant that a text means in queries (`2026-04-07T09:00Z`, `2026-04-07`, `@1775552400`); nil for durations and for
  /// what is no time.
  public init?(query text: String) {
    guard case .success(.instant(let instant)) = QueryTimeParser.parse(text) else { return nil }
    self = instant
  }
}
