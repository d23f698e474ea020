import CascadeAnalysis
import IncidentModel

extension MetricID {
  static let affectedBeforeDetection = MetricID("affected_before_detection")
  static let affectedAfterHalt = MetricID("affected_after_halt")
  static let alertsSeen = MetricID("alerts_seen")
  static let alertsBeforeDetection = MetricID("alerts_before_detection")
  static let alertsUnanswered = MetricID("alerts_unanswered")
  static let monitorComplaints = MetricID("monitoring_complaints")
  static let firstMonitorComplaint = MetricID("monitoring_first_complaint")
  static let blindTime = MetricID("blind_time")
  static let reconnectPeak = MetricID("reconnect_peak")
  static let reconnectUsual = MetricID("reconnect_usual_p95")
  static let reconnectAmplification = MetricID("reconnect_amplification")
}

/// Who noticed when, and what could not be seen.
enum DetectionMetrics: MetricFamily {
  static let heading = "Detection"

  static func define(_ picture: IncidentPicture, into metrics: inout MetricSet) {
    share(
      picture, .affectedBeforeDetection, "Affected before detection", .detected, { $0 < $1 }, "before",
      into: &metrics)
    share(
      picture, .affectedAfterHalt, "Affected after the halt", .halted, { $0 > $1 }, "after", into: &metrics)
    alerts(picture, into: &metrics)
    unanswered(picture, into: &metrics)
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

  /// Alerts that nobody acted on, and what the monitoring said of itself.
  private static func unanswered(_ picture: IncidentPicture, into metrics: inout MetricSet) {
    let alerts = picture.facts.signals.alerts
    var value = MetricValue.noIncident
    if picture.incident != nil {
      let acts =
        ([metrics.instant(.acknowledged)] + picture.runs.map { $0.started.map(Instant.init(nanoseconds:)) })
        .compactMap { $0 }.filter { Format.isPlausible($0) }
      if alerts.isEmpty {
        value = .count(0)
      } else if let newest = picture.facts.newestEvidence ?? alerts.last?.time {
        // An alert shortly before the evidence ends may still have been answered.
        let judged = alerts.filter { alert in
          newest.nanoseconds - alert.time.nanoseconds >= answerSpan || acts.contains { $0 >= alert.time }
        }
        value = .count(
          judged.count { alert in
            !acts.contains { $0 >= alert.time && $0.nanoseconds - alert.time.nanoseconds <= answerSpan }
          }, atLeast: alerts.count >= 50)
      }
    }
    metrics.add(
      Metric(
        .alertsUnanswered, "Alerts without an answer", value, unit: "alerts",
        formula:
          "alerts in the evidence after which no act (stated, or a playbook's start) follows within thirty minutes",
        inputs: [.alertsSeen, .acknowledged, .runs]))
    let monitoring = picture.facts.signals.monitoring
    let none: MetricValue =
      picture.incident == nil
      ? .noIncident
      : .notDetermined("the inventory names no monitor that wrote regularly before the incident")
    metrics.add(
      Metric(
        .monitorComplaints, "Complaints of the monitoring itself",
        monitoring.map { .count($0.complaints.count) } ?? none, unit: "messages",
        formula: "events of monitors from the first effect on, of a kind that no monitor wrote before",
        evidence: monitoring?.complaints.events ?? [], evidenceCount: monitoring?.complaints.count,
        remark: monitoring?.complaintTemplates.prefix(4).map { EvidenceText($0, limit: 80).display }
          .joined(separator: "; ") ?? ""))
    metrics.add(
      Metric(
        .firstMonitorComplaint, "First complaint of the monitoring itself",
        monitoring.map { $0.firstComplaint.map { .instant($0) } ?? .notDetermined("it wrote none") } ?? none,
        formula: "time of the first of them; whether it reached a person is not shown",
        inputs: [.monitorComplaints], certainty: .observed,
        evidence: Array(monitoring?.complaints.events.prefix(1) ?? [])))
  }

  private static let answerSpan: Int64 = 1_800_000_000_000

  private static func blindTime(_ picture: IncidentPicture) -> Metric {
    let formula =
      "since the monitoring path failed: stretches without half of the monitors' own regular messages, each of at least two minutes; "
      + "where no monitor is known, without half of the fleet's routine events"
    let title = "Blind time"
    guard let incident = picture.incident else {
      return Metric(.blindTime, title, .noIncident, formula: formula)
    }
    guard let phase = incident.phases.first(where: { $0.name == .monitoringFailure }) else {
      return Metric(
        .blindTime, title, .notComputable("no failure of the monitoring path was found"), formula: formula)
    }
    let stretches = BlindTime.stretches(picture)
    guard picture.facts.signals.monitoring != nil || picture.facts.signals.usualPerMinute != nil else {
      return Metric(
        .blindTime, title, .notComputable("fewer than ten minutes of history say what is usual"),
        formula: formula, evidence: phase.evidence)
    }
    let total = stretches.reduce(Int64(0)) { $0 + $1.end.nanoseconds - $1.start.nanoseconds }
    let remark =
      picture.facts.signals.monitoring.map {
        "regular message: \(EvidenceText($0.heartbeat, limit: 80).display), usually every \(Format.duration(nanoseconds: $0.usualGap))"
      } ?? ""
    return Metric(
      .blindTime, title,
      total > 0
        ? .duration(total, atLeast: stretches.contains(where: \.isOpen)) : .words(EvidenceText("not seen")),
      formula: formula,
      evidence: stretches.compactMap(\.event)
        + (picture.facts.signals.phaseEvents[.monitoringFailure] ?? phase.evidence),
      remark: remark)
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

/// When the monitoring saw nothing: by its own log where it has one, else by the fleet's.
enum BlindTime {
  /// A stretch without sight.
  struct Stretch: Hashable {
    var start: Instant
    var end: Instant
    var isOpen = false
    var event: EventID?
  }

  static func stretches(_ picture: IncidentPicture) -> [Stretch] {
    guard let phase = picture.incident?.phases.first(where: { $0.name == .monitoringFailure }) else {
      return []
    }
    let signals = picture.facts.signals
    if let monitoring = signals.monitoring {
      return monitoring.blind.filter { $0.end > phase.start }
        .map { Stretch(start: $0.start, end: $0.end, isOpen: $0.isOpen, event: $0.event) }
    }
    let minute: Int64 = 60_000_000_000
    var spans: [Stretch] = []
    for quiet in signals.quietMinutes where quiet.nanoseconds + minute > phase.start.nanoseconds {
      if let last = spans.last, last.end == quiet {
        spans[spans.count - 1].end = quiet.adding(nanoseconds: minute)
      } else {
        spans.append(Stretch(start: quiet, end: quiet.adding(nanoseconds: minute)))
      }
    }
    return spans
  }
}
