import ArgumentParser
import ConsoleOutput
import Glibc
import PlaybookModel
import PlaybookRunner

/// Names a run of a case.
struct RunChoice: ParsableArguments {
  @OptionGroup var chosenCase: CaseOption

  @Argument(help: ArgumentHelp("The run (default: the latest).", valueName: "run"))
  var run: String?

  /// The run's id; the latest when none was named.
  func id(_ journal: CaseJournal) throws -> String {
    let runs = try journal.runs()
    if let run {
      guard runs.contains(run) else {
        throw CommandError(
          "the case has no run '\(run)'; it has \(runs.isEmpty ? "none" : runs.joined(separator: ", "))")
      }
      return run
    }
    guard let latest = runs.last else { throw CommandError("the case has no runs", .no) }
    return latest
  }

  /// The plan that a run kept beside the case. With `onlyToLook` its playbook may have expired or been revoked since: what
  /// was done can be looked at and taken back all the same.
  func plan(_ id: String, case path: String, onlyToLook: Bool = false) throws -> ExecutionPlan {
    let file = "\(path).runs/\(id)/plan"
    guard access(file, R_OK) == 0 else {
      throw CommandError("the plan of run '\(id)' is not in '\(file)'; without it nothing can be done")
    }
    return try ExecutionPlan(
      reading: try PlaybookFiles.read(file), now: SystemClock().wallTime(), evenIfNotRunnable: onlyToLook)
  }
}

/// `firebreak playbook resume`.
struct PlaybookResume: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resume",
    abstract: "Go on with a run that was interrupted or killed: verify what is unknown, then the rest.")

  @OptionGroup var choice: RunChoice
  @OptionGroup var execution: ExecutionOptions
  @OptionGroup var approval: ApprovalOptions
  @OptionGroup var age: InventoryAgeOption

  @Flag(help: "Go on although a limit halted the run; what failed before does not count again.")
  var afterHalt = false

  @Option(help: "table or json.")
  var format: ReportFormat = .table

  func run() async throws {
    let path = try choice.chosenCase.announcedPath()
    let (secrets, executors) = try execution.make()
    let id = try choice.id(try CaseJournal(case: path, readOnly: true))
    let plan = try choice.plan(id, case: path)
    try PlanCheck.notRevoked(plan)
    try age.check(plan, case: path)
    let agreed = try await approval.renewed(plan, run: id, case: path)
    try await RunCommandSupport(casePath: path, executors: executors, secrets: secrets, format: format)
      .execute(plan, run: id, agreed: agreed, afterHalt: afterHalt)
  }
}

/// `firebreak playbook undo`.
struct PlaybookUndo: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "undo",
    abstract: "Take back what a run changed, newest step first; what was so before is left alone.",
    discussion: """
      Taking a run back ends it: it cannot be resumed, and nobody waits in its queue any more. --expired takes back only \
      what has outlived its time to live (the playbook's 'time_to_live_ms'), and --watch goes on until nothing has one.

      Exit code 0: everything was taken back, 1: something was not, 130: stopped by Ctrl-C.
      """)

  @OptionGroup var choice: RunChoice
  @OptionGroup var execution: ExecutionOptions
  @OptionGroup var age: InventoryAgeOption

  @Flag(help: "Only what has outlived its time to live.")
  var expired = false

  @Option(
    help: ArgumentHelp(
      "With --expired: again every so many seconds, until nothing has a time to live.", valueName: "seconds"))
  var watch: Int?

  @Option(help: "table or json.")
  var format: ReportFormat = .table

  func validate() throws {
    if let watch, watch < 1 { throw ValidationError("--watch is a number of seconds, at least 1") }
    if watch != nil && !expired { throw ValidationError("--watch needs --expired") }
  }

  func run() async throws {
    let path = try choice.chosenCase.announcedPath()
    let (secrets, executors) = try execution.make()
    let id = try choice.id(try CaseJournal(case: path, readOnly: true))
    let plan = try choice.plan(id, case: path, onlyToLook: true)
    try age.check(plan, case: path)
    let support = RunCommandSupport(casePath: path, executors: executors, secrets: secrets, format: format)
    if expired { return try await support.undoExpired(plan, run: id, watch: watch) }
    try await support.undo(plan, run: id)
  }
}
