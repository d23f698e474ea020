import ArgumentParser
import ConsoleOutput
import Glibc
import IncidentModel
import PlaybookModel
import PlaybookRunner
import TimelineStore

/// `firebreak playbook status`.
struct PlaybookStatus: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Show how far a run came, and every device that is not in the wanted state, by site.",
    discussion: """
      States beside the outcomes: 'pending' waits in the queue, 'never seen' does too and has no event in the case, 'no \
      rollback image' and 'unsupported' were refused when the plan was made (replace or visit), 'not begun' was kept back by \
      a halt or a stop, 'in force' was changed and not taken back by an undo that was cut off, 'released' was counted on until \
      the undo of another run, whose status tells the rest.

      Exit code 1 when the journal does not verify or was cut off (as far as this machine noted what it signed), or the run's \
      plan or undo.sh is not what the journal notes.
      """)

  @OptionGroup var choice: RunChoice

  @Option(help: "table, json, jsonl or csv.")
  var format: OutputFormat = .table

  @Flag(help: "List all devices, not only those that are not in the wanted state.")
  var all = false

  func run() throws {
    let path = try choice.chosenCase.announcedPath()
    let journal = try CaseJournal(case: path, readOnly: true)
    let id = try choice.id(journal)
    var verification = JournalVerification(noted: JournalKey.ends(case: path).noted(run: id))
    // Without its plan a run still has its journal.
    let plan = try? choice.plan(id, case: path, onlyToLook: true)
    var history = RunHistory([], timed: plan?.timedSteps ?? [])
    var folder = RunFolder()
    try journal.forEachRecord(run: id) { record in
      verification.add(record)
      history.add(record)
      folder.add(record)
    }
    let unrecorded = RunFolders.unrecorded(beside: path, recorded: try journal.runs())
    let files = folder.files(in: "\(path).runs/\(id)")
    let own = plan.map { UndoRun.expiries($0, history, SystemClock()) } ?? []
    var expiries = own
    var held: [UndoRun.Held] = []
    if let plan, !own.isEmpty {
      // What a later run counts on ends with that one.
      let environment = RunEnvironment(
        executors: try ExecutionOptions.parse([]).make().executors, journal: journal)
      expiries = try UndoRun.expiries(
        plan, history, run: id, in: environment,
        planOf: { RunChoice.planToLookAt($0, case: path) })
      if own.count > expiries.count, !history.isTakenBack, verification.problem == nil {
        held = try UndoRun(
          plan, environment: environment, run: id, expiredOnly: true,
          planOf: { RunChoice.planToLookAt($0, case: path) }
        ).held
      }
    }
    let report = DeviceReport(history, plan, reader: try CaseReader(path: path), all: all, expiries: expiries)
    let standing = history.standing
    let holder = RunLock.holder(folder: path + ".runs")
    var rows = ResultRows(
      schema: "firebreak.playbook-status/1",
      columns: [
        .init("DEVICE", mayShrink: true, keepsEnds: true), .init("STATE"), .init("REASON"),
        .init("DETAIL", mayShrink: true),
        .init("STEP", mayShrink: true), .init("SITE", mayShrink: true), .init("ADVICE"),
      ],
      keys: ["device", "state", "reason", "detail", "step", "site", "advice"])
    for device in report.devices {
      rows.rows.append(
        [device.name, device.state, device.reason, device.detail, device.step, device.site, device.advice].map
        {
          .string(Sanitizer.escape($0))
        })
    }
    let isRunning = holder?.hasPrefix("run \(id) ") ?? false
    var advice: [String] = []
    if verification.problem != nil {
      advice = AlteredJournal.advice(id, verification, folder, case: path)
    } else if history.hasUnclear, !isRunning {
      let executors = try ExecutionOptions.parse([]).make().executors
      advice +=
        SettleWords.text(
          Settlement.questions(history, plan, executors), run: id, givenCase: choice.chosenCase.given
        ).map { [$0] }
        ?? []
    }
    let counts = history.counts.sorted { $0.key.rawValue < $1.key.rawValue }
    rows.extra = [
      ("run", .string(id)), ("end", history.end.map { .string($0.rawValue) } ?? .null),
      ("missed", .int(Int64(history.missedCount))),
      ("counts", .object(counts.map { ($0.key.rawValue, .int(Int64($0.value))) })),
      ("not_begun", .int(Int64(report.notBegun))), ("pending", .int(Int64(report.pending))),
      ("in_force", .int(Int64(standing.inForce))), ("in_doubt", .int(Int64(standing.inDoubt))),
      ("changes_taken_back", .int(Int64(standing.takenBack))), ("released", .int(Int64(standing.released))),
      ("sent_once", .int(Int64(standing.sentOnce))),
      ("running", holder.map { .string($0) } ?? .null),
      ("break_glass", .array(history.brokenGlass.map { .string(Sanitizer.escape($0)) })),
      ("taken_back", .bool(history.isTakenBack)), ("to_be_taken_back", .int(Int64(expiries.count))),
      ("overdue", .int(Int64(expiries.count { $0.left <= 0 }))),
      ("journal", .string(verification.problem ?? "verifies")),
      ("journal_cut", verification.cut.map { .string($0) } ?? .null), ("files", RunFiles.json(files)),
      ("without_records", .array(unrecorded.map { .string(Sanitizer.escape($0)) })),
      ("advice", .array(advice.map { .string(Sanitizer.escape($0)) })),
      ("signed_up_to", .int(Int64(verification.lastSigned))),
      ("clock_drift_seconds", .double(Double(history.largestDrift) / 1e9)),
    ]
    if format == .table {
      summary(id, history, counts, report, verification, expiries, holder)
      if own.count > expiries.count, !history.isTakenBack {
        let count = own.count - expiries.count
        Console.print(
          count == 1
            ? "  1 device stays beyond its time to live: a later run counts on it"
            : "  \(count) devices stay beyond their time to live: a later run counts on them")
        for one in held {
          let words =
            "  run \(one.run) counts on '\(one.title)' there: \(one.names) ('firebreak playbook undo \(one.run)' ends that)"
          for line in Paragraph.lines(Sanitizer.escape(words), width: Console.width) { Console.print(line) }
        }
      }
      for sentence in RunFiles.sentences(files, run: id) + advice {
        for line in Paragraph.lines("  " + Sanitizer.escape(sentence), width: Console.width) {
          Console.print(line)
        }
      }
      if !rows.rows.isEmpty { rows.write(as: .table) }
    } else {
      rows.write(as: format)
    }
    for run in unrecorded { Console.warn(Sanitizer.escape(RunFolders.sentence(run, case: path))) }
    if verification.problem != nil || verification.cut != nil
      || files.contains(where: { $0.state == .differs })
    {
      throw ExitStatus.no
    }
  }

  private func summary(
    _ id: String, _ history: RunHistory, _ counts: [(key: RunRecord.Outcome, value: Int)],
    _ report: DeviceReport,
    _ verification: JournalVerification, _ expiries: [UndoRun.Expiry], _ holder: String?
  ) {
    let standing = history.standing
    let state: String
    if holder?.hasPrefix("run \(id) ") ?? false {
      state = "\(history.end.map { "\($0.rawValue), and " } ?? "")being worked on: \(holder ?? "")"
    } else {
      let end = history.end.map { RunCommandSupport.end($0, missed: history.missedCount) }
      state =
        end
        ?? (history.isTakenBack
          ? "killed before its end, and does not go on"
          : "not finished: killed, nothing works on it ("
            + (history.openCommands.isEmpty ? "resume goes on" : "settle first, then resume goes on")
            + ", undo takes back)")
    }
    let takenBack =
      TakenBackWords.text(history.isTakenBack, standing).map {
        ", \($0)" + (history.isTakenBack && standing.isAny ? " (undo goes on with that)" : "")
      } ?? ""
    Console.print("run \(id): \(Sanitizer.escape(state))\(takenBack)")
    Console.print("  " + RunCommandSupport.words(standing))
    for sentence in history.brokenGlass {
      for line in Paragraph.lines("  " + Sanitizer.escape(sentence), width: Console.width) {
        Console.print(line)
      }
    }
    // Who waits was skipped, and is named once.
    var parts = counts.map { ($0.key, $0.key == .skipped ? $0.value - report.pendingSkipped : $0.value) }
      .filter { $0.1 > 0 }.map { "\($0.1) \($0.0.rawValue)" }
    if report.notBegun > 0 { parts.append("\(report.notBegun) not begun") }
    if report.pending > 0 { parts.append("\(report.pending) pending (firebreak playbook queue \(id) --act)") }
    Console.print("  " + parts.joined(separator: ", "))
    if let first = expiries.first, !history.isTakenBack {
      let overdue = expiries.count { $0.left <= 0 }
      Console.print(
        "  \(expiries.count) to be taken back after their time to live, "
          + (overdue > 0 ? "\(overdue) of them now" : "the first in \(first.left / 1_000_000_000) s")
          + " (firebreak playbook undo \(id) --expired)")
    }
    for text in history.halts + report.causes {
      for line in Paragraph.lines("  " + Sanitizer.escape(text), width: Console.width) {
        Console.print(line)
      }
    }
    if abs(history.largestDrift) > 2_000_000_000 {
      let seconds = Int((Double(history.largestDrift) / 1e9).rounded())
      Console.print(
        "  the wall clock was moved by \(seconds) s while it ran; times of the run count by the monotonic one"
      )
    }
    let signed = verification.lastSigned > 0 ? ", signed up to record \(verification.lastSigned)" : ""
    Console.print(
      "  journal of \(history.count) records \(verification.problem.map { "is ALTERED: \($0)" } ?? "verifies")\(signed)"
    )
    if let cut = verification.cut {
      let words =
        "  the journal is CUT OFF: \(cut). What the run did after that is not known here: undo takes back only what the rest says"
      for line in Paragraph.lines(words, width: Console.width) { Console.print(line) }
    }
  }
}

