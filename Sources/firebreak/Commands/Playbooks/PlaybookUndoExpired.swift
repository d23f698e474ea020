import ConsoleOutput
import PlaybookModel
import PlaybookRunner

/// `firebreak playbook undo --expired`.
extension PlaybookUndo {
  /// Takes back what has outlived its time to live: of one run, or of all. Where no run was named the others that have
  /// something overdue are.
  func takeBackExpired(_ path: String, _ journal: CaseJournal, _ support: RunCommandSupport) async throws {
    if all { return try await allExpired(path, journal, support) }
    let id = try choice.id(journal)
    if choice.run == nil {
      let runs = try RunOverview.all(in: journal)
      let overdue = try OverdueRuns.counts(case: path, in: journal, among: runs)
      for run in runs where run.run != id {
        guard let count = overdue[run.run] else { continue }
        Console.warn(
          Sanitizer.escape(
            "\(OverdueRuns.sentence(count, run)): \(support.again("undo", run.run, "--expired"))"))
      }
    }
    // Says that it was altered, where it was.
    _ = try RunHistory(run: id, in: journal)
    let plan = try plan(id, path)
    try age.check(plan, case: path, forUndo: true)
    guard let watch else { return try await support.of(id, plan).undoExpired(plan, run: id) }
    try await support.of(id, plan).ready(plan, run: id)
    let watched = ExpiryWatch.Watched(run: id, plan: plan)
    try await ExpiryWatch(support: support, seconds: watch, ownFirst: false, runs: { [watched] }).watch()
    try said("run \(id): nothing has a time to live any more")
  }

  /// Of every run of the case, the newest first.
  private func allExpired(_ path: String, _ journal: CaseJournal, _ support: RunCommandSupport) async throws {
    let runs = try RunOverview.all(in: journal)
    var worst: ExitStatus?
    for run in runs where !run.isWhole {
      Console.warn(Sanitizer.escape(Self.altered(run)))
      worst = .no
    }
    for run in runs where run.isWhole && run.standing.isAny && !run.isTakenBack {
      guard RunChoice.planToLookAt(run.run, case: path) == nil else { continue }
      Console.warn(
        Sanitizer.escape(
          "\(RunLine.text(run)) is left as it is: its plan cannot be read, and with it whether something is overdue"
        ))
      worst = .no
    }
    warnOfUnrecorded(path, runs)
    if let watch {
      try await ExpiryWatch(
        support: support, seconds: watch, ownFirst: true, runs: { try timed(path, journal) }
      ).watch()
      try said("no run of this case has anything with a time to live any more")
      if let worst { throw worst }
      return
    }
    let overdue = try OverdueRuns.counts(case: path, in: journal, among: runs)
    if overdue.isEmpty, worst == nil {
      return Console.print("nothing that a run of this case did has outlived its time to live")
    }
    for run in runs.reversed() where overdue[run.run] != nil {
      do {
        let plan = try plan(run.run, path)
        try age.check(plan, case: path, forUndo: true)
        try await support.of(run.run, plan, ownFirst: true).undoExpired(plan, run: run.run)
      } catch let status as ExitStatus {
        if status == .interrupted { throw status }
        if worst != .no { worst = status }
      } catch {
        // One that others work on, or whose secret is missing, keeps no other from being taken back.
        Console.warn(Sanitizer.escape("\(RunLine.text(run)) is left as it is: \(error)"))
        worst = .no
        try Interrupt.check()
      }
    }
    if let worst { throw worst }
  }

  /// Runs of the case of which something may have a time to live, the newest first.
  private func timed(_ path: String, _ journal: CaseJournal) throws -> [ExpiryWatch.Watched] {
    try RunOverview.all(in: journal).reversed().compactMap { run in
      guard run.isWhole, run.standing.isAny, !run.isTakenBack else { return nil }
      return OverdueRuns.timedPlan(run.run, path).map { .init(run: run.run, plan: $0) }
    }
  }

  /// Says that a watch is over.
  private func said(_ sentence: String) throws {
    Console.print(sentence)
    if Console.hasLostAnswer { throw ExitStatus.losses }
  }

  /// What a run did whose records are gone stays as it is.
  func warnOfUnrecorded(_ path: String, _ runs: [RunOverview]) {
    for run in RunFolders.unrecorded(beside: path, recorded: runs.map(\.run)) {
      Console.warn(Sanitizer.escape(RunFolders.sentence(run, case: path)))
    }
  }

  /// What is said of a run that is left as it is since its journal was altered.
  static func altered(_ run: RunOverview) -> String {
    "\(RunLine.text(run)) is left as it is, its journal was altered: 'firebreak playbook status \(run.run)' says what can be "
      + "done"
  }
}
