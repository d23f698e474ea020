/// Everything failed in the moment in which one provider had trouble of its own: the provider took it all along
/// directly, and the order of the onsets is that of the clocks. Who failed minutes before it may have a wrong clock, and is doubted; who failed
/// longer before did not fail of it.
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
    let lead = scene.time[child] - scene.time[culprit]
    guard lead > -longestError else { return [] }
    var candidate = ParentCandidate(parent: culprit, weight: 3, kind: kind)
    if lead < -usualError { candidate.most = mostAgainstOrder }
    return [candidate]
  }

  /// Seconds by which clocks that nobody set are off, mostly and at most, as far as they are not by hours.
  static let usualError = 120.0
  private static let longestError = 900.0
  /// How sure it is at most against the order of the stamps (fitted to nothing).
  private static let mostAgainstOrder = 0.5
}
