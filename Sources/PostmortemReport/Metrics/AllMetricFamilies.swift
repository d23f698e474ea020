/// The families of metrics, in the order in which they are defined and listed.
enum AllMetricFamilies {
  static let list: [any (MetricFamily & SendableMetatype).Type] = [
    EvidenceMetrics.self, MomentMetrics.self, ImpactMetrics.self, SpreadMetrics.self, IntervalMetrics.self,
    ResponseMetrics.self, DetectionMetrics.self, ProcessMetrics.self, RolloutMetrics.self, WhatIfMetrics.self,
  ]

  /// All metrics of a picture.
  static func metrics(of picture: IncidentPicture) -> MetricSet {
    var metrics = MetricSet()
    for family in list {
      let first = metrics.all.count
      family.define(picture, into: &metrics)
      // At once: later families give the reasons of earlier figures.
      if picture.isTimeless { metrics.replace(.noIncident, by: .timeless) }
      metrics.groups.append((family.heading, first..<metrics.all.count))
    }
    return metrics
  }
}
