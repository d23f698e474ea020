import IncidentModel

/// A report as Markdown (CommonMark with GitHub's tables). Foreign text is escaped so that it can make neither markup,
/// nor HTML, nor a link.
public enum MarkdownRenderer {
  /// The file's text.
  public static func render(_ report: Report) -> String {
    var out = "# \(line(escape(report.title.display)))\n\n"
    out +=
      "**\(escape(report.options.marking.marking))** · \(report.state.title) · Version \(report.options.version) · "
    out += "For: \(report.options.audience.rawValue)\n"
    for section in report.sections {
      out += "\n## \(section.number) \(section.title)\n"
      for block in section.blocks { out += "\n" + self.block(block, report) }
    }
    out +=
      "\n---\n\n**\(escape(report.options.marking.marking))**: this report \(report.options.marking.meaning).\n"
    return out
  }

  private static func block(_ block: Block, _ report: Report) -> String {
    switch block {
    case .paragraph(let text): return line(prose(text, report)) + "\n"
    case .notice(let text): return "> " + line(prose(text, report)) + "\n"
    case .heading(let title): return "### \(escape(title))\n"
    case .list(let items): return items.map { "- " + line(prose($0, report)) + "\n" }.joined()
    case .facts(let facts):
      return facts.map { "- **\(escape($0.term))**: \(prose($0.value, report))\n" }.joined()
    case .keyFigures(let ids):
      return ids.map { id in
        let metric = report.metrics[id]
        let events = inline(.cite(Prose.cited(metric.evidence), more: 0), report)
        let how = metric.formula.isEmpty ? "" : " (\(escape(metric.formula)))"
        return
          "- **\(escape(metric.title)): \(escape(metric.fullText))**\(events)\(how)\n"
      }.joined()
    case .plainFigures(let figures):
      return figures.map { figure in
        let note = figure.note.parts.isEmpty ? "" : " (\(prose(figure.note, report)))"
        return "- **\(escape(figure.title))**: \(prose(figure.value, report))\(note)\n"
      }.joined()
    case .moments(let moments):
      return moments.map { moment in
        let time = moment.time.map { Format.instant($0) } ?? "time not known"
        return
          "1. \(escape(time)) **\(escape(moment.title))** (\(moment.certainty.rawValue)) \(prose(moment.text, report))\n"
      }.joined()
    case .table(let table): return self.table(table, report)
    case .chart(let chart):
      return "**\(escape(chart.title))** \(prose(chart.description, report))\n\n" + table(chart.table, report)
    case .metricRegister: return metricRegister(report)
    case .citationRegister: return citationRegister(report)
    }
  }

  private static func prose(_ prose: Prose, _ report: Report) -> String {
    prose.parts.map { inline($0, report) }.joined()
  }

  private static func inline(_ part: Inline, _ report: Report) -> String {
    switch part {
    case .strong(let text): return "**\(escape(text))**"
    case .foreign(let text, .evidence): return "“\(escape(text.display))”"
    case .cite(let events, let more):
      let numbers = events.compactMap { report.citationNumber[$0] }
      guard !numbers.isEmpty, report.hasRegister else { return "" }
      return
        " \\[\(numbers.map { "e\($0)" }.joined(separator: ", "))\(more > 0 ? " and \(Format.count(more)) more" : "")\\]"
    default: return escape(PlainText.of(part, report))
    }
  }

  private static func table(_ table: Table, _ report: Report) -> String {
    var out = "\(line(escape(table.caption))):\n\n"
    out += "| " + table.columns.map { escape($0.title) }.joined(separator: " | ") + " |\n"
    out += "|" + table.columns.map { $0.isNumeric ? " ---: |" : " --- |" }.joined() + "\n"
    for row in table.rows { out += "| " + row.map { prose($0, report) }.joined(separator: " | ") + " |\n" }
    if let omission = table.omission { out += "\n\(omission)\n" }
    return out
  }

