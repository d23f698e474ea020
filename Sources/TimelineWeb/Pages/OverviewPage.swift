internal import CascadeAnalysis
internal import ConsoleOutput
internal import IncidentModel
internal import PostmortemReport
internal import TimelineStore

/// Where the incident stands, at a glance.
enum OverviewPage: WebPage {
  static let name = ""
  static let title = "Overview"

  static func content(_ context: PageContext) throws -> PageContent {
    let reader = context.reader
    let state = try reader.state()
    let trace = try context.desk.trace(state, patience: context.isForPrograms ? Desk.pageSeconds : 0.015)
    let view = trace.view
    var isLoading = false
    if case .loading = trace { isLoading = true }
    let totals = try reader.evidenceTotals()
    let devices = try context.desk.once("device counts", state) { try reader.deviceCounts() }
    let notes = try context.desk.services.annotations(reader)
    var figures: [(key: String, title: String, value: Cell, link: Link?)] = [
      ("events", "Events", .number(state.events), Link("timeline")),
      ("devices", "Devices that speak", .number(devices.speaking), Link("fleet")),
      ("silent", "Listed, but silent", .number(devices.silent), Link("fleet", query: [("show", "silent")])),
    ]
    if let incident = view?.incident {
      figures.append(("failed", "Failed", .number(incident.onsets.count), Link("cascade")))
      figures.append(
        ("unexplained", "Nothing explains", .number(view?.forest?.unexplained.count ?? 0), Link("cascade")))
    }
    figures += [
      ("sources", "Sources", .number(totals.sources), Link("evidence")),
      ("refused_lines", "Refused lines", .number(totals.refusedLines), Link("evidence", "refused")),
      ("damage", "Places of damage", .number(totals.damage), Link("evidence", "damage")),
    ]
    let listing = Listing(
      name: "overview", caption: "Figures",
      columns: [.init("figure", "Figure"), .init("value", "Value", numeric: true)],
      rows: figures.map { Listing.Row([.words($0.key), $0.value]) })
    let main = try el(.div, .class("overview")) {
      if isLoading { reading() } else { try status(view, state, reader) }
      el(.ul, .class("figures")) {
        for figure in figures {
          el(.li, .class("figure")) {
            el(.p, .class("name"), text: .text(figure.title))
            el(
              .p, .class("value"),
              text: figure.link.map { figure.value.with(link: $0).html } ?? figure.value.html)
          }
        }
      }
      if let view { spread(view) }
      try activity(context)
      try el(.div, .class("columns")) {
        clocks(notes, now: context.desk.services.now)
        try quality(context, view, totals)
      }
      try recent(context)
    }
    return PageContent(
      title: "Overview", main: main,
      listings: [listing, ClockList.listing(notes), NoteList.listing(try shownNotes(reader))],
      again: isLoading ? 1 : nil)
  }

  private static func reading() -> HTML {
    el(.section, .class("status")) {
      el(.h1, text: "Reading the trace")
      el(
        .p, .class("lede"), .role("status"),
        text:
          "It is a large one and will be here in a moment; everything else on these pages can be used already."
      )
    }
  }

  private static func status(_ view: IncidentView?, _ state: CaseState, _ reader: CaseReader) throws -> HTML {
    guard let view else {
      return el(.section, .class("status")) {
        el(.h1, text: state.events == 0 ? "Nothing was read yet" : "Not traced yet")
        el(.p, .class("lede")) {
          if state.events == 0 {
            HTML.text("Run ")
            el(.code, text: "firebreak ingest PATH…")
            HTML.text(" with this case; the page follows as it is read.")
          } else {
            HTML.text("Nobody has asked what started it. ")
            el(.a, .href(Link("cascade")), text: "Trace it")
            HTML.text(", or run ")
            el(.code, text: "firebreak trace")
            HTML.text(".")
          }
        }
      }
    }
    let verdicts = Verdicts(try reader.notes(), on: view)
    return el(.section, .class("status")) {
      el(.h1, text: headline(view, verdicts))
      el(.p, .class("lede"), text: .foreign(view.verdict, limit: 1200))
      verdicts.overview(view)
    }
  }

  private static func headline(_ view: IncidentView, _ verdicts: Verdicts) -> HTML {
    guard let incident = view.incident, !incident.onsets.isEmpty else { return "No cascade was found" }
    let count = Figures.grouped(incident.onsets.count)
    if let accepted = verdicts.accepted {
      return
        "\(count) failed; it began at \(.foreign(accepted.device, limit: 60)), as \(.foreign(accepted.word.author, limit: 60)) accepted"
    }
    guard let origin = incident.origins.first, origin.probability >= 0.5 else {
      return "\(count) failed; where it began is not determined"
    }
    if verdicts.marks[origin.device] == .rejected {
      return "\(count) failed; that it began at \(verdicts.name(origin.device)) was rejected"
    }
    return
      "\(count) failed; it began at \(.foreign(origin.device, limit: 60)), \(EstimativeWords.of(origin.probability))"
  }

  private static func spread(_ view: IncidentView) -> HTML {
    let times = view.onsetTimes
    guard times.count > 1 else { return .empty }
    let svg = PageChart.cumulative(
      id: "spread", title: "Failed devices over time",
      description: "How many devices had failed at each time, with the moments of the incident.",
      name: "failed", times: times, marks: view.marks)
    return Figure.of(
      svg, "How it spread",
      "Devices that have failed, and the moments of the incident. Solid marks were observed.",
      link: (Link("cascade"), "The cascade"))
  }

