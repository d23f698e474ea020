internal import CSQLite
internal import Glibc

/// Opens a case for reading so that neither the file nor its schema can do harm.
enum CaseOpening {
  /// A hardened read-only connection whose schema was checked.
  /// - Parameters:
  ///   - cacheBytes: Memory for pages.
  ///   - alias: A second name of the case's schema on the same connection.
  static func readOnly(
    _ path: String, cacheBytes: Int = 64 << 20, alias: String? = nil
  ) throws(StoreError) -> (connection: SQLiteConnection, segments: [Int64]) {
    try checkFile(path)
    let connection = try openPackedOrNot(path, alias)
    try harden(connection)
    try connection.execute(
      "PRAGMA cache_size = \(-max(1 << 20, cacheBytes) / 1024)", what: "cannot read case")
    try connection.execute("PRAGMA temp_store = MEMORY", what: "cannot read case")
    if let alias { try checkSame(connection, alias) }
    return (connection, try SchemaInspection.check(connection))
  }

  /// A hardened read-only connection to a case whose schema is not the one that Firebreak makes: only for what is to be said of it.
  static func unchecked(_ path: String) throws(StoreError) -> SQLiteConnection {
    try checkFile(path)
    let connection = try openPackedOrNot(path, nil)
    try harden(connection)
    return connection
  }

  /// A packed case is unpacked into a file without a name for as long as it is open.
  private static func openPackedOrNot(_ path: String, _ alias: String?) throws(StoreError)
    -> SQLiteConnection
  {
    do throws(StoreError) {
      return try open(path, alias)
    } catch {
      // Looked at only when SQLite has no locks on it: closing a file drops them.
      guard error.code == .notACase, CasePack.isPacked(path) else { throw error }
    }
    let unpacked = try TemporaryFile(in: getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp")
    _ = try CasePack.restore(path, into: unpacked.path)
    return try open(unpacked.path, "immutable=1", SQLITE_OPEN_READONLY, alias)
  }

  /// The second name must be one of the same file: it could have been replaced between one opening and the other.
  private static func checkSame(_ connection: SQLiteConnection, _ alias: String) throws(StoreError) {
    let different = try connection.prepare(
      "SELECT count(*) FROM (SELECT type, name, tbl_name, rootpage, sql FROM main.sqlite_schema "
        + "EXCEPT SELECT type, name, tbl_name, rootpage, sql FROM \(alias).sqlite_schema) "
        + "UNION ALL SELECT abs((SELECT count(*) FROM main.sqlite_schema) - (SELECT count(*) FROM \(alias).sqlite_schema))"
    )
    while try different.next() {
      guard different.int64(0) == 0 else {
        throw StoreError(
          code: .tampered, what: "cannot open case", path: connection.fileName,
          reason: "it was replaced while it was opened", advice: "run it again")
      }
    }
  }

  /// Opens normally; after rolling back what a killed process left half done; where no lock or journal can be made
  /// beside the case, as an immutable file.
  private static func open(_ path: String, _ alias: String?) throws(StoreError) -> SQLiteConnection {
    do throws(StoreError) {
      return try open(path, "mode=ro", SQLITE_OPEN_READONLY, alias)
    } catch {
      guard error.code == .unreadable || error.code == .readOnly else { throw error }
    }
    let leftOver = ["-journal", "-wal"].filter { ending in
      var info = stat()
      return stat(path + ending, &info) == 0 && info.st_size > 0
    }
    guard let ending = leftOver.first else {
      return try open(path, "immutable=1", SQLITE_OPEN_READONLY, alias)
    }
    // What was not rolled back belongs to the case, and reading without it would read nonsense.
    guard access(path, W_OK) == 0, access(SystemFile.folder(of: path), W_OK) == 0 else {
      throw StoreError(
        code: .unreadable, what: "cannot open case", path: path,
        reason: "a process was killed while writing it, and its folder cannot be written",
        advice: "copy it with its '\(ending)' file to a folder of yours")
    }
    guard !namesOtherFiles(journal: path + "-journal") else {
      throw StoreError(
        code: .tampered, what: "cannot open case", path: path,
        reason: "its journal names other files, which SQLite would delete", advice: "do not trust it")
    }
    do {
      let recovered = try open(path, "mode=rw", SQLITE_OPEN_READWRITE)
      try recovered.close()
    }
    return try open(path, "mode=ro", SQLITE_OPEN_READONLY, alias)
  }

  private static func open(_ path: String, _ mode: String, _ flags: Int32, _ alias: String? = nil)
    throws(StoreError) -> SQLiteConnection
  {
    do throws(StoreError) {
      let connection = try SQLiteConnection(path: uri(path, mode), flags: flags | SQLITE_OPEN_URI)
      // The first read makes SQLite look at the journal and the lock.
      let statement = try connection.prepare("SELECT count(*) FROM sqlite_schema")
      _ = try statement.next()
      if let alias {
        let attach = try connection.prepare("ATTACH ? AS \(alias)").bound([.text(uri(path, mode))])
        _ = try attach.next()
      }
      return connection
    } catch {
      var failure = error
      failure.path = path
      failure.what = "cannot open case"
      if error.code == .notACase {
        failure.reason = "it is no case file"
        failure.advice = "a case is made by 'firebreak ingest PATH…'"
      }
      throw failure
    }
  }

  /// A journal that ends with the name of a super-journal: rolling it back can delete the file of that name. Firebreak
  /// never attaches a second database, so none of its journals does.
  private static func namesOtherFiles(journal: String) -> Bool {
    guard let file = fopen(journal, "rb") else { return false }
    defer { fclose(file) }
    var tail = [UInt8](repeating: 0, count: 8)
    guard fseek(file, -8, SEEK_END) == 0, fread(&tail, 1, 8, file) == 8 else { return false }
    return tail == [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7]
  }

  /// Only by name: opening and closing the file here would drop the locks that this process may hold on it.
  private static func checkFile(_ path: String) throws(StoreError) {
    var info = stat()
    guard stat(path, &info) == 0, access(path, R_OK) == 0 else {
      throw StoreError(
        code: .unreadable, what: "cannot open case", path: path, reason: String(cString: strerror(errno)),
        advice: errno == ENOENT ? "make a case with 'firebreak ingest PATH…'" : "")
    }
    guard info.st_mode & S_IFMT == S_IFREG else {
      throw StoreError(
        code: .notACase, what: "cannot open case", path: path, reason: "it is not a regular file")
    }
  }

  private static func uri(_ path: String, _ mode: String) -> String {
    var text = path.hasPrefix("/") ? "file://" : "file:"
    let digits = Array("0123456789abcdef".utf8)
    for byte in path.utf8 {
      switch byte {
      case UInt8(ascii: "?"), UInt8(ascii: "#"), UInt8(ascii: "%"), 0...0x20, 0x7f...0xff:
        for part in [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]] {
          text.unicodeScalars.append(Unicode.Scalar(part))
        }
      default: text.unicodeScalars.append(Unicode.Scalar(byte))
      }
    }
    return text + "?" + mode
  }

