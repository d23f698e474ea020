import IncidentModel
import LogFormats

/// Which number is the day in the dates of one source that are written in numbers: `04/07/2026` is 4 July or 7 April.
///
/// A number above 12 proves it for the whole source. Until one is met, dates are placed as they were read, and put right at the end: by the
/// proof, else by the time after which nothing can have been written, else by which reading goes on more steadily from line to line.
struct DayOrderTracker {
  enum Order {
    case dayFirst, monthFirst

    /// As it is written on the command line; nil for other words.
    init?(option: String) {
      switch option {
      case "day-first": self = .dayFirst
      case "month-first": self = .monthFirst
      default: return nil
      }
    }

    var words: String { self == .dayFirst ? "day first" : "month first" }
    var place: String { self == .dayFirst ? "first" : "second" }
  }

  /// Events next to each other that the other reading moves alike.
  private struct Stretch {
    var events: Range<Int>
    var shift: Int64
    var read: Order
    var earliest: Int64
    var latest: Int64
  }

  private static let day: Double = 86_400e9
  /// Stretches kept; a source with more that still has no proof stays as it was read from there on.
  private static let stretchLimit = 1_000_000

  /// What the user says.
  private let given: Order?
  private var stretches: [Stretch] = []
  private var open = 0
  private var proofs = (dayFirst: 0, monthFirst: 0)
  private var firstProof: Order?
  private var lastProof: Order?
  /// The open date met last, and how far all of them have gone, forth and back, as each order reads them.
  private var previous: (dayFirst: Int64, monthFirst: Int64)?
  private var way = (dayFirst: 0.0, monthFirst: 0.0)
  private var latest = (dayFirst: Int64.min, monthFirst: Int64.min)
  /// Of the events that were placed by a proof.
  private var earliest = Int64.max
  private var last = Int64.min

  init(given: Order? = nil) {
    self.given = given
    lastProof = given
  }

  /// A date that can be read in one way only.
  mutating func addProof(_ order: Order) {
    if order == .dayFirst { proofs.dayFirst += 1 } else { proofs.monthFirst += 1 }
    lastProof = given ?? order
    guard firstProof == nil else { return }
    firstProof = order
  }

  /// A date that can be read in both: its instant as it was read and as it would be otherwise. Gives the one to take by now.
  mutating func add(_ read: Order, asRead: Int64, otherwise: Int64, ordinal: Int) -> Int64 {
    open += 1
    if let lastProof {
      let taken = lastProof == read ? asRead : otherwise
      earliest = min(earliest, taken)
      last = max(last, taken)
      return taken
    }
    let isDayFirst = read == .dayFirst
    let both = (dayFirst: isDayFirst ? asRead : otherwise, monthFirst: isDayFirst ? otherwise : asRead)
    if let previous {
      way.dayFirst += abs(Double(both.dayFirst) - Double(previous.dayFirst))
      way.monthFirst += abs(Double(both.monthFirst) - Double(previous.monthFirst))
    }
    previous = both
    latest = (max(latest.dayFirst, both.dayFirst), max(latest.monthFirst, both.monthFirst))
    let shift = otherwise.subtractingReportingOverflow(asRead).partialValue
    if let last = stretches.indices.last, stretches[last].events.upperBound == ordinal,
      stretches[last].shift == shift, stretches[last].read == read
    {
      stretches[last].events = stretches[last].events.lowerBound..<ordinal + 1
      stretches[last].earliest = min(stretches[last].earliest, asRead)
      stretches[last].latest = max(stretches[last].latest, asRead)
    } else if stretches.count < Self.stretchLimit {
      stretches.append(
        Stretch(events: ordinal..<ordinal + 1, shift: shift, read: read, earliest: asRead, latest: asRead))
    } else {
      lastProof = read
    }
    return asRead
  }

  /// What the end of the source tells.
  struct Outcome {
    var adjustments: [TimeAdjustment] = []
    var decision: IntakeDecision?
    /// Earliest and latest instants of the events that were put right or left.
    var instants: [Int64] = []
  }

