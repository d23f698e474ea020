import PlaybookModel

/// Sends one step's commands out to the devices of the plan, wave by wave.
struct FleetRollout: Sendable {
  let environment: RunEnvironment
  let writer: JournalWriter
  let plan: ExecutionPlan
  let step: WorkflowStep
  let action: ActionStep
  let policy: RolloutPolicy
  let variables: [String: String]
  let counts: RunCounts
  /// See `DeviceConditions.held`.
  var held: [String: Bool] = [:]
  /// Devices on which an act was begun before whose end nobody saw, with when.
  var open: [String: RunHistory.Moment] = [:]
  /// Says that a limit tripped in another branch: what is in flight is drained, nothing new begins.
  var isHalted: @Sendable () -> Bool = { false }

  /// True when nothing new is to begin.
  var isStopping: Bool { environment.control.isStopping || isHalted() }

  /// How it ended.
  enum End: Sendable, Equatable {
    case succeeded
    case halted(String)
    /// Stopped at a safe place, with the reason when it was not a person.
    case interrupted(String?)
  }

  /// Runs the waves that are not finished. `before` is what the journal says of this visit of the step.
  func run(_ before: RunHistory.Visit?, startsAfresh: Bool) async throws -> End {
    let known = before?.acts ?? [:]
    if let group = policy.group {
      return try await runTogether(group, before, known: known, startsAfresh: startsAfresh)
    }
    // Until one device has been changed and seen to be, nothing is proven.
    var isProven = known.values.contains { if case .finished(.changed, _) = $0 { true } else { false } }
    let sizes = WaveSchedule.sizes(policy.waves, count: plan.targets.count)
    var first = 0
    for (index, size) in sizes.enumerated() {
      let targets = plan.targets[first..<first + size]
      first += size
      let number = index + 1
      let pending =
        known.isEmpty
        ? Array(targets) : targets.filter { !Self.isFinished(known[$0.device], triesAgain: startsAfresh) }
      if pending.isEmpty, before?.finishedWaves.contains(number) ?? false { continue }
      if pending.isEmpty, startsAfresh {
        // The gate said no, or was not asked any more, and a person went on all the same.
        try await writer.write(
          RecordDraft(
            .waveFinished, step: step.id, wave: number, detail: "wave \(number) done: went on after a halt"))
        continue
      }
      if !pending.isEmpty, let end = try await lookAgain(wave: number) { return end }
      let conditions = DeviceConditions(
        environment: environment, plan: plan, step: step, action: action, policy: policy)
      if policy.maintenance != nil, !pending.isEmpty, !pending.contains(where: conditions.isInWindow) {
        return .interrupted(
          "no device of wave \(number) is in its maintenance window now; resume the run when one opens")
      }
      environment.progress(.wave(step: step.name ?? step.id, number: number, of: sizes.count, devices: size))
      try await writer.write(
        RecordDraft(
          .waveStarted, step: step.id, wave: number,
          detail: "wave \(number) of \(sizes.count): \(size) \(size == 1 ? "device" : "devices")"))
      // The gate looks at all that happened since the wave began, also before an interruption.
      let began = before?.waveStarts[number] ?? environment.clock.now
      var tally = WaveTally(size: size)
      // After a halt that a person chose to go on from, what failed before does not count again.
      if !startsAfresh {
        for target in targets {
          if case .finished(let outcome, let reason) = known[target.device], reason != RunHistory.seenAbsent {
            tally.count(outcome, reason: reason)
          }
        }
      }
      let (end, changed) = try await wave(
        pending, number: number, known: known, tally: tally, isProven: isProven || number == 1)
      isProven = isProven || changed > 0
      guard end == .succeeded else { return end }
      if let halt = try await RolloutGate(self).pass(
        wave: number, began: began, isLast: number == sizes.count)
      {
        return halt
      }
      try await writer.write(
        RecordDraft(.waveFinished, step: step.id, wave: number, detail: "wave \(number) done"))
      if isStopping && number < sizes.count { return .interrupted(nil) }
    }
    return .succeeded
  }

  /// `triesAgain` says that a person went on after a halt: then what nothing was sent to is not finished. What somebody saw not to
  /// be in force never is.
  static func isFinished(_ state: RunHistory.DeviceState?, triesAgain: Bool) -> Bool {
    guard let state, state != .intended, !state.isSeenAbsent else { return false }
    return !(triesAgain && state.isToBeTriedAgain)
  }

  private func wave(
    _ pending: [ExecutionPlan.Target], number: Int, known: [String: RunHistory.DeviceState],
    tally: WaveTally, isProven: Bool
  ) async throws -> (end: End, changed: Int) {
    let effective = EffectiveRollout(action, environment.executors)
    let device = DeviceAction(
      environment: environment, writer: writer, plan: plan, step: step, action: action, policy: policy,
      verification: effective.verification, role: .act, commands: action.commands, held: held)
    let driven = try await drive(
      pending, device, wave: number, known: known, tally: tally,
      limits: WaveLimits(wave: number, policy: policy), isProven: isProven)
    let changed = driven.tally.changed
    if let trip = driven.trip {
      let reason = "wave \(number) halted: \(trip)"
      try await writer.write(
        RecordDraft(.halted, step: step.id, reason: trip.kind.rawValue, wave: number, detail: reason))
      return (.halted(reason), changed)
    }
    return (driven.left > 0 ? .interrupted(nil) : .succeeded, changed)
  }

