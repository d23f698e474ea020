import CascadeAnalysis
import IncidentModel

/// 13: full lists or where they lie, evidence register, cited events, definitions, limits, versions.
enum AppendixSection: ReportSection {
  static let number = 13
  static let id = "appendix"
  static let title = "Appendices"
  private static let shownDevices = 200
  private static let shownSources = 200

  static func blocks(_ context: SectionContext) -> [Block] {
    var blocks: [Block] = [.heading("How every figure is computed"), .metricRegister]
    blocks += devices(context)
    if !context.audience.isRedacted {
      blocks += [.heading("Cited events"), .citationRegister]
    }
    blocks += evidenceRegister(context)
    blocks += clocks(context)
    blocks += attachments(context)
    blocks += [
      .heading("Words"),
      .facts([
        ("Observed", "Stands in the evidence as it is."),
        ("Inferred", "Follows from the evidence by a rule or a model that this report names."),
        ("Stated", "A person says so, in the notes of the case."),
        ("Not determined", "The evidence was looked at and does not say."),
        ("Not computable", "A figure has no value here, for the reason given."),
        ("Not provided", "Only people know, and nobody has written it down yet."),
      ]),
    ]
    return blocks
  }

  private static func devices(_ context: SectionContext) -> [Block] {
    let onsets = context.picture.onsets + context.picture.untimed
    guard !onsets.isEmpty else { return [] }
    var recovery: [String: AffectedInterval] = [:]
    for interval in context.picture.intervals ?? [] { recovery[interval.device] = interval }
    let rows = onsets.prefix(shownDevices).map { onset -> [Prose] in
      let back = recovery[onset.device]
      return [
        "\(name: context.device(onset.device))\(cite: Array(onset.evidence.prefix(1)))", .instant(onset.time),
        Prose(stringLiteral: onset.kind.rawValue),
        .value(.finite(min(1, max(0, onset.probability)), digits: 2)),
        Prose(stringLiteral: words(onset.basis)),
        back == nil ? "not determined" : back?.end.map { .instant($0) } ?? "still affected",
      ]
    }
    return [
      .heading("Affected devices"),
      .table(
        Table(
          "Affected devices in the order of their onsets",
          ["Device", "Onset", "Seen by", "#Probability", "Identity", "Recovered"], Array(rows),
          omitted: onsets.count - rows.count)),
    ]
  }

  private static func words(_ basis: IdentityBasis) -> String {
    switch basis {
    case .authenticated: "authenticated"
    case .network: "network address"
    case .selfAsserted: "self-asserted"
    case .path: "file path"
    case .none: "none"
    }
  }

