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
      blocks.append(.paragraph("No playbook was run, as far as the case's journal says."))
    } else {
      blocks += runs(context)
    }
    blocks += [
      .heading("What people did"),
      .facts([
        ("First act", statement(context, context.notes.firstAct, .acknowledged)),
        ("Spread stopped", statement(context, context.notes.halt, .halted)),
        ("End declared", statement(context, context.notes.end, .ended)),
      ]),
      .heading("Recovery"),
      .facts([
        ("Time to act", Prose([.metric(.tta)])), ("Decision delay", Prose([.metric(.decisionDelay)])),
        ("Time to contain", Prose([.metric(.ttc)])), ("Overrun after the halt", Prose([.metric(.overrun)])),
        ("Time to mitigate", Prose([.metric(.ttm)])), ("Half recovered after", Prose([.metric(.ttr50)])),
        ("Nine in ten recovered after", Prose([.metric(.ttr90)])),
        ("All but one per cent recovered after", Prose([.metric(.ttr99)])),
        ("Reconnect amplification", Prose([.metric(.reconnectAmplification)])),
        ("Fell silent", Prose([.metric(.silentListed)])),
        ("Failed again after a recovery", Prose([.metric(.relapsed)])),
      ]),
    ]
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

  private static func runs(_ context: SectionContext) -> [Block] {
    let rows = context.picture.runs.prefix(20).map { run -> [Prose] in
      [
        Prose([.foreign(EvidenceText(run.run, limit: 60), .name)]),
        .instant(run.started.map { Instant(nanoseconds: $0) }),
        run.finished.map { .instant(Instant(nanoseconds: $0)) } ?? "not finished",
        .count(run.ok), .count(run.changed), .count(run.failed), .count(run.unknown), .count(run.skipped),
        .count(run.undone),
      ]
    }
    var blocks: [Block] = [
      .facts([
        ("Runs", Prose([.metric(.runs)])), ("Changed", Prose([.metric(.actionsChanged)])),
        ("Already as wanted", Prose([.metric(.actionsOK)])), ("Failed", Prose([.metric(.actionsFailed)])),
        ("Outcome unknown", Prose([.metric(.actionsUnknown)])),
        ("Skipped", Prose([.metric(.actionsSkipped)])),
        ("Halts", Prose([.metric(.playbookHalts)])), ("Waited for approval", Prose([.metric(.approvalWait)])),
        ("Undo that worked", Prose([.metric(.undoWorked)])),
      ]),
      .table(
        Table(
          "Playbook runs, from their journals",
          ["Run", "Started", "Finished", "#Ok", "#Changed", "#Failed", "#Unknown", "#Skipped", "#Undone"],
          Array(rows),
          omitted: context.picture.runs.count - rows.count)),
    ]
    let halts = context.picture.runs.flatMap(\.halted)
    if !halts.isEmpty {
      blocks.append(.heading("Why runs were halted"))
      blocks.append(.list(halts.prefix(10).map { context.finding($0) }))
    }
    return blocks
  }
}
