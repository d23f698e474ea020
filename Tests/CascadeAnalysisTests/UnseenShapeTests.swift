import CascadeAnalysis
import IncidentModel
import Testing

/// Incidents of shapes that generators seldom make: one severity short, one site dark, one after the other, over days.
@Suite struct UnseenShapeTests {
  private static let epoch = Scene.epoch

  /// A web server writes the same words of what succeeds and of what fails; only the grade tells them apart.
  @Test func theSameWordsGradedAsTroubleAreTrouble() throws {
    var scene = Scene(1)
    for device in 0..<60 {
      scene.keep("edge\(device)x", 0...7200, every: 200, "put reading")
      guard device % 3 != 0 else { continue }
      scene.keep("edge\(device)x", 3600...4800, every: 60, "put reading", 3)
    }
    let incident = try #require(scene.trace.incidents.first)
    #expect(incident.onsets.count == 40)
    #expect(incident.onsets.allSatisfy { $0.time.nanoseconds >= Self.epoch + 3_590_000_000_000 })
  }

  /// A log of days is read once more from nearby: what was everyday in the whole of it is no news there.
  @Test func whatMixedWordsMeanIsKnownFromNearby() throws {
    var scene = Scene(11)
    let hour = 3600.0
    for device in 0..<60 {
      let name = "edge\(device)x"
      scene.scatter(name, 0...(100 * hour), every: 2400, "pulse", 255)
      scene.scatter(name, 0...(100 * hour), every: 8 * hour, "put reading", 255)
      if device % 3 != 0 {
        for turn in 0..<5 {
          scene.say(name, 60 * hour + Double(device) + Double(turn) * 60, "put reading", 3)
        }
      }
      // What piled up meanwhile.
      for turn in 0..<4 {
        scene.say(name, 60 * hour + 600 + Double(device + turn), "put reading", 255)
      }
    }
    let trace = scene.trace
    let incident = try #require(trace.incidents.first)
    #expect(incident.onsets.count == 40)
    #expect(trace.unrelated.isEmpty)
  }

  /// Half of the devices write to a log without grades: what they say is no less trouble for that.
  @Test func aLogThatDoesNotGradeSaysTheSameAsOneThatDoes() throws {
    var scene = Scene(10)
    for device in 0..<60 {
      let name = "cell\(device)x"
      let isGraded = device % 2 == 0
      scene.keep(name, 0...7200, every: 200, "round done", isGraded ? 6 : 255)
      guard device < 40 else { continue }
      let start = 3600 + Double(device) * 10
      for turn in 0..<4 {
        scene.say(name, start + Double(turn) * 30, "unlisted program started", isGraded ? 4 : 255)
      }
    }
    let incident = try #require(scene.trace.incidents.first)
    #expect(incident.onsets.count == 40)
    #expect(incident.changes.isEmpty)
  }

  @Test func aSiteThatFallsSilentIsTheCommonCauseAndNobodyInItTheOrigin() throws {
    var scene = Scene(2)
    var rows = "device,place,kind\n"
    for device in 0..<90 {
      let place = ["north", "south", "east"][device % 3]
      rows += "panel\(device)x,\(place),k\(device % 2)\n"
      scene.keep("panel\(device)x", 0...(place == "east" ? 7000 : 10800), every: 120, "round done")
    }
    scene.builder.inventory(csv: rows)
    let incident = try #require(scene.trace.incidents.first)
    #expect(incident.onsets.count == 30)
    #expect(incident.commonCause?.terms == [.init(attribute: "place", value: "east")])
    #expect(incident.origins.allSatisfy { $0.probability < 0.3 })
    #expect(incident.verdict.contains("not determined"))
    // They stopped together: the moment is known better than anybody's pause.
    for onset in incident.onsets {
      #expect(abs(onset.time.seconds(since: Instant(nanoseconds: Self.epoch)) - 7000) < 20)
    }
  }

  @Test func whoSpeaksLikeClockworkIsMissedSoonerThanWhoSpeaksByChance() {
    func silent(_ isClockwork: Bool) -> Int {
      var scene = Scene(3)
      for device in 0..<200 {
        let range = 0...(device < 20 ? 43_200.0 - 5400 : 43_200)
        if isClockwork {
          scene.keep("node\(device)x", range, every: 600, "counted")
        } else {
          scene.scatter("node\(device)x", range, every: 600, "counted")
        }
      }
      return scene.trace.incidents.first?.onsets.count ?? 0
    }
    #expect(silent(true) == 20)
    #expect(silent(false) == 0)
  }

  @Test(arguments: [true, false]) func whatFollowsAScheduleDidNotSpread(isPaced: Bool) throws {
    var scene = Scene(4)
    var next = 3000.0
    for device in 0..<60 {
      let name = "point\(device)x"
      scene.keep(name, 0...9000, every: 150, "client joined")
      next += isPaced ? 20 : 40 * scene.random.unit() * scene.random.unit() * 2
      for turn in 0..<2 { scene.say(name, next + Double(turn) * 5, "guard left off", 3) }
    }
    let incident = try #require(scene.trace.incidents.first)
    #expect(incident.verdict.contains("follow each other evenly") == isPaced)
    let against = incident.origins.first?.reasonsAgainst ?? []
    #expect(against.contains { $0.contains("on a schedule") } == isPaced)
    #expect(incident.origins.allSatisfy { $0.probability < 0.5 })
  }