/// The devices of a run, for people and programs.
struct DeviceReport {
  /// One device.
  struct Device {
    var name: String
    var state: String
    var reason = ""
    var detail = ""
    var step = ""
    var site = ""
    var advice = ""
  }

  private(set) var devices: [Device] = []
  private(set) var notBegun = 0
  private(set) var pending = 0
  /// Those of the pending whose outcome so far is 'skipped'.
  private(set) var pendingSkipped = 0
  /// What was said about devices that are not in the wanted state, most frequent first: the table may cut it short.
  private(set) var causes: [String] = []

  init(
    _ history: RunHistory, _ plan: ExecutionPlan?, reader: CaseReader, all: Bool, expiries: [UndoRun.Expiry]
  ) {
    let left = Dictionary(
      expiries.map { ("\($0.step)\n\($0.device)", $0.left) }, uniquingKeysWith: { a, _ in a })
    let inventory = try? reader.inventory()
    let siteColumn = inventory?.attributes.firstIndex(of: "site")
    func site(_ device: String) -> String {
      guard let inventory, let siteColumn, let row = inventory.rowOfDevice[device] else { return "" }
      return inventory.value(row: row, attribute: siteColumn)
    }
    let seen = Self.seen(reader, isNeeded: history.visits.values.joined().contains { !$0.queued.isEmpty })
    var counts: [String: Int] = [:]
    for step in history.order {
      let title = plan?.playbook.steps[step]?.name ?? step
      if let visit = history.visit(of: step) {
        for (name, state) in visit.acts {
          // A look whose refusal the workflow has a way on from went as it should.
          if state.isHandled, !all { continue }
          if ![.ok, .changed].contains(state.outcome), !state.isHandled {
            let said = visit.details[name] ?? ""
            counts[said.isEmpty ? Self.text(state, isUndo: false).1 : said, default: 0] += 1
          }
          var device = Device(
            name: name, state: "", detail: visit.details[name] ?? "", step: title, site: site(name))
          let undo = visit.undos[name]
          (device.state, device.reason) = Self.text(undo ?? state, isUndo: undo != nil)
          // Somebody began to take the run back: what is not, stands out.
          if history.isTakenBack, undo == nil, device.state == "changed", visit.isStanding(name) {
            (device.state, device.reason) = ("in force", "not taken back")
          }
          if undo == nil, let released = visit.released[name] {
            counts["released: \(released)", default: 0] += 1
            (device.state, device.reason, device.detail) = ("released", "", released)
          }
          if visit.queued[name] != nil, !history.isTakenBack {
            pending += 1
            if state.outcome == .skipped { pendingSkipped += 1 }
            device.state = seen.map { $0.contains(name) } ?? true ? "pending" : "never seen"
            device.advice = device.state == "pending" ? "" : "visit"
          }
          if let left = left["\(step)\n\(name)"], undo == nil, !history.isTakenBack {
            device.advice = left > 0 ? "ends in \(left / 1_000_000_000) s" : "overdue: undo --expired"
            if left <= 0 {
              devices.append(device)
              continue
            }
          }
          if device.reason == "expired" { device.advice = "visit or plan anew" }
          if all || !["ok", "changed", "undone"].contains(device.state) { devices.append(device) }
        }
      }
      // Targets that a halt or a stop kept from being begun.
      guard let plan, let last = history.visits[step]?.last,
        case .action(let action)? = plan.playbook.steps[step]?.kind, action.rollout != nil
      else { continue }
      for target in plan.targets where last.acts[target.device] == nil {
        notBegun += 1
        devices.append(
          Device(
            name: target.device, state: "not begun", reason: history.end?.rawValue ?? "",
            detail: "nothing was sent", step: title, site: site(target.device)))
      }
    }
    for refusal in plan?.refused ?? [] where ["no-rollback-image", "unsupported"].contains(refusal.code) {
      devices.append(
        Device(
          name: refusal.device, state: refusal.code.map { $0 == "-" ? " " : String($0) }.joined(),
          reason: "refused by the plan", detail: refusal.reason, site: site(refusal.device),
          advice: refusal.code == "unsupported" ? "replace or visit" : "visit"))
    }
    devices.sort { ($0.site, $0.state, $0.name, $0.step) < ($1.site, $1.state, $1.name, $1.step) }
    causes = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(3).map {
      "\($0.value) × \($0.key)"
    }
  }

  /// Devices with an event in the case; nil when nobody asks, or the case cannot say.
  private static func seen(_ reader: CaseReader, isNeeded: Bool) -> Set<String>? {
    guard isNeeded, let query = try? reader.query(""),
      let counts = try? reader.counts(matching: query, by: [.device])
    else { return nil }
    return Set(counts.compactMap { $0.values[0] })
  }

  private static func text(_ state: RunHistory.DeviceState, isUndo: Bool) -> (String, String) {
    switch state {
    case .intended: ("unknown", isUndo ? "undo begun, no result" : "begun, no result")
    case .finished(let outcome, let reason):
      isUndo
        ? (outcome == .ok || outcome == .changed ? "undone" : "undo \(outcome.rawValue)", reason ?? "")
        : (outcome.rawValue, reason ?? "")
    }
  }
}
