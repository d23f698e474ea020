import CascadeAnalysis
import IncidentModel
import Testing

/// Gateways that somebody restarts one after the other, and what hangs on them.
@Suite struct RollingRestartTests {
  private static let gateways = 6
  private static let end = 14_400.0

  /// `moment` is when a gateway goes away; `told` what it says just before that.
  private static func scene(
    _ moment: (Int) -> Double, told: (inout Scene, String, Double) -> Void
  ) -> Scene {
    var scene = Scene(51)
    scene.keep("desk1d", 0...end, every: 300, "session kept")
    for gateway in 0..<gateways {
      let name = "lane\(gateway)g"
      let time = moment(gateway)
      scene.keep(name, 0...time, every: 50, "frames passed on")
      told(&scene, name, time)
      scene.say(name, time + 170, "boot 7.3", 5)
      scene.keep(name, (time + 180)...end, every: 50, "frames passed on")
      for valve in 0..<8 {
        let valve = "valve\(gateway * 8 + valve)v"
        scene.builder.link(valve, name, "uplink")
        let failure = time + 4 + 20 * scene.random.unit()
        scene.keep(valve, 0...failure, every: 45, "flow measured")
        for turn in 0..<7 { scene.say(valve, failure + Double(turn) * 22, "no ack, queueing", 3) }
        scene.keep(valve, (time + 185)...end, every: 45, "flow measured")
      }
    }
    return scene
  }

  private static func turn(_ gateway: Int) -> Double { 6000 + Double(gateway) * 260 }

  private static func checkEdges(_ incident: Incident) {
    let right = incident.edges.count { edge in
      Int(edge.to.dropFirst(5).dropLast()).map { "lane\($0 / 8)g" == edge.from } ?? false
    }
    #expect(right == gateways * 8, "\(right) of \(incident.edges.count)")
  }

  @Test func whoRestartsTheGatewaysIsTheOrigin() throws {
    let trace = Self.scene(Self.turn) { scene, name, time in
      scene.say(name, time - 2, "shell opened for mk from desk1d", 6)
      scene.say(name, time, "going down for a restart", 5)
    }.trace
    let incident = try #require(trace.incidents.first)
    #expect(trace.incidents.count == 1 && incident.onsets.count == Self.gateways * 8, "\(trace.verdict)")
    #expect(incident.origins.first?.device == "desk1d", "\(trace.verdict)")
    #expect(incident.origins.first?.probability ?? 0 > 0.5)
    Self.checkEdges(incident)
    #expect(trace.verdict.contains("They failed behind 6 that they hang on, one after the other"))
  }

  @Test func whereNobodyIsNamedThereIsNoOriginButAReason() throws {
    let trace = Self.scene(Self.turn) { scene, name, time in
      scene.say(name, time, "going down for a restart", 5)
    }.trace
    let incident = try #require(trace.incidents.first)
    #expect(incident.origins.allSatisfy { $0.probability < 0.3 }, "\(trace.verdict)")
    Self.checkEdges(incident)
    #expect(
      trace.verdict.contains("one after the other, each just after it said \"going down for a restart\""))
  }

  /// All at once is something else, and so are gateways that say nothing.
  @Test(arguments: [true, false]) func otherwiseItIsNone(areTogether: Bool) {
    let trace = Self.scene({ areTogether ? 6000 : Self.turn($0) }) { scene, name, time in
      if areTogether { scene.say(name, time, "going down for a restart", 5) }
    }.trace
    #expect(!trace.verdict.contains("one after the other"), "\(trace.verdict)")
  }
}
