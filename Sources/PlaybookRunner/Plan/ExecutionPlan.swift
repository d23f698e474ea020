public import PlaybookModel

/// What a run will do, to the last command: made once, shown, approved, and then executed as it is.
///
/// The file is JSON Lines, so that a million targets need no memory: a header, one line per target, one per refused
/// device, and at the end the hash of everything before it.
public struct ExecutionPlan: Sendable {
  /// Name of the format.
  public static let schema = "firebreak.plan/1"

  /// One device.
  public struct Target: Sendable, Hashable {
    /// The inventory's name.
    public var device: String
    /// `inventory`, or the name of the identity basis of the evidence that selected it.
    public var basis: String
    /// Values of `ExecutionPlan.columns`, in their order.
    public var values: [String]
  }

  /// A device that was selected and is not touched.
  public struct Refusal: Sendable, Hashable {
    /// The name as selected.
    public var device: String
    /// A short stable code: `not-in-inventory`, `protected`, `interlock`, `self-asserted`, `shared-address`,
    /// `bad-argument`.
    public var code: String
    /// Why, in one sentence.
    public var reason: String
  }

  /// Wall time of its making, nanoseconds since the epoch.
  public var created: Int64
  /// The playbook.
  public var playbook: Playbook
  /// Where the playbook was read from; nil when not from a file. It must not have changed when the plan is run.
  public var playbookPath: String?
  /// The target query.
  public var expression: String
  /// See `TargetSelection.caseDigest`.
  public var caseDigest: String
  /// Devices in the inventory.
  public var fleetSize: Int
  /// Values of the playbook's variables.
  public var variables: [String: String]
  /// Columns of the inventory that the targets carry: those of bindings and interlocks, and model, site, criticality.
  public var columns: [String]
  /// The devices, in the order they are acted on: the canary first.
  public var targets: [Target]
  /// Selected and not touched.
  public var refused: [Refusal]
  /// Devices of the inventory that hang on a target and are no targets: what is done to a gateway is done to them too.
  public var carried = 0
  /// Those of the targets that others hang on, and that are targets all the same.
  public var gateways: [String] = []
  /// Devices that lives may hang on and that the operator named: targets, or what hangs on one that is cut off.
  public var lifeSafety: [String] = []
  /// What runs of the case did before with fewer than two people's word.
  public var earlier: [EarlierActs] = []
  /// Where steps that go out once go, beside what steps on devices go through.
  public var oncePlaces: [OncePlace] = []
  /// Who must agree.
  public var approval: RolloutPolicy.Approval
  /// Why more people must agree than the playbook says.
  public var approvalReasons: [String]
  /// Network namespace that nft works in; nil: where we run, or nothing of the plan is for nft.
  public var networkNamespace: String?
  /// SHA-256 of the plan; empty until it is sealed.
  public var hash = ""

  /// True where a command, a look or an inverse is for nft, which works in a network namespace.
  public var usesNFT: Bool {
    actionSteps.contains { _, action in
      let commands =
        action.commands + (action.rollout?.verification?.commands ?? [])
        + (action.rollout?.inverse?.commands ?? [])
      return commands.contains { $0.type == .nft }
    }
  }

  /// Value of a column for a target; nil when unknown.
  public func value(_ column: String, of target: Target) -> String? {
    guard let index = columns.firstIndex(of: column), !target.values[index].isEmpty else { return nil }
    return target.values[index]
  }

  /// Values of all variables in scope of a step for a target (nil for steps that run once).
  public func values(step: WorkflowStep, rollout: RolloutPolicy?, target: Target?) -> [String: String] {
    var values = initialVariables(in: Playbook.scope(of: step.id))
    for (name, variable) in step.variables { if let value = variable.value { values[name] = value } }
    guard let rollout else { return values }
    guard let target else { return bound(values, rollout) }
    return bound(values, rollout, target)
  }

  /// Values with those bindings that are the same for all devices: what the commands of a group get.
  func bound(_ values: [String: String], _ rollout: RolloutPolicy) -> [String: String] {
    var values = values
    for binding in rollout.bindings where binding.source == Self.createdSource {
      values[binding.name] = DocumentTimestamp.text(nanoseconds: created)
    }
    return values
  }

  /// Values with those that a device brings.
  func bound(_ values: [String: String], _ rollout: RolloutPolicy, _ target: Target) -> [String: String] {
    var values = values
    for binding in rollout.bindings { values[binding.name] = value(ofBinding: binding.source, target) }
    return values
  }

