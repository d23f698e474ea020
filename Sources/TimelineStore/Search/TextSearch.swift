/// Answers `text:` by the search index where that is quicker than looking at every event.
struct TextSearch {
  let connection: SQLiteConnection
  let segments: [Int64]

  /// More matches than this are not worth a list.
  private static let maximumMatches = 20_000

  /// Ids of all events of which the test with this number holds; nil where looking at every event is as good.
  /// - Parameter test: Number of the test in `QueryFunctions`; it decides, the index only says where to look.
  func matches(
    _ pattern: GlobPattern, test: Int64, rebuilder: MessageRebuilder
  ) throws(StoreError) -> [Int64]? {
    // Each literal run of a pattern is in every match: the longest tells the most.
    guard let longest = pattern.literals.max(by: { $0.utf8.count < $1.utf8.count }) else { return nil }
    let needle = longest.utf8.map(\.asciiLowercased)
    guard let search = SearchPaths(needle, templates: rebuilder.parts) else { return nil }
    let rollup = try connection.prepare("SELECT events FROM template_rollup WHERE template = ?")
    var certain: Int64 = 0
    for template in search.openTemplates {
      certain = certain.addingClamped(try rollup.integer([.integer(Int64(template))]) ?? 0)
    }
    guard certain <= Self.maximumMatches else { return nil }
    let events = try connection.prepare("SELECT coalesce(sum(events), 0) FROM segment").integer() ?? 0
    let limit = max(Int64(Self.maximumMatches), events / 8)
    guard let ranges = try SearchIndexReader(connection).candidates(search, limit: limit) else { return nil }
    var found: [Int64] = []
    for segment in segments {
      let rows = try connection.prepare(
        "SELECT e.id FROM segment_\(segment) e WHERE e.id BETWEEN ? AND ? "
          + "AND firebreak_text(?, e.message, e.template, e.variables)")
      for range in ranges {
        rows.bound([.integer(range.lowerBound), .integer(range.upperBound), .integer(test)])
        while try rows.next() { found.append(rows.int64(0)) }
        guard found.count <= Self.maximumMatches else { return nil }
      }
    }
    return found
  }
}
