public import PlaybookModel

/// Takes back what a run changed: newest step first, on the devices that we changed, or whose outcome is unknown.
/// A device that was in the wanted state before is left alone.
public struct UndoRun: Sendable {
  private let run: String
  private let plan: ExecutionPlan
  private let environment: RunEnvironment
  private let history: RunHistory

  /// The undoing of a run.
  public init(_ plan: ExecutionPlan, environment: RunEnvironment, run: String) throws(RunnerError) {
    self.run = run
    self.plan = plan
    self.environment = environment
    history = try RunHistory(run: run, in: environment.journal)
    guard history.last != nil else { throw RunnerError(.journal, "there is no run '\(run)'") }
    guard history.planHash == plan.hash else {
      throw RunnerError(.changed, "run '\(run)' belongs to another plan (\(history.planHash ?? "none"))")
    }
  }

  /// Devices that will be taken back, by step, newest step first; `hasInverse` is false where that is not possible.
  public var scope: [(step: WorkflowStep, devices: [String], hasInverse: Bool)] {
    history.order.reversed().compactMap { id in
      guard let step = plan.playbook.steps[id], case .action(let action) = step.kind, action.rollout != nil
      else {
        return nil
      }
      let visits = history.visits[id] ?? []
      let devices = plan.targets.map(\.device).filter { device in
        visits.contains { Self.needsUndo($0, device) }
      }
      guard !devices.isEmpty else { return nil }
      return (step, devices, EffectiveRollout(action, environment.executors).inverse != nil)
    }
  }

  private static func needsUndo(_ visit: RunHistory.Visit, _ device: String) -> Bool {
    switch visit.acts[device] {
    case .intended, .finished(.changed, _), .finished(.unknown, _): break
    case .finished(.failed, let reason) where reason == "not-in-force": break
    default: return false
    }
    switch visit.undos[device] {
    case .finished(.changed, _), .finished(.ok, _): return false
    default: return true
    }
  }

  /// Does it. Undo has no failure limit: what can be taken back is.
  public func execute() async throws -> RunSummary {
    let writer = JournalWriter(
      run: run, after: history.last, storage: environment.journal, clock: environment.clock,
      masker: environment.masker, signer: environment.signer)
    var counts: [RunRecord.Outcome: Int] = [:]
    var reasons: [String] = []
    for (step, devices, hasInverse) in scope {
      guard case .action(let action) = step.kind, let policy = action.rollout,
        let inverse = EffectiveRollout(action, environment.executors).inverse, hasInverse
      else {
        var why = ""
        if case .action(let action) = step.kind, let said = action.rollout?.noUndo { why = " (\(said))" }
        reasons.append(
          "'\(step.name ?? step.id)' has no inverse\(why): \(devices.count) devices stay as they are")
        continue
      }
      environment.progress(.step(name: "undo of \(step.name ?? step.id)"))
      let device = DeviceAction(
        environment: environment, writer: writer, plan: plan, step: step, action: action, policy: policy,
        verification: inverse.verification, role: .undo, commands: inverse.commands)
      let wanted = Set(devices)
      let targets = plan.targets.filter { wanted.contains($0.device) }
      let outcomes = try await self.undo(targets, device, step, policy)
      for outcome in outcomes { counts[outcome, default: 0] += 1 }
    }
    let bad = counts.filter { $0.key != .ok && $0.key != .changed }.values.reduce(0, +)
    if bad > 0 { reasons.append("\(bad) devices could not be taken back") }
    let stopped = environment.control.isStopping
    let end: RunHistory.End = stopped ? .interrupted : reasons.isEmpty ? .succeeded : .failed
    try await writer.write(
      RecordDraft(
        .undone, outcome: end == .succeeded ? .ok : .failed, reason: end.rawValue,
        detail: reasons.isEmpty ? "everything was taken back" : reasons.joined(separator: "; ")))
    return RunSummary(run: run, end: end, counts: counts, reasons: reasons)
  }

  private func undo(
    _ targets: [ExecutionPlan.Target], _ device: DeviceAction, _ step: WorkflowStep, _ policy: RolloutPolicy
  ) async throws -> [RunRecord.Outcome] {
    var pacer = Pacer(perSecond: policy.ratePerSecond, clock: environment.clock)
    var tally = WaveTally(size: targets.count)
    var outcomes: [RunRecord.Outcome] = []
    if policy.group != nil {
      let wasIntended = targets.contains { target in
        history.visits[step.id]?.contains { $0.undos[target.device] == .intended } ?? false
      }
      // The group cannot leave one out: what holds one back holds back all.
      let conditions = DeviceConditions(environment: environment, plan: plan, policy: policy)
      let obstacle = targets.lazy.compactMap { conditions.obstacle($0, .undo) }.first
      let result = try await device.perform(
        together: targets, device: nil, wave: nil, wasIntended: wasIntended,
        values: history.values(plan, step), obstacle: obstacle)
      return targets.map { _ in result.outcome }
    }
    let variables = history.values(plan, step)
    try await withThrowingTaskGroup(of: (String, RunRecord.Outcome, String?).self) { group in
      var next = 0
      var inFlight = 0
      while true {
        while next < targets.count, inFlight < policy.maximumInFlight, !environment.control.isStopping {
          let target = targets[next]
          next += 1
          await pacer.wait()
          let values = plan.bound(variables, policy, target)
          let wasIntended =
            history.visits[step.id]?.contains { $0.undos[target.device] == .intended } ?? false
          group.addTask {
            let result = try await device.perform(target, wave: nil, wasIntended: wasIntended, values: values)
            return (target.device, result.outcome, result.reason)
          }
          inFlight += 1
        }
        guard inFlight > 0, let done = try await group.next() else { break }
        inFlight -= 1
        tally.count(done.1, reason: done.2)
        outcomes.append(done.1)
        environment.progress(
          .device(
            step: "undo of \(step.name ?? step.id)", device: done.0, outcome: done.1, reason: done.2,
            tally: tally))
      }
    }
    return outcomes
  }
}
