import CascadeAnalysis
import IncidentModel
import Testing

/// Entities that go and come back, where the evidence tells of nothing else.
@Suite struct SilenceShapeTests {
  private static func seconds(_ instant: Instant) -> Double {
    instant.seconds(since: Instant(nanoseconds: Scene.epoch))
  }

  /// Panels of three places; those of one are not heard for a while.
  private static func scene(_ gap: ClosedRange<Double>, isDark: (Int) -> Bool) -> Scene {
    var scene = Scene(2)
    var rows = "device,place,kind\n"
    for device in 0..<90 {
      let name = "panel\(device)x"
      rows += "\(name),\(["north", "south", "east"][device % 3]),k\(device % 2)\n"
      if isDark(device) {
        scene.keep(name, 0...gap.lowerBound, every: 120, "round done")
        scene.keep(name, gap.upperBound...21_600, every: 120, "round done")
      } else {
        scene.keep(name, 0...21_600, every: 120, "round done")
      }
    }
    scene.builder.inventory(csv: rows)
    return scene
  }

  @Test func aSiteThatWasDarkForAWhileIsAnIncidentWithAnEnd() throws {
    let trace = Self.scene(9000...11_000) { $0 % 3 == 2 }.trace
    let incident = try #require(trace.incidents.first)
    #expect(incident.onsets.count == 30)
    #expect(incident.commonCause?.terms == [.init(attribute: "place", value: "east")])
    #expect(incident.origins.allSatisfy { $0.probability < 0.3 })
    for onset in incident.onsets {
      #expect(abs(Self.seconds(onset.time) - 9000) < 30)
      let again = try #require(onset.heardAgain)
      #expect((11_000...11_130).contains(Self.seconds(again)))
    }
    #expect(incident.verdict.contains("All fell silent and were heard again from"))
  }

  /// A log that is missing is no failure of those in it.
  @Test func aGapInWhichNobodySpeaksIsOneOfTheEvidence() {
    #expect(Self.scene(9000...11_000) { _ in true }.trace.incidents.isEmpty)
  }

  @Test func aGapOfOneSourceIsNoFailureOfThoseInIt() {
    var evidence = Self.scene(9000...11_000) { $0 % 3 == 2 }.evidence
    evidence.sources = [.init(devices: 60, lacksEnd: false), .init(devices: 30, lacksEnd: false)]
    evidence.lastSources = evidence.devices.map { name in
      Int(name.dropFirst(5).dropLast()).map { $0 % 3 == 2 ? 1 : 0 } ?? -1
    }
    #expect(CascadeTracer().trace(evidence).incidents.isEmpty)
  }

  /// A collector whose disk is full tells so as the last thing that it writes; that is no word of those that it collects from.
  @Test(arguments: [9001.0, 9900]) func aLastWordOfTheCollectorIsNoSignThatItCollects(word: Double) {
    var scene = Self.scene(9000...11_000) { _ in true }
    scene.keep("collector", 0...9000, every: 250, scatter: 1, "logs rotated")
    scene.say("collector", word, "cannot write, no space left", 3)
    scene.keep("collector", 11_000...21_600, every: 250, scatter: 1, "logs rotated")
    var evidence = scene.evidence
    evidence.sources = [.init(devices: evidence.devices.count, lacksEnd: false)]
    evidence.lastSources = evidence.devices.map { _ in 0 }
    let trace = CascadeTracer().trace(evidence)
    #expect(trace.incidents.isEmpty, "\(trace.verdict)")
    // A job that was there from the beginning is no trouble; what it says of itself is.
    for alone in trace.unrelated {
      #expect(alone.device == "collector")
      #expect(abs(Self.seconds(alone.time) - word) < 1)
    }
  }

  @Test func pausesThatEachTakesAtItsOwnTimeAreNone() {
    var scene = Scene(5)
    for device in 0..<60 {
      let name = "panel\(device)x"
      let start = 2000 + 250 * Double(device)
      scene.keep(name, 0...start, every: 120, "round done")
      scene.keep(name, (start + 1500)...21_600, every: 120, "round done")
    }
    #expect(scene.trace.incidents.isEmpty)
  }

  /// Nothing but who came and went, ungraded, and all day.
  private static func broker(_ losses: (inout Scene, String, Int) -> Void) -> Scene {
    var scene = Scene(7)
    for client in 0..<60 {
      let name = "plug\(client)x"
      scene.say(name, Double(client), "client joined", 255)
      for _ in 0..<2 {
        let moment = 600 + 20_000 * scene.random.unit()
        scene.say(name, moment, "client left", 255)
        scene.say(name, moment + 3, "client joined", 255)
      }
      losses(&scene, name, client)
    }
    return scene
  }

  @Test func clientsThatAllLeaveWithinSecondsAreAnIncident() throws {
    let scene = Self.broker { scene, name, client in
      guard client < 45 else { return }
      scene.say(name, 13_000 + 8 * scene.random.unit(), "client left", 255)
      scene.say(name, 13_100 + 60 * scene.random.unit(), "client joined", 255)
    }
    let incident = try #require(scene.trace.incidents.first)
    #expect(incident.onsets.count == 45)
    #expect(incident.onsets.allSatisfy { (12_999...13_009).contains(Self.seconds($0.time)) })
    // Within seconds of each other, nobody was first.
    #expect(incident.origins.allSatisfy { $0.probability < 0.3 })
  }

  /// One after the other, and once each: still no change that somebody made to them.
  @Test func whatSaysThatSomebodyIsGoneIsNoChange() throws {
    let scene = Self.broker { scene, name, client in
      guard client < 45 else { return }
      let moment = 13_000 + 3000 * scene.random.unit()
      scene.say(name, moment, "session timeout", 255)
      scene.say(name, moment + 400, "client joined", 255)
    }
    let incident = try #require(scene.trace.incidents.first)
    #expect(incident.onsets.count == 45)
    #expect(!incident.changes.contains { $0.template == "session timeout" })
  }

  @Test func clientsThatComeAndGoAreNone() {
    #expect(Self.broker { _, _, _ in }.trace.incidents.isEmpty)
  }

  @Test func sessionsThatAreRenewedByTheHourAreNone() {
    let scene = Self.broker { scene, name, _ in
      for hour in 1..<6 {
        scene.say(name, Double(hour) * 3700 + 8 * scene.random.unit(), "client left", 255)
        scene.say(name, Double(hour) * 3700 + 20 + 8 * scene.random.unit(), "client joined", 255)
      }
    }
    #expect(scene.trace.incidents.isEmpty)
  }
}
