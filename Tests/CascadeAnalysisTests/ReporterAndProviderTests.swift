import CascadeAnalysis
import IncidentModel
import Testing

/// Infrastructure that dies with what hangs on it, and that only misses it.
@Suite struct ReporterAndProviderTests {
  private static let span = 0.0...14_400

  // MARK: Dies with it

  /// Eight boards with twelve lamps each; board 3 and its lamps lose power.
  private static func street(links: Bool, rows: Bool, boardGoes: Bool = true) -> Scene {
    var scene = Scene(21)
    var csv = "device,kind,street\n"
    for board in 0..<8 {
      csv += "board\(board)b,board,s\(board)\n"
      let end = board == 3 ? 7200.0 : 14_400
      scene.keep("board\(board)b", 0...(boardGoes ? end : 14_400), every: 30, "mains 231")
      for lamp in 0..<12 {
        let name = "lamp\(board * 12 + lamp)l"
        csv += "\(name),lamp,s\(board)\n"
        if links { scene.builder.link(name, "board\(board)b", "power") }
        scene.keep(name, 0...end, every: 60, "lum 88 burnt 5123")
      }
    }
    if rows { scene.builder.inventory(csv: csv) }
    return scene
  }

  @Test(arguments: [false, true], [false, true]) func whoFallsSilentInTheSameMomentIsOfTheSameIncident(
    links: Bool, rows: Bool
  ) throws {
    let trace = Self.street(links: links, rows: rows).trace
    let incident = try #require(trace.incidents.first)
    let names = Set((36..<48).map { "lamp\($0)l" } + ["board3b"])
    #expect(Set(incident.onsets.map(\.device)) == names, "\(trace.verdict)")
    #expect(trace.unrelated.isEmpty)
    // What they said last is no word of their failure.
    #expect(incident.saying == nil && trace.verdict.contains("fell silent"))
    let origin = incident.origins.first
    if links {
      #expect(origin?.device == "board3b" && origin?.reasonsFor.contains("it failed itself") == true)
    } else {
      #expect((origin?.probability ?? 0) < 0.5, "\(trace.verdict)")
    }
  }

  /// It speaks on: perhaps the line between is cut.
  @Test func infrastructureThatSpeaksOnDidNotFail() throws {
    let incident = try #require(Self.street(links: true, rows: true, boardGoes: false).trace.incidents.first)
    #expect(incident.onsets.allSatisfy { $0.device != "board3b" } && incident.onsets.count == 12)
  }

  // MARK: Misses it

  /// A switch dies with its signals; a centre above all of them polls on and warns.
  private static func signals(isHurt: Bool, severity: UInt8 = 4) -> Scene {
    var scene = Scene(22)
    for signal in 0..<60 {
      let name = "signal\(signal)s"
      scene.builder.link(name, "switch\(signal / 10)w", "port")
      scene.builder.link(name, "centre", "reports_to")
      scene.keep(name, Self.span, every: 60, "plan 4 phase 2")
      guard signal / 10 == 2 || isHurt && signal % 10 > 6 else { continue }
      let start = signal / 10 == 2 ? 7200 + Double(signal) : 7400 + 4 * Double(signal)
      for turn in 0..<8 { scene.say(name, start + 60 * Double(turn), "monitor tripped, amber", 2) }
    }
    for port in 0..<6 { scene.keep("switch\(port)w", Self.span, every: 120, "9 ports up") }
    scene.say("switch2w", 7190, "temperature 92 C, ports shut", 3)
    scene.keep("centre", 0...(isHurt ? 7400 : 14_400), every: 60, "60 signals polled")
    for turn in 0..<20 {
      scene.say("centre", 7330 + 60 * Double(turn), "10 signals of zone 2 silent", severity)
    }
    return scene
  }

  @Test func whoOnlyMissesOthersHasNotFailed() throws {
    let trace = Self.signals(isHurt: false).trace
    let incident = try #require(trace.incidents.first)
    let names = Set((20..<30).map { "signal\($0)s" } + ["switch2w"])
    #expect(Set(incident.onsets.map(\.device)) == names, "\(trace.verdict)")
    #expect(trace.wentOn.map(\.device) == ["centre"])
  }

  /// Its own work ends, and others fail of it: that is an overload.
  @Test func whoFailsOfThoseBelowHasFailed() throws {
    let incident = try #require(Self.signals(isHurt: true).trace.incidents.first)
    #expect(incident.onsets.contains { $0.device == "centre" })
  }

  /// Two things that pumps hang on: a station that misses them, and a clock on whose word they act.
  @Test func whatHangsOnTwoIsNotPutUnderTheOneThatMissesIt() throws {
    var scene = Scene(23)
    for pump in 0..<36 {
      let name = "pump\(pump)p"
      scene.builder.link(name, "station\(pump / 12)t", "reports_to")
      scene.builder.link(name, "tock\(pump < 24 ? 1 : 2)k", "time")
      scene.keep(name, Self.span, every: 60, "dose 21")
      guard pump < 24 else { continue }
      let start = 7210 + 390 * scene.random.unit()
      scene.say(name, start, "wall time moved by 94608000 s on word of tock1k", 5)
      for turn in 0..<12 {
        scene.say(name, start + 2 + 95 * Double(turn), "session refused: peer certificate ran out", 3)
      }
      scene.say(name, 10_800 + 60 * scene.random.unit(), "secure session open", 6)
    }
    for station in 0..<3 {
      scene.keep("station\(station)t", Self.span, every: 120, "12 beds shown")
      guard station < 2 else { continue }
      for turn in 0..<8 {
        scene.say("station\(station)t", 7400 + 30 * Double(turn), "bed \(turn) has no picture", 4)
      }
    }
    scene.say("tock1k", 7200, "reference gave week 2450, stepping by 94608000 s", 4)
    scene.say("tock1k", 10_700, "reference distrusted, stepping back", 5)
    for tock in 1...2 { scene.keep("tock\(tock)k", Self.span, every: 64, "stratum 1, 22 askers") }
    let trace = scene.trace
    let incident = try #require(trace.incidents.first)
    #expect(trace.incidents.count == 1 && incident.origins.first?.device == "tock1k", "\(trace.verdict)")
    #expect(incident.edges.allSatisfy { $0.from == "tock1k" })
    #expect(Set(trace.wentOn.map(\.device)) == ["station0t", "station1t"])
    // That it is over is no change.
    #expect(incident.changes.allSatisfy { $0.template != "secure session open" })
  }
}
