import IncidentModel
import PlaybookModel
import PlaybookRunner

/// Finds the device of the inventory that a text means: by its name, in whatever letters, by a host name whose first label it is,
/// or by an address in one of its columns.
struct ListedNames {
  private let inventory: Inventory
  private let rowByHost: [String: Int]

  init(_ inventory: Inventory) {
    self.inventory = inventory
    var rows: [String: Int] = [:]
    var doubtful: Set<String> = []
    func add(_ host: String, _ row: Int) {
      if let known = rows[host], known != row { doubtful.insert(host) } else { rows[host] = row }
    }
    for (row, name) in inventory.devices.enumerated() { add(NetworkPlace.host(name), row) }
    for (column, name) in inventory.attributes.enumerated() where InventoryColumn.isAddress(name) {
      let hosts = inventory.values[column].map { NetworkPlace($0)?.host }
      for row in 0..<inventory.count {
        if let host = hosts[Int(inventory.code(row: row, attribute: column))] { add(host, row) }
      }
    }
    // What two devices are called is nobody's name.
    for host in doubtful { rows[host] = nil }
    rowByHost = rows
  }

  /// The device's name as the inventory writes it; nil where it lists none.
  func device(_ text: String) -> String? {
    if inventory.rowOfDevice[text] != nil { return text }
    let host = NetworkPlace(text)?.host ?? NetworkPlace.host(text)
    if let row = rowByHost[host] { return inventory.devices[row] }
    guard !NetworkText.isIPv4(host), !NetworkText.isIPv6(host) else { return nil }
    return rowByHost[String(host.prefix { $0 != "." })].map { inventory.devices[$0] }
  }
}
