import IncidentModel

extension MetricID {
  static let runs = MetricID("playbook_runs")
  static let actionsOK = MetricID("playbook_ok")
  static let actionsChanged = MetricID("playbook_changed")
  static let actionsFailed = MetricID("playbook_failed")
  static let actionsUnknown = MetricID("playbook_unknown")
  static let actionsSkipped = MetricID("playbook_skipped")
  static let changesInForce = MetricID("changes_in_force")
  static let changesInDoubt = MetricID("changes_in_doubt")
  static let changesTakenBack = MetricID("changes_taken_back")
  static let approvalWait = MetricID("approval_wait")
  static let undoWorked = MetricID("undo_worked")
  static let playbookHalts = MetricID("playbook_halts")
  static let brokenGlass = MetricID("break_glass")
  static let glassReviewed = MetricID("break_glass_reviewed")
}

/// What the playbooks did, from their journals.
enum ResponseMetrics: MetricFamily {
  static let heading = "Response"

  static func define(_ picture: IncidentPicture, into metrics: inout MetricSet) {
    let runs = picture.runs
    let others = picture.otherRuns.count
    let none = MetricValue.notComputable(
      others == 0 ? "no playbook was run" : "no playbook was run on devices of this incident")
    func add(
      _ id: MetricID, _ title: String, _ formula: String, _ value: @autoclosure () -> MetricValue,
      _ unit: String = "actions"
    ) {
      metrics.add(
        Metric(id, title, runs.isEmpty ? none : value(), unit: unit, formula: formula, certainty: .observed))
    }
    metrics.add(
      Metric(
        .runs, "Playbook runs", .count(runs.count), unit: "runs",
        formula: "runs in the journal; of several incidents those that acted on somebody of this one",
        certainty: .observed,
        remark: others == 0 ? "" : "runs on other devices, in no figure: \(Format.count(others))"))
    func total(_ part: (PlaybookRunSummary) -> Int) -> MetricValue {
      .count(runs.reduce(0) { $0 + part($1) })
    }
    add(.actionsOK, "Actions that answered ok", "last outcome per step and device", total(\.ok))
    add(
      .actionsChanged, "Actions that changed the device", "last outcome per step and device", total(\.changed)
    )
    add(.actionsFailed, "Actions that failed", "last outcome per step and device", total(\.failed))
    add(
      .actionsUnknown, "Actions with unknown outcome",
      "an intent without a result, or one that stayed unknown", total(\.unknown))
    add(.actionsSkipped, "Actions skipped", "last outcome per step and device", total(\.skipped))
    let states = runs.map { picture.facts.runStates[$0.run] }
    func standing(_ part: (RunState) -> Int) -> MetricValue {
      states.contains(nil)
        ? .notDetermined("what is in force of a run was not counted")
        : .count(states.reduce(0) { $0 + ($1.map(part) ?? 0) })
    }
    add(
      .changesInForce, "Changes in force",
      "changes (a step on a device) that the runs made and nobody took back, as 'playbook status' counts them",
      standing(\.inForce), "changes")
    add(
      .changesInDoubt, "Changes that may be in force",
      "no answer, not seen in force or done in part, and not taken back, as 'playbook status' counts them",
      standing(\.inDoubt), "changes")
    add(
      .changesTakenBack, "Changes taken back",
      "changes, seen in force or in doubt, that are not in force any more after an undo, as 'playbook status' counts them",
      standing(\.takenBack), "changes")
    add(.playbookHalts, "Halts", "halt records", total(\.halted.count), "halts")
    let waits = runs.compactMap { run in run.waited.map { $0.upperBound - $0.lowerBound } }
    let moved = runs.contains { $0.approved != nil && !$0.clockMoves.isEmpty }
    add(
      .approvalWait, "Waiting for approval",
      "sum over runs that an approval was asked for of (last approval before the first step − plan made; − run started where the journal "
        + "does not say when); of several runs of one plan the first",
      waits.isEmpty
        ? .notComputable(
          moved
            ? "the clock of the machine was moved while the run went on"
            : runs.contains { !$0.brokenGlass.isEmpty && $0.approved == nil }
              ? "approval was bypassed: none was given"
              : "no approval was asked for, or none came after the plan")
        : .duration(waits.reduce(0) { $0 &+ $1 }),
      "")
    bypassed(picture, none, into: &metrics)
    let undone = runs.reduce(0) { $0 + $1.undone }
    add(
      .undoWorked, "Undo actions that worked",
      "actions that an undo was sent for with outcome ok or changed / those it was sent for; what no undo was sent for is in neither",
      undone == 0
        ? .notComputable("nothing was undone") : .share(runs.reduce(0) { $0 + $1.undoneOK }, of: undone), "")
  }
  /// Runs without the approvals that their plan needed, and whether people looked at it afterwards.
  private static func bypassed(
    _ picture: IncidentPicture, _ none: MetricValue, into metrics: inout MetricSet
  ) {
    let broken = picture.runs.flatMap(\.brokenGlass)
    metrics.add(
      Metric(
        .brokenGlass, "Times approval was bypassed (break glass)",
        picture.runs.isEmpty ? none : .count(broken.count),
        unit: "times",
        formula: "approval records that say a run went on without the approvals its plan needed",
        inputs: [.runs], certainty: .observed))
    let notes = picture.facts.annotations
    metrics.add(
      Metric(
        .glassReviewed, "Bypassed approvals that were reviewed",
        picture.runs.isEmpty
          ? none
          : broken.isEmpty
            ? .notComputable("no approval was bypassed")
            : .share(broken.count { notes.review(of: $0.run) != nil }, of: broken.count),
        formula: "those whose run people reviewed, as they state / all", inputs: [.brokenGlass],
        certainty: .stated))
  }
}
