import IncidentModel
import PlaybookRunner
import TimelineStore

/// The devices of a case as its inventory and its topology have them now: read once for all that is asked of them.
struct CaseFleet {
  let inventory: Inventory
  private let topology: Topology

  init(_ reader: CaseReader) throws {
    // No event has the id 0: this reads the fleet alone.
    let evidence = try reader.loadEvidence(matching: "id:0").evidence
    inventory = evidence.inventory
    topology = Self.topology(evidence)
  }

  /// By device the devices that hang on it; those on which none does are left out.
  func dependants(of devices: [String]) -> [String: [String]] {
    Carriers.dependants(of: devices, topology: topology, inventory: inventory)
  }

  /// The devices that hang on some.
  func hanging(on devices: [String]) -> Set<String> { Set(dependants(of: devices).values.joined()) }

  /// The links of the case; the inventory's column `gateway` is topology too.
  private static func topology(_ fleet: IncidentEvidence) -> Topology {
    var topology = fleet.topology
    let inventory = fleet.inventory
    if let column = inventory.attributes.firstIndex(of: "gateway") {
      for (row, device) in inventory.devices.enumerated() {
        let gateway = inventory.value(row: row, attribute: column)
        if !gateway.isEmpty {
          topology.links.append(.init(from: device, to: gateway, kind: "gateway column"))
        }
      }
    }
    // Gateways are written by address or host name as often as by what the inventory calls them.
    let names = ListedNames(inventory)
    for index in topology.links.indices {
      topology.links[index].from = names.device(topology.links[index].from) ?? topology.links[index].from
      topology.links[index].to = names.device(topology.links[index].to) ?? topology.links[index].to
    }
    return topology
  }
}
