/// Rows of a segment by columns: what is alike stands together, so that it packs well.
///
/// Numbers are kept as differences from the row before; variables by template and place, so that all addresses of one
/// kind of message are neighbours; fields by their place between commas.
struct RowBlock {
  /// Rows of a block, at most.
  static let maximumRows = 1 << 16

  /// A text of a row.
  struct Text: Equatable {
    var bytes: [UInt8]
    var isBlob: Bool
  }

  /// A row as it is in a segment; optional values are NULL where they are nil.
  struct Row: Equatable {
    var id: Int64 = 0
    var time: Int64?
    var device: Int64?
    var severity: Int64?
    var template: Int64?
    var origin: Int64 = 0
    var line: Int64 = 0
    var byteOffset: Int64 = 0
    var byteLength: Int64 = 0
    var header: Int64?
    var variables: Text?
    var fields: Text?
    var message: Text?
    var stamp: Text?
    var sinceBoot: Int64?
    var timeError: Int64?
  }

  private enum Key {
    static let count: UInt64 = 1
    static let flags: UInt64 = 2
    static let id: UInt64 = 3
    static let time: UInt64 = 4
    static let unit: UInt64 = 5
    static let device: UInt64 = 6
    static let severity: UInt64 = 7
    static let template: UInt64 = 8
    static let origin: UInt64 = 9
    static let line: UInt64 = 10
    static let offset: UInt64 = 11
    static let length: UInt64 = 12
    static let sinceBoot: UInt64 = 13
    static let timeError: UInt64 = 14
    static let parts: UInt64 = 15
    static let textLength: UInt64 = 16
    static let message: UInt64 = 17
    static let stamp: UInt64 = 18
    static let fieldParts: UInt64 = 19
    static let header: UInt64 = 20
    static func variable(template: Int64, place: Int) -> UInt64 {
      1 << 40 | UInt64(truncatingIfNeeded: template) << 8 & 0xff_ffff_ff00 | UInt64(min(place, 255))
    }
    static func field(place: Int) -> UInt64 { 1 << 41 | UInt64(min(place, 63)) }
  }

  /// Columns of some rows, in the order of their ids.
  static func encode(_ rows: [Row]) -> [UInt8] {
    var out = ColumnWriter()
    out.put(UInt64(rows.count), Key.count)
    let unit: Int64 =
      [1_000_000_000, 1_000_000, 1000].first { unit in rows.allSatisfy { ($0.time ?? 0) % unit == 0 } } ?? 1
    out.put(UInt64(unit), Key.unit)
    var before = Row(id: -1, line: -1)
    var lastTime: Int64 = 0
    var lastBoot: Int64 = 0
    for row in rows {
      out.put(flags(row), Key.flags)
      out.put(signed: row.id &- before.id &- 1, Key.id)
      if let time = row.time {
        out.put(signed: time / unit &- lastTime, Key.time)
        lastTime = time / unit
      }
      if let device = row.device { out.put(signed: device, Key.device) }
      if let severity = row.severity { out.put(signed: severity, Key.severity) }
      if let template = row.template { out.put(signed: template, Key.template) }
      out.put(signed: row.origin &- before.origin, Key.origin)
      out.put(signed: row.line &- before.line &- 1, Key.line)
      out.put(signed: row.byteOffset &- before.byteOffset &- before.byteLength, Key.offset)
      out.put(signed: row.byteLength, Key.length)
      if let header = row.header { out.put(signed: header, Key.header) }
      if let variables = row.variables {
        let parts = variables.bytes.split(separator: 9, omittingEmptySubsequences: false)
        out.put(UInt64(parts.count), Key.parts)
        for (place, part) in parts.enumerated() {
          out.put(part, end: 9, Key.variable(template: row.template ?? -1, place: place))
        }
      }
      if let fields = row.fields {
        let parts = fields.bytes.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
        out.put(UInt64(parts.count), Key.fieldParts)
        for (place, part) in parts.enumerated() {
          out.put(part, end: UInt8(ascii: ","), Key.field(place: place))
        }
      }
      for (text, key) in [(row.message, Key.message), (row.stamp, Key.stamp)] {
        guard let text else { continue }
        out.put(UInt64(text.bytes.count), Key.textLength)
        out.put(text.bytes, key)
      }
      if let boot = row.sinceBoot {
        out.put(signed: boot &- lastBoot, Key.sinceBoot)
        lastBoot = boot
      }
      if let error = row.timeError { out.put(signed: error, Key.timeError) }
      before = row
    }
    return out.joined()
  }

