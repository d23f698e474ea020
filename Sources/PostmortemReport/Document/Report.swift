public import CascadeAnalysis
public import IncidentModel

/// A postmortem as a document: a pure function of facts, trace and options. Renderers turn it into HTML, Markdown, JSON.
public struct Report: Sendable {
  /// The id: case, incident, audience; letters, digits and hyphens only.
  public let id: String
  /// Its title.
  public let title: EvidenceText
  /// For whom, marking, version.
  public let options: ReportOptions
  /// draft, in review, final.
  public let state: ReportState
  /// The tool and version.
  public let toolVersion: String
  /// SHA-256 over all input.
  public let inputDigest: String
  /// Sections in order.
  public let sections: [Section]
  /// All metrics.
  public let metrics: MetricSet
  /// Events cited by the sections, in order of first citation; their numbers are positions from 1.
  public let citations: [EventID]
  /// The cited events as far as they are known.
  public let events: [EventID: CitedEvent]
  /// What was replaced for readers outside; never part of a rendering.
  public let redactions: [(kind: String, name: String, pseudonym: String)]
  /// Where analysts say that it did not begin, as the audience may see it; empty for customers, who learn of no device.
  let rejectedOrigins: [(device: EvidenceText, by: EvidenceText, at: Instant, reason: EvidenceText?)]
  /// Citation number of an event.
  let citationNumber: [EventID: Int]

  /// Largest number of events that a report cites; the rest of a list is counted, not shown.
  static let maximumCitations = 1500

  /// Makes a report. Same arguments, same report.
  public init(facts: CaseFacts, trace: Trace, options: ReportOptions) {
    self.init(ReportMaterial(facts: facts, trace: trace, incident: options.incident), options: options)
  }

  /// Makes a report of material that several audiences share. `options.incident` is that of the material.
  public init(_ material: ReportMaterial, options: ReportOptions) {
    var options = options
    options.incident = material.picture.incidentIndex
    let facts = material.picture.facts
    let redactor = Redactor(options, inputDigest: facts.inputDigest)
    redactor.know(material.picture)
    // People's words may hold names, too: they pass the redactor like everything else.
    let metrics = material.metrics.mapWords(redactor.scrubbed)
    let context = SectionContext(
      picture: material.picture, metrics: metrics, options: options, redactor: redactor)
    let allowed = options.audience.sections
    let wanted = options.sections.map { allowed.intersection($0) } ?? allowed
    let chosen = AllSections.list.filter { wanted.contains($0.number) }
    // Who decides reads what happened first, and which document it is last.
    let ordered =
      options.audience == .executive
      ? chosen.filter { $0.number > 0 } + chosen.filter { $0.number == 0 } : chosen
    sections = ordered.map {
      Section(
        number: $0.number, id: $0.id, title: $0.title,
        blocks: options.audience.isRedacted
          ? $0.blocks(context).map { $0.mapProse(redactor.scrubbed) } : $0.blocks(context))
    }
    self.metrics = metrics
    self.options = options
    id = context.reportID
    title = options.title.map { EvidenceText($0, limit: 160) } ?? redactor.scrubbed(context.title)
    state = facts.annotations.state ?? .draft
    toolVersion = facts.toolVersion
    inputDigest = facts.inputDigest
    let isOutside = options.audience.isRedacted
    rejectedOrigins =
      options.audience == .customer
      ? []
      : material.picture.verdicts.rejected.map { verdict in
        let (by, why) = (verdict.judgement.author, verdict.judgement.text)
        return (
          redactor.name(verdict.device),
          isOutside ? redactor.name(by, kind: "person") : EvidenceText(by, limit: 80), verdict.judgement.at,
          options.audience != .engineer || why.isEmpty ? nil : EvidenceText(why, limit: 600)
        )
      }
    redactions = redactor.log
    // Readers outside get no path into the evidence: its bytes and places are internal.
    var order: [EventID] = []
    if !options.audience.isRedacted {
      var seen: Set<EventID> = []
      func cite(_ event: EventID) {
        if order.count < Self.maximumCitations, seen.insert(event).inserted { order.append(event) }
      }
      for section in sections {
        section.blocks.forEachInline { if case .cite(let events, _) = $0 { events.forEach(cite) } }
      }
      for metric in metrics.all { Prose.cited(metric.evidence).forEach(cite) }
    }
    citations = order
    events = facts.events
    var numbers: [EventID: Int] = [:]
    for (index, event) in order.enumerated() { numbers[event] = index + 1 }
    citationNumber = numbers
  }

