import CascadeAnalysis
import Glibc
import Testing

@Suite struct ScaleTests {
  /// Seconds of processor time of this process.
  private static func processorSeconds() -> Double {
    Double(clock()) / Double(CLOCKS_PER_SEC)
  }

  @Test func costGrowsLikeTheEvidence() {
    // Debug builds are some twenty times slower than release ones, so only the growth is judged here; `make bench`
    // has the figures.
    var cost: [Double] = []
    for devices in [500, 4000] {
      let evidence = LargeFleet.evidence(devices: devices)
      let began = Self.processorSeconds()
      let trace = CascadeTracer().trace(evidence)
      cost.append(Self.processorSeconds() - began)
      #expect(trace.incidents.first?.origins.first?.device == "updater")
    }
    // Eight times the evidence: n log n allows about eleven times the cost; other tests run beside this one.
    #expect(cost[1] < 40 * max(cost[0], 0.02))
  }
}