  private static func flags(_ row: Row) -> UInt64 {
    let bits: [Bool] = [
      row.time != nil, row.device != nil, row.severity != nil, row.template != nil, row.variables != nil,
      row.fields != nil, row.message != nil, row.stamp != nil, row.sinceBoot != nil, row.timeError != nil,
      row.variables?.isBlob == true, row.fields?.isBlob == true, row.message?.isBlob == true,
      row.stamp?.isBlob == true, row.header != nil,
    ]
    return bits.enumerated().reduce(0) { $0 | ($1.element ? 1 << UInt64($1.offset) : 0) }
  }

  /// The rows of a block.
  static func decode(_ bytes: [UInt8]) throws(ColumnReader.Fault) -> [Row] {
    var columns = try ColumnReader(bytes)
    let count = try columns.number(Key.count)
    guard count <= UInt64(maximumRows) else { throw ColumnReader.Fault() }
    let unit = Int64(clamping: try columns.number(Key.unit))
    var rows: [Row] = []
    rows.reserveCapacity(Int(count))
    var before = Row(id: -1, line: -1)
    var lastTime: Int64 = 0
    var lastBoot: Int64 = 0
    for _ in 0..<count {
      let flags = try columns.number(Key.flags)
      func has(_ bit: UInt64) -> Bool { flags & 1 << bit != 0 }
      var row = Row()
      row.id = try columns.signed(Key.id) &+ before.id &+ 1
      if has(0) {
        lastTime &+= try columns.signed(Key.time)
        row.time = lastTime &* unit
      }
      if has(1) { row.device = try columns.signed(Key.device) }
      if has(2) { row.severity = try columns.signed(Key.severity) }
      if has(3) { row.template = try columns.signed(Key.template) }
      row.origin = try columns.signed(Key.origin) &+ before.origin
      row.line = try columns.signed(Key.line) &+ before.line &+ 1
      row.byteOffset = try columns.signed(Key.offset) &+ before.byteOffset &+ before.byteLength
      row.byteLength = try columns.signed(Key.length)
      if has(14) { row.header = try columns.signed(Key.header) }
      if has(4) {
        var text: [UInt8] = []
        for place in 0..<Int(clamping: try columns.number(Key.parts)) {
          if place > 0 { text.append(9) }
          text += try columns.bytes(until: 9, Key.variable(template: row.template ?? -1, place: place))
        }
        row.variables = Text(bytes: text, isBlob: has(10))
      }
      if has(5) {
        var text: [UInt8] = []
        for place in 0..<Int(clamping: try columns.number(Key.fieldParts)) {
          if place > 0 { text.append(UInt8(ascii: ",")) }
          text += try columns.bytes(until: UInt8(ascii: ","), Key.field(place: place))
        }
        row.fields = Text(bytes: text, isBlob: has(11))
      }
      if has(6) {
        let count = Int(clamping: try columns.number(Key.textLength))
        row.message = Text(bytes: Array(try columns.bytes(count, Key.message)), isBlob: has(12))
      }
      if has(7) {
        let count = Int(clamping: try columns.number(Key.textLength))
        row.stamp = Text(bytes: Array(try columns.bytes(count, Key.stamp)), isBlob: has(13))
      }
      if has(8) {
        lastBoot &+= try columns.signed(Key.sinceBoot)
        row.sinceBoot = lastBoot
      }
      if has(9) { row.timeError = try columns.signed(Key.timeError) }
      rows.append(row)
      before = row
    }
    return rows
  }
}
