public import IncidentModel

/// A stretch of one source in which one clock stamped events without being set: one boot of one device, or less.
public struct ClockSpan: Sendable, Hashable {
  /// Index into `IncidentEvidence.devices` of the entity whose clock it is.
  public var device: Int32
  /// The source's number in the case.
  public var source: Int64
  /// Ids of its first and last event.
  public var events: ClosedRange<Int64>
  /// True where the clock is that of whoever wrote the source, and stamped what others did, too (a broker's log).
  public var stampsOthers: Bool
  /// Where the clock was set between the span before (same device and source) and this one: by how much it was moved
  /// forward.
  public var step: ClockStep?

  /// A span from its parts.
  public init(
    device: Int32, source: Int64, events: ClosedRange<Int64>, stampsOthers: Bool = false,
    step: ClockStep? = nil
  ) {
    self.device = device
    self.source = source
    self.events = events
    self.stampsOthers = stampsOthers
    self.step = step
  }
}

/// A clock that was set while it ran.
public struct ClockStep: Sendable, Hashable {
  /// How far it was moved forward, seconds; negative is backward.
  public var seconds: Double
  /// Bound of the error of that, seconds.
  public var error: Double
  /// How that is known.
  public var method: String
  /// The events that say it.
  public var evidence: [Int64]
  /// A step from its parts.
  public init(seconds: Double, error: Double, method: String, evidence: [Int64]) {
    self.seconds = seconds
    self.error = error
    self.method = method
    self.evidence = evidence
  }
}

/// What was found of the clock in one span.
public struct ClockFinding: Sendable, Hashable {
  /// Index of the span.
  public var span: Int
  /// By the clock itself: the instant at which `ahead` holds.
  public var base: Instant
  /// The clock minus true time at `base`, seconds.
  public var ahead: Double
  /// Seconds that it gains in a second.
  public var drift: Double
  /// Bound of the error within the span, seconds.
  public var error: Double
  /// Pairs of events it rests on; 0 where it rests on steps alone.
  public var pairs: Int
  /// Index of the entity whose clock it was compared with.
  public var receiver: Int32?
  /// How it was found, in words.
  public var method: String
  /// A few of the events it rests on.
  public var evidence: [Int64]
}

/// Compares the clocks of a fleet, span by span: the one estimator (`ClockCorrection`), asked with each span as an entity of
/// its own, then drift where the pairs allow it, then steps carried from span to span.
///
/// Where a device has 20 pairs over an hour or more, its drift is the slope of the hull of the shifts on the side that delays
/// cannot cross, over the middle of the pairs (Moon, Skelly, Towsley: Estimation and Removal of Clock Skew from Network Delay
/// Measurements, 1999).
public enum ClockSurvey {
  /// - Returns: Findings for the spans whose clock was found to be off, or whose clock was compared; spans nobody can
  ///   compare have none.
  public static func measure(_ evidence: IncidentEvidence, spans: [ClockSpan]) -> [ClockFinding] {
    let entities = SpanEntities(evidence, spans)
    let timeline = Timeline(entities.evidence)
    let clocks = ClockCorrection(timeline, Fleet(entities.evidence))
    var found: [Int: ClockFinding] = [:]
    for (entity, matches) in clocks.matchesByEntity() {
      guard let span = entities.spanOfEntity[entity], clocks.pairs[entity] > 0 else { continue }
      found[span] = finding(span, entity, matches, clocks, timeline, entities)
    }
    // An entity that others were compared with and that is at the top keeps true time.
    carrySteps(spans, entities, &found)
    ClockFallBacks.add(spans, entities, &found)
    addZones(spans, clocks, timeline, entities, &found)
    return found.values.sorted { $0.span < $1.span }
  }

  /// Clocks that keep the time of another zone, as when they are heard shows.
  private static func addZones(
    _ spans: [ClockSpan], _ clocks: ClockCorrection, _ timeline: Timeline, _ entities: SpanEntities,
    _ found: inout [Int: ClockFinding]
  ) {
    for (entity, seconds) in clocks.zones {
      guard let span = entities.spanOfEntity[entity], found[span] == nil, let base = entities.firstTime[span]
      else { continue }
      found[span] = ClockFinding(
        span: span, base: base, ahead: seconds, drift: 0, error: clocks.errors[entity], pairs: 0,
        receiver: nil, method: "begins and ends later than most by whole half hours, as in another zone",
        evidence: [spans[span].events.lowerBound, spans[span].events.upperBound])
    }
  }

