internal import IncidentModel

/// The events of one source in the order of the evidence, one at a time.
public final class SourceEvents {
  private let reader: CaseReader
  private let ids: Range<Int64>
  private var segments: [Int64]
  private var row: SQLiteStatement?

  fileprivate init(_ reader: CaseReader, _ ids: Range<Int64>) {
    self.reader = reader
    self.ids = ids
    segments = reader.catalog.segments.reversed()
  }

  /// The next event; nil behind the last.
  public func next() throws(StoreError) -> TimelineEvent? {
    while true {
      if let row, try row.next() { return try reader.decoder.decode(row) }
      row = nil
      guard !ids.isEmpty, let segment = segments.popLast() else { return nil }
      let statement = try reader.connection.prepare(
        "SELECT \(EventDecoder.columns) FROM segment_\(segment) e WHERE e.id >= ? AND e.id < ? ORDER BY e.id")
      row = statement.bound([.integer(ids.lowerBound), .integer(ids.upperBound)])
    }
  }
}

extension CaseReader {
  /// The events of a source, as the evidence has them one after the other.
  public func events(of source: SourceEntry) -> SourceEvents { SourceEvents(self, source.events) }
}
