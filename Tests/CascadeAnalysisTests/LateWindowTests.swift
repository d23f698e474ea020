import IncidentModel
import Testing

@testable import CascadeAnalysis

/// A few clocks that are ahead of all others, and what they say of the end of the evidence.
@Suite struct LateWindowTests {
  private static let epoch: Int64 = 1_700_000_000_000_000_000

  /// Ovens that report every fifty seconds from `begin` to `end`, in true seconds, by clocks that are ahead.
  private struct Bakery {
    var builder = EvidenceBuilder()
    let ahead: (Int) -> Double

    init(
      _ ovens: Int, begin: (Int) -> Double = { _ in 0 }, until end: (Int) -> Double,
      ahead: @escaping (Int) -> Double
    ) {
      self.ahead = ahead
      for oven in 0..<ovens {
        var time = begin(oven) + Double(oven * 7 % 50)
        while time < end(oven) {
          say(oven, time, "chamber at \(200 + Int(time) % 31) degrees")
          time += 45 + Double((Int(time) * 31 + oven) % 11)
        }
      }
    }

    mutating func say(_ oven: Int, _ seconds: Double, _ text: String, _ severity: UInt8 = 6) {
      add("oven\(oven)q", seconds + ahead(oven), text, severity)
    }

    mutating func add(_ device: String, _ seconds: Double, _ text: String, _ severity: UInt8 = 6) {
      builder.event(
        time: LateWindowTests.epoch + Int64(seconds * 1e9), device: device, severity: severity, message: text)
    }

    func evidence() -> IncidentEvidence {
      var builder = builder
      return builder.finish()
    }

    func trace() -> Trace { CascadeTracer().trace(evidence()) }
  }

  private static func failed(_ trace: Trace) -> Set<String> {
    Set(trace.incidents.flatMap(\.onsets).map(\.device) + trace.unrelated.map(\.device))
  }

  @Test(arguments: [3600, 5400, 25_200])
  func whoKeepsTheTimeOfAnotherZoneDoesNotOutliveTheOthers(zone: Double) {
    let bakery = Bakery(30, until: { _ in 18_000 }) { $0 % 6 == 1 ? zone : 0 }
    let trace = bakery.trace()
    #expect(Self.failed(trace).isEmpty, "\(trace.verdict)")
    let skews = trace.clockSkews.filter { $0.seconds != 0 }
    #expect(skews.map(\.device) == ["oven1q", "oven7q", "oven13q", "oven19q", "oven25q"])
    #expect(skews.allSatisfy { $0.seconds == zone && $0.error < 200 })
    #expect(trace.caveats.contains { $0.contains("the time of another zone") }, "\(trace.caveats)")
  }

  @Test func whoIsLaterByAnyOtherAmountLeavesItOpen() {
    let bakery = Bakery(30, until: { _ in 18_000 }) { $0 % 6 == 1 ? 2617 : 0 }
    let trace = bakery.trace()
    #expect(Self.failed(trace).isEmpty, "\(trace.verdict)")
    #expect(trace.clockSkews.allSatisfy { $0.seconds == 0 })
    #expect(
      trace.caveats.contains { $0.hasPrefix("not known: whether the evidence goes on") }, "\(trace.caveats)")
  }

  @Test func whoWasHeardFromTheBeginningShowsThatTheOthersStopped() {
    let stopped = { (oven: Int) in oven % 6 == 1 ? 21_600.0 : 18_000 }
    // Nobody's clock is ahead: those that are left were heard from the beginning, too.
    let left = Bakery(30, until: stopped) { _ in 0 }
    #expect(Self.failed(left.trace()).count == 25, "\(left.trace().verdict)")
    // Those that are left began an hour later, but a line counter was heard all along.
    var counted = Bakery(30, begin: { $0 % 6 == 1 ? 3600 : 0 }, until: stopped) { _ in 0 }
    for turn in 0..<360 { counted.add("counter", Double(turn) * 60, "belt \(turn * 37 % 53)") }
    let trace = counted.trace()
    #expect(Self.failed(trace).count == 25, "\(trace.verdict)")
    #expect(trace.clockSkews.allSatisfy { $0.seconds == 0 })
  }

  @Test func whatTheyTellOfIsMovedWithThem() throws {
    var bakery = Bakery(40, until: { _ in 18_000 }) { $0 % 8 == 3 ? 7200 : 0 }
    for oven in 0..<16 {
      for turn in 0..<4 {
        bakery.say(oven, 9000 + Double(oven % 5) + Double(turn) * 30, "flame of burner \(turn) is out", 3)
      }
    }
    let trace = bakery.trace()
    let onsets = trace.incidents.flatMap(\.onsets)
    #expect(Set(onsets.map(\.device)) == Set((0..<16).map { "oven\($0)q" }), "\(trace.verdict)")
    for onset in onsets {
      let second = Double(onset.time.nanoseconds - Self.epoch) / 1e9
      #expect(abs(second - 9000) < 60, "\(onset.device)")
    }
  }

  @Test func theSurveyFindsTheZoneOfEachStretch() {
    let bakery = Bakery(30, until: { _ in 18_000 }) { $0 == 4 ? 3600 : 0 }
    let evidence = bakery.evidence()
    let spans = evidence.devices.indices.map { device in
      let ids = evidence.eventIDs.indices.filter { evidence.eventDevices[$0] == Int32(device) }
        .map { evidence.eventIDs[$0] }
      return ClockSpan(device: Int32(device), source: Int64(device), events: ids.min()!...ids.max()!)
    }
    let found = ClockSurvey.measure(evidence, spans: spans)
    #expect(found.map { evidence.devices[Int(spans[$0.span].device)] } == ["oven4q"])
    #expect(found.first?.ahead == 3600)
  }

  /// What a report derives of the events must lie where the trace says that things happened.
  @Test func timesAreMovedToWhereTheTraceHasThem() {
    let bakery = Bakery(10, until: { _ in 1200 }) { $0 == 4 ? 3600 : $0 == 5 ? 30 : 0 }
    let original = bakery.evidence()
    var moved = original
    moved.correctTimes(by: [
      ClockSkew(device: "oven4q", seconds: 3600, error: 1, pairs: 0),
      ClockSkew(device: "oven5q", seconds: 30, error: 1, pairs: 9),
    ])
    #expect(moved.times == moved.times.sorted())
    func times(_ evidence: IncidentEvidence, of oven: Int) -> [Int64] {
      let device = evidence.devices.firstIndex(of: "oven\(oven)q").map { Int32($0) }
      return evidence.times.indices.filter { evidence.eventDevices[$0] == device }.map { evidence.times[$0] }
    }
    #expect(times(moved, of: 4) == times(original, of: 4).map { $0 - 3600 * 1_000_000_000 })
    // Seconds matter to no report.
    #expect(times(moved, of: 5) == times(original, of: 5))
    func words(_ evidence: IncidentEvidence) -> [Int64: UInt32] {
      Dictionary(zip(evidence.tokenEvents, evidence.tokenHashes).map { (evidence.eventIDs[Int($0)], $1) }) {
        $0 &+ $1
      }
    }
    #expect(words(moved) == words(original))
  }
}