  private static func activity(_ context: PageContext) throws -> HTML {
    guard
      let histogram = try context.reader.quickHistogram(
        matching: context.reader.query(""), maximumBins: 240, events: 20_000)?.histogram
    else { return el(.p, .class("empty"), text: "No event has a time yet.") }
    let svg = PageHistogram.svg(
      id: "activity", title: "Events over time",
      description: "Events, and among them errors, over the whole evidence.",
      start: histogram.start, span: histogram.span,
      bins: histogram.bins.map { .init(events: $0.events, errors: $0.errors) })
    return Figure.of(
      svg, "What was said", "Events over the whole evidence; the accent colour marks errors and worse.",
      link: (Link("timeline"), "The timeline"), brush: Link("timeline"))
  }

  private static func clocks(_ notes: Annotations, now: Instant) -> HTML {
    let clocks = PageClock.all(notes)
    let unsaid = clocks.filter { $0.applies == nil }
    return el(.section) {
      el(.h2, text: "Legal clocks")
      if !unsaid.isEmpty {
        el(.details) {
          el(.summary) {
            HTML.text(
              unsaid.count == clocks.count
                ? "Nobody has said which of \(clocks.count) apply"
                : "Nobody has said whether \(unsaid.count) more \(unsaid.count == 1 ? "applies" : "apply")")
          }
          el(.ul) {
            for clock in unsaid {
              el(.li, .class("soft"), text: el(.abbr, .title(clock.source), text: .text(clock.title)))
            }
          }
        }
        el(.p, .class("soft")) {
          HTML.text("Which one applies is a person's answer: ")
          el(.a, .href(Link("report").at("clocks-answers")), text: "give it on the report page")
          HTML.text(".")
        }
      }
      el(.dl, .class("facts wide-terms")) {
        for clock in clocks where clock.applies != nil {
          el(.div) {
            el(.dt, text: el(.abbr, .title(clock.source), text: .text(clock.title)))
            el(.dd) {
              if clock.applies == false { HTML.text("does not apply") }
              for stage in clock.stages {
                el(.div, .class("stage")) {
                  el(.strong, text: .text(stage.title))
                  HTML.text(" ")
                  due(stage, now)
                }
              }
            }
          }
        }
      }
    }
  }

  private static func due(_ stage: PageClock.Stage, _ now: Instant) -> HTML {
    if let sent = stage.sent {
      let late = stage.due.map { sent > $0 } ?? false
      return "sent \(Moment.utc(sent))\(late ? ", late" : "")"
    }
    guard let due = stage.due else { return el(.span, .class("na"), text: .foreign(stage.reason)) }
    let left = due.seconds(since: now)
    return el(
      .span, .class(left < 0 ? "alarm" : ""),
      text:
        left < 0
        ? "overdue by \(Figures.duration(seconds: -left))"
        : "due in \(Figures.duration(seconds: left)), \(Moment.utc(due))")
  }

  private static func quality(
    _ context: PageContext, _ view: IncidentView?,
    _ totals: (
      sources: Int64, bytes: Int64, stored: Int64, refusedLines: Int64, damagedBytes: Int64, damage: Int64
    )
  ) throws -> HTML {
    let facets = try context.reader.facets(
      matching: context.reader.query(""), attribute: nil, limit: 8_000, seconds: 0.03, top: 6)
    let counted = max(1, facets.counted)
    return el(.section) {
      el(.h2, text: "Data quality")
      el(.dl, .class("facts")) {
        fact(
          "Bytes read",
          "\(Figures.bytes(UInt64(max(0, totals.bytes)))) in \(Figures.counted(totals.sources, "source"))")
        fact("Refused", "\(Figures.counted(totals.refusedLines, "line")) that no format reads")
        fact(
          "Lost",
          "\(Figures.bytes(UInt64(max(0, totals.damagedBytes)))) damaged in \(Figures.counted(totals.damage, "place"))"
        )
        fact(
          facets.isComplete ? "Times" : "Times (sample)",
          .text(shares(facets.qualities, counted)))
        fact(
          facets.isComplete ? "Names" : "Names (sample)",
          .text(shares(facets.bases, counted)))
      }
      if let caveats = view?.trace.caveats, !caveats.isEmpty {
        el(.h3, text: "What limits the trace")
        el(.ul) { for caveat in caveats.prefix(12) { el(.li, text: .foreign(caveat)) } }
      }
    }
  }

  private static func fact(_ term: String, _ value: HTML) -> HTML {
    el(.div) {
      el(.dt, text: .text(term))
      el(.dd, text: value)
    }
  }

  private static func shares(_ values: EventFacets.Values, _ total: Int64) -> String {
    guard !values.isEmpty else { return "none" }
    return values.map {
      "\($0.value.map { $0 == "_" ? " " : String($0) }.joined()) \(Figures.percent(Double($0.events) / Double(total)))"
    }.joined(separator: ", ")
  }

  private static func recent(_ context: PageContext) throws -> HTML {
    let notes = try shownNotes(context.reader)
    guard !notes.isEmpty else { return .empty }
    return el(.section) {
      el(.h2, text: "Last notes")
      NoteList.html(Array(notes.prefix(8)), context, isAboutOne: false)
      NoteList.listing(notes).formatLinks(context)
    }
  }

  /// Newest first; values for the report have a page of their own.
  private static func shownNotes(_ reader: CaseReader) throws -> [Note] {
    try reader.notes().filter { $0.kind != .annotation }.reversed()
  }
}
