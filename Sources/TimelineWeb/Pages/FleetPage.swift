internal import CascadeAnalysis
internal import ConsoleOutput
internal import IncidentModel
internal import PostmortemReport
internal import TimelineStore

/// The devices: where they failed by rate, what a selection shares against the rest, and each of them.
enum FleetPage: WebPage {
  static let name = "fleet"
  static let title = "Fleet"
  private static let rows = 100

  static func content(_ context: PageContext) throws -> PageContent {
    if let device = context.request.field("device") { return try DevicePage.content(device, context) }
    let state = try context.reader.state()
    let view = try context.desk.incident(context.reader, state)
    let listing = try devices(context, view)
    guard context.request.field("format") == nil || context.request.field("list") == "cohorts" else {
      return PageContent(title: title, main: .empty, listings: [listing])
    }
    let inventory = try context.desk.inventory(context.reader, state)
    let selection = try Selection(context, view, inventory)
    let cohorts = CohortView(selection, inventory, context)
    let main = try el(.div) {
      el(.h1, text: "Fleet")
      try heatMap(context, state, view)
      cohorts.html()
      el(.section, .id("devices")) {
        el(.h2, text: "Devices")
        filters(context)
        listing.html(context)
      }
    }
    return PageContent(title: title, main: main, listings: [listing, cohorts.listing])
  }

  // MARK: Heat map

  /// Places over time by the share of their devices that have failed: counts only show where devices are.
  private static func heatMap(_ context: PageContext, _ state: CaseState, _ view: IncidentView?) throws
    -> HTML
  {
    guard let sites = try context.desk.siteIndex(context.reader, state), let incident = view?.incident else {
      return el(
        .p, .class("empty"),
        text: view == nil
          ? "No heat map: nothing was traced yet." : "No heat map: the inventory has no column of places.")
    }
    let columns = 40
    let onsets = incident.onsets
    guard let first = onsets.map(\.time.nanoseconds).min(), let last = onsets.map(\.time.nanoseconds).max()
    else {
      return .empty
    }
    let width = max((last - first) / Int64(columns) + 1, 1_000_000_000)
    var failed = [[Int]](repeating: [], count: sites.values.count)
    for onset in onsets {
      guard let code = sites.codeOfName[onset.device] else { continue }
      if failed[Int(code)].isEmpty { failed[Int(code)] = [Int](repeating: 0, count: columns) }
      failed[Int(code)][min(columns - 1, Int((onset.time.nanoseconds - first) / width))] += 1
    }
    let hit = sites.values.indices.filter { !failed[$0].isEmpty && sites.counts[$0] > 0 }
    func rate(_ code: Int) -> Double { Double(failed[code].reduce(0, +)) / Double(sites.counts[code]) }
    let order = hit.sorted { (rate($1), sites.values[$0]) < (rate($0), sites.values[$1]) }
    let shown = order.prefix(24)
    guard !shown.isEmpty else { return .empty }
    let svg = PageChart.heatMap(
      id: "places", title: "Places over time, by share of their devices",
      description:
        "Each row is a place, each column a stretch of time; darker means a larger share has failed so far.",
      rows: shown.map { code in
        var sum = 0
        return (
          sites.values[code],
          failed[code].map {
            sum += $0
            return Double(sum) / Double(sites.counts[code])
          }
        )
      }, start: Instant(nanoseconds: first), end: Instant(nanoseconds: first + width * Int64(columns)))
    return Figure.of(
      svg, "Places over time",
      "Share of each \(sites.attribute)'s devices that have failed so far. \(Figures.grouped(order.count)) of \(Figures.grouped(sites.values.count)) were hit\(order.count > 24 ? "; the worst 24 are shown" : "")."
    )
      + el(.p, .class("soft")) {
        HTML.text("Show: ")
        HTMLBuilder.buildArray(
          shown.map { code in
            el(
              .a,
              .href(
                Link("fleet", query: [("attr", sites.attribute), ("value", sites.values[code])]).at("devices")
              ), text: .foreign(sites.values[code], limit: 40)) + " "
          })
      }
  }

  // MARK: Devices