  /// What driving some devices came to.
  struct Driven {
    var tally: WaveTally
    /// The limit that was passed; nil for none.
    var trip: WaveTally.Trip?
    /// Devices that were not begun.
    var left: Int
  }

  /// Acts on devices within rate, number in flight and budgets, until they are done, a limit trips or somebody stops.
  ///
  /// When the canary was in the wanted state already, or was left alone, it proved nothing (`isProven` is false): then
  /// one device is begun at a time, under the canary's limit, until one has been changed.
  func drive(
    _ pending: [ExecutionPlan.Target], _ device: DeviceAction, wave: Int?,
    known: [String: RunHistory.DeviceState], tally: WaveTally, limits: WaveLimits, isProven: Bool
  ) async throws -> Driven {
    let canary = WaveLimits(
      leastFailures: policy.canaryFailures, failurePercent: 0, unreachablePercent: policy.unreachablePercent)
    var isProven = isProven || tally.changed > 0
    var unfinished = 0
    var result = Driven(tally: tally, trip: tally.trip(isProven ? limits : canary), left: pending.count)
    var queue = BudgetedQueue(pending, policy.gatewayBudget, plan)
    var pacer = Pacer(perSecond: policy.ratePerSecond)
    typealias Done = (target: ExecutionPlan.Target, outcome: RunRecord.Outcome, reason: String?)
    // Nil is a timer's end.
    try await withThrowingTaskGroup(of: Done?.self) { group in
      var inFlight = 0
      var wakeUp = WakeUp(clock: environment.clock)
      var nextLook = environment.clock.monotonicTime() + InventoryWatch.pause
      while true {
        if queue.left > 0, environment.clock.monotonicTime() >= nextLook {
          if case .interrupted(let reason) = try await lookAgain(wave: wave) {
            environment.control.stop(reason: reason)
          }
          nextLook = environment.clock.monotonicTime() + InventoryWatch.pause
        }
        filling: while inFlight < (isProven ? policy.maximumInFlight : 1), queue.left > 0, result.trip == nil,
          !isStopping
        {
          let now = environment.clock.monotonicTime()
          var pause = pacer.pause(now: now)
          if pause == nil {
            switch queue.next(now: now) {
            case .empty, .blocked: break filling
            case .wait(let until): pause = until
            case .target(let target):
              pacer.begin(now: now)
              let values = plan.bound(variables, policy, target)
              let wasIntended = known[target.device] == .intended
              let openSince = open[target.device]
              group.addTask {
                let done = try await device.perform(
                  target, wave: wave, wasIntended: wasIntended, openSince: openSince, values: values)
                return (target, done.outcome, done.reason)
              }
              inFlight += 1
            }
          }
          // Never waited for here: outcomes count, and a stop holds, before the next one is begun.
          guard let pause else { continue }
          wakeUp.set(until: pause, in: &group)
          break filling
        }
        // What is in flight is drained and counted, also after a limit was passed.
        guard inFlight > 0 || wakeUp.isSet, let next = try await group.next() else { break }
        guard let done = next else {
          wakeUp.isSet = false
          continue
        }
        inFlight -= 1
        queue.finished(done.target)
        if done.reason == DeviceAction.interrupted {
          // Its intent stays open: `resume` looks first.
          unfinished += 1
          if done.outcome == .unknown { counts.note(.unknown, before: known[done.target.device]) }
          continue
        }
        result.tally.count(done.outcome, reason: done.reason)
        counts.note(
          done.outcome, before: known[done.target.device], step: step.id, device: done.target.device,
          reason: done.reason)
        isProven = isProven || done.outcome == .changed
        environment.progress(
          .device(
            step: step.name ?? step.id, device: done.target.device, outcome: done.outcome,
            reason: done.reason, tally: result.tally))
        if result.trip == nil { result.trip = result.tally.trip(isProven ? limits : canary) }
      }
    }
    result.left = queue.left + unfinished
    return result
  }
}

/// Lets devices begin no faster than a rate.
struct Pacer {
  private let interval: Int64
  private var next: Int64 = .min

  init(perSecond: Double) { interval = Int64(1_000_000_000 / perSecond) }

  /// When the next one may begin, in time of the monotonic clock; nil where it may now.
  func pause(now: Int64) -> Int64? {
    // Below what a sleep can resolve, the rate is the machine's.
    interval > 20_000 && next > now ? next : nil
  }

  /// One begins. Who was late is not made up for.
  mutating func begin(now: Int64) { next = now + interval }
}

/// A task among those of a group that ends without a value when it is time to look again; one at a time.
struct WakeUp {
  let clock: any RunClock
  /// True until the group has given its end.
  var isSet = false

  /// Wakes at a time of the monotonic clock, but after a fifth of a second at the latest: somebody may have stopped it.
  mutating func set<Value>(until time: Int64, in group: inout ThrowingTaskGroup<Value?, any Error>) {
    guard !isSet else { return }
    isSet = true
    let clock = clock
    group.addTask {
      await clock.sleep(nanoseconds: min(200_000_000, max(1, time - clock.monotonicTime())))
      return nil
    }
  }
}
