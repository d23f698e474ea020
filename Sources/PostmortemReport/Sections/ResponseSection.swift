import CascadeAnalysis
import IncidentModel

/// 8: what was done, by whom or by which playbook, how devices recovered, who declared the end and by which criterion.
enum ResponseSection: ReportSection {
  static let number = 8
  static let id = "response"
  static let title = "Response and recovery"

  static func blocks(_ context: SectionContext) -> [Block] {
    var blocks: [Block] = []
    if context.picture.runs.isEmpty {
      blocks.append(
        .paragraph(
          context.picture.otherRuns.isEmpty
            ? "No playbook was run, as far as the case's journal says."
            : "No playbook was run on devices of this incident, as far as the case's journal says."))
    } else {
      blocks += runs(context)
    }
    blocks += otherRuns(context)
    blocks += bypassed(context)
    blocks += [
      .heading("What people did"),
      .facts([
        ("First act", statement(context, context.notes.firstAct, .acknowledged)),
        ("Spread stopped", statement(context, context.notes.halt, .halted)),
        ("End declared", statement(context, context.notes.end, .ended)),
      ]),
      .heading("Recovery"),
    ]
    guard context.incident != nil else {
      return blocks + [.paragraph("\(context.noIncident), so there was nothing to recover from.")]
    }
    blocks.append(
      .facts([
        ("Time to act", Prose([.metric(.tta)])), ("Decision delay", Prose([.metric(.decisionDelay)])),
        ("Time to contain", Prose([.metric(.ttc)])), ("Overrun after the halt", Prose([.metric(.overrun)])),
        ("Time to mitigate", Prose([.metric(.ttm)])), ("Half recovered after", Prose([.metric(.ttr50)])),
        ("Nine in ten recovered after", Prose([.metric(.ttr90)])),
        ("All but one per cent recovered after", Prose([.metric(.ttr99)])),
        ("Reconnect amplification", Prose([.metric(.reconnectAmplification)])),
        ("Fell silent", Prose([.metric(.silentListed)])),
        ("Failed again after a recovery", Prose([.metric(.relapsed)])),
      ]))
    if spreadByContact(context) {
      blocks.append(
        .notice(
          "Recovered means here that a device speaks as usual again. The failure passed from device to device by contact: whether one that speaks as usual is free of it is not shown."
        ))
    }
    if let chart = ResponseGantt.chart(context) { blocks.append(.chart(chart)) }
    if let chart = RecoveryCurve.chart(context) { blocks.append(.chart(chart)) }
    if let chart = RecoveryCurve.attempts(context) { blocks.append(.chart(chart)) }
    return blocks
  }

  /// True where devices mostly took each other down, no change or overload: what spread may still sit in a quiet device.
  private static func spreadByContact(_ context: SectionContext) -> Bool {
    guard let edges = context.incident?.edges, !edges.isEmpty else { return false }
    return edges.count { $0.kind == .link } * 2 > edges.count
      && context.incident?.phases.contains { $0.name == .cloudOverload } != true
  }

  private static func statement(_ context: SectionContext, _ statement: Statement?, _ id: MetricID) -> Prose {
    var text = Prose([.metric(id)])
    if let by = statement?.by, !by.isEmpty { text.append(", by \(person: EvidenceText(by, limit: 120))") }
    if let words = statement?.text, !words.isEmpty { text.append(": \(Prose.provided(words))") }
    return text
  }

  /// Runs without the approvals that their plan needed: a fact of the process that somebody has to look at afterwards.
  private static func bypassed(_ context: SectionContext) -> [Block] {
    let broken = context.picture.runs.flatMap(\.brokenGlass)
    guard !broken.isEmpty else { return [] }
    let rows = broken.prefix(20).map { glass -> [Prose] in
      let review = context.notes.review(of: glass.run)
      var reviewed = Prose([.notProvided])
      if let review {
        reviewed = Prose.provided(review.text ?? "reviewed")
        if let by = review.by, !by.isEmpty { reviewed.append(", by \(person: EvidenceText(by, limit: 120))") }
        if let at = review.at.flatMap({ Instant(rfc3339: $0) }) { reviewed.append(", \(.instant(at))") }
      }
      return [
        .instant(glass.time.map { Instant(nanoseconds: $0) }),
        glass.person.map { Prose([.foreign(context.redactor.name($0, kind: "person"), .name)]) }
          ?? "not in the journal",
        Prose([.foreign(EvidenceText(glass.run, limit: 60), .name)]),
        glass.approvals.map { Prose([.foreign(EvidenceText($0, limit: 40), .name)]) } ?? "not in the journal",
        .provided(glass.reason), reviewed,
      ]
    }
    return [
      .heading("Approval bypassed (break glass)"),
      .notice(
        "A run went on without the approvals that its plan needed, on one person's word: \(metric: .brokenGlass). Reviewed afterwards: \(metric: .glassReviewed)."
      ),
      .table(
        Table(
          "Who went on without approval, why, and whether it was reviewed",
          ["Time", "Who", "Run", "Approvals", "Reason given", "Reviewed"], Array(rows),
          omitted: broken.count - rows.count)),
    ]
  }

