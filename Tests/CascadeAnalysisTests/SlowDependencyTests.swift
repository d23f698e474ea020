import CascadeAnalysis
import IncidentModel
import Testing

/// Dependants that fail slowly, each when it next needs what failed, beside others that never need it.
@Suite struct SlowDependencyTests {
  /// Desks check out from a store of keys every quarter of an hour; lamps in the same rooms do not, and have no link.
  private static func keys(complaint: Double?, clocks: Bool) -> Scene {
    var scene = Scene(31)
    var rows = "device,kind,room\nkeyhouse,store,\n"
    let failure = 7200.0
    scene.keep("keyhouse", 0...14_400, every: 60, "keys given out")
    if let complaint { scene.say("keyhouse", failure + complaint, "worker gone, started another", 3) }
    for desk in 0..<60 {
      let name = "desk\(desk)d"
      rows += "\(name),desk,r\(desk % 4)\n"
      scene.builder.link(name, "keyhouse", "uses")
      let off = clocks && desk % 7 == 0 ? (desk % 2 == 0 ? 40.0 : -40) : 0
      let begin = failure + scene.random.unit() * 900
      scene.keep(name, off...(begin + off), every: 120, "cycle done")
      for turn in 0..<12 { scene.say(name, begin + off + Double(turn) * 300, "no key to be had, later", 4) }
    }
    for lamp in 0..<25 {
      rows += "lamp\(lamp)l,lamp,r\(lamp % 4)\n"
      scene.keep("lamp\(lamp)l", 0...14_400, every: 200, "dimmed")
    }
    scene.builder.inventory(csv: rows)
    return scene
  }

  @Test(arguments: [nil, 0, 400] as [Double?]) func aKindWithoutAnyLinkHangsOnNothing(complaint: Double?)
    throws
  {
    let trace = Self.keys(complaint: complaint, clocks: true).trace
    let incident = try #require(trace.incidents.first)
    #expect(incident.origins.first?.device == "keyhouse", "\(trace.verdict)")
    #expect((incident.origins.first?.probability ?? 0) > 0.5)
    #expect(incident.origins.first?.method == .provider)
  }

  /// A worm, graded as notices: the others name who came to them, and the first was come to by nobody.
  @Test func theFirstOfThoseThatSayTheSameNewThingFailedToo() throws {
    var scene = Scene(32)
    var begin: [Double] = [8000]
    let hosts = (0..<60).map { "host\($0)h" }
    for host in hosts { scene.keep(host, 0...18_000, every: 200, "logon accepted") }
    for victim in 0..<35 {
      if victim > 0 {
        begin.append(begin[(victim - 1) / 3] + 60 + scene.random.unit() * 400)
        scene.say(hosts[victim], begin[victim] - 3, "service put in by \(hosts[(victim - 1) / 3])", 5)
      }
      for turn in 0..<4 {
        scene.say(hosts[victim], begin[victim] + Double(turn) * 20, "files were made unreadable", 5)
      }
    }
    let trace = scene.trace
    let incident = try #require(trace.incidents.first)
    #expect(incident.onsets.contains { $0.device == "host0h" }, "\(trace.verdict)")
    #expect(incident.origins.first?.device == "host0h", "\(trace.verdict)")
  }

