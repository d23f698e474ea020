import IncidentModel

/// A report as one HTML file: inline SVG, no script, no network, a style sheet allowed by its hash only.
public enum HTMLRenderer {
  /// The file's text.
  public static func render(_ report: Report) -> String {
    var page = HTMLPage(report: report)
    return page.render()
  }
}

/// The state of one rendering: the markup so far.
struct HTMLPage {
  let report: Report
  var out = Markup()
  /// Links to the registers exist only where section 13 does.
  let hasRegister: Bool

  init(report: Report) {
    self.report = report
    hasRegister = report.hasRegister
  }

  mutating func render() -> String {
    let style = StyleSheet.text(marking: report.options.marking, reportID: report.id)
    let hash = Base64.encode(report.options.sha256(Array(style.utf8)))
    let title = report.title.display
    out.raw("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
    out.raw(
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-\(hash)'; img-src data:; base-uri 'none'; form-action 'none'\">\n"
    )
    out.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")
    out.raw(
      "<meta name=\"referrer\" content=\"no-referrer\">\n<meta name=\"color-scheme\" content=\"light dark\">\n"
    )
    out.raw("<meta name=\"robots\" content=\"noindex\">\n")
    out.element("title", "", "\(title) · \(report.options.marking.marking)")
    out.raw("\n<link rel=\"icon\" href=\"data:,\">\n<style>\(style)</style>\n</head>\n<body>\n")
    out.raw("<a class=\"skip\" href=\"#main\">Skip to the report</a>\n")
    header(title)
    contents()
    out.raw("<main id=\"main\">\n")
    for section in report.sections { render(section) }
    out.raw("</main>\n")
    footer()
    out.raw("</body>\n</html>\n")
    return out.text
  }

  private mutating func header(_ title: String) {
    out.raw("<header class=\"top\">\n<p class=\"tags\">")
    out.element(
      "span", "class=\"tlp \(StyleSheet.markingClass(report.options.marking))\"",
      report.options.marking.marking)
    out.element("span", "class=\"tag\"", report.state.title)
    out.element("span", "class=\"tag\"", "Version \(report.options.version)")
    out.element("span", "class=\"tag\"", "For: \(report.options.audience.rawValue)")
    out.raw("</p>\n<h1><bdi>")
    out.add(title)
    out.raw("</bdi></h1>\n<p class=\"lede\">")
    if report.metrics[.newestEvidence].value.isKnown {
      out.raw("Computed from evidence up to ")
      render(.metric(.newestEvidence))
      out.raw(".")
    } else {
      out.raw("No event of the evidence has a usable time.")
    }
    out.raw("</p>\n</header>\n")
  }

  private mutating func contents() {
    out.raw("<nav class=\"contents\" aria-label=\"Contents\"><ol>\n")
    for section in report.sections {
      out.raw("<li><a href=\"#\(section.id)\"><span class=\"no\">\(section.number)</span> ")
      out.add(section.title)
      out.raw("</a></li>\n")
    }
    out.raw("</ol></nav>\n")
  }

  private mutating func footer() {
    out.raw("<footer>\n<p>")
    out.element(
      "span", "class=\"tlp \(StyleSheet.markingClass(report.options.marking))\"",
      report.options.marking.marking)
    out.raw(" ")
    out.add("This report \(report.options.marking.meaning).")
    out.raw("</p>\n")
    if !report.options.audience.isRedacted {
      out.element(
        "p", "",
        "Made by \(EvidenceText(report.toolVersion).display). The same case and notes give the same bytes.")
    }
    out.raw("</footer>\n")
  }

  mutating func render(_ section: Section) {
    out.raw(
      "<section id=\"\(section.id)\" aria-labelledby=\"\(section.id)-title\">\n<h2 id=\"\(section.id)-title\">"
    )
    out.raw("<span class=\"no\">\(section.number)</span> ")
    out.add(section.title)
    out.raw("</h2>\n")
    for block in section.blocks { render(block) }
    out.raw("</section>\n")
  }

  private mutating func render(_ block: Block) {
    switch block {
    case .paragraph(let text):
      out.raw("<p>")
      render(text)
      out.raw("</p>\n")
    case .notice(let text):
      out.raw("<p class=\"notice\">")
      render(text)
      out.raw("</p>\n")
    case .heading(let title):
      out.element("h3", "", title)
      out.raw("\n")
    case .list(let items):
      out.raw("<ul>\n")
      for item in items {
        out.raw("<li>")
        render(item)
        out.raw("</li>\n")
      }
      out.raw("</ul>\n")
    case .facts(let facts):
      out.raw("<dl class=\"facts\">\n")
      for fact in facts {
        out.raw("<div>")
        out.raw("<dt>\(Markup.whole(fact.term))</dt>")
        out.raw("<dd>")
        render(fact.value)
        out.raw("</dd></div>\n")
      }
      out.raw("</dl>\n")
    case .keyFigures(let ids): keyFigures(ids)
    case .plainFigures(let figures): plainFigures(figures)
    case .moments(let moments): render(moments)
    case .table(let table): render(table)
    case .chart(let chart): render(chart)
    case .metricRegister: metricRegister()
    case .citationRegister: citationRegister()
    }
  }

  private mutating func keyFigures(_ ids: [MetricID]) {
    out.raw("<ul class=\"figures\">\n")
    for id in ids {
      let metric = report.metrics[id]
      out.raw("<li class=\"figure\(metric.value.isKnown ? "" : " unknown")\"><h3>")
      out.addWhole(metric.title)
      out.raw("</h3>\n<p class=\"value\">")
      let (value, rest) = Self.split(metric)
      out.addWhole(value)
      if !metric.unit.isEmpty, metric.value.isKnown {
        out.element("span", "class=\"unit\"", " " + metric.unitText)
      }
      out.raw("</p>\n")
      if !rest.isEmpty { out.raw("<p class=\"reason\">\(Markup.whole(rest))</p>") }
      out.raw("<p class=\"how\">")
      if !metric.formula.isEmpty { out.addWhole(metric.formula + ".") }
      if !metric.remark.isEmpty {
        out.addWhole(" \(report.options.audience.isRedacted ? "" : metric.remark)")
      }
      if hasRegister { out.raw(" <a href=\"#m-\(metric.id.rawValue)\">More</a>") }
      render(
        .cite(
          Prose.cited(metric.evidence),
          more: max(0, metric.evidenceCount - Prose.cited(metric.evidence).count)))
      out.raw("</p></li>\n")
    }
    out.raw("</ul>\n")
  }

  private mutating func plainFigures(_ figures: [PlainFigure]) {
    out.raw("<ul class=\"figures\">\n")
    for figure in figures {
      let isUnknown = figure.value == "not known"
      out.raw("<li class=\"figure\(isUnknown ? " unknown" : "")\"><h3>")
      out.add(figure.title)
      out.raw("</h3>\n<p class=\"value\">")
      render(figure.value)
      out.raw("</p>")
      if !figure.note.parts.isEmpty {
        out.raw("<p class=\"reason\">")
        render(figure.note)
        out.raw("</p>")
      }
      out.raw("</li>\n")
    }
    out.raw("</ul>\n")
  }

  /// The large part of a key figure and the small part under it: an interval, or the reason why there is no value.
  private static func split(_ metric: Metric) -> (String, String) {
    switch metric.value {
    case .notComputable(let reason), .notDetermined(let reason): return (metric.value.shortText, reason)
    case .share(let part, let whole, _):
      let text = metric.value.text
      let end = text.firstIndex(of: "(") ?? text.endIndex
      let rest = text[end...].isEmpty ? "" : " " + text[end...]
      return (
        String(text[..<end]).trimmingSuffix(), "\(Format.count(part)) of \(Format.count(whole))\(rest)"
      )
    default: return (metric.value.text, "")
    }
  }

  private mutating func render(_ moments: [Moment]) {
    out.raw("<ol class=\"moments\">\n")
    for moment in moments {
      out.raw(
        "<li class=\"\(moment.certainty == .notDetermined ? "unknown" : moment.certainty.rawValue)\"><span class=\"time\">"
      )
      out.add(moment.time.map { Format.instant($0) } ?? "time not known")
      out.raw("</span> ")
      out.element("strong", "", moment.title)
      out.raw(" ")
      render(.certainty(moment.certainty))
      if !moment.text.parts.isEmpty {
        out.raw("<div>")
        render(moment.text)
        out.raw("</div>")
      }
      out.raw("</li>\n")
    }
    out.raw("</ol>\n")
  }

  mutating func render(_ table: Table) {
    out.raw(
      "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"\(Markup.escape(table.caption))\"><table>"
    )
    out.element("caption", "", table.caption)
    out.raw("<thead><tr>")
    for column in table.columns {
      out.element("th", "scope=\"col\"\(column.isNumeric ? " class=\"num\"" : "")", column.title)
    }
    out.raw("</tr></thead>\n<tbody>\n")
    for row in table.rows {
      out.raw("<tr>")
      for (index, cell) in row.enumerated() {
        let isNumeric = index < table.columns.count && table.columns[index].isNumeric
        out.raw(isNumeric ? "<td class=\"num\">" : "<td>")
        render(cell)
        out.raw("</td>")
      }
      out.raw("</tr>\n")
    }
    out.raw("</tbody></table></div>\n")
    if let omission = table.omission {
      out.element("p", "class=\"more\"", omission)
      out.raw("\n")
    }
  }

  mutating func render(_ chart: Chart) {
    out.raw("<figure id=\"\(chart.id)\">\n<figcaption><strong>")
    out.add(chart.title)
    out.raw("</strong> <span>")
    render(chart.description)
    out.raw("</span></figcaption>\n<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"")
    out.add("Drawing: " + chart.title)
    out.raw("\">")
    out.raw(SVGDrawing.markup(chart, description: plain(chart.description)))
    out.raw("</div>\n<details><summary>The same as a table</summary>\n")
    render(chart.table)
    out.raw("</details>\n</figure>\n")
  }

  private mutating func metricRegister() {
    out.raw(
      "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"All figures\"><table class=\"metrics\">"
    )
    out.raw("<caption>All figures, with formula, inputs and certainty</caption><thead><tr>")
    for title in ["Figure", "Value", "How it is computed", "Certainty"] {
      out.element("th", "scope=\"col\"", title)
    }
    out.raw("</tr></thead>\n<tbody>\n")
    for metric in report.metrics.all {
      out.raw("<tr id=\"m-\(metric.id.rawValue)\"><th scope=\"row\">")
      out.add(metric.title)
      out.element("code", "", metric.id.rawValue)
      out.raw("</th><td>")
      out.addWhole(metric.fullText)
      render(
        .cite(
          Prose.cited(metric.evidence),
          more: max(0, metric.evidenceCount - Prose.cited(metric.evidence).count)))
      out.raw("</td><td>")
      out.add(metric.formula)
      if !metric.inputs.isEmpty {
        out.raw("<br>From ")
        for (index, input) in metric.inputs.enumerated() {
          out.raw("\(index > 0 ? ", " : "")<a href=\"#m-\(input.rawValue)\">")
          out.add(report.metrics[input].title)
          out.raw("</a>")
        }
      }
      if !metric.remark.isEmpty, !report.options.audience.isRedacted {
        out.raw("<br>")
        out.add(metric.remark)
      }
      out.raw("</td><td>")
      out.add(metric.certainty.rawValue)
      out.raw("</td></tr>\n")
    }
    out.raw("</tbody></table></div>\n")
  }

  private mutating func citationRegister() {
    guard !report.citations.isEmpty else {
      out.raw("<p>No event is cited.</p>\n")
      return
    }
    out.raw("<ol class=\"cites\">\n")
    for (index, id) in report.citations.enumerated() {
      out.raw(
        "<li id=\"e-\(index + 1)\"><span class=\"no\">\(index + 1)</span> <strong>Event \(id.rawValue)</strong>"
      )
      guard let event = report.events[id] else {
        out.raw(" <span class=\"na\">not found in the case</span></li>\n")
        continue
      }
      for part in CitationText.parts(event) {
        out.raw(" · ")
        if part.isForeign { out.element("bdi", "", part.text) } else { out.add(part.text) }
      }
      if !event.message.isEmpty {
        out.raw("<br>")
        render(.foreign(EvidenceText(bytes: event.message), .evidence))
      }
      out.raw("<br><span class=\"place\"><bdi>")
      out.add(CitationText.path(event))
      out.raw("</bdi>, ")
      out.add(CitationText.position(event))
      out.raw(", SHA-256 <code class=\"hash\">")
      out.add(EvidenceText(event.place.sha256, limit: 64).display)
      out.raw("</code></span></li>\n")
    }
    out.raw("</ol>\n")
  }
}

extension String {
  /// Without spaces at the end.
  func trimmingSuffix() -> String {
    var text = self[...]
    while text.last == " " { text = text.dropLast() }
    return String(text)
  }
}

/// The parts of a cited event, the same in every format.
enum CitationText {
  static func parts(_ event: CitedEvent) -> [(text: String, isForeign: Bool)] {
    var parts: [(String, Bool)] = []
    if let time = event.time, Format.isPlausible(time) {
      parts.append((time.rfc3339(fractionDigits: 3), false))
    } else {
      parts.append(("no usable time", false))
    }
    if event.quality != .exact {
      parts.append(("time " + String(event.quality.name.map { $0 == "_" ? " " : $0 }), false))
    }
    if let device = event.device {
      parts.append((EvidenceText(device, limit: 96).display, true))
      parts.append((String(event.basis.name.map { $0 == "_" ? "-" : $0 }), false))
    }
    if let severity = event.severity { parts.append((severity.name, false)) }
    return parts
  }

  static func path(_ event: CitedEvent) -> String {
    EvidenceText(event.place.source.name, limit: 400).display
  }

  static func position(_ event: CitedEvent) -> String {
    "line \(Format.count(Int(clamping: event.place.line))), byte \(Format.count(Int(clamping: event.place.byteOffset))), "
      + "\(Format.count(Int(clamping: event.place.byteLength))) bytes"
      + EvidenceReference.countingNote(event.place.encodings)
  }
}
