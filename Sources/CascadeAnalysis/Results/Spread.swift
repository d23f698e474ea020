/// The spread tree: for each entity the most probable parent, and the others that are not ruled out.
struct Spread {
  struct Edge {
    var from: Int
    var to: Int
    var kind: SpreadEdge.Kind
    var probability: Double
  }
  private(set) var best: [Edge] = []
  private(set) var alternatives: [Edge] = []

  /// Weight of "some parent that is not in the evidence".
  private static func unseen(_ scene: Scene, _ members: [Int]) -> Double {
    guard scene.contact != nil else { return 0.1 }
    // Entities that no failed neighbour explains show how many links the topology lacks.
    let alone = members.count { FailedNeighbour.parents(of: $0, in: scene).isEmpty }
    return min(0.6, 0.1 + 1.5 * Double(max(0, alone - 1)) / Double(max(1, members.count)))
  }

  init(_ scene: Scene, _ members: [Int], roots: Set<Int>, judged: [UInt64: Bool] = [:]) {
    let unseen = Self.unseen(scene, members)
    var parentOf: [Int: Int] = [:]
    func closesCycle(_ parent: Int, _ child: Int) -> Bool {
      var next: Int? = parent
      while let current = next {
        if current == child { return true }
        next = parentOf[current]
      }
      return false
    }
    for child in members where !roots.contains(child) && scene.hasFailed(child) {
      var merged: [Int: ParentCandidate] = [:]
      var total = unseen
      for evidence in allCausalEvidence {
        for candidate in evidence.parents(of: child, in: scene) where candidate.parent != child {
          var candidate = candidate
          if let isAccepted = judged[Judgements.key(candidate.parent, child)] {
            guard isAccepted else { continue }
            candidate.weight = 100
          }
          total += candidate.weight
          if let known = merged[candidate.parent] {
            merged[candidate.parent]!.weight += candidate.weight
            if known.weight < candidate.weight { merged[candidate.parent]!.kind = candidate.kind }
          } else {
            merged[candidate.parent] = candidate
          }
        }
      }
      let ranked = merged.values.sorted { ($0.weight, $1.parent) > ($1.weight, $0.parent) }
      for candidate in ranked.prefix(5) {
        let edge = Edge(
          from: candidate.parent, to: child, kind: candidate.kind, probability: candidate.weight / total)
        if parentOf[child] == nil, !closesCycle(candidate.parent, child) {
          parentOf[child] = candidate.parent
          best.append(edge)
        } else if edge.probability >= 0.02 {
          alternatives.append(edge)
        }
      }
    }
  }
}
