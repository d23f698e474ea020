internal import IncidentModel

/// Fits scores to what happened: a claim scored 0.7 should come true in seven of ten.
///
/// One rising curve per kind of claim, found by isotonic regression (Ayer et al. 1955; Zadrozny and Elkan, "Transforming
/// classifier scores into accurate multiclass probability estimates", 2002) over generated incidents, and read with
/// straight lines between its knots. Kinds: origins by what named them, the first and the others apart; edges by what named
/// the first origin, by what they run over, the best parent and the others apart; onsets by how they were seen. The curves
/// are `CalibrationCurves`, written by `.ci/fit-calibration` from claims on seeds that nothing is judged on. What an
/// analyst decided is left alone, and no origin exceeds what its identity allows. Assumes incidents like the generated
/// ones; where real ones are harder, every number is too high by the same reason.
struct Calibration {
  /// Score and share that came true, both ascending.
  typealias Curve = [(score: Double, share: Double)]
  private let curves: [String: Curve]

  /// The curves that the product uses.
  static let standard = Calibration(curves: CalibrationCurves.all)

  init(curves: [String: Curve]) { self.curves = curves }

  /// The curve of the first key that there is. What only the order in time names has none: nothing else speaks for it.
  private func curve(_ keys: String...) -> Curve? { keys.lazy.compactMap { curves[$0] }.first }

  /// The fitted probability; the score itself where there is no curve.
  static func probability(_ score: Double, _ curve: Curve?) -> Double {
    guard let curve, let first = curve.first, let last = curve.last else { return score }
    // Below all that was seen, in proportion.
    if score <= first.score { return first.share * score / max(1e-9, first.score) }
    for (left, right) in zip(curve, curve.dropFirst()) where score <= right.score {
      let part = (score - left.score) / max(1e-9, right.score - left.score)
      return left.share + part * (right.share - left.share)
    }
    return last.share
  }

  /// Replaces the scores of an incident's origins, edges and onsets.
  func apply(to incident: inout Incident, _ judgements: Judgements) {
    let method = incident.origins.first?.method ?? .order
    for kind in [Onset.Kind.log, .metric, .silence, .reported] {
      let curve = self.curve("onsets/\(kind)", "onsets")
      for index in incident.onsets.indices where incident.onsets[index].kind == kind {
        guard incident.onsets[index].probability < 1 else { continue }
        incident.onsets[index].probability = Self.probability(incident.onsets[index].probability, curve)
      }
    }
    if !judgements.origins.values.contains(true) {
      for index in incident.origins.indices {
        let rank = index == 0 ? "first" : "others"
        let curve = self.curve("origins/\(method)/\(rank)")
        incident.origins[index].probability = min(
          incident.origins[index].mostProbable, Self.probability(incident.origins[index].probability, curve))
      }
      Self.bound(&incident.origins)
    }
    fit(&incident.edges, method, "best", judgements)
    fit(&incident.alternatives, method, "others", judgements)
    // One parent each: together they cannot be surer than certain, and none is surer than the best. But those that
    // overload somebody do it together.
    let alternatives = incident.alternatives
    var index = NameIndex(minimumCapacity: alternatives.count)
    // By child, as it comes first among the alternatives.
    var claims: [(at: Int, others: Double, best: Double?)] = []
    var claimOf = [Int32](repeating: -1, count: alternatives.count)
    func claim(of name: String) -> Int? {
      index.find(ContentHash.of(name)) { alternatives[claims[$0].at].to == name }
    }
    for (position, edge) in alternatives.enumerated() where edge.kind != .overload {
      let known = claim(of: edge.to)
      if known == nil {
        index.add(ContentHash.of(edge.to), claims.count)
        claims.append((position, 0, nil))
      }
      claims[known ?? claims.count - 1].others += edge.probability
      claimOf[position] = Int32(known ?? claims.count - 1)
    }
    for position in incident.edges.indices where incident.edges[position].kind != .overload {
      guard let known = claim(of: incident.edges[position].to) else { continue }
      incident.edges[position].probability /=
        max(1, claims[known].others + incident.edges[position].probability)
      claims[known].best = incident.edges[position].probability
    }
    for position in alternatives.indices where claimOf[position] >= 0 {
      let known = claims[Int(claimOf[position])]
      let own = alternatives[position].probability
      let room = min(1, (1 - (known.best ?? 0)) / max(1e-9, known.others))
      incident.alternatives[position].probability = min(known.best ?? 1, own * room)
    }
  }

  /// How sure it is that a failure listed as unrelated is unrelated: by where it lies. The shares are those of 2,300 such failures
  /// in 1,800 incidents of `simulate`; there are three places, so there is no curve.
  static func unrelated(_ onset: Onset) -> Double {
    switch onset.nearness ?? .outside {
    case .outside: 0.95
    case .inside: 0.51
    case .beside: 0.18
    }
  }

  private func fit(
    _ edges: inout [SpreadEdge], _ method: OriginCandidate.Method, _ rank: String, _ judgements: Judgements
  ) {
    for kind in [SpreadEdge.Kind.link, .change, .dependency, .overload] {
      let curve = self.curve("edges/\(method)/\(kind)/\(rank)", "edges/\(kind)/\(rank)")
      for index in edges.indices where edges[index].kind == kind {
        guard judgements.children.isEmpty || !judgements.children.contains(edges[index].to) else { continue }
        edges[index].probability = Self.probability(edges[index].probability, curve)
      }
    }
  }

  /// The first keeps its probability and its place; the others share what it leaves.
  private static func bound(_ list: inout [OriginCandidate]) {
    guard let first = list.first?.probability else { return }
    let rest = list.dropFirst().reduce(0) { $0 + $1.probability }
    for index in list.indices.dropFirst() {
      list[index].probability = min(first, list[index].probability * min(1, (1 - first) / max(1e-9, rest)))
    }
    list.sort { ($0.probability, $1.device) > ($1.probability, $0.device) }
  }
}
