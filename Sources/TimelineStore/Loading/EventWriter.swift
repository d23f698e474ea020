/// Where the rows of a load end up: the table and the indexes of one segment.
protocol EventWriter: SearchRowWriter {
  /// Adds the record of an event, and what the indexes need of it. Ids ascend.
  func append(id: Int64, record: UnsafeRawBufferPointer, key: IndexEntry) throws(StoreError)
  /// Ends the segment: indexes, upper levels.
  /// - Parameter eventsByDevice: Number of events added by device code: 0 is none, else the ordinal plus one.
  func finish(eventsByDevice: [Int64]) throws(StoreError)
}

/// A writer that can give back what it got last.
protocol StreamingEventWriter: EventWriter {
  /// Remembers where it stands. Only rows are added until `commit` or `rewind`.
  func mark()
  /// Keeps what was added since the mark.
  func commit() throws(StoreError)
  /// Calls with each record since the mark, whose first id is given, in order. The record may be changed; it lives for the call.
  func forEachSinceMark(
    from first: Int64, _ body: (UnsafeMutableRawBufferPointer) throws(StoreError) -> Void
  ) throws(StoreError)
  /// Forgets what was added since the mark, ids from `first` on.
  func rewind(to first: Int64) throws(StoreError)
}
