import Glibc
import PlaybookModel

/// What must be at hand before a run is begun: looked at before there is a run, so that a missing secret is one sentence
/// and not a halted canary.
public struct Preflight: Sendable {
  private let plan: ExecutionPlan
  private let executors: ExecutorSet
  private let steps: Set<String>?

  /// For a plan, or for some of its steps.
  public init(_ plan: ExecutionPlan, executors: ExecutorSet, steps: Set<String>? = nil) {
    self.plan = plan
    self.executors = executors
    self.steps = steps
  }

  private func commands(_ action: ActionStep) -> [PlaybookCommand] {
    var commands = action.commands
    if let policy = action.rollout {
      let effective = EffectiveRollout(action, executors)
      commands += effective.verification?.commands ?? []
      commands += effective.inverse?.commands ?? []
      commands += (effective.inverse?.verification?.commands ?? []) + (policy.gate?.probe ?? [])
      commands += policy.group?.members ?? []
    }
    return commands
  }

  private var actions: [ActionStep] {
    plan.actionSteps.filter { steps?.contains($0.step.id) ?? true }.map(\.action)
  }

  /// Names of secrets that are asked for; true for those that are asked for each device.
  private var names: [String: Bool] {
    var names: [String: Bool] = [:]
    let authenticated: Set<CommandType> = [.mqtt, .httpAPI, .ssh]
    for action in actions {
      let perDevice = action.rollout != nil && action.rollout?.group == nil
      if commands(action).contains(where: { authenticated.contains($0.type) }) {
        for target in action.targets {
          guard let id = plan.playbook.targets[target]?.authentication,
            let name = plan.playbook.authentication[id]?.storeName
          else { continue }
          names[name] = perDevice && names[name] ?? true
        }
      }
      for name in (action.rollout?.bindings ?? []).compactMap(\.secret) {
        names[name] = perDevice && names[name] ?? true
      }
    }
    return names
  }

  /// Devices that have no secret of their own, while others have.
  public struct Lacks: Sendable {
    /// Sentences for people.
    public var warnings: [String] = []
    /// Why nothing is to be done to a device, in any step: one that got half of it may be locked out.
    public var devices: [String: String] = [:]
  }

  /// Reads every secret that is asked for, but those that the steps make. Throws when one is missing or not kept safely.
  public func check(_ store: SecretStore) throws(RunnerError) -> Lacks {
    var lacks = Lacks()
    let names = names
    let made = Set(actions.flatMap { $0.rollout?.madeSecrets ?? [] })
    for (name, isPerDevice) in names.sorted(by: { $0.key < $1.key }) {
      guard store.knows(name) else {
        let others = store.names.filter { names[$0] == nil }.sorted()
        let hint = others.isEmpty ? "" : " (nobody asks for '\(others.joined(separator: "', '"))')"
        throw RunnerError(
          .secret,
          "the playbook '\(plan.playbook.name)' asks for the secret '\(name)' and no place was given for it\(hint): add --secret \(name)=file:PATH; nothing was begun"
        )
      }
      guard isPerDevice, store.isPerDevice(name) else {
        _ = try store.credential(name)
        continue
      }
      if made.contains(name) { continue }
      var missing: [(device: String, error: RunnerError)] = []
      for target in plan.targets {
        do throws(RunnerError) {
          _ = try store.credential(name, device: target.device)
        } catch {
          missing.append((target.device, error))
        }
      }
      guard let first = missing.first else { continue }
      if missing.count == plan.targets.count { throw first.error }
      for lack in missing where lacks.devices[lack.device] == nil {
        lacks.devices[lack.device] = "it has no usable secret '\(name)': \(lack.error)"
      }
      lacks.warnings.append(
        "\(missing.count) of \(plan.targets.count) devices have no usable secret '\(name)' and will be left alone, the first: \(first.error)"
      )
    }
    return lacks
  }

  /// Throws when a command goes by ssh and the file of host keys cannot be read.
  public func check(knownHosts path: String) throws(RunnerError) {
    guard actions.contains(where: { commands($0).contains { $0.type == .ssh } }) else { return }
    guard access(path, R_OK) == 0 else {
      throw RunnerError(
        .secret,
        "cannot read the host keys '\(path)' that ssh trusts: \(String(cString: strerror(errno))); name them with --known-hosts FILE; nothing was begun"
      )
    }
  }
}
