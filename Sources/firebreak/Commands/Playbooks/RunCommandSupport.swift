import ArgumentParser
import ConsoleOutput
import Glibc
import PlaybookModel
import PlaybookRunner

/// Runs, resumes and undoes with progress on standard error and the result on standard output.
struct RunCommandSupport {
  let casePath: String
  let executors: ExecutorSet
  let secrets: SecretStore
  let format: ReportFormat
  let execution: ExecutionOptions
  /// The case as it was given; nil when it was not.
  let givenCase: String?
  /// The options as they were given, where those of a run were added.
  var given: ExecutionOptions
  /// The run that `execution` is for; nil where that is not chosen yet.
  var ownRun: String?
  /// Secrets that the steps of that run put in place.
  var bound: Set<String> = []

  init(
    casePath: String, executors: ExecutorSet, secrets: SecretStore, format: ReportFormat,
    execution: ExecutionOptions, givenCase: String?, ownRun: String? = nil
  ) {
    self.casePath = casePath
    self.executors = executors
    self.secrets = secrets
    self.format = format
    self.execution = execution
    self.givenCase = givenCase
    self.ownRun = ownRun
    given = execution
  }

  /// The command that shows a run, to be typed as it is.
  func look(_ run: String) -> String {
    "firebreak playbook status \(run)" + (givenCase.map { " --case \(ExecutionOptions.word($0))" } ?? "")
  }

  /// The command by which a person says that something of a run is not in force on a device, or a command's doing is not any more.
  func settle(_ run: String, _ device: String) -> String {
    "firebreak playbook settle \(run)" + (givenCase.map { " --case \(ExecutionOptions.word($0))" } ?? "")
      + " --device \(ExecutionOptions.word(device)) --not-in-force --seen WORDS"
  }

  /// Folder that keeps a run's plan and undo script.
  func folder(_ run: String) -> String { "\(casePath).runs/\(run)" }

  /// What a run needs. Interlocks are asked of the case's inventory, not of what the plan's file says of it. `command` goes on
  /// with it where it was stopped.
  func environment(_ run: String, plan: ExecutionPlan, goesOnWith command: String) throws -> RunEnvironment {
    try checkNamespace(plan)
    let control = RunControl()
    Interrupt.listen()
    Console.drainWhenClosed()
    Task {
      while !Interrupt.isRequested {
        if control.isStopping { return }
        try? await Task.sleep(for: .milliseconds(50))
      }
      Interrupt.atOnceSay(lastWords(run, control, command))
      control.stop()
      Console.note(
        "stopping: \(control.inFlight) in flight are waited for, nothing new is begun (Ctrl-C again ends at once)"
      )
      // Until the process ends: nobody knows when somebody loses patience.
      while true {
        Interrupt.atOnceSay(lastWords(run, control, command))
        try? await Task.sleep(for: .milliseconds(50))
      }
    }
    let progress = ProgressPrinter(format: format)
    return RunEnvironment(
      executors: executors, journal: try CaseJournal(case: casePath), masker: secrets.masker,
      timeline: CaseTimeline(path: casePath), folder: folder(run),
      inventory: !plan.targets.isEmpty || plan.reachesOnce
        ? try CurrentInventory(case: casePath, plan: plan, isForUndo: command.hasPrefix("undo")) : nil,
      signer: JournalKey.signer(case: casePath), control: control, progress: { progress.show($0) })
  }

  /// In another namespace the same statements block somebody else, and what was done in the plan's is not seen.
  private func checkNamespace(_ plan: ExecutionPlan) throws {
    let given = execution.networkNamespace
    guard plan.usesNFT, plan.networkNamespace != given else { return }
    throw CommandError(
      plan.networkNamespace.map {
        "the plan is for nft in the network namespace '\($0)': "
          + (given == nil ? "" : "not '\(given ?? "")', ") + "give --netns \(ExecutionOptions.word($0))"
      }
        ?? "the plan was made without --netns, so nft is to work where we run: leave --netns away, or plan with it"
    )
  }

  /// What somebody has to know who ends a run at once: on whom it may have acted, and the way on.
  private func lastWords(_ run: String, _ control: RunControl, _ command: String) -> String {
    let (count, names) = control.unsettled()
    let flight =
      count == 0
      ? "nothing was being sent just then"
      : "\(Figures.counted(count, "device")) with an intent and no result, so that nobody knows whether it was done: "
        + names.joined(separator: ", ") + (count > names.count ? ", …" : "")
    let text =
      "run \(run): \(flight). What is known: '\(look(run))'; "
      + "go on, which looks at them first: '\(again(command, run))'"
    return Console.noteLines(Sanitizer.escape(text)).joined(separator: "\n") + "\n"
  }

