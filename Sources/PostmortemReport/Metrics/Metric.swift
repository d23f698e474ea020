public import IncidentModel

/// The name of a metric: stable, since reports, tests and people's notes refer to it. New ones are one more member.
public struct MetricID: RawRepresentable, Hashable, Sendable, Comparable {
  /// The name as printed in JSON.
  public var rawValue: String
  /// An id from its name.
  public init(rawValue: String) { self.rawValue = rawValue }
  init(_ rawValue: String) { self.rawValue = rawValue }
  /// By name.
  public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}

/// The value of a metric. What cannot be said is a value too, with its reason; there is no NaN and no null.
public enum MetricValue: Sendable, Hashable {
  /// A number of things. `atLeast` marks a lower bound.
  case count(Int, atLeast: Bool = false)
  /// A span of time in nanoseconds, not negative. `atLeast` marks a lower bound.
  case duration(Int64, atLeast: Bool = false)
  /// A point in time, and the interval that the evidence allows where it is known.
  case instant(Instant, within: ClosedRange<Instant>? = nil)
  /// A share as a fraction, with a 95 % interval where one was computed.
  case share(Int, of: Int, interval: ClosedRange<Double>? = nil)
  /// A finite number with this many decimals. `atLeast` marks a lower bound.
  case number(Double, digits: Int, atLeast: Bool = false)
  /// Words from evidence or people.
  case words(EvidenceText)
  /// There is no value, for this reason (a sentence without a full stop).
  case notComputable(String)
  /// The evidence was looked at and does not say, for this reason.
  case notDetermined(String)
  /// Only people know, and nobody has said.
  case notProvided

  /// True for values that say something.
  public var isKnown: Bool {
    switch self {
    case .notComputable, .notDetermined, .notProvided: false
    default: true
    }
  }

  /// `known`, `not_computable`, `not_determined`, `not_provided`.
  public var status: String {
    switch self {
    case .notComputable: "not_computable"
    case .notDetermined: "not_determined"
    case .notProvided: "not_provided"
    default: "known"
    }
  }

  /// A number where it is finite, else not computable.
  public static func finite(_ value: Double, digits: Int, atLeast: Bool = false) -> MetricValue {
    value.isFinite
      ? .number(value, digits: digits, atLeast: atLeast) : .notComputable("the result is not a finite number")
  }

  /// The value as people read it, without its unit.
  public var text: String {
    switch self {
    case .count(let value, let atLeast): (atLeast ? "≥ " : "") + Format.count(value)
    case .duration(let value, let atLeast): (atLeast ? "≥ " : "") + Format.duration(nanoseconds: value)
    case .instant(let value, let interval): Format.instant(value) + Self.bounds(interval)
    case .share(let part, let whole, let interval):
      whole == 0 ? "0 of 0" : Format.percent(Double(part) / Double(whole)) + Self.interval(interval)
    case .number(let value, let digits, let atLeast):
      (atLeast ? "≥ " : "") + Format.fixed(value, digits: digits)
    case .words(let text): text.display
    case .notComputable(let reason): "not computable: \(reason)"
    case .notDetermined(let reason): "not determined: \(reason)"
    case .notProvided: "not provided"
    }
  }

  /// Like `text`, but only the verdict where there is no value; the reason stands where the metric is explained.
  public var shortText: String {
    switch self {
    case .notComputable: "not computable"
    case .notDetermined: "not determined"
    default: text
    }
  }

  /// The two ends as they are: an estimate need not lie in the middle, so there is no ±.
  private static func bounds(_ interval: ClosedRange<Instant>?) -> String {
    guard let interval,
      interval.upperBound.nanoseconds &- interval.lowerBound.nanoseconds >= 1_000_000_000
    else { return "" }
    let (low, high) = (Format.instant(interval.lowerBound), Format.instant(interval.upperBound))
    // `2026-04-07 09:08:09 UTC`: the same day and zone need not be said twice.
    let isSameDay = low.prefix(11) == high.prefix(11)
    return isSameDay
      ? " (between \(low.dropFirst(11).dropLast(4)) and \(high.dropFirst(11)))"
      : " (between \(low) and \(high))"
  }

