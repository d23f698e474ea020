public import IncidentModel

/// How numbers, durations and instants are written in a report: one way, everywhere, without a locale.
enum Format {
  /// An integer with commas: `12,480`.
  static func count(_ value: Int) -> String {
    let digits = String(value.magnitude)
    var text = ""
    for (position, digit) in digits.enumerated() {
      if position > 0, (digits.count - position) % 3 == 0 { text.append(",") }
      text.append(digit)
    }
    return value < 0 ? "-" + text : text
  }

  /// A finite number with a fixed count of decimals, halves away from zero. Not finite gives "not a number" words
  /// rather than a symbol: callers refuse such values before they come here.
  static func fixed(_ value: Double, digits: Int) -> String {
    guard value.isFinite, abs(value) < 9e15 else { return "out of range" }
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let scaled = (abs(value) * scale).rounded(.toNearestOrAwayFromZero)
    guard scaled < 9e18 else { return count(Int(value)) }
    let units = Int64(scaled)
    let whole = units / Int64(scale)
    let rest = String(units % Int64(scale))
    let sign = value < 0 && units != 0 ? "-" : ""
    if digits == 0 { return sign + count(Int(whole)) }
    return sign + count(Int(whole)) + "." + String(repeating: "0", count: digits - rest.count) + rest
  }

  /// A share as per cent with one decimal: `3.0 %`; 0 and 100 only where exact.
  static func percent(_ share: Double) -> String {
    let percent = share * 100
    if share > 0, percent < 0.05 { return "< 0.1 %" }
    if share < 1, percent >= 99.95 { return "> 99.9 %" }
    return fixed(percent, digits: 1) + " %"
  }

  /// A duration in the two or three units that matter: `2 d 3 h`, `1 h 23 min`, `4 min 05 s`, `12 s`, `0.35 s`.
  static func duration(nanoseconds: Int64) -> String {
    let sign = nanoseconds < 0 ? "-" : ""
    let magnitude = nanoseconds.magnitude
    if magnitude < 10_000_000_000 {
      if magnitude == 0 { return "0 s" }
      if magnitude < 5_000_000 { return sign + "< 0.01 s" }
      return sign + fixed(Double(magnitude) / 1e9, digits: 2) + " s"
    }
    let seconds = (magnitude + 500_000_000) / 1_000_000_000
    let (days, hours) = (seconds / 86_400, seconds / 3600 % 24)
    let (minutes, rest) = (seconds / 60 % 60, seconds % 60)
    func two(_ value: UInt64) -> String { value < 10 ? "0\(value)" : "\(value)" }
    if days > 0 { return sign + "\(days) d \(hours) h" }
    if hours > 0 { return sign + "\(hours) h \(two(minutes)) min" }
    if minutes > 0 { return sign + "\(minutes) min \(two(rest)) s" }
    return sign + "\(rest) s"
  }

  /// An instant in UTC to the second, written for people: `2026-04-07 09:08:09 UTC`.
  static func instant(_ instant: Instant) -> String {
    guard isPlausible(instant) else { return "clock not set" }
    let text = instant.rfc3339(fractionDigits: 0)
    return text.prefix(10) + " " + text.dropFirst(11).prefix(8) + " UTC"
  }

  /// Hour, minute and second of an instant, or day and hour on an axis that spans days.
  static func clock(_ instant: Instant, withDay: Bool = false, withSeconds: Bool = false) -> String {
    let text = instant.rfc3339(fractionDigits: 0)
    let clock = String(text.dropFirst(11).prefix(withSeconds ? 8 : 5))
    return withDay ? "\(text.dropFirst(5).prefix(5)) \(clock)" : clock
  }

  /// Instants that a set clock can show, in nanoseconds: 1971 to 2106 (where 32 unsigned bits of seconds end). Sums and
  /// differences of three of them fit 64 bits.
  static let plausible: Range<Int64> = 31_536_000_000_000_000..<4_294_967_296_000_000_000

  /// False for what a device without a set clock writes.
  static func isPlausible(_ instant: Instant) -> Bool { plausible.contains(instant.nanoseconds) }

  /// Bytes with a binary unit: `81,920 B`, `12.4 MiB`.
  static func bytes(_ value: UInt64) -> String {
    if value < 1_048_576 { return count(Int(value)) + " B" }
    let mebibytes = Double(value) / 1_048_576
    return mebibytes < 10_240
      ? fixed(mebibytes, digits: 1) + " MiB" : fixed(mebibytes / 1024, digits: 1) + " GiB"
  }
}

extension Instant {
  /// An instant from RFC 3339 text (`2026-04-07T09:08:09Z`, fraction and numeric offset allowed, seconds may be left out).
  /// Nil when the text is anything else: a time without a zone above all, since nobody can say when that was.
  public init?(rfc3339 text: String) {
    var rest = Array(text.utf8)[...]
    func number(_ digits: Int) -> Int? {
      guard rest.count >= digits else { return nil }
      var value = 0
      for byte in rest.prefix(digits) {
        guard byte >= 48, byte <= 57 else { return nil }
        value = value * 10 + Int(byte - 48)
      }
      rest = rest.dropFirst(digits)
      return value
    }
    func skip(_ characters: String) -> Bool {
      guard let first = rest.first, characters.utf8.contains(first) else { return false }
      rest = rest.dropFirst()
      return true
    }
    guard let year = number(4), skip("-"), let month = number(2), skip("-"), let day = number(2), skip("Tt "),
      let hour = number(2), skip(":"), let minute = number(2), (1...12).contains(month),
      (1...31).contains(day),
      hour < 24, minute < 60, year >= 1971, year < 2262
    else { return nil }
    let date = CivilDate(year: year, month: month, day: day)
    guard CivilDate(daysSinceEpoch: date.daysSinceEpoch) == date else { return nil }
    var second = 0
    var nanos: Int64 = 0
    if skip(":") {
      guard let value = number(2), value < 61 else { return nil }
      second = min(value, 59)
      if skip(".,") {
        var scale: Int64 = 100_000_000
        var digits = 0
        while let digit = number(1) {
          nanos += Int64(digit) * scale
          scale /= 10
          digits += 1
        }
        guard digits > 0 else { return nil }
      }
    }
    var offset = 0
    if !skip("Zz") {
      guard let sign = rest.first, sign == 43 || sign == 45 else { return nil }
      rest = rest.dropFirst()
      guard let hours = number(2), hours < 24 else { return nil }
      _ = skip(":")
      guard let minutes = number(2), minutes < 60 else { return nil }
      offset = (hours * 60 + minutes) * (sign == 45 ? -60 : 60)
    }
    guard rest.isEmpty else { return nil }
    let seconds = date.daysSinceEpoch * 86_400 + Int64(hour * 3600 + minute * 60 + second - offset)
    self.init(nanoseconds: seconds * 1_000_000_000 + nanos)
  }
}
