public import IncidentModel
import PlaybookModel

/// A machine that a step which goes out once reaches: no target of the plan, and maybe a device of the inventory all the same.
public struct OncePlace: Sendable, Hashable {
  /// Id of the step.
  public var step: String
  /// Host or address, in one form (`NetworkPlace.host`).
  public var host: String
  /// The device of the inventory that is there; nil where none is known to be.
  public var device: String?
  /// True where commands run on the machine itself (`ssh`), and no service answers for it.
  public var isMachine: Bool

  /// As a plan's file has it.
  var document: DocumentNode {
    .object([
      ("step", .string(step)), ("host", .string(host)), ("device", device.map(DocumentNode.string)),
      ("machine", .bool(isMachine)),
    ])
  }

  init(step: String, host: String, device: String?, isMachine: Bool) {
    self.step = step
    self.host = host
    self.device = device
    self.isMachine = isMachine
  }

  init?(_ node: DocumentNode) {
    guard let step = node["step"]?.text, let host = node["host"]?.text else { return nil }
    self.init(
      step: step, host: host, device: node["device"]?.text, isMachine: node["machine"]?.flag ?? false)
  }
}

/// Where steps without the rollout extension go: those of other tools, and guards.
///
/// They are not told apart by device, and no interlock is theirs. But what the inventory knows of the machine that they reach holds
/// for them as well: one whose column of life safety says anything but no is not touched, nor one that an interlock of the playbook
/// refuses. A value that is missing holds nobody back here: services and servers have none.
enum OncePlaces {
  /// Hosts that a call goes to, by its values.
  static func hosts(_ call: CommandCall) -> [String] {
    // By hand and on our own machine nothing goes anywhere.
    guard [CommandType.ssh, .httpAPI, .mqtt].contains(call.command.type), let target = call.target else {
      return []
    }
    return ["dname", "ipv4", "ipv6", "url"].flatMap { target.address[$0] ?? [] }.compactMap { text in
      (try? Template.plain(text, call.values)).flatMap { NetworkPlace($0)?.host }
    }
  }

  /// Hosts that steps on devices go through, whatever the device: brokers and services, which guards prepare.
  static func working(_ plan: ExecutionPlan) -> Set<String> {
    var hosts: Set<String> = []
    for (step, action) in plan.actionSteps {
      guard let rollout = action.rollout else { continue }
      var values = plan.values(step: step, rollout: nil, target: nil)
      for binding in rollout.bindings { values[binding.name] = nil }
      for call in Planner.calls(action.commands, step, action, plan, values: values, device: nil) {
        hosts.formUnion(Self.hosts(call))
      }
    }
    return hosts
  }

  /// The places of a plan's steps that go out once, in the order of the workflow; those that steps on devices go through are none.
  static func find(_ plan: ExecutionPlan) -> [OncePlace] {
    var places: [OncePlace] = []
    let working = working(plan)
    let given = plan.playbook.runTimeVariables
    for (step, action) in plan.actionSteps where action.rollout == nil {
      var values = plan.values(step: step, rollout: nil, target: nil)
      // What the run finds out is looked at when it is known.
      for name in given[Playbook.scope(of: step.id)] ?? [] where step.variables[name]?.value == nil {
        values[name] = nil
      }
      for call in Planner.calls(action.commands, step, action, plan, values: values, device: nil) {
        for host in hosts(call) where !working.contains(host) {
          let place = OncePlace(
            step: step.id, host: host, device: nil, isMachine: call.command.type == .ssh)
          if !places.contains(place) { places.append(place) }
        }
      }
    }
    return places
  }

  /// Devices of an inventory by hosts: those that have one of them in a column of addresses, and those that are called so.
  static func devices(at hosts: Set<String>, in inventory: Inventory) -> [String: [String]] {
    guard !hosts.isEmpty else { return [:] }
    var found: [String: Set<Int>] = [:]
    // A device is called by the first label of its host's name, too.
    var names: [String: String] = [:]
    for host in hosts.sorted() {
      names[host] = host
      guard !NetworkText.isIPv4(host), !NetworkText.isIPv6(host) else { continue }
      let label = String(host.prefix { $0 != "." })
      if names[label] == nil { names[label] = host }
    }
    for (row, device) in inventory.devices.enumerated() {
      if let host = names[NetworkPlace.host(device)] { found[host, default: []].insert(row) }
    }
    for (column, name) in inventory.attributes.enumerated() where InventoryColumn.isAddress(name) {
      let here = inventory.values[column].map { value in
        NetworkPlace(value).flatMap { hosts.contains($0.host) ? $0.host : nil }
      }
      guard here.contains(where: { $0 != nil }) else { continue }
      for row in inventory.devices.indices {
        if let host = here[Int(inventory.code(row: row, attribute: column))] {
          found[host, default: []].insert(row)
        }
      }
    }
    return found.mapValues { $0.sorted().map { inventory.devices[$0] } }
  }

