internal import IncidentModel

/// Rows out of a pack, on their way back into a segment.
enum PackedRow {
  /// True when the row's numbers are such as a loader writes, so that its record can be made.
  static func isStorable(_ row: RowBlock.Row) -> Bool {
    let ordinals = 0..<Int64(1 << 23)
    return row.id > 0 && row.id < IndexEntry.maximumID && (row.severity.map { (0...7).contains($0) } ?? true)
      && (row.header.map { SyslogHeader(stored: $0) != nil } ?? true)
      && [row.device, row.template, row.origin].allSatisfy { $0.map(ordinals.contains) ?? true }
  }

  /// Appends the row's record.
  static func encode(_ row: RowBlock.Row, into buffer: inout ByteBuffer) {
    func with(_ text: RowBlock.Text?, _ body: (EventRow.Text?) -> Void) {
      guard let text else { return body(nil) }
      text.bytes.withUnsafeBytes { body(EventRow.Text(bytes: $0, isBlob: text.isBlob)) }
    }
    var event = EventRow()
    event.time = row.time
    event.device = row.device.map { Int32($0) }
    event.severity = row.severity.map { UInt8($0) }
    event.template = row.template.map { Int32($0) }
    event.origin = Int32(row.origin)
    event.line = row.line
    event.byteOffset = row.byteOffset
    event.byteLength = row.byteLength
    event.header = row.header.map { UInt32(truncatingIfNeeded: $0) } ?? 0
    event.sinceBoot = row.sinceBoot
    event.timeError = row.timeError
    with(row.variables) { variables in
      with(row.fields) { fields in
        with(row.message) { message in
          with(row.stamp) { stamp in
            event.variables = variables
            event.fields = fields
            event.message = message
            event.stamp = stamp
            EventRowCodec.encode(event, into: &buffer)
          }
        }
      }
    }
  }
}
