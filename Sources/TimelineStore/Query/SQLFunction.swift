internal import CSQLite

/// The body of an SQL function: the call's context, how many arguments, the arguments.
typealias SQLFunction =
  @convention(c) (
    OpaquePointer?, Int32, UnsafeMutablePointer<OpaquePointer?>?
  ) -> Void

extension SQLiteConnection {
  /// Adds a deterministic SQL function. The connection keeps `owner` alive until it is closed; the body gets at it by
  /// `sqlite3_user_data`.
  /// - Parameter flags: `SQLITE_DIRECTONLY` or `SQLITE_INNOCUOUS`.
  func register(
    _ name: String, arguments: Int32, flags: Int32, owner: AnyObject, _ body: @escaping SQLFunction
  ) throws(StoreError) {
    let code = sqlite3_create_function_v2(
      handle, name, arguments, SQLITE_UTF8 | SQLITE_DETERMINISTIC | flags,
      Unmanaged.passRetained(owner).toOpaque(), body, nil, nil
    ) { Unmanaged<AnyObject>.fromOpaque($0!).release() }
    guard code == SQLITE_OK else {
      throw Self.error(code, handle: handle, what: "cannot query case", path: fileName)
    }
  }
}

/// Arguments of SQL functions.
enum SQLArgument {
  /// The bytes of an argument, valid during the call; nil for NULL.
  static func bytes(_ value: OpaquePointer?) -> UnsafeBufferPointer<UInt8>? {
    guard sqlite3_value_type(value) != SQLITE_NULL else { return nil }
    let pointer = sqlite3_value_blob(value)
    return UnsafeBufferPointer(
      start: pointer?.assumingMemoryBound(to: UInt8.self),
      count: pointer == nil ? 0 : Int(sqlite3_value_bytes(value)))
  }
}
