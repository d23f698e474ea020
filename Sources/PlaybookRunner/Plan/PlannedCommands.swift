public import PlaybookModel

/// A command of a plan, for people.
public struct PlannedCommand: Sendable, Hashable {
  /// The step's name, or its id.
  public var step: String
  /// `members`, `do`, `verify`, `undo`, `undone` (looks whether it was taken back) or `gate` (before the next wave).
  public var role: String
  /// The exact command, secrets masked.
  public var text: String
}

extension Planner {
  /// Every command that a target gets, verifies and takes back, in order; of a step that runs once, and what gates ask between
  /// waves, when `target` is nil.
  public func commands(_ plan: ExecutionPlan, target: ExecutionPlan.Target?) -> [PlannedCommand] {
    var list: [PlannedCommand] = []
    let runTime = target == nil ? plan.playbook.runTimeVariables : [:]
    for (step, action) in plan.actionSteps {
      let isOnce = action.rollout == nil || action.rollout?.group != nil
      guard isOnce == (target == nil) || target == nil && action.rollout?.gate != nil else { continue }
      var values = plan.values(step: step, rollout: action.rollout, target: target)
      for name in Self.variableNames(plan, step) where values[name] == nil { values[name] = "…" }
      // Of steps on devices there are none: such a plan is not made.
      let given = runTime[Playbook.scope(of: step.id)] ?? []
      let effective = EffectiveRollout(action, executors)
      var roles: [(String, [PlaybookCommand])] = []
      if isOnce == (target == nil) {
        roles = [
          ("members", action.rollout?.group?.members ?? []), ("do", action.commands),
          ("verify", effective.verification?.commands ?? []), ("undo", effective.inverse?.commands ?? []),
          ("undone", effective.inverse?.verification?.commands ?? []),
        ]
      }
      if target == nil { roles.append(("gate", action.rollout?.gate?.probe ?? [])) }
      for (role, commands) in roles {
        for call in Self.calls(commands, step, action, plan, values: values, device: target?.device) {
          guard let executor = try? executors.executor(call.command.type) else { continue }
          var text = (try? executor.planText(call)) ?? "(cannot be shown)"
          let later = call.usedVariables.filter { given.contains($0) && step.variables[$0]?.value == nil }
          if !later.isEmpty {
            text +=
              "  (\(later.joined(separator: ", ")) as before the run: a step gives \(later.count == 1 ? "it another value" : "them other values"))"
          }
          list.append(PlannedCommand(step: step.name ?? step.id, role: role, text: text))
        }
      }
    }
    return list
  }

  /// What holds for a step on a fleet beside its commands, a sentence each: what looks must answer, how long is waited, what
  /// stops it, whom it leaves alone. Whoever signs a plan signs these, too.
  public func conditions(of step: WorkflowStep, _ action: ActionStep, in plan: ExecutionPlan) -> [String] {
    guard let rollout = action.rollout else { return [] }
    let effective = EffectiveRollout(action, executors)
    func seconds(_ milliseconds: Int) -> String {
      milliseconds % 1000 == 0 ? "\(milliseconds / 1000) s" : "\(milliseconds) ms"
    }
    func look(_ verification: RolloutPolicy.Verification) -> String {
      verification.looks.map(\.expectation.words).joined(separator: ", and ")
        + (verification.withinMilliseconds > 0
          ? ", looked for up to \(seconds(verification.withinMilliseconds))" : "")
    }
    var lines: [String] = []
    if let verification = effective.verification {
      lines.append("verify: in force when \(look(verification))")
    } else {
      lines.append("verify: nothing looks whether it is in force")
    }
    if let code = rollout.refusalExitCode {
      lines.append("refusal: exit code \(code) says that nothing was done")
    }
    if let inverse = effective.inverse {
      lines.append(
        inverse.verification.map { "undone: taken back when \(look($0))" }
          ?? "undone: nothing looks whether it was taken back")
    }
    if let gate = rollout.gate {
      lines.append(
        gate.query.map {
          "gate: after each wave; opens when at most \(gate.limit) events since the wave began match '\($0)'"
        } ?? "gate: after each wave; opens when \(gate.expectation.words)")
    }
    if rollout.group == nil {
      lines.append(
        "stops: above \(rollout.canaryFailures) failures in the first wave, \(Self.short(rollout.failurePercent)) % in later ones, "
          + "\(Self.short(rollout.unreachablePercent)) % out of reach")
      if rollout.soakMilliseconds > 0 {
        lines.append("soak: \(seconds(rollout.soakMilliseconds)) between waves")
      }
    }
    lines.append(
      "retries: \(rollout.retries) where a device cannot be reached, the first after \(seconds(rollout.backoffMilliseconds))"
    )
    if rollout.queueMilliseconds > 0, rollout.group == nil {
      lines.append("queue: who cannot be acted on waits up to \(seconds(rollout.queueMilliseconds))")
    }
    for lock in rollout.interlocks {
      let values =
        !lock.require.isEmpty
        ? "must be '\(lock.require.joined(separator: "' or '"))'"
        : lock.refuse.isEmpty ? "must be known" : "must not be '\(lock.refuse.joined(separator: "' or '"))'"
      lines.append("interlock: '\(lock.attribute)' \(values) (\(lock.reason))")
    }
    if let battery = rollout.battery {
      lines.append("battery: '\(battery.attribute)' must be at least \(Self.short(battery.floor)) %")
    }
    if rollout.maintenance != nil { lines.append("window: only in maintenance windows") }
    if let exclude = rollout.exclude { lines.append("never: \(exclude)") }
    return lines
  }

  private static func short(_ number: Double) -> String {
    number == number.rounded() && abs(number) < 1e9 ? String(Int(number)) : String(number)
  }
}

extension RolloutPolicy.Expectation {
  /// The expectation in words: `'/client/disabled' of the answer is 'true'`.
  public var words: String {
    switch self {
    case .success: "the command succeeds"
    case .contains(let texts):
      "the answer holds " + texts.map { "'\($0)'" }.joined(separator: " and ")
    case .equals(let pointer, let text): "'\(pointer)' of the answer is '\(text)'"
    case .absent(let pointer): "the answer has no '\(pointer)'"
    case .differs(let pointer, let text): "'\(pointer)' of the answer is not '\(text)'"
    }
  }
}

extension CommandCall {
  /// Names of the variables that the command, its place and its credentials are made from, in order of the alphabet.
  fileprivate var usedVariables: [String] {
    let texts =
      [command.text, command.content, target?.port, authentication?.user, authentication?.secret].compactMap {
        $0
      }
      + command.headers.flatMap(\.values) + (target?.address.values.flatMap(\.self) ?? [])
    return Set(texts.flatMap { VariableReference.all(in: $0) }.map(\.name)).sorted()
  }
}
