import CascadeAnalysis
import IncidentModel

/// 5: trigger, candidates for the root cause with evidence for and against, factors, what was ruled out, what is open.
enum CausesSection: ReportSection {
  static let number = 5
  static let id = "causes"
  static let title = "Causes"

  static func blocks(_ context: SectionContext) -> [Block] {
    var blocks: [Block] = []
    if context.incident == nil {
      blocks.append(.paragraph("\(context.noIncident), so there is no cause of one to be told."))
    } else {
      blocks.append(.heading("Trigger"))
      blocks.append(.paragraph(trigger(context)))
      blocks.append(.heading("What the early failing devices share"))
      blocks += commonCause(context)
      blocks.append(.heading("Candidates for the origin"))
      blocks += origins(context) + rejected(context)
      blocks.append(.heading("Changes before the failures"))
      blocks += changes(context)
    }
    if !context.picture.statedFacts.isEmpty {
      blocks.append(.heading("Events that analysts know of"))
      blocks.append(
        .list(
          context.picture.statedFacts.prefix(40).map {
            "\(.instant($0.start)), \(Certainty.stated): \(context.finding($0.template))"
          }))
    }
    if context.incident != nil {
      blocks.append(.heading("How the change went out"))
      blocks += process(context)
    }
    let attacks: [(term: String, value: Prose)] =
      context.incident == nil
      ? []
      : [
        ("Attacks on others", Prose([.metric(.attacks)])),
        ("Devices that attacked", Prose([.metric(.attackers)])),
      ]
    blocks.append(.heading("Harm done to others"))
    blocks.append(.facts(attacks + [("What people know of it", .provided(context.notes.harmToOthers))]))
    blocks.append(.heading("Contributing factors"))
    blocks += factors(context)
    blocks.append(.heading("Ruled out"))
    blocks.append(context.provided(context.notes.ruledOut))
    blocks.append(.heading("Still open"))
    blocks.append(context.provided(context.notes.openQuestions))
    if !context.picture.trace.caveats.isEmpty {
      blocks.append(.heading("Limits of the analysis"))
      blocks.append(.list(context.picture.trace.caveats.prefix(20).map { context.finding($0) }))
    }
    return blocks
  }

  private static func trigger(_ context: SectionContext) -> Prose {
    let metric = context.metrics[.trigger]
    guard metric.value.isKnown else { return "The trigger is \(metric: .trigger)." }
    if let verdict = context.rejectedTrigger {
      return
        "\(metric: .trigger), \(metric.certainty)\(cite: metric.evidence, of: metric.evidenceCount).\(MomentList.quote(metric.evidence, context)) \(context.rejection(verdict))"
    }
    return
      "\(metric: .trigger), \(metric.certainty)\(cite: metric.evidence, of: metric.evidenceCount).\(metric.certainty == .stated && !metric.remark.isEmpty ? " \(person: EvidenceText(metric.remark))" : MomentList.quote(metric.evidence, context))"
  }

  private static func commonCause(_ context: SectionContext) -> [Block] {
    guard let cause = context.incident?.commonCause, !cause.terms.isEmpty else {
      return [.paragraph("What they share is \(verdict(.causeProbability, context)).")]
    }
    let listed = context.picture.carriers?.count
    let without = listed.map { context.facts.inventory.count - $0 }
    // Who was not at risk is left out of the comparison: said where it makes a difference, so that a count over the inventory agrees.
    var population: Prose = ""
    if let listed, let without, listed != cause.exposed || without != cause.others {
      population =
        " The inventory has \(metric: .causeListed) with it and \(.count(without)) without: the comparison leaves out those of another kind than the ones that failed, and those that failed in another incident."
    }
    return [
      .paragraph(
        "\(Wording.terms(cause, context)), with a probability of \(metric: .causeProbability). Of \(metric: .causeExposed) at risk with it, \(metric: .causeExposedFailed) failed early; of \(metric: .causeOthers) at risk without it, \(metric: .causeOthersFailed). Relative risk: \(metric: .causeRelativeRisk).\(population)"
      ),
      .paragraph("A shared attribute is a correlation: it says whom it hit, and hints at why."),
    ]
  }

  private static func origins(_ context: SectionContext) -> [Block] {
    guard let incident = context.incident, !incident.origins.isEmpty else {
      return [.paragraph("Where it started is \(verdict(.originProbability, context)).")]
    }
    func sentences(_ list: [String], _ events: [EventID], none: Prose) -> Prose {
      guard !list.isEmpty || !events.isEmpty else { return none }
      var text: Prose = ""
      for sentence in list.prefix(4) {
        if !text.parts.isEmpty { text.append(" ") }
        text.append(context.finding(sentence))
      }
      text.append("\(cite: events)")
      return text
    }
    let rows = incident.origins.prefix(5).map { origin -> [Prose] in
      [
        Prose([.foreign(context.device(origin.device), .name)]),
        // What is not nothing is not shown as nothing.
        origin.probability > 0 && origin.probability < 0.005
          ? "< 0.01" : .value(.finite(min(1, max(0, origin.probability)), digits: 2)),
        sentences(origin.reasonsFor, origin.evidence, none: "none stated"),
        sentences(origin.reasonsAgainst, origin.counterEvidence, none: "none found"),
      ]
    }
    // The reason quotes the evidence: not for those who are to read no names of it.
    let unseen = context.audience.isRedacted ? nil : incident.unseenOrigin
    let verdict: [Block] =
      unseen.map {
        [
          .paragraph(
            "Rather with something that is not in the evidence (\(.value(.finite($0.probability, digits: 2)))): \(context.finding($0.reason))\(cite: $0.evidence) The first ones in the evidence are listed."
          )
        ]
      }
      ?? (context.origin == nil
        ? [.paragraph("Not determined: no candidate is more likely than not. The first ones are listed.")]
        : [])
    return verdict + [
      .table(
        Table(
          "Candidates for where it started, most probable first",
          ["Device", "#Probability", "For", "Against"], Array(rows),
          omitted: incident.origins.count - rows.count))
    ]
  }