  /// Value of a binding's source for a target; nil when unknown, and for secrets.
  func value(ofBinding source: String, _ target: Target) -> String? {
    if source == "device" { return target.device }
    if source == Self.createdSource { return DocumentTimestamp.text(nanoseconds: created) }
    if source.hasPrefix(Self.familySource) {
      guard let address = value(String(source.dropFirst(Self.familySource.count)), of: target) else {
        return nil
      }
      return NetworkText.family(of: address).map(String.init)
    }
    guard source.hasPrefix("inventory.") else { return nil }
    return value(String(source.dropFirst(10)), of: target)
  }

  /// Source of bindings whose value is the time of the plan's making, as RFC 3339: what was there before is not of this plan.
  static let createdSource = "plan.created"

  /// Source of bindings whose value is the IP version, `4` or `6`, of the address in an inventory column.
  static let familySource = "address-family."

  /// Values of a playbook's variables before it begins: those of the plan, or, in a called playbook, its own with what
  /// the calling step gives.
  public func initialVariables(in scope: String) -> [String: String] {
    guard !scope.isEmpty, let called = playbook.playbook(in: scope) else { return variables }
    var outer = initialVariables(in: Playbook.scope(of: scope))
    guard let step = playbook.steps[scope], case .playbook(_, _, let inArgs, _) = step.kind else {
      return [:]
    }
    for (name, variable) in step.variables { if let value = variable.value { outer[name] = value } }
    return called.initialVariables(given: inArgs, from: outer)
  }

  /// Numbers of targets by the values of a column; unknown counts under an empty key.
  public func counts(by column: String) -> [(value: String, count: Int)] {
    guard let index = columns.firstIndex(of: column) else { return [] }
    var counts: [String: Int] = [:]
    for target in targets { counts[target.values[index], default: 0] += 1 }
    return counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { ($0.key, $0.value) }
  }

  /// Numbers of targets by basis.
  public func countsByBasis() -> [(value: String, count: Int)] {
    var counts: [String: Int] = [:]
    for target in targets { counts[target.basis, default: 0] += 1 }
    return counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { ($0.key, $0.value) }
  }

  /// Nanoseconds after which what a step does to a device is to be taken back; nil for no end, which is also what 0 in a
  /// variable means.
  public func timeToLive(_ step: WorkflowStep, _ policy: RolloutPolicy) -> Int64? {
    switch policy.timeToLive {
    case nil: nil
    case .milliseconds(let number): Int64(number) * 1_000_000
    case .variable(let name):
      value(of: name, in: step).flatMap { Int64($0) }
        .flatMap { Int64(1)...Int64(RolloutPolicy.longestTimeToLive) ~= $0 ? $0 * 1_000_000 : nil }
    }
  }

  /// Value of a variable in a step before anything is done: a step's own stands over the playbook's.
  func value(of name: String, in step: WorkflowStep) -> String? {
    step.variables[name]?.value ?? initialVariables(in: Playbook.scope(of: step.id))[name]
  }

  /// Steps whose acts have a time to live.
  public var timedSteps: Set<String> {
    Set(
      actionSteps.filter { entry in
        entry.action.rollout.flatMap { timeToLive(entry.step, $0) } != nil
      }.map(\.step.id))
  }

  /// Action steps in the order of the workflow.
  public var actionSteps: [(step: WorkflowStep, action: ActionStep)] {
    playbook.workflowOrder.compactMap { id in
      guard let step = playbook.steps[id], case .action(let action) = step.kind else { return nil }
      return (step, action)
    }
  }

  /// Seconds that the fleet steps take at least, from their rate and soak.
  public var estimatedSeconds: Double {
    actionSteps.reduce(0) { sum, entry in
      guard let rollout = entry.action.rollout, rollout.group == nil else { return sum }
      let waves = WaveSchedule.sizes(rollout.waves, count: targets.count).count
      return sum + Double(targets.count) / rollout.ratePerSecond
        + Double(max(0, waves - 1) * rollout.soakMilliseconds) / 1000
    }
  }
}

extension Playbook {
  /// Values of the variables of a called playbook: its own, and those that the caller gives.
  func initialVariables(given names: [String], from outer: [String: String]) -> [String: String] {
    var values = variables.compactMapValues(\.value)
    for name in names { if let value = outer[name] { values[name] = value } }
    return values
  }
}
