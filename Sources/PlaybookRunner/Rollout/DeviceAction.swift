import PlaybookModel
import Synchronization

/// Does one thing to one device: look, intend (durably), act, look again, note the result (durably).
///
/// A class, since a million tasks hold it: a copy of everything that it needs would cost each of them more than its action.
final class DeviceAction: Sendable {
  let environment: RunEnvironment
  let writer: JournalWriter
  let plan: ExecutionPlan
  let step: WorkflowStep
  let action: ActionStep
  let policy: RolloutPolicy
  let verification: RolloutPolicy.Verification?
  /// `act` or `undo`.
  let role: RunRecord.Action
  let commands: [PlaybookCommand]
  /// True when the device waits in the queue already: that it is still not there is no news.
  let isReturn: Bool
  /// True when the commands may be sent a second time where nobody can look whether they were carried out.
  private let isRepeatable: Bool
  private let conditions: DeviceConditions
  let stepCalls: StepCalls
  /// Undos that are done and are only watched, so that they keep no other from being begun.
  let watching = Atomic<Int>(0)
  /// How long after its beginning an act whose end nobody saw may still show, in nanoseconds; 0 where it cannot.
  private let unseenTime: Int64

  /// `held`: see `DeviceConditions.held`.
  init(
    environment: RunEnvironment, writer: JournalWriter, plan: ExecutionPlan, step: WorkflowStep,
    action: ActionStep, policy: RolloutPolicy, verification: RolloutPolicy.Verification?,
    role: RunRecord.Action, commands: [PlaybookCommand], isReturn: Bool = false, held: [String: Bool] = [:]
  ) {
    self.environment = environment
    self.writer = writer
    self.plan = plan
    self.step = step
    self.action = action
    self.policy = policy
    self.verification = verification
    self.role = role
    self.commands = commands
    self.isReturn = isReturn
    isRepeatable = role == .undo ? policy.inverse?.isRepeatable ?? false : policy.isRepeatable
    conditions = DeviceConditions(
      environment: environment, plan: plan, step: step, action: action, policy: policy, held: held)
    stepCalls = StepCalls(step, action, plan)
    unseenTime = UnseenAct.time(step, action, environment.executors)
  }

  /// What may still be under way on some devices: an act of this run that was begun at a moment and whose end nobody saw, or what
  /// other runs sent. Of several the one that lasts longest; nil for none.
  private func unseenAct(on targets: [ExecutionPlan.Target], since begun: RunHistory.Moment?) -> UnseenAct? {
    var found = begun.map { UnseenAct(run: writer.run, begun: $0, time: unseenTime) }
    if !environment.unseen.isEmpty, !action.onlyLooks {
      for target in targets {
        // What another undo does besides is no harm to an undo.
        guard let other = environment.unseen[target.device], role == .act || !other.isUndo else { continue }
        if other.left(environment.clock) > found?.left(environment.clock) ?? 0 { found = other }
      }
    }
    return found.flatMap { $0.left(environment.clock) > 0 ? $0 : nil }
  }

  typealias Done = (outcome: RunRecord.Outcome, reason: String?)

  /// What is known of a state that was looked at. `stopped`: not in force yet when somebody stopped the waiting.
  enum Look { case holds, absent, unreachable(String), unclear(String), stopped }

  /// Reason of an act whose outcome was not waited for: its intent stays without result, and `resume` looks first. Where nothing was
  /// begun, since what another run sent was waited for, the outcome is `skipped`.
  static let interrupted = "interrupted"

  /// Does it. `wasIntended` says that an earlier attempt left an intent without a result, `openSince` when an act was begun
  /// whose end nobody saw. Throws only when the journal cannot be written.
  func perform(
    _ target: ExecutionPlan.Target, wave: Int?, wasIntended: Bool, openSince: RunHistory.Moment? = nil,
    values: [String: String]
  ) async throws -> Done {
    let obstacle = conditions.obstacle(target, role)
    return try await perform(
      together: [target], device: target.device, wave: wave, wasIntended: wasIntended, openSince: openSince,
      values: values, obstacle: obstacle)
  }

