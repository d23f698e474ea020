public import IncidentModel

/// One block of a report. Sections return blocks; renderers turn them into a format.
public enum Block: Sendable {
  /// A sentence or more.
  case paragraph(Prose)
  /// A heading inside a section.
  case heading(String)
  /// A list of items.
  case list([Prose])
  /// Terms and what they are.
  case facts([(term: String, value: Prose)])
  /// The key figures, large, with how each was computed.
  case keyFigures([MetricID])
  /// Figures in plain words, large, without formulas: for readers who decide.
  case plainFigures([PlainFigure])
  /// Moments in order of time.
  case moments([Moment])
  /// A table.
  case table(Table)
  /// A drawing with its table.
  case chart(Chart)
  /// A remark that a reader must not miss.
  case notice(Prose)
  /// All metrics with formula and inputs.
  case metricRegister
  /// All cited events with their place in the evidence.
  case citationRegister
}

/// A figure for readers who want it plain.
public struct PlainFigure: Sendable {
  /// What it is, in plain words.
  public var title: String
  /// Its value, or "not known".
  public var value: Prose
  /// Out of how many, or why there is no value; may be empty.
  public var note: Prose
  /// A figure from its parts.
  public init(title: String, value: Prose, note: Prose = "") {
    self.title = title
    self.value = value
    self.note = note
  }
}

/// A marked moment of what happened.
public struct Moment: Sendable {
  /// When; nil where the moment is known but not its time.
  public var time: Instant?
  /// What, short.
  public var title: String
  /// What, in a sentence.
  public var text: Prose
  /// How sure.
  public var certainty: Certainty
}

/// A table. Every table has a caption that says what it shows.
public struct Table: Sendable {
  /// What it shows.
  public var caption: String
  /// Column titles, and whether a column holds numbers.
  public var columns: [(title: String, isNumeric: Bool)]
  /// Rows of cells.
  public var rows: [[Prose]]
  /// Rows that exist but are not shown.
  public var omittedRows = 0
  /// A table from its parts. A column title that begins with `#` is numeric.
  public init(_ caption: String, _ columns: [String], _ rows: [[Prose]], omitted: Int = 0) {
    self.caption = caption
    self.columns = columns.map { $0.hasPrefix("#") ? (String($0.dropFirst()), true) : ($0, false) }
    self.rows = rows
    omittedRows = omitted
  }
  /// How many rows are not shown, as a sentence; nil where all are.
  var omission: String? {
    guard omittedRows > 0 else { return nil }
    return "\(Format.count(omittedRows)) more \(omittedRows == 1 ? "is" : "are") not shown here."
  }
}

/// A section of the outline with its blocks.
public struct Section: Sendable {
  /// 0 to 13, as in the outline.
  public var number: Int
  /// A stable name, also the anchor in HTML.
  public var id: String
  /// Its title.
  public var title: String
  /// What it says.
  public var blocks: [Block]
}
