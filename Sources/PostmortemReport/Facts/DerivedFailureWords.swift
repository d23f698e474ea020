import CascadeAnalysis
import IncidentModel

extension IncidentSignals {
  /// What the affected say of their failure, so that a reader learns what happened to them and not only when.
  ///
  /// Words of a failure are those that showed an onset, and warnings and worse from the onset on, that at least a tenth of the affected
  /// say and next to nobody else does, before or besides. The most widely said is kept, and the gravest where that is another: a
  /// pump that says that it stopped is one of many that say that a session was refused.
  mutating func deriveFailureWords(
    _ evidence: IncidentEvidence, _ incident: Incident, _ onsetOf: [Int64]
  ) {
    var isSign = [Bool](repeating: false, count: evidence.templateTexts.count)
    let signs = Set(
      incident.onsets.lazy.filter { $0.kind == .log }.compactMap { $0.evidence.first?.rawValue })
    for row in evidence.eventIDs.indices where signs.contains(evidence.eventIDs[row]) {
      isSign[Int(evidence.eventTemplates[row])] = true
    }
    struct Said {
      var speakers: Set<Int32> = []
      var others: Set<Int32> = []
      var severity: UInt8 = 255
      var row = 0
    }
    var said = [Said?](repeating: nil, count: evidence.templateTexts.count)
    for row in evidence.times.indices {
      let template = Int(evidence.eventTemplates[row])
      let severity = evidence.severities[row]
      guard isSign[template] || severity <= Severity.warning.rawValue else { continue }
      let device = evidence.eventDevices[row]
      guard device >= 0 else { continue }
      if said[template] == nil { said[template] = Said() }
      let onset = onsetOf[Int(device)]
      // A clock that was corrected dates a message a little before the onset that it shows.
      if onset != .max, evidence.times[row] >= onset - 5 * Self.second {
        if said[template]!.speakers.isEmpty { said[template]!.row = row }
        said[template]!.speakers.insert(device)
        said[template]!.severity = min(said[template]!.severity, severity)
      } else {
        said[template]!.others.insert(device)
      }
    }
    let fewest = max(2, (incident.onsets.count + 9) / 10)
    let candidates = said.enumerated().compactMap { template, said in said.map { (key: template, value: $0) }
    }
    .filter { $0.value.speakers.count >= fewest && $0.value.speakers.count > 4 * $0.value.others.count }
    .sorted { ($1.value.speakers.count, $0.value.row) < ($0.value.speakers.count, $1.value.row) }
    guard let widest = candidates.first else { return }
    var chosen = [widest]
    if let gravest = candidates.min(by: { $0.value.severity < $1.value.severity }),
      gravest.value.severity < widest.value.severity
    {
      chosen.insert(gravest, at: 0)
    }
    failureWords = chosen.map { template, said in
      FailureWords(
        text: evidence.templateTexts[template], count: said.speakers.count,
        severity: Severity(rawValue: said.severity), event: EventID(rawValue: evidence.eventIDs[said.row]))
    }
  }
}
