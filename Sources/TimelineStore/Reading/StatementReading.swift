internal import CSQLite
internal import IncidentModel

extension SQLiteConnection {
  /// The file's absolute path, for errors; `path` may be a URI.
  var fileName: String { sqlite3_db_filename(handle, "main").map { String(cString: $0) } ?? path }
}

/// Reading rows without copying more than is asked for.
extension SQLiteStatement {
  /// True when there is a next row.
  @inline(__always)
  func next() throws(StoreError) -> Bool {
    let code = sqlite3_step(pointer)
    if code == SQLITE_ROW { return true }
    if code == SQLITE_DONE { return false }
    throw failure(code)
  }

  private func failure(_ code: Int32) -> StoreError {
    let handle = sqlite3_db_handle(pointer)
    let path = sqlite3_db_filename(handle, "main").map { String(cString: $0) } ?? ""
    var error = SQLiteConnection.error(code, handle: handle, what: "cannot read case", path: path)
    switch code & 0xff {
    case SQLITE_CORRUPT:
      error.reason = "it is damaged: \(error.reason)"
      error.advice = "build it again from the evidence with 'firebreak ingest'"
    case SQLITE_INTERRUPT, SQLITE_NOMEM: error.code = .limit
    default: break
    }
    return error
  }

  /// Binds all values, from the first parameter on, for a new run.
  @discardableResult
  func bound(_ values: [SQLiteValue]) -> SQLiteStatement {
    sqlite3_reset(pointer)
    for (offset, value) in values.enumerated() { bind(value, at: Int32(offset + 1)) }
    return self
  }

  /// Ends the run, so that nothing of the case is held.
  func rewind() { sqlite3_reset(pointer) }

  /// The first column of the first row.
  func integer(_ values: [SQLiteValue] = []) throws(StoreError) -> Int64? {
    bound(values)
    defer { sqlite3_reset(pointer) }
    return try next() ? int64OrNil(0) : nil
  }

  var columnNames: [String] {
    (0..<sqlite3_column_count(pointer)).map { column in
      sqlite3_column_name(pointer, column).map { String(cString: $0) } ?? ""
    }
  }

  @inline(__always) func isNull(_ column: Int32) -> Bool {
    sqlite3_column_type(pointer, column) == SQLITE_NULL
  }
  @inline(__always) func int64(_ column: Int32) -> Int64 { sqlite3_column_int64(pointer, column) }
  @inline(__always) func int64OrNil(_ column: Int32) -> Int64? { isNull(column) ? nil : int64(column) }

  /// The bytes of a text or blob, valid until the next step.
  @inline(__always)
  func withBytes<Result>(_ column: Int32, _ body: (UnsafeBufferPointer<UInt8>) throws -> Result) rethrows
    -> Result
  {
    // The pointer first, the length second, as SQLite demands.
    let pointer = sqlite3_column_blob(pointer, column)
    let count = Int(sqlite3_column_bytes(self.pointer, column))
    guard let pointer, count > 0 else { return try body(UnsafeBufferPointer(start: nil, count: 0)) }
    return try body(UnsafeBufferPointer(start: pointer.assumingMemoryBound(to: UInt8.self), count: count))
  }

  func bytes(_ column: Int32) -> [UInt8] { withBytes(column) { Array($0) } }
  /// Text; bytes that are not UTF-8 become U+FFFD.
  func text(_ column: Int32) -> String { withBytes(column) { String(decoding: $0, as: UTF8.self) } }
  func textOrNil(_ column: Int32) -> String? { isNull(column) ? nil : text(column) }
  /// What a syslog header said; nil where the column holds none.
  func header(_ column: Int32) -> SyslogHeader? { SyslogHeader(stored: int64(column)) }

  /// The bytes of a row's fields, those that a header stands for spelled into `scratch`; nil where it has none.
  @inline(__always)
  func withFields<Result>(
    _ column: Int32, header: Int32, scratch: inout [UInt8],
    _ body: (UnsafeBufferPointer<UInt8>) throws -> Result
  ) rethrows -> Result? {
    if !isNull(column) { return try withBytes(column, body) }
    guard !isNull(header), let told = self.header(header) else { return nil }
    scratch.removeAll(keepingCapacity: true)
    told.appendFields(to: &scratch)
    return try scratch.withUnsafeBufferPointer(body)
  }
}
