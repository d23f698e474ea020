import CascadeAnalysis
import IncidentModel

/// Rates of the cohorts that stand out, with their 95 % intervals.
enum CohortChart {
  private static let shown = 16

  static func chart(_ context: SectionContext) -> Chart? {
    let comparison = context.picture.cohorts
    let total = comparison.cohorts.reduce(into: Set<String>()) { $0.insert($1.attribute) }
    guard !total.isEmpty else { return nil }
    // The highest and lowest rates say most; order by how far the interval is from the fleet's rate.
    let fleet =
      Double(
        (context.picture.onsets + context.picture.untimed).count {
          context.facts.inventory.rowOfDevice[$0.device] != nil
        })
      / Double(max(1, context.facts.inventory.count))
    func distance(_ cohort: CohortComparison.Cohort) -> Double {
      max(cohort.interval.lowerBound - fleet, fleet - cohort.interval.upperBound)
    }
    let best = comparison.cohorts.sorted {
      (distance($1), $1.count, $0.attribute, $0.value) < (distance($0), $0.count, $1.attribute, $1.value)
    }.prefix(shown)
      .sorted { ($0.attribute, $1.rate, $0.value) < ($1.attribute, $0.rate, $1.value) }
    let terms = Set((context.incident?.commonCause?.terms ?? []).map { $0.attribute + "\u{0}" + $0.value })
    func label(_ cohort: CohortComparison.Cohort) -> String {
      let value = Wording.value(cohort.value, of: cohort.attribute, context).display
      return "\(EvidenceText(cohort.attribute, limit: 40).display) \(value)"
    }
    let bars = best.map { cohort in
      BarChart.Bar(
        label: EvidenceText(label(cohort), limit: 120), value: cohort.rate, low: cohort.interval.lowerBound,
        high: cohort.interval.upperBound,
        text: "\(Format.count(cohort.affected)) of \(Format.count(cohort.count))",
        isMarked: terms.contains(cohort.attribute + "\u{0}" + cohort.value))
    }
    let rows = best.map { cohort -> [Prose] in
      [
        Prose([.foreign(EvidenceText(cohort.attribute, limit: 60), .name)]),
        Prose([.foreign(Wording.value(cohort.value, of: cohort.attribute, context), .name)]),
        .count(cohort.affected),
        .count(cohort.count), .value(.share(cohort.affected, of: cohort.count, interval: cohort.interval)),
        cohort.relativeRisk.map { .value(.finite($0, digits: 1), "×") } ?? "no others",
      ]
    }
    return Chart(
      id: "cohorts", title: "Cohorts compared",
      description: Prose([
        .words("Share affected with the Wilson interval of ninety-five per cent. Attributes looked at: "),
        .value(.count(comparison.dimensions.count), unit: ""),
        .words("; cohorts under ten devices, not shown: "),
        .value(.count(comparison.suppressed), unit: ""),
        .words(". Many comparisons are made, so single small differences mean little."),
      ]),
      drawing: .bars(BarChart(bars: bars, maximum: min(1, bars.map(\.high).max() ?? 1))),
      table: Table(
        "Cohorts that stand out most",
        ["Attribute", "Value", "#Affected", "#Devices", "#Rate", "#Relative risk"], rows,
        omitted: comparison.cohorts.count - rows.count))
  }
}
