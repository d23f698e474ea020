internal import ConsoleOutput
internal import IncidentModel
internal import PostmortemReport
internal import TimelineStore

/// What was said when: search, histogram, facets, events.
enum TimelinePage: WebPage {
  static let name = "timeline"
  static let title = "Timeline"

  static func content(_ context: PageContext) throws -> PageContent {
    let question = try TimelineQuestion(context.request)
    let query: EventQuery
    do {
      query = try question.query(context.reader)
    } catch let error as QueryError {
      return try mistake(error, question, context)
    }
    let page = try context.reader.page(
      matching: query, after: question.cursor, order: question.order,
      limit: question.limit(context),
      seconds: context.isForPrograms ? 0.5 : 0.035)
    let listing = try listing(page, question, context)
    // Lists for programs need neither drawing nor, mostly, facets.
    guard !context.isForPrograms else {
      let facets = context.request.field("list") == FacetList.name
      return PageContent(
        title: title, main: .empty,
        listings: [facets ? try FacetList.listing(query, context) : listing])
    }
    let main = try el(.div, .class("timeline")) {
      el(.h1, .class("sr"), text: "Timeline")
      form(question, context)
      try drawing(query, question, context)
      try el(.div, .class("split")) {
        try FacetList.html(query, question, context)
        el(.div, .class("results")) {
          if page.isPartial { partial(page, question) }
          el(.form, .named(.method, "post"), .action(Link("timeline"))) {
            context.hidden()
            listing.html(context)
          }
        }
      }
    }
    return PageContent(
      title: question.words.isEmpty ? title : question.words, main: main, listings: [listing])
  }

  static func act(_ context: PageContext) throws -> Link {
    let request = context.request
    if let number = request.formField("star").flatMap({ Int64($0) }) {
      try toggleStar(EventID(rawValue: number), context)
      return context.back.at("e\(number)")
    }
    if let note = request.formField("retract"), Int64(note) != nil {
      try context.desk.add(context.desk.note(.retraction, value: note, text: "taken back on the page"))
      return context.back
    }
    throw PageError(
      status: 400, title: "The form is empty", words: "It says neither what to star nor what to take back.")
  }

  /// Stars an event, or takes the star back.
  static func toggleStar(_ event: EventID, _ context: PageContext) throws {
    let stars = try context.reader.notes().filter {
      $0.kind == .tag && $0.value == Star.tag && $0.event == event
    }
    guard let last = stars.last else {
      try context.desk.add(context.desk.note(.tag, event: event, value: Star.tag))
      return
    }
    try context.desk.add(context.desk.note(.retraction, value: "\(last.id)"))
  }

  // MARK: Parts

  private static func mistake(_ error: QueryError, _ question: TimelineQuestion, _ context: PageContext)
    throws
    -> PageContent
  {
    guard !context.isForPrograms else { throw error }
    let (line, caret) = error.excerpt()
    return PageContent(
      title: title,
      main: el(.div, .class("timeline")) {
        el(.h1, .class("sr"), text: "Timeline")
        form(question, context)
        el(.div, .class("notice"), .role("alert")) {
          el(.p, text: .foreign(error.message + (error.hint.map { ": " + $0 } ?? ""), limit: 600))
          el(.pre, .class("caret"), text: .text(EvidenceText(line).display + "\n" + caret))
        }
      })
  }

  private static func form(_ question: TimelineQuestion, _ context: PageContext) -> HTML {
    func value(_ instant: Instant?) -> String {
      guard let instant else { return "" }
      return instant.rfc3339(fractionDigits: instant.nanoseconds % 1_000_000_000 == 0 ? 0 : 9)
    }
    return el(.form, .class("ask"), .role("search"), .action(Link("timeline"))) {
      el(.div, .class("row")) {
        el(.label, .class("wide")) {
          el(.span, text: "Search")
          el(
            .input, .type("search"), .name("q"), .id("search"), .value(question.words),
            .named(.placeholder, "severity>=error  device:gw-*  text:\"battery low\""),
            .named(.autocomplete, "off"),
            .named(.spellcheck, "false"))
        }
        el(.button, text: "Search")
      }
      el(.div, .class("row")) {
        el(.label) {
          el(.span, text: "From (UTC)")
          el(
            .input, .name("since"), .value(value(question.since)), .named(.placeholder, "2026-04-07T09:00Z"),
            .named(.autocomplete, "off"))
        }
        el(.label) {
          el(.span, text: "Until (UTC)")
          el(
            .input, .name("until"), .value(value(question.until)), .named(.placeholder, "2026-04-07T10:00Z"),
            .named(.autocomplete, "off"))
        }
        el(.label) {
          el(.span, text: "Order")
          el(.select, .name("order")) {
            el(.option, .value("oldest"), text: "oldest first")
            if question.order == .newestFirst {
              el(.option, .value("newest"), .flag(.selected), text: "newest first")
            } else {
              el(.option, .value("newest"), text: "newest first")
            }
          }
        }
        if question.since != nil || question.until != nil {
          el(
            .a, .href(context.link.without("since", "until", "after")), .class("button quiet"),
            text: "All times")
        }
      }
    }
  }

