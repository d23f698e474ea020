/// A drawing with its words.
enum Figure {
  /// - Parameters:
  ///   - link: Where more is to be had.
  ///   - brush: Page that a stretch of time, drawn with the pointer, is shown on.
  static func of(
    _ svg: String, _ title: String, _ words: String, link: (Link, String)? = nil, brush: Link? = nil
  ) -> HTML {
    guard !svg.isEmpty else { return .empty }
    var scroll: [Attribute] = [
      .class("scroll"), .role("region"), .named(.tabindex, "0"), .aria("label", "Drawing: \(title)"),
    ]
    if let brush { scroll += [.data("brush", brush.text)] }
    return el(.figure) {
      el(.figcaption) {
        el(.strong, text: .text(title))
        HTML.text(" ")
        el(.span, text: .text(words))
        if let link { el(.span, text: el(.a, .href(link.0), text: .text(link.1))) }
      }
      element(.div, scroll, .rendered(byReport: svg))
    }
  }
}
