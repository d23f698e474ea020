internal import CascadeAnalysis
internal import ConsoleOutput
internal import IncidentModel
internal import PostmortemReport
internal import TimelineStore

/// How the failure spread: origins, the tree over time, why this edge, and people's verdicts on it.
enum CascadePage: WebPage {
  static let name = "cascade"
  static let title = "Cascade"

  static func content(_ context: PageContext) throws -> PageContent {
    let state = try context.reader.state()
    guard let view = try context.desk.incident(state), let incident = view.incident,
      let forest = view.forest
    else { return try nothing(context, state) }
    let notes = try context.reader.notes()
    let verdicts = Verdicts(notes, on: view)
    let tree = CascadeTree(view, forest, verdicts, context)
    let branches = tree.listing
    let edges = edgeListing(incident, verdicts, context)
    let main = el(.div, .class("cascade")) {
      el(.h1, text: "Cascade")
      el(.p, .class("lede"), text: .foreign(view.verdict, limit: 1200))
      retrace(view, notes, context)
      if let subject = context.request.field("why") {
        WhyPanel.html(subject, verdicts, context)
      }
      origins(incident, verdicts, context)
      Figure.of(
        view.drawing(verdicts.marks), "The spread over time",
        "Solid: events speak of it and the probability is at least nine tenths; dashed: inferred."
          + (verdicts.origins.contains { !$0.word.isAccepted }
            ? " Crossed out: somebody rejected that it began there; what took it down is not known." : ""))
      el(.section, .id("branches")) {
        el(.h2, text: "Who took down whom")
        tree.html(branches)
      }
      el(.section) {
        el(.h2, text: "All steps")
        edges.html(context)
      }
      causes(incident)
    }
    return PageContent(
      title: title, main: main,
      listings: [edges, branches]
        + (context.isForPrograms
          ? [onsets(incident, context), originListing(incident, verdicts), changeListing(incident)] : []))
  }

  static func act(_ context: PageContext) throws -> Link {
    let request = context.request
    if request.formField("retrace") != nil {
      try context.desk.checkIdentity()
      let before = try context.reader.state().trace
      do {
        try context.desk.services.retrace(path: context.desk.path)
      } catch {
        throw PageError(status: 500, title: "It could not be traced", words: "\(error)")
      }
      // A trace that finds no cascade is not kept.
      let kept = try context.reader.state().trace
      return Link("cascade", query: [("found", kept == before ? "nothing" : nil)])
    }
    guard let subject = request.formField("accept") ?? request.formField("reject") else {
      throw PageError(
        status: 400, title: "The form is empty", words: "It says neither what is right nor what is wrong.")
    }
    let parts = subject.split(separator: ":", maxSplits: 1)
    guard parts.count == 2, ["onset", "origin", "edge"].contains(parts[0]), subject.utf8.count < 1000 else {
      throw PageError(
        status: 400, title: "That cannot be judged", words: "Only onsets, origins and edges can be.")
    }
    let isAccepted = request.formField("accept") != nil
    try context.desk.add(
      context.desk.note(
        isAccepted ? .accept : .reject, subject: subject,
        text: String((request.formField("because") ?? "").prefix(2000))))
    return context.back
  }

  // MARK: Parts

  private static func nothing(_ context: PageContext, _ state: CaseState) throws -> PageContent {
    let isTraced = state.trace > 0 || context.request.field("found") == "nothing"
    return PageContent(
      title: title,
      main: el(.div) {
        el(.h1, text: isTraced ? "No cascade was found" : "Not traced yet")
        el(.p, .class("lede")) {
          HTML.text(
            isTraced
              ? "Nothing failed that led to other failures, as far as can be told from the evidence. "
              : "A trace works out who failed when, by what, and where it began. It takes seconds for thousands of events and minutes for millions; this page stays usable meanwhile."
          )
        }
        traceForm(isTraced ? "Trace again" : "Trace the case", context)
      }, listings: [Listing(name: "edges", caption: "Steps of the spread", columns: edgeColumns)])
  }

  private static func traceForm(_ words: HTML, _ context: PageContext) -> HTML {
    el(.form, .named(.method, "post"), .action(Link("cascade"))) {
      context.hidden()
      el(.button, .name("retrace"), .value("1"), text: words)
    }
  }

