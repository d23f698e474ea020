import CascadeAnalysis
import IncidentModel

extension MetricID {
  static let avoided0 = MetricID("what_if_avoided_0min")
  static let avoided15 = MetricID("what_if_avoided_15min")
  static let avoided30 = MetricID("what_if_avoided_30min")
}

/// What stopping the spread earlier would have avoided. A model: it assumes that nothing new fails once spreading stops.
enum WhatIfMetrics: MetricFamily {
  static let heading = "What if"

  static let list: [(id: MetricID, minutes: Int64)] = [(.avoided0, 0), (.avoided15, 15), (.avoided30, 30)]

  static func define(_ picture: IncidentPicture, into metrics: inout MetricSet) {
    for (id, minutes) in list {
      var value = MetricValue.noIncident
      if picture.incident != nil {
        if let detected = metrics.instant(.detected), !picture.onsets.isEmpty {
          let stop = detected.adding(nanoseconds: minutes * 60_000_000_000)
          value = .share(picture.onsets.count { $0.time > stop }, of: picture.onsets.count)
        } else {
          value = .notComputable("“\(metrics[.detected].title)” is not known")
        }
      }
      metrics.add(
        Metric(
          id,
          minutes == 0
            ? "Avoided if stopped at detection" : "Avoided if stopped \(minutes) min after detection", value,
          formula:
            "devices with an onset later than detection + \(minutes) min / affected devices; a model, nothing new fails after the stop",
          inputs: [.affected, .detected]))
    }
  }
}
