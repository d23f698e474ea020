internal import CascadeAnalysis
internal import ConsoleOutput
internal import IncidentModel
internal import PostmortemReport
internal import TimelineStore

/// What the case was made from, what was lost on the way, whose clock was off, and who did what with it.
enum EvidencePage: WebPage {
  static let name = "evidence"
  static let title = "Evidence"

  private static let parts: [(String, String)] = [
    ("", "Sources"), ("damage", "Damage"), ("refused", "Refused lines"), ("clocks", "Clocks"),
    ("custody", "Custody"),
  ]
  private static let rows = 100

  static func content(_ context: PageContext) throws -> PageContent {
    let part = context.rest.first ?? ""
    guard let title = parts.first(where: { $0.0 == part })?.1 else {
      throw PageError(
        status: 404, title: "There is no such page",
        words: "The evidence has sources, damage, refused lines, clocks and custody.",
        next: (Link("evidence"), "To the sources"))
    }
    let number = context.request.number("source")
    if part.isEmpty, let number { return try source(number, context) }
    let (listing, head): (Listing, HTML) =
      switch part {
      case "damage": try damage(context)
      case "refused": try refused(context)
      case "clocks": try clocks(context)
      case "custody": try custody(context)
      default: try sources(context)
      }
    let main = el(.div) {
      el(.h1, text: "Evidence")
      tabs(part)
      el(.section) {
        el(.h2, text: .text(title))
        head
        listing.html(context)
      }
    }
    return PageContent(title: title, main: main, listings: [listing])
  }

  private static func tabs(_ part: String) -> HTML {
    el(.ul, .class("tabs")) {
      for (name, words) in parts {
        let link = name.isEmpty ? Link("evidence") : Link("evidence", name)
        el(.li) {
          if name == part {
            el(.a, .href(link), .aria("current", "true"), text: .text(words))
          } else {
            el(.a, .href(link), text: .text(words))
          }
        }
      }
    }
  }

  private static func sources(_ context: PageContext) throws -> (Listing, HTML) {
    let totals = try context.reader.evidenceTotals()
    // The first source is number 0.
    let after = context.request.number("after") ?? -1
    let all = try context.reader.sources().filter { $0.ordinal > after }
    var listing = Listing(
      name: "sources", caption: "Sources", showsCaption: false,
      columns: [
        .init("source", "No.", numeric: true), .init("name", "File and member"),
        .init("format", "Format", minor: true),
        .init("events", "Events", numeric: true), .init("bytes", "Bytes", numeric: true, minor: true),
        .init("refused_lines", "Refused", numeric: true, minor: true),
        .init("damage", "Damage", numeric: true, minor: true),
        .init("first", "First (UTC)", minor: true), .init("last", "Last (UTC)", minor: true),
        .init("sha256", "SHA-256", minor: true),
      ])
    listing.rows = all.prefix(rows).map { source in
      let link = Link("evidence", query: [("source", "\(source.ordinal)")])
      return Listing.Row([
        .number(source.ordinal), .link(link, source.name, limit: 200), .foreign(source.format, limit: 40),
        .number(Int64(source.events.count)), .number(Int64(clamping: source.bytes)),
        .number(Int64(clamping: source.linesBy.refused)), .number(source.damage),
        .time(source.firstTime, digits: 0), .time(source.lastTime, digits: 0),
        Cell(
          html: el(.code, .title(source.sha256), text: .text(String(source.sha256.prefix(10)) + "…")),
          value: .string(source.sha256)),
      ])
    }
    if all.count > rows, let last = listing.rows.indices.last {
      listing.next = context.link.with("after", "\(all[last].ordinal)")
    }
    listing.empty = "Nothing was read yet."
    return (
      listing,
      el(
        .p, .class("soft"),
        text: .text(
          "\(Figures.counted(totals.sources, "source")), \(Figures.bytes(UInt64(max(0, totals.stored)))) as stored, "
            + "\(Figures.bytes(UInt64(max(0, totals.bytes)))) read. Every byte is accounted for: events, continuations, blanks, structure, refused, damaged."
        ))
    )
  }

