import CascadeAnalysis
import IncidentModel
import Testing

/// Failures beside a cascade: how sure it is that they have nothing to do with it.
@Suite struct UnrelatedFailureTests {
  private static let epoch: Int64 = 1_700_000_000_000_000_000

  private static func trace() -> Trace {
    var builder = EvidenceBuilder()
    var random = Dice(state: 23)
    func say(_ device: String, _ seconds: Double, _ text: String, _ severity: UInt8) {
      builder.event(
        time: epoch + Int64(seconds * 1e9), device: device, severity: severity,
        message: "\(text) \(10 + random.next() % 89_990)")
    }
    let units = (0..<60).map { "unit\($0)x" }
    let far = (0..<30).map { "far\($0)y" }
    for unit in units { builder.link("hub", unit, "serves") }
    for unit in far { builder.link("mast", unit, "serves") }
    for unit in units + far {
      for words in ["all is well", "stored sample"] {
        var time = random.unit() * 300
        while time < 7200 {
          say(unit, time, words, 6)
          time += 100 + random.unit() * 400
        }
      }
    }
    for turn in 0..<3 { say("hub", 3995 + Double(turn) * 10, "queue beyond its bound", 2) }
    for unit in 0..<54 {
      for turn in 0..<3 {
        say(units[unit], 4000 + Double(unit) + Double(turn) * 20, "no answer from above", 3)
      }
    }
    for (unit, start) in [(far[0], 400.0), (far[1], 1500), (far[2], 2600), (far[3], 4030), (units[58], 4040)]
      + [(far[4], 5400), (far[5], 6100), (far[6], 6900)]
    {
      for turn in 0..<3 { say(unit, start + Double(turn) * 40, "sensor bus stuck", 3) }
    }
    return CascadeTracer().trace(builder.finish())
  }

  @Test func whatFailsBesideACascadeIsLessSurelyUnrelatedTheNearerItLies() throws {
    let trace = Self.trace()
    #expect(trace.incidents.first?.origins.first?.device == "hub")
    func sure(_ device: String) -> Double? {
      trace.unrelated.first { $0.device == device }?.unrelated
    }
    let outside = try #require(sure("far0y"))
    let inside = try #require(sure("far3y"))
    let beside = try #require(sure("unit58x"))
    #expect(outside > 0.9)
    #expect(inside < outside - 0.2)
    #expect(beside < 0.5 && beside < inside)
    let words = trace.explanation(of: "unit58x")
    #expect(words.contains { $0.text.contains("nothing to do with") && $0.probability == beside })
    #expect(trace.verdict.contains("seem to have nothing to do with it"))
  }
}
