import CascadeAnalysis
import IncidentModel

@testable import PostmortemReport

/// A spread over 12,000 devices, without a timeline: what a drawing must bear.
enum LargeTree {
  static let report = {
    var incident = Incident()
    var inventory = Inventory(attributes: ["site", "firmware"])
    for index in 0..<12_000 {
      let time = SyntheticCase.at(Double(index).squareRoot())
      inventory.append(device: "dev-\(index)", row: ["site-\(index % 300)", index % 2 == 0 ? "1.0" : "1.1"])
      incident.onsets.append(
        Onset(
          device: "dev-\(index)", time: time, interval: time...time, kind: .log, probability: 0.9,
          evidence: [],
          basis: .selfAsserted))
      guard index > 0 else { continue }
      incident.edges.append(
        SpreadEdge(
          from: "dev-\((index - 1) / 5)", to: "dev-\(index)", kind: .link,
          probability: index % 2 == 0 ? 0.95 : 0.6,
          evidence: index % 2 == 0 ? [EventID(rawValue: 1)] : []))
    }
    var facts = CaseFacts()
    facts.inventory = inventory
    facts.newestEvidence = SyntheticCase.at(200)
    facts.signals.affected = incident.onsets.enumerated().map { index, onset in
      AffectedInterval(
        device: onset.device, start: onset.time, end: index % 7 == 0 ? nil : onset.time.adding(seconds: 1800),
        recoveryEvent: nil)
    }
    var trace = Trace()
    trace.incidents = [incident]
    return Report(facts: facts, trace: trace, options: ReportOptions(sha256: sha256))
  }()
}
