import ArgumentParser
import ConsoleOutput
import Glibc
import PlaybookModel
import PlaybookRunner

/// `firebreak playbook queue`.
struct PlaybookQueue: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "queue",
    abstract: "Show the devices of a run that could not be acted on yet, and act on those that are back.",
    discussion: """
      Devices out of reach, outside of their maintenance window or with an empty battery wait as long as the playbook's \
      'queue_ms' says. --act goes through the queue once: interlocks again, look, act. --watch goes on until nobody waits.

      Exit code 0: nobody waits, 1: somebody waits or the queue halted, 130: stopped by Ctrl-C.
      """)

  @OptionGroup var choice: RunChoice
  @OptionGroup var execution: ExecutionOptions
  @OptionGroup var approval: ApprovalOptions
  @OptionGroup var age: InventoryAgeOption

  @Flag(help: "Act on the devices that are back.")
  var act = false

  @Option(
    help: ArgumentHelp("With --act: again every so many seconds, until nobody waits.", valueName: "seconds"))
  var watch: Int?

  @Option(help: "table, json, jsonl or csv.")
  var format: OutputFormat = .table

  func validate() throws {
    if let watch, watch < 1 { throw ValidationError("--watch is a number of seconds, at least 1") }
    if watch != nil && !act { throw ValidationError("--watch needs --act") }
  }

  func run() async throws {
    let path = try choice.chosenCase.announcedPath()
    let (secrets, executors) = try execution.make()
    let id = try choice.id(try CaseJournal(case: path, readOnly: true))
    let plan = try choice.plan(id, case: path, onlyToLook: !act)
    let support = RunCommandSupport(
      casePath: path, executors: executors, secrets: secrets, format: .table, execution: execution,
      givenCase: choice.chosenCase.given)
    guard act else {
      let journal = try CaseJournal(case: path, readOnly: true)
      return try show(QueueRun.entries(plan, try RunHistory(run: id, in: journal), SystemClock()), id)
    }
    try PlanCheck.notRevoked(plan)
    try age.check(plan, case: path)
    try await secrets.unlock()
    try execution.preflight(plan, secrets, executors)
    let agreed = try await approval.renewed(plan, run: id, case: path)
    let locks = try support.lock(plan, run: id)
    defer { withExtendedLifetime(locks) {} }
    var environment = try support.environment(id, plan: plan, goesOnWith: "queue --act")
    support.limit(agreed, environment)
    var approvals = agreed.sentences
    while true {
      // Somebody may have brought a newer one meanwhile.
      try age.check(plan, case: path)
      environment.inventory = try CurrentInventory(case: path)
      let queue = try QueueRun(plan, environment: environment, run: id)
      let given = approvals
      let summary = try await support.goingOn("queue --act", id) { try await queue.pass(approvals: given) }
      approvals = []
      for reason in summary.reasons { Console.note(Sanitizer.escape(reason)) }
      if summary.end == .interrupted {
        Console.note("go on with: \(Sanitizer.escape(support.again("queue --act", id)))")
        throw ExitStatus.interrupted
      }
      let history = try RunHistory(run: id, in: environment.journal)
      let left = QueueRun.entries(plan, history, environment.clock)
      guard let watch, !left.isEmpty, summary.end == .succeeded else {
        support.acted(summary, history.standing)
        try show(left, id)
        if summary.end != .succeeded { throw ExitStatus.no }
        if Console.hasLostAnswer { throw ExitStatus.losses }
        return
      }
      let until = environment.clock.monotonicTime() + Int64(watch) * 1_000_000_000
      while environment.clock.monotonicTime() < until {
        if Interrupt.isRequested { throw ExitStatus.interrupted }
        await environment.clock.sleep(nanoseconds: 200_000_000)
      }
    }
  }

  private func show(_ entries: [QueueRun.Entry], _ run: String) throws {
    var rows = ResultRows(
      schema: "firebreak.playbook-queue/1",
      columns: [
        .init("DEVICE", mayShrink: true, keepsEnds: true), .init("REASON"), .init("LEFT"),
        .init("DETAIL", mayShrink: true),
        .init("STEP", mayShrink: true),
      ],
      keys: ["device", "reason", "seconds_left", "detail", "step"])
    rows.extra = [("run", .string(run)), ("waiting", .int(Int64(entries.count)))]
    for entry in entries {
      let seconds = max(0, entry.left / 1_000_000_000)
      rows.rows.append([
        .string(Sanitizer.escape(entry.target.device)), .string(entry.left > 0 ? entry.reason : "expired"),
        format == .table ? .string(Self.duration(seconds)) : .int(seconds),
        .string(Sanitizer.escape(entry.detail)), .string(Sanitizer.escape(entry.step.name ?? entry.step.id)),
      ])
    }
    if format == .table {
      Console.print("run \(run): \(entries.isEmpty ? "nobody waits" : "\(entries.count) waiting")")
      if !entries.isEmpty { rows.write(as: .table) }
    } else {
      rows.write(as: format)
    }
    if !entries.isEmpty { throw ExitStatus.no }
  }

  private static func duration(_ seconds: Int64) -> String {
    seconds >= 172_800
      ? "\(seconds / 86_400) d"
      : seconds >= 7200 ? "\(seconds / 3600) h" : seconds >= 120 ? "\(seconds / 60) min" : "\(seconds) s"
  }
}
