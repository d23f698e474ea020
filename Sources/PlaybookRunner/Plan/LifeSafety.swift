public import IncidentModel
import PlaybookModel

/// Lives hang on some devices, and a playbook may not know how an inventory says so. Whoever a column of life safety does not say "no"
/// of is acted on only where an interlock of every step that acts asks that very column, or the operator named the device.
///
/// Steps that only look act on nobody, and an action for all together whose members nobody can list hits the same whoever is named.
public struct LifeSafety: Sendable {
  private let inventory: Inventory
  /// Columns with what is to be said of a device, by code of its value; nil for a "no".
  private let columns: [(index: Int, reasons: [String?])]

  /// What an inventory says of the devices of a playbook's steps.
  public init(_ plan: ExecutionPlan, _ inventory: Inventory) {
    self.inventory = inventory
    let acting = plan.actionSteps.filter { $0.action.needsLifeSafety }.compactMap(\.action.rollout)
    guard !acting.isEmpty else {
      columns = []
      return
    }
    columns = inventory.attributes.enumerated().compactMap { index, name in
      guard InventoryColumn.isLifeSafety(name),
        !acting.allSatisfy({ $0.interlocks.contains { $0.attribute == name } })
      else { return nil }
      let reasons = inventory.values[index].map { value -> String? in
        if InventoryWord.isNo(value) { return nil }
        let said =
          value.isEmpty ? "the inventory does not say its '\(name)'" : "its '\(name)' is '\(value)'"
        return
          "\(said), and no interlock of the playbook asks that column everywhere; \(Self.option) takes it all the same"
      }
      return (index, reasons)
    }
  }

  /// The option that names devices which are acted on all the same.
  static let option = "--include-life-safety"
  /// Code of devices that are left out for it.
  static let code = "life-safety"

  /// Why a device is left out; nil where nothing is said against it.
  public func reason(_ device: String) -> String? {
    guard !columns.isEmpty, let row = inventory.rowOfDevice[device] else { return nil }
    return columns.lazy.compactMap { $0.reasons[Int(inventory.code(row: row, attribute: $0.index))] }.first
  }

  /// The first of some devices that are left out and that were not named.
  func heldBack(_ devices: [String], named: (String) -> Bool) -> (device: String, reason: String)? {
    guard !columns.isEmpty else { return nil }
    return devices.lazy.compactMap { device in reason(device).map { (device, $0) } }.first { !named($0.0) }
  }
}

extension ActionStep {
  /// True where it does something to devices one by one, or to the members of a group.
  var needsLifeSafety: Bool {
    guard let rollout, !onlyLooks else { return false }
    return rollout.group.map { !$0.members.isEmpty } ?? true
  }
}
