import PlaybookModel

/// What the inventory says now. Interlocks are asked again of it before every act: a plan may be hours old.
public protocol InventorySource: Sendable {
  /// True when it lists the device.
  func contains(_ device: String) -> Bool
  /// Value of a column; nil when unknown.
  func value(_ column: String, of device: String) -> String?
  /// Another device that has the address which the plan has for this one; with `placesOnly` only where commands would go to
  /// it.
  func sharer(of device: String, placesOnly: Bool) -> SharedPlaces.Sharer?
  /// Why a device is not to be touched whatever the playbook asks of it: others hang on it that nobody knew of, it is a broker
  /// by now, and the like; nil where nothing speaks against it.
  func protection(of device: String) -> String?
  /// What it says by now; nil where that is the same. Throws when it cannot be read.
  func renewed() throws -> (any InventorySource)?
  /// Devices that are at a host or an address, in one form (`NetworkPlace.host`).
  func devices(at host: String) -> [String]
  /// Its columns.
  var columnNames: [String] { get }
}

extension InventorySource {
  /// None, where nobody asks.
  public func protection(of device: String) -> String? { nil }
  /// The same for ever, where it is not looked at again.
  public func renewed() throws -> (any InventorySource)? { nil }
  /// None, where nobody asks.
  public func sharer(of device: String, placesOnly: Bool) -> SharedPlaces.Sharer? { nil }
  /// None, where nobody asks.
  public func devices(at host: String) -> [String] { [] }
  /// None, where nobody asks.
  public var columnNames: [String] { [] }
}

/// Why a device must not be touched now: it is elsewhere, interlocks, battery, maintenance window. Missing data holds back.
struct DeviceConditions: Sendable {
  let environment: RunEnvironment
  let plan: ExecutionPlan
  let policy: RolloutPolicy
  /// Devices that an earlier step was not done to; true for those that wait for it.
  let held: [String: Bool]
  /// Columns that the step's variables come from, with their places in the plan; and those of the place that commands go to.
  private let bound: [(column: String, index: Int, isPlace: Bool)]

  init(
    environment: RunEnvironment, plan: ExecutionPlan, step: WorkflowStep, action: ActionStep,
    policy: RolloutPolicy, held: [String: Bool] = [:]
  ) {
    self.environment = environment
    self.plan = plan
    self.policy = policy
    self.held = held
    let columns = BoundColumns(step, action, plan)
    bound = columns.all.compactMap { column in
      plan.columns.firstIndex(of: column).map {
        (column, $0, columns.ofPlace.contains(column) || column == columns.port)
      }
    }
  }

  /// Why not.
  struct Obstacle {
    /// A short stable code.
    var reason: String
    /// One sentence.
    var detail: String
    /// False where not even a look would be one at this device.
    var mayLook = true

    init(_ reason: String, _ detail: String, mayLook: Bool = true) {
      self.reason = reason
      self.detail = detail
      self.mayLook = mayLook
    }
  }

  /// Code of a device that the inventory has elsewhere than the plan.
  static let elsewhere = "inventory-changed"

  /// Why what the plan says of a device's address and other bound values is not acted on any more: the inventory says another, or
  /// has the address for another device. Taking back what is safe to take back goes where it was done: only commands that would
  /// go to the machine at that address are held back.
  private func moved(_ target: ExecutionPlan.Target, _ role: RunRecord.Action) -> Obstacle? {
    guard let inventory = environment.inventory, !bound.isEmpty else { return nil }
    let placesOnly = role == .undo && policy.undoIsSafe
    let wayOn =
      role == .act
      ? "make a new plan for it"
      : "ingest the inventory of then where that is right, else take it back by hand and say so: 'playbook settle'"
    if let sharer = inventory.sharer(of: target.device, placesOnly: placesOnly) {
      return Obstacle(
        Self.elsewhere,
        "the inventory has its address '\(sharer.address)' for '\(sharer.device)' now; nothing was sent: \(wayOn)",
        mayLook: false)
    }
    guard inventory.contains(target.device) else { return nil }
    for (column, index, isPlace) in bound {
      let (now, then) = (inventory.value(column, of: target.device) ?? "", target.values[index])
      if now == then { continue }
      let isAddress = InventoryColumn.isAddress(column)
      // An inventory that knows what the run did (the version that runs now) is no reason against taking it back.
      guard isPlace || role == .act || isAddress && !placesOnly else { continue }
      if isAddress, let new = NetworkPlace(now), new == NetworkPlace(then) { continue }
      return Obstacle(
        Self.elsewhere,
        "the inventory says '\(now)' for its '\(column)' now, and said '\(then)' when the plan was made; nothing was sent: \(wayOn)",
        mayLook: !isPlace && !isAddress)
    }
    return nil
  }

