import PlaybookModel
import Synchronization

/// Action steps: on a fleet, or once.
extension PlaybookRun {
  func act(
    _ step: WorkflowStep, _ action: ActionStep, _ before: RunHistory.Visit?, _ context: Walk
  ) async throws -> Flow {
    environment.progress(.step(name: step.name ?? step.id))
    if before == nil {
      let looks = action.onlyLooks && EffectiveRollout(action, environment.executors).inverse == nil
      let isSentOnce = plan.goesOutOnceOnly && !action.commands.allSatisfy(\.onlyAsks)
      try await writer.write(
        RecordDraft(
          .stepStarted, step: step.id,
          reason: looks ? RunHistory.onlyLooks : isSentOnce ? RunHistory.sentOnce : nil,
          detail: step.name ?? step.id))
    }
    let success: Bool
    if let policy = action.rollout {
      if before == nil, let time = plan.timeToLive(step, policy) {
        try await writer.write(
          RecordDraft(
            .note, step: step.id, reason: "time-to-live",
            detail:
              "what this step does to a device is to be taken back \(time / 1_000_000) ms after it was begun")
        )
      }
      let rollout = FleetRollout(
        environment: environment, writer: writer, plan: plan, step: step, action: action, policy: policy,
        variables: values(step), counts: counts, held: heldBack(step, context),
        open: before?.open ?? [:], isHalted: { self.isHalted })
      switch try await rollout.run(before, startsAfresh: context.afterHalt) {
      case .succeeded: success = true
      case .interrupted(let reason):
        if let reason { note(reason) }
        return .stopped(isHalted ? .halted : .interrupted)
      case .halted(let reason):
        note(reason)
        state.withLock { $0.isHalted = true }
        return .stopped(.halted)
      }
    } else {
      let flow = try await actOnce(step, action, before)
      guard case .ended(let done) = flow else { return flow }
      success = done
    }
    try await writer.write(
      RecordDraft(
        .stepFinished, step: step.id, outcome: success ? .ok : .failed,
        detail: success ? "succeeded" : "failed"))
    return .ended(success)
  }

  /// Devices that earlier steps of this walk were not done to, so that this one must not be done either; true for those
  /// that wait for the earlier step.
  ///
  /// Where the earlier step goes on by `on_completion` its outcome does not matter, and it holds nobody back. Neither do
  /// steps in another branch of the same parallel step.
  private func heldBack(_ step: WorkflowStep, _ context: Walk) -> [String: Bool] {
    let earlier = state.withLock { state in
      defer { enter(step, context, &state) }
      return state.fleetSteps.filter { entry in
        entry.step != step.id
          && !entry.branches.contains { context.branches[$0.key] ?? $0.value != $0.value }
      }
    }
    var held: [String: Bool] = [:]
    for entry in earlier where plan.playbook.steps[entry.step]?.onCompletion == nil {
      for (device, waits) in counts.missed(in: entry.step) { held[device] = waits && held[device] ?? true }
    }
    return held
  }

  /// True when a person goes on after a halt, and nothing was ever sent to some of the devices of a finished step.
  func isToBeTriedAgain(
    _ step: WorkflowStep, _ action: ActionStep, _ before: RunHistory.Visit, _ context: Walk
  ) -> Bool {
    guard context.afterHalt, action.rollout != nil else { return false }
    let devices = before.acts.filter { $0.value.isToBeTriedAgain }
    guard !devices.isEmpty else { return false }
    // Who is still held back by an earlier step is no reason to begin again.
    let held = heldBack(step, context)
    return devices.contains { $0.value.isNeverSent || held[$0.key] == nil }
  }

  /// Notes that a step on a fleet was visited.
  func enter(_ step: WorkflowStep, _ context: Walk, _ state: inout State) {
    state.fleetSteps.removeAll { $0.step == step.id }
    state.fleetSteps.append((step.id, context.branches))
  }

