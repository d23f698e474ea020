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

/// `firebreak playbook status`.
struct PlaybookStatus: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Show how far a run came, and every device that is not in the wanted state.",
    discussion: "Exit code 1 when the journal does not verify.")

  @OptionGroup var choice: RunChoice

  @Option(help: "table, json, jsonl or csv.")
  var format: OutputFormat = .table

  @Flag(help: "List all devices, not only those that are not in the wanted state.")
  var all = false

  func run() throws {
    let journal = try CaseJournal(case: try choice.chosenCase.announcedPath(), readOnly: true)
    let id = try choice.id(journal)
    let records = try journal.records(run: id)
    let history = RunHistory(records)
    var rows = ResultRows(
      schema: "firebreak.playbook-status/1",
      columns: [
        .init("DEVICE", mayShrink: true), .init("STATE"), .init("REASON"), .init("DETAIL", mayShrink: true),
        .init("STEP", mayShrink: true),
      ],
      keys: ["device", "state", "reason", "detail", "step"])
    // Without its plan a run still has its journal.
    let plan = try? choice.plan(id, case: try choice.chosenCase.existingPath())
    var notBegun = 0
    for step in history.order {
      for visit in history.visits[step] ?? [] {
        for (device, state) in visit.acts.sorted(by: { $0.key < $1.key }) {
          let (name, reason) = Self.text(visit.undos[device] ?? state, isUndo: visit.undos[device] != nil)
          if !all && (name == "ok" || name == "changed" || name == "undone") { continue }
          rows.rows.append([
            .string(Sanitizer.escape(device)), .string(name), .string(reason ?? ""),
            .string(Sanitizer.escape(visit.details[device] ?? "")),
            .string(Self.shown(step, plan)),
          ])
        }
      }
      // Targets that a halt or a stop kept from being begun.
      guard let plan, let last = history.visits[step]?.last,
        case .action(let action)? = plan.playbook.steps[step]?.kind, action.rollout != nil
      else { continue }
      for target in plan.targets where last.acts[target.device] == nil {
        notBegun += 1
        rows.rows.append([
          .string(Sanitizer.escape(target.device)), .string("not begun"),
          .string(history.end?.rawValue ?? ""),
          .string("nothing was sent"), .string(Self.shown(step, plan)),
        ])
      }
    }
    let problem = JournalChain.firstProblem(in: records)
    let counts = history.counts.sorted { $0.key.rawValue < $1.key.rawValue }
    rows.extra = [
      ("run", .string(id)), ("end", history.end.map { .string($0.rawValue) } ?? .null),
      ("counts", .object(counts.map { ($0.key.rawValue, .int(Int64($0.value))) })),
      ("not_begun", .int(Int64(notBegun))), ("journal", .string(problem ?? "verifies")),
    ]
    if format == .table {
      let state = history.end?.rawValue ?? "not finished: running, or killed (resume goes on)"
      Console.print("run \(id): \(state)")
      let parts =
        counts.map { "\($0.value) \($0.key.rawValue)" } + (notBegun > 0 ? ["\(notBegun) not begun"] : [])
      Console.print("  " + parts.joined(separator: ", "))
      let halts = history.halts
      for text in halts + Self.causes(history) {
        for line in Paragraph.lines("  " + Sanitizer.escape(text), width: Console.width) {
          Console.print(line)
        }
      }
      Console.print(
        "  journal of \(records.count) records \(problem.map { "is ALTERED: \($0)" } ?? "verifies")")
      if !rows.rows.isEmpty { rows.write(as: .table) }
    } else {
      rows.write(as: format)
    }
    if problem != nil { throw ExitStatus.no }
  }

  /// What was said about devices that are not in the wanted state, most frequent first: the table may cut it short.
  private static func causes(_ history: RunHistory) -> [String] {
    var counts: [String: Int] = [:]
    for visit in history.visits.values.joined() {
      for (device, state) in visit.acts {
        guard case .finished(let outcome, _) = state, ![.ok, .changed].contains(outcome) else { continue }
        counts[visit.details[device] ?? "", default: 0] += 1
      }
    }
    return counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(3).map {
      "\($0.value) × \($0.key)"
    }
  }

  /// A step's name where the plan knows one, else its id.
  private static func shown(_ step: String, _ plan: ExecutionPlan?) -> String {
    Sanitizer.escape(plan?.playbook.steps[step]?.name ?? step)
  }

  private static func text(_ state: RunHistory.DeviceState, isUndo: Bool) -> (String, String?) {
    switch state {
    case .intended: ("unknown", isUndo ? "undo begun, no result" : "begun, no result")
    case .finished(let outcome, let reason):
      isUndo
        ? (outcome == .ok || outcome == .changed ? "undone" : "undo \(outcome.rawValue)", reason)
        : (outcome.rawValue, reason)
    }
  }
}

/// `firebreak playbook resume`.
struct PlaybookResume: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resume",
    abstract: "Go on with a run that was interrupted or killed: verify what is unknown, then the rest.")

  @OptionGroup var choice: RunChoice
  @OptionGroup var execution: ExecutionOptions

  @Flag(help: "Go on although a limit halted the run; what failed before does not count again.")
  var afterHalt = false

  @Option(help: "table or json.")
  var format: ReportFormat = .table

  func run() async throws {
    let path = try choice.chosenCase.announcedPath()
    let (secrets, executors) = try execution.make()
    let id = try choice.id(try CaseJournal(case: path, readOnly: true))
    let plan = try choice.plan(id, case: path)
    try await RunCommandSupport(casePath: path, executors: executors, secrets: secrets, format: format)
      .execute(plan, run: id, approvals: [], afterHalt: afterHalt)
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
