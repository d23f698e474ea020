public import CascadeAnalysis
import IncidentModel

/// Parts of a report as HTML, for pages that show them among other things: sections, charts, the style sheet they need.
///
/// Everything is escaped and inert: no script, no `style` attribute, no request. A page that embeds pieces allows
/// `HTMLPieces.styleSheet` by hash or as a file of its own origin; colours follow the reader's light or dark scheme.
public struct HTMLPieces {
  private let report: Report

  /// Pieces of a report.
  public init(_ report: Report) { self.report = report }

  /// Numbers and titles of the sections in order.
  public var sections: [(number: Int, id: String, title: String)] {
    report.sections.map { ($0.number, $0.id, $0.title) }
  }

  /// One section with its heading, as a `<section>`; nil where this audience does not get it. Links to figures and events lead to
  /// section 13 of the same report (`#m-…`, `#e-…`).
  public func section(_ number: Int) -> String? {
    guard let section = report.sections.first(where: { $0.number == number }) else { return nil }
    var page = HTMLPage(report: report)
    page.render(section)
    return page.out.text
  }

  /// One chart as a `<figure>` by its id, such as `spread-curve`, `spread-tree`, `cohorts`, `places`, `lanes`, `response-lanes`,
  /// `recovery`, `reconnect`; nil where the report does not hold it.
  public func figure(_ id: String) -> String? {
    for section in report.sections {
      for case .chart(let chart) in section.blocks where chart.id == id {
        var page = HTMLPage(report: report)
        page.render(chart)
        return page.out.text
      }
    }
    return nil
  }

  /// A chart that belongs to no report as a `<figure>`: drawing, title, description, and the same as a table.
  /// Its texts must not name metrics: those belong to a report.
  public static func figure(_ chart: Chart) -> String {
    var page = HTMLPage(report: .blank)
    page.render(chart)
    return page.out.text
  }

  /// A table as a region that scrolls sideways on its own.
  public static func table(_ table: Table) -> String {
    var page = HTMLPage(report: .blank)
    page.render(table)
    return page.out.text
  }

  /// Text from anywhere, made visible, masked, bounded and escaped: for element content and quoted attributes.
  public static func text(_ text: EvidenceText) -> String { Markup.escape(text.display) }

  /// Any text, escaped for element content and quoted attributes alike, and nothing else done to it.
  public static func escape(_ content: String) -> String { Markup.escape(content) }

  /// The style sheet of the pieces: variables (`--paper`, `--ink`, `--soft`, `--line`, `--wash`, `--accent`, `--second`, `--third`),
  /// type scale, tables, charts; light, dark and print. Nothing from a case is in it.
  public static var styleSheet: String { StyleSheet.base }
}

/// The spread of an incident as a tree over time, for any page: observed edges solid, inferred dashed; what does not fit forty rows is
/// grouped, so that ten thousand devices and more stay legible.
public enum SpreadTree {
  /// The chart; nil where no device is joined to another or no onset has a usable time.
  ///
  /// `name` gives a device's name as the reader may see it.
  public static func chart(
    of incident: Incident, name: (String) -> EvidenceText = { EvidenceText($0, limit: 96) }
  ) -> Chart? {
    let times = incident.onsets.lazy.map(\.time.nanoseconds).filter { Format.plausible.contains($0) }
    guard let first = times.min() else { return nil }
    let forest = SpreadForest(incident)
    let explained = forest.nodes.count - forest.unexplained.count
    return TreeLayout.chart(
      forest, first: first, name: name,
      explained: "Joined by edges: \(.count(explained)) of \(.count(forest.nodes.count)).")
  }
}
