import CascadeAnalysis
import IncidentModel
import Testing

/// Silences that end: what is told on coming back, and lines that are missing while nothing failed.
@Suite struct ReturnTests {
  private static let cut = 7000.0
  private static let back = 8800.0
  private static let end = 14_400.0

  private static func seconds(_ instant: Instant) -> Double {
    instant.seconds(since: Instant(nanoseconds: Scene.epoch))
  }

  /// Forty lockers, every third of which is dark for half an hour; `told` says what they write when they are back.
  private static func scene(_ told: (inout Scene, String, Double) -> Void = { _, _, _ in }) -> Scene {
    var scene = Scene(23)
    for locker in 0..<42 {
      let name = "locker\(locker)k"
      // Some speak by the minute and some four times an hour.
      let pause = locker % 2 == 0 ? 60.0 : 240
      guard locker % 3 == 0 else {
        scene.keep(name, 0...end, every: pause, "bolts checked")
        continue
      }
      scene.keep(name, 0...cut, every: pause, "bolts checked")
      let again = back + 40 * scene.random.unit()
      told(&scene, name, again)
      scene.keep(name, (again + 20)...end, every: pause, "bolts checked")
    }
    return scene
  }

  private static let dark = Set((0..<42).filter { $0 % 3 == 0 }.map { "locker\($0)k" })

  /// `sources` of the lockers: the dark ones in one, the others in another.
  private static func apart(_ scene: Scene) -> IncidentEvidence {
    var evidence = scene.evidence
    evidence.sources = [.init(devices: 28, lacksEnd: false), .init(devices: 14, lacksEnd: false)]
    evidence.lastSources = evidence.devices.map { dark.contains($0) ? 1 : 0 }
    return evidence
  }

  @Test func troubleToldOnComingBackBeganWithTheSilence() throws {
    let trace = Self.scene { $0.say($1, $2, "mains back after outage", 4) }.trace
    #expect(trace.incidents.count == 1, "\(trace.verdict)")
    let incident = try #require(trace.incidents.first)
    #expect(Set(incident.onsets.map(\.device)) == Self.dark)
    for onset in incident.onsets {
      #expect(abs(Self.seconds(onset.time) - Self.cut) < 30)
      #expect(onset.interval.contains(Instant(nanoseconds: Scene.epoch).adding(seconds: Self.cut)))
      #expect((Self.back...Self.back + 61).contains(Self.seconds(try #require(onset.heardAgain))))
      #expect(onset.probability > 0.9)
    }
    #expect(!trace.verdict.contains("perhaps only their lines"))
  }

  @Test func aGatewayThatWasDarkWithThemFailedThenToo() throws {
    var scene = Self.scene { $0.say($1, $2, "mains back after outage", 4) }
    for name in Self.dark { scene.builder.link(name, "hallgw", "uplink") }
    for locker in 0..<42 where locker % 3 != 0 { scene.builder.link("locker\(locker)k", "yardgw", "uplink") }
    for gateway in ["hallgw", "yardgw"] {
      scene.keep(gateway, 0...(gateway == "hallgw" ? Self.cut : Self.end), every: 30, "frames passed on")
    }
    scene.say("hallgw", Self.back + 5, "started, last stop was not clean", 4)
    scene.keep("hallgw", (Self.back + 30)...Self.end, every: 30, "frames passed on")
    let incident = try #require(scene.trace.incidents.first)
    let gateway = try #require(incident.onsets.first { $0.device == "hallgw" })
    #expect(abs(Self.seconds(gateway.time) - Self.cut) < 30)
  }

  /// Where the source of their lines has nothing meanwhile, they may have failed at any time of it.
  @Test func troubleToldAfterAGapOfTheEvidenceIsDatedByAllOfIt() throws {
    let evidence = Self.apart(Self.scene { $0.say($1, $2, "mains back after outage", 4) })
    let incident = try #require(CascadeTracer().trace(evidence).incidents.first)
    #expect(incident.onsets.count == Self.dark.count)
    for onset in incident.onsets {
      #expect(Self.seconds(onset.interval.lowerBound) < Self.cut + 1)
      #expect(Self.seconds(onset.interval.upperBound) >= Self.back)
    }
  }

