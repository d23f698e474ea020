import CascadeAnalysis
import Foundation
import IncidentModel
import Testing

/// Probabilities against what happened, over generated incidents on seeds and settings that nothing was fitted on.
///
/// `make soak` takes 300 incidents of each family; `FIREBREAK_SEED` is the first seed. `FIREBREAK_CLAIMS=FILE` writes the raw
/// claims on other seeds, from which `.ci/fit-calibration` fits the curves.
@Suite struct CalibrationTests {
  private struct Claim {
    var family: String
    var seed: UInt64
    var what: String
    var said: Double
    var isTrue: Bool
    var kind: String
    /// Which of the seed's incidents it is of, and whom it is about.
    var incident: Int
    var about: String
  }
  private static let environment = ProcessInfo.processInfo.environment
  private static let isLong = environment["FIREBREAK_SOAK"] != nil || environment["FIREBREAK_CLAIMS"] != nil

  @Test func probabilitiesAgreeWithWhatHappened() throws {
    let path = Self.environment["FIREBREAK_CLAIMS"]
    var options = CascadeTracer.Options()
    options.isCalibrated = path == nil
    let perFamily: UInt64 = Self.isLong ? 300 : 25
    let first = Self.environment["FIREBREAK_SEED"].flatMap { UInt64($0) } ?? (path == nil ? 250_000 : 150_000)
    var claims: [Claim] = []
    // Abstaining is right where the best candidate would have been wrong.
    var judged = (named: 0, namedRight: 0, abstained: 0, abstainedRight: 0)
    func add(_ family: String, _ seed: UInt64, _ forged: Forged) {
      let trace = CascadeTracer(options).trace(forged.evidence)
      let best = trace.incidents.first?.origins.first
      let isRight = best.map { forged.origins.contains($0.device) } ?? false
      if let best, best.probability >= 0.5 {
        judged.named += 1
        judged.namedRight += isRight ? 1 : 0
      } else {
        judged.abstained += 1
        judged.abstainedRight += isRight ? 0 : 1
      }
      for (number, incident) in trace.incidents.enumerated() {
        claims += Self.claims(incident, forged).map {
          Claim(
            family: family, seed: seed, what: $0.what, said: $0.said, isTrue: $0.isTrue, kind: $0.kind,
            incident: number, about: $0.about)
        }
      }
    }
    for family in IncidentForge.Family.allCases {
      for seed in first..<first + perFamily {
        let forged = IncidentForge(seed: seed, family: family)
        add(
          "\(family)", seed,
          Forged(
            evidence: forged.evidence, origins: forged.origins,
            primary: family == .change ? "console1c" : nil,
            edges: forged.edges, failed: forged.failed))
      }
    }
    for shape in MetricForge.Shape.allCases {
      for seed in (first + 10_000)..<(first + 10_000 + perFamily / 5) {
        let forged = MetricForge(seed: seed, shape: shape)
        add(
          "\(shape)", seed,
          Forged(
            evidence: forged.evidence, origins: [forged.origin], primary: nil,
            edges: shape == .unlinked ? nil : forged.edges, failed: Set(forged.onsets.keys)))
      }
    }
    if let path { return try Self.write(claims, to: path) }
    // By order alone it abstains more than these generators ask for, in which whoever receives a change first counts as right.
    let isAbstention = { (claim: Claim) in claim.kind == "origins/order/first" && claim.said < 0.5 }
    for what in ["origins", "edges", "onsets"] {
      judge(what, claims.filter { $0.what == what && !isAbstention($0) })
    }
    print(
      "origins named: \(judged.named), right: \(judged.namedRight); abstentions: \(judged.abstained), "
        + "best candidate wrong: \(judged.abstainedRight)")
    #expect(Double(judged.namedRight) >= 0.85 * Double(judged.named))
    #expect(judged.abstained * 2 < judged.named)
  }

  private struct Forged {
    var evidence: IncidentEvidence
    var origins: Set<String>
    var primary: String?
    var edges: Set<String>?
    var failed: Set<String>
  }

  private struct Statement {
    var what: String
    var said: Double
    var isTrue: Bool
    var kind: String
    var about: String
  }

  /// Every statement of an incident, and whether it is true. A follower is no origin where the one that began it is a
  /// candidate, too.
  private static func claims(_ incident: Incident, _ truth: Forged) -> [Statement] {
    let method = incident.origins.first?.method ?? .order
    let isNamed = incident.origins.contains { $0.device == truth.primary }
    var list: [Statement] = []
    for (rank, origin) in incident.origins.enumerated() {
      let isTrue = isNamed ? origin.device == truth.primary : truth.origins.contains(origin.device)
      let kind = "origins/\(method)/\(rank == 0 ? "first" : "others")"
      list.append(
        Statement(
          what: "origins", said: origin.probability, isTrue: isTrue, kind: kind, about: origin.device))
    }
    func add(_ edges: [SpreadEdge], _ rank: String) {
      guard let right = truth.edges else { return }
      for edge in edges {
        list.append(
          Statement(
            what: "edges", said: edge.probability, isTrue: right.contains("\(edge.from)>\(edge.to)"),
            kind: "edges/\(method)/\(edge.kind)/\(rank)", about: edge.to))
      }
    }
    add(incident.edges, "best")
    add(incident.alternatives, "others")
    for onset in incident.onsets {
      list.append(
        Statement(
          what: "onsets", said: onset.probability, isTrue: truth.failed.contains(onset.device),
          kind: "onsets/\(onset.kind)", about: onset.device))
    }
    return list
  }

  private func judge(_ what: String, _ claims: [Claim]) {
    let brier =
      claims.reduce(0) { $0 + ($1.said - ($1.isTrue ? 1 : 0)) * ($1.said - ($1.isTrue ? 1 : 0)) }
      / Double(max(1, claims.count))
    print("\(what): \(claims.count) claims, Brier score \((brier * 1000).rounded() / 1000)")
    for (_, bin) in Dictionary(grouping: claims, by: { min(9, Int($0.said * 10)) }).sorted(by: {
      $0.key < $1.key
    }) {
      let said = bin.reduce(0) { $0 + $1.said } / Double(bin.count)
      let came = Double(bin.count { $0.isTrue }) / Double(bin.count)
      // Half width of the 95 % interval of a share, by the normal approximation with one hit and one miss added.
      let n = Double(bin.count) + 2
      let middle = (came * Double(bin.count) + 1) / n
      let half = 1.96 * (middle * (1 - middle) / n).squareRoot()
      print(
        "  said \(Int((said * 100).rounded())) %, came true \(Int((came * 100).rounded())) % ± "
          + "\(Int((half * 100).rounded())) of \(bin.count)")
      guard bin.count >= 50 else { continue }
      #expect(abs(said - came) <= 0.1, "\(what) said \(said), came true \(came) of \(bin.count)")
    }
    #expect(brier < (what == "edges" ? 0.25 : 0.1))
  }

  private static func write(_ claims: [Claim], to path: String) throws {
    let lines = claims.map {
      "[\"\($0.family)\",\($0.seed),\"\($0.what)\",\($0.said),\($0.isTrue),\"\($0.kind)\",\($0.incident),\"\($0.about)\"]\n"
    }
    try lines.joined().write(toFile: path, atomically: true, encoding: .utf8)
  }
}
