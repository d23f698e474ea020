import IncidentModel

/// A report as JSON, schema `firebreak.postmortem/1` (Docs/schemas/postmortem.schema.json).
public enum JSONRenderer {
  /// The file's text.
  public static func render(_ report: Report) -> String {
    var members: [(String, JSONText.Value)] = [
      ("schema", .string("firebreak.postmortem/1")), ("id", .string(report.id)),
      ("title", .string(report.title.display)), ("version", .integer(Int64(report.options.version))),
      ("state", .string(report.state.rawValue)), ("tlp", .string(report.options.marking.marking)),
      ("audience", .string(report.options.audience.rawValue)),
    ]
    if !report.options.audience.isRedacted {
      members += [
        ("tool", .string(EvidenceText(report.toolVersion).display)),
        ("input_digest", .string(EvidenceText(report.inputDigest).display)),
      ]
    }
    if !report.rejectedOrigins.isEmpty {
      members.append(
        (
          "rejected_origins",
          .array(
            report.rejectedOrigins.map { origin in
              .object(
                [
                  ("device", .string(origin.device.display)), ("by", .string(origin.by.display)),
                  ("at", .string(origin.at.rfc3339(fractionDigits: 9))),
                ] + (origin.reason.map { [("reason", .string($0.display))] } ?? []))
            })
        ))
    }
    members += [
      ("metrics", .array(report.shownMetrics.map { metric($0, report) })),
      ("sections", .array(report.sections.map { section($0, report) })),
      (
        "citations", .array(report.citations.enumerated().map { citation($0.offset + 1, $0.element, report) })
      ),
    ]
    return JSONText.render(.object(members))
  }

  private static func metric(_ metric: Metric, _ report: Report) -> JSONText.Value {
    var members: [(String, JSONText.Value)] = [
      ("id", .string(metric.id.rawValue)), ("title", .string(metric.title)),
    ]
    members += value(metric.value)
    members.append(("text", .string(metric.fullText)))
    if !metric.unit.isEmpty { members.append(("unit", .string(metric.unit))) }
    members.append(("formula", .string(metric.formula)))
    members.append(("inputs", .array(metric.inputs.map { .string($0.rawValue) })))
    members.append(
      (
        "certainty",
        .string(metric.certainty == .notDetermined ? "not_determined" : metric.certainty.rawValue)
      ))
    if !report.options.audience.isRedacted {
      if !metric.remark.isEmpty { members.append(("remark", .string(metric.remark))) }
      members.append(("events", .array(metric.evidence.map { .integer($0.rawValue) })))
      members.append(("events_total", .integer(Int64(metric.evidenceCount))))
    }
    return .object(members)
  }

  /// The members that carry a value: `status` says whether there is one, `value` its number in base units.
  private static func value(_ value: MetricValue) -> [(String, JSONText.Value)] {
    func known(_ kind: String, _ value: JSONText.Value, _ atLeast: Bool) -> [(String, JSONText.Value)] {
      [("status", .string("known")), ("kind", .string(kind)), ("value", value)]
        + (atLeast ? [("at_least", .bool(true))] : [])
    }
    switch value {
    case .count(let count, let atLeast): return known("count", .integer(Int64(count)), atLeast)
    case .duration(let nanoseconds, let atLeast):
      return known("seconds", .number(Double(nanoseconds) / 1e9), atLeast)
    case .instant(let instant, let interval):
      return known("instant", .string(instant.rfc3339(fractionDigits: 9)), false)
        + (interval.map {
          [
            ("earliest", .string($0.lowerBound.rfc3339(fractionDigits: 9))),
            ("latest", .string($0.upperBound.rfc3339(fractionDigits: 9))),
          ]
        } ?? [])
    case .share(let part, let whole, let interval):
      var members = known("share", .number(whole > 0 ? Double(part) / Double(whole) : 0), false)
      members += [("part", .integer(Int64(part))), ("whole", .integer(Int64(whole)))]
      if let interval {
        members.append(("interval_95", .array([.number(interval.lowerBound), .number(interval.upperBound)])))
      }
      return members
    case .number(let number, _, let atLeast): return known("number", .number(number), atLeast)
    case .words(let text): return known("text", .string(text.display), false)
    case .notComputable(let reason):
      return [("status", .string("not_computable")), ("reason", .string(reason))]
    case .notDetermined(let reason):
      return [("status", .string("not_determined")), ("reason", .string(reason))]
    case .notProvided: return [("status", .string("not_provided"))]
    }
  }

  private static func section(_ section: Section, _ report: Report) -> JSONText.Value {
    .object([
      ("number", .integer(Int64(section.number))), ("id", .string(section.id)),
      ("title", .string(section.title)),
      ("blocks", .array(section.blocks.map { block($0, report) })),
    ])
  }

