import IncidentModel

/// Share of affected devices by every attribute of the inventory: who was hit more than the others.
struct CohortComparison {
  /// One attribute value.
  struct Cohort: Hashable {
    var attribute: String
    var value: String
    var affected: Int
    var count: Int
    var interval: ClosedRange<Double>
    /// Against all other listed devices; nil when there are none.
    var relativeRisk: Double?
    var rate: Double { Double(affected) / Double(count) }
  }
  /// Cohorts of at least ten devices, by attribute in inventory order, highest rate first.
  var cohorts: [Cohort] = []
  /// Attributes that were looked at.
  var dimensions: [String] = []
  /// Cohorts under ten devices, which are not shown.
  var suppressed = 0
  /// Smallest cohort that is shown.
  static let smallest = 10

  init(inventory: Inventory, affected: Set<String>) {
    guard inventory.count > 0 else { return }
    let hit = inventory.devices.map { affected.contains($0) }
    let hitTotal = hit.count { $0 }
    for attribute in inventory.attributes.indices {
      dimensions.append(inventory.attributes[attribute])
      let values = inventory.values[attribute]
      var count = [Int](repeating: 0, count: values.count)
      var failed = count
      for row in inventory.devices.indices {
        let code = Int(inventory.code(row: row, attribute: attribute))
        count[code] += 1
        if hit[row] { failed[code] += 1 }
      }
      var found: [Cohort] = []
      for code in values.indices where !values[code].isEmpty && count[code] > 0 {
        guard count[code] >= Self.smallest, let interval = Statistics.wilson(failed[code], of: count[code])
        else {
          suppressed += 1
          continue
        }
        found.append(
          Cohort(
            attribute: inventory.attributes[attribute], value: values[code], affected: failed[code],
            count: count[code], interval: interval,
            relativeRisk: Statistics.relativeRisk(
              failed[code], of: count[code], others: hitTotal - failed[code],
              of: inventory.count - count[code])))
      }
      found.sort { ($1.rate, $1.count, $0.value) < ($0.rate, $0.count, $1.value) }
      cohorts += found
    }
  }
}
