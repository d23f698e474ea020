internal import ConsoleOutput
internal import IncidentModel
internal import TimelineStore

/// What the matching events have in common, with counts; each value narrows the question down.
enum FacetList {
  /// Of the list for programs.
  static let name = "facets"

  /// Counts by facet and value: of all matching events, or of a sample of so many.
  static func listing(_ query: EventQuery, _ context: PageContext) throws -> Listing {
    let sites = context.desk.sites(context.reader, try context.reader.state())
    let facets = try context.reader.facets(
      matching: query, attribute: sites, limit: 8_000, seconds: 0.5, top: 1000)
    var listing = Listing(
      name: name, caption: "Facets",
      columns: [.init("facet", "Facet"), .init("value", "Value"), .init("events", "Events", numeric: true)])
    func add(_ facet: String, _ values: EventFacets.Values) {
      listing.rows += values.map { Listing.Row([.words(facet), .foreign($0.value), .number($0.events)]) }
    }
    add("severity", facets.severities)
    if let sites { add(sites.name, facets.attribute) }
    add("device", facets.devices)
    add("program", facets.programs)
    add("template", facets.templates.map { ($0.text, $0.events) })
    add("source", facets.sources)
    add("basis", facets.bases)
    listing.extra = [("counted", .int(facets.counted)), ("is_sample", .bool(!facets.isComplete))]
    return listing
  }

  static func html(_ query: EventQuery, _ question: TimelineQuestion, _ context: PageContext) throws -> HTML {
    let state = try context.reader.state()
    let sites = context.desk.sites(context.reader, state)
    let facets = try context.reader.facets(
      matching: query, attribute: sites, limit: 8_000, seconds: 0.03, top: 8)
    guard facets.counted > 0 else {
      return el(.aside, .class("facets"), .aria("label", "Facets"), text: .empty)
    }
    let base = context.link.without("after", "format", "list")
    func values(_ title: String, _ field: String, _ values: EventFacets.Values) -> HTML {
      group(
        title, values.map { ($0.value, "\(field):\(TimelineQuestion.quoted($0.value))", $0.events) },
        question, base)
    }
    return el(.aside, .class("facets"), .aria("label", "Facets")) {
      el(.p, .class("soft")) {
        HTML.text(
          facets.isComplete
            ? Figures.counted(facets.counted, "event")
            : "Shares of \(Figures.counted(facets.counted, "event")), a sample")
      }
      group(
        "Severity", facets.severities.map { ($0.value, "severity:\($0.value)", $0.events) }, question, base)
      if let sites { values(sites.name.capitalizedFirst, "attr." + sites.name, facets.attribute) }
      values("Device", "device", facets.devices)
      values("Program", "program", facets.programs)
      group("Template", facets.templates.map { ($0.text, "template:\($0.id)", $0.events) }, question, base)
      values("Source", "source", facets.sources)
      group("Vouched for by", facets.bases.map { ($0.value, "basis:\($0.value)", $0.events) }, question, base)
    }
  }

  private static func group(
    _ title: String, _ values: [(value: String, term: String, events: Int64)], _ question: TimelineQuestion,
    _ base: Link
  ) -> HTML {
    guard !values.isEmpty else { return .empty }
    return el(.details, .flag(.open)) {
      el(.summary, text: .text(title))
      el(.ul) {
        for value in values {
          let isOn = question.words.contains(value.term)
          el(.li) {
            if isOn {
              el(
                .a, .href(base.with("q", without(value.term, question.words))), .aria("current", "true"),
                .title("Take this out of the question"),
                text: value.value.isEmpty ? "(empty)" : .foreign(value.value, limit: 90))
            } else {
              let link = base.with("q", with(value.term, question.words))
              if value.value.isEmpty {
                el(.a, .href(link), text: "(empty)")
              } else {
                HTML.foreign(value.value, limit: 90, to: link)
              }
            }
            el(.span, .class("num"), text: .text(Figures.grouped(value.events)))
          }
        }
      }
    }
  }

  private static func with(_ term: String, _ words: String) -> String {
    guard !words.isEmpty else { return term }
    // What stands before binds tighter than an OR in it.
    return (words.contains(" OR ") && !words.hasPrefix("(") ? "(\(words))" : words) + " " + term
  }

  private static func without(_ term: String, _ words: String) -> String? {
    let rest = words.replacing(term, with: "").split(separator: " ").joined(separator: " ")
    return rest.isEmpty ? nil : rest
  }
}

extension String {
  /// With a capital first letter.
  var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
