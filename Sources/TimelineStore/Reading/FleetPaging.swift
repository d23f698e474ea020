public import IncidentModel

/// Orders of a list of devices.
public enum DeviceOrder: String, Sendable, CaseIterable {
  /// By name.
  case name
  /// Most events of severity error or worse first.
  case errors
  /// Most events first.
  case events
  /// Earliest error first; devices without one last.
  case firstError = "first-error"
}

/// A place in a list of devices.
public struct DeviceCursor: Sendable, Hashable {
  /// Value of what the list is ordered by; 0 by name.
  public var key: Int64
  /// Name of the device.
  public var name: String
  /// A place from its parts.
  public init(key: Int64, name: String) {
    self.key = key
    self.name = name
  }
}

extension CaseReader {
  /// Number of devices that speak, and of those that only the inventory lists.
  public func deviceCounts() throws(StoreError) -> (speaking: Int64, silent: Int64) {
    let speaking = try connection.prepare("SELECT count(*) FROM device").integer() ?? 0
    // Who is listed and speaks is counted in half the time of who is listed and does not.
    let listed = try connection.prepare("SELECT count(*) FROM inventory_device").integer() ?? 0
    let both = try connection.prepare(
      "SELECT count(*) FROM device d JOIN inventory_device i ON i.name = d.name"
    ).integer()
    return (speaking, listed - (both ?? 0))
  }

  /// Devices that speak, after a place, by key and never by counting rows.
  /// - Parameters:
  ///   - pattern: Only names that fit, `*` and `?` being wildcards; nil: all.
  ///   - attribute: Only devices with this value in this inventory column.
  public func devicePage(
    order: DeviceOrder, matching pattern: String? = nil, attribute: (name: String, value: String)? = nil,
    after cursor: DeviceCursor? = nil, limit: Int
  ) throws(StoreError) -> [DeviceEntry] {
    let errors = "ifnull(r.severity_0 + r.severity_1 + r.severity_2 + r.severity_3, 0)"
    // Every order is ascending: what is most comes first as its negative.
    let key =
      switch order {
      case .name: "0"
      case .errors: "-\(errors)"
      case .events: "-ifnull(r.events, 0)"
      case .firstError: "ifnull(r.first_error_time, 9223372036854775807)"
      }
    var conditions: [String] = []
    var values: [SQLiteValue] = []
    if let pattern, !pattern.isEmpty {
      // SQLite's GLOB gives a meaning to brackets as well; in ours they stand for themselves.
      let escaped = pattern.map { $0 == "[" ? "[[]" : String($0) }.joined()
      conditions.append("d.name GLOB ?")
      values.append(.text(escaped.contains("*") || escaped.contains("?") ? escaped : "*\(escaped)*"))
    }
    if let attribute {
      guard let column = catalog.attributes[attribute.name] else { return [] }
      conditions.append(
        "d.name IN (SELECT i.name FROM inventory_value v JOIN inventory_device i ON i.ordinal = v.device "
          + "WHERE v.attribute = ? AND v.value = ?)")
      values += [.integer(column), .text(attribute.value)]
    }
    if let cursor {
      conditions.append("(\(key), d.name) > (?, ?)")
      values += [.integer(cursor.key), .text(cursor.name)]
    }
    let condition = conditions.isEmpty ? "1" : conditions.joined(separator: " AND ")
    return try entries(
      "FROM device d LEFT JOIN device_rollup r ON r.device = d.ordinal WHERE \(condition) "
        + "ORDER BY \(order == .name ? "" : key + ", ")d.name LIMIT ?", values + [.integer(Int64(limit))])
  }

  /// The place behind a device in a list of this order.
  public static func cursor(after device: DeviceEntry, order: DeviceOrder) -> DeviceCursor {
    let key: Int64 =
      switch order {
      case .name: 0
      case .errors: -device.errors
      case .events: -device.events
      case .firstError: device.firstErrorTime?.nanoseconds ?? .max
      }
    return DeviceCursor(key: key, name: device.name)
  }

  /// Devices that the inventory lists and that say nothing, by name, after a name.
  public func silentDevices(after name: String?, limit: Int) throws(StoreError) -> [DeviceEntry] {
    let rows = try connection.prepare(
      "SELECT i.name FROM inventory_device i WHERE i.name > ? AND NOT EXISTS (SELECT 1 FROM device d "
        + "WHERE d.name = i.name) ORDER BY i.name LIMIT ?"
    ).bound([.text(name ?? ""), .integer(Int64(limit))])
    var result: [DeviceEntry] = []
    while try rows.next() { result.append(try silent(rows.text(0))) }
    return result
  }

