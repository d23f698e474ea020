internal import ConsoleOutput
internal import IncidentModel
internal import PostmortemReport

/// One cell of a list: as a page shows it, and as CSV and JSON carry it.
struct Cell: Sendable {
  var html: HTML
  var value: JSONValue

  /// Words of Firebreak.
  static func words(_ text: String) -> Cell { Cell(html: .text(text), value: .string(text)) }
  /// Text of others: masked and made visible in every format.
  static func foreign(_ text: String?, limit: Int = EvidenceText.defaultLimit) -> Cell {
    guard let text, !text.isEmpty else { return Cell(html: .empty, value: .null) }
    return Cell(
      html: .foreign(text, limit: limit), value: .string(EvidenceText(text, limit: 1 << 20).text))
  }
  /// A whole number.
  static func number(_ value: Int64) -> Cell {
    Cell(html: .text(Figures.grouped(value)), value: .int(value))
  }
  static func number(_ value: Int) -> Cell { number(Int64(value)) }
  /// An instant.
  static func time(_ instant: Instant?, digits: Int = 3) -> Cell {
    guard let instant else { return Cell(html: el(.span, .class("na"), text: "no time"), value: .null) }
    return Cell(
      html: Moment.html(instant, digits: digits), value: .string(instant.rfc3339(fractionDigits: 9)))
  }
  /// A share from 0 to 1.
  static func share(_ value: Double) -> Cell {
    Cell(html: .text(Figures.percent(value, digits: 1)), value: .double(value))
  }
  /// A link around foreign text.
  static func link(_ link: Link, _ text: String, limit: Int = 160) -> Cell {
    Cell(
      html: .foreign(text, limit: limit, to: link),
      value: .string(EvidenceText(text, limit: 1 << 20).text))
  }
  /// Only for the page.
  static func shown(_ html: HTML) -> Cell { Cell(html: html, value: .null) }
  /// With a class for its look.
  func with(link: Link) -> Cell { Cell(html: el(.a, .href(link), text: html), value: value) }

  /// As a cell of a table of text.
  var text: String {
    switch value {
    case .null: ""
    case .string(let text): text
    default: value.text()
    }
  }
}

/// A list that a page shows, and that can be had as CSV and JSON at the same address.
struct Listing: Sendable {
  /// A column: its key in JSON and CSV, its title, and whether it stands to the right.
  struct Column: Sendable {
    var key: String
    var title: String
    var isNumeric = false
    /// Not part of CSV and JSON.
    var isForPageOnly = false
    /// Left away where the page is narrow.
    var isMinor = false
    init(_ key: String, _ title: String, numeric: Bool = false, pageOnly: Bool = false, minor: Bool = false) {
      self.key = key
      self.title = title
      isNumeric = numeric
      isForPageOnly = pageOnly
      isMinor = minor
    }
  }
  /// A row: its cells, an anchor, and classes for its look.
  struct Row: Sendable {
    var cells: [Cell]
    var id: String?
    var look = ""
    init(_ cells: [Cell], id: String? = nil, look: String = "") {
      self.cells = cells
      self.id = id
      self.look = look
    }
  }
  /// Short name: `list=NAME` in the address, `firebreak.page.NAME/1` in JSON.
  var name: String
  /// What it shows.
  var caption: String
  /// False where a heading before it says the same: then only those who do not see it are told.
  var showsCaption = true
  var columns: [Column]
  var rows: [Row] = []
  /// Where the next rows are.
  var next: Link?
  /// What to say where there is no row.
  var empty: HTML = "Nothing."
  /// Members of the JSON document beside the rows.
  var extra: [(String, JSONValue)] = []

  /// The table, links to its other formats, and the way to the next rows.
  func html(_ context: PageContext, showsFormats: Bool = true) -> HTML {
    guard !rows.isEmpty else {
      return el(.p, .class("empty"), text: empty) + (next.map { more($0, "Go on searching") } ?? .empty)
    }
    return el(
      .div, .class("scroll"), .role("region"), .named(.tabindex, "0"), .aria("label", caption)
    ) {
      el(.table, .class("list"), .data("list", name)) {
        showsCaption ? el(.caption, text: .text(caption)) : el(.caption, .class("sr"), text: .text(caption))
        el(.thead) {
          el(.tr) {
            for column in columns {
              el(
                .th, .named(.scope, "col"), .class(look(column)),
                text: column.title.isEmpty
                  ? el(.span, .class("sr"), text: .text(column.key)) : .text(column.title))
            }
          }
        }
        el(.tbody) { for row in rows { html(row) } }
      }
    }
      + el(.div, .class("under")) {
        if let next { more(next, "Next") }
        if showsFormats { formats(context) }
      }
  }

  private func look(_ column: Column) -> String {
    [column.isNumeric ? "num" : "", column.isMinor ? "minor" : ""].filter { !$0.isEmpty }.joined(
      separator: " ")
  }

  private func html(_ row: Row) -> HTML {
    var attributes: [Attribute] = [.data("row", "")]
    if let id = row.id { attributes.append(.id(id)) }
    if !row.look.isEmpty { attributes.append(.class(row.look)) }
    return element(
      .tr, attributes,
      HTMLBuilder.buildArray(
        zip(columns, row.cells).map { column, cell in
          let look = look(column)
          return look.isEmpty ? el(.td, text: cell.html) : el(.td, .class(look), text: cell.html)
        }))
  }

  private func more(_ link: Link, _ words: String) -> HTML {
    el(.a, .href(link), .class("more button"), .named(.rel, "next"), text: .text(words))
  }

  /// The other formats of a list that a page shows in another way than as a table.
  func formatLinks(_ context: PageContext) -> HTML { el(.div, .class("under"), text: formats(context)) }

  private func formats(_ context: PageContext) -> HTML {
    let base = context.link.without("reveal").with("list", name)
    return el(.span, .class("formats")) {
      el(.a, .href(base.with("format", "csv")), text: "CSV")
      HTML.text(" · ")
      el(.a, .href(base.with("format", "json")), text: "JSON")
    }
  }

  private var carried: [Int] { columns.indices.filter { !columns[$0].isForPageOnly } }

  /// RFC 4180 with a header; cells that a spreadsheet would run are defused.
  var csv: String { csv(withHeader: true) }

  func csv(withHeader: Bool) -> String {
    let carried = carried
    var text = withHeader ? DelimitedText.line(carried.map { columns[$0].key }) + "\r\n" : ""
    for row in rows { text += DelimitedText.line(carried.map { row.cells[$0].text }) + "\r\n" }
    return text
  }

  /// The rows as objects, and where the next ones are.
  var json: String {
    let carried = carried
    let objects = rows.map { row in
      JSONValue.object(carried.map { (columns[$0].key, row.cells[$0].value) })
    }
    return JSONValue.object(
      [("schema", .string("firebreak.page.\(name)/1"))] + extra + [
        ("rows", .array(objects)),
        (
          "next",
          next.map { .string($0.without("format", "list").with("list", name).with("format", "json").text) }
            ?? .null
        ),
      ]
    ).prettyText() + "\n"
  }
}
