/// Which value of an inventory column each device has, read once and then looked up by small numbers.
public final class DeviceAttributeIndex: Sendable {
  /// The column.
  public let attribute: String
  /// The distinct values.
  public let values: [String]
  /// Devices that have each value, silent ones included.
  public let counts: [Int]
  /// Position in `values` by the ordinal of a device that speaks.
  let codeOfDevice: [Int64: Int32]
  /// The same by the ordinal in the inventory.
  private let codeOfListed: [Int64: Int32]

  init(_ attribute: String, _ reader: CaseReader, column: Int64) throws(StoreError) {
    self.attribute = attribute
    var values: [String] = []
    var counts: [Int] = []
    var ofListed: [Int64: Int32] = [:]
    // In the order of the index on values, so that a value is made a string once.
    let rows = try reader.connection.prepare(
      "SELECT value, device FROM inventory_value WHERE attribute = ? AND value <> '' ORDER BY value"
    ).bound([.integer(column)])
    var last: [UInt8] = []
    while try rows.next() {
      let isSame = rows.withBytes(0) { $0.elementsEqual(last) }
      if counts.isEmpty || !isSame {
        last = rows.bytes(0)
        values.append(String(decoding: last, as: UTF8.self))
        counts.append(0)
      }
      counts[counts.count - 1] += 1
      ofListed[rows.int64(1)] = Int32(values.count - 1)
    }
    var ofDevice: [Int64: Int32] = [:]
    ofDevice.reserveCapacity(ofListed.count)
    let speaking = try reader.connection.prepare(
      "SELECT i.ordinal, d.ordinal FROM device d JOIN inventory_device i ON i.name = d.name")
    while try speaking.next() {
      if let code = ofListed[speaking.int64(0)] { ofDevice[speaking.int64(1)] = code }
    }
    self.values = values
    self.counts = counts
    codeOfDevice = ofDevice
    codeOfListed = ofListed
  }

  /// Position in `values` by the name of a device of the inventory.
  public func codesByName(_ reader: CaseReader) throws(StoreError) -> [String: Int32] {
    var codes: [String: Int32] = [:]
    codes.reserveCapacity(codeOfListed.count)
    let rows = try reader.connection.prepare("SELECT ordinal, name FROM inventory_device")
    while try rows.next() {
      if let code = codeOfListed[rows.int64(0)] { codes[rows.text(1)] = code }
    }
    return codes
  }
}

extension CaseReader {
  /// An inventory column by device; nil where there is no such column.
  public func attributeIndex(_ name: String) throws(StoreError) -> DeviceAttributeIndex? {
    guard let column = catalog.attributes[name] else { return nil }
    return try DeviceAttributeIndex(name, self, column: column)
  }

  /// What an inventory column says of one device; nil where it says nothing.
  public func attribute(_ name: String, of device: String) throws(StoreError) -> String? {
    guard let column = catalog.attributes[name] else { return nil }
    let row = try connection.prepare(
      "SELECT v.value FROM inventory_device i JOIN inventory_value v ON v.device = i.ordinal AND v.attribute = ? "
        + "WHERE i.name = ? AND v.value <> ''"
    ).bound([.integer(column), .text(device)])
    return try row.next() ? row.text(0) : nil
  }
}

/// An inventory column as facets are counted by it.
public enum FacetAttribute: Sendable {
  /// Known of every device.
  case known(DeviceAttributeIndex)
  /// Asked for each device that is counted: quicker than learning it of all of a large fleet for one question.
  case asked(String)

  /// The column.
  public var name: String {
    switch self {
    case .known(let index): index.attribute
    case .asked(let name): name
    }
  }

  /// Values with the number of events, from those by ordinal of the device.
  func counts(_ devices: [Int64: Int64], _ reader: CaseReader) throws(StoreError) -> [String: Int64] {
    var values: [String: Int64] = [:]
    switch self {
    case .known(let index):
      for (ordinal, count) in devices {
        if let code = index.codeOfDevice[ordinal] { values[index.values[Int(code)], default: 0] += count }
      }
    case .asked(let name):
      guard let column = reader.catalog.attributes[name] else { return [:] }
      let row = try reader.connection.prepare(
        "SELECT v.value FROM device d JOIN inventory_device i ON i.name = d.name "
          + "JOIN inventory_value v ON v.device = i.ordinal AND v.attribute = ? WHERE d.ordinal = ? AND v.value <> ''"
      )
      for (ordinal, count) in devices {
        row.bound([.integer(column), .integer(ordinal)])
        if try row.next() { values[row.text(0), default: 0] += count }
      }
    }
    return values
  }
}
