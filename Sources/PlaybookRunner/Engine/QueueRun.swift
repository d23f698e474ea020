public import PlaybookModel

/// The devices of a run that could not be acted on when their turn came, and what becomes of them: when they are back,
/// the interlocks are asked again, then it looks, then it acts.
///
/// The queue is the journal itself: it survives whatever the journal survives. A device waits for the time that the
/// rollout's `queue_ms` says, counted on the monotonic clock since it was first skipped. After a restart of the machine
/// that clock begins anew; then the wall clock counts, and when that went backwards the time counts as over: not to act
/// is the safe side.
public struct QueueRun: Sendable {
  /// One device that waits.
  public struct Entry: Sendable {
    /// The step that is to be done.
    public var step: WorkflowStep
    /// The device.
    public var target: ExecutionPlan.Target
    /// `unreachable`, `window`, `battery`, `earlier-waits`, or `begun` when an act on it was cut off.
    public var reason: String
    /// What was said when it was skipped.
    public var detail: String
    /// Nanoseconds that are left; 0 or less when the time is over.
    public var left: Int64
    /// True when a pass was cut off between its intent and its result: it is looked at first, whatever the time.
    var isBegun = false
    /// True when an earlier step will not be done to it any more: this one must not be done either.
    var isBlocked = false
  }

  private let run: String
  private let plan: ExecutionPlan
  private let environment: RunEnvironment
  private let history: RunHistory
  /// Everybody that waits, in the order of steps and of the plan.
  public let entries: [Entry]

  /// The queue of a run as its journal has it now.
  public init(_ plan: ExecutionPlan, environment: RunEnvironment, run: String) throws(RunnerError) {
    self.run = run
    self.plan = plan
    self.environment = environment
    history = try RunHistory(run: run, in: environment.journal)
    guard history.last != nil else { throw RunnerError(.journal, "there is no run '\(run)'") }
    guard history.planHash == plan.hash else {
      throw RunnerError(.changed, "run '\(run)' belongs to another plan (\(history.planHash ?? "none"))")
    }
    entries = Self.entries(plan, history, environment.clock)
  }

  /// Everybody that waits in a run.
  public static func entries(_ plan: ExecutionPlan, _ history: RunHistory, _ clock: any RunClock) -> [Entry] {
    var entries: [Entry] = []
    guard !history.isTakenBack else { return [] }
    let missed = history.missed
    // A device that waits for a step does not go on to a later one.
    var waiting: Set<String> = []
    for id in history.order {
      guard let step = plan.playbook.steps[id], case .action(let action) = step.kind,
        let policy = action.rollout, policy.queueMilliseconds > 0, let visit = history.visits[id]?.last,
        !visit.queued.isEmpty
      else { continue }
      for target in plan.targets {
        guard let since = visit.queued[target.device], !waiting.contains(target.device),
          let state = visit.acts[target.device]
        else { continue }
        waiting.insert(target.device)
        let elapsed =
          since.boot == clock.boot && !since.boot.isEmpty
          ? clock.monotonicTime() - since.monotonic : clock.wallTime() - since.wall
        let limit = Int64(policy.queueMilliseconds) * 1_000_000
        var entry = Entry(
          step: step, target: target, reason: "begun", detail: visit.details[target.device] ?? "",
          left: elapsed < 0 ? 0 : limit - elapsed)
        if case .finished(_, let reason) = state {
          entry.reason = reason ?? ""
          // Who waits for an earlier step stands there, as long as that step waits for it.
          entry.isBlocked =
            reason == RunHistory.earlierWaits
            && history.order.prefix { $0 != id }.contains {
              missed[$0]?[target.device] != nil && plan.playbook.steps[$0]?.onCompletion == nil
            }
        } else {
          entry.isBegun = true
          entry.left = max(1, entry.left)
        }
        entries.append(entry)
      }
    }
    return entries
  }

