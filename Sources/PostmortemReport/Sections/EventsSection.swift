import CascadeAnalysis
import IncidentModel

/// 4: what happened, as marked moments with certainty and source, and the spread curve.
enum EventsSection: ReportSection {
  static let number = 4
  static let id = "events"
  static let title = "What happened"

  static func blocks(_ context: SectionContext) -> [Block] {
    guard let incident = context.incident else {
      let covered: Prose =
        context.metrics[.oldestEvidence].value.isKnown
        ? " The evidence covers \(metric: .oldestEvidence) to \(metric: .newestEvidence)." : ""
      return [.paragraph("\(context.noIncident), so there is no course of events.\(covered)")]
    }
    var moments = MomentList.moments(context, incident)
    let untimed = moments.filter { $0.time == nil }
    moments = moments.filter { $0.time != nil }
    var blocks: [Block] = []
    if let chart = SpreadCurve.chart(context) { blocks.append(.chart(chart)) }
    if moments.isEmpty {
      blocks.append(.paragraph("No moment of the incident has a usable time."))
    } else {
      blocks.append(.heading("Marked moments"))
      blocks.append(.moments(moments))
    }
    blocks += others(context)
    if !untimed.isEmpty {
      blocks.append(.heading("Moments whose time is not known"))
      blocks.append(
        .list(untimed.map { moment in Prose([.strong(moment.title), .words(": ")] + moment.text.parts) }))
    }
    return blocks
  }
}

extension EventsSection {
  /// All incidents of the case, where it holds more than one.
  static func others(_ context: SectionContext) -> [Block] {
    let incidents = context.picture.trace.incidents
    guard incidents.count > 1 else { return [] }
    let rows = incidents.prefix(12).enumerated().map { index, incident -> [Prose] in
      let times = incident.onsets.map(\.time).filter { Format.isPlausible($0) }
      let origin = incident.origins.first.flatMap { $0.probability >= 0.5 ? $0.device : nil }
      return [
        .count(index + 1), .instant(times.min()), .instant(times.max()),
        .count(Set(incident.onsets.map(\.device)).count),
        origin.map { Prose([.foreign(context.device($0), .name)]) } ?? "not determined",
        index == context.picture.incidentIndex ? "this report" : "a report of its own",
      ]
    }
    return [
      .heading("Incidents in this case"),
      .table(
        Table(
          "Incidents that the evidence keeps apart, the largest first",
          ["#Incident", "First failure", "Last failure", "#Devices", "Origin", "Where"], Array(rows),
          omitted: incidents.count - rows.count)),
      .notice(
        "Times and facts of a rollout that people gave without naming an incident count for the largest one only; their words, actions and messages stand in the reports of all."
      ),
    ]
  }
}

/// The moments of an incident in order of time: those of the metrics, the phases, and the first device at each site.
enum MomentList {
  static let maximum = 15

  static func moments(_ context: SectionContext, _ incident: Incident) -> [Moment] {
    let metrics = context.metrics
    var moments: [Moment] = []
    let ids: [MetricID] = [
      .trigger, .firstEffect, .detected, .acknowledged, .halted, .contained, .mitigated, .recovered50,
      .recovered90,
      .ended,
    ]
    for id in ids {
      let metric = metrics[id]
      var text = explanation(of: metric, context)
      if id == .trigger, let verdict = context.rejectedTrigger {
        text = Prose(Array(quote(metric.evidence, context).parts.drop { $0 == .words(" ") }))
        text.append("\(cite: metric.evidence, of: metric.evidenceCount)")
        text.append("\(Prose(stringLiteral: text.parts.isEmpty ? "" : ". "))\(context.rejection(verdict))")
      }
      if id == .firstEffect, let onset = context.picture.onsets.first {
        text = "On \(name: context.device(onset.device)), seen by \(seenBy(onset))\(cite: onset.evidence)."
        if let verdict = context.verdicts.rejection(of: onset.device) {
          text.append(" \(context.rejection(verdict))")
        }
      } else if id == .contained, let onset = context.picture.onsets.last, metric.value.isKnown {
        text =
          "On \(name: context.device(onset.device))\(cite: onset.evidence). No new device for long enough after it."
      }
      moments.append(
        Moment(time: metrics.instant(id), title: metric.title, text: text, certainty: metric.certainty))
    }
    for phase in incident.phases.sorted(by: { ($0.start, $0.name.rawValue) < ($1.start, $1.name.rawValue) })
    where phase.name != .trigger && Format.isPlausible(phase.start) {
      let telling = context.facts.signals.phaseEvents[phase.name] ?? phase.evidence
      moments.append(
        Moment(
          time: phase.start, title: Wording.phase(phase.name),
          text: "The phase begins\(cite: telling).\(quote(telling, context))",
          certainty: .inferred))
    }
    let known = moments.filter { $0.time != nil }.prefix(maximum)
      .sorted { ($0.time?.nanoseconds ?? 0, $0.title) < ($1.time?.nanoseconds ?? 0, $1.title) }
    return known + moments.filter { $0.time == nil }
  }

  private static func seenBy(_ onset: Onset) -> Prose {
    switch onset.kind {
    case .log: "its log"
    case .metric: "a measured value"
    case .silence: "its silence"
    case .reported: "another device's report"
    }
  }

