public import IncidentModel

/// Finds devices that other targets hang on: gateways and brokers on their way. Taking one of them out takes the others
/// out too, and takes away the way to bring them back.
public enum Carriers {
  /// Kinds of links between equals: they do not say who hangs on whom.
  private static let equals: Set<String> = ["link", "adjacent", "peer", "neighbour", "neighbor", "contact"]

  /// The selected devices that another selected device hangs on, directly or over others, each with one such device.
  ///
  /// Topologies write the direction either way (`gateway,device,serves`; `device,gateway,uplink`). The end that stands
  /// fewer times is the one that carries, counted for each kind of link; with as many on both sides, `from` hangs on
  /// `to`, as documented for dependencies. Linear in the number of links.
  public static func among(_ selected: [String], topology: Topology) -> [String: String] {
    var froms: [String: Set<String>] = [:]
    var tos: [String: Set<String>] = [:]
    for link in topology.links where !equals.contains(link.kind.lowercased()) {
      froms[link.kind, default: []].insert(link.from)
      tos[link.kind, default: []].insert(link.to)
    }
    var carriers: [String: [String]] = [:]
    for link in topology.links {
      guard let from = froms[link.kind], let to = tos[link.kind] else { continue }
      if from.count < to.count {
        carriers[link.to, default: []].append(link.from)
      } else {
        carriers[link.from, default: []].append(link.to)
      }
    }
    // From every selected device upwards, each entity once, with the device that led there first.
    var carried: [String: String] = [:]
    var queue = selected.map { (entity: $0, device: $0) }
    var next = 0
    while next < queue.count {
      let (entity, device) = queue[next]
      next += 1
      for carrier in carriers[entity] ?? [] where carrier != device && carried[carrier] == nil {
        carried[carrier] = device
        queue.append((carrier, device))
      }
    }
    let chosen = Set(selected)
    return carried.filter { chosen.contains($0.key) }
  }
}
