internal import CSQLite

/// SQLite's C API as the loader needs it: no row types, no caches. Used by one thread at a time.
final class SQLiteConnection {
  let handle: OpaquePointer
  let path: String
  private var isOpen = true

  init(path: String, flags: Int32) throws(StoreError) {
    var handle: OpaquePointer?
    let code = sqlite3_open_v2(path, &handle, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nil)
    guard code == SQLITE_OK, let handle else {
      let error = Self.error(code, handle: handle, what: "cannot open case", path: path)
      sqlite3_close_v2(handle)
      throw error
    }
    self.handle = handle
    self.path = path
    sqlite3_busy_timeout(handle, 10_000)
  }

  deinit { if isOpen { sqlite3_close_v2(handle) } }

  /// Closes the file; statements must be gone. Nothing may be called afterwards.
  func close() throws(StoreError) {
    let code = sqlite3_close(handle)
    guard code == SQLITE_OK else {
      throw Self.error(code, handle: handle, what: "cannot write case", path: path)
    }
    isOpen = false
  }

  func execute(_ sql: String, what: String = "cannot write case") throws(StoreError) {
    let code = sqlite3_exec(handle, sql, nil, nil, nil)
    guard code == SQLITE_OK else { throw Self.error(code, handle: handle, what: what, path: path) }
  }

  func prepare(_ sql: String) throws(StoreError) -> SQLiteStatement {
    var statement: OpaquePointer?
    let code = sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil)
    guard code == SQLITE_OK, let statement else {
      throw Self.error(code, handle: handle, what: "cannot read case", path: path)
    }
    return SQLiteStatement(statement, connection: self)
  }

  /// All rows of a query whose result is small.
  func rows(_ sql: String) throws(StoreError) -> [[SQLiteValue]] {
    let statement = try prepare(sql)
    var rows: [[SQLiteValue]] = []
    while try statement.step() { rows.append(statement.row) }
    return rows
  }

  /// SQLITE_READONLY_DBMOVED, which is no plain number in C.
  private static let movedCode = SQLITE_READONLY | 4 << 8

  static func error(_ code: Int32, handle: OpaquePointer?, what: String, path: String) -> StoreError {
    var message = handle.map { String(cString: sqlite3_errmsg($0)) } ?? String(cString: sqlite3_errstr(code))
    let kind: StoreError.Code
    var advice = ""
    switch code & 0xff {
    case SQLITE_FULL:
      kind = .diskFull
      advice = "free some space and run it again"
    case SQLITE_READONLY where handle.map(sqlite3_extended_errcode) == movedCode:
      kind = .readOnly
      message = "it was moved, removed or replaced while it was in use"
      advice = "put it back where it was"
    case SQLITE_READONLY, SQLITE_PERM: kind = .readOnly
    case SQLITE_BUSY, SQLITE_LOCKED:
      kind = .locked
      advice = "wait until the other command has ended and run it again"
    case SQLITE_CANTOPEN: kind = .unreadable
    case SQLITE_NOTADB: kind = .notACase
    case SQLITE_CORRUPT: kind = .tampered
    case SQLITE_TOOBIG: kind = .limit
    default: kind = .inputOutput
    }
    return StoreError(code: kind, what: what, path: path, reason: message, advice: advice)
  }
}

/// One value out of SQLite.
enum SQLiteValue: Equatable {
  case null
  case integer(Int64)
  case real(Double)
  case text(String)
  case blob([UInt8])

  var integer: Int64? { if case .integer(let value) = self { value } else { nil } }
  var text: String? { if case .text(let value) = self { value } else { nil } }
}

/// A prepared statement. `bind` and `step` are unchecked but for the final code, as they are the hot path of small loads.
final class SQLiteStatement {
  let pointer: OpaquePointer
  private let connection: SQLiteConnection

  init(_ pointer: OpaquePointer, connection: SQLiteConnection) {
    self.pointer = pointer
    self.connection = connection
  }

  deinit { sqlite3_finalize(pointer) }

