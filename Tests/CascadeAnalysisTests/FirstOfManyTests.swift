import CascadeAnalysis
import IncidentModel
import Testing

/// Somebody is always first: a lead says something where the shape of the rest does not let it be expected.
@Suite struct FirstOfManyTests {
  private static func bell(_ dice: inout Dice) -> Double {
    (0..<12).reduce(0.0) { sum, _ in sum + dice.unit() } - 6
  }

  private static func trace(_ seed: UInt64, _ onset: (Int, inout Dice) -> Double) -> Trace {
    var scene = Scene(seed)
    for cabinet in 0..<60 {
      let name = "cabinet\(cabinet)x"
      let moment = onset(cabinet, &scene.random)
      scene.scatter(name, 0...moment, every: 500, "cycle done")
      scene.say(name, moment, "too hot, shutting down", 2)
      scene.say(name, moment + 1, "stopping", 3)
    }
    return scene.trace
  }

  /// Heat that shuts many down around noon has no origin among them.
  @Test func theEarliestOfABellIsNoOrigin() {
    let named = (0..<12).filter { seed in
      let incident = Self.trace(UInt64(seed)) { _, dice in 30_000 + 1800 * Self.bell(&dice) }.incidents.first
      #expect((incident?.onsets.count ?? 0) >= 50)
      return (incident?.origins.first?.probability ?? 0) >= 0.5
    }
    #expect(named.count <= 1, "\(named)")
  }

  /// Ten minutes before all others, which fail one like the other, is a lead.
  @Test func aLeadBeyondTheShapeOfTheRestIsOne() throws {
    let trace = Self.trace(40) { cabinet, dice in cabinet == 7 ? 29_000 : 29_600 + 600 * dice.unit() }
    let best = try #require(trace.incidents.first?.origins.first)
    #expect(best.device == "cabinet7x" && best.probability > 0.5, "\(trace.verdict)")
  }
}
