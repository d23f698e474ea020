public import IncidentModel

extension CaseReader {
  /// Number, time and tool of all stored traces, without their results, newest first.
  public func traces() throws(StoreError) -> [(number: Int64, createdAt: Instant, tool: String)] {
    let row = try connection.prepare(
      "SELECT number, created_at, tool FROM trace_result ORDER BY number DESC")
    var list: [(number: Int64, createdAt: Instant, tool: String)] = []
    while try row.next() { list.append((row.int64(0), Instant(nanoseconds: row.int64(1)), row.text(2))) }
    return list
  }

  /// The stored text of a trace, `{"devices":…,"trace":…}`, as it lies in the case: a trace of a large fleet is tens of
  /// megabytes, and is read where it lies. The bytes are valid inside `body` only.
  /// - Returns: nil when there is no such trace, or none at all.
  public func withTraceText<Result>(
    _ number: Int64? = nil, _ body: (Int64, UnsafeBufferPointer<UInt8>) throws -> Result
  ) throws -> Result? {
    let row = try connection.prepare(
      "SELECT number, result FROM trace_result WHERE number = coalesce(?, (SELECT max(number) FROM trace_result))"
    ).bound([SQLiteValue(number)])
    guard try row.next() else { return nil }
    let found = row.int64(0)
    return try row.withBytes(1) { try body(found, $0) }
  }
}
