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
