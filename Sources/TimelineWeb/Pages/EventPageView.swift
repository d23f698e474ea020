internal import ConsoleOutput
internal import IncidentModel
internal import PostmortemReport
internal import Synchronization
internal import TimelineStore

/// One event: everything the case knows of it, its place in the evidence, its neighbours in time, and what people say.
enum EventPageView: WebPage {
  static let name = "event"
  static let title = ""

  static func content(_ context: PageContext) throws -> PageContent {
    let event = try event(context)
    let source = try context.reader.sources().first { $0.ordinal == event.source }
    let isRevealed = context.request.field("reveal").map { Reveals.use($0, event.id) } ?? false
    let notes = try context.reader.notes()
    let around = try neighbours(event, context, Star.tags(notes))
    let own = notes.filter { $0.event == event.id }
    let main = el(.article, .class("event")) {
      el(.h1, text: "Event \(event.id.rawValue)")
      el(.p, .class("said \(event.severity.map { $0 <= .error } ?? false ? "bad" : "")")) {
        text(event.messageBytes, isRevealed)
      }
      if !isRevealed,
        EvidenceText.holdsSecret(event.messageBytes)
          || EvidenceText.holdsSecret(Array((event.fields ?? "").utf8))
      {
        reveal(event, context)
      }
      actions(event, own, context)
      el(.div, .class("columns")) {
        el(.section) {
          el(.h2, text: "What it says")
          facts(event, isRevealed)
        }
        el(.section) {
          el(.h2, text: "Where it lies")
          place(event, source)
          raw(event, source, context, isRevealed)
        }
      }
      notesSection(event, own, context)
      surroundings(around, event, context)
    }
    return PageContent(
      title: "Event \(event.id.rawValue)", main: main,
      listings: [around.listing, record(event, source), NoteList.listing(own)])
  }

  static func act(_ context: PageContext) throws -> Link {
    let event = try event(context).id
    let request = context.request
    let here = Link("event", "\(event.rawValue)")
    if request.formField("star") != nil {
      try TimelinePage.toggleStar(event, context)
      return context.back
    }
    if request.formField("reveal") != nil {
      // Written down before anything is shown.
      try context.desk.record(
        "reveal", "event \(event.rawValue)", "secrets of event \(event.rawValue) were shown")
      return here.with("reveal", Reveals.make(event)).with("raw", request.formField("raw"))
    }
    if let tag = request.formField("tag") {
      guard tag.count <= 60, !tag.contains(where: \.isNewline) else {
        throw PageError(
          status: 400, title: "That is no tag", words: "A tag is one word or a few, up to 60 characters.")
      }
      try context.desk.add(context.desk.note(.tag, event: event, value: tag.trimmingBlanks()))
      return context.back.at("notes")
    }
    if let words = request.formField("note") {
      try context.desk.add(context.desk.note(.note, event: event, text: String(words.prefix(10_000))))
      return context.back.at("notes")
    }
    throw PageError(status: 400, title: "The form is empty", words: "Write a note or a tag.")
  }

  // MARK: Parts

  private static func event(_ context: PageContext) throws -> TimelineEvent {
    guard let number = context.rest.first.flatMap({ Int64($0) }),
      let event = try context.reader.event(EventID(rawValue: number))
    else {
      throw PageError(
        status: 404, title: "There is no such event",
        words: "The case has no event '\(context.rest.first ?? "")'.",
        next: (Link("timeline"), "To the timeline"))
    }
    return event
  }

  private static func text(_ bytes: [UInt8], _ isRevealed: Bool) -> HTML {
    guard isRevealed else { return bytes.isEmpty ? "(empty message)" : .foreign(bytes: bytes, limit: 8000) }
    return el(.bdi, text: .text(EvidenceText(revealing: bytes, limit: 8000).display))
  }

  private static func reveal(_ event: TimelineEvent, _ context: PageContext) -> HTML {
    el(.form, .named(.method, "post"), .action(Link("event", "\(event.id.rawValue)")), .class("notice")) {
      context.hidden()
      HTML.text("Something in it looks like a secret and is masked. ")
      if let raw = context.request.field("raw") { el(.input, .type("hidden"), .name("raw"), .value(raw)) }
      el(.button, .name("reveal"), .value("1"), text: "Show it, and write down that I did")
    }
  }

  private static func actions(_ event: TimelineEvent, _ own: [Note], _ context: PageContext) -> HTML {
    let isStarred = own.contains { $0.kind == .tag && $0.value == Star.tag }
    return el(.form, .named(.method, "post"), .action(Link("event", "\(event.id.rawValue)")), .class("row")) {
      context.hidden()
      el(
        .button, .class(isStarred ? "star on" : "star"), .name("star"), .value("\(event.id.rawValue)"),
        .id("star"),
        .aria("pressed", isStarred ? "true" : "false"), text: isStarred ? "★ Starred" : "☆ Star")
      if let device = event.device {
        el(.a, .class("button quiet"), .href(Link("fleet", query: [("device", device)])), text: "The device")
        el(
          .a, .class("button quiet"),
          .href(Link("timeline", query: [("q", "device:" + TimelineQuestion.quoted(device))])),
          text: "All of this device")
      }
      el(
        .a, .class("button quiet"),
        .href(Link("timeline", query: [("q", "template:" + hex(event.template))])),
        text: "All like it")
    }
  }