  /// Verdicts and facts that the trace could not know.
  private static func retrace(_ view: IncidentView, _ notes: [Note], _ context: PageContext) -> HTML {
    let later = notes.filter {
      [.accept, .reject, .fact].contains($0.kind) && view.createdAt < $0.createdAt
    }
    if context.request.field("found") == "nothing" {
      return el(
        .p, .class("notice"), .role("status"),
        text:
          "Tracing again found no cascade and was not kept; this is trace \(view.number), the last that did.")
    }
    guard !later.isEmpty else {
      return el(
        .p, .class("soft"), text: "Trace \(view.number), made \(Moment.utc(view.createdAt)).")
    }
    return el(.div, .class("notice")) {
      el(
        .p,
        text:
          "\(later.count) \(later.count == 1 ? "verdict or fact is" : "verdicts and facts are") newer than this trace and not in it yet."
      )
      traceForm("Trace again with what people say", context)
    }
  }

  private static func origins(_ incident: Incident, _ verdicts: Verdicts, _ context: PageContext) -> HTML {
    // What would be shown as "0 %" tells nobody anything.
    let candidates = incident.origins.prefix(4).filter { $0.probability >= 0.005 }
    let judged = verdicts.origins.filter { origin in !candidates.contains { $0.device == origin.device } }
    let mostJudged = 12
    return el(.section, .id("origins")) {
      el(.h2, text: "Where it began")
      if !candidates.contains(where: { verdicts.marks[$0.device] != .rejected }), verdicts.accepted == nil {
        el(.p, .class("empty"), text: "Not determined.")
      }
      el(.div, .class("columns")) {
        for origin in candidates {
          panel(origin.device, verdicts, context) {
            el(.p, text: "Trace \(verdicts.number) says: \(WhyPanel.certainty(origin.probability))")
            reasons("For it", origin.reasonsFor, origin.evidence)
            reasons("Against it", origin.reasonsAgainst, origin.counterEvidence)
          }
        }
        for origin in judged.suffix(mostJudged) {
          panel(origin.device, verdicts, context) {
            el(.p, .class("soft"), text: "No candidate of trace \(verdicts.number).")
          }
        }
      }
      if judged.count > mostJudged {
        el(.p, .class("soft")) {
          HTML.text(
            "\(Figures.grouped(judged.count - mostJudged)) earlier verdicts on origins are in the list: ")
          el(
            .a, .href(Link("cascade", query: [("list", "origins"), ("format", "csv")])),
            text: "origins as CSV")
          HTML.text(".")
        }
      }
    }
  }

  /// An entity that may be the origin, or that somebody judged as one.
  private static func panel(
    _ device: String, _ verdicts: Verdicts, _ context: PageContext, @HTMLBuilder _ content: () -> HTML
  ) -> HTML {
    el(.div, .class("panel")) {
      el(.h3) {
        el(.a, .href(Link("fleet", query: [("device", device)])), text: verdicts.name(device))
      }
      verdicts.statement("origin:" + device)
      content()
      Verdicts.form("origin:" + device, context)
    }
  }

  private static func reasons(_ title: HTML, _ list: [String], _ evidence: [EventID]) -> HTML {
    guard !list.isEmpty else { return .empty }
    return el(.div) {
      el(.strong, text: title)
      el(.ul) { for reason in list.prefix(6) { el(.li, text: .foreign(reason)) } }
      WhyPanel.events(evidence)
    }
  }

  private static func causes(_ incident: Incident) -> HTML {
    el(.div) {
      if let cause = incident.commonCause {
        el(.section) {
          el(.h2, text: "What the early ones share")
          el(.p) {
            HTMLBuilder.buildArray(
              cause.terms.enumerated().map { index, term in
                "\(index > 0 ? " and " : "")\(el(.code, text: .foreign("\(term.attribute)=\(term.value)", limit: 120)))"
              })
            HTML.text(
              ": \(Figures.grouped(cause.exposedFailed)) of \(Figures.grouped(cause.exposed)) with it failed early, "
                + "\(Figures.grouped(cause.othersFailed)) of \(Figures.grouped(cause.others)) without; "
                + "\(EstimativeWords.of(cause.probability)) the cause rather than a coincidence.")
          }
        }
      }
      if !incident.changes.isEmpty {
        el(.section) {
          el(.h2, text: "Changes before it")
          el(.ul) {
            for change in incident.changes.prefix(10) {
              el(.li) {
                Moment.utc(change.start)
                " \(.foreign(change.template, limit: 200))"
                if let actor = change.actor { ", by \(.foreign(actor, limit: 60))" }
                HTML.text(
                  ": \(Figures.percent(change.failedShare)) of those that received it failed, \(Figures.percent(change.failedShareOfOthers)) of the others. "
                )
                WhyPanel.events(change.evidence)
              }
            }
          }
        }
      }
    }
  }

