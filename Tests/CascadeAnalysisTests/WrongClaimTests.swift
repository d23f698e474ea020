import CascadeAnalysis
import IncidentModel
import Testing

/// What must not be said: failures where nothing failed, an origin that only happened to be first, a cause that the evidence has
/// and the search passed over, and strangers that are none.
@Suite struct WrongClaimTests {
  private static let epoch: Int64 = 1_700_000_000_000_000_000

  private struct Yard {
    var builder = EvidenceBuilder()
    var random: Dice

    init(_ seed: UInt64) { random = Dice(state: seed) }

    mutating func say(_ device: String, _ seconds: Double, _ text: String, _ severity: UInt8 = 6) {
      builder.event(
        time: WrongClaimTests.epoch + Int64(seconds * 1e9), device: device, severity: severity, message: text)
    }

    /// A message every `pause` seconds, a tenth more or less.
    mutating func keep(
      _ device: String, _ range: ClosedRange<Double>, every pause: Double, _ text: String,
      _ severity: UInt8 = 6
    ) {
      var time = range.lowerBound + random.unit() * pause
      while time < range.upperBound {
        say(device, time, text, severity)
        time += pause * (0.95 + 0.1 * random.unit())
      }
    }

    var trace: Trace {
      var builder = builder
      return CascadeTracer().trace(builder.finish())
    }
  }

  // MARK: What was always so

  /// One grade on everything; few say what they say, once a minute from beginning to end.
  @Test(arguments: [UInt8(6), 255]) func aHeartbeatThatFewHaveIsNoFailure(severity: UInt8) {
    var yard = Yard(1)
    for gate in 0..<12 { yard.keep("gate\(gate)g", 0...7200, every: 60, "heartbeat", severity) }
    for cell in 0..<90 {
      yard.builder.link("cell\(cell)c", "gate\(cell % 12)g", "radio")
      yard.keep("cell\(cell)c", 0...7200, every: 90, "reading stored", severity)
    }
    let trace = yard.trace
    #expect(trace.incidents.isEmpty, "\(trace.verdict)")
    #expect(trace.unrelated.isEmpty)
  }

  /// A job by the hour, long and of few, where nothing is graded.
  @Test func aJobByTheHourIsNoFailure() {
    var yard = Yard(13)
    for cell in 0..<60 { yard.keep("cell\(cell)c", 0...28_800, every: 400, "reading stored") }
    for server in 0..<6 {
      for hour in 0..<8 {
        let start = Double(hour * 3600 + 700 + server * 20)
        for turn in 0..<20 { yard.say("server\(server)s", start + Double(turn) * 15, "chunk exported") }
      }
    }
    let trace = yard.trace
    #expect(trace.incidents.isEmpty && trace.unrelated.isEmpty, "\(trace.verdict)")
  }

  /// A day's evidence is read once more from nearby, where the heartbeats of the healthy begin at the edge.
  @Test func whoIsHealthyNearAnIncidentHasNotFailedAtItsEdge() throws {
    var yard = Yard(2)
    var rows = "device,site\n"
    for gate in 0..<6 {
      rows += "gate\(gate)g,s\(gate)\n"
      yard.keep("gate\(gate)g", 0...(gate == 3 ? 21_600 : 36_000), every: 60, "heartbeat")
      for cell in 0..<20 {
        let name = "cell\(gate * 20 + cell)c"
        rows += "\(name),s\(gate)\n"
        yard.builder.link(name, "gate\(gate)g", "radio")
        yard.keep(name, 0...(gate == 3 ? 21_600 : 36_000), every: 90, "reading stored")
      }
    }
    yard.builder.inventory(csv: rows)
    let trace = yard.trace
    let failed = Set((trace.incidents.flatMap(\.onsets) + trace.unrelated).map(\.device))
    #expect(failed.count >= 20)
    #expect(failed.allSatisfy { $0 == "gate3g" || (60..<80).map { "cell\($0)c" }.contains($0) }, "\(failed)")
  }

  /// Trouble that was there before the evidence, and outlasts it, did not begin in it; trouble that begins in it did.
  @Test(arguments: [0.0, 3600]) func troubleThatWasAlwaysThereIsNoIncident(begin: Double) {
    var yard = Yard(3)
    for cell in 0..<60 {
      yard.keep("cell\(cell)c", 0...7200, every: 120, "reading stored")
      if cell < 12 { yard.keep("cell\(cell)c", begin...7200, every: 60, "battery low", 4) }
    }
    #expect(yard.trace.incidents.isEmpty == (begin == 0))
  }

