import CascadeAnalysis
import IncidentModel

extension IncidentSignals {
  /// When each affected entity was affected, relapses included: one pass over the events.
  ///
  /// An entity is well again from its first routine event after which it goes on for ten minutes in its own rhythm without a bad
  /// one; for longer where its complaints come at longer pauses (see `TroublePauses`). Bad is what has the severity error or worse,
  /// or shows the failure (see `FailureSigns`), also where others say it of the entity. A warning is no routine, unless it is what
  /// this entity usually says; nor is what nobody said before the incident, unless entities that did not fail say it, too. One that
  /// falls silent for longer than it ever did in its everyday life (see `OwnRhythms`) has not recovered. It relapses with a later
  /// event that showed an onset, or with an error of a kind that nobody wrote before the incident: errors of everyday life are no
  /// relapse. Attacks on others are bad, whoever tells of them; where the failure passed by contact, whoever attacks does so beside
  /// its everyday work, so that this shows nothing: it stays affected until it starts anew or is cleaned. Whoever does not speak
  /// itself goes by those that read it (see `WordsOfOthers`). While numbers that left their usual range are beyond it, nothing that it says is
  /// routine (see `NumbersBeyond`): a sensor goes on reporting what is wrong.
  mutating func deriveRecovery(
    _ evidence: IncidentEvidence, _ incident: Incident, _ onsetOf: [Int64], _ attacks: AttackEvents,
    _ indexOfName: [String: Int], _ words: TemplateWords, _ first: Int64, _ newest: Int64
  ) {
    let none = Int64.max
    let signs = FailureSigns(evidence, incident, onsetOf, first: first)
    let rhythms = OwnRhythms(evidence, onsetOf)
    isByContact = incident.spreadsByContact
    var pauses = TroublePauses(count: evidence.devices.count)
    var complaints = Complaints(evidence, onsetOf, attacks, signs)
    for row in evidence.times.indices {
      for complaint in complaints.told(in: row) { pauses.add(evidence.times[row], of: complaint.device) }
    }
    pauses.close()
    complaints = Complaints(evidence, onsetOf, attacks, signs)
    var others = WordsOfOthers(evidence, incident, onsetOf) { signs.isCited[$0] || words.isAttack[$0] }
    var states = [RecoveryState?](repeating: nil, count: evidence.devices.count)
    func recovery(of device: Int) -> RecoveryState {
      states[device]
        ?? RecoveryState(
          start: onsetOf[device],
          pause: others.longestPause(of: device) ?? rhythms.longestPause(of: device),
          healthySpan: pauses.healthySpan(of: device))
    }
    var lastSpoke = [Int64](repeating: .min, count: evidence.devices.count)
    var numbers = NumbersBeyond(incident, indexOfName)
    for row in evidence.times.indices {
      let device = Int(evidence.eventDevices[row])
      let time = evidence.times[row]
      numbers.pass(evidence.eventIDs[row])
      let template = Int(evidence.eventTemplates[row])
      var isComplaint = false
      for complaint in complaints.told(in: row) {
        var state = recovery(of: complaint.device)
        if complaint.isAttack, isByContact { state.isTakenOver = true }
        if complaint.device == device {
          isComplaint = true
        } else {
          state.isBlamed(time, evidence.eventIDs[row])
        }
        states[complaint.device] = state
      }
      for read in others.alive(in: row) where time >= onsetOf[read] {
        var state = recovery(of: read)
        state.see(time, evidence.eventIDs[row], isBad: false, isRelapse: false, isRoutine: true)
        states[read] = state
      }
      guard device >= 0 else { continue }
      lastSpoke[device] = time
      guard onsetOf[device] != none, time >= onsetOf[device] else { continue }
      let severity = evidence.severities[row]
      let isUsual = rhythms.isUsual(
        severity, of: device, isEveryday: signs.isEveryday[template], isOfTheWell: signs.isOfTheWell[template]
      )
      var state = recovery(of: device)
      if words.isFreshStart[template] { state.isTakenOver = false }
      state.see(
        time, evidence.eventIDs[row],
        isBad: isComplaint || severity <= Severity.error.rawValue || numbers.holds(device),
        isRelapse: isComplaint || numbers.holds(device),
        // A device that tries to connect is alive, not well.
        isRoutine: isUsual && !words.isAttempt[template])
      states[device] = state
    }
    var intervals: [AffectedInterval] = []
    var counted = [Bool](repeating: false, count: evidence.devices.count)
    for onset in incident.onsets where Format.isPlausible(onset.time) {
      let device = indexOfName[onset.device]
      if device.map({ lastSpoke[$0] == .min }) ?? true,
        let own = onset.intervalsByNumbers(healthySpan: Self.healthySpan, newest)
      {
        intervals += own
        continue
      }
      guard let device else {
        intervals.append(.init(device: onset.device, start: onset.time, end: nil, recoveryEvent: nil))
        continue
      }
      guard !counted[device] else { continue }
      counted[device] = true
      let own = recovery(of: device).intervals(of: onset.device, newest)
      intervals += own
      if own.last?.end == nil, own.count == 1, lastSpoke[device] != .min,
        lastSpoke[device] <= onsetOf[device] + Self.minute, newest - onsetOf[device] > Self.healthySpan
      {
        silentDevices.append(onset.device)
      }
    }
    affected = intervals
  }
}

