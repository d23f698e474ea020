extension HTMLPage {
  mutating func render(_ prose: Prose) { for part in prose.parts { render(part) } }

  mutating func render(_ part: Inline) {
    switch part {
    case .words(let text), .label(let text): out.addWhole(text)
    case .strong(let text): out.element("strong", "", text)
    case .metric(let id):
      let metric = report.metrics[id]
      let kind = metric.value.isKnown ? "m" : "m na"
      let text = Markup.whole(metric.fullText)
      out.raw(
        hasRegister
          ? "<a class=\"\(kind)\" href=\"#m-\(id.rawValue)\">\(text)</a>"
          : "<span class=\"\(kind)\">\(text)</span>")
    case .value(let value, let unit):
      if value.isKnown {
        out.addWhole(value.text + (unit.isEmpty ? "" : (unit == "×" ? "" : " ") + unit))
      } else {
        out.element("span", "class=\"na\"", value.text)
      }
    case .foreign(let text, let voice):
      switch voice {
      case .evidence: out.element("code", "class=\"ev\" dir=\"auto\"", text.display)
      case .name: out.element("bdi", "class=\"name\"", text.display)
      case .person: out.element("bdi", "class=\"person\"", text.display)
      case .finding: out.element("bdi", "", text.display)
      }
    case .cite(let events, let more):
      // A number that leads nowhere is noise: readers without the register are not shown any.
      let numbers = hasRegister ? events.compactMap { report.citationNumber[$0] } : []
      guard !numbers.isEmpty else { return }
      out.raw("<sup class=\"cite\">")
      for (index, number) in numbers.enumerated() {
        out.raw(
          "\(index > 0 ? " " : "")<a href=\"#e-\(number)\" aria-label=\"Event \(number)\">\(number)</a>")
      }
      if more > 0 { out.raw(" <span class=\"plus\">+\(Format.count(more))</span>") }
      out.raw("</sup>")
    case .certainty(let certainty):
      out.element(
        "span", "class=\"certainty \(certainty == .notDetermined ? "unknown" : certainty.rawValue)\"",
        certainty.rawValue)
    case .notProvided: out.raw("<span class=\"na\">not provided</span>")
    case .section(let number):
      if let section = report.sections.first(where: { $0.number == number }) {
        out.element("a", "href=\"#\(section.id)\"", "section \(number)")
      } else {
        out.add("section \(number)")
      }
    }
  }

  /// Prose without markup, for attributes and descriptions.
  func plain(_ prose: Prose) -> String { PlainText.of(prose, report) }
}

/// Prose as plain text.
enum PlainText {
  static func of(_ prose: Prose, _ report: Report) -> String {
    prose.parts.map { of($0, report) }.joined()
  }

  static func of(_ part: Inline, _ report: Report) -> String {
    switch part {
    case .words(let text), .label(let text), .strong(let text): text
    case .metric(let id): report.metrics[id].fullText
    case .value(let value, let unit):
      value.isKnown && !unit.isEmpty ? value.text + (unit == "×" ? "" : " ") + unit : value.text
    case .foreign(let text, _): text.display
    case .cite: ""
    case .certainty(let certainty): certainty.rawValue
    case .notProvided: "not provided"
    case .section(let number): "section \(number)"
    }
  }
}

/// RFC 4648 base 64, for the hash in the content security policy.
enum Base64 {
  static func encode(_ bytes: [UInt8]) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
    var text = ""
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start..<min(start + 3, bytes.count)]
      var value: UInt32 = 0
      for byte in group { value = value << 8 | UInt32(byte) }
      value <<= UInt32(8 * (3 - group.count))
      for index in 0..<4 {
        text.append(index <= group.count ? alphabet[Int(value >> UInt32(18 - 6 * index)) & 63] : "=")
      }
    }
    return text
  }
}