  /// The end of a decision's value where nothing told.
  static let isOpen = ", not proven"

  func finish(bound: UpperBound?) -> Outcome {
    guard open > 0 else { return Outcome() }
    var outcome = Outcome()
    if earliest <= last { outcome.instants = [earliest, last] }
    if let given {
      outcome.decision = IntakeDecision(
        subject: "day-month", value: given.words, reason: "given by --date-order", isGiven: true)
      return outcome
    }
    let (order, value, reason) = choice(bound)
    for stretch in stretches {
      let shift = order.map { $0 == stretch.read } ?? true ? 0 : stretch.shift
      if shift != 0 { outcome.adjustments.append(TimeAdjustment(events: stretch.events, shift: shift)) }
      outcome.instants += [stretch.earliest &+ shift, stretch.latest &+ shift]
    }
    outcome.decision = IntakeDecision(subject: "day-month", value: value, reason: reason)
    return outcome
  }

  /// The order of the events before any proof (nil: as read), what that is called, and the ground.
  private func choice(_ bound: UpperBound?) -> (Order?, String, String) {
    if let firstProof {
      let count = firstProof == .dayFirst ? proofs.dayFirst : proofs.monthFirst
      let other = firstProof == .dayFirst ? proofs.monthFirst : proofs.dayFirst
      let words =
        Self.stamps(count)
        + (beginsWithYear
          ? " numbers that can be read so only" : " a number above 12 in the \(firstProof.place) place")
      guard other > 0 else { return (firstProof, self.words(firstProof), words) }
      return (
        firstProof, "both",
        words + ", \(other) in the other: dates up to 12 are read as the last such date before them"
      )
    }
    if let bound {
      let limit = bound.instant.addingReportingOverflow(129_600_000_000_000).partialValue
      let end = Instant(nanoseconds: bound.instant).rfc3339(fractionDigits: 0)
      for (order, own, other) in [
        (Order.dayFirst, latest.dayFirst, latest.monthFirst),
        (.monthFirst, latest.monthFirst, latest.dayFirst),
      ] where own <= limit && other > limit {
        return (order, words(order), "read otherwise, the last would be after \(end), the \(bound.reason)")
      }
    }
    for (order, own, other) in [
      (Order.dayFirst, way.dayFirst, way.monthFirst), (.monthFirst, way.monthFirst, way.dayFirst),
    ] where other > 2 * own + Self.day {
      return (
        order, words(order),
        "no number above 12 proves it; read so, the dates go \(Self.days(own)) from line to line, otherwise \(Self.days(other))"
      )
    }
    let read = stretches.last?.read ?? .monthFirst
    if beginsWithYear, let bound {
      // Of two readings that are years apart the one that is nearer to the file's time.
      func distance(_ latest: Int64) -> Double { abs(Double(latest) - Double(bound.instant)) }
      let order: Order = distance(latest.dayFirst) < distance(latest.monthFirst) ? .dayFirst : .monthFirst
      return (order, words(order), "read otherwise, the dates would be years from the \(bound.reason)")
    }
    return (
      nil, words(read) + Self.isOpen,
      "no number above 12 and no order of the lines tells day from month: \(open) \(open == 1 ? "event" : "events") may be of another day"
    )
  }

  /// True where the dates are like `26-04-07`: the two readings are years apart.
  private var beginsWithYear: Bool {
    stretches.contains { $0.shift.magnitude > 366 * 86_400_000_000_000 }
  }

  private func words(_ order: Order) -> String {
    order == .monthFirst && beginsWithYear ? "year first" : order.words
  }

  private static func stamps(_ count: Int) -> String { count == 1 ? "1 stamp has" : "\(count) stamps have" }

  private static func days(_ nanoseconds: Double) -> String {
    let days = Int((nanoseconds / day).rounded())
    return days == 1 ? "1 day" : "\(days) days"
  }
}
