import IncidentModel

/// A deadline scheme of a law: stages that count from awareness, from an earlier stage, or from a corrective measure.
struct LegalClock {
  /// A stage: something to be sent until a deadline.
  struct Stage {
    /// What the deadline counts from.
    enum Base: Equatable { case awareness, sent(String), measure }
    /// How long: hours, days, working days or calendar months.
    enum Span: Equatable { case hours(Int), days(Int), workdays(Int), months(Int) }
    var id: String
    var title: String
    var base: Base
    var span: Span
    /// Fields of the form: id, what is asked, and the most characters an answer should have.
    var fields: [(id: String, title: String, limit: Int)]
  }
  var id: String
  var title: String
  var source: String
  var stages: [Stage]

  /// What a stage counts from: the time as it was given, nil where it was not, and what it is, in words.
  func start(of stage: Stage, answer: LegalClockAnswer) -> (text: String?, what: String) {
    switch stage.base {
    case .awareness: return (answer.awareAt, "when the organisation became aware")
    case .measure: return (answer.measureAt, "when a corrective measure was available")
    case .sent(let earlier):
      let title = stages.first { $0.id == earlier }?.title ?? earlier
      return (answer.sent?[earlier], "when “\(title)” was sent")
    }
  }

  /// The deadline of a stage, or why there is none yet. Days and months are those of the place that the time was given for.
  func deadline(of stage: Stage, answer: LegalClockAnswer) -> MetricValue {
    let (text, what) = start(of: stage, answer: answer)
    guard let text, let start = Instant(rfc3339: text) else {
      return .notComputable("\(what) was not provided as RFC 3339 with a zone")
    }
    return .instant(start.moved(by: stage.span, offset: Self.offset(of: text)))
  }

  /// Seconds east of UTC that a time with a zone was given with.
  static func offset(of text: String) -> Int64 {
    guard let mark = text.lastIndex(where: { "+-".contains($0) }), text.contains(":"),
      text[..<mark].contains(":")
    else { return 0 }
    let digits = text[mark...].dropFirst().filter { $0 != ":" }
    guard digits.count == 4, let number = Int64(digits) else { return 0 }
    return (number / 100 * 60 + number % 100) * (text[mark] == "-" ? -60 : 60)
  }

  /// A deadline by the clock of the place that its beginning was given for, with its weekday: ` (Friday, 2026-02-06 22:00 there)`.
  /// Nil where that is UTC.
  static func local(_ due: Instant, as text: String?) -> String? {
    guard let offset = text.map(Self.offset), offset != 0 else { return nil }
    let there = due.adding(nanoseconds: offset * 1_000_000_000)
    let days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
    return "\(days[there.weekday]), \(Format.instant(there).prefix(16)) there"
  }
}

extension Instant {
  /// Day of the week in UTC, 0 being Monday.
  fileprivate var weekday: Int {
    let day: Int64 = 86_400_000_000_000
    let number = nanoseconds >= 0 ? nanoseconds / day : (nanoseconds - day + 1) / day
    // 1970-01-01 was a Thursday.
    return Int(((number + 3) % 7 + 7) % 7)
  }

  /// This instant moved by a legal span. Months are calendar months: the same day, or the month's last where there is
  /// no such day (Regulation 1182/71, Art. 3(2)(c)). Working days skip Saturdays and Sundays; holidays are not known. Both go
  /// by the calendar of a place so many seconds east of UTC: where it is Sunday evening there, it is Monday in UTC.
  func moved(by span: LegalClock.Stage.Span, offset: Int64 = 0) -> Instant {
    let second: Int64 = 1_000_000_000
    guard offset == 0 else {
      return adding(nanoseconds: offset * second).moved(by: span).adding(nanoseconds: -offset * second)
    }
    let day: Int64 = 86_400_000_000_000
    switch span {
    case .hours(let hours): return adding(nanoseconds: Int64(hours) * 3_600_000_000_000)
    case .days(let days): return adding(nanoseconds: Int64(days) * day)
    case .workdays(let count):
      var result = self
      var left = count
      while left > 0 {
        result = result.adding(nanoseconds: day)
        if result.weekday < 5 { left -= 1 }
      }
      return result
    case .months(let months):
      let dayNumber = nanoseconds >= 0 ? nanoseconds / day : (nanoseconds - day + 1) / day
      var date = CivilDate(daysSinceEpoch: dayNumber)
      let rest = nanoseconds - dayNumber * day
      let wanted = date.day
      date.month += months
      while date.month > 12 {
        date.month -= 12
        date.year += 1
      }
      for last in [wanted, 30, 29, 28] where last <= wanted {
        date.day = last
        if CivilDate(daysSinceEpoch: date.daysSinceEpoch) == date { break }
      }
      return Instant(nanoseconds: date.daysSinceEpoch * day + rest)
    }
  }
}