  private static func source(_ number: Int64, _ context: PageContext) throws -> PageContent {
    guard let source = try context.reader.sources().first(where: { $0.ordinal == number }) else {
      throw PageError(
        status: 404, title: "There is no such source", words: "The case has no source \(number).",
        next: (Link("evidence"), "To the sources"))
    }
    let remarks = try context.reader.remarks(source: number)
    var account = Listing(
      name: "account", caption: "Where its bytes and lines went",
      columns: [
        .init("part", "Part"), .init("bytes", "Bytes", numeric: true), .init("lines", "Lines", numeric: true),
      ])
    for (name, bytes, lines) in [
      ("events", source.bytesBy.events, source.linesBy.events),
      ("continuations", source.bytesBy.continuations, source.linesBy.continuations),
      ("blanks", source.bytesBy.blanks, source.linesBy.blanks),
      ("structure", source.bytesBy.structure, source.linesBy.structure),
      ("refused", source.bytesBy.refused, source.linesBy.refused),
      ("damaged", source.bytesBy.damaged, source.linesBy.damaged),
    ] {
      account.rows.append(
        Listing.Row([.words(name), .number(Int64(clamping: bytes)), .number(Int64(clamping: lines))]))
    }
    func remark(_ title: HTML, _ list: [SourceRemark]) -> HTML {
      guard !list.isEmpty else { return .empty }
      return el(.section) {
        el(.h2, text: title)
        el(.ul) {
          for one in list {
            el(
              .li,
              text:
                "\(.foreign(one.subject, limit: 60)): \(.foreign(one.value, limit: 200)) \(el(.span, .class("soft"), text: .foreign(one.reason, limit: 600)))"
            )
          }
        }
      }
    }
    let main = el(.article) {
      el(.h1, text: "Source \(number)")
      tabs("")
      el(.dl, .class("facts")) {
        fact("File", .foreign(source.description.path, limit: 400))
        if !source.description.members.isEmpty {
          fact("Member", .foreign(source.description.memberName, limit: 400))
        }
        fact("SHA-256", el(.code, .class("hash"), text: .text(source.sha256)))
        fact("Read as", .foreign(([source.format] + source.compression).joined(separator: ", "), limit: 120))
        if let modified = source.modified { fact("Modified", Moment.both(modified, digits: 0)) }
        if !source.events.isEmpty {
          fact(
            "Events",
            el(
              .a, .href(Link("timeline", query: [("q", "source:" + String(source.sha256.prefix(16)))])),
              text: .text(Figures.grouped(source.events.count))))
        }
        if source.linesBy.refused > 0 {
          fact(
            "Refused",
            el(
              .a, .href(Link("evidence", "refused", query: [("source", "\(number)")])),
              text: "\(Figures.counted(source.linesBy.refused, "line"))"))
        }
      }
      el(.section) {
        el(.h2, text: "Every byte")
        account.html(context)
      }
      remark("What was lost", remarks.damage)
      remark("What was decided", remarks.decisions)
    }
    return PageContent(title: "Source \(number)", main: main, listings: [account])
  }

  static func fact(_ term: String, _ value: HTML) -> HTML {
    el(.div) {
      el(.dt, text: .text(term))
      el(.dd, text: value)
    }
  }

  private static func damage(_ context: PageContext) throws -> (Listing, HTML) {
    let found = try context.reader.damage(after: context.request.number("after") ?? 0, limit: rows)
    var listing = Listing(
      name: "damage", caption: "Places where evidence was lost",
      columns: [
        .init("source", "Source", numeric: true), .init("name", "File and member"), .init("kind", "Damage"),
        .init("byte_offset", "Byte", numeric: true), .init("in_container", "Of", minor: true),
        .init("note", "What it means"),
      ])
    listing.rows = found.map {
      Listing.Row([
        .number($0.source),
        .link(Link("evidence", query: [("source", "\($0.source)")]), $0.place.name, limit: 200),
        .foreign($0.kind, limit: 60), .number($0.byteOffset),
        .words($0.isInContainer ? "stored bytes" : "content"), .foreign($0.note),
      ])
    }
    listing.next = found.count == rows ? context.link.with("after", "\(found[rows - 1].id)") : nil
    listing.empty = "Nothing was lost: every source was read to its end."
    return (listing, .empty)
  }

