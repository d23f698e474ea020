public import CascadeAnalysis
public import IncidentModel

extension Annotations {
  /// The notes as the report of one incident of several uses them.
  ///
  /// - Where the case holds one incident, everything given for the case is about it.
  /// - Where it holds several, moments and facts of a rollout that name no incident (trigger, detection, first act, halt, end, build time,
  ///   canary, halt rule, way back) count for the largest one only: a time of detection is true of one incident, not of all.
  /// - Words, roles, actions, lessons, messages and legal clocks that name no incident stand in the reports of all.
  /// - What `incidents` gives for this one comes first: a single value replaces that of the case, a list is put before it.
  ///
  /// - Parameters:
  ///   - index: The incident, from 0.
  ///   - trace: The trace that it is of.
  func ofIncident(_ index: Int, in trace: Trace) -> Annotations {
    var result = self
    result.incidents = nil
    let isOneOfSeveral = trace.incidents.count > 1
    if isOneOfSeveral, index > 0 {
      (result.trigger, result.detection, result.firstAct, result.halt, result.end) = (nil, nil, nil, nil, nil)
      (result.buildTime, result.canarySize, result.haltRule, result.rollbackImage) = (nil, nil, nil, nil)
    }
    for (key, own) in (incidents ?? [:]).sorted(by: { $0.key < $1.key })
    where IncidentKey(key)?.names(index, in: trace) == true {
      result.take(own)
    }
    return result
  }

  /// Keys of `incidents` that name no incident of a trace.
  public func unknownIncidents(in trace: Trace) -> [String] {
    (incidents ?? [:]).keys.filter { key in
      !trace.incidents.indices.contains { IncidentKey(key)?.names($0, in: trace) == true }
    }.sorted()
  }

  private mutating func take(_ own: Annotations) {
    func joined<T>(_ first: [T]?, _ second: [T]?) -> [T]? {
      first == nil && second == nil ? nil : (first ?? []) + (second ?? [])
    }
    title = own.title ?? title
    state = own.state ?? state
    version = own.version ?? version
    customerImpact = own.customerImpact ?? customerImpact
    functionsLost = own.functionsLost ?? functionsLost
    safety = own.safety ?? safety
    dataImpact = own.dataImpact ?? dataImpact
    customerAction = own.customerAction ?? customerAction
    trigger = own.trigger ?? trigger
    detection = own.detection ?? detection
    firstAct = own.firstAct ?? firstAct
    halt = own.halt ?? halt
    end = own.end ?? end
    buildTime = own.buildTime ?? buildTime
    canarySize = own.canarySize ?? canarySize
    haltRule = own.haltRule ?? haltRule
    rollbackImage = own.rollbackImage ?? rollbackImage
    harmToOthers = own.harmToOthers ?? harmToOthers
    roles = joined(own.roles, roles)
    factors = joined(own.factors, factors)
    ruledOut = joined(own.ruledOut, ruledOut)
    openQuestions = joined(own.openQuestions, openQuestions)
    actions = joined(own.actions, actions)
    communications = joined(own.communications, communications)
    clocks = joined(
      own.clocks, clocks?.filter { clock in own.clocks?.contains { $0.clock == clock.clock } != true })
    breakGlassReviews = joined(breakGlassReviews, own.breakGlassReviews)
    lintIgnored = joined(own.lintIgnored, lintIgnored)
    if let more = own.lessons {
      var all = lessons ?? Lessons()
      all.well = joined(more.well, all.well)
      all.badly = joined(more.badly, all.badly)
      all.lucky = joined(more.lucky, all.lucky)
      all.surprised = joined(more.surprised, all.surprised)
      lessons = all
    }
  }
}

/// How notes name an incident: its number from 1, or an instant between its first and last failure.
public enum IncidentKey: Sendable, Hashable {
  /// As in the list of incidents, the largest being 1.
  case number(Int)
  /// A moment within it. It stays right where new evidence changes the order by size.
  case moment(Instant)

  /// A key from its text; nil where it is neither a number from 1 nor RFC 3339 with a zone.
  public init?(_ text: String) {
    if let number = Int(text), number >= 1 {
      self = .number(number)
    } else if let instant = Instant(rfc3339: text) {
      self = .moment(instant)
    } else {
      return nil
    }
  }

  /// True where this names the incident at `index`, from 0.
  func names(_ index: Int, in trace: Trace) -> Bool {
    switch self {
    case .number(let number): return number == index + 1
    case .moment(let moment):
      guard trace.incidents.indices.contains(index) else { return false }
      let times = trace.incidents[index].onsets.lazy.map(\.time).filter { Format.isPlausible($0) }
      guard let first = times.min(), let last = times.max() else { return false }
      // Written to the minute: `02:41Z` is the minute of a failure at 02:41:14.
      return moment >= first.adding(seconds: -60) && moment <= last.adding(seconds: 60)
    }
  }
}
