import PlaybookModel
import Synchronization

/// The way through the workflow: which step comes next, and what the steps do that are no actions.
extension PlaybookRun {
  /// Follows the workflow from a step to the end of its branch.
  func walk(_ first: String, _ context: Walk) async throws -> Flow {
    var current = first
    var success = true
    while true {
      guard let step = plan.playbook.steps[current] else {
        return fail("the step '\(current)' does not exist")
      }
      if case .end = step.kind { return .ended(success) }
      if let flow = stopped() { return flow }
      let count = state.withLock { state in
        state.executed += 1
        return state.executed
      }
      guard count <= Self.maximumSteps else {
        return fail("stopped after \(Self.maximumSteps) steps: the workflow goes in circles")
      }
      if let deadline = context.deadline, environment.clock.monotonicTime() > deadline.time {
        return fail(
          "ACTION_TIMEOUT \(deadline.step): the time was over before '\(step.name ?? step.id)' began")
      }
      let flow = try await perform(step, context)
      guard case .ended(let done) = flow else { return flow }
      if let next = step.onCompletion {
        // `on_completion` goes on whatever the outcome; the outcome is not forgotten.
        success = success && done
        current = next
      } else if done, let next = step.onSuccess {
        current = next
      } else if !done, let next = step.onFailure {
        current = next
      } else if !done, let handler = enterException(Playbook.scope(of: step.id)) {
        note("the step '\(step.name ?? step.id)' failed; going to the exception handler")
        _ = try await walk(handler, Walk(afterHalt: context.afterHalt, branches: context.branches))
        return .ended(false)
      } else {
        return .ended(false)
      }
    }
  }

  /// The step that handles failures in a scope; nil when there is none, or when it is on its way already.
  private func enterException(_ scope: String) -> String? {
    let handler: String?
    if scope.isEmpty {
      handler = plan.playbook.exception
    } else {
      handler = plan.playbook.playbook(in: scope)?.exception.map { "\(scope)/\($0)" }
    }
    guard let handler else { return nil }
    return state.withLock { $0.exceptions.insert(scope).inserted } ? handler : nil
  }

  private func perform(_ step: WorkflowStep, _ context: Walk) async throws -> Flow {
    let visit = state.withLock { state -> Int in
      defer { state.visits[step.id, default: 0] += 1 }
      return state.visits[step.id, default: 0]
    }
    let before = history.visits[step.id].flatMap { $0.indices.contains(visit) ? $0[visit] : nil }
    if case .action(let action) = step.kind, let before, let succeeded = before.succeeded,
      !isToBeTriedAgain(step, action, before, context)
    {
      if action.rollout != nil { state.withLock { enter(step, context, &$0) } }
      // Finished before the run was interrupted: take what it left.
      for (name, value) in before.variables { set(name, value, step) }
      return .ended(succeeded)
    }
    try await delay(step)
    if let flow = stopped() { return flow }
    let inner = context.within(step, now: environment.clock.monotonicTime())
    switch step.kind {
    case .start, .end: return .ended(true)
    case .action(let action): return try await act(step, action, before, context)
    case .parallel(let branches): return try await parallel(step, branches, inner)
    case .ifCondition(let condition, let onTrue, let onFalse):
      switch evaluate(condition, step) {
      case .failure(let error):
        return fail("the condition of '\(step.name ?? step.id)' has no answer: \(error)")
      case .success(let answer):
        guard let branch = answer ? onTrue : onFalse else { return .ended(true) }
        return try await walk(branch, inner)
      }
    case .whileCondition(let condition, let onTrue): return try await loop(step, condition, onTrue, inner)
    case .switchCondition(let variable, let cases):
      guard let value = values(step)[variable] else { return fail("'\(variable)' has no value to switch on") }
      guard
        let branch = cases.first(where: { $0.value == value })
          ?? cases.first(where: { $0.value == "default" })
      else { return fail("no case of '\(step.name ?? step.id)' fits '\(RemoteText.excerpt(value))'") }
      return try await walk(branch.step, inner)
    case .playbook(_, _, let inArgs, let outArgs): return try await call(step, inArgs, outArgs, inner)
    }
  }

  /// Waits as long as the step says; a stop or a halt ends the waiting.
  private func delay(_ step: WorkflowStep) async throws {
    let until = environment.clock.monotonicTime() + Int64(step.delayMilliseconds) * 1_000_000
    while step.delayMilliseconds > 0, stopped() == nil, !Task.isCancelled {
      let left = until - environment.clock.monotonicTime()
      guard left > 0 else { return }
      await environment.clock.sleep(nanoseconds: min(200_000_000, left))
    }
  }

  private func loop(
    _ step: WorkflowStep, _ condition: Condition, _ body: String, _ context: Walk
  ) async throws -> Flow {
    for _ in 0..<Self.maximumRounds {
      switch evaluate(condition, step) {
      case .failure(let error):
        return fail("the condition of '\(step.name ?? step.id)' has no answer: \(error)")
      case .success(false): return .ended(true)
      case .success(true):
        let flow = try await walk(body, context)
        guard flow == .ended(true) else { return flow }
      }
    }
    return fail("'\(step.name ?? step.id)' was stopped after \(Self.maximumRounds) rounds")
  }

  private func parallel(_ step: WorkflowStep, _ branches: [String], _ context: Walk) async throws -> Flow {
    try await withThrowingTaskGroup(of: Flow.self) { group in
      for (number, branch) in branches.enumerated() {
        var own = context
        own.branches[step.id] = number
        let inner = own
        group.addTask { try await self.walk(branch, inner) }
      }
      var result = Flow.ended(true)
      // All branches are waited for, whatever one of them says.
      for try await flow in group {
        switch (result, flow) {
        // A halt is what a person has to know of.
        case (.stopped(.halted), _): break
        case (_, .stopped(.halted)): result = flow
        case (.stopped, _): break
        case (_, .stopped), (_, .ended(false)): result = flow
        default: break
        }
      }
      return result
    }
  }

  /// Runs another playbook with variables of its own; what it gives back goes to the caller when it succeeded.
  private func call(
    _ step: WorkflowStep, _ inArgs: [String], _ outArgs: [String], _ context: Walk
  ) async throws -> Flow {
    guard let called = plan.playbook.playbook(in: step.id) else {
      return fail("the playbook that '\(step.name ?? step.id)' calls is not in the plan")
    }
    let given = called.initialVariables(given: inArgs, from: values(step))
    if let missing = called.variables.filter({ $0.value.isExternal && given[$0.key] == nil }).keys.min() {
      return fail("'\(called.name)' needs a value of '\(missing)', which '\(step.name ?? step.id)' has not")
    }
    state.withLock { state in
      state.variables[step.id] = given
      state.exceptions.remove(step.id)
    }
    environment.progress(.step(name: "\(step.name ?? step.id): \(called.name)"))
    let flow = try await walk("\(step.id)/\(called.start)", context)
    guard flow == .ended(true) else { return flow }
    let results = state.withLock { $0.variables[step.id] ?? [:] }
    for name in outArgs {
      guard let value = results[name] else {
        return fail("'\(called.name)' gave no value to '\(name)'")
      }
      set(name, value, step)
    }
    return flow
  }

  private func evaluate(
    _ condition: Condition, _ step: WorkflowStep
  ) -> Result<Bool, Condition.EvaluationError> {
    let variables = values(step)
    do {
      return .success(try condition.evaluate { variables[$0] })
    } catch {
      return .failure(error)
    }
  }
}
