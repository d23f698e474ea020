internal import IncidentModel

/// Fits scores to what happened: a claim scored 0.7 should come true in seven of ten.
///
/// One rising curve per class of claim, found by isotonic regression (Ayer et al. 1955; Zadrozny and Elkan, "Transforming
/// classifier scores into accurate multiclass probability estimates", 2002) over generated incidents, and read with
/// straight lines between its knots. Classes: origins by what named them, the first and the others apart, and by whether it
/// is clear who is first; edges by what named the first origin, by what they run over, by whether they have rivals and how
/// many others have; onsets by how they were seen. The curves are `CalibrationCurves`, written by `.ci/fit-calibration` from
/// claims on seeds that nothing is judged on; a level of a curve rests on many incidents, so that there are few. What an
/// analyst decided is left alone, and no origin exceeds what its identity allows. Assumes incidents like the generated
/// ones; where real ones are harder, every number is too high by the same reason.
struct Calibration {
  /// Score and share that came true, both ascending.
  typealias Curve = [(score: Double, share: Double)]
  private let curves: [String: Curve]

  /// The curves that the product uses.
  static let standard = Calibration(curves: CalibrationCurves.all)

  init(curves: [String: Curve]) { self.curves = curves }

  /// The curve of the first key that there is; nil: none, and the score stands.
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
    if !judgements.origins.values.contains(true) { fit(&incident.origins, method) }
    let rivals = RivalParents(incident)
    for kind in [SpreadEdge.Kind.link, .change, .dependency, .overload] {
      func curve(_ rank: String) -> Curve? {
        let key = "edges/\(method)/\(kind)/\(rank)"
        return self.curve("\(key)/\(rivals.density)", key, "edges/\(kind)/\(rank)")
      }
      let (sole, best, others) = (curve("sole"), curve("best"), curve("others"))
      for index in incident.edges.indices where incident.edges[index].kind == kind {
        guard !judgements.decides(incident.edges[index].to) else { continue }
        let isSole = kind != .overload && !rivals.hasRival(index)
        incident.edges[index].probability = Self.probability(
          incident.edges[index].probability, isSole ? sole : best)
      }
      for index in incident.alternatives.indices where incident.alternatives[index].kind == kind {
        guard !judgements.decides(incident.alternatives[index].to) else { continue }
        incident.alternatives[index].probability = Self.probability(
          incident.alternatives[index].probability, others)
      }
    }
    rivals.reconcile(&incident, judgements)
    for index in incident.edges.indices {
      incident.edges[index].probability = min(
        incident.edges[index].mostProbable, incident.edges[index].probability)
    }
  }

  /// How sure it is that a failure listed as unrelated is unrelated: by where it lies. The shares are those of 2,300 such failures
  /// in 1,800 incidents of `simulate`; there are three places, so there is no curve. Of what stands above an incident, and of what
  /// says the same as those that failed in one, or is named by an origin, there are too few to count: they are undecided. Where no incident was found, there is none to be unrelated to: nil.
  static func unrelated(_ onset: Onset) -> Double? {
    switch onset.nearness ?? .outside {
    case .outside: 0.95
    case .inside: 0.51
    case .beside: 0.18
    case .above: 0.45
    case .alike, .named: 0.3
    case .alone: nil
    }
  }

  /// It is clear who is first where there is one candidate; where only the order in time speaks, when many failed and the
  /// next is half as probable. It began at one of them: the first keeps its probability and its place, and the others share what it leaves.
  private func fit(_ list: inout [OriginCandidate], _ method: OriginCandidate.Method) {
    guard let leader = list.first?.probability else { return }
    let isOrder = method == .order
    let isClear =
      list.count == 1 || isOrder && list.count >= 7 && list[1].probability <= 0.52 * leader
    let key = "origins/\(method)"
    let first = isClear ? curve("\(key)/clear", "\(key)/first") : curve("\(key)/first")
    let others = curve(isOrder ? "\(key)/\(isClear ? "clear" : "first")/others" : "\(key)/others")
    for index in list.indices {
      list[index].probability = min(
        list[index].mostProbable, Self.probability(list[index].probability, index == 0 ? first : others))
    }
    let best = list[0].probability
    let rest = list.dropFirst().reduce(0) { $0 + $1.probability }
    let room = min(1, (1 - best) / max(1e-9, rest))
    for index in list.indices.dropFirst() {
      list[index].probability = min(best, list[index].probability * room)
    }
    // None of several that nothing tells apart is less probable than another.
    if list[0].isTwin {
      for index in list.indices where list[index].isTwin { list[index].probability = best }
    }
    // Those that are equally probable now stay in their order.
    list = list.enumerated().sorted {
      ($0.element.probability, $1.offset) > ($1.element.probability, $0.offset)
    }.map(\.element)
  }
}

extension Incident {
  /// Edges from who is only taken to serve those that failed, as nothing tells whom it serves, are no surer than that it began there.
  mutating func boundGuessedEdges() {
    let origin = Dictionary(origins.map { ($0.device, $0.probability) }, uniquingKeysWith: max)
    for index in edges.indices where edges[index].isGuess {
      edges[index].probability = min(edges[index].probability, origin[edges[index].from] ?? Self.mostOfGuess)
    }
  }

  /// How sure a guessed dependency is at most on who is no candidate for the origin.
  private static let mostOfGuess = 0.5
}