  /// Does it once for several devices together, or for one, whose name is `device`: each has an intent and a result of
  /// its own in the journal. `obstacle` is why it must not be done.
  func perform(
    together targets: [ExecutionPlan.Target], device: String?, wave: Int?, wasIntended: Bool,
    openSince: RunHistory.Moment? = nil, values: [String: String], obstacle: DeviceConditions.Obstacle? = nil
  ) async throws -> Done {
    environment.control.begin()
    defer { environment.control.end() }
    func result(
      _ outcome: RunRecord.Outcome, _ reason: String?, _ detail: String, kind: RunRecord.Kind = .result
    ) async throws -> Done {
      if isReturn, !wasIntended, outcome == .skipped, let reason, RunHistory.queueReasons.contains(reason) {
        return (outcome, reason)
      }
      try await writer.write(
        all: targets.map {
          RecordDraft(
            kind, step: step.id, target: $0.device, action: role, outcome: outcome, reason: reason,
            wave: wave, detail: detail)
        })
      return (outcome, reason)
    }

    // After an intent without a result the first thing is to know what that attempt did, also where an interlock now
    // forbids another one.
    if let obstacle, !wasIntended { return try await result(.skipped, obstacle.reason, obstacle.detail) }
    if let obstacle, !obstacle.mayLook {
      return try await result(
        .unknown, obstacle.reason, "nobody looked what the attempt before did: \(obstacle.detail)",
        kind: .verified)
    }
    // What a killed attempt did may take its time to show, like any other.
    let waits = wasIntended && (verification?.withinMilliseconds ?? 0) > 0
    let unseen = unseenAct(on: targets, since: openSince)
    let seen: Look
    // Where nobody can look and nothing is sent a second time there is nothing to wait for.
    if let unseen, !(wasIntended && verification == nil && !isRepeatable) {
      seen = await lookUntilSettled(device, values, unseen)
    } else {
      seen = waits ? await lookUntilInForce(device, values) : await lookPatiently(device, values)
    }
    switch seen {
    case .stopped: return (wasIntended ? .unknown : .skipped, Self.interrupted)
    case .holds:
      return wasIntended
        ? try await result(
          .changed, RunHistory.verified, "in force: the attempt before was carried out", kind: .verified)
        : try await result(.ok, nil, "in the wanted state already; nothing was sent")
    case .unreachable(let why):
      if wasIntended {
        return try await result(.unknown, "unreachable", "cannot verify: \(why)", kind: .verified)
      }
      return try await result(.skipped, "unreachable", "\(why); nothing was sent")
    case .unclear(let why):
      // Never act blindly on top of an attempt whose outcome nobody knows, unless the playbook says that it does no harm.
      if wasIntended, verification != nil || !isRepeatable || obstacle != nil {
        return try await result(.unknown, "unverified", "cannot verify: \(why)", kind: .verified)
      }
      if verification != nil {
        return try await result(
          .failed, RunHistory.unverifiable, "\(why); its state cannot be seen, nothing was sent")
      }
    case .absent:
      if let obstacle {
        return try await result(
          .skipped, obstacle.reason, "not in force after the attempt before; \(obstacle.detail)",
          kind: .verified)
      }
    }
    let number = environment.control.intends(targets.map(\.device))
    let done = try await send(targets, device, wave, values, unseen, result)
    // What was not waited for stays without result.
    if done.reason != Self.interrupted { environment.control.settles(number) }
    return done
  }

  private typealias Result = (
    RunRecord.Outcome, String?, String, RunRecord.Kind
  ) async throws -> Done

  private func send(
    _ targets: [ExecutionPlan.Target], _ device: String?, _ wave: Int?, _ values: [String: String],
    _ unseen: UnseenAct?, _ result: Result
  ) async throws -> Done {
    let calls = stepCalls.calls(commands, values: values, device: device)
    let shown = calls.compactMap { try? environment.executors.executor($0.command.type).planText($0) }
    let detail = RemoteText.excerpt(shown.count == 1 ? shown[0] : shown.joined(separator: "; "), 2000)
    var attempts = 0
    var returns = 0
    while true {
      try await writer.write(
        all: targets.map {
          RecordDraft(.intent, step: step.id, target: $0.device, action: role, wave: wave, detail: detail)
        })
      let (answer, isPartly) = await attempt(calls)
      if answer.effect == .done || answer.effect == .unknown, let unseen {
        guard let comesBack = await comesBack(device, values, unseen) else {
          return (.unknown, Self.interrupted)
        }
        if comesBack, returns < Self.mostReturns {
          returns += 1
          continue
        }
      }
      switch answer.effect {
      case .done: return try await confirm(device, values, answer, result)
      case .refused where isPartly && verification == nil:
        return try await result(.failed, RunHistory.partlyDone, answer.detail, .result)
      case .refused where isPartly:
        return try await resolve(device, values, answer, result, ifAbsent: RunHistory.partlyDone)
      case .refused where verification == nil:
        return try await result(.failed, "refused", answer.detail, .result)
      case .refused: return try await doubt(device, values, answer, result)
      case .unknown:
        return try await resolve(device, values, answer, result, ifAbsent: RunHistory.endUnseen)
      case .unreachable:
        attempts += 1
        if attempts > policy.retries || isReturn || environment.control.isStopping {
          // The intent before needs its result, whatever is known of the device already.
          try await writer.write(
            all: targets.map {
              RecordDraft(
                .result, step: step.id, target: $0.device, action: role, outcome: .skipped,
                reason: "unreachable", wave: wave, detail: "\(answer.detail); nothing was sent")
            })
          return (.skipped, "unreachable")
        }
        await pause(attempts)
      }
    }
  }

