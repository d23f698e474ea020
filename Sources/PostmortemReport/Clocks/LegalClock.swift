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

  /// The deadline of a stage, or why there is none yet.
  func deadline(of stage: Stage, answer: LegalClockAnswer) -> MetricValue {
    let start: Instant?
    let what: String
    switch stage.base {
    case .awareness:
      (start, what) = (answer.awareAt.flatMap { Instant(rfc3339: $0) }, "when the organisation became aware")
    case .measure:
      (start, what) = (
        answer.measureAt.flatMap { Instant(rfc3339: $0) }, "when a corrective measure was available"
      )
    case .sent(let earlier):
      let title = stages.first { $0.id == earlier }?.title ?? earlier
      (start, what) = (answer.sent?[earlier].flatMap { Instant(rfc3339: $0) }, "when “\(title)” was sent")
    }
    guard let start else { return .notComputable("\(what) was not provided as RFC 3339 with a zone") }
    return .instant(start.moved(by: stage.span))
  }
}

extension Instant {
  /// This instant moved by a legal span. Months are calendar months in UTC: the same day, or the month's last where there is
  /// no such day (Regulation 1182/71, Art. 3(2)(c)). Working days skip Saturdays and Sundays; holidays are not known.
  func moved(by span: LegalClock.Stage.Span) -> Instant {
    let day: Int64 = 86_400_000_000_000
    switch span {
    case .hours(let hours): return adding(nanoseconds: Int64(hours) * 3_600_000_000_000)
    case .days(let days): return adding(nanoseconds: Int64(days) * day)
    case .workdays(let count):
      var result = self
      var left = count
      while left > 0 {
        result = result.adding(nanoseconds: day)
        // 1970-01-01 was a Thursday: weekday 0 is Monday.
        let weekday = (result.nanoseconds / day + 3) % 7
        if weekday < 5 { left -= 1 }
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
