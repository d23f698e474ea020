/// Finds the events of one segment whose messages fit, page by page, with the same test as `firebreak_text`.
final class MessageScan {
  private let pages: TablePages
  private let matcher: TextMatcher
  /// Fits wherever `matcher` does, at less cost; nil where it is the same.
  private let screen: TextMatcher?
  private let functions: QueryFunctions
  /// nil where a page can hold a match without holding the text.
  private let filter: PageFilter?
  /// For rows that are not on one page, or not as Firebreak writes them.
  private let single: SQLiteStatement
  private let test: Int64
  /// Rows that were on the pages looked at.
  private(set) var rows = 0

  /// nil where the segment cannot be read by pages.
  /// - Parameter test: Number of the matcher in `QueryFunctions`.
  init?(
    _ connection: SQLiteConnection, segment: Int64, _ matcher: TextMatcher, screen: TextMatcher?, test: Int64,
    _ functions: QueryFunctions
  ) throws(StoreError) {
    guard let pages = try TablePages(connection, table: "segment_\(segment)") else { return nil }
    self.pages = pages
    self.matcher = matcher
    self.screen = screen
    self.functions = functions
    self.test = test
    filter = (screen ?? matcher).pageFilter
    single = try connection.prepare(
      "SELECT firebreak_text(?, e.message, e.template, e.variables) FROM segment_\(segment) e WHERE e.id = ?")
  }

  /// Adds the ids of all events on the pages that hold these, in ascending order.
  /// - Parameters:
  ///   - ranges: Ascending, not touching.
  ///   - limit: With more ids than this it stops.
  func find(_ ranges: [ClosedRange<Int64>], limit: Int, into found: inout [Int64]) throws(StoreError)
    -> TablePages.Outcome
  {
    var ids: [Int64] = []
    swap(&ids, &found)
    defer { swap(&ids, &found) }
    return try pages.forEachLeaf(ranges) { (page, bounds) throws(StoreError) in
      try look(page, bounds, &ids) ? ids.count <= limit : nil
    }
  }

  /// False where the page is not in order.
  private func look(_ page: UnsafeRawPointer, _ bounds: ClosedRange<Int64>, _ found: inout [Int64])
    throws(StoreError) -> Bool
  {
    guard let rows = LeafRows(page, pageSize: pages.pageSize) else { return false }
    self.rows += rows.count
    if let filter, rows.areWhole, !filter.mayOccur(in: page, count: pages.pageSize) { return true }
    var last: Int64?
    for index in 0..<rows.count {
      guard let row = rows[index], bounds.contains(row.id), last.map({ $0 < row.id }) ?? true else {
        return false
      }
      last = row.id
      let fits =
        if row.isWhole, let columns = MessageColumns(row.record) {
          fits(columns)
        } else {
          try single.integer([.integer(test), .integer(row.id)]) == 1
        }
      if fits { found.append(row.id) }
    }
    return true
  }

  private func fits(_ columns: MessageColumns) -> Bool {
    if let screen {
      guard
        functions.fits(
          screen, message: columns.message, template: columns.template, variables: columns.variables)
      else { return false }
    }
    return functions.fits(
      matcher, message: columns.message, template: columns.template, variables: columns.variables)
  }
}
