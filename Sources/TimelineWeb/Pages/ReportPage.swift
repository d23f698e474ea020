internal import ConsoleOutput
internal import IncidentModel
internal import PostmortemReport
internal import TimelineStore

/// The report: how it reads for each audience, what only people can add, and hints on wording.
enum ReportPage: WebPage {
  static let name = "report"
  static let title = "Report"

  static func content(_ context: PageContext) throws -> PageContent {
    let notes = try context.desk.services.annotations(context.reader)
    let state = try context.reader.state()
    let audience = context.request.field("audience").flatMap { Audience(rawValue: $0) }
    let missing = ReportFieldEntry.all.filter { !$0.isProvided(notes) }
    let fields = fieldListing(notes)
    let lint = lintListing(notes)
    let main = try el(.div, .class("report")) {
      el(.h1, text: "Report")
      el(.p, .class("soft")) {
        HTML.text(
          "Computed from the case; what only people know is kept in it beside their name. Write the files with "
        )
        el(.code, text: "firebreak postmortem --output DIR")
        HTML.text(".")
      }
      el(.ul, .class("tabs")) {
        tab("What is missing", Link("report"), isOn: audience == nil)
        for one in Audience.allCases {
          tab(
            "For: \(one.rawValue)", Link("report", query: [("audience", one.rawValue)]), isOn: one == audience
          )
        }
      }
      if let audience {
        try preview(audience, state, context)
      } else {
        people(missing, notes, context)
        el(.section) {
          el(.h2, text: "Hints on wording")
          lint.html(context)
        }
        el(.section) {
          el(.h2, text: "All that people add")
          fields.html(context)
        }
      }
    }
    return PageContent(title: title, main: main, listings: [fields, lint, ClockList.listing(notes)])
  }

  static func act(_ context: PageContext) throws -> Link {
    let request = context.request
    if let clock = request.formField("clock") { return try answer(clock, context) }
    guard let key = request.formField("key"),
      let field = ReportFieldEntry.all.first(where: { $0.key == key }),
      let words = request.formField("value")?.trimmingBlanks(), !words.isEmpty
    else {
      throw PageError(status: 400, title: "The form is empty", words: "Write what is known, then keep it.")
    }
    // Words that look like JSON would be read as such.
    let value =
      field.isList
      ? JSONValue.array([.string(words)]).text()
      : words.first.map { "{[\"".contains($0) } ?? false || Int(words) != nil
        || ["null", "true", "false"].contains(words)
        ? JSONValue.string(words).text() : words
    do {
      try context.desk.services.checkReportField(key: key, value: value)
    } catch {
      throw PageError(
        status: 400, title: "That does not fit", words: "\(error)",
        next: (Link("report").at("missing"), "Back to the report"))
    }
    try context.desk.add(context.desk.note(.annotation, subject: key, value: value))
    return Link("report").at("missing")
  }

  private static func answer(_ clock: String, _ context: PageContext) throws -> Link {
    let request = context.request
    let aware = request.formField("aware")
    if let aware, Instant(rfc3339: aware) == nil {
      throw PageError(
        status: 400, title: "That is no time", words: "Write it with a zone, as 2026-04-07T09:08:00Z.",
        next: (Link("report").at("clocks-answers"), "Back to the report"))
    }
    let value = try context.desk.services.clockAnswers(
      context.reader, clock: clock, applies: request.formField("applies") == "yes", awareAt: aware)
    try context.desk.add(context.desk.note(.annotation, subject: "clocks", value: value))
    return Link("report").at("clocks-answers")
  }

  // MARK: Parts

  private static func tab(_ words: String, _ link: Link, isOn: Bool) -> HTML {
    el(.li) {
      if isOn {
        el(.a, .href(link), .aria("current", "true"), text: .text(words))
      } else {
        el(.a, .href(link), text: .text(words))
      }
    }
  }

