import CascadeAnalysis
import IncidentModel
import Testing

/// What misled the trace once: clocks a year off, providers that complain late, entities that others speak for.
@Suite struct MisledTraceTests {
  private static let epoch: Int64 = 1_700_000_000_000_000_000
  private static let year = 365.0 * 86_400

  private struct Scene {
    var builder = EvidenceBuilder()
    var random: Dice

    init(_ seed: UInt64) { random = Dice(state: seed) }

    mutating func say(_ device: String, _ seconds: Double, _ text: String, _ severity: UInt8 = 6) {
      builder.event(
        time: MisledTraceTests.epoch + Int64(seconds * 1e9), device: device, severity: severity, message: text
      )
    }

    /// A message every `pause` seconds, give or take a tenth of it, by a clock that may be off.
    mutating func keep(
      _ device: String, _ range: ClosedRange<Double>, every pause: Double, _ text: String,
      _ severity: UInt8 = 6, clock: (Double) -> Double = { _ in 0 }
    ) {
      var time = range.lowerBound + random.unit() * pause
      while time < range.upperBound {
        say(device, time + clock(time), text, severity)
        time += pause * (0.9 + 0.2 * random.unit())
      }
    }

    func trace() -> Trace {
      var builder = builder
      return CascadeTracer().trace(builder.finish())
    }
  }

  private static func seconds(_ onset: Onset) -> Double {
    onset.time.seconds(since: Instant(nanoseconds: epoch))
  }

  // MARK: Clocks that are wrong by years

  @Test(arguments: [year, -year]) func wrongClocksOfAFewMakeNobodySilent(jump: Double) {
    var scene = Scene(1)
    for device in 0..<40 {
      scene.keep("unit\(device)x", 0...18_000, every: 60, "cycle done") { time in
        device < 2 && time > 9000 ? jump : 0
      }
    }
    let trace = scene.trace()
    #expect(trace.incidents.isEmpty && trace.unrelated.isEmpty, "\(trace.verdict)")
    #expect(trace.caveats.contains { $0.contains("stamps of unit0x, unit1x lie farther") })
    let window = trace.window.map { $0.upperBound.seconds(since: $0.lowerBound) } ?? 0
    #expect((17_000...18_100).contains(window), "\(window)")
  }

  @Test func wrongClocksOfAThirdDoNotHideWhatFailed() throws {
    var scene = Scene(2)
    for device in 0..<60 {
      let name = "unit\(device)x"
      // Loud everyday life, which must not look like news of the last minutes either.
      scene.keep(name, 0...18_000, every: 1500, "retrying upload", 4) { time in
        device % 3 == 0 && time > 9000 ? Self.year : 0
      }
      scene.keep(name, 0...18_000, every: 60, "cycle done") { time in
        device % 3 == 0 && time > 9000 ? Self.year : 0
      }
      guard device % 3 == 1 else { continue }
      for turn in 0..<3 { scene.say(name, 12_000 + Double(device + turn * 20), "bus stuck", 3) }
    }
    let trace = scene.trace()
    let incident = try #require(trace.incidents.first, "\(trace.verdict)")
    #expect(trace.incidents.count == 1)
    #expect(Set(incident.onsets.map(\.device)) == Set((0..<60).filter { $0 % 3 == 1 }.map { "unit\($0)x" }))
    #expect(incident.onsets.allSatisfy { (12_000...12_100).contains(Self.seconds($0)) })
  }

  // MARK: A provider that complains late

  /// Three services use a store; sixty devices hang on the first. `failing` services fail within a second.
  private static func stalledStore(late: Double?, failing: [String]) -> Trace {
    var scene = Scene(3)
    let moment = 9000.0
    scene.keep("store", 0...18_000, every: 60, "checkpoint")
    if let late {
      for turn in 0..<20 { scene.say("store", moment + late + Double(turn) * 60, "waiting for lock", 4) }
    }
    for (rank, service) in ["desk", "bills", "stock"].enumerated() {
      scene.builder.link(service, "store", "sql")
      let fails = failing.contains(service)
      scene.keep(service, 0...(fails ? moment : 18_000), every: 15, "served")
      guard fails else { continue }
      scene.keep(service, (moment + 1200)...18_000, every: 15, "served")
      for turn in 0..<200 {
        scene.say(service, moment + 0.5 + Double(rank) * 0.4 + Double(turn) * 6, "statement timeout", 3)
      }
    }
    for device in 0..<60 {
      let name = "unit\(device)x"
      scene.builder.link(name, "desk", "api")
      let failure = moment + 2 + Double(device * 37 % 118)
      scene.keep(name, 0...failure, every: 150, "synced")
      scene.keep(name, failure...(moment + 1200), every: 60, "put failed, backing off", 4)
      scene.keep(name, (moment + 1200)...18_000, every: 150, "synced")
    }
    return scene.trace()
  }

