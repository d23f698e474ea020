import CascadeAnalysis
import IncidentModel
import Testing

/// A worm among lamps that also tries cameras, which refuse it.
@Suite struct AttackedShapeTests {
  private static let lamps = 40
  private static let cameras = 20

  private static func infected(_ lamp: Int) -> Double { 3000 + Double(lamp) * 40 }

  /// - Parameter shows: Whether an infected lamp shows more than who came to it.
  private static func scene(_ seed: UInt64, shows: Bool = true) -> Scene {
    var scene = Scene(seed)
    for camera in 0..<cameras { scene.keep("cam\(camera)x", 0...7200, every: 150, "frame kept") }
    for lamp in 0..<lamps {
      let name = "lamp\(lamp)x"
      scene.keep(name, 0...7200, every: 150, "light as wanted")
      scene.builder.link(name, "lamp\((lamp + 1) % lamps)x", "mesh")
      scene.builder.link(name, "cam\(lamp / 2)x", "mesh")
      let start = infected(lamp)
      if lamp > 0 {
        for early in [200.0, 140, 80] where start - early > infected(lamp - 1) - 180 {
          scene.say(name, start - early, "entry refused to lamp\(lamp - 1)x", 4)
        }
        scene.say(name, start, "entry taken by lamp\(lamp - 1)x", 4)
      }
      if shows {
        for turn in 0..<3 { scene.say(name, start + 2 + Double(turn) * 30, "strange process runs", 3) }
      }
      for turn in 0..<3 {
        scene.say("cam\(lamp / 2)x", start + 20 + Double(turn) * 50, "entry refused to \(name)", 4)
      }
    }
    return scene
  }

  @Test func whoRefusesAWormAndGoesOnDidNotFail() throws {
    let trace = Self.scene(1).trace
    let incident = try #require(trace.incidents.first)
    #expect(Set(incident.onsets.map(\.device)) == Set((0..<Self.lamps).map { "lamp\($0)x" }))
    #expect(!incident.edges.contains { $0.to.hasPrefix("cam") || $0.from.hasPrefix("cam") })
    #expect(trace.unrelated.isEmpty)
    #expect(incident.origins.first?.device == "lamp0x")
    // Having refused it for a while before dates no infection.
    for onset in incident.onsets {
      let lamp = Int(onset.device.dropFirst(4).dropLast()) ?? 0
      #expect(abs(onset.time.seconds(since: Instant(nanoseconds: Scene.epoch)) - Self.infected(lamp)) < 10)
    }
  }

  @Test func whoStopsItsWorkAfterAnAttackFailed() throws {
    var scene = Self.scene(2)
    for camera in 20..<24 {
      scene.keep("cam\(camera)x", 0...(Self.infected(camera) + 60), every: 150, "frame kept")
      for turn in 0..<3 {
        scene.say(
          "cam\(camera)x", Self.infected(camera) + 30 + Double(turn) * 10, "entry refused to lamp\(camera)x",
          4)
      }
    }
    let incident = try #require(scene.trace.incidents.first)
    #expect(incident.onsets.count == Self.lamps + 4)
  }

  /// Where nobody shows more than that somebody came, coming is all that is known of the infection.
  @Test func whereVisitsAreAllThatIsSeenTheyCount() throws {
    let incident = try #require(Self.scene(3, shows: false).trace.incidents.first)
    #expect(incident.onsets.count >= Self.lamps - 1)
  }
}
