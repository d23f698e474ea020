internal import IncidentModel

/// A condition on the events of a segment called `e`, in SQL, with the values for its parameters in order.
struct SQLCondition: Sendable {
  var sql = ""
  var parameters: [SQLiteValue] = []
}

/// Compiles the expression tree to SQLite's SQL.
///
/// The statement's text depends only on the shape of the expression: every value of the user's is a bound parameter, or
/// lies in `QueryTests` behind a bound number.
struct SQLiteDialect {
  let catalog: CaseCatalog
  let tests: QueryTests
  /// nil looks at every event.
  let search: TextSearch?
  /// For errors.
  let expression: String
  /// Whose clock bounds of time go by.
  var clock = QueryClock.original
  /// No correction moves an event by more, nanoseconds.
  var reach: Int64 = 0
  /// Some events without a time have a corrected one.
  var hasBoots = false
  /// Inside a `NOT`: what does not match is asked for.
  private(set) var isNegated = false

  /// The condition of a resolved expression.
  func condition(_ tree: QueryExpression) throws -> SQLCondition {
    var result = SQLCondition()
    try append(tree, to: &result)
    return result
  }

  private func append(_ tree: QueryExpression, to out: inout SQLCondition) throws {
    switch tree {
    case .everything: out.sql += "1"
    case .term(let term): try append(term, to: &out)
    case .not(let inner):
      // Unknown counts as no, so that an event without the value is among the rest.
      var dialect = self
      dialect.isNegated.toggle()
      out.sql += "("
      try dialect.append(inner, to: &out)
      out.sql += ") IS NOT TRUE"
    case .and(let parts): try append(parts, joinedBy: " AND ", to: &out)
    case .or(let parts): try append(parts, joinedBy: " OR ", to: &out)
    }
  }

  private func append(_ parts: [QueryExpression], joinedBy word: String, to out: inout SQLCondition) throws {
    out.sql += "("
    for (index, part) in parts.enumerated() {
      if index > 0 { out.sql += word }
      try append(part, to: &out)
    }
    out.sql += ")"
  }

  private func append(_ term: QueryTerm, to out: inout SQLCondition) throws {
    switch term.predicate {
    case .device(let pattern):
      if let name = pattern.literal {
        out.add("e.device = (SELECT ordinal FROM device WHERE name = ?)", .text(name))
      } else if pattern.matchesEverything {
        out.add("e.device IS NOT NULL")
      } else {
        out.add("e.device IN (SELECT ordinal FROM device WHERE ")
        appendName("name", pattern, to: &out)
        out.add(")")
      }
    case .program(let pattern):
      out.add("e.template IN (SELECT ordinal FROM template WHERE ")
      appendName("program", pattern, to: &out)
      out.add(")")
    case .template(let pattern): appendTemplate(pattern, to: &out)
    case .source(let pattern): appendSource(pattern, to: &out)
    case .text(let place, let pattern):
      if place == .contains, pattern.literal == "" || pattern.matchesEverything { return out.add("1") }
      try appendText(place, pattern, to: &out)
    case .severity(let comparison, let severity): appendSeverity(comparison, severity, to: &out)
    case .basis(let comparison, let basis):
      // Stronger is smaller.
      out.add(
        "e.origin IN (SELECT ordinal FROM origin WHERE identity_basis \(comparison.mirrored.sql) \(basis.rawValue))"
      )
    case .quality(let quality):
      out.add("e.origin IN (SELECT ordinal FROM origin WHERE time_quality = \(quality.rawValue))")
    case .id(let comparison, let id): out.add("e.id \(comparison.sql) ?", .integer(id))
    case .time(let bound, let time):
      guard case .instant(let instant) = time else {
        throw error(term, "this time was not tied down", nil)
      }
      let sign = bound == .since ? ">=" : "<"
      if clock == .original { return out.add("e.time \(sign) ?", .integer(instant.nanoseconds)) }
      // The index narrows it to what a correction could bring here.
      let wide = instant.adding(nanoseconds: bound == .since ? -reach : reach)
      out.add(
        hasBoots ? "((e.time IS NULL OR e.time \(sign) ?) AND " : "(e.time \(sign) ? AND ",
        .integer(wide.nanoseconds))
      out.add("\(clock.time) \(sign) ?)", .integer(instant.nanoseconds))
    case .tag(let pattern):
      let index = tests.add(value: .glob(GlobMatcher(pattern, foldsCase: false)))
      out.add(
        "e.id IN (SELECT event FROM note WHERE event IS NOT NULL AND json_valid(text) AND text ->> '$.kind' = 'tag' "
          + "AND firebreak_value(?, text ->> '$.value') AND id NOT IN (SELECT CAST(text ->> '$.value' AS INTEGER) "
          + "FROM note WHERE json_valid(text) AND text ->> '$.kind' = 'retract' AND text ->> '$.value' IS NOT NULL))",
        .integer(index))
    case .identity(let pattern):
      out.add("e.device IN (SELECT ordinal FROM device WHERE ")
      appendName("name", pattern, to: &out)
      out.add(
        " UNION SELECT d.ordinal FROM identity a JOIN identity b ON b.device = a.device "
          + "JOIN device d ON d.name = b.name WHERE ")
      appendName("a.name", pattern, to: &out)
      out.add(")")
    case .secret(let pattern):
      out.add("e.template IN (SELECT template FROM secret_template WHERE ")
      appendName("kind", pattern, to: &out)
      out.add(")")
    case .trace(let number, let role): try appendTrace(number, role, term, to: &out)
    case .attribute(let name, let test):
      guard let column = catalog.attributes[name] else {
        throw error(
          term, "the inventory has no column '\(name)'",
          catalog.attributes.isEmpty
            ? "the case has no inventory; give one with 'firebreak ingest --inventory'"
            : "columns: " + catalog.attributes.keys.sorted().joined(separator: " "))
      }
      appendAttribute(column, test, to: &out)
    case .named(let name, let test):
      if let column = catalog.attributes[name] {
        appendAttribute(column, test, to: &out)
      } else {
        try appendField(name, test, term, to: &out)
      }
    case .field(let name, let test): try appendField(name, test, term, to: &out)
    }
  }