  /// Goes through the queue once; `approvals` are sentences for the journal on who agreed. Throws when the run is not in
  /// a state for it, or the journal cannot be written.
  public func pass(approvals: [String] = []) async throws -> RunSummary {
    switch history.end {
    case .succeeded, .failed, .incomplete: break
    case .halted:
      throw RunnerError(
        .notApproved,
        "run '\(run)' was halted by a limit; its queue waits until 'resume --after-halt' is through")
    case .interrupted, nil:
      throw RunnerError(.unsupported, "run '\(run)' is not through: 'playbook resume \(run)' first")
    }
    let counts = RunCounts([:])
    guard !entries.isEmpty else { return RunSummary(run: run, end: .succeeded, counts: [:], reasons: []) }
    guard await LeftBehind.wait(for: run, history, of: plan, environment) else {
      return RunSummary(run: run, end: .interrupted, counts: [:], reasons: [LeftBehind.notWaitedFor])
    }
    let writer = JournalWriter(
      run: run, after: history.last, storage: environment.journal, clock: environment.clock,
      masker: environment.masker, signer: environment.signer)
    try await writer.write(RecordDraft(.note, reason: "boot", detail: environment.clock.boot))
    try await writer.write(
      RecordDraft(
        .note, reason: "queue",
        detail:
          "goes through the queue: \(entries.count == 1 ? "1 device waits" : "\(entries.count) devices wait")"
      ))
    for approval in approvals {
      let reason = approval.hasPrefix("BREAK GLASS") ? "break-glass" : nil
      try await writer.write(RecordDraft(.approved, reason: reason, detail: approval))
    }
    var reasons: [String] = []
    for entry in entries where entry.left <= 0 || entry.isBlocked {
      try await writer.write(
        RecordDraft(
          .result, step: entry.step.id, target: entry.target.device, action: .act, outcome: .skipped,
          reason: entry.isBlocked ? RunHistory.earlierFailed : "expired",
          detail: entry.isBlocked
            ? "an earlier step was not done to it; nothing was sent"
            : "waited too long (\(entry.reason)); nothing was sent: visit or plan anew"))
      counts.note(.skipped, before: nil)
    }
    for id in history.order where !environment.control.isStopping {
      let turn = entries.filter { $0.step.id == id && $0.left > 0 && !$0.isBlocked }
      guard !turn.isEmpty, let trip = try await act(turn, id, writer, counts) else { continue }
      let reason = "the queue halted: \(trip)"
      try await writer.write(RecordDraft(.note, step: id, reason: "queue", detail: reason))
      reasons.append(reason)
      break
    }
    // What it did must be missed where it is cut off; that nobody is there yet is no news, as often as it is looked.
    let expired = entries.count { $0.left <= 0 || $0.isBlocked }
    let acted = counts.current.filter { $0.key != .skipped }.reduce(0) { $0 + $1.value }
    if acted + expired > 0 {
      var passed = RecordDraft(
        .note, reason: "queue",
        detail: "went through the queue: \(acted) acted on or looked at, \(expired) waited too long")
      passed.isSigned = true
      try await writer.write(passed)
    }
    let done = (counts.current[.ok] ?? 0) + (counts.current[.changed] ?? 0)
    if done > 0, reasons.isEmpty, !environment.control.isStopping {
      // Who came back for an earlier step goes on to the later ones that waited for it.
      let rest = try QueueRun(plan, environment: environment, run: run)
      if rest.entries.contains(where: { $0.reason == RunHistory.earlierWaits }) {
        var summary = try await rest.pass()
        summary.counts.merge(counts.current, uniquingKeysWith: +)
        return summary
      }
    }
    return RunSummary(
      run: run, end: environment.control.isStopping ? .interrupted : reasons.isEmpty ? .succeeded : .halted,
      counts: counts.current, reasons: reasons)
  }

  private func act(
    _ entries: [Entry], _ id: String, _ writer: JournalWriter, _ counts: RunCounts
  ) async throws -> WaveTally.Trip? {
    guard let step = plan.playbook.steps[id], case .action(let action) = step.kind,
      let policy = action.rollout
    else { return nil }
    let rollout = FleetRollout(
      environment: environment, writer: writer, plan: plan, step: step, action: action, policy: policy,
      variables: history.values(plan, step), counts: counts, open: history.visits[id]?.last?.open ?? [:])
    let device = DeviceAction(
      environment: environment, writer: writer, plan: plan, step: step, action: action, policy: policy,
      verification: EffectiveRollout(action, environment.executors).verification, role: .act,
      commands: action.commands, isReturn: true)
    let targets = entries.map(\.target)
    let known = Dictionary(
      uniqueKeysWithValues: entries.filter(\.isBegun).map {
        ($0.target.device, RunHistory.DeviceState.intended)
      })
    environment.progress(
      .wave(step: "queue of \(step.name ?? step.id)", number: 1, of: 1, devices: targets.count))
    // That a device is still away is what the queue is for: only failures stop it.
    let limits = WaveLimits(
      leastFailures: 1, failurePercent: policy.failurePercent, unreachablePercent: 100)
    return try await rollout.drive(
      targets, device, wave: nil, known: known, tally: WaveTally(size: targets.count), limits: limits,
      isProven: true
    ).trip
  }
}

extension RunHistory {
  /// Values of variables in scope of a step as a run left them: those of the plan, and what steps gave since.
  func values(_ plan: ExecutionPlan, _ step: WorkflowStep) -> [String: String] {
    let scope = Playbook.scope(of: step.id)
    var values = plan.initialVariables(in: scope)
    for id in order where Playbook.scope(of: id) == scope {
      for visit in visits[id] ?? [] {
        for (name, value) in visit.variables { values[name] = value }
      }
    }
    for (name, variable) in step.variables { if let value = variable.value { values[name] = value } }
    return values
  }
}
