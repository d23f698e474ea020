import IncidentModel

/// Stamps without a year, kept as nanoseconds since 1 January 00:00 of a leap year, so that 29 February has a place.
public enum YearlessStamp {
  /// Nanoseconds since the epoch, as if UTC, for a yearless stamp placed in a year; nil for 29 February of a year that
  /// has none, and for years outside 1678 to 2261.
  public static func nanoseconds(_ sinceNewYear: Int64, inYear year: Int) -> Int64? {
    guard year >= 1678, year <= 2261 else { return nil }
    let day = sinceNewYear / 86_400_000_000_000
    let date = CivilDate(daysSinceEpoch: leapYearStart + day)
    var placed = date
    placed.year = year
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    if date.month == 2, date.day == 29, !isLeap { return nil }
    return placed.daysSinceEpoch &* 86_400_000_000_000 &+ (sinceNewYear - day * 86_400_000_000_000)
  }

  /// Days from the epoch to 1 January 1972, a leap year.
  private static let leapYearStart: Int64 = 730
}
