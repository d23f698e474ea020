import CascadeAnalysis
import IncidentModel
import Testing

/// Telling what a change broke from what the overload that followed took along.
@Suite struct CohortTests {
  /// 120 units behind two hubs; half get a change, of those the third with board b3 break, then a hub gives up and takes
  /// most of its units along, receivers or not.
  private static func incident() -> (evidence: IncidentEvidence, cohort: Set<String>, victims: Set<String>) {
    var builder = EvidenceBuilder()
    var random = Dice(state: 41)
    func say(_ who: String, _ seconds: Double, _ text: String, _ severity: UInt8) {
      builder.event(
        time: 1_700_000_000_000_000_000 + Int64(seconds * 1e9), device: who, severity: severity,
        message: "\(text) \(10 + random.next() % 89_990)")
    }
    var rows = "device,sort,board,release\n"
    for unit in 0..<120 {
      rows += "u\(unit)x,thing,b\(1 + unit / 2 % 3),\(unit % 2 == 0 ? "new" : "old")\n"
    }
    rows += "hub1,node,-,-\nhub2,node,-,-\noffice,desk,-,-\n"
    builder.inventory(csv: rows)
    for unit in 0..<120 {
      builder.link("hub\(1 + unit % 4 / 2)", "u\(unit)x", "serves")
      var time = random.unit() * 200
      while time < 7200 {
        say("u\(unit)x", time, "pulse fine", 6)
        time += 100 + random.unit() * 200
      }
    }
    var cohort: Set<String> = []
    var victims: Set<String> = []
    say("office", 3590, "plan opened", 6)
    var broken: [Int: Double] = [:]
    for unit in stride(from: 0, to: 120, by: 2) {
      let received = 3600 + random.unit() * 120
      say("u\(unit)x", received, "now on release", 6)
      if unit / 2 % 3 == 2 { broken[unit] = received + 30 + random.unit() * 240 }
    }
    let overload = 3790.0
    for turn in 0..<4 { say("hub1", overload + Double(turn) * 8, "queue beyond its bound", 2) }
    for unit in 0..<120 {
      let lost = unit % 4 / 2 == 0 ? overload + 4 + random.unit() * 80 : .infinity
      let own = broken[unit] ?? .infinity
      guard min(lost, own) < .infinity else { continue }
      if own < lost { cohort.insert("u\(unit)x") } else { victims.insert("u\(unit)x") }
      for turn in 0..<3 {
        say(
          "u\(unit)x", min(lost, own) + Double(turn) * 12,
          own < lost ? "stopped in the loader" : "no answer from above",
          3)
      }
    }
    return (builder.finish(), cohort, victims)
  }

  @Test func receiversThatTheOverloadTookAlongAreNoVictimsOfTheChange() throws {
    let (evidence, cohort, victims) = Self.incident()
    let incident = try #require(CascadeTracer().trace(evidence).incidents.first)
    let byChange = Set(incident.edges.filter { $0.kind == .change }.map(\.to))
    #expect(Double(byChange.intersection(victims).count) <= 0.1 * Double(victims.count))
    // The announcement names nobody: it is tied to the receipts by who says such a thing, and when.
    #expect(incident.origins.first?.device == "office")
    #expect(Double(byChange.intersection(cohort).count) >= 0.9 * Double(cohort.count))
    #expect(incident.commonCause.map { Set($0.terms.map(\.value)) } == ["new", "b3"])
  }

  /// A device that the inventory forgot lives as the listed ones do: it watches nobody, and nobody hangs on it.
  @Test func aDeviceThatTheInventoryForgotIsNoMonitor() throws {
    var scene = Scene(31)
    var csv = "device,kind,hall\n"
    for gate in 0..<40 {
      let name = "gate\(gate)g"
      if gate != 7 { csv += "\(name),gate,h\(gate % 2)\n" }
      scene.keep(name, 0...7200, every: 30, "barrier idle")
      if gate < 20 { scene.say(name, 3600 + Double(gate) * 0.2, "barrier fault 12", 3) }
    }
    scene.builder.inventory(csv: csv)
    let incident = try #require(scene.trace.incidents.first)
    #expect(incident.onsets.contains { $0.device == "gate7g" } && incident.onsets.count == 20)
    #expect(!incident.phases.contains { $0.name == .monitoringFailure }, "\(incident.phases)")
  }
}
