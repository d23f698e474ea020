public import PlaybookModel

/// Takes back what a run changed: newest step first, on the devices that we changed, or whose outcome is unknown.
/// A device that was in the wanted state before is left alone.
///
/// Taking a run back ends it: it does not go on, and nobody waits in its queue any more. With `expiredOnly` only what has
/// outlived its time to live is taken back, and the run stays what it is.
public struct UndoRun: Sendable {
  /// A device whose act has a time to live.
  public struct Expiry: Sendable {
    /// The step.
    public var step: String
    /// The device's name.
    public var device: String
    /// Nanoseconds that are left; 0 or less when it is to be taken back.
    public var left: Int64
  }

  private let run: String
  private let plan: ExecutionPlan
  private let environment: RunEnvironment
  private let history: RunHistory
  private let isExpiredOnly: Bool

  /// The undoing of a run, or of what has outlived its time to live.
  public init(
    _ plan: ExecutionPlan, environment: RunEnvironment, run: String, expiredOnly: Bool = false
  ) throws(RunnerError) {
    self.run = run
    self.plan = plan
    self.environment = environment
    isExpiredOnly = expiredOnly
    history = try RunHistory(run: run, in: environment.journal, timed: plan.timedSteps)
    guard history.last != nil else { throw RunnerError(.journal, "there is no run '\(run)'") }
    guard history.planHash == plan.hash else {
      throw RunnerError(.changed, "run '\(run)' belongs to another plan (\(history.planHash ?? "none"))")
    }
  }

  /// Every device whose act has a time to live and was not taken back, soonest first.
  ///
  /// The time runs on the monotonic clock since the act was begun; after a restart of the machine the wall clock counts,
  /// and when that went backwards the time counts as over: what was to end by itself must not stay for ever.
  /// `history` must have been read with the plan's `timedSteps`.
  public static func expiries(
    _ plan: ExecutionPlan, _ history: RunHistory, _ clock: any RunClock
  ) -> [Expiry] {
    var list: [Expiry] = []
    for id in history.order {
      guard let step = plan.playbook.steps[id], case .action(let action) = step.kind,
        let policy = action.rollout, let limit = plan.timeToLive(step, policy)
      else { continue }
      for visit in history.visits[id] ?? [] {
        for (device, since) in visit.acted where visit.isStanding(device) {
          let elapsed =
            since.boot == clock.boot && !since.boot.isEmpty
            ? clock.monotonicTime() - since.monotonic : clock.wallTime() - since.wall
          list.append(Expiry(step: id, device: device, left: elapsed < 0 ? 0 : limit - elapsed))
        }
      }
    }
    return list.sorted { ($0.left, $0.step, $0.device) < ($1.left, $1.step, $1.device) }
  }

  /// Devices that will be taken back, by step, newest step first; `hasInverse` is false where that is not possible.
  public var scope: [(step: WorkflowStep, devices: [String], hasInverse: Bool)] {
    var due: [String: Set<String>]?
    if isExpiredOnly {
      due = [:]
      for expiry in Self.expiries(plan, history, environment.clock) where expiry.left <= 0 {
        due?[expiry.step, default: []].insert(expiry.device)
      }
    }
    return history.order.reversed().compactMap { id in
      if let due, due[id] == nil { return nil }
      guard let step = plan.playbook.steps[id], case .action(let action) = step.kind, action.rollout != nil
      else {
        return nil
      }
      let visits = history.visits[id] ?? []
      let devices = plan.targets.map(\.device).filter { device in
        (due?[id]?.contains(device) ?? true) && visits.contains { $0.isStanding(device) }
      }
      guard !devices.isEmpty else { return nil }
      return (step, devices, EffectiveRollout(action, environment.executors).inverse != nil)
    }
  }

  /// Does it. Undo has no failure limit: what can be taken back is.
  public func execute() async throws -> RunSummary {
    let writer = JournalWriter(
      run: run, after: history.last, storage: environment.journal, clock: environment.clock,
      masker: environment.masker, signer: environment.signer)
    let scope = scope
    try await writer.write(RecordDraft(.note, reason: "boot", detail: environment.clock.boot))
    try await writer.write(
      RecordDraft(
        .note, reason: isExpiredOnly ? "time-to-live" : "undo",
        detail: isExpiredOnly
          ? "takes back what has outlived its time to live" : "takes the run back: it does not go on"))
    var counts: [RunRecord.Outcome: Int] = [:]
    var reasons: [String] = []
    for (step, devices, hasInverse) in scope {
      guard case .action(let action) = step.kind, let policy = action.rollout,
        let inverse = EffectiveRollout(action, environment.executors).inverse, hasInverse
      else {
        var why = ""
        if case .action(let action) = step.kind, let said = action.rollout?.noUndo { why = " (\(said))" }
        reasons.append(
          "'\(step.name ?? step.id)' has no inverse\(why): \(devices.count == 1 ? "1 device stays as it is" : "\(devices.count) devices stay as they are")"
        )
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
    if bad > 0 { reasons.append("\(bad) \(bad == 1 ? "device" : "devices") could not be taken back") }
    let stopped = environment.control.isStopping
    let end: RunHistory.End = stopped ? .interrupted : reasons.isEmpty ? .succeeded : .failed
    let text = reasons.isEmpty ? "everything was taken back" : reasons.joined(separator: "; ")
    guard !isExpiredOnly else {
      try await writer.write(RecordDraft(.note, reason: "time-to-live", detail: text))
      return RunSummary(run: run, end: end, counts: counts, reasons: reasons)
    }
    try await writer.write(
      RecordDraft(
        .undone, outcome: end == .succeeded ? .ok : .failed, reason: end.rawValue,
        detail: text))
    return RunSummary(run: run, end: end, counts: counts, reasons: reasons)
  }

  /// True when an earlier undo of a device has no known outcome: then it is looked at, and nothing is sent blindly.
  private func isUnclear(_ step: String, _ device: String) -> Bool {
    history.visits[step]?.contains { visit in
      switch visit.undos[device] {
      case .intended, .finished(.unknown, _): true
      default: false
      }
    } ?? false
  }

  private func undo(
    _ targets: [ExecutionPlan.Target], _ device: DeviceAction, _ step: WorkflowStep, _ policy: RolloutPolicy
  ) async throws -> [RunRecord.Outcome] {
    var pacer = Pacer(perSecond: policy.ratePerSecond, clock: environment.clock)
    var tally = WaveTally(size: targets.count)
    var outcomes: [RunRecord.Outcome] = []
    if policy.group != nil {
      let wasIntended = targets.contains { isUnclear(step.id, $0.device) }
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
          let wasIntended = isUnclear(step.id, target.device)
          group.addTask {
            let result = try await device.perform(target, wave: nil, wasIntended: wasIntended, values: values)
            return (target.device, result.outcome, result.reason)
          }
          inFlight += 1
        }
        guard inFlight > 0, let done = try await group.next() else { break }
        inFlight -= 1
        // Not waited for: its intent stays open, and the next undo looks first.
        if done.2 == DeviceAction.interrupted { continue }
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
