public import CascadeAnalysis
public import IncidentModel

extension IncidentSignals {
  /// How long an entity must be free of bad events to count as healthy: ten minutes.
  static let healthySpan: Int64 = 600_000_000_000
  static let minute: Int64 = 60_000_000_000
  static let second: Int64 = 1_000_000_000

  /// Derives the signals of an incident from the timeline: one pass over the events, memory in proportion to devices and minutes.
  ///
  /// A bad event is one of severity error or worse, or one whose template showed an onset. Alerts and connection attempts
  /// are recognised by words of their templates; which ones is kept, so that a reader can disagree.
  public init(evidence: IncidentEvidence, incident: Incident?) {
    self.init()
    let evidence = Self.plausible(evidence)
    activity = Self.activity(of: evidence)
    guard let incident,
      let first = incident.onsets.lazy.map(\.time.nanoseconds).filter({ Format.plausible.contains($0) })
        .min(),
      let newest = evidence.times.last
    else { return }
    var indexOfName: [String: Int] = [:]
    indexOfName.reserveCapacity(evidence.devices.count)
    for (index, name) in evidence.devices.enumerated() { indexOfName[name] = index }
    let words = TemplateWords(evidence: evidence)
    var onsets = [Int64](repeating: .max, count: evidence.devices.count)
    for onset in incident.onsets where Format.isPlausible(onset.time) {
      if let index = indexOfName[onset.device] { onsets[index] = min(onsets[index], onset.time.nanoseconds) }
    }
    let attacks = AttackEvents(evidence, onsets, words, first: first)
    deriveRecovery(evidence, incident, onsets, attacks, indexOfName, words, first, newest)
    deriveFailureWords(evidence, incident, onsets)
    deriveAlerts(evidence, incident, onsets, words, first)
    deriveAttacks(evidence, attacks)
    deriveGoingBack(evidence, words, first)
    deriveMonitoring(evidence, words, first)
    deriveAttempts(evidence, words, first)
    deriveRoutine(evidence, first, newest)
    derivePhaseEvents(evidence, incident)
  }

  /// The events of a phase by how well they show its start: near it in time, then of a kind not seen before it, then severe.
  ///
  /// What an analysis cites may be what was usual before; a reader wants the line that changed. Where nothing cited lies near
  /// the start, what the same entities said around it takes its place.
  private mutating func derivePhaseEvents(_ evidence: IncidentEvidence, _ incident: Incident) {
    let cited = Set(incident.phases.flatMap { $0.evidence.map(\.rawValue) })
    guard !cited.isEmpty else { return }
    var rowOf: [Int64: Int] = [:]
    var firstSeen = [Int64](repeating: .max, count: evidence.templateTexts.count)
    for row in evidence.times.indices {
      let template = Int(evidence.eventTemplates[row])
      firstSeen[template] = min(firstSeen[template], evidence.times[row])
      if cited.contains(evidence.eventIDs[row]) { rowOf[evidence.eventIDs[row]] = row }
    }
    for phase in incident.phases where Format.isPlausible(phase.start) {
      let start = phase.start.nanoseconds
      var rows = phase.evidence.compactMap { rowOf[$0.rawValue] }
      let speakers = Set(rows.map { evidence.eventDevices[$0] }).subtracting([-1])
      if !rows.contains(where: { abs(evidence.times[$0] - start) <= Self.minute }) {
        let window = evidence.times.partitionPoint { $0 < start - Self.second }
        let end = evidence.times.partitionPoint { $0 <= start + Self.minute }
        let around = (window..<end).lazy.filter { speakers.contains(evidence.eventDevices[$0]) }.prefix(200)
        if !around.isEmpty { rows = Array(around) }
      }
      func rank(_ row: Int) -> (Int, Int, Int, Int64, Int) {
        let distance = abs(evidence.times[row] - start)
        let isNew = firstSeen[Int(evidence.eventTemplates[row])] >= start - Self.minute
        return (distance <= Self.minute ? 0 : 1, isNew ? 0 : 1, Int(evidence.severities[row]), distance, row)
      }
      phaseEvents[phase.name] = rows.sorted { rank($0) < rank($1) }.prefix(3)
        .map { EventID(rawValue: evidence.eventIDs[$0]) }
    }
  }

