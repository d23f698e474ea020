import CascadeAnalysis
import IncidentModel

extension MetricID {
  static let changeReceivers = MetricID("change_receivers")
  static let changeReached = MetricID("change_reached_estimate")
  static let changeReceiversFailed = MetricID("change_receivers_failed")
  static let changeEarlyFailedShare = MetricID("change_early_failed_share")
  static let changeOthersEarlyFailedShare = MetricID("change_others_early_failed_share")
  static let changeItself = MetricID("failed_by_the_change_itself")
  static let soak = MetricID("soak_time")
  static let buildToAll = MetricID("build_to_all")
  static let canary = MetricID("canary_size")
  static let attacks = MetricID("attack_events")
  static let attackers = MetricID("attackers")
  static let rolloutTime = MetricID("rollout_time")
}

/// How the change was rolled out.
enum ProcessMetrics: MetricFamily {
  static let heading = "Change process"

  static func define(_ picture: IncidentPicture, into metrics: inout MetricSet) {
    let change = ChangeOutcome(picture)
    let none: MetricValue =
      picture.incident == nil ? .noIncident : .notDetermined("no change event explains the failures")
    outcome(picture, change, none, into: &metrics)
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
    harm(picture, into: &metrics)
    rollout(picture, change, none, into: &metrics)
  }

  /// Harm done to others.
  private static func harm(_ picture: IncidentPicture, into metrics: inout MetricSet) {
    let signals = picture.facts.signals
    let templates = signals.attackTemplates.prefix(4).map { EvidenceText($0, limit: 80).display }
    metrics.add(
      Metric(
        .attacks, "Attacks on others seen",
        picture.incident == nil ? .noIncident : .count(signals.attacks.count), unit: "events",
        formula:
          "events of affected devices after their onset that read like an attack on others, and events of others that first "
          + "speak of such traffic around or after the first effect and name an affected device",
        evidence: signals.attacks.events, evidenceCount: signals.attacks.count,
        remark: templates.joined(separator: "; ")))
    metrics.add(
      Metric(
        .attackers, "Devices that attacked others",
        picture.incident == nil ? .noIncident : .count(signals.attackers), unit: picture.kinds.noun,
        formula: "affected devices that such events come from or name", inputs: [.attacks]))
  }

  /// Receivers and failures: one definition each, and all of them here.
  private static func outcome(
    _ picture: IncidentPicture, _ change: ChangeOutcome?, _ none: MetricValue, into metrics: inout MetricSet
  ) {
    metrics.add(
      Metric(
        .changeReceivers, "Devices seen to receive the change",
        change.map { .count($0.receivers.count) } ?? none,
        unit: "devices", formula: "devices named by any kind of message that tells of the change",
        evidence: change?.evidence ?? [],
        remark: change.map { $0.parts.count > 1 ? "\(Format.count($0.parts.count)) kinds of message" : "" }
          ?? ""))
    var reached = none
    if let change {
      let most = change.parts.map(\.reached).max() ?? 0
      reached =
        most > change.receivers.count
        ? .count(most) : .notComputable("the trace has no estimate beyond the receipts seen")
    }
    metrics.add(
      Metric(
        .changeReached, "Devices that the change reached, estimate", reached, unit: "devices",
        formula: "trace: devices like the receivers, whose receipts may be missing from the evidence"))
    metrics.add(
      Metric(
        .changeReceiversFailed, "Receivers that failed, at any time after the change began",
        change.map { .share($0.failed(in: picture), of: $0.receivers.count) } ?? none,
        formula: "receivers seen with an onset from the change on / receivers seen",
        inputs: [.changeReceivers]))
    let until = "from the change until shared services were overloaded (to the end where they were not)"
    metrics.add(
      Metric(
        .changeEarlyFailedShare, "Receivers that failed early",
        change.map { .share($0.failedEarly(in: picture), of: $0.receivers.count) } ?? none,
        formula: "receivers seen with an onset \(until) / receivers seen", inputs: [.changeReceivers]))
    let others = change.map { $0.others(in: picture) }
    metrics.add(
      Metric(
        .changeOthersEarlyFailedShare, "Others that failed early",
        others.map {
          $0.count > 0 ? .share($0.failedEarly, of: $0.count) : .notComputable("no inventory lists others")
        } ?? none,
        formula: "devices of the inventory not seen to receive it, with an onset \(until) / all of those",
        inputs: [.changeReceivers]))
    var itself = none
    if let incident = picture.incident, change != nil {
      itself = .count(Set(incident.edges.filter { $0.kind == .change }.map(\.to)).count)
    }
    metrics.add(
      Metric(
        .changeItself, "Failed by the change itself", itself, unit: "devices",
        formula:
          "devices whose most probable parent in the tree of the spread is the change, receipts seen or not"))
  }

  /// How long the change took to reach the devices that failed of it: a lower bound of the rollout's length, since receivers
  /// that stayed well are not dated.
  private static func rollout(
    _ picture: IncidentPicture, _ change: ChangeOutcome?, _ none: MetricValue, into metrics: inout MetricSet
  ) {
    var value = none
    if let change {
      let receivers = change.receivers
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
