import CascadeAnalysis
import Foundation
import IncidentModel
import Testing

@testable import PostmortemReport

/// The size that a report must bear: 100,000 affected devices, 1,000,000 events. Long: `FIREBREAK_SOAK=1` runs it.
struct ScaleTests {
  @Test(.enabled(if: ProcessInfo.processInfo.environment["FIREBREAK_SOAK"] != nil))
  func bearsAHundredThousandDevices() {
    let devices = 100_000
    var evidence = IncidentEvidence()
    evidence.devices = (0..<devices).map { "dev-\($0)" }
    evidence.templateTexts = ["heartbeat", "watchdog reset", "connecting"]
    evidence.templatePrograms = ["a", "a", "a"]
    var inventory = Inventory(attributes: ["site", "firmware"])
    for index in 0..<devices {
      inventory.append(device: "dev-\(index)", row: ["s\(index % 500)", index % 2 == 0 ? "1" : "2"])
    }
    evidence.inventory = inventory
    let start = SyntheticCase.start.nanoseconds
    for event in 0..<1_000_000 {
      evidence.eventIDs.append(Int64(event + 1))
      evidence.times.append(start + Int64(event) * 20_000_000)
      evidence.eventDevices.append(Int32(event % devices))
      evidence.eventTemplates.append(Int32(event / devices == 4 ? 1 : event / devices == 5 ? 2 : 0))
      evidence.severities.append(event / devices == 4 ? 3 : 6)
    }
    var incident = Incident()
    for index in 0..<devices {
      let time = Instant(nanoseconds: start + Int64(4 * devices + index) * 20_000_000)
      let event = EventID(rawValue: Int64(4 * devices + index + 1))
      incident.onsets.append(
        Onset(
          device: "dev-\(index)", time: time, interval: time...time, kind: .log, probability: 0.9,
          evidence: [event],
          basis: .selfAsserted))
      if index > 0 {
        incident.edges.append(
          SpreadEdge(
            from: "dev-\((index - 1) / 3)", to: "dev-\(index)", kind: .link, probability: 0.8,
            evidence: [event]))
      }
    }
    var trace = Trace()
    trace.incidents = [incident]
    var facts = CaseFacts()
    facts.inventory = inventory
    facts.newestEvidence = Instant(nanoseconds: evidence.times.last ?? 0)
    let clock = ContinuousClock()
    func measured<T>(_ what: String, _ body: () -> T) -> T {
      var result: T?
      let cpu = clockCPU()
      _ = clock.measure { result = body() }
      print("\(what): \(Format.fixed(clockCPU() - cpu, digits: 2)) s CPU")
      return result!
    }
    facts.signals = measured("signals") { IncidentSignals(evidence: evidence, incident: incident) }
    let options = ReportOptions(sha256: sha256)
    let report = measured("report") { Report(facts: facts, trace: trace, options: options) }
    let page = measured("html") { HTMLRenderer.render(report) }
    let list = measured("devices.csv") {
      DeviceList.csv(ReportMaterial(facts: facts, trace: trace), options: options)
    }
    let cells = measured("1,000,000 timeline rows") {
      (0..<1_000_000).reduce(0) { sum, row in
        sum
          + CSVText.row([
            String(row), "2026-04-07T09:00:00.000000000Z", "exact", EvidenceText("dev-\(row)").display,
            "info",
            EvidenceText("session \(row) opened for client dev-\(row) from 10.0.0.1:8883, keepalive 60")
              .display, "a.log", "1", "2", "3",
          ]).utf8.count
      }
    }
    print("html: \(page.utf8.count) bytes")
    #expect(page.utf8.count < 3_000_000)
    #expect(list.rows == devices)
    #expect(cells > 0)
  }

  private func clockCPU() -> Double { Double(clock()) / Double(CLOCKS_PER_SEC) }
}
