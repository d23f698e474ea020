import CascadeAnalysis
import IncidentModel

/// 1: the incident in at most 150 words, plain.
enum SummarySection: ReportSection {
  static let number = 1
  static let id = "summary"
  static let title = "Summary"

  static func blocks(_ context: SectionContext) -> [Block] {
    let metrics = context.metrics
    guard let incident = context.incident else {
      if context.picture.isTimeless {
        return [
          .paragraph(
            "Nothing could be traced: none of \(metric: .events) from \(metric: .sources) has a usable time. Whether there was an incident is not determined."
          )
        ]
      }
      var blocks: [Block] = [
        .paragraph(
          "No incident was found in the evidence: \(metric: .events) from \(metric: .sources) were read. \(failedAlone(context))That is not a proof that nothing happened."
        )
      ]
      if metrics.count(.events) == 0 {
        blocks.append(.notice("The case holds no events. Nothing about the fleet can be said from it."))
      }
      return blocks
    }
    var blocks: [Block] = [.paragraph(extent(context))]
    let cause = context.audience.isPlain ? plainCause(context, incident) : cause(context, incident)
    if !cause.parts.isEmpty { blocks.append(.paragraph(cause)) }
    blocks.append(.paragraph(outlook(context)))
    if let customer = context.notes.customerImpact, !customer.isEmpty {
      // What people wrote fills what is left of the limit.
      let used = blocks.reduce(3) { sum, block in
        if case .paragraph(let text) = block { sum + words(in: text, context) } else { sum }
      }
      blocks.append(
        .paragraph(
          "For customers: \(Prose.provided(Wording.first(min(context.audience == .executive ? 30 : limit, max(12, limit - used)), wordsOf: customer)))"
        ))
    }
    if let bypassed = metrics.count(.brokenGlass), bypassed > 0, context.audience != .customer,
      case .share(let reviewed, let all, _) = metrics[.glassReviewed].value
    {
      blocks.append(
        .notice(
          "Approval was bypassed (\(metric: .brokenGlass)): a playbook ran on one person's word. Reviewed afterwards: \(.count(reviewed)) of \(.count(all))."
        ))
    }
    if let others = metrics.count(.otherIncidents), others > 0 {
      blocks.append(
        .notice(
          context.audience == .customer
            ? "The evidence shows \(metric: .incidents). This report, and every number in it, is about one of them."
            : "The evidence shows \(metric: .incidents). This report is about one of them; what else there was (\(metric: .otherIncidents)) is left to reports of its own."
        ))
    }
    return blocks
  }

  /// Devices whose failures were not joined to an incident; nothing where there are none.
  private static func failedAlone(_ context: SectionContext) -> Prose {
    guard let alone = context.metrics.count(.unrelatedFailures), alone > 0 else { return "" }
    return "Failures that nothing joins to others: \(metric: .unrelatedFailures). "
  }

  private static let limit = 150

  /// Words of a sentence as they are printed.
  private static func words(in prose: Prose, _ context: SectionContext) -> Int {
    let text = prose.parts.map { part -> String in
      switch part {
      case .words(let text), .label(let text), .strong(let text): text
      case .metric(let id): context.metrics[id].fullText
      case .value(let value, let unit): value.text + " " + unit
      case .foreign(let text, _): text.display
      case .certainty(let certainty): certainty.rawValue
      case .notProvided: "not provided"
      case .section: "section 1"
      case .cite: ""
      }
    }.joined()
    return text.split(separator: " ").count
  }

  /// How many, out of how many, since when.
  private static func extent(_ context: SectionContext) -> Prose {
    let first = context.metrics[.firstEffect]
    let affected = Prose.value(context.metrics[.affected].value)
    var text: Prose = "Of \(metric: .fleet) in the fleet, \(affected) were affected."
    guard let began = context.metrics.instant(.firstEffect) else {
      text.append(" When it began is not determined.")
      return text
    }
    if context.audience.isPlain {
      text.append(" The first failed at \(.instant(began))")
      if let last = context.metrics.instant(.contained) { text.append(", the last at \(.instant(last))") }
      text.append(".")
    } else {
      text.append(
        " The first bad effect was seen at \(metric: .firstEffect)\(cite: first.evidence, of: first.evidenceCount)."
      )
    }
    // Whoever has to decide needs to know that it may go on.
    if context.metrics.instant(.contained) == nil, let last = context.picture.onsets.last?.time,
      let end = context.facts.newestEvidence, end >= last
    {
      text.append(
        " The newest failed at \(.instant(last)), \(.value(.duration(end.nanoseconds - last.nanoseconds))) before the evidence ends: whether more will is not known."
      )
    }
    return text
  }

