public import IncidentModel

/// Finds devices that others hang on: gateways and brokers on their way. Taking one of them out takes the others out too,
/// and takes away the way to bring them back.
public enum Carriers {
  /// Kinds of links between equals: they do not say who hangs on whom.
  private static let equals: Set<String> = ["link", "adjacent", "peer", "neighbour", "neighbor", "contact"]

  /// Which entities each entity hangs on, directly.
  ///
  /// Topologies write the direction either way (`gateway,device,serves`; `device,gateway,uplink`). The end that stands
  /// fewer times is the one that carries, counted for each kind of link; with as many on both sides, `from` hangs on
  /// `to`, as documented for dependencies. Linear in the number of links.
  private static func carriers(_ topology: Topology) -> [String: [String]] {
    var froms: [String: Set<String>] = [:]
    var tos: [String: Set<String>] = [:]
    for link in topology.links where !equals.contains(link.kind.lowercased()) {
      froms[link.kind, default: []].insert(link.from)
      tos[link.kind, default: []].insert(link.to)
    }
    var carriers: [String: [String]] = [:]
    for link in topology.links where link.from != link.to {
      guard let from = froms[link.kind], let to = tos[link.kind] else { continue }
      if from.count < to.count {
        carriers[link.to, default: []].append(link.from)
      } else {
        carriers[link.from, default: []].append(link.to)
      }
    }
    return carriers
  }

  /// The devices of the inventory that hang on each selected device, directly or over others, in the inventory's order;
  /// selected devices on which none hangs are left out. Whether those that hang on it are selected too does not matter.
  public static func dependants(
    of selected: [String], topology: Topology, inventory: Inventory
  ) -> [String: [String]] {
    var carried: [String: [String]] = [:]
    for (entity, above) in carriers(topology) {
      for carrier in above { carried[carrier, default: []].append(entity) }
    }
    var result: [String: [String]] = [:]
    for device in Set(selected) where carried[device] != nil {
      var reached: Set<String> = [device]
      var queue = [device]
      var next = 0
      while next < queue.count {
        for entity in carried[queue[next]] ?? [] where reached.insert(entity).inserted {
          queue.append(entity)
        }
        next += 1
      }
      let rows = queue.dropFirst().compactMap { inventory.rowOfDevice[$0] }.sorted()
      if !rows.isEmpty { result[device] = rows.map { inventory.devices[$0] } }
    }
    return result
  }
}
