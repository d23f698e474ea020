import CascadeAnalysis
import ConsoleOutput
import IncidentModel

/// A trace as JSON: `"schema": "firebreak.trace/1"`, the largest incident at the top level, all under `incidents`. What there may be
/// a million of is written directly.
enum TraceDocument {
  /// - Parameter isKept: For the case file: the largest incident stands under `incidents` only, since it is tens of megabytes.
  static func of(_ trace: Trace, result: String? = nil, isKept: Bool = false) -> JSONValue {
    var members: [(String, JSONValue)] = [("schema", .string("firebreak.trace/1"))]
    if let result { members.append(("result", .string(result))) }
    members.append(("verdict", .string(trace.verdict)))
    if !isKept { members += incident(trace.incidents.first ?? Incident()) }
    members.append(
      ("skews", Self.members(trace.clockSkews, { $0.device }) { $1.rounded($0.seconds, places: 3) }))
    members.append(("skew_details", elements(trace.clockSkews, skew)))
    members.append(("incidents", .array(trace.incidents.map { .object(incident($0)) })))
    members.append(("unrelated", Self.members(trace.unrelated, { $0.device }) { $1.time($0.time) }))
    members.append(("unrelated_details", elements(trace.unrelated, alone)))
    if !trace.wentOn.isEmpty {
      members.append(("went_on", Self.members(trace.wentOn, { $0.device }) { $1.time($0.time) }))
    }
    if !trace.unheard.isEmpty {
      members.append(
        (
          "unheard",
          .array(
            trace.unheard.map {
              .object([
                ("reporter", $0.reporter.map { .string($0) } ?? .null), ("since", time($0.since)),
                ("until", $0.until.map(time) ?? .null), ("devices", .array($0.devices.map { .string($0) })),
              ])
            })
        ))
    }
    members.append(("caveats", .array(trace.caveats.map { .string($0) })))
    if let window = trace.window {
      members.append(
        ("window", .object([("start", time(window.lowerBound)), ("end", time(window.upperBound))])))
    }
    return .object(members)
  }

  /// The members of one incident.
  static func incident(_ incident: Incident) -> [(String, JSONValue)] {
    [
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
      (
        "unseen_origin",
        incident.unseenOrigin.map {
          .object([
            ("score", number($0.probability, 4)), ("reason", .string($0.reason)),
            ("evidence", ids($0.evidence)),
          ])
        } ?? .null
      ),
      ("onsets", Self.members(incident.onsets, { $0.device }) { $1.time($0.time) }),
      ("onset_details", elements(incident.onsets, onset)), ("edges", elements(incident.edges, edge)),
      ("alternatives", elements(incident.alternatives, edge)),
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

  private static func skew(_ skew: ClockSkew, _ out: inout JSONWriter) {
    out.key("device")
    out.string(skew.device)
    out.key("seconds")
    out.rounded(skew.seconds, places: 3)
    out.key("error")
    out.rounded(skew.error, places: 3)
    out.key("drift_ppm")
    out.rounded(skew.partsPerMillion, places: 1)
    out.key("pairs")
    out.int(Int64(skew.pairs))
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

  private static func onset(_ onset: Onset, _ out: inout JSONWriter) {
    out.key("device")
    out.string(onset.device)
    out.key("time")
    out.time(onset.time)
    out.key("earliest")
    out.time(onset.interval.lowerBound)
    out.key("latest")
    out.time(onset.interval.upperBound)
    out.key("kind")
    out.string(onset.kind.rawValue)
    out.probability(onset.probability)
    out.key("identity")
    out.string(onset.basis.name)
    if let heardAgain = onset.heardAgain {
      out.key("heard_again")
      out.time(heardAgain)
    }
    out.grounds(onset)
  }

  /// A failure that belongs to no incident: how sure that is, beside how sure it is that it failed at all.
  private static func alone(_ onset: Onset, _ out: inout JSONWriter) {
    out.key("device")
    out.string(onset.device)
    out.key("time")
    out.time(onset.time)
    if let probability = onset.unrelated { out.probability(probability, name: "unrelated_probability") }
    out.key("failure_probability")
    out.rounded(onset.probability, places: 4)
    out.grounds(onset)
  }

  private static func edge(_ edge: SpreadEdge, _ out: inout JSONWriter) {
    out.key("from")
    out.string(edge.from)
    out.key("to")
    out.string(edge.to)
    out.key("kind")
    out.string(edge.kind.rawValue)
    out.probability(edge.probability)
    out.key("evidence")
    out.ids(edge.evidence)
  }

  private static func change(_ change: ChangeEvent) -> JSONValue {
    .object([
      ("template", .string(change.template)), ("actor", change.actor.map { .string($0) } ?? .null),
      ("order", .bool(change.isOrder)), ("start", time(change.start)),
      ("devices", .int(Int64(change.devices.count))),
      ("reached", .int(Int64(change.reached))), ("failed_share", number(change.failedShare, 4)),
      ("failed_share_of_others", number(change.failedShareOfOthers, 4)), ("evidence", ids(change.evidence)),
    ])
  }

  private static func time(_ instant: Instant) -> JSONValue { .string(instant.description) }
  private static func ids(_ events: [EventID]) -> JSONValue { .array(events.map { .int($0.rawValue) }) }
  private static func number(_ value: Double, _ places: Int) -> JSONValue {
    .written { $0.rounded(value, places: places) }
  }

  /// An array of objects, each made of the members that are written for it.
  private static func elements<Element: Sendable>(
    _ list: [Element], _ members: @escaping @Sendable (Element, inout JSONWriter) -> Void
  ) -> JSONValue {
    .written { out in
      out.beginArray()
      for element in list {
        out.beginObject()
        members(element, &out)
        out.endObject()
      }
      out.endArray()
    }
  }

  /// An object with a member for each element.
  private static func members<Element: Sendable>(
    _ list: [Element], _ name: @escaping @Sendable (Element) -> String,
    _ value: @escaping @Sendable (Element, inout JSONWriter) -> Void
  ) -> JSONValue {
    .written { out in
      out.beginObject()
      for element in list {
        out.key(name(element))
        value(element, &out)
      }
      out.endObject()
    }
  }
}

extension JSONWriter {
  fileprivate mutating func time(_ instant: Instant) {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Instant.longestText) { buffer in
      let count = instant.write(into: buffer)
      plain(UnsafeBufferPointer(rebasing: buffer[..<count]))
    }
  }

  /// A probability and the words for it.
  fileprivate mutating func probability(_ value: Double, name: StaticString = "probability") {
    key(name)
    rounded(value, places: 4)
    key("words")
    string(EstimativeWords.of(value))
  }

  /// What a failure is concluded from.
  fileprivate mutating func grounds(_ onset: Onset) {
    key("reasons")
    strings(onset.reasons)
    key("evidence")
    ids(onset.evidence)
  }

  fileprivate mutating func strings(_ list: [String]) {
    beginArray()
    for text in list { string(text) }
    endArray()
  }

  fileprivate mutating func ids(_ events: [EventID]) {
    beginArray()
    for event in events { int(event.rawValue) }
    endArray()
  }
}
