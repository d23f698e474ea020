/// The spread tree: for each entity the most probable parent, and the others that are not ruled out.
struct Spread {
  struct Edge {
    var from: Int
    var to: Int
    var kind: SpreadEdge.Kind
    var probability: Double
    /// The most that it may be, whatever it is fitted to.
    var most = 1.0
    /// Whether nothing known ties the two.
    var isGuess = false
  }
  private(set) var best: [Edge] = []
  private(set) var alternatives: [Edge] = []

  /// How many entities hang on one in the tree, directly or by others.
  func followers(of device: Int) -> Int {
    let children = Dictionary(grouping: best, by: \.from)
    var count = 0
    var open = [device]
    while let next = open.popLast() {
      let below = children[next] ?? []
      count += below.count
      open += below.map(\.to)
    }
    return count
  }

  /// Weight of "some parent that is not in the evidence".
  private static func unseen(_ scene: Scene, _ members: [Int]) -> Double {
    guard scene.contact != nil else { return 0.1 }
    // Entities that no failed neighbour explains show how many links the topology lacks.
    let alone = members.count { FailedNeighbour.parents(of: $0, in: scene).isEmpty }
    return min(0.6, 0.1 + 1.5 * Double(max(0, alone - 1)) / Double(max(1, members.count)))
  }

  init(_ scene: Scene, _ members: [Int], roots: Set<Int>, judged: [UInt64: Bool] = [:]) {
    let unseen = Self.unseen(scene, members)
    var parentOf = [Int32](repeating: -1, count: scene.time.count)
    func closesCycle(_ parent: Int, _ child: Int) -> Bool {
      var next = parent
      while next >= 0 {
        if next == child { return true }
        next = Int(parentOf[next])
      }
      return false
    }
    best.reserveCapacity(members.count)
    var ranked: [ParentCandidate] = []
    for child in members where !roots.contains(child) && scene.hasFailed(child) {
      ranked.removeAll(keepingCapacity: true)
      var total = unseen
      for evidence in allCausalEvidence {
        // One kind names a parent once.
        let others = ranked.count
        for candidate in evidence.parents(of: child, in: scene) where candidate.parent != child {
          var candidate = candidate
          if let isAccepted = judged[Judgements.key(candidate.parent, child)] {
            guard isAccepted else { continue }
            candidate.weight = 100
            candidate.most = 1
            candidate.isGuess = false
          }
          total += candidate.weight
          if let known = ranked[..<others].firstIndex(where: { $0.parent == candidate.parent }) {
            if ranked[known].weight < candidate.weight { ranked[known].kind = candidate.kind }
            ranked[known].weight += candidate.weight
            // What two kinds of evidence say is doubted by neither.
            ranked[known].most = max(ranked[known].most, candidate.most)
            ranked[known].isGuess = ranked[known].isGuess && candidate.isGuess
          } else {
            ranked.append(candidate)
          }
        }
      }
      ranked.sort { ($0.weight, $1.parent) > ($1.weight, $0.parent) }
      for candidate in ranked.prefix(5) {
        let edge = Edge(
          from: candidate.parent, to: child, kind: candidate.kind, probability: candidate.weight / total,
          most: candidate.most, isGuess: candidate.isGuess)
        if parentOf[child] < 0, !closesCycle(candidate.parent, child) {
          parentOf[child] = Int32(candidate.parent)
          best.append(edge)
        } else if edge.probability >= 0.02 {
          alternatives.append(edge)
        }
      }
    }
  }
}
