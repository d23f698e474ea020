/// Forms of network addresses, for texts without variables.
public enum NetworkText {
  /// True for four decimal numbers from 0 to 255 without leading zeros.
  public static func isIPv4(_ text: String) -> Bool {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4
      && parts.allSatisfy { part in
        let digits = Array(part.utf8)
        guard (1...3).contains(digits.count), digits.allSatisfy({ (0x30...0x39).contains($0) }) else {
          return false
        }
        return (digits.count == 1 || digits[0] != 0x30) && (Int(part) ?? 256) <= 255
      }
  }

  /// True for an IPv6 address in the forms of RFC 4291, 2.2, also with a zone (`%eth0`).
  public static func isIPv6(_ text: String) -> Bool {
    var address = Substring(text)
    if let percent = address.firstIndex(of: "%") {
      let zone = address[address.index(after: percent)...]
      guard !zone.isEmpty,
        zone.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) })
      else {
        return false
      }
      address = address[..<percent]
    }
    let halves = split(address, at: "::")
    guard halves.count <= 2 else { return false }
    var groups = 0
    for (index, half) in halves.enumerated() {
      guard let count = groupCount(half, mayEndInIPv4: index == halves.count - 1) else { return false }
      groups += count
    }
    return halves.count == 2 ? groups <= 7 : groups == 8
  }

  /// The IP version of an address, 4 or 6; nil for what is none, for addresses with a zone, and for IPv4 addresses written
  /// as IPv6 (`::ffff:192.0.2.1`, RFC 4291, 2.5.5.2), whose packets are none of IPv6.
  public static func family(of text: String) -> Int? {
    if isIPv4(text) { return 4 }
    guard isIPv6(text), !text.contains("%") else { return nil }
    return isMapped(text) ? nil : 6
  }

  private static func isMapped(_ text: String) -> Bool {
    // The groups before the last 32 bits: all zero but the last, which is ffff.
    let groups = text.lowercased().split(separator: ":").map(String.init)
    guard let place = groups.firstIndex(where: { $0.contains(where: { $0 != "0" }) }), groups[place] == "ffff"
    else {
      return false
    }
    let after = groups[(place + 1)...]
    let isLast = after.last.map(isIPv4) ?? false ? after.count == 1 : after.count == 2
    return isLast && !text.hasSuffix("::")
  }

  /// Number of 16-bit groups, or nil when the part is malformed.
  private static func groupCount(_ part: Substring, mayEndInIPv4: Bool) -> Int? {
    guard !part.isEmpty else { return 0 }
    let groups = part.split(separator: ":", omittingEmptySubsequences: false)
    var count = 0
    for (index, group) in groups.enumerated() {
      if mayEndInIPv4, index == groups.count - 1, isIPv4(String(group)) {
        count += 2
      } else {
        guard (1...4).contains(group.utf8.count), group.allSatisfy({ $0.isASCII && $0.isHexDigit }) else {
          return nil
        }
        count += 1
      }
    }
    return count
  }

  private static func split(_ text: Substring, at separator: String) -> [Substring] {
    var parts: [Substring] = []
    var start = text.startIndex
    var index = text.startIndex
    while index < text.endIndex {
      if text[index...].hasPrefix(separator) {
        parts.append(text[start..<index])
        index = text.index(index, offsetBy: separator.count)
        start = index
      } else {
        index = text.index(after: index)
      }
    }
    parts.append(text[start...])
    return parts
  }

  /// True for six pairs of hexadecimal digits between colons.
  public static func isMAC(_ text: String) -> Bool {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    return parts.count == 6
      && parts.allSatisfy { $0.utf8.count == 2 && $0.allSatisfy { $0.isASCII && $0.isHexDigit } }
  }

  /// True for a DNS or host name: labels of letters, digits, `-` and `_` that do not begin with `-`, at most 253
  /// characters. IP addresses pass too.
  public static func isHostName(_ text: String) -> Bool {
    if isIPv4(text) || isIPv6(text) { return true }
    let name = text.hasSuffix(".") ? text.dropLast() : Substring(text)
    guard (1...253).contains(name.utf8.count) else { return false }
    return name.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
      (1...63).contains(label.utf8.count) && !label.hasPrefix("-") && !label.hasSuffix("-")
        && label.utf8.allSatisfy {
          switch $0 {
          case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x5F: true
          default: false
          }
        }
    }
  }

  /// True for `scheme://host…` without white space or control characters.
  public static func isURL(_ text: String) -> Bool { URLParts(text) != nil }
}

/// The parts of an absolute URL that matter for reaching a service.
public struct URLParts: Sendable, Hashable {
  /// Lower-case scheme.
  public var scheme: String
  /// Host name or address; IPv6 without brackets.
  public var host: String
  /// The port as written; nil when absent.
  public var port: Int?
  /// Path and query; empty when absent.
  public var path: String

  /// The parts of a URL; nil when it is not absolute, has user info, or has characters a URL cannot have.
  public init?(_ text: String) {
    guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
    guard let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://") else { return nil }
    let scheme = text[..<colon].lowercased()
    guard scheme.first?.isLetter == true,
      scheme.allSatisfy({ $0.isLetter || $0.isNumber || "+-.".contains($0) })
    else {
      return nil
    }
    let rest = text[text.index(colon, offsetBy: 3)...]
    let end = rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex
    let authority = rest[..<end]
    // User info in a URL ends up in logs and process lists.
    guard !authority.contains("@") else { return nil }
    var host = authority
    var port: Int?
    if authority.hasPrefix("[") {
      guard let close = authority.firstIndex(of: "]") else { return nil }
      host = authority[authority.index(after: authority.startIndex)..<close]
      guard NetworkText.isIPv6(String(host)) else { return nil }
      let tail = authority[authority.index(after: close)...]
      if !tail.isEmpty {
        guard tail.hasPrefix(":"), let number = Int(tail.dropFirst()), (1...65_535).contains(number) else {
          return nil
        }
        port = number
      }
    } else if let mark = authority.firstIndex(of: ":") {
      host = authority[..<mark]
      guard let number = Int(authority[authority.index(after: mark)...]), (1...65_535).contains(number) else {
        return nil
      }
      port = number
    }
    guard NetworkText.isHostName(String(host)) else { return nil }
    self.scheme = scheme
    self.host = String(host)
    self.port = port
    path = String(rest[end...])
  }
}
