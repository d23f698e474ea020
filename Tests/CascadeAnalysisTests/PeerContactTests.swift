import CascadeAnalysis
import IncidentModel
import Testing

/// A worm that nobody knows the ways of but those it takes, who write who came to them.
@Suite struct PeerContactTests {
  private static let units = 120
  private static let taken = 60

  /// - Parameter visit: What the taken write of who came, and the first one of somebody outside.
  private static func worm(
    _ visit: (String) -> String, severity: UInt8, unseen: Set<Int> = []
  ) -> (trace: Trace, edges: Set<String>) {
    var scene = Scene(11)
    for unit in 0..<units {
      scene.keep("unit\(unit)x", 0...14_400, every: 300, "frame kept")
      scene.scatter("unit\(unit)x", 0...14_400, every: 20_000, "disk warm", 4)
    }
    var onset: [Int: Double] = [0: 6000]
    var edges: Set<String> = []
    func fall(_ unit: Int, _ time: Double, by other: String) {
      guard !unseen.contains(unit) else { return }
      scene.say("unit\(unit)x", time - 2, visit(other), severity)
      for turn in 0..<3 { scene.say("unit\(unit)x", time + Double(turn) * 15, "strange process runs", 3) }
    }
    fall(0, 6000, by: "91.92.240.18")
    var time = 6000.0
    for unit in 1..<taken {
      time += 5 + 240 / Double(unit) * scene.random.unit()
      // Most by a few, as those that came first had longest.
      let earlier = onset.filter { $0.value < time - 10 }.map(\.key).sorted()
      let share = scene.random.unit()
      let parent =
        earlier.isEmpty ? 0 : earlier[min(earlier.count - 1, Int(share * share * Double(earlier.count)))]
      onset[unit] = time
      edges.insert("unit\(parent)x>unit\(unit)x")
      fall(unit, time, by: "unit\(parent)x")
    }
    return (scene.trace, edges)
  }

  @Test(arguments: [UInt8(5), 4]) func whatPassesFromPeerToPeerIsContact(severity: UInt8) throws {
    let (trace, edges) = Self.worm({ "root sign-in on tty7p from \($0)" }, severity: severity)
    let incident = try #require(trace.incidents.first)
    let origin = try #require(incident.origins.first)
    #expect(origin.method == .contact && origin.device == "unit0x", "\(incident.verdict)")
    #expect(incident.edges.allSatisfy { $0.kind == .link })
    let right = incident.edges.count { edges.contains("\($0.from)>\($0.to)") }
    #expect(right * 10 >= edges.count * 8, "\(right) of \(edges.count)")
    #expect(Set(incident.onsets.map(\.device)) == Set((0..<Self.taken).map { "unit\($0)x" }))
  }

  /// What the first one and another one said in that moment is lost; whom they came to says so.
  @Test func whoCameAndWasNotSeenToFailIsOneOfThem() throws {
    let unseen: Set<Int> = [0, 2]
    let (trace, _) = Self.worm({ "root sign-in on tty7p from \($0)" }, severity: 5, unseen: unseen)
    let incident = try #require(trace.incidents.first)
    #expect(Set(incident.onsets.map(\.device)) == Set((0..<Self.taken).map { "unit\($0)x" }))
    #expect(incident.origins.first?.device == "unit0x", "\(incident.verdict)")
    let first = try #require(incident.onsets.first { $0.device == "unit0x" })
    #expect(first.kind == .reported && first.probability < 0.98, "\(first.probability)")
    #expect(first.reasons.contains { $0.contains("its own failure was not seen") })
    #expect(first.interval.contains(Instant(nanoseconds: Scene.epoch).adding(seconds: 6000)))
  }

  /// Clients that name a server which says nothing of the kind hang on it.
  @Test func whomManyNameWhoIsNoneOfThemProvides() throws {
    var scene = Scene(12)
    for server in ["names1s", "names2s"] {
      scene.keep(server, 0...(server == "names1s" ? 6000 : 14_400), every: 60, "query done")
    }
    // Its log names those that ask.
    for turn in 0..<120 { scene.say("names1s", 40 + Double(turn) * 49, "query of unit\(turn % 30)x", 6) }
    for unit in 0..<60 {
      let name = "unit\(unit)x"
      scene.keep(name, 0...14_400, every: 300, "frame kept")
      guard unit < 30 else { continue }
      for turn in 0..<4 {
        scene.say(name, 6003 + Double(unit * 2 + turn * 30), "lookup by names1s refused", 3)
      }
    }
    let incident = try #require(scene.trace.incidents.first)
    #expect(
      incident.origins.first?.device == "names1s" && incident.origins.first?.method == .provider,
      "\(incident.verdict)")
  }
}
