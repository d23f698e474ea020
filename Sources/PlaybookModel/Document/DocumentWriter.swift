/// Writes documents: members in their order, so that reading and writing lose nothing.
public enum DocumentWriter {
  /// JSON with two spaces of indentation and a line end, or on one line without.
  public static func json(_ node: DocumentNode, pretty: Bool = true) -> String {
    var bytes: [UInt8] = []
    append(node, indent: pretty ? 0 : nil, to: &bytes)
    if pretty { bytes.append(0x0A) }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// YAML in block style. Every string that another reader could take for something else is quoted.
  public static func yaml(_ node: DocumentNode) -> String {
    var text = ""
    appendYAML(node, indent: 0, inline: false, to: &text)
    return text
  }

  private static func append(_ node: DocumentNode, indent: Int?, to bytes: inout [UInt8]) {
    func newLine(_ depth: Int?) {
      guard let depth else { return }
      bytes.append(0x0A)
      bytes.append(contentsOf: Array(repeating: 0x20, count: 2 * depth))
    }
    switch node.value {
    case .null: bytes.append(contentsOf: "null".utf8)
    case .bool(let flag): bytes.append(contentsOf: (flag ? "true" : "false").utf8)
    case .number(let text): bytes.append(contentsOf: text.utf8)
    case .string(let text): CanonicalJSON.append(string: text, to: &bytes)
    case .array(let items):
      bytes.append(UInt8(ascii: "["))
      for (index, item) in items.enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        newLine(indent.map { $0 + 1 })
        append(item, indent: indent.map { $0 + 1 }, to: &bytes)
      }
      if !items.isEmpty { newLine(indent) }
      bytes.append(UInt8(ascii: "]"))
    case .object(let members):
      bytes.append(UInt8(ascii: "{"))
      for (index, member) in members.enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        newLine(indent.map { $0 + 1 })
        CanonicalJSON.append(string: member.name, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        if indent != nil { bytes.append(0x20) }
        append(member.value, indent: indent.map { $0 + 1 }, to: &bytes)
      }
      if !members.isEmpty { newLine(indent) }
      bytes.append(UInt8(ascii: "}"))
    }
  }

  private static func appendYAML(_ node: DocumentNode, indent: Int, inline: Bool, to text: inout String) {
    let margin = String(repeating: "  ", count: indent)
    switch node.value {
    case .array(let items) where !items.isEmpty:
      for item in items {
        text += margin + "-"
        if let members = item.members, !members.isEmpty {
          // The first member shares the dash's line; the others line up with it.
          text += " "
          appendMembers(members, indent: indent + 1, firstOnLine: true, to: &text)
        } else if let inner = item.items, !inner.isEmpty {
          text += "\n"
          appendYAML(item, indent: indent + 1, inline: false, to: &text)
        } else {
          text += " " + scalar(item) + "\n"
        }
      }
    case .object(let members) where !members.isEmpty:
      appendMembers(members, indent: indent, firstOnLine: false, to: &text)
    default: text += scalar(node) + "\n"
    }
  }

  private static func appendMembers(
    _ members: [DocumentNode.Member], indent: Int, firstOnLine: Bool, to text: inout String
  ) {
    let margin = String(repeating: "  ", count: indent)
    for (index, member) in members.enumerated() {
      if !(firstOnLine && index == 0) { text += margin }
      text += yamlString(member.name) + ":"
      switch member.value.value {
      case .array(let items) where !items.isEmpty:
        text += "\n"
        appendYAML(member.value, indent: indent + 1, inline: false, to: &text)
      case .object(let inner) where !inner.isEmpty:
        text += "\n"
        appendMembers(inner, indent: indent + 1, firstOnLine: false, to: &text)
      default: text += " " + scalar(member.value) + "\n"
      }
    }
  }

  private static func scalar(_ node: DocumentNode) -> String {
    switch node.value {
    case .null: "null"
    case .bool(let flag): flag ? "true" : "false"
    case .number(let number): number
    case .string(let string): yamlString(string)
    case .array: "[]"
    case .object: "{}"
    }
  }

  /// A plain scalar where no YAML reader, 1.1 or 1.2, could see anything but this string; else double quotes, whose
  /// escapes are JSON's.
  private static func yamlString(_ text: String) -> String {
    let words: Set<String> = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
    let plain =
      !text.isEmpty && !words.contains(text.lowercased())
      && text.unicodeScalars.allSatisfy {
        ("a"..."z") ~= $0 || ("A"..."Z") ~= $0 || ("0"..."9") ~= $0 || $0 == "-" || $0 == "_"
      }
      && text.unicodeScalars.first.map { ("a"..."z") ~= $0 || ("A"..."Z") ~= $0 || $0 == "_" } ?? false
    if plain { return text }
    var bytes: [UInt8] = []
    CanonicalJSON.append(string: text, to: &bytes)
    // YAML ends a line at NEL, LS and PS too, and its readers fold that away: escape them.
    return String(decoding: bytes, as: UTF8.self)
      .unicodeScalars.map { scalar in
        switch scalar.value {
        case 0x7F...0x9F, 0x2028, 0x2029, 0xFEFF: "\\u" + padded(scalar.value)
        default: String(scalar)
        }
      }.joined()
  }

  private static func padded(_ value: UInt32) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  }
}
