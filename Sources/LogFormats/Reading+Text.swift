import IncidentModel

// What tests and `firebreak formats test` show of a reading.
extension Reading {
  /// The time in words: `2026-04-07T09:08:09.768Z`, `2026-04-07T09:08:09 (no zone)`, `04-07T09:08:09`, `boot+12.345`,
  /// `09:08:09`, `none`. As many digits of the fraction as the stamp's resolution asks for.
  public var timeText: String {
    var digits = 9
    var step: Int64 = 1
    while digits > 0, step < resolution {
      step *= 10
      digits -= 1
    }
    switch kind {
    case .none: return "none"
    case .absolute: return Instant(nanoseconds: time).rfc3339(fractionDigits: digits)
    case .noZone: return Instant(nanoseconds: time).rfc3339(fractionDigits: digits).dropLast() + " (no zone)"
    case .noYear:
      let placed = YearlessStamp.nanoseconds(time, inYear: 1972) ?? 0
      return String(Instant(nanoseconds: placed).rfc3339(fractionDigits: digits).dropFirst(5).dropLast())
    case .timeOfDay:
      return String(Instant(nanoseconds: time).rfc3339(fractionDigits: digits).dropFirst(11).dropLast())
    case .sinceBoot:
      let nanos = String(time.magnitude % 1_000_000_000)
      let fraction = (String(repeating: "0", count: 9 - nanos.count) + nanos).prefix(digits)
      return "boot" + (time < 0 ? "-" : "+") + String(time.magnitude / 1_000_000_000)
        + (digits > 0 ? "." + fraction : "")
    }
  }
}