  private static func hex(_ template: TemplateID) -> String {
    let digits = String(template.rawValue, radix: 16)
    return String(repeating: "0", count: max(0, 16 - digits.count)) + digits
  }

  private static func facts(_ event: TimelineEvent, _ isRevealed: Bool) -> HTML {
    el(.dl, .class("facts")) {
      fact("Time", time(event))
      if let stamp = event.stamp { fact("As written", el(.code, text: .foreign(stamp, limit: 80))) }
      if let device = event.device {
        fact(
          "Device",
          "\(.foreign(device, limit: 96)), \(el(.span, .class("soft"), text: .text(words(event.basis.name))))"
        )
      }
      fact(
        "Severity",
        EventListing.severity(event.severity).html.isEmpty
          ? "none" : EventListing.severity(event.severity).html)
      if !event.program.isEmpty { fact("Program", .foreign(event.program, limit: 80)) }
      if let fields = event.fields {
        fact(
          "Fields",
          el(
            .code, .class("ev"),
            text: isRevealed
              ? .text(EvidenceText(revealing: fields.utf8, limit: 8000).display)
              : .foreign(fields, limit: 8000)))
      }
    }
  }

  private static func words(_ name: String) -> String { String(name.map { $0 == "_" ? " " : $0 }) }

  private static func time(_ event: TimelineEvent) -> HTML {
    let error =
      event.timeError.map {
        $0 < 1_000_000 ? ", ± \($0 / 1000) µs" : ", ± \(Figures.duration(seconds: Double($0) / 1e9))"
      } ?? ""
    guard let time = event.time else { return "no usable time (\(words(event.quality.name)))" }
    return
      "\(Moment.both(time, digits: 9)) \(el(.span, .class("soft"), text: .text("\(words(event.quality.name))\(error)")))"
  }

  private static func fact(_ term: String, _ value: HTML) -> HTML {
    el(.div) {
      el(.dt, text: .text(term))
      el(.dd, text: value)
    }
  }

  private static func place(_ event: TimelineEvent, _ source: SourceEntry?) -> HTML {
    el(.dl, .class("facts")) {
      fact("File", .foreign(event.place.path, limit: 400))
      if !event.place.members.isEmpty {
        fact("Member", .foreign(event.place.memberName, limit: 400))
      }
      fact("Line", .text(Figures.grouped(event.line)))
      fact(
        "Offset",
        .text(
          "byte \(Figures.grouped(event.byteOffset)), \(Figures.counted(event.byteLength, "byte"))"
            + EvidenceReference.countingNote(source?.compression ?? [])))
      fact("SHA-256", el(.code, .class("hash"), text: .text(source?.sha256 ?? "unknown")))
      if let source {
        fact(
          "Source",
          el(
            .a, .href(Link("evidence", query: [("source", "\(source.ordinal)")])),
            text: "number \(source.ordinal), read as \(.foreign(source.format, limit: 40))"))
      }
    }
  }

  private static func raw(
    _ event: TimelineEvent, _ source: SourceEntry?, _ context: PageContext, _ isRevealed: Bool
  ) -> HTML {
    guard context.request.field("raw") != nil else {
      return el(.p) {
        el(
          .a, .class("button"), .id("raw"), .href(context.link.with("raw", "1").without("reveal").at("raw")),
          text: "Read the raw line from the evidence")
      }
    }
    switch context.desk.services.rawLine(of: event, source: source, in: context.reader) {
    case .missing(let words): return el(.p, .class("notice"), .id("raw"), text: .foreign(words, limit: 600))
    case .read(let bytes):
      let lines = bytes.prefix(64 << 10).split(separator: 10, omittingEmptySubsequences: false).map { line in
        isRevealed
          ? EvidenceText(revealing: line, limit: 16 << 10).display
          : EvidenceText(bytes: line, limit: 16 << 10).display
      }
      let text = lines.joined(separator: "\n")
      return el(.figure, .class("raw"), .id("raw")) {
        el(
          .figcaption,
          text:
            "The record as it lies in the evidence, \(Figures.counted(bytes.count, "byte")), checked against the SHA-256"
        )
        el(
          .pre, .named(.tabindex, "0"), .role("region"), .aria("label", "Raw record"),
          text: el(.code, text: .text(text.last == "\n" ? String(text.dropLast()) : text)))
      }
    }
  }