  private static func interval(_ interval: ClosedRange<Double>?) -> String {
    guard let interval else { return "" }
    return " (95 %: \(Format.percent(interval.lowerBound)) to \(Format.percent(interval.upperBound)))"
  }
}

/// How sure a statement is.
public enum Certainty: String, Sendable, Hashable, CaseIterable {
  /// Stands in the evidence.
  case observed
  /// Follows from the evidence by a rule or model.
  case inferred
  /// A person says so.
  case stated
  /// Nobody can say.
  case notDetermined = "not determined"
}

/// One figure with everything needed to check it.
public struct Metric: Sendable, Hashable {
  /// Its name.
  public var id: MetricID
  /// Its name for people, sentence case.
  public var title: String
  /// Its value.
  public var value: MetricValue
  /// Its unit, e.g. `devices`; empty where the value says it.
  public var unit: String
  /// How it is computed, in one line.
  public var formula: String
  /// Metrics it was computed from.
  public var inputs: [MetricID]
  /// How sure.
  public var certainty: Certainty
  /// Events it rests on, the most telling first; a sample where there are many.
  public var evidence: [EventID]
  /// Events it rests on in all.
  public var evidenceCount: Int
  /// What else a reader should know: window, n, R², who said so.
  public var remark: String

  /// A metric from its parts; the evidence is cut to a sample of twelve.
  public init(
    _ id: MetricID, _ title: String, _ value: MetricValue, unit: String = "", formula: String,
    inputs: [MetricID] = [], certainty: Certainty = .inferred, evidence: [EventID] = [],
    evidenceCount: Int? = nil,
    remark: String = ""
  ) {
    self.id = id
    self.title = title
    self.value = value
    self.unit = unit
    self.formula = formula
    self.inputs = inputs
    self.certainty = value.isKnown ? certainty : .notDetermined
    self.evidence = Array(evidence.prefix(12))
    self.evidenceCount = evidenceCount ?? evidence.count
    self.remark = remark
  }
}

/// All metrics of one report, in the order they were defined.
public struct MetricSet: Sendable {
  /// The metrics.
  public private(set) var all: [Metric] = []
  /// The families in order: what each is about, and which of `all` are its metrics.
  public internal(set) var groups: [(heading: String, metrics: Range<Int>)] = []
  private var position: [MetricID: Int] = [:]

  init() {}

  /// Adds a metric. Defining one twice is a mistake in this module.
  mutating func add(_ metric: Metric) {
    precondition(position[metric.id] == nil, "metric defined twice")
    position[metric.id] = all.count
    all.append(metric)
  }

  /// Puts a value in the place of another, wherever it stands.
  mutating func replace(_ value: MetricValue, by other: MetricValue) {
    for index in all.indices where all[index].value == value { all[index].value = other }
  }

  /// The same set with people's and evidence's words in values and remarks changed.
  func mapWords(_ change: (EvidenceText) -> EvidenceText) -> MetricSet {
    var result = self
    for index in result.all.indices {
      if case .words(let text) = result.all[index].value { result.all[index].value = .words(change(text)) }
    }
    return result
  }

  /// The metric with an id; one that was never defined reads as not computable.
  public subscript(id: MetricID) -> Metric {
    guard let index = position[id] else {
      return Metric(id, id.rawValue, .notComputable("this report does not define it"), formula: "")
    }
    return all[index]
  }

  /// The instant of a moment that is known.
  func instant(_ id: MetricID) -> Instant? {
    if case .instant(let instant, _) = self[id].value { return instant }
    return nil
  }

  /// The count of a metric that is known.
  func count(_ id: MetricID) -> Int? {
    if case .count(let count, _) = self[id].value { return count }
    return nil
  }
}
