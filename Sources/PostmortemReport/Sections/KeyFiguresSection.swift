import IncidentModel

/// 2: eight key numbers, each with how it was computed.
enum KeyFiguresSection: ReportSection {
  static let number = 2
  static let id = "key-figures"
  static let title = "Key figures"

  static let figures: [MetricID] = [
    .affected, .attackRate, .deviceHours, .ttd, .ttc, .ttr90, .doublingTime, .explained,
  ]

  /// The same for readers who decide, in plain words.
  static let plainFigures: [(id: MetricID, title: String)] = [
    (.affected, "Affected"), (.attackRate, "Share affected of those that could be hit"),
    (.deviceHours, "Hours affected, summed over all of them"), (.ttd, "Time until somebody knew"),
    (.ttc, "Time until nothing new failed"), (.ttr90, "Time until nine in ten were well again"),
    (.stillAffected, "Still affected when the evidence ends"),
    (.affectedSites, "Places affected"),
  ]

  static func blocks(_ context: SectionContext) -> [Block] {
    guard context.incident != nil else {
      return [.paragraph("\(context.noIncident), so there are no figures of one.")]
    }
    guard context.audience.isPlain else { return [.keyFigures(figures)] }
    return [
      .plainFigures(
        plainFigures.map { figure in
          PlainFigure(
            title: figure.title, value: context.plain(figure.id),
            note: note(figure.id, context))
        })
    ]
  }

  /// Why there is no value, in a line; nothing where there is one.
  private static func note(_ id: MetricID, _ context: SectionContext) -> Prose {
    switch context.metrics[id].value {
    case .notComputable(let reason), .notDetermined(let reason):
      return Prose([.value(.words(EvidenceText(plain(reason))), unit: "")])
    case .share(let part, let whole, _): return "\(.count(part)) of \(.count(whole))"
    default: return ""
    }
  }

  /// The last of the reasons: that another figure has no value says nothing to who does not know it.
  private static func plain(_ reason: String) -> String {
    if reason.hasPrefix("“"), reason.hasSuffix("” was not provided") { return "nobody has written down when" }
    guard reason.hasPrefix("“"), let last = reason.ranges(of: "” is not known: ").last else { return reason }
    return String(reason[last.upperBound...])
  }
}