  private static func drawing(_ query: EventQuery, _ question: TimelineQuestion, _ context: PageContext)
    throws
    -> HTML
  {
    guard let found = try context.reader.quickHistogram(matching: query, maximumBins: 200, events: 25_000)
    else {
      return .empty
    }
    let state = try context.reader.state()
    let marks = try context.desk.trace(state, patience: 0.02).view?.marks ?? []
    let (start, end) = (
      found.histogram.start,
      found.histogram.start.adding(nanoseconds: found.histogram.span * Int64(found.histogram.bins.count))
    )
    let svg = PageHistogram.svg(
      id: "histogram", title: "Events over time",
      description:
        "Events, and among them errors, in spans of \(Figures.duration(seconds: Double(found.histogram.span) / 1e9)).",
      start: start, span: found.histogram.span,
      bins: found.histogram.bins.map { .init(events: $0.events, errors: $0.errors) },
      marks: marks.filter { $0.time >= start && $0.time < end }, isFaint: !found.isExact)
    return Figure.of(
      svg, "Events over time",
      found.isExact
        ? "Draw over a stretch to see only that. The accent colour marks errors and worse."
        : "All events of this time: too many to count those that match. Draw over a stretch to see only that.",
      brush: context.link.without("since", "until", "after", "format", "list"))
  }

  private static func partial(_ page: EventPage, _ question: TimelineQuestion) -> HTML {
    let place = page.next?.time.map { "\(Moment.words($0)) UTC" } ?? "here"
    return el(.p, .class("notice"), .role("status")) {
      HTML.text(
        question.order == .oldestFirst
          ? "Searched up to \(place) so far; there may be more behind it."
          : "Searched back to \(place) so far; there may be more before it.")
    }
  }

  private static func listing(_ page: EventPage, _ question: TimelineQuestion, _ context: PageContext) throws
    -> Listing
  {
    let tags = Star.tags(try context.reader.notes())
    var listing = EventListing.make(
      name: "timeline", caption: "Events", events: page.events, tags: tags, back: context.link)
    listing.next = page.next.map { context.link.with("after", TimelineQuestion.text($0)) }
    listing.empty =
      page.isPartial
      ? "Nothing up to here."
      : question.words.isEmpty && question.since == nil ? "The case has no events yet." : "No event matches."
    return listing
  }
}

/// Events as a list: the same columns wherever they are.
enum EventListing {
  static func make(
    name: String, caption: String, events: [TimelineEvent], tags: [EventID: [String]], back: Link,
    current: EventID? = nil, canStar: Bool = true
  ) -> Listing {
    var listing = Listing(
      name: name, caption: caption,
      columns: [
        .init("star", "", pageOnly: true), .init("time", "Time (UTC)"), .init("severity", "Severity"),
        .init("device", "Device"), .init("program", "Program", minor: true), .init("message", "Message"),
        .init("tags", "Tags", minor: true), .init("id", "Event", numeric: true, minor: true),
      ])
    if !canStar { listing.columns.removeFirst() }
    listing.rows = events.map { event in
      let own = tags[event.id] ?? []
      let isStarred = own.contains(Star.tag)
      let link = Link("event", "\(event.id.rawValue)")
      var cells: [Cell] = [
        .time(event.time), severity(event.severity),
        event.device.map { .link(Link("fleet", query: [("device", $0)]), $0, limit: 60) } ?? .foreign(nil),
        .foreign(event.program, limit: 40), message(event, link),
        .foreign(own.filter { $0 != Star.tag }.joined(separator: " "), limit: 80),
        Cell(
          html: el(.a, .href(link), text: "\(event.id.rawValue)"), value: .int(event.id.rawValue)),
      ]
      if canStar { cells.insert(star(event.id, isStarred), at: 0) }
      let look =
        (event.severity.map { $0 <= .error } ?? false ? "bad " : "") + (event.id == current ? "current" : "")
      return Listing.Row(cells, id: "e\(event.id.rawValue)", look: look.trimmingBlanks())
    }
    return listing
  }

  private static func star(_ event: EventID, _ isStarred: Bool) -> Cell {
    .shown(
      el(
        .button, .class(isStarred ? "star on" : "star"), .name("star"), .value("\(event.rawValue)"),
        .aria(
          "label", isStarred ? "Take the star off event \(event.rawValue)" : "Star event \(event.rawValue)"),
        .aria("pressed", isStarred ? "true" : "false"), text: isStarred ? "★" : "☆"))
  }

  static func severity(_ severity: Severity?) -> Cell {
    guard let severity else { return Cell(html: .empty, value: .null) }
    let look = severity <= .error ? "sev bad" : severity == .warning ? "sev warn" : "sev"
    return Cell(html: el(.span, .class(look), text: .text(severity.name)), value: .string(severity.name))
  }

  private static func message(_ event: TimelineEvent, _ link: Link) -> Cell {
    let shown = EvidenceText(bytes: event.messageBytes, limit: 400)
    return Cell(
      html: el(
        .a, .href(link), .class("message"),
        text: shown.text.isEmpty ? "(empty)" : .foreign(bytes: event.messageBytes, limit: 400)),
      value: .string(EvidenceText(bytes: event.messageBytes, limit: 1 << 20).text))
  }
}
