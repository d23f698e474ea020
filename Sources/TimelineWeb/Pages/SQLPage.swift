internal import ConsoleOutput
internal import IncidentModel
internal import PostmortemReport
internal import Synchronization
internal import TimelineStore

/// One statement of SQL on the case: read-only, bounded, and kept by name where it is worth it.
enum SQLPage: WebPage {
  static let name = "sql"
  static let title = "SQL"

  /// Of notes that keep a statement: `subject` is its name, `value` the statement.
  static let kind = Note.Kind(rawValue: "query")
  private static let running = Atomic<Int>(0)

  private static let examples: [(String, String)] = [
    (
      "Errors by device",
      "SELECT device, errors, first_error_time FROM device_summary ORDER BY errors DESC LIMIT 20"
    ),
    (
      "Most frequent templates",
      "SELECT t.program, t.text, r.events FROM template_rollup r JOIN template t ON t.ordinal = r.template ORDER BY r.events DESC LIMIT 20"
    ),
    (
      "Refused lines by reason",
      "SELECT reason, count(*) AS lines FROM refused_line GROUP BY reason ORDER BY lines DESC"
    ),
    (
      "The first events",
      "SELECT time, device, severity, message FROM timeline WHERE id IN (SELECT id FROM event ORDER BY time LIMIT 20)"
    ),
  ]

  static func content(_ context: PageContext) throws -> PageContent {
    let sql = context.request.field("sql") ?? ""
    let saved = try context.reader.notes().filter { $0.kind == kind && $0.value != nil }
    var listing = Listing(name: "sql", caption: "Result", columns: [])
    var outcome: HTML = .empty
    if !sql.isEmpty {
      do {
        let isTruncated = try run(sql, context, &listing)
        outcome = el(.section) {
          el(.h2, text: "Result")
          el(
            .p, .class("soft"), .role("status"),
            text:
              "\(Figures.grouped(listing.rows.count)) \(listing.rows.count == 1 ? "row" : "rows")\(isTruncated ? ", and there are more: the rest is left off" : "")"
          )
          listing.html(context)
        }
      } catch let error as StoreError where context.request.field("format") == nil {
        outcome = el(.div, .class("notice"), .role("alert")) {
          el(
            .p, text: .foreign(error.reason + (error.advice.isEmpty ? "" : " (\(error.advice))"), limit: 1000)
          )
        }
      }
    }
    let main = el(.div) {
      el(.h1, text: "SQL")
      el(
        .p, .class("soft"),
        text:
          "One statement, for reading. It is stopped after \(Int(limits(context).seconds)) seconds, \(limits(context).memory >> 20) MiB or \(Figures.grouped(limits(context).rows)) rows. Views: timeline, event, device_summary, source_summary, refused_line."
      )
      el(.form, .action(Link("sql"))) {
        el(.label) {
          el(.span, text: "Statement")
          el(
            .textarea, .class("sql"), .name("sql"), .id("search"), .named(.rows, "6"),
            .named(.spellcheck, "false"), .named(.maxlength, "20000"), text: .text(sql))
        }
        el(.p, .class("row"), text: el(.button, text: "Run it"))
      }
      outcome
      el(.div, .class("columns")) {
        if !sql.isEmpty { keep(sql, context) }
        el(.section) {
          el(.h2, text: "Saved")
          if saved.isEmpty { el(.p, .class("empty"), text: "None yet. Run a statement, then keep it.") }
          el(.ul, .class("notes")) {
            for note in saved {
              el(.li) {
                el(
                  .a, .href(Link("sql", query: [("sql", note.value)])),
                  text: .foreign(note.subject ?? "", limit: 80))
                el(.div, .class("soft")) {
                  el(.code, text: .foreign(note.value ?? "", limit: 160))
                  HTML.text(" ")
                  HTML.foreign(note.author, limit: 60)
                  el(.form, .named(.method, "post"), .action(Link("timeline")), .class("inline")) {
                    context.hidden()
                    el(.button, .class("quiet"), .name("retract"), .value("\(note.id)"), text: "take back")
                  }
                }
              }
            }
          }
        }
        el(.section) {
          el(.h2, text: "To begin with")
          el(.ul) {
            for (words, sql) in examples {
              el(.li, text: el(.a, .href(Link("sql", query: [("sql", sql)])), text: .text(words)))
            }
          }
        }
      }
    }
    return PageContent(title: title, main: main, listings: [listing])
  }

  static func act(_ context: PageContext) throws -> Link {
    guard let sql = context.request.formField("sql"), let name = context.request.formField("name") else {
      throw PageError(status: 400, title: "The form is empty", words: "A saved statement needs a name.")
    }
    try context.desk.add(
      context.desk.note(kind, subject: String(name.prefix(80)), value: String(sql.prefix(20_000)), text: ""))
    return context.back
  }

  private static func keep(_ sql: String, _ context: PageContext) -> HTML {
    el(.section) {
      el(.h2, text: "Keep it")
      el(.form, .named(.method, "post"), .action(Link("sql")), .class("row")) {
        context.hidden()
        el(.input, .type("hidden"), .name("sql"), .value(sql))
        el(.label, .class("wide")) {
          el(.span, text: "Name")
          el(.input, .name("name"), .named(.maxlength, "80"), .flag(.required), .named(.autocomplete, "off"))
        }
        el(.button, text: "Keep")
      }
    }
  }

  private static func limits(_ context: PageContext) -> SQLLimits {
    SQLLimits(
      seconds: 5, memory: 64 << 20, rows: context.request.field("format") == nil ? 500 : 10_000,
      valueBytes: 1 << 20)
  }

  /// Runs it and fills the list. True where rows were left off.
  private static func run(_ sql: String, _ context: PageContext, _ listing: inout Listing) throws -> Bool {
    // Two at a time: a third waits for nobody and keeps nobody waiting.
    guard running.add(1, ordering: .relaxed).newValue <= 2 else {
      running.subtract(1, ordering: .relaxed)
      throw StoreError(
        code: .limit, what: "cannot run SQL on case", path: context.desk.path,
        reason: "two statements are running already",
        advice: "wait for them")
    }
    defer { running.subtract(1, ordering: .relaxed) }
    let sandbox = try SQLSandbox(path: context.desk.path, limits: limits(context), masksSecrets: true)
    var columns: [Listing.Column] = []
    var rows: [Listing.Row] = []
    var bytes = 0
    let result = try sandbox.run(sql) { names in
      columns = names.map { .init(EvidenceText($0, limit: 200).text, EvidenceText($0, limit: 60).display) }
    } row: { cells in
      rows.append(Listing.Row(cells.map(Self.cell)))
      bytes += cells.reduce(0) { $0 + Self.size($1) }
      return bytes < 8 << 20
    }
    listing.columns = columns
    listing.rows = rows
    listing.empty = "No row."
    return result.isTruncated || bytes >= 8 << 20
  }

  private static func size(_ cell: SQLCell) -> Int {
    switch cell {
    case .text(let text): text.utf8.count
    case .blob(let bytes): bytes.count
    default: 8
    }
  }

  private static func cell(_ cell: SQLCell) -> Cell {
    switch cell {
    case .null: Cell(html: el(.span, .class("na"), text: "null"), value: .null)
    case .integer(let number): Cell(html: .text(String(number)), value: .int(number))
    case .real(let number): Cell(html: .text("\(number)"), value: .double(number))
    case .text(let text): .foreign(text, limit: 400)
    case .blob(let bytes): .foreign(String(decoding: bytes, as: UTF8.self), limit: 400)
    }
  }
}