  /// Whom analysts do not take for the origin: no candidate any more, whatever the evidence says.
  private static func rejected(_ context: SectionContext) -> [Block] {
    let verdicts = context.verdicts.rejected
    guard !verdicts.isEmpty else { return [] }
    let wasOtherwise = verdicts.contains { $0.replaced != nil }
    let rows = verdicts.prefix(20).map { verdict -> [Prose] in
      [
        "\(name: context.device(verdict.device))", context.person(verdict.judgement.author),
        .instant(verdict.judgement.at), context.reason(verdict.judgement),
      ] + (wasOtherwise ? [verdict.replaced.map { context.words($0) } ?? "nothing said"] : [])
    }
    return [
      .table(
        Table(
          "Rejected by analysts: it did not begin there, as they state",
          ["Device", "By", "At", "Because"] + (wasOtherwise ? ["Before that"] : []), Array(rows),
          omitted: verdicts.count - rows.count))
    ]
  }

  private static func changes(_ context: SectionContext) -> [Block] {
    guard let incident = context.incident, !incident.changes.isEmpty else {
      return [.paragraph("No change event was found before the failures.")]
    }
    let onset = Dictionary(
      context.picture.onsets.map { ($0.device, $0.time) }, uniquingKeysWith: { first, _ in first })
    let rows = incident.changes.prefix(8).map { change -> [Prose] in
      [
        .instant(change.start),
        change.actor.map { Prose([.foreign(context.device($0), .name)]) } ?? "nobody named",
        "\(context.evidence(Array(change.template.utf8)))\(cite: change.evidence)",
        .count(change.devices.count),
        .count(change.devices.count { onset[$0].map { $0 >= change.start } ?? false }),
        Prose(stringLiteral: context.picture.causes.bearing(of: change, on: context.picture)),
      ]
    }
    return [
      .table(
        Table(
          "Kinds of message that tell of a change, with the devices seen to receive it and those of them that failed afterwards, at any time",
          [
            "First seen", "Announced by", "What", "#Received by", "#Of them failed",
            "Bearing on the failures",
          ],
          Array(rows),
          omitted: incident.changes.count - rows.count))
    ]
  }

  /// Facts of the process: computed where the evidence says them, a person's answer where it cannot.
  private static func process(_ context: SectionContext) -> [Block] {
    let facts: [(term: String, id: MetricID)] = [
      ("Received by", .changeReceivers), ("Reached, by estimate", .changeReached),
      ("Receivers that failed, at any time", .changeReceiversFailed),
      ("Receivers that failed early", .changeEarlyFailedShare),
      ("Others that failed early", .changeOthersEarlyFailedShare),
      ("Failed by the change itself", .changeItself), ("Change to first effect", .soak),
      ("Change to last failure", .rolloutTime), ("Build to the last receiver", .buildToAll),
      ("Stages", .stages), ("First stage", .canary), ("Soak after it", .stagePause),
      ("Received it after the first failure", .receiptsAfterEffect), ("Rule that halts", .haltRule),
      ("Image to go back to", .rollbackImage),
    ]
    // Where no change explains the failures, one sentence says so for all that hangs on one.
    let reason = context.metrics[.changeReceivers].value
    guard case .notDetermined = reason else {
      return [.facts(facts.map { ($0.term, Prose([.metric($0.id)])) })]
    }
    let said = facts.filter { context.metrics[$0.id].value != reason }
    var without: Prose = "How a change went out is \(metric: .changeReceivers). That leaves open:"
    for (index, fact) in facts.filter({ context.metrics[$0.id].value == reason }).enumerated() {
      without.append(Prose([.words(index == 0 ? " " : "; "), .label(fact.term.lowercased())]))
    }
    without.append(".")
    return [.paragraph(without)]
      + (said.isEmpty ? [] : [.facts(said.map { ($0.term, Prose([.metric($0.id)])) })])
  }

  /// "not determined", with the reason that a figure gives; never its value.
  private static func verdict(_ id: MetricID, _ context: SectionContext) -> Prose {
    context.metrics[id].value.isKnown ? "not determined" : Prose([.metric(id)])
  }

  private static func factors(_ context: SectionContext) -> [Block] {
    let drawers = [
      ("started", "Started it"), ("spread", "Let it spread"), ("hid", "Hid it"),
      ("slowed", "Slowed the recovery"),
    ]
    let given = context.notes.factors ?? []
    var facts: [(term: String, value: Prose)] = []
    for (effect, title) in drawers {
      let texts = given.filter { $0.effect == effect }.prefix(12)
      var value = Prose([])
      for factor in texts {
        if !value.parts.isEmpty { value.append(" ") }
        value.append(.provided(factor.text))
      }
      facts.append((title, value.parts.isEmpty ? Prose([.notProvided]) : value))
    }
    let others = given.filter { factor in !drawers.contains { $0.0 == factor.effect } }
    for factor in others.prefix(12) { facts.append(("Other", .provided(factor.text))) }
    return [.facts(facts)]
  }
}
