import PlaybookModel

/// What stands between two waves: the time to watch, and the question on an independent signal.
struct RolloutGate {
  private let rollout: FleetRollout
  private var policy: RolloutPolicy { rollout.policy }
  private var environment: RunEnvironment { rollout.environment }

  init(_ rollout: FleetRollout) { self.rollout = rollout }

  /// Watches after a wave and asks the gate. Nil means go on.
  func pass(wave: Int, began: RunHistory.Moment, isLast: Bool) async throws -> FleetRollout.End? {
    if !isLast && policy.soakMilliseconds > 0 {
      environment.progress(.soak(milliseconds: policy.soakMilliseconds))
      let until = environment.clock.monotonicTime() + Int64(policy.soakMilliseconds) * 1_000_000
      while environment.clock.monotonicTime() < until {
        if rollout.isStopping || Task.isCancelled { return .interrupted(nil) }
        await environment.clock.sleep(
          nanoseconds: min(200_000_000, until - environment.clock.monotonicTime()))
      }
    }
    guard let gate = policy.gate else { return nil }
    let (passed, detail) = await ask(gate, began: began)
    try await rollout.writer.write(
      RecordDraft(.gate, step: rollout.step.id, outcome: passed ? .ok : .failed, wave: wave, detail: detail))
    if passed { return nil }
    let reason = "the health gate after wave \(wave) does not open: \(detail)"
    try await rollout.writer.write(
      RecordDraft(.halted, step: rollout.step.id, reason: "gate", wave: wave, detail: reason))
    return .halted(reason)
  }

  private func ask(_ gate: RolloutPolicy.Gate, began: RunHistory.Moment) async -> (Bool, String) {
    if let query = gate.query { return await askTimeline(query, gate, began: began) }
    let calls = Planner.calls(
      gate.probe, rollout.step, rollout.action, rollout.plan, values: rollout.variables, device: nil)
    var last = CommandAnswer(.done, detail: "")
    for call in calls {
      guard let executor = try? environment.executors.executor(call.command.type) else {
        return (false, "unknown: nothing here runs commands of type '\(call.command.type.name)'")
      }
      last = await executor.execute(call)
      if last.effect != .done { return (false, "unknown: \(last.detail)") }
    }
    do {
      let expectation = try Expectations.filled(gate.expectation, rollout.variables)
      guard let holds = Expectations.holds(expectation, last) else {
        return (false, "unknown: the answer does not say whether \(expectation.words): \(last.detail)")
      }
      return (holds, last.detail)
    } catch {
      return (false, "unknown: \(error.description)")
    }
  }

  private func askTimeline(_ query: String, _ gate: RolloutPolicy.Gate, began: RunHistory.Moment) async -> (
    Bool, String
  ) {
    guard let timeline = environment.timeline else { return (false, "unknown: there is no timeline to ask") }
    do {
      let answer = try await timeline.count(query: query, since: environment.clock.wallTime(of: began))
      let now = environment.clock.wallTime()
      let oldest = now - Int64(max(policy.soakMilliseconds, 1)) * 1_000_000
      guard let newest = answer.newestEvidence, newest >= oldest else {
        return (false, "unknown: the newest evidence is older than the soak")
      }
      // A clock of evidence that runs ahead would make old evidence look fresh.
      guard newest <= now + 300_000_000_000 else {
        return (false, "unknown: the newest evidence lies in the future, a clock is wrong")
      }
      return (answer.matches <= gate.limit, "\(answer.matches) events match, \(gate.limit) allowed")
    } catch {
      return (false, "unknown: \(error)")
    }
  }
}
