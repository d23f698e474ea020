/// What is known of the fleet apart from its logs: one row per device, any columns.
///
/// Values are dictionary-coded by column: a million devices with ten attributes take about 40 MB.
public struct Inventory: Sendable {
  /// Names of the attribute columns (`device` itself is not among them).
  public private(set) var attributes: [String]
  /// Device names in file order.
  public private(set) var devices: [String] = []
  /// Per attribute: the distinct values, in order of appearance.
  public private(set) var values: [[String]]
  @usableFromInline var codes: [[Int32]]
  private var index = NameIndex()
  private var codeOfValue: [NameIndex]

  /// An empty inventory with these attribute columns.
  public init(attributes: [String] = []) {
    self.attributes = attributes
    values = Array(repeating: [], count: attributes.count)
    codes = Array(repeating: [], count: attributes.count)
    codeOfValue = Array(repeating: NameIndex(), count: attributes.count)
  }

  /// Number of devices.
  public var count: Int { devices.count }

  /// Row of a device by name.
  public var rowOfDevice: Rows { Rows(devices: devices, index: index) }

  /// The rows of an inventory by the names of their devices.
  public struct Rows: Sendable {
    fileprivate var devices: [String]
    fileprivate var index: NameIndex

    /// The row of a device; nil when it is not listed.
    public subscript(_ device: String) -> Int? { index.position(of: device, in: devices) }
  }

  /// Names of devices that are one to Unicode (canonical equivalence, UAX 15) although their bytes differ, as `é` in one or in two
  /// scalars: two devices here, and one wherever strings are compared.
  public var ambiguousNames: Set<String> {
    // Of two such names at least one is not ASCII.
    let unusual = devices.filter { !$0.utf8.allSatisfy { $0 < 0x80 } }
    guard !unusual.isEmpty else { return [] }
    var seen: Set<String> = []
    var ambiguous: Set<String> = []
    for name in unusual where !seen.insert(name).inserted { ambiguous.insert(name) }
    for name in devices where name.utf8.allSatisfy({ $0 < 0x80 }) && seen.contains(name) {
      ambiguous.insert(name)
    }
    return ambiguous
  }

  /// Makes room for this many devices.
  public mutating func reserve(_ count: Int) {
    guard devices.isEmpty else { return }
    devices.reserveCapacity(count)
    index = NameIndex(minimumCapacity: count)
    for column in codes.indices { codes[column].reserveCapacity(count) }
  }

  /// Adds a device. `row` has one value per attribute; an empty value means unknown.
  /// Returns false and changes nothing when the device is listed already.
  @discardableResult
  public mutating func append(device: String, row: [String]) -> Bool {
    guard enter(device) else { return false }
    for column in attributes.indices {
      let code = code(of: column < row.count ? row[column] : "", attribute: column)
      codes[column].append(code)
    }
    return true
  }

  /// Adds a device whose values have these codes (see `code(of:attribute:)`), one per attribute.
  /// Returns false and changes nothing when the device is listed already.
  @discardableResult
  public mutating func append(device: String, codes row: [Int32]) -> Bool {
    guard enter(device) else { return false }
    for column in attributes.indices { codes[column].append(row[column]) }
    return true
  }

  /// Gives an attribute of a listed device another value; an empty one means unknown.
  public mutating func set(_ value: String, row: Int, attribute: Int) {
    codes[attribute][row] = code(of: value, attribute: attribute)
  }

  /// The code of a value of an attribute, a new one where it has none.
  public mutating func code(of value: String, attribute: Int) -> Int32 {
    var value = value
    return value.withUTF8 { code(of: $0, attribute: attribute) }
  }

  /// The same for a value in UTF-8.
  public mutating func code(of value: UnsafeBufferPointer<UInt8>, attribute: Int) -> Int32 {
    let hash = ContentHash.of(UnsafeRawBufferPointer(value))
    if let known = codeOfValue[attribute].find(
      hash, where: { values[attribute][$0].utf8.elementsEqual(value) })
    {
      return Int32(known)
    }
    codeOfValue[attribute].add(hash, values[attribute].count)
    values[attribute].append(String(decoding: value, as: UTF8.self))
    return Int32(values[attribute].count - 1)
  }

  /// Lists a device; false when it is listed already.
  private mutating func enter(_ device: String) -> Bool {
    let hash = ContentHash.of(device)
    guard index.find(hash, where: { devices[$0] == device }) == nil else { return false }
    index.add(hash, devices.count)
    devices.append(device)
    return true
  }

  /// The code of a device's value, an index into `values[attribute]`.
  @inlinable public func code(row: Int, attribute: Int) -> Int32 { codes[attribute][row] }

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
