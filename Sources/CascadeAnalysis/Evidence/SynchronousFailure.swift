/// Everything failed in the moment in which one provider had trouble of its own: the provider took it all along
/// directly, and the order of the onsets is that of the clocks.
enum SynchronousFailure: CausalEvidence {
  static let kind = SpreadEdge.Kind.dependency

  static let example = WorkedExample(
    words:
      "A sign-in service's certificate ends; all devices fail in that second, some by their clocks before it.",
    links: [
      ("signin", "g1", "up"), ("signin", "g2", "up"), ("g1", "a", "serves"), ("g1", "b", "serves"),
      ("g2", "c", "serves"), ("g2", "d", "serves"),
    ],
    onsets: [("signin", 100), ("a", 20), ("b", 101), ("c", 100), ("d", 160)], culprit: "signin", child: "a",
    parent: "signin")

  static func parents(of child: Int, in scene: Scene) -> [ParentCandidate] {
    guard let culprit = scene.culprit, culprit != child, scene.hasFailed(culprit) else { return [] }
    // Whoever is known to hang on something else does not hang on it.
    let above = scene.fleet.ancestors(of: child)
    // Nor does what the culprit itself hangs on.
    guard !scene.fleet.hangs(culprit, on: child) else { return [] }
    guard
      above.isEmpty && scene.fleet.contacts[child].isEmpty
        || above.contains(where: { Int($0.device) == culprit })
    else { return [] }
    return [ParentCandidate(parent: culprit, weight: 3, kind: kind)]
  }
}
