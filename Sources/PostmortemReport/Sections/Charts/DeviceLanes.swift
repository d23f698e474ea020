import IncidentModel

/// When each of the first devices was affected, one lane each: at most forty.
enum DeviceLanes {
  private static let maximumLanes = 40

  static func chart(_ context: SectionContext) -> Chart? {
    guard let intervals = context.picture.intervals, intervals.count >= 2,
      let newest = context.facts.newestEvidence?.nanoseconds
    else { return nil }
    let sorted = intervals.sorted { ($0.start, $0.device) < ($1.start, $1.device) }
    let shown = Array(sorted.prefix(maximumLanes))
    guard let start = shown.first?.start.nanoseconds else { return nil }
    let end = max(start + 1_000_000_000, shown.map { $0.end?.nanoseconds ?? newest }.max() ?? newest)
    let lanes = shown.map { interval in
      (
        label: context.device(interval.device),
        spans: [
          LaneChart.Span(
            start: interval.start.nanoseconds,
            end: max(interval.start.nanoseconds, interval.end?.nanoseconds ?? newest),
            tone: .bad, isOpen: interval.end == nil)
        ]
      )
    }
    let rows = zip(shown, lanes).map { interval, lane -> [Prose] in
      [
        Prose([.foreign(lane.label, .name)]), .instant(interval.start),
        interval.end.map { .instant($0) } ?? "still affected",
      ]
    }
    return Chart(
      id: "lanes", title: "First devices, from failure to recovery",
      description:
        "One lane for each of the first devices; an arrow head means still affected when the evidence ends. Affected in all: \(metric: .affected).",
      drawing: .lanes(
        LaneChart(lanes: lanes, start: start, end: end + (end - start) / 50, legend: [(.bad, "affected")])),
      table: Table(
        "First devices", ["Device", "Affected from", "Recovered"], rows, omitted: sorted.count - shown.count))
  }
}