  @Test(arguments: [nil, 5, 60] as [Double?])
  func severalServicesThatFailAtOnceSpeakForWhatTheyShare(late: Double?) throws {
    let trace = Self.stalledStore(late: late, failing: ["desk", "bills", "stock"])
    let incident = try #require(trace.incidents.first)
    let origin = try #require(incident.origins.first)
    #expect(origin.device == "store" && origin.probability > 0.5, "\(trace.verdict)")
    let failed = Set(incident.onsets.map(\.device))
    // Those with nobody behind them failed in it, too.
    #expect(failed.isSuperset(of: ["desk", "bills", "stock"]) && trace.unrelated.isEmpty)
    let parents = Dictionary(
      incident.edges.map { ($0.to, $0.from) }, uniquingKeysWith: { first, _ in first })
    for service in ["desk", "bills", "stock"] { #expect(parents[service] == "store") }
    #expect(parents["store"] == nil && parents["unit7x"] == "desk")
    if late == 60 { #expect(origin.reasonsAgainst.contains { $0.contains("only 59 s later") }) }
  }

  @Test func oneServiceAloneDoesNotSpeakForWhatItUses() throws {
    let trace = Self.stalledStore(late: 60, failing: ["desk"])
    let origin = try #require(trace.incidents.first?.origins.first)
    #expect(origin.device == "desk" && origin.probability > 0.5, "\(trace.verdict)")
  }

  /// A site of a gateway and thirty sensors loses its power; the gateway has a battery for some minutes, or stays.
  private static func darkSite(gatewayEnds end: Double) -> Trace {
    var scene = Scene(7)
    var rows = "device,site,kind\n"
    for site in 0..<5 {
      rows += "mast\(site)m,s\(site),gateway\n"
      scene.keep("mast\(site)m", 0...(site == 2 ? end : 18_000), every: 60, "uplink fine")
      for sensor in 0..<30 {
        let name = "sensor\(site)a\(sensor)"
        rows += "\(name),s\(site),sensor\n"
        scene.builder.link(name, "mast\(site)m", "radio")
        scene.keep(name, 0...(site == 2 ? 12_000 : 18_000), every: 90, "reading stored")
      }
    }
    scene.builder.inventory(csv: rows)
    return scene.trace()
  }

  @Test func aGatewayThatOutlivedAllBehindItDidNotTakeThemAlong() throws {
    let incident = try #require(Self.darkSite(gatewayEnds: 12_400).incidents.first)
    #expect(incident.onsets.count >= 30)
    #expect(incident.commonCause?.terms == [.init(attribute: "site", value: "s2")])
    #expect(incident.origins.allSatisfy { $0.probability < 0.3 }, "\(incident.verdict)")
    #expect(incident.edges.allSatisfy { $0.from != "mast2m" })
    // One that ended when they did may have.
    let other = try #require(Self.darkSite(gatewayEnds: 11_990).incidents.first)
    #expect(other.origins.first?.device == "mast2m" && other.origins[0].probability > 0.5)
  }

  // MARK: Entities that others speak for

  /// A poller reads thirty mute slaves every twenty seconds; now and then a read fails. Ten are gone from 3600 to 4600.
  private static func polled(announces: Bool) -> Trace {
    var scene = Scene(4)
    scene.builder.inventory(
      csv: "device,line\npoller,\n" + (0..<30).map { "slave\($0)s,l\($0 / 10)\n" }.joined())
    for round in 0..<450 {
      for slave in 0..<30 {
        let time = Double(round) * 20 + Double(slave) * 0.4
        let isGone = slave / 10 == 1 && time > 3600 && time < 4600
        if announces { scene.say("poller", time - 0.2, "polling slave\(slave)s") }
        if isGone || scene.random.unit() < 0.003 {
          scene.say("poller", time, "slave\(slave)s no response", 4)
        } else {
          scene.say("poller", time, "slave\(slave)s read")
        }
      }
    }
    return scene.trace()
  }

  @Test(arguments: [false, true]) func aSingleMissedReadIsNoFailure(announces: Bool) throws {
    let trace = Self.polled(announces: announces)
    let incident = try #require(trace.incidents.first)
    #expect(Set(incident.onsets.map(\.device)) == Set((10..<20).map { "slave\($0)s" }), "\(trace.verdict)")
    #expect(trace.unrelated.isEmpty)
    // After the last read that succeeded, and no later than the first that failed.
    for onset in incident.onsets { #expect((3585...3625).contains(Self.seconds(onset))) }
  }

  // MARK: Links and beginnings

  /// A portal uses both brokers, as its two links say; devices hang on the brokers, and those on a sign-in service.
  @Test func aKindOfTwoLinksIsReadTheWayTheFileIsWritten() throws {
    var scene = Scene(5)
    var rows = "device,tier,profile,hw\n"
    for name in ["brokera", "brokerb", "portal", "signin"] { rows += "\(name),cloud,,\n" }
    for device in 0..<80 { rows += "node\(device)n,device,p\(device % 3),x\(device % 2)\n" }
    scene.builder.inventory(csv: rows)
    for (from, to, kind) in [
      ("brokera", "signin", "verify"), ("brokerb", "signin", "verify"), ("portal", "brokera", "bridge"),
      ("portal", "brokerb", "bridge"),
    ] { scene.builder.link(from, to, kind) }
    for name in ["brokera", "brokerb", "portal", "signin"] {
      scene.keep(name, 0...18_000, every: 20, "turn done")
    }
    for turn in 0..<100 { scene.say("portal", 9000 - 20 + Double(turn) * 4, "bridge timeout", 3) }
    scene.say("brokera", 9000, "out of memory", 2)
    for turn in 0..<40 { scene.say("signin", 9055 + Double(turn) * 7, "pool exhausted", 3) }
    for device in 0..<80 {
      let name = "node\(device)n"
      scene.builder.link(name, device < 50 ? "brokera" : "brokerb", "mqtt")
      let failure = device < 50 ? 9000 + Double(device % 4) : 9110 + Double(device * 13 % 300)
      let fails = device < 50 || device % 2 == 0
      scene.keep(name, 0...(fails ? failure : 18_000), every: 200, "sample published")
      guard fails else { continue }
      for turn in 0..<6 {
        scene.say(
          name, failure + Double(turn) * 50, device < 50 ? "connection lost" : "token refused", 4)
      }
      scene.keep(name, 10_500...18_000, every: 200, "sample published")
    }
    let incident = try #require(scene.trace().incidents.first)
    #expect(incident.origins.first?.device == "brokera")
    #expect(
      incident.edges.allSatisfy { $0.from != "portal" },
      "\(incident.edges.filter { $0.from == "portal" }.count)")
  }

  @Test func theFirstOfALargeOutbreakKeepsItsTime() throws {
    var scene = Scene(6)
    var began: [Double] = []
    for device in 0..<80 {
      let name = "probe\(device)p"
      scene.keep(name, 0...18_000, every: 120, "frame stored")
      // Two, four, eight … of them, twelve minutes apart.
      var doublings = 0.0
      while Double(1 << Int(doublings + 1)) <= Double(device + 1) { doublings += 1 }
      let rest = Double(device + 1) / Double(1 << Int(doublings)) - 1
      let start = 5000 + 720 * (doublings + rest)
      began.append(start)
      for (turn, words) in ["shell opened", "file written", "program started", "table full"].enumerated() {
        scene.say(name, start + Double(turn) * 8, words, 4)
      }
      scene.keep(name, (start + 200)...18_000, every: 420, "table full", 4)
    }
    let incident = try #require(scene.trace().incidents.first)
    #expect(incident.onsets.count == 80)
    for onset in incident.onsets {
      let device = try #require(Int(onset.device.dropFirst(5).dropLast()))
      #expect(abs(Self.seconds(onset) - began[device]) < 10, "\(onset.device)")
    }
  }
}
