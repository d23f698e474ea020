/// The entity's own failure messages name another entity that failed before: a hint of a dependency that no
/// topology need tell.
enum NamedCulprit: CausalEvidence {
  static let kind = SpreadEdge.Kind.dependency

  static let example = WorkedExample(
    words:
      "Two devices log that they lost the same server, which failed a moment earlier. No topology is known.",
    onsets: [("server", 0), ("a", 5), ("b", 9)], naming: [("a", "server"), ("b", "server")], child: "b",
    parent: "server")

  static func parents(of child: Int, in scene: Scene) -> [ParentCandidate] {
    let share = 1 - scene.cohort[child]
    var result: [ParentCandidate] = []
    for named in scene.named[child] ?? [] where Int(named) != child {
      let lead = scene.time[child] - scene.time[Int(named)]
      guard share > 0, lead < .infinity, lead > -scene.slack else { continue }
      // Who names what hangs on it does not depend on that.
      guard !scene.fleet.hangs(Int(named), on: child) || scene.fleet.hangs(child, on: Int(named)) else {
        continue
      }
      // Where a failure spreads among alike entities, naming a peer (a login from it) is contact, not dependence.
      let isShared = scene.fleet.isShared[Int(named)]
      result.append(
        ParentCandidate(
          parent: Int(named), weight: (isShared ? 0.8 : 4) * share,
          kind: scene.contact != nil && !isShared ? .link : kind))
    }
    return result
  }
}
