public import IncidentModel

extension CaseReader {
  /// True when some template of the case is marked to hold secrets.
  public func hasSecretMarks() throws(StoreError) -> Bool {
    try connection.prepare("SELECT EXISTS (SELECT 1 FROM secret_template)").integer() == 1
  }

  /// Sources that were left out because one with the same content was there already: which, and the one that was kept.
  public func duplicates() throws(StoreError) -> [SourceDescription] {
    try duplicateSources().map(\.source)
  }

  /// The same, with the number of the source that was kept.
  public func duplicateSources() throws(StoreError) -> [(source: SourceDescription, kept: Int64)] {
    let row = try connection.prepare("SELECT path, members, source FROM duplicate ORDER BY id")
    var found: [(source: SourceDescription, kept: Int64)] = []
    while try row.next() {
      found.append((SourceDescription(path: row.text(0), storedMembers: row.text(1)), row.int64(2)))
    }
    return found
  }

  /// Where the case's own figures do not add up: a sentence for each. A case that Firebreak made and nobody changed has none.
  public func accountingFaults() throws(StoreError) -> [String] {
    var faults: [String] = []
    for segment in catalog.segments {
      let rows = try connection.prepare("SELECT count(*) FROM segment_\(segment)").integer() ?? 0
      let said =
        try connection.prepare("SELECT events FROM segment WHERE number = ?").integer([.integer(segment)])
        ?? 0
      if rows != said { faults.append("segment \(segment) holds \(rows) events, \(said) were loaded") }
    }
    let sources = try sources()
    let events = try eventCount()
    let sum = sources.reduce(Int64(0)) { $0 + Int64($1.events.count) }
    if events != sum { faults.append("the sources count \(sum) events, the segments \(events)") }
    for source in sources where source.bytesBy.total != source.bytes {
      faults.append("of '\(source.name)' \(source.bytesBy.total) bytes of \(source.bytes) are accounted for")
    }
    return faults
  }
}
