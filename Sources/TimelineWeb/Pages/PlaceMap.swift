internal import CascadeAnalysis
internal import ConsoleOutput
internal import IncidentModel
internal import PostmortemReport
internal import TimelineStore

/// Places over time by the share of their devices that have failed: counts only show where devices are.
struct PlaceMap: Sendable {
  /// One place.
  private struct Place: Sendable {
    var name: String
    var devices: Int
    var failed: Int
    var share: Double { Double(failed) / Double(max(1, devices)) }
  }
  /// Why there is no map; nil where there is one.
  private let reason: String?
  private var attribute = "site"
  /// Those that were hit, the worst first.
  private var places: [Place] = []
  private var total = 0
  private var drawing = ""
  private static let columns = 40
  private static let shown = 24

  init(_ sites: DeviceAttributeIndex?, _ view: IncidentView?, _ reader: CaseReader) throws {
    guard let view else {
      reason = "No map of places: nothing was traced yet."
      return
    }
    guard let sites else {
      reason = "No map of places: the inventory has no column of places."
      return
    }
    guard let onsets = view.incident?.onsets, let first = view.onsetTimes.first?.nanoseconds,
      let last = view.onsetTimes.last?.nanoseconds
    else {
      reason = "No map of places: nothing failed."
      return
    }
    reason = nil
    attribute = sites.attribute
    total = sites.values.count
    let width = max((last - first) / Int64(Self.columns) + 1, 1_000_000_000)
    var failed = [[Int]](repeating: [], count: sites.values.count)
    let codes = try sites.codesByName(reader)
    for onset in onsets {
      guard let code = codes[onset.device] else { continue }
      if failed[Int(code)].isEmpty { failed[Int(code)] = [Int](repeating: 0, count: Self.columns) }
      failed[Int(code)][min(Self.columns - 1, Int((onset.time.nanoseconds - first) / width))] += 1
    }
    var found: [(place: Place, code: Int)] = []
    for code in sites.values.indices where !failed[code].isEmpty && sites.counts[code] > 0 {
      let sum = failed[code].reduce(0, +)
      found.append((Place(name: sites.values[code], devices: sites.counts[code], failed: sum), code))
    }
    found.sort { ($1.place.share, $0.place.name) < ($0.place.share, $1.place.name) }
    places = found.map(\.place)
    drawing = PageChart.heatMap(
      id: "places", title: "Places over time, by share of their devices",
      description:
        "Each row is a place, each column a stretch of time; darker means a larger share has failed so far.",
      rows: found.prefix(Self.shown).map { entry in
        var sum = 0
        return (
          entry.place.name,
          failed[entry.code].map {
            sum += $0
            return Double(sum) / Double(entry.place.devices)
          }
        )
      }, start: Instant(nanoseconds: first),
      end: Instant(nanoseconds: first + width * Int64(Self.columns)))
  }

  private func link(_ place: Place) -> Link {
    Link("fleet", query: [("attr", attribute), ("value", place.name)]).at("devices")
  }

  func html(_ context: PageContext) -> HTML {
    if let reason { return el(.p, .class("empty"), text: .text(reason)) }
    guard !places.isEmpty else { return el(.p, .class("empty"), text: "No place was hit.") }
    return Figure.of(
      drawing, "Places over time",
      "Share of each \(attribute)'s devices that have failed so far. \(Figures.grouped(places.count)) of \(Figures.grouped(total)) were hit\(places.count > Self.shown ? "; the worst \(Self.shown) are shown" : "")."
    )
      + el(.p, .class("soft places")) {
        HTML.text("Show the devices of ")
        HTMLBuilder.buildArray(
          places.prefix(Self.shown).map { place in
            el(.a, .href(link(place)), text: .foreign(place.name, limit: 40)) + " "
          })
      } + listing.formatLinks(context)
  }

  /// All places that were hit, for programs.
  var listing: Listing {
    var listing = Listing(
      name: "places", caption: "Places by the share of their devices that failed",
      columns: [
        .init("place", attribute), .init("devices", "Devices", numeric: true),
        .init("failed", "Failed", numeric: true), .init("share", "Share", numeric: true),
      ])
    listing.rows = places.map {
      Listing.Row([
        .link(link($0), $0.name), .number($0.devices), .number($0.failed), .share($0.share),
      ])
    }
    return listing
  }
}
