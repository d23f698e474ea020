internal import Glibc

/// A neighbour failed before: contact spread over links between alike entities.
///
/// Each failed neighbour weighs as much as its hazard at the moment of the child's onset (see `ContactCause`).
enum FailedNeighbour: CausalEvidence {
  static let kind = SpreadEdge.Kind.link

  static let example = WorkedExample(
    words: "In a chain of devices each fails a minute after the one before.",
    links: [("a", "b", "link"), ("b", "c", "link"), ("c", "d", "link")],
    onsets: [("a", 0), ("b", 60), ("c", 120), ("d", 180)], child: "c", parent: "b")

  static func parents(of child: Int, in scene: Scene) -> [ParentCandidate] {
    guard let contact = scene.contact, contact.score > 0 else { return [] }
    let share = 1 - scene.cohort[child]
    var weights: [(Int, Double)] = []
    for neighbour in scene.fleet.contacts[child] where scene.hasFailed(Int(neighbour)) {
      let weight = contact.weight(delay: scene.time[child] - scene.time[Int(neighbour)])
      // The hazard is an estimate: taken at its word it would say more than it knows (fitted on generated incidents).
      if weight > 0 { weights.append((Int(neighbour), pow(weight, 0.75))) }
    }
    let sum = weights.reduce(0) { $0 + $1.1 }
    guard sum > 0 else { return [] }
    return weights.map { ParentCandidate(parent: $0.0, weight: share * $0.1 / sum, kind: kind) }
  }
}
