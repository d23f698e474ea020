import CascadeAnalysis
import IncidentModel
import Testing

/// Windows in which nothing spreads, or everything fails at once: what tempts a tracer into a story.
@Suite struct QuietNightTests {
  private static let epoch: Int64 = 1_700_000_000_000_000_000

  private static func say(
    _ builder: inout EvidenceBuilder, _ device: String, _ seconds: Double, _ text: String, _ severity: UInt8
  ) {
    builder.event(time: epoch + Int64(seconds * 1e9), device: device, severity: severity, message: text)
  }

  /// A fleet behind gateways and one sign-in service, living its everyday life for two hours; some messages are lost.
  private static func night(_ random: inout Dice, missing: Double, devices: Int = 120) -> EvidenceBuilder {
    var builder = EvidenceBuilder()
    for gate in 0..<(devices / 8) { builder.link("signin", "gate\(gate)g", "carries") }
    for device in 0..<devices { builder.link("gate\(device / 8)g", "unit\(device)x", "serves") }
    for device in 0..<devices {
      for (words, severity, pause) in [
        ("alive", UInt8(6), 300.0), ("sent frame", 7, 500), ("weak signal", 4, 9000),
      ] {
        var time = random.unit() * pause
        while time < 7200 {
          if random.unit() >= missing {
            say(&builder, "unit\(device)x", time, "\(words) \(Int(random.unit() * 1e6))", severity)
          }
          time += pause * (0.8 + 0.4 * random.unit())
        }
      }
    }
    for turn in 0..<120 where random.unit() >= missing {
      say(&builder, "watch", Double(turn) * 60 + 0.2, "round \(turn) complete", 255)
    }
    return builder
  }

  /// Numbers that are names (process ids), which jump whenever another program speaks.
  private static func processNumbers(_ builder: inout EvidenceBuilder, _ random: inout Dice, devices: Int) {
    for device in 0..<devices {
      var values: [(time: Int64, value: Double)] = []
      for turn in 0..<60 {
        let number = random.unit() < 0.8 ? 412 : 900 + (random.unit() * 30_000).rounded()
        values.append((epoch + Int64(Double(turn) * 120e9), number))
      }
      builder.series("number", of: "unit\(device)x", values)
    }
  }

  @Test(arguments: 1...8) func aQuietNightWithAThirdOfItsMessagesLostHasNoIncident(seed: Int) {
    var random = Dice(state: UInt64(seed))
    var builder = Self.night(&random, missing: 0.3)
    Self.processNumbers(&builder, &random, devices: 120)
    // Single failures that have nothing to do with each other.
    for _ in 0..<4 {
      let device = "unit\(Int(random.unit() * 120))x"
      let time = 600 + random.unit() * 6000
      for turn in 0..<3 {
        Self.say(&builder, device, time + Double(turn) * 40, "sensor bus stuck \(turn)", 3)
      }
    }
    let trace = CascadeTracer().trace(builder.finish())
    #expect(trace.incidents.isEmpty, "\(trace.verdict)")
  }

  @Test(arguments: 1...4) func whatFailsAllInOneSecondIsNotOrderedByWrongClocks(seed: Int) {
    var random = Dice(state: UInt64(40 + seed))
    var builder = Self.night(&random, missing: 0.1)
    for turn in 0..<6 {
      Self.say(&builder, "signin", 4000 + Double(turn) * 400, "own seal is past its end \(turn)", 2)
    }
    for device in 0..<117 {
      let clock = random.unit() < 0.3 ? (random.unit() - 0.5) * 400 : 0
      for turn in 0..<3 {
        Self.say(
          &builder, "unit\(device)x", 4000.1 + random.unit() + clock + Double(turn) * 50,
          "seal refused \(turn)", 3)
      }
    }
    let trace = CascadeTracer().trace(builder.finish())
    #expect(trace.incidents.first?.origins.first?.device == "signin", "\(trace.verdict)")
    let edges = trace.incidents.first?.edges ?? []
    #expect(edges.count { $0.from == "signin" } * 10 >= edges.count * 9)
  }

  @Test func aMonitorsRecurringRemarkAnnouncesNoChange() {
    var random = Dice(state: 77)
    var builder = Self.night(&random, missing: 0.1)
    for turn in 0..<6 { Self.say(&builder, "watch", 900 + Double(turn) * 1030, "lookup took \(turn)7 ms", 6) }
    Self.say(&builder, "rollout", 2950, "campaign 7 opened", 5)
    for device in 0..<60 {
      let time = 3000 + Double(device) * 10
      Self.say(
        &builder, "unit\(device)x", time, "image 5 verified, using slot \(device % 2 == 0 ? "A" : "B")", 5)
      guard device % 3 != 0 else { continue }
      for turn in 0..<3 {
        Self.say(&builder, "unit\(device)x", time + 90 + Double(turn) * 40, "halted \(turn)", 2)
      }
    }
    let trace = CascadeTracer().trace(builder.finish())
    #expect(trace.incidents.first?.origins.first?.device == "rollout", "\(trace.verdict)")
    #expect(trace.incidents.first?.changes.first?.devices.count == 60)
  }
}
