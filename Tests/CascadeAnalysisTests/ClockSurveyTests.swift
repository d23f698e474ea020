import IncidentModel
import Testing

@testable import CascadeAnalysis

/// Clocks compared span by span.
@Suite struct ClockSurveyTests {
  @Test func theHullGivesTheSlopeThatDelaysHide() throws {
    var points: [(x: Double, y: Double)] = []
    for index in 0..<200 {
      let x = Double(index) * 60
      let delay = Double((index * 7919) % 1000) / 1000
      let shift: Double = 3 + 80e-6 * x
      points.append((x, shift - 0.05 - delay))
    }
    let line = try #require(ClockDrift(points))
    #expect(abs(line.slope - 80e-6) < 3e-6)
    #expect(abs(line.level - 2.95) < 0.05)
  }

  @Test func aSlopeIsTakenOnlyWhereThePairsAllowIt() {
    func drift(_ count: Int, every step: Double, slope: Double, jitter: Double = 0) -> ClockDrift? {
      var points: [(x: Double, y: Double)] = []
      for index in 0..<count {
        let x = Double(index) * step
        let delay = jitter * Double((index * 7919) % 1000)
        points.append((x, 3 + slope * x - delay))
      }
      return ClockDrift(points)
    }
    #expect(drift(200, every: 60, slope: 0, jitter: 0.001) == nil)
    #expect(drift(19, every: 600, slope: 80e-6) == nil)
    #expect(drift(200, every: 1, slope: 80e-6) == nil)
    #expect(drift(200, every: 60, slope: 0.01) == nil)
    #expect(drift(200, every: 60, slope: 80e-6) != nil)
  }

  /// A device that boots twice, each time with another offset, and a hub that writes down what it receives.
  @Test func eachBootHasItsOwnOffset() throws {
    var evidence = IncidentEvidence()
    evidence.devices = ["cam", "hub"]
    evidence.templatePrograms = ["a", "b"]
    evidence.templateTexts = ["sent <*>", "received <*> of cam"]
    struct Row {
      var id: Int64
      var time: Double
      var device: Int32
      var token: UInt32
    }
    var rows: [Row] = []
    for index in 0..<60 {
      let sent = Double(index) * 30
      let ahead = index < 30 ? 40.0 : -500.0
      rows.append(Row(id: Int64(index + 1), time: sent + ahead, device: 0, token: UInt32(1000 + index)))
      let delay = 0.05 + Double((index * 31) % 10) / 100
      rows.append(Row(id: Int64(1000 + index), time: sent + delay, device: 1, token: UInt32(1000 + index)))
    }
    rows.sort { ($0.time, $0.id) < ($1.time, $1.id) }
    let epoch: Int64 = 1_775_552_400_000_000_000
    for (position, row) in rows.enumerated() {
      evidence.eventIDs.append(row.id)
      evidence.times.append(epoch + Int64(row.time * 1e9))
      evidence.eventDevices.append(row.device)
      evidence.eventTemplates.append(row.device)
      evidence.severities.append(6)
      evidence.identityBases.append(IdentityBasis.selfAsserted.rawValue)
      evidence.timeErrorLog2.append(10)
      evidence.tokenEvents.append(Int32(position))
      evidence.tokenHashes.append(row.token)
      if row.device == 1 {
        evidence.mentionEvents.append(Int32(position))
        evidence.mentionDevices.append(0)
      }
    }
    let found = ClockSurvey.measure(
      evidence,
      spans: [
        ClockSpan(device: 0, source: 0, events: 1...30), ClockSpan(device: 0, source: 0, events: 31...60),
        ClockSpan(device: 1, source: 1, events: 1000...1059),
      ])
    #expect(found.map(\.span) == [0, 1])
    #expect(abs(found[0].ahead - 40) < 0.2)
    #expect(abs(found[1].ahead + 500) < 0.2)
    #expect(found.allSatisfy { $0.error < 1 && $0.pairs >= 20 && $0.receiver == 1 })
  }

  @Test func aStepIsCarriedBackFromAClockThatIsRightAfterIt() throws {
    var evidence = IncidentEvidence()
    evidence.devices = ["cam"]
    evidence.templatePrograms = [""]
    evidence.templateTexts = ["x"]
    for index in 0..<4 {
      evidence.eventIDs.append(Int64(index + 1))
      evidence.times.append(Int64(index) * 1_000_000_000)
      evidence.eventDevices.append(0)
      evidence.eventTemplates.append(0)
      evidence.severities.append(6)
      evidence.identityBases.append(2)
      evidence.timeErrorLog2.append(10)
    }
    let found = ClockSurvey.measure(
      evidence,
      spans: [
        ClockSpan(device: 0, source: 0, events: 1...2),
        ClockSpan(
          device: 0, source: 0, events: 3...4,
          step: ClockStep(seconds: 12, error: 0.1, method: "said", evidence: [3])),
      ])
    #expect(found.map(\.span) == [0, 1])
    #expect(found.first?.ahead == -12 && found.first?.method == "said")
    // Else what was stamped afterwards would go by the stretch before.
    #expect(found.last?.ahead == 0)
  }

  /// Twelve meters check themselves by the minute, and a gateway polls each 25 s later: no message of one is a message of the other.
  @Test(arguments: [0.0, 0.5, 2]) func aConstantPhaseOfTwoRhythmsTellsNothingOfClocks(jitter: Double) {
    var scene = Scene(7)
    for meter in 0..<12 { _ = scene.builder.device("meter-\(meter)") }
    for turn in 0..<40 {
      for meter in 0..<12 {
        let time = Double(turn * 60 + meter * 4)
        let (own, other) = (scene.random.unit() - 0.5, scene.random.unit() - 0.5)
        scene.say("meter-\(meter)", time + 100 + 2 * jitter * own, "self check passed", 6)
        scene.say("edge", time + 125 + 2 * jitter * other, "polled meter-\(meter)", 6)
      }
    }
    #expect(survey(scene.evidence).isEmpty)
  }

  /// The same with messages that come at any moment: the pauses of one are those of the other.
  @Test func sharedPausesThatAreNoRhythmStillTellAClock() throws {
    var scene = Scene(8)
    for meter in 0..<12 { _ = scene.builder.device("meter-\(meter)") }
    for meter in 0..<12 {
      var time = 100.0
      for _ in 0..<40 {
        time += 20 + 80 * scene.random.unit()
        let ahead = Double(10 + 7 * meter) + scene.random.unit() / 10
        scene.say("meter-\(meter)", time + ahead, "door opened", 6)
        scene.say("edge", time + 0.2, "opened meter-\(meter)", 6)
      }
    }
    let found = survey(scene.evidence)
    #expect(found.count == 12)
    #expect(found.allSatisfy { abs($0.ahead - Double(10 + 7 * $0.span)) < 1 })
  }

  private func survey(_ evidence: IncidentEvidence) -> [ClockFinding] {
    ClockSurvey.measure(
      evidence,
      spans: evidence.devices.indices.map {
        ClockSpan(
          device: Int32($0), source: evidence.devices[$0] == "edge" ? 1 : 0,
          events: 1...Int64(evidence.eventIDs.count))
      })
  }
}
