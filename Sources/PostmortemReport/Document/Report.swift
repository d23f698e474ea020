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
  /// Citation number of an event.
  let citationNumber: [EventID: Int]

  /// Largest number of events that a report cites; the rest of a list is counted, not shown.
  static let maximumCitations = 1500

  /// Makes a report. Same arguments, same report.
  public init(facts: CaseFacts, trace: Trace, options: ReportOptions) {
    let picture = IncidentPicture(facts: facts, trace: trace, incidentIndex: options.incident)
    let metrics = AllMetricFamilies.metrics(of: picture)
    let redactor = Redactor(options, inputDigest: facts.inputDigest)
    let context = SectionContext(picture: picture, metrics: metrics, options: options, redactor: redactor)
    let allowed = options.audience.sections
    let wanted = options.sections.map { allowed.intersection($0) } ?? allowed
    sections = AllSections.list.filter { wanted.contains($0.number) }.map {
      Section(number: $0.number, id: $0.id, title: $0.title, blocks: $0.blocks(context))
    }
    self.metrics = metrics
    self.options = options
    id = context.reportID
    title = options.title.map { EvidenceText($0, limit: 160) } ?? context.title
    state = facts.annotations.state ?? .draft
    toolVersion = facts.toolVersion
    inputDigest = facts.inputDigest
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