  private static func notesSection(_ event: TimelineEvent, _ own: [Note], _ context: PageContext) -> HTML {
    let action = Link("event", "\(event.id.rawValue)")
    return el(.section, .id("notes")) {
      el(.h2, text: "Notes")
      if own.isEmpty {
        el(.p, .class("empty"), text: "Nobody has said anything about it.")
      } else {
        NoteList.html(own, context, isAboutOne: true)
      }
      el(.div, .class("columns")) {
        el(.form, .named(.method, "post"), .action(action)) {
          context.hidden()
          el(.label) {
            el(.span, text: "Note")
            el(
              .textarea, .name("note"), .named(.rows, "3"), .named(.maxlength, "10000"), .flag(.required),
              text: .empty)
          }
          el(.button, text: "Keep the note")
        }
        el(.form, .named(.method, "post"), .action(action)) {
          context.hidden()
          el(.label) {
            el(.span, text: "Tag")
            el(.input, .name("tag"), .named(.maxlength, "60"), .flag(.required), .named(.autocomplete, "off"))
          }
          el(.button, text: "Tag it")
        }
      }
    }
  }

  // MARK: Context

  private struct Around {
    var scope: String
    var scopes: [(String, String)]
    var listing: Listing
  }

  /// Five minutes before and after, of the same device or of the same place.
  private static func neighbours(_ event: TimelineEvent, _ context: PageContext, _ tags: [EventID: [String]])
    throws -> Around
  {
    var scopes: [(String, String)] = []
    if event.device != nil, event.time != nil { scopes.append(("device", "same device")) }
    let column = Desk.siteColumn(context.reader)
    let site =
      if let column, let device = event.device { try context.reader.attribute(column, of: device) } else {
        String?.none
      }
    if let column, site != nil, event.time != nil { scopes.append(("site", "same \(column)")) }
    scopes.append(("source", "same source"))
    let scope = scopes.first { $0.0 == context.request.field("scope") }?.0 ?? scopes[0].0
    var before: [TimelineEvent] = []
    var after: [TimelineEvent] = []
    if scope == "source" {
      (before, after) = try context.reader.context(of: event, .source, count: 20)
    } else if let time = event.time, let device = event.device {
      let five: Int64 = 300_000_000_000
      let base =
        scope == "device"
        ? "device:" + TimelineQuestion.quoted(device)
        : "attr.\(TimelineQuestion.quoted(column ?? "")):" + TimelineQuestion.quoted(site ?? "")
      let query = try context.reader.query(
        base
          + " since:\(time.adding(nanoseconds: -five).rfc3339(fractionDigits: 9)) until:\(time.adding(nanoseconds: five + 1).rfc3339(fractionDigits: 9))"
      )
      let cursor = EventCursor(time: time, id: event.id.rawValue)
      before = try context.reader.page(
        matching: query, after: cursor, order: .newestFirst, limit: 60, seconds: 1
      ).events.reversed()
      after = try context.reader.page(
        matching: query, after: cursor, order: .oldestFirst, limit: 60, seconds: 1
      ).events
    }
    var listing = EventListing.make(
      name: "context",
      caption: scope == "source"
        ? "Before and after it in the same source"
        : "Five minutes before and after, \(scopes.first { $0.0 == scope }?.1 ?? "")",
      events: before + [event] + after, tags: tags, back: context.link, current: event.id, canStar: false)
    listing.extra = [("event", .int(event.id.rawValue)), ("scope", .string(scope))]
    return Around(scope: scope, scopes: scopes, listing: listing)
  }

  private static func surroundings(_ around: Around, _ event: TimelineEvent, _ context: PageContext) -> HTML {
    el(.section, .id("context")) {
      el(.h2, text: "Around it")
      el(.ul, .class("tabs")) {
        for (name, words) in around.scopes {
          el(.li) {
            if name == around.scope {
              el(
                .a, .href(context.link.with("scope", name).at("context")), .aria("current", "true"),
                text: .text(words))
            } else {
              el(
                .a, .href(context.link.with("scope", name).without("reveal").at("context")),
                text: .text(words))
            }
          }
        }
      }
      around.listing.html(context)
    }
  }

  private static func record(_ event: TimelineEvent, _ source: SourceEntry?) -> Listing {
    Listing(
      name: "event", caption: "The event",
      columns: [
        "id", "time", "quality", "device", "basis", "severity", "program", "message", "fields", "file",
        "members", "line", "byte_offset", "byte_length", "sha256",
      ].map { .init($0, $0) },
      rows: [
        Listing.Row([
          .number(event.id.rawValue), .time(event.time), .words(event.quality.name), .foreign(event.device),
          .words(event.basis.name), EventListing.severity(event.severity), .foreign(event.program),
          .foreign(event.message, limit: 1 << 20), .foreign(event.fields, limit: 1 << 20),
          .foreign(event.place.path),
          .foreign(event.place.memberName), .number(Int64(clamping: event.line)),
          .number(Int64(clamping: event.byteOffset)), .number(Int64(clamping: event.byteLength)),
          .words(source?.sha256 ?? ""),
        ])
      ])
  }
}

/// Permissions to see an event's secrets once, made when the asking was written down.
private enum Reveals {
  private static let open = Mutex<[String: EventID]>([:])

  static func make(_ event: EventID) -> String {
    let key = Gatekeeper.random()
    open.withLock {
      if $0.count > 100 { $0.removeAll() }
      $0[key] = event
    }
    return key
  }

  static func use(_ key: String, _ event: EventID) -> Bool {
    open.withLock { $0[key] == event && $0.removeValue(forKey: key) != nil }
  }
}
