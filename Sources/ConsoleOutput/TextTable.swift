/// Rows and columns for people: aligned, sanitised, fitted to the terminal's width.
public struct TextTable: Sendable {
  /// A column: title, side, and whether it may be cut when the table is too wide.
  public struct Column: Sendable {
    /// Title, printed above.
    public var title: String
    /// Numbers stand on the right.
    public var alignsRight: Bool
    /// Whether cells may be cut with `…`; identifiers and numbers should not be.
    public var mayShrink: Bool
    /// Whether it is the end of a cell that stays when it is cut: what tells paths apart stands there.
    public var keepsEnd: Bool
    /// A column from its parts.
    public init(
      _ title: String, alignsRight: Bool = false, mayShrink: Bool = false, keepsEnd: Bool = false
    ) {
      self.title = title
      self.alignsRight = alignsRight
      self.mayShrink = mayShrink
      self.keepsEnd = keepsEnd
    }
  }

  private let columns: [Column]
  private var rows: [[String]] = []

  /// An empty table.
  public init(_ columns: [Column]) { self.columns = columns }

  /// Number of rows.
  public var count: Int { rows.count }

  /// Adds a row; cells are sanitised. Missing cells are empty.
  public mutating func append(_ cells: [String]) {
    rows.append(columns.indices.map { $0 < cells.count ? Sanitizer.escape(cells[$0]) : "" })
  }

  /// The lines of the table, title line first. `width` nil means: no limit.
  public func lines(width limit: Int?) -> [String] {
    var widths = columns.indices.map { column in
      rows.reduce(DisplayWidth.of(columns[column].title)) { max($0, DisplayWidth.of($1[column])) }
    }
    if let limit {
      var excess = widths.reduce(0, +) + 2 * (columns.count - 1) - limit
      while excess > 0 {
        let shrinkable = columns.indices.filter { columns[$0].mayShrink && widths[$0] > 8 }
        guard let widest = shrinkable.max(by: { widths[$0] < widths[$1] }) else { break }
        let next = shrinkable.filter { $0 != widest }.map { widths[$0] }.max() ?? 8
        let step = max(1, min(excess, widths[widest] - max(8, min(next, widths[widest] - 1))))
        widths[widest] -= step
        excess -= step
      }
    }
    func line(_ cells: [String], isTitle: Bool = false) -> String {
      var text = ""
      for column in columns.indices {
        let cell =
          columns[column].keepsEnd && !isTitle
          ? DisplayWidth.fitEnd(cells[column], widths[column])
          : DisplayWidth.fit(cells[column], widths[column])
        let last = column == columns.count - 1
        text +=
          last && !columns[column].alignsRight
          ? cell : DisplayWidth.pad(cell, widths[column], right: columns[column].alignsRight)
        if !last { text += "  " }
      }
      return text
    }
    return [line(columns.map(\.title), isTitle: true)] + rows.map { line($0) }
  }
}
