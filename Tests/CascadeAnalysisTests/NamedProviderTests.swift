import CascadeAnalysis
import IncidentModel
import Testing

/// Providers that are above what is blamed, told of by others, or that tell of themselves in words hardly ever written.
@Suite struct NamedProviderTests {
  private static func seconds(_ onset: Onset) -> Double {
    onset.time.seconds(since: Instant(nanoseconds: Scene.epoch))
  }

  /// A switch dies without a word; what hangs on it loses its line at once, and devices blame the queue behind it.
  private static func silentSwitch() -> Scene {
    var scene = Scene(5)
    for server in ["queue", "archive", "planner"] { scene.builder.link(server, "trunkswitch", "lan") }
    for floor in 0..<4 { scene.builder.link("floor\(floor)f", "trunkswitch", "trunk") }
    for scale in 0..<60 {
      scene.builder.link("scale\(scale)x", "queue", "mqtt")
      scene.builder.link("scale\(scale)x", "floor\(scale % 4)f", "lan")
    }
    let moment = 12_000.0
    for scale in 0..<60 {
      let name = "scale\(scale)x"
      let onset = moment + 4 + 50 * scene.random.unit()
      scene.scatter(name, 0...onset, every: 300, "weight sent")
      scene.scatter(name, 14_000...20_000, every: 300, "weight sent")
      for turn in 0..<10 { scene.say(name, onset + Double(turn) * 60, "no reply from queue", 4) }
    }
    for server in ["queue", "archive", "planner"] {
      scene.scatter(server, 0...20_000, every: 60, "tick")
      scene.say(server, moment + 0.6, "link is down", 3)
    }
    for floor in 0..<4 {
      scene.scatter("floor\(floor)f", 0...20_000, every: 300, "neighbours fresh")
      scene.say("floor\(floor)f", moment + 0.4, "trunk down to trunkswitch", 3)
    }
    scene.scatter("trunkswitch", 0...moment, every: 300, "neighbours fresh")
    return scene
  }

  @Test func aSilentProviderIsNotOutdoneByItsVictim() throws {
    let incident = try #require(Self.silentSwitch().trace.incidents.first)
    let best = try #require(incident.origins.first)
    #expect(best.device == "trunkswitch" && best.probability > 0.5, "\(incident.verdict)")
    #expect(incident.edges.allSatisfy { $0.to != "trunkswitch" })
    let parents = Dictionary(incident.edges.map { ($0.to, $0.from) }) { first, _ in first }
    for name in ["queue", "archive", "planner", "floor0f", "floor3f"] {
      #expect(parents[name] == "trunkswitch", "\(name)")
    }
    // It was reported at once, and not a heartbeat later.
    let onset = try #require(incident.onsets.first { $0.device == "trunkswitch" })
    #expect(abs(Self.seconds(onset) - 12_000) < 2)
  }

  /// Cameras that fall silent with their switch, and are reported ten seconds later by their recorder.
  @Test func whatIsReportedFellWithWhatTellsOfItself() throws {
    var scene = Scene(6)
    let moment = 12_000.0
    for camera in 0..<60 {
      let name = "camera\(camera)x"
      scene.builder.link(name, "recorder\(camera % 2)r", "video")
      scene.builder.link(name, "switch\(camera % 3)s", "power")
      let isHit = camera % 3 == 1
      scene.scatter(name, 0...(isHit ? moment : 20_000), every: 500, "motion")
      if isHit {
        scene.say(
          "recorder\(camera % 2)r", moment + 10 + 3 * scene.random.unit(), "stream of \(name) lost", 3)
      }
    }
    for recorder in 0..<2 { scene.keep("recorder\(recorder)r", 0...20_000, every: 200, "segment closed") }
    for power in 0..<3 {
      scene.builder.link("switch\(power)s", "core", "uplink")
      scene.scatter("switch\(power)s", 0...(power == 1 ? moment : 20_000), every: 700, "neighbours fresh")
    }
    scene.say("switch1s", moment, "input lost, dying gasp", 1)
    let trace = scene.trace
    let incident = try #require(trace.incidents.first)
    #expect(incident.onsets.count == 21, "\(trace.verdict)")
    #expect(incident.onsets.allSatisfy { abs(Self.seconds($0) - moment) < 5 })
    #expect(incident.origins.first?.device == "switch1s")
    // Who is named as the origin is no stranger to what it began.
    #expect(trace.unrelated.isEmpty)
    #expect(incident.onsets.contains { $0.device == "switch1s" })
  }

