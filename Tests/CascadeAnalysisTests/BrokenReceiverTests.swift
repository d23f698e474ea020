import CascadeAnalysis
import IncidentModel
import Testing

/// A change breaks few of those that get it, each in words of its own; then what all hang on fails.
@Suite struct BrokenReceiverTests {
  private static let troubles = [
    "stack smashed in driver", "motor bridge not found", "calibration table is empty",
    "bus stuck low for good",
    "no partition to start from",
  ]
  private static let receivers = 20
  private static let start = 5000.0

  private static func name(_ valve: Int) -> String { "valve\(valve)v" }

  /// Sixty valves behind a hub. `delay` says how long after its receipt one of the broken fails.
  private static func scene(brokenReceive: Bool, delay: (Int) -> Double) -> (Scene, broken: Set<String>) {
    var scene = Scene(31)
    var rows = "device,board\nhub,\n"
    var broken: Set<String> = []
    let overload = start + 900
    for valve in 0..<60 {
      scene.builder.link(name(valve), "hub", "uses")
      let isBroken = valve % 4 == 1 && valve < 4 * troubles.count
      rows += "\(name(valve)),\(isBroken ? "b" : "a")\n"
      let receipt = start + Double(valve) * 20
      if valve < receivers, brokenReceive || !isBroken {
        scene.say(name(valve), receipt, "settings 7 taken over, starting anew", 6)
      }
      if isBroken {
        broken.insert(name(valve))
        scene.say(name(valve), receipt + delay(valve), troubles[valve / 4], 3)
      }
      scene.keep(name(valve), 0...overload, every: 300, "flow counted")
      let lost = overload + 5 + scene.random.unit() * 120
      for turn in 0..<5 {
        scene.say(name(valve), lost + Double(turn) * 40, "hub does not answer, again later", 4)
      }
    }
    scene.builder.inventory(csv: rows)
    scene.keep("planner", 0...7200, every: 900, "list looked at")
    scene.say("planner", start - 30, "settings 7 go out to twenty valves", 6)
    scene.keep("hub", 0...overload, every: 120, "sessions counted")
    scene.say("hub", overload, "too many sessions, refusing all", 2)
    return (scene, broken)
  }

  @Test func theyBelongToTheIncidentWhichBeganWithTheChange() throws {
    let (scene, broken) = Self.scene(brokenReceive: true) { 40 + Double($0 * 7 % 60) }
    let incident = try #require(scene.trace.incidents.first)
    #expect(broken.isSubset(of: Set(incident.onsets.map(\.device))))
    let first = incident.onsets.prefix(broken.count)
    #expect(Set(first.map(\.device)) == broken, "their own words tell when they failed")
    #expect(incident.origins.first?.device == "planner", "\(incident.verdict)")
    #expect(incident.commonCause?.terms.map(\.value) == ["b"])
  }

  /// The same troubles of those that did not get it are nobody's doing.
  @Test func theSameTroubleWithoutReceiptIsNotOfTheChange() throws {
    let (scene, _) = Self.scene(brokenReceive: false) { 40 + Double($0 * 7 % 60) }
    let incident = try #require(scene.trace.incidents.first)
    #expect(incident.origins.first?.device == "hub", "\(incident.verdict)")
  }
}