  /// The cause for readers who decide: no figures of probability, and nothing of the inside for customers.
  private static func plainCause(_ context: SectionContext, _ incident: Incident) -> Prose {
    var text: Prose = ""
    func add(_ sentence: Prose) {
      if !text.parts.isEmpty { text.append(" ") }
      text.append(sentence)
    }
    let trigger = context.metrics[.trigger]
    if let words = context.notes.trigger?.text, !words.isEmpty {
      let said = Wording.first(18, wordsOf: words)
      let stop: Prose = said.last.map { ".!?…".contains($0) } == true ? "" : "."
      add("What started it: \(Prose.provided(said))\(stop)")
    } else if let at = context.metrics.instant(.trigger), !tellsOfChange(context, at) {
      // A person's moment with nothing said of it; a first failure is told above, and is no cause.
      if trigger.certainty == .stated { add("It was started at \(.instant(at)), as a person states.") }
    } else if let at = context.metrics.instant(.trigger) {
      let before = context.picture.onsetTimes.count { $0 < at.nanoseconds }
      let already: Prose =
        "\(.count(before)) of \(metric: .affected) had failed before it"
      // A few that failed for reasons of their own do not acquit a change after which nearly all did.
      if before * 50 > context.picture.affected {
        add(
          "A change went out at \(.instant(at)) (\(trigger.certainty)), but \(already): it cannot have started it."
        )
      } else {
        // Customers learn of no device: the doubt stands without a name.
        let doubt: Prose =
          context.audience == .customer && context.rejectedTrigger != nil
          ? "; whether it started there is disputed" : ""
        if let actor = announcer(context), trigger.certainty != .stated {
          add(
            "It followed a change that \(name: context.device(actor, limit: 48)) announced at \(.instant(at))."
          )
        } else {
          add("It followed a change that went out at \(.instant(at)) (\(trigger.certainty)\(doubt)).")
        }
        if before > 0 { text.append(" \(already), which it does not explain.") }
      }
    }
    if let cause = incident.commonCause, !cause.terms.isEmpty {
      add(
        "Of the \(metric: .causeEarly) that failed first, \(.count(cause.exposedFailed)) \(Prose(stringLiteral: cause.exposedFailed == 1 ? "has" : "have")) \(Wording.terms(cause, context))."
      )
    }
    guard context.audience != .customer else { return text }
    if let origin = context.origin {
      add(
        "Where it started: \(name: context.device(origin.device, limit: 48)), \(context.verdicts.accepted.map { context.words($0.judgement) } ?? Prose(stringLiteral: EstimativeWords.of(origin.probability)))."
      )
    } else {
      add("Where it started is not determined.")
    }
    text.append(saying(context, incident))
    text.append(context.rejectedOrigins())
    return text
  }

  /// True where the trigger is a change that went out, by the evidence; a person's moment may be ten minutes off.
  private static func tellsOfChange(_ context: SectionContext, _ at: Instant) -> Bool {
    let trigger = context.metrics[.trigger]
    return context.picture.tellsOfChange(at, trigger.evidence, isStated: trigger.certainty == .stated)
  }

  /// What started it, as sure as the evidence is.
  private static func cause(_ context: SectionContext, _ incident: Incident) -> Prose {
    var text: Prose = ""
    if let cause = incident.commonCause, !cause.terms.isEmpty {
      text.append(
        "Among the early failures, \(metric: .causeExposedFailed) of \(metric: .causeEarly) have \(Wording.terms(cause, context))."
      )
    }
    if let origin = context.origin {
      text.append(
        "\(text.parts.isEmpty ? "" : " ")Where it started: \(name: context.device(origin.device)) (\(context.verdicts.accepted.map { context.words($0.judgement) } ?? "probability \(metric: .originProbability)"))\(cite: origin.evidence)."
      )
    } else {
      text.append("\(text.parts.isEmpty ? "" : " ")Where it started is not determined.")
    }
    text.append(saying(context, incident))
    text.append(context.rejectedOrigins())
    return text
  }

  /// Who announced the change that it began with, for readers who may learn of devices; nil where nobody is known to have.
  private static func announcer(_ context: SectionContext) -> String? {
    guard context.audience != .customer, let origin = context.origin, origin.method == .change else {
      return nil
    }
    return context.incident?.changes.contains { $0.actor == origin.device } == true ? origin.device : nil
  }

  /// What those that failed say in the same words, where nothing else explains them: often it names what is wrong.
  private static func saying(_ context: SectionContext, _ incident: Incident) -> Prose {
    guard let saying = incident.saying, !context.audience.isRedacted else { return "" }
    let words = Prose([.foreign(EvidenceText(saying.text.replacing("<*>", with: "…"), limit: 120), .evidence)]
    )
    return saying.count >= context.picture.affected
      ? " All of the affected say: \(words)." : " Of the affected, \(.count(saying.count)) say: \(words)."
  }