  /// A report of nothing, for charts that belong to no report.
  static let blank = Report(facts: CaseFacts(), trace: Trace(), options: ReportOptions(sha256: { _ in [] }))

  /// True where section 13 lists figures and cited events.
  var hasRegister: Bool { sections.contains { $0.number == 13 } }

  /// The metrics that this report may show: all where it has the register, else those that its sections use.
  var shownMetrics: [Metric] {
    if hasRegister { return metrics.all }
    var used: Set<MetricID> = [.newestEvidence]
    for section in sections {
      section.blocks.forEachInline { if case .metric(let id) = $0 { used.insert(id) } }
      for case .keyFigures(let ids) in section.blocks { used.formUnion(ids) }
    }
    return metrics.all.filter { used.contains($0.id) }
  }
}

extension [Block] {
  /// Visits every run of text, those inside tables and charts too.
  func forEachInline(_ visit: (Inline) -> Void) {
    func prose(_ prose: Prose) { prose.parts.forEach(visit) }
    func table(_ table: Table) { for row in table.rows { row.forEach(prose) } }
    for block in self {
      switch block {
      case .paragraph(let text), .notice(let text): prose(text)
      case .list(let items): items.forEach(prose)
      case .facts(let facts): facts.forEach { prose($0.value) }
      case .plainFigures(let figures):
        figures.forEach { figure in [figure.value, figure.note].forEach(prose) }
      case .moments(let moments): moments.forEach { prose($0.text) }
      case .table(let content): table(content)
      case .chart(let chart):
        prose(chart.description)
        table(chart.table)
      case .heading, .keyFigures, .metricRegister, .citationRegister: break
      }
    }
  }
}

/// What the reports of one incident share: facts sorted once, and all figures. Making it is the costly part of a report; the same
/// material serves every audience.
public struct ReportMaterial: Sendable {
  var picture: IncidentPicture
  let metrics: MetricSet

  /// Sorts the facts and computes the figures of an incident, counted from 0.
  public init(facts: CaseFacts, trace: Trace, incident: Int = 0) {
    picture = IncidentPicture(facts: facts, trace: trace, incidentIndex: incident)
    metrics = AllMetricFamilies.metrics(of: picture)
  }

  /// People's part as it counts for this incident.
  public var notes: Annotations { picture.facts.annotations }

  /// All figures.
  public var figures: MetricSet { metrics }

  /// Events that reports cite, by id. They change no figure.
  public var events: [EventID: CitedEvent] {
    get { picture.facts.events }
    set { picture.facts.events = newValue }
  }

  /// Files beside the report. They change no figure.
  public var attachments: [Attachment] {
    get { picture.facts.attachments }
    set { picture.facts.attachments = newValue }
  }
}

extension Block {
  /// The same block with every run of text changed.
  func mapProse(_ change: (Prose) -> Prose) -> Block {
    func table(_ table: Table) -> Table {
      var table = table
      table.rows = table.rows.map { $0.map(change) }
      return table
    }
    switch self {
    case .paragraph(let text): return .paragraph(change(text))
    case .notice(let text): return .notice(change(text))
    case .list(let items): return .list(items.map(change))
    case .facts(let facts): return .facts(facts.map { ($0.term, change($0.value)) })
    case .plainFigures(let figures):
      return .plainFigures(
        figures.map { PlainFigure(title: $0.title, value: change($0.value), note: change($0.note)) })
    case .moments(let moments):
      return .moments(
        moments.map {
          var moment = $0
          moment.text = change(moment.text)
          return moment
        })
    case .table(let content): return .table(table(content))
    case .chart(var chart):
      chart.description = change(chart.description)
      chart.table = table(chart.table)
      return .chart(chart)
    case .heading, .keyFigures, .metricRegister, .citationRegister: return self
    }
  }
}