  /// Nothing that the schema of a foreign case says is run with privileges: defensive mode, untrusted schema, no
  /// triggers, no extensions, no second database.
  static func harden(_ connection: SQLiteConnection) throws(StoreError) {
    for (option, value) in [
      (SQLITE_DBCONFIG_DEFENSIVE, 1), (SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0),
      (SQLITE_DBCONFIG_ENABLE_TRIGGER, 0),
      (SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0), (SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, 0),
      (SQLITE_DBCONFIG_DQS_DDL, 0), (SQLITE_DBCONFIG_DQS_DML, 0),
    ] as [(Int32, Int32)] {
      guard DatabaseConfiguration.set(connection.handle, option, value) else {
        throw StoreError(
          code: .unreadable, what: "cannot open case", path: connection.fileName,
          reason: "SQLite's defensive mode cannot be set (option \(option))")
      }
    }
    sqlite3_limit(connection.handle, SQLITE_LIMIT_ATTACHED, 0)
    sqlite3_limit(connection.handle, SQLITE_LIMIT_WORKER_THREADS, 0)
    try connection.execute("PRAGMA cell_size_check = ON", what: "cannot read case")
    try connection.execute("PRAGMA query_only = ON", what: "cannot read case")
  }
}

/// `sqlite3_db_config` takes a variable argument list, which Swift cannot call: it is looked up by name and called as
/// the function that it is for these options (`int` and `int *`).
enum DatabaseConfiguration {
  private typealias Call = @convention(c) (OpaquePointer, Int32, Int32, UnsafeMutablePointer<Int32>?) -> Int32

  /// False when the option could not be set.
  static func set(_ handle: OpaquePointer, _ option: Int32, _ value: Int32) -> Bool {
    // RTLD_DEFAULT is a null handle on Linux.
    guard let symbol = dlsym(nil, "sqlite3_db_config") else { return false }
    var now: Int32 = -1
    let code = unsafeBitCast(symbol, to: Call.self)(handle, option, value, &now)
    return code == SQLITE_OK && now == value
  }
}
