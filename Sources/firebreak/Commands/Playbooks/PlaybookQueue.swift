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
      'queue_ms' says. --act goes through the queue once: interlocks again, look, act. --watch goes on until nobody waits: \
      an output that takes nothing, others who work on the case and a full disk do not end it, Ctrl-C does.

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
    if act { Console.goOnWithoutReader() }
    if watch != nil {
      Console.goOnWhenLost(
        "'firebreak playbook status' says what was done, the exit code whether anybody waits")
    }
    let path = try choice.chosenCase.announcedPath()
    let (secrets, executors) = try execution.make()
    let id = try choice.id(try CaseJournal(case: path, readOnly: true))
    let plan = try choice.plan(id, case: path, onlyToLook: !act)
    let asGiven = RunCommandSupport(
      casePath: path, executors: executors, secrets: secrets, format: .table, execution: execution,
      givenCase: choice.chosenCase.given)
    guard act else {
      let journal = try CaseJournal(case: path, readOnly: true)
      return try show(QueueRun.entries(plan, try RunHistory(run: id, in: journal), SystemClock()), id)
    }
    try PlanCheck.notRevoked(plan)
    try age.check(plan, case: path)
    let support = try asGiven.of(id, plan)
    try await support.secrets.unlock()
    let lacking = try support.execution.preflight(plan, support.secrets, support.executors)
    let agreed = try await approval.renewed(plan, run: id, case: path)
    var environment = try support.environment(id, plan: plan, goesOnWith: "queue --act")
    environment.lacking = lacking
    support.limit(agreed, environment)
    var approvals = agreed.sentences
    var attempts = 0
    while true {
      var left: (summary: RunSummary, history: RunHistory, entries: [QueueRun.Entry])?
      do {
        left = try await pass(plan, id, support, environment, approvals)
        approvals = []
        attempts = 0
      } catch let error where watch != nil && Self.isPassing(error) {
        // Devices are waited for that nobody else looks after: another run's work and a full disk are waited for, too.
        Console.warn(Sanitizer.escape("\(error); the watch goes on"))
        attempts += 1
      }
      if let left {
        for reason in left.summary.reasons { Console.note(Sanitizer.escape(reason)) }
        if left.summary.end == .interrupted { try interrupted(support, id) }
        guard watch != nil, !left.entries.isEmpty, left.summary.end == .succeeded else {
          support.acted(left.summary, left.history.standing)
          try show(left.entries, id)
          if left.summary.end != .succeeded { throw ExitStatus.no }
          if Console.hasLostAnswer { throw ExitStatus.losses }
          return
        }
      }
      let pause = ExpiryWatch.pause(watch ?? 1, after: attempts)
      let until = environment.clock.monotonicTime() + pause * 1_000_000_000
      while environment.clock.monotonicTime() < until {
        if Interrupt.isRequested { try interrupted(support, id) }
        await environment.clock.sleep(nanoseconds: 200_000_000)
      }
    }
  }

  /// Goes through the queue once. The locks are held only as long as that takes: who takes back what has outlived its time to
  /// live must not have to wait for devices that may never come back.
  private func pass(
    _ plan: ExecutionPlan, _ id: String, _ support: RunCommandSupport, _ environment: RunEnvironment,
    _ approvals: [String]
  ) async throws -> (summary: RunSummary, history: RunHistory, entries: [QueueRun.Entry]) {
    let locks = try support.lock(plan, run: id)
    defer { withExtendedLifetime(locks) {} }
    // Somebody may have brought a newer one meanwhile.
    try age.check(plan, case: support.casePath)
    var environment = environment
    environment.unseen = try support.unseen(id, locks.1)
    environment.inventory = try CurrentInventory(case: support.casePath, plan: plan)
    let queue = try QueueRun(plan, environment: environment, run: id)
    let summary = try await support.goingOn("queue --act", id) { try await queue.pass(approvals: approvals) }
    // Whom this pass acted on has a time to live, too: said when it is news, and kept.
    let isNews = summary.counts[.ok, default: 0] + summary.counts[.changed, default: 0] > 0
    try await support.takeBackExpired(plan, environment, id, isWatched: !isNews)
    let history = try RunHistory(run: id, in: environment.journal)
    return (summary, history, QueueRun.entries(plan, history, environment.clock))
  }

  /// What a watch outlives: others at work, an inventory that is too old for now, a journal that cannot be written for now.
  private static func isPassing(_ error: any Error) -> Bool {
    guard let error = error as? RunnerError else { return !(error is ExitStatus) }
    return error.code == .busy || error.code == .journal
  }

  private func interrupted(_ support: RunCommandSupport, _ id: String) throws -> Never {
    Console.note("go on with: \(Sanitizer.escape(support.again("queue --act", id)))")
    throw ExitStatus.interrupted
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
