public import CascadeAnalysis
public import IncidentModel

/// What the timeline says about one incident beyond its trace: activity, recovery, alerts, connection attempts, blindness.
/// `IncidentSignals(evidence:onsets:…)` computes it; an empty one means "not known", never "none".
public struct IncidentSignals: Sendable {
  /// Events per minute and severity, ascending; empty minutes are left out.
  public var activity: [MinuteActivity] = []
  /// For each affected entity when it was affected, in the order of the onsets; after an entity's first interval follow those of
  /// its relapses. Nil: not determined.
  public var affected: [AffectedInterval]?
  /// The first events that look like an alert, ascending in time, at most 50.
  public var alerts: [AlertSignal] = []
  /// Templates taken for alerts.
  public var alertTemplates: [String] = []
  /// Connection attempts per second; nil: no template looks like one.
  public var attempts: AttemptSignal?
  /// Minutes of stretches (two or more in a row) in which fewer than half of the usual routine events arrived.
  public var quietMinutes: [Instant] = []
  /// Usual routine events per minute before the incident; nil: too little history.
  public var usualPerMinute: Double?
  /// What the monitoring itself did; nil: the inventory names no monitor, or none spoke regularly before the incident.
  public var monitoring: MonitoringSignal?
  /// Events in which affected entities seem to attack others after their onset: their own, and what others say of them.
  public var attacks = EventSample()
  /// Affected entities that such events are about.
  public var attackers = 0
  /// The failure passed by contact: whoever attacks others then stays affected until it starts anew or is cleaned.
  public var isByContact = false
  /// Templates taken for attacks on others.
  public var attackTemplates: [String] = []
  /// Events after the first effect that speak of going back to an earlier image, and the entities that say so.
  public var goingBack = EventSample()
  /// Entities that speak of going back.
  public var goingBackDevices = 0
  /// Templates taken for going back.
  public var goingBackTemplates: [String] = []
  /// What the affected say of their failure: the most widely said, and the gravest where that is another.
  public var failureWords: [FailureWords] = []
  /// Affected entities that fell silent after their onset and were not heard again.
  public var silentDevices: [String] = []
  /// For each phase the events that show its start best, the most telling first.
  public var phaseEvents: [Phase.Name: [EventID]] = [:]
  /// Nothing known.
  public init() {}
}

/// A number of events and the first of them.
public struct EventSample: Sendable, Hashable {
  /// How many.
  public var count = 0
  /// The first, at most twelve.
  public var events: [EventID] = []
  /// None.
  public init() {}
}

/// A message by which affected entities tell of their failure.
public struct FailureWords: Sendable, Hashable {
  /// Its template.
  public var text: String
  /// Affected entities that wrote it.
  public var count: Int
  /// The gravest severity that it had; nil where it had none.
  public var severity: Severity?
  /// The first of the events.
  public var event: EventID
  /// Words from their parts.
  public init(text: String, count: Int, severity: Severity?, event: EventID) {
    self.text = text
    self.count = count
    self.severity = severity
    self.event = event
  }
}

/// Events of one minute by severity.
public struct MinuteActivity: Sendable, Hashable {
  /// The minute's beginning.
  public var minute: Instant
  /// Counts for severities 0 to 7, then those without one.
  public var counts: [Int]
  /// Activity from its parts.
  public init(minute: Instant, counts: [Int]) {
    self.minute = minute
    self.counts = counts
  }
}

/// The monitoring's own log around the incident.
public struct MonitoringSignal: Sendable, Hashable {
  /// The monitors whose regular message was followed, sorted.
  public var monitors: [String]
  /// Their most regular message.
  public var heartbeat: String
  /// Usual time between two of them, in nanoseconds: the median of the hour before.
  public var usualGap: Int64
  /// Stretches from the first effect on in which less than half of the usual ones came; open ones last to the end of the evidence.
  public var blind: [BlindStretch] = []
  /// Messages from the first effect on of a kind that no monitor wrote before: its own complaints.
  public var complaints = EventSample()
  /// When the first complaint came.
  public var firstComplaint: Instant?
  /// Templates of the complaints.
  public var complaintTemplates: [String] = []
  /// Monitoring from its parts.
  public init(monitors: [String], heartbeat: String, usualGap: Int64) {
    self.monitors = monitors
    self.heartbeat = heartbeat
    self.usualGap = usualGap
  }
}

/// A time without sight.
public struct BlindStretch: Sendable, Hashable {
  /// From the last regular message.
  public var start: Instant
  /// To the next; the newest evidence where it is open.
  public var end: Instant
  /// No regular message followed.
  public var isOpen: Bool
  /// The last event before it.
  public var event: EventID
  /// A stretch from its parts.
  public init(start: Instant, end: Instant, isOpen: Bool, event: EventID) {
    self.start = start
    self.end = end
    self.isOpen = isOpen
    self.event = event
  }
}

/// When an entity was affected.
public struct AffectedInterval: Sendable, Hashable {
  /// The entity.
  public var device: String
  /// Its onset, or the beginning of a relapse.
  public var start: Instant
  /// First routine event after which it went on for ten minutes without a bad one; nil: still affected when the evidence ends.
  public var end: Instant?
  /// The event that shows the recovery.
  public var recoveryEvent: EventID?
  /// The bad event with which it began anew after a recovery; nil for the first time.
  public var relapseEvent: EventID?
  /// An interval from its parts.
  public init(
    device: String, start: Instant, end: Instant?, recoveryEvent: EventID?, relapseEvent: EventID? = nil
  ) {
    self.device = device
    self.start = start
    self.end = end
    self.recoveryEvent = recoveryEvent
    self.relapseEvent = relapseEvent
  }
}

/// An event that looks like an alert to people.
public struct AlertSignal: Sendable, Hashable {
  /// When.
  public var time: Instant
  /// Who raised it; nil where the event names nobody.
  public var device: String?
  /// The event.
  public var event: EventID
  /// An alert from its parts.
  public init(time: Instant, device: String?, event: EventID) {
    self.time = time
    self.device = device
    self.event = event
  }
}

/// Connection attempts around the incident.
public struct AttemptSignal: Sendable, Hashable {
  /// Templates taken for connection attempts.
  public var templates: [String]
  /// Most attempts in one second from the first effect on.
  public var peakPerSecond: Int
  /// That second.
  public var peakTime: Instant
  /// 95th percentile of attempts per second over the hour before; nil when the evidence does not cover it.
  public var usual95: Double?
  /// Attempts per minute around the incident, ascending; empty minutes are left out.
  public var perMinute: [(minute: Instant, count: Int)]
  /// First events of the peak second.
  public var events: [EventID]
  /// Attempts from their parts.
  public init(
    templates: [String], peakPerSecond: Int, peakTime: Instant, usual95: Double?,
    perMinute: [(minute: Instant, count: Int)], events: [EventID]
  ) {
    self.templates = templates
    self.peakPerSecond = peakPerSecond
    self.peakTime = peakTime
    self.usual95 = usual95
    self.perMinute = perMinute
    self.events = events
  }
  /// Equal in all parts.
  public static func == (a: Self, b: Self) -> Bool {
    a.templates == b.templates && a.peakPerSecond == b.peakPerSecond && a.peakTime == b.peakTime
      && a.usual95 == b.usual95 && a.events == b.events
      && a.perMinute.map(\.count) == b.perMinute.map(\.count)
      && a.perMinute.map(\.minute) == b.perMinute.map(\.minute)
  }
  /// By peak and templates.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(peakTime)
    hasher.combine(templates)
  }
}