  private static func finding(
    _ span: Int, _ entity: Int, _ matches: [ClockCorrection.Match], _ clocks: ClockCorrection,
    _ timeline: Timeline, _ entities: SpanEntities
  ) -> ClockFinding {
    // The receiver that most pairs name, as the estimator chose.
    let counts = Dictionary(grouping: matches, by: \.receiver).mapValues(\.count)
    let receiver = counts.commonest?.key
    let own = matches.filter { $0.receiver == receiver }
    let middle = own.map { timeline.seconds[Int($0.sentEvent)] }.sorted()
    let base = middle.isEmpty ? timeline.start : middle[middle.count / 2]
    let drift = clocks.drifts[entity]
    var result = ClockFinding(
      span: span, base: timeline.instant(base),
      ahead: clocks.offsets[entity] + drift * (base - clocks.middle), drift: drift,
      error: max(clocks.errors[entity], 0.001), pairs: Int(clocks.pairs[entity]),
      receiver: receiver.map { entities.originalDevice[Int($0)] },
      method: "same messages at sender and receiver",
      evidence: own.prefix(3).flatMap {
        [timeline.id(Int($0.sentEvent)).rawValue, timeline.id(Int($0.receivedEvent)).rawValue]
      })
    let points = own.map { (x: timeline.seconds[Int($0.receivedEvent)] - base, y: $0.shift) }
    if let line = ClockDrift(points) {
      // The hull touches the quickest messages: their delay is within its error.
      result.ahead = line.level
      result.drift = line.slope
      result.error = max(result.error, line.error)
      result.method += ", with drift"
    }
    return result
  }

  /// Before a step a clock was off by what it was off after it, less the step.
  private static func carrySteps(
    _ spans: [ClockSpan], _ entities: SpanEntities, _ found: inout [Int: ClockFinding]
  ) {
    for chain in entities.chains {
      for position in chain.indices.reversed().dropFirst() {
        let (before, after) = (chain[position], chain[position + 1])
        guard let step = spans[after].step, found[before] == nil else { continue }
        let later = found[after]
        // A clock that was set is taken to be right afterwards, unless it was compared.
        let ahead = (later?.ahead ?? 0) - step.seconds
        found[before] = ClockFinding(
          span: before, base: entities.lastTime[before] ?? later?.base ?? Instant(nanoseconds: 0),
          ahead: ahead,
          drift: 0, error: step.error + (later?.error ?? 0), pairs: 0, receiver: later?.receiver,
          method: step.method, evidence: step.evidence)
      }
      for position in chain.indices.dropFirst() {
        let (before, after) = (chain[position - 1], chain[position])
        guard let step = spans[after].step, found[after] == nil, let earlier = found[before],
          earlier.pairs > 0
        else { continue }
        found[after] = ClockFinding(
          span: after, base: earlier.base, ahead: earlier.ahead + step.seconds, drift: earlier.drift,
          error: earlier.error + step.error, pairs: 0, receiver: earlier.receiver, method: step.method,
          evidence: step.evidence)
      }
      // What was stamped after a step must not go by what the clock was off before it.
      for position in chain.indices.dropFirst() where found[chain[position]] == nil {
        let (before, after) = (chain[position - 1], chain[position])
        guard let step = spans[after].step, found[before] != nil, let first = entities.firstTime[after] else {
          continue
        }
        found[after] = ClockFinding(
          span: after, base: first, ahead: 0, drift: 0, error: step.error, pairs: 0, receiver: nil,
          method: "taken to be right as it was set", evidence: step.evidence)
      }
    }
  }
}

/// The line that bounds shifts from above, over the middle of them.
struct ClockDrift {
  /// At x = 0.
  var level: Double
  var slope: Double
  /// Half the spread of the shifts near the line.
  var error: Double

  /// Least number of pairs, and seconds between the first and the last.
  static let leastPairs = 20
  static let leastSpan = 3600.0
  /// Crystals are better than this; what looks worse is something else.
  private static let greatestSlope = 500e-6

  /// nil where the pairs do not allow to tell a drift, or show none.
  init?(_ points: [(x: Double, y: Double)]) {
    guard points.count >= Self.leastPairs else { return nil }
    let sorted = points.sorted { ($0.x, $0.y) < ($1.x, $1.y) }
    guard sorted[sorted.count - 1].x - sorted[0].x >= Self.leastSpan else { return nil }
    // Andrew's monotone chain, upper side.
    var hull: [(x: Double, y: Double)] = []
    for point in sorted {
      while hull.count >= 2 {
        let (a, b) = (hull[hull.count - 2], hull[hull.count - 1])
        guard (b.x - a.x) * (point.y - a.y) - (b.y - a.y) * (point.x - a.x) >= 0 else { break }
        hull.removeLast()
      }
      hull.append(point)
    }
    let mean = sorted.reduce(0) { $0 + $1.x } / Double(sorted.count)
    guard let right = hull.firstIndex(where: { $0.x > mean }), right > 0 else { return nil }
    let (a, b) = (hull[right - 1], hull[right])
    let slope = (b.y - a.y) / (b.x - a.x)
    let level = a.y - slope * a.x
    let rest = sorted.map { level + slope * $0.x - $0.y }
    let flat = (sorted.map(\.y).max() ?? 0)
    let flatRest = sorted.map { flat - $0.y }
    // A slope that explains nothing is not one.
    guard abs(slope) <= Self.greatestSlope, Robust.median(rest) < 0.8 * Robust.median(flatRest) else {
      return nil
    }
    self.level = level
    self.slope = slope
    error = Robust.quantile(rest, 0.25) + 0.001
  }
}
