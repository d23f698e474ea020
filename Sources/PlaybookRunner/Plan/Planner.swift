public import IncidentModel
public import PlaybookModel

/// Makes plans: resolves targets against the inventory, asks the interlocks, and renders every command once, so that
/// nothing is found out only when it is sent.
public struct Planner: Sendable {
  /// What the operator chose.
  public struct Options: Sendable {
    /// Values of the playbook's external variables, by name.
    public var variables: [String: String]
    /// True when devices that only self-asserted evidence names may be targets; then two people must agree.
    public var includesSelfAsserted: Bool
    /// Where the playbook was read from; nil when not from a file.
    public var playbookPath: String?
    /// Network namespace that nft is to work in; nil: where we run.
    public var networkNamespace: String?
    /// What runs of the case did before that counts together with a plan of these targets: see `UnapprovedActs`.
    public var earlier: @Sendable (ExecutionPlan) throws -> [EarlierActs]
    /// The inventory, where no devices are selected of it: steps that go out once may reach some.
    public var inventory: Inventory?
    /// Says which devices the operator named although lives may hang on them: see `LifeSafety`.
    public var includesLifeSafety: @Sendable (String) -> Bool = { _ in false }
    /// Devices that the operator protects: no step that goes out once reaches them either.
    public var protected: Set<String> = []
    /// Options from their parts.
    public init(
      variables: [String: String] = [:], includesSelfAsserted: Bool = false, playbookPath: String? = nil,
      networkNamespace: String? = nil,
      earlier: @escaping @Sendable (ExecutionPlan) throws -> [EarlierActs] = { _ in [] }
    ) {
      self.earlier = earlier
      self.networkNamespace = networkNamespace
      self.variables = variables
      self.includesSelfAsserted = includesSelfAsserted
      self.playbookPath = playbookPath
    }
  }

  let executors: ExecutorSet

  /// A planner that shows commands by these executors.
  public init(executors: ExecutorSet) { self.executors = executors }

  /// Makes a plan and seals it. `now` is in nanoseconds since the epoch.
  public func plan(
    _ playbook: Playbook, selection: TargetSelection?, options: Options, now: Int64
  ) throws(RunnerError) -> ExecutionPlan {
    let variables = try self.variables(of: playbook, options)
    var plan = ExecutionPlan(
      created: now / 1_000_000 * 1_000_000, playbook: playbook, playbookPath: options.playbookPath,
      expression: selection?.expression ?? "",
      caseDigest: selection?.caseDigest ?? "", fleetSize: selection?.inventory.count ?? 0,
      variables: variables,
      columns: [], targets: [], refused: [], approval: .operator_, approvalReasons: [])
    if plan.usesNFT { plan.networkNamespace = options.networkNamespace }
    let fleetSteps = plan.actionSteps.filter { $0.action.rollout != nil }
    try refuseUnsupported(playbook)
    if let problem = playbook.runTimeValueProblem { throw RunnerError(.unsupported, problem) }
    if let step = WorkflowCycle.action(in: playbook) {
      throw RunnerError(
        .unsupported,
        "the workflow leads from the step '\(step.name ?? step.id)' back to it: its commands would go out again and again; "
          + "let a while-condition repeat what must be repeated (its branch ends with an end step), or leave the way back out"
      )
    }
    let repeated = RepeatedSteps(playbook)
    for (step, action) in fleetSteps {
      if let problem = repeated.problem(step, action, executors) { throw RunnerError(.unsupported, problem) }
    }
    if !fleetSteps.isEmpty {
      guard let selection else {
        throw RunnerError(
          .badTargets, "the playbook acts on a fleet: say on which devices with --targets 'QUERY'")
      }
      plan.columns = columns(fleetSteps.compactMap(\.action.rollout), selection.inventory)
      try select(selection, fleetSteps.compactMap(\.action.rollout), options, into: &plan)
      try Self.refuseProtectedAddresses(plan, selection)
    }
    try placeOnce(&plan, selection?.inventory ?? options.inventory, protected: options.protected)
    try checkTimesToLive(plan)
    try renderAll(&plan)
    if !fleetSteps.isEmpty && plan.targets.isEmpty {
      throw RunnerError(.badTargets, Self.nothingLeft(plan))
    }
    if plan.hasLimits {
      do {
        plan.earlier = try options.earlier(plan)
      } catch {
        throw RunnerError(.journal, "cannot tell what earlier runs of the case did: \(error)")
      }
    }
    (plan.approval, plan.approvalReasons) = Self.approval(of: plan)
    plan.hash = plan.write { _ in }
    return plan
  }