  private static func preview(_ audience: Audience, _ state: CaseState, _ context: PageContext) throws -> HTML
  {
    guard state.trace > 0 || state.events > 0 else {
      return el(.p, .class("empty"), text: "Nothing was read yet.")
    }
    do {
      let markup = try context.desk.preview(audience, state)
      return el(.div, .class("doc"), text: .rendered(byReport: markup))
    } catch let error as PageError {
      throw error
    } catch {
      return el(.p, .class("notice"), .role("alert"), text: .foreign("\(error)", limit: 800))
    }
  }

  private static func people(_ missing: [ReportFieldEntry], _ notes: Annotations, _ context: PageContext)
    -> HTML
  {
    el(.div) {
      el(.section, .id("missing")) {
        el(
          .h2,
          text: missing.isEmpty
            ? "Nothing is missing"
            : "\(Figures.counted(missing.count, "thing")) that only people know \(missing.count == 1 ? "is" : "are") missing"
        )
        el(.p, .class("soft"), text: "Until somebody says them, the report prints “not provided”.")
        for field in missing {
          el(.form, .named(.method, "post"), .action(Link("report")), .class("row")) {
            context.hidden()
            el(.input, .type("hidden"), .name("key"), .value(field.key))
            el(.label, .class("wide")) {
              el(.span, text: .text(field.title))
              el(
                .input, .name("value"), .named(.placeholder, field.hint), .named(.maxlength, "4000"),
                .flag(.required), .named(.autocomplete, "off"))
            }
            el(.button, .class("quiet"), .aria("label", "Keep: \(field.title)"), text: "Keep")
          }
        }
      }
      el(.section, .id("clocks-answers")) {
        el(.h2, text: "Which legal clocks run")
        for clock in PageClock.all(notes) {
          el(.form, .named(.method, "post"), .action(Link("report")), .class("row")) {
            context.hidden()
            el(.input, .type("hidden"), .name("clock"), .value(clock.id))
            el(.div, .class("wide")) {
              el(.strong, text: .text(clock.title))
              el(.div, .class("soft"), text: .text(clock.source))
              el(
                .div, .class("soft"),
                text: clock.applies == nil
                  ? "nobody has said"
                  : clock.applies == true
                    ? "applies, says \(.foreign(clock.by ?? "somebody", limit: 60))"
                    : "does not apply, says \(.foreign(clock.by ?? "somebody", limit: 60))")
            }
            el(.label) {
              el(.span, text: "Aware since (with zone)")
              el(
                .input, .name("aware"), .named(.placeholder, "2026-04-07T09:08:00Z"),
                .named(.autocomplete, "off"))
            }
            el(
              .button, .class("quiet"), .name("applies"), .value("yes"),
              .aria("label", "Applies: \(clock.title)"), text: "Applies")
            el(
              .button, .class("quiet"), .name("applies"), .value("no"),
              .aria("label", "Does not apply: \(clock.title)"), text: "Does not")
          }
        }
      }
    }
  }

  private static func fieldListing(_ notes: Annotations) -> Listing {
    var listing = Listing(
      name: "fields", caption: "What people add to the report",
      columns: [.init("key", "Key"), .init("title", "What"), .init("state", "State")])
    listing.rows = ReportFieldEntry.all.map { field in
      let isProvided = field.isProvided(notes)
      return Listing.Row([
        Cell(html: el(.code, text: .text(field.key)), value: .string(field.key)), .words(field.title),
        Cell(
          html: isProvided ? "provided" : el(.span, .class("na"), text: "not provided"),
          value: .string(isProvided ? "provided" : "missing")),
      ])
    }
    return listing
  }

  private static func lintListing(_ notes: Annotations) -> Listing {
    var listing = Listing(
      name: "lint", caption: "Hints on wording",
      columns: [
        .init("field", "Field"), .init("line", "Line", numeric: true), .init("rule", "Rule", minor: true),
        .init("words", "Words"), .init("hint", "Hint"),
      ])
    listing.rows = Lint.findings(in: notes).map {
      Listing.Row([
        .foreign($0.field, limit: 60), .number($0.line), .words($0.rule), .foreign($0.words, limit: 120),
        .words($0.hint),
      ])
    }
    listing.empty = "Nothing to say about the wording."
    return listing
  }
}
