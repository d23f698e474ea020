import Glibc
import PlaybookModel
import Synchronization

/// Carries out one plan: walks the workflow, keeps the journal, and stops where a limit, a gate or a person says so.
public final class PlaybookRun: Sendable {
  /// The run's id.
  public let run: String
  private let plan: ExecutionPlan
  private let environment: RunEnvironment
  private let writer: JournalWriter
  private let history: RunHistory
  private let state: Mutex<State>

  private struct State {
    var variables: [String: String]
    /// Visits of steps since this start, by step.
    var visits: [String: Int] = [:]
    var executed = 0
    var reasons: [String] = []
    var isException = false
  }

  /// How a part of the workflow ended.
  private enum Flow: Equatable {
    case ended(Bool)
    case stopped(RunHistory.End)
  }

  /// Steps that one run executes at most: a loop without end is stopped here.
  static let maximumSteps = 10_000
  /// Rounds of one while-condition at most.
  static let maximumRounds = 1000

  /// A run of a plan; with an existing id it goes on where the journal of that run ends.
  public init(_ plan: ExecutionPlan, environment: RunEnvironment, run: String) throws(RunnerError) {
    self.run = run
    self.plan = plan
    self.environment = environment
    do {
      history = RunHistory(try environment.journal.records(run: run))
    } catch {
      throw RunnerError(.journal, "cannot read the journal of run '\(run)': \(error)")
    }
    if let problem = JournalChain.firstProblem(in: history.records) {
      throw RunnerError(.journal, "the journal of run '\(run)' was altered: \(problem)")
    }
    if let hash = history.planHash, hash != plan.hash {
      throw RunnerError(.changed, "run '\(run)' belongs to another plan (\(hash))")
    }
    writer = JournalWriter(
      run: run, after: history.records, storage: environment.journal, clock: environment.clock,
      masker: environment.masker)
    state = Mutex(State(variables: plan.variables))
  }

  /// A new run's id: time and chance, sorting by time.
  public static func newID(clock: any RunClock) -> String {
    let time = DocumentTimestamp.text(nanoseconds: clock.wallTime()).prefix(19).filter {
      $0 != "-" && $0 != ":"
    }
    let chance = String(UInt32.random(in: .min ... .max), radix: 16)
    return "\(time)-" + String(repeating: "0", count: 8 - chance.count) + chance
  }

  /// Starts or resumes the run. Throws when the journal cannot be written; everything else is in the summary.
  ///
  /// `approvals` are sentences for the journal on who agreed. `afterHalt` says that a person chose to go on although
  /// a limit had tripped.
  public func execute(approvals: [String] = [], afterHalt: Bool = false) async throws -> RunSummary {
    if history.records.isEmpty {
      let script = UndoScript.text(plan, run: run, executors: environment.executors)
      let path = try environment.folder.map { (folder) throws(RunnerError) in
        try UndoScript.save(script, plan: plan, folder: folder)
      }
      try await writer.write(
        RecordDraft(
          .runStarted, reason: plan.hash,
          detail:
            "playbook '\(plan.playbook.name)' (\(plan.playbook.sha256)) on \(plan.targets.count) devices"))
      try await writer.write(
        RecordDraft(
          .note, reason: "undo-script",
          detail: "undo script \(HexText.sha256(script.utf8)) \(path.map { "in \($0)" } ?? "not kept")"))
      for approval in approvals { try await writer.write(RecordDraft(.approved, detail: approval)) }
    } else {
      if let end = history.end, end == .succeeded || end == .failed {
        throw RunnerError(
          .unsupported, "run '\(run)' has ended (\(end.rawValue)); there is nothing to resume")
      }
      if history.end == .halted && !afterHalt {
        throw RunnerError(
          .notApproved,
          "run '\(run)' was halted by a limit; look at 'playbook status', then resume with --after-halt")
      }
      try await writer.write(RecordDraft(.resumed, detail: "goes on after record \(history.records.count)"))
    }
    let flow = try await walk(plan.playbook.start, afterHalt: afterHalt)
    let end: RunHistory.End
    switch flow {
    case .ended(let success): end = success ? .succeeded : .failed
    case .stopped(let why): end = why
    }
    let reasons = state.withLock { $0.reasons }
    try await writer.write(
      RecordDraft(
        .runFinished, outcome: end == .succeeded ? .ok : .failed, reason: end.rawValue,
        detail: reasons.isEmpty ? end.rawValue : reasons.joined(separator: "; ")))
    let counts = RunHistory(try environment.journal.records(run: run)).counts
    return RunSummary(run: run, end: end, counts: counts, reasons: reasons)
  }

