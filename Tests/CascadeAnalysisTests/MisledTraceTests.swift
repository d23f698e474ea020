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
}
