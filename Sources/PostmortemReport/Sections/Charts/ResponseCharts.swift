import CascadeAnalysis
import IncidentModel

/// What was done when: runs, their steps, waits for approval, blind time, over the time that devices were affected.
enum ResponseGantt {
  private static let maximumLanes = 24

  static func chart(_ context: SectionContext) -> Chart? {
    guard let first = context.picture.onsetTimes.first, let last = context.picture.onsetTimes.last else {
      return nil
    }
    let metrics = context.metrics
    let newest = context.facts.newestEvidence?.nanoseconds ?? last
    var lanes: [(label: EvidenceText, spans: [LaneChart.Span])] = []
    let end = metrics.instant(.mitigated)?.nanoseconds
    lanes.append(
      (
        EvidenceText("devices affected"),
        [.init(start: first, end: end ?? max(last, newest), tone: .bad, isOpen: end == nil)]
      ))
    let blind = blindSpans(context)
    if !blind.isEmpty { lanes.append((EvidenceText("blind"), blind)) }
    for run in context.picture.runs {
      guard lanes.count < maximumLanes, let started = run.started,
        Format.isPlausible(Instant(nanoseconds: started))
      else { continue }
      var spans: [LaneChart.Span] = []
      var begin = started
      if let wait = run.waited, wait.upperBound > wait.lowerBound {
        spans.append(.init(start: wait.lowerBound, end: wait.upperBound, tone: .wait))
        begin = max(started, wait.upperBound)
      }
      spans.append(
        .init(
          start: begin, end: max(begin, run.finished ?? run.last), tone: .act, isOpen: run.finished == nil))
      lanes.append((EvidenceText("run " + run.run, limit: 40), spans))
      for step in run.steps.prefix(6) where lanes.count < maximumLanes {
        lanes.append(
          (
            context.redactor.text(EvidenceText("  " + shortStep(step.id), limit: 40), what: "step"),
            [
              .init(
                start: step.start, end: max(step.start, step.end ?? step.start), tone: .act,
                isOpen: step.end == nil)
            ]
          ))
      }
    }
    guard lanes.count > 1 else { return nil }
    let starts = lanes.flatMap { $0.spans.map(\.start) }
    let ends = lanes.flatMap { $0.spans.map(\.end) }
    guard let low = starts.min(), let high = ends.max() else { return nil }
    var marks: [LineChart.Mark] = []
    for (id, label) in [(MetricID.detected, "known"), (.halted, "halted"), (.ended, "end declared")] {
      if let time = metrics.instant(id), time.nanoseconds >= low, time.nanoseconds <= high {
        marks.append(.init(time: time.nanoseconds, label: label, certainty: metrics[id].certainty))
      }
    }
    let names: [LaneChart.Tone: String] = [
      .bad: "devices affected", .act: "playbook at work", .wait: "waiting for approval", .blind: "no sight",
    ]
    let used = LaneChart.Tone.allCases.filter { tone in
      lanes.contains { $0.spans.contains { $0.tone == tone } }
    }
    let rows = lanes.flatMap { lane in
      lane.spans.map { span -> [Prose] in
        [
          Prose([.foreign(lane.label, .name)]), Prose(stringLiteral: names[span.tone] ?? ""),
          .instant(Instant(nanoseconds: span.start)),
          span.isOpen ? "open" : .instant(Instant(nanoseconds: span.end)),
        ]
      }
    }
    return Chart(
      id: "response-lanes", title: "Response over time",
      description:
        "What was done while devices were affected. Waiting for approval: \(metric: .approvalWait). Blind: \(metric: .blindTime).",
      drawing: .lanes(
        LaneChart(
          lanes: lanes, marks: marks, start: low, end: high + max((high - low) / 50, 1_000_000_000),
          legend: used.map { ($0, names[$0] ?? "") })),
      table: Table("Bars of the chart", ["Lane", "What", "From", "To"], rows))
  }

  /// CACAO step ids are a type and a UUID: the type and the first digits are enough to tell them apart.
  private static func shortStep(_ id: String) -> String {
    guard let mark = id.firstRange(of: "--") else { return id }
    return id[..<mark.lowerBound] + " " + id[mark.upperBound...].prefix(8)
  }

