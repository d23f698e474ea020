public import PlaybookModel

/// Takes back what a run changed: newest step first, on the devices that we changed, or whose outcome is unknown.
/// A device that was in the wanted state before is left alone.
///
/// Taking a run back ends it: it does not go on, and nobody waits in its queue any more. With `expiredOnly` only what has
/// outlived its time to live is taken back, and the run stays what it is.
///
/// What a later run of the case still counts on is left as it is, unless `includesHeld`; then the journals of the runs that
/// counted on it say so before anything is sent. A run that changed nothing is ended, too: it counts on nothing any more.
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

  /// Devices that a later run counts on: left as they are, or taken back all the same.
  public struct Held: Sendable, Hashable {
    /// The step that is not taken back on them.
    public var step: String
    /// What it is called.
    public var title: String
    /// The later run.
    public var run: String
    /// Their names.
    public var devices: [String]

    /// `a, b, c, d, e, …`
    public var names: String { devices.prefix(5).joined(separator: ", ") + (devices.count > 5 ? ", …" : "") }

    /// `2 devices are left as they are, since the later run R counts on 'isolate' there: a, b`.
    public var sentence: String {
      "\(devices.count == 1 ? "1 device is left as it is" : "\(devices.count) devices are left as they are"), "
        + "since the later run \(run) counts on '\(title)' there: \(names)"
    }
  }

  private let run: String
  private let plan: ExecutionPlan
  private let environment: RunEnvironment
  private let history: RunHistory
  private let isExpiredOnly: Bool
  private var claims: RunClaims?
  /// Devices that stay as they are, by step, with the run that holds each.
  private var heldBy: [String: [String: String]] = [:]

  /// The undoing of a run, or of what has outlived its time to live. `planOf` gives the plan of another run of the case
  /// where it can be read: without it only the same steps of a playbook are known to mean the same.
  public init(
    _ plan: ExecutionPlan, environment: RunEnvironment, run: String, expiredOnly: Bool = false,
    includesHeld: Bool = false, planOf: (String) -> ExecutionPlan? = { _ in nil }
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
    let claims = try RunClaims(
      plan, run: run, on: scope.map { ($0.step.id, $0.devices) }, environment: environment, planOf: planOf)
    self.claims = claims
    if !includesHeld { hold(claims) }
  }

  /// Notes who is left alone. A group cannot leave one out: who holds one back holds back all.
  private mutating func hold(_ claims: RunClaims) {
    for (step, devices, _) in scope {
      let holding = claims.claims[step.id, default: []].filter(\.isHolding)
      guard let first = holding.first else { continue }
      for claim in holding { heldBy[step.id, default: [:]][claim.device] = claim.run }
      guard case .action(let action) = step.kind, action.rollout?.group != nil else { continue }
      for device in devices where heldBy[step.id]?[device] == nil {
        heldBy[step.id, default: [:]][device] = first.run
      }
    }
  }

  /// What is left as it is, since later runs count on it.
  public var held: [Held] { grouped(heldBy) }

  /// What is taken back although later runs count on it.
  public var overridden: [Held] {
    var overridden: [String: [String: String]] = [:]
    for (step, devices, _) in scope {
      let devices = Set(devices)
      for claim in claims?.claims[step.id] ?? [] where claim.isHolding && devices.contains(claim.device) {
        overridden[step.id, default: [:]][claim.device] = claim.run
      }
    }
    return grouped(overridden)
  }

  private func grouped(_ byStep: [String: [String: String]]) -> [Held] {
    history.order.reversed().flatMap { step in
      Dictionary(grouping: byStep[step] ?? [:], by: \.value).sorted { $0.key < $1.key }.map { run, devices in
        Held(
          step: step, title: plan.playbook.steps[step]?.name ?? step, run: run,
          devices: devices.map(\.key).sorted())
      }
    }
  }

  /// The expiries of `expiries`, where what a later run counts on ends with that one's time to live, and not at all when it
  /// has none.
  public static func expiries(
    _ plan: ExecutionPlan, _ history: RunHistory, run: String, in environment: RunEnvironment,
    planOf: (String) -> ExecutionPlan?
  ) throws(RunnerError) -> [Expiry] {
    let own = expiries(plan, history, environment.clock)
    // The other journals are read only when something is due.
    let due = own.filter { $0.left <= 0 }
    let scope = Dictionary(grouping: due, by: \.step).map { ($0.key, $0.value.map(\.device)) }
    let claims = try RunClaims(plan, run: run, on: scope, environment: environment, planOf: planOf)
    var ends: [String: Int64?] = [:]
    for (step, claimed) in claims.claims {
      for claim in claimed where claim.isHolding {
        let key = "\(step)\n\(claim.device)"
        let known = ends[key] ?? 0
        ends[key] = .some(known.flatMap { known in claim.left.map { max(known, $0) } })
      }
    }
    return own.compactMap { expiry in
      guard let end = ends["\(expiry.step)\n\(expiry.device)"] else { return expiry }
      return end.map { Expiry(step: expiry.step, device: expiry.device, left: max(expiry.left, $0)) }
    }.sorted { ($0.left, $0.step, $0.device) < ($1.left, $1.step, $1.device) }
  }

  /// Nanoseconds that are left of a limit since something was begun; 0 when the clock went backwards.
  static func left(of limit: Int64, since: RunHistory.Moment, _ clock: any RunClock) -> Int64 {
    let elapsed =
      since.boot == clock.boot && !since.boot.isEmpty
      ? clock.monotonicTime() - since.monotonic : clock.wallTime() - since.wall
    return elapsed < 0 ? 0 : limit - elapsed
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
          list.append(Expiry(step: id, device: device, left: left(of: limit, since: since, clock)))
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
        (due?[id]?.contains(device) ?? true) && heldBy[id]?[device] == nil
          && visits.contains { $0.isStanding(device) }
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
    guard await LeftBehind.wait(for: run, history, of: plan, environment) else {
      return RunSummary(run: run, end: .interrupted, counts: [:], reasons: [LeftBehind.notWaitedFor])
    }
    let scope = scope
    var reasons = held.map { $0.sentence }
    // Nothing else is to be taken back: the run stays what it is.
    if scope.isEmpty, !reasons.isEmpty {
      return RunSummary(run: run, end: isExpiredOnly ? .succeeded : .failed, counts: [:], reasons: reasons)
    }
    try await claims?.release(
      scope.filter(\.hasInverse).map { ($0.step.id, $0.devices) },
      "left to the undo of run \(run), whose status says what became of it", environment)
    try await writer.write(RecordDraft(.note, reason: "boot", detail: environment.clock.boot))
    try await writer.write(
      RecordDraft(
        .note, reason: isExpiredOnly ? "time-to-live" : "undo",
        detail: isExpiredOnly
          ? "takes back what has outlived its time to live" : "takes the run back: it does not go on"))
    var counts: [RunRecord.Outcome: Int] = [:]
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
    // What a later run counts on is to stay until that one's time is over: no failure of the time to live.
    let faults = reasons.count - (isExpiredOnly ? held.count : 0)
    let end: RunHistory.End = stopped ? .interrupted : faults == 0 ? .succeeded : .failed
    let done =
      scope.isEmpty && !isExpiredOnly
      ? "nothing of it was in force: it counts on nothing any more" : "everything was taken back"
    let text = reasons.isEmpty ? done : reasons.joined(separator: "; ")
    guard !isExpiredOnly else {
      try await writer.write(RecordDraft(.note, reason: "time-to-live", detail: text))
      try await holdAgain(scope.map { ($0.step.id, $0.devices) })
      return RunSummary(run: run, end: end, counts: counts, reasons: reasons)
    }
    try await writer.write(
      RecordDraft(
        .undone, outcome: end == .succeeded ? .ok : .failed, reason: end.rawValue,
        detail: text))
    try await holdAgain(scope.map { ($0.step.id, $0.devices) })
    return RunSummary(run: run, end: end, counts: counts, reasons: reasons)
  }

  /// Says in the journals of the runs that counted on these devices where nothing was done after all: nobody was reached, or
  /// everything was refused. What may have been done stays with this run's journal.
  private func holdAgain(_ scope: [(step: String, devices: [String])]) async throws {
    guard let claims, claims.claims.contains(where: { !$0.value.isEmpty }) else { return }
    let now = try RunHistory(run: run, in: environment.journal)
    var drafts: [String: [RecordDraft]] = [:]
    for (step, devices) in scope {
      let untouched = Set(
        devices.filter { device in
          (now.visits[step] ?? []).allSatisfy { visit in
            switch visit.undos[device] {
            case nil, .finished(.skipped, _): true
            case .finished(.failed, let reason): reason != RunHistory.partlyDone
            default: false
            }
          }
        })
      for claim in claims.claims[step] ?? [] where untouched.contains(claim.device) {
        drafts[claim.run, default: []] += claim.devicesThere.map {
          RecordDraft(
            .note, step: claim.step, target: $0, reason: RunHistory.heldAgain,
            detail: "the undo of run \(run) did nothing to it")
        }
      }
    }
    for (other, drafts) in drafts.sorted(by: { $0.key < $1.key }) where claims.last[other] != nil {
      guard let last = try RunHistory(run: other, in: environment.journal).last else { continue }
      try await RunClaims.write(drafts, to: other, after: last, environment)
    }
  }

  /// True when an earlier undo of a device has no known outcome: then it is looked at, and nothing is sent blindly.
  private func isUnclear(_ step: String, _ device: String) -> Bool {
    history.visits[step]?.contains { $0.isUndoUnclear(device) } ?? false
  }

  /// When an act was begun last that is to be taken back and whose end nobody saw.
  private func openSince(_ step: String, _ device: String) -> RunHistory.Moment? {
    (history.visits[step] ?? []).compactMap { $0.open[device] }.max { $0.wall < $1.wall }
  }

  private func undo(
    _ targets: [ExecutionPlan.Target], _ device: DeviceAction, _ step: WorkflowStep, _ policy: RolloutPolicy
  ) async throws -> [RunRecord.Outcome] {
    var pacer = Pacer(perSecond: policy.ratePerSecond)
    var tally = WaveTally(size: targets.count)
    var outcomes: [RunRecord.Outcome] = []
    if policy.group != nil {
      let wasIntended = targets.contains { isUnclear(step.id, $0.device) }
      // The group cannot leave one out: what holds one back holds back all.
      let conditions = DeviceConditions(
        environment: environment, plan: plan, step: step, action: device.action, policy: policy)
      let obstacle = targets.lazy.compactMap { conditions.obstacle($0, .undo) }.first
      let result = try await device.perform(
        together: targets, device: nil, wave: nil, wasIntended: wasIntended,
        openSince: targets.compactMap { openSince(step.id, $0.device) }.max { $0.wall < $1.wall },
        values: plan.bound(history.values(plan, step), policy), obstacle: obstacle)
      return targets.map { _ in result.outcome }
    }
    let variables = history.values(plan, step)
    typealias Done = (device: String, outcome: RunRecord.Outcome, reason: String?)
    // Nil is a timer's end.
    try await withThrowingTaskGroup(of: Done?.self) { group in
      var next = 0
      var inFlight = 0
      var wakeUp = WakeUp(clock: environment.clock)
      while true {
        while next < targets.count, inFlight < policy.maximumInFlight, !environment.control.isStopping {
          let now = environment.clock.monotonicTime()
          if let pause = pacer.pause(now: now) {
            wakeUp.set(until: pause, in: &group)
            break
          }
          pacer.begin(now: now)
          let target = targets[next]
          next += 1
          let values = plan.bound(variables, policy, target)
          let wasIntended = isUnclear(step.id, target.device)
          let openSince = openSince(step.id, target.device)
          group.addTask {
            let result = try await device.perform(
              target, wave: nil, wasIntended: wasIntended, openSince: openSince, values: values)
            return (target.device, result.outcome, result.reason)
          }
          inFlight += 1
        }
        guard inFlight > 0 || wakeUp.isSet, let first = try await group.next() else { break }
        guard let done = first else {
          wakeUp.isSet = false
          continue
        }
        inFlight -= 1
        // Not waited for: its intent stays open, and the next undo looks first.
        if done.reason == DeviceAction.interrupted { continue }
        tally.count(done.outcome, reason: done.reason)
        outcomes.append(done.outcome)
        environment.progress(
          .device(
            step: "undo of \(step.name ?? step.id)", device: done.device, outcome: done.outcome,
            reason: done.reason, tally: tally))
      }
    }
    return outcomes
  }
}
