import CascadeAnalysis
import IncidentModel
import Testing

/// Who announces a change, and is told from those that get it.
@Suite struct AnnouncerTests {
  private static let span = 0.0...14_400

  /// A desk that stands in the inventory with all columns filled, like the lifts that it sends a parameter set.
  @Test(
    arguments: ["rollout of set 77 started", "Verteilung von Satz 77 begonnen"],
    [(UInt8(6), false), (6, true), (255, false), (255, true)])
  func whoAnnouncesMayStandInTheInventory(words: String, form: (severity: UInt8, isTakenBack: Bool)) throws {
    let severity = form.severity
    var scene = Scene(24)
    var csv = "device,type,house\n"
    for lift in 0..<90 {
      csv += "lift\(lift)x,\(lift % 3 == 0 ? "Z" : "K"),h\(lift % 10)\n"
      scene.keep("lift\(lift)x", Self.span, every: 90, "trip to floor 3, load 310 kg", severity)
      guard lift % 3 == 0 else { continue }
      let time = 5420 + 30 * scene.random.unit()
      scene.say("lift\(lift)x", time, "set 77 applied", severity)
      let fails = time + 60 + 800 * scene.random.unit()
      for turn in 0..<4 {
        scene.say(
          "lift\(lift)x", fails + 30 * Double(turn), "cabin holds between floors \(turn)",
          severity == 6 ? 3 : 255)
      }
    }
    for desk in ["desk", "callcentre"] {
      csv += "\(desk),server,main\n"
      _ = scene.builder.device(desk)
      scene.keep(desk, Self.span, every: 300, "\(desk) in operation", severity)
    }
    scene.say("desk", 5400, words, severity)
    if form.isTakenBack {
      scene.say("desk", 10_480, words.replacing("77", with: "76"), severity)
      for lift in stride(from: 0, to: 90, by: 3) {
        scene.say("lift\(lift)x", 10_500 + Double(lift) / 2, "set 76 applied", severity)
      }
    }
    scene.builder.inventory(csv: csv)
    let trace = scene.trace
    let origin = try #require(trace.incidents.first?.origins.first)
    #expect(origin.device == "desk" && origin.probability > 0.8, "\(trace.verdict)")
    #expect(origin.reasonsFor.contains { $0.hasPrefix("announced a change") }, "\(origin.reasonsFor)")
    #expect(trace.incidents.first?.onsets.allSatisfy { $0.device.hasPrefix("lift") } == true)
  }
}
