public import PlaybookModel

/// Looks at devices of which a person said that a step is not in force there any more: nobody sees every one of many, and a look
/// that says otherwise counts.
struct WordCheck {
  private let plan: ExecutionPlan
  private let environment: RunEnvironment
  private let history: RunHistory
  private let writer: JournalWriter

  init(
    _ plan: ExecutionPlan, _ environment: RunEnvironment, _ history: RunHistory, _ writer: JournalWriter
  ) {
    self.plan = plan
    self.environment = environment
    self.history = history
    self.writer = writer
  }

  /// What the looks say, for the journal; none of a device that could not be seen: there the word stands.
  func records(_ said: [(step: WorkflowStep, devices: [String])]) async -> [RecordDraft] {
    var records: [RecordDraft] = []
    var unseen: [String] = []
    for (step, devices) in said {
      guard case .action(let action) = step.kind, let policy = action.rollout else { continue }
      let device = DeviceAction(
        environment: environment, writer: writer, plan: plan, step: step, action: action, policy: policy,
        verification: EffectiveRollout(action, environment.executors).verification, role: .act,
        commands: action.commands)
      let variables = history.values(plan, step)
      let names = Set(devices)
      let conditions = DeviceConditions(
        environment: environment, plan: plan, step: step, action: action, policy: policy)
      let title = step.name ?? step.id
      let targets = plan.targets.filter { names.contains($0.device) }
      for target in targets {
        guard !environment.control.isStopping else { return records }
        // A look must not go to somebody else's machine either.
        let mayLook = conditions.obstacle(target, .undo)?.mayLook ?? true
        let seen =
          mayLook ? await device.look(target.device, plan.bound(variables, policy, target)) : .stopped
        func draft(_ outcome: RunRecord.Outcome, _ reason: String?, _ detail: String) {
          records.append(
            RecordDraft(
              .verified, step: step.id, target: target.device, action: .undo, outcome: outcome,
              reason: reason,
              detail: detail))
        }
        switch seen {
        case .holds:
          draft(
            .failed, RunHistory.contradicted,
            "it is in force by the step's look, although somebody said that it is not")
          environment.progress(
            .note(
              "\(target.device): '\(title)' is in force by its look, although somebody said that it is not"))
        case .absent: draft(.changed, nil, "not in force by the step's look, as somebody had said")
        default: unseen.append(target.device)
        }
      }
    }
    if let first = unseen.first {
      environment.progress(
        .note(
          "\(unseen.count == 1 ? "1 device" : "\(unseen.count) devices") could not be looked at (\(first)\(unseen.count > 1 ? ", …" : "")): "
            + "that nothing is in force there is only what somebody said"))
    }
    return records
  }
}

extension UndoRun {
  /// Devices that only a person's word says are taken back, by step, where a command can look.
  public var said: [(step: WorkflowStep, devices: [String])] {
    guard !isExpiredOnly else { return [] }
    return history.order.reversed().compactMap { id in
      guard let step = plan.playbook.steps[id], case .action(let action) = step.kind,
        action.rollout.map({ $0.group == nil }) ?? false,
        EffectiveRollout(action, environment.executors).verification != nil
      else { return nil }
      let visits = history.visits[id] ?? []
      let devices = plan.targets.map(\.device).filter { device in
        visits.contains { $0.isTakenBackByWord(device) } && !visits.contains { $0.isStanding(device) }
      }
      return devices.isEmpty ? nil : (step, devices)
    }
  }

  /// Looks at them, and writes down what is seen: what is in force all the same is to be taken back. True where that changed what there
  /// is to do, for an undo that is made anew.
  public func checkWords() async throws -> Bool {
    let said = said
    guard !said.isEmpty else { return false }
    let writer = JournalWriter(
      run: run, after: history.last, storage: environment.journal, clock: environment.clock,
      masker: environment.masker, signer: environment.signer)
    let records = await WordCheck(plan, environment, history, writer).records(said)
    guard !records.isEmpty else { return false }
    try await writer.write(RecordDraft(.note, reason: "boot", detail: environment.clock.boot))
    try await writer.write(all: records)
    return true
  }
}