  /// A search in messages: the ids that index or pages lead to, or a look at every event.
  private func appendText(
    _ place: QueryPredicate.TextPlace, _ pattern: GlobPattern, to out: inout SQLCondition
  ) throws {
    let matcher = TextMatcher(place, pattern, rebuilder: tests.rebuilder)
    let test = tests.add(text: matcher)
    guard
      let ids = try search?.matches(place, pattern, matcher, test: test, tests, isNegated: isNegated)
    else {
      return out.add("firebreak_text(?, e.message, e.template, e.variables)", .integer(test))
    }
    if ids.isEmpty { return out.add("0") }
    if ids.count <= 500 {
      // The planner sees how few they are.
      out.sql += "e.id IN (" + repeatElement("?", count: ids.count).joined(separator: ",") + ")"
      out.parameters += ids.map { .integer($0) }
    } else {
      out.add(
        "e.id IN (SELECT value FROM json_each(?))",
        .text("[" + ids.map { String($0) }.joined(separator: ",") + "]"))
    }
  }

  /// A name against a pattern; a constant beginning narrows the search to a range of the index.
  private func appendName(_ column: String, _ pattern: GlobPattern, to out: inout SQLCondition) {
    if let name = pattern.literal { return out.add("\(column) = ?", .text(name)) }
    let prefix = pattern.prefix
    if !prefix.isEmpty {
      out.add("\(column) >= ? AND ", .text(prefix))
      // The greatest scalar ends the range of texts with this beginning.
      out.add("\(column) < ? AND ", .text(prefix + "\u{10ffff}"))
    }
    let index = tests.add(value: .glob(GlobMatcher(pattern, foldsCase: false)))
    out.add("firebreak_value(?, \(column))", .integer(index))
  }

  private func appendTemplate(_ pattern: GlobPattern, to out: inout SQLCondition) {
    if let text = pattern.literal, text.utf8.count == 16, let id = UInt64(text, radix: 16) {
      return out.add(
        "e.template IN (SELECT ordinal FROM template WHERE id = ?)", .integer(Int64(bitPattern: id)))
    }
    let index = tests.add(value: .glob(GlobMatcher(pattern.unanchored, foldsCase: true)))
    out.add("e.template IN (SELECT ordinal FROM template WHERE firebreak_value(?, text))", .integer(index))
  }

  /// The sources that a pattern means: by path, member, file name or SHA-256. A pattern with folders in it may leave out the
  /// first ones, as lists do that leave out what all sources have in common.
  static func sources(_ pattern: GlobPattern, in catalog: CaseCatalog) -> [CaseCatalog.Source] {
    let glob = GlobMatcher(pattern, foldsCase: false)
    let digest = pattern.literal.flatMap { $0.utf8.count >= 8 && $0.utf8.count <= 64 ? $0.lowercased() : nil }
    let hasFolders = pattern.literals.contains { $0.contains("/") }
    return catalog.sources.filter { source in
      if let digest, source.sha256.hasPrefix(digest) { return true }
      if glob.matches(source.name) { return true }
      let isPart = ([source.path] + source.members).contains { part in
        glob.matches(part) || glob.matches(String(part.split(separator: "/").last ?? ""))
      }
      return isPart || hasFolders && matchesBehindAFolder(glob, source.name)
    }
  }

  private static func matchesBehindAFolder(_ glob: GlobMatcher, _ name: String) -> Bool {
    let bytes = name.utf8
    return bytes.indices.contains { place in
      bytes[place] == UInt8(ascii: "/") && glob.matches(String(name[bytes.index(after: place)...]))
    }
  }

