internal import IncidentModel

/// The parents that one child may have beside its best one, by child.
///
/// Those that overload somebody do it together and do not compete.
struct RivalParents {
  /// Whether most have one possible parent or many have several: in a dense net, a parent that seems to have no rival often
  /// has one over a link that is missing from the topology.
  let density: String
  /// Where the alternatives of a child lie.
  private var groups: [Range<Int>] = []
  /// The group of each best edge; -1: none.
  private var groupOf: [Int32]

  init(_ incident: Incident) {
    let (edges, alternatives) = (incident.edges, incident.alternatives)
    density = Double(alternatives.count) >= 0.55 * Double(edges.count) ? "dense" : "sparse"
    // They come child by child.
    var start = 0
    for index in alternatives.indices where alternatives[index].to != alternatives[start].to {
      groups.append(start..<index)
      start = index
    }
    if !alternatives.isEmpty { groups.append(start..<alternatives.count) }
    groupOf = [Int32](repeating: -1, count: edges.count)
    guard !groups.isEmpty else { return }
    let index = NameIndex(groups) { alternatives[$0.lowerBound].to }
    for position in edges.indices {
      let child = edges[position].to
      let group = index.find(ContentHash.of(child)) { alternatives[groups[$0].lowerBound].to == child }
      groupOf[position] = Int32(group ?? -1)
    }
  }

  /// Whether the child of the best edge at an index may have another parent.
  func hasRival(_ index: Int) -> Bool { groupOf[index] >= 0 }

  /// A child has one parent: together its possible ones cannot be surer than certain, and none is surer than the best. The
  /// best keeps its probability and the others share what it leaves; where the curves make others surer than the best, those
  /// and the best have their mean (pool adjacent violators).
  func reconcile(_ incident: inout Incident, _ judgements: Judgements) {
    var bestOf = [Int32](repeating: -1, count: groups.count)
    for index in incident.edges.indices where groupOf[index] >= 0 && incident.edges[index].kind != .overload {
      bestOf[Int(groupOf[index])] = Int32(index)
    }
    for (group, range) in groups.enumerated() {
      var others = range.filter { incident.alternatives[$0].kind != .overload }
      guard !others.isEmpty else { continue }
      let best = Int(bestOf[group])
      let left = best < 0 ? 1 : 1 - incident.edges[best].probability
      let room = min(1, left / max(1e-9, others.reduce(0) { $0 + incident.alternatives[$1].probability }))
      for index in others { incident.alternatives[index].probability *= room }
      guard best >= 0 else { continue }
      guard !judgements.decides(incident.edges[best].to) else {
        for index in others {
          incident.alternatives[index].probability = min(
            incident.edges[best].probability, incident.alternatives[index].probability)
        }
        continue
      }
      others.sort { incident.alternatives[$0].probability > incident.alternatives[$1].probability }
      var (sum, count) = (incident.edges[best].probability, 1)
      for index in others where incident.alternatives[index].probability > sum / Double(count) {
        sum += incident.alternatives[index].probability
        count += 1
      }
      guard count > 1 else { continue }
      incident.edges[best].probability = sum / Double(count)
      for index in others.prefix(count - 1) { incident.alternatives[index].probability = sum / Double(count) }
    }
  }
}
