extension RolloutPolicy {
  /// When devices may be worked on.
  public struct Maintenance: Sendable, Hashable {
    /// Windows for all devices; empty when only a column says it.
    public var windows: [MaintenanceWindow]
    /// A column of the inventory with the device's own windows, separated by `;`; nil for none.
    public var attribute: String?
    /// Seconds east of UTC.
    public var offset: Int
  }

  /// What a device's battery must hold before it is touched.
  public struct Battery: Sendable, Hashable {
    /// The inventory's column, in per cent.
    public var attribute: String
    /// The least.
    public var floor: Double
  }

  /// What the devices behind one gateway may take together.
  public struct GatewayBudget: Sendable, Hashable {
    /// The inventory's column that names the gateway. Devices without one share a budget.
    public var attribute: String
    /// Devices at the same time; nil for no limit.
    public var maximumInFlight: Int?
    /// Bytes a second; nil for no limit.
    public var bytesPerSecond: Int?
    /// Bytes that a device takes, where no column says it.
    public var bytesPerDevice: Int?
    /// The column with the bytes that a device takes; nil for none.
    public var bytesAttribute: String?
  }

  /// Columns of the inventory that the conditions look at.
  public var conditionAttributes: [String] {
    [
      maintenance?.attribute, battery?.attribute, gatewayBudget?.attribute, gatewayBudget?.bytesAttribute,
    ].compactMap { $0 }
  }

  static func maintenance(_ node: DocumentNode) -> Maintenance {
    Maintenance(
      windows: (node["windows"]?.items ?? []).compactMap { $0.text.flatMap(MaintenanceWindow.init) },
      attribute: node["attribute"]?.text,
      offset: node["utc_offset"]?.text.flatMap(MaintenanceWindow.offset) ?? 0)
  }

  static func gatewayBudget(_ node: DocumentNode) -> GatewayBudget {
    GatewayBudget(
      attribute: node["attribute"]?.text ?? "gateway", maximumInFlight: node["max_in_flight"]?.integer,
      bytesPerSecond: node["bytes_per_second"]?.integer, bytesPerDevice: node["bytes_per_device"]?.integer,
      bytesAttribute: node["bytes_attribute"]?.text)
  }

  static let maintenanceShape = ObjectShape(
    "a maintenance window", ["windows": .list(.text, minimum: 1), "attribute": .text, "utc_offset": .text])
  static let batteryShape = ObjectShape(
    "a battery floor", required: ["attribute", "floor"], ["attribute": .text, "floor": .any])
  static let gatewayShape = ObjectShape(
    "a gateway budget",
    [
      "attribute": .text, "max_in_flight": .integer(1...100_000), "bytes_per_second": .integer(1...Int.max),
      "bytes_per_device": .integer(0...Int.max), "bytes_attribute": .text,
    ])

  /// Rules on windows, battery and budgets.
  static func checkConditions(
    _ node: DocumentNode, _ here: DocumentPointer, _ checker: inout DocumentChecker
  ) {
    if let maintenance = node["maintenance"], maintenance.members != nil {
      let place = here.appending("maintenance")
      if maintenance["windows"] == nil && maintenance["attribute"] == nil {
        checker.report(
          "rollout.window", .error, place, maintenance.line,
          "a maintenance window has 'windows' or an 'attribute'")
      }
      for (index, item) in (maintenance["windows"]?.items ?? []).enumerated() {
        if let text = item.text, MaintenanceWindow(text) == nil {
          checker.report(
            "rollout.window", .error, place.appending("windows").appending(index), item.line,
            "'\(text)' is no window; write '22:00-04:00' or 'Mon-Fri 22:00-04:00'")
        }
      }
      if let offset = maintenance["utc_offset"], let text = offset.text, MaintenanceWindow.offset(text) == nil
      {
        checker.report(
          "rollout.window", .error, place.appending("utc_offset"), offset.line,
          "'\(text)' is no offset from UTC; write 'Z' or '+01:00'")
      }
    }
    if let battery = node["battery"], let floor = battery["floor"] {
      if !(floor.double.map { (0...100).contains($0) } ?? false) {
        checker.report(
          "shape.range", .error, here.appending("battery").appending("floor"), floor.line,
          "'floor' must be per cent, 0 to 100")
      }
    }
    if let budget = node["gateway_budget"], budget.members != nil {
      let place = here.appending("gateway_budget")
      if budget["max_in_flight"] == nil && budget["bytes_per_second"] == nil {
        checker.report(
          "rollout.budget", .error, place, budget.line,
          "a gateway budget has 'max_in_flight' or 'bytes_per_second'")
      }
      if budget["bytes_per_second"] != nil, budget["bytes_per_device"] == nil,
        budget["bytes_attribute"] == nil
      {
        checker.report(
          "rollout.budget", .error, place, budget.line,
          "with 'bytes_per_second' it must be known what a device takes: 'bytes_per_device' or 'bytes_attribute'"
        )
      }
    }
  }
}