  /// Nobody else works on this case, or on these devices, as long as this is kept.
  func lock(_ plan: ExecutionPlan, run: String) throws -> (RunLock, TargetLock) {
    (try RunLock(folder: casePath + ".runs", run: run), try lockTargets(plan, run: run))
  }

  /// Nobody else works on the devices of a plan, in whatever case, as long as this is kept.
  func lockTargets(_ plan: ExecutionPlan, run: String) throws -> TargetLock {
    let (path, executors) = (casePath, executors)
    // Only what goes to other machines goes on unseen; the journal of a large run is not read for nothing.
    let mayGoOn = plan.mayGoOnUnseen(executors)
    return try TargetLock(
      run: run, devices: plan.lockNames, folder: lockFolder, casePath: mayGoOn ? casePath : nil
    ) { mayGoOn && Self.mayBeUnderWay(run, case: path, executors) }
  }

  /// Runs or resumes a plan. `knownRuns` are those of the case when it was found that enough people agree.
  func execute(
    _ plan: ExecutionPlan, run: String, agreed: ApprovalOptions.Agreement, afterHalt: Bool,
    knownRuns: [String]? = nil
  ) async throws {
    try await secrets.unlock()
    let lacking = try execution.preflight(plan, secrets, executors)
    let locks = try lock(plan, run: run)
    // Two that were begun at once, each below the limit, must not both go on.
    if let knownRuns, plan.hasLimits, try CaseJournal(case: casePath, readOnly: true).runs() != knownRuns {
      throw CommandError(
        "another run of this case was begun in this moment, and whether a second person must agree depends on it: run the plan again"
      )
    }
    Console.note("run \(run)")
    var environment = try environment(run, plan: plan, goesOnWith: "resume")
    environment.lacking = lacking
    environment.unseen = try unseen(run, locks.1)
    environment.openingNotes = try secretNotes(plan, run: run)
    limit(agreed, environment)
    // What has outlived its time to live goes first, and what does so while the run goes on goes when it is through.
    let begun = try await takeBackExpired(plan, environment, run)
    if begun != nil, let end = try RunHistory(run: run, in: environment.journal).end,
      end == .succeeded || end == .failed
    {
      return Console.print("run \(run) has ended (\(end.rawValue)); there was nothing else to go on with")
    }
    let summary = try await goingOn("resume", run) {
      let summary = try await PlaybookRun(plan, environment: environment, run: run)
        .execute(approvals: agreed.sentences, afterHalt: afterHalt)
      try await takeBackExpired(plan, environment, run)
      return summary
    }
    withExtendedLifetime(locks) {}
    try finish(summary)
  }

  /// What acts on devices; where the journal cannot be written any more, the command that goes on is named.
  func goingOn<Value>(_ command: String, _ run: String, _ body: () async throws -> Value) async throws
    -> Value
  {
    do {
      return try await body()
    } catch let error as RunnerError where error.code == .journal {
      let history = try? RunHistory(run: run, in: try CaseJournal(case: casePath, readOnly: true))
      // A case that was moved away is put back first.
      guard history.map({ $0.count > 0 }) ?? (access(casePath, F_OK) != 0) else { throw error }
      // What was begun before stands: that is not "nothing could be begun".
      throw CommandError("\(error); then go on with: \(again(command, run))", .no)
    }
  }

  /// Takes back what has outlived its time to live, and says when the rest will have; to those who watch for it already only
  /// that it does. Nil when nothing had.
  @discardableResult
  func takeBackExpired(
    _ plan: ExecutionPlan, _ environment: RunEnvironment, _ run: String, isWatched: Bool = false
  ) async throws -> RunSummary? {
    guard !plan.timedSteps.isEmpty else { return nil }
    var summary: RunSummary?
    if try expiries(plan, environment, run).contains(where: { $0.left <= 0 }) {
      let undo = try UndoRun(
        plan, environment: environment, run: run, expiredOnly: true, planOf: planOf)
      let done = try await undo.execute()
      Console.note("run \(run): \(Self.expiryWords(done)): \(Self.counts(done))")
      for reason in done.reasons { Console.note("  " + Sanitizer.escape(reason)) }
      saySettle(run, try RunHistory(run: run, in: environment.journal))
      summary = done
    }
    let left = try expiries(plan, environment, run)
    if let first = left.first, !isWatched {
      Console.note(
        "\(Figures.counted(left.count, "device")) to be taken back, the first in \(max(0, first.left) / 1_000_000_000) s: "
          + "keep '\(Sanitizer.escape(again("undo", run, "--expired --watch 30")))' running; nothing else does it"
      )
    }
    return summary
  }