  /// A broker that is known by who names it tells once that it has no memory left.
  @Test func theOriginIsCountedWhereItTellsOfItself() throws {
    var scene = Scene(7)
    let moment = 12_000.0
    for broker in 0..<3 {
      scene.keep("broker\(broker)b", 0...(broker == 1 ? moment : 20_000), every: 300, "flushed")
    }
    for turn in 0..<20 { scene.say("broker1b", moment - 2000 + Double(turn) * 90, "collection paused", 4) }
    scene.say("broker1b", moment, "heap exhausted, terminating", 3)
    for tank in 0..<90 {
      let name = "tank\(tank)x"
      let onset = moment + 5 * scene.random.unit()
      scene.scatter(name, 0...(tank % 3 == 1 ? onset : 20_000), every: 400, "level sent")
      scene.scatter(name, 0...20_000, every: 40_000, "echo lost", 4)
      guard tank % 3 == 1 else { continue }
      for turn in 0..<5 { scene.say(name, onset + Double(turn) * 40, "connection to broker1b lost", 4) }
    }
    let trace = scene.trace
    let incident = try #require(trace.incidents.first)
    #expect(incident.origins.first?.device == "broker1b", "\(trace.verdict)")
    let own = try #require(incident.onsets.first { $0.device == "broker1b" })
    #expect(abs(Self.seconds(own) - moment) < 1)
    #expect(!trace.unrelated.contains { $0.device == "broker1b" })
    #expect(incident.origins.first?.reasonsAgainst.contains("its own failure was not seen") == false)
  }

  /// A server's database is the only one of its kind, and no device hangs on it directly.
  @Test func whatTheServerHangsOnIsAboveIt() throws {
    var scene = Scene(8)
    let moment = 12_000.0
    for charger in 0..<80 {
      let name = "charger\(charger)x"
      scene.builder.link(name, "backend", "session")
      let onset = moment + 32 + 120 * scene.random.unit()
      scene.keep(name, 0...onset, every: 600, "heartbeat answered")
      for turn in 0..<5 { scene.say(name, onset + Double(turn) * 60, "session closed by peer", 4) }
    }
    scene.builder.link("backend", "ledger", "sql")
    scene.keep("ledger", 0...moment, every: 200, "checkpoint complete")
    scene.say("ledger", moment, "panic, no space left", 2)
    for turn in 0..<30 { scene.say("ledger", moment + 6 + Double(turn) * 100, "still in recovery", 3) }
    scene.keep("backend", 0...moment, every: 10, "values received")
    for turn in 0..<400 { scene.say("backend", moment + 4 + Double(turn) * 10, "no connection in pool", 3) }
    let trace = scene.trace
    let incident = try #require(trace.incidents.first)
    let best = try #require(incident.origins.first)
    #expect(best.device == "ledger" && best.probability > 0.5, "\(trace.verdict)")
    #expect(incident.edges.contains { $0.from == "ledger" && $0.to == "backend" })
    #expect(incident.edges.allSatisfy { $0.to != "ledger" })
  }

  /// A rule that a console sets on three of five gates takes along all that is behind these, and the gates go on.
  @Test(arguments: [false, true]) func aChangeMadeToProvidersIsOneOfThoseBehindThem(isNamed: Bool) throws {
    var scene = Scene(9)
    _ = scene.builder.device("console")
    let moment = 12_000.0
    for gate in 0..<5 { scene.keep("gate\(gate)g", 0...20_000, every: 60, "traffic passed", 5) }
    for gate in 0..<3 {
      let maker = isNamed ? " by console" : ""
      scene.say("gate\(gate)g", moment + Double(gate) * 4, "policy edited, accept to deny\(maker)", 6)
    }
    for probe in 0..<75 {
      let name = "probe\(probe)x"
      scene.builder.link(name, "gate\(probe % 5)g", "via")
      let isHit = probe % 5 < 3
      let onset = moment + Double(probe % 5) * 4 + 1 + 50 * scene.random.unit()
      scene.keep(name, 0...(isHit ? onset : 20_000), every: 300, "samples sent")
      guard isHit else { continue }
      for turn in 0..<8 { scene.say(name, onset + Double(turn) * 60, "no way to the store", 3) }
    }
    scene.keep("console", 0...20_000, every: 600, "all in touch")
    if !isNamed { scene.say("console", moment - 6, "installing policy on gate0g gate1g gate2g", 6) }
    let trace = scene.trace
    let incident = try #require(trace.incidents.first)
    let best = try #require(incident.origins.first)
    #expect(best.device == "console" && best.probability > 0.5, "\(trace.verdict)")
    #expect(incident.edges.count == 45 && incident.edges.allSatisfy { $0.kind == .change })
  }
}
