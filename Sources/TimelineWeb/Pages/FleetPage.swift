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
    let view = try context.desk.incident(state)
    let listing = try devices(context, view)
    guard !context.isForPrograms || context.request.field("list") != nil else {
      return PageContent(title: title, main: .empty, listings: [listing])
    }
    let places = try context.desk.once("places", state) {
      try PlaceMap(context.desk.siteIndex(context.reader, state), view, context.reader)
    }
    let inventory = try context.desk.inventory(context.reader, state)
    let cohorts = CohortView(try Selection(context, state, view, inventory), context)
    let main = el(.div) {
      el(.h1, text: "Fleet")
      places.html(context)
      cohorts.html()
      el(.section, .id("devices")) {
        el(.h2, text: "Devices")
        filters(context)
        listing.html(context)
      }
    }
    return PageContent(title: title, main: main, listings: [listing, cohorts.listing, places.listing])
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
    let count = !context.isForPrograms ? rows : 1000
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
    listing.showsCaption = false
    listing.next = next.map { context.link.with("after", $0).at("devices") }
    listing.empty = "No device is called that."
    return listing
  }
}
