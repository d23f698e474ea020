import IncidentModel

/// 0: which document this is, for whom, how far it has come, and what it was made from.
enum ControlSection: ReportSection {
  static let number = 0
  static let id = "control"
  static let title = "Control block"

  static func blocks(_ context: SectionContext) -> [Block] {
    let facts = context.facts
    var rows: [(term: String, value: Prose)] = [
      ("Report", Prose([.foreign(EvidenceText(context.reportID), .name)])),
      ("Version", .count(context.options.version)),
      ("State", Prose(stringLiteral: (context.notes.state ?? .draft).title)),
      (
        "Marking",
        Prose([.strong(context.options.marking.marking), .words(": " + context.options.marking.meaning)])
      ),
      ("Audience", Prose(stringLiteral: context.audience.rawValue)),
      ("Evidence up to", Prose([.metric(.newestEvidence)])),
    ]
    if !context.options.audience.isRedacted {
      rows.append(("Made by", Prose([.foreign(EvidenceText(facts.toolVersion), .name)])))
      rows.append(("Input digest", Prose([.foreign(EvidenceText(facts.inputDigest), .name)])))
      rows.append(
        (
          "Trace",
          facts.traceNumber.map { Prose([.foreign(EvidenceText("trace@\($0)"), .name)]) }
            ?? "made for this report; none that is stored rests on the same evidence and notes"
        ))
    }
    let roles = context.notes.roles ?? []
    // Executives get two pages.
    let shown = context.audience == .executive ? 4 : 20
    if context.audience != .customer {
      rows.append(
        (
          "Roles",
          roles.isEmpty
            ? Prose([.notProvided])
            : Prose(
              roles.prefix(shown).enumerated().flatMap { index, role -> [Inline] in
                [
                  .words(index == 0 ? "" : "; "), .foreign(EvidenceText(role.role, limit: 60), .person),
                  .words(": "),
                  .foreign(EvidenceText(role.name, limit: 80), .person),
                ]
              }
                + (roles.count > shown
                  ? [.words("; and more: "), .value(.count(roles.count - shown), unit: "")] : []))
        ))
    }
    var blocks: [Block] = [.facts(rows)]
    if context.audience.isRedacted {
      blocks.append(
        .notice("Names of devices and places are replaced by pseudonyms, and text from logs is left out."))
    }
    // Executives read it last, and the doubts with the summary.
    return context.audience == .executive ? blocks : blocks + doubts(facts)
  }

  /// What the report rests on and nothing vouches for, where every reader sees it.
  static func doubts(_ facts: CaseFacts) -> [Block] {
    func names(_ runs: [String]) -> Prose {
      var text = Prose([])
      for (index, run) in runs.prefix(5).enumerated() {
        if index > 0 { text.append(", ") }
        text.append(Prose([.foreign(EvidenceText(run, limit: 60), .name)]))
      }
      if runs.count > 5 { text.append(", and more") }
      return text
    }
    var blocks: [Block] = []
    let zones = facts.sources.count { $0.decisions.contains(where: \.assumesZone) }
    if zones > 0 {
      blocks.append(
        .notice(
          "No time zone is known for the stamps of \(.count(zones)) of \(metric: .sources): they are taken as UTC. Times that rest on them may be off by whole hours."
        ))
    }
    if !facts.alteredRuns.isEmpty {
      blocks.append(
        .notice(
          "The journals of these playbook runs were altered after they were written, and what this report says of the runs is not vouched for: \(names(facts.alteredRuns))."
        ))
    }
    if !facts.runsWithoutRecords.isEmpty {
      blocks.append(
        .notice(
          "Plans of these playbook runs lie beside the case, and its journal has no records of them: they were killed before their first, or the journal was cut. This report says nothing of them: \(names(facts.runsWithoutRecords))."
        ))
    }
    return blocks
  }
}
