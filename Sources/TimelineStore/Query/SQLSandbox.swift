internal import CSQLite
internal import Glibc

/// Limits of SQL that a person writes.
public struct SQLLimits: Sendable {
  /// Wall time, seconds.
  public var seconds: Double
  /// Memory of SQLite, bytes.
  public var memory: Int64
  /// Rows given.
  public var rows: Int
  /// Bytes of one text or blob.
  public var valueBytes: Int32

  /// Limits that suit a terminal.
  public init(
    seconds: Double = 30, memory: Int64 = 256 << 20, rows: Int = 1_000_000, valueBytes: Int32 = 32 << 20
  ) {
    self.seconds = seconds
    self.memory = memory
    self.rows = rows
    self.valueBytes = valueBytes
  }
}

/// One value of a row.
public enum SQLCell: Sendable, Hashable {
  case null
  case integer(Int64)
  case real(Double)
  /// Text; bytes that are not UTF-8 became U+FFFD.
  case text(String)
  case blob([UInt8])
}

/// Read-only SQL of somebody's on a connection of its own: one statement, no writing, no `ATTACH`, no `PRAGMA`, no
/// extension, bounded in time and memory. Views and functions of the case run without privileges.
public final class SQLSandbox {
  private let connection: SQLiteConnection
  /// As given: SQLite may know the file as a URI.
  private let path: String
  private let limits: SQLLimits
  private let watch: Watch

  /// Opens the case anew.
  /// - Parameter masksSecrets: Texts of the evidence are seen with their secrets masked, by the statement, too.
  public init(path: String, limits: SQLLimits = SQLLimits(), masksSecrets: Bool = false) throws(StoreError) {
    let alias = masksSecrets ? MaskedViews.randomAlias() : nil
    let segments: [Int64]
    (connection, segments) = try CaseOpening.readOnly(path, cacheBytes: 32 << 20, alias: alias)
    if let alias { try MaskedViews.make(on: connection, alias: alias, segments: segments) }
    self.path = path
    self.limits = limits
    watch = Watch()
    sqlite3_limit(connection.handle, SQLITE_LIMIT_LENGTH, limits.valueBytes)
    sqlite3_limit(connection.handle, SQLITE_LIMIT_SQL_LENGTH, 1 << 20)
    sqlite3_limit(connection.handle, SQLITE_LIMIT_EXPR_DEPTH, 200)
    sqlite3_limit(connection.handle, SQLITE_LIMIT_COMPOUND_SELECT, 50)
    sqlite3_limit(connection.handle, SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1000)
    sqlite3_limit(connection.handle, SQLITE_LIMIT_VDBE_OP, 250_000)
    sqlite3_set_authorizer(connection.handle, masksSecrets ? Self.authorizeMasked : Self.authorize, nil)
    sqlite3_progress_handler(
      connection.handle, 200, { Unmanaged<Watch>.fromOpaque($0!).takeUnretainedValue().mustStop ? 1 : 0 },
      Unmanaged.passUnretained(watch).toOpaque())
  }

  /// Sets SQLite's limit of memory for the whole process, exact to the byte; for a process that runs nothing else.
  public static func limitProcessMemory(bytes: Int64) { sqlite3_hard_heap_limit64(bytes) }

  deinit {
    sqlite3_progress_handler(connection.handle, 0, nil, nil)
    sqlite3_set_authorizer(connection.handle, nil, nil)
  }

  /// Runs one statement.
  /// - Parameter row: Called with each row until it returns false.
  /// - Returns: Names of the columns, and whether rows were left off at the limit.
  public func run(
    _ sql: String, columns: ([String]) throws -> Void = { _ in }, row: ([SQLCell]) throws -> Bool
  ) throws -> (names: [String], isTruncated: Bool) {
    watch.start(limits)
    let statement = try prepare(sql)
    let names = statement.columnNames
    try columns(names)
    var count = 0
    while try step(statement) {
      if count >= limits.rows { return (names, true) }
      count += 1
      if try !row(Self.cells(statement)) { break }
    }
    return (names, false)
  }

  private func prepare(_ sql: String) throws(StoreError) -> SQLiteStatement {
    var text = sql
    guard !text.utf8.contains(0) else { throw failure(.query, "the statement holds a NUL byte") }
    var statement: OpaquePointer?
    var code: Int32 = SQLITE_OK
    var rest = ""
    text.withUTF8 { bytes in
      bytes.withMemoryRebound(to: CChar.self) { bytes in
        var tail: UnsafePointer<CChar>?
        code = sqlite3_prepare_v2(connection.handle, bytes.baseAddress, Int32(bytes.count), &statement, &tail)
        if let tail, let base = bytes.baseAddress, tail >= base {
          rest = String(
            decoding: UnsafeRawBufferPointer(start: tail, count: bytes.count - (tail - base)), as: UTF8.self)
        }
      }
    }
    guard code == SQLITE_OK else { throw failure(code) }
    guard let statement else { throw failure(.query, "there is no statement") }
    let prepared = SQLiteStatement(statement, connection: connection)
    guard
      rest.allSatisfy({ $0.isWhitespace || $0 == ";" })
        || rest.trimmingPrefix(while: { $0.isWhitespace }).hasPrefix("--")
    else { throw failure(.query, "there is more than one statement") }
    guard sqlite3_stmt_readonly(statement) != 0, sqlite3_column_count(statement) > 0 else {
      throw failure(.query, "only SELECT is allowed")
    }
    return prepared
  }

