import ArgumentParser
import ConsoleOutput
import Glibc
import PlaybookModel
import PlaybookRunner
import Synchronization

/// Names a run of a case.
struct RunChoice: ParsableArguments {
  @OptionGroup var chosenCase: CaseOption

  @Argument(
    help: ArgumentHelp(
      "The run, or the beginning of its id or of its last part (default: the latest).", valueName: "run"))
  var run: String?

  /// The run's id; the latest when none was named.
  func id(_ journal: CaseJournal) throws -> String {
    let runs = try journal.runs()
    if let run {
      if runs.contains(run) { return run }
      // The id is a time, and chance after a hyphen: people copy either.
      let fitting = run.isEmpty ? [] : runs.filter { $0.hasPrefix(run) || $0.contains("-" + run) }
      if fitting.count == 1 { return fitting[0] }
      guard fitting.isEmpty else {
        throw CommandError(
          "'\(run)' is the beginning of \(fitting.count) runs: \(Self.latest(fitting))")
      }
      if let lone = RunFolders.unrecorded(beside: journal.path, recorded: runs).first(where: { $0 == run }) {
        throw CommandError(RunFolders.sentence(lone, case: journal.path))
      }
      throw CommandError(
        "the case has no run '\(run)'; it has \(runs.isEmpty ? "none" : Self.latest(runs))")
    }
    guard let latest = runs.last else {
      let lone = RunFolders.unrecorded(beside: journal.path, recorded: []).last
      throw CommandError(
        lone.map { RunFolders.sentence($0, case: journal.path) } ?? "the case has no runs", .no)
    }
    return latest
  }

  /// The latest of some runs, the newest last.
  private static func latest(_ runs: [String]) -> String {
    let shown = runs.suffix(5).joined(separator: ", ")
    return runs.count > 5 ? "…, \(shown) ('firebreak playbook runs' lists all)" : shown
  }

  /// The plan that a run kept beside the case. With `onlyToLook` its playbook may have expired or been revoked since: what
  /// was done can be looked at and taken back all the same.
  func plan(_ id: String, case path: String, onlyToLook: Bool = false) throws -> ExecutionPlan {
    let folder = "\(path).runs/\(id)"
    let file = folder + "/plan"
    guard access(file, R_OK) == 0 else {
      throw CommandError(
        "the plan of run '\(id)' is not in '\(file)'; without it nothing can be done"
          + (try Self.byHand(folder, try Self.noted(id, path))))
    }
    do {
      return try ExecutionPlan(
        reading: try PlaybookFiles.read(file), now: SystemClock().wallTime(), evenIfNotRunnable: onlyToLook)
    } catch let error as RunnerError {
      // Its playbook may be what is wrong, and the file what it was.
      let noted = try Self.noted(id, path)
      guard noted.state("plan", in: folder) == .differs else { throw error }
      throw CommandError(
        "'\(file)' is not the plan that was run, it was damaged or changed: \(error); without it nothing can be done"
          + (try Self.byHand(folder, noted)))
    }
  }

  /// The plan of a run where it is there and whole; nil otherwise.
  static func planToLookAt(_ id: String, case path: String) -> ExecutionPlan? {
    let file = "\(path).runs/\(id)/plan"
    let identity = PlanIdentity(file)
    if let identity, let known = plans.withLock({ $0[file] }), known.identity == identity {
      return known.plan
    }
    guard let bytes = try? PlaybookFiles.read(file),
      let plan = try? ExecutionPlan(reading: bytes, now: SystemClock().wallTime(), evenIfNotRunnable: true)
    else { return nil }
    plans.withLock { plans in
      plans[file] = nil
      let kept = plans.values.reduce(0) { $0 + $1.plan.targets.count }
      if let identity, kept + plan.targets.count <= mostTargets { plans[file] = (identity, plan) }
    }
    return plan
  }

  /// Plans that this process has read: whoever undoes many runs looks at each of them for all.
  private static let plans = Mutex<[String: (identity: PlanIdentity, plan: ExecutionPlan)]>([:])
  /// Targets of the plans that are kept.
  private static let mostTargets = 300_000

  /// What the journal of a run notes of the files in its folder.
  static func noted(_ id: String, _ path: String) throws -> RunFolder {
    try RunFolder(run: id, in: try CaseJournal(case: path, readOnly: true))
  }

  /// Names the undo script where it is what was written: nobody is sent to run what somebody else wrote.
  private static func byHand(_ folder: String, _ noted: RunFolder) throws -> String {
    let script = folder + "/undo.sh"
    switch noted.state("undo.sh", in: folder) {
    case .same: return "; '\(script)' takes back what it says"
    case .differs: return "; '\(script)' is not what the journal notes either: do not run it"
    case .unreadable, .notNoted: return ""
    }
  }
}

/// Which file a plan was read from, and in which state.
private struct PlanIdentity: Equatable {
  let device: UInt
  let inode: UInt
  let size: Int
  let seconds: Int
  let nanoseconds: Int

  init?(_ path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    device = UInt(status.st_dev)
    inode = UInt(status.st_ino)
    size = Int(status.st_size)
    seconds = status.st_mtim.tv_sec
    nanoseconds = status.st_mtim.tv_nsec
  }
}

/// `firebreak playbook resume`.
struct PlaybookResume: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resume",
    abstract: "Go on with a run that was interrupted or killed: verify what is unknown, then the rest.",
    discussion: """
      A run that was taken back, also in part, does not go on: make a new plan. --after-halt also tries those devices again \
      that nothing was ever sent to since their state could not be seen. A command that goes out once and was cut off is settled \
      first ('playbook settle'): until then the run stops there, unfinished.

      Exit code 0: all steps succeeded, 1: a step failed, a limit halted the run, or it is incomplete (nothing could be sent to \
      some devices), 130: stopped by Ctrl-C.
      """)

  @OptionGroup var choice: RunChoice
  @OptionGroup var execution: ExecutionOptions
  @OptionGroup var approval: ApprovalOptions
  @OptionGroup var age: InventoryAgeOption

  @Flag(
    help:
      "Go on although a limit halted the run; what failed before does not count again, and what was never sent is tried."
  )
  var afterHalt = false

  @Option(help: "table or json.")
  var format: ReportFormat = .table

  func run() async throws {
    Console.goOnWithoutReader()
    let path = try choice.chosenCase.announcedPath()
    let (secrets, executors) = try execution.make()
    let id = try choice.id(try CaseJournal(case: path, readOnly: true))
    let plan = try choice.plan(id, case: path)
    try PlanCheck.notRevoked(plan)
    try age.check(plan, case: path)
    let agreed = try await approval.renewed(plan, run: id, case: path)
    try await RunCommandSupport(
      casePath: path, executors: executors, secrets: secrets, format: format, execution: execution,
      givenCase: choice.chosenCase.given
    ).of(id, plan).execute(plan, run: id, agreed: agreed, afterHalt: afterHalt)
  }
}
