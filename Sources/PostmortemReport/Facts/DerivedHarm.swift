import CascadeAnalysis
import IncidentModel

extension IncidentSignals {
  /// Attacks on others, and who makes them.
  mutating func deriveAttacks(_ evidence: IncidentEvidence, _ events: AttackEvents) {
    guard !events.areNone else { return }
    var mentions = Mentions(evidence)
    var templates: Set<Int32> = []
    var attackers: Set<Int> = []
    for row in evidence.times.indices {
      let culprits = events.culprits(in: row, &mentions)
      guard !culprits.isEmpty else { continue }
      templates.insert(evidence.eventTemplates[row])
      attackers.formUnion(culprits)
      attacks.count += 1
      if attacks.events.count < 12 { attacks.events.append(EventID(rawValue: evidence.eventIDs[row])) }
    }
    self.attackers = attackers.count
    attackTemplates = templates.map { evidence.templateTexts[Int($0)] }.sorted()
  }

  /// Signs that there was an image to go back to: somebody went back, or speaks of it.
  mutating func deriveGoingBack(_ evidence: IncidentEvidence, _ words: TemplateWords, _ first: Int64) {
    guard words.isGoingBack.contains(true) else { return }
    var devices: Set<Int32> = []
    var templates: Set<Int32> = []
    for row in evidence.times.indices
    where words.isGoingBack[Int(evidence.eventTemplates[row])] && evidence.times[row] >= first {
      goingBack.count += 1
      devices.insert(evidence.eventDevices[row])
      templates.insert(evidence.eventTemplates[row])
      if goingBack.events.count < 12 { goingBack.events.append(EventID(rawValue: evidence.eventIDs[row])) }
    }
    goingBackDevices = devices.count { $0 >= 0 }
    goingBackTemplates = templates.map { evidence.templateTexts[Int($0)] }.sorted()
  }

  /// What the monitoring's own log shows: where its most regular message stays away it saw nothing; what it never said before
  /// is its own complaint.
  mutating func deriveMonitoring(_ evidence: IncidentEvidence, _ words: TemplateWords, _ first: Int64) {
    guard !words.monitors.isEmpty, let newest = evidence.times.last else { return }
    var isMonitor = [Bool](repeating: false, count: evidence.devices.count)
    for index in words.monitors { isMonitor[index] = true }
    let hour: Int64 = 3_600_000_000_000
    var rows: [Int] = []
    for row in evidence.times.indices {
      let device = Int(evidence.eventDevices[row])
      if device >= 0, isMonitor[device] { rows.append(row) }
    }
    // The most regular message: of those written most often in the hour before, ties by the earlier template.
    var before: [Int32: [Int64]] = [:]
    var known: Set<Int32> = []
    for row in rows where evidence.times[row] < first {
      known.insert(evidence.eventTemplates[row])
      if evidence.times[row] >= first - hour {
        before[evidence.eventTemplates[row], default: []].append(evidence.times[row])
      }
    }
    let regular = before.max { ($0.value.count, $1.key) < ($1.value.count, $0.key) }
    guard let (template, times) = regular, times.count >= 10 else { return }
    let gaps = zip(times.dropFirst(), times).map { $0 - $1 }.sorted()
    guard let gap = Statistics.median(gaps), gap > 0 else { return }
    let beats = rows.filter { evidence.eventTemplates[$0] == template }
    let speakers = Set(beats.map { Int(evidence.eventDevices[$0]) })
    var signal = MonitoringSignal(
      monitors: speakers.map { evidence.devices[$0] }.sorted(),
      heartbeat: evidence.templateTexts[Int(template)], usualGap: gap)
    // Under half of the usual: more than twice the usual gap, and no less than two minutes.
    let limit = max(2 * Self.minute, gap.multipliedClamped(by: 2))
    for (position, row) in beats.enumerated() {
      let isLast = position == beats.count - 1
      let next = isLast ? newest : evidence.times[beats[position + 1]]
      guard next >= first, next - evidence.times[row] > limit else { continue }
      signal.blind.append(
        BlindStretch(
          start: Instant(nanoseconds: evidence.times[row]), end: Instant(nanoseconds: next), isOpen: isLast,
          event: EventID(rawValue: evidence.eventIDs[row])))
    }
    var complaints: Set<Int32> = []
    for row in rows where evidence.times[row] >= first && !known.contains(evidence.eventTemplates[row]) {
      complaints.insert(evidence.eventTemplates[row])
      signal.complaints.count += 1
      signal.firstComplaint = signal.firstComplaint ?? Instant(nanoseconds: evidence.times[row])
      if signal.complaints.events.count < 12 {
        signal.complaints.events.append(EventID(rawValue: evidence.eventIDs[row]))
      }
    }
    signal.complaintTemplates = complaints.map { evidence.templateTexts[Int($0)] }.sorted()
    monitoring = signal
  }
}
