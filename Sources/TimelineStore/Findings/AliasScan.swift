internal import IncidentModel

/// Two names of one device, and the events that say so.
public struct AliasJoin: Sendable, Hashable {
  /// What sort of name it is. Open: more kinds may come.
  public struct Kind: RawRepresentable, Hashable, Sendable {
    /// The name in the case.
    public var rawValue: String
    /// A kind by name.
    public init(rawValue: String) { self.rawValue = rawValue }
    /// What events call the device.
    public static let device = Kind(rawValue: "device")
    /// What the inventory calls it.
    public static let inventory = Kind(rawValue: "inventory")
    /// Where its evidence lay.
    public static let path = Kind(rawValue: "path")
    /// Hardware address, lower case with colons.
    public static let mac = Kind(rawValue: "mac")
    /// IPv4 or IPv6 address.
    public static let address = Kind(rawValue: "address")
    /// Host name.
    public static let hostName = Kind(rawValue: "host_name")
    /// MQTT client id, thing name, machine id and their like, by the name of the field or column.
    public static func named(_ name: String) -> Kind { Kind(rawValue: name) }
  }
  /// One name.
  public var name: String
  /// Its kind.
  public var nameKind: Kind
  /// The other name.
  public var other: String
  /// Its kind.
  public var otherKind: Kind
  /// Why they are one, in words.
  public var reason: String
  /// How many times it was seen.
  public var sightings: Int64
  /// Ids of some of the events that say so; empty where the inventory does.
  public var evidence: [Int64]

  /// A join from its parts.
  public init(
    name: String, nameKind: Kind, other: String, otherKind: Kind, reason: String, sightings: Int64 = 1,
    evidence: [Int64] = []
  ) {
    self.name = name
    self.nameKind = nameKind
    self.other = other
    self.otherKind = otherKind
    self.reason = reason
    self.sightings = sightings
    self.evidence = evidence
  }
}

/// Finds names of one device in a case: in its inventory, in DHCP leases, in what brokers say of connections, in lines that
/// state a hardware address, in fields that carry ids. Templates are judged once; only events of those that may tell are
/// looked at, and of each device the fields of its first few events.
struct AliasScan {
  private struct Key: Hashable {
    var name: String
    var other: String
  }
  private var joins: [Key: AliasJoin] = [:]
  private var looked: [Int64: UInt8] = [:]
  /// By source: the device of the path, and the one host name that its events give.
  private var hosts: [Int64: (path: Int64?, host: Int64?, isMixed: Bool, event: Int64)] = [:]

  /// Events of each device whose fields are read.
  private static let fieldsPerDevice: UInt8 = 4
  private static let mostJoins = 4_000_000
  private static let mostEvidence = 5

  /// What the events of a template may tell.
  struct Promise: OptionSet {
    var rawValue: UInt8
    /// A lease: an address, a hardware address, perhaps a host name.
    static let lease = Promise(rawValue: 1)
    /// A connection of a client from an address.
    static let connection = Promise(rawValue: 2)
    /// The device's own hardware address.
    static let ownAddress = Promise(rawValue: 4)
  }

  /// What a template may tell, by its words.
  static func promise(program: String, text: String) -> Promise {
    let text = text.lowercased()
    let program = program.lowercased()
    var promise: Promise = []
    if text.contains("dhcp") || program.contains("dhcp") || program.contains("dnsmasq")
      || text.contains("lease")
    {
      promise.insert(.lease)
    }
    if text.contains("connect"), text.contains(" from "), text.contains(" as ") {
      promise.insert(.connection)
    }
    if text.contains("mac") || text.contains("sta (") || text.contains("bd_addr") || text.contains("hwaddr") {
      promise.insert(.ownAddress)
    }
    return promise
  }

  /// Names in fields and columns that identify a device, as they are written without `_`, `-` and case.
  private static let idNames: [String: AliasJoin.Kind] = [
    "clientid": .named("client_id"), "thingname": .named("thing_name"), "thing": .named("thing_name"),
    "machineid": .named("machine_id"), "mac": .mac, "macaddress": .mac, "hwaddr": .mac, "ethernet": .mac,
    "hostname": .hostName, "host": .hostName, "ip": .address, "ipaddress": .address, "address": .address,
    "addr": .address, "ip4": .address, "ipv4": .address, "deviceid": .named("device_id"),
    "deveui": .named("dev_eui"), "ieeeaddress": .named("ieee_address"), "ieeeaddr": .named("ieee_address"),
    "serial": .named("serial"), "serialnumber": .named("serial"), "principalid": .named("principal_id"),
    "imei": .named("imei"), "controllerid": .named("controller_id"), "mqttclientid": .named("client_id"),
  ]

