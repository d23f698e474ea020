import IncidentModel

/// When each of the first devices was affected, one lane each: at most forty.
enum DeviceLanes {
  private static let maximumLanes = 40

  static func chart(_ context: SectionContext) -> Chart? {
    guard let intervals = context.picture.intervals, let newest = context.facts.newestEvidence?.nanoseconds
    else { return nil }
    var spans: [String: [AffectedInterval]] = [:]
    for interval in intervals { spans[interval.device, default: []].append(interval) }
    let sorted = spans.values.filter { !$0.isEmpty }
      .sorted { ($0[0].start, $0[0].device) < ($1[0].start, $1[0].device) }
    let shown = Array(sorted.prefix(maximumLanes))
    guard sorted.count >= 2, let start = shown.first?[0].start.nanoseconds else { return nil }
    func end(_ interval: AffectedInterval) -> Int64 {
      max(interval.start.nanoseconds, interval.end?.nanoseconds ?? newest)
    }
    let last = max(start + 1_000_000_000, shown.flatMap { $0.map(end) }.max() ?? newest)
    let lanes = shown.map { own in
      (
        label: context.device(own[0].device),
        spans: own.map {
          LaneChart.Span(start: $0.start.nanoseconds, end: end($0), tone: .bad, isOpen: $0.end == nil)
        }
      )
    }
    let rows = zip(shown, lanes).flatMap { own, lane in
      own.map { interval -> [Prose] in
        [
          Prose([.foreign(lane.label, .name)]), .instant(interval.start),
          interval.end.map { .instant($0) } ?? "still affected",
        ]
      }
    }
    return Chart(
      id: "lanes", title: "First devices, from failure to recovery",
      description:
        "One lane for each of the first devices; a second bar is a relapse, an arrow head means still affected when the evidence ends. Affected in all: \(metric: .affected).",
      drawing: .lanes(
        LaneChart(lanes: lanes, start: start, end: last + (last - start) / 50, legend: [(.bad, "affected")])),
      table: Table(
        "First devices", ["Device", "Affected from", "Recovered"], Array(rows),
        omitted: sorted.count - shown.count))
  }
}
