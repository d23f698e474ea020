/// Answers `text:` by ids where that is quicker than having SQLite look at one event after the other: by the search index,
/// or by looking at the pages of the whole case.
final class TextSearch {
  /// When the pages of the whole case are looked at.
  enum Scanning: Sendable {
    case never
    /// Where that costs less than finding the events asked for in the order of time.
    case whereCheaper
    /// Whatever it costs, and without the index: for tests.
    case always
  }

  private let connection: SQLiteConnection
  private let segments: [Int64]
  /// `never` where another condition leads to fewer events.
  private let scanning: Scanning
  /// As many events as will be asked for; nil: all.
  private let wanted: Int?
  /// A query may name a text twice, and its conditions are compiled with and without bounds of time.
  private var known: [(place: QueryPredicate.TextPlace, pattern: GlobPattern, ids: [Int64]?)] = []
  private var wholeScans = 0

  init(_ connection: SQLiteConnection, segments: [Int64], scanning: Scanning, wanted: Int?) {
    self.connection = connection
    self.segments = segments
    self.scanning = scanning
    self.wanted = wanted
  }

  /// A list of more matches than this is not worth it where a scan is at hand that ends with the first few.
  private static let maximumMatches = 20_000
  /// The same where all events are asked for.
  private static let maximumOfAll = 100_000
  /// A query of many texts is answered by one look at every event.
  private static let maximumScans = 3
  /// Pages that tell how frequent a text is.
  private static let samples: Int64 = 128

  /// Ids of all events of which the test holds; nil where looking at every event is as good.
  /// - Parameters:
  ///   - test: Number of `matcher` among the tests; it decides, index and pages only say where to look.
  ///   - isNegated: The events that do not match are asked for.
  func matches(
    _ place: QueryPredicate.TextPlace, _ pattern: GlobPattern, _ matcher: TextMatcher, test: Int64,
    _ tests: QueryTests, isNegated: Bool
  ) throws(StoreError) -> [Int64]? {
    if let answer = known.first(where: { $0.place == place && $0.pattern == pattern }) { return answer.ids }
    let ids = try find(place, pattern, matcher, test: test, tests, mayScan: !isNegated)
    known.append((place, pattern, ids))
    return ids
  }

  /// What decides of a message.
  private struct Look {
    var matcher: TextMatcher
    var test: Int64
    var tests: QueryTests
    var screen: TextMatcher?
  }

  private func scan(_ segment: Int64, _ look: Look) throws(StoreError) -> MessageScan? {
    try MessageScan(
      connection, segment: segment, look.matcher, screen: look.screen, test: look.test, look.tests.functions)
  }

  private func find(
    _ place: QueryPredicate.TextPlace, _ pattern: GlobPattern, _ matcher: TextMatcher, test: Int64,
    _ tests: QueryTests, mayScan: Bool
  ) throws(StoreError) -> [Int64]? {
    // Each literal run of a pattern is in every match: the longest tells the most.
    guard let longest = pattern.literals.max(by: { $0.utf8.count < $1.utf8.count }) else { return nil }
    let needle = longest.utf8.map(\.asciiLowercased)
    let look = Look(
      matcher: matcher, test: test, tests: tests,
      // What stands between wildcards is found first; the whole pattern is then tried where it is.
      screen: place == .contains && pattern.literal != nil
        ? nil : TextMatcher(.contains, GlobPattern(literal: longest), rebuilder: tests.rebuilder))
    let events = try connection.prepare("SELECT coalesce(sum(events), 0) FROM segment").integer() ?? 0
    if scanning != .always, let search = SearchPaths(needle, templates: tests.rebuilder.parts),
      try isRare(search)
    {
      let limit = max(Int64(Self.maximumMatches), events / 8)
      if let ranges = try SearchIndexReader(connection).candidates(search, limit: limit) {
        return try ids(in: ranges, look)
      }
    }
    guard wholeScans < Self.maximumScans else { return nil }
    switch scanning {
    case .never: return nil
    case .whereCheaper:
      guard mayScan, try scanIsCheaper(events, look) else { return nil }
      wholeScans += 1
    case .always: break
    }
    var found: [Int64] = []
    let limit = scanning == .always ? Int.max : Self.maximumOfAll
    for segment in segments {
      guard let scan = try scan(segment, look),
        case .complete = try scan.find([.min ... .max], limit: limit, into: &found)
      else { return nil }
    }
    return found
  }

  /// False where templates whose constant part holds the text have too many events.
  private func isRare(_ search: SearchPaths) throws(StoreError) -> Bool {
    guard !search.openTemplates.isEmpty else { return true }
    let rollup = try connection.prepare("SELECT events FROM template_rollup WHERE template = ?")
    var certain: Int64 = 0
    for template in search.openTemplates {
      certain = certain.addingClamped(try rollup.integer([.integer(Int64(template))]) ?? 0)
    }
    return certain <= Self.maximumMatches
  }

  /// Those of the candidates of which the test holds; nil where they are too many.
  private func ids(in ranges: [ClosedRange<Int64>], _ look: Look) throws(StoreError) -> [Int64]? {
    guard !ranges.isEmpty else { return [] }
    var found: [Int64] = []
    for segment in segments {
      let before = found.count
      if let scan = try scan(segment, look) {
        switch try scan.find(ranges, limit: Self.maximumMatches, into: &found) {
        case .complete: continue
        case .stopped: return nil
        case .broken: found.removeSubrange(before...)
        }
      }
      let rows = try connection.prepare(
        "SELECT e.id FROM segment_\(segment) e WHERE e.id BETWEEN ? AND ? "
          + "AND firebreak_text(?, e.message, e.template, e.variables)")
      for range in ranges {
        rows.bound([.integer(range.lowerBound), .integer(range.upperBound), .integer(look.test)])
        while try rows.next() { found.append(rows.int64(0)) }
        guard found.count <= Self.maximumMatches else { return nil }
      }
    }
    return found
  }

  // MARK: - What a scan is worth

  /// Costs in nanoseconds, measured: an event that SQLite looks at along the time, one on a page that is looked at, and one
  /// that is then fetched by its id.
  private enum Cost {
    static let event = 450.0
    static let onPage = 60.0
    static let match = 3_000.0
  }

  /// Judges by pages from all over the case.
  private func scanIsCheaper(_ events: Int64, _ look: Look) throws(StoreError) -> Bool {
    guard events > 0 else { return false }
    let bounds = try connection.prepare("SELECT number, first_event, events FROM segment ORDER BY number")
    let step = max(1, events / Self.samples)
    var rows = 0
    var found: [Int64] = []
    while try bounds.next() {
      let range = CaseCatalog.events(first: bounds.int64(1), count: bounds.int64(2))
      guard segments.contains(bounds.int64(0)), !range.isEmpty else { continue }
      guard let scan = try scan(bounds.int64(0), look) else { return false }
      // Half a step in, so that small segments are met as often as their share.
      let ids = stride(
        from: range.lowerBound + Int64(range.count) % step / 2, to: range.upperBound, by: Int(step))
      let outcome = try scan.find(ids.prefix(1 << 16).map { $0...$0 }, limit: .max, into: &found)
      guard case .complete = outcome else { return false }
      rows += scan.rows
    }
    guard rows > 0 else { return false }
    let share = Double(found.count) / Double(rows)
    let all = Double(events)
    let matches = share * all
    guard matches <= Double(Self.maximumOfAll) else { return false }
    let inOrder = wanted.map { share > 0 ? min(all, Double($0) / share) : all } ?? all
    return all * Cost.onPage + matches * Cost.match < inOrder * Cost.event
  }
}
