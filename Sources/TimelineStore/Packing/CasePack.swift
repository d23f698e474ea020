internal import CSQLite
internal import Glibc

/// Cases at rest: packed to a fraction of their size, and made again from that.
///
/// A packed case has everything that a case has, but what follows from the rest: indexes, and the search index. These are
/// built anew when it is unpacked, and the result has the same content in every table.
public enum CasePack {
  /// Sizes of both, in bytes.
  public struct Summary: Sendable {
    /// The case as it is used.
    public var caseBytes: Int64
    /// The packed case.
    public var packedBytes: Int64
    /// Files of runs that were packed with it, or unpacked.
    public var runFiles: [RunFile] = []
  }

  /// True when the file begins as a packed case does.
  public static func isPacked(_ path: String) -> Bool {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var head = [UInt8](repeating: 0, count: PackFile.mark.count)
    return read(descriptor, &head, head.count) == head.count && head == PackFile.mark
  }

  /// Why a packed case is not written to.
  static func readOnlyError(_ path: String) -> StoreError {
    StoreError(
      code: .readOnly, what: "cannot write to", path: path, reason: "it is a packed case",
      advice: "unpack it with 'firebreak pack --unpack' and use that")
  }

  /// Files beside a packed or unpacked case that are there only while it is made.
  public static func unfinished(_ path: String) -> [String] { [building(path), skeleton(path)] }

  static func building(_ path: String) -> String { path + ".building" }
  private static func skeleton(_ path: String) -> String { path + ".building-skeleton" }

  /// Packs a case into a new file. Nobody can load into the case meanwhile. The case may lie where nothing can be written.
  /// - Parameters:
  ///   - level: Zstandard's, 1 to 22: greater is smaller and slower.
  ///   - runFiles: The files of runs that lie beside the case, asked for when all else is packed: of whatever run it holds the
  ///     files are there then.
  public static func pack(
    _ path: String, to packed: String, level: Int = 12, runFiles: () -> [RunFile] = { [] }
  ) throws(StoreError) -> Summary {
    let lock = try WriterLock(reading: path)
    defer { withExtendedLifetime(lock) {} }
    let (connection, segments) = try CaseOpening.readOnly(path)
    // One state of the case from here on: a note or a journal entry that comes now waits or is not in it.
    try connection.execute("BEGIN", what: "cannot read case")
    let building = building(packed)
    unlink(building)
    var isDone = false
    defer { if !isDone { unlink(building) } }
    let writer = try PackFile.Writer(path: building, level: Int32(clamping: level))
    try writeSkeleton(in: skeleton(packed), segments, connection, to: writer)
    for segment in segments {
      try writer.append(.segment, (0..<8).map { UInt8(truncatingIfNeeded: segment >> (8 * Int64($0))) })
      try writeRows(of: segment, connection, to: writer)
    }
    if try FullTextTable.exists(connection) { try writer.append(.fullText, []) }
    let runFiles = runFiles()
    for file in runFiles { try writer.append(.runFile, file.frame(try file.bytes(beside: path))) }
    try writer.finish()
    try CaseCreation.publish(building, as: packed)
    isDone = true
    let pages = try connection.prepare("PRAGMA page_count").integer() ?? 0
    return Summary(
      caseBytes: pages * Int64(PageFile.pageSize), packedBytes: writer.written, runFiles: runFiles)
  }

