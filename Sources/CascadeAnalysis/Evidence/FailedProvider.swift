internal import Glibc

/// Something that the entity depends on failed before it.
///
/// The nearest failed provider is the likeliest, as failures pass it on the way; a provider whose own onset was seen
/// a little late still counts. Further ones keep a small share. Where one fails long after what it hangs on, of which nobody else failed
/// soon, and others that hang on it did not fail at all, the one may have nothing to do with the other.
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
      var candidate = ParentCandidate(
        parent: Int(ancestor), weight: 2 * share * order * pow(0.2, Double(distance - 1)), kind: kind)
      candidate.isGuess = scene.fleet.guessedScopes[Int(ancestor)] != nil
      if distance == 1, lead > Scene.soon, standsAlone(Int(ancestor), in: scene) {
        candidate.most = mostAlone
      }
      result.append(candidate)
    }
    return result
  }

  /// How sure it is at most that one of several failed, and late, of what it hangs on (fitted to nothing).
  private static let mostAlone = 0.5

  /// Whether nobody failed soon after a provider, and somebody that hangs directly on it did not fail.
  private static func standsAlone(_ provider: Int, in scene: Scene) -> Bool {
    !scene.followers.isEmpty && scene.followers[provider] == 0
      && scene.fleet.dependants[provider].contains { !scene.hasFailed(Int($0)) }
  }
}