  private static let edgeColumns: [Listing.Column] = [
    .init("from", "From"), .init("to", "To"), .init("kind", "Over"),
    .init("probability", "Probability", numeric: true),
    .init("words", "In words", minor: true), .init("events", "Events", numeric: true, minor: true),
    .init("verdict", "Verdict"), .init("why", "", pageOnly: true),
  ]

  private static func edgeListing(_ incident: Incident, _ verdicts: Verdicts, _ context: PageContext)
    -> Listing
  {
    let filter = context.request.field("device")
    let from = max(0, context.request.number("edge").map { Int(clamping: $0) } ?? 0)
    let all =
      filter.map { name in incident.edges.filter { $0.from == name || $0.to == name } } ?? incident.edges
    // Programs get all of them; people a page.
    let rows = !context.isForPrograms ? 100 : 5000
    let page = all.dropFirst(from).prefix(rows)
    var listing = Listing(name: "edges", caption: "Steps of the spread", columns: edgeColumns)
    listing.rows = page.map { edge in
      let subject = "\(edge.from)->\(edge.to)"
      return Listing.Row([
        .link(Link("fleet", query: [("device", edge.from)]), edge.from, limit: 60),
        .link(Link("fleet", query: [("device", edge.to)]), edge.to, limit: 60), .words(edge.kind.rawValue),
        .share(edge.probability), .words(EstimativeWords.of(edge.probability)), .number(edge.evidence.count),
        verdicts.cell("edge:" + subject),
        .shown(WhyPanel.link(subject, context)),
      ])
    }
    listing.next = from + page.count < all.count ? context.link.with("edge", "\(from + page.count)") : nil
    listing.showsCaption = false
    listing.empty = "No step of the spread was found: who took down whom is not determined."
    listing.extra = [("total", .int(Int64(all.count)))]
    return listing
  }

  private static func originListing(_ incident: Incident, _ verdicts: Verdicts) -> Listing {
    Listing(
      name: "origins", caption: "Where it began",
      columns: [
        "device", "probability", "for", "against", "evidence", "counter_evidence", "verdict", "verdict_by",
        "verdict_at", "verdict_because", "verdict_before",
      ].map { .init($0, $0) },
      rows: incident.origins.map {
        Listing.Row(
          [
            .foreign($0.device), .share($0.probability), .foreign($0.reasonsFor.joined(separator: "; ")),
            .foreign($0.reasonsAgainst.joined(separator: "; ")), .words(ids($0.evidence)),
            .words(ids($0.counterEvidence)),
          ] + verdicts.originCells($0.device))
      }
        // No candidate any more, since somebody rejected it; or none yet.
        + verdicts.origins.filter { origin in !incident.origins.contains { $0.device == origin.device } }.map
      {
        Listing.Row(
          [.foreign($0.device)] + [Cell](repeating: .foreign(nil), count: 5) + verdicts.originCells($0.device)
        )
      })
  }

  private static func changeListing(_ incident: Incident) -> Listing {
    Listing(
      name: "changes", caption: "Changes before it",
      columns: ["time", "what", "by", "reached", "failed_share", "failed_share_of_others", "evidence"].map {
        .init($0, $0)
      },
      rows: incident.changes.map {
        Listing.Row([
          .time($0.start), .foreign($0.template), .foreign($0.actor), .number($0.reached),
          .share($0.failedShare), .share($0.failedShareOfOthers), .words(ids($0.evidence)),
        ])
      })
  }

  private static func ids(_ events: [EventID]) -> String {
    events.map { "\($0.rawValue)" }.joined(separator: " ")
  }

  private static func onsets(_ incident: Incident, _ context: PageContext) -> Listing {
    let from = max(0, context.request.number("onset").map { Int(clamping: $0) } ?? 0)
    var listing = Listing(
      name: "onsets", caption: "Who failed when",
      columns: ["device", "time", "earliest", "latest", "kind", "probability", "identity", "events"].map {
        .init($0, $0)
      })
    let page = incident.onsets.dropFirst(from).prefix(5000)
    listing.rows = page.map {
      Listing.Row([
        .foreign($0.device), .time($0.time), .time($0.interval.lowerBound), .time($0.interval.upperBound),
        .words($0.kind.rawValue), .share($0.probability), .words($0.basis.name),
        .words(ids($0.evidence)),
      ])
    }
    listing.next =
      from + page.count < incident.onsets.count ? context.link.with("onset", "\(from + page.count)") : nil
    return listing
  }
}
