internal import IncidentModel

/// Tells a mistyped name from one that merely matches nothing, and finds the name that was meant.
extension CaseReader {
  /// Refuses a bare name that is neither a column of the inventory nor a field of any event: it would match nothing, in
  /// silence, and a script would read that as good news.
  func requireKnown(_ names: [(name: String, range: Range<Int>)], reserved: [String], expression: String)
    throws
  {
    for (name, range) in names where catalog.attributes[name] == nil {
      guard try !hasField(name), try eventCount() > 0 else { continue }
      let hint =
        try Self.ourWord(for: name) ?? nearest(to: name, reserved).map { "did you mean \($0)?" }
        ?? (catalog.attributes.isEmpty ? "the case has no inventory; " : "")
        + "field.\(name) asks for the field all the same"
      throw QueryError(
        code: .reference,
        message: "nothing in this case is called '\(name)': no column of the inventory, no field of an event",
        hint: hint, expression: expression, range: range)
    }
  }

  /// What people call the parts of an event elsewhere, and what they are called here.
  private static func ourWord(for name: String) -> String? {
    let ours: String
    switch name.lowercased() {
    case "message", "msg", "line", "log", "content", "body": ours = "text:"
    case "host", "hostname", "node", "client", "clientid", "machine", "computer", "unit": ours = "device:"
    case "level", "loglevel", "sev", "lvl", "priority": ours = "severity:, as in severity>=error"
    case "app", "application", "service", "process", "proc", "logger", "component": ours = "program:"
    case "file", "path", "filename": ours = "source:"
    case "time", "timestamp", "ts", "date", "@timestamp", "datetime", "after", "before", "from", "to":
      ours = "since: and until:, as in since:2026-04-07T09:00 until:-10m"
    default: return nil
    }
    return "here that is called \(ours)"
  }

  /// Why an expression may have matched nothing.
  public func hints(_ query: EventQuery) throws -> [String] {
    var hints = outside(query)
    for term in query.expression.terms {
      switch term.predicate {
      case .field(let name, let test):
        if try !hasField(name) {
          hints.append(
            "no event has a field '\(name)'"
              + (try nearest(to: name, []).map { "; did you mean \($0)?" } ?? ""))
        } else if case .matches(let pattern) = test {
          hints += Self.commaHint(pattern)
        }
      case .device(let pattern):
        hints += try spellingHint("device", "device", "name", pattern) + Self.commaHint(pattern)
      case .program(let pattern):
        hints += try spellingHint("program", "template", "program", pattern) + Self.commaHint(pattern)
      case .source(let pattern): hints += sourceHint(pattern) + Self.commaHint(pattern)
      case .secret(let pattern): hints += Self.secretHint(pattern)
      case .attribute(_, .matches(let pattern)), .named(_, .matches(let pattern)), .tag(let pattern):
        hints += Self.commaHint(pattern)
      case .text(.contains, let pattern):
        if let word = pattern.literal {
          hints += try nameHint(word, isAlone: query.expression.terms.count == 1)
        }
      default: break
      }
    }
    return hints
  }

  /// Bounds of time that leave out all of the evidence, or everything.
  private func outside(_ query: EventQuery) -> [String] {
    let (since, until) = query.expression.timeBounds
    if let since, let until, since >= until {
      return ["since: is not before until:, so nothing lies between"]
    }
    guard let oldest = oldestEvidence, let newest = newestEvidence,
      since ?? .min > newest.nanoseconds || until ?? .max <= oldest.nanoseconds
    else { return [] }
    return [
      "the evidence lies outside these bounds: it goes from \(oldest.rfc3339(fractionDigits: 0)) "
        + "to \(newest.rfc3339(fractionDigits: 0))"
    ]
  }

