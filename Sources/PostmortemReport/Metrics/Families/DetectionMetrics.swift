import CascadeAnalysis
import IncidentModel

extension MetricID {
  static let affectedBeforeDetection = MetricID("affected_before_detection")
  static let affectedAfterHalt = MetricID("affected_after_halt")
  static let alertsSeen = MetricID("alerts_seen")
  static let alertsBeforeDetection = MetricID("alerts_before_detection")
  static let blindTime = MetricID("blind_time")
  static let reconnectPeak = MetricID("reconnect_peak")
  static let reconnectUsual = MetricID("reconnect_usual_p95")
  static let reconnectAmplification = MetricID("reconnect_amplification")
}

/// Who noticed when, and what could not be seen.
enum DetectionMetrics: MetricFamily {
  static func define(_ picture: IncidentPicture, into metrics: inout MetricSet) {
    share(
      picture, .affectedBeforeDetection, "Affected before detection", .detected, { $0 < $1 }, "before",
      into: &metrics)
    share(
      picture, .affectedAfterHalt, "Affected after the halt", .halted, { $0 > $1 }, "after", into: &metrics)
    alerts(picture, into: &metrics)
    metrics.add(blindTime(picture))
    reconnect(picture, into: &metrics)
  }

  private static func share(
    _ picture: IncidentPicture, _ id: MetricID, _ title: String, _ moment: MetricID,
    _ counts: (Instant, Instant) -> Bool, _ word: String, into metrics: inout MetricSet
  ) {
    var value = MetricValue.noIncident
    if picture.incident != nil {
      if let limit = metrics.instant(moment), !picture.onsets.isEmpty {
        value = .share(picture.onsets.count { counts($0.time, limit) }, of: picture.onsets.count)
      } else {
        value = .notComputable("“\(metrics[moment].title)” is not known")
      }
    }
    metrics.add(
      Metric(
        id, title, value,
        formula: "affected devices with an onset \(word) “\(metrics[moment].title)” / affected devices",
        inputs: [.affected, moment]))
  }

  private static func alerts(_ picture: IncidentPicture, into metrics: inout MetricSet) {
    let alerts = picture.facts.signals.alerts
    let formula = "events from the trigger on whose message reads like an alert, at most fifty"
    metrics.add(
      Metric(
        .alertsSeen, "Alerts in the evidence",
        picture.incident == nil ? .noIncident : .count(alerts.count, atLeast: alerts.count >= 50),
        unit: "alerts",
        formula: formula, evidence: alerts.map(\.event)))
    var value = MetricValue.noIncident
    if picture.incident != nil {
      if let known = metrics.instant(.detected) {
        value = .count(alerts.count { $0.time < known })
      } else {
        value = .notComputable("when staff knew was not provided")
      }
    }
    metrics.add(
      Metric(
        .alertsBeforeDetection, "Alerts before anybody knew", value, unit: "alerts",
        formula: "alerts before the moment of detection: silent or unanswered",
        inputs: [.alertsSeen, .detected]))
  }

  private static func blindTime(_ picture: IncidentPicture) -> Metric {
    let formula =
      "stretches of two minutes or more with under 50 % of the usual routine events, since the monitoring path failed"
    let title = "Blind time"
    guard let incident = picture.incident else {
      return Metric(.blindTime, title, .noIncident, formula: formula)
    }
    guard let phase = incident.phases.first(where: { $0.name == .monitoringFailure }) else {
      return Metric(
        .blindTime, title, .notComputable("no failure of the monitoring path was found"), formula: formula)
    }
    guard picture.facts.signals.usualPerMinute != nil else {
      return Metric(
        .blindTime, title, .notComputable("fewer than ten minutes of history say what is usual"),
        formula: formula,
        evidence: phase.evidence)
    }
    let blind = picture.facts.signals.quietMinutes.count {
      $0.nanoseconds >= phase.start.nanoseconds - phase.start.nanoseconds % 60_000_000_000
    }
    return Metric(
      .blindTime, title,
      blind > 0 ? .duration(Int64(blind) * 60_000_000_000) : .words(EvidenceText("not seen")),
      formula: formula,
      evidence: picture.facts.signals.phaseEvents[.monitoringFailure] ?? phase.evidence)
  }

  private static func reconnect(_ picture: IncidentPicture, into metrics: inout MetricSet) {
    let attempts = picture.facts.signals.attempts
    let none: MetricValue =
      picture.incident == nil ? .noIncident : .notComputable("no message reads like a connection attempt")
    metrics.add(
      Metric(
        .reconnectPeak, "Most connection attempts in one second",
        attempts.map { .count($0.peakPerSecond) } ?? none,
        unit: "per s",
        formula: "events per second whose template reads like a connection attempt, from the first effect on",
        evidence: attempts?.events ?? []))
    let usual: MetricValue =
      attempts == nil
      ? none
      : attempts?.usual95.map { .finite($0, digits: 1) }
        ?? .notComputable("the evidence does not cover the hour before the first effect")
    metrics.add(
      Metric(
        .reconnectUsual, "Usual connection attempts", usual, unit: "per s",
        formula: "95th percentile of attempts per second over the hour before the first effect"))
    var value = none
    if let attempts {
      if let usual = attempts.usual95 {
        value =
          usual > 0
          ? .finite(Double(attempts.peakPerSecond) / usual, digits: 1)
          : .notComputable("the 95th percentile of the hour before is zero")
      } else {
        value = .notComputable("the evidence does not cover the hour before the first effect")
      }
    }
    metrics.add(
      Metric(
        .reconnectAmplification, "Reconnect amplification", value, unit: "×",
        formula: "most attempts in one second / 95th percentile of the hour before",
        inputs: [.reconnectPeak, .reconnectUsual]))
  }
}
