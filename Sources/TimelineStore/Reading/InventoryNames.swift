import IncidentModel

/// Other names of listed devices that their rows give: addresses by their shape, and ids by what their column is called. A value
/// of several rows is nobody's name.
///
/// Messages name their peers by address more often than by what the inventory calls them.
enum InventoryNames {
  /// Values that are looked at to tell what a column holds.
  private static let sample = 64
  /// Shorter values are numbers and words of everyday text.
  private static let shortest = 6
  private static let longest = 256

  /// Calls with each such name and its row.
  static func forEach(in inventory: Inventory, _ body: (_ name: String, _ row: Int) -> Void) {
    for column in inventory.attributes.indices {
      let values = inventory.values[column]
      guard holdsNames(inventory.attributes[column], values) else { continue }
      var owner = [Int32](repeating: -1, count: values.count)
      for row in 0..<inventory.count {
        let code = Int(inventory.code(row: row, attribute: column))
        owner[code] = owner[code] == -1 ? Int32(row) : -2
      }
      for (code, row) in owner.enumerated() where row >= 0 && isName(values[code]) {
        body(values[code], Int(row))
      }
    }
  }

  private static func holdsNames(_ attribute: String, _ values: [String]) -> Bool {
    // What a machine runs on is called `host`, too.
    if attribute.lowercased() != "host", AliasScan.kind(ofName: attribute) != nil { return true }
    let given = values.lazy.filter { !$0.isEmpty }.prefix(sample)
    let addresses = given.count { NetworkName.isAddress($0) || NetworkName.mac($0) != nil }
    return addresses > 0 && addresses * 4 >= given.count * 3
  }

  /// A short number turns up in any message.
  private static func isName(_ value: String) -> Bool {
    let length = value.utf8.count
    guard (shortest...longest).contains(length), value != "0.0.0.0" else { return false }
    return length >= 10 || value.utf8.contains { $0 &- 0x30 >= 10 }
  }
}
