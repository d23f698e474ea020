/// The one place where HTML and SVG escape. Text comes in as it is, markup goes out; nothing is escaped twice.
struct Markup {
  private(set) var text = ""

  /// Adds markup that this module wrote itself.
  mutating func raw(_ markup: String) { text += markup }

  /// Adds text, escaped for element content and quoted attributes alike.
  mutating func add(_ content: String) { text += Self.escape(content) }

  /// Adds an element with text.
  mutating func element(_ name: String, _ attributes: String = "", _ content: String) {
    text += "<\(name)\(attributes.isEmpty ? "" : " " + attributes)>\(Self.escape(content))</\(name)>"
  }

  /// Adds text in which dates and percentages stay on one line.
  mutating func addWhole(_ content: String) { text += Self.whole(content) }

  /// Escaped text with dates in elements that do not wrap at their hyphens, and no line break before a per cent sign.
  static func whole(_ content: String) -> String {
    let escaped = escape(content)
    guard escaped.utf8.contains(where: { $0 == 0x25 || $0 == 0x2D }) else { return escaped }
    let bytes = Array(escaped.utf8)
    func isDigit(_ index: Int) -> Bool {
      bytes.indices.contains(index) && bytes[index] >= 0x30 && bytes[index] <= 0x39
    }
    /// `2026-04-07`, and no digit on either side.
    func isDate(_ start: Int) -> Bool {
      guard isDigit(start), !isDigit(start - 1), !isDigit(start + 10) else { return false }
      return (0..<10).allSatisfy { offset in
        offset == 4 || offset == 7
          ? bytes.indices.contains(start + offset) && bytes[start + offset] == 0x2D : isDigit(start + offset)
      }
    }
    var out: [UInt8] = []
    out.reserveCapacity(bytes.count + 64)
    var index = 0
    while index < bytes.count {
      if isDate(index) {
        out += Array("<span class=\"d\">".utf8) + bytes[index..<index + 10] + Array("</span>".utf8)
        index += 10
      } else if bytes[index] == 0x20, isDigit(index - 1), index + 1 < bytes.count, bytes[index + 1] == 0x25 {
        out += [0xC2, 0xA0]
        index += 1
      } else {
        out.append(bytes[index])
        index += 1
      }
    }
    return String(decoding: out, as: UTF8.self)
  }

  static func escape(_ content: String) -> String {
    guard
      content.utf8.contains(where: { $0 == 38 || $0 == 60 || $0 == 62 || $0 == 34 || $0 == 39 || $0 == 0 })
    else { return content }
    var result = ""
    result.reserveCapacity(content.utf8.count + 32)
    for scalar in content.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      case "\0": result += "\u{fffd}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}

extension Metric {
  /// The unit as it reads after the value: `1 device`, `2 devices`.
  var unitText: String {
    if case .count(1, _) = value, unit.hasSuffix("s"), !unit.hasPrefix("per ") {
      return unit.hasSuffix("ies") ? unit.dropLast(3) + "y" : String(unit.dropLast())
    }
    return unit
  }
  /// Value and unit as one text; with the reason where there is no value.
  public var fullText: String {
    value.isKnown && !unit.isEmpty ? value.text + (unit == "×" ? "" : " ") + unitText : value.text
  }
}
