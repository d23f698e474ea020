import CascadeAnalysis
import IncidentModel
import Testing

/// Evidence that ends early, healthy lines that name others, and complaints that look like changes.
@Suite struct EndOfEvidenceTests {
  private static let epoch: Int64 = 1_700_000_000_000_000_000

  private struct Plant {
    var builder = EvidenceBuilder()

    mutating func say(_ device: String, _ seconds: Double, _ text: String, _ severity: UInt8 = 6) {
      builder.event(
        time: EndOfEvidenceTests.epoch + Int64(seconds * 1e9), device: device, severity: severity,
        message: text)
    }

    /// Pumps that report their level every fifty seconds, from 0 to some end each.
    init(_ pumps: Int, until end: (Int) -> Double) {
      for pump in 0..<pumps {
        var time = Double(pump * 7 % 50)
        while time < end(pump) {
          say("pump\(pump)p", time, "level \(Int(time) % 91) cm")
          time += 50
        }
      }
    }

    /// Sources by the pumps that are heard in each; the last one a pump is in is that of its last word.
    func trace(_ sources: [(pumps: [Int], lacksEnd: Bool)]) -> Trace {
      var builder = builder
      var evidence = builder.finish()
      evidence.lastSources = [Int32](repeating: -1, count: evidence.devices.count)
      for (number, source) in sources.enumerated() {
        evidence.sources.append(.init(devices: source.pumps.count, lacksEnd: source.lacksEnd))
        for pump in source.pumps {
          if let device = evidence.devices.firstIndex(of: "pump\(pump)p") {
            evidence.lastSources[device] = Int32(number)
          }
        }
      }
      return CascadeTracer().trace(evidence)
    }
  }

  private static func failed(_ trace: Trace) -> Set<String> {
    Set(trace.incidents.flatMap(\.onsets).map(\.device) + trace.unrelated.map(\.device))
  }

  @Test func aLogOfManyThatEndsEarlyIsNoFailureOfThoseInIt() {
    let plant = Plant(40) { $0 < 20 ? 7200 : 3100 }
    let trace = plant.trace([(Array(0..<20), false), (Array(20..<40), false)])
    #expect(Self.failed(trace).isEmpty, "\(trace.verdict)")
    // Without a word about sources, they stopped.
    #expect(!Self.failed(plant.trace([])).isEmpty)
  }

  @Test func aDamagedLogHidesWhatCameAfterItsEndEvenOfOne() {
    let plant = Plant(30) { $0 == 4 ? 3100 : 7200 }
    let others = (0..<30).filter { $0 != 4 }
    #expect(Self.failed(plant.trace([(others, false), ([4], true)])).isEmpty)
    // A log of its own that simply ends stays a silence.
    #expect(Self.failed(plant.trace([(others, false), ([4], false)])) == ["pump4p"])
  }

  @Test func whoFallsSilentWhileItsLogGoesOnHasFailed() {
    let plant = Plant(40) { $0 < 3 ? 2000 : $0 < 20 ? 7200 : 4000 }
    let trace = plant.trace([(Array(0..<20), false), (Array(20..<40), false)])
    #expect(Self.failed(trace) == ["pump0p", "pump1p", "pump2p"], "\(trace.verdict)")
  }

  @Test func whoFallsSilentJustBeforeALogIsRotatedHasFailed() {
    let plant = Plant(40) { $0 < 4 ? 3990 : 7200 }
    // All forty are heard in the first log, which ends at 4000; thirty-six go on in the second.
    let trace = plant.trace([(Array(0..<40), false), (Array(4..<40), false)])
    #expect(Self.failed(trace) == ["pump0p", "pump1p", "pump2p", "pump3p"], "\(trace.verdict)")
  }
}
