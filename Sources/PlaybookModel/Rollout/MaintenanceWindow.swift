/// A time of the week in which devices may be worked on: `22:00-04:00`, `Mon-Fri 22:00-04:00`, `Sat,Sun 00:00-24:00`.
///
/// A window that ends before it begins goes over midnight and belongs to the day on which it begins. Times are local to
/// an offset from UTC; there is no table of time zones on the way of a run.
public struct MaintenanceWindow: Sendable, Hashable {
  /// Days on which it begins, 0 for Monday to 6 for Sunday.
  public var days: Set<Int>
  /// Minute of the day at which it begins, 0 to 1439.
  public var from: Int
  /// Minute at which it ends, counted from the beginning of the same day: greater than `from`, at most 2880.
  public var until: Int

  private static let names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

  /// Nil when the text has another form.
  public init?(_ text: String) {
    let parts = text.split(separator: " ", omittingEmptySubsequences: false)
    guard (1...2).contains(parts.count),
      let times = parts.last?.split(separator: "-", omittingEmptySubsequences: false), times.count == 2,
      let from = Self.minute(times[0]), let end = Self.minute(times[1]), from < 1440, from != end
    else { return nil }
    days = Set(0..<7)
    if parts.count == 2 {
      guard let chosen = Self.days(parts[0].lowercased()) else { return nil }
      days = chosen
    }
    self.from = from
    until = end > from ? end : end + 1440
  }

  private static func minute(_ text: Substring) -> Int? {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2,
      parts.allSatisfy({ $0.utf8.count == 2 && $0.utf8.allSatisfy { (48...57).contains($0) } }),
      let hour = Int(parts[0]), let minute = Int(parts[1]), minute < 60, hour * 60 + minute <= 1440
    else { return nil }
    return hour * 60 + minute
  }

  private static func days(_ text: String) -> Set<Int>? {
    if text == "daily" { return Set(0..<7) }
    var days: Set<Int> = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = part.split(separator: "-", omittingEmptySubsequences: false).map {
        names.firstIndex(of: String($0))
      }
      guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1] else {
        return nil
      }
      var day = first
      days.insert(day)
      while day != last {
        day = (day + 1) % 7
        days.insert(day)
      }
    }
    return days
  }

  /// True when a wall time lies in it. `time` is in nanoseconds since the epoch, `offset` in seconds east of UTC.
  public func contains(_ time: Int64, offset: Int) -> Bool {
    let minutes = (time / 1_000_000_000 + Int64(offset)) / 60
    let (day, minute) = (minutes / 1440, Int(minutes % 1440))
    // 1970-01-01 was a Thursday.
    let weekday = Int((day + 3) % 7)
    if days.contains(weekday), minute >= from, minute < until { return true }
    return days.contains((weekday + 6) % 7) && minute + 1440 < until
  }

  /// Seconds east of UTC for `Z`, `+01:00`, `-05:30`; nil for other texts.
  public static func offset(_ text: String) -> Int? {
    if text == "Z" { return 0 }
    guard let sign = text.first, sign == "+" || sign == "-", let minutes = minute(text.dropFirst()),
      minutes <= 840
    else { return nil }
    return (sign == "-" ? -60 : 60) * minutes
  }
}
