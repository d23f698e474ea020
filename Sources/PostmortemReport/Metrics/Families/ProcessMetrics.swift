import CascadeAnalysis
import IncidentModel

extension MetricID {
  static let changeReceivers = MetricID("change_receivers")
  static let changeFailedShare = MetricID("change_failed_share")
  static let changeOthersFailedShare = MetricID("change_others_failed_share")
  static let soak = MetricID("soak_time")
  static let buildToAll = MetricID("build_to_all")
  static let canary = MetricID("canary_size")
  static let attacks = MetricID("attack_events")
  static let rolloutTime = MetricID("rollout_time")
}

/// How the change was rolled out.
enum ProcessMetrics: MetricFamily {
  static func define(_ picture: IncidentPicture, into metrics: inout MetricSet) {
    let change = picture.incident?.changes.filter { $0.failedShare > $0.failedShareOfOthers }
      .max { ($0.devices.count, $1.template) < ($1.devices.count, $0.template) }
    let none: MetricValue =
      picture.incident == nil ? .noIncident : .notDetermined("no change event explains the failures")
    func share(_ value: Double?) -> MetricValue {
      value.map { .finite(min(1, max(0, $0)) * 100, digits: 1) } ?? none
    }
    metrics.add(
      Metric(
        .changeReceivers, "Devices that received the change", change.map { .count($0.devices.count) } ?? none,
        unit: "devices", formula: "devices named by the change's events", evidence: change?.evidence ?? []))
    metrics.add(
      Metric(
        .changeFailedShare, "Receivers that failed afterwards", share(change?.failedShare), unit: "%",
        formula: "trace: share of receivers with an onset after the change"))
    metrics.add(
      Metric(
        .changeOthersFailedShare, "Others that failed in the same time", share(change?.failedShareOfOthers),
        unit: "%",
        formula: "trace: share of all others with an onset in the same time"))
    let soak: MetricValue
    if let change, let first = metrics.instant(.firstEffect) {
      soak =
        change.start <= first
        ? .duration(first.nanoseconds - change.start.nanoseconds)
        : .notComputable("the first effect lies before the change")
    } else {
      soak = none
    }
    metrics.add(
      Metric(
        .soak, "Time between change and first effect", soak,
        formula: "first bad effect − first announcement of the change",
        inputs: [.firstEffect]))
    metrics.add(
      Metric(
        .attacks, "Attacks on others seen",
        picture.incident == nil ? .noIncident : .count(picture.facts.signals.attacks.count),
        unit: "events",
        formula: "events of affected devices after their onset whose message reads like an attack on others",
        evidence: picture.facts.signals.attacks.events, evidenceCount: picture.facts.signals.attacks.count,
        remark: picture.facts.signals.attackTemplates.prefix(4).map { EvidenceText($0, limit: 80).display }
          .joined(separator: "; ")))
    rollout(picture, change, none, into: &metrics)
    let notes = picture.facts.annotations
    metrics.add(
      Metric(
        .canary, "Size of the first stage",
        notes.canarySize.map { $0 >= 0 ? .count($0) : .notProvided } ?? .notProvided,
        unit: "devices", formula: "as a person states", certainty: .stated))
    var build = MetricValue.notProvided
    if let text = notes.buildTime {
      if let made = Instant(rfc3339: text), let last = picture.onsets.last?.time {
        build =
          last >= made
          ? .duration(last.nanoseconds - made.nanoseconds)
          : .notComputable("the build time lies after the last onset")
      } else {
        build = .notComputable("the build time is not RFC 3339 with a zone, or nothing was affected")
      }
    }
    metrics.add(
      Metric(
        .buildToAll, "From build to the last affected device", build,
        formula: "last onset − build time as a person states",
        certainty: .stated))
  }

  /// How long the change took to reach the devices that failed of it: a lower bound of the rollout's length, since receivers
  /// that stayed well are not dated.
  private static func rollout(
    _ picture: IncidentPicture, _ change: ChangeEvent?, _ none: MetricValue, into metrics: inout MetricSet
  ) {
    var value = none
    if let change {
      let receivers = Set(change.devices)
      let last = picture.onsets.last { receivers.contains($0.device) }?.time
      if let last, last >= change.start {
        value = .duration(last.nanoseconds - change.start.nanoseconds, atLeast: true)
      } else {
        value = .notComputable("no receiver of the change has an onset after it")
      }
    }
    metrics.add(
      Metric(
        .rolloutTime, "From the change to its last failing receiver", value,
        formula: "last onset among receivers − first announcement; the rollout itself may have gone on"))
  }
}
