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

  /// The plan that a run kept beside the case.
  func plan(_ id: String, case path: String) throws -> ExecutionPlan {
    let file = "\(path).runs/\(id)/plan"
    guard access(file, R_OK) == 0 else {
      throw CommandError("the plan of run '\(id)' is not in '\(file)'; without it nothing can be done")
    }
    return try ExecutionPlan(reading: try PlaybookFiles.read(file), now: SystemClock().wallTime())
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

  @Flag(help: "Go on although a limit halted the run; what failed before does not count again.")
  var afterHalt = false

  @Option(help: "table or json.")
  var format: ReportFormat = .table

  func run() async throws {
    let path = try choice.chosenCase.announcedPath()
    let (secrets, executors) = try execution.make()
    let id = try choice.id(try CaseJournal(case: path, readOnly: true))
    let plan = try choice.plan(id, case: path)
    let agreed = try await approval.renewed(plan, run: id, case: path)
    try await RunCommandSupport(casePath: path, executors: executors, secrets: secrets, format: format)
      .execute(plan, run: id, agreed: agreed, afterHalt: afterHalt, rereadsInventory: true)
  }
}

/// `firebreak playbook undo`.
struct PlaybookUndo: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "undo",
    abstract: "Take back what a run changed, newest step first; what was so before is left alone.")

  @OptionGroup var choice: RunChoice
  @OptionGroup var execution: ExecutionOptions

  @Option(help: "table or json.")
  var format: ReportFormat = .table

  func run() async throws {
    let path = try choice.chosenCase.announcedPath()
    let (secrets, executors) = try execution.make()
    let id = try choice.id(try CaseJournal(case: path, readOnly: true))
    let plan = try choice.plan(id, case: path)
    try await RunCommandSupport(casePath: path, executors: executors, secrets: secrets, format: format)
      .undo(plan, run: id)
  }
}
