import CascadeAnalysis
import IncidentModel
import Testing

/// Failures that come one by one over days, that only warn, in waves, or behind each entity's own receipt of a change; and what
/// looks like them and is none.
@Suite struct SlowAndSoftTests {
  private static let hour = 3600.0
  private static let day = 86_400.0

  private static func seconds(_ onset: Onset) -> Double {
    onset.time.seconds(since: Instant(nanoseconds: Scene.epoch))
  }

  // MARK: One by one

  /// A fleet of two builds over six days; the first breaks once each, the other never.
  private static func leaking(_ scene: inout Scene, of fleet: Int, isOnce: Bool) -> Set<String> {
    var rows = "device,build\n"
    var broken: Set<String> = []
    for unit in 0..<fleet {
      let name = "unit\(unit)x"
      let isOld = unit % 3 != 0
      rows += "\(name),\(isOld ? "b7" : "b8")\n"
      scene.keep(name, 0...6 * day, every: 5400, "page shown")
      scene.scatter(name, 0...6 * day, every: 2.5 * day, "asset late", 4)
      guard isOnce ? isOld : true else { continue }
      let times =
        isOnce
        ? [0.4 * day + scene.random.unit() * 5.5 * day] : (0..<2).map { _ in scene.random.unit() * 6 * day }
      for time in times {
        scene.say(name, time, "store full, giving back", 4)
        scene.say(name, time + 1, "renderer ended by signal 9", 3)
        scene.say(name, time + 60, "screen dark, starting anew", 3)
      }
      broken.insert(name)
    }
    scene.builder.inventory(csv: rows)
    return broken
  }

  @Test func whatKillsOneByOneOverDaysIsToldWithWhatTheyShare() throws {
    var scene = Scene(1)
    let broken = Self.leaking(&scene, of: 90, isOnce: true)
    let trace = scene.trace
    let incident = try #require(trace.incidents.first, "\(trace.verdict)")
    #expect(Set(incident.onsets.map(\.device)) == broken, "\(trace.verdict)")
    #expect(incident.commonCause?.terms.map(\.value) == ["b7"])
    #expect((incident.origins.first?.probability ?? 0) < 0.5)
    #expect(trace.incidents.count == 1 && trace.unrelated.isEmpty)
  }

  @Test func whatComesToTheSameAgainAndAgainIsNoFailureOfEach() {
    var scene = Scene(2)
    for unit in 0..<60 {
      scene.keep("unit\(unit)x", 0...6 * Self.day, every: 5400, "page shown")
      scene.scatter("unit\(unit)x", 0...6 * Self.day, every: 5 * Self.day, "asset late", 3)
    }
    let trace = scene.trace
    #expect(trace.incidents.isEmpty, "\(trace.verdict)")
  }

  // MARK: Warned and went on

  /// Everyday life of a fleet over a day, with a moment each in which it warns.
  private static func warning(_ scene: inout Scene, ends: Bool) {
    for unit in 0..<60 {
      let name = "unit\(unit)x"
      let moment = 40_000 + scene.random.unit() * 3000
      scene.keep(name, 0...(ends ? moment : day), every: 300, "sample stored")
      scene.keep(name, 0...day, every: 200, "loop done")
      scene.say(name, moment, "link reopened after renewal", 4)
    }
  }

  @Test func whoWarnsOnceAndGoesOnHasNotFailed() throws {
    var scene = Scene(3)
    Self.warning(&scene, ends: false)
    let trace = scene.trace
    #expect(trace.incidents.isEmpty && trace.unrelated.isEmpty, "\(trace.verdict)")
    #expect(trace.wentOn.count == 60)
    #expect(trace.verdict.contains("60 entities told of trouble, but went on as ever"))
    let words = trace.explanation(of: "unit7x").map(\.text).joined()
    #expect(words.contains("not taken for failed") && words.contains("went on as before"), "\(words)")
  }

  @Test func whoWarnsOnceAndStopsServingHasFailed() throws {
    var scene = Scene(3)
    Self.warning(&scene, ends: true)
    let trace = scene.trace
    #expect(trace.incidents.first?.onsets.count == 60, "\(trace.verdict)")
    #expect(trace.wentOn.isEmpty)
  }