  /// Undo asks the interlocks only: what was done is taken back as soon as somebody says so. Where the undo is the safe
  /// direction it asks nothing: a life-safety device must never stay locked out because it is one.
  func obstacle(
    _ target: ExecutionPlan.Target, _ role: RunRecord.Action
  ) -> Obstacle? {
    if let moved = moved(target, role) { return moved }
    if role == .act, let why = environment.lacking[target.device] {
      return Obstacle("no-secret", why, mayLook: false)
    }
    if role == .undo && policy.undoIsSafe { return nil }
    if let interlock = interlock(target, role) { return interlock }
    guard role == .act else { return nil }
    if let waits = held[target.device] {
      return waits
        ? Obstacle(RunHistory.earlierWaits, "an earlier step waits for it")
        : Obstacle(RunHistory.earlierFailed, "an earlier step was not done to it")
    }
    if let battery = policy.battery {
      guard let text = value(battery.attribute, target), let level = Double(text) else {
        return Obstacle("battery", "the inventory does not say its '\(battery.attribute)'")
      }
      // Millivolts, and what a failed reading leaves (`nan`, `inf`), say nothing of how full it is.
      guard (0...100).contains(level) else {
        return Obstacle(
          "battery",
          "the inventory says '\(text)' for its '\(battery.attribute)', which is no per cent, 0 to 100")
      }
      if level < battery.floor {
        return Obstacle("battery", "its battery holds \(text) %, less than \(battery.floor) %")
      }
    }
    if policy.maintenance != nil, !isInWindow(target) {
      return Obstacle("window", "it is outside of its maintenance window")
    }
    return nil
  }

  /// Why the inventory of now holds a device back for good: it does not list it, protects it, or an interlock does.
  private func interlock(_ target: ExecutionPlan.Target, _ role: RunRecord.Action) -> Obstacle? {
    let inventory = environment.inventory
    if let inventory, !inventory.contains(target.device) {
      return Obstacle("interlock", "the inventory does not list it any more")
    }
    if role == .act, let why = inventory?.protection(of: target.device) { return Obstacle("protected", why) }
    return Planner.interlock(policy.interlocks, { value($0, target) }).map {
      Obstacle("interlock", $0.reason)
    }
  }

  /// What of the reasons not to act on a device is the inventory's, and stays: it is elsewhere, or must not be touched.
  func protection(_ target: ExecutionPlan.Target) -> Obstacle? {
    moved(target, .act) ?? interlock(target, .act)
  }

  /// True when a device's maintenance window is open, or there is none to honour.
  func isInWindow(_ target: ExecutionPlan.Target) -> Bool {
    guard let maintenance = policy.maintenance else { return true }
    let now = environment.clock.wallTime()
    var windows = maintenance.windows
    if let attribute = maintenance.attribute {
      // The device's own windows count where it has some; a text that is no window holds back.
      if let text = value(attribute, target) {
        let parts = text.split(separator: ";").map { $0.drop { $0 == " " } }
        windows = parts.compactMap { MaintenanceWindow(String($0)) }
        if windows.count != parts.count { return false }
      }
    }
    return windows.contains { $0.contains(now, offset: maintenance.offset) }
  }

  private func value(_ column: String, _ target: ExecutionPlan.Target) -> String? {
    if let inventory = environment.inventory { return inventory.value(column, of: target.device) }
    return plan.value(column, of: target)
  }
}
