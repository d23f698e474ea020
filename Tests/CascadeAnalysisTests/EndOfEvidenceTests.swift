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

    /// Valves that are listed, and say nothing themselves.
    mutating func listValves(_ count: Int) {
      builder.inventory(
        csv: "device,kind\n" + (0..<count).map { "valve\($0)v,valve\n" }.joined()
          + (0..<12).map { "pump\($0)p,pump\n" }.joined())
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

  @Test(arguments: [UInt8(255), 6]) func whoNamesOthersAllDayDoesNotMissThem(severity: UInt8) {
    var plant = Plant(0) { _ in 0 }
    plant.listValves(24)
    for turn in 0..<80 {
      for valve in 0..<24 {
        plant.say("poller", Double(turn * 60 + valve * 2), "valve\(valve)v tour terminé", severity)
      }
    }
    #expect(Self.failed(plant.trace([])).isEmpty)
  }

  @Test func aRoundThatBeginsLateMissesNobodyItNames() {
    var plant = Plant(12) { _ in 7200 }
    plant.listValves(24)
    for turn in 0..<40 {
      for valve in 0..<24 {
        plant.say("poller", Double(3000 + turn * 60 + valve * 2), "valve\(valve)v rond", 255)
      }
    }
    #expect(Self.failed(plant.trace([])).isEmpty)
  }

  @Test func anUngradedRemarkThatSomebodyIsOfflineCounts() {
    var plant = Plant(24) { $0 < 5 ? 4000 : 7200 }
    for turn in 0..<120 { plant.say("broker", Double(turn) * 60 + 3, "sessions kept", 255) }
    for pump in 0..<5 { plant.say("broker", 4100 + Double(pump) * 5, "pump\(pump)p offline", 255) }
    let trace = plant.trace([])
    let reported = trace.incidents.flatMap(\.onsets).filter { $0.kind == .reported }
    #expect(
      Set(reported.map(\.device)) == ["pump0p", "pump1p", "pump2p", "pump3p", "pump4p"], "\(trace.verdict)")
  }

  /// A resolver ends, and those behind it complain once each.
  @Test(arguments: [UInt8(255), 6]) func aComplaintThatSomethingCouldNotBeReachedReceivesNoChange(
    severity: UInt8
  ) {
    var plant = Plant(30) { _ in 4000 }
    for pump in 0..<30 { plant.builder.link("resolver", "pump\(pump)p", "serves") }
    for turn in 0..<66 {
      plant.say("resolver", Double(turn) * 60 + 1, "answered \(turn * 37 % 50)", severity)
    }
    plant.say("resolver", 4000, "process failed, giving up", severity)
    for pump in 0..<30 {
      plant.say("pump\(pump)p", 4020 + Double(pump) * 4, "station controller not reachable", severity)
    }
    // Some of them stop afterwards, as after a change.
    for pump in 0..<24 {
      for turn in 0..<3 { plant.say("pump\(pump)p", 4200 + Double(pump + turn * 40), "halted \(turn)", 2) }
    }
    for pump in 24..<30 {
      for turn in 0..<60 { plant.say("pump\(pump)p", 4200 + Double(turn * 50 + pump), "level \(turn) cm") }
    }
    let changes = plant.trace([]).incidents.flatMap(\.changes)
    #expect(changes.isEmpty, "\(changes)")
  }
}
