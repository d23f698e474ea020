import CascadeAnalysis
import IncidentModel

/// A section of the outline: one file each, listed in `AllSections.swift`. It returns blocks, never markup.
protocol ReportSection {
  /// Its number in the outline.
  static var number: Int { get }
  /// A stable name.
  static var id: String { get }
  /// Its title.
  static var title: String { get }
  /// What it says about a case. Never empty: "not determined" and "not provided" are results.
  static func blocks(_ context: SectionContext) -> [Block]
}

/// What a section may use.
struct SectionContext {
  let picture: IncidentPicture
  let metrics: MetricSet
  let options: ReportOptions
  let redactor: Redactor

  var facts: CaseFacts { picture.facts }
  var notes: Annotations { picture.facts.annotations }
  var incident: Incident? { picture.incident }
  /// The origin that the trace holds for more likely than not; below that it is not determined and has only candidates.
  var origin: OriginCandidate? { incident?.origins.first.flatMap { $0.probability >= 0.5 ? $0 : nil } }
  var audience: Audience { options.audience }

  /// A device's name as the audience may see it.
  func device(_ name: String, limit: Int = 96) -> EvidenceText { redactor.name(name, limit: limit) }
  /// Why a section has nothing to tell: no incident, or no time to look for one in.
  var noIncident: Prose {
    picture.isTimeless ? "Nothing could be traced, since no event has a usable time" : "No incident was found"
  }
  /// Text from evidence.
  func evidence(_ bytes: [UInt8]) -> Prose {
    Prose([.foreign(redactor.text(EvidenceText(bytes: bytes), what: "evidence"), .evidence)])
  }
  /// A sentence of the analysis, which may hold names.
  func finding(_ text: String) -> Prose {
    Prose([.foreign(redactor.text(EvidenceText(text), what: "finding"), .finding)])
  }
  /// A list of people's sentences, or "not provided".
  func provided(_ items: [String]?) -> Block {
    guard let items, !items.isEmpty else { return .paragraph(Prose([.notProvided])) }
    return .list(items.prefix(60).map { Prose.provided($0) })
  }

  /// A figure for readers who want it plain: no interval, and one verdict where there is no value.
  func plain(_ id: MetricID) -> Prose {
    let metric = metrics[id]
    switch metric.value {
    case .share(let part, let whole, _): return .value(.share(part, of: whole))
    case .notComputable, .notDetermined: return "not known"
    default: return audience.isPlain || metric.value.isKnown ? Prose([.metric(id)]) : "not known"
    }
  }

  /// Letters, digits and hyphens only: it goes into file names and style sheets.
  var reportID: String {
    let slug = facts.caseName.unicodeScalars.map { scalar -> Character in
      switch scalar {
      case "a"..."z", "A"..."Z", "0"..."9", "-", "_": Character(scalar)
      default: "-"
      }
    }
    let name = options.audience.isRedacted ? "case" : String(slug.prefix(48))
    return (name.isEmpty ? "case" : name) + "-\(options.incident + 1)-\(options.audience.rawValue)"
  }

  var title: EvidenceText {
    // Executives get two pages.
    let limit = audience == .executive ? 100 : 160
    if let title = notes.title, !title.isEmpty { return EvidenceText(title, limit: limit) }
    if options.audience.isRedacted { return EvidenceText("Incident report") }
    return EvidenceText("Postmortem: \(facts.caseName.isEmpty ? "case" : facts.caseName)", limit: 160)
  }
}
