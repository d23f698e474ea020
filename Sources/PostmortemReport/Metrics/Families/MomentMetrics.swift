import CascadeAnalysis
import IncidentModel
import PlaybookModel

extension MetricID {
  static let trigger = MetricID("t0_trigger")
  static let firstEffect = MetricID("t1_first_effect")
  static let detected = MetricID("tdet_detected")
  static let acknowledged = MetricID("tack_first_act")
  static let halted = MetricID("thalt_halted")
  static let contained = MetricID("tc_contained")
  static let mitigated = MetricID("tm_mitigated")
  static let recovered50 = MetricID("tr50_recovered")
  static let recovered90 = MetricID("tr90_recovered")
  static let recovered99 = MetricID("tr99_recovered")
  static let ended = MetricID("tend_declared")
}

/// The moments that all durations are measured between.
enum MomentMetrics: MetricFamily {
  static let heading = "Moments"

  private static let quarterHour: Int64 = 900_000_000_000

  static func define(_ picture: IncidentPicture, into metrics: inout MetricSet) {
    let notes = picture.facts.annotations
    metrics.add(trigger(picture))
    metrics.add(firstEffect(picture))
    metrics.add(detected(picture))
    metrics.add(firstAct(picture))
    metrics.add(
      stated(
        picture, .halted, "Spreading mechanism stopped", notes.halt,
        "when the mechanism that spread it was stopped, as a person states",
        notBefore: metrics[metrics.instant(.trigger) == nil ? .firstEffect : .trigger]))
    metrics.add(contained(picture))
    let (peak, mitigated) = mitigation(picture)
    metrics.add(mitigated)
    metrics.add(peak)
    for (id, percent) in [(MetricID.recovered50, 50), (.recovered90, 90), (.recovered99, 99)] {
      metrics.add(recovered(picture, id, percent))
    }
    metrics.add(
      stated(
        picture, .ended, "End declared", notes.end,
        "when a person declared the end, and by which criterion", notBefore: metrics[.firstEffect]))
  }

  /// A moment that a person states. One that cannot have been is left out, with the reason: nothing is computed from it.
  private static func stated(
    _ picture: IncidentPicture, _ id: MetricID, _ title: String, _ statement: Statement?, _ formula: String,
    notBefore earliest: Metric? = nil
  ) -> Metric {
    var value = MetricValue.notProvided
    if let at = statement?.at {
      value = .notComputable("the time given is not RFC 3339 with a zone")
      if let time = Instant(rfc3339: at) {
        let doubt = StatedTimes.doubt(
          time, written: picture.facts.newestNote, notBefore: earliest?.value.earliest,
          called: "“\(earliest?.title ?? "")”")
        value = doubt.map { .notComputable($0) } ?? .instant(time)
      }
    }
    let remark = [
      statement?.by.map { "by \(EvidenceText($0, limit: 80).display)" },
      statement?.text.map { EvidenceText($0).display },
    ]
    .compactMap { $0 }.joined(separator: ": ")
    return Metric(id, title, value, formula: formula, certainty: .stated, remark: remark)
  }

  private static func trigger(_ picture: IncidentPicture) -> Metric {
    let formula =
      "a person's statement, else the trace's trigger phase where it is a change or a message that shows a failure, else the first message of the change that the trace takes for the cause"
    let title = "Trigger"
    if picture.facts.annotations.trigger?.at != nil {
      return stated(picture, .trigger, title, picture.facts.annotations.trigger, formula)
    }
    guard picture.incident != nil else { return Metric(.trigger, title, .noIncident, formula: formula) }
    if let phase = picture.triggerPhase {
      return Metric(
        .trigger, title, .instant(phase.start), formula: formula, evidence: phase.evidence,
        remark: doubt(picture, phase.start, phase.evidence))
    }
    let change = picture.causes.all.filter { Format.isPlausible($0.start) }.min {
      ($0.start, $0.template) < ($1.start, $1.template)
    }
    guard let change else {
      return Metric(
        .trigger, title, .notDetermined("no change event explains the failures"), formula: formula)
    }
    return Metric(
      .trigger, title, .instant(change.start), formula: formula, evidence: change.evidence,
      remark: doubt(picture, change.start, change.evidence))
  }

  /// Who said that it did not begin where the trigger came from; empty where nobody did.
  private static func doubt(_ picture: IncidentPicture, _ at: Instant, _ evidence: [EventID]) -> String {
    picture.incident.flatMap { picture.verdicts.rejection(ofTrigger: at, evidence, $0) }.map(doubt) ?? ""
  }

