public import IncidentModel
import PlaybookModel

/// Columns of the inventory that say where a step reaches a device.
struct BoundColumns: Sendable {
  /// All that its variables take their values from.
  var all: [String] = []
  /// Those of them that name the machine which the commands go to.
  var ofPlace: [String] = []
  /// Those of them that hold addresses without naming that machine: what a gateway is told to block.
  var ofText: [String] = []
  /// The column of its ports; nil where all devices have the same.
  var port: String?
  /// The port that all devices have; nil where none is known.
  var samePort: Int?

  init(_ step: WorkflowStep, _ action: ActionStep, _ plan: ExecutionPlan) {
    guard let rollout = action.rollout, rollout.group == nil else { return }
    var columnOf: [String: String] = [:]
    var families: Set<String> = []
    for binding in rollout.bindings {
      for prefix in ["inventory.", ExecutionPlan.familySource] where binding.source.hasPrefix(prefix) {
        let column = String(binding.source.dropFirst(prefix.count))
        columnOf[binding.name] = column
        if prefix != "inventory." { families.insert(column) }
        if !all.contains(column) { all.append(column) }
      }
    }
    guard !columnOf.isEmpty else { return }
    let targets = action.targets.compactMap { plan.playbook.targets[$0] }
    func columns(in texts: [String]) -> [String] {
      texts.flatMap { VariableReference.all(in: $0) }.compactMap { columnOf[$0.name] }
    }
    ofPlace = columns(in: targets.flatMap { $0.address.values.flatMap(\.self) })
    ofText = all.filter {
      !ofPlace.contains($0) && (families.contains($0) || InventoryColumn.isAddress($0))
    }
    port = columns(in: targets.compactMap(\.port)).first ?? all.first(where: InventoryColumn.isPort)
    guard port == nil else { return }
    let written = targets.compactMap(\.port).first
    let known = written.flatMap { text -> Int? in
      guard let use = VariableReference.all(in: text).first else { return Int(text) }
      return plan.value(of: use.name, in: step).flatMap { Int($0) }
    }
    samePort = written == nil ? Self.standardPort(action.commands.first?.type) : known
  }

  private static func standardPort(_ type: CommandType?) -> Int? {
    switch type {
    case CommandType.ssh: 22
    case CommandType.httpAPI: 80
    case CommandType.mqtt: 1883
    default: nil
    }
  }
}

/// Devices of a plan whose address the inventory has for another device, too: under two names one machine would be acted on
/// twice at once, and under a name that no interlock holds.
///
/// Two rows have the same address when the commands of a step would reach the same place for both (host and port), or when an
/// address that a step puts into a command is an address of the other. Of the other row every column of addresses counts.
public struct SharedPlaces: Sendable {
  /// Another device with a device's address.
  public struct Sharer: Sendable, Hashable {
    /// The other device's name.
    public var device: String
    /// The address as the plan has it.
    public var address: String
  }
  private var ofPlace: [String: Sharer] = [:]
  private var ofText: [String: Sharer] = [:]

  /// Looks for the addresses of some devices, with their values of the plan's columns.
  ///
  /// They are asked for only where a step takes an address from the inventory: a million devices need not be made for nothing.
  init(
    _ plan: ExecutionPlan, inventory: Inventory,
    devices: @autoclosure () -> [(name: String, values: [String])]
  ) {
    var isDone: Set<[String]> = []
    var read: [(name: String, values: [String])]?
    for (step, action) in plan.actionSteps {
      let bound = BoundColumns(step, action, plan)
      for (columns, isPlace) in [(bound.ofPlace, true), (bound.ofText, false)] {
        for column in Set(columns).sorted() {
          // Steps mostly reach a device at the same place.
          let key = [column, "\(isPlace)", bound.port ?? "", bound.samePort.map(String.init) ?? ""]
          guard isDone.insert(key).inserted, let index = plan.columns.firstIndex(of: column) else { continue }
          let devices = read ?? devices()
          read = devices
          let found = Self.sharers(bound, index, isPlace, plan, inventory, devices)
          if isPlace { ofPlace.merge(found) { a, _ in a } } else { ofText.merge(found) { a, _ in a } }
        }
      }
    }
  }

  /// For the targets of a plan, in an inventory that may be a later one.
  public init(_ plan: ExecutionPlan, inventory: Inventory) {
    self.init(plan, inventory: inventory, devices: plan.targets.map { ($0.device, $0.values) })
  }

  /// Another device with the address of this one; with `placesOnly` only where commands would go to it.
  public func sharer(of device: String, placesOnly: Bool = false) -> Sharer? {
    ofPlace[device] ?? (placesOnly ? nil : ofText[device])
  }

  private static func sharers(
    _ bound: BoundColumns, _ column: Int, _ isPlace: Bool, _ plan: ExecutionPlan, _ inventory: Inventory,
    _ devices: [(name: String, values: [String])]
  ) -> [String: Sharer] {
    let planPort = bound.port.flatMap { plan.columns.firstIndex(of: $0) }
    // What is put into a command reaches all of a host, unless a port of the device's own goes with it.
    let ignoresPorts = !isPlace && bound.port == nil
    func key(_ value: String, _ port: () -> Int?) -> String? {
      guard let place = NetworkPlace(value) else { return nil }
      if ignoresPorts { return place.host }
      return "\(place.host) \((place.port ?? port()).map(String.init) ?? "")\(place.path)"
    }
    var found: [String: Sharer] = [:]
    var owners: [String: (device: String, address: String)] = [:]
    for device in devices {
      let value = device.values[column]
      guard let key = key(value, { planPort.map { Int(device.values[$0]) } ?? bound.samePort }) else {
        continue
      }
      if let other = owners[key] {
        if other.device == device.name { continue }
        found[device.name] = Sharer(device: other.device, address: value)
        if found[other.device] == nil {
          found[other.device] = Sharer(device: device.name, address: other.address)
        }
      } else {
        owners[key] = (device.name, value)
      }
    }
    guard !owners.isEmpty else { return found }
    let rowPort = bound.port.flatMap { inventory.attributes.firstIndex(of: $0) }
    for (index, name) in inventory.attributes.enumerated()
    where name == plan.columns[column] || InventoryColumn.isAddress(name) {
      // Each distinct value is read once, where the port is not the row's.
      let keys = rowPort == nil ? inventory.values[index].map { key($0) { bound.samePort } } : []
      for (row, device) in inventory.devices.enumerated() {
        let here =
          rowPort.map { port in
            key(inventory.value(row: row, attribute: index)) {
              Int(inventory.value(row: row, attribute: port))
            }
          } ?? keys[Int(inventory.code(row: row, attribute: index))]
        guard let here, let owner = owners[here], owner.device != device else { continue }
        if found[owner.device] == nil { found[owner.device] = Sharer(device: device, address: owner.address) }
        if found[device] == nil { found[device] = Sharer(device: owner.device, address: owner.address) }
      }
    }
    return found
  }
}
