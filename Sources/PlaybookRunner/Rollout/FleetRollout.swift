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

  /// How it ended.
  enum End: Sendable, Equatable {
    case succeeded
    case halted(String)
    case interrupted(String?)
  }

  /// Runs the waves that are not finished. `known` is what the journal says of devices from before.
  func run(known: [String: RunHistory.DeviceState], startsAfresh: Bool) async throws -> End {
    if let group = policy.group { return try await runTogether(group, known: known) }
    let sizes = WaveSchedule.sizes(policy.waves, count: plan.targets.count)
    var first = 0
    for (index, size) in sizes.enumerated() {
      let targets = plan.targets[first..<first + size]
      first += size
      let done = targets.filter { if case .finished = known[$0.device] { true } else { false } }
      if done.count == size { continue }
      let number = index + 1
      environment.progress(.wave(step: step.name ?? step.id, number: number, of: sizes.count, devices: size))
      try await writer.write(
        RecordDraft(
          .waveStarted, step: step.id, wave: number,
          detail: "wave \(number) of \(sizes.count): \(size) devices"))
      let began = environment.clock.wallTime()
      // After a halt that a person chose to go on from, what failed before does not count again.
      let counted = startsAfresh ? [] : done
      let end = try await wave(targets, number: number, known: known, counted: counted)
      guard end == .succeeded else { return end }
      if let halt = try await gate(wave: number, began: began, isLast: number == sizes.count) { return halt }
      try await writer.write(
        RecordDraft(.waveFinished, step: step.id, wave: number, detail: "wave \(number) done"))
      if environment.control.isStopping && number < sizes.count { return .interrupted(nil) }
    }
    return .succeeded
  }

  private func wave(
    _ targets: ArraySlice<ExecutionPlan.Target>, number: Int, known: [String: RunHistory.DeviceState],
    counted: [ExecutionPlan.Target]
  ) async throws -> End {
    let limits = WaveLimits(wave: number, policy: policy)
    var tally = WaveTally(size: targets.count)
    for target in counted {
      if case .finished(let outcome, let reason) = known[target.device] {
        tally.count(outcome, reason: reason)
      }
    }
    let effective = EffectiveRollout(action, environment.executors)
    let device = DeviceAction(
      environment: environment, writer: writer, plan: plan, step: step, action: action, policy: policy,
      verification: effective.verification, role: .act, commands: action.commands)
    var pacer = Pacer(perSecond: policy.ratePerSecond, clock: environment.clock)
    let pending = targets.filter { if case .finished = known[$0.device] { false } else { true } }
    var next = pending.startIndex
    var trip = tally.trip(limits)
    typealias Done = (target: ExecutionPlan.Target, outcome: RunRecord.Outcome, reason: String?)
    try await withThrowingTaskGroup(of: Done.self) { group in
      var inFlight = 0
      while true {
        while next < pending.endIndex, inFlight < policy.maximumInFlight, trip == nil,
          !environment.control.isStopping
        {
          let target = pending[next]
          next += 1
          await pacer.wait()
          let values = self.values(target)
          let wasIntended = known[target.device] == .intended
          group.addTask {
            let result = try await device.perform(
              target, wave: number, wasIntended: wasIntended, values: values)
            return (target, result.outcome, result.reason)
          }
          inFlight += 1
        }
        // What is in flight is drained and counted, also after a limit was passed.
        guard inFlight > 0, let done = try await group.next() else { break }
        inFlight -= 1
        tally.count(done.outcome, reason: done.reason)
        counts.note(done.outcome, before: known[done.target.device])
        environment.progress(
          .device(
            step: step.name ?? step.id, device: done.target.device, outcome: done.outcome,
            reason: done.reason,
            tally: tally))
        if trip == nil { trip = tally.trip(limits) }
      }
    }
    if let trip {
      let reason = "wave \(number) halted: \(trip)"
      try await writer.write(
        RecordDraft(.halted, step: step.id, reason: trip.kind.rawValue, wave: number, detail: reason))
      return .halted(reason)
    }
    return next < pending.endIndex ? .interrupted(nil) : .succeeded
  }

  private func values(_ target: ExecutionPlan.Target) -> [String: String] {
    var values = variables
    for binding in policy.bindings {
      if let value = plan.value(ofBinding: binding.source, target) { values[binding.name] = value }
    }
    return values
  }

  /// Watches after a wave and asks the gate. Nil means go on.
  func gate(wave: Int, began: Int64, isLast: Bool) async throws -> End? {
    if !isLast && policy.soakMilliseconds > 0 {
      environment.progress(.soak(milliseconds: policy.soakMilliseconds))
      let until = environment.clock.monotonicTime() + Int64(policy.soakMilliseconds) * 1_000_000
      while environment.clock.monotonicTime() < until {
        if environment.control.isStopping { return .interrupted(nil) }
        await environment.clock.sleep(
          nanoseconds: min(200_000_000, until - environment.clock.monotonicTime()))
      }
    }
    guard let gate = policy.gate else { return nil }
    let (passed, detail) = await ask(gate, began: began)
    try await writer.write(
      RecordDraft(.gate, step: step.id, outcome: passed ? .ok : .failed, wave: wave, detail: detail))
    if passed { return nil }
    let reason = "the health gate after wave \(wave) does not open: \(detail)"
    try await writer.write(RecordDraft(.halted, step: step.id, reason: "gate", wave: wave, detail: reason))
    return .halted(reason)
  }

  private func ask(_ gate: RolloutPolicy.Gate, began: Int64) async -> (Bool, String) {
    if let query = gate.query {
      guard let timeline = environment.timeline else {
        return (false, "unknown: there is no timeline to ask")
      }
      do {
        let answer = try await timeline.count(query: query, since: began)
        let oldest = environment.clock.wallTime() - Int64(max(policy.soakMilliseconds, 1)) * 1_000_000
        guard let newest = answer.newestEvidence, newest >= oldest else {
          return (false, "unknown: the newest evidence is older than the soak")
        }
        return (answer.matches <= gate.limit, "\(answer.matches) events match, \(gate.limit) allowed")
      } catch {
        return (false, "unknown: \(error)")
      }
    }
    let calls = Planner.calls(gate.probe, step, action, plan, values: variables, device: nil)
    var last = CommandAnswer(.done, detail: "")
    for call in calls {
      guard let executor = try? environment.executors.executor(call.command.type) else {
        return (false, "unknown: nothing here runs commands of type '\(call.command.type.name)'")
      }
      last = await executor.execute(call)
      if last.effect != .done { return (false, "unknown: \(last.detail)") }
    }
    do {
      return (Expectations.holds(try Expectations.filled(gate.expectation, variables), last), last.detail)
    } catch {
      return (false, "unknown: \(error.description)")
    }
  }
}

/// Lets devices begin no faster than a rate.
struct Pacer {
  private let interval: Int64
  private let clock: any RunClock
  private var next: Int64 = .min

  init(perSecond: Double, clock: any RunClock) {
    interval = Int64(1_000_000_000 / perSecond)
    self.clock = clock
  }

  /// Waits until the next one may begin.
  mutating func wait() async {
    // Below what a sleep can resolve, the rate is the machine's.
    guard interval > 20_000 else { return }
    let now = clock.monotonicTime()
    if next > now { await clock.sleep(nanoseconds: next - now) }
    next = max(next, now) + interval
  }
}
