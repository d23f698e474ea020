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
      "Exit code 0: all steps succeeded, 1: a step failed or a limit halted the run, 130: stopped by Ctrl-C.")

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
    let (secrets, executors) = try execution.make()
    let casePath = try options.chosenCase.announcedPath()
    let plan: ExecutionPlan
    let agreed: ApprovalOptions.Agreement
    if let bytes = try planBytes() {
      guard options.targets == nil, options.values.isEmpty else {
        throw ValidationError("a plan is run as it is: --targets and --set belong to 'plan'")
      }
      plan = try ExecutionPlan(reading: bytes, now: SystemClock().wallTime())
      try PlanCheck.unchanged(plan, case: casePath)
      try options.checkInventoryAge(plan, case: casePath)
      agreed = try await approval.check(plan, bytes: bytes, path: name)
    } else {
      // A name with an ending was meant as a file: do not look for a playbook of that name.
      if name.hasSuffix(".plan") && access(name, F_OK) != 0 {
        throw CommandError(
          "no plan file '\(name)': make one with 'firebreak playbook plan PLAYBOOK … --output \(name)'")
      }
      plan = try options.plan(name, executors: executors)
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
    let run = PlaybookRun.newID(clock: SystemClock())
    try await RunCommandSupport(casePath: casePath, executors: executors, secrets: secrets, format: format)
      .execute(plan, run: run, agreed: agreed, afterHalt: false, rereadsInventory: false)
  }

  /// The bytes of a plan file; nil when the argument is no plan.
  private func planBytes() throws -> [UInt8]? {
    guard name == "-" || access(name, R_OK) == 0 else { return nil }
    var status = stat()
    if stat(name, &status) == 0, status.st_mode & S_IFMT == S_IFDIR { return nil }
    let bytes = try PlaybookFiles.read(name)
    return bytes.starts(with: Array("{\"schema\":\"firebreak.plan/".utf8)) ? bytes : nil
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

/// Checks that what a plan rests on is as it was.
enum PlanCheck {
  static func unchanged(_ plan: ExecutionPlan, case path: String) throws {
    if let file = plan.playbookPath, access(file, R_OK) == 0 {
      let document = PlaybookDocument(reading: try PlaybookFiles.read(file), now: SystemClock().wallTime())
      guard let root = document.root, Playbook.contentHash(of: root) == plan.playbook.sha256 else {
        throw CommandError("the playbook '\(file)' was changed since the plan was made; make a new plan")
      }
    }
    for called in plan.playbook.called {
      guard let file = called.path, access(file, R_OK) == 0 else { continue }
      let document = PlaybookDocument(reading: try PlaybookFiles.read(file), now: SystemClock().wallTime())
      guard let root = document.root, Playbook.contentHash(of: root) == called.playbook.sha256 else {
        throw CommandError(
          "the playbook '\(file)', which the plan's playbook calls, was changed since the plan was made; make a new plan"
        )
      }
    }
    guard !plan.caseDigest.isEmpty else { return }
    guard try PlaybookTargets.digest(try CaseReader(path: path)) == plan.caseDigest else {
      throw CommandError(
        "the case '\(path)' is not the one the plan was made from, or its evidence or inventory changed; make a new plan"
      )
    }
  }
}

/// Runs, resumes and undoes with progress on standard error and the result on standard output.
struct RunCommandSupport {
  let casePath: String
  let executors: ExecutorSet
  let secrets: SecretStore
  let format: ReportFormat

  /// Folder that keeps a run's plan and undo script.
  func folder(_ run: String) -> String { "\(casePath).runs/\(run)" }

  /// What a run needs. `rereadsInventory` asks interlocks of the case's inventory as it is now, not of the plan.
  func environment(_ run: String, plan: ExecutionPlan, rereadsInventory: Bool) throws -> RunEnvironment {
    let control = RunControl()
    Interrupt.listen()
    Task {
      while !control.isStopping {
        if Interrupt.isRequested { return control.stop() }
        try? await Task.sleep(for: .milliseconds(50))
      }
    }
    let progress = ProgressPrinter(format: format)
    return RunEnvironment(
      executors: executors, journal: try CaseJournal(case: casePath), masker: secrets.masker,
      timeline: CaseTimeline(path: casePath), folder: folder(run),
      inventory: rereadsInventory && !plan.targets.isEmpty ? try CurrentInventory(case: casePath) : nil,
      signer: JournalKey.signer(), control: control, progress: { progress.show($0) })
  }

  /// Nobody else works on this case, or on these devices, as long as this is kept.
  func lock(_ plan: ExecutionPlan, run: String) throws -> (RunLock, TargetLock) {
    let own = try RunLock(folder: casePath + ".runs")
    let folder =
      Console.environment["FIREBREAK_LOCKS"].flatMap { $0.isEmpty ? nil : $0 }
      ?? TargetLock.folder(environment: Console.environment)
    return (own, try TargetLock(run: run, devices: plan.targets.map(\.device), folder: folder))
  }

  /// Runs or resumes a plan.
  func execute(
    _ plan: ExecutionPlan, run: String, agreed: ApprovalOptions.Agreement, afterHalt: Bool,
    rereadsInventory: Bool
  ) async throws {
    try await secrets.unlock()
    let locks = try lock(plan, run: run)
    Console.note("run \(run)")
    let environment = try environment(run, plan: plan, rereadsInventory: rereadsInventory)
    limit(agreed, environment)
    let summary = try await PlaybookRun(plan, environment: environment, run: run)
      .execute(approvals: agreed.sentences, afterHalt: afterHalt)
    withExtendedLifetime(locks) {}
    try finish(summary)
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

  /// Takes a run back.
  func undo(_ plan: ExecutionPlan, run: String) async throws {
    try await secrets.unlock()
    let locks = try lock(plan, run: run)
    let environment = try environment(run, plan: plan, rereadsInventory: true)
    let summary = try await UndoRun(plan, environment: environment, run: run).execute()
    withExtendedLifetime(locks) {}
    try finish(summary)
  }

  private func finish(_ summary: RunSummary) throws {
    let order: [RunRecord.Outcome] = [.ok, .changed, .failed, .unknown, .skipped]
    let reasons = summary.reasons + (summary.end == .succeeded ? [] : try trouble(summary.run))
    switch format {
    case .json:
      Console.write(
        DocumentWriter.json(
          .object([
            ("schema", .string("firebreak.run/1")), ("run", .string(summary.run)),
            ("end", .string(summary.end.rawValue)),
            ("counts", .object(order.map { ($0.rawValue, .number(summary.counts[$0] ?? 0)) })),
            ("reasons", .array(reasons.map(DocumentNode.string))),
          ])))
    case .table:
      let counts = order.map { "\(summary.counts[$0] ?? 0) \($0.rawValue)" }.joined(separator: ", ")
      Console.print("run \(summary.run): \(summary.end.rawValue) (\(counts))")
      for reason in reasons {
        for line in Paragraph.lines("  " + Sanitizer.escape(reason), width: Console.width) {
          Console.print(line)
        }
      }
    }
    switch summary.end {
    case .succeeded: break
    case .failed, .halted: throw ExitStatus.no
    case .interrupted:
      Console.note("go on with: firebreak playbook resume \(summary.run)")
      throw ExitStatus.interrupted
    }
  }
}

extension RunCommandSupport {
  /// What stands in the journal of the first device that is not in the wanted state: the broker's own words.
  private func trouble(_ run: String) throws -> [String] {
    let wanted: Set<RunRecord.Outcome?> = [.failed, .unknown, .skipped]
    var found: RunRecord?
    try CaseJournal(case: casePath, readOnly: true).forEachRecord(run: run) { record in
      if found == nil, record.target != nil, record.kind == .result, wanted.contains(record.outcome) {
        found = record
      }
    }
    guard let first = found, let device = first.target, let outcome = first.outcome else { return [] }
    let why = first.reason.map { " (\($0))" } ?? ""
    return ["the first: \(device) \(outcome.rawValue)\(why): \(first.detail)"]
  }
}

/// Progress on standard error: one line that is rewritten on a terminal, JSON lines otherwise.
struct ProgressPrinter: Sendable {
  private let isTerminal = isatty(STDERR_FILENO) == 1
  private let pace = ProgressPace()
  let format: ReportFormat

  func show(_ progress: RunProgress) {
    switch progress {
    case .step(let name): line(["event": "step", "step": name], "▪ \(name)")
    case .wave(let step, let number, let of, let devices):
      line(
        ["event": "wave", "step": step, "wave": "\(number)", "of": "\(of)", "devices": "\(devices)"],
        "  wave \(number) of \(of): \(devices) devices")
    case .device(let step, let device, let outcome, let reason, let tally):
      if isTerminal {
        // A line of progress is for eyes: ten a second, and the last one.
        guard tally.finished == tally.size || pace.isDue(SystemClock().monotonicTime()) else { return }
        let text =
          "    \(tally.finished)/\(tally.size)  ok \(tally.ok)  changed \(tally.changed)  failed \(tally.failed)  unknown \(tally.unknown)  out of reach \(tally.unreachable)"
        var line = "\r\u{1B}[K\(text)\(tally.finished == tally.size ? "\n" : "")"
        // A lost line of progress is no loss.
        line.withUTF8 { _ = Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
      } else {
        var fields = ["event": "device", "step": step, "device": device, "outcome": outcome.rawValue]
        fields["reason"] = reason
        line(fields, "")
      }
    case .soak(let milliseconds):
      line(["event": "soak", "milliseconds": "\(milliseconds)"], "  watching for \(milliseconds / 1000) s")
    case .note(let text): line(["event": "note", "text": text], "  \(text)")
    }
  }

  private func line(_ fields: [String: String], _ text: String) {
    if isTerminal {
      Console.note(Sanitizer.escape(text))
    } else {
      let members = fields.sorted { $0.key < $1.key }.map { ($0.key, JSONValue.string($0.value)) }
      Console.note(JSONValue.object(members).text())
    }
  }
}

/// Lets something happen ten times a second at most.
private final class ProgressPace: Sendable {
  private let next = Atomic<Int64>(0)

  func isDue(_ now: Int64) -> Bool {
    let due = next.load(ordering: .relaxed)
    return now >= due
      && next.compareExchange(expected: due, desired: now + 100_000_000, ordering: .relaxed).exchanged
  }
}
