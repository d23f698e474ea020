import CascadeAnalysis
import IncidentModel

/// 10: what another course would have avoided; a model, and labelled as one.
enum WhatIfSection: ReportSection {
  static let number = 10
  static let id = "what-if"
  static let title = "What if"

  static func blocks(_ context: SectionContext) -> [Block] {
    guard context.incident != nil else {
      return [.paragraph("\(context.noIncident), so there is nothing to vary.")]
    }
    var blocks: [Block] = [
      .notice(
        "This section is a model. It says what would follow from its assumptions, not what would have happened."
      ),
      .facts(WhatIfMetrics.list.map { (context.metrics[$0.id].title, Prose([.metric($0.id)])) }),
    ]
    if let chart = chart(context) { blocks.append(.chart(chart)) }
    blocks.append(.heading("A rollout in stages"))
    guard let model = context.incident?.counterfactual else {
      blocks.append(
        .paragraph(
          "Not computable: no change was found to be the cause, or too little is known of its delays."))
      return blocks
    }
    blocks.append(
      .facts([
        ("Policy", context.finding(model.policy)),
        ("Failed in fact, by any way", Prose([.metric(.affected)])),
        ("Would have failed, median", devices(model.failed)),
        (
          "Nine in ten simulations lie between",
          "\(.value(.finite(model.interval.lowerBound, digits: 0))) and \(devices(model.interval.upperBound))"
        ),
        (
          "Halted after",
          model.haltedAfter.map {
            $0 >= 0 && $0 < 9e9 ? .value(.duration(Int64($0 * 1e9))) : "not determined"
          }
            ?? "it would not have been halted"
        ),
      ]))
    if let chart = stagedChart(context, model) { blocks.append(.chart(chart)) }
    if !model.assumptions.isEmpty {
      blocks.append(.list(model.assumptions.prefix(12).map { context.finding($0) }))
    }
    return blocks
  }

  /// A number of devices that a model gives.
  private static func devices(_ value: Double) -> Prose {
    .value(.finite(value, digits: 0), value.rounded() == 1 ? "device" : "devices")
  }

  /// Failures in fact beside those of the model, with its interval.
  private static func stagedChart(_ context: SectionContext, _ model: Counterfactual) -> Chart? {
    let (low, high) = (model.interval.lowerBound, model.interval.upperBound)
    guard model.failed.isFinite, low.isFinite, high.isFinite, model.failed >= 0, low >= 0,
      case .count(let actual, _) = context.metrics[.affected].value
    else { return nil }
    let fact = Double(actual)
    return Chart(
      id: "what-if-staged", title: "Failed in fact, and with a rollout in stages (model)",
      description:
        "Devices that failed, and the median of the simulations with the interval in which nine in ten of them lie. \(context.finding(model.policy))",
      drawing: .bars(
        BarChart(
          bars: [
            .init(
              label: EvidenceText("in fact"), value: fact, low: fact, high: fact, text: Format.count(actual),
              isMarked: true),
            .init(
              label: EvidenceText("in stages (model)"), value: model.failed, low: low, high: high,
              text: Format.fixed(model.failed, digits: 0)),
          ], maximum: max(fact, high, 1), isShare: false)),
      table: Table(
        "Failed devices (model)", ["Course", "#Failed", "#From", "#To"],
        [
          ["in fact", Prose([.metric(.affected)]), "", ""],
          [
            "in stages (model)", devices(model.failed), devices(low), devices(high),
          ],
        ]))
  }

  private static func chart(_ context: SectionContext) -> Chart? {
    var bars: [BarChart.Bar] = []
    var rows: [[Prose]] = []
    for (id, minutes) in WhatIfMetrics.list {
      guard case .share(let part, let whole, _) = context.metrics[id].value, whole > 0 else { continue }
      let share = Double(part) / Double(whole)
      let label = minutes == 0 ? "stopped at detection" : "stopped \(minutes) min after"
      bars.append(
        .init(
          label: EvidenceText(label), value: share, low: share, high: share,
          text: "\(Format.count(part)) of \(Format.count(whole))"))
      rows.append([Prose([.label(context.metrics[id].title)]), Prose([.metric(id)])])
    }
    guard !bars.isEmpty else { return nil }
    return Chart(
      id: "what-if-avoided", title: "Avoided by stopping earlier (model)",
      description:
        "Share of the affected devices that would have been spared, if nothing new failed after the stop.",
      drawing: .bars(BarChart(bars: bars, maximum: 1)),
      table: Table("Avoided devices (model)", ["If", "Share"], rows))
  }
}