  /// Devices of a run whose act has a time to live.
  func expiries(
    _ plan: ExecutionPlan, _ environment: RunEnvironment, _ run: String
  ) throws -> [UndoRun.Expiry] {
    let history = try RunHistory(run: run, in: environment.journal, timed: plan.timedSteps)
    return history.isTakenBack
      ? [] : try UndoRun.expiries(plan, history, run: run, in: environment, planOf: planOf)
  }

  /// The plan of another run of the case, where it can be read.
  func planOf(_ run: String) -> ExecutionPlan? { RunChoice.planToLookAt(run, case: casePath) }

  /// Numbers by outcome, in one line.
  static func counts(_ summary: RunSummary) -> String {
    let order: [RunRecord.Outcome] = [.ok, .changed, .failed, .unknown, .skipped]
    return order.map { "\(summary.counts[$0] ?? 0) \($0.rawValue)" }.joined(separator: ", ")
  }

  /// What is said of an undo of what has outlived its time to live.
  static func expiryWords(_ summary: RunSummary) -> String {
    let done = summary.counts[.ok, default: 0] + summary.counts[.changed, default: 0]
    if done == 0 { return "its time is over, and nothing could be taken back yet" }
    return done == summary.counts.values.reduce(0, +)
      ? "taken back, since its time was over" : "its time is over, and only a part could be taken back yet"
  }

  /// How a run ended, in words: `succeeded, but not everywhere` where it did within the playbook's limits, and not on all devices.
  static func end(_ summary: RunSummary) -> String { end(summary.end, missed: summary.missed) }

  /// The same of a run whose steps were not done to so many devices.
  static func end(_ end: RunHistory.End, missed: Int) -> String {
    end == .succeeded && missed > 0 ? "succeeded, but not everywhere" : end.rawValue
  }

  /// What of a run is in force, in one line.
  static func words(_ standing: RunHistory.Standing) -> String {
    // What went out once is in force in its own way: "in force now: 0" beside it would be wrong.
    var parts = standing.sentOnce > 0 ? [UndoWords.sentOnce(standing)] : []
    if standing.sentOnce == 0 || standing.inForce > 0 { parts.append("in force now: \(standing.inForce)") }
    if standing.inDoubt > 0 { parts.append("in doubt: \(standing.inDoubt)") }
    parts.append("taken back: \(standing.takenBack)")
    if standing.released > 0 { parts.append("released: \(standing.released)") }
    return parts.joined(separator: ", ")
  }

  /// Has a run stop when the time of a broken glass is over, by the monotonic clock.
  func limit(_ agreed: ApprovalOptions.Agreement, _ environment: RunEnvironment) {
    guard let limit = agreed.timeLimit else { return }
    let end = environment.clock.monotonicTime() + limit
    Task {
      while environment.clock.monotonicTime() < end { try await Task.sleep(for: .milliseconds(200)) }
      environment.control.stop(
        reason: "the time of the broken glass is over; go on with approvals, or break it again")
    }
  }

  /// Takes a run back, of which these steps stand.
  func undo(_ plan: ExecutionPlan, run: String, steps: Set<String>, includesHeld: Bool) async throws
    -> RunSummary
  {
    try await secrets.unlock()
    try execution.preflight(plan, secrets, executors, steps: steps)
    let locks = try lock(plan, run: run)
    var environment = try environment(run, plan: plan, goesOnWith: "undo")
    environment.unseen = try unseen(run, locks.1)
    let summary = try await goingOn("undo", run) {
      [environment] in
      func undo() throws -> UndoRun {
        try UndoRun(plan, environment: environment, run: run, includesHeld: includesHeld, planOf: planOf)
      }
      let first = try undo()
      return try await (try await first.checkWords() ? try undo() : first).execute()
    }
    environment.control.stop()
    withExtendedLifetime(locks) {}
    return summary
  }

  /// Prints how it ended, and ends with the exit code of it; `command` goes on with what was interrupted.
  ///
  /// Where the answer cannot be written the status is still that of the run: what was done is known by its journal.
  func finish(_ summary: RunSummary, goesOnWith command: String = "resume") throws {
    let journal = try CaseJournal(case: casePath, readOnly: true)
    let history = try RunHistory(run: summary.run, in: journal)
    let standing = history.standing
    let isUndo = command.hasPrefix("undo")
    acted(summary, standing)
    try report(summary, standing, isUndo: isUndo)
    saySettle(summary.run, history)
    switch summary.end {
    case .succeeded: if Console.hasLostAnswer { throw ExitStatus.losses }
    case .failed where isUndo && summary.missed > 0:
      Console.note(
        "what was not taken back is tried again by: \(Sanitizer.escape(again(command, summary.run))); "
          + "where you took it back by hand, 'playbook settle' says so")
      throw ExitStatus.no
    case .failed, .halted, .incomplete: throw ExitStatus.no
    case .interrupted:
      let isFirst = isUndo || history.openCommands.isEmpty
      Console.note(
        "\(isFirst ? "go on with" : "settle that first; then go on with"): \(Sanitizer.escape(again(command, summary.run)))"
      )
      // Nobody stopped it where it waits for a maintenance window, say.
      throw Interrupt.isRequested ? ExitStatus.interrupted : ExitStatus.no
    }
  }

