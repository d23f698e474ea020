import CascadeAnalysis
import IncidentModel

/// The most probable parents of an incident as a tree, by number: names may be a million.
struct SpreadTree {
  /// Everybody in it.
  private(set) var names: [String] = []
  /// By entity: how many hang below it.
  private(set) var sizes: [Int] = []
  /// Those without a parent, the most fruitful first.
  private(set) var roots: [Int] = []
  private let edges: [SpreadEdge]
  /// By edge: the entity it leads to.
  private var targets: [Int32] = []
  /// The edges of entity n are `order[start[n]..<start[n + 1]]`.
  private var order: [Int32] = []
  private var start: [Int32] = []

  init(_ incident: Incident) {
    edges = incident.edges
    var index = NameIndex(minimumCapacity: edges.count + 1)
    func entity(_ name: String) -> Int {
      let hash = ContentHash.of(name)
      if let known = index.find(hash, where: { names[$0] == name }) { return known }
      index.add(hash, names.count)
      names.append(name)
      return names.count - 1
    }
    var sources: [Int32] = []
    for edge in edges {
      sources.append(Int32(entity(edge.from)))
      targets.append(Int32(entity(edge.to)))
    }
    start = [Int32](repeating: 0, count: names.count + 1)
    for source in sources { start[Int(source) + 1] += 1 }
    for entity in names.indices { start[entity + 1] += start[entity] }
    var next = start
    order = [Int32](repeating: 0, count: edges.count)
    for (edge, source) in sources.enumerated() {
      order[Int(next[Int(source)])] = Int32(edge)
      next[Int(source)] += 1
    }
    var isTarget = [Bool](repeating: false, count: names.count)
    for target in targets { isTarget[Int(target)] = true }
    roots = names.indices.filter { !isTarget[$0] }
    // Everybody has one parent: whoever is found later hangs below those found before.
    sizes = [Int](repeating: 0, count: names.count)
    var found = roots.map { (entity: $0, parent: -1) }
    var position = 0
    while position < found.count {
      let own = found[position].entity
      for edge in children(of: own) { found.append((target(edge), own)) }
      position += 1
    }
    for (entity, parent) in found.reversed() where parent >= 0 { sizes[parent] += 1 + sizes[entity] }
    roots.sort { (sizes[$0], names[$1]) > (sizes[$1], names[$0]) }
  }

  /// The positions of an entity's edges to those below it.
  func children(of entity: Int) -> ArraySlice<Int32> { order[Int(start[entity])..<Int(start[entity + 1])] }

  /// The entity that an edge leads to.
  func target(_ edge: Int32) -> Int { Int(targets[Int(edge)]) }

  /// The edge itself.
  func edge(_ edge: Int32) -> SpreadEdge { edges[Int(edge)] }

  /// The first few edges to those below an entity, the most fruitful first, without sorting the rest.
  func first(_ count: Int, of entity: Int) -> [Int32] {
    func isBefore(_ a: Int32, _ b: Int32) -> Bool {
      (sizes[target(a)], names[target(b)]) > (sizes[target(b)], names[target(a)])
    }
    var best: [Int32] = []
    for edge in children(of: entity) where best.count < count || isBefore(edge, best[count - 1]) {
      best.insert(edge, at: best.firstIndex { isBefore(edge, $0) } ?? best.count)
      if best.count > count { best.removeLast() }
    }
    return best
  }
}
