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
      return blocks + (context.audience == .executive ? ControlSection.doubts(context.facts) : [])
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
    // Elsewhere it stands in front, in the control block.
    if context.audience == .executive { blocks += ControlSection.doubts(context.facts) }
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
    var text: Prose = "Of \(metric: .fleet) in the fleet, \(affected) were affected"
    // Customers learn nothing of the inside.
    if context.audience != .customer, let kinds = context.kinds(4) { text.append(" (\(kinds))") }
    text.append(".\(lives(context))\(showing(context))")
    guard let began = context.metrics.instant(.firstEffect) else {
      text.append(" When it began is not determined.")
      return text
    }
    let last = context.metrics.instant(.contained)
    if context.audience.isPlain, let last, last.nanoseconds - began.nanoseconds < 1_000_000_000,
      context.picture.affected > 1
    {
      text.append(" They failed within a second, at \(.instant(began)).")
    } else if context.audience.isPlain {
      text.append(" The first failed at \(.instant(began))")
      if let last { text.append(", the last at \(.instant(last))") }
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
    text.append(besides(context))
    return text
  }

  /// How many of them are life-safety devices, where the inventory says it of any; customers learn nothing of the inside.
  private static func lives(_ context: SectionContext) -> Prose {
    guard context.audience != .customer, let marked = context.metrics.count(.lifeSafetyAffected), marked > 0
    else { return "" }
    return
      " Of these, \(metric: .lifeSafetyAffected) \(Prose(stringLiteral: marked == 1 ? "is" : "are")) life-safety by the inventory."
  }

  /// How most of them failed, where they said nothing of it.
  private static func showing(_ context: SectionContext) -> Prose {
    let onsets = context.picture.onsets + context.picture.untimed
    let silent = onsets.count { $0.kind == .silence }
    let measured = onsets.count { $0.kind == .metric }
    if silent * 2 > onsets.count {
      return silent == onsets.count ? " All of them fell silent." : " Of them, \(.count(silent)) fell silent."
    }
    guard measured * 2 > onsets.count else { return "" }
    let what = context.audience.isRedacted ? "" : measures(onsets)
    return measured == onsets.count
      ? " What is measured of them left its usual range\(what)."
      : " Of \(.count(measured)) of them, what is measured left its usual range\(what)."
  }

  /// What was measured most often among that which left its range, with how many of whom.
  private static func measures(_ onsets: [Onset]) -> Prose {
    var counts: [Substring: Int] = [:]
    let ending = " left the usual range"
    for onset in onsets where onset.kind == .metric {
      for reason in onset.reasons where reason.hasSuffix(ending) {
        for name in Set(reason.dropLast(ending.count).split(separator: ", ")) {
          counts[name, default: 0] += 1
        }
      }
    }
    let most = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(3)
    guard !most.isEmpty else { return "" }
    var text: Prose = " ("
    for (index, entry) in most.enumerated() {
      text.append(
        "\(index > 0 ? ", " : "")\(name: EvidenceText(String(entry.key), limit: 40)) \(.count(entry.value))")
    }
    text.append(")")
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
      // Who sent it out did not fail before it of something else.
      let sender =
        incident.changes.contains { $0.actor == context.origin?.device } ? context.origin?.device : nil
      let before = context.picture.onsets.count { $0.time < at && $0.device != sender }
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
            Self.isOrder(context, by: actor)
              ? "It followed orders that \(name: context.device(actor, limit: 48)) gave; the first trace of that is of \(.instant(at))."
              : isOwn(trigger.evidence.first, actor, context)
                ? "It followed a change that \(name: context.device(actor, limit: 48)) announced at \(.instant(at))."
                : "It followed a change that came from \(name: context.device(actor, limit: 48)) and was first seen at \(.instant(at))."
          )
        } else {
          add("It followed a change that went out at \(.instant(at)) (\(trigger.certainty)\(doubt)).")
        }
        if before > 0 { text.append(" \(already), which it does not explain.") }
      }
    }
    if let cause = incident.commonCause, !Wording.shownTerms(cause, context).isEmpty {
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
    text.append(origins(context, incident))
    text.append(context.rejectedOrigins())
    text.append(saying(context, incident))
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
    text.append(origins(context, incident))
    text.append(context.rejectedOrigins())
    text.append(saying(context, incident))
    return text
  }

  /// Who announced the change that it began with, for readers who may learn of devices; nil where nobody is known to have.
  private static func announcer(_ context: SectionContext) -> String? {
    guard context.audience != .customer, let origin = context.origin, origin.method == .change else {
      return nil
    }
    return context.incident?.changes.contains { $0.actor == origin.device } == true ? origin.device : nil
  }

  /// Whether those that failed say that they did what somebody ordered.
  private static func isOrder(_ context: SectionContext, by actor: String) -> Bool {
    context.incident?.changes.contains { $0.actor == actor && $0.isOrder } == true
  }

  /// Whether an event, as far as it is known, is of one device: a receipt of a change is not of whoever announced it.
  private static func isOwn(_ event: EventID?, _ device: String, _ context: SectionContext) -> Bool {
    event.flatMap { context.facts.events[$0]?.device }.map { $0 == device } ?? true
  }

  /// What is known of the origin's own failure, else the first of what speaks for it.
  private static func origins(_ context: SectionContext, _ incident: Incident) -> Prose {
    guard let origin = context.origin, !context.audience.isRedacted else { return "" }
    let words = wordsOfOrigin(context, incident)
    guard words.parts.isEmpty, let reason = origin.reasonsFor.first else { return words }
    return " For that: \(finding: EvidenceText(reason, limit: 120))."
  }

  /// What the origin wrote as it began, or others of it: its own failure, or the change that it announced. It often says what happened.
  private static func wordsOfOrigin(_ context: SectionContext, _ incident: Incident) -> Prose {
    guard let origin = context.origin, !context.audience.isRedacted else { return "" }
    let onset = incident.onsets.first { $0.device == origin.device }
    let events = ((onset?.evidence ?? []) + origin.evidence).lazy.compactMap { context.facts.events[$0] }
      .filter { !$0.message.isEmpty }
    func quoted(_ event: CitedEvent) -> Prose {
      "\(evidence: EvidenceText(bytes: event.message, limit: quoteLimit(context)))"
    }
    switch onset?.kind {
    case .silence: return " It fell silent."
    case .reported:
      guard let event = events.first(where: { $0.device != origin.device }), let witness = event.device else {
        return ""
      }
      return " \(name: context.device(witness, limit: 48)) wrote of it: \(quoted(event))."
    case .log, nil:
      guard onset != nil || origin.method == .change,
        let event = events.first(where: { $0.device == origin.device }),
        !said(context, incident).contains(where: { isOne(event.message, of: $0.text) })
      else { return "" }
      return " It wrote: \(quoted(event))."
    case .metric: return ""
    }
  }

  /// Failures of the same time that may belong to it: that nothing joins them does not say that nothing does.
  private static func besides(_ context: SectionContext) -> Prose {
    guard context.audience != .customer, let first = context.picture.onsets.first?.time,
      let last = context.picture.onsets.last?.time
    else { return "" }
    let margin: Int64 = 60_000_000_000
    // In what lasts for hours many a thing fails by chance.
    let limit = last.nanoseconds - first.nanoseconds <= 15 * margin ? 0.8 : 0.5
    let open = context.picture.trace.unrelated.filter {
      ($0.unrelated ?? 1) < limit && $0.time.nanoseconds >= first.nanoseconds - margin
        && $0.time.nanoseconds <= last.nanoseconds + margin
    }
    guard let one = open.first else { return "" }
    let more: Prose = open.count > 1 ? " and \(.count(open.count - 1)) more" : ""
    return
      " In the same time \(name: context.device(one.device, limit: 48))\(more) failed: whether that belongs to it is not determined."
  }

  /// Bytes of a line of the log. Executives get two pages.
  private static func quoteLimit(_ context: SectionContext) -> Int {
    context.audience == .executive ? 96 : 160
  }

  /// Whether a message is of a template, word by word.
  private static func isOne(_ message: [UInt8], of template: String) -> Bool {
    let words = String(decoding: message, as: UTF8.self).split(separator: " ")
    let pattern = template.split(separator: " ")
    return words.count == pattern.count
      && zip(words, pattern).allSatisfy { $0 == $1 || $1.contains("<*>") }
  }

  /// What those that failed say, as the trace found, or else the report.
  private static func said(_ context: SectionContext, _ incident: Incident) -> [FailureWords] {
    guard let saying = incident.saying else { return context.facts.signals.failureWords }
    return [FailureWords(text: saying.text, count: saying.count, severity: nil, event: EventID(rawValue: 0))]
  }

  /// What those that failed say of it. Where most fell silent, their last words are of everyday life.
  private static func saying(_ context: SectionContext, _ incident: Incident) -> Prose {
    guard !context.audience.isRedacted else { return "" }
    let onsets = context.picture.onsets + context.picture.untimed
    guard onsets.count(where: { $0.kind == .silence }) * 2 <= onsets.count else { return "" }
    func quoted(_ text: String) -> Prose {
      "\(evidence: EvidenceText(text.replacing("<*>", with: "…"), limit: quoteLimit(context)))"
    }
    func all(_ text: String, _ count: Int) -> Prose {
      count >= context.picture.affected
        ? " All of the affected say: \(quoted(text))."
        : " Of the affected, \(.count(count)) say: \(quoted(text))."
    }
    let words = said(context, incident)
    guard let first = words.first else { return "" }
    guard words.count > 1 else { return all(first.text, first.count) }
    func grade(_ words: FailureWords) -> Prose {
      words.severity.map { " (\(Prose(stringLiteral: "\($0)")))" } ?? ""
    }
    return
      " Of the affected, \(.count(first.count)) say \(quoted(first.text))\(grade(first)), \(.count(words[1].count)) say \(quoted(words[1].text))\(grade(words[1]))."
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
          ? " All of the affected go on as usual when the evidence ends, at \(metric: .newestEvidence)."
          : " When the evidence ends, at \(metric: .newestEvidence), \(metric: .stillAffected) \(Prose(stringLiteral: open == 1 ? "is" : "are")) still affected."
      )
    } else {
      text.append(
        context.audience.isPlain
          ? " Whether they recovered is not known." : " Whether they recovered is not computable.")
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
