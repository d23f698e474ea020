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
      IN FORCE counts changes (one step on one device) that a run made and nobody took back, IN DOUBT those whose outcome is not \
      known. Commands that take a run take the beginning of its id, too, or of the part after the hyphen.

      Exit code 1 when the journal of a run was altered.
      """)

  @OptionGroup var chosenCase: CaseOption

  @Option(help: "table, json, jsonl or csv.")
  var format: OutputFormat = .table

  func run() throws {
    let path = try chosenCase.announcedPath()
    let runs = try RunOverview.all(in: try CaseJournal(case: path, readOnly: true))
    var rows = ResultRows(
      schema: "firebreak.playbook-runs/1",
      columns: [
        .init("RUN"), .init("BEGUN"), .init("PLAYBOOK", mayShrink: true), .init("TARGETS"), .init("STATE"),
        .init("IN FORCE"), .init("IN DOUBT"), .init("TAKEN BACK"), .init("NOTE"),
      ],
      keys: ["run", "begun", "playbook", "targets", "state", "in_force", "in_doubt", "taken_back", "note"])
    let holder = RunLock.holder(folder: path + ".runs")
    for run in runs {
      let works = holder?.contains(run.run) ?? false
      let notes = (run.isBreakGlass ? ["break glass"] : []) + (run.isWhole ? [] : ["JOURNAL ALTERED"])
      var state = works ? "running" : run.end?.rawValue ?? "killed"
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
    if runs.contains(where: { !$0.isWhole }) { throw ExitStatus.no }
  }
}
