import PlaybookModel

/// Does one thing to one device: look, intend (durably), act, look again, note the result (durably).
struct DeviceAction: Sendable {
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

  /// What is known of a state that was looked at.
  enum Look { case holds, absent, unreachable(String), unclear(String) }

  /// Does it. `wasIntended` says that an earlier attempt left an intent without a result.
  /// Throws only when the journal cannot be written.
  func perform(
    _ target: ExecutionPlan.Target, wave: Int?, wasIntended: Bool, values: [String: String]
  ) async throws -> (outcome: RunRecord.Outcome, reason: String?) {
    // Asked when the plan was made; asked again of the plan itself, since a run acts on nothing it cannot justify.
    if let reason = Planner.interlock(policy.interlocks, plan, target) {
      try await writer.write(
        RecordDraft(
          .result, step: step.id, target: target.device, action: role, outcome: .skipped, reason: "interlock",
          wave: wave, detail: reason))
      return (.skipped, "interlock")
    }
    return try await perform(
      together: [target], device: target.device, wave: wave, wasIntended: wasIntended, values: values)
  }

  /// Does it once for several devices together, or for one, whose name is `device`: each has an intent and a result of
  /// its own in the journal.
  func perform(
    together targets: [ExecutionPlan.Target], device: String?, wave: Int?, wasIntended: Bool,
    values: [String: String]
  ) async throws -> (outcome: RunRecord.Outcome, reason: String?) {
    func result(
      _ outcome: RunRecord.Outcome, _ reason: String?, _ detail: String, kind: RunRecord.Kind = .result
    ) async throws -> (outcome: RunRecord.Outcome, reason: String?) {
      try await writer.write(
        all: targets.map {
          RecordDraft(
            kind, step: step.id, target: $0.device, action: role, outcome: outcome, reason: reason,
            wave: wave, detail: detail)
        })
      return (outcome, reason)
    }

    switch await look(device, values) {
    case .holds:
      // After an intent without a result this is what that attempt did.
      return wasIntended
        ? try await result(
          .changed, "verified", "in force: the attempt before was carried out", kind: .verified)
        : try await result(.ok, nil, "in the wanted state already; nothing was sent")
    case .unreachable(let why):
      if wasIntended {
        return try await result(.unknown, "unreachable", "cannot verify: \(why)", kind: .verified)
      }
      return try await result(.skipped, "unreachable", "\(why); nothing was sent")
    case .unclear(let why):
      // Never act blindly on top of an attempt whose outcome nobody knows.
      if wasIntended {
        return try await result(.unknown, "unverified", "cannot verify: \(why)", kind: .verified)
      }
      if verification != nil {
        return try await result(.failed, "unverifiable", "\(why); its state cannot be seen, nothing was sent")
      }
    case .absent: break
    }

    let calls = Planner.calls(commands, step, action, plan, values: values, device: device)
    var attempt = 0
    while true {
      let shown = calls.compactMap { try? environment.executors.executor($0.command.type).planText($0) }
      let intent = RemoteText.excerpt(shown.joined(separator: "; "), 2000)
      try await writer.write(
        all: targets.map {
          RecordDraft(
            .intent, step: step.id, target: $0.device, action: role, wave: wave, detail: intent)
        })
      let answer = await execute(calls)
      switch answer.effect {
      case .done: return try await confirm(device, values, answer, result)
      case .refused: return try await result(.failed, "refused", answer.detail)
      case .unknown: return try await resolve(device, values, answer, result)
      case .unreachable:
        attempt += 1
        if attempt > policy.retries || environment.control.isStopping {
          return try await result(.skipped, "unreachable", "\(answer.detail); nothing was sent")
        }
        try await pause(attempt)
      }
    }
  }

  private typealias Result = (
    RunRecord.Outcome, String?, String, RunRecord.Kind
  ) async throws -> (outcome: RunRecord.Outcome, reason: String?)

  /// The other side said "done": see for ourselves.
  private func confirm(
    _ device: String?, _ values: [String: String], _ answer: CommandAnswer, _ result: Result
  ) async throws -> (outcome: RunRecord.Outcome, reason: String?) {
    guard verification != nil else { return try await result(.changed, "unverified", answer.detail, .result) }
    switch await lookUntilInForce(device, values) {
    case .holds: return try await result(.changed, nil, "\(answer.detail); verified", .result)
    case .absent:
      return try await result(.failed, "not-in-force", "\(answer.detail), but it is not in force", .result)
    case .unreachable(let why), .unclear(let why):
      return try await result(
        .unknown, "unverified", "\(answer.detail), but it cannot be verified: \(why)", .result)
    }
  }

