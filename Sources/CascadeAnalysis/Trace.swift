public import IncidentModel

/// The result of reconstructing what happened: one or more incidents, largest first, and what belongs to none.
///
/// Times are corrected times. Every statement carries the ids of the events it rests on.
public struct Trace: Sendable {
  /// Independent incidents, most affected devices first. Empty: no failure was found.
  public var incidents: [Incident] = []
  /// Failures in the same window that belong to no incident.
  public var unrelated: [Onset] = []
  /// Entities that told of trouble and went on as ever: they are not taken for failed.
  public var wentOn: [Onset] = []
  /// Entities of which nothing is known for a while, as whoever told of them was silent.
  public var unheard: [Unheard] = []
  /// First and last instant of the evidence, by corrected clocks; nil where there are no events.
  public var window: ClosedRange<Instant>?
  /// Clock of each device minus true time, where it could be measured.
  public var clockSkews: [ClockSkew] = []
  /// What limits the result: missing topology, few events, refused evidence… One sentence each.
  public var caveats: [String] = []
  /// What analysts had decided when it was made, in the order in which they did.
  public var judgements: [Judgement] = []
  /// An empty trace.
  public init() {}
}

/// One incident.
public struct Incident: Sendable {
  /// The entities that failed, in the order of their onsets.
  public var onsets: [Onset] = []
  /// Candidates for the origin, most probable first; empty: not determined.
  public var origins: [OriginCandidate] = []
  /// What the failures point at, where that is nobody in the evidence.
  public var unseenOrigin: UnseenOrigin?
  /// Who took down whom: the most probable parent of each entity that has one.
  public var edges: [SpreadEdge] = []
  /// Other parents that the evidence does not rule out, with their probabilities.
  public var alternatives: [SpreadEdge] = []
  /// Changes (updates, campaigns, configuration) seen before the failures.
  public var changes: [ChangeEvent] = []
  /// What the early failing devices share; nil: abstained.
  public var commonCause: CommonCause?
  /// Named phases in order of time.
  public var phases: [Phase] = []
  /// What a staged rollout would have spared; nil where no change was the cause.
  public var counterfactual: Counterfactual?
  /// Seconds from one failure to the next, where they keep a pace as on a schedule and nothing explains them.
  var evenPause: Double?
  /// Providers that lost what hangs on them in one moment, none of which explains what the others lost.
  var twins: [String] = []
  /// With which values of one attribute nearly all failed, where there are several and it is not determined where it began.
  var sharedValues: String?
  /// Nearly all that failed say that something ran out that each of them has, and nothing else explains them.
  var isExpiry = false
  /// Those that failed said beforehand what they were about to do, and went on as before.
  var wasPlanned = false
  /// Nobody graded what those that failed say, its words tell of no trouble, and they went on as before.
  var mayBeHarmless = false
  /// Nothing but a silence that ended tells of the failures: perhaps only their lines are missing.
  var mayBeGap = false
  /// What nearly all that failed said in the same words, where nothing else explains them.
  public var saying: (text: String, count: Int)?
  /// What the infrastructure above those that failed said, piece by piece and one after the other, and how many pieces.
  var rounds: (text: String, count: Int)?
  /// What those that failed say to have done because somebody ordered it, and how many say so.
  var orders: (text: String, count: Int)?
  /// What was measured beside those that failed, and left its usual range before they did.
  var measuredBefore: (devices: [String], name: String, term: CommonCause.Term, since: Instant)?
  /// An incident with nothing in it.
  public init() {}
}

/// Entities of which nothing is known for a while: they are heard through one reporter alone, which fell silent, or in one source, in
/// which nobody is heard then.
public struct Unheard: Sendable, Hashable {
  /// Who told of them; nil where only their lines are known to be missing together.
  public var reporter: String?
  /// The last word that came from the reporter or through it.
  public var since: Instant
  /// When something came again; nil where nothing did.
  public var until: Instant?
  /// The entities.
  public var devices: [String]
  /// What is not known, from its parts.
  public init(reporter: String?, since: Instant, until: Instant?, devices: [String]) {
    self.reporter = reporter
    self.since = since
    self.until = until
    self.devices = devices
  }

  /// In one sentence. Names are as in the evidence and must be escaped before they are shown.
  public var words: String {
    let span = until.map { "from \(since) to \($0)" } ?? "from \(since) on"
    let names = devices.prefix(3).joined(separator: ", ") + (devices.count > 3 ? ", …" : "")
    return "not known: how \(devices.count == 1 ? "1 entity was" : "\(devices.count) entities were") \(span) "
      + "(\(names)): \(why)"
  }