  /// What the same ones do every evening is how their days go; the same at another hour is not.
  @Test(arguments: [false, true]) func whatRecursEveryEveningIsNoIncident(isOutOfTurn: Bool) {
    var yard = Yard(4)
    let hour = 3600.0
    for press in 0..<40 {
      let name = "press\(press)p"
      yard.keep(name, 0...(96 * hour), every: 1800, "alive")
      for day in [0.0, 1, 3] {
        yard.say(name, (day * 24 + 22) * hour - yard.random.unit() * 600, "standby, drives off", 3)
      }
      if isOutOfTurn { yard.say(name, 86 * hour + yard.random.unit() * 600, "standby, drives off", 3) }
    }
    let trace = yard.trace
    guard isOutOfTurn else {
      #expect(trace.incidents.isEmpty, "\(trace.verdict)")
      return
    }
    #expect(trace.incidents.first?.onsets.count == 40, "\(trace.verdict)")
    let first = trace.incidents.first?.onsets.first?.time.seconds(since: Instant(nanoseconds: Self.epoch))
    #expect((first ?? 0) > 85 * hour)
  }

  // MARK: Who was first

  /// Sixty fail in any order within minutes; or one long before, and the others closely.
  @Test(arguments: [false, true]) func toBeFirstAmongManySaysLittle(isApart: Bool) throws {
    var yard = Yard(5)
    for cell in 0..<120 {
      let name = "cell\(cell)c"
      yard.keep(name, 0...9000, every: 120, "reading stored")
      guard cell < 60 else { continue }
      let start = isApart && cell == 0 ? 4000 : 5000 + yard.random.unit() * 260
      for turn in 0..<4 { yard.say(name, start + Double(turn) * 40, "stream broken", 3) }
    }
    let incident = try #require(yard.trace.incidents.first)
    let best = try #require(incident.origins.first)
    #expect(best.method == .order)
    #expect((best.probability >= 0.5) == isApart, "\(incident.verdict)")
    if isApart { #expect(best.device == "cell0c") }
  }

  /// Failures far apart, each after about as long as the next, are not clearer for being dated well.
  @Test func aFirstOfManyThatComeAtRandomIsNoOrigin() throws {
    var yard = Yard(6)
    for cell in 0..<120 { yard.keep("cell\(cell)c", 0...18_000, every: 20, "reading stored") }
    var start = 6000.0
    for cell in 0..<40 {
      let share = yard.random.unit()
      start += 20 + 300 * share * share
      for turn in 0..<4 { yard.say("cell\(cell)c", start + Double(turn) * 20, "stream broken", 3) }
    }
    let incident = try #require(yard.trace.incidents.first)
    #expect(incident.origins.allSatisfy { $0.probability < 0.5 }, "\(incident.verdict)")
  }

  @Test func whoFallsSilentWithManyIsNotWhereItBegan() throws {
    var yard = Yard(7)
    for cell in 0..<90 {
      yard.keep("cell\(cell)c", 0...(cell < 30 ? 7000 : 10_800), every: 90, "reading stored")
    }
    let incident = try #require(yard.trace.incidents.first)
    #expect(incident.onsets.count == 30)
    #expect(incident.origins.allSatisfy { $0.probability < 0.3 }, "\(incident.verdict)")
    #expect(incident.origins.allSatisfy { $0.reasonsFor.allSatisfy { !$0.contains("failed first") } })
  }

  // MARK: Who counts as healthy, and who is looked at

  /// Those of one vendor fail; later a place goes dark, a third of which had failed already.
  @Test func whoFailedInAnotherIncidentIsNotCountedAsSpared() throws {
    var yard = Yard(8)
    var rows = "device,vendor,place\n"
    for unit in 0..<180 {
      let (name, isDock) = ("unit\(unit)u", unit / 3 % 4 == 0)
      rows += "\(name),\("abc".dropFirst(unit % 3).first!),\(isDock ? "dock" : "hall\(unit % 4)")\n"
      let failure = unit % 3 == 0 ? 14_400 + yard.random.unit() * 120 : nil
      let end: Double = isDock ? 16_800 : 28_800
      yard.keep(name, 0...min(end, failure ?? end), every: 120, "cycle done")
      if let failure { yard.keep(name, failure...end, every: 120, "key refused", 3) }
    }
    yard.builder.inventory(csv: rows)
    let causes = yard.trace.incidents.map { $0.commonCause?.terms ?? [] }
    #expect(causes.contains([.init(attribute: "vendor", value: "a")]))
    #expect(causes.contains([.init(attribute: "place", value: "dock")]), "\(causes)")
  }

  /// Gateways with one firmware break; what hangs on them, and its links, must not hide that.
  @Test(arguments: [0, 2]) func gatewaysAreComparedWithGateways(tags: Int) throws {
    var yard = Yard(9)
    var rows = "device,fw,hw\n"
    for gate in 0..<60 {
      let name = "gate\(gate)g"
      rows += "\(name),v\(gate % 2 + 1),\(gate / 2 % 2 == 0 ? "a" : "b")\n"
      yard.keep(name, 0...14_400, every: 100, "uplink well")
      for tag in 0..<tags {
        rows += "tag\(gate * 10 + tag)t,v9,t\n"
        yard.builder.link("tag\(gate * 10 + tag)t", name, "radio")
        yard.keep("tag\(gate * 10 + tag)t", 0...14_400, every: 400, "reading")
      }
      guard gate % 2 == 1 else { continue }
      let failure = 7200 + yard.random.unit() * 3600
      for turn in 0..<3 { yard.say(name, failure + Double(turn) * 20, "abort called, core dumped", 3) }
    }
    yard.builder.inventory(csv: rows)
    let incident = try #require(yard.trace.incidents.first)
    #expect(incident.onsets.count == 30)
    #expect(incident.commonCause?.terms == [.init(attribute: "fw", value: "v2")], "\(incident.verdict)")
    #expect(incident.origins.allSatisfy { $0.probability < 0.5 })
  }

  /// A change that gateways received is one, too.
  @Test func whatGatewaysReceivedIsAChange() throws {
    var yard = Yard(10)
    for gate in 0..<60 {
      let name = "gate\(gate)g"
      yard.keep(name, 0...14_400, every: 100, "uplink well")
      yard.builder.link("tag\(gate)t", name, "radio")
      yard.builder.link("tag\(gate + 60)t", name, "radio")
      for tag in [gate, gate + 60] { yard.keep("tag\(tag)t", 0...14_400, every: 400, "reading") }
      guard gate % 2 == 1 else { continue }
      let change = 7200 + yard.random.unit() * 900
      yard.say(name, change, "package taken over", 6)
      for turn in 0..<3 {
        yard.say(name, change + 60 + Double(turn) * 20, "abort called, core dumped", 3)
      }
    }
    let incident = try #require(yard.trace.incidents.first)
    #expect(incident.changes.first?.devices.count == 30, "\(incident.verdict)")
    #expect(incident.origins.first?.method == .change)
  }

  // MARK: Strangers

  /// What everything hangs on had trouble of its own long before the rest failed.
  @Test func whatTheFailedHangOnIsNoStranger() throws {
    var yard = Yard(11)
    for server in ["console", "other"] {
      yard.keep(server, 0...18_000, every: 300, "in service")
      yard.say(server, server == "console" ? 8000 : 7000, "sign-in from \(server) abroad", 4)
    }
    for cell in 0..<60 {
      let name = "cell\(cell)c"
      yard.builder.link("console", name, "manages")
      yard.keep(name, 0...18_000, every: 120, "reading stored")
      guard cell % 2 == 0 else { continue }
      let start = 10_800 + yard.random.unit() * 600
      for turn in 0..<3 { yard.say(name, start + Double(turn) * 20, "store damaged", 3) }
    }
    let trace = yard.trace
    #expect(trace.incidents.first?.onsets.count == 30)
    func sure(_ device: String) -> Double? { trace.unrelated.first { $0.device == device }?.unrelated }
    let other = try #require(sure("other"))
    let console = try #require(sure("console"))
    #expect(other > 0.9)
    #expect(console < 0.5)
    #expect(trace.explanation(of: "console").contains { $0.text.contains("hang on it") })
  }

  @Test func whereNoIncidentWasFoundNobodyIsToldToBeUnrelatedToIt() throws {
    var yard = Yard(12)
    for cell in 0..<40 { yard.keep("cell\(cell)c", 0...7200, every: 120, "reading stored") }
    yard.say("cell3c", 4000, "fan stopped", 1)
    let trace = yard.trace
    #expect(trace.incidents.isEmpty)
    let alone = try #require(trace.unrelated.first)
    #expect(alone.device == "cell3c" && alone.unrelated == nil)
    #expect(trace.verdict.contains("failed on"))
    #expect(trace.explanation(of: "cell3c").contains { $0.text.contains("No incident was found") })
  }
}