  /// True when there is a row.
  func step() throws(StoreError) -> Bool {
    switch sqlite3_step(pointer) {
    case SQLITE_ROW: return true
    case SQLITE_DONE: return false
    case let code:
      let error = SQLiteConnection.error(
        code, handle: connection.handle, what: "cannot write case", path: connection.path)
      sqlite3_reset(pointer)
      throw error
    }
  }

  /// Binds all values, runs, and resets.
  func run(_ values: SQLiteValue...) throws(StoreError) {
    for (index, value) in values.enumerated() { bind(value, at: Int32(index + 1)) }
    _ = try step()
    sqlite3_reset(pointer)
  }

  func bind(_ value: SQLiteValue, at index: Int32) {
    switch value {
    case .null: sqlite3_bind_null(pointer, index)
    case .integer(let value): sqlite3_bind_int64(pointer, index, value)
    case .real(let value): sqlite3_bind_double(pointer, index, value)
    case .text(var value):
      value.withUTF8 { bindText(UnsafeRawBufferPointer($0), at: index) }
    case .blob(let value):
      value.withUnsafeBytes { bindBlob($0, at: index) }
    }
  }

  /// Binds TEXT; the bytes must be UTF-8.
  func bindText(_ bytes: UnsafeRawBufferPointer, at index: Int32) {
    // A nil pointer would bind NULL; an empty text is not NULL.
    guard let base = bytes.baseAddress, !bytes.isEmpty else {
      sqlite3_bind_text(pointer, index, "", 0, Self.transient)
      return
    }
    sqlite3_bind_text(
      pointer, index, base.assumingMemoryBound(to: CChar.self), Int32(bytes.count), Self.transient)
  }

  /// Binds TEXT that stays where it is until the statement has run: texts of hundreds of megabytes are not copied.
  func bindLastingText(_ bytes: UnsafeRawBufferPointer, at index: Int32) {
    sqlite3_bind_text64(
      pointer, index, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), sqlite3_uint64(bytes.count),
      nil,
      UInt8(SQLITE_UTF8))
  }

  /// Binds a BLOB.
  func bindBlob(_ bytes: UnsafeRawBufferPointer, at index: Int32) {
    if bytes.isEmpty {
      sqlite3_bind_zeroblob(pointer, index, 0)
    } else {
      sqlite3_bind_blob(pointer, index, bytes.baseAddress, Int32(bytes.count), Self.transient)
    }
  }

  /// The values of the current row.
  var row: [SQLiteValue] {
    (0..<sqlite3_column_count(pointer)).map { column in
      switch sqlite3_column_type(pointer, column) {
      case SQLITE_INTEGER: return .integer(sqlite3_column_int64(pointer, column))
      case SQLITE_FLOAT: return .real(sqlite3_column_double(pointer, column))
      case SQLITE_NULL: return .null
      case let type:
        // The pointer first, the length second, as SQLite demands.
        let bytes =
          type == SQLITE_TEXT
          ? UnsafeRawPointer(sqlite3_column_text(pointer, column)) : sqlite3_column_blob(pointer, column)
        let buffer = UnsafeRawBufferPointer(start: bytes, count: Int(sqlite3_column_bytes(pointer, column)))
        return type == SQLITE_TEXT ? .text(String(decoding: buffer, as: UTF8.self)) : .blob(Array(buffer))
      }
    }
  }

  private static let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
}

extension SQLiteValue: ExpressibleByIntegerLiteral, ExpressibleByNilLiteral {
  init(integerLiteral value: Int64) { self = .integer(value) }
  init(nilLiteral: ()) { self = .null }
  init(_ value: Int64?) { self = value.map { .integer($0) } ?? .null }
  init(_ value: Int) { self = .integer(Int64(value)) }
  init(_ value: UInt64) { self = .integer(Int64(bitPattern: value)) }
  init(_ value: String?) { self = value.map { .text($0) } ?? .null }
  /// TEXT where the bytes are UTF-8 without NUL, which every tool can show; else a BLOB of the exact bytes.
  init(bytes: UnsafeRawBufferPointer) {
    if !bytes.contains(0), let text = String(validating: bytes, as: UTF8.self) {
      self = .text(text)
    } else {
      self = .blob(Array(bytes))
    }
  }
}
