import PlaybookModel
import Synchronization

/// Carries out one plan: walks the workflow, keeps the journal, and stops where a limit, a gate or a person says so.
public final class PlaybookRun: Sendable {
  /// The run's id.
  public let run: String
  let plan: ExecutionPlan
  let environment: RunEnvironment
  let writer: JournalWriter
  let history: RunHistory
  let counts: RunCounts
  let state: Mutex<State>

  struct State {
    /// Values of variables by scope: the empty one is the playbook's own, the others are those of called playbooks.
    var variables: [String: [String: String]]
    /// Visits of steps since this start, by step.
    var visits: [String: Int] = [:]
    var executed = 0
    var reasons: [String] = []
    /// Steps on fleets that were visited, in order, with the branches of parallel steps that they stand in.
    var fleetSteps: [(step: String, branches: [String: Int])] = []
    /// True once a limit tripped: then nothing new begins, in no branch.
    var isHalted = false
    /// Scopes whose handler of failures has been entered: it is not entered for its own failures.
    var exceptions: Set<String> = []
  }

  /// How a part of the workflow ended.
  enum Flow: Equatable {
    case ended(Bool)
    case stopped(RunHistory.End)
  }

  /// What holds for a walk through a part of the workflow.
  struct Walk: Sendable {
    /// A person chose to go on although a limit had tripped.
    var afterHalt: Bool
    /// Monotonic time at which the part must be done, with the step whose timeout it is.
    var deadline: (time: Int64, step: String)?
    /// Branches of parallel steps that the part stands in, by step.
    var branches: [String: Int] = [:]

    /// The walk with the timeout of a step, when it ends earlier.
    func within(_ step: WorkflowStep, now: Int64) -> Walk {
      guard let timeout = step.timeoutMilliseconds else { return self }
      let time = now + Int64(timeout) * 1_000_000
      if let deadline, deadline.time <= time { return self }
      return Walk(afterHalt: afterHalt, deadline: (time, step.name ?? step.id), branches: branches)
    }
  }

  /// Steps that one run executes at most: a loop without end is stopped here.
  static let maximumSteps = 10_000
  /// Rounds of one while-condition at most.
  static let maximumRounds = 1000

  /// A run of a plan; with an existing id it goes on where the journal of that run ends.
  public init(_ plan: ExecutionPlan, environment: RunEnvironment, run: String) throws(RunnerError) {
    self.run = run
    self.plan = plan
    self.environment = environment
    history = try RunHistory(run: run, in: environment.journal)
    if let hash = history.planHash, hash != plan.hash {
      throw RunnerError(.changed, "run '\(run)' belongs to another plan (\(hash))")
    }
    counts = RunCounts(history.counts, missed: history.missed, neverSent: history.neverSent)
    writer = JournalWriter(
      run: run, after: history.last, storage: environment.journal, clock: environment.clock,
      masker: environment.masker, signer: environment.signer)
    state = Mutex(State(variables: ["": plan.variables]))
  }

  /// A new run's id: time and chance, sorting by time.
  public static func newID(clock: any RunClock) -> String {
    let time = DocumentTimestamp.text(nanoseconds: clock.wallTime()).prefix(19).filter {
      $0 != "-" && $0 != ":"
    }
    let chance = String(UInt32.random(in: .min ... .max), radix: 16)
    return "\(time)-" + String(repeating: "0", count: 8 - chance.count) + chance
  }

  /// Starts or resumes the run. Throws when the journal cannot be written; everything else is in the summary.
  ///
  /// `approvals` are sentences for the journal on who agreed. `afterHalt` says that a person chose to go on although
  /// a limit had tripped.
  public func execute(approvals: [String] = [], afterHalt: Bool = false) async throws -> RunSummary {
    if history.last != nil, await !LeftBehind.wait(for: run, history, of: plan, environment) {
      return RunSummary(
        run: run, end: .interrupted, counts: counts.current, reasons: [LeftBehind.notWaitedFor])
    }
    try await begin(approvals, afterHalt)
    // Only a halt is gone on from: what a person says beforehand does not open gates.
    let afterHalt = afterHalt && (history.end == .halted || history.end == .incomplete)
    let flow = try await walk(plan.playbook.start, Walk(afterHalt: afterHalt))
    let end: RunHistory.End
    switch flow {
    case .ended(true) where counts.neverSent > 0:
      end = .incomplete
      note(
        "nothing was sent to \(counts.neverSent) of the devices, since their state could not be seen; try those again: resume --after-halt"
      )
    case .ended(let success): end = success ? .succeeded : .failed
    case .stopped(let why): end = why
    }
    if end == .interrupted, let reason = environment.control.reason { note(reason) }
    let reasons = state.withLock { $0.reasons }
    try await writer.write(
      RecordDraft(
        .runFinished, outcome: end == .succeeded ? .ok : .failed, reason: end.rawValue,
        detail: reasons.isEmpty ? end.rawValue : reasons.joined(separator: "; ")))
    return RunSummary(run: run, end: end, counts: counts.current, reasons: reasons)
  }