  private static func evidenceRegister(_ context: SectionContext) -> [Block] {
    let facts = context.facts
    var blocks: [Block] = [
      .heading("Evidence register"),
      .facts([
        ("Sources", Prose([.metric(.sources)])), ("Bytes", Prose([.metric(.bytes)])),
        ("Events", Prose([.metric(.events)])),
        ("Could not be read", Prose([.metric(.parseFailureShare)])),
        ("Refused lines", Prose([.metric(.refusedLines)])),
        ("Damaged bytes", Prose([.metric(.damagedBytes)])),
        ("Without a usable time", Prose([.metric(.eventsWithoutTime)])),
        ("Time partly inferred", Prose([.metric(.inferredTimes)])),
        ("Oldest", Prose([.metric(.oldestEvidence)])),
        ("Newest", Prose([.metric(.newestEvidence)])),
      ]),
    ]
    guard !facts.sources.isEmpty else {
      blocks.append(.paragraph("The register is empty: no source was ingested."))
      return blocks
    }
    func number(_ value: UInt64) -> Prose { .count(Int(clamping: value)) }
    let shown = Array(facts.sources.prefix(shownSources))
    let rows = shown.map { source -> [Prose] in
      let tally = source.bytesBy
      return [
        Prose([.foreign(place(source.description, context), .name)]),
        Prose([.foreign(EvidenceText(source.sha256), .name)]),
        Prose([.foreign(EvidenceText(source.format, limit: 40), .name)]), number(source.bytes),
        number(tally.events),
        number(tally.continuations), number(tally.blanks), number(tally.structure), number(tally.refused),
        number(tally.damaged), number(source.linesBy.events), number(source.linesBy.refused),
      ]
    }
    blocks.append(
      .table(
        Table(
          "Every source, and what became of its bytes",
          [
            "File and member", "SHA-256", "Format", "#Bytes", "#Events", "#Continued", "#Blank", "#Structure",
            "#Refused", "#Damaged", "#Event lines", "#Refused lines",
          ], rows, omitted: facts.sources.count - rows.count)))
    let damage = facts.sources.flatMap { source in source.damage.map { (source, $0) } }
    if !damage.isEmpty {
      let shown = damage.prefix(100).map { source, damage -> [Prose] in
        [
          Prose([.foreign(place(source.description, context), .name)]),
          Prose([.foreign(EvidenceText(damage.kind, limit: 60), .name)]),
          "\(.count(Int(clamping: damage.offset)))\(damage.inContainer ? " (compressed)" : "")",
          damage.length.map { .count(Int(clamping: $0)) } ?? "unknown", context.finding(damage.note),
        ]
      }
      blocks.append(
        .table(
          Table(
            "Damage", ["Source", "Kind", "#At byte", "#Bytes", "What"], Array(shown),
            omitted: damage.count - shown.count)))
    }
    let decisions = facts.sources.flatMap { source in source.decisions.map { (source, $0) } }
    if !decisions.isEmpty, !context.audience.isRedacted {
      let shown = decisions.prefix(100).map { source, decision -> [Prose] in
        [
          Prose([.foreign(place(source.description, context), .name)]), context.finding(decision.subject),
          context.finding(decision.value), context.finding(decision.reason),
        ]
      }
      blocks.append(
        .table(
          Table(
            "Decisions that could have been others", ["Source", "About", "Decided", "Because"], Array(shown),
            omitted: decisions.count - shown.count)))
    }
    return blocks
  }

  /// File and member chain; a pseudonym for readers outside.
  static func place(_ source: SourceDescription, _ context: SectionContext) -> EvidenceText {
    let path = source.name
    return context.audience.isRedacted
      ? context.redactor.name(path, kind: "source") : EvidenceText(path, limit: 400)
  }

  private static func clocks(_ context: SectionContext) -> [Block] {
    let skews = context.picture.trace.clockSkews.sorted {
      (abs($1.seconds), $0.device) < (abs($0.seconds), $1.device)
    }
    guard !skews.isEmpty else { return [] }
    let rows = skews.prefix(40).map { skew -> [Prose] in
      [
        Prose([.foreign(context.device(skew.device), .name)]), .value(.finite(skew.seconds, digits: 1), "s"),
        .value(.finite(skew.error, digits: 1), "s"), .count(skew.pairs),
      ]
    }
    return [
      .heading("Clocks"),
      .table(
        Table(
          "How far devices' clocks were off; positive is ahead",
          ["Device", "#Skew", "#Error", "#Pairs of events"],
          Array(rows), omitted: skews.count - rows.count)),
    ]
  }

  private static func attachments(_ context: SectionContext) -> [Block] {
    guard !context.facts.attachments.isEmpty, !context.audience.isRedacted else { return [] }
    let rows = context.facts.attachments.map { file -> [Prose] in
      [
        Prose([.foreign(EvidenceText(file.name), .name)]),
        Prose([.foreign(EvidenceText(file.title), .finding)]),
        .count(file.rows),
        .count(Int(clamping: file.bytes)), Prose([.foreign(EvidenceText(file.sha256, limit: 64), .name)]),
      ]
    }
    return [
      .heading("Files beside this report"),
      .table(Table("Full lists", ["File", "Holds", "#Rows", "#Bytes", "SHA-256"], rows)),
    ]
  }
}
