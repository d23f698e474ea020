import CascadeAnalysis
import Foundation
import IncidentModel
import Testing

/// The shared incidents with evidence taken away, added, and bent: which rates fall, and how far.
///
/// The short run takes the six smallest cases; `FIREBREAK_SOAK=1` takes all sixteen.
@Suite(.serialized) struct PerturbationTests {
  private nonisolated(unsafe) static let cases: [CaseFolder] = {
    guard let folder = BenchmarkTests.folder else { return [] }
    let all = CaseFolder.names(in: folder)
    let small = [
      "A04-Deltacom-weib", "A10-tree-weib", "B01-rollout-100", "C01-dep-gateway-100", "D01-chain-200",
    ]
    let isLong = ProcessInfo.processInfo.environment["FIREBREAK_SOAK"] != nil
    return (isLong ? all : all.filter { small.contains($0) }).compactMap {
      try? CaseFolder(path: "\(folder)/\($0)")
    }
  }()

  private static func means(_ perturbation: Perturbation) -> [String: Double] {
    CaseScore.means(
      cases.map { given in
        var rows = EvidenceRows(given.evidence)
        var dice = Dice(state: 4242)
        let failed = Set((given.truth["onsets"] as? [String: String] ?? [:]).keys)
        _ = perturbation.apply(&rows, &dice, failed)
        return CaseScore(CascadeTracer().trace(rows.evidence()), truth: given.truth, rename: { $0 })
      })
  }

  /// What must remain: origin first, onsets found, edges right.
  private static let floors: [(Perturbation, origin: Double, onsets: Double, edges: Double)] = [
    (.noTopology, 0.75, 0.85, 0.4), (.halfTopology, 0.9, 0.95, 0.7), (.noInventory, 0.85, 0.95, 0.8),
    (.noReferences, 0.95, 0.95, 0.85), (.halfInventoryRows, 0.95, 0.95, 0.85), (.neither, 0.6, 0.8, 0.15),
    (.lossy, 0.85, 0.85, 0.75), (.unrelated, 0.95, 0.95, 0.85), (.chatter, 0.85, 0.9, 0.8),
    (.finer, 0.9, 0.9, 0.8), (.bare, 0.9, 0.9, 0.75), (.flat, 0.9, 0.9, 0.75), (.lateStart, 0.9, 0.9, 0.8),
    (.longer, 0.85, 0.95, 0.75),
  ]

  @Test(arguments: floors.indices) func ratesFallSlowlyWith(_ index: Int) throws {
    guard BenchmarkTests.folder != nil else {
      print("skipped: no shared incidents")
      return
    }
    let (perturbation, origin, onsets, edges) = Self.floors[index]
    let means = Self.means(perturbation)
    let shown = ["origin_top1", "onset_recall", "onset_mae", "edge_prec", "edge_recall"].map {
      "\($0) \(((means[$0] ?? 0) * 100).rounded() / 100)"
    }
    print("\(perturbation.words): \(shown.joined(separator: ", "))")
    #expect((means["origin_top1"] ?? 0) >= origin - 1e-9, "\(perturbation.words)")
    #expect((means["onset_recall"] ?? 0) >= onsets, "\(perturbation.words)")
    #expect((means["edge_prec"] ?? 0) >= edges, "\(perturbation.words)")
    #expect((means["decoy_in_onsets"] ?? 0) <= 0.4, "\(perturbation.words)")
  }

  @Test func aClockThatManyWereComparedWithMayItselfBeWrong() {
    // All but one agree to the second; the one is the receiver that they were compared with.
    var builder = EvidenceBuilder()
    var random = Dice(state: 9)
    for device in 0..<30 {
      for turn in 0..<12 {
        let time = 4000 + Double(turn) * 250 + random.unit() * 60
        let number = 10_000 + Int(random.unit() * 80_000)
        builder.event(
          time: 1_700_000_000_000_000_000 + Int64(time * 1e9), device: "u\(device)x", severity: 7,
          message: "sent \(number)")
        builder.event(
          time: 1_700_000_000_000_000_000 + Int64((time + 0.1 + 600) * 1e9), device: "ear", severity: 7,
          message: "heard \(number) by u\(device)x")
      }
    }
    let skews = CascadeTracer().trace(builder.finish()).clockSkews
    #expect(abs((skews.first { $0.device == "ear" }?.seconds ?? 0) - 600) < 1)
    #expect(abs(skews.first { $0.device == "u3x" }?.seconds ?? 0) < 1)
  }

  @Test func twoIncidentsInOneCaseKeepTheirOwnOrigins() {
    guard Self.cases.count >= 5 else { return }
    var right = 0
    var pairs = 0
    let chosen = [(0, 2), (1, 3), (2, 3), (4, 2)]
    for (first, second) in chosen where first < Self.cases.count && second < Self.cases.count {
      let a = Self.cases[first]
      let b = Self.cases[second]
      let trace = CascadeTracer().trace(Perturbation.merged(a.evidence, b.evidence, shift: 900))
      let found = Set(trace.incidents.compactMap { $0.origins.first?.device })
      for (given, prefix) in [(a, ""), (b, "w-")] {
        pairs += 1
        let origins = given.truth["origins"] as? [String] ?? []
        if origins.contains(where: { found.contains(prefix + $0) }) { right += 1 }
      }
    }
    print("two incidents in one case: \(right) of \(pairs) origins first in an incident of their own")
    #expect(right * 4 >= pairs * 3)
  }
}
