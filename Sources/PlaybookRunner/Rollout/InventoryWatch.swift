import PlaybookModel
import Synchronization

/// The inventory that a run goes by: looked at again while it goes on, since a fleet's rollout may take a day, and what somebody
/// finds out meanwhile (people depend on this one) must not wait for the next run.
final class InventoryWatch: Sendable {
  /// Nanoseconds between two looks within a wave.
  static let pause: Int64 = 5_000_000_000

  private let latest: Mutex<any InventorySource>

  init(_ first: any InventorySource) { latest = Mutex(first) }

  /// What it said when it was looked at last.
  var current: any InventorySource { latest.withLock { $0 } }

  /// Looks again. What it said before, where it says something else now; nil where it does not. Throws when it cannot be read.
  func lookAgain() throws -> (any InventorySource)? {
    let before = current
    guard let now = try before.renewed() else { return nil }
    latest.withLock { $0 = now }
    return before
  }
}

extension FleetRollout {
  /// Looks at the inventory again and says in the journal whom it holds back from here on. Nil means go on: those are left alone when
  /// their turn comes. Nobody is added, whatever it says: the targets are those of the plan.
  func lookAgain(wave: Int?) async throws -> End? {
    guard let watch = environment.watch else { return nil }
    let before: any InventorySource
    do {
      guard let older = try watch.lookAgain() else { return nil }
      before = older
    } catch {
      return .interrupted("the inventory could not be looked at again, so nothing more is begun: \(error)")
    }
    var then = environment
    then.inventory = before
    let (old, new) = (conditions(then), conditions(environment))
    var held: [(device: String, why: DeviceConditions.Obstacle)] = []
    var freed: [String] = []
    for target in plan.targets {
      switch (old.protection(target), new.protection(target)) {
      case (nil, let why?): held.append((target.device, why))
      case (.some, nil): freed.append(target.device)
      default: break
      }
    }
    var parts: [String] = []
    if !held.isEmpty {
      let shown = Self.names(held.map { "\($0.device) (\($0.why.detail))" })
      parts.append("\(held.count) of \(plan.targets.count) targets are left alone from here on: \(shown)")
    }
    if !freed.isEmpty { parts.append("\(freed.count) are not held back any more: \(Self.names(freed))") }
    // What moved is still where it was acted on; what must not be touched should not have been.
    let locked = Set(held.filter { $0.why.reason != DeviceConditions.elsewhere }.map(\.device))
    if !locked.isEmpty {
      let standing = try RunHistory(run: writer.run, in: environment.journal).standing.devices
      let acted = standing.intersection(locked).sorted()
      if !acted.isEmpty {
        parts.append(
          "\(acted.count) of those were acted on before: \(Self.names(acted)); 'firebreak playbook undo \(writer.run)' takes the run back"
        )
      }
    }
    let text =
      "the inventory was changed: "
      + (parts.isEmpty ? "no target is held back by that" : parts.joined(separator: "; "))
    try await writer.write(RecordDraft(.note, step: step.id, reason: "inventory", wave: wave, detail: text))
    if !parts.isEmpty { environment.progress(.note(text)) }
    return nil
  }

  private func conditions(_ environment: RunEnvironment) -> DeviceConditions {
    DeviceConditions(environment: environment, plan: plan, step: step, action: action, policy: policy)
  }

  private static func names(_ names: [String]) -> String {
    names.prefix(5).joined(separator: ", ") + (names.count > 5 ? ", …" : "")
  }
}
