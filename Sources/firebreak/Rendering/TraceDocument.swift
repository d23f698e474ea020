import CascadeAnalysis
import ConsoleOutput
import IncidentModel

/// A trace as JSON: `"schema": "firebreak.trace/1"`, the largest incident at the top level, all under `incidents`. Long lists are
/// made as they are written.
enum TraceDocument {
  /// - Parameter isKept: For the case file: the largest incident stands under `incidents` only, since it is tens of megabytes.
  static func of(_ trace: Trace, result: String? = nil, isKept: Bool = false) -> JSONValue {
    var members: [(String, JSONValue)] = [("schema", .string("firebreak.trace/1"))]
    if let result { members.append(("result", .string(result))) }
    members.append(("verdict", .string(trace.verdict)))
    if !isKept { members += incident(trace.incidents.first ?? Incident()) }
    let skews = trace.clockSkews
    members.append(("skews", .members(skews.count) { (skews[$0].device, number(skews[$0].seconds, 3)) }))
    members.append(("skew_details", .elements(skews.count) { skew(skews[$0]) }))
    members.append(("incidents", .array(trace.incidents.map { .object(incident($0)) })))
    let unrelated = trace.unrelated
    members.append(
      ("unrelated", .members(unrelated.count) { (unrelated[$0].device, time(unrelated[$0].time)) }))
    members.append(("unrelated_details", .elements(unrelated.count) { alone(unrelated[$0]) }))
    members.append(("caveats", .array(trace.caveats.map { .string($0) })))
    if let window = trace.window {
      members.append(
        ("window", .object([("start", time(window.lowerBound)), ("end", time(window.upperBound))])))
    }
    return .object(members)
  }

  /// The members of one incident.
  static func incident(_ incident: Incident) -> [(String, JSONValue)] {
    let onsets = incident.onsets
    let edges = incident.edges
    let alternatives = incident.alternatives
    let times = JSONValue.members(onsets.count) { (onsets[$0].device, time(onsets[$0].time)) }
    let details = JSONValue.elements(onsets.count) { onset(onsets[$0]) }
    let parents = JSONValue.elements(edges.count) { edge(edges[$0]) }
    let others = JSONValue.elements(alternatives.count) { edge(alternatives[$0]) }
    return [
      (
        "origins",
        .array(
          incident.origins.map {
            .object([
              ("device", .string($0.device)), ("score", number($0.probability, 4)),
              ("words", .string(EstimativeWords.of($0.probability))), ("method", .string($0.method.rawValue)),
              ("for", .array($0.reasonsFor.map { .string($0) })),
              ("against", .array($0.reasonsAgainst.map { .string($0) })), ("evidence", ids($0.evidence)),
              ("counter_evidence", ids($0.counterEvidence)),
            ])
          })
      ),
      ("onsets", times), ("onset_details", details), ("edges", parents), ("alternatives", others),
      (
        "common_cause",
        incident.commonCause.map { cause in
          .array(
            cause.terms.map { .object([("attribute", .string($0.attribute)), ("value", .string($0.value))]) })
        } ?? .null
      ),
      (
        "common_cause_details",
        incident.commonCause.map {
          .object([
            ("probability", number($0.probability, 4)), ("exposed", .int(Int64($0.exposed))),
            ("exposed_failed", .int(Int64($0.exposedFailed))), ("others", .int(Int64($0.others))),
            ("others_failed", .int(Int64($0.othersFailed))),
          ])
        } ?? .null
      ),
      (
        "phases",
        .array(
          incident.phases.map {
            .object([
              ("name", .string($0.name.rawValue)), ("start", time($0.start)), ("evidence", ids($0.evidence)),
            ])
          })
      ),
      ("changes", .array(incident.changes.map(change))),
      ("counterfactual", incident.counterfactual.map(counterfactual) ?? .null),
    ]
  }

  private static func skew(_ skew: ClockSkew) -> JSONValue {
    .object([
      ("device", .string(skew.device)), ("seconds", number(skew.seconds, 3)),
      ("error", number(skew.error, 3)),
      ("drift_ppm", number(skew.partsPerMillion, 1)), ("pairs", .int(Int64(skew.pairs))),
    ])
  }

  static func counterfactual(_ value: Counterfactual) -> JSONValue {
    .object([
      ("policy", .string(value.policy)), ("failed", number(value.failed, 1)),
      ("interval", .array([number(value.interval.lowerBound, 1), number(value.interval.upperBound, 1)])),
      ("failed_actual", .int(Int64(value.failedActual))),
      ("halted_after_seconds", value.haltedAfter.map { number($0, 0) } ?? .null),
      ("assumptions", .array(value.assumptions.map { .string($0) })),
    ])
  }

  @Sendable private static func onset(_ onset: Onset) -> JSONValue {
    .object([
      ("device", .string(onset.device)), ("time", time(onset.time)),
      ("earliest", time(onset.interval.lowerBound)), ("latest", time(onset.interval.upperBound)),
      ("kind", .string(onset.kind.rawValue)), ("probability", number(onset.probability, 4)),
      ("words", .string(EstimativeWords.of(onset.probability))), ("identity", .string(onset.basis.name)),
      ("reasons", .array(onset.reasons.map { .string($0) })), ("evidence", ids(onset.evidence)),
    ])
  }

  /// A failure that belongs to no incident: how sure that is, beside how sure it is that it failed at all.
  @Sendable private static func alone(_ onset: Onset) -> JSONValue {
    var members = [("device", JSONValue.string(onset.device)), ("time", time(onset.time))]
    if let probability = onset.unrelated {
      members += [
        ("unrelated_probability", number(probability, 4)),
        ("words", .string(EstimativeWords.of(probability))),
      ]
    }
    return .object(
      members + [
        ("failure_probability", number(onset.probability, 4)),
        ("reasons", .array(onset.reasons.map { .string($0) })), ("evidence", ids(onset.evidence)),
      ])
  }

  @Sendable private static func edge(_ edge: SpreadEdge) -> JSONValue {
    .object([
      ("from", .string(edge.from)), ("to", .string(edge.to)), ("kind", .string(edge.kind.rawValue)),
      ("probability", number(edge.probability, 4)), ("words", .string(EstimativeWords.of(edge.probability))),
      ("evidence", ids(edge.evidence)),
    ])
  }

  private static func change(_ change: ChangeEvent) -> JSONValue {
    .object([
      ("template", .string(change.template)), ("actor", change.actor.map { .string($0) } ?? .null),
      ("start", time(change.start)), ("devices", .int(Int64(change.devices.count))),
      ("reached", .int(Int64(change.reached))), ("failed_share", number(change.failedShare, 4)),
      ("failed_share_of_others", number(change.failedShareOfOthers, 4)), ("evidence", ids(change.evidence)),
    ])
  }

  private static func time(_ instant: Instant) -> JSONValue { .string(instant.description) }
  private static func ids(_ events: [EventID]) -> JSONValue { .array(events.map { .int($0.rawValue) }) }
  private static func number(_ value: Double, _ digits: Int) -> JSONValue {
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    return .double((value * scale).rounded() / scale)
  }
}
