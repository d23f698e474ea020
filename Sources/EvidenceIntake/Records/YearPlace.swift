import IncidentModel

/// Where stamps without a year come to lie in a year.
enum YearPlace {
  private static let day: Int64 = 86_400_000_000_000
  /// Nanoseconds from 1 January to 1 March of a leap year.
  static let firstOfMarch: Int64 = 60 * day

  /// Nanoseconds to add to a yearless stamp. Those before 1 March count from 1 January, the others from a 1 March
  /// that comes after a 29 February, whether the year has one or not.
  static func base(year: Int, isLate: Bool) -> Int64 {
    let days =
      isLate
      ? CivilDate(year: year, month: 3, day: 1).daysSinceEpoch - 60
      : CivilDate(year: year, month: 1, day: 1).daysSinceEpoch
    return days * day
  }

  /// The last year in which the stamp does not come after the bound. A day and a half is left for zones.
  static func year(of stamp: Int64, notAfter bound: UpperBound?) -> Int {
    guard let bound else { return 1970 }
    let year = CivilDate(daysSinceEpoch: bound.instant.floorQuotient(day)).year
    let placed = base(year: year, isLate: stamp >= firstOfMarch) + stamp
    return placed > bound.instant + day * 3 / 2 ? year - 1 : year
  }

  /// True for years with a 29 February.
  static func isLeap(_ year: Int) -> Bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
  }
}