  /// The events of a source have ids in a row.
  private func appendSource(_ pattern: GlobPattern, to out: inout SQLCondition) {
    let found = Self.sources(pattern, in: catalog)
    var ranges: [Range<Int64>] = []
    for events in found.map(\.events).filter({ !$0.isEmpty }).sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let last = ranges.last, last.upperBound == events.lowerBound {
        ranges[ranges.count - 1] = last.lowerBound..<events.upperBound
      } else {
        ranges.append(events)
      }
    }
    guard ranges.count <= 64 else {
      let ordinals = Set(found.map(\.ordinal))
      let index = tests.add(value: .member(ordinals))
      return out.add(
        "e.origin IN (SELECT ordinal FROM origin WHERE firebreak_value(?, source))", .integer(index))
    }
    guard !ranges.isEmpty else { return out.add("0") }
    out.add("(")
    for (index, range) in ranges.enumerated() {
      out.add(index == 0 ? "e.id BETWEEN ?" : " OR e.id BETWEEN ?", .integer(range.lowerBound))
      out.add(" AND ?", .integer(range.upperBound - 1))
    }
    out.add(")")
  }

  private func appendSeverity(
    _ comparison: QueryComparison, _ severity: Severity?, to out: inout SQLCondition
  ) {
    guard let severity else { return out.add("e.severity IS NULL") }
    // Worse is smaller. The number is ours and stands in the text, where the planner sees that the partial index fits.
    out.add("e.severity \(comparison.mirrored.sql) \(severity.rawValue)")
  }

  private func appendTrace(_ number: Int?, _ role: String, _ term: QueryTerm, to out: inout SQLCondition)
    throws
  {
    guard let trace = catalog.trace(number) else {
      throw error(
        term, number.map { "there is no trace \($0) in this case" } ?? "there is no trace in this case yet",
        "run 'firebreak trace'")
    }
    guard trace.roles.contains(role) else {
      throw error(
        term, "trace \(trace.number) has no role '\(role)'",
        "roles: " + trace.roles.sorted().joined(separator: " "))
    }
    out.add(
      "e.device IN (SELECT d.ordinal FROM json_each((SELECT result FROM trace_result WHERE number = ?), ",
      .integer(trace.number))
    out.add("'$.devices.' || ?) j JOIN device d ON d.name = j.value)", .text("\"\(role)\""))
  }

  private func appendAttribute(_ column: Int64, _ test: QueryPredicate.ValueTest, to out: inout SQLCondition)
  {
    if case .matches(let pattern) = test, pattern.literal == "" {
      // Empty means unknown: no value at all.
      out.add("(")
      appendAttribute(column, .matches(GlobPattern(pieces: [.anyRun])), to: &out)
      return out.add(") IS NOT TRUE")
    }
    out.add(
      "e.device IN (SELECT d.ordinal FROM inventory_value v JOIN inventory_device i ON i.ordinal = v.device "
        + "JOIN device d ON d.name = i.name WHERE v.attribute = ?", .integer(column))
    if case .matches(let pattern) = test, let text = pattern.literal {
      out.add(" AND v.value = ?)", .text(text))
    } else {
      let index = tests.add(value: ValueMatcher(test, numeric: false))
      out.add(" AND v.value <> '' AND firebreak_value(?, v.value))", .integer(index))
    }
  }

  private func appendField(
    _ name: String, _ test: QueryPredicate.ValueTest, _ term: QueryTerm, to out: inout SQLCondition
  ) throws {
    if case .compared(let comparison, let bound) = test,
      !bound.utf8.contains(where: { $0 >= 0x30 && $0 <= 0x39 })
    {
      throw error(
        term, "'\(bound)' is no number, so '\(comparison.rawValue)' says nothing",
        "compare with a number or a version, or write \(name):\(bound)")
    }
    let index = tests.add(field: name, ValueMatcher(test, numeric: true))
    out.add(
      "((e.fields IS NOT NULL OR e.header IS NOT NULL) AND firebreak_field(?, e.fields, e.header))",
      .integer(index))
  }

  private func error(_ term: QueryTerm, _ message: String, _ hint: String?) -> QueryError {
    QueryError(code: .reference, message: message, hint: hint, expression: expression, range: term.range)
  }
}

extension SQLCondition {
  fileprivate mutating func add(_ text: String, _ values: SQLiteValue...) {
    sql += text
    parameters += values
  }
}

extension QueryComparison {
  var sql: String { self == .equal ? "=" : rawValue }
  /// The comparison with the sides changed, for scales where greater is stored smaller.
  var mirrored: QueryComparison {
    switch self {
    case .equal: .equal
    case .less: .greater
    case .lessOrEqual: .greaterOrEqual
    case .greater: .less
    case .greaterOrEqual: .lessOrEqual
    }
  }
}
