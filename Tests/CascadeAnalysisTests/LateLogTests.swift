import CascadeAnalysis
import IncidentModel
import Testing

/// Logs that begin later than others: ring buffers that kept less, collectors that joined. That somebody was not heard before says nothing
/// of it.
@Suite struct LateLogTests {
  private static let day = 43_200.0

  /// Sensors from the beginning, and meters that are heard later, all in one grade or none.
  private static func scene(meters: Int, severity: UInt8, since: (Int) -> Double) -> Scene {
    var scene = Scene(5)
    for sensor in 0..<80 { scene.keep("sensor\(sensor)x", 0...day, every: 60, "level 41", severity) }
    for meter in 0..<meters {
      scene.keep("meter\(meter)y", since(meter)...day, every: 60, "counted 512", severity)
    }
    return scene
  }

  @Test(arguments: [UInt8(6), 255]) func aLogThatBeginsLaterIsNoFailure(severity: UInt8) {
    let trace = Self.scene(meters: 16, severity: severity) { _ in 3600 }.trace
    #expect(trace.incidents.isEmpty && trace.unrelated.isEmpty, "\(trace.verdict)")
  }

  @Test(arguments: [UInt8(6), 255]) func logsThatBeginOneByOneAreNoFailures(severity: UInt8) {
    let trace = Self.scene(meters: 15, severity: severity) { 7200 + 120 * Double($0) }.trace
    #expect(trace.incidents.isEmpty && trace.unrelated.isEmpty, "\(trace.verdict)")
  }

  /// Said every ten minutes, each time stands for itself.
  @Test func seldomWordsOfALateLogAreNoFailures() {
    var scene = Self.scene(meters: 0, severity: 6) { _ in 0 }
    for meter in 0..<20 { scene.keep("meter\(meter)y", 9000...Self.day, every: 700, "counted 512") }
    scene.keep("collector", 9000...Self.day, every: 300, "idle")
    let trace = scene.trace
    #expect(trace.incidents.isEmpty && trace.unrelated.isEmpty, "\(trace.verdict)")
  }

  /// The false failures at its beginning would hide what happens in it.
  @Test func whatHappensInALateLogIsSeen() throws {
    var scene = Self.scene(meters: 6, severity: 6) { _ in 3600 }
    for sensor in 80..<140 { scene.keep("sensor\(sensor)x", 0...Self.day, every: 60, "level 41") }
    for board in 0..<6 {
      for lamp in 0..<15 {
        let end = board == 2 ? 14_000 : Self.day
        scene.builder.link("lamp\(board * 15 + lamp)z", "board\(board)b", "power")
        scene.keep("lamp\(board * 15 + lamp)z", 3600...end, every: 60, "lum 88")
      }
      scene.keep("board\(board)b", 3600...(board == 2 ? 14_000 : Self.day), every: 60, "load 310")
    }
    let trace = scene.trace
    let incident = try #require(trace.incidents.first)
    #expect(trace.incidents.count == 1, "\(trace.verdict)")
    let names = Set(incident.onsets.map(\.device))
    #expect(names.isSuperset(of: (30..<45).map { "lamp\($0)z" }) && names.count <= 16, "\(names)")
    let first = try #require(incident.onsets.map(\.time).min())
    #expect(abs(first.seconds(since: Instant(nanoseconds: Scene.epoch)) - 14_000) < 120)
  }

  /// New words in a late log are news as elsewhere.
  @Test func newWordsInALateLogAreNews() throws {
    var scene = Self.scene(meters: 30, severity: 255) { _ in 3600 }
    for meter in 0..<20 {
      let time = 20_000 + 10 * Double(meter)
      for turn in 0..<4 { scene.say("meter\(meter)y", time + Double(turn) * 40, "valve jammed \(turn)", 255) }
    }
    let incident = try #require(scene.trace.incidents.first)
    #expect(Set(incident.onsets.map(\.device)) == Set((0..<20).map { "meter\($0)y" }))
  }