  /// Names the command for devices that only a person can look at, where there are such.
  func saySettle(_ run: String, _ history: RunHistory) {
    guard history.hasUnclear else { return }
    let questions = Settlement.questions(history, planOf(run), executors)
    if let text = SettleWords.text(questions, run: run, givenCase: givenCase) {
      Console.note(Sanitizer.escape(text))
    }
  }

  /// What is said of a run on standard error where standard output takes nothing.
  func acted(_ summary: RunSummary, _ standing: RunHistory.Standing) {
    Console.hasActed(
      "run \(summary.run): \(Self.end(summary)) (\(Self.counts(summary))), \(Self.words(standing))")
  }

  /// Prints how it ended.
  func report(_ summary: RunSummary, _ standing: RunHistory.Standing, isUndo: Bool = false) throws {
    let order: [RunRecord.Outcome] = [.ok, .changed, .failed, .unknown, .skipped]
    let reasons =
      summary.reasons
      + (summary.end == .succeeded && summary.missed == 0
        ? [] : try Self.trouble(summary.run, case: casePath, ofUndo: isUndo))
    switch format {
    case .json:
      Console.write(
        DocumentWriter.json(
          .object([
            ("schema", .string("firebreak.run/1")), ("run", .string(summary.run)),
            ("end", .string(summary.end.rawValue)),
            ("counts", .object(order.map { ($0.rawValue, .number(summary.counts[$0] ?? 0)) })),
            ("in_force", .number(standing.inForce)), ("in_doubt", .number(standing.inDoubt)),
            ("changes_taken_back", .number(standing.takenBack)), ("released", .number(standing.released)),
            ("sent_once", .number(standing.sentOnce)),
            ("reasons", .array(reasons.map(DocumentNode.string))),
          ])))
    case .table:
      let text =
        "\(isUndo ? "undo of " : "")run \(summary.run): \(Self.end(summary)) (\(Self.counts(summary)))"
      for line in Paragraph.lines(text, width: Console.width) { Console.print(line) }
      if standing.isAny || standing.takenBack + standing.released + standing.sentOnce > 0 {
        Console.print("  " + Self.words(standing))
      }
      for reason in reasons {
        for line in Paragraph.lines("  " + Sanitizer.escape(reason), width: Console.width) {
          Console.print(line)
        }
      }
    }
  }
}

extension RunCommandSupport {
  /// What stands in the journal of the first device that is not in the wanted state: the broker's own words. A device that a
  /// later attempt put right is none.
  /// `ofUndo`: only where it could not be taken back.
  static func trouble(_ run: String, case casePath: String, ofUndo: Bool = false) throws -> [String] {
    struct Place: Hashable { let step, device: String, action: RunRecord.Action? }
    let journal = try CaseJournal(case: casePath, readOnly: true)
    func forEachOutcome(_ body: (RunRecord, Place, _ isBad: Bool) -> Void) throws {
      try journal.forEachRecord(run: run) { record in
        guard record.kind == .result || record.kind == .verified, let device = record.target,
          let outcome = record.outcome, !ofUndo || record.action == .undo
        else { return }
        body(
          record, Place(step: record.step ?? "", device: device, action: record.action),
          [.failed, .unknown, .skipped].contains(outcome)
            && !RunHistory.DeviceState.finished(outcome, reason: record.reason).isHandled)
      }
    }
    var bad: Set<Place> = []
    try forEachOutcome { _, place, isBad in
      if isBad { bad.insert(place) } else if !bad.isEmpty { bad.remove(place) }
    }
    var found: RunRecord?
    if !bad.isEmpty {
      try forEachOutcome { record, place, isBad in
        if found == nil, isBad, bad.contains(place) { found = record }
      }
    }
    guard let first = found, let device = first.target, let outcome = first.outcome else { return [] }
    let why = first.reason.map { " (\($0))" } ?? ""
    return ["the first: \(device) \(outcome.rawValue)\(why): \(first.detail)"]
  }
}
