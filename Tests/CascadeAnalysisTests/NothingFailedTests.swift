import CascadeAnalysis
import IncidentModel
import Testing

/// Who was attacked from outside and refused, and who came into being, did not fail.
@Suite struct NothingFailedTests {
  // MARK: Attempts from outside

  /// Sixty units that one address scans for ten minutes, and that go on with what they do, as far as `goOn` says.
  private static func attacked(
    _ text: (String) -> String, goOn: (Int) -> Bool = { _ in true }, broken: Int = 0
  ) -> Trace {
    var scene = Scene(21)
    for unit in 0..<60 {
      let name = "unit\(unit)u"
      scene.keep(name, 0...9000, every: 200, "lease renewed")
      if goOn(unit) { scene.keep(name, 9000...18_000, every: 200, "lease renewed") }
      scene.scatter(name, 0...18_000, every: 9000, text("12.\(unit).9.4"), 4)
      for _ in 0..<12 { scene.say(name, 9000 + scene.random.unit() * 600, text("185.220.101.44"), 4) }
      guard unit < broken else { continue }
      for turn in 0..<3 { scene.say(name, 9500 + Double(turn) * 30, "strange process runs", 3) }
    }
    return scene.trace
  }

  @Test(
    arguments: [
      "packet dropped from %", "An account failed to log on, source network address %",
      "Failed password for root from %", "Anmeldung von % abgewiesen",
      "acceso de % denegado",
    ])
  func whoIsAttackedAndRefusesDidNotFail(text: String) throws {
    let trace = Self.attacked({ text.replacing("%", with: $0) })
    #expect(trace.incidents.isEmpty && trace.unrelated.isEmpty, "\(trace.verdict)")
    // Some that let somebody in show more.
    let broken = try #require(Self.attacked({ text.replacing("%", with: $0) }, broken: 8).incidents.first)
    #expect(Set(broken.onsets.map(\.device)) == Set((0..<8).map { "unit\($0)u" }), "\(broken.verdict)")
    // Who stops its work under the attack failed of it.
    let stopped = try #require(
      Self.attacked({ text.replacing("%", with: $0) }, goOn: { $0 >= 12 }).incidents.first)
    #expect(Set(stopped.onsets.map(\.device)) == Set((0..<12).map { "unit\($0)u" }), "\(stopped.verdict)")
  }

  /// What an answer did not come from is something that they need, and so is who refuses them.
  @Test(arguments: ["no answer from %", "request rejected by %", "password reply from % is missing"])
  func whoLacksWhatItNeedsFailed(text: String) throws {
    let incident = try #require(Self.attacked({ text.replacing("%", with: $0) }).incidents.first)
    #expect(incident.onsets.count >= 55, "\(incident.verdict)")
  }

  /// A firewall that writes whom it kept an attacker from does not miss them; who complains that they are gone does.
  @Test(arguments: [false, true]) func whomAFirewallGuardsDidNotFail(areGone: Bool) {
    var scene = Scene(23)
    scene.keep("wall1f", 0...18_000, every: 60, "rules in force")
    for unit in 0..<60 {
      let name = "unit\(unit)u"
      scene.keep(name, 0...(areGone ? 9000 : 18_000), every: 600, "lease renewed")
      for turn in 0..<2 {
        let time = 9000 + Double(unit) * 9 + Double(turn) * 20
        scene.say(
          "wall1f", time,
          areGone ? "no answer from \(name)" : "packet dropped from 185.220.101.44 to \(name)", 4)
      }
    }
    #expect(scene.trace.incidents.isEmpty != areGone, "\(scene.trace.verdict)")
  }

  // MARK: First words

  /// Fifty units are put into service one by one; each complains while it starts for the first time.
  private static func started(again: Bool = false, livesOn: Bool = true) -> Trace {
    var scene = Scene(22)
    for unit in 0..<60 { scene.keep("old\(unit)u", 0...36_000, every: 300, "cycle done") }
    for unit in 0..<50 {
      let (name, start) = ("new\(unit)u", 15_000 + Double(unit) * 60)
      scene.say(name, start, "first start, nothing set up", 5)
      scene.say(name, start + 3, "using the key of the works", 4)
      scene.say(name, start + 20, "set up", 5)
      if livesOn { scene.keep(name, (start + 30)...36_000, every: 300, "cycle done") }
      guard again else { continue }
      for turn in 0..<3 { scene.say(name, start + 900 + Double(turn) * 20, "controller stuck", 3) }
    }
    return scene.trace
  }

  @Test func whoStartsForTheFirstTimeDidNotFail() throws {
    let trace = Self.started()
    #expect(trace.incidents.isEmpty && trace.unrelated.isEmpty, "\(trace.verdict)")
  }

  @Test func whoBreaksSoonAfterOrIsNotHeardAgainDid() throws {
    #expect(Self.started(again: true).incidents.first?.onsets.count == 50)
    #expect(Self.started(livesOn: false).incidents.first?.onsets.count == 50)
  }
}