  /// A step without rollout: its commands once, in order.
  private func actOnce(
    _ step: WorkflowStep, _ action: ActionStep, _ before: RunHistory.Visit?
  ) async throws -> Flow {
    let calls = Planner.calls(action.commands, step, action, plan, values: values(step), device: nil)
    // Nil where the answer is not known any more.
    var texts: [String?] = []
    for (index, call) in calls.enumerated() {
      let key = "command \(index + 1)"
      let known = before?.acts[key]
      switch known {
      case .finished(_, RunHistory.seenAbsent): break
      case .finished(let outcome, _):
        guard outcome == .ok || outcome == .changed else { return .ended(false) }
        texts.append(nil)
        continue
      case .intended:
        // Nobody knows whether it ran, and there is no way to look. The run waits for a person who did: to go on by a guess, in
        // whichever direction, would be the end of it.
        note(
          "'\(step.name ?? step.id)', \(key): unknown whether it ran before the interruption, and it is not run again: settle first, "
            + "then resume")
        return .stopped(.interrupted)
      case nil: break
      }
      if let flow = stopped() { return flow }
      if let refusal = refusal(of: call) {
        try await writer.write(
          RecordDraft(
            .result, step: step.id, target: key, action: .act, outcome: .skipped, reason: "interlock",
            detail: refusal))
        counts.note(.skipped, before: known)
        note("'\(step.name ?? step.id)', \(key): \(refusal)")
        return .ended(false)
      }
      let executor = try environment.executors.executor(call.command.type)
      let shown = (try? executor.planText(call)) ?? ""
      try await writer.write(
        RecordDraft(
          .intent, step: step.id, target: key, action: .act,
          detail: "\(call.command.type.name): \(RemoteText.excerpt(shown, 2000))"))
      let answer = await ProcessCall.$act.withValue(.init(run: writer.run, step: step.id, device: key)) {
        await executor.execute(call)
      }
      let outcome: RunRecord.Outcome =
        switch answer.effect {
        case .done: .changed
        case .refused: .failed
        case .unknown: .unknown
        case .unreachable: .skipped
        }
      let isHandled = answer.effect == .refused && isAnswered(step, action)
      try await writer.write(
        RecordDraft(
          .result, step: step.id, target: key, action: .act, outcome: outcome,
          reason: isHandled ? RunHistory.handled : answer.effect == .unreachable ? "unreachable" : nil,
          detail: answer.detail))
      if isHandled {
        counts.forget(known)
        environment.progress(
          .note(
            environment.masker.mask(
              "'\(step.name ?? step.id)', \(key): \(answer.detail); the workflow has a way on from there")))
        return .ended(false)
      }
      counts.note(outcome, before: known)
      guard answer.effect == .done else {
        note("'\(step.name ?? step.id)', \(key): \(answer.detail)")
        return .ended(false)
      }
      texts.append(answer.text)
    }
    return .ended(try await keepResults(step, action, texts, before?.variables ?? []))
  }

  /// True where a step only looks and the workflow has a way on from its refusal: then that is an answer, and no failure of the run. What
  /// was to do something and was refused stays one, whatever is tried instead.
  private func isAnswered(_ step: WorkflowStep, _ action: ActionStep) -> Bool {
    step.onCompletion == nil && step.onFailure != nil
      && (action.onlyLooks || action.commands.allSatisfy(\.onlyAsks))
  }

  /// A variable's value from an answer. Secrets are masked in it, as they are in the journal: a resumed run takes its
  /// variables from there, and must not have others than before.
  private func value(_ text: String) -> String { environment.masker.mask(RemoteText.value(text)) }

  /// One out_arg takes the last answer; several take the lines `__name__=value` of all answers. What was kept of them before an
  /// interruption counts; an answer that was lost with it gives no value, rather than an empty one.
  private func keepResults(
    _ step: WorkflowStep, _ action: ActionStep, _ texts: [String?], _ before: [(name: String, value: String)]
  ) async throws -> Bool {
    guard !action.outArgs.isEmpty else { return true }
    var found: [String: String] = [:]
    if action.outArgs.count == 1 {
      found[action.outArgs[0]] = texts.last?.map(value)
    } else {
      for line in texts.compactMap(\.self).joined(separator: "\n").split(separator: "\n") {
        guard let equals = line.firstIndex(of: "=") else { continue }
        found[String(line[..<equals])] = value(String(line[line.index(after: equals)...]))
      }
    }
    for (name, value) in before where found[name] == nil { found[name] = value }
    for name in action.outArgs {
      guard let value = found[name] else {
        note(
          "'\(step.name ?? step.id)' gave no value to '\(name)' "
            + (texts.contains(nil)
              ? "(its answer was lost with the interruption)" : "(a line '\(name)=…' is missing)"))
        return false
      }
      set(name, value, step)
      try await writer.write(
        RecordDraft(.note, step: step.id, reason: "variable", detail: "\(name)=\(value)"))
    }
    return true
  }
}