  private static func refused(_ context: PageContext) throws -> (Listing, HTML) {
    let found = try context.reader.refusedLines(
      source: context.request.number("source"), after: context.request.number("after") ?? 0, limit: rows)
    var listing = Listing(
      name: "refused", caption: "Lines that no format could read",
      columns: [
        .init("source", "Source", numeric: true), .init("name", "File and member", minor: true),
        .init("line", "Line", numeric: true),
        .init("byte_offset", "Byte", numeric: true, minor: true), .init("reason", "Why"),
        .init("excerpt", "The line"),
      ])
    listing.rows = found.map {
      Listing.Row([
        .number($0.source).with(link: Link("evidence", query: [("source", "\($0.source)")])),
        .foreign($0.place.name, limit: 120), .number($0.line), .number($0.byteOffset),
        .foreign($0.reason, limit: 200),
        Cell(
          html: el(.code, .class("ev"), text: .foreign(bytes: $0.excerpt, limit: 300)),
          value: .string(EvidenceText(bytes: $0.excerpt, limit: 4096).text)),
      ])
    }
    listing.next = found.count == rows ? context.link.with("after", "\(found[rows - 1].id)") : nil
    listing.empty = "No line was refused."
    return (listing, .empty)
  }

  private static func clocks(_ context: PageContext) throws -> (Listing, HTML) {
    let view = try context.desk.incident(context.reader.state())
    let skews = (view?.trace.clockSkews ?? []).sorted { abs($0.seconds) > abs($1.seconds) }
    let from = max(0, context.request.number("after").map { Int(clamping: $0) } ?? 0)
    var listing = Listing(
      name: "clocks", caption: "Clocks that were off",
      columns: [
        .init("device", "Device"), .init("seconds", "Ahead (s)", numeric: true),
        .init("error", "± (s)", numeric: true),
        .init("pairs", "Pairs of messages", numeric: true, minor: true),
      ])
    listing.rows = skews.dropFirst(from).prefix(rows).map {
      Listing.Row([
        .link(Link("fleet", query: [("device", $0.device)]), $0.device, limit: 80),
        Cell(html: .text(Figures.decimal($0.seconds, 1)), value: .double($0.seconds)),
        Cell(html: .text(Figures.decimal($0.error, 1)), value: .double($0.error)), .number($0.pairs),
      ])
    }
    listing.next = from + rows < skews.count ? context.link.with("after", "\(from + rows)") : nil
    listing.empty =
      view == nil ? "Clocks are compared by a trace; there is none yet." : "No clock was found to be off."
    let facets = try context.reader.facets(
      matching: context.reader.query(""), attribute: nil, limit: 8_000, seconds: 0.1, top: 10)
    let words = facets.qualities.map {
      "\($0.value.map { $0 == "_" ? " " : String($0) }.joined()) \(Figures.percent(Double($0.events) / Double(max(1, facets.counted))))"
    }.joined(separator: ", ")
    return (
      listing,
      el(
        .p, .class("soft"),
        text: .text(
          "How times came about\(facets.isComplete ? "" : ", in a sample"): \(words.isEmpty ? "no events" : words)."
        ))
    )
  }

  private static func custody(_ context: PageContext) throws -> (Listing, HTML) {
    let records = try context.reader.custody()
    let verdict = CustodyLog.verify(records, digest: context.desk.services.digest)
    let before = context.request.number("before") ?? .max
    let page = records.reversed().filter { $0.number < before }.prefix(rows)
    var listing = Listing(
      name: "custody", caption: "Who did what with the case, newest first",
      columns: [
        .init("number", "No.", numeric: true), .init("at", "When (UTC)"), .init("actor", "Who"),
        .init("action", "Did"),
        .init("subject", "To"), .init("detail", "Detail", minor: true),
        .init("sha256", "SHA-256", minor: true),
      ])
    listing.rows = page.map {
      Listing.Row([
        .number($0.number), .time($0.entry.at, digits: 0), .foreign($0.entry.actor, limit: 60),
        .foreign($0.entry.action, limit: 40),
        .foreign($0.entry.subject, limit: 200), .foreign($0.entry.detail, limit: 300),
        Cell(
          html: el(.code, text: .foreign(String(($0.entry.sha256 ?? "").prefix(12)))),
          value: $0.entry.sha256.map { .string($0) } ?? .null),
      ])
    }
    listing.next = page.count == rows ? page.last.map { context.link.with("before", "\($0.number)") } : nil
    listing.empty = "Nobody has done anything with the case yet."
    let head = el(.div) {
      if let broken = verdict.brokenAt {
        el(
          .p, .class("notice"), .role("alert"),
          text: "The chain does not hold from entry \(broken) on: the log was changed.")
      } else {
        el(
          .p, .class("soft"),
          text: "The chain of \(verdict.entries) entries holds. Its head, to be written down elsewhere:")
      }
      el(.p, text: el(.code, .class("hash"), text: .text(verdict.head)))
    }
    return (listing, head)
  }
}
