import CascadeAnalysis
import Foundation
import Testing

/// Probabilities against what happened, over generated incidents on seeds and settings that nothing was fitted on.
@Suite struct CalibrationTests {
  private struct Bin {
    var claims = 0
    var sum = 0.0
    var hits = 0
    var squares = 0.0
  }

  @Test func probabilitiesAgreeWithWhatHappened() {
    // `make soak` takes 300 incidents of each family; the short run keeps `make test` short.
    let isLong = ProcessInfo.processInfo.environment["FIREBREAK_SOAK"] != nil
    let perFamily: UInt64 = isLong ? 300 : 25
    var bins: [String: [Bin]] = [:]
    var first = (right: 0, total: 0)
    // Abstaining is right where the best candidate would have been wrong, or the evidence lacks the origin.
    var abstained = (count: 0, wouldBeWrong: 0)
    var decided = (count: 0, right: 0)
    func judge(_ origins: [OriginCandidate], _ right: Set<String>) {
      first.total += 1
      for origin in origins { claim("origins", origin.probability, right.contains(origin.device)) }
      let isRight = origins.first.map { right.contains($0.device) } ?? false
      if isRight { first.right += 1 }
      if let best = origins.first, best.probability >= 0.5 {
        decided.count += 1
        if isRight { decided.right += 1 }
      } else {
        abstained.count += 1
        if !isRight { abstained.wouldBeWrong += 1 }
      }
    }
    func claim(_ what: String, _ probability: Double, _ isTrue: Bool) {
      let index = min(9, Int(probability * 10))
      var bin = bins[what]?[index] ?? Bin()
      bin.claims += 1
      bin.sum += probability
      bin.hits += isTrue ? 1 : 0
      bin.squares += (probability - (isTrue ? 1 : 0)) * (probability - (isTrue ? 1 : 0))
      bins[what, default: Array(repeating: Bin(), count: 10)][index] = bin
    }
    for family in IncidentForge.Family.allCases {
      for seed in 50_000..<50_000 + perFamily {
        let forged = IncidentForge(seed: seed, family: family)
        guard let incident = CascadeTracer().trace(forged.evidence).incidents.first else { continue }
        judge(incident.origins, forged.origins)
        for edge in incident.edges + incident.alternatives {
          claim("edges", edge.probability, forged.edges.contains("\(edge.from)>\(edge.to)"))
        }
        for onset in incident.onsets {
          claim("onsets", onset.probability, forged.failed.contains(onset.device))
        }
      }
    }
    for shape in MetricForge.Shape.allCases {
      for seed in 60_000..<60_000 + perFamily / 5 {
        let forged = MetricForge(seed: seed, shape: shape)
        guard let incident = CascadeTracer().trace(forged.evidence).incidents.first else { continue }
        judge(incident.origins, [forged.origin])
        for onset in incident.onsets {
          claim("onsets", onset.probability, forged.onsets[onset.device] != nil)
        }
        guard shape != .unlinked else { continue }
        for edge in incident.edges + incident.alternatives {
          claim("edges", edge.probability, forged.edges.contains("\(edge.from)>\(edge.to)"))
        }
      }
    }
    for (what, list) in bins.sorted(by: { $0.key < $1.key }) {
      let total = list.reduce(0) { $0 + $1.claims }
      let brier = list.reduce(0) { $0 + $1.squares } / Double(max(1, total))
      print("\(what): \(total) claims, Brier score \((brier * 1000).rounded() / 1000)")
      for bin in list where bin.claims > 0 {
        let said = bin.sum / Double(bin.claims)
        let came = Double(bin.hits) / Double(bin.claims)
        // Half width of the 95 % interval of a share, by the normal approximation with one hit and one miss added.
        let n = Double(bin.claims) + 2
        let middle = (Double(bin.hits) + 1) / n
        let half = 1.96 * (middle * (1 - middle) / n).squareRoot()
        print(
          "  said \(Int((said * 100).rounded())) %, came true \(Int((came * 100).rounded())) % ± "
            + "\(Int((half * 100).rounded())) of \(bin.claims)")
        guard bin.claims >= 50 else { continue }
        #expect(abs(said - came) <= 0.1 + half, "\(what) said \(said), came true \(came) of \(bin.claims)")
      }
      #expect(brier < (what == "edges" ? 0.25 : 0.1))
    }
    print(
      "\(first.total) incidents: \(decided.count) origins named, \(decided.right) of them right; \(abstained.count) abstentions, "
        + "in \(abstained.wouldBeWrong) of which the best candidate was wrong")
    #expect(Double(first.right) >= 0.8 * Double(first.total))
    // Whoever names an origin must be right more often than whoever abstains would have been.
    #expect(Double(decided.right) >= 0.85 * Double(decided.count))
    #expect(abstained.count * 2 < first.total)
  }
}
