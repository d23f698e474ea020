internal import CSQLite

/// A new segment for a case that is there: built as pages in a file beside it, without any lock on the case, then carried over
/// in the load's transaction. SQLite moves the trees row by row as they are, in their order, without sorting (its transfer
/// optimisation), so the case is locked for a short while only.
final class SegmentStaging {
  private let number: Int64
  private let file: TemporaryFile
  private let options: CaseLoader.Options
  /// Bytes of a staged file that are mapped, at most.
  private static let mappedBytes = 1 << 30

  init(number: Int64, beside path: String, options: CaseLoader.Options) throws(StoreError) {
    self.number = number
    self.options = options
    file = try TemporaryFile(beside: path)
  }

  /// The segment's own tables, in the order of creation.
  private var objects: [CaseSchema.Object] { CaseSchema.segmentObjects(number: number) }

  func makeWriter() throws(StoreError) -> any EventWriter {
    let connection = try SQLiteConnection(path: file.path, flags: SQLITE_OPEN_READWRITE)
    try CaseCreation.prepareToWrite(connection, isNew: true, maximumPages: options.maximumPages)
    try connection.execute("BEGIN EXCLUSIVE")
    for object in CaseSchema.searchTables { try connection.execute(object.sql) }
    let roots = try CaseCreation.makeSegment(number, connection)
    try connection.execute("COMMIT")
    try connection.close()
    // Half a megabyte, which takes no large page of memory: a segment is small, as a rule.
    let pages = try PageFile(path: file.path, maximumPages: options.maximumPages, pagesAtATime: 128)
    return PageEventWriter(
      file: pages, roots: roots, slices: SliceTreeWriter(file: pages, root: roots.slice),
      entriesInMemory: options.entriesInMemory)
  }

  /// Makes the file known to a connection. Not within a transaction.
  func attach(to connection: SQLiteConnection) throws(StoreError) {
    let path = file.path.unicodeScalars.map { $0 == "'" ? "''" : String($0) }.joined()
    try connection.execute("ATTACH '\(path)' AS staged")
    // Else a commit would tie both files' journals together by a third, though this one is only read: a kill would leave
    // a journal of the case that names another file.
    try connection.execute("PRAGMA staged.journal_mode = OFF; PRAGMA staged.synchronous = OFF")
    // Each page is read once: from memory that the kernel fills, without a copy of it. Nobody else has the file.
    try connection.execute("PRAGMA staged.mmap_size = \(Self.mappedBytes)")
  }

  /// Makes the segment in the case, with all its rows.
  func carryOver(_ connection: SQLiteConnection) throws(StoreError) {
    for object in objects { try connection.execute(object.sql) }
    for table in ["segment_\(number)", "search_slice"] {
      try connection.execute("INSERT INTO main.\(table) SELECT * FROM staged.\(table)")
    }
  }
}
