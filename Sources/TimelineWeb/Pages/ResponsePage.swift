internal import ConsoleOutput
internal import IncidentModel
internal import PostmortemReport
internal import TimelineStore

/// What was done about it: runs of playbooks with steps and waves, what became of each target, what waits. Nothing can be
/// run from here.
enum ResponsePage: WebPage {
  static let name = "response"
  static let title = "Response"
  private static let rows = 100

  static func content(_ context: PageContext) throws -> PageContent {
    if let id = context.request.field("run") { return try run(id, context) }
    // Newest first; a case has tens of runs, not thousands.
    let ids = try context.reader.runs().reversed()
    let views = try ids.prefix(50).map { view($0, try context.reader.journal(run: $0), context) }
    var listing = Listing(
      name: "runs", caption: "Playbook runs, newest first",
      columns: [
        .init("run", "Run"), .init("playbook", "What"), .init("status", "Status"),
        .init("started", "Started (UTC)"),
        .init("finished", "Finished (UTC)", minor: true),
        .init("in_force", "In force", numeric: true), .init("in_doubt", "In doubt", numeric: true),
        .init("taken_back", "Taken back", numeric: true, minor: true),
        .init("targets", "Acts", numeric: true, minor: true), .init("outcomes", "Outcomes of the acts"),
        .init("queue", "Waiting", numeric: true, minor: true),
      ])
    listing.rows = views.map { view in
      Listing.Row(
        [
          .link(Link("response", query: [("run", view.id)]), view.id, limit: 60),
          .foreign(view.title, limit: 160),
          .words(view.state.words + (view.state.brokenGlass.isEmpty ? "" : "; break glass")),
          .time(view.started, digits: 0), .time(view.finished, digits: 0),
          .number(view.state.inForce), .number(view.state.inDoubt), .number(view.state.takenBack),
          .number(view.acts.count), .words(words(view.outcomes)), .number(view.state.waiting.count),
        ], look: view.halts.isEmpty ? "" : "bad")
    }
    listing.empty = "No playbook was run on this case yet."
    let main = try el(.div) {
      el(.h1, text: "Response")
      el(.p, .class("soft")) {
        HTML.text(
          "From the journals of playbook runs, which cannot be changed. Nothing can be run from this page: use "
        )
        el(.code, text: "firebreak playbook")
        HTML.text(".")
      }
      gantt(views, try context.desk.trace(context.reader.state(), patience: 0.1).view?.marks ?? [])
      el(.section) {
        el(.h2, text: "Runs")
        listing.html(context)
      }
      people(
        try context.desk.services.annotations(context.reader),
        firstIntent: ids.count > views.count ? nil : views.compactMap(\.firstIntent).min())
    }
    return PageContent(title: title, main: main, listings: [listing])
  }

  private static func view(_ id: String, _ rows: [JournalRow], _ context: PageContext) -> RunView {
    RunView(
      id: id, rows: rows, state: context.desk.services.state(ofRun: rows, case: context.desk.path))
  }

  private static func words(_ outcomes: [(String, Int)]) -> String {
    outcomes.map { "\(Figures.grouped($0.1)) \($0.0)" }.joined(separator: ", ")
  }