  /// Why a device must not be reached by a step that goes out once; nil where nothing that is known forbids it.
  static func refusal(
    _ plan: ExecutionPlan, columns: [String], value: (_ column: String) -> String?
  ) -> String? {
    let interlocks = plan.actionSteps.flatMap { $0.action.rollout?.interlocks ?? [] }
    for lock in interlocks where lock.code == "interlock" {
      guard let found = value(lock.attribute) else { continue }
      if lock.refuses(found) || !lock.require.isEmpty && !lock.require.contains(found) {
        return "\(lock.reason) ('\(lock.attribute)' is '\(found)')"
      }
    }
    for column in columns where InventoryColumn.isLifeSafety(column) {
      if let found = value(column), !InventoryWord.isNo(found) { return "its '\(column)' is '\(found)'" }
    }
    return nil
  }

  /// What to write instead.
  static let wayOut =
    "a step on devices (the rollout extension) says by its interlocks who may be touched, and how it is taken back"
}

extension ExecutionPlan {
  /// True where a step that goes out once goes to some machine.
  public var reachesOnce: Bool {
    actionSteps.contains { $0.action.rollout == nil && !$0.action.targets.isEmpty }
  }

  /// Names that no other run may work on meanwhile: the devices, and the machines that steps which go out once reach.
  public var lockNames: [String] {
    var names = targets.map(\.device)
    for place in oncePlaces {
      if let device = place.device, !names.contains(device) { names.append(device) }
      // Two cases may call one machine by two names.
      if place.isMachine || place.device != nil { names.append("the machine \(place.host)") }
    }
    return names
  }
}

extension Planner {
  /// Finds out where steps that go out once go, and refuses a plan that would reach a device which must not be touched.
  func placeOnce(
    _ plan: inout ExecutionPlan, _ inventory: Inventory?, protected: Set<String>
  ) throws(RunnerError) {
    plan.oncePlaces = OncePlaces.find(plan)
    guard let inventory, inventory.count > 0, !plan.oncePlaces.isEmpty else { return }
    let devices = OncePlaces.devices(at: Set(plan.oncePlaces.map(\.host)), in: inventory)
    for (index, place) in plan.oncePlaces.enumerated() {
      for device in devices[place.host] ?? [] {
        if plan.oncePlaces[index].device == nil { plan.oncePlaces[index].device = device }
        var reason = protected.contains(device) ? "it is protected by the operator" : nil
        if reason == nil, let row = inventory.rowOfDevice[device] {
          reason = OncePlaces.refusal(plan, columns: inventory.attributes) { column in
            guard let index = inventory.attributes.firstIndex(of: column) else { return nil }
            let value = inventory.value(row: row, attribute: index)
            return value.isEmpty ? nil : value
          }
        }
        guard let reason else { continue }
        let name = plan.playbook.steps[place.step]?.name ?? place.step
        throw RunnerError(
          .badTargets,
          "the step '\(name)' goes to \(place.host), which is '\(device)' in the inventory: \(reason); \(OncePlaces.wayOut)"
        )
      }
    }
  }
}

extension PlaybookRun {
  /// Why a command that goes out once must not go where it goes by now: the inventory may have been put right since, and an earlier
  /// step may have said where.
  func refusal(of call: CommandCall) -> String? {
    guard let inventory = environment.inventory else { return nil }
    let working = OncePlaces.working(plan)
    for host in OncePlaces.hosts(call) where !working.contains(host) {
      for device in inventory.devices(at: host) {
        if let reason = OncePlaces.refusal(
          plan, columns: inventory.columnNames, value: { inventory.value($0, of: device) })
        {
          return
            "it goes to \(host), which is '\(device)' in the inventory: \(reason); nothing was sent: \(OncePlaces.wayOut)"
        }
      }
    }
    return nil
  }
}

extension Inventory {
  /// Devices that are at a host or an address, in one form (`NetworkPlace.host`).
  public func devices(at host: String) -> [String] { OncePlaces.devices(at: [host], in: self)[host] ?? [] }
}
