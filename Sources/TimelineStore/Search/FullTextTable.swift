internal import CSQLite

/// Every message's words in an FTS5 table, for `MATCH` in SQL: made on request, kept up by every load from then on.
///
/// `text:` does not ask it: a stretch inside a word is no word, and the answer must be the same with and without.
enum FullTextTable {
  /// Name of the table; its row ids are events' ids.
  static let name = "full_text"

  /// True where the case has one.
  static func exists(_ connection: SQLiteConnection) throws(StoreError) -> Bool {
    try connection.prepare("SELECT count(*) FROM sqlite_schema WHERE name = ?").integer([.text(name)]) ?? 0
      > 0
  }

  /// Adds the messages of events, in the caller's transaction; makes the table where it is not there, with all events.
  /// - Parameter first: The first of the events that a load added.
  static func write(
    _ connection: SQLiteConnection, segments: [Int64], from first: Int64
  ) throws(StoreError) {
    var from = first
    if !(try exists(connection)) {
      try connection.execute(CaseSchema.fullTextTables[0].sql)
      from = .min
    }
    let rebuilder = try MessageRebuilder(connection)
    let put = try connection.prepare("INSERT INTO full_text (rowid, message) VALUES (?, ?)")
    var message: [UInt8] = []
    for segment in segments {
      let rows = try connection.prepare(
        "SELECT id, message, template, variables FROM segment_\(segment) WHERE id >= ? ORDER BY id")
      rows.bound([.integer(from)])
      while try rows.next() {
        message.removeAll(keepingCapacity: true)
        if rows.isNull(1) {
          rows.withBytes(3) { rebuilder.append(template: rows.int64(2), variables: $0, to: &message) }
        } else {
          rows.withBytes(1) { message.append(contentsOf: $0) }
        }
        // FTS5 splits UTF-8; bytes that are not are no part of words.
        let text = String(decoding: message, as: UTF8.self)
        put.bound([.integer(rows.int64(0)), .text(text)])
        _ = try put.step()
      }
    }
    put.rewind()
  }
}