  /// How it was noticed and how it stands.
  private static func outlook(_ context: SectionContext) -> Prose {
    let metrics = context.metrics
    var text: Prose = ""
    switch metrics[.detected].value {
    case .instant:
      text.append("It was first known at \(metric: .detected) (\(metrics[.detected].certainty)).")
    case .notProvided where context.audience.isPlain:
      text.append("Nobody has written down yet when it was first known.")
    default: text.append("When it was first known is \(metric: .detected).")
    }
    if let open = metrics.count(.stillAffected) {
      text.append(
        open == 0
          ? " Every affected device goes on as usual when the evidence ends, at \(metric: .newestEvidence)."
          : " When the evidence ends, at \(metric: .newestEvidence), \(metric: .stillAffected) \(Prose(stringLiteral: open == 1 ? "is" : "are")) still affected."
      )
    } else {
      text.append(
        context.audience.isPlain
          ? " Whether devices recovered is not known." : " Whether devices recovered is not computable.")
    }
    // Whoever was taken over may well do its work beside.
    if let attackers = metrics.count(.attackers), attackers > 0, context.audience != .customer {
      text.append(
        context.facts.signals.isByContact
          ? " Attacks on others came from \(metric: .attackers), which count as affected until they start anew or are cleaned."
          : " Attacks on others came from \(metric: .attackers): that a device goes on as usual does not show that it is clean."
      )
    }
    switch metrics[.ended].value {
    case .instant: text.append(" The end was declared at \(metric: .ended).")
    case .notComputable where context.notes.end?.at != nil:
      text.append(" The time at which an end was declared is \(metric: .ended).")
    default: text.append(" An end has not been declared.")
    }
    return text
  }
}

extension Prose {
  /// Adds more prose.
  mutating func append(_ other: Prose) { parts += other.parts }
}

/// Phrases that more than one section needs.
enum Wording {
  /// The first words of a text, with an ellipsis where some are left out.
  static func first(_ count: Int, wordsOf text: String) -> String {
    let words = text.split(whereSeparator: \.isWhitespace)
    let kept = words.prefix(count).joined(separator: " ")
    return String(kept.prefix(600)) + (words.count > count || kept.count > 600 ? " …" : "")
  }

  /// `model AX-2 and firmware 2.4.1`, as the audience may see it.
  static func terms(_ cause: CommonCause, _ context: SectionContext) -> Prose {
    var parts: [Inline] = []
    for (index, term) in cause.terms.prefix(6).enumerated() {
      if index > 0 { parts.append(.words(" and ")) }
      parts.append(.foreign(EvidenceText(term.attribute, limit: 60), .name))
      parts.append(.words(" "))
      let limit = context.audience.isPlain ? 48 : 96
      parts.append(.foreign(Wording.value(term.value, of: term.attribute, context, limit: limit), .name))
    }
    return Prose(parts)
  }

  /// The value of an attribute: places become pseudonyms for readers outside, models and firmware stay.
  static func value(
    _ value: String, of attribute: String, _ context: SectionContext, limit: Int = 96
  ) -> EvidenceText {
    isOpen(attribute)
      ? EvidenceText(value, limit: limit) : context.redactor.name(value, kind: "place", limit: limit)
  }

  /// True for attributes whose values name no place, person or device.
  static func isOpen(_ attribute: String) -> Bool {
    let open: Set<String> = [
      "model", "firmware", "version", "hardware", "kind", "type", "class", "vendor", "role", "ring",
      "criticality", "life_safety", "family", "series", "product", "manufacturer", "make", "platform", "os",
      "board",
      "software", "build", "release", "modell", "baureihe", "hersteller", "modèle", "modele", "modelo",
      "fabricant",
      "fabricante", "versión", "versione", "modello",
    ]
    return open.contains(attribute.lowercased())
  }

  /// True for columns whose every value is a name.
  static func namesPlace(_ attribute: String) -> Bool {
    let places: Set<String> = [
      "site", "location", "plant", "building", "region", "customer", "tenant", "owner", "gateway", "city",
      "address", "standort", "gebäude", "gebaeude", "haus", "ort", "kunde", "lieu", "bâtiment", "batiment",
      "client",
      "lugar", "edificio", "cliente", "sede",
    ]
    return places.contains(attribute.lowercased())
  }

  /// A phase of the chain for people.
  static func phase(_ name: Phase.Name) -> String {
    switch name {
    case .trigger: "Trigger"
    case .massUpdate: "Mass update"
    case .deviceFailure: "Devices fail"
    case .cloudOverload: "Cloud overloaded"
    case .connectivityLoss: "Connectivity lost"
    case .monitoringFailure: "Monitoring blind"
    }
  }

  /// What an edge of the spread runs over.
  static func edge(_ kind: SpreadEdge.Kind) -> String {
    switch kind {
    case .link: "a link"
    case .change: "a shared change"
    case .dependency: "a dependency"
    case .overload: "overload"
    }
  }
}
