public import CascadeAnalysis
public import IncidentModel

/// The spread of an incident as trees, as the report draws it: one parent for each device, no cycles.
public struct PageForest: Sendable {
  /// One device.
  public struct Node: Sendable {
    /// Its name.
    public var device: String
    /// When it failed; nil where that is not known.
    public var time: Instant?
    /// Position of the parent; -1 at a root.
    public var parent: Int
    /// The edge from the parent.
    public var edge: SpreadEdge?
    /// Positions of the children, earliest first.
    public var children: [Int]
    /// 0 at a root.
    public var generation: Int
    /// Nodes in the subtree, this one included.
    public var size: Int
    /// The edge rests on events and has a probability of at least nine tenths.
    public var isObserved: Bool
  }
  /// In order of time and name.
  public let nodes: [Node]
  /// Nodes without a parent that have children.
  public let roots: [Int]
  /// Failed devices with neither parent nor children.
  public let unexplained: [Int]
  /// Position by name.
  public let position: [String: Int]

  /// The trees of an incident.
  public init(_ incident: Incident) {
    let forest = SpreadForest(incident)
    nodes = forest.nodes.indices.map { index in
      let node = forest.nodes[index]
      return Node(
        device: node.device, time: node.time, parent: node.parent, edge: node.edge, children: node.children,
        generation: node.generation, size: node.size, isObserved: forest.isObserved(index))
    }
    roots = forest.roots
    unexplained = forest.unexplained
    var index: [String: Int] = [:]
    for (position, node) in forest.nodes.enumerated() { index[node.device] = position }
    position = index
  }
}
