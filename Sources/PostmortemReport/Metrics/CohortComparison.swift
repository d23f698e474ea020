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
  /// By attribute how much it tells of who was hit: the likelihood ratio G of its groups, less what chance gives so many groups on
  /// average. Only attributes whose groups differ by more than chance would in one case of two hundred.
  private(set) var weights: [String: Double] = [:]
  /// Cohorts under ten devices, which are not shown.
  var suppressed = 0
  /// Smallest cohort that is shown.
  static let smallest = 10

  /// - Parameter kind: The inventory's column that says what a device is, where it has one.
  init(inventory: Inventory, affected: Set<String>, kind: Int? = nil) {
    guard inventory.count > 0 else { return }
    let hit = inventory.devices.map { affected.contains($0) }
    // That gateways have a firmware of their own, and none failed, says nothing of why devices did.
    var isKindHit: [Bool]?
    if let kind {
      var kinds = [Bool](repeating: false, count: inventory.values[kind].count)
      for row in inventory.devices.indices where hit[row] {
        kinds[Int(inventory.code(row: row, attribute: kind))] = true
      }
      isKindHit = inventory.devices.indices.map { kinds[Int(inventory.code(row: $0, attribute: kind))] }
    }
    let hitTotal = hit.count { $0 }
    for attribute in inventory.attributes.indices {
      dimensions.append(inventory.attributes[attribute])
      let values = inventory.values[attribute]
      var count = [Int](repeating: 0, count: values.count)
      var failed = count
      var alike = count
      for row in inventory.devices.indices {
        let code = Int(inventory.code(row: row, attribute: attribute))
        count[code] += 1
        if hit[row] { failed[code] += 1 }
        if isKindHit?[row] ?? true { alike[code] += 1 }
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
      let groups = values.indices.filter { !values[$0].isEmpty && alike[$0] >= Self.smallest }
      if let weight = Self.weight(groups.map { (alike[$0], failed[$0]) }) {
        weights[inventory.attributes[attribute]] = weight
      }
    }
  }

  /// Of groups that are large enough to be shown.
  private static func weight(_ groups: [(count: Int, failed: Int)]) -> Double? {
    let total = groups.reduce(0) { $0 + $1.count }
    let hit = groups.reduce(0) { $0 + $1.failed }
    guard groups.count > 1, hit > 0, hit < total else { return nil }
    let rate = Double(hit) / Double(total)
    func term(_ seen: Int, _ expected: Double) -> Double {
      seen > 0 ? 2 * Double(seen) * Statistics.ln(Double(seen) / expected) : 0
    }
    let g = groups.reduce(0.0) { sum, group in
      let n = Double(group.count)
      return sum + term(group.failed, n * rate) + term(group.count - group.failed, n * (1 - rate))
    }
    let freedom = Double(groups.count - 1)
    // Wilson and Hilferty 1931: the cube root of chi-square over its degrees of freedom is nearly normal.
    let spread = 2 / (9 * freedom)
    let z = (Statistics.cubeRoot(g / freedom) - (1 - spread)) / spread.squareRoot()
    return z > 2.58 ? g - freedom : nil
  }
}
