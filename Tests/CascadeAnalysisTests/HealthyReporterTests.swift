import CascadeAnalysis
import IncidentModel
import Testing

/// Who reports an outage is not its cause, and one incident does not take in another of the same minutes.
@Suite struct HealthyReporterTests {
  /// Four sites of twenty, and one that watches them; one site is gone for three quarters of an hour.
  private func outage(_ words: (String) -> String, isNamedInRoutine: Bool = false) -> Trace {
    var scene = Scene(21)
    let sites = ["kiel", "lund", "faro", "brno"]
    let gone = 9000.0...11_700
    for site in sites {
      for unit in 0..<20 {
        let name = "\(site)-\(unit)"
        if site == "lund" {
          scene.keep(name, 0...gone.lowerBound, every: 50, "setpoint held")
          scene.say(name, gone.upperBound + 60 * scene.random.unit(), "cold start after brownout", 5)
          scene.keep(name, (gone.upperBound + 61)...18_000, every: 50, "setpoint held")
        } else {
          scene.keep(name, 0...18_000, every: 50, "setpoint held")
        }
      }
    }
    scene.keep("lookout", 0...18_000, every: 60, "sweep done")
    for unit in 0..<20 {
      if isNamedInRoutine { scene.keep("lookout", 0...8990, every: 300, "passed on for lund-\(unit)") }
      scene.say("lookout", gone.lowerBound + 200 + 30 * scene.random.unit(), words("lund-\(unit)"), 4)
    }
    return scene.trace
  }

  @Test(arguments: ["no sign of life from", "missed polls:", "lost sight of"])
  func whoReportsThatOthersAreGoneIsNoProvider(words: String) throws {
    let trace = outage { "\(words) \($0)" }
    let incident = try #require(trace.incidents.first)
    #expect(incident.onsets.count == 20)
    #expect(!incident.origins.contains { $0.device == "lookout" && $0.probability > 0.3 }, "\(trace.verdict)")
    #expect(!incident.edges.contains { $0.from == "lookout" })
  }

  /// Through whom all of them were heard before may have lost them.
  @Test func whoNamedThemAllAlongStaysACandidate() throws {
    let trace = outage({ "no sign of life from \($0)" }, isNamedInRoutine: true)
    #expect(try #require(trace.incidents.first).origins.first?.device == "lookout")
  }

  /// A bridge takes its lamps along; minutes later another kind of device fails of its own software.
  private func twoTroubles(apart: Double, isNamed: Bool = false, shares: Bool = true) -> Trace {
    var scene = Scene(22)
    var table = "device,bridge,model\n"
    for bridge in 0..<3 { table += "bridge\(bridge),,\n" }
    for lamp in 0..<60 { table += "lamp\(lamp),bridge\(lamp % 3),l7\n" }
    for trap in 0..<50 { table += "trap\(trap),,\(shares ? "m\(trap % 2)" : "m")\n" }
    scene.builder.inventory(csv: table)
    for bridge in 0..<3 {
      scene.keep("bridge\(bridge)", 0...9000, every: 60, "children alive")
      if bridge > 0 { scene.keep("bridge\(bridge)", 9000...14_400, every: 60, "children alive") }
    }
    scene.say("bridge0", 9000, "port absent, radio side closed", 2)
    for lamp in 0..<60 {
      let isHit = lamp % 3 == 0
      scene.keep("lamp\(lamp)", 0...(isHit ? 9000 : 14_400), every: 150, "level set")
      guard isHit else { continue }
      let first = 9005 + 40 * scene.random.unit()
      for turn in 0..<5 { scene.say("lamp\(lamp)", first + Double(turn * 300), "parent bridge0 gone", 3) }
    }
    for trap in 0..<50 {
      scene.keep("trap\(trap)", 0...14_400, every: 150, "weight read")
      guard trap % 2 == 1 else { continue }
      let first = 9000 + apart + 200 * scene.random.unit()
      let words = isNamed ? "scale overflow behind bridge0" : "scale overflow of tare"
      for turn in 0..<20 { scene.say("trap\(trap)", first + Double(turn * 200), words, 3) }
    }
    return scene.trace
  }

  @Test(arguments: [20.0, 100, 250]) func twoIncidentsOfTheSameMinutesStayTwo(apart: Double) {
    let trace = twoTroubles(apart: apart)
    let fleets = trace.incidents.map { Set($0.onsets.map { String($0.device.prefix(4)) }) }
    #expect(trace.incidents.count == 2, "\(trace.verdict)")
    #expect(fleets.contains(["trap"]))
    #expect(fleets.contains(["lamp", "brid"]))
  }