  private static func doubt(_ verdict: OriginVerdicts.Verdict) -> String {
    "that it began at \(EvidenceText(verdict.device, limit: 96).display) was rejected by "
      + "\(EvidenceText(verdict.judgement.author, limit: 80).display) at \(Format.instant(verdict.judgement.at))"
  }

  private static func firstEffect(_ picture: IncidentPicture) -> Metric {
    let formula = "earliest onset of an affected device, corrected clock"
    guard let onset = picture.onsets.first else {
      let value =
        picture.incident == nil ? MetricValue.noIncident : .notDetermined("no onset has a usable time")
      return Metric(.firstEffect, "First bad effect", value, formula: formula)
    }
    let isPlausible =
      Format.isPlausible(onset.interval.lowerBound) && Format.isPlausible(onset.interval.upperBound)
    return Metric(
      .firstEffect, "First bad effect", .instant(onset.time, within: isPlausible ? onset.interval : nil),
      formula: formula,
      certainty: onset.kind == .log ? .observed : .inferred, evidence: onset.evidence,
      remark: picture.verdicts.rejection(of: onset.device).map(doubt) ?? "")
  }

  private static func detected(_ picture: IncidentPicture) -> Metric {
    let formula = "a person's statement, else the first alert in the evidence from the trigger on"
    let title = "First known to staff or alert"
    if picture.facts.annotations.detection?.at != nil {
      return stated(picture, .detected, title, picture.facts.annotations.detection, formula)
    }
    guard picture.incident != nil else { return Metric(.detected, title, .noIncident, formula: formula) }
    guard let alert = picture.facts.signals.alerts.first else {
      return Metric(
        .detected, title, .notProvided, formula: formula,
        remark: "no alert was recognised in the evidence either")
    }
    return Metric(
      .detected, title, .instant(alert.time), formula: formula,
      evidence: picture.facts.signals.alerts.map(\.event),
      remark: "Recognised by the words of its message; that somebody read it is not shown.")
  }

  private static func firstAct(_ picture: IncidentPicture) -> Metric {
    let formula = "a person's statement, else the first intent that a playbook's journal records"
    let title = "First act"
    if picture.facts.annotations.firstAct?.at != nil {
      return stated(picture, .acknowledged, title, picture.facts.annotations.firstAct, formula)
    }
    guard picture.incident != nil else { return Metric(.acknowledged, title, .noIncident, formula: formula) }
    let acts = picture.runs.compactMap { run in (run.firstIntent ?? run.started).map { (time: $0, run: run) }
    }
    .filter { Format.isPlausible(Instant(nanoseconds: $0.time)) }
    guard let first = acts.min(by: { ($0.time, $0.run.run) < ($1.time, $1.run.run) }) else {
      return Metric(.acknowledged, title, .notProvided, formula: formula)
    }
    let doubt = first.run.clockMoves.max { $0.by.magnitude < $1.by.magnitude }.map {
      " The clock of its machine was \($0.words) while it went on: this may be off by as much."
    }
    return Metric(
      .acknowledged, title, .instant(Instant(nanoseconds: first.time)), formula: formula,
      certainty: .observed,
      remark: "From the journal of a playbook.\(doubt ?? "")")
  }

  private static func contained(_ picture: IncidentPicture) -> Metric {
    let formula = "last onset, if max(15 min, 5 × median gap between onsets) without a new one follow"
    let title = "Last new device, then quiet"
    let times = picture.onsetTimes
    guard let last = picture.onsets.last else {
      return Metric(
        .contained, title,
        picture.incident == nil ? .noIncident : .notDetermined("no onset has a usable time"),
        formula: formula)
    }
    let gaps = zip(times.dropFirst(), times).map { $0 - $1 }.sorted()
    let quiet = max(quarterHour, (Statistics.median(gaps) ?? 0).multipliedClamped(by: 5))
    guard let newest = picture.facts.newestEvidence, newest.nanoseconds - last.time.nanoseconds >= quiet
    else {
      let seen = max(0, (picture.facts.newestEvidence?.nanoseconds ?? 0) - last.time.nanoseconds)
      return Metric(
        .contained, title,
        .notComputable(
          "the evidence ends \(Format.duration(nanoseconds: seen)) after the last new device; \(Format.duration(nanoseconds: quiet)) of quiet are needed"
        ), formula: formula, evidence: last.evidence)
    }
    return Metric(
      .contained, title, .instant(last.time), formula: formula, evidence: last.evidence,
      remark: "quiet needed: \(Format.duration(nanoseconds: quiet))")
  }