  @Test func ofThoseWhoseSourceHasAGapNothingIsKnown() throws {
    let trace = CascadeTracer().trace(Self.apart(Self.scene()))
    #expect(trace.incidents.isEmpty && trace.unrelated.isEmpty, "\(trace.verdict)")
    let unheard = try #require(trace.unheard.first, "\(trace.verdict)")
    #expect(trace.unheard.count == 1 && unheard.reporter == nil && Set(unheard.devices) == Self.dark)
    #expect((Self.cut - 60...Self.cut).contains(Self.seconds(unheard.since)))
    #expect((Self.back...Self.back + 80).contains(Self.seconds(try #require(unheard.until))))
    #expect(trace.verdict.contains("Not known: how 14 entities were from"))
    #expect(trace.explanation(of: "locker3k").first?.text.contains("holds nobody's from") == true)
  }

  @Test func ofThoseWhoseSourceEndsNothingIsKnownFromThenOn() throws {
    var scene = Scene(24)
    for locker in 0..<42 {
      let name = "locker\(locker)k"
      scene.keep(name, 0...(Self.dark.contains(name) ? Self.cut : Self.end), every: 60, "bolts checked")
    }
    let trace = CascadeTracer().trace(Self.apart(scene))
    #expect(trace.incidents.isEmpty && trace.unrelated.isEmpty, "\(trace.verdict)")
    let unheard = try #require(trace.unheard.first, "\(trace.verdict)")
    #expect(trace.unheard.count == 1 && unheard.until == nil && Set(unheard.devices) == Self.dark)
    #expect((Self.cut - 60...Self.cut).contains(Self.seconds(unheard.since)))
  }

  /// In one file with all others nothing tells a gap from a failure.
  @Test func silenceAloneMayBeMissingLines() throws {
    let trace = Self.scene().trace
    let incident = try #require(trace.incidents.first)
    #expect(trace.incidents.count == 1 && incident.onsets.count == Self.dark.count, "\(trace.verdict)")
    #expect(incident.onsets.allSatisfy { $0.probability <= 0.5 })
    #expect(trace.verdict.contains("perhaps only their lines are missing"))
    #expect(!trace.verdict.contains("of them say"))
    // Who starts anew was down.
    let started = Self.scene { $0.say($1, $2, "boot 1.4", 6) }.trace
    #expect(!started.verdict.contains("perhaps only their lines are missing"), "\(started.verdict)")
  }

  /// Where only the order in time speaks, it still began at one of them.
  @Test func chancesOfThoseWhoFailedFirstDoNotExceedOne() throws {
    var scene = Scene(25)
    for locker in 0..<40 { scene.keep("locker\(locker)k", 0...Self.end, every: 60, "bolts checked") }
    for (turn, start) in [7000.0, 7030, 7045, 7060, 7100, 7180, 7310, 7420, 7600, 7800, 7990, 8200]
      .enumerated()
    {
      scene.keep("locker\(turn * 3)k", start...(start + 900), every: 30, "bolt stuck", 3)
    }
    let incident = try #require(scene.trace.incidents.first)
    #expect(incident.origins.count > 3)
    #expect(incident.origins.reduce(0) { $0 + $1.probability } <= 1.0001)
  }

  /// Half of them told of it at the moment.
  @Test func whoToldOfTroubleAsItFellSilentIsOneOfThoseThatFellSilent() throws {
    var scene = Self.scene()
    for (rank, name) in Self.dark.sorted().enumerated() where rank % 2 == 0 {
      scene.say(name, Self.cut + 0.5, "overvoltage on line input", 2)
    }
    let trace = scene.trace
    let incident = try #require(trace.incidents.first)
    #expect(trace.incidents.count == 1 && Set(incident.onsets.map(\.device)) == Self.dark, "\(trace.verdict)")
    #expect(incident.onsets.allSatisfy { abs(Self.seconds($0.time) - Self.cut) < 30 })
    #expect(incident.onsets.allSatisfy { $0.heardAgain != nil })
  }
}