  private static func metricRegister(_ report: Report) -> String {
    var out = "| Figure | Value | How it is computed | Certainty |\n| --- | --- | --- | --- |\n"
    for metric in report.metrics.all {
      let events = inline(.cite(Prose.cited(metric.evidence), more: 0), report)
      let remark =
        report.options.audience.isRedacted || metric.remark.isEmpty ? "" : "; " + escape(metric.remark)
      let inputs =
        metric.inputs.isEmpty ? "" : "; from " + escape(metric.inputs.map(\.rawValue).joined(separator: ", "))
      out +=
        "| \(escape(metric.title)) (\(escape(metric.id.rawValue))) | \(escape(metric.fullText))\(events) "
      out += "| \(escape(metric.formula))\(inputs)\(remark) | \(metric.certainty.rawValue) |\n"
    }
    return out
  }

  private static func citationRegister(_ report: Report) -> String {
    guard !report.citations.isEmpty else { return "No event is cited.\n" }
    var out = ""
    for (index, id) in report.citations.enumerated() {
      out += "- **e\(index + 1)** event \(id.rawValue)"
      guard let event = report.events[id] else {
        out += ": not found in the case\n"
        continue
      }
      out += CitationText.parts(event).map { " · " + escape($0.text) }.joined()
      if !event.message.isEmpty { out += " · “\(escape(EvidenceText(bytes: event.message).display))”" }
      out += " · \(escape(CitationText.path(event))), \(escape(CitationText.position(event)))"
      out += ", SHA-256 \(escape(EvidenceText(event.place.sha256, limit: 64).display))\n"
    }
    return out
  }

  /// Text in which nothing is taken for markup, HTML or an autolink. What means nothing where it stands is left as it is:
  /// `#`, `+`, `-` and `1.` count only at the beginning of a line, `_` inside a word never, and `(` only after `]`, `!` and
  /// `{` never, since every `[` is escaped.
  static func escape(_ text: String) -> String {
    let scalars = Array(text.unicodeScalars)
    var result = ""
    for (index, scalar) in scalars.enumerated() {
      switch scalar {
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "&": result += "&amp;"
      case "@" where !isNumberAfter(scalars, index): result += "&#64;"
      case "(" where index > 0 && scalars[index - 1] == "]": result += "\\("
      case "_" where isWord(scalars, index - 1) && isWord(scalars, index + 1): result += "_"
      case "\\", "`", "*", "_", "[", "]", "|", "~", "$":
        result += "\\"
        result.unicodeScalars.append(scalar)
      default: result.unicodeScalars.append(scalar)
      }
    }
    // GitHub links bare addresses even inside text.
    for (plain, inert) in [("://", "&#58;//"), ("www.", "www&#46;"), ("WWW.", "WWW&#46;")]
    where result.contains(plain) {
      result.replace(plain, with: inert)
    }
    return result
  }

  /// `trace@3`: neither an address nor a mention.
  private static func isNumberAfter(_ scalars: [Unicode.Scalar], _ index: Int) -> Bool {
    let rest = scalars[(index + 1)...].prefix {
      $0.properties.isAlphabetic || $0.isASCII && "0123456789.-_".unicodeScalars.contains($0)
    }
    return isWord(scalars, index - 1) && !rest.isEmpty && rest.allSatisfy { $0.value >= 48 && $0.value <= 57 }
  }

  private static func isWord(_ scalars: [Unicode.Scalar], _ index: Int) -> Bool {
    scalars.indices.contains(index) && scalars[index].properties.isAlphabetic
      || scalars.indices.contains(index) && scalars[index].properties.numericType != nil
  }

  /// A line that text may begin: `- x`, `+ x`, `1. x` and `1) x` would be lists, `# x` a heading, `---` and `===` rules.
  static func line(_ text: String) -> String {
    if let first = text.first, "-+#=".contains(first) { return "\\" + text }
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    let rest = text.dropFirst(digits.count)
    guard !digits.isEmpty, let mark = rest.first, mark == "." || mark == ")" else { return text }
    // `4.12.0` is no list: only a blank or the end after the mark makes one.
    guard rest.dropFirst().first.map({ $0 == " " }) ?? true else { return text }
    return digits + "\\" + rest
  }
}