  /// The evidence without events whose clock was not set. Events are in order of time, so they lie at the ends.
  private static func plausible(_ evidence: IncidentEvidence) -> IncidentEvidence {
    guard let first = evidence.times.first, let last = evidence.times.last,
      !Format.plausible.contains(first) || !Format.plausible.contains(last)
    else { return evidence }
    var kept = evidence
    let low = evidence.times.firstIndex { $0 >= Format.plausible.lowerBound } ?? evidence.times.count
    let high = evidence.times.lastIndex { $0 < Format.plausible.upperBound } ?? -1
    let rows = low..<max(low, high + 1)
    kept.eventIDs = Array(evidence.eventIDs[rows])
    kept.times = Array(evidence.times[rows])
    kept.eventDevices = Array(evidence.eventDevices[rows])
    kept.eventTemplates = Array(evidence.eventTemplates[rows])
    kept.severities = Array(evidence.severities[rows])
    kept.mentionEvents = []
    kept.mentionDevices = []
    kept.actorEvents = []
    kept.actorDevices = []
    for (event, device) in zip(evidence.mentionEvents, evidence.mentionDevices)
    where rows.contains(Int(event)) {
      kept.mentionEvents.append(event - Int32(rows.lowerBound))
      kept.mentionDevices.append(device)
    }
    return kept
  }

  private static func activity(of evidence: IncidentEvidence) -> [MinuteActivity] {
    var result: [MinuteActivity] = []
    for row in evidence.times.indices {
      let time = evidence.times[row]
      let start = Instant(nanoseconds: time - ((time % minute) + minute) % minute)
      if result.last?.minute != start {
        result.append(MinuteActivity(minute: start, counts: Array(repeating: 0, count: 9)))
      }
      result[result.count - 1].counts[Int(min(evidence.severities[row], 8))] += 1
    }
    return result
  }

  private mutating func deriveAttempts(_ evidence: IncidentEvidence, _ words: TemplateWords, _ first: Int64) {
    guard words.isConnection.contains(true), let oldest = evidence.times.first else { return }
    let hour: Int64 = 3_600_000_000_000
    var before = [Int](repeating: 0, count: 3600)
    var templates: Set<Int32> = []
    var perMinute: [(minute: Instant, count: Int)] = []
    var (peak, peakSecond): (Int, Int64) = (0, first)
    var (current, currentSecond): (Int, Int64) = (0, .min)
    for row in evidence.times.indices where words.isConnection[Int(evidence.eventTemplates[row])] {
      let time = evidence.times[row]
      guard time >= first - hour else { continue }
      templates.insert(evidence.eventTemplates[row])
      let start = Instant(nanoseconds: time - ((time % Self.minute) + Self.minute) % Self.minute)
      if perMinute.last?.minute != start { perMinute.append((start, 0)) }
      perMinute[perMinute.count - 1].count += 1
      if time < first {
        before[Int((time - (first - hour)) / Self.second)] += 1
        continue
      }
      let second = time - ((time % Self.second) + Self.second) % Self.second
      if second != currentSecond { (current, currentSecond) = (0, second) }
      current += 1
      if current > peak { (peak, peakSecond) = (current, second) }
    }
    guard peak > 0 else { return }
    before.sort()
    let usual = oldest <= first - hour ? Statistics.nearestRank(before, 0.95).map(Double.init) : nil
    var events: [EventID] = []
    for row in evidence.times.indices
    where evidence.times[row] >= peakSecond && words.isConnection[Int(evidence.eventTemplates[row])] {
      guard evidence.times[row] < peakSecond + Self.second, events.count < 12 else { break }
      events.append(EventID(rawValue: evidence.eventIDs[row]))
    }
    attempts = AttemptSignal(
      templates: templates.map { evidence.templateTexts[Int($0)] }.sorted(), peakPerSecond: peak,
      peakTime: Instant(nanoseconds: peakSecond), usual95: usual, perMinute: perMinute, events: events)
  }

  /// Routine events (notice, info, debug) per minute: what is usual before the incident, and which minutes fell under half of it.
  private mutating func deriveRoutine(_ evidence: IncidentEvidence, _ first: Int64, _ newest: Int64) {
    var count: [Int64: Int] = [:]
    var oldest: Int64?
    for minute in activity {
      let slot = minute.minute.nanoseconds / Self.minute
      oldest = oldest ?? slot
      count[slot] = minute.counts[5] + minute.counts[6] + minute.counts[7]
    }
    let firstSlot = first / Self.minute
    guard let oldest, firstSlot - oldest >= 10 else { return }
    let history = (max(oldest, firstSlot - 60)..<firstSlot).map { Int64(count[$0] ?? 0) }.sorted()
    guard let usual = Statistics.median(history), usual > 0 else { return }
    usualPerMinute = Double(usual)
    // The last minute is cut off by the end of the evidence. A case that spans years is not walked minute by minute.
    let end = min(newest / Self.minute, firstSlot + 200_000)
    guard end > firstSlot else { return }
    var stretch: [Instant] = []
    for slot in firstSlot...end {
      if slot < end, (count[slot] ?? 0) * 2 < Int(usual) {
        stretch.append(Instant(nanoseconds: slot * Self.minute))
      } else {
        // A single minute is chance, above all where few events are usual.
        if stretch.count >= 2 { quietMinutes += stretch }
        stretch = []
      }
    }
  }
}
