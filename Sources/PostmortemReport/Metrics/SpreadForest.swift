import CascadeAnalysis
import IncidentModel

/// The spread with one parent for each device: the most probable edge, ties by name. Edges that would close a cycle are
/// dropped, so that generations exist.
struct SpreadForest {
  /// One device of the forest.
  struct Node {
    var device: String
    var time: Instant?
    /// Index of the parent; -1 at a root.
    var parent: Int
    /// The edge from the parent.
    var edge: SpreadEdge?
    var children: [Int] = []
    /// 0 at a root.
    var generation = 0
    /// Nodes in the subtree, this one included.
    var size = 1
  }
  /// In order of (time, name); nodes without a time last.
  private(set) var nodes: [Node] = []
  /// Nodes without a parent that have children.
  private(set) var roots: [Int] = []
  /// Affected devices with neither parent nor children: nothing explains them.
  private(set) var unexplained: [Int] = []
  /// Edges that would have closed a cycle.
  private(set) var droppedEdges = 0

  init(_ incident: Incident) {
    var best: [String: SpreadEdge] = [:]
    for edge in incident.edges where edge.from != edge.to {
      guard let old = best[edge.to] else {
        best[edge.to] = edge
        continue
      }
      if (edge.probability, old.from) > (old.probability, edge.from) { best[edge.to] = edge }
    }
    var times: [String: Instant] = [:]
    var names: Set<String> = []
    for onset in incident.onsets {
      names.insert(onset.device)
      if Format.isPlausible(onset.time) {
        times[onset.device] = min(times[onset.device] ?? onset.time, onset.time)
      }
    }
    for edge in best.values {
      names.insert(edge.from)
      names.insert(edge.to)
    }
    // Parents that failed nowhere (an update service) stand where their first change was announced.
    for change in incident.changes {
      if let actor = change.actor, times[actor] == nil, names.contains(actor) {
        times[actor] = min(times[actor] ?? change.start, change.start)
      }
    }
    let order = names.sorted { a, b in
      let (ta, tb) = (times[a]?.nanoseconds ?? .max, times[b]?.nanoseconds ?? .max)
      return ta == tb ? a < b : ta < tb
    }
    var index: [String: Int] = [:]
    for (position, name) in order.enumerated() { index[name] = position }
    nodes = order.map { Node(device: $0, time: times[$0], parent: -1) }
    // Edges from an earlier to a later node cannot close a cycle; only the others are checked.
    for backward in [false, true] {
      for position in nodes.indices {
        guard let edge = best[nodes[position].device], let parent = index[edge.from],
          (parent > position) == backward
        else { continue }
        var ancestor = backward ? parent : -1
        while ancestor >= 0, ancestor != position { ancestor = nodes[ancestor].parent }
        if ancestor == position {
          droppedEdges += 1
          continue
        }
        nodes[position].parent = parent
        nodes[position].edge = edge
        nodes[parent].children.append(position)
      }
    }
    var stack: [Int] = []
    for position in nodes.indices where nodes[position].parent < 0 {
      if nodes[position].children.isEmpty { unexplained.append(position) } else { roots.append(position) }
      stack.append(position)
    }
    // Parents before children, then sizes from the back.
    var preorder: [Int] = []
    while let position = stack.popLast() {
      preorder.append(position)
      for child in nodes[position].children {
        nodes[child].generation = nodes[position].generation + 1
        stack.append(child)
      }
    }
    for position in preorder.reversed() where nodes[position].parent >= 0 {
      nodes[nodes[position].parent].size += nodes[position].size
    }
  }

  /// True where the edge to a node counts as observed: events speak of it and its probability is 0.9 or more.
  func isObserved(_ position: Int) -> Bool {
    guard let edge = nodes[position].edge else { return true }
    return edge.probability >= 0.9 && !edge.evidence.isEmpty
  }
}
