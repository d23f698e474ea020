import PlaybookModel

/// One action for all devices of the plan together. It is the fastest there is, and it hits whoever belongs to the
/// group: so the group's members are asked for first, and one that is no target of the plan stops it.
extension FleetRollout {
  func runTogether(
    _ group: RolloutPolicy.Group, _ before: RunHistory.Visit?, known: [String: RunHistory.DeviceState],
    startsAfresh: Bool
  ) async throws -> End {
    let open = plan.targets.filter { !Self.isFinished(known[$0.device], triesAgain: startsAfresh) }
    guard !open.isEmpty else {
      if before?.finishedWaves.contains(1) ?? false { return .succeeded }
      return try await finishTogether(began: before?.waveStarts[1] ?? environment.clock.now)
    }
    if let end = try await lookAgain(wave: 1) { return end }
    let wasIntended = open.contains { known[$0.device] == .intended }
    environment.progress(.wave(step: step.name ?? step.id, number: 1, of: 1, devices: plan.targets.count))
    try await writer.write(
      RecordDraft(
        .waveStarted, step: step.id, wave: 1,
        detail: plan.targets.count == 1
          ? "one action for one device" : "one action for \(plan.targets.count) devices together"))
    let began = before?.waveStarts[1] ?? environment.clock.now
    let conditions = DeviceConditions(
      environment: environment, plan: plan, step: step, action: action, policy: policy)
    // After an attempt without a result the first thing is to know what it did, also where it must not be done again.
    var obstacle: DeviceConditions.Obstacle?
    func mustNot(_ code: String, _ reason: String) async throws -> End? {
      guard wasIntended else { return try await halt(code, reason) }
      obstacle = .init(code, reason)
      return nil
    }
    if let (target, why) = open.lazy.compactMap({ target in
      conditions.obstacle(target, .act).map { (target, $0) }
    }).first,
      let end = try await mustNot(
        why.reason, "\(target.device) is held back, and the group cannot leave it out: \(why.detail)")
    {
      return end
    }
    let effective = EffectiveRollout(action, environment.executors)
    let device = DeviceAction(
      environment: environment, writer: writer, plan: plan, step: step, action: action, policy: policy,
      verification: effective.verification, role: .act, commands: action.commands)
    var hit = open
    if !group.members.isEmpty {
      switch await members(group, device) {
      case .failure(let why):
        if let end = try await mustNot("members", "cannot ask who belongs to the group: \(why.reason)") {
          return end
        }
      case .success(let members):
        let strangers = members.subtracting(plan.targets.map(\.device)).sorted()
        if !strangers.isEmpty {
          let shown = strangers.prefix(5).joined(separator: ", ") + (strangers.count > 5 ? ", …" : "")
          let reason =
            "\(strangers.count) of the \(members.count) members of the group are no targets of the plan and would be hit too: \(RemoteText.excerpt(RemoteText.bounded(Array(shown.utf8))))"
          if let end = try await mustNot("members", reason) { return end }
        }
        hit = open.filter { members.contains($0.device) || known[$0.device] == .intended }
        let chosen = Set(hit.map(\.device))
        let outside = open.filter { !chosen.contains($0.device) }
        try await writer.write(
          all: outside.map {
            RecordDraft(
              .result, step: step.id, target: $0.device, action: .act, outcome: .skipped,
              reason: "not-a-member", wave: 1,
              detail: "does not belong to the group; the action does not reach it")
          })
        for target in outside { show(target, .skipped, "not-a-member", known) }
        guard !hit.isEmpty else {
          return try await halt("members", "no target of the plan belongs to the group")
        }
        if !outside.isEmpty {
          environment.progress(
            .note("\(outside.count) targets do not belong to the group and are not reached"))
        }
      }
    }
    if isStopping { return .interrupted(nil) }
    let result = try await device.perform(
      together: hit, device: nil, wave: 1, wasIntended: wasIntended,
      openSince: hit.compactMap { self.open[$0.device] }.max { $0.wall < $1.wall },
      values: plan.bound(variables, policy),
      obstacle: obstacle)
    if result.reason == DeviceAction.interrupted { return .interrupted(nil) }
    for target in hit { show(target, result.outcome, result.reason, known) }
    guard result.outcome == .ok || result.outcome == .changed else {
      return try await halt("failures", "the action for all devices together: \(result.outcome.rawValue)")
    }
    return try await finishTogether(began: began)
  }

  private func finishTogether(began: RunHistory.Moment) async throws -> End {
    if let end = try await RolloutGate(self).pass(wave: 1, began: began, isLast: true) { return end }
    try await writer.write(RecordDraft(.waveFinished, step: step.id, wave: 1, detail: "done"))
    return .succeeded
  }

  private func show(
    _ target: ExecutionPlan.Target, _ outcome: RunRecord.Outcome, _ reason: String?,
    _ known: [String: RunHistory.DeviceState]
  ) {
    counts.note(
      outcome, before: known[target.device], step: step.id, device: target.device, reason: reason)
    var tally = WaveTally(size: plan.targets.count)
    tally.count(outcome, reason: reason)
    environment.progress(
      .device(
        step: step.name ?? step.id, device: target.device, outcome: outcome, reason: reason, tally: tally))
  }

  private func halt(_ code: String, _ reason: String) async throws -> End {
    try await writer.write(RecordDraft(.halted, step: step.id, reason: code, wave: 1, detail: reason))
    return .halted(reason)
  }

  private struct NoMembers: Error { var reason: String }

  private func members(
    _ group: RolloutPolicy.Group, _ device: DeviceAction
  ) async -> Result<Set<String>, NoMembers> {
    let calls = Planner.calls(
      group.members, step, action, plan, values: plan.bound(variables, policy), device: nil)
    let answer = await device.execute(calls)
    guard answer.effect == .done else { return .failure(NoMembers(reason: answer.detail)) }
    guard let json = answer.json, let list = DocumentPointer.resolve(group.pointer, in: json)?.items else {
      return .failure(NoMembers(reason: "the answer has no list at '\(group.pointer)'"))
    }
    var names: Set<String> = []
    for entry in list {
      guard let name = group.name.map({ entry[$0]?.text }) ?? entry.text else {
        return .failure(NoMembers(reason: "an entry of the list at '\(group.pointer)' has no name"))
      }
      names.insert(name)
    }
    return .success(names)
  }
}
