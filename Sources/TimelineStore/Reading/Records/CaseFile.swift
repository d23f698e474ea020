internal import CSQLite
internal import Glibc
internal import Synchronization

/// A case opened for small durable writes: journal, notes, traces, custody. Others may read it, and load into it, at the
/// same time.
///
/// Each write is one transaction, durable when it returns. It waits for others' transactions, an ingest's among them, up to a
/// minute; then it fails with `.locked` and has written nothing. Any thread may call; calls wait for each other.
public final class CaseFile: Sendable {
  /// Where the case lies.
  public let path: String
  private let connection: Mutex<SQLiteConnection>

  /// Opens a case, as hostile input: its header, version and schema are checked before anything can be written or fired.
  public init(path: String) throws(StoreError) {
    self.path = path
    connection = Mutex(try Self.open(path))
  }

  private static func open(_ path: String) throws(StoreError) -> SQLiteConnection {
    // Reading first: a file that is not a case must not be opened for writing.
    let reading = try CaseOpening.readOnly(path).connection
    // A packed case was unpacked into a file that is gone by now.
    guard access(reading.fileName, F_OK) == 0 else { throw CasePack.readOnlyError(path) }
    func failure(_ code: StoreError.Code, _ reason: String, _ advice: String = "") -> StoreError {
      StoreError(code: code, what: "cannot write to case", path: path, reason: reason, advice: advice)
    }
    let isReadOnly = "it or its folder is read-only"
    let advice = "copy it to a folder of yours"
    // The journal of a transaction lies beside the case.
    guard access(path, W_OK) == 0, access(SystemFile.folder(of: path), W_OK) == 0 else {
      throw failure(.readOnly, isReadOnly, advice)
    }
    let connection = try SQLiteConnection(path: path, flags: SQLITE_OPEN_READWRITE)
    for (option, value) in [
      (SQLITE_DBCONFIG_DEFENSIVE, 1), (SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0),
      (SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0),
    ] as [(Int32, Int32)] {
      guard DatabaseConfiguration.set(connection.handle, option, value) else {
        throw failure(.unreadable, "SQLite's defensive mode cannot be set")
      }
    }
    guard sqlite3_db_readonly(connection.handle, "main") == 0 else {
      throw failure(.readOnly, isReadOnly, advice)
    }
    // Rollback journal: at rest, and between two writes, the case is one file. EXTRA also syncs the folder in which
    // the journal is deleted: only then a committed transaction cannot come undone.
    try connection.execute(
      "PRAGMA journal_mode = DELETE; PRAGMA synchronous = EXTRA; PRAGMA cache_size = -4096")
    sqlite3_busy_timeout(connection.handle, 60_000)
    return connection
  }

  /// One transaction. What `body` wrote is durable when this returns, and undone when it throws.
  func write<Result: Sendable>(
    _ body: (SQLiteConnection) throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    try connection.withLock { (connection) throws(StoreError) -> Result in
      try connection.execute("BEGIN IMMEDIATE", what: "cannot write to case")
      do throws(StoreError) {
        let result = try body(connection)
        try connection.execute("COMMIT", what: "cannot write to case")
        return result
      } catch {
        // The first error tells more than a failing rollback.
        sqlite3_exec(connection.handle, "ROLLBACK", nil, nil, nil)
        throw error
      }
    }
  }

  /// Reads what was committed.
  func read<Result: Sendable>(
    _ body: (SQLiteConnection) throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    try connection.withLock { (connection) throws(StoreError) -> Result in try body(connection) }
  }
}
