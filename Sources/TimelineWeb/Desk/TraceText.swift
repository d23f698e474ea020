internal import CascadeAnalysis
internal import IncidentModel
internal import PostmortemReport

/// Reads a stored trace, `firebreak.trace/1`, from its text. Members it does not know are passed over, those that are
/// missing stay empty: newer and older versions of the program can be read.
enum TraceText {
  static func read(_ text: UnsafeBufferPointer<UInt8>) throws -> (trace: Trace, verdict: String?) {
    var cursor = JSONCursor(text)
    var trace = Trace()
    var verdict: String?
    try cursor.object { cursor, key in
      guard key == "trace" else { return try cursor.skip() }
      try cursor.object { cursor, key in
        switch key {
        case "verdict": verdict = try cursor.string()
        case "incidents":
          try cursor.array { trace.incidents.append(try incident(&$0)) }
        case "caveats": trace.caveats = try strings(&cursor)
        case "skew_details": try cursor.array { trace.clockSkews.append(try skew(&$0)) }
        case "unrelated":
          try cursor.object { cursor, device in
            guard let time = try instant(&cursor) else { return }
            trace.unrelated.append(
              Onset(
                device: device, time: time, interval: time...time, kind: .log, probability: 1, evidence: [],
                basis: .none))
          }
        case "window":
          var bounds: [String: Instant] = [:]
          try cursor.object { cursor, key in bounds[key] = try instant(&cursor) }
          if let start = bounds["start"], let end = bounds["end"], start <= end { trace.window = start...end }
        default: try cursor.skip()
        }
      }
    }
    return (trace, verdict)
  }

  private static func incident(_ cursor: inout JSONCursor) throws -> Incident {
    var incident = Incident()
    var terms: [CommonCause.Term] = []
    var cause: CommonCause?
    try cursor.object { cursor, key in
      switch key {
      case "origins": try cursor.array { incident.origins.append(try origin(&$0)) }
      case "onset_details":
        try cursor.array { if let onset = try onset(&$0) { incident.onsets.append(onset) } }
      case "edges": try cursor.array { incident.edges.append(try edge(&$0)) }
      case "alternatives": try cursor.array { incident.alternatives.append(try edge(&$0)) }
      case "phases": try cursor.array { if let phase = try phase(&$0) { incident.phases.append(phase) } }
      case "changes": try cursor.array { if let change = try change(&$0) { incident.changes.append(change) } }
      case "common_cause":
        if cursor.isNull {
          try cursor.skip()
        } else {
          try cursor.array { cursor in
            var term = CommonCause.Term(attribute: "", value: "")
            try cursor.object { cursor, key in
              switch key {
              case "attribute": term.attribute = try cursor.string() ?? ""
              case "value": term.value = try cursor.string() ?? ""
              default: try cursor.skip()
              }
            }
            terms.append(term)
          }
        }
      case "common_cause_details":
        if cursor.isNull {
          try cursor.skip()
        } else {
          var numbers: [String: Double] = [:]
          try cursor.object { cursor, key in numbers[key] = try cursor.number() }
          func count(_ key: String) -> Int { Int(max(0, min(1e12, numbers[key] ?? 0))) }
          cause = CommonCause(
            terms: [], probability: numbers["probability"] ?? 0, exposed: count("exposed"),
            exposedFailed: count("exposed_failed"), others: count("others"),
            othersFailed: count("others_failed"))
        }
      default: try cursor.skip()
      }
    }
    cause?.terms = terms
    incident.commonCause = terms.isEmpty ? nil : cause
    return incident
  }

  private static func onset(_ cursor: inout JSONCursor) throws -> Onset? {
    var device = ""
    var times: [String: Instant] = [:]
    var kind = Onset.Kind.log
    var probability = 0.0
    var basis = IdentityBasis.none
    var reasons: [String] = []
    var evidence: [EventID] = []
    try cursor.object { cursor, key in
      switch key {
      case "device": device = try cursor.string() ?? ""
      case "time", "earliest", "latest", "heard_again": times[key] = try instant(&cursor)
      case "kind": kind = (try cursor.string()).flatMap(Onset.Kind.init) ?? .log
      case "probability": probability = try cursor.number() ?? 0
      case "identity":
        let name = try cursor.string()
        basis = IdentityBasis.allCases.first { $0.name == name } ?? .none
      case "reasons": reasons = try strings(&cursor)
      case "evidence": evidence = try ids(&cursor)
      default: try cursor.skip()
      }
    }
    guard let time = times["time"] else { return nil }
    let (low, high) = (min(times["earliest"] ?? time, time), max(times["latest"] ?? time, time))
    var onset = Onset(
      device: device, time: time, interval: low...high, kind: kind, probability: probability,
      evidence: evidence,
      basis: basis)
    onset.reasons = reasons
    onset.heardAgain = times["heard_again"]
    return onset
  }