  private static func block(_ block: Block, _ report: Report) -> JSONText.Value {
    func object(_ type: String, _ members: [(String, JSONText.Value)]) -> JSONText.Value {
      .object([("type", .string(type))] + members)
    }
    switch block {
    case .paragraph(let text): return object("paragraph", prose(text, report))
    case .notice(let text): return object("notice", prose(text, report))
    case .heading(let title): return object("heading", [("text", .string(title))])
    case .list(let items):
      return object("list", [("items", .array(items.map { .object(prose($0, report)) }))])
    case .facts(let facts):
      return object(
        "facts",
        [("facts", .array(facts.map { .object([("term", .string($0.term))] + prose($0.value, report)) }))])
    case .keyFigures(let ids):
      return object("key_figures", [("metrics", .array(ids.map { .string($0.rawValue) }))])
    case .plainFigures(let figures):
      return object(
        "facts",
        [("facts", .array(figures.map { .object([("term", .string($0.title))] + prose($0.value, report)) }))])
    case .moments(let moments):
      return object(
        "moments",
        [
          (
            "moments",
            .array(
              moments.map { moment in
                .object(
                  (moment.time.map { [("time", .string($0.rfc3339(fractionDigits: 9)))] } ?? []) + [
                    ("title", .string(moment.title)),
                    (
                      "certainty",
                      .string(
                        moment.certainty == .notDetermined ? "not_determined" : moment.certainty.rawValue)
                    ),
                  ] + prose(moment.text, report))
              })
          )
        ])
    case .table(let table): return object("table", self.table(table, report))
    case .chart(let chart):
      return object(
        "chart",
        [
          ("id", .string(chart.id)), ("title", .string(chart.title)),
          ("description", .string(PlainText.of(chart.description, report))),
          ("table", .object(table(chart.table, report))),
        ])
    case .metricRegister: return object("metric_register", [])
    case .citationRegister: return object("citation_register", [])
    }
  }

  /// Text, with the metrics and events that it rests on beside it.
  private static func prose(_ prose: Prose, _ report: Report) -> [(String, JSONText.Value)] {
    var metrics: [JSONText.Value] = []
    var events: [JSONText.Value] = []
    for part in prose.parts {
      switch part {
      case .metric(let id): metrics.append(.string(id.rawValue))
      case .cite(let ids, _) where !report.options.audience.isRedacted:
        events += ids.map { .integer($0.rawValue) }
      default: break
      }
    }
    return [("text", .string(PlainText.of(prose, report)))]
      + (metrics.isEmpty ? [] : [("metrics", .array(metrics))])
      + (events.isEmpty ? [] : [("events", .array(events))])
  }

  private static func table(_ table: Table, _ report: Report) -> [(String, JSONText.Value)] {
    [
      ("caption", .string(table.caption)), ("columns", .array(table.columns.map { .string($0.title) })),
      ("rows", .array(table.rows.map { row in .array(row.map { .string(PlainText.of($0, report)) }) })),
      ("omitted_rows", .integer(Int64(table.omittedRows))),
    ]
  }

  private static func citation(_ number: Int, _ id: EventID, _ report: Report) -> JSONText.Value {
    var members: [(String, JSONText.Value)] = [
      ("number", .integer(Int64(number))), ("event", .integer(id.rawValue)),
    ]
    guard let event = report.events[id] else { return .object(members + [("found", .bool(false))]) }
    if let time = event.time, Format.isPlausible(time) {
      members.append(("time", .string(time.rfc3339(fractionDigits: 9))))
    }
    members.append(("time_quality", .string(event.quality.name)))
    if let device = event.device {
      members.append(("device", .string(EvidenceText(device, limit: 96).display)))
      members.append(("identity_basis", .string(event.basis.name)))
    }
    if let severity = event.severity { members.append(("severity", .string(severity.name))) }
    members += [
      ("message", .string(EvidenceText(bytes: event.message).display)),
      ("file", .string(EvidenceText(event.place.source.path, limit: 400).display)),
      ("members", .array(event.place.source.members.map { .string(EvidenceText($0, limit: 400).display) })),
      ("line", .integer(Int64(clamping: event.place.line))),
      ("byte_offset", .integer(Int64(clamping: event.place.byteOffset))),
      ("byte_length", .integer(Int64(clamping: event.place.byteLength))),
      ("sha256", .string(EvidenceText(event.place.sha256, limit: 64).display)),
      ("decoded_from", .array(event.place.encodings.map { .string($0) })),
    ]
    return .object(members)
  }
}
