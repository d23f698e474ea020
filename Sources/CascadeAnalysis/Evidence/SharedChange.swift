/// The change itself made the entity fail; its parent is whoever rolled the change out.
enum SharedChange: CausalEvidence {
  static let kind = SpreadEdge.Kind.change

  static let example = WorkedExample(
    words: "The update service rolls out; two updated devices fail, and their neighbourhood does not matter.",
    links: [("hub", "a", "serves"), ("hub", "b", "serves"), ("hub", "c", "serves"), ("hub", "d", "serves")],
    onsets: [("a", 10), ("b", 20), ("hub", 5)], cohort: ["a", "b"], actor: "rollout", child: "b",
    parent: "rollout")

  static func parents(of child: Int, in scene: Scene) -> [ParentCandidate] {
    guard let actor = scene.actor, actor != child, scene.cohort[child] > 0 else { return [] }
    return [ParentCandidate(parent: actor, weight: 4 * scene.cohort[child], kind: kind)]
  }
}
