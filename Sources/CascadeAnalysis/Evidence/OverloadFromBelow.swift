internal import Glibc

/// Failing dependants overload what they depend on: reconnects, retries, a flood.
///
/// Where a layer of shared infrastructure lies between, the overload comes up through its first failed member;
/// otherwise the last dependants that failed before stand for the flood.
enum OverloadFromBelow: CausalEvidence {
  static let kind = SpreadEdge.Kind.overload

  static let example = WorkedExample(
    words: "Two updated devices fail and reconnect in a loop; then their broker gives up.",
    links: [
      ("broker", "a", "serves"), ("broker", "b", "serves"), ("broker", "c", "serves"),
      ("broker", "d", "serves"),
    ],
    onsets: [("a", 10), ("b", 40), ("broker", 60), ("c", 70)], cohort: ["a", "b"], child: "broker",
    parent: "b")

  static func parents(of child: Int, in scene: Scene) -> [ParentCandidate] {
    guard scene.fleet.isShared[child] else { return [] }
    let own = scene.time[child]
    let below = scene.fleet.dependants[child].map { Int($0) }
    let layer = below.filter { scene.fleet.isShared[$0] && scene.time[$0] < own }
      .sorted { (scene.time[$0], $0) < (scene.time[$1], $1) }
    if let first = layer.first {
      var result = [ParentCandidate(parent: first, weight: 0.6, kind: kind)]
      for other in layer.dropFirst().prefix(3) {
        result.append(ParentCandidate(parent: other, weight: 0.15, kind: kind))
      }
      return result
    }
    let flood = scene.fleet.descendants(of: child).map { Int($0) }
      .filter { !scene.fleet.isShared[$0] && scene.time[$0] < own && scene.cohort[$0] > 0.5 }
      .sorted { (-scene.time[$0], $0) < (-scene.time[$1], $1) }
    return flood.prefix(4).enumerated().map { rank, device in
      ParentCandidate(parent: device, weight: 0.4 * pow(0.5, Double(rank)), kind: kind)
    }
  }
}
