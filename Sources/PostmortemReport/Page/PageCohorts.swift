public import IncidentModel

/// A selection of devices against all others, by every attribute of the inventory.
public struct PageCohorts: Sendable {
  /// One attribute value.
  public struct Row: Sendable, Hashable {
    /// Column of the inventory.
    public var attribute: String
    /// Its value.
    public var value: String
    /// Selected devices that have it.
    public var selected: Int
    /// Devices that have it.
    public var count: Int
    /// Wilson's 95 % interval of the share.
    public var low: Double
    /// Its upper end.
    public var high: Double
    /// Share of selected devices among those that have it, divided by the share among the others; nil when there are none.
    public var relativeRisk: Double?
    /// Share of selected devices.
    public var share: Double { Double(selected) / Double(max(1, count)) }
  }
  /// By attribute in inventory order, highest share first; at least ten devices each.
  public var rows: [Row]
  /// Attributes looked at.
  public var dimensions: [String]
  /// Values with under ten devices, which are left out.
  public var suppressed: Int

  /// Compares.
  public init(inventory: Inventory, selected: Set<String>) {
    let comparison = CohortComparison(inventory: inventory, affected: selected)
    rows = comparison.cohorts.map {
      Row(
        attribute: $0.attribute, value: $0.value, selected: $0.affected, count: $0.count,
        low: $0.interval.lowerBound, high: $0.interval.upperBound, relativeRisk: $0.relativeRisk)
    }
    dimensions = comparison.dimensions
    suppressed = comparison.suppressed
  }

  /// Column of the inventory that names places; nil where there is none.
  public static func siteColumn(_ inventory: Inventory) -> Int? { PlaceColumns.best(inventory.attributes) }
}