  /// Devices that speak only when something is wrong, beside a few that always speak.
  @Test func whoIsHeardOnlyInTroubleHasFailed() throws {
    var scene = Scene(8)
    for hub in 0..<5 { scene.keep("hub\(hub)h", 0...Self.day, every: 30, "round 12 complete", 255) }
    for meter in 0..<40 { scene.keep("meter\(meter)y", 20_000...Self.day, every: 90, "no uplink", 255) }
    let incident = try #require(scene.trace.incidents.first)
    #expect(incident.onsets.count >= 38)
  }

  /// Boilers with a file each that begins three hours in, beside valves in one file from the beginning.
  private static func files(_ words: String, failing: Int = 0) -> Trace {
    var scene = Scene(9)
    for valve in 0..<20 { scene.keep("valve\(valve)v", 0...day, every: 60, "position held", 255) }
    for boiler in 0..<50 {
      let name = "boiler\(boiler)w"
      let trouble = 25_000.0
      scene.keep(name, 10_800...(boiler < failing ? trouble : day), every: 90, words, 6)
      guard boiler < failing else { continue }
      scene.say(name, trouble + 4 * scene.random.unit(), "burner locked out", 2)
      scene.keep(name, 28_000...day, every: 90, words, 6)
    }
    var evidence = scene.evidence
    evidence.sources = [.init(devices: 20, lacksEnd: false)]
    evidence.lastSources = evidence.devices.map { name in
      guard name.hasPrefix("boiler") else { return 0 }
      evidence.sources.append(.init(devices: 1, lacksEnd: false))
      return Int32(evidence.sources.count - 1)
    }
    return CascadeTracer().trace(evidence)
  }

  @Test func filesOfOneEntityEachThatBeginLaterAreNoFailures() {
    let trace = Self.files("supply at 61 degrees")
    #expect(trace.incidents.isEmpty && trace.unrelated.isEmpty, "\(trace.verdict)")
  }

  @Test func whatHappensInFilesOfOneEntityEachIsSeen() throws {
    let trace = Self.files("supply at 61 degrees", failing: 9)
    let incident = try #require(trace.incidents.first)
    #expect(Set(incident.onsets.map(\.device)) == Set((0..<9).map { "boiler\($0)w" }), "\(trace.verdict)")
  }

  /// An export that names locks, and has its stamps an hour later than all else, says of each for the first time what it always says.
  @Test(arguments: [UInt8(6), 255], [11, 12, 13]) func whatALateReporterSaysIsNoReport(
    severity: UInt8, seed: UInt64
  ) {
    var scene = Scene(seed)
    for sensor in 0..<40 {
      scene.keep("sensor\(sensor)x", 0...Self.day - 3600, every: 60, "level 41", severity)
    }
    for lock in 0..<30 {
      let name = "lock\(lock)q"
      scene.keep(name, 0...Self.day - 3600, every: 1800, "joined 3", severity)
      for words in ["bolt shut", "bolt open", "cell fine"] {
        scene.scatter("export", 3600...Self.day, every: 2100, "\(name) \(words)", 255)
      }
    }
    let trace = scene.trace
    #expect(trace.incidents.isEmpty && trace.unrelated.isEmpty, "\(trace.verdict)")
  }

  /// New words of it are news all the same.
  @Test func whatALateReporterBeginsToSayLaterIsAReport() throws {
    var scene = Scene(10)
    for sensor in 0..<40 { scene.keep("sensor\(sensor)x", 0...Self.day, every: 60, "level 41", 255) }
    for lock in 0..<30 {
      let name = "lock\(lock)q"
      _ = scene.builder.device(name)
      let end = lock < 12 ? 20_000 : Self.day
      scene.keep("export", 3600...end, every: 300, "\(name) bolt shut", 255)
      if lock < 12 { scene.say("export", 20_300 + Double(lock), "\(name) not seen", 255) }
    }
    let incident = try #require(scene.trace.incidents.first)
    #expect(Set(incident.onsets.map(\.device)) == Set((0..<12).map { "lock\($0)q" }))
  }
}