  private func variables(of playbook: Playbook, _ options: Options) throws(RunnerError) -> [String: String] {
    var values: [String: String] = [:]
    for (name, variable) in playbook.variables {
      if let value = variable.value { values[name] = value }
    }
    for (name, value) in options.variables.sorted(by: { $0.key < $1.key }) {
      guard let variable = playbook.variables[name] else {
        throw RunnerError(.badArgument, "the playbook has no variable '\(name)'")
      }
      if variable.isConstant && !variable.isExternal {
        throw RunnerError(.badArgument, "'\(name)' is a constant of the playbook")
      }
      guard VariableValue.fits(value, type: variable.type) else {
        let about = variable.description.map { " (\($0))" } ?? ""
        throw RunnerError(
          .badArgument, "the value of --set \(Self.short(name))=\(value) is no \(variable.type)\(about)")
      }
      values[name] = value
    }
    let missing = playbook.variables.sorted { $0.key < $1.key }
      .filter { $0.value.isExternal && values[$0.key] == nil }
    guard missing.isEmpty else {
      let wanted = missing.map { name, variable in
        "--set \(Self.short(name))=… (\(variable.description ?? variable.type))"
      }
      throw RunnerError(
        .badArgument,
        "the playbook needs \(missing.count == 1 ? "a value" : "values"): add \(wanted.joined(separator: ", "))"
      )
    }
    return values
  }

  private func refuseUnsupported(_ playbook: Playbook) throws(RunnerError) {
    for id in playbook.stepOrder {
      guard let step = playbook.steps[id] else { continue }
      switch step.kind {
      case .action(let action):
        let rollout = action.rollout
        let others =
          (rollout?.verification?.commands ?? []) + (rollout?.inverse?.commands ?? [])
          + (rollout?.inverse?.verification?.commands ?? []) + (rollout?.gate?.probe ?? [])
          + (rollout?.group?.members ?? [])
        for command in action.commands + others { _ = try executors.executor(command.type) }
      case .playbook(let called, _, _, _):
        guard playbook.playbook(in: id) != nil else {
          throw RunnerError(
            .unsupported, "the step '\(id)' calls the playbook '\(called)', which was not put in")
        }
      default: break
      }
    }
  }

  /// What is to end by itself needs an undo and a time.
  private func checkTimesToLive(_ plan: ExecutionPlan) throws(RunnerError) {
    for (step, action) in plan.actionSteps {
      guard let rollout = action.rollout, let time = rollout.timeToLive else { continue }
      if case .variable(let name) = time, plan.value(of: name, in: step) == "0" { continue }
      guard EffectiveRollout(action, executors).inverse != nil else {
        throw RunnerError(
          .unsupported,
          "'\(step.name ?? step.id)' has a time to live and no undo: nothing could end it; write an 'undo', or leave it out"
        )
      }
      guard case .variable(let name) = time, plan.timeToLive(step, rollout) == nil else { continue }
      throw RunnerError(
        .badArgument,
        "the time to live of '\(step.name ?? step.id)' is --set \(Self.short(name))=…, 1 to \(RolloutPolicy.longestTimeToLive) milliseconds, or 0 for no end"
      )
    }
  }

  private func columns(_ policies: [RolloutPolicy], _ inventory: Inventory) -> [String] {
    var wanted = ["model", "site", "criticality"].filter { inventory.attributes.contains($0) }
    for policy in policies {
      wanted += policy.bindings.compactMap { binding in
        ["inventory.", ExecutionPlan.familySource].first { binding.source.hasPrefix($0) }
          .map { String(binding.source.dropFirst($0.count)) }
      }
      wanted += policy.interlocks.map(\.attribute) + policy.conditionAttributes
    }
    var seen: Set<String> = []
    return wanted.filter { seen.insert($0).inserted }
  }