  /// Restarts that are announced, with errors that every start brings, and all is well afterwards.
  @Test func aPlannedRestartIsToldAsPerhapsNoFailure() throws {
    var scene = Scene(4)
    for unit in 0..<60 {
      let name = "unit\(unit)x"
      let moment = 50_000 + scene.random.unit() * 60
      scene.keep(name, 0...Self.day, every: 300, "sample stored")
      scene.say(name, moment, "going down as arranged", 6)
      scene.say(name, moment + 40, "blob could not be loaded", 3)
      scene.say(name, moment + 41, "table returned wrong type", 3)
      scene.say(name, moment + 50, "up again", 6)
    }
    let trace = scene.trace
    let incident = try #require(trace.incidents.first, "\(trace.verdict)")
    #expect(trace.verdict.contains("perhaps nothing failed"), "\(trace.verdict)")
    #expect(incident.onsets.allSatisfy { $0.probability <= 0.5 })
    #expect((incident.origins.first?.probability ?? 0) < 0.5)
  }

  /// Errors in proportion to a load that swings with the day, on a week without an incident.
  @Test func errorsInProportionToTheLoadAreNotTooManyForChance() {
    var scene = Scene(5)
    for day in 0..<6 {
      for unit in 0..<48 {
        let name = "unit\(unit)x"
        let open = (Double(day) * 24 + 8) * Self.hour
        scene.scatter(name, open...(open + 10 * Self.hour), every: 400, "guest joined")
        scene.scatter(name, open...(open + 3 * Self.hour), every: 400, "guest joined")
        scene.scatter(
          name, open...(open + 10 * Self.hour), every: 14 * Self.hour, "no answer for guest, again", 3)
        scene.scatter(
          name, open...(open + 3 * Self.hour), every: 14 * Self.hour, "no answer for guest, again", 3)
      }
    }
    let trace = scene.trace
    #expect(trace.incidents.isEmpty, "\(trace.verdict)")
    #expect(!trace.verdict.contains("too many for chance"), "\(trace.verdict)")
  }

  // MARK: Waves

  /// Retries by the hour: the first counts, and what all say is told where nothing else explains them.
  @Test func whoTriesAgainByTheHourFailedTheFirstTime() throws {
    var scene = Scene(6)
    var first: [String: Double] = [:]
    for unit in 0..<80 {
      let name = "unit\(unit)x"
      scene.keep(name, 0...Self.day, every: 900, "sample stored")
      scene.scatter(name, 0...Self.day, every: 10 * Self.hour, "flow is low", 4)
      guard unit % 3 != 0 else { continue }
      var time = 43_200 + scene.random.unit() * Self.hour
      first[name] = time
      while time < Self.day {
        scene.say(name, time, "handshake with relay.example failed, seal has ended", 3)
        time += Self.hour * (0.97 + 0.06 * scene.random.unit())
      }
    }
    let trace = scene.trace
    let incident = try #require(trace.incidents.first, "\(trace.verdict)")
    #expect(Set(incident.onsets.map(\.device)) == Set(first.keys), "\(trace.verdict)")
    #expect(incident.onsets.allSatisfy { abs(Self.seconds($0) - first[$0.device]!) < 60 })
    #expect(trace.verdict.contains("handshake with relay.example failed"), "\(trace.verdict)")
  }

