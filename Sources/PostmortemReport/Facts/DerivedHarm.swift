import CascadeAnalysis
import IncidentModel

extension IncidentSignals {
  /// Attacks on others: what affected entities write after their onset in the words of an attack, and what others write of them
  /// in words of traffic, if nobody wrote that up to a quarter of an hour before the first effect.
  mutating func deriveAttacks(
    _ evidence: IncidentEvidence, _ incident: Incident, _ indexOfName: [String: Int], _ words: TemplateWords,
    _ first: Int64
  ) {
    guard words.isAttack.contains(true) || words.isTraffic.contains(true) else { return }
    var onsetOf = [Int64](repeating: .max, count: evidence.devices.count)
    for onset in incident.onsets where Format.isPlausible(onset.time) {
      if let index = indexOfName[onset.device] { onsetOf[index] = onset.time.nanoseconds }
    }
    var isNew = [Bool](repeating: true, count: evidence.templateTexts.count)
    for row in evidence.times.indices {
      // The first effect may be dated some minutes late: what began shortly before it is new, too.
      guard evidence.times[row] < first - 15 * Self.minute else { break }
      isNew[Int(evidence.eventTemplates[row])] = false
    }
    var templates: Set<Int32> = []
    var attackers: Set<Int> = []
    var mention = 0
    for row in evidence.times.indices {
      var named: [Int] = []
      while mention < evidence.mentionEvents.count, Int(evidence.mentionEvents[mention]) <= row {
        if Int(evidence.mentionEvents[mention]) == row { named.append(Int(evidence.mentionDevices[mention])) }
        mention += 1
      }
      let template = Int(evidence.eventTemplates[row])
      guard words.isAttack[template] || (words.isTraffic[template] && isNew[template]) else { continue }
      let speaker = Int(evidence.eventDevices[row])
      let time = evidence.times[row]
      var culprits = named.filter { $0 != speaker && time >= onsetOf[$0] }
      if words.isAttack[template], speaker >= 0, time >= onsetOf[speaker] { culprits = [speaker] }
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
