import CascadeAnalysis
import IncidentModel
import Testing

/// Two to five entities fail among those that hang together: too few for rhythms, and yet no chance.
@Suite struct SmallIncidentTests {
  private static let epoch: Int64 = 1_700_000_000_000_000_000

  private struct Site {
    var builder = EvidenceBuilder()

    mutating func say(_ device: String, _ seconds: Double, _ text: String, _ severity: UInt8) {
      builder.event(
        time: SmallIncidentTests.epoch + Int64(seconds * 1e9), device: device, severity: severity,
        message: text)
    }

    init() {}

    /// `core` above routers, all of whom keep time every minute for two hours.
    init(routers: Int, linked: Bool = true) {
      for router in 0..<routers {
        if linked {
          builder.link("core", Self.name(router), "uplink")
        } else {
          _ = builder.device(Self.name(router))
        }
      }
      for turn in 0..<120 {
        say("core", Double(turn) * 60 + 1, "clock kept, off by \(turn * 37 % 50) us", 6)
        for router in 0..<routers {
          say(
            Self.name(router), Double(turn * 60 + router % 50), "clock kept, off by \(turn * 31 % 70) us", 6)
        }
      }
    }

    static func name(_ router: Int) -> String { "router\(router)x" }

    var trace: Trace {
      var builder = builder
      return CascadeTracer().trace(builder.finish())
    }
  }

  @Test(arguments: 2...5)
  func oneProviderAndAFewBehindItAreAnIncidentThatBeganThere(_ failing: Int) throws {
    var site = Site(routers: 12)
    site.say("core", 5400, "panic: not syncing", 0)
    for router in 0..<(failing - 1) {
      site.say(Site.name(router), 5404 + Double(router) * 3, "uplink lost, giving up", 2)
    }
    let trace = site.trace
    let incident = try #require(trace.incidents.first)
    #expect(incident.onsets.map(\.device).contains("core"))
    #expect(incident.onsets.count == failing)
    #expect(incident.origins.first?.device == "core")
    #expect(!trace.verdict.contains("No cascade"))
  }

  @Test func twoThatFailHoursApartAreStillFailuresOfTheirOwn() {
    var site = Site(routers: 12)
    site.say(Site.name(3), 2400, "panic: not syncing", 0)
    site.say(Site.name(7), 6000, "fan stopped", 1)
    let trace = site.trace
    #expect(trace.incidents.isEmpty)
    #expect(trace.unrelated.count == 2)
    // There is no incident that they could have to do with.
    #expect(trace.unrelated.allSatisfy { $0.unrelated == nil })
  }

  @Test func aRejectedFailureOfItsOwnIsGone() {
    var site = Site(routers: 12)
    site.say(Site.name(3), 2400, "panic: not syncing", 0)
    var tracer = CascadeTracer()
    tracer.options.judgements = [
      Judgement(
        subject: "onset:\(Site.name(3))", isAccepted: false, author: "ann",
        at: Instant(nanoseconds: Self.epoch))
    ]
    let trace = tracer.trace(site.builder.finish())
    #expect(trace.unrelated.isEmpty)
    #expect(trace.caveats.contains { $0.contains("was rejected by ann") })
  }

  @Test func errorsAtEveryHalfMinuteAndAHeartbeatEveryMinuteAreNoMessageSeenTwice() {
    var site = Site(routers: 3)
    for turn in 0..<18 {
      site.say("client", Double(3000 + turn * 30), "upstream \(Site.name(0)) cannot be reached", 3)
    }
    let trace = site.trace
    #expect(!trace.clockSkews.contains { abs($0.seconds) > 5 })
  }

  @Test func whoFellSilentForLessThanItsRhythmHasNotFailed() {
    var site = Site(routers: 0)
    let units = (0..<40).map { "unit\($0)y" }
    for unit in units { site.builder.link("hub", unit, "serves") }
    for (index, unit) in units.enumerated() {
      // The last one speaks until just before the end, each of its turns three minutes after the one before.
      let end = index == 39 ? 7190.0 : 7000.0
      for time in stride(from: Double(index * 4), through: end, by: 180) {
        site.say(unit, time, "all is well", 6)
      }
    }
    site.say("hub", 6995, "out of memory", 1)
    for unit in units.prefix(38) {
      for turn in 0..<2 { site.say(unit, 7005 + Double(turn) * 20, "no answer from above \(turn)", 3) }
    }
    let trace = site.trace
    #expect(trace.incidents.first.map { $0.onsets.count >= 30 } == true)
    let failed = trace.incidents.flatMap(\.onsets).filter { $0.kind == .silence }
    #expect(failed.isEmpty)
  }

  /// Without severities, the evidence of two hours, of which a stretch is missing: what everybody says afterwards is no news.
  @Test func everydayLifeAfterAGapInTheEvidenceIsNoFailure() throws {
    var site = Site()
    for router in 0..<4 {
      for turn in 0..<(router < 2 ? 5 : 0) {
        site.say("router\(router)x", Double(turn * 60 + router), "address kept \(turn)", 255)
      }
      for turn in 0..<40 {
        site.say(
          "router\(router)x", Double(6000 + turn * 60 + router * 3), "clock kept, off by \(turn) us", 255)
      }
    }
    site.say("router1x", 7500, "panic: not syncing", 255)
    let trace = CascadeTracer().trace(site.builder.finish())
    let failed = trace.incidents.flatMap(\.onsets) + trace.unrelated
    #expect(failed.map(\.device) == ["router1x"])
    #expect(!failed.contains { $0.time < Instant(nanoseconds: Self.epoch + 7_000 * 1_000_000_000) })
  }
}