  /// Why nothing is known of them.
  var why: String {
    let when = until == nil ? "from then on" : "then"
    return reporter.map { "their reporter \($0) was silent \(when)" }
      ?? "the source that holds their lines holds nobody's \(when): the evidence has a gap"
  }
}

/// The moment an entity went bad.
public struct Onset: Sendable {
  /// The entity's name.
  public var device: String
  /// The estimate.
  public var time: Instant
  /// Earliest and latest instant compatible with the evidence.
  public var interval: ClosedRange<Instant>
  /// How it was seen.
  public var kind: Kind
  /// Probability that this entity did fail in this incident.
  public var probability: Double
  /// Events for.
  public var evidence: [EventID]
  /// Who vouches for the evidence at best.
  public var basis: IdentityBasis
  /// One sentence each: why this was taken for a failure.
  public var reasons: [String] = []
  /// Whether nothing that it says tells of trouble: such a one is no failure.
  var isRemark = false
  /// Of a silence that ended: when it did.
  public var heardAgain: Instant?
  /// When numbers of its own that left their usual range about then were beyond it, in order of time.
  public var departures: [Departure] = []
  /// The numbers that did.
  var left: [Departures.Left] = []
  /// For those listed as unrelated: the probability that it has nothing to do with any incident.
  public var unrelated: Double?
  /// For those listed as unrelated: how near it lies to an incident.
  var nearness: Nearness?
  /// Where a failure lies that belongs to no incident: at another time; at the time of one; at the time of one and next to
  /// somebody, or behind somebody, that failed in it shortly before; at any time, but most of those that failed hang on it
  /// or are named by it; at any time, but it says what those say who failed in one; at any time, but the origin of one names it in its own
  /// trouble; in evidence in which no incident was found.
  enum Nearness: String, Sendable { case outside, inside, beside, above, alike, named, alone }
  /// How an onset was seen.
  public enum Kind: String, Sendable { case log, metric, silence, reported }
  /// An onset from its parts.
  public init(
    device: String, time: Instant, interval: ClosedRange<Instant>, kind: Kind, probability: Double,
    evidence: [EventID], basis: IdentityBasis
  ) {
    self.device = device
    self.time = time
    self.interval = interval
    self.kind = kind
    self.probability = probability
    self.evidence = evidence
    self.basis = basis
  }
}

/// A candidate for where it started.
public struct OriginCandidate: Sendable {
  /// The entity's name.
  public var device: String
  /// Calibrated probability.
  public var probability: Double
  /// One sentence each for the candidate.
  public var reasonsFor: [String]
  /// One sentence each against it.
  public var reasonsAgainst: [String]
  /// Events for.
  public var evidence: [EventID]
  /// Events against.
  public var counterEvidence: [EventID]
  /// The most that its probability may be, given who vouches for its name.
  var mostProbable = 1.0
  /// Whether it is one of several that nothing tells apart (see `Incident.twins`).
  var isTwin = false
  /// What named it.
  public var method = Method.order
  /// How a candidate is found: it announced a change, others depend on it, it had trouble of its own in the moment in
  /// which all failed, contact spreads from it, its numbers changed, or it is only among the first.
  public enum Method: String, Sendable { case change, provider, moment, contact, numbers, order }
  /// A candidate from its parts.
  public init(
    device: String, probability: Double, reasonsFor: [String], reasonsAgainst: [String], evidence: [EventID],
    counterEvidence: [EventID]
  ) {
    self.device = device
    self.probability = probability
    self.reasonsFor = reasonsFor
    self.reasonsAgainst = reasonsAgainst
    self.evidence = evidence
    self.counterEvidence = counterEvidence
  }
}

/// One step of the spread: `from` took down `to`.
public struct SpreadEdge: Sendable {
  /// Cause.
  public var from: String
  /// Effect.
  public var to: String
  /// Why this pair: over what.
  public var kind: Kind
  /// Probability that this is the true parent.
  public var probability: Double
  /// The most that it may be, whatever it is fitted to.
  var mostProbable = 1.0
  /// Whether nothing known ties the two: infrastructure is taken to serve everybody where nothing tells whom it serves.
  var isGuess = false
  /// Events that the edge rests on.
  public var evidence: [EventID]
  /// What an edge runs over: a link, a shared change and its actor, a dependency, overload.
  public enum Kind: String, Sendable { case link, change, dependency, overload }
  /// An edge from its parts.
  public init(from: String, to: String, kind: Kind, probability: Double, evidence: [EventID]) {
    self.from = from
    self.to = to
    self.kind = kind
    self.probability = probability
    self.evidence = evidence
  }
}