  /// Peak of concurrently affected devices, and the moment from which at most 10 % of it stay affected.
  private static func mitigation(_ picture: IncidentPicture) -> (peak: Metric, mitigated: Metric) {
    let peakFormula = "largest number of devices affected at the same time"
    let formula =
      "first moment after the peak from which at most 10 % of the peak are affected, to the end of the evidence"
    func both(_ value: MetricValue) -> (Metric, Metric) {
      (
        Metric(.peakAffected, "Peak affected at once", value, unit: picture.kinds.noun, formula: peakFormula),
        Metric(.mitigated, "Down to a tenth of the peak", value, formula: formula)
      )
    }
    guard picture.incident != nil else { return both(.noIncident) }
    guard let intervals = picture.intervals, !intervals.isEmpty else {
      return both(.notComputable("the recovery of devices was not determined"))
    }
    let curve = ConcurrencyCurve(intervals)
    let tenth = curve.peak / 10
    let peak = Metric(
      .peakAffected, "Peak affected at once", .count(curve.peak), unit: picture.kinds.noun,
      formula: peakFormula)
    guard let last = curve.steps.last, last.count <= tenth else {
      let open = curve.steps.last?.count ?? 0
      return (
        peak,
        Metric(
          .mitigated, "Down to a tenth of the peak",
          .notComputable(
            "\(Format.count(open)) of at most \(Format.count(curve.peak)) devices are still affected when the evidence ends"
          ),
          formula: formula)
      )
    }
    var moment = last.time
    for step in curve.steps.reversed() {
      guard step.count <= tenth else { break }
      moment = step.time
    }
    return (
      peak,
      Metric(
        .mitigated, "Down to a tenth of the peak", .instant(Instant(nanoseconds: moment)), formula: formula)
    )
  }

  private static func recovered(_ picture: IncidentPicture, _ id: MetricID, _ percent: Int) -> Metric {
    let formula =
      "moment from which \(percent) % of the affected devices have been healthy for ten minutes, without a relapse afterwards"
    let title = "\(percent) % recovered"
    guard picture.incident != nil else { return Metric(id, title, .noIncident, formula: formula) }
    guard let intervals = picture.intervals, !intervals.isEmpty else {
      return Metric(id, title, .notComputable("the recovery of devices was not determined"), formula: formula)
    }
    // The last interval of each device counts: a recovery that did not last is none.
    let last = picture.lastIntervals
    let ends = last.filter { $0.end != nil }
      .sorted { ($0.end?.nanoseconds ?? 0, $0.device) < ($1.end?.nanoseconds ?? 0, $1.device) }
    let needed = (last.count * percent + 99) / 100
    guard ends.count >= needed, needed > 0, let end = ends[needed - 1].end else {
      return Metric(
        id, title,
        .notComputable(
          "\(Format.count(ends.count)) of \(Format.count(last.count)) recovered before the evidence ends"
        ),
        formula: formula)
    }
    return Metric(
      id, title, .instant(end), formula: formula, evidence: ends[needed - 1].recoveryEvent.map { [$0] } ?? [])
  }
}

/// How many devices were affected at the same time, as steps.
struct ConcurrencyCurve {
  /// The count from this moment on.
  struct Step: Hashable {
    var time: Int64
    var count: Int
  }
  var steps: [Step] = []
  var peak = 0

  init(_ intervals: [AffectedInterval]) {
    var changes: [(time: Int64, delta: Int)] = []
    changes.reserveCapacity(intervals.count * 2)
    for interval in intervals {
      changes.append((interval.start.nanoseconds, 1))
      if let end = interval.end { changes.append((max(end.nanoseconds, interval.start.nanoseconds), -1)) }
    }
    changes.sort { ($0.time, $1.delta) < ($1.time, $0.delta) }
    var count = 0
    for change in changes {
      count += change.delta
      peak = max(peak, count)
      if steps.last?.time == change.time {
        steps[steps.count - 1].count = count
      } else {
        steps.append(Step(time: change.time, count: count))
      }
    }
  }
}

extension Int64 {
  /// The product, or the largest value where it does not fit.
  func multipliedClamped(by other: Int64) -> Int64 {
    let (product, overflow) = multipliedReportingOverflow(by: other)
    return overflow ? .max : product
  }
}
