/// A neighbour's numbers left their usual range before the child's did, and trouble runs that way along such links.
enum DriftedNeighbour: CausalEvidence {
  static let kind = SpreadEdge.Kind.dependency

  static let example = WorkedExample(
    words: "In a chain of calls each service slows down a minute after the one that it calls.",
    links: [("a", "b", "calls"), ("b", "c", "calls"), ("c", "d", "calls"), ("d", "e", "calls")],
    onsets: [("e", 0), ("d", 60), ("c", 120), ("b", 180), ("a", 240)], isTelemetry: true, child: "c",
    parent: "d")

  static func parents(of child: Int, in scene: Scene) -> [ParentCandidate] {
    guard let telemetry = scene.telemetry else { return [] }
    return telemetry.parents(of: child, at: scene.time).map {
      ParentCandidate(parent: $0.device, weight: 2 * $0.weight, kind: kind)
    }
  }
}
