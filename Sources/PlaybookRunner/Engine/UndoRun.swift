public import PlaybookModel
import Synchronization

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
    /// What the step is called that the later run counts on: this one, or one that was done after it.
    public var counted: String
    /// The later run.
    public var run: String
    /// Their names.
    public var devices: [String]

    /// `a, b, c, d, e, …`
    public var names: String { devices.prefix(5).joined(separator: ", ") + (devices.count > 5 ? ", …" : "") }

    /// `2 devices are left as they are, since the later run R counts on 'isolate' there: a, b`.
    public var sentence: String {
      "\(devices.count == 1 ? "1 device is left as it is" : "\(devices.count) devices are left as they are"), "
        + "since the later run \(run) counts on '\(counted)' there: \(names)"
    }
  }

  let run: String
  let plan: ExecutionPlan
  let environment: RunEnvironment
  let history: RunHistory
  let isExpiredOnly: Bool
  private var claims: RunClaims?
  /// Devices that stay as they are, by step, with who holds each.
  private var heldBy: [String: [String: Holder]] = [:]

  /// A later run that counts on a device, by the step that it counts on.
  private struct Holder: Hashable {
    var run: String
    var step: String
  }

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

  /// Notes who is left alone. A group cannot leave one out: who holds one back holds back all. What was done before what stays
  /// stays as well.
  private mutating func hold(_ claims: RunClaims) {
    let order = UndoOrder(plan.playbook)
    var later: [(step: WorkflowStep, devices: Set<String>)] = []
    for (step, devices, _) in scope {
      var holders: [String: Holder] = [:]
      for (other, names) in order.held(step, devices, later: later) {
        for name in names { holders[name] = heldBy[other.id]?[name] }
      }
      let holding = claims.claims[step.id, default: []].filter(\.isHolding)
      for claim in holding { holders[claim.device] = Holder(run: claim.run, step: step.id) }
      if let first = holding.first, case .action(let action) = step.kind, action.rollout?.group != nil {
        for device in devices where holders[device] == nil {
          holders[device] = Holder(run: first.run, step: step.id)
        }
      }
      guard !holders.isEmpty else { continue }
      heldBy[step.id] = holders
      later.insert((step, Set(holders.keys)), at: 0)
    }
  }

  /// What is left as it is, since later runs count on it.
  public var held: [Held] { grouped(heldBy) }

  /// What is taken back although later runs count on it.
  public var overridden: [Held] {
    var overridden: [String: [String: Holder]] = [:]
    for (step, devices, _) in scope {
      let devices = Set(devices)
      for claim in claims?.claims[step.id] ?? [] where claim.isHolding && devices.contains(claim.device) {
        overridden[step.id, default: [:]][claim.device] = Holder(run: claim.run, step: step.id)
      }
    }
    return grouped(overridden)
  }

  private func grouped(_ byStep: [String: [String: Holder]]) -> [Held] {
    func title(_ step: String) -> String { plan.playbook.steps[step]?.name ?? step }
    return history.order.reversed().flatMap { step in
      Dictionary(grouping: byStep[step] ?? [:], by: \.value)
        .sorted { ($0.key.run, $0.key.step) < ($1.key.run, $1.key.step) }.map { holder, devices in
          Held(
            step: step, title: title(step), counted: title(holder.step), run: holder.run,
            devices: devices.map(\.key).sorted())
        }
    }
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
      "left to the undo of run \(run), whose status says what became of it", environment, isUndo: true)
    try await writer.write(RecordDraft(.note, reason: "boot", detail: environment.clock.boot))
    try await writer.write(
      RecordDraft(
        .note, reason: isExpiredOnly ? "time-to-live" : "undo",
        detail: isExpiredOnly
          ? "takes back what has outlived its time to live" : "takes the run back: it does not go on"))
    if !isExpiredOnly { reasons += history.reasonsOfOnce(plan) }
    var counts: [RunRecord.Outcome: Int] = [:]
    let order = UndoOrder(plan.playbook)
    // Newest first: where a step could not be taken back, those before it stay as well.
    var later: [(step: WorkflowStep, devices: Set<String>)] = []
    var missed: Set<String> = []
    for (step, devices, hasInverse) in scope where !environment.control.isStopping {
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
      let held = order.held(step, devices, later: later)
      // Who watches comes by again and again: it is noted once.
      reasons += try await leave(step, held, writer) { isUnclear(step.id, $0) || isLeft(step.id, $0) }
      var wanted = Set(devices)
      for (_, names) in held {
        wanted.subtract(names)
        missed.formUnion(names)
        counts[.skipped, default: 0] += names.count
      }
      let device = DeviceAction(
        environment: environment, writer: writer, plan: plan, step: step, action: action, policy: policy,
        verification: inverse.verification, role: .undo, commands: inverse.commands)
      let targets = plan.targets.filter { wanted.contains($0.device) }
      let outcomes = targets.isEmpty ? [] : try await self.undo(targets, device, step, policy)
      var standing = Set(devices)
      for (name, outcome) in outcomes {
        counts[outcome, default: 0] += 1
        if outcome == .ok || outcome == .changed { standing.remove(name) } else { missed.insert(name) }
      }
      if !standing.isEmpty { later.insert((step, standing), at: 0) }
    }
    if !missed.isEmpty {
      reasons.append("\(missed.count) \(missed.count == 1 ? "device" : "devices") could not be taken back")
    }
    // Where all goes out once, the reasons name it.
    if !isExpiredOnly, !plan.goesOutOnceOnly {
      for title in stayingGuards {
        environment.progress(.note("'\(title)' went out once, for no device, and has no undo: it stays"))
      }
    }
    let stopped = environment.control.isStopping
    // What a later run counts on is to stay until that one's time is over: no failure of the time to live.
    let faults = reasons.count - (isExpiredOnly ? held.count : 0)
    let end: RunHistory.End = stopped ? .interrupted : faults == 0 ? .succeeded : .failed
    let done =
      scope.isEmpty && !isExpiredOnly
      ? "nothing of it was in force: it counts on nothing any more" : "everything was taken back"
    let text = reasons.isEmpty ? done : reasons.joined(separator: "; ")
    guard !isExpiredOnly else {
      var passed = RecordDraft(.note, reason: "time-to-live", detail: text)
      // Who watches comes by again and again: only what was done is worth a signature.
      passed.isSigned = counts.contains { $0.key != .skipped && $0.value > 0 }
      try await writer.write(passed)
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

  /// What steps that were done once are called, which no device is told apart by: nothing takes them back.
  private var stayingGuards: [String] {
    history.order.compactMap { id in
      guard let step = plan.playbook.steps[id], case .action(let action) = step.kind, action.rollout == nil,
        !action.onlyLooks,
        history.visits[id]?.contains(where: { $0.acts.values.contains { $0.outcome == .changed } }) ?? false
      else { return nil }
      return step.name ?? id
    }
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
      for claim in claims.claims[step] ?? []
      where untouched.contains(claim.device) && claim.isReleased(byUndo: true) {
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

  /// True when the journal says already that a later step keeps this one on a device.
  private func isLeft(_ step: String, _ device: String) -> Bool {
    history.visits[step]?.contains { $0.undos[device] == .finished(.skipped, reason: RunHistory.laterStands) }
      ?? false
  }

  /// When an act was begun last that is to be taken back and whose end nobody saw.
  private func openSince(_ step: String, _ device: String) -> RunHistory.Moment? {
    (history.visits[step] ?? []).compactMap { $0.open[device] }.max { $0.wall < $1.wall }
  }

  private static func parted(
    _ targets: [ExecutionPlan.Target], _ isFirst: (ExecutionPlan.Target) -> Bool
  ) -> ([ExecutionPlan.Target], [ExecutionPlan.Target]) {
    var parts: (first: [ExecutionPlan.Target], second: [ExecutionPlan.Target]) = ([], [])
    for target in targets {
      if isFirst(target) { parts.first.append(target) } else { parts.second.append(target) }
    }
    return parts
  }

  private func undo(
    _ targets: [ExecutionPlan.Target], _ device: DeviceAction, _ step: WorkflowStep, _ policy: RolloutPolicy
  ) async throws -> [(device: String, outcome: RunRecord.Outcome)] {
    var pacer = Pacer(perSecond: policy.ratePerSecond)
    var tally = WaveTally(size: targets.count)
    var outcomes: [(device: String, outcome: RunRecord.Outcome)] = []
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
      return targets.map { ($0.device, result.outcome) }
    }
    let variables = history.values(plan, step)
    // Whom nothing may come back on goes first.
    let (open, settled) = Self.parted(targets) {
      openSince(step.id, $0.device) != nil || environment.unseen[$0.device] != nil
    }
    let ordered = settled + open
    let mayWatch = !open.isEmpty
    typealias Done = (device: String, outcome: RunRecord.Outcome, reason: String?)
    // Nil is a timer's end.
    try await withThrowingTaskGroup(of: Done?.self) { group in
      var next = 0
      var inFlight = 0
      var wakeUp = WakeUp(clock: environment.clock)
      while true {
        while next < ordered.count, !environment.control.isStopping {
          let now = environment.clock.monotonicTime()
          // What is watched only is sent: the others must not wait for the end of its time.
          let watched = device.watching.load(ordering: .relaxed)
          guard inFlight - watched < policy.maximumInFlight else {
            if mayWatch { wakeUp.set(until: now + 200_000_000, in: &group) }
            break
          }
          if let pause = pacer.pause(now: now) {
            wakeUp.set(until: pause, in: &group)
            break
          }
          pacer.begin(now: now)
          let target = ordered[next]
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
        outcomes.append((done.device, done.outcome))
        environment.progress(
          .device(
            step: "undo of \(step.name ?? step.id)", device: done.device, outcome: done.outcome,
            reason: done.reason, tally: tally))
      }
    }
    return outcomes
  }
}
