import IncidentModel
import Testing

@testable import CascadeAnalysis

/// Many whom one speaker says to be gone within a minute, and single failures that are hardly tied to what they hang on.
@Suite struct LossesAtOnceTests {
  private static let end = 36_000.0
  private static let cut = 18_000.0

  /// Two gates with forty wells each, which account for them by the hour; the wells of the first lose their line for seventy minutes.
  private static func field(wellsTell: Bool, lost: Int = 40, apart: Double = 1, seed: UInt64 = 51) -> Scene {
    var scene = Scene(seed)
    var csv = "device,kind,carrier\n"
    for well in 0..<80 { csv += "well\(well)w,sensor,\(well % 2 == 0 ? "north" : "south")\n" }
    scene.builder.inventory(csv: csv + "gate0g,gate,\ngate1g,gate,\n")
    for well in 0..<80 { scene.builder.link("well\(well)w", "gate\(well % 2)g", "session") }
    for gate in 0..<2 { scene.keep("gate\(gate)g", 0...end, every: 30, "echo in time", 255) }
    for well in 0..<80 {
      let name = "well\(well)w"
      let gate = "gate\(well % 2)g"
      let isLost = well % 2 == 0 && well / 2 < lost
      let loss = cut + Double(well) / 2 * apart
      if wellsTell { scene.keep(name, 0...end, every: 300, "pressure kept", 255) }
      var time = 3600 * scene.random.unit()
      while time < end {
        if !isLost || time < loss || time > loss + 4200 {
          scene.say(gate, time, "account of \(name) kept", 255)
        }
        time += 3600
      }
      guard isLost else { continue }
      scene.say(gate, loss, "session of \(name) dropped, no echo", 255)
      scene.say(gate, loss + 4200 + 100 * scene.random.unit(), "session of \(name) is up", 255)
    }
    return scene
  }

  @Test(arguments: [51, 52, 53] as [UInt64]) func manyMissedInOneMinuteAreMissed(seed: UInt64) throws {
    let trace = Self.field(wellsTell: false, seed: seed).trace
    let incident = try #require(trace.incidents.first, "\(trace.verdict)")
    let wells = incident.onsets.filter { $0.device.hasPrefix("well") }
    #expect(wells.count == 40 && wells.allSatisfy { $0.kind == .reported }, "\(trace.verdict)")
    #expect(!trace.caveats.contains { $0.contains("they went on") })
  }

  @Test(arguments: [51, 54] as [UInt64]) func whoSpokeOnDidNotFailAndWhatWasToldOfItIsSaid(seed: UInt64) {
    let trace = Self.field(wellsTell: true, seed: seed).trace
    #expect(
      trace.incidents.allSatisfy { $0.onsets.allSatisfy { !$0.device.hasPrefix("well") } }, "\(trace.verdict)"
    )
    let notes = trace.caveats.filter { $0.contains("they went on") }
    #expect(notes.count == 1, "\(trace.caveats)")
    #expect(notes.first?.contains("gate0g told") == true && notes.first?.contains("40 entities") == true)
    #expect(notes.first?.contains("carrier=north") == true, "\(notes)")
  }

  /// The same one by one over hours is no moment.
  @Test func singleMissesAreTakenBack() {
    let trace = Self.field(wellsTell: false, apart: 240).trace
    #expect(trace.incidents.allSatisfy { $0.onsets.count < 8 }, "\(trace.verdict)")
  }

  // MARK: Beyond

  /// A gate tells of trouble when it loses all behind it.
  private static func gate(says words: String) -> Scene {
    var scene = Scene(56)
    for well in 0..<60 { scene.builder.link("well\(well)w", "gate\(well % 2)g", "session") }
    for gate in 0..<2 { scene.keep("gate\(gate)g", 0...end, every: 60, "sessions are kept") }
    for well in 0..<60 {
      let onset = well % 2 == 0 ? cut + 5 + 60 * scene.random.unit() : end
      scene.keep("well\(well)w", 0...onset, every: 120, "pressure kept")
      guard well % 2 == 0 else { continue }
      for turn in 0..<10 { scene.say("well\(well)w", onset + 60 * Double(turn), "link is lost", 3) }
    }
    for turn in 0..<30 { scene.say("gate0g", cut + 30 * Double(turn), words, 3) }
    return scene
  }

  @Test(arguments: [
    "echo timeout to carrier 198.51.100.7", "cannot reach 198.51.100.7", "no reply from peer 198.51.100.7",
  ])
  func whoMissesAnUnknownOneIsNotWhereItBegan(words: String) throws {
    let incident = try #require(Self.gate(says: words).trace.incidents.first)
    let best = try #require(incident.origins.first)
    #expect(best.device == "gate0g" && best.probability < 0.5, "\(incident.verdict)")
    #expect(best.reasonsAgainst.contains(MissedBeyond.reason))
  }

  @Test(arguments: ["session table is broken", "worker 3 timed out", "disk /dev/sda1 failed"])
  func whoHasTroubleOfItsOwnIs(words: String) throws {
    let incident = try #require(Self.gate(says: words).trace.incidents.first)
    let best = try #require(incident.origins.first)
    #expect(best.device == "gate0g" && best.probability > 0.5, "\(incident.verdict)")
  }

  // MARK: Edges

  /// A server warns; a quarter of an hour later one of the gates behind it loses its line, and the other does not.
  private static func twoFailures(_ after: Double, both: Bool = false) -> Scene {
    var scene = Scene(55)
    for gate in 0..<2 { scene.builder.link("gate\(gate)g", "server1s", "delivers") }
    for well in 0..<60 { scene.builder.link("well\(well)w", "gate\(well % 2)g", "session") }
    scene.keep("server1s", 0...end, every: 60, "batch kept")
    for gate in 0..<2 {
      scene.keep("gate\(gate)g", 0...end, every: 30, "echo in time")
      guard gate == 0 || both else { continue }
      for turn in 0..<40 { scene.say("gate\(gate)g", cut + after + Double(turn) * 30, "echo is late", 3) }
    }
    for turn in 0..<3 { scene.say("server1s", cut + Double(turn), "worker was started again", 3) }
    return scene
  }

  @Test func oneThatFailsLateAndAloneMayHaveAnotherReason() throws {
    let trace = Self.twoFailures(930).trace
    let edges = trace.incidents.flatMap(\.edges).filter { $0.from == "server1s" && $0.to == "gate0g" }
    #expect(edges.allSatisfy { $0.probability <= 0.5 }, "\(edges)")
  }

  @Test(arguments: [(40.0, false), (40, true)]) func whatFailsAtOnceDoesSoOfWhatItHangsOn(
    after: Double, both: Bool
  )
    throws
  {
    let trace = Self.twoFailures(after, both: both).trace
    let edge = trace.incidents.flatMap(\.edges).first { $0.from == "server1s" && $0.to == "gate0g" }
    #expect(try #require(edge, "\(trace.verdict)").probability > 0.8)
  }
}
