import Glibc

/// Where a machine is reached, in one form for all ways to write it: `CAM-3.plant.` and `cam-3.plant`, `::FFFF:10.0.0.3` and
/// `10.0.0.3`, `http://cam-3/` and `cam-3:80` are one place.
public struct NetworkPlace: Sendable, Hashable {
  /// Host name or address, see `host(_:)`.
  public var host: String
  /// The port; nil where the text says none.
  public var port: Int?
  /// What a URL has behind the port, without slashes at its end; empty for other texts.
  public var path = ""

  /// The place that a text names: a host, `host:port`, `[address]:port`, an address with the length of its prefix, or a URL.
  /// Nil for an empty text, and for what is none of these.
  public init?(_ text: String) {
    let text = Self.trimmed(text)
    guard !text.isEmpty else { return nil }
    if text.contains("://") {
      guard let parts = URLParts(text) else { return nil }
      host = Self.host(parts.host)
      port = parts.port ?? Self.ports[parts.scheme]
      path = String(parts.path.prefix { $0 != "?" && $0 != "#" })
      while path.hasSuffix("/") { path.removeLast() }
      return
    }
    if text.hasPrefix("["), let close = text.firstIndex(of: "]") {
      host = Self.host(String(text[text.index(after: text.startIndex)..<close]))
      port = Int(text[text.index(after: close)...].drop { $0 == ":" })
      return
    }
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    if parts.count == 2, let number = Int(parts[1]), (1...65_535).contains(number) {
      host = Self.host(String(parts[0]))
      port = number
    } else {
      host = Self.host(text)
    }
    if host.isEmpty { return nil }
  }

  /// Ports of URLs that name none.
  private static let ports = ["http": 80, "https": 443, "mqtt": 1883, "mqtts": 8883, "ssh": 22]

  /// A host in one form: lower case, without a dot at its end; addresses as they are written shortest, IPv4 addresses in IPv6 as
  /// IPv4, and without zone or length of the prefix.
  public static func host(_ text: String) -> String {
    if NetworkText.isIPv4(text) { return text }
    var name = trimmed(text).lowercased()
    if let slash = name.firstIndex(of: "/") { name = String(name[..<slash]) }
    if name.hasSuffix(".") { name.removeLast() }
    if NetworkText.isIPv6(name) { return ipv6(name) ?? name }
    // Programs take `127.1` and `0x7f000001` for addresses, too.
    var address = in_addr()
    if let first = name.utf8.first, (0x30...0x39).contains(first),
      name.utf8.allSatisfy({
        (0x30...0x39).contains($0) || (0x61...0x66).contains($0) || $0 == 0x2E || $0 == 0x78
      }),
      inet_aton(name, &address) == 1
    {
      return ipv4(withUnsafeBytes(of: address) { Array($0) })
    }
    return name
  }

  private static func trimmed(_ text: String) -> String {
    guard let first = text.utf8.first, let last = text.utf8.last, first <= 0x20 || last <= 0x20 else {
      return text
    }
    return String(text.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
  }

  private static func ipv4(_ bytes: [UInt8]) -> String { bytes.map { String($0) }.joined(separator: ".") }

  private static func ipv6(_ name: String) -> String? {
    var address = in6_addr()
    guard inet_pton(AF_INET6, String(name.prefix { $0 != "%" }), &address) == 1 else { return nil }
    let bytes = withUnsafeBytes(of: address) { Array($0) }
    if bytes.prefix(10).allSatisfy({ $0 == 0 }), bytes[10] == 0xFF, bytes[11] == 0xFF {
      return ipv4(Array(bytes[12...]))
    }
    var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    guard inet_ntop(AF_INET6, &address, &text, socklen_t(text.count)) != nil else { return nil }
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}

/// What the names of an inventory's columns say of their values.
public enum InventoryColumn {
  /// Words of which a column of addresses has one.
  private static let addresses: Set<String> = [
    "address", "addr", "ip", "ipv4", "ipv6", "host", "hostname", "dname", "fqdn", "mac", "url", "uri",
  ]
  /// Words that may stand beside them: others (`gateway_ip`, `ntp_host`) say that the address is somebody else's.
  private static let beside: Set<String> = [
    "api", "device", "dns", "external", "internal", "lan", "main", "management", "mgmt", "name", "network",
    "node", "primary",
    "private", "public", "secondary", "ssh", "static", "v4", "v6", "vpn", "wan",
  ]

  /// True for a column that holds the devices' own addresses, by its name.
  public static func isAddress(_ name: String) -> Bool {
    let words = words(of: name)
    return words.contains(where: addresses.contains)
      && words.allSatisfy {
        addresses.contains($0) || beside.contains($0) || $0.utf8.allSatisfy { (0x30...0x39).contains($0) }
      }
  }

  /// True for a column that says what a device is for.
  public static func isRole(_ name: String) -> Bool {
    words(of: name).contains { ["role", "kind", "type"].contains($0) }
  }

  /// True for a column that says whether lives hang on a device, in one word or two.
  public static func isLifeSafety(_ name: String) -> Bool {
    words(of: name).joined().hasPrefix("lifesafety")
  }

  /// True for a column of ports.
  public static func isPort(_ name: String) -> Bool { words(of: name).contains("port") }

  /// The words of a text in lower case: `MQTT-Broker` has two.
  public static func words(of text: String) -> [String] {
    text.lowercased().split { !$0.isLetter && !$0.isNumber }.map(String.init)
  }
}
