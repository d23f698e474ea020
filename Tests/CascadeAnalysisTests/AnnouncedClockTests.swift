import IncidentModel
import Testing

@testable import CascadeAnalysis

/// What looks like the same message at both ends, and is one announcement that each got round to in its own time.
@Suite struct AnnouncedClockTests {
  /// Lamps that get a new version in three rings over two hours, some of which break later.
  private static func rollout(names: Bool = false, wait: (Int, inout Dice) -> Double) -> Scene {
    var scene = Scene(3)
    _ = scene.builder.device("depot")
    var rows = "device,board\n"
    for lamp in 0..<60 {
      let name = "lamp\(lamp)x"
      rows += "\(name),b\(lamp % 2)\n"
      scene.keep(name, 0...30_000, every: 300, "level set")
      let time = 12_000 + wait(lamp, &scene.random)
      scene.say(name, time, "package 7714 offered by depot", 5)
      if names { scene.say("depot", 12_000, "package 7714 for \(name)", 6) }
      guard lamp % 2 == 1 else { continue }
      for turn in 0..<4 { scene.say(name, time + 900 + Double(turn) * 40, "driver does not answer", 3) }
    }
    if !names { scene.say("depot", 12_000, "package 7714 released", 6) }
    scene.keep("depot", 0...30_000, every: 400, "alive")
    scene.builder.inventory(csv: rows)
    return scene
  }

  @Test func ringsOfAnAnnouncementAreNoClocks() throws {
    let trace = Self.rollout { lamp, dice in Double(lamp % 3) * 3600 + 600 * dice.unit() }.trace
    #expect(trace.clockSkews.allSatisfy { abs($0.seconds) < 1 }, "\(trace.clockSkews.prefix(3))")
    let onsets = trace.incidents.flatMap(\.onsets)
    let first = try #require(onsets.map(\.time).min()).seconds(since: Instant(nanoseconds: Scene.epoch))
    let last = try #require(onsets.map(\.time).max()).seconds(since: Instant(nanoseconds: Scene.epoch))
    #expect(first > 12_800 && last > 19_000, "\(first) \(last)")
  }

  @Test func waitsOfEachAreNoClocks() {
    let trace = Self.rollout(names: true) { _, dice in 60 + 900 * dice.unit() }.trace
    #expect(trace.clockSkews.allSatisfy { abs($0.seconds) < 1 }, "\(trace.clockSkews.prefix(3))")
  }

  /// Heard in one moment, it shows which clock is off.
  @Test func whatAllHearAtOnceMeasuresClocks() throws {
    let trace = Self.rollout { lamp, dice in (lamp == 8 ? 240 : 0) + dice.unit() }.trace
    let skew = try #require(trace.clockSkews.first { $0.device == "lamp8x" })
    #expect(abs(skew.seconds - 240) < 3)
  }

  // MARK: The same number by accident

  /// A desk sends set 77 to each of thirty lifts, and hours later some of them carry 77 kg.
  private static func sameNumber(answers: Bool, pauses: Double) -> Scene {
    var scene = Scene(11)
    for lift in 0..<90 { _ = scene.builder.device("lift\(lift)x") }
    scene.keep("desk", 0...14_400, every: 300, "normal operation")
    for lift in 0..<90 {
      var time = scene.random.unit() * pauses
      while time < 14_400 {
        let load = 20 + Int(scene.random.unit() * 400)
        scene.say("lift\(lift)x", time, "trip to floor \(lift % 9), load \(load) kg", 6)
        time += pauses
      }
      guard lift % 3 == 0 else { continue }
      let sent = 5400 + Double(lift) / 3
      scene.say("desk", sent, "sending set 77 to lift\(lift)x", 6)
      if answers { scene.say("lift\(lift)x", sent + 1, "set 77 applied", 6) }
      if lift % 9 == 0 {
        scene.say("lift\(lift)x", 9000 + 50 * Double(lift), "trip to floor 3, load 77 kg", 6)
      }
    }
    return scene
  }