  /// A word that no message holds may be the name of a program or a device.
  private func nameHint(_ word: String, isAlone: Bool) throws -> [String] {
    var hints: [String] = []
    for (kind, table, column) in [("program", "template", "program"), ("device", "device", "name")] {
      let row = try connection.prepare("SELECT 1 FROM \(table) WHERE \(column) = ? LIMIT 1")
      guard try row.bound([.text(word)]).next() else { continue }
      let isPlain = word.utf8.allSatisfy {
        ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7a) || ($0 >= 0x30 && $0 <= 0x39) || $0 == UInt8(ascii: "-")
          || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ".")
      }
      let quoted = QuotedText.of(word, "\"", escape: "\\", escapesBackslash: true)
      hints.append(
        (isAlone ? "no message holds '\(word)'" : "'\(word)' is looked for in messages")
          + "; it is the name of a \(kind): \(kind):\(isPlain ? word : quoted)")
    }
    return hints
  }

  /// A name that no device or program has may be written with other capitals.
  private func spellingHint(_ kind: String, _ table: String, _ column: String, _ pattern: GlobPattern) throws
    -> [String]
  {
    guard let name = pattern.literal else { return [] }
    let row = try connection.prepare(
      "SELECT \(column) FROM \(table) WHERE lower(\(column)) = lower(?1) ORDER BY \(column) <> ?1 LIMIT 1")
    guard try row.bound([.text(name)]).next() else { return ["no event is of a \(kind) called '\(name)'"] }
    let found = row.text(0)
    return found == name
      ? [] : ["no event is of a \(kind) called '\(name)', but of '\(found)': capitals count"]
  }

  /// A source that is not there.
  private func sourceHint(_ pattern: GlobPattern) -> [String] {
    guard let name = pattern.literal, SQLiteDialect.sources(pattern, in: catalog).isEmpty else { return [] }
    return ["the case has no source called '\(name)'; 'firebreak sources' lists them"]
  }

  private static func secretHint(_ pattern: GlobPattern) -> [String] {
    guard let kind = pattern.literal, SecretKind(rawValue: kind) == nil else { return [] }
    return [
      "there is no kind of secret '\(kind)'; one of: "
        + SecretKind.allCases.map(\.rawValue).joined(separator: " ")
    ]
  }

  private static func commaHint(_ pattern: GlobPattern) -> [String] {
    guard pattern.literals.contains(where: { $0.contains(",") }) else { return [] }
    return ["a comma is part of the value; for one or the other write (name:a OR name:b)"]
  }

  /// True when some event seems to have a field of this name. Quick: looks for the name, not for the member.
  private func hasField(_ name: String) throws -> Bool {
    // A name that JSON writes with escapes is not looked for.
    guard name.utf8.allSatisfy({ $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }) else {
      return true
    }
    let last = name.split(separator: ".", omittingEmptySubsequences: false).last.map(String.init) ?? name
    let isOfHeader = SyslogHeader.fieldNames.contains(name)
    for segment in catalog.segments {
      let row = try connection.prepare(
        "SELECT 1 FROM segment_\(segment) WHERE \(isOfHeader ? "header IS NOT NULL OR " : "")"
          + "fields IS NOT NULL AND (instr(fields, ?) OR instr(fields, ?)) LIMIT 1")
      row.bound([.text("\"\(last)\""), .text(".\(last)\"")])
      if try row.next() { return true }
    }
    return false
  }

  /// The known name that differs by few letters. Fields are those of the first events of each segment.
  private func nearest(to name: String, _ reserved: [String]) throws -> String? {
    var known = Set(reserved).union(catalog.attributes.keys)
    var scratch: [UInt8] = []
    for segment in catalog.segments.prefix(64) {
      let row = try connection.prepare(
        "SELECT fields, header FROM segment_\(segment) WHERE fields IS NOT NULL OR header IS NOT NULL LIMIT 500"
      )
      while try row.next() {
        row.withFields(0, header: 1, scratch: &scratch) { json in
          FieldReader.forEachLeaf(in: json) { leaf in
            var path: [UInt8] = []
            leaf.appendPath(to: &path)
            if path.count <= 64 { known.insert(String(decoding: path, as: UTF8.self)) }
          }
        }
      }
    }
    let limit = name.utf8.count <= 3 ? 1 : name.utf8.count <= 6 ? 2 : 3
    let wanted = name.lowercased()
    return known.map { (Self.distance(wanted, $0.lowercased()), $0) }.filter { $0.0 <= limit }.min {
      $0 < $1
    }?.1
  }

  /// Letters to change, add or drop to make one name of the other (Levenshtein).
  private static func distance(_ a: String, _ b: String) -> Int {
    EditDistance.between(Array(a.utf8.prefix(64)), Array(b.utf8.prefix(64)))
  }
}

extension EventQuery {
  /// Names of devices that it asks for as they stand, without wildcards.
  public var namedDevices: [String] {
    expression.terms.compactMap { term in
      if case .device(let pattern) = term.predicate { pattern.literal } else { nil }
    }
  }
}
