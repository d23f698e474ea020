internal import CSQLite
internal import IncidentModel

/// Views before the tables that hold text of the evidence and of people, in which secrets are masked: what SQL compares, cuts
/// and counts is masked already, so that no expression brings a secret out.
///
/// The views have the tables' names and lie in the schema `temp`, which SQLite looks at first. They read the case through a second
/// name of it that is made of random letters; reading the same columns under the name `main` is refused.
enum MaskedViews {
  /// Columns that can hold a secret, by table or view. Those of names, numbers and digests are not among them.
  private static let columns: [String: Set<String>] = [
    "event": ["variables", "fields", "message"], "timeline": ["message", "fields"],
    "template": ["text", "format"], "refused": ["excerpt"], "refused_line": ["excerpt"],
    "embedded": ["content"], "journal": ["detail"], "note": ["text"], "custody": ["detail"],
    "decision": ["value", "reason"], "damage": ["note"], "derivation": ["detail"],
    "trace_result": ["options", "result"], "inventory_value": ["value"], "alias_join": ["reason"],
  ]

  /// The columns of a table that are masked.
  static func columns(of table: String) -> Set<String> {
    let segment = table.hasPrefix("segment_") && table.dropFirst("segment_".count).allSatisfy(\.isNumber)
    return columns[segment ? "event" : table] ?? []
  }

  /// Whether a column may be read under the name that everybody knows. The pages of a full-text index hold its words.
  static func isOpen(_ table: String, _ column: String) -> Bool {
    !columns(of: table).contains(column) && !(table == "full_text_data" && column == "block")
  }

  /// A name that cannot be guessed.
  static func randomAlias() -> String {
    "case_" + (0..<4).map { _ in String(UInt64.random(in: 0 ... .max), radix: 36) }.joined()
  }

  /// Makes the views.
  static func make(on connection: SQLiteConnection, alias: String, segments: [Int64]) throws(StoreError) {
    try MaskingFunctions(connection).register(on: connection)
    // Views of the temporary schema are made in memory; the case stays as it is.
    try connection.execute("PRAGMA query_only = OFF", what: "cannot read case")
    for table in columns.keys.sorted() + segments.map({ "segment_\($0)" }) {
      let masked = columns(of: table)
      let rows = try connection.prepare("SELECT name FROM pragma_table_info(?)").bound([.text(table)])
      var list: [String] = []
      while try rows.next() {
        let column = rows.text(0)
        list.append(masked.contains(column) ? "\(expression(column)) AS \(column)" : column)
      }
      guard !list.isEmpty else { continue }
      try connection.execute(
        "CREATE TEMP VIEW \(table) AS SELECT \(list.joined(separator: ", ")) FROM \(alias).\(table)",
        what: "cannot read case")
    }
    try connection.execute("PRAGMA query_only = ON", what: "cannot read case")
  }

  private static func expression(_ column: String) -> String {
    // A variable alone does not say that it is a password; the message does.
    column == "variables" ? "firebreak_variables(template, variables)" : "firebreak_masked(\(column))"
  }
}

/// The functions that the views call:
///
/// | function | gives |
/// |---|---|
/// | `firebreak_masked(value)` | text and blobs with secrets masked; other values as they are |
/// | `firebreak_variables(template, variables)` | the variables, or `[masked]` where the message that they make holds a secret |
private final class MaskingFunctions {
  private let rebuilder: MessageRebuilder
  private var scratch: [UInt8] = []

  init(_ connection: SQLiteConnection) throws(StoreError) { rebuilder = try MessageRebuilder(connection) }

  func register(on connection: SQLiteConnection) throws(StoreError) {
    func register(_ name: String, _ count: Int32, _ body: @escaping SQLFunction) throws(StoreError) {
      try connection.register(name, arguments: count, flags: SQLITE_INNOCUOUS, owner: self, body)
    }
    try register("firebreak_masked", 1) { context, _, arguments in
      guard let value = arguments?[0] else { return sqlite3_result_null(context) }
      let type = sqlite3_value_type(value)
      guard type == SQLITE_TEXT || type == SQLITE_BLOB, let bytes = SQLArgument.bytes(value),
        let masked = SecretText.masked(bytes: UnsafeRawBufferPointer(bytes))
      else { return sqlite3_result_value(context, value) }
      MaskingFunctions.give(masked, asText: type == SQLITE_TEXT, context)
    }
    try register("firebreak_variables", 2) { context, _, arguments in
      guard let arguments, let variables = SQLArgument.bytes(arguments[1]) else {
        return sqlite3_result_null(context)
      }
      let functions = Unmanaged<MaskingFunctions>.fromOpaque(sqlite3_user_data(context)).takeUnretainedValue()
      guard functions.holdsSecret(sqlite3_value_int64(arguments[0]), variables) else {
        return sqlite3_result_value(context, arguments[1])
      }
      MaskingFunctions.give(Array(SecretText.mask.utf8), asText: true, context)
    }
  }

  private func holdsSecret(_ template: Int64, _ variables: UnsafeBufferPointer<UInt8>) -> Bool {
    scratch.removeAll(keepingCapacity: true)
    rebuilder.append(template: template, variables: variables, to: &scratch)
    return scratch.withUnsafeBytes { !SecretText.findings(in: $0).isEmpty }
      || !SecretText.findings(in: UnsafeRawBufferPointer(variables)).isEmpty
  }

  private static func give(_ bytes: [UInt8], asText: Bool, _ context: OpaquePointer?) {
    // SQLITE_TRANSIENT: SQLite makes its own copy.
    let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
    bytes.withUnsafeBytes {
      if asText {
        sqlite3_result_text64(
          context, $0.baseAddress?.assumingMemoryBound(to: CChar.self) ?? nil, UInt64($0.count), copied,
          UInt8(SQLITE_UTF8))
      } else {
        sqlite3_result_blob64(context, $0.baseAddress, UInt64($0.count), copied)
      }
    }
  }
}
