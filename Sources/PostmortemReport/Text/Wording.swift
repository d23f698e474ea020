import CascadeAnalysis
import IncidentModel

/// Phrases that more than one section needs.
enum Wording {
  /// The first words of a text, with an ellipsis where some are left out.
  static func first(_ count: Int, wordsOf text: String) -> String {
    let words = text.split(whereSeparator: \.isWhitespace)
    let kept = words.prefix(count).joined(separator: " ")
    return String(kept.prefix(600)) + (words.count > count || kept.count > 600 ? " …" : "")
  }

  /// What of a common cause the audience may see: customers learn of no kinds.
  static func shownTerms(_ cause: CommonCause, _ context: SectionContext) -> [CommonCause.Term] {
    context.audience == .customer ? cause.terms.filter { !EntityKinds.namesKind($0.attribute) } : cause.terms
  }

  /// `model AX-2 and firmware 2.4.1`, as the audience may see it.
  static func terms(_ cause: CommonCause, _ context: SectionContext) -> Prose {
    var parts: [Inline] = []
    for (index, term) in shownTerms(cause, context).prefix(6).enumerated() {
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
    return open.contains(attribute.lowercased()) || EntityKinds.namesKind(attribute)
  }

  /// True for columns whose every value is a name.
  static func namesPlace(_ attribute: String) -> Bool {
    let people: Set<String> = ["customer", "tenant", "owner", "gateway", "kunde", "client", "cliente"]
    return PlaceColumns.namesPlace(attribute) || people.contains(attribute.lowercased())
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