  static func kind(ofName name: String) -> AliasJoin.Kind? {
    let last = name.split(separator: ".").last.map(String.init) ?? name
    return idNames[last.lowercased().filter { $0 != "_" && $0 != "-" && $0 != " " }]
  }

  // MARK: Joining

  mutating func join(
    _ name: String, _ nameKind: AliasJoin.Kind, _ other: String, _ otherKind: AliasJoin.Kind,
    _ reason: String,
    event: Int64? = nil
  ) {
    guard name != other, !name.isEmpty, !other.isEmpty, name.utf8.count <= 256, other.utf8.count <= 256 else {
      return
    }
    let key = Key(name: name, other: other)
    if joins[key] != nil {
      joins[key]?.sightings += 1
      if let event, (joins[key]?.evidence.count ?? 0) < Self.mostEvidence {
        joins[key]?.evidence.append(event)
      }
    } else if joins.count < Self.mostJoins {
      joins[key] = AliasJoin(
        name: name, nameKind: nameKind, other: other, otherKind: otherKind, reason: reason,
        evidence: event.map { [$0] } ?? [])
    }
  }

  /// The inventory: columns that are named like ids, and values that are addresses by their shape.
  mutating func add(_ inventory: Inventory) {
    for (column, attribute) in inventory.attributes.enumerated() {
      let named = Self.kind(ofName: attribute)
      for row in 0..<inventory.count {
        let value = inventory.value(row: row, attribute: column)
        guard !value.isEmpty else { continue }
        let device = inventory.devices[row]
        if let mac = NetworkName.mac(value) {
          join(device, .inventory, mac, .mac, "inventory column \(attribute)")
        } else if NetworkName.isAddress(value) {
          join(device, .inventory, value, .address, "inventory column \(attribute)")
        } else if let named {
          join(device, .inventory, value, named, "inventory column \(attribute)")
        }
      }
    }
  }

  /// The message of an event whose template may tell.
  mutating func add(message: String, promise: Promise, device: String?, isByPath: Bool, event: Int64) {
    let words = message.split { " \t\"'(),;[]<>=".contains($0) }.map(String.init)
    let macs = Set(words.compactMap(NetworkName.mac))
    let addresses = words.filter(NetworkName.isAddress)
    if promise.contains(.lease), macs.count == 1, let mac = macs.first, Set(addresses).count == 1 {
      join(mac, .mac, addresses[0], .address, "DHCP lease", event: event)
      if let host = Self.hostName(after: mac, in: words) {
        join(mac, .mac, host, .hostName, "DHCP lease", event: event)
      }
    }
    if promise.contains(.connection), let at = words.lastIndex(of: "as"), at + 1 < words.count,
      let from = words[..<at].lastIndex(of: "from"), from + 1 < at,
      let address = NetworkName.address(ofEndpoint: words[from + 1])
    {
      // The id may hold blanks: then the device of a broker's own log is the whole of it. In syslog the device is the broker,
      // which the address is not of.
      let id = words[at + 1]
      let client = device.flatMap { !isByPath && ($0 == id || $0.hasPrefix(id + " ")) ? $0 : nil } ?? id
      join(client, .named("client_id"), address, .address, "connection line", event: event)
    }
    if promise.contains(.ownAddress), isByPath, let device, macs.count == 1, let mac = macs.first {
      join(device, .path, mac, .mac, "its own log states the hardware address", event: event)
    }
  }

  /// In a lease the host name follows the hardware address: `DHCPACK(br-lan) 10.0.0.5 aa:bb:cc:dd:ee:ff kitchen-cam`.
  private static func hostName(after mac: String, in words: [String]) -> String? {
    guard let at = words.firstIndex(where: { NetworkName.mac($0) == mac }), at + 1 < words.count else {
      return nil
    }
    let host = words[at + 1]
    let isName = host.utf8.allSatisfy { byte in
      (byte | 0x20) &- 0x61 < 26 || byte &- 0x30 < 10 || byte == 0x2D || byte == 0x2E || byte == 0x5F
    }
    guard isName, host.utf8.contains(where: { ($0 | 0x20) &- 0x61 < 26 }), host != "via", host != "on",
      !NetworkName.isAddress(host)
    else { return nil }
    return host
  }

  /// True while the fields of this device's events are still wanted.
  mutating func wantsFields(of device: Int64) -> Bool {
    let count = looked[device] ?? 0
    guard count < Self.fieldsPerDevice else { return false }
    looked[device] = count + 1
    return true
  }

