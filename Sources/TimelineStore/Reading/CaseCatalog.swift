internal import IncidentModel

/// The small tables that queries look things up in, read once.
struct CaseCatalog: Sendable {
  /// A source as `source:` sees it.
  struct Source: Sendable {
    var ordinal: Int64
    var path: String
    var members: [String]
    var name: String
    var sha256: String
    var events: Range<Int64>
  }
  /// A stored trace as `trace:` sees it.
  struct Trace: Sendable {
    var number: Int64
    var roles: Set<String>
  }

  /// Inventory columns by name.
  var attributes: [String: Int64] = [:]
  var sources: [Source] = []
  /// Empty until `loadTraces`: results of large incidents are large.
  var traces: [Trace] = []
  var segments: [Int64] = []
  /// By ordinal.
  var origins: [Int64: OriginEntry] = [:]
  var newestEvidence: Instant?
  var oldestEvidence: Instant?

  /// The trace with this number, or the latest.
  func trace(_ number: Int?) -> Trace? {
    guard let number else { return traces.max { $0.number < $1.number } }
    return traces.first { $0.number == number }
  }

  init(_ connection: SQLiteConnection, segments: [Int64]) throws(StoreError) {
    self.segments = segments
    let attributeRows = try connection.prepare("SELECT name, ordinal FROM inventory_attribute")
    while try attributeRows.next() { attributes[attributeRows.text(0)] = attributeRows.int64(1) }

    let sourceRows = try connection.prepare(
      "SELECT ordinal, path, members, sha256, first_event, events FROM source ORDER BY ordinal")
    while try sourceRows.next() {
      let description = SourceDescription(path: sourceRows.text(1), storedMembers: sourceRows.text(2))
      sources.append(
        Source(
          ordinal: sourceRows.int64(0), path: description.path, members: description.members,
          name: description.name,
          sha256: sourceRows.text(3),
          events: Self.events(first: sourceRows.int64(4), count: sourceRows.int64(5))))
    }

    oldestEvidence = try connection.prepare("SELECT min(first_time) FROM segment").integer().map {
      Instant(nanoseconds: $0)
    }
    newestEvidence = try connection.prepare("SELECT max(last_time) FROM segment").integer().map {
      Instant(nanoseconds: $0)
    }

    let originRows = try connection.prepare(
      """
      SELECT ordinal, source, time_quality, time_error, identity_basis, stamp_form, stamp_shift, stamp_digits,
        stamp_separator, stamp_suffix FROM origin
      """)
    while try originRows.next() {
      origins[originRows.int64(0)] = OriginEntry(
        source: originRows.int64(1),
        quality: UInt8(exactly: originRows.int64(2)).flatMap(TimeQuality.init) ?? .none,
        timeError: originRows.int64OrNil(3),
        basis: UInt8(exactly: originRows.int64(4)).flatMap(IdentityBasis.init) ?? .none,
        stamp: StampForm(
          form: originRows.int64(5), shift: originRows.int64(6),
          digits: Int(clamping: max(0, min(9, originRows.int64(7)))), separator: originRows.text(8),
          suffix: originRows.text(9)))
    }
  }

  /// Reads the roles of all stored traces, for queries that name one: SQLite parses each result whole for them.
  mutating func loadTraces(_ connection: SQLiteConnection) throws(StoreError) {
    traces = []
    let rows = try connection.prepare(
      """
      SELECT t.number, j.key FROM trace_result t, json_each(t.result, '$.devices') j
      WHERE json_valid(t.result) ORDER BY t.number
      """)
    while try rows.next() {
      let number = rows.int64(0)
      if traces.last?.number != number { traces.append(Trace(number: number, roles: [])) }
      traces[traces.count - 1].roles.insert(rows.text(1))
    }
  }

  /// A range of row ids; empty where a hostile case gives nonsense.
  static func events(first: Int64, count: Int64) -> Range<Int64> {
    let (end, overflow) = first.addingReportingOverflow(count)
    return first > 0 && count > 0 && !overflow ? first..<end : 0..<0
  }
}

/// Names of members as the case file keeps them: a JSON array of texts.
enum MemberList {
  static func decode(_ stored: String) -> [String] {
    guard stored.hasPrefix("[") else { return stored.isEmpty ? [] : [stored] }
    var names: [String] = []
    var text = stored
    text.withUTF8 { json in
      var at = 1
      while at < json.count {
        guard json[at] == UInt8(ascii: "\"") else {
          at += 1
          continue
        }
        let start = at + 1
        var end = start
        while end < json.count, json[end] != UInt8(ascii: "\"") {
          end += json[end] == UInt8(ascii: "\\") ? 2 : 1
        }
        guard end < json.count else { return }
        var name: [UInt8] = []
        MessageRebuilder.appendUnescaped(UnsafeBufferPointer(rebasing: json[start..<end]), to: &name)
        names.append(String(decoding: name, as: UTF8.self))
        at = end + 1
      }
    }
    return names
  }
}