  private static func explanation(of metric: Metric, _ context: SectionContext) -> Prose {
    switch metric.value {
    case .instant:
      var text: Prose = ""
      if metric.certainty == .stated {
        text =
          metric.remark.isEmpty ? "As a person states." : "\(person: EvidenceText(metric.remark, limit: 600))"
      } else if !metric.remark.isEmpty {
        text = context.finding(metric.remark)
      }
      // The words first: a reference needs something to stand behind.
      let words = quote(metric.evidence, context)
      if text.parts.isEmpty, case .words(" ")? = words.parts.first {
        text.append(Prose(Array(words.parts.dropFirst())))
      } else {
        text.append(words)
      }
      text.append("\(cite: metric.evidence, of: metric.evidenceCount)")
      return text
    default: return Prose([.metric(metric.id)])
    }
  }

  /// The message of the first event, where it is known.
  static func quote(_ events: [EventID], _ context: SectionContext) -> Prose {
    guard let id = events.first, let event = context.facts.events[id], !event.message.isEmpty else {
      return ""
    }
    return " \(context.evidence(event.message))"
  }
}

/// The spread curve: cumulative and concurrent affected devices over time, with the marked moments.
enum SpreadCurve {
  private static let points = 360
  private static let tableRows = 24

  static func chart(_ context: SectionContext) -> Chart? {
    let times = context.picture.onsetTimes
    guard let first = times.first, let last = times.last else { return nil }
    let metrics = context.metrics
    var marks: [LineChart.Mark] = []
    for (id, label) in [
      (MetricID.trigger, "trigger"), (.firstEffect, "first effect"), (.detected, "known"),
      (.acknowledged, "first act"),
      (.halted, "halted"), (.contained, "last new device"), (.mitigated, "down to a tenth"),
      (.ended, "end declared"),
    ] {
      if let time = metrics.instant(id) {
        marks.append(.init(time: time.nanoseconds, label: label, certainty: metrics[id].certainty))
      }
    }
    let curve = context.picture.intervals.map(ConcurrencyCurve.init)
    var end = max(last, metrics.instant(.mitigated)?.nanoseconds ?? last)
    end = max(
      end, metrics.instant(.halted)?.nanoseconds ?? end, metrics.instant(.detected)?.nanoseconds ?? end)
    let span = max(end - first, 60_000_000_000)
    // A trigger days before, or an end declared weeks after, would flatten the curve: such marks are only in the table.
    let lower = max(first - span, min(first, metrics.instant(.trigger)?.nanoseconds ?? first))
    let upper = min(end + span / 2, max(end, metrics.instant(.ended)?.nanoseconds ?? end)) + span / 20
    let start = lower - span / 20
    marks = marks.filter { $0.time >= start && $0.time <= upper }.sorted {
      ($0.time, $0.label) < ($1.time, $1.label)
    }
    var curves = [
      LineChart.Curve(
        name: "affected so far", points: sample(cumulative: times, from: start, to: upper), isMain: true)
    ]
    if let curve {
      curves.append(
        LineChart.Curve(name: "affected at the same time", points: sample(curve, from: start, to: upper)))
    }
    return Chart(
      id: "spread-curve", title: "Devices affected over time",
      description:
        "\(metric: .affected) in all, the first at \(metric: .firstEffect). From one in ten to nine in ten: \(metric: .riseTime). Doubling time: \(metric: .doublingTime).",
      drawing: .lines(LineChart(curves: curves, marks: marks, start: start, end: upper, unit: "devices")),
      table: table(times, curve, start: first, end: max(last, end)))
  }

  private static func table(_ times: [Int64], _ curve: ConcurrencyCurve?, start: Int64, end: Int64) -> Table {
    let step = LineScale.niceStep(max(end - start, 1), parts: tableRows)
    var rows: [[Prose]] = []
    var tick = start / step * step + step
    var index = 0
    var stepIndex = 0
    while rows.count <= tableRows + 2 {
      while index < times.count, times[index] < tick { index += 1 }
      var row: [Prose] = [.instant(Instant(nanoseconds: tick)), .count(index)]
      if let curve {
        while stepIndex < curve.steps.count, curve.steps[stepIndex].time < tick { stepIndex += 1 }
        row.append(.count(stepIndex == 0 ? 0 : curve.steps[stepIndex - 1].count))
      }
      rows.append(row)
      if tick > end { break }
      tick += step
    }
    return Table(
      "Affected devices before each moment",
      ["Before", "#So far"] + (curve == nil ? [] : ["#At the same time"]), rows)
  }

  static func sample(cumulative times: [Int64], from start: Int64, to end: Int64) -> [(
    time: Int64, value: Double
  )] {
    thin(times.enumerated().map { ($0.element, Double($0.offset + 1)) }, from: start, to: end)
  }

  static func sample(_ curve: ConcurrencyCurve, from start: Int64, to end: Int64) -> [(
    time: Int64, value: Double
  )] {
    thin(curve.steps.map { ($0.time, Double($0.count)) }, from: start, to: end)
  }

  /// The last value of each of a few hundred columns: what a screen can show of a step curve.
  private static func thin(_ steps: [(Int64, Double)], from start: Int64, to end: Int64) -> [(
    time: Int64, value: Double
  )] {
    let width = max(1, (end - start) / Int64(points))
    var result: [(time: Int64, value: Double)] = [(start, 0)]
    var column = Int64.min
    for (time, value) in steps where time <= end {
      let next = (time - start) / width
      if next == column, result.count > 1 {
        result[result.count - 1].value = value
      } else {
        result.append((max(start, time), value))
      }
      column = next
    }
    result.append((end, result[result.count - 1].value))
    return result
  }
}