  /// Nobody knows: look, never send again.
  private func resolve(
    _ device: String?, _ values: [String: String], _ answer: CommandAnswer, _ result: Result
  ) async throws -> (outcome: RunRecord.Outcome, reason: String?) {
    switch await lookUntilInForce(device, values) {
    case .holds:
      return try await result(.changed, "verified", "\(answer.detail); verified: in force", .result)
    case .absent:
      return try await result(.failed, "not-in-force", "\(answer.detail); verified: not in force", .result)
    case .unreachable(let why), .unclear(let why):
      return try await result(.unknown, "no-answer", "\(answer.detail); cannot verify: \(why)", .result)
    }
  }

  func execute(_ calls: [CommandCall]) async -> CommandAnswer {
    var last = CommandAnswer(.done, detail: "nothing to do")
    var sent = false
    for call in calls {
      guard let executor = try? environment.executors.executor(call.command.type) else {
        return CommandAnswer(
          .refused, detail: "nothing here runs commands of type '\(call.command.type.name)'")
      }
      last = await executor.execute(call)
      if last.effect != .done {
        // What earlier commands did is done: "nothing was sent" would be wrong.
        if last.effect == .unreachable && sent { last.effect = .unknown }
        return last
      }
      sent = true
    }
    return last
  }

  /// Looks until the wanted state is in force or the verification's time is over.
  private func lookUntilInForce(_ device: String?, _ values: [String: String]) async -> Look {
    let within = Int64(verification?.withinMilliseconds ?? 0) * 1_000_000
    let end = environment.clock.monotonicTime() + within
    while true {
      let seen = await look(device, values)
      if case .holds = seen { return seen }
      let left = end - environment.clock.monotonicTime()
      guard left > 0, !environment.control.isStopping else { return seen }
      await environment.clock.sleep(nanoseconds: min(left, max(200_000_000, min(within / 50, 5_000_000_000))))
    }
  }

  /// Looks whether the wanted state is in force.
  func look(_ device: String?, _ values: [String: String]) async -> Look {
    guard let verification else { return .unclear("there is no way to look") }
    let calls = Planner.calls(verification.commands, step, action, plan, values: values, device: device)
    let expectation: RolloutPolicy.Expectation
    do {
      expectation = try Expectations.filled(verification.expectation, values)
    } catch {
      return .unclear(error.description)
    }
    let answer = await execute(calls)
    switch answer.effect {
    case .unreachable: return .unreachable(answer.detail)
    case .unknown: return .unclear(answer.detail)
    case .refused:
      // "No" is an answer for commands whose success is the question.
      if expectation == .success { return .absent }
      // So is "there is no such thing", for those who ask for it and for those who expect just that.
      if case .equals = expectation, Expectations.holds(expectation, answer) { return .holds }
      return answer.json?["error"]?.text == NFTExecutor.notFound ? .absent : .unclear(answer.detail)
    case .done: return Expectations.holds(expectation, answer) ? .holds : .absent
    }
  }

  /// Waits before another attempt: doubling, with up to half of it as jitter, so that devices do not come in step.
  private func pause(_ attempt: Int) async throws {
    let base = Int64(policy.backoffMilliseconds) * 1_000_000 << Int64(min(attempt - 1, 10))
    await environment.clock.sleep(nanoseconds: base + Int64.random(in: 0...max(0, base / 2)))
  }
}

/// Compares answers with what they must be.
enum Expectations {
  /// The expectation with the values of its variables. Throws when one has none.
  static func filled(
    _ expectation: RolloutPolicy.Expectation, _ values: [String: String]
  ) throws(RunnerError) -> RolloutPolicy.Expectation {
    switch expectation {
    case .success, .absent: expectation
    case .contains(let text): .contains(try Template.plain(text, values))
    case .equals(let pointer, let text): .equals(pointer: pointer, text: try Template.plain(text, values))
    case .differs(let pointer, let text): .differs(pointer: pointer, text: try Template.plain(text, values))
    }
  }

  static func holds(_ expectation: RolloutPolicy.Expectation, _ answer: CommandAnswer) -> Bool {
    switch expectation {
    case .success: answer.effect == .done
    case .contains(let text): answer.text.contains(text)
    case .absent(let pointer): answer.json.map { DocumentPointer.resolve(pointer, in: $0) == nil } ?? false
    case .differs(let pointer, let text):
      answer.json.map { DocumentPointer.resolve(pointer, in: $0).map { scalar($0) != text } ?? true } ?? false
    case .equals(let pointer, let text):
      answer.json.flatMap { DocumentPointer.resolve(pointer, in: $0) }.map { scalar($0) == text } ?? false
    }
  }

  private static func scalar(_ node: DocumentNode) -> String? {
    switch node.value {
    case .string(let text), .number(let text): text
    case .bool(let flag): flag ? "true" : "false"
    case .null: "null"
    default: nil
    }
  }
}