  private static func filters(_ context: PageContext) -> HTML {
    let order = DeviceOrder(rawValue: context.request.field("order") ?? "") ?? .errors
    return el(.form, .class("ask"), .role("search"), .action(Link("fleet").at("devices"))) {
      el(.div, .class("row")) {
        el(.label, .class("wide")) {
          el(.span, text: "Name, * and ? allowed")
          el(
            .input, .type("search"), .id("search"), .name("name"),
            .value(context.request.field("name") ?? ""), .named(.autocomplete, "off"))
        }
        if let attribute = context.request.field("attr"), let value = context.request.field("value") {
          el(.input, .type("hidden"), .name("attr"), .value(attribute))
          el(.input, .type("hidden"), .name("value"), .value(value))
        }
        el(.label) {
          el(.span, text: "Order")
          el(.select, .name("order")) {
            for (one, words) in [
              (DeviceOrder.errors, "most errors"), (.firstError, "first error"), (.events, "most events"),
              (.name, "name"),
            ] {
              if one == order {
                el(.option, .value(one.rawValue), .flag(.selected), text: .text(words))
              } else {
                el(.option, .value(one.rawValue), text: .text(words))
              }
            }
          }
        }
        el(.button, text: "Show")
        if context.request.field("show") == "silent" {
          el(.a, .class("button quiet"), .href(Link("fleet").at("devices")), text: "Those that speak")
        } else {
          el(
            .a, .class("button quiet"), .href(Link("fleet", query: [("show", "silent")]).at("devices")),
            text: "Listed, but silent")
        }
      }
      if let attribute = context.request.field("attr"), let value = context.request.field("value") {
        el(.p) {
          HTML.text("Only ")
          el(.code, text: .foreign("\(attribute)=\(value)", limit: 120))
          HTML.text(" ")
          el(.a, .href(context.link.without("attr", "value", "after").at("devices")), text: "all devices")
        }
      }
    }
  }

  private static func devices(_ context: PageContext, _ view: IncidentView?) throws -> Listing {
    let request = context.request
    let order = DeviceOrder(rawValue: request.field("order") ?? "") ?? .errors
    let attributes = context.reader.attributes
    let count = request.field("format") == nil ? rows : 1000
    let entries: [DeviceEntry]
    var next: String?
    if request.field("show") == "silent" {
      entries = try context.reader.silentDevices(after: request.field("after"), limit: count)
      next = entries.count == count ? entries.last?.name : nil
    } else {
      var cursor: DeviceCursor?
      if let after = request.field("after"), let colon = after.firstIndex(of: ":"),
        let key = Int64(after[..<colon])
      {
        cursor = DeviceCursor(key: key, name: String(after[after.index(after: colon)...]))
      }
      var filter: (name: String, value: String)?
      if let attribute = request.field("attr"), let value = request.field("value") {
        filter = (attribute, value)
      }
      entries = try context.reader.devicePage(
        order: order, matching: request.field("name"), attribute: filter, after: cursor, limit: count)
      if entries.count == count, let last = entries.last {
        let place = CaseReader.cursor(after: last, order: order)
        next = "\(place.key):\(place.name)"
      }
    }
    var listing = Listing(
      name: "devices",
      caption: request.field("show") == "silent" ? "Devices that are listed and say nothing" : "Devices",
      columns: [
        .init("device", "Device"), .init("events", "Events", numeric: true),
        .init("errors", "Errors", numeric: true),
        .init("first_error", "First error (UTC)", minor: true), .init("failed", "Failed (UTC)"),
        .init("last", "Last heard (UTC)", minor: true),
      ] + attributes.prefix(4).map { .init($0, EvidenceText($0, limit: 40).display, minor: true) })
    listing.rows = entries.map { device in
      let onset = view?.onset(of: device.name)
      var cells: [Cell] = [
        .link(Link("fleet", query: [("device", device.name)]), device.name, limit: 60),
        .number(device.events), .number(device.errors),
        device.firstError.map {
          Cell.time(device.firstErrorTime, digits: 0).with(link: Link("event", "\($0.rawValue)"))
        } ?? Cell(html: .empty, value: .null),
        onset.map { .time($0.time, digits: 0) } ?? Cell(html: .empty, value: .null),
        device.lastTime.map { .time($0, digits: 0) } ?? Cell(html: .empty, value: .null),
      ]
      cells += zip(attributes, device.attributes).prefix(4).map { .foreign($0.1, limit: 40) }
      return Listing.Row(cells, look: onset == nil ? "" : "bad")
    }
    listing.next = next.map { context.link.with("after", $0).at("devices") }
    listing.empty = "No device is called that."
    return listing
  }
}

/// Which devices are set against the rest.
struct Selection {
  var names: Set<String>
  var words: String

  init(_ context: PageContext, _ view: IncidentView?, _ inventory: Inventory) throws {
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
      names = Set((view?.incident?.onsets ?? []).map(\.device))
    }
  }
}

/// A selection against the rest, by every column of the inventory.
struct CohortView {
  private let selection: Selection
  private let cohorts: PageCohorts
  private let context: PageContext
  private let listed: Int

  init(_ selection: Selection, _ inventory: Inventory, _ context: PageContext) {
    self.selection = selection
    self.context = context
    listed = inventory.count
    cohorts = PageCohorts(inventory: inventory, selected: selection.names)
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
    let rows = context.request.field("format") == nil ? Array(telling.prefix(20)) : cohorts.rows
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
    guard listed > 0 else { return el(.p, .class("empty"), text: "No cohorts: the case has no inventory.") }
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
          "\(Figures.grouped(selection.names.count)) selected of \(Figures.grouped(listed)) listed. \(cohorts.dimensions.count) columns were looked at, so one in twenty differences is chance; values of under ten devices are left out (\(Figures.grouped(cohorts.suppressed)))."
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
