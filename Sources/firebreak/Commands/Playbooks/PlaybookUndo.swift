import ArgumentParser
import ConsoleOutput
import Glibc
import PlaybookModel
import PlaybookRunner

/// `firebreak playbook undo`.
struct PlaybookUndo: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "undo",
    abstract: "Take back what a run changed, newest step first; what was so before is left alone.",
    discussion: """
      Says which run it takes back and how many changes of it are in force, and on a terminal asks first (--yes does not; \
      where nobody can be asked it goes on). --dry-run only lists them. --all takes back every run of the case of which \
      something is in force, the newest first; with --format json that is one document for each.

      Taking a run back ends it: it cannot be resumed, and nobody waits in its queue any more. It is possible also when the \
      playbook has expired or was revoked since, and takes no approvals. --expired takes back only what has outlived its time \
      to live (the playbook's 'time_to_live_ms'), with --all of every run, and --watch goes on until nothing has one; what cannot \
      be taken back is tried again, and an output that takes nothing does not end it: Ctrl-C does.

      A step is not taken back on a device where one that was done after it could not be: the next undo tries that one again first. \
      What a run sent once, without the rollout extension, has no inverse, and is named; 'playbook settle' says that somebody \
      took it back by hand. A run of which nobody knows whether such a command ran is not ended: settle that first.

      A device that a later run of the case still counts on (it found it so, or did it again) is left as it is, and named with \
      that run. Undo of the later run ends that, also where it changed nothing itself: it then counts on nothing any more, and \
      does not go on. --include-held takes the device back all the same, --all does too. The later run's journal and status then \
      say so.

      A run whose journal was altered or whose plan is gone is left as it is; --all names it and takes back the others. So does \
      it with a run that cannot be begun with now: others work on its devices, a secret is missing, the inventory is too old.

      Exit code 0: everything was taken back, also before, 1: something was not, or the run had changed nothing (it is ended all \
      the same), 130: stopped by Ctrl-C.
      """)

  @OptionGroup var choice: RunChoice
  @OptionGroup var execution: ExecutionOptions
  @OptionGroup var age: InventoryAgeOption

  @Flag(help: "Do not ask.")
  var yes = false

  @Flag(help: "List what would be taken back, and do nothing.")
  var dryRun = false

  @Flag(help: "Every run of which something is in force.")
  var all = false

  @Flag(help: "Also devices that a later run still counts on.")
  var includeHeld = false

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
    if all && choice.run != nil { throw ValidationError("a run or --all, not both") }
    if includeHeld && expired {
      throw ValidationError("what a later run counts on ends with that one: leave --include-held away")
    }
    if dryRun && expired { throw ValidationError("'status' lists what is overdue: leave --dry-run away") }
  }

  /// A run with what of it is to be taken back.
  private struct Turn {
    /// With the secrets of this run.
    var support: RunCommandSupport
    var overview: RunOverview
    var plan: ExecutionPlan
    var scope: [(step: WorkflowStep, devices: [String], hasInverse: Bool)]
    var held: [UndoRun.Held]
    var overridden: [UndoRun.Held]
    /// What only a person's word says is taken back, and a command can look at.
    var said: [(step: WorkflowStep, devices: [String])]
    /// How the holding of `held` ends.
    var waysOut: [String]
    var changes: Int { scope.reduce(0) { $0 + $1.devices.count } }
  }

  func run() async throws {
    Console.goOnWithoutReader()
    if watch != nil { ExpiryWatch.goOnWhenLost() }
    let path = try choice.chosenCase.announcedPath()
    let (secrets, executors) = try execution.make()
    let journal = try CaseJournal(case: path, readOnly: true)
    let support = RunCommandSupport(
      casePath: path, executors: executors, secrets: secrets, format: format, execution: execution,
      givenCase: choice.chosenCase.given)
    if expired { return try await takeBackExpired(path, journal, support) }
    let runs = try RunOverview.all(in: journal)
    let id: String? = try all ? nil : choice.id(journal)
    let chosen = runs.filter { run in
      let standing = run.standing
      return id.map { $0 == run.run }
        ?? (run.isWhole && (standing.isAny || standing.sentOnce > 0 || standing.takenBackByWord > 0))
    }
    // What an altered journal says is in force is not known; the others are not to wait for it.
    let altered = all ? runs.filter { !$0.isWhole } : []
    var isLeft = !altered.isEmpty
    for run in altered { Console.warn(Sanitizer.escape(Self.altered(run))) }
    for sentence in chosen.compactMap({ CutRuns.sentence($0, case: path) }) {
      Console.warn(Sanitizer.escape(sentence + ", and is not taken back"))
      isLeft = true
    }
    if all { warnOfUnrecorded(path, runs) }
    func nothingStands() throws {
      Console.print("nothing that \(altered.isEmpty ? "a" : "another") run of this case did is in force")
      if !altered.isEmpty { throw ExitStatus.no }
    }
    if all && chosen.isEmpty { return try nothingStands() }
    var turns: [Turn] = []
    for overview in chosen.reversed() {
      do {
        let plan = try plan(overview.run, path)
        if all, plan.goesOutOnceOnly {
          // Undo can do nothing for it, and does not end it either.
          let history = try RunHistory(run: overview.run, in: journal)
          Console.warn(
            Sanitizer.escape(UndoWords.onlyOnce(overview, history.sentOnce(plan), history, support)))
          isLeft = true
          continue
        }
        let own = try support.of(overview.run, plan, ownFirst: all)
        let undo = try UndoRun(
          plan, environment: RunEnvironment(executors: own.executors, journal: journal), run: overview.run,
          includesHeld: includeHeld || all, planOf: support.planOf)
        // A person's word is all there is to go by.
        if all, !overview.standing.isAny, undo.said.isEmpty { continue }
        turns.append(
          Turn(
            support: own, overview: overview, plan: plan, scope: undo.scope, held: undo.held,
            overridden: undo.overridden, said: undo.said,
            waysOut: UndoWords.waysOut(undo.held, of: overview.run, among: runs, own)))
      } catch  where all {
        // One whose plan is gone keeps no other from being taken back.
        Console.warn(Sanitizer.escape("\(RunLine.text(overview)) is left as it is: \(error)"))
        isLeft = true
      }
    }
    if turns.isEmpty {
      if !isLeft { return try nothingStands() }
      throw ExitStatus.no
    }
    let others = runs.filter { run in run.standing.isAny && !chosen.contains { $0.run == run.run } }
    if let only = turns.first, id != nil, only.scope.isEmpty, only.said.isEmpty {
      if !only.held.isEmpty {
        if dryRun { return try preview(turns) }
        try allHeld(only)
      }
      let history = try RunHistory(run: only.overview.run, in: journal)
      let once = history.sentOnce(only.plan)
      if only.plan.goesOutOnceOnly,
        !history.openCommands.isEmpty || !once.isEmpty && !only.overview.isToBeEnded
      {
        let rest = UndoWords.standing(others, only.support)
        throw CommandError(
          UndoWords.onlyOnce(only.overview, once, history, only.support) + (rest.isEmpty ? "" : "; \(rest)"),
          .no)
      }
      if only.overview.isToBeEnded { return try await end(only, once, others, only.support) }
      return try nothing(only.overview, others, only.support)
    }
    if dryRun {
      try preview(turns)
      if isLeft { throw ExitStatus.no }
      return
    }
    if !all { for turn in turns { try age.check(turn.plan, case: path, forUndo: true) } }
    try ask(turns, others, turns.count == 1 ? turns[0].support : support)
    var worst: ExitStatus? = isLeft ? .no : nil
    var left: [RunOverview] = []
    for turn in turns {
      do {
        if all { try age.check(turn.plan, case: path, forUndo: true) }
        let summary = try await turn.support.undo(
          turn.plan, run: turn.overview.run, steps: Set(turn.scope.map(\.step.id) + turn.said.map(\.step.id)),
          includesHeld: includeHeld || all)
        defer { UndoWords.goOn(after: turn.overview, turn.waysOut, others, turn.support) }
        try turn.support.finish(summary, goesOnWith: "undo")
      } catch let status as ExitStatus {
        guard turns.count > 1 || worst != nil, status != .interrupted else { throw status }
        // What was not taken back weighs more than what could not be said.
        if worst != .no { worst = status }
      } catch  where all {
        // One that others work on, or whose secret is missing, keeps no other from being taken back.
        Console.warn(Sanitizer.escape("\(RunLine.text(turn.overview)) is left as it is: \(error)"))
        left.append(turn.overview)
        worst = .no
        if Interrupt.isRequested { throw ExitStatus.interrupted }
      }
    }
    UndoWords.left(left, support)
    if let worst { throw worst }
  }

  /// The plan of a run. That its playbook may not be run any more is no reason to leave devices locked out.
  func plan(_ id: String, _ path: String) throws -> ExecutionPlan {
    let noted = try RunChoice.noted(id, path)
    let script = noted.files(in: "\(path).runs/\(id)").filter { $0.name == "undo.sh" && $0.state == .differs }
    for sentence in RunFiles.sentences(script, run: id) {
      Console.warn(Sanitizer.escape("\(sentence): do not run it"))
    }
    do {
      return try choice.plan(id, case: path)
    } catch {
      let plan = try choice.plan(id, case: path, onlyToLook: true)
      Console.warn(Sanitizer.escape("\(error); what was done is taken back all the same"))
      return plan
    }
  }

  /// Nothing of the run is in force: it was taken back, or it never did anything.
  private func nothing(
    _ overview: RunOverview, _ others: [RunOverview], _ support: RunCommandSupport
  ) throws {
    let rest = UndoWords.standing(others, support)
    let standing = overview.standing
    if standing.takenBack > 0 || overview.isTakenBack && standing.released > 0 {
      let words =
        "taken back already (\(Figures.counted(standing.takenBack, "change"))); nothing of it is in force"
      if format == .json {
        try support.report(
          RunSummary(run: overview.run, end: .succeeded, counts: [:], reasons: [words]), standing)
      } else {
        Console.print("run \(overview.run): \(words)")
      }
      if !rest.isEmpty { Console.note(Sanitizer.escape(rest)) }
      return
    }
    throw CommandError(
      "\(RunLine.text(overview)) changed nothing: there is nothing to take back"
        + (overview.isTakenBack ? ", and it has ended" : "") + (rest.isEmpty ? "" : "; \(rest)"), .no)
  }

  /// `what went out once has no inverse ('restart the relay')`.
  private static func sentOnce(_ titles: [String]) -> String {
    "what went out once has no inverse ('\(titles.joined(separator: "', '"))')"
  }

  /// Ends a run that changed nothing: it counts on nothing any more, and does not go on.
  private func end(
    _ turn: Turn, _ once: [String], _ others: [RunOverview], _ support: RunCommandSupport
  ) async throws {
    let did = once.isEmpty ? "changed nothing" : "did nothing to take back (\(Self.sentOnce(once)))"
    let found = turn.overview.standing.foundSo
    let counts =
      found.isEmpty
      ? ""
      : ", and counts on \(Figures.counted(found.count, "device")) that it found so (\(UndoWords.names(found)))"
    let rest = UndoWords.standing(others, support, on: found)
    guard !dryRun else {
      Console.prose(
        Sanitizer.escape(
          "\(RunLine.text(turn.overview)) \(did)\(counts): undo ends it, and does nothing to devices"
        ))
      if !rest.isEmpty { Console.prose(Sanitizer.escape(rest)) }
      return
    }
    // What stands of others is said afterwards.
    try ask([turn], [], support, "\(did)\(counts)")
    let summary = try await support.undo(
      turn.plan, run: turn.overview.run, steps: [], includesHeld: includeHeld)
    guard summary.end == .succeeded else { return try support.finish(summary, goesOnWith: "undo") }
    throw CommandError(
      "\(RunLine.text(turn.overview)) \(did): nothing was taken back. It has ended: it does not go on"
        + (found.isEmpty
          ? ""
          : ", and counts on \(Figures.counted(found.count, "device")) no more (\(UndoWords.names(found)))")
        + (rest.isEmpty ? "" : "; \(rest)"), .no)
  }

  /// Everything that stands of the run is counted on by later ones.
  private func allHeld(_ turn: Turn) throws {
    throw CommandError(
      ([
        "nothing was taken back of \(RunLine.text(turn.overview)): "
          + turn.held.map(\.sentence).joined(separator: "; ")
      ] + turn.waysOut).joined(separator: "; "), .no)
  }

  private func preview(_ turns: [Turn]) throws {
    guard format == .table else {
      for turn in turns {
        let steps = turn.scope.map { part in
          DocumentNode.object([
            ("step", .string(part.step.name ?? part.step.id)), ("has_undo", .bool(part.hasInverse)),
            ("devices", .array(part.devices.map(DocumentNode.string))),
          ])
        }
        Console.write(
          DocumentWriter.json(
            .object([
              ("schema", .string("firebreak.playbook-undo/1")), ("run", .string(turn.overview.run)),
              ("changes", .number(turn.changes)), ("steps", .array(steps)),
              (
                "held",
                .array(
                  turn.held.map {
                    .object([
                      ("step", .string($0.title)), ("run", .string($0.run)),
                      ("devices", .array($0.devices.map(DocumentNode.string))),
                    ])
                  })
              ),
            ])))
      }
      return
    }
    for turn in turns {
      for line in lines(turn) { Console.prose(line) }
      for part in turn.scope {
        for device in part.devices {
          Console.print(
            "    \(Sanitizer.escape(device))  \(Sanitizer.escape(part.step.name ?? part.step.id))")
        }
      }
    }
  }

  private func lines(_ turn: Turn) -> [String] {
    let devices = Figures.counted(turn.overview.standing.devices.count, "device")
    var lines = [
      "\(RunLine.text(turn.overview)): \(Figures.counted(turn.changes, "change")) on \(devices) to take back"
    ]
    for part in turn.scope {
      let rest = part.hasInverse ? "" : ", which has no undo: they stay"
      lines.append("  \(part.devices.count) × '\(part.step.name ?? part.step.id)'\(rest)")
    }
    for part in turn.said {
      lines.append(
        "  \(part.devices.count) × '\(part.step.name ?? part.step.id)' that somebody said is not in force any more: looked at first"
      )
    }
    for held in turn.overridden {
      lines.append(
        "  the later run \(held.run) counts on '\(held.title)' on \(held.devices.count) of them (\(held.names)): it will say "
          + "that they are taken back")
    }
    for held in turn.held { lines.append("  \(held.sentence)") }
    for way in turn.waysOut { lines.append("    \(way)") }
    return lines.map { Sanitizer.escape($0) }
  }

  /// Says what is to come, and asks on a terminal; `words` instead of the changes where there are none.
  private func ask(
    _ turns: [Turn], _ others: [RunOverview], _ support: RunCommandSupport, _ words: String? = nil
  ) throws {
    for turn in turns {
      guard let words else {
        for line in lines(turn) { Console.note(line) }
        continue
      }
      Console.note(Sanitizer.escape("\(RunLine.text(turn.overview)) \(words)"))
    }
    for other in others {
      Console.note(
        Sanitizer.escape(
          "not taken back now: \(other.standing.changes) of \(RunLine.text(other)); '\(support.again("undo", other.run))' takes that back"
        ))
    }
    guard !yes, isatty(STDIN_FILENO) == 1 else { return }
    Console.note("Type 'yes' to \(words == nil ? "take them back" : "end it"):")
    guard readLine(strippingNewline: true) == "yes" else {
      throw CommandError("nothing was taken back", .no)
    }
  }
}

/// A run in words.
enum RunLine {
  /// `run ID ('PLAYBOOK', begun 2 h ago)`.
  static func text(_ run: RunOverview) -> String {
    let age = run.begun.map { Double(SystemClock().wallTime() - $0) / 1e9 }
    let words = age.map { ", begun \(Figures.duration(seconds: $0)) ago" } ?? ""
    return "run \(run.run) ('\(run.playbook)'\(words))"
  }
}
