import ArgumentParser
import ConsoleOutput
import IncidentModel
import PlaybookModel
import PlaybookRunner

/// `firebreak playbook runs`.
struct PlaybookRuns: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "runs",
    abstract: "List the runs of a case: when, which playbook, how they ended, and what of them is in force.",
    discussion: """
      'in force' counts changes (one step on one device) that a run made and nobody took back, 'in doubt' those whose outcome \
      is not known. What a run sent once and did nothing else ('went out once and stays') no undo takes back. An id \
      begins with the time (UTC) at which the run was begun. Commands that take a run take the beginning \
      of its id, too, or of the part after the hyphen.

      'overdue' counts devices beyond their time to live, which nothing takes back by itself ('undo --expired'). A run whose \
      folder lies beside the case and of which the journal has no records is named at the end.

      Exit code 1 when the journal of a run was altered.
      """)

  @OptionGroup var chosenCase: CaseOption

  @Option(help: "table, json, jsonl or csv.")
  var format: OutputFormat = .table

  private static let keys = [
    "run", "begun", "playbook", "targets", "state", "in_force", "in_doubt", "taken_back", "note", "missed",
    "overdue",
  ]

  func run() throws {
    let path = try chosenCase.announcedPath()
    let journal = try CaseJournal(case: path, readOnly: true)
    let runs = try RunOverview.all(in: journal)
    let overdue = try OverdueRuns.counts(case: path, in: journal, among: runs)
    let unrecorded = RunFolders.unrecorded(beside: path, recorded: runs.map(\.run))
    var rows = ResultRows(
      schema: "firebreak.playbook-runs/1",
      columns: format == .table
        ? [
          .init("RUN"), .init("PLAYBOOK", mayShrink: true), .init("STATE"), .init("CHANGES", wraps: true),
        ] : Self.keys.map { .init($0) },
      keys: Self.keys)
    let holder = RunLock.holder(folder: path + ".runs")
    for run in runs {
      let works = holder?.contains(run.run) ?? false
      let standing = run.standing
      var notes = (run.isBreakGlass ? ["break glass"] : []) + (run.isWhole ? [] : ["JOURNAL ALTERED"])
      var state = works ? "running" : run.end?.rawValue ?? "killed"
      if standing.released > 0 { notes.append("\(standing.released) released") }
      if standing.sentOnce > 0, format != .table { notes.append("\(standing.sentOnce) sent once") }
      if format == .table {
        if !works, let end = run.end { state = RunCommandSupport.end(end, missed: run.missed) }
        // What tells most stays whole in 80 columns.
        if let overdue = overdue[run.run] { notes.append("\(overdue) OVERDUE") }
        if !works, let words = TakenBackWords.text(run.isTakenBack, standing) {
          // One that is not through is to be gone on with, though what had outlived its time was taken back.
          state = run.isUnfinished ? "\(state), \(words)" : words
        }
        rows.rows.append(
          [run.run, run.playbook, state, Self.changes(run, notes)].map { .string(Sanitizer.escape($0)) })
        continue
      }
      if let words = TakenBackWords.text(run.isTakenBack, standing) { state += " and \(words)" }
      let begun = run.begun.map { Instant(nanoseconds: $0).rfc3339(fractionDigits: 0) } ?? ""
      rows.rows.append([
        .string(Sanitizer.escape(run.run)),
        .string(begun),
        .string(Sanitizer.escape(run.playbook)), .int(Int64(run.targets)),
        .string(state),
        .int(Int64(run.standing.inForce)), .int(Int64(run.standing.inDoubt)),
        .int(Int64(run.standing.takenBack)), .string(notes.joined(separator: ", ")),
        .int(Int64(run.missed)), .int(Int64(overdue[run.run] ?? 0)),
      ])
    }
    rows.extra = [
      ("in_force", .int(Int64(runs.reduce(0) { $0 + $1.standing.inForce }))),
      ("in_doubt", .int(Int64(runs.reduce(0) { $0 + $1.standing.inDoubt }))),
      ("overdue", .int(Int64(overdue.values.reduce(0, +)))),
      ("without_records", .array(unrecorded.map { .string(Sanitizer.escape($0)) })),
    ]
    if format == .table && runs.isEmpty {
      Console.print("the case has no runs")
    } else {
      rows.write(as: format)
    }
    for sentence in runs.compactMap({ CutRuns.sentence($0, case: path) }) {
      Console.warn(Sanitizer.escape(sentence))
    }
    for run in unrecorded { Console.warn(Sanitizer.escape(RunFolders.sentence(run, case: path))) }
    if let late = runs.last(where: { overdue[$0.run] != nil }) {
      Console.note(
        Sanitizer.escape(
          "overdue: 'firebreak playbook undo --expired --all' takes it back, 'undo \(late.run) --expired' that of one run"
        ))
    }
    if let altered = runs.first(where: { !$0.isWhole }) {
      Console.note(
        Sanitizer.escape(
          "'firebreak playbook status \(altered.run)' says what to do about an altered journal"))
      throw ExitStatus.no
    }
  }

  /// What a run changed, in words: `8 devices: 2 in force, 6 taken back`.
  private static func changes(_ run: RunOverview, _ notes: [String]) -> String {
    let standing = run.standing
    let parts = [
      (standing.inForce, "in force"), (standing.inDoubt, "in doubt"), (standing.takenBack, "taken back"),
      (standing.sentOnce, standing.sentOnce == 1 ? "went out once and stays" : "went out once and stay"),
    ].filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
    let counts = parts.isEmpty ? "nothing changed" : parts.joined(separator: ", ")
    return (notes + ["\(Figures.counted(run.targets, "device")): \(counts)"]).joined(separator: "; ")
  }
}
