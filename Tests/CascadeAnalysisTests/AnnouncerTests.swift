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

  /// A warning ten minutes before the first receipt: known for an announcement where the receipts name who made it, or what it is of.
  @Test(arguments: [
    ("recipe R7 taken over from kitchen", true), ("recipe R7 taken over", true), ("took over", false),
  ])
  func anAnnouncementMayBeGradedAsWarning(receipt: String, isKnown: Bool) throws {
    var scene = Scene(26)
    var csv = "device,model\n"
    for oven in 0..<60 {
      let name = "oven\(oven)o"
      csv += "\(name),m\(oven % 2)\n"
      scene.keep(name, Self.span, every: 90, "chamber at 180")
      guard oven < 36 else { continue }
      scene.say(name, 5400 + 80 * scene.random.unit(), receipt, 6)
      guard oven % 2 == 1 else { continue }
      let time = 8000 + 4 * scene.random.unit()
      for turn in 0..<4 {
        scene.say(name, time + 60 * Double(turn), "heating curve invalid, chamber cold", 2)
      }
    }
    csv += "kitchen,\n"
    scene.builder.inventory(csv: csv)
    for oven in 0..<60 { scene.builder.link("oven\(oven)o", "kitchen", "managed") }
    scene.keep("kitchen", Self.span, every: 30, "heartbeat of 60")
    scene.say("kitchen", 4800, "recipe R7 released to group north by chef", 4)
    let trace = scene.trace
    let incident = try #require(trace.incidents.first)
    let origin = try #require(incident.origins.first)
    guard isKnown else {
      #expect(!incident.changes.contains { $0.actor == "kitchen" })
      return
    }
    #expect(origin.device == "kitchen" && origin.probability > 0.8, "\(trace.verdict)")
    #expect(
      origin.reasonsFor.contains("announced a change 53 min before the first of its receivers failed"),
      "\(origin.reasonsFor)")
    let trigger = try #require(incident.phases.first { $0.name == .trigger })
    #expect(abs(trigger.start.seconds(since: Instant(nanoseconds: Scene.epoch)) - 4800) < 1)
    #expect(!trace.unrelated.contains { $0.device == "kitchen" })
  }
}
