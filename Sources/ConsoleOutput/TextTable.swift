/// Rows and columns for people: aligned, sanitised, fitted to the terminal's width.
///
/// What does not fit is first wrapped onto lines below, or cut, column by column as each allows. Where that would leave a
/// column too narrow to read, each row becomes a record: its figures on one line, or with their titles on as few as hold them, every
/// longer text on lines of its own.
public struct TextTable: Sendable {
  /// A column: title, side, and what becomes of it when the table is too wide.
  public struct Column: Sendable {
    /// Title, printed above.
    public var title: String
    /// Numbers stand on the right.
    public var alignsRight: Bool
    /// Whether cells may be cut with `…`; what is copied (names, hashes, commands) should not be.
    public var mayShrink: Bool
    /// Whether a cell that is cut loses its middle: names of devices differ at their ends.
    public var keepsEnds: Bool
    /// Whether cells may go on in lines below.
    public var wraps: Bool
    /// A column from its parts.
    public init(
      _ title: String, alignsRight: Bool = false, mayShrink: Bool = false, wraps: Bool = false,
      keepsEnds: Bool = false
    ) {
      self.title = title
      self.alignsRight = alignsRight
      self.mayShrink = mayShrink
      self.wraps = wraps
      self.keepsEnds = keepsEnds
    }
  }

  /// A table as lines.
  public struct Layout: Sendable {
    /// The titles; empty where each line of a record has its own.
    public var header: String
    /// The rows.
    public var lines: [String]
  }

  private let columns: [Column]
  private var rows: [[String]] = []

  /// Columns below which a cell that is cut or wrapped says nothing.
  private static let narrowest = (cut: 8, wrapped: 24)

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
    let layout = layout(width: limit)
    return (layout.header.isEmpty ? [] : [layout.header]) + layout.lines
  }

  /// The table fitted to so many columns of a terminal. `width` nil means: no limit.
  public func layout(width limit: Int?) -> Layout {
    let natural = columns.indices.map { column in
      rows.reduce(DisplayWidth.of(columns[column].title)) { max($0, DisplayWidth.of($1[column])) }
    }
    guard let limit, Self.sum(natural) > limit else { return grid(natural) }
    if let widths = fitted(natural, limit) { return grid(widths) }
    return records(natural, limit)
  }

  private static func sum(_ widths: [Int]) -> Int { widths.reduce(0, +) + 2 * max(0, widths.count - 1) }

  /// The widths of the columns such that they fit, the widest giving way first; nil where a wrapped one would become too
  /// narrow.
  private func fitted(_ natural: [Int], _ limit: Int) -> [Int]? {
    let least = columns.indices.map { column in
      let title = DisplayWidth.of(columns[column].title)
      // The name that a row begins with stays whole.
      if columns[column].wraps, column == 0 { return natural[column] }
      if columns[column].wraps {
        let whole = rows.reduce(title) { max($0, Prose.longestWhole($1[column])) }
        return min(natural[column], max(Self.narrowest.wrapped, whole))
      }
      return columns[column].mayShrink
        ? min(natural[column], max(Self.narrowest.cut, title)) : natural[column]
    }
    if Self.sum(least) > limit, columns.contains(where: \.wraps) { return nil }
    var widths = natural
    var excess = Self.sum(widths) - limit
    while excess > 0 {
      let yielding = columns.indices.filter { widths[$0] > least[$0] }
      guard let widest = yielding.max(by: { widths[$0] < widths[$1] }) else { break }
      let next = yielding.filter { widths[$0] < widths[widest] }.map { widths[$0] }.max() ?? 0
      // Of several that are as wide each gives its part.
      let tied = yielding.count { widths[$0] == widths[widest] }
      let share = tied > 1 ? (excess + tied - 1) / tied : excess
      let step = max(1, min(share, widths[widest] - max(least[widest], next)))
      widths[widest] -= step
      excess -= step
    }
    return widths
  }

  // MARK: Rows

  private func grid(_ widths: [Int]) -> Layout {
    Layout(
      header: line(columns.map(\.title), widths, Array(columns.indices)),
      lines: rows.flatMap { row in
        let parts = columns.indices.map { column in
          columns[column].wraps ? Prose.fold(row[column], widths[column]) : [row[column]]
        }
        return (0..<(parts.map(\.count).max() ?? 1)).map { number in
          line(parts.map { number < $0.count ? $0[number] : "" }, widths, Array(columns.indices))
        }
      })
  }

  /// Cells beside one another, for these columns.
  private func line(_ cells: [String], _ widths: [Int], _ shown: [Int]) -> String {
    var text = ""
    for column in shown {
      let cell =
        columns[column].keepsEnds
        ? DisplayWidth.fitEnds(cells[column], widths[column])
        : DisplayWidth.fit(cells[column], widths[column])
      text += DisplayWidth.pad(cell, widths[column], right: columns[column].alignsRight) + "  "
    }
    while text.last == " " { text.removeLast() }
    return text
  }

  // MARK: Records

  /// Figures with their titles, as many on a line as fit.
  private func packed(_ row: [String], _ figures: [Int], _ limit: Int) -> [String] {
    var lines: [String] = []
    var line = ""
    for column in figures where !row[column].isEmpty {
      let pair = "    " + columns[column].title + "  " + row[column]
      if !line.isEmpty, DisplayWidth.of(line) + DisplayWidth.of(pair) > limit {
        lines.append(line)
        line = ""
      }
      line += pair
    }
    return line.isEmpty ? lines : lines + [line]
  }

  /// A row as a record: the name it begins with, the columns that must not change in one line, and each other text below.
  private func records(_ natural: [Int], _ limit: Int) -> Layout {
    let leads = columns.first.map { $0.wraps || $0.mayShrink } == true
    let figures = columns.indices.filter { !columns[$0].wraps && !(leads && $0 == 0) }
    let fits = Self.sum(figures.map { natural[$0] }) + (leads ? 2 : 0) <= limit
    let inset = leads ? "  " : ""
    var lines: [String] = []
    for row in rows {
      if leads { lines.append(row[0]) }
      let rest = columns.indices.filter { columns[$0].wraps && !(leads && $0 == 0) }
      if fits {
        let text = line(row, natural, figures)
        if !text.isEmpty { lines.append(inset + text) }
      } else {
        lines += packed(row, figures, limit)
      }
      let titles = rest.reduce(0) { max($0, DisplayWidth.of(columns[$1].title)) }
      for column in rest where !row[column].isEmpty {
        let lead = "    " + (titles == 0 ? "" : DisplayWidth.pad(columns[column].title, titles) + "  ")
        let parts = Prose.wrap(row[column], max(20, limit - DisplayWidth.of(lead)))
        for (index, part) in parts.enumerated() {
          lines.append((index == 0 ? lead : String(repeating: " ", count: DisplayWidth.of(lead))) + part)
        }
      }
    }
    return Layout(header: fits ? inset + line(columns.map(\.title), natural, figures) : "", lines: lines)
  }
}
