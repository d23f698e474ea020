import CascadeAnalysis
import IncidentModel

/// What analysts decided about where an incident began. The trace honours it; a report says whose word it is, and since when.
struct OriginVerdicts {
  /// The last word on one entity.
  struct Verdict {
    /// The entity.
    var device: String
    /// Who said what, when and why.
    var judgement: Judgement
    /// The other word before it; nil where there was none.
    var replaced: Judgement?
  }
  /// Entities of which somebody said that it did not begin there, in the order of what was said.
  private(set) var rejected: [Verdict] = []
  /// The word on the first candidate, where somebody accepted it.
  private(set) var accepted: Verdict?

  init(_ trace: Trace, _ incident: Incident?) {
    guard let incident, !trace.judgements.isEmpty else { return }
    func verdict(_ device: String) -> Verdict? {
      trace.judgement(on: "origin:\(device)").map {
        Verdict(device: device, judgement: $0.last, replaced: $0.replaced)
      }
    }
    rejected = trace.rejectedOrigins(in: incident).compactMap(verdict)
    accepted = incident.origins.first.flatMap { verdict($0.device) }.flatMap {
      $0.judgement.isAccepted ? $0 : nil
    }
  }

  /// The word on an entity of which somebody said that it did not begin there.
  func rejection(of device: String?) -> Verdict? { rejected.first { $0.device == device } }

  /// The word on whoever announced the change of a trigger, or failed at that moment where there is no change.
  func rejection(ofTrigger at: Instant, _ evidence: [EventID], _ incident: Incident) -> Verdict? {
    rejected.first { verdict in
      incident.changes.contains {
        $0.actor == verdict.device && ($0.start == at || !Set($0.evidence).isDisjoint(with: evidence))
      } || incident.onsets.contains { $0.device == verdict.device && $0.time == at }
    }
  }
}

extension SectionContext {
  /// What analysts decided about where it began.
  var verdicts: OriginVerdicts { picture.verdicts }

  /// The word on whoever the trigger came from; nil where a person stated the trigger.
  var rejectedTrigger: OriginVerdicts.Verdict? {
    let trigger = metrics[.trigger]
    guard let incident, trigger.certainty != .stated, let at = metrics.instant(.trigger) else { return nil }
    return verdicts.rejection(ofTrigger: at, trigger.evidence, incident)
  }

  /// Who said something, as the audience may see it.
  func person(_ name: String) -> Prose {
    "\(name: audience.isRedacted ? redactor.name(name, kind: "person") : EvidenceText(name, limit: 80))"
  }

  /// `rejected by anna at 2026-04-07 11:20:00 UTC`.
  func words(_ judgement: Judgement) -> Prose {
    "\(Prose(stringLiteral: judgement.isAccepted ? "accepted" : "rejected")) by \(person(judgement.author)) at \(.instant(judgement.at))"
  }

  /// Why. It was written to colleagues and may hold any name, so readers outside do not get it.
  func reason(_ judgement: Judgement) -> Prose {
    guard !judgement.text.isEmpty else { return "none given" }
    return Prose([.foreign(redactor.text(EvidenceText(judgement.text, limit: 600), what: "reason"), .person)])
  }

  /// `anna rejected at 2026-04-07 11:20:00 UTC that it began at ota-hub.`
  func rejection(_ verdict: OriginVerdicts.Verdict, limit: Int = 96) -> Prose {
    "\(person(verdict.judgement.author)) rejected at \(.instant(verdict.judgement.at)) that it began at \(name: device(verdict.device, limit: limit))."
  }

  /// The same, with a blank before each, for the first few; nothing where nobody said so.
  func rejectedOrigins() -> Prose {
    let shown = 2
    var text: Prose = ""
    for verdict in verdicts.rejected.prefix(shown) {
      text.append(" \(rejection(verdict, limit: 48))")
    }
    let more = verdicts.rejected.count - shown
    if more > 0 {
      text.append(" Of \(.count(more)) more the same was said: \(section: CausesSection.number).")
    }
    return text
  }
}