  private static func origin(_ cursor: inout JSONCursor) throws -> OriginCandidate {
    var origin = OriginCandidate(
      device: "", probability: 0, reasonsFor: [], reasonsAgainst: [], evidence: [], counterEvidence: [])
    try cursor.object { cursor, key in
      switch key {
      case "device": origin.device = try cursor.string() ?? ""
      case "score": origin.probability = try cursor.number() ?? 0
      case "for": origin.reasonsFor = try strings(&cursor)
      case "against": origin.reasonsAgainst = try strings(&cursor)
      case "evidence": origin.evidence = try ids(&cursor)
      case "counter_evidence": origin.counterEvidence = try ids(&cursor)
      default: try cursor.skip()
      }
    }
    return origin
  }

  private static func edge(_ cursor: inout JSONCursor) throws -> SpreadEdge {
    var edge = SpreadEdge(from: "", to: "", kind: .link, probability: 0, evidence: [])
    try cursor.object { cursor, key in
      switch key {
      case "from": edge.from = try cursor.string() ?? ""
      case "to": edge.to = try cursor.string() ?? ""
      case "kind": edge.kind = (try cursor.string()).flatMap(SpreadEdge.Kind.init) ?? .link
      case "probability": edge.probability = try cursor.number() ?? 0
      case "evidence": edge.evidence = try ids(&cursor)
      default: try cursor.skip()
      }
    }
    return edge
  }

  private static func phase(_ cursor: inout JSONCursor) throws -> Phase? {
    var name: Phase.Name?
    var start: Instant?
    var evidence: [EventID] = []
    try cursor.object { cursor, key in
      switch key {
      case "name": name = (try cursor.string()).flatMap(Phase.Name.init)
      case "start": start = try instant(&cursor)
      case "evidence": evidence = try ids(&cursor)
      default: try cursor.skip()
      }
    }
    guard let name, let start else { return nil }
    return Phase(name: name, start: start, evidence: evidence)
  }

  private static func change(_ cursor: inout JSONCursor) throws -> ChangeEvent? {
    var change = ChangeEvent(
      template: "", actor: nil, start: Instant(nanoseconds: 0), devices: [], failedShare: 0,
      failedShareOfOthers: 0, evidence: [])
    var start: Instant?
    try cursor.object { cursor, key in
      switch key {
      case "template": change.template = try cursor.string() ?? ""
      case "actor": change.actor = try cursor.string()
      case "order":
        change.isOrder = cursor.isTrue
        try cursor.skip()
      case "start": start = try instant(&cursor)
      case "reached": change.reached = Int(max(0, min(1e12, try cursor.number() ?? 0)))
      case "failed_share": change.failedShare = try cursor.number() ?? 0
      case "failed_share_of_others": change.failedShareOfOthers = try cursor.number() ?? 0
      case "evidence": change.evidence = try ids(&cursor)
      default: try cursor.skip()
      }
    }
    guard let start else { return nil }
    change.start = start
    return change
  }

  private static func skew(_ cursor: inout JSONCursor) throws -> ClockSkew {
    var skew = ClockSkew(device: "", seconds: 0, error: 0, pairs: 0)
    try cursor.object { cursor, key in
      switch key {
      case "device": skew.device = try cursor.string() ?? ""
      case "seconds": skew.seconds = try cursor.number() ?? 0
      case "error": skew.error = try cursor.number() ?? 0
      case "pairs": skew.pairs = Int(max(0, min(1e9, try cursor.number() ?? 0)))
      default: try cursor.skip()
      }
    }
    return skew
  }

  private static func strings(_ cursor: inout JSONCursor) throws -> [String] {
    var list: [String] = []
    try cursor.array { if let text = try $0.string() { list.append(text) } }
    return list
  }

  private static func ids(_ cursor: inout JSONCursor) throws -> [EventID] {
    var list: [EventID] = []
    try cursor.array { cursor in
      if let number = try cursor.number(), number >= 0, number < 9e15 {
        list.append(EventID(rawValue: Int64(number)))
      }
    }
    return list
  }

  private static func instant(_ cursor: inout JSONCursor) throws -> Instant? {
    (try cursor.string()).flatMap { Instant(rfc3339: $0) }
  }
}
