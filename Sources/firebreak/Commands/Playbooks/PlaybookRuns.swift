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
      is not known. An id begins with the time (UTC) at which the run was begun. Commands that take a run take the beginning \
      of its id, too, or of the part after the hyphen.

      Exit code 1 when the journal of a run was altered.
      """)

  @OptionGroup var chosenCase: CaseOption

  @Option(help: "table, json, jsonl or csv.")
  var format: OutputFormat = .table

  private static let keys = [
    "run", "begun", "playbook", "targets", "state", "in_force", "in_doubt", "taken_back", "note",
  ]

  func run() throws {
    let path = try chosenCase.announcedPath()
    let runs = try RunOverview.all(in: try CaseJournal(case: path, readOnly: true))
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
      if format == .table {
        // What tells most stays whole in 80 columns.
        if run.isTakenBack { state = works ? state : standing.isAny ? "partly taken back" : "taken back" }
        rows.rows.append(
          [run.run, run.playbook, state, Self.changes(run, notes)].map { .string(Sanitizer.escape($0)) })
        continue
      }
      if run.isTakenBack { state += run.standing.isAny ? " and partly taken back" : " and taken back" }
      let begun = run.begun.map { Instant(nanoseconds: $0).rfc3339(fractionDigits: 0) } ?? ""
      rows.rows.append([
        .string(Sanitizer.escape(run.run)),
        .string(begun),
        .string(Sanitizer.escape(run.playbook)), .int(Int64(run.targets)),
        .string(state),
        .int(Int64(run.standing.inForce)), .int(Int64(run.standing.inDoubt)),
        .int(Int64(run.standing.takenBack)), .string(notes.joined(separator: ", ")),
      ])
    }
    rows.extra = [
      ("in_force", .int(Int64(runs.reduce(0) { $0 + $1.standing.inForce }))),
      ("in_doubt", .int(Int64(runs.reduce(0) { $0 + $1.standing.inDoubt }))),
    ]
    if format == .table && runs.isEmpty {
      Console.print("the case has no runs")
    } else {
      rows.write(as: format)
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
    ].filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
    let counts = parts.isEmpty ? "nothing changed" : parts.joined(separator: ", ")
    return (notes + ["\(Figures.counted(run.targets, "device")): \(counts)"]).joined(separator: "; ")
  }
}