  /// A field of an event that names a device.
  /// - Parameter isOfHost: The event is of syslog or a journal: it speaks for its host, and what was found in its text is of
  ///   whom it tells (who logged in, who was blocked). Only ids that a host has of itself count.
  mutating func add(field name: String, value: String, device: String, isOfHost: Bool, event: Int64) {
    // What lies deeper in an event is as often somebody else's.
    guard !name.contains("."), let kind = Self.kind(ofName: name) else { return }
    if isOfHost, kind != .named("machine_id"), kind != .hostName { return }
    if kind == .address {
      // Of others' addresses there are many in an event; an endpoint that a broker saw is the client's.
      guard let address = NetworkName.address(ofEndpoint: value) else { return }
      join(device, .device, address, .address, "field \(name)", event: event)
    } else if let mac = NetworkName.mac(value) {
      join(device, .device, mac, .mac, "field \(name)", event: event)
    } else if kind != .mac, value.utf8.contains(where: { $0 != 0x20 && $0 != 0x2D && $0 != 0x30 }) {
      join(device, .device, value, kind, "field \(name)", event: event)
    }
  }

  /// Where an event lay and what it calls its device: a source all of whose events give one host name, and whose path gives
  /// another, is of one device.
  mutating func add(source: Int64, device: Int64, basis: IdentityBasis, event: Int64) {
    var entry = hosts[source] ?? (nil, nil, false, event)
    if basis == .path {
      if entry.path == nil { entry.path = device } else if entry.path != device { entry.isMixed = true }
    } else if entry.host == nil {
      entry.host = device
      entry.event = event
    } else if entry.host != device {
      entry.isMixed = true
    }
    hosts[source] = entry
  }

  /// All joins, the surest first to last in a fixed order.
  mutating func finish(names: [Int64: String]) -> [AliasJoin] {
    for source in hosts.keys.sorted() {
      guard let entry = hosts[source], !entry.isMixed, let path = entry.path, let host = entry.host,
        let pathName = names[path], let hostName = names[host]
      else { continue }
      join(
        pathName, .path, hostName, .hostName, "the only host name in a source with this path",
        event: entry.event)
    }
    return joins.values.sorted { ($0.name, $0.other) < ($1.name, $1.other) }
  }
}

/// Addresses told by their shape.
enum NetworkName {
  /// `AA-BB-CC-DD-EE-FF`, `aa:bb:…`, `aabb.ccdd.eeff` as `aa:bb:cc:dd:ee:ff`; nil for anything else, and for broadcast and zero.
  static func mac(_ text: String) -> String? {
    let bytes = Array(text.utf8)
    var digits: [UInt8] = []
    switch bytes.count {
    case 17:
      for (index, byte) in bytes.enumerated() {
        if index % 3 == 2 {
          guard byte == bytes[2], byte == 0x3A || byte == 0x2D else { return nil }
        } else {
          digits.append(byte)
        }
      }
    case 14:
      for (index, byte) in bytes.enumerated() {
        if index % 5 == 4 {
          guard byte == 0x2E else { return nil }
        } else {
          digits.append(byte)
        }
      }
    default: return nil
    }
    guard digits.allSatisfy({ $0 &- 0x30 < 10 || ($0 | 0x20) &- 0x61 < 6 }) else { return nil }
    let lower = String(decoding: digits, as: UTF8.self).lowercased()
    guard lower != "000000000000", lower != "ffffffffffff" else { return nil }
    var result = ""
    for (index, character) in lower.enumerated() {
      if index > 0, index % 2 == 0 { result += ":" }
      result.append(character)
    }
    return result
  }

  /// True for an IPv4 address, or an IPv6 one with at least two colons, that names one host.
  static func isAddress(_ text: String) -> Bool {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    if parts.count == 4 {
      let numbers = parts.compactMap { $0.count <= 3 ? UInt8($0) : nil }
      return numbers.count == 4 && text != "0.0.0.0" && numbers[0] != 127 && numbers[0] < 224
        && text != "255.255.255.255"
    }
    // A time of day has colons, too: all eight groups, or a gap that stands for some.
    let colons = text.utf8.count(where: { $0 == 0x3A })
    guard colons == 7 || (colons >= 2 && text.contains("::")), text.utf8.count <= 39, mac(text) == nil else {
      return false
    }
    return text.split(separator: ":", omittingEmptySubsequences: false)
      .allSatisfy { $0.utf8.count <= 4 && $0.utf8.allSatisfy { $0 &- 0x30 < 10 || ($0 | 0x20) &- 0x61 < 6 } }
      && text != "::1" && text != "::"
  }

  /// The address of `ADDRESS:PORT`, `[ADDRESS]:PORT` or an address alone.
  static func address(ofEndpoint text: String) -> String? {
    if isAddress(text) { return text }
    guard let colon = text.lastIndex(of: ":"), UInt16(text[text.index(after: colon)...]) != nil else {
      return nil
    }
    var host = String(text[..<colon])
    if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
    return isAddress(host) ? host : nil
  }
}
