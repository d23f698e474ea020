import PlaybookModel

/// What the inventory says now. Interlocks are asked again of it before every act: a plan may be hours old.
public protocol InventorySource: Sendable {
  /// True when it lists the device.
  func contains(_ device: String) -> Bool
  /// Value of a column; nil when unknown.
  func value(_ column: String, of device: String) -> String?
}

/// Why a device must not be touched now: interlocks, battery, maintenance window. Missing data holds back.
struct DeviceConditions: Sendable {
  let environment: RunEnvironment
  let plan: ExecutionPlan
  let policy: RolloutPolicy
  /// Devices that an earlier step was not done to; true for those that wait for it.
  var held: [String: Bool] = [:]

  /// Why not.
  typealias Obstacle = (reason: String, detail: String)

  /// Undo asks the interlocks only: what was done is taken back as soon as somebody says so. Where the undo is the safe
  /// direction it asks nothing: a life-safety device must never stay locked out because it is one.
  func obstacle(
    _ target: ExecutionPlan.Target, _ role: RunRecord.Action
  ) -> Obstacle? {
    if role == .undo && policy.undoIsSafe { return nil }
    if let inventory = environment.inventory, !inventory.contains(target.device) {
      return ("interlock", "the inventory does not list it any more")
    }
    if let refusal = Planner.interlock(policy.interlocks, { value($0, target) }) {
      return ("interlock", refusal.reason)
    }
    guard role == .act else { return nil }
    if let waits = held[target.device] {
      return waits
        ? (RunHistory.earlierWaits, "an earlier step waits for it")
        : (RunHistory.earlierFailed, "an earlier step was not done to it")
    }
    if let battery = policy.battery {
      guard let text = value(battery.attribute, target), let level = Double(text) else {
        return ("battery", "the inventory does not say its '\(battery.attribute)'")
      }
      if level < battery.floor {
        return ("battery", "its battery holds \(text) %, less than \(battery.floor) %")
      }
    }
    if policy.maintenance != nil, !isInWindow(target) {
      return ("window", "it is outside of its maintenance window")
    }
    return nil
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
