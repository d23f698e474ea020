import CascadeAnalysis
import IncidentModel
import Testing

/// Clocks that were off by one amount in one boot and by another in the next.
@Suite struct ClockPieceTests {
  private static let epoch: Int64 = 1_700_000_000_000_000_000
  private static let moved = "unit5x"

  /// A hub takes its units along; the clock of one unit is a quarter of an hour fast until it boots anew, then slow.
  private static func evidence(failure start: Double) -> IncidentEvidence {
    var builder = EvidenceBuilder()
    var random = Dice(state: 17)
    var said: [(device: String, seconds: Double, text: String, severity: UInt8)] = []
    func say(_ device: String, _ seconds: Double, _ text: String, _ severity: UInt8) {
      said.append((device, seconds, "\(text) \(10 + random.next() % 89_990)", severity))
    }
    for unit in 0..<40 {
      builder.link("hub", "unit\(unit)x", "serves")
      for words in ["all is well", "stored sample"] {
        var time = random.unit() * 300
        while time < 28_000 {
          // Between the boots the unit is silent.
          if unit != 5 || time < 12_000 || time > 16_500 { say("unit\(unit)x", time, words, 6) }
          time += 100 + random.unit() * 400
        }
      }
    }
    for turn in 0..<3 { say("hub", start - 5 + Double(turn) * 10, "queue beyond its bound", 2) }
    for unit in 0..<36 {
      for turn in 0..<3 {
        say("unit\(unit)x", start + Double(unit) + Double(turn) * 20, "no answer from above", 3)
      }
    }
    // A source after the other, each in the order in which it was written.
    for one in said.sorted(by: { ($0.device, $0.seconds) < ($1.device, $1.seconds) }) {
      let off = one.device != moved ? 0.0 : one.seconds < 14_400 ? 900 : -700
      builder.event(
        time: epoch + Int64((one.seconds + off) * 1e9), device: one.device, severity: one.severity,
        message: one.text)
    }
    return builder.finish()
  }

  /// The two boots as corrections of the case.
  private static func pieces(_ evidence: IncidentEvidence) -> [IncidentEvidence.ClockPiece] {
    let device = Int32(evidence.devices.firstIndex(of: moved)!)
    let own = evidence.eventIDs.indices.filter { evidence.eventDevices[$0] == device }
    return [true, false].map { isFirst in
      let part = own.filter { (evidence.times[$0] < epoch + 14_400_000_000_000) == isFirst }
      let ids = part.map { evidence.eventIDs[$0] }
      return IncidentEvidence.ClockPiece(
        device: device, events: ids.min()!...ids.max()!, base: evidence.times[part[0]],
        ahead: isFirst ? 900 : -700, error: 0.5, pairs: isFirst ? 40 : 20)
    }
  }

  /// Corrected second at which a unit failed.
  private static func onset(_ unit: String, _ evidence: IncidentEvidence) -> Double? {
    CascadeTracer().trace(evidence).incidents.flatMap(\.onsets).first { $0.device == unit }
      .map { Double($0.time.nanoseconds - epoch) / 1e9 }
  }

  private static func ids(_ unit: String, _ evidence: IncidentEvidence) -> (Int32, ClosedRange<Int64>) {
    let device = Int32(evidence.devices.firstIndex(of: unit)!)
    let ids = evidence.eventIDs.indices.filter { evidence.eventDevices[$0] == device }
      .map { evidence.eventIDs[$0] }
    return (device, ids.min()!...ids.max()!)
  }

  @Test(arguments: [7200.0, 21_600])
  func aClockThatWasSetBetweenTwoBootsIsCorrectedInEach(failure: Double) throws {
    var evidence = Self.evidence(failure: failure)
    // Left alone the unit fails a quarter of an hour after its likes, or before them.
    let wrong = try #require(Self.onset(Self.moved, evidence))
    #expect(abs(wrong - failure - 5) > 300)
    evidence.clockPieces = Self.pieces(evidence)
    let right = try #require(Self.onset(Self.moved, evidence))
    #expect(abs(right - failure - 5) < 5)
    let trace = CascadeTracer().trace(evidence)
    #expect(trace.caveats.contains { $0.contains(Self.moved) && $0.contains("stretch") })
    #expect(trace.clockSkews.contains { $0.device == Self.moved && abs($0.seconds) >= 700 })
  }

  @Test func oneOffsetForAllIsLeftToTheEstimator() {
    var evidence = Self.evidence(failure: 7200)
    let (device, events) = Self.ids("unit7x", evidence)
    evidence.clockPieces = [
      .init(device: device, events: events, base: Self.epoch, ahead: 0, error: 0.1, pairs: 9)
    ]
    #expect(CascadeTracer().trace(evidence).clockSkews.isEmpty)
  }

  @Test func whatAPersonSaysOfAClockIsTaken() throws {
    var evidence = Self.evidence(failure: 7200)
    let (device, events) = Self.ids("unit7x", evidence)
    evidence.clockPieces = [
      .init(device: device, events: events, base: Self.epoch, ahead: 3, isGiven: true)
    ]
    let onset = try #require(Self.onset("unit7x", evidence))
    #expect(abs(onset - 7204) < 0.5)
  }
}
