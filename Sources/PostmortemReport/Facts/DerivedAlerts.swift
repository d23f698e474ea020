import CascadeAnalysis
import IncidentModel

extension IncidentSignals {
  /// Messages that read like an alert, from monitors where some are known, else from whoever did not fail.
  ///
  /// A kind that was written before the incident is everyday life: of it only those count that name an affected entity after its onset, or come
  /// much closer to the one before than they usually do.
  mutating func deriveAlerts(
    _ evidence: IncidentEvidence, _ incident: Incident, _ onsetOf: [Int64], _ words: TemplateWords,
    _ first: Int64
  ) {
    guard words.isAlert.contains(true) else { return }
    let monitors = Set(words.monitors)
    let start = min(first, incident.phases.map(\.start.nanoseconds).min() ?? first)
    var paces: [Int32: AlertPace] = [:]
    var mentions = Mentions(evidence)
    var templates: Set<Int32> = []
    for row in evidence.times.indices {
      let template = evidence.eventTemplates[row]
      guard words.isAlert[Int(template)] else { continue }
      let device = Int(evidence.eventDevices[row])
      let isHeard =
        if monitors.isEmpty { device < 0 || onsetOf[device] == .max } else { monitors.contains(device) }
      guard isHeard else { continue }
      let time = evidence.times[row]
      guard time >= start else {
        paces[template, default: AlertPace()].add(time)
        continue
      }
      if paces[template] != nil {
        let isClose = paces[template]!.isClose(time, start: start)
        let isAboutIt = mentions.named(in: row).contains { onsetOf[$0] <= time }
        guard isClose || isAboutIt else { continue }
      }
      templates.insert(template)
      alerts.append(
        AlertSignal(
          time: Instant(nanoseconds: time), device: device >= 0 ? evidence.devices[device] : nil,
          event: EventID(rawValue: evidence.eventIDs[row])))
      if alerts.count == 50 { break }
    }
    alertTemplates = templates.map { evidence.templateTexts[Int($0)] }.sorted()
  }
}

/// How often a kind of alert came before the incident.
private struct AlertPace {
  private var first = Int64.max
  private var last = Int64.min
  private var count: Int64 = 0
  /// Of events at random, one pause in ten is shorter than a tenth of the usual.
  private static let close: Int64 = 10

  mutating func add(_ time: Int64) {
    first = min(first, time)
    last = time
    count += 1
  }

  /// Whether one in the incident comes much sooner after the one before than usual.
  mutating func isClose(_ time: Int64, start: Int64) -> Bool {
    let usual = (start - first) / max(1, count)
    defer { last = time }
    return (time - last) * Self.close < usual
  }
}
