import CascadeAnalysis
import IncidentModel

/// 3: who and what was hit: sites, customers, functions, firmware; safety, data, device-hours.
enum ImpactSection: ReportSection {
  static let number = 3
  static let id = "impact"
  static let title = "Impact"
  private static let shownRows = 15

  static func blocks(_ context: SectionContext) -> [Block] {
    let notes = context.notes
    var blocks: [Block] = []
    /// Executives get two pages: the first lines of what people wrote.
    func words(_ text: String?) -> Prose {
      guard let text, context.audience == .executive, !text.isEmpty else { return .provided(text) }
      return .provided(Wording.first(20, wordsOf: text))
    }
    // Where there is an incident, the summary holds what it meant for customers.
    let isAbove = context.audience == .executive && context.incident != nil && notes.customerImpact != nil
    let customers: Prose = isAbove ? "see \(section: SummarySection.number)" : words(notes.customerImpact)
    if context.incident == nil {
      blocks.append(.paragraph("\(context.noIncident), so no impact can be measured."))
    } else {
      blocks.append(.facts(figures(context)))
    }
    blocks += [
      .heading(context.audience == .customer ? "What it meant" : "What only people know"),
      .facts([
        ("Customers", customers), ("Functions lost", words(notes.functionsLost)),
        ("Safety and harm", words(notes.safety)), ("Data", words(notes.dataImpact)),
      ]),
    ]
    if context.audience == .customer {
      blocks += [.heading("What you can do"), .paragraph(.provided(notes.customerAction))]
      return blocks
    }
    if context.incident != nil { blocks += tables(context) }
    return blocks
  }

  /// How much was hit. Executives have most of it among the key figures; customers are told what concerns them.
  private static func figures(_ context: SectionContext) -> [(term: String, value: Prose)] {
    func figure(_ id: MetricID) -> Prose {
      context.audience.isPlain ? context.plain(id) : Prose([.metric(id)])
    }
    switch context.audience {
    case .customer:
      return [
        ("Affected", figure(.affected)),
        ("Share affected of those that could be hit", figure(.attackRate)),
        ("Still affected", figure(.stillAffected)),
      ]
    case .executive:
      return [
        ("Affected at the worst moment", figure(.peakAffected)),
        ("Failed again after a recovery", figure(.relapsed)),
      ] + lifeSafety(context)
    case .engineer, .regulator:
      return [
        ("Affected", figure(.affected)), ("Exposed", figure(.exposed)), ("Attack rate", figure(.attackRate)),
        ("Peak at once", figure(.peakAffected)), ("Still affected", figure(.stillAffected)),
        ("Failed again", figure(.relapsed)), ("Device-hours lost", figure(.deviceHours)),
        ("Places", figure(.affectedSites)), ("Not in the inventory", figure(.unlistedAffected)),
      ] + lifeSafety(context)
    }
  }

  /// Told where the inventory says it of anybody.
  private static func lifeSafety(_ context: SectionContext) -> [(term: String, value: Prose)] {
    guard context.metrics.count(.lifeSafetyAffected) != nil else { return [] }
    return [("Life-safety", Prose([.metric(.lifeSafetyAffected)]))]
  }

  /// One table for each attribute that says something: few values, or a common cause.
  private static func tables(_ context: SectionContext) -> [Block] {
    let comparison = context.picture.cohorts
    guard !comparison.dimensions.isEmpty else {
      return [.paragraph("No inventory was given, so the impact cannot be split by site, model or firmware.")]
    }
    var blocks: [Block] = [.heading("By attribute")]
    // What the failed share, then what tells most of who was hit, then what readers mostly ask for. Executives get two pages: one
    // attribute, and its first rows.
    let isShort = context.audience == .executive
    let compared = Set(comparison.cohorts.map(\.attribute))
    let told = isShort && context.picture.kinds.areTold ? context.picture.kinds.column : nil
    let kind = told.map { context.facts.inventory.attributes[$0] }
    let shared = Set(context.incident?.commonCause?.terms.map(\.attribute) ?? [])
    // The summary tells executives of the kinds already.
    let known = comparison.dimensions.filter { compared.contains($0) && ($0 != kind || shared.contains($0)) }
    let telling = known.filter { comparison.weights[$0] != nil }
      .sorted { (comparison.weights[$1] ?? 0, $0) < (comparison.weights[$0] ?? 0, $1) }
    let usual = known.filter { isUsual($0) }.sorted {
      ($0.lowercased() == "model" ? 0 : 1) < ($1.lowercased() == "model" ? 0 : 1)
    }
    var dimensions: [String] = []
    for attribute in known.filter({ shared.contains($0) }) + telling
      + (isShort ? usual : known.filter { isUsual($0) })
    where !dimensions.contains(attribute) {
      dimensions.append(attribute)
    }
    // Columns have what names their owners like: where none is a usual one, all are shown that can be compared.
    if dimensions.isEmpty { dimensions = known }
    if isShort, let first = dimensions.first, !shared.contains(first), telling.isEmpty {
      blocks.append(
        .paragraph(
          kind == nil
            ? "No attribute of the inventory sets the affected apart from the others."
            : "Apart from what they are, no attribute of the inventory sets the affected apart from the others."
        ))
    }
    var shown = 0
    for attribute in dimensions where shown < (isShort ? 1 : 6) {
      // What the failed share stands first: later failures of others would bury it.
      let causes = Set(
        (context.incident?.commonCause?.terms ?? []).filter { $0.attribute == attribute }.map(\.value))
      func order(_ cohort: CohortComparison.Cohort) -> (Int, Int, Int) {
        (causes.contains(cohort.value) ? 1 : 0, cohort.affected, cohort.count)
      }
      let cohorts = comparison.cohorts.filter { $0.attribute == attribute }
        .sorted { order($0) != order($1) ? order($1) < order($0) : $0.value < $1.value }
      guard !cohorts.isEmpty else { continue }
      shown += 1
      let rows = cohorts.prefix(isShort ? 4 : shownRows).map { cohort -> [Prose] in
        [
          Prose([.foreign(Wording.value(cohort.value, of: attribute, context), .name)]),
          .count(cohort.affected),
          .count(cohort.count),
          .value(
            .share(
              cohort.affected, of: cohort.count, interval: context.audience.isPlain ? nil : cohort.interval)),
        ]
      }
      blocks.append(
        .table(
          Table(
            "Affected \(context.picture.kinds.noun) for each \(EvidenceText(attribute, limit: 60).display)",
            ["Value", "#Affected", "#Of", "#Rate"], Array(rows),
            omitted: cohorts.count - rows.count)))
    }
    if shown == 0 {
      blocks.append(
        .paragraph(
          "No attribute of the inventory has a group of ten devices or more; smaller ones are not compared."))
    }
    return blocks
  }

  /// Columns that readers mostly ask for.
  private static func isUsual(_ attribute: String) -> Bool {
    let usual: Set<String> = ["model", "firmware", "version", "kind", "type", "customer"]
    return usual.contains(attribute.lowercased()) || PlaceColumns.namesPlace(attribute)
  }
}