/// What shows that affected entities are not well: their own complaints, those of others about them, and their attacks. Asked in order
/// of the events' positions.
private struct Complaints {
  private let evidence: IncidentEvidence
  private let onsetOf: [Int64]
  private let attacks: AttackEvents
  private let signs: FailureSigns
  private var mentions: Mentions

  init(_ evidence: IncidentEvidence, _ onsetOf: [Int64], _ attacks: AttackEvents, _ signs: FailureSigns) {
    self.evidence = evidence
    self.onsetOf = onsetOf
    self.attacks = attacks
    self.signs = signs
    mentions = Mentions(evidence)
  }

  /// Who is not well by an event.
  mutating func told(in row: Int) -> [(device: Int, isAttack: Bool)] {
    let device = Int(evidence.eventDevices[row])
    let template = Int(evidence.eventTemplates[row])
    let time = evidence.times[row]
    let attackers = attacks.culprits(in: row, &mentions)
    var result = attackers.map { (device: $0, isAttack: true) }
    if device >= 0, time >= onsetOf[device], !attackers.contains(device),
      signs.showsOnset[template]
        || evidence.severities[row] <= Severity.error.rawValue && !signs.isEveryday[template]
    {
      result.append((device, false))
    }
    guard signs.isReport[template] else { return result }
    for other in mentions.named(in: row)
    where other != device && time >= onsetOf[other] && !attackers.contains(other) {
      result.append((other, false))
    }
    return result
  }
}

/// Which messages show the failure of an incident, and which are everyday life.
private struct FailureSigns {
  /// By which entities showed their own onset.
  private(set) var showsOnset: [Bool]
  /// By which others told of an onset.
  private(set) var isReport: [Bool]
  /// Written before the first effect.
  private(set) var isEveryday: [Bool]
  /// Written by entities that did not fail.
  private(set) var isOfTheWell: [Bool]
  /// Of a kind that shows an onset, everyday or not.
  private(set) var isCited: [Bool]

