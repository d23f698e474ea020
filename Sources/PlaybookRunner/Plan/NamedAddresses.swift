import Glibc
import IncidentModel
import PlaybookModel

/// An address with the length of its prefix: all addresses that begin with the same bits.
struct AddressRange {
  private let bytes: [UInt8]
  private let length: Int

  /// The range that a text names; an address alone is a range of one. Nil for every other text.
  init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count <= 2, let bytes = Self.bytes(String(parts[0])) else { return nil }
    guard parts.count == 2 else {
      (self.bytes, length) = (bytes, bytes.count * 8)
      return
    }
    guard let length = Int(parts[1]), (0...bytes.count * 8).contains(length) else { return nil }
    (self.bytes, self.length) = (bytes, length)
  }

  /// True where an address in the form of `NetworkPlace.host` belongs to it.
  func contains(_ host: String) -> Bool {
    guard let other = Self.bytes(host), other.count == bytes.count else { return false }
    let whole = length / 8
    guard other.prefix(whole) == bytes.prefix(whole) else { return false }
    let rest = length % 8
    return rest == 0 || other[whole] >> (8 - rest) == bytes[whole] >> (8 - rest)
  }

  private static func bytes(_ text: String) -> [UInt8]? {
    // One form for all ways to write an address, IPv4 addresses in IPv6 among them.
    let host = NetworkPlace.host(text)
    var four = in_addr()
    if inet_pton(AF_INET, host, &four) == 1 { return withUnsafeBytes(of: four) { Array($0) } }
    var six = in6_addr()
    return inet_pton(AF_INET6, host, &six) == 1 ? withUnsafeBytes(of: six) { Array($0) } : nil
  }
}

/// Addresses of the playbook's own (`--set`) that a containing step puts into its commands: who has one of them is hit like a
/// target, and no target query and no interlock has looked at it.
extension Planner {
  /// Refuses an address that the inventory has for a device which an interlock protects or on which we stand.
  ///
  /// Programs (`bash`, `ssh`) are given addresses also to work through them, a broker's or our own: there only what an interlock
  /// holds back by its value is refused, and not what the inventory says nothing about.
  static func refuseProtectedAddresses(
    _ plan: ExecutionPlan, _ selection: TargetSelection
  ) throws(RunnerError) {
    let containing = plan.actionSteps.filter { $0.action.rollout?.kind == .contain }
    let interlocks = containing.flatMap { $0.action.rollout?.interlocks ?? [] }
    var seen: Set<String> = []
    for (step, action) in containing {
      let bound = Set((action.rollout?.bindings ?? []).map(\.name))
      for command in action.commands {
        let isProgram = command.type == .bash || command.type == .ssh
        let texts = [command.text, command.content ?? ""] + command.headers.flatMap(\.values)
        for name in texts.flatMap({ VariableReference.all(in: $0) }).map(\.name) where !bound.contains(name) {
          // Neither words and numbers, nor the URLs of services.
          guard let value = plan.value(of: name, in: step), !value.contains("://"),
            value.contains(where: { $0 == "." || $0 == ":" }),
            seen.insert("\(isProgram) \(value)").inserted
          else { continue }
          guard
            let (device, reason) = protected(
              value, selection, interlocks, isProgram: isProgram)
          else { continue }
          throw RunnerError(
            .badTargets,
            "--set \(short(name))=\(value) \(value.contains("/") ? "holds" : "is") an address of '\(device)' in the inventory, which must not be touched: \(reason); "
              + "'\(step.name ?? step.id)' would hit it like a target: name another address, or ingest the inventory that is right"
          )
        }
      }
    }
  }

  /// The first device of the inventory with an address that is meant and must not be touched, and why.
  private static func protected(
    _ value: String, _ selection: TargetSelection, _ interlocks: [RolloutPolicy.Interlock], isProgram: Bool
  ) -> (device: String, reason: String)? {
    let inventory = selection.inventory
    let range = AddressRange(value)
    guard let host = NetworkPlace(value)?.host else { return nil }
    for (column, name) in inventory.attributes.enumerated() where InventoryColumn.isAddress(name) {
      let isMeant = inventory.values[column].map { text in
        NetworkPlace(text).map { $0.host == host || range?.contains($0.host) ?? false } ?? false
      }
      guard isMeant.contains(true) else { continue }
      for (row, device) in inventory.devices.enumerated()
      where isMeant[Int(inventory.code(row: row, attribute: column))] {
        if !isProgram, let reason = selection.protected[device] { return (device, reason) }
        let refusal = interlock(interlocks) { name in
          let value = inventory.attributes.firstIndex(of: name)
            .map { inventory.value(row: row, attribute: $0) }
          // What nobody knows holds back as well, where the address is surely hit.
          return value.flatMap { $0.isEmpty ? nil : $0 } ?? (isProgram ? passing(name, interlocks) : nil)
        }
        if let refusal { return (device, refusal.reason) }
      }
    }
    return nil
  }

  /// A value that no interlock on a column holds back.
  private static func passing(_ attribute: String, _ interlocks: [RolloutPolicy.Interlock]) -> String {
    interlocks.first { $0.attribute == attribute }?.require.first ?? ""
  }
}
