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

  static func escape(_ content: String) -> String {
    guard content.utf8.contains(where: { $0 == 38 || $0 == 60 || $0 == 62 || $0 == 34 || $0 == 39 }) else {
      return content
    }
    var result = ""
    result.reserveCapacity(content.utf8.count + 32)
    for scalar in content.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
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
      return String(unit.dropLast())
    }
    return unit
  }
  /// Value and unit as one text; with the reason where there is no value.
  public var fullText: String {
    value.isKnown && !unit.isEmpty ? value.text + (unit == "×" ? "" : " ") + unitText : value.text
  }
}
