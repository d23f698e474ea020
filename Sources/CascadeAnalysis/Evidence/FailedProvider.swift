internal import Glibc

/// Something that the entity depends on failed before it.
///
/// The nearest failed provider is the likeliest, as failures pass it on the way; a provider whose own onset was seen
/// a little late still counts. Further ones keep a small share.
enum FailedProvider: CausalEvidence {
  static let kind = SpreadEdge.Kind.dependency

  static let example = WorkedExample(
    words: "Broker and gateway fail, then a device behind them: the gateway is nearer.",
    links: [
      ("broker", "g1", "up"), ("broker", "g2", "up"), ("broker", "g3", "up"), ("g1", "a", "serves"),
      ("g1", "b", "serves"), ("g1", "c", "serves"), ("g2", "d", "serves"), ("g2", "e", "serves"),
      ("g3", "f", "serves"), ("g3", "g", "serves"),
    ],
    onsets: [("broker", 0), ("g1", 30), ("a", 50)], child: "a", parent: "g1")

  static func parents(of child: Int, in scene: Scene) -> [ParentCandidate] {
    let share = 1 - scene.cohort[child]
    guard share > 0 else { return [] }
    var result: [ParentCandidate] = []
    for (ancestor, distance) in scene.fleet.ancestors(of: child) {
      let lead = scene.time[child] - scene.time[Int(ancestor)]
      let isPlain = !scene.fleet.isShared[child]
      guard lead < .infinity, lead > (isPlain ? -3 * scene.slack : -scene.slack / 4) else { continue }
      let order = lead >= 0 ? 1 : exp(lead / scene.slack)
      result.append(
        ParentCandidate(
          parent: Int(ancestor), weight: 2 * share * order * pow(0.2, Double(distance - 1)), kind: kind))
    }
    return result
  }
}