  private func begin(_ approvals: [String], _ afterHalt: Bool) async throws {
    guard history.last != nil else {
      let script = try await open()
      try await writer.write(RecordDraft(.note, reason: "boot", detail: environment.clock.boot))
      try await writer.write(
        RecordDraft(
          .note, reason: "undo-script",
          detail: script.map { "undo script \($0.sha256) in \($0.path)" } ?? "no undo script was kept"))
      for note in environment.openingNotes { try await writer.write(note) }
      try await approve(approvals)
      return
    }
    if history.isTakenBack {
      throw RunnerError(
        .unsupported,
        "run '\(run)' was taken back, wholly or in part: it does not go on. Make a new plan, or 'undo' the rest"
      )
    }
    let released = history.releasedDevices
    if !released.isEmpty, history.end != .succeeded, history.end != .failed {
      throw RunnerError(
        .unsupported,
        "run '\(run)' counted on \(released.count == 1 ? "a device" : "\(released.count) devices") that the undo of another run took back "
          + "(\(released.sorted().prefix(5).joined(separator: ", "))\(released.count > 5 ? ", …" : "")): it does not go on, since it would not "
          + "look there again. Make a new plan"
      )
    }
    if let end = history.end, end == .succeeded || end == .failed {
      throw RunnerError(
        .unsupported, "run '\(run)' has ended (\(end.rawValue)); there is nothing to resume")
    }
    if history.end == .incomplete && !afterHalt {
      throw RunnerError(
        .notApproved,
        "run '\(run)' is through but for \(counts.neverSent) devices that nothing was sent to; 'resume --after-halt' tries those again"
      )
    }
    if history.end == .halted && !afterHalt {
      throw RunnerError(
        .notApproved,
        "run '\(run)' was halted by a limit; look at 'playbook status', then resume with --after-halt")
    }
    try await writer.write(RecordDraft(.resumed, detail: "goes on after record \(history.count)"))
    try await writer.write(RecordDraft(.note, reason: "boot", detail: environment.clock.boot))
    for note in environment.openingNotes { try await writer.write(note) }
    try await approve(approvals)
  }

  /// Keeps plan and undo script, and writes the first record. Where that fails nothing was begun, and the folder goes: a run
  /// without records would be taken for one whose journal was cut.
  private func open() async throws -> (path: String, sha256: String)? {
    do {
      let script = try environment.folder.map { (folder) throws(RunnerError) in
        try UndoScript.save(plan, run: run, executors: environment.executors, folder: folder)
      }
      try await writer.write(
        RecordDraft(
          .runStarted, reason: plan.hash,
          detail:
            "playbook '\(plan.playbook.name)' (\(plan.playbook.sha256)) on \(plan.targets.count) \(plan.targets.count == 1 ? "device" : "devices")"
        ))
      return script
    } catch {
      // A journal that cannot be read may hold it.
      if let folder = environment.folder, let known = try? environment.journal.runs(), !known.contains(run) {
        UndoScript.remove(folder: folder)
      }
      throw error
    }
  }

  private func approve(_ approvals: [String]) async throws {
    for approval in approvals {
      let reason = approval.hasPrefix("BREAK GLASS") ? "break-glass" : nil
      try await writer.write(RecordDraft(.approved, reason: reason, detail: approval))
    }
  }

  /// Why nothing new is begun; nil where something may be.
  func stopped() -> Flow? {
    if isHalted { return .stopped(.halted) }
    return environment.control.isStopping ? .stopped(.interrupted) : nil
  }

  /// True once a limit tripped, in whatever branch.
  var isHalted: Bool { state.withLock { $0.isHalted } }

  func fail(_ reason: String) -> Flow {
    note(reason)
    return .ended(false)
  }

  func note(_ text: String) {
    let reason = environment.masker.mask(text)
    state.withLock { $0.reasons.append(reason) }
    environment.progress(.note(reason))
  }

  /// Values of all variables in scope of a step: the playbook's, and the step's own over them.
  func values(_ step: WorkflowStep) -> [String: String] {
    var values = state.withLock { $0.variables[Playbook.scope(of: step.id)] ?? [:] }
    for (name, variable) in step.variables { if let value = variable.value { values[name] = value } }
    return values
  }

  func set(_ name: String, _ value: String, _ step: WorkflowStep) {
    state.withLock { $0.variables[Playbook.scope(of: step.id), default: [:]][name] = value }
  }
}
