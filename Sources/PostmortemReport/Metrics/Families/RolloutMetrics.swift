import CascadeAnalysis
import IncidentModel

extension MetricID {
  static let stages = MetricID("rollout_stages")
  static let stagePause = MetricID("stage_pause")
  static let receiptsAfterEffect = MetricID("receipts_after_first_effect")
  static let haltRule = MetricID("halt_rule")
  static let rollbackImage = MetricID("rollback_image")
  static let lastReceipt = MetricID("last_receipt")
}

/// How careful the rollout was: stages, soak, halting, a way back. From receipts where the evidence has them; a person's
/// statement comes first where only people know.
enum RolloutMetrics: MetricFamily {
  static let heading = "Rollout"

  static func define(_ picture: IncidentPicture, into metrics: inout MetricSet) {
    let change = ChangeOutcome(picture)
    let none: MetricValue =
      picture.incident == nil ? .noIncident : .notDetermined("no change event explains the failures")
    let untimed = MetricValue.notDetermined("the evidence has no receipts with a time")
    let receipts = change?.receipts ?? []
    let missing: MetricValue? = change == nil ? none : receipts.isEmpty ? untimed : nil
    stages(picture, change, missing, into: &metrics)
    halting(picture, receipts, missing, into: &metrics)
    wayBack(picture, into: &metrics)
    build(picture, receipts, missing, into: &metrics)
  }

  private static func stages(
    _ picture: IncidentPicture, _ change: ChangeOutcome?, _ missing: MetricValue?,
    into metrics: inout MetricSet
  ) {
    let stages = change?.stages ?? []
    let stageRule = "a pause of five minutes or more, and of ten times the usual gap, parts two stages"
    metrics.add(
      Metric(
        .stages, "Stages of the rollout", missing ?? .count(stages.count), unit: "stages",
        formula: "runs of receipts: \(stageRule)", inputs: [.changeReceivers]))
    let stated = picture.facts.annotations.canarySize.flatMap { $0 >= 0 ? $0 : nil }
    metrics.add(
      Metric(
        .canary, "Size of the first stage",
        stated.map { .count($0) } ?? missing ?? .count(stages.first?.count ?? 0), unit: "devices",
        formula: "as a person states, else devices seen to receive the change before the first pause",
        inputs: [.stages], certainty: stated == nil ? .inferred : .stated,
        remark: stated == nil && stages.count == 1 ? "there was no second stage: the whole rollout" : ""))
    var pause = missing ?? .notComputable("there was one stage only, so nothing was waited for")
    if let change, stages.count > 1 {
      let gap =
        change.receipts[stages[1].lowerBound].nanoseconds - change.receipts[stages[0].upperBound].nanoseconds
      pause = .duration(gap)
    }
    metrics.add(
      Metric(
        .stagePause, "Soak after the first stage", pause,
        formula: "first receipt of the second stage − last receipt of the first", inputs: [.stages]))
  }

  private static func halting(
    _ picture: IncidentPicture, _ receipts: [Instant], _ missing: MetricValue?, into metrics: inout MetricSet
  ) {
    var value = missing ?? .notComputable("the first effect is not known")
    var after = 0
    var early: MetricValue?
    if missing == nil, let first = metrics.instant(.firstEffect), let begin = receipts.first {
      if first < begin {
        // What failed before anybody had it says nothing of how the rollout was watched.
        early = .notComputable("the first effect lies before the first receipt of the change")
      } else {
        after = receipts.count { $0 > first }
      }
      value = early ?? .share(after, of: receipts.count)
    }
    metrics.add(
      Metric(
        .receiptsAfterEffect, "Received the change after the first failure", value,
        formula: "receivers with a receipt later than the first bad effect / receivers with a receipt",
        inputs: [.firstEffect, .changeReceivers]))
    let stated = picture.facts.annotations.haltRule
    var rule: MetricValue
    if let stated {
      rule = .words(EvidenceText(stated, limit: 600))
    } else if let missing = missing ?? early {
      rule = missing
    } else if after > 0 {
      rule = .words(
        EvidenceText(
          "none seen at work: the change went on to \(Format.count(after)) devices after the first failure"))
    } else {
      rule = .notDetermined(
        "no device received the change after the first failure, so no rule had anything to halt")
    }
    metrics.add(
      Metric(
        .haltRule, "Rule that halts the rollout", rule,
        formula: "as a person states, else whether the change went on after the first failure",
        inputs: [.receiptsAfterEffect], certainty: stated == nil ? .inferred : .stated))
  }

  private static func wayBack(_ picture: IncidentPicture, into metrics: inout MetricSet) {
    let stated = picture.facts.annotations.rollbackImage
    let signals = picture.facts.signals
    var value = MetricValue.noIncident
    if let stated {
      value = .words(EvidenceText(stated, limit: 600))
    } else if picture.incident != nil {
      value =
        signals.goingBack.count > 0
        ? .words(
          EvidenceText(
            "yes, as \(Format.count(signals.goingBackDevices)) devices speak of going back to an earlier one")
        )
        : .notDetermined("no message from the first effect on speaks of going back to an earlier image")
    }
    metrics.add(
      Metric(
        .rollbackImage, "Image to go back to", value,
        formula: "as a person states, else devices whose messages speak of a rollback or an earlier image",
        certainty: stated == nil ? .inferred : .stated,
        evidence: stated == nil ? signals.goingBack.events : [],
        evidenceCount: stated == nil ? signals.goingBack.count : 0,
        remark: stated == nil
          ? signals.goingBackTemplates.prefix(4).map { EvidenceText($0, limit: 80).display }.joined(
            separator: "; ") : ""))
  }

  private static func build(
    _ picture: IncidentPicture, _ receipts: [Instant], _ missing: MetricValue?, into metrics: inout MetricSet
  ) {
    metrics.add(
      Metric(
        .lastReceipt, "Last receipt of the change",
        missing ?? receipts.last.map { .instant($0) } ?? .noIncident,
        formula: "latest first receipt among the receivers seen", certainty: .observed))
    var value = MetricValue.notProvided
    if let text = picture.facts.annotations.buildTime {
      if let made = Instant(rfc3339: text) {
        if let last = metrics.instant(.lastReceipt) {
          value =
            last >= made
            ? .duration(last.nanoseconds - made.nanoseconds)
            : .notComputable("the build time lies after the last receipt of the change")
        } else {
          value = .notComputable("“\(metrics[.lastReceipt].title)” is not known")
        }
      } else {
        value = .notComputable("the build time is not RFC 3339 with a zone")
      }
    }
    metrics.add(
      Metric(
        .buildToAll, "From build to the last receiver (100 %)", value,
        formula: "last receipt of the change − build time as a person states", inputs: [.lastReceipt],
        certainty: .stated))
  }
}
