import Glibc
import IncidentModel
import PlaybookModel
import PlaybookRunner

/// What we stand on is not acted on.
enum Protection {
  /// Devices that must not be touched, with the reason: those named, those that the playbook works through (`hosts`), brokers, and
  /// the machine we run on; by their names, and by every address that the inventory has for them.
  static func devices(
    named: [String], workingThrough hosts: Set<String>, inventory: Inventory
  ) -> [String: String] {
    var devices = Dictionary(named.map { ($0, "protected by the operator") }, uniquingKeysWith: { a, _ in a })
    var reasons: [String: String] = [:]
    for host in hosts { reasons[host] = "the playbook works through it" }
    for host in ownHosts() { reasons[host] = "this is the machine we run on" }
    mark(by: reasons, inventory, &devices)
    markBrokers(inventory, &devices)
    return devices
  }

  /// Targets of a plan that would be refused now for what they are in the case: a broker, what the playbook works through, what
  /// others hang on that was no such gateway when the plan was made, what the playbook never touches. An inventory that was put
  /// right after the plan was made says so too late for the plan, and not for its run.
  static func ofTargets(
    _ plan: ExecutionPlan, _ fleet: CaseFleet, case path: String
  ) throws -> [String: String] {
    let targets = plan.targets.map(\.device)
    let inventory = fleet.inventory
    var found: [String: String] = [:]
    func protect(_ device: String, _ reason: String) { if found[device] == nil { found[device] = reason } }
    let standing = devices(
      named: [], workingThrough: WorkingPlaces.hosts(plan.playbook, variables: plan.variables),
      inventory: inventory)
    let ambiguous = inventory.ambiguousNames
    for device in targets {
      if let reason = standing[device] { protect(device, reason) }
      if ambiguous.contains(device) { protect(device, Planner.ambiguousNameReason) }
    }
    let lifeSafety = LifeSafety(plan, inventory)
    let named = Set(plan.lifeSafety)
    for device in targets where !named.contains(device) {
      if let reason = lifeSafety.reason(device) { protect(device, reason) }
    }
    // Plans of before they named their gateways do not say which were meant.
    let known = !plan.gateways.isEmpty || plan.carried == 0
    let meant = Set(plan.gateways)
    for (device, behind) in fleet.dependants(of: targets) {
      if known, !meant.contains(device) {
        let count = behind.count == 1 ? "1 device hangs" : "\(behind.count) devices hang"
        protect(
          device,
          "\(count) on it, such as '\(behind[0])', which the plan does not know of; make a new plan for it")
      }
      if let reason = Planner.whyNot(plan, behind: behind, inventory: inventory) { protect(device, reason) }
    }
    let chosen = Set(targets)
    for query in plan.playbook.excludedTargets {
      for device in try PlaybookTargets.select(query, case: path).devices
      where chosen.contains(device.device) {
        protect(device.device, "the playbook excludes '\(query)'")
      }
    }
    return found
  }

  private static func mark(
    by reasons: [String: String], _ inventory: Inventory, _ devices: inout [String: String]
  ) {
    // A device is called by the first label of its host's name, too.
    var names = reasons
    for (host, reason) in reasons where !NetworkText.isIPv4(host) && !NetworkText.isIPv6(host) {
      let label = String(host.prefix { $0 != "." })
      if names[label] == nil { names[label] = reason }
    }
    // Of a million names hardly one has to be looked at more closely.
    let lengths = Set(names.keys.map(\.utf8.count))
    for name in inventory.devices where devices[name] == nil {
      let count = name.utf8.count
      guard lengths.contains(count) || lengths.contains(count - 1) || name.utf8.contains(0x2E) else {
        continue
      }
      let host = NetworkPlace.host(name)
      if let reason = names[host] ?? names[String(host.prefix { $0 != "." })] { devices[name] = reason }
    }
    for (column, name) in inventory.attributes.enumerated() where InventoryColumn.isAddress(name) {
      let found = inventory.values[column].map { value in
        NetworkPlace(value).flatMap { place in reasons[place.host].map { "\($0) ('\(name)' is '\(value)')" } }
      }
      guard found.contains(where: { $0 != nil }) else { continue }
      for (row, device) in inventory.devices.enumerated() where devices[device] == nil {
        devices[device] = found[Int(inventory.code(row: row, attribute: column))]
      }
    }
  }

  private static func markBrokers(_ inventory: Inventory, _ devices: inout [String: String]) {
    for (column, name) in inventory.attributes.enumerated() where InventoryColumn.isRole(name) {
      let isBroker = inventory.values[column].map {
        InventoryColumn.words(of: $0).contains { $0 == "broker" || $0 == "brokers" }
      }
      guard isBroker.contains(true) else { continue }
      for (row, device) in inventory.devices.enumerated() where devices[device] == nil {
        let code = Int(inventory.code(row: row, attribute: column))
        if isBroker[code] {
          devices[device] = "it is a broker ('\(name)' is '\(inventory.values[column][code])')"
        }
      }
    }
  }

  /// Names and addresses of the machine we run on, in one form.
  private static func ownHosts() -> Set<String> {
    var hosts: Set<String> = ["localhost", "127.0.0.1", "::1"]
    var buffer = [CChar](repeating: 0, count: 256)
    if gethostname(&buffer, buffer.count - 1) == 0 {
      hosts.insert(NetworkPlace.host(text(buffer)))
    }
    var first: UnsafeMutablePointer<ifaddrs>?
    guard getifaddrs(&first) == 0 else { return hosts }
    defer { freeifaddrs(first) }
    var next = first
    while let entry = next {
      next = entry.pointee.ifa_next
      guard let address = entry.pointee.ifa_addr else { continue }
      let length: Int
      switch Int32(address.pointee.sa_family) {
      case AF_INET: length = MemoryLayout<sockaddr_in>.size
      case AF_INET6: length = MemoryLayout<sockaddr_in6>.size
      default: continue
      }
      var name = [CChar](repeating: 0, count: Int(NI_MAXHOST))
      let isRead = getnameinfo(
        address, socklen_t(length), &name, socklen_t(name.count), nil, 0, NI_NUMERICHOST)
      if isRead == 0 { hosts.insert(NetworkPlace.host(text(name))) }
    }
    return hosts
  }

  private static func text(_ buffer: [CChar]) -> String {
    String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