  private static func words(_ counts: [String: Int]) -> String {
    words(counts.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
  }

  private static func gantt(_ views: [RunView], _ marks: [PageChart.Mark]) -> HTML {
    var lanes: [(label: String, spans: [PageChart.LaneSpan])] = []
    for view in views.reversed().suffix(20) {
      guard let from = view.started ?? view.last, let last = view.finished ?? view.last else { continue }
      var spans = view.waits.map { PageChart.LaneSpan(start: $0.from, end: $0.to, tone: .wait) }
      spans.append(
        PageChart.LaneSpan(start: view.approved ?? from, end: last, tone: .act, isOpen: view.finished == nil))
      lanes.append((view.id, spans))
    }
    guard !lanes.isEmpty else { return .empty }
    return Figure.of(
      PageChart.lanes(
        id: "gantt", title: "Runs over time",
        description: "One lane for each run, from its start to its end.", lanes: lanes,
        marks: nearby(marks, lanes), legend: [(.act, "acts"), (.wait, "waits for approval")]),
      "Runs over time", "An arrow where the end is not known.")
  }

  /// Marks of the incident only where they do not squeeze the runs into a corner.
  private static func nearby(
    _ marks: [PageChart.Mark], _ lanes: [(label: String, spans: [PageChart.LaneSpan])]
  ) -> [PageChart.Mark] {
    let times = lanes.flatMap { $0.spans.flatMap { [$0.start, $0.end] } }
    guard let start = times.min(), let end = times.max() else { return [] }
    let room = max(3600, end.seconds(since: start) * 3)
    return marks.filter { $0.time.seconds(since: start) > -room && $0.time.seconds(since: end) < room }
  }

  /// - Parameter firstIntent: The first act that a journal records: what nobody states is read there, as in the report.
  private static func people(_ notes: Annotations, firstIntent: Instant?) -> HTML {
    el(.section) {
      el(.h2, text: "What people did")
      el(.dl, .class("facts")) {
        for (title, statement) in [
          ("First act", notes.firstAct), ("Spread stopped", notes.halt), ("End declared", notes.end),
        ] as [(String, Statement?)] {
          EvidencePage.fact(
            title,
            statement.map { statement in
              el(.span) {
                if let at = statement.at.flatMap({ Instant(rfc3339: $0) }) { Moment.utc(at) }
                if let by = statement.by { " by \(.foreign(by, limit: 80))" }
                if let text = statement.text { " \(.foreign(text, limit: 600))" }
              }
            } ?? (title == "First act" ? firstIntent : nil).map { at in
              el(.span) {
                Moment.utc(at)
                " from the journal of a playbook"
              }
            } ?? el(.a, .class("na"), .href(Link("report").at("missing")), text: "not provided"))
        }
      }
    }
  }

  // MARK: One run

  private static func run(_ id: String, _ context: PageContext) throws -> PageContent {
    let rows = try context.reader.journal(run: id)
    guard !rows.isEmpty else {
      throw PageError(
        status: 404, title: "There is no such run", words: "The case has no run '\(id)'.",
        next: (Link("response"), "To the runs"))
    }
    let view = view(id, rows, context)
    let actions = actions(view, context)
    let queue = listing(
      "queue", "What waits", view, view.queue, from: context.request.number("waiting"), key: "waiting",
      context)
    let journal = journal(rows, context)
    let main = el(.article) {
      el(.h1, text: "Run \(.foreign(id, limit: 60))")
      el(.p, .class("lede"), text: .foreign(view.title, limit: 300))
      el(.dl, .class("facts")) {
        EvidencePage.fact("Status", .text(view.state.words))
        EvidencePage.fact("Changes", .text(view.state.counts))
        if let started = view.started { EvidencePage.fact("Started", Moment.both(started, digits: 0)) }
        if let approved = view.approved { EvidencePage.fact("Approved", Moment.both(approved, digits: 0)) }
        if let finished = view.finished { EvidencePage.fact("Finished", Moment.both(finished, digits: 0)) }
        EvidencePage.fact(
          "Outcomes of the acts", .text(view.outcomes.isEmpty ? "none" : words(view.outcomes)))
      }
      if !view.state.brokenGlass.isEmpty {
        el(.div, .class("notice")) {
          el(.strong, text: "Approval was bypassed (break glass)")
          el(.ul) {
            for sentence in view.state.brokenGlass.suffix(10) {
              el(.li, text: .foreign(sentence, limit: 600))
            }
          }
        }
      }
      if !view.halts.isEmpty {
        el(.div, .class("notice")) {
          el(.strong, text: "It was halted")
          el(.ul) {
            for halt in view.halts.suffix(10) {
              el(.li, text: "\(Moment.utc(halt.at)) \(.foreign(halt.words, limit: 600))")
            }
          }
        }
      }
      steps(view)
      el(.section) {
        el(.h2, text: "What waits")
        queue.html(context)
      }
      if !view.gates.isEmpty {
        el(.section) {
          el(.h2, text: "Gates")
          el(.ul) {
            for gate in view.gates.suffix(30) {
              el(.li, text: "\(Moment.utc(gate.at)) \(.foreign(gate.words, limit: 400))")
            }
          }
        }
      }
      el(.section) {
        el(.h2, text: "Each action")
        actions.html(context)
      }
      el(.section) {
        el(.h2, text: "Journal")
        journal.html(context)
      }
    }
    return PageContent(
      title: "Run \(id)", main: main,
      listings: [actions, queue, journal, stepListing(view), gateListing(view)])
  }

  private static func steps(_ view: RunView) -> HTML {
    let lanes = view.steps.prefix(40).map { step in
      (
        label: step.title,
        spans: [
          PageChart.LaneSpan(
            start: step.start, end: step.end ?? view.last ?? step.start, tone: .act, isOpen: step.end == nil)
        ]
      )
    }
    guard !lanes.isEmpty else { return .empty }
    return el(.section) {
      Figure.of(
        PageChart.lanes(
          id: "steps", title: "Steps over time", description: "One lane for each step of the run.",
          lanes: Array(lanes),
          legend: [(.act, "acts")]), "Steps over time", "An arrow where a step has not ended.")
      el(.ul) {
        for step in view.steps.prefix(40) {
          el(
            .li,
            text:
              "\(.foreign(step.title, limit: 80)): \(words(step.outcomes))\(step.undos.isEmpty ? "" : "; undo: \(words(step.undos))")"
          )
        }
      }
    }
  }

  private static func stepListing(_ view: RunView) -> Listing {
    Listing(
      name: "steps", caption: "Steps",
      columns: ["step", "id", "started", "ended", "outcomes", "undo"].map { .init($0, $0) },
      rows: view.steps.map { step in
        Listing.Row([
          .foreign(step.title), .foreign(step.id), .time(step.start),
          step.end.map { .time($0) } ?? .foreign(nil),
          .words(words(step.outcomes)), .words(words(step.undos)),
        ])
      })
  }

  private static func gateListing(_ view: RunView) -> Listing {
    Listing(
      name: "gates", caption: "Gates", columns: ["at", "what"].map { .init($0, $0) },
      rows: view.gates.map { Listing.Row([.time($0.at), .foreign($0.words)]) })
  }

  private static func actions(_ view: RunView, _ context: PageContext) -> Listing {
    listing(
      "actions", "Each action and what became of it", view, view.actions,
      from: context.request.number("action"),
      key: "action", context)
  }

  private static func listing(
    _ name: String, _ caption: String, _ view: RunView, _ actions: [RunView.Action], from: Int64?,
    key: String,
    _ context: PageContext
  ) -> Listing {
    let from = max(0, Int(clamping: from ?? 0))
    var listing = Listing(
      name: name, caption: caption, showsCaption: false,
      columns: [
        .init("target", "Target"), .init("step", "Step", minor: true),
        .init("wave", "Wave", numeric: true, minor: true), .init("outcome", "Outcome"),
        .init("reason", "Reason", minor: true), .init("at", "When (UTC)"),
        .init("detail", "Detail", minor: true),
      ])
    listing.rows = actions.dropFirst(from).prefix(rows).map {
      Listing.Row(
        [
          .link(Link("fleet", query: [("device", $0.target)]), $0.target, limit: 80),
          .foreign(view.title(ofStep: $0.step), limit: 60),
          $0.wave.map { .number($0) } ?? Cell(html: .empty, value: .null),
          .words(($0.isUndo ? "undo: " : "") + $0.outcome), .foreign($0.reason, limit: 60),
          .time($0.at, digits: 0), .foreign($0.detail, limit: 300),
        ], look: $0.outcome == "failed" ? "bad" : "")
    }
    listing.next = from + rows < actions.count ? context.link.with(key, "\(from + rows)") : nil
    listing.empty = name == "queue" ? "Nothing waits." : "No action was taken."
    return listing
  }

  private static func journal(_ all: [JournalRow], _ context: PageContext) -> Listing {
    let after = Int(clamping: context.request.number("record") ?? 0)
    let page = all.filter { $0.sequence > after }.prefix(rows)
    var listing = Listing(
      name: "journal", caption: "The journal, record by record",
      columns: [
        .init("sequence", "No.", numeric: true), .init("at", "When (UTC)"), .init("kind", "Record"),
        .init("step", "Step", minor: true),
        .init("target", "Target"), .init("outcome", "Outcome"), .init("detail", "Detail", minor: true),
        .init("hash", "Hash", minor: true),
      ])
    listing.rows = page.map {
      Listing.Row([
        .number($0.sequence), .time(Instant(nanoseconds: $0.wallTime), digits: 3),
        .foreign($0.kind, limit: 40), .foreign($0.step, limit: 60),
        .foreign($0.target, limit: 80), .foreign($0.outcome, limit: 40), .foreign($0.detail, limit: 300),
        Cell(html: el(.code, text: .foreign(String($0.hash.prefix(10)))), value: .string($0.hash)),
      ])
    }
    listing.next =
      page.count == rows && page.last?.sequence != all.last?.sequence
      ? page.last.map { context.link.with("record", "\($0.sequence)") } : nil
    return listing
  }
}
