import CascadeAnalysis
import IncidentModel

extension IncidentSignals {
  /// When each affected entity was affected, relapses included: one pass over the events.
  ///
  /// An entity is well again from its first routine event after which it goes on for ten minutes in its own rhythm without a bad
  /// one; for longer where its complaints come at longer pauses (see `TroublePauses`). Bad is what has the severity error or worse,
  /// or a template that showed an onset. A warning is no routine, unless it is what this entity usually says; nor is what
  /// nobody said before the incident, unless entities that did not fail say it, too. Attacks on others, new with it, are bad. One that falls silent for longer than it ever did in its everyday life (see
  /// `OwnRhythms`) has not recovered. It relapses with a later event that showed an onset, or with an error of a kind that nobody
  /// wrote before the incident: errors of everyday life are no relapse.
  mutating func deriveRecovery(
    _ evidence: IncidentEvidence, _ incident: Incident, _ indexOfName: [String: Int], _ words: TemplateWords,
    _ first: Int64, _ newest: Int64
  ) {
    let none = Int64.max
    var onsetOf = [Int64](repeating: none, count: evidence.devices.count)
    var telling: Set<Int64> = []
    for onset in incident.onsets where Format.isPlausible(onset.time) {
      if let index = indexOfName[onset.device] {
        onsetOf[index] = min(onsetOf[index], onset.time.nanoseconds)
      }
      if onset.kind == .log, let event = onset.evidence.first { telling.insert(event.rawValue) }
    }
    let templates = evidence.templateTexts.count
    var showsOnset = [Bool](repeating: false, count: templates)
    var isEveryday = [Bool](repeating: false, count: templates)
    var isOfTheWell = [Bool](repeating: false, count: templates)
    for row in evidence.eventIDs.indices {
      let template = Int(evidence.eventTemplates[row])
      if telling.contains(evidence.eventIDs[row]) { showsOnset[template] = true }
      if evidence.times[row] < first { isEveryday[template] = true }
      let device = Int(evidence.eventDevices[row])
      if device >= 0, onsetOf[device] == none { isOfTheWell[template] = true }
    }
    let rhythms = OwnRhythms(evidence, onsetOf)
    func isComplaint(_ row: Int) -> Bool {
      let template = Int(evidence.eventTemplates[row])
      return showsOnset[template]
        || evidence.severities[row] <= Severity.error.rawValue && !isEveryday[template]
    }
    var pauses = TroublePauses(count: evidence.devices.count)
    for row in evidence.times.indices {
      let device = Int(evidence.eventDevices[row])
      guard device >= 0, onsetOf[device] != none, evidence.times[row] >= onsetOf[device], isComplaint(row)
      else { continue }
      pauses.add(evidence.times[row], of: device)
    }
    pauses.close()
    var states = [RecoveryState?](repeating: nil, count: evidence.devices.count)
    func recovery(of device: Int) -> RecoveryState {
      states[device]
        ?? RecoveryState(
          start: onsetOf[device], pause: rhythms.longestPause(of: device),
          healthySpan: pauses.healthySpan(of: device))
    }
    var lastSpoke = [Int64](repeating: .min, count: evidence.devices.count)
    for row in evidence.times.indices {
      let device = Int(evidence.eventDevices[row])
      guard device >= 0 else { continue }
      let time = evidence.times[row]
      lastSpoke[device] = time
      guard onsetOf[device] != none, time >= onsetOf[device] else { continue }
      let template = Int(evidence.eventTemplates[row])
      let severity = evidence.severities[row]
      let isError = severity <= Severity.error.rawValue
      let isUsual = rhythms.isUsual(
        severity, of: device, isEveryday: isEveryday[template], isOfTheWell: isOfTheWell[template])
      let isAttack = words.isAttack[template] && !isEveryday[template]
      var state = recovery(of: device)
      state.see(
        time, evidence.eventIDs[row], isBad: isError || showsOnset[template] || isAttack,
        isRelapse: isComplaint(row),
        // A device that tries to connect is alive, not well.
        isRoutine: isUsual && !words.isAttempt[template])
      states[device] = state
    }
    var intervals: [AffectedInterval] = []
    var counted = [Bool](repeating: false, count: evidence.devices.count)
    for onset in incident.onsets where Format.isPlausible(onset.time) {
      guard let device = indexOfName[onset.device] else {
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
      guard isRelapse, closed.count < Self.mostRelapses, let since = healthySince else { return }
      closed.append((start, since, healthyEvent, relapse))
      (start, relapse, healthySince, isHealthy) = (time, event, nil, false)
    } else if isBad {
      healthySince = nil
    } else if healthySince == nil, isRoutine {
      (healthySince, healthyEvent) = (time, event)
    }
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
