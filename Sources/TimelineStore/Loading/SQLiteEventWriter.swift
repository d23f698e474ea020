internal import CSQLite

/// Writes rows through SQLite: the way of small appends, and the oracle of the page writer.
final class SQLiteEventWriter: EventWriter {
  private let connection: SQLiteConnection
  private let segment: Int64
  /// True where the segment is new, so that its indexes are made when the rows are in.
  private let isNew: Bool
  private let many: SQLiteStatement
  private let one: SQLiteStatement
  private let slice: SQLiteStatement
  private var pending = ByteBuffer(capacity: 1 << 16)
  private var pendingRows: [(id: Int64, start: Int, count: Int)] = []

  private static let rowsPerStatement = 64

  init(connection: SQLiteConnection, segment: Int64, isNew: Bool) throws(StoreError) {
    self.connection = connection
    self.segment = segment
    self.isNew = isNew
    if isNew { try connection.execute(CaseSchema.segmentTable(number: segment).sql) }
    let columns = CaseSchema.eventColumns
    let row = "(" + columns.map { _ in "?" }.joined(separator: ",") + ")"
    let insert = "INSERT INTO segment_\(segment) (\(columns.joined(separator: ","))) VALUES "
    one = try connection.prepare(insert + row)
    many = try connection.prepare(
      insert + repeatElement(row, count: Self.rowsPerStatement).joined(separator: ","))
    slice = try connection.prepare("INSERT INTO search_slice VALUES (?, ?)")
    pendingRows.reserveCapacity(Self.rowsPerStatement)
  }

  func append(slice id: Int64, bits: UnsafeRawBufferPointer) throws(StoreError) {
    sqlite3_bind_int64(slice.pointer, 1, id)
    slice.bindBlob(bits, at: 2)
    _ = try slice.step()
    sqlite3_reset(slice.pointer)
  }

  func append(id: Int64, record: UnsafeRawBufferPointer, key: IndexEntry) throws(StoreError) {
    pendingRows.append((id, pending.count, record.count))
    pending.append(record)
    if pendingRows.count == Self.rowsPerStatement { try flush() }
  }

  func finish(eventsByDevice: [Int64]) throws(StoreError) {
    try flush()
    if isNew { for index in CaseSchema.segmentIndexes(number: segment) { try connection.execute(index.sql) } }
  }

  private func flush() throws(StoreError) {
    let together = pendingRows.count == Self.rowsPerStatement
    var column: Int32 = 1
    for (id, start, count) in pendingRows {
      let row = EventRowCodec.decode(UnsafeRawBufferPointer(rebasing: pending.bytes[start..<start + count]))
      if together {
        Self.bind(row, id: id, to: many, at: column)
        column += Int32(EventRowCodec.columns)
      } else {
        Self.bind(row, id: id, to: one, at: 1)
        _ = try one.step()
        sqlite3_reset(one.pointer)
      }
    }
    if together {
      _ = try many.step()
      sqlite3_reset(many.pointer)
    }
    pending.count = 0
    pendingRows.removeAll(keepingCapacity: true)
  }

  private static func bind(_ row: EventRow, id: Int64, to statement: SQLiteStatement, at first: Int32) {
    func integer(_ value: Int64?, _ column: Int32) {
      if let value {
        sqlite3_bind_int64(statement.pointer, first + column, value)
      } else {
        sqlite3_bind_null(statement.pointer, first + column)
      }
    }
    func text(_ text: EventRow.Text?, _ column: Int32) {
      guard let text else {
        sqlite3_bind_null(statement.pointer, first + column)
        return
      }
      if text.isBlob {
        statement.bindBlob(text.bytes, at: first + column)
      } else {
        statement.bindText(text.bytes, at: first + column)
      }
    }
    integer(id, 0)
    integer(row.time, 1)
    integer(row.device.map { Int64($0) }, 2)
    integer(row.severity.map { Int64($0) }, 3)
    integer(row.template.map { Int64($0) }, 4)
    integer(Int64(row.origin), 5)
    integer(row.line, 6)
    integer(row.byteOffset, 7)
    integer(row.byteLength, 8)
    integer(row.header == 0 ? nil : Int64(row.header), 9)
    text(row.variables, 10)
    text(row.fields, 11)
    text(row.message, 12)
    text(row.stamp, 13)
    integer(row.sinceBoot, 14)
    integer(row.timeError, 15)
  }
}
