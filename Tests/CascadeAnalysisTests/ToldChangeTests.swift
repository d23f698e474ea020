import CascadeAnalysis
import IncidentModel
import Testing

/// Who made a change, where records of it say so.
@Suite struct ToldChangeTests {
  /// Devices of which every other one fails some time after `change` was made to it.
  private static func scene(
    _ seed: UInt64, isDeskHeard: Bool = true, change: (inout Scene, String, Double) -> Void
  ) -> Scene {
    var scene = Scene(seed)
    if isDeskHeard { scene.keep("desk", 0...9000, every: 200, "list shown", 255) }
    for device in 0..<80 {
      let name = "pump\(device)x"
      scene.scatter(name, 0...9000, every: 200, "batch stored", 255)
      guard device % 2 == 0 else { continue }
      let moment = 4000 + Double(device) * 5
      change(&scene, name, moment)
      let failure = moment + 60 + 200 * scene.random.unit()
      for turn in 0..<3 { scene.say(name, failure + Double(turn) * 20, "valve stuck", 255) }
    }
    return scene
  }

  /// A console records what it set on whom; those who got it say nothing of it.
  @Test(arguments: [UInt8(255), 6]) func whoMakesAChangeAndNamesItsReceiversIsItsActor(grade: UInt8) throws {
    let scene = Self.scene(1) { scene, name, time in scene.say("desk", time, "set table on \(name)", grade) }
    let incident = try #require(scene.trace.incidents.first)
    #expect(incident.onsets.count == 40)
    #expect(incident.changes.first?.actor == "desk")
    #expect(incident.changes.first?.devices.count == 40)
    #expect(incident.origins.first?.device == "desk")
    #expect((incident.origins.first?.probability ?? 0) >= 0.5)
    #expect(incident.edges.count { $0.from == "desk" && $0.kind == .change } >= 38)
  }

  /// A record of actions alone begins with the first of them, and what is done one by one within minutes is one burst.
  @Test func aRecordOfActionsAloneNamesAnActorAsWell() throws {
    let scene = Self.scene(4, isDeskHeard: false) { scene, name, time in
      scene.say("desk", time, "set table on \(name)", 255)
    }
    let incident = try #require(scene.trace.incidents.first)
    #expect(incident.changes.first?.actor == "desk")
    #expect(incident.origins.first?.device == "desk")
  }

  @Test func whomTheFieldsOfAChangeNameIsItsActor() throws {
    let scene = Self.scene(2) { scene, name, time in
      scene.say(name, time, "table replaced", 255, by: "maria")
    }
    let incident = try #require(scene.trace.incidents.first)
    #expect(incident.changes.first?.actor == "maria")
    #expect(incident.origins.first?.device == "maria")
    #expect(incident.verdict.contains("It began at maria"))
  }

  /// That somebody is gone is said of those that fail, not done to them.
  @Test func aRecordOfWhoWentMadeNoChange() throws {
    let scene = Self.scene(3) { scene, name, time in scene.say("desk", time, "session of \(name) lost", 255) }
    let trace = scene.trace
    #expect(trace.incidents.allSatisfy { $0.changes.isEmpty && $0.origins.first?.method != .change })
  }
}