  /// The device of this name, speaking or listed; nil when there is none.
  public func device(named name: String) throws(StoreError) -> DeviceEntry? {
    let found = try entries(
      "FROM device d LEFT JOIN device_rollup r ON r.device = d.ordinal WHERE d.name = ?", [.text(name)])
    if let entry = found.first { return entry }
    let listed = try connection.prepare("SELECT ordinal FROM inventory_device WHERE name = ?").integer([
      .text(name)
    ])
    return listed == nil ? nil : try silent(name)
  }

  /// Links of the topology that begin or end at a device.
  public func links(of device: String, limit: Int) throws(StoreError) -> [Topology.Link] {
    let rows = try connection.prepare(
      "SELECT from_name, to_name, kind FROM topology_link WHERE from_name = ?1 OR to_name = ?1 ORDER BY ordinal LIMIT ?2"
    ).bound([.text(device), .integer(Int64(limit))])
    var links: [Topology.Link] = []
    while try rows.next() {
      links.append(Topology.Link(from: rows.text(0), to: rows.text(1), kind: rows.text(2)))
    }
    return links
  }

  private func silent(_ name: String) throws(StoreError) -> DeviceEntry {
    let values = try inventoryValues(name)
    return DeviceEntry(
      name: name, events: 0, firstTime: nil, lastTime: nil, bySeverity: [Int64](repeating: 0, count: 8),
      firstError: nil, firstErrorTime: nil,
      attributes: values ?? [String](repeating: "", count: catalog.attributes.count), isListed: values != nil)
  }

  private func entries(_ sql: String, _ values: [SQLiteValue]) throws(StoreError) -> [DeviceEntry] {
    let rows = try connection.prepare(
      "SELECT d.name, r.events, r.first_time, r.last_time, r.first_error, r.first_error_time, r.severity_0, "
        + "r.severity_1, r.severity_2, r.severity_3, r.severity_4, r.severity_5, r.severity_6, r.severity_7 \(sql)"
    ).bound(values)
    var entries: [DeviceEntry] = []
    while try rows.next() {
      let name = rows.text(0)
      let listed = try inventoryValues(name)
      entries.append(
        DeviceEntry(
          name: name, events: rows.int64(1), firstTime: rows.int64OrNil(2).map { Instant(nanoseconds: $0) },
          lastTime: rows.int64OrNil(3).map { Instant(nanoseconds: $0) },
          bySeverity: (6..<14).map { rows.int64(Int32($0)) },
          firstError: rows.int64OrNil(4).map { EventID(rawValue: $0) },
          firstErrorTime: rows.int64OrNil(5).map { Instant(nanoseconds: $0) },
          attributes: listed ?? [String](repeating: "", count: catalog.attributes.count),
          isListed: listed != nil))
    }
    return entries
  }

  /// Values of the inventory's columns for one device; nil where it is not listed.
  private func inventoryValues(_ name: String) throws(StoreError) -> [String]? {
    guard
      let device = try connection.prepare("SELECT ordinal FROM inventory_device WHERE name = ?").integer([
        .text(name)
      ])
    else { return nil }
    let order = catalog.attributes.values.sorted()
    var values = [String](repeating: "", count: order.count)
    let rows = try connection.prepare("SELECT attribute, value FROM inventory_value WHERE device = ?").bound([
      .integer(device)
    ])
    while try rows.next() {
      if let index = order.firstIndex(of: rows.int64(0)) { values[index] = rows.text(1) }
    }
    return values
  }
}

extension CaseReader {
  /// Names of devices, speaking or listed, that fit a pattern; no more than `limit`.
  public func deviceNames(matching pattern: String, limit: Int) throws(StoreError) -> Set<String> {
    let escaped = pattern.map { $0 == "[" ? "[[]" : String($0) }.joined()
    let glob = escaped.contains("*") || escaped.contains("?") ? escaped : "*\(escaped)*"
    let rows = try connection.prepare(
      "SELECT name FROM device WHERE name GLOB ?1 UNION SELECT name FROM inventory_device WHERE name GLOB ?1 LIMIT ?2"
    ).bound([.text(glob), .integer(Int64(limit))])
    var names: Set<String> = []
    while try rows.next() { names.insert(rows.text(0)) }
    return names
  }
}
