/// Where the rows of a load end up: the table and the indexes of one segment.
protocol EventWriter: AnyObject {
  /// Adds the record of an event, and what the indexes need of it. Ids ascend.
  func append(id: Int64, record: UnsafeRawBufferPointer, key: IndexEntry) throws(StoreError)
  /// Ends the segment: indexes, upper levels.
  /// - Parameter eventsByDevice: Number of events added by device code: 0 is none, else the ordinal plus one.
  func finish(eventsByDevice: [Int64]) throws(StoreError)
}