  private func step(_ statement: SQLiteStatement) throws(StoreError) -> Bool {
    switch sqlite3_step(statement.pointer) {
    case SQLITE_ROW: return true
    case SQLITE_DONE: return false
    case let code: throw failure(code)
    }
  }

  private func failure(_ code: Int32) -> StoreError {
    switch code & 0xff {
    case SQLITE_INTERRUPT where watch.isOutOfMemory:
      failure(.limit, "it needs more than \(limits.memory >> 20) MiB of memory", "narrow the query")
    case SQLITE_INTERRUPT: failure(.limit, "it took longer than \(limits.seconds) s", "narrow the query")
    case SQLITE_NOMEM:
      failure(.limit, "it needs more than \(limits.memory >> 20) MiB of memory", "narrow the query")
    case SQLITE_TOOBIG: failure(.limit, "a value is longer than \(limits.valueBytes) bytes")
    case SQLITE_AUTH
    where strstr(sqlite3_errmsg(connection.handle), "access to") != nil:
      failure(
        .query, "this column can hold secrets, or tells of what hides them",
        "leave 'main.' out: then it is shown with secrets masked")
    case SQLITE_AUTH:
      failure(.query, "only reading is allowed: no writing, ATTACH, PRAGMA or extensions", "use a SELECT")
    case SQLITE_ERROR: failure(.mistake, String(cString: sqlite3_errmsg(connection.handle)))
    default: failure(.query, String(cString: sqlite3_errmsg(connection.handle)))
    }
  }

  private func failure(_ code: StoreError.Code, _ reason: String, _ advice: String = "") -> StoreError {
    StoreError(
      code: code, what: "cannot run SQL on case", path: path, reason: reason, advice: advice)
  }

  private static func cells(_ row: SQLiteStatement) -> [SQLCell] {
    row.row.map { value in
      switch value {
      case .null: .null
      case .integer(let number): .integer(number)
      case .real(let number): .real(number)
      case .text(let text): .text(text)
      case .blob(let bytes): .blob(bytes)
      }
    }
  }

  private typealias Authorizer =
    @convention(c) (
      UnsafeMutableRawPointer?, Int32, UnsafePointer<CChar>?, UnsafePointer<CChar>?, UnsafePointer<CChar>?,
      UnsafePointer<CChar>?
    ) -> Int32

  /// Reading, recursion and harmless functions; nothing else.
  private static let authorize: Authorizer = { _, action, _, second, _, _ in
    SQLSandbox.isAllowed(action, second) ? SQLITE_OK : SQLITE_DENY
  }

  /// The same, and no column that can hold a secret but through the views that mask it.
  private static let authorizeMasked: Authorizer = { _, action, first, second, schema, _ in
    SQLSandbox.isAllowed(action, second)
      && (action != SQLITE_READ || SQLSandbox.isMaskedOrHarmless(first, second, schema))
      ? SQLITE_OK : SQLITE_DENY
  }

  private static func isAllowed(_ action: Int32, _ second: UnsafePointer<CChar>?) -> Bool {
    switch action {
    case SQLITE_SELECT, SQLITE_READ, SQLITE_RECURSIVE: return true
    case SQLITE_FUNCTION:
      guard let second else { return false }
      return !forbiddenFunctions.contains(String(cString: second).lowercased())
    default: return false
    }
  }

  private static func isMaskedOrHarmless(
    _ first: UnsafePointer<CChar>?, _ second: UnsafePointer<CChar>?, _ schema: UnsafePointer<CChar>?
  ) -> Bool {
    guard let first, let second else { return true }
    let table = String(cString: first).lowercased()
    let isMain = schema.map { strcmp($0, "main") == 0 } ?? false
    // The temporary schema holds the case's other name, and so might what lists statements.
    if table.hasPrefix("sqlite_") { return isMain }
    return !isMain || MaskedViews.isOpen(table, String(cString: second).lowercased())
  }

  /// Functions that reach out of the case, or that exist to be abused.
  static let forbiddenFunctions: Set<String> = [
    "load_extension", "readfile", "writefile", "edit", "fts3_tokenizer", "fts5", "sqlite_log", "lsdir",
    "fsdir",
    "geopoly_debug", "rtreecheck", "sqlite_compileoption_get", "sqlite_compileoption_used",
    "sqlite_source_id",
    "firebreak_value", "firebreak_field", "firebreak_field_text", "firebreak_text",
    "firebreak_corrected", "tables_used", "bytecode",
  ]
}

/// Looks now and then whether a statement has run too long or holds too much. SQLite's own limit of memory is the whole
/// process's, and would make other connections fail; a single step can go beyond this one by the longest value.
private final class Watch {
  private var end: Double = .infinity
  private var ceiling: Int64 = .max
  private var looks = 0
  private(set) var isOutOfMemory = false

  func start(_ limits: SQLLimits) {
    end = Self.now + limits.seconds
    ceiling = sqlite3_memory_used() + limits.memory
    isOutOfMemory = false
  }

  var mustStop: Bool {
    looks &+= 1
    if sqlite3_memory_used() > ceiling {
      isOutOfMemory = true
      return true
    }
    return looks & 31 == 0 && Self.now > end
  }

  private static var now: Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
