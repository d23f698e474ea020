/// What is known of the fleet apart from its logs: one row per device, any columns.
///
/// Values are dictionary-coded by column: a million devices with ten attributes take about 40 MB.
public struct Inventory: Sendable {
  /// Names of the attribute columns (`device` itself is not among them).
  public private(set) var attributes: [String]
  /// Device names in file order.
  public private(set) var devices: [String] = []
  /// Row of a device by name.
  public private(set) var rowOfDevice: [String: Int] = [:]
  /// Per attribute: the distinct values, in order of appearance.
  public private(set) var values: [[String]]
  private var codes: [[Int32]]
  private var codeOfValue: [[String: Int32]]

  /// An empty inventory with these attribute columns.
  public init(attributes: [String] = []) {
    self.attributes = attributes
    values = Array(repeating: [], count: attributes.count)
    codes = Array(repeating: [], count: attributes.count)
    codeOfValue = Array(repeating: [:], count: attributes.count)
  }

  /// Number of devices.
  public var count: Int { devices.count }

  /// Adds a device. `row` has one value per attribute; an empty value means unknown.
  /// Returns false and changes nothing when the device is listed already (the first row counts).
  @discardableResult
  public mutating func append(device: String, row: [String]) -> Bool {
    guard rowOfDevice[device] == nil else { return false }
    rowOfDevice[device] = devices.count
    devices.append(device)
    for column in attributes.indices {
      let value = column < row.count ? row[column] : ""
      if let code = codeOfValue[column][value] {
        codes[column].append(code)
      } else {
        let code = Int32(values[column].count)
        codeOfValue[column][value] = code
        values[column].append(value)
        codes[column].append(code)
      }
    }
    return true
  }

  /// The code of a device's value, an index into `values[attribute]`.
  public func code(row: Int, attribute: Int) -> Int32 { codes[attribute][row] }

  /// The value of one attribute of one row; empty when unknown.
  public func value(row: Int, attribute: Int) -> String { values[attribute][Int(codes[attribute][row])] }

  /// The value of a named attribute of a named device; nil when either is not listed.
  public func value(device: String, attribute: String) -> String? {
    guard let row = rowOfDevice[device], let column = attributes.firstIndex(of: attribute) else { return nil }
    return value(row: row, attribute: column)
  }
}

/// Links between entities, as given: `from,to,kind`. May be partial, may hold cycles.
public struct Topology: Sendable {
  /// One link.
  public struct Link: Sendable, Hashable {
    /// Name of the entity the link starts at. Producers differ in what a direction means: analysis decides by structure.
    public var from: String
    /// Name of the entity the link ends at.
    public var to: String
    /// The kind as given, e.g. `link`, `uplink`, `depends`.
    public var kind: String
    /// A link from its parts.
    public init(from: String, to: String, kind: String) {
      self.from = from
      self.to = to
      self.kind = kind
    }
  }
  /// All links in file order.
  public var links: [Link]
  /// A topology from its links.
  public init(links: [Link] = []) { self.links = links }
}
