import CascadeAnalysis
import IncidentModel

/// 7: the first signal against the moment somebody knew, silent alerts, and time without sight.
enum DetectionSection: ReportSection {
  static let number = 7
  static let id = "detection"
  static let title = "Detection"

  static func blocks(_ context: SectionContext) -> [Block] {
    guard context.incident != nil else {
      return [.paragraph("\(context.noIncident), so there was nothing to detect.")]
    }
    var blocks: [Block] = [
      .facts([
        ("First signal", Prose([.metric(.firstEffect)])), ("First known", Prose([.metric(.detected)])),
        ("Time to detect", Prose([.metric(.ttd)])),
        ("Affected before detection", Prose([.metric(.affectedBeforeDetection)])),
        ("Alerts in the evidence", Prose([.metric(.alertsSeen)])),
        ("Alerts before anybody knew", Prose([.metric(.alertsBeforeDetection)])),
        ("Alerts without an answer", Prose([.metric(.alertsUnanswered)])),
        ("Complaints of the monitoring itself", Prose([.metric(.monitorComplaints)])),
        ("The first of them", Prose([.metric(.firstMonitorComplaint)])),
        ("Blind time", Prose([.metric(.blindTime)])),
      ]),
      .heading("How it was noticed"), .paragraph(.provided(context.notes.detection?.text)),
    ]
    if let first = context.facts.signals.monitoring?.complaints.events.first {
      blocks += [
        .heading("What the monitoring said of itself"),
        .paragraph(
          "First at \(metric: .firstMonitorComplaint)\(cite: context.facts.signals.monitoring?.complaints.events ?? [], of: context.facts.signals.monitoring?.complaints.count).\(MomentList.quote([first], context)) Whether it reached a person is not shown."
        ),
      ]
    }
    let alerts = context.facts.signals.alerts
    if !alerts.isEmpty {
      let rows = alerts.prefix(10).map { alert -> [Prose] in
        [
          .instant(alert.time),
          alert.device.map { Prose([.foreign(context.device($0), .name)]) } ?? "nobody named",
          "\(MomentList.quote([alert.event], context))\(cite: [alert.event])",
        ]
      }
      blocks.append(
        .table(
          Table(
            "First alerts in the evidence", ["Time", "Raised by", "What"], Array(rows),
            omitted: alerts.count - rows.count)))
    }
    return blocks
  }
}