  @Test(arguments: [false, true], [60.0, 300]) func theSameNumberHoursLaterIsNoClock(
    answers: Bool, pauses: Double
  ) {
    let trace = Self.sameNumber(answers: answers, pauses: pauses).trace
    #expect(
      trace.clockSkews.allSatisfy { abs($0.seconds) < 5 },
      "\(trace.clockSkews.filter { abs($0.seconds) > 5 }.prefix(3))")
  }

  /// Clocks that are all off, each by another amount, are measured by single pairs where nearly every message has its counterpart.
  @Test func singlePairsOfNearlyEveryMessageMeasureClocks() throws {
    var scene = Scene(12)
    for cell in 0..<40 { _ = scene.builder.device("cell\(cell)x") }
    for cell in 0..<40 {
      let ahead = Double(cell * 37 % 40) * 20 - 400
      scene.keep("cell\(cell)x", 0...7200, every: 300, "alive")
      let sent = 600 + Double(cell) * 150
      scene.say("cell\(cell)x", sent + ahead, "upload \(7000 + cell) begun", 6)
      scene.say("store", sent + 0.3, "upload \(7000 + cell) of cell\(cell)x", 6)
    }
    let skews = scene.trace.clockSkews
    let first = try #require(skews.first { $0.device == "cell1x" })
    let second = try #require(skews.first { $0.device == "cell2x" })
    #expect(abs(first.seconds - second.seconds - 60) < 5)
  }

  // MARK: Clocks that fall back by years

  /// Buses whose clocks go back by 1,024 weeks while the depot and other buses go on.
  @Test func aFallByYearsIsTakenBackWhereOthersGoOn() throws {
    let fall = 1024.0 * 7 * 86_400
    var evidence = IncidentEvidence()
    evidence.devices = (0..<8).map { "bus\($0)x" } + ["depot"]
    evidence.templatePrograms = [""]
    evidence.templateTexts = ["place"]
    var rows: [(id: Int64, time: Double, device: Int32)] = []
    var spans: [ClockSpan] = []
    for device in 0..<9 {
      let first = Int64(device) * 1000 + 1
      for turn in 0..<100 {
        let time = Double(turn) * 60 + Double(device)
        let hasFallen = device < 6 && turn >= 50
        rows.append((first + Int64(turn), time - (hasFallen ? fall : 0), Int32(device)))
      }
      let source = Int64(device)
      if device < 6 {
        spans.append(ClockSpan(device: Int32(device), source: source, events: first...first + 49))
        spans.append(ClockSpan(device: Int32(device), source: source, events: first + 50...first + 99))
      } else {
        spans.append(ClockSpan(device: Int32(device), source: source, events: first...first + 99))
      }
    }
    rows.sort { $0.time < $1.time }
    for row in rows {
      evidence.eventIDs.append(row.id)
      evidence.times.append(Scene.epoch + Int64(row.time * 1e9))
      evidence.eventDevices.append(row.device)
      evidence.eventTemplates.append(0)
      evidence.severities.append(6)
      evidence.identityBases.append(IdentityBasis.selfAsserted.rawValue)
      evidence.timeErrorLog2.append(10)
    }
    let found = ClockSurvey.measure(evidence, spans: spans)
    #expect(found.count == 12)
    for finding in found {
      let isAfter = finding.span % 2 == 1
      #expect(abs(finding.ahead + (isAfter ? fall : 0)) <= 61, "\(finding)")
    }
    // Where nobody goes on, nobody tells which side is right.
    var alone = evidence
    let kept = evidence.eventDevices.indices.filter { evidence.eventDevices[$0] < 6 }
    alone.eventIDs = kept.map { evidence.eventIDs[$0] }
    alone.times = kept.map { evidence.times[$0] }
    alone.eventDevices = kept.map { evidence.eventDevices[$0] }
    alone.eventTemplates = kept.map { _ in 0 }
    alone.severities = kept.map { _ in 6 }
    alone.identityBases = kept.map { evidence.identityBases[$0] }
    alone.timeErrorLog2 = kept.map { _ in 10 }
    #expect(ClockSurvey.measure(alone, spans: Array(spans.prefix(12))).isEmpty)
  }
}