  init(_ evidence: IncidentEvidence, _ incident: Incident, _ onsetOf: [Int64], first: Int64) {
    var own: Set<Int64> = []
    var besides: Set<Int64> = []
    var reports: Set<Int64> = []
    for onset in incident.onsets where Format.isPlausible(onset.time) {
      switch onset.kind {
      case .log:
        if let event = onset.evidence.first { own.insert(event.rawValue) }
        besides.formUnion(onset.evidence.dropFirst().map(\.rawValue))
      case .reported: reports.formUnion(onset.evidence.map(\.rawValue))
      case .metric, .silence: break
      }
    }
    let nothing = [Bool](repeating: false, count: evidence.templateTexts.count)
    (showsOnset, isReport, isEveryday, isOfTheWell, isCited) = (nothing, nothing, nothing, nothing, nothing)
    var isBeside = nothing
    for row in evidence.eventIDs.indices {
      let template = Int(evidence.eventTemplates[row])
      if own.contains(evidence.eventIDs[row]) { showsOnset[template] = true }
      if besides.contains(evidence.eventIDs[row]) { isBeside[template] = true }
      if reports.contains(evidence.eventIDs[row]) { isReport[template] = true }
      if evidence.times[row] < first { isEveryday[template] = true }
      let device = Int(evidence.eventDevices[row])
      if device >= 0, onsetOf[device] == .max { isOfTheWell[template] = true }
    }
    for template in nothing.indices {
      isCited[template] = showsOnset[template] || isBeside[template] || isReport[template]
      // What was said beside the first sign may be of any kind: it is one where only the failed say it.
      if isBeside[template], !isEveryday[template], !isOfTheWell[template] { showsOnset[template] = true }
      if isEveryday[template] { isReport[template] = false }
    }
  }
}

extension Incident {
  /// The failure passed from one to the next by contact.
  fileprivate var spreadsByContact: Bool { origins.first?.method == .contact }
}

/// How one entity fares while its events pass.
private struct RecoveryState {
  private var start: Int64
  private var relapse: Int64?
  private var healthySince: Int64?
  private var healthyEvent: Int64 = 0
  private var isHealthy = false
  private var closed: [(start: Int64, end: Int64, event: Int64, relapse: Int64?)] = []
  /// What no device in service does more often: a bound on memory where messages flap.
  private static let mostRelapses = 50
  /// A silence longer than this is none of the everyday.
  private let pause: Int64
  /// How long it must go on without anything bad.
  private let healthySpan: Int64
  private var last = Int64.max
  /// It attacks others beside its everyday work, which therefore shows nothing.
  var isTakenOver = false

  init(start: Int64, pause: Int64, healthySpan: Int64) {
    self.start = start
    self.pause = pause
    self.healthySpan = healthySpan
  }

  mutating func see(_ time: Int64, _ event: Int64, isBad: Bool, isRelapse: Bool, isRoutine: Bool) {
    if !isHealthy, let since = healthySince {
      // Whoever falls silent right after a word of recovery has not recovered with it.
      if last < time, time - last > pause {
        healthySince = nil
      } else if time - since >= healthySpan {
        isHealthy = true
      }
    }
    last = time
    if isHealthy {
      if isRelapse { fail(time, event) }
    } else if isBad {
      healthySince = nil
    } else if healthySince == nil, isRoutine, !isTakenOver {
      (healthySince, healthyEvent) = (time, event)
    }
  }

  /// Others say that it is not well; that is no sign of life of its own.
  mutating func isBlamed(_ time: Int64, _ event: Int64) {
    if let since = healthySince, time - since >= healthySpan { isHealthy = true }
    if isHealthy { fail(time, event) } else { healthySince = nil }
  }

  private mutating func fail(_ time: Int64, _ event: Int64) {
    guard closed.count < Self.mostRelapses, let since = healthySince else { return }
    closed.append((start, since, healthyEvent, relapse))
    (start, relapse, healthySince, isHealthy) = (time, event, nil, false)
  }

  func intervals(of device: String, _ newest: Int64) -> [AffectedInterval] {
    func interval(_ start: Int64, _ end: Int64?, _ event: Int64, _ relapse: Int64?) -> AffectedInterval {
      AffectedInterval(
        device: device, start: Instant(nanoseconds: start), end: end.map { Instant(nanoseconds: $0) },
        recoveryEvent: end == nil ? nil : EventID(rawValue: event),
        relapseEvent: relapse.map { EventID(rawValue: $0) })
    }
    let before = closed.map { interval($0.start, $0.end, $0.event, $0.relapse) }
    let goesOn = newest < last || newest - last <= pause
    let end = healthySince.flatMap { since in
      isHealthy || goesOn && newest - since >= healthySpan ? since : nil
    }
    return before + [interval(start, end, healthyEvent, relapse)]
  }
}