  /// Runs that have nothing to do with this incident, so that nobody takes them for its answer.
  private static func otherRuns(_ context: SectionContext) -> [Block] {
    let others = context.picture.otherRuns
    guard !others.isEmpty else { return [] }
    let rows = others.prefix(20).map { run -> [Prose] in
      [
        Prose([.foreign(EvidenceText(run.run, limit: 60), .name)]),
        run.playbook.isEmpty
          ? "not in the journal" : Prose([.foreign(EvidenceText(run.playbook, limit: 60), .name)]),
        .instant(run.started.map { Instant(nanoseconds: $0) }), .count(run.targets.count),
      ]
    }
    return [
      .heading("Runs on other devices"),
      .notice(
        "These runs acted on devices that have no part in this incident: they are no answer to it, and no figure of this report counts them."
      ),
      .table(
        Table(
          "Playbook runs on other devices", ["Run", "Playbook", "Started", "#Devices"], Array(rows),
          omitted: others.count - rows.count)),
    ]
  }

  /// Where the clock of the machine was set while a run went on: its times are not of one clock.
  private static func clockMoves(_ context: SectionContext) -> [Block] {
    let moves = context.picture.runs.flatMap { run in run.clockMoves.map { (run: run.run, move: $0) } }
    return moves.prefix(5).map { run, move in
      .notice(
        "While run \(name: EvidenceText(run, limit: 60)) went on, the clock of its machine was set \(Prose(stringLiteral: move.by < 0 ? "back" : "forward")) by \(.value(.duration(Int64(clamping: move.by.magnitude)))), at \(.instant(Instant(nanoseconds: move.at))) by its new setting. Times of this run before and after that are not of one clock."
      )
    }
  }

  private static func runs(_ context: SectionContext) -> [Block] {
    let runs = context.picture.runs
    let rows = runs.prefix(20).map { run -> [Prose] in
      [
        Prose([.foreign(EvidenceText(run.run, limit: 60), .name)]),
        run.playbook.isEmpty
          ? "not in the journal" : Prose([.foreign(EvidenceText(run.playbook, limit: 60), .name)]),
        .instant(run.started.map { Instant(nanoseconds: $0) }),
        run.finished.map { .instant(Instant(nanoseconds: $0)) } ?? "not finished",
        .count(run.ok), .count(run.changed), .count(run.failed), .count(run.unknown), .count(run.skipped),
      ]
    }
    var blocks: [Block] = [
      .facts([
        ("Runs", Prose([.metric(.runs)])), ("In force now", Prose([.metric(.changesInForce)])),
        ("In doubt", Prose([.metric(.changesInDoubt)])),
        ("Taken back", Prose([.metric(.changesTakenBack)])),
        ("Changed", Prose([.metric(.actionsChanged)])),
        ("Already as wanted", Prose([.metric(.actionsOK)])), ("Failed", Prose([.metric(.actionsFailed)])),
        ("Outcome unknown", Prose([.metric(.actionsUnknown)])),
        ("Skipped", Prose([.metric(.actionsSkipped)])),
        ("Halts", Prose([.metric(.playbookHalts)])),
        ("Approval bypassed", Prose([.metric(.brokenGlass)])),
        ("Waited for approval", Prose([.metric(.approvalWait)])),
        ("Undo that worked, where it was sent", Prose([.metric(.undoWorked)])),
      ]),
      .table(
        Table(
          "What playbook runs did, from their journals",
          ["Run", "Playbook", "Started", "Finished", "#Ok", "#Changed", "#Failed", "#Unknown", "#Skipped"],
          Array(rows), omitted: runs.count - rows.count)),
      standing(context),
    ]
    blocks += clockMoves(context)
    let halts = context.picture.runs.flatMap(\.halted)
    if !halts.isEmpty {
      blocks.append(.heading("Why runs were halted"))
      blocks.append(.list(halts.prefix(10).map { context.finding($0) }))
    }
    return blocks
  }

  /// What of the runs is in force: by the counts of the program that acts, not by adding up what was sent.
  private static func standing(_ context: SectionContext) -> Block {
    let runs = context.picture.runs
    let rows = runs.prefix(20).map { run -> [Prose] in
      let name = Prose([.foreign(EvidenceText(run.run, limit: 60), .name)])
      guard let state = context.facts.runStates[run.run] else {
        return [name, "not determined"] + [Prose](repeating: "not determined", count: 6)
      }
      return [
        name, Prose(stringLiteral: state.words), .count(state.inForce), .count(state.inDoubt),
        .count(state.takenBack), .count(state.released), .count(state.sentOnce), .count(state.waiting.count),
      ]
    }
    return .table(
      Table(
        "What of them is in force, in changes (a step on a device)",
        [
          "Run", "State", "#In force", "#In doubt", "#Taken back", "#Left to another run's undo",
          "#Went out once and stays", "#Waiting",
        ],
        Array(rows), omitted: runs.count - rows.count))
  }
}
