import CascadeAnalysis
import IncidentModel

/// A small fleet that says what a test gives it, by a clock in seconds.
struct Scene {
  static let epoch: Int64 = 1_700_000_000_000_000_000
  var builder = EvidenceBuilder()
  var random: Dice

  init(_ seed: UInt64) { random = Dice(state: seed) }

  mutating func say(
    _ device: String, _ seconds: Double, _ text: String, _ severity: UInt8, by actor: String? = nil
  ) {
    builder.event(
      time: Self.epoch + Int64(seconds * 1e9), device: device, severity: severity, message: text, by: actor
    )
  }

  /// A message every `pause` seconds, give or take a share of it.
  mutating func keep(
    _ device: String, _ range: ClosedRange<Double>, every pause: Double, scatter: Double = 0.1,
    _ text: String, _ severity: UInt8 = 6
  ) {
    var time = range.lowerBound + random.unit() * pause
    while time < range.upperBound {
      say(device, time + (random.unit() - 0.5) * scatter * pause, text, severity)
      time += pause
    }
  }

  /// Messages in the pauses of a Poisson stream.
  mutating func scatter(
    _ device: String, _ range: ClosedRange<Double>, every pause: Double, _ text: String,
    _ severity: UInt8 = 6
  ) {
    var time = range.lowerBound - pause * Self.log(random.unit())
    while time < range.upperBound {
      say(device, time, text, severity)
      time -= pause * Self.log(random.unit())
    }
  }

  private static func log(_ share: Double) -> Double {
    // Natural logarithm by its series: tests import no C library.
    let x = (max(1e-9, share) - 1) / (max(1e-9, share) + 1)
    var (sum, power) = (0.0, x)
    for odd in stride(from: 1, to: 400, by: 2) {
      sum += power / Double(odd)
      power *= x * x
    }
    return 2 * sum
  }

  var evidence: IncidentEvidence {
    var builder = builder
    return builder.finish()
  }

  var trace: Trace { CascadeTracer().trace(evidence) }
}
