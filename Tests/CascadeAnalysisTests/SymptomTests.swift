import CascadeAnalysis
import IncidentModel
import Testing

/// What only those that fail write is no change, and none of them is where it began for being first.
@Suite struct SymptomTests {
  /// A hundred and ten radios on two controllers that say nothing; seventy lose theirs, name it, and note something else beside it.
  private static func radios(
    linked: Bool, note: String = "mode RUN, now SEARCH", offset: ClosedRange<Double> = 1...1, seed: UInt64 = 1
  ) -> Trace {
    var scene = Scene(seed)
    for radio in 0..<110 {
      let (name, controller) = ("radio\(radio)r", radio < 70 ? "desk7c" : "desk8c")
      if linked { scene.builder.link(name, controller, "tunnel") }
      scene.keep(name, 0...14_400, every: 400, "station joined")
      guard radio < 70 else { continue }
      let failure = 9000 + scene.random.unit() * 30
      let part = scene.random.unit()
      scene.say(name, failure, "no echo from \(controller), tunnel broken", 3)
      scene.say(
        name, failure + offset.lowerBound + part * (offset.upperBound - offset.lowerBound), note, 5)
      for turn in 1..<4 {
        scene.say(name, failure + Double(turn) * 30, "search for \(controller) in vain", 4)
      }
    }
    return scene.trace
  }

  /// After the error, in its moment, or well before it but in words that say that somebody is gone.
  @Test(
    arguments: [
      ("mode RUN, now SEARCH", 1.0...1.0), ("mode RUN, now SEARCH", -0.3...0.0),
      ("mode RUN, now SEARCH", -6.5...(-5.5)),
      ("peer lost, session down", -40.0...(-20)),
    ])
  func whatOnlyVictimsWriteIsNoChange(note: String, offset: ClosedRange<Double>) throws {
    let alone = try #require(Self.radios(linked: false, note: note, offset: offset).incidents.first)
    #expect(alone.onsets.count == 70)
    #expect(alone.origins.allSatisfy { $0.method != .change && $0.probability < 0.5 }, "\(alone.verdict)")
    let linked = try #require(Self.radios(linked: true, note: note, offset: offset).incidents.first)
    let origin = try #require(linked.origins.first)
    #expect(origin.device == "desk7c" && origin.probability > 0.8, "\(linked.verdict)")
    #expect(linked.edges.count { $0.from == "desk7c" } == 70)
  }

  /// The same note, minutes before at each: a change, which nobody announced; its first receiver stands for whoever made it.
  @Test func aChangeThatNobodyAnnouncedIsOne() throws {
    let incident = try #require(Self.radios(linked: false, offset: -90...(-20)).incidents.first)
    let origin = try #require(incident.origins.first)
    #expect(origin.method == .change && incident.changes.first?.devices.count == 70, "\(incident.verdict)")
    #expect((0.5...0.61).contains(origin.probability))
  }

  /// Where all complain of what they hang on, that explains them better.
  @Test func whatAllBlameComesBeforeAChangeThatNobodyAnnounced() throws {
    let incident = try #require(Self.radios(linked: true, offset: -90...(-20)).incidents.first)
    let origin = try #require(incident.origins.first)
    #expect(origin.method == .provider && origin.device == "desk7c", "\(incident.verdict)")
  }

  @Test func whoIsNamedByTheFailedIsNotSaidToBeNamedByNobody() {
    var scene = Scene(3)
    scene.keep("desk7c", 0...14_400, every: 600, "in service")
    for radio in 0..<20 {
      scene.keep("radio\(radio)r", 0...14_400, every: 400, "station joined")
      guard radio < 12 else { continue }
      for turn in 0..<3 {
        scene.say("radio\(radio)r", 9000 + Double(radio + turn * 30), "no echo from desk7c", 3)
      }
    }
    #expect(scene.trace.failuresThatName("desk7c", in: scene.evidence).count == 12)
    #expect(scene.trace.failuresThatName("radio3r", in: scene.evidence).isEmpty)
  }

  // MARK: Who did it

  /// Forty-one of sixty units are told by one host to restart, in the order of a list.
  private static func restarted(_ login: String, failing: (Int) -> Bool = { $0 < 41 }, delay: Double = 60)
    -> Incident?
  {
    var scene = Scene(5)
    var rows = "device,place\njump1j,\njump2j,\n"
    for host in ["jump1j", "jump2j"] { scene.keep(host, 0...18_000, every: 1200, "job done") }
    var time = 9000.0
    for unit in 0..<60 {
      let name = "unit\(unit)u"
      rows += "\(name),\(unit < 30 ? "east" : "west")\n"
      scene.keep(name, 0...18_000, every: 300, "value sent")
      scene.scatter(name, 0...18_000, every: 6000, "sign-in for upkeep by jump1j")
      guard unit < 41 else { continue }
      time += 8 + scene.random.unit() * 30
      scene.say(name, time, login, 6)
      guard failing(unit) else { continue }
      for turn in 0..<3 { scene.say(name, time + delay + Double(turn) * 20, "data lost while restarting", 3) }
    }
    scene.builder.inventory(csv: rows)
    return scene.trace.incidents.first
  }

  /// Minutes or a second before the failure; "from" tells that it is no complaint of whom it names.
  @Test(arguments: [60.0, 1]) func whomTheReceiptsNameDidIt(delay: Double) throws {
    let incident = try #require(Self.restarted("sign-in for root from jump2j", delay: delay))
    let origin = try #require(incident.origins.first)
    #expect(origin.device == "jump2j" && origin.probability > 0.8, "\(incident.verdict)")
    #expect(incident.changes.first?.actor == "jump2j")
  }

  /// Who was brought a change first lies in one place, which explains nothing where the others that got it failed as well.
  @Test func theOrderOfAListIsNoCommonCause() throws {
    let listed = try #require(Self.restarted("sign-in for root from jump2j"))
    #expect(listed.onsets.count == 41 && listed.commonCause == nil, "\(listed.verdict)")
    let eastern = try #require(Self.restarted("sign-in for root from jump2j", failing: { $0 < 30 }))
    #expect(eastern.commonCause?.terms == [.init(attribute: "place", value: "east")], "\(eastern.verdict)")
  }

  /// Nothing grades it, and it is the last word of many: within seconds of each other it may as well say that they trip.
  @Test func lastWordsOfOneMomentAreNoChange() throws {
    var scene = Scene(7)
    for signal in 0..<60 {
      let name = "signal\(signal)s"
      guard signal < 20 else {
        scene.keep(name, 0...14_400, every: 60, "plan 4 phase 2", 255)
        continue
      }
      let time = 9000 + 4 * scene.random.unit()
      scene.keep(name, 0...time, every: 60, "plan 4 phase 2", 255)
      scene.say(name, time, "guard contact set, lamps yellow", 255)
      scene.keep(name, 12_000...14_400, every: 60, "plan 4 phase 2", 255)
    }
    let trace = scene.trace
    let incident = try #require(trace.incidents.first)
    #expect(incident.onsets.count == 20, "\(trace.verdict)")
    #expect(incident.origins.allSatisfy { $0.method != .change || $0.probability < 0.5 }, "\(trace.verdict)")
  }
}