  private static func blindSpans(_ context: SectionContext) -> [LaneChart.Span] {
    guard context.metrics[.blindTime].value.isKnown else { return [] }
    return BlindTime.stretches(context.picture).map {
      .init(start: $0.start.nanoseconds, end: $0.end.nanoseconds, tone: .blind, isOpen: $0.isOpen)
    }
  }
}

/// How devices came back, and how hard they knocked.
enum RecoveryCurve {
  static func chart(_ context: SectionContext) -> Chart? {
    guard let intervals = context.picture.intervals, let first = context.picture.onsetTimes.first else {
      return nil
    }
    guard !intervals.isEmpty else { return nil }
    // A recovery that did not last is none: the last one of each device counts.
    let ends = context.picture.lastIntervals.compactMap { $0.end?.nanoseconds }.sorted()
    guard let last = ends.last, last > first else { return nil }
    let margin = max((last - first) / 25, 1_000_000_000)
    var marks: [LineChart.Mark] = []
    for (id, label) in [
      (MetricID.recovered50, "half"), (.recovered90, "nine in ten"), (.recovered99, "all but one per cent"),
    ] {
      if let time = context.metrics.instant(id) {
        marks.append(.init(time: time.nanoseconds, label: label, certainty: .inferred))
      }
    }
    let rows = [MetricID.recovered50, .recovered90, .recovered99].map { id -> [Prose] in
      [Prose([.label(context.metrics[id].title)]), Prose([.metric(id)])]
    }
    return Chart(
      id: "recovery", title: "Devices recovered over time",
      description:
        "A device counts as recovered from its first routine event after which it went on for ten minutes and nothing bad came; one that failed again counts from its last recovery. Still affected: \(metric: .stillAffected).",
      drawing: .lines(
        LineChart(
          curves: [
            .init(
              name: "recovered",
              points: SpreadCurve.sample(cumulative: ends, from: first - margin, to: last + margin),
              isMain: true)
          ], marks: marks, start: first - margin, end: last + margin, unit: "devices")),
      table: Table("Recovery", ["Share", "Reached"], rows))
  }

  static func attempts(_ context: SectionContext) -> Chart? {
    guard let attempts = context.facts.signals.attempts, attempts.perMinute.count >= 3,
      let first = attempts.perMinute.first?.minute.nanoseconds,
      let last = attempts.perMinute.last?.minute.nanoseconds
    else { return nil }
    let minute: Int64 = 60_000_000_000
    // At most 360 columns, each the largest of its minutes; gaps are zero.
    let column = max(1, (last - first) / minute / 360 + 1)
    var slots = [Int](repeating: 0, count: Int((last - first) / minute / column) + 1)
    for point in attempts.perMinute {
      let slot = Int((point.minute.nanoseconds - first) / minute / column)
      slots[slot] = max(slots[slot], point.count)
    }
    let points = slots.enumerated().map { (first + Int64($0.offset) * minute * column, Double($0.element)) }
    let peak = attempts.perMinute.max { ($0.count, $1.minute) < ($1.count, $0.minute) }
    return Chart(
      id: "reconnect", title: "Connection attempts per minute",
      description:
        "Attempts seen in the evidence; most in one second: \(metric: .reconnectPeak), usual: \(metric: .reconnectUsual).",
      drawing: .lines(
        LineChart(
          curves: [.init(name: "attempts", points: points, isMain: true)],
          marks: context.metrics.instant(.firstEffect).map {
            [.init(time: $0.nanoseconds, label: "first effect", certainty: .inferred)]
          } ?? [], start: first, end: last + minute, unit: "per minute")),
      table: Table(
        "Connection attempts", ["What", "Value"],
        [
          ["Most in one second", Prose([.metric(.reconnectPeak)])],
          ["Usual per second", Prose([.metric(.reconnectUsual)])],
          ["Most in one minute", peak.map { .value(.count($0.count), "per min") } ?? "none"],
          ["Reconnect amplification", Prose([.metric(.reconnectAmplification)])],
        ]))
  }
}
