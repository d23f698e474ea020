internal import CascadeAnalysis
internal import ConsoleOutput
internal import IncidentModel
internal import PostmortemReport
internal import TimelineStore

/// Which devices are set against the rest.
struct Selection {
  /// In words: devices …
  var words: String
  /// How many.
  var count: Int
  /// Devices that the inventory lists, selected or not.
  var listed: Int
  var cohorts: PageCohorts

  init(_ context: PageContext, _ state: CaseState, _ view: IncidentView?, _ inventory: Inventory) throws {
    listed = inventory.count
    var names: Set<String>
    if let attribute = context.request.field("attr"), let value = context.request.field("value") {
      words = "\(attribute)=\(value)"
      names = []
      if let column = inventory.attributes.firstIndex(of: attribute) {
        for row in inventory.devices.indices where inventory.value(row: row, attribute: column) == value {
          names.insert(inventory.devices[row])
        }
      }
    } else if let pattern = context.request.field("name") {
      words = "named \(pattern)"
      names = try context.reader.deviceNames(matching: pattern, limit: 200_000)
    } else {
      words = "that failed"
      let failed = view?.onsetOf ?? [:]
      count = failed.count
      cohorts = context.desk.once("cohorts", state) {
        PageCohorts(inventory: inventory, selected: Set(failed.keys))
      }
      return
    }
    count = names.count
    cohorts = PageCohorts(inventory: inventory, selected: names)
  }
}

/// A selection against the rest, by every column of the inventory.
struct CohortView {
  private let selection: Selection
  private let context: PageContext
  private var cohorts: PageCohorts { selection.cohorts }

  init(_ selection: Selection, _ context: PageContext) {
    self.selection = selection
    self.context = context
  }

  /// What tells them apart most, the more telling first.
  private var telling: [PageCohorts.Row] {
    cohorts.rows.filter { $0.selected > 0 }.sorted {
      let (a, b) = ($0.relativeRisk ?? 1, $1.relativeRisk ?? 1)
      return a == b ? ($1.count, $0.value) < ($0.count, $1.value) : a > b
    }
  }

  var listing: Listing {
    var listing = Listing(
      name: "cohorts",
      caption: "Devices \(EvidenceText(selection.words, limit: 80).display) against the rest",
      columns: [
        .init("attribute", "Column"), .init("value", "Value"), .init("selected", "Selected", numeric: true),
        .init("devices", "Devices", numeric: true),
        .init("share", "Share", numeric: true), .init("low", "From", numeric: true, minor: true),
        .init("high", "To", numeric: true, minor: true),
        .init("relative_risk", "Against the rest", numeric: true),
      ])
    let rows = !context.isForPrograms ? Array(telling.prefix(20)) : cohorts.rows
    listing.rows = rows.map { row in
      Listing.Row([
        .foreign(row.attribute, limit: 40),
        .link(
          Link("fleet", query: [("attr", row.attribute), ("value", row.value)]).at("devices"), row.value,
          limit: 60),
        .number(row.selected), .number(row.count), .share(row.share), .share(row.low), .share(row.high),
        row.relativeRisk.map { Cell(html: .text("× \(Figures.decimal($0, 1))"), value: .double($0)) }
          ?? Cell(html: .empty, value: .null),
      ])
    }
    listing.empty = "The selection holds no listed device, or every value has under ten devices."
    return listing
  }

  func html() -> HTML {
    guard selection.listed > 0 else {
      return el(.p, .class("empty"), text: "No cohorts: the case has no inventory.")
    }
    let top = telling.prefix(10)
    let svg = PageChart.shares(
      id: "cohorts", title: "Share selected, by value",
      description:
        "For each value of a column: the share of its devices that is selected, with a 95 % interval.",
      bars: top.map {
        (
          "\($0.attribute) \($0.value)", $0.share, $0.low, $0.high,
          "\($0.selected)/\($0.count)" + ($0.relativeRisk.map { " × \(Figures.decimal($0, 1))" } ?? ""),
          ($0.relativeRisk ?? 1) >= 2
        )
      })
    return el(.section) {
      el(.h2, text: "Devices \(.foreign(selection.words, limit: 80)) against the rest")
      el(
        .p, .class("soft"),
        text:
          "\(Figures.grouped(selection.count)) selected of \(Figures.grouped(selection.listed)) listed. \(cohorts.dimensions.count) columns were looked at, so one in twenty differences is chance; values of under ten devices are left out (\(Figures.grouped(cohorts.suppressed)))."
      )
      Figure.of(
        svg, "Share selected, by value",
        "Whiskers: Wilson's 95 % interval. × is the share against that of all others; the accent marks twice as much or more."
      )
      el(.details) {
        el(.summary, text: "The same as a table")
        listing.html(context)
      }
    }
  }
}