  /// The other side said "done": see for ourselves.
  private func confirm(
    _ device: String?, _ values: [String: String], _ answer: CommandAnswer, _ result: Result
  ) async throws -> Done {
    guard verification != nil else { return try await result(.changed, "unverified", answer.detail, .result) }
    switch await lookUntilInForce(device, values) {
    case .stopped: return (.unknown, Self.interrupted)
    case .holds: return try await result(.changed, nil, "\(answer.detail); verified", .result)
    case .absent:
      return try await result(
        .failed, RunHistory.notInForce, "\(answer.detail), but it is not in force", .result)
    case .unreachable(let why), .unclear(let why):
      return try await result(
        .unknown, "unverified", "\(answer.detail), but it cannot be verified: \(why)", .result)
    }
  }

  /// Nobody knows: look, never send again.
  private func resolve(
    _ device: String?, _ values: [String: String], _ answer: CommandAnswer, _ result: Result,
    ifAbsent: String
  ) async throws -> Done {
    switch await lookUntilInForce(device, values) {
    case .stopped: return (.unknown, Self.interrupted)
    case .holds:
      return try await result(.changed, RunHistory.verified, "\(answer.detail); verified: in force", .result)
    case .absent:
      return try await result(.failed, ifAbsent, "\(answer.detail); verified: not in force", .result)
    case .unreachable(let why), .unclear(let why):
      return try await result(.unknown, "no-answer", "\(answer.detail); cannot verify: \(why)", .result)
    }
  }

  /// It was refused, as the answer says: one look tells whether that is so. It is not waited for what nobody promised.
  private func doubt(
    _ device: String?, _ values: [String: String], _ answer: CommandAnswer, _ result: Result
  ) async throws -> Done {
    switch await look(device, values) {
    case .holds:
      return try await result(
        .changed, "refused-in-force", "\(answer.detail); and yet it is in force", .result)
    case .absent, .stopped: return try await result(.failed, "refused", answer.detail, .result)
    case .unreachable(let why), .unclear(let why):
      return try await result(.unknown, "no-answer", "\(answer.detail); cannot verify: \(why)", .result)
    }
  }

  /// Carries commands out in order until one is not done.
  func execute(_ calls: [CommandCall]) async -> CommandAnswer { await attempt(calls).answer }

  /// `isPartly` is true when one was not done after others were, or was itself done in part.
  private func attempt(_ calls: [CommandCall]) async -> (answer: CommandAnswer, isPartly: Bool) {
    var last = CommandAnswer(.done, detail: "nothing to do")
    var sent = false
    for call in calls {
      guard let executor = try? environment.executors.executor(call.command.type) else {
        last = CommandAnswer(
          .refused, detail: "nothing here runs commands of type '\(call.command.type.name)'")
        return (last, sent)
      }
      last = await ProcessCall.$act.withValue(.init(run: writer.run, step: step.id, device: call.device)) {
        await executor.execute(call)
      }
      if let code = policy.unreachableExitCode, last.exitCode == Int32(code) {
        // The script went out to reach it by itself, and says that it did not.
        last.effect = .unreachable
        last.isPartly = false
      }
      if last.effect != .done {
        // What earlier commands did is done: "nothing was sent" would be wrong.
        if last.effect == .unreachable && sent { last.effect = .unknown }
        // Who says that he refused before anything was done left nothing half done, as far as it hangs on this command.
        let isRefusal = policy.refusalExitCode.map { last.exitCode == Int32($0) } ?? false
        return (last, sent || last.isPartly && !isRefusal)
      }
      sent = true
    }
    return (last, false)
  }
}