  @Test func failuresThatGatherOverManyHoursAreOneIncidentAfterItsChange() throws {
    var scene = Scene(5)
    var rows = "device,release,lot\n"
    let hour = 3600.0
    for device in 0..<200 {
      let name = "hub\(device)x"
      let isNew = device % 5 < 2
      rows += "\(name),\(isNew ? "b" : "a"),l\(device % 7)\n"
      scene.scatter(name, 0...(100 * hour), every: 2400, "batch stored")
      scene.scatter(name, 0...(100 * hour), every: 60 * hour, "sensor bus stuck", 3)
      guard isNew else { continue }
      let change = 20 * hour + scene.random.unit() * 3 * hour
      scene.say(name, change, "bundle taken over", 6)
      var failure = change
      while true {
        failure += (24 + 12 * scene.random.unit()) * hour
        guard failure < 100 * hour else { break }
        scene.say(name, failure, "pool exhausted", 4)
        scene.say(name, failure + 30, "process killed", 2)
      }
    }
    scene.builder.inventory(csv: rows)
    let trace = scene.trace
    let incident = try #require(trace.incidents.first, "\(trace.verdict)")
    #expect(incident.onsets.count >= 70)
    #expect(incident.commonCause?.terms == [.init(attribute: "release", value: "b")])
    #expect(incident.changes.first?.devices.count == 80)
  }

  @Test func aChangeThatNobodyAnnouncedIsNotLaidToItsFirstReceiver() throws {
    var scene = Scene(6)
    for device in 0..<80 {
      let name = "kiosk\(device)x"
      scene.scatter(name, 0...9000, every: 200, "catalog in step")
      guard device % 2 == 0 else { continue }
      let change = 4000 + scene.random.unit() * 300
      scene.say(name, change, "package replaced", 6)
      for turn in 0..<3 { scene.say(name, change + 60 + Double(turn) * 9, "screen process died", 3) }
    }
    let incident = try #require(scene.trace.incidents.first)
    #expect(incident.changes.first?.devices.count == 40)
    #expect(incident.verdict.contains("a change that nobody in the evidence announced"))
    #expect(!incident.verdict.contains("It began at"))
  }

  /// The evidence begins shortly before; a database falls silent, and with it what it said all the time.
  @Test func whatEndsWithTheIncidentIsNotNewsOfItsBeginning() throws {
    var scene = Scene(7)
    scene.builder.link("front", "store", "sql")
    scene.keep("store", 90...600, every: 15, "checkpoint done", 255)
    scene.say("store", 597, "panic, no room", 255)
    scene.keep("front", 90...3000, every: 20, "worker well", 255)
    scene.keep("front", 600...2000, every: 6, "could not connect", 255)
    for device in 0..<80 {
      let name = "meter\(device)x"
      scene.keep(name, 0...3000, every: 200, "put reading", 255)
      scene.keep(name, 601...2000, every: 100, "put reading", 3)
    }
    let trace = scene.trace
    let incident = try #require(trace.incidents.first)
    #expect(incident.onsets.count >= 80)
    #expect(incident.origins.first?.device == "store")
    let store = try #require((incident.onsets + trace.unrelated).first { $0.device == "store" })
    #expect(abs(store.time.seconds(since: Instant(nanoseconds: Self.epoch)) - 597) < 30)
  }

  /// Everybody connects again: so many quiet messages make nothing else unusual.
  @Test func aStormOfQuietMessagesMakesNoNewsOfWhatIsSaidAllDay() {
    var scene = Scene(8)
    for device in 0..<200 {
      let name = "plug\(device)x"
      scene.scatter(name, 0...18_000, every: 3000, "joined anew", 255)
      for turn in 0..<8 {
        scene.say(name, 12_000 + 60 * scene.random.unit() + Double(turn), "joined anew", 255)
      }
      scene.builder.link(name, "relay", "session")
    }
    scene.scatter("relay", 0...18_000, every: 240, "long queue", 4)
    scene.scatter("relay", 0...18_000, every: 240, "job run", 6)
    let trace = scene.trace
    let relay =
      trace.incidents.flatMap(\.onsets).filter { $0.device == "relay" }
      + trace.unrelated.filter { $0.device == "relay" }
    #expect(relay.isEmpty, "\(relay.map(\.time))")
  }

  @Test func theSameNewsSaidAloneMinutesBeforeIsTheBeginning() throws {
    var scene = Scene(9)
    for device in 0..<60 {
      let name = "probe\(device)x"
      scene.keep(name, 0...9000, every: 240, "point stored")
      guard device < 30 else { continue }
      for after in [0.0, 290, 450, 600] {
        scene.say(name, 5000 + Double(device) * 3 + after, "lookup timed out", 3)
      }
    }
    let incident = try #require(scene.trace.incidents.first)
    #expect(incident.onsets.count == 30)
    #expect(
      incident.onsets.allSatisfy { onset in
        onset.time.seconds(since: Instant(nanoseconds: Self.epoch)) < 5100
      })
  }
}