  @Test func whoNamesTheOneThatStoppedBelongsToIt() {
    #expect(twoTroubles(apart: 100, isNamed: true).incidents.first?.onsets.count == 46)
  }

  /// Who began it is not listed among those that had nothing to do with it.
  @Test func anEarlierTroubleOfTheOriginIsToldWithIt() throws {
    var scene = Scene(23)
    for pump in 0..<40 {
      for hub in 0..<2 where pump % 2 == hub { scene.builder.link("hub\(hub)", "pump\(pump)", "radio") }
      scene.keep("pump\(pump)", 0...14_400, every: 120, "flow steady")
      guard pump % 2 == 0 else { continue }
      let first = 9000 + 230 * scene.random.unit()
      for turn in 0..<10 { scene.say("pump\(pump)", first + Double(turn * 240), "handshake refused", 3) }
    }
    for hub in 0..<2 { scene.keep("hub\(hub)", 0...14_400, every: 60, "frames passed") }
    scene.say("hub0", 5400, "certificate ends soon, renewal refused", 3)
    let trace = scene.trace
    let origin = try #require(trace.incidents.first?.origins.first)
    #expect(origin.device == "hub0")
    #expect(!trace.unrelated.contains { $0.device == "hub0" })
    #expect(origin.reasonsFor.contains { $0.hasPrefix("had trouble of its own 36") }, "\(origin.reasonsFor)")
    #expect(!origin.reasonsAgainst.contains("its own failure was not seen"))
  }

  /// Twelve of twenty drills lose their line, and a foreman that they report to says so after each; presses halt in the same minute.
  @Test(arguments: ["no torque from", "missing", "gave up waiting for"])
  func whoMissesOthersAfterTheyFailedIsNoOriginBesideAnotherIncident(words: String) throws {
    var scene = Scene(24)
    for drill in 0..<20 {
      let name = "drill\(drill)d"
      scene.keep(name, 0...14_400, every: 30, "torque 41")
      guard drill < 12 else { continue }
      let time = 7260 + 40 * scene.random.unit()
      for turn in 0..<30 { scene.say(name, time + 60 * Double(turn), "line to the hall lost, buffering", 3) }
      scene.say("foreman", time + 6, "\(words) \(name)", 3)
    }
    scene.keep("foreman", 0...14_400, every: 15, "shift figures sent")
    for press in 0..<36 {
      let name = "press\(press)p"
      let time = 7220 + 60 * scene.random.unit()
      scene.keep(name, 0...(press < 20 ? time : 14_400), every: 60, "stroke 512")
      guard press < 20 else { continue }
      scene.say(name, time, "guard open, press halted", 2)
      scene.keep(name, 9800...14_400, every: 60, "stroke 512")
    }
    let trace = scene.trace
    #expect(trace.incidents.count == 2, "\(trace.verdict)")
    for incident in trace.incidents {
      #expect(!incident.onsets.contains { $0.device == "foreman" })
      #expect(
        !incident.origins.contains { $0.device == "foreman" && $0.probability > 0.3 }, "\(incident.verdict)")
    }
  }

  /// What others say of a provider long after its clients failed is no word of its own.
  @Test(arguments: [1800.0, 3000]) func whatOthersSayOfAnUnheardProviderIsNoTroubleOfItsOwn(after: Double)
    throws
  {
    var scene = Scene(25)
    for lamp in 0..<30 {
      let name = "lamp\(lamp)l"
      scene.builder.link(name, "spring\(lamp < 20 ? 1 : 2)g", "supply")
      scene.keep(name, 0...7200, every: 30, "burning 140 h")
      guard lamp < 20 else { continue }
      let time = 3600 + 60 * scene.random.unit()
      for turn in 0..<6 { scene.say(name, time + 90 * Double(turn), "supply collapsed, emergency light", 3) }
    }
    scene.keep("spring2g", 0...7200, every: 20, "load 31")
    scene.say("spring2g", 3600 + after, "coupling to spring1g is offline", 4)
    let origin = try #require(scene.trace.incidents.first?.origins.first)
    #expect(origin.device == "spring1g")
    #expect(!origin.reasonsFor.contains { $0.hasPrefix("had trouble of its own") }, "\(origin.reasonsFor)")
    #expect(origin.reasonsAgainst.contains("its own failure was not seen"), "\(origin.reasonsAgainst)")
  }
}
