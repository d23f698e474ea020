import CascadeAnalysis
import IncidentModel

/// Places by time: the share of each place's devices that have failed so far. Rates, since counts only show where devices are.
enum SiteHeatMap {
  private static let maximumRows = 24
  private static let columns = 24

  static func chart(_ context: SectionContext) -> Chart? {
    let inventory = context.facts.inventory
    guard let column = PlaceColumns.best(inventory.attributes), let first = context.picture.onsetTimes.first,
      let last = context.picture.onsetTimes.last
    else { return nil }
    let values = inventory.values[column]
    var count = [Int](repeating: 0, count: values.count)
    for row in inventory.devices.indices { count[Int(inventory.code(row: row, attribute: column))] += 1 }
    let width = max((last - first) / Int64(columns) + 1, 1_000_000_000)
    var failed = [[Int]](repeating: [], count: values.count)
    for onset in context.picture.onsets {
      guard let row = inventory.rowOfDevice[onset.device] else { continue }
      let code = Int(inventory.code(row: row, attribute: column))
      if failed[code].isEmpty { failed[code] = [Int](repeating: 0, count: columns) }
      failed[code][min(columns - 1, Int((onset.time.nanoseconds - first) / width))] += 1
    }
    let sites = values.indices.filter { !values[$0].isEmpty && !failed[$0].isEmpty && count[$0] > 0 }
    guard sites.count >= 2 else { return nil }
    func rate(_ code: Int) -> Double { Double(failed[code].reduce(0, +)) / Double(count[code]) }
    let order = sites.sorted { (rate($1), count[$1], values[$0]) < (rate($0), count[$0], values[$1]) }
    let shown = Array(order.prefix(maximumRows))
    let labels = shown.map { Wording.value(values[$0], of: inventory.attributes[column], context) }
    let cells = shown.map { code -> [Double] in
      var sum = 0
      return failed[code].map {
        sum += $0
        return Double(sum) / Double(count[code])
      }
    }
    let rows = zip(shown, labels).map { code, label -> [Prose] in
      [
        Prose([.foreign(label, .name)]), .count(failed[code].reduce(0, +)), .count(count[code]),
        .value(.share(failed[code].reduce(0, +), of: count[code])),
      ]
    }
    return Chart(
      id: "places", title: "Places over time, by share of their devices",
      description:
        "Each row is a place, each column a stretch of time; darker means a larger share of the place's devices has failed so far.",
      drawing: .heatMap(
        HeatMap(rows: labels, cells: cells, start: first, end: first + width * Int64(columns))),
      table: Table(
        "Share affected by place", ["Place", "#Affected", "#Devices", "#Share"], rows,
        omitted: order.count - shown.count))
  }
}
