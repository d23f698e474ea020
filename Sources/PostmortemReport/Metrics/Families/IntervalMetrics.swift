import IncidentModel

extension MetricID {
  static let ttd = MetricID("ttd")
  static let tta = MetricID("tta")
  static let ttc = MetricID("ttc")
  static let ttm = MetricID("ttm")
  static let ttr50 = MetricID("ttr50")
  static let ttr90 = MetricID("ttr90")
  static let ttr99 = MetricID("ttr99")
  static let decisionDelay = MetricID("decision_delay")
  static let overrun = MetricID("overrun")
  static let triggerToEffect = MetricID("trigger_to_effect")
  static let duration = MetricID("duration")
}

/// Durations between moments. Negative or missing is not computable, and says why.
enum IntervalMetrics: MetricFamily {
  static let heading = "Durations"

  private static let list: [(id: MetricID, title: String, from: MetricID, to: MetricID)] = [
    (.triggerToEffect, "Trigger to first effect", .trigger, .firstEffect),
    (.ttd, "Time to detect (TTD)", .firstEffect, .detected),
    (.tta, "Time to act (TTA)", .detected, .acknowledged),
    (.decisionDelay, "Decision delay", .detected, .halted),
    (.overrun, "Overrun after the halt", .halted, .contained),
    (.ttc, "Time to contain (TTC)", .firstEffect, .contained),
    (.ttm, "Time to mitigate (TTM)", .firstEffect, .mitigated),
    (.ttr50, "Time to recover 50 % (TTR50)", .firstEffect, .recovered50),
    (.ttr90, "Time to recover 90 % (TTR90)", .firstEffect, .recovered90),
    (.ttr99, "Time to recover 99 % (TTR99)", .firstEffect, .recovered99),
    (.duration, "First effect to declared end", .firstEffect, .ended),
  ]

  static func define(_ picture: IncidentPicture, into metrics: inout MetricSet) {
    for (id, title, from, to) in list {
      let (start, end) = (metrics[from], metrics[to])
      metrics.add(
        Metric(
          id, title, difference(end, start), formula: "\(end.title) − \(start.title)", inputs: [to, from],
          certainty: start.certainty == .observed && end.certainty == .observed ? .observed : .inferred,
          evidence: Array(start.evidence.prefix(1) + end.evidence.prefix(1))))
    }
  }

  private static func difference(_ end: Metric, _ start: Metric) -> MetricValue {
    for metric in [start, end] {
      switch metric.value {
      case .instant: continue
      case .notProvided: return .notComputable("“\(metric.title)” was not provided")
      case .notComputable(let reason), .notDetermined(let reason):
        return .notComputable("“\(metric.title)” is not known: \(reason)")
      default: return .notComputable("“\(metric.title)” is not a moment")
      }
    }
    guard case .instant(let from, _) = start.value, case .instant(let to, _) = end.value else {
      return .notComputable("a moment is missing")
    }
    let (nanoseconds, overflow) = to.nanoseconds.subtractingReportingOverflow(from.nanoseconds)
    guard !overflow else { return .notComputable("the moments are too far apart") }
    guard nanoseconds >= 0 else {
      let gap = Format.duration(nanoseconds: Int64(clamping: nanoseconds.magnitude))
      return .notComputable("“\(end.title)” lies \(gap) before “\(start.title)”")
    }
    return .duration(nanoseconds)
  }
}