  /// Targets resolve to entities of the inventory and to nothing else: a name forged in a log selects nobody.
  private func select(
    _ selection: TargetSelection, _ policies: [RolloutPolicy], _ options: Options,
    into plan: inout ExecutionPlan
  ) throws(RunnerError) {
    let inventory = selection.inventory
    let indices = plan.columns.map { inventory.attributes.firstIndex(of: $0) }
    let interlocks = policies.flatMap(\.interlocks)
    let places = Dictionary(
      plan.columns.enumerated().map { ($0.element, $0.offset) }, uniquingKeysWith: { a, _ in a })
    let containing = policies.contains { $0.kind == .contain }
    let ambiguous = inventory.ambiguousNames
    func values(_ row: Int) -> [String] {
      indices.map { $0.map { inventory.value(row: row, attribute: $0) } ?? "" }
    }
    let shared = SharedPlaces(
      plan, inventory: inventory,
      devices: selection.devices.compactMap { device in
        inventory.rowOfDevice[device.device].map { (device.device, values($0)) }
      })
    let lifeSafety = LifeSafety(plan, inventory)
    var lives: Set<String> = []
    var seen: Set<String> = []
    var carried: Set<String> = []
    plan.targets.reserveCapacity(selection.devices.count)
    for selected in selection.devices {
      func refuse(_ code: String, _ reason: String) {
        plan.refused.append(.init(device: selected.device, code: code, reason: reason))
      }
      // Before anything that tells devices apart by their names.
      if ambiguous.contains(selected.device) {
        refuse(Self.ambiguousName.code, Self.ambiguousName.reason)
        continue
      }
      guard seen.insert(selected.device).inserted else { continue }
      guard let row = inventory.rowOfDevice[selected.device] else {
        refuse("not-in-inventory", "the inventory does not list it")
        continue
      }
      if let reason = selection.protected[selected.device] {
        refuse("protected", reason)
        continue
      }
      if let basis = selected.basis, basis >= .selfAsserted, !options.includesSelfAsserted {
        refuse(
          "self-asserted",
          "only \(basis.name) evidence selects it, which may be forged: \(Self.selfAssertedOption) takes it, with two approvals"
        )
        continue
      }
      let target = ExecutionPlan.Target(
        device: selected.device, basis: selected.basis?.name ?? "inventory", values: values(row))
      if let refusal = Self.interlock(
        interlocks, { places[$0].flatMap { target.values[$0].isEmpty ? nil : target.values[$0] } })
      {
        refuse(refusal.code, refusal.reason)
        continue
      }
      let reason = lifeSafety.reason(selected.device)
      if let reason, !options.includesLifeSafety(selected.device) {
        refuse(LifeSafety.code, reason)
        continue
      }
      if let sharer = shared.sharer(of: selected.device) {
        refuse(
          Self.sharedAddress,
          "its address '\(sharer.address)' is also that of '\(sharer.device)' in the inventory: nobody knows who would be hit; give each its own, or take one of the rows out"
        )
        continue
      }
      let dependants = selection.dependants[selected.device] ?? []
      // Cutting off a gateway cuts off all behind it: whom an interlock holds back there holds the gateway back.
      if containing, let (device, refusal) = Self.heldBack(dependants, interlocks, inventory, ambiguous) {
        refuse(refusal.code, "'\(device)' hangs on it: \(refusal.reason)")
        continue
      }
      if containing,
        let (device, reason) = lifeSafety.heldBack(dependants, named: options.includesLifeSafety)
      {
        refuse(LifeSafety.code, "'\(device)' hangs on it: \(reason)")
        continue
      }
      if containing { lives.formUnion(dependants.filter { lifeSafety.reason($0) != nil }) }
      if reason != nil { lives.insert(selected.device) }
      carried.formUnion(dependants)
      if !dependants.isEmpty { plan.gateways.append(selected.device) }
      plan.targets.append(target)
    }
    plan.lifeSafety = lives.sorted()
    if !carried.isEmpty { plan.carried = carried.subtracting(plan.targets.map(\.device)).count }
  }

  /// Code of devices whose address another row of the inventory has, too.
  static let sharedAddress = "shared-address"

  /// The first of some devices that an interlock holds back.
  static func heldBack(
    _ devices: [String], _ interlocks: [RolloutPolicy.Interlock], _ inventory: Inventory,
    _ ambiguous: Set<String>
  ) -> (device: String, refusal: (code: String, reason: String))? {
    guard !interlocks.isEmpty else { return nil }
    for device in devices {
      if ambiguous.contains(device) { return (device, Self.ambiguousName) }
      guard let row = inventory.rowOfDevice[device] else { continue }
      let refusal = interlock(interlocks) { name in
        guard let column = inventory.attributes.firstIndex(of: name) else { return nil }
        let value = inventory.value(row: row, attribute: column)
        return value.isEmpty ? nil : value
      }
      if let refusal { return (device, refusal) }
    }
    return nil
  }

  /// Of two names that Unicode takes for one, nobody can be sure which is meant.
  static let ambiguousName = (
    code: "ambiguous-name",
    reason:
      "the inventory lists another device whose name reads the same and differs in its bytes alone (Unicode writes it in two ways): rename one of them"
  )