/// A change that came before failures: who announced it, who received it, when.
public struct ChangeEvent: Sendable {
  /// The template that announces it.
  public var template: String
  /// Who announced it: an update service or console; nil when nobody but the devices speaks of it.
  public var actor: String?
  /// First instant it was seen.
  public var start: Instant
  /// Devices that received it.
  public var devices: [String]
  /// When each of `devices` received it.
  public var receivedAt: [Instant] = []
  /// How many entities it reached by estimate: receipts may be missing from the evidence.
  public var reached: Int = 0
  /// How many could have been meant by it, as they are like its receivers in all that the inventory says; nil if unknown.
  public var eligible: Int?
  /// Share of receivers that failed afterwards.
  public var failedShare: Double
  /// Share of the others that failed in the same time.
  public var failedShareOfOthers: Double
  /// Whether it was an order that the receivers say to have carried out; `actor` is then who gave it.
  public var isOrder = false
  /// Events.
  public var evidence: [EventID]
  /// A change from its parts.
  public init(
    template: String, actor: String?, start: Instant, devices: [String], failedShare: Double,
    failedShareOfOthers: Double, evidence: [EventID]
  ) {
    self.template = template
    self.actor = actor
    self.start = start
    self.devices = devices
    self.failedShare = failedShare
    self.failedShareOfOthers = failedShareOfOthers
    self.evidence = evidence
  }
}

/// What the devices that failed early share.
public struct CommonCause: Sendable {
  /// One or more attribute=value terms that hold together (model AND firmware).
  public var terms: [Term]
  /// Probability that it is the cause rather than a coincidence.
  public var probability: Double
  /// Devices with all terms: how many, and how many of them failed early.
  public var exposed: Int
  /// Devices with all terms that failed early.
  public var exposedFailed: Int
  /// Devices without: how many.
  public var others: Int
  /// Devices without that failed early.
  public var othersFailed: Int
  /// One attribute=value.
  public struct Term: Sendable, Hashable {
    /// Inventory column.
    public var attribute: String
    /// Its value.
    public var value: String
    /// A term from its parts.
    public init(attribute: String, value: String) {
      self.attribute = attribute
      self.value = value
    }
  }
  /// A common cause from its parts.
  public init(
    terms: [Term], probability: Double, exposed: Int, exposedFailed: Int, others: Int, othersFailed: Int
  ) {
    self.terms = terms
    self.probability = probability
    self.exposed = exposed
    self.exposedFailed = exposedFailed
    self.others = others
    self.othersFailed = othersFailed
  }
}

/// A phase of the chain and when it began.
public struct Phase: Sendable {
  /// Which.
  public var name: Name
  /// When.
  public var start: Instant
  /// Events.
  public var evidence: [EventID]
  /// The phases, in the order of a full chain.
  public enum Name: String, Sendable, CaseIterable {
    case trigger
    case massUpdate = "mass_update"
    case deviceFailure = "device_failure"
    case cloudOverload = "cloud_overload"
    case connectivityLoss = "connectivity_loss"
    case monitoringFailure = "monitoring_failure"
  }
  /// A phase from its parts.
  public init(name: Name, start: Instant, evidence: [EventID]) {
    self.name = name
    self.start = start
    self.evidence = evidence
  }
}

/// How far a device's clock was off.
public struct ClockSkew: Sendable {
  /// The device.
  public var device: String
  /// The device's clock minus true time, seconds; positive is ahead.
  public var seconds: Double
  /// Bound of the error, seconds.
  public var error: Double
  /// By how much the clock runs fast, in millionths; `seconds` holds for the middle of the window. 0: none was seen.
  public var partsPerMillion = 0.0
  /// Pairs of events it rests on.
  public var pairs: Int
  /// A skew from its parts.
  public init(device: String, seconds: Double, error: Double, pairs: Int) {
    self.device = device
    self.seconds = seconds
    self.error = error
    self.pairs = pairs
  }
}

/// What a rollout under another policy would have done, simulated from the delays and shares seen in the incident.
public struct Counterfactual: Sendable {
  /// The policy, in words.
  public var policy: String
  /// Entities that failed in fact.
  public var failedActual: Int
  /// Entities that would have failed: median of the simulations.
  public var failed: Double
  /// 90 % interval of the simulations.
  public var interval: ClosedRange<Double>
  /// When the rollout would have been halted, seconds after its start: median; nil where it would not.
  public var haltedAfter: Double?
  /// What was assumed, one sentence each.
  public var assumptions: [String]
  /// A counterfactual from its parts.
  public init(
    policy: String, failedActual: Int, failed: Double, interval: ClosedRange<Double>, haltedAfter: Double?,
    assumptions: [String]
  ) {
    self.policy = policy
    self.failedActual = failedActual
    self.failed = failed
    self.interval = interval
    self.haltedAfter = haltedAfter
    self.assumptions = assumptions
  }
}
