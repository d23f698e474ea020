internal import CSQLite
import IncidentModel

/// Masks secrets before a person's SQL can take them apart: temporary views of the same names as the case's tables and
/// views hide them, and hand on texts from the evidence as `SecretText` masks them. A `substr` of a message is then one of
/// the masked message.
enum SQLMasking {
  /// Columns with text from the evidence, by table or view.
  private static let texts: [(name: String, columns: Set<String>)] = [
    ("event", ["fields", "message"]), ("timeline", ["fields", "message"]), ("template", ["text"]),
    ("refused", ["excerpt"]), ("refused_line", ["excerpt"]),
  ]

  /// Sets it up on a connection that is about to run a person's statement.
  static func install(on connection: SQLiteConnection, segments: [Int64]) throws(StoreError) {
    let code = sqlite3_create_function_v2(
      connection.handle, "firebreak_masked", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS, nil,
      { context, _, arguments in
        guard let value = arguments?[0] else { return sqlite3_result_null(context) }
        let type = sqlite3_value_type(value)
        guard type == SQLITE_TEXT || type == SQLITE_BLOB, let start = sqlite3_value_blob(value) else {
          return sqlite3_result_value(context, value)
        }
        let bytes = UnsafeRawBufferPointer(start: start, count: Int(sqlite3_value_bytes(value)))
        guard let masked = SecretText.masked(bytes: bytes) else {
          return sqlite3_result_value(context, value)
        }
        let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
        masked.withUnsafeBytes {
          if type == SQLITE_BLOB {
            sqlite3_result_blob64(context, $0.baseAddress, UInt64($0.count), transient)
          } else {
            sqlite3_result_text64(
              context, $0.baseAddress?.assumingMemoryBound(to: CChar.self), UInt64($0.count), transient,
              UInt8(SQLITE_UTF8))
          }
        }
      }, nil, nil, nil)
    guard code == SQLITE_OK else {
      throw SQLiteConnection.error(
        code, handle: connection.handle, what: "cannot mask secrets in case", path: connection.fileName)
    }
    // Nothing but temporary views is made, and the case was opened for reading only.
    try connection.execute("PRAGMA query_only = OFF", what: "cannot mask secrets in case")
    for (name, columns) in texts + segments.map({ ("segment_\($0)", ["fields", "message"]) }) {
      let all = try connection.prepare("SELECT * FROM main.\(name) LIMIT 0").columnNames
      let list = all.map { column in
        if columns.contains(column) { return "firebreak_masked(\(column)) AS \(column)" }
        // The names that tell a secret stand in the template, not beside its variables.
        if column == "variables", name != "template" {
          return """
            CASE WHEN template IN (SELECT template FROM main.secret_template) AND variables IS NOT NULL \
            THEN '\(SecretText.mask)' ELSE firebreak_masked(variables) END AS variables
            """
        }
        return column
      }
      try connection.execute(
        "CREATE TEMP VIEW \(name) AS SELECT \(list.joined(separator: ", ")) FROM main.\(name)",
        what: "cannot mask secrets in case")
    }
    try connection.execute("PRAGMA query_only = ON", what: "cannot mask secrets in case")
  }
}