  /// A room grows warm over half an hour; its machines switch off one after the other, and try again by the hour.
  @Test func whatWasMeasuredInTheRoomBeforeIsTold() throws {
    var scene = Scene(33)
    var rows = "device,kind,room\n"
    let (rise, end) = (9000.0, 28_800.0)
    var failures: [String: Double] = [:]
    for room in 1...4 {
      for place in ["a", "b"] {
        let name = "therm\(room)\(place)"
        rows += "\(name),sensor,r\(room)\n"
        scene.builder.series(
          "temperature", of: name,
          stride(from: 30.0, to: end, by: 60).map { time in
            let excess = room == 2 ? min(24, max(0, time - rise) * 0.012) : 0
            let value = 24 + excess + 0.4 * (scene.random.unit() - 0.5)
            return (Scene.epoch + Int64(time * 1e9), value)
          })
      }
      for number in 10..<24 {
        let name = "rack\(room)m\(number)"
        rows += "\(name),machine,r\(room)\n"
        let failure = room == 2 ? rise + 1300 + scene.random.unit() * 500 : end
        scene.keep(name, 0...failure, every: 90, "job finished")
        guard room == 2 else { continue }
        failures[name] = failure
        for again in stride(from: failure, to: end, by: 3600) {
          if again > failure { scene.say(name, again - 30, "starting", 6) }
          scene.say(name, again, "too warm, switching off", 2)
        }
      }
    }
    scene.builder.inventory(csv: rows)
    let trace = scene.trace
    let incident = try #require(trace.incidents.first)
    #expect(trace.incidents.count == 1 && trace.unrelated.isEmpty, "\(trace.verdict)")
    #expect(Set(incident.onsets.map(\.device)) == Set(failures.keys))
    for onset in incident.onsets {
      let seconds = onset.time.seconds(since: Instant(nanoseconds: Scene.epoch))
      #expect(abs(seconds - failures[onset.device]!) < 60)
    }
    #expect(
      incident.verdict.contains("temperature of therm2a, therm2b (room=r2) left its usual range"),
      "\(incident.verdict)")
  }

  /// A store waits for a lock and says so in everyday words; the services that use it time out within a minute, and their terminals
  /// after them. Who uses what is listed, or told by nothing but the complaints.
  @Test(arguments: [false, true]) func servicesThatTimeOutWithinAMinuteSpeakForTheirStore(isNamed: Bool)
    throws
  {
    var scene = Scene(34)
    let (failure, end) = (7200.0, 9000.0)
    scene.keep("store1", 0...14_400, every: 300, "checkpoint done")
    scene.keep("store1", (failure + 60)...end, every: 30, "waiting for a lock")
    for service in 0..<6 {
      let begin = failure + scene.random.unit() * 50
      let name = "desk\(service)s"
      scene.keep(name, 0...begin, every: 20, "request served")
      scene.keep(name, end...14_400, every: 20, "request served")
      for turn in 0..<100 {
        scene.say(
          name, begin + Double(turn) * 12, isNamed ? "statement timeout on store1" : "statement timeout", 3)
      }
      if !isNamed { scene.builder.link(name, "store1", "sql") }
      for terminal in 0..<12 {
        let other = "till\(service * 12 + terminal)t"
        let late = begin + 15 + scene.random.unit() * 120
        scene.keep(other, 0...late, every: 120, "item stored")
        scene.keep(other, end...14_400, every: 120, "item stored")
        for turn in 0..<20 {
          scene.say(other, late + Double(turn) * 50, isNamed ? "not stored at \(name)" : "not stored", 4)
        }
        if !isNamed { scene.builder.link(other, name, "api") }
      }
    }
    let trace = scene.trace
    let incident = try #require(trace.incidents.first, "\(trace.verdict)")
    let failed = Set(incident.onsets.map(\.device))
    let all = (0..<6).map { "desk\($0)s" } + (0..<72).map { "till\($0)t" }
    #expect(
      failed.isSuperset(of: all),
      "\(Set(all).subtracting(failed)) \(trace.unrelated) \(trace.explanation(of: "desk0s"))")
    #expect(incident.origins.first?.device == "store1", "\(trace.verdict)")
    #expect((incident.origins.first?.probability ?? 0) > 0.5)
  }

  /// A server ends five minutes before the first of its clients needs it; no link tells who uses whom.
  @Test(arguments: [300.0, 850]) func aServersErrorLongBeforeSaysLess(lead: Double) throws {
    var scene = Scene(35)
    scene.keep("server", 0...7200, every: 60, "requests answered")
    scene.say("server", 7200, "worker ended with status 11", 2)
    for client in 0..<60 {
      let name = "client\(client)c"
      scene.keep(name, 0...14_400, every: 120, "cycle done")
      let begin = 7200 + lead + scene.random.unit() * 600
      for turn in 0..<8 { scene.say(name, begin + Double(turn) * 100, "no permit, later", 4) }
    }
    let incident = try #require(scene.trace.incidents.first)
    let server = incident.origins.first { $0.device == "server" }
    #expect(
      ((server?.probability ?? 0) > 0.5) == (lead < 500), "\(incident.verdict) \(incident.origins.prefix(2))")
  }

  /// Graded as a notice, and said over and over by those that do their work no longer; or beside their work.
  @Test(arguments: [false, true]) func whatIsTriedOverAndOverInsteadOfWorkIsTrouble(isBesideWork: Bool) throws
  {
    var scene = Scene(36)
    for unit in 0..<60 {
      let name = "unit\(unit)u"
      let begin = 7200 + scene.random.unit() * 300
      if unit < 40 {
        scene.keep(name, 0...(isBesideWork ? 14_400 : begin), every: 120, "cycle done")
        for turn in 0..<20 { scene.say(name, begin + Double(turn) * 90, "lease not renewed", 5) }
        scene.keep(name, 10_000...14_400, every: 120, "cycle done")
      } else {
        scene.keep(name, 0...14_400, every: 120, "cycle done")
      }
    }
    let trace = scene.trace
    #expect((trace.incidents.first?.onsets.count == 40) == !isBesideWork, "\(trace.verdict)")
    if isBesideWork { #expect(trace.incidents.isEmpty) }
  }

  /// A store that most desks had missed already when it complained: no more against it than if it had kept silent.
  @Test func aComplaintAfterMostHadFailedSpeaksNotAgainstAProvider() throws {
    var scene = Scene(37)
    scene.keep("store", 0...14_400, every: 60, "requests answered")
    scene.say("store", 7500, "pool exhausted", 3)
    for desk in 0..<10 {
      let name = "desk\(desk)d"
      scene.builder.link(name, "store", "uses")
      let begin = 7200 + scene.random.unit() * 280
      scene.keep(name, 0...begin, every: 120, "cycle done")
      scene.keep(name, 11_000...14_400, every: 120, "cycle done")
      for turn in 0..<10 { scene.say(name, begin + Double(turn) * 300, "request timed out", 4) }
    }
    for lamp in 0..<25 { scene.keep("lamp\(lamp)l", 0...14_400, every: 200, "dimmed") }
    let incident = try #require(scene.trace.incidents.first)
    #expect(incident.origins.first?.device == "store", "\(incident.verdict)")
    #expect((incident.origins.first?.probability ?? 0) > 0.5)
  }
}
