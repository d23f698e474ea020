internal import PostmortemReport

/// Markup that can be sent: made of escaped text and of elements and attributes of a fixed vocabulary, and of nothing else.
/// Text is escaped once, where it is put in; a string cannot become markup.
struct HTML: Sendable, ExpressibleByStringInterpolation {
  private(set) var markup: String

  fileprivate init(markup: String) { self.markup = markup }

  static let empty = HTML(markup: "")
  /// Words; escaped.
  init(stringLiteral value: String) { markup = HTMLPieces.escape(value) }
  init(stringInterpolation: StringInterpolation) { markup = stringInterpolation.markup }
  /// Any text; escaped.
  static func text(_ text: String) -> HTML { HTML(markup: HTMLPieces.escape(text)) }
  /// Text from evidence, inventories or people: secrets masked, invisible characters shown, on a side of its own in
  /// text of both directions.
  static func foreign(_ text: String, limit: Int = EvidenceText.defaultLimit) -> HTML {
    HTML(markup: "<bdi>" + HTMLPieces.escape(EvidenceText(text, limit: limit).display) + "</bdi>")
  }
  /// The same as a link that carries the text; without the link where the text holds a secret, which its address would show.
  static func foreign(_ text: String, limit: Int, to link: Link) -> HTML {
    let shown = foreign(text, limit: limit)
    return EvidenceText.holdsSecret(text.utf8) ? shown : el(.a, .href(link), text: shown)
  }
  /// Bytes from evidence, likewise.
  static func foreign(bytes: [UInt8], limit: Int = EvidenceText.defaultLimit) -> HTML {
    HTML(markup: "<bdi>" + HTMLPieces.escape(EvidenceText(bytes: bytes, limit: limit).display) + "</bdi>")
  }
  /// Markup of the report's own renderer, which has escaped it.
  static func rendered(byReport markup: String) -> HTML { HTML(markup: markup) }

  static func + (a: HTML, b: HTML) -> HTML { HTML(markup: a.markup + b.markup) }
  static func += (a: inout HTML, b: HTML) { a.markup += b.markup }
  var isEmpty: Bool { markup.isEmpty }

  struct StringInterpolation: StringInterpolationProtocol {
    var markup = ""
    init(literalCapacity: Int, interpolationCount: Int) { markup.reserveCapacity(literalCapacity * 2) }
    mutating func appendLiteral(_ literal: String) { markup += HTMLPieces.escape(literal) }
    mutating func appendInterpolation(_ html: HTML) { markup += html.markup }
    mutating func appendInterpolation(_ text: String) { markup += HTMLPieces.escape(text) }
    mutating func appendInterpolation(_ number: some BinaryInteger) { markup += String(number) }
  }
}

/// The elements that pages are made of.
enum Tag: String, Sendable {
  case a, abbr, article, aside, bdi, body, button, caption, code, dd, del, details, div, dl, dt, em, fieldset,
    figcaption,
    figure, footer, form, h1, h2, h3, head, header, html, input, kbd, label, legend, li, link, main, meta,
    nav, ol,
    option, output, p, pre, script, section, select, small, span, strong, summary, table, tbody, td, textarea,
    th,
    thead, time, title, tr, ul
  /// Elements that have no end tag.
  var isVoid: Bool { self == .input || self == .link || self == .meta }
}

/// An attribute. There is none that holds script or style, and addresses are links of ours.
struct Attribute: Sendable {
  let name: String
  let value: String?

  static func `class`(_ value: String) -> Attribute { Attribute(name: "class", value: value) }
  static func id(_ value: String) -> Attribute { Attribute(name: "id", value: value) }
  static func href(_ link: Link) -> Attribute { Attribute(name: "href", value: link.text) }
  static func action(_ link: Link) -> Attribute { Attribute(name: "action", value: link.text) }
  static func source(_ link: Link) -> Attribute { Attribute(name: "src", value: link.text) }
  static func named(_ name: Name, _ value: String) -> Attribute {
    Attribute(name: name.rawValue, value: value)
  }
  static func flag(_ flag: Flag) -> Attribute { Attribute(name: flag.rawValue, value: nil) }
  static func aria(_ name: String, _ value: String) -> Attribute {
    Attribute(name: "aria-" + name, value: value)
  }
  static func data(_ name: String, _ value: String) -> Attribute {
    Attribute(name: "data-" + name, value: value)
  }
  static func title(_ value: String) -> Attribute { Attribute(name: "title", value: value) }
  static func name(_ value: String) -> Attribute { Attribute(name: "name", value: value) }
  static func value(_ value: String) -> Attribute { Attribute(name: "value", value: value) }
  static func type(_ value: String) -> Attribute { Attribute(name: "type", value: value) }
  static func role(_ value: String) -> Attribute { Attribute(name: "role", value: value) }

  /// Attributes with a plain value.
  enum Name: String {
    case accesskey, autocomplete, cols, colspan, content, datetime, dir, `for`, form, lang, maxlength, method,
      min,
      placeholder, rel, rows, scope, size, spellcheck, tabindex, charset, sizes, media
    case httpEquiv = "http-equiv"
  }
  /// Attributes that are there or not.
  enum Flag: String { case checked, `defer`, disabled, hidden, open, readonly, required, selected }
}

/// An element with what is in it.
func el(_ tag: Tag, _ attributes: Attribute..., @HTMLBuilder content: () throws -> HTML) rethrows -> HTML {
  element(tag, attributes, try content())
}

/// An element with text or other markup in it.
func el(_ tag: Tag, _ attributes: Attribute..., text: HTML) -> HTML { element(tag, attributes, text) }

/// An element without content.
func el(_ tag: Tag, _ attributes: Attribute...) -> HTML { element(tag, attributes, .empty) }

/// An element whose attributes were collected.
func element(_ tag: Tag, _ attributes: [Attribute], _ content: HTML) -> HTML {
  var markup = "<" + tag.rawValue
  for attribute in attributes {
    markup += " " + attribute.name
    if let value = attribute.value { markup += "=\"" + HTMLPieces.escape(value) + "\"" }
  }
  markup += ">"
  guard !tag.isVoid else { return HTML(markup: markup) }
  return HTML(markup: markup + content.markup + "</" + tag.rawValue + ">")
}

/// Puts pieces of markup one after the other.
@resultBuilder enum HTMLBuilder {
  static func buildExpression(_ html: HTML) -> HTML { html }
  static func buildExpression(_ html: [HTML]) -> HTML { buildArray(html) }
  static func buildPartialBlock(first: HTML) -> HTML { first }
  static func buildPartialBlock(accumulated: HTML, next: HTML) -> HTML { accumulated + next }
  static func buildBlock() -> HTML { .empty }
  static func buildOptional(_ html: HTML?) -> HTML { html ?? .empty }
  static func buildEither(first: HTML) -> HTML { first }
  static func buildEither(second: HTML) -> HTML { second }
  static func buildArray(_ parts: [HTML]) -> HTML { HTML(markup: parts.map(\.markup).joined()) }
}