  /// Follows the workflow from a step to the end of its branch.
  private func walk(_ first: String, afterHalt: Bool) async throws -> Flow {
    var current = first
    var success = true
    while true {
      guard let step = plan.playbook.steps[current] else {
        return fail("the step '\(current)' does not exist")
      }
      if case .end = step.kind { return .ended(success) }
      if environment.control.isStopping { return .stopped(.interrupted) }
      let count = state.withLock { state in
        state.executed += 1
        return state.executed
      }
      guard count <= Self.maximumSteps else {
        return fail("stopped after \(Self.maximumSteps) steps: the workflow goes in circles")
      }
      let flow = try await perform(step, afterHalt: afterHalt)
      guard case .ended(let done) = flow else { return flow }
      if let next = step.onCompletion {
        // `on_completion` goes on whatever the outcome; the outcome is not forgotten.
        success = success && done
        current = next
      } else if done, let next = step.onSuccess {
        current = next
      } else if !done, let next = step.onFailure {
        current = next
      } else if !done, let handler = plan.playbook.exception, enterException() {
        note("the step '\(step.name ?? step.id)' failed; going to the exception handler")
        _ = try await walk(handler, afterHalt: afterHalt)
        return .ended(false)
      } else {
        return .ended(false)
      }
    }
  }

  private func enterException() -> Bool {
    state.withLock { state in
      defer { state.isException = true }
      return !state.isException
    }
  }

  private func fail(_ reason: String) -> Flow {
    note(reason)
    return .ended(false)
  }

  private func note(_ reason: String) {
    state.withLock { $0.reasons.append(reason) }
    environment.progress(.note(reason))
  }

  private func perform(_ step: WorkflowStep, afterHalt: Bool) async throws -> Flow {
    let visit = state.withLock { state -> Int in
      defer { state.visits[step.id, default: 0] += 1 }
      return state.visits[step.id, default: 0]
    }
    let before = history.visits[step.id].flatMap { $0.indices.contains(visit) ? $0[visit] : nil }
    if case .action = step.kind, let before, let succeeded = before.succeeded {
      // Finished before the run was interrupted: take what it left.
      for (name, value) in before.variables { set(name, value, step) }
      return .ended(succeeded)
    }
    if step.delayMilliseconds > 0 {
      await environment.clock.sleep(nanoseconds: Int64(step.delayMilliseconds) * 1_000_000)
    }
    switch step.kind {
    case .start: return .ended(true)
    case .end: return .ended(true)
    case .action(let action): return try await act(step, action, before, afterHalt)
    case .parallel(let branches): return try await parallel(branches, afterHalt)
    case .ifCondition(let condition, let onTrue, let onFalse):
      switch evaluate(condition, step) {
      case .failure(let error):
        return fail("the condition of '\(step.name ?? step.id)' has no answer: \(error)")
      case .success(let answer):
        guard let branch = answer ? onTrue : onFalse else { return .ended(true) }
        return try await walk(branch, afterHalt: afterHalt)
      }
    case .whileCondition(let condition, let onTrue):
      for _ in 0..<Self.maximumRounds {
        switch evaluate(condition, step) {
        case .failure(let error):
          return fail("the condition of '\(step.name ?? step.id)' has no answer: \(error)")
        case .success(false): return .ended(true)
        case .success(true):
          let flow = try await walk(onTrue, afterHalt: afterHalt)
          guard flow == .ended(true) else { return flow }
        }
      }
      return fail("'\(step.name ?? step.id)' was stopped after \(Self.maximumRounds) rounds")
    case .switchCondition(let variable, let cases):
      guard let value = value(variable, step) else { return fail("'\(variable)' has no value to switch on") }
      guard
        let branch = cases.first(where: { $0.value == value })
          ?? cases.first(where: { $0.value == "default" })
      else { return fail("no case of '\(step.name ?? step.id)' fits '\(RemoteText.excerpt(value))'") }
      return try await walk(branch.step, afterHalt: afterHalt)
    case .playbook(let id, _, _, _): return fail("calling the playbook '\(id)' is not supported yet")
    }
  }

  private func parallel(_ branches: [String], _ afterHalt: Bool) async throws -> Flow {
    try await withThrowingTaskGroup(of: Flow.self) { group in
      for branch in branches { group.addTask { try await self.walk(branch, afterHalt: afterHalt) } }
      var result = Flow.ended(true)
      // All branches are waited for, whatever one of them says.
      for try await flow in group {
        switch (result, flow) {
        case (.stopped, _): break
        case (_, .stopped), (_, .ended(false)): result = flow
        default: break
        }
      }
      return result
    }
  }

  private func value(_ name: String, _ step: WorkflowStep) -> String? {
    state.withLock { $0.variables[name] } ?? step.variables[name]?.value
  }

