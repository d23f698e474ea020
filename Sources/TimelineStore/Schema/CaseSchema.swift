/// The schema of a case file: every statement that Firebreak runs to make one, and nothing else may be in it.
///
/// `Docs/CaseFile.md` prints the same statements; a test compares.
enum CaseSchema {
  /// `PRAGMA application_id`: the letters FBRK.
  static let applicationID: Int32 = 0x4642_524B
  /// `PRAGMA user_version`: raised by every change of the schema.
  static let version: Int32 = 3

  /// One object of the schema.
  struct Object: Equatable, Sendable {
    /// `table`, `index`, `view` or `trigger`.
    var type: String
    /// Its name.
    var name: String
    /// The statement that makes it, as SQLite keeps it.
    var sql: String
  }

  /// All objects of a case with these segments, in the order of creation.
  static func objects(segments: [Int64]) -> [Object] {
    tables + segments.flatMap(segmentObjects) + views(segments: segments)
  }

  /// The tables that every case has, with their indexes and triggers.
  static let tables: [Object] =
    evidenceTables + dictionaryTables + rollupTables + searchTables + fleetTables + recordTables
    + findingTables

  static func object(_ sql: String) -> Object {
    let words = sql.split(whereSeparator: { $0 == " " || $0 == "(" || $0 == "\n" })
    if words[1] == "VIRTUAL" { return Object(type: "table", name: String(words[3]), sql: sql) }
    let unique = words[1] == "UNIQUE"
    return Object(
      type: (unique ? words[2] : words[1]).lowercased(), name: String(unique ? words[3] : words[2]), sql: sql)
  }
}
