import ArgumentParser
import ConsoleOutput
import Glibc
import PlaybookModel
import PlaybookRunner
import Synchronization
import TimelineStore

/// `firebreak playbook run`.
struct PlaybookRunCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Carry out a plan, exactly as it was made; or make one, show it, and ask.",
    discussion:
      """
      How many must have signed is asked again, since other runs of the case count for the limit above which two people must \
      (see 'plan'). While it goes on it looks whether a new inventory came into the case: whom that protects is left alone.

      Exit code 0: all steps succeeded, within the limits that the playbook sets, 1: a step failed, a limit halted the run, it \
      waits for a maintenance window, its journal could not be written any more (what was begun stands; the command that goes on is \
      named), or it is incomplete (nothing could be sent to some devices), or it is not allowed (an approval is missing, the hash is another: \
      nothing was begun, and no run was named), 2: nothing could be begun (a secret is missing, the plan was changed), \
      3: all steps succeeded, and the answer could not be written to standard output (standard error has it in one line), \
      130: stopped by Ctrl-C; a closed terminal and a closed pipe stop it the same way: what is in flight is waited for.
      """)

  @Argument(
    help: ArgumentHelp("A plan file; on a terminal also a playbook's file or name.", valueName: "plan"))
  var name: String

  @OptionGroup var options: PlanOptions
  @OptionGroup var execution: ExecutionOptions
  @OptionGroup var approval: ApprovalOptions

  @Option(
    name: .customLong("hash"),
    help: ArgumentHelp("Refuse every plan but the one with this hash.", valueName: "hash"))
  var expectedHash: String?

  @Option(help: "table or json.")
  var format: ReportFormat = .table

  func run() async throws {
    Console.goOnWithoutReader()
    let (secrets, executors) = try execution.make()
    let casePath = try options.chosenCase.announcedPath()
    let plan: ExecutionPlan
    let agreed: ApprovalOptions.Agreement
    if let bytes = try planBytes() {
      if let given = options.givenForPlanning {
        throw ValidationError(
          "a plan is run as it is, so \(given) would change nothing: it belongs to 'plan'")
      }
      plan = try ExecutionPlan(reading: bytes, now: SystemClock().wallTime())
      try PlanCheck.unchanged(plan, case: casePath)
      try options.age.check(plan, case: casePath)
      agreed = try await approval.check(plan, bytes: bytes, path: name, case: casePath)
    } else {
      // A name with an ending was meant as a file: do not look for a playbook of that name.
      if name.hasSuffix(".plan") && access(name, F_OK) != 0 {
        throw CommandError(
          "no plan file '\(name)': make one with 'firebreak playbook plan PLAYBOOK … --output \(name)'")
      }
      plan = try options.plan(
        name, executors: executors, networkNamespace: execution.networkNamespace)
      if plan.approval > .operator_ {
        throw CommandError(
          "this plan needs approval '\(plan.approval.rawValue)' (\(plan.approvalReasons.joined(separator: "; "))): "
            + "write it with 'plan --output', have it signed, run the file")
      }
      try confirm(plan, executors)
      agreed = .init(sentences: ["the operator typed the number of targets"], timeLimit: nil)
    }
    if let expectedHash, expectedHash != plan.hash {
      throw CommandError("the plan's hash is \(plan.hash), not \(expectedHash)", .no)
    }
    try execution.checkSecretsOfDevices(plan, secrets)
    let run = PlaybookRun.newID(clock: SystemClock())
    try warnOfOthers(plan, casePath)
    let known = try CaseJournal(case: casePath, readOnly: true).runs()
    try await RunCommandSupport(
      casePath: casePath, executors: executors, secrets: secrets, format: format, execution: execution,
      givenCase: options.chosenCase.given, ownRun: run
    ).execute(plan, run: run, agreed: agreed, afterHalt: false, knownRuns: known)
  }

  /// Says which unfinished runs had to do with the same devices. One that somebody works on is no case for `resume` or `undo`.
  private func warnOfOthers(_ plan: ExecutionPlan, _ path: String) throws {
    let journal = try CaseJournal(case: path, readOnly: true)
    let devices = Set(plan.targets.map(\.device))
    let holder = RunLock.holder(folder: path + ".runs")
    for run in try RunOverview.all(in: journal, sharing: devices)
    where run.shared > 0 && (run.isUnfinished || run.standing.inDoubt > 0) {
      let own = "run \(run.run) ("
      if let holder, holder.hasPrefix(own), holder.hasSuffix(")") {
        let process = holder.dropFirst(own.count).dropLast()
        Console.warn(
          Sanitizer.escape(
            "\(RunLine.text(run)) is running (\(process)) and has to do with \(run.shared) of these devices"))
        continue
      }
      let doubt = run.standing.inDoubt
      let standing =
        "\(run.standing.inForce) of its changes are in force"
        + (doubt == 0 ? "" : ", and of \(doubt) nobody knows: what may still be under way is waited for")
      let state = run.isUnfinished ? "is unfinished (\(run.end?.rawValue ?? "killed")) and had" : "had"
      let ways =
        (run.isUnfinished ? "'playbook resume \(run.run)' goes on with it, " : "")
        + "'playbook undo \(run.run)' takes it back"
      Console.warn(
        Sanitizer.escape(
          "\(RunLine.text(run)) \(state) to do with \(run.shared) of these devices, \(standing): \(ways)"))
    }
  }

  /// The bytes of a plan file; nil when the argument is no plan.
  private func planBytes() throws -> [UInt8]? {
    guard name == "-" || access(name, R_OK) == 0 else { return nil }
    var status = stat()
    if stat(name, &status) == 0, status.st_mode & S_IFMT == S_IFDIR { return nil }
    let bytes = try PlaybookFiles.read(name)
    return ExecutionPlan.begins(bytes) ? bytes : nil
  }

  private func confirm(_ plan: ExecutionPlan, _ executors: ExecutorSet) throws {
    guard isatty(STDIN_FILENO) == 1, isatty(STDERR_FILENO) == 1 else {
      throw CommandError(
        "a playbook is run from a plan when nobody can be asked: 'firebreak playbook plan … --output FILE', then run FILE"
      )
    }
    for line in PlanReport(plan, planner: Planner(executors: executors)).lines(
      limit: 10, width: Console.width)
    {
      Console.note(line)
    }
    Console.note("Type the number of targets (\(plan.targets.count)) to go on:")
    guard readLine(strippingNewline: true) == String(plan.targets.count) else {
      throw CommandError("that was not the number of targets; nothing was done", .no)
    }
  }
}