  /// The case without the rows of its segments and without its search index, as an SQLite file.
  private static func writeSkeleton(
    in path: String, _ segments: [Int64], _ source: SQLiteConnection, to writer: PackFile.Writer
  ) throws(StoreError) {
    let file = try TemporaryFile(named: path)
    let skeleton = try SQLiteConnection(path: file.path, flags: SQLITE_OPEN_READWRITE)
    try CaseCreation.prepareToWrite(skeleton, isNew: true, maximumPages: 0)
    try skeleton.execute(
      """
      BEGIN EXCLUSIVE; PRAGMA application_id = \(CaseSchema.applicationID); PRAGMA user_version = \(CaseSchema.version)
      """)
    for object in CaseSchema.objects(segments: segments) { try skeleton.execute(object.sql) }
    let large = Set(segments.map { "segment_\($0)" } + ["search_slice"])
    for table in CaseSchema.objects(segments: segments)
    where table.type == "table" && !large.contains(table.name) {
      let rows = try source.prepare("SELECT * FROM \(table.name)")
      let columns = Int(sqlite3_column_count(rows.pointer))
      let put = try skeleton.prepare(
        "INSERT INTO \(table.name) VALUES (\(repeatElement("?", count: columns).joined(separator: ",")))")
      while try rows.next() {
        put.bound(rows.row)
        _ = try put.step()
      }
      put.rewind()
    }
    try skeleton.execute("COMMIT")
    try skeleton.close()
    let descriptor = open(file.path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw SystemFile.error("cannot read", file.path) }
    defer { close(descriptor) }
    var offset: Int64 = 0
    while true {
      let stretch = try stretch(of: descriptor, at: offset, file.path)
      if stretch.isEmpty { return }
      try writer.append(.skeleton, stretch)
      offset += Int64(stretch.count)
    }
  }

  private static func stretch(
    of descriptor: Int32, at offset: Int64, _ path: String
  ) throws(StoreError) -> [UInt8] {
    let target = UnsafeMutableRawBufferPointer.allocate(byteCount: 8 << 20, alignment: 16)
    defer { target.deallocate() }
    let count = try SystemFile.read(from: descriptor, at: offset, into: target, path: path)
    return Array(target[..<count])
  }

  /// Bytes of texts in a block, beyond which it is ended.
  private static let blockBytes = 16 << 20

  private static func writeRows(
    of segment: Int64, _ connection: SQLiteConnection, to writer: PackFile.Writer
  ) throws(StoreError) {
    let rows = try connection.prepare(
      "SELECT \(CaseSchema.eventColumns.joined(separator: ", ")) FROM segment_\(segment) ORDER BY id")
    var block: [RowBlock.Row] = []
    var bytes = 0
    while try rows.next() {
      let row = try row(rows, connection)
      bytes += [row.variables, row.fields, row.message, row.stamp].reduce(0) { $0 + ($1?.bytes.count ?? 0) }
      block.append(row)
      if block.count == RowBlock.maximumRows || bytes > blockBytes {
        try writer.append(.rows, RowBlock.encode(block))
        block.removeAll(keepingCapacity: true)
        bytes = 0
      }
    }
    if !block.isEmpty { try writer.append(.rows, RowBlock.encode(block)) }
  }

  private static func row(
    _ rows: SQLiteStatement, _ connection: SQLiteConnection
  ) throws(StoreError) -> RowBlock.Row {
    var isStrange = false
    func integer(_ column: Int32) -> Int64? {
      switch sqlite3_column_type(rows.pointer, column) {
      case SQLITE_NULL: return nil
      case SQLITE_INTEGER: return rows.int64(column)
      default:
        isStrange = true
        return nil
      }
    }
    func required(_ column: Int32) -> Int64 {
      guard let value = integer(column) else {
        isStrange = true
        return 0
      }
      return value
    }
    func text(_ column: Int32) -> RowBlock.Text? {
      switch sqlite3_column_type(rows.pointer, column) {
      case SQLITE_NULL: return nil
      case SQLITE_TEXT: return RowBlock.Text(bytes: rows.bytes(column), isBlob: false)
      case SQLITE_BLOB: return RowBlock.Text(bytes: rows.bytes(column), isBlob: true)
      default:
        isStrange = true
        return nil
      }
    }
    let row = RowBlock.Row(
      id: required(0), time: integer(1), device: integer(2), severity: integer(3), template: integer(4),
      origin: required(5), line: required(6), byteOffset: required(7), byteLength: required(8),
      header: integer(9), variables: text(10), fields: text(11), message: text(12), stamp: text(13),
      sinceBoot: integer(14), timeError: integer(15))
    guard !isStrange, PackedRow.isStorable(row) else {
      throw StoreError(
        code: .tampered, what: "cannot pack case", path: connection.fileName,
        reason: "event \(row.id) holds values that Firebreak does not write", advice: "do not trust it")
    }
    return row
  }
}