  @Test func wavesThatShareAReasonAreOneIncident() throws {
    var scene = Scene(7)
    var rows = "device,model\n"
    var broken: Set<String> = []
    for unit in 0..<180 {
      let name = "unit\(unit)x"
      let isOld = unit % 2 == 0
      rows += "\(name),\(isOld ? "m5" : "m6")\n"
      scene.keep(name, 0...2 * Self.day, every: 900, "sale booked")
      scene.scatter(name, 0...2 * Self.day, every: 20 * Self.hour, "paper is low", 4)
      guard isOld else { continue }
      // Midnights of three places.
      let wave = Double([0, 7, 9][unit / 2 % 3])
      let start = 80_000 + wave * Self.hour + scene.random.unit() * 2 * Self.hour
      for turn in 0..<6 { scene.say(name, start + Double(turn) * 600, "seal has ended", 3) }
      broken.insert(name)
    }
    scene.builder.inventory(csv: rows)
    let trace = scene.trace
    let incident = try #require(trace.incidents.first, "\(trace.verdict)")
    #expect(Set(incident.onsets.map(\.device)) == broken, "\(trace.verdict)")
    #expect(incident.commonCause?.terms.map(\.value) == ["m5"])
    #expect(trace.incidents.count == 1 && trace.unrelated.isEmpty)
  }

  // MARK: Behind each entity's own receipt

  /// All get an update, in rings an hour apart, and half of them fail minutes after their own.
  @Test(arguments: [60.0, 21_600]) func aBadUpdateThatAllGetInRingsIsNamed(delay: Double) throws {
    var scene = Scene(8)
    var rows = "device,board\n"
    let rings = [4, 30, 86]
    var unit = 0
    for (ring, size) in rings.enumerated() {
      for _ in 0..<size {
        let name = "unit\(unit)x"
        let isBad = unit % 2 == 0
        rows += "\(name),\(isBad ? "k2" : "k1")\n"
        let start =
          20_000 + Double(ring) * (delay > Self.hour ? Self.day : Self.hour) + scene.random.unit() * 1200
        scene.keep(name, 0...3.2 * Self.day, every: 600, "level set")
        scene.scatter(name, 0...3.2 * Self.day, every: 30 * Self.hour, "parent changed", 4)
        scene.say("depot", start, "offering image 9 to \(name)", 6)
        scene.say(name, start + 1, "image 9 comes from depot", 5)
        scene.say(name, start + 60, "image 9 checked, restarting", 5)
        if isBad {
          let fall = start + 60 + delay * (1 + 0.2 * scene.random.unit()) + 400 * scene.random.unit()
          for turn in 0..<5 { scene.say(name, fall + Double(turn) * 60, "driver does not answer", 3) }
        }
        unit += 1
      }
    }
    scene.keep("depot", 0...3.2 * Self.day, every: 1800, "health ok")
    scene.builder.inventory(csv: rows)
    let trace = scene.trace
    let incident = try #require(trace.incidents.first, "\(trace.verdict)")
    #expect(incident.onsets.count == 60, "\(trace.verdict)")
    #expect(
      incident.origins.first?.device == "depot" && incident.origins.first!.probability > 0.5,
      "\(trace.verdict)")
    #expect(incident.commonCause?.terms.map(\.value) == ["k2"])
    #expect(trace.incidents.count == 1 && trace.unrelated.isEmpty)
  }

  // MARK: Named in trouble

  @Test func whoStoppedAndIsNamedComesBeforeWhatTrippedWithIt() throws {
    var scene = Scene(9)
    for unit in 0..<6 {
      scene.keep("axis\(unit)x", 0...7200, every: 60, "speed held")
      scene.say("axis\(unit)x", 5000.3 + 0.05 * Double(unit), "trip 7, setpoint missing", 3)
      scene.say("axis\(unit)x", 5010 + Double(unit), "trip 7, setpoint missing", 3)
    }
    scene.keep("brainA", 0...4999, every: 90, "cycle 12 ms")
    scene.say("brainA", 5000, "halted by watchdog", 2)
    for (panel, time) in [("panelX", 5002.0), ("panelY", 5003.5), ("serverZ", 5002.5)] {
      scene.keep(panel, 0...7200, every: 120, "operator busy")
      scene.say(panel, time, "connection to brainA interrupted", 3)
    }
    let trace = scene.trace
    let incident = try #require(trace.incidents.first, "\(trace.verdict)")
    #expect(incident.origins.first?.device == "brainA", "\(trace.verdict)")
    #expect(incident.onsets.count == 10, "\(trace.verdict)")
    #expect(trace.unrelated.isEmpty)
  }
}