  private func set(_ name: String, _ value: String, _ step: WorkflowStep) {
    state.withLock { $0.variables[name] = value }
  }

  private func evaluate(_ condition: Condition, _ step: WorkflowStep) -> Result<
    Bool, Condition.EvaluationError
  > {
    let variables = state.withLock { $0.variables }
    do {
      return .success(try condition.evaluate { variables[$0] ?? step.variables[$0]?.value })
    } catch {
      return .failure(error)
    }
  }

  private func act(
    _ step: WorkflowStep, _ action: ActionStep, _ before: RunHistory.Visit?, _ afterHalt: Bool
  ) async throws -> Flow {
    environment.progress(.step(name: step.name ?? step.id))
    if before == nil {
      try await writer.write(RecordDraft(.stepStarted, step: step.id, detail: step.name ?? step.id))
    }
    let variables = state.withLock { $0.variables }
    var success: Bool
    if let policy = action.rollout {
      let rollout = FleetRollout(
        environment: environment, writer: writer, plan: plan, step: step, action: action, policy: policy,
        variables: variables)
      switch try await rollout.run(known: before?.acts ?? [:], startsAfresh: afterHalt) {
      case .succeeded: success = true
      case .interrupted: return .stopped(.interrupted)
      case .halted(let reason):
        note(reason)
        return .stopped(.halted)
      }
    } else {
      success = try await actOnce(step, action, variables, before)
    }
    try await writer.write(
      RecordDraft(
        .stepFinished, step: step.id, outcome: success ? .ok : .failed,
        detail: success ? "succeeded" : "failed"))
    return .ended(success)
  }

  /// A step without rollout: its commands once, in order.
  private func actOnce(
    _ step: WorkflowStep, _ action: ActionStep, _ variables: [String: String], _ before: RunHistory.Visit?
  ) async throws -> Bool {
    var values = variables
    for (name, variable) in step.variables where values[name] == nil { values[name] = variable.value }
    let calls = Planner.calls(action.commands, step, action, plan, values: values, device: nil)
    var texts: [String] = []
    for (index, call) in calls.enumerated() {
      let key = "command \(index + 1)"
      switch before?.acts[key] {
      case .finished(let outcome, _):
        if outcome == .ok || outcome == .changed { continue } else { return false }
      case .intended:
        // Nobody knows whether it ran, and there is no way to look: a person decides.
        try await writer.write(
          RecordDraft(
            .result, step: step.id, target: key, action: .act, outcome: .unknown, reason: "interrupted",
            detail: "was begun before the interruption; it is not run again"))
        note("'\(step.name ?? step.id)', \(key): unknown whether it ran before the interruption")
        return false
      case nil: break
      }
      let executor = try environment.executors.executor(call.command.type)
      let shown = (try? executor.planText(call)) ?? ""
      try await writer.write(
        RecordDraft(
          .intent, step: step.id, target: key, action: .act,
          detail: "\(call.command.type.name): \(RemoteText.excerpt(shown, 2000))"))
      let answer = await executor.execute(call)
      let outcome: RunRecord.Outcome =
        switch answer.effect {
        case .done: .changed
        case .refused: .failed
        case .unknown: .unknown
        case .unreachable: .skipped
        }
      try await writer.write(
        RecordDraft(
          .result, step: step.id, target: key, action: .act, outcome: outcome,
          reason: answer.effect == .unreachable ? "unreachable" : nil, detail: answer.detail))
      guard answer.effect == .done else {
        note("'\(step.name ?? step.id)', \(key): \(answer.detail)")
        return false
      }
      texts.append(answer.text)
    }
    return try await keepResults(step, action, texts)
  }

  /// One out_arg takes the last answer; several take the lines `__name__=value` of all answers.
  private func keepResults(_ step: WorkflowStep, _ action: ActionStep, _ texts: [String]) async throws -> Bool
  {
    guard !action.outArgs.isEmpty else { return true }
    var found: [String: String] = [:]
    if action.outArgs.count == 1 {
      found[action.outArgs[0]] = RemoteText.value(texts.last ?? "")
    } else {
      for line in texts.joined(separator: "\n").split(separator: "\n") {
        guard let equals = line.firstIndex(of: "=") else { continue }
        found[String(line[..<equals])] = RemoteText.value(String(line[line.index(after: equals)...]))
      }
    }
    for name in action.outArgs {
      guard let value = found[name] else {
        note("'\(step.name ?? step.id)' gave no value to '\(name)' (a line '\(name)=…' is missing)")
        return false
      }
      set(name, value, step)
      try await writer.write(
        RecordDraft(.note, step: step.id, reason: "variable", detail: "\(name)=\(value)"))
    }
    return true
  }
}
