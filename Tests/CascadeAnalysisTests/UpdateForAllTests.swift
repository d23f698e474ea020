import CascadeAnalysis
import IncidentModel
import Testing

/// Updates that all get, one after the other, and that some do not stand.
@Suite struct UpdateForAllTests {
  private static let end = 14_400.0

  private static func name(_ lock: Int) -> String { "lock\(lock)b" }

  private static let inventory =
    "device,board,place\n"
    + (0..<60).map { "\(name($0)),b\($0 % 2),p\($0 % 5)\n" }.joined()

  /// Nothing is graded; the boards of one kind do not come back.
  @Test func whoSaysThatItStartedDidNotFailAndWhoIsSilentDid() throws {
    var scene = Scene(61)
    scene.builder.inventory(csv: Self.inventory)
    scene.keep("hubx", 0...Self.end, every: 60, "queue idle", 255)
    scene.say("hubx", 6000, "release enabled for all", 255)
    for lock in 0..<60 {
      let written = 6020 + 1500 * scene.random.unit()
      scene.keep(Self.name(lock), 0...written, every: 60, "bolt state kept", 255)
      scene.say(Self.name(lock), written + 1, "image written, about to start it", 255)
      guard lock % 2 == 0 else { continue }
      scene.say(Self.name(lock), written + 50, "running the new image", 255)
      scene.keep(Self.name(lock), (written + 50)...Self.end, every: 60, "bolt state kept", 255)
    }
    let trace = scene.trace
    let incident = try #require(trace.incidents.first)
    #expect(trace.incidents.count == 1, "\(trace.verdict)")
    #expect(Set(incident.onsets.map(\.device)) == Set((0..<60).filter { $0 % 2 == 1 }.map(Self.name)))
    #expect(incident.commonCause?.terms == [.init(attribute: "board", value: "b1")])
    #expect(incident.origins.first?.device == "hubx", "\(trace.verdict)")
  }

  /// All receive it, so that nobody is left to compare with; who announced it is named all the same.
  @Test func whoAnnouncedWhatAllGotIsTheOrigin() throws {
    var scene = Scene(62)
    scene.builder.inventory(csv: Self.inventory)
    scene.keep("hubx", 0...Self.end, every: 60, "queue idle")
    scene.say("hubx", 6000, "zones published", 5)
    for lock in 0..<60 {
      let taken = 6020 + 400 * scene.random.unit()
      scene.keep(Self.name(lock), 0...Self.end, every: 60, "bolt state kept")
      scene.say(Self.name(lock), taken, "zones taken over", 6)
      guard lock % 5 == 2 else { continue }
      let failure = taken + 10 + 60 * scene.random.unit()
      for turn in 0..<6 {
        scene.say(Self.name(lock), failure + Double(turn) * 100, "motor held: zone not allowed", 3)
      }
    }
    let incident = try #require(scene.trace.incidents.first)
    let origin = try #require(incident.origins.first)
    #expect(origin.device == "hubx" && origin.probability > 0.5, "\(incident.verdict)")
    // Nobody stands twice among the candidates.
    #expect(Set(incident.origins.map(\.device)).count == incident.origins.count)
  }
}