  /// Why an interlock holds a device back, or nil. Missing data blocks.
  static func interlock(
    _ interlocks: [RolloutPolicy.Interlock], _ value: (String) -> String?
  ) -> (code: String, reason: String)? {
    for lock in interlocks {
      guard let found = value(lock.attribute) else {
        return (lock.code, "the inventory does not say its '\(lock.attribute)'")
      }
      if lock.refuses(found) || (!lock.require.isEmpty && !lock.require.contains(found)) {
        return (lock.code, "\(lock.reason) (\(lock.attribute) is '\(found)')")
      }
    }
    return nil
  }

  /// Renders each command of each target; a device whose values do not fit is refused.
  private func renderAll(_ plan: inout ExecutionPlan) throws(RunnerError) {
    let snapshot = plan
    for (step, action) in snapshot.actionSteps where action.rollout?.group != nil || action.rollout == nil {
      // Variables that earlier steps set have no value yet.
      var values = snapshot.values(step: step, rollout: action.rollout, target: nil)
      for name in Self.variableNames(snapshot, step) where values[name] == nil { values[name] = "…" }
      for name in step.variables.keys where values[name] == nil { values[name] = "…" }
      let commands =
        action.commands + (action.rollout?.verification?.commands ?? [])
        + (action.rollout?.inverse?.commands ?? []) + (action.rollout?.group?.members ?? [])
        + (action.rollout?.inverse?.verification?.commands ?? []) + (action.rollout?.gate?.probe ?? [])
      for call in Self.calls(commands, step, action, snapshot, values: values, device: nil) {
        _ = try executors.executor(call.command.type).planText(call)
      }
    }
    var kept: [ExecutionPlan.Target] = []
    kept.reserveCapacity(snapshot.targets.count)
    var shapes = ValueShapes(snapshot)
    let steps = snapshot.actionSteps
    for target in snapshot.targets {
      if shapes.isKnown(target) {
        kept.append(target)
        continue
      }
      do throws(RunnerError) {
        for (step, action) in steps {
          guard let rollout = action.rollout, rollout.group == nil else { continue }
          let values = snapshot.values(step: step, rollout: rollout, target: target)
          let commands =
            action.commands + (rollout.verification?.commands ?? []) + (rollout.inverse?.commands ?? [])
            + (rollout.inverse?.verification?.commands ?? [])
          for call in Self.calls(commands, step, action, snapshot, values: values, device: target.device) {
            _ = try executors.executor(call.command.type).planText(call)
          }
        }
        kept.append(target)
        shapes.learn(target)
      } catch {
        plan.refused.append(.init(device: target.device, code: "bad-argument", reason: error.description))
      }
    }
    plan.targets = kept
    // One bad value of the playbook's own variables is one mistake, not one for each device.
    let bad = plan.refused.filter { $0.code == "bad-argument" }
    guard kept.isEmpty, let reason = bad.first?.reason, bad.allSatisfy({ $0.reason == reason }) else {
      return
    }
    let bound = Set(snapshot.actionSteps.flatMap { ($0.action.rollout?.bindings ?? []).map(\.name) })
    let culprit = snapshot.variables.sorted { $0.key < $1.key }.first { name, value in
      !bound.contains(name) && (reason.contains("'\(name)'") || reason.contains("'\(value)'"))
    }
    guard let culprit else { return }
    let about = snapshot.playbook.variables[culprit.key]?.description.map { " (\($0))" } ?? ""
    throw RunnerError(
      .badArgument,
      "the value of --set \(Self.short(culprit.key))=\(culprit.value) does not do\(about): \(reason)")
  }

  /// Names of the variables of a step's playbook.
  static func variableNames(_ plan: ExecutionPlan, _ step: WorkflowStep) -> [String] {
    (plan.playbook.playbook(in: Playbook.scope(of: step.id)) ?? plan.playbook).variables.keys.sorted()
  }

  /// The calls of some commands for one device, or for none: one for each command and target.
  static func calls(
    _ commands: [PlaybookCommand], _ step: WorkflowStep, _ action: ActionStep, _ plan: ExecutionPlan,
    values: [String: String], device: String?
  ) -> [CommandCall] {
    StepCalls(step, action, plan).calls(commands, values: values, device: device)
  }

  /// Longest time for one command when the step has no timeout: 60 s.
  static let defaultTimeout: Int64 = 60_000_000_000
}
