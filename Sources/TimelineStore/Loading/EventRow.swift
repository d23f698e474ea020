internal import IncidentModel

/// One event as its row says it; texts are ranges of bytes that live elsewhere.
struct EventRow {
  /// A text column: its bytes, and whether they are stored as TEXT (UTF-8 without NUL) or as a BLOB.
  struct Text {
    var bytes: UnsafeRawBufferPointer
    var isBlob = false
  }
  var time: Int64?
  var device: Int32?
  var severity: UInt8?
  var template: Int32?
  var origin: Int32 = 0
  var line: Int64 = 0
  var byteOffset: Int64 = 0
  var byteLength: Int64 = 0
  /// See `SyslogHeader`; 0 is NULL.
  var header: UInt32 = 0
  var variables: Text?
  var fields: Text?
  var message: Text?
  var stamp: Text?
  var sinceBoot: Int64?
  var timeError: Int64?
}

/// A row as most are: with time, device, a severity from 2 on, template, variables, fields or a header, and nothing else.
struct UsualRow {
  var time: Int64
  var device: Int32
  /// 2 to 7.
  var severity: UInt8
  var template: Int32
  var origin: Int32
  // The place and the header, each below 2^31.
  var line: UInt32
  var byteOffset: UInt32
  var byteLength: UInt32
  var header: UInt32
  /// Empty where there are none.
  var fields: EventRow.Text
  /// Bytes of the variables, which are TEXT.
  var variables: Int
}

extension UsualRow {
  /// Nil where the row is not a usual one.
  init?(_ row: borrowing EventRow) {
    guard let time = row.time, let device = row.device, let severity = row.severity, severity >= 2,
      let template = row.template, let variables = row.variables, !variables.isBlob, row.message == nil,
      row.stamp == nil, row.sinceBoot == nil, row.timeError == nil, variables.bytes.baseAddress != nil,
      (row.fields?.bytes.count ?? 1) > 0,
      UInt64(bitPattern: row.line | row.byteOffset | row.byteLength) | UInt64(row.header) < 0x8000_0000
    else { return nil }
    self.init(
      time: time, device: device, severity: severity, template: template, origin: row.origin,
      line: UInt32(row.line), byteOffset: UInt32(row.byteOffset), byteLength: UInt32(row.byteLength),
      header: row.header,
      fields: row.fields ?? EventRow.Text(bytes: UnsafeRawBufferPointer(start: nil, count: 0)),
      variables: variables.bytes.count)
  }
}

/// Rows as SQLite's record format has them (header of serial types, then the bodies), in the order of
/// `CaseSchema.eventColumns`. Ordinals always take three bytes, so that they can be replaced in place.
enum EventRowCodec {
  /// Columns of a record, the row id included.
  static let columns = 16

  /// Bytes of a record without its texts, at most.
  static let maximumFixedBytes = 16 + 5 * 5 + 8 * 11

  /// Appends the record of a row.
  static func encode(_ row: borrowing EventRow, into buffer: inout ByteBuffer) {
    if let usual = UsualRow(row), let variables = row.variables {
      buffer.reserve(room(usual))
      let start = buffer.base + buffer.count
      let place = begin(usual, at: start)
      place.copyShort(from: variables.bytes.baseAddress!, count: variables.bytes.count)
      buffer.count += end(usual, at: start, variables: place)
    } else {
      encodeAny(row, into: &buffer)
    }
  }

  /// Bytes that must be free for the record of a usual row: more than it takes, since numbers and variables may be written in words.
  @inline(__always) static func room(_ row: UsualRow) -> Int {
    maximumFixedBytes &+ row.variables &+ row.fields.bytes.count
  }

  /// Writes the record of a usual row up to where the variables go, and says where that is.
  @inline(__always)
  static func begin(_ row: UsualRow, at start: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer {
    let line = size(row.line)
    let offset = size(row.byteOffset)
    let length = size(row.byteLength)
    let header = row.header == 0 ? 0 : size(row.header)
    // The header's size, known below, and the types up to the line's; up to four bytes type and size are the same number.
    start.storeBytes(of: (usualTypes | UInt64(line) &<< 56).littleEndian, as: UInt64.self)
    start.storeBytes(
      of: UInt32(truncatingIfNeeded: offset | length &<< 8 | header &<< 16).littleEndian, toByteOffset: 8,
      as: UInt32.self)
    var at = start + 11
    at += Varint.write(UInt64(row.variables) &* 2 &+ 13, to: at)
    if row.fields.bytes.count > 0 { putType(row.fields, &at) }
    start.storeBytes(of: UInt8(truncatingIfNeeded: at - start), as: UInt8.self)
    at.storeBytes(of: row.time.bigEndian, as: Int64.self)
    at += 8
    // Numbers of fixed size by words; two others to a word where both fit.
    let codes =
      UInt64(UInt32(bitPattern: row.device)) &<< 40 | UInt64(row.severity) &<< 32
      | UInt64(UInt32(bitPattern: row.template)) &<< 8
    let origin = UInt64(UInt32(bitPattern: row.origin))
    at.storeBytes(of: (codes | origin &>> 16).bigEndian, as: UInt64.self)
    at += 8
    put((origin & 0xffff) &<< UInt64(truncatingIfNeeded: 8 &* line) | UInt64(row.line), 2 &+ line, &at)
    put(
      UInt64(row.byteOffset) &<< UInt64(truncatingIfNeeded: 8 &* length) | UInt64(row.byteLength),
      offset &+ length, &at)
    put(UInt64(row.header), header, &at)
    return at
  }

  /// Writes what is behind the variables, and says how many bytes the record takes.
  @inline(__always)
  static func end(
    _ row: UsualRow, at start: UnsafeMutableRawPointer, variables: UnsafeMutableRawPointer
  ) -> Int {
    var at = variables + row.variables
    if row.fields.bytes.count > 0 { putText(row.fields, &at) }
    return at - start
  }

  /// What a record of a usual row begins with, the first byte lowest: room for the header's size, NULL for the row id, eight bytes of time,
  /// three of the device's ordinal, one of severity, three each of template and origin.
  private static let usualTypes: UInt64 = 0x03_0301_0306_0000

  /// Bytes of a number from 0 to 2^31 - 1 with its sign bit, at least one.
  @inline(__always) private static func size(_ value: UInt32) -> Int {
    // The lowest bit does not change the size; with it the value is never zero, which processors have no quick answer for.
    (40 &- (value | 1).leadingZeroBitCount) &>> 3
  }

  /// The record of a row, usual or not.
  @inline(never) static func encodeAny(_ row: borrowing EventRow, into buffer: inout ByteBuffer) {
    let texts =
      (row.variables?.bytes.count ?? 0) &+ (row.fields?.bytes.count ?? 0) &+ (row.message?.bytes.count ?? 0)
      &+ (row.stamp?.bytes.count ?? 0)
    buffer.reserve(maximumFixedBytes &+ texts)
    // Pointers of their own: the buffer's count would be written at every byte.
    let start = buffer.base + buffer.count
    let severity = row.severity
    let line = serialType(row.line)
    let offset = serialType(row.byteOffset)
    let length = serialType(row.byteLength)
    // The header's size, known below; the row id, NULL; time, device, severity, template, origin; then the place.
    start.storeBytes(of: 0, as: UInt16.self)
    start.storeBytes(of: row.time == nil ? 0 : 6, toByteOffset: 2, as: UInt8.self)
    start.storeBytes(of: row.device == nil ? 0 : 3, toByteOffset: 3, as: UInt8.self)
    start.storeBytes(
      of: severity == nil ? 0 : severity! < 2 ? 8 &+ severity! : 1, toByteOffset: 4, as: UInt8.self)
    start.storeBytes(of: row.template == nil ? 0 : 3, toByteOffset: 5, as: UInt8.self)
    start.storeBytes(of: 3, toByteOffset: 6, as: UInt8.self)
    start.storeBytes(of: line.type, toByteOffset: 7, as: UInt8.self)
    start.storeBytes(of: offset.type, toByteOffset: 8, as: UInt8.self)
    start.storeBytes(of: length.type, toByteOffset: 9, as: UInt8.self)
    let header = row.header == 0 ? (type: 0, bytes: 0) : serialType(Int64(row.header))
    start.storeBytes(of: header.type, toByteOffset: 10, as: UInt8.self)
    var at = start + 11
    // Trailing NULLs are left out, as SQLite allows.
    var last = 0
    if row.variables != nil { last = 1 }
    if row.fields != nil { last = 2 }
    if row.message != nil { last = 3 }
    if row.stamp != nil { last = 4 }
    if row.sinceBoot != nil { last = 5 }
    if row.timeError != nil { last = 6 }
    if last > 0 { putType(row.variables, &at) }
    if last > 1 { putType(row.fields, &at) }
    if last > 2 { putType(row.message, &at) }
    if last > 3 { putType(row.stamp, &at) }
    if last > 4 { putByte(row.sinceBoot == nil ? 0 : 6, &at) }
    if last > 5 { putByte(6, &at) }
    start.storeBytes(of: UInt8(truncatingIfNeeded: at - start), as: UInt8.self)
    if let time = row.time { put(time, 8, &at) }
    if let device = row.device { put(Int64(device), 3, &at) }
    if let severity, severity >= 2 { putByte(severity, &at) }
    if let template = row.template { put(Int64(template), 3, &at) }
    put(Int64(row.origin), 3, &at)
    put(row.line, line.bytes, &at)
    put(row.byteOffset, offset.bytes, &at)
    put(row.byteLength, length.bytes, &at)
    if row.header != 0 { put(Int64(row.header), header.bytes, &at) }
    putText(row.variables, &at)
    putText(row.fields, &at)
    putText(row.message, &at)
    putText(row.stamp, &at)
    if let sinceBoot = row.sinceBoot { put(sinceBoot, 8, &at) }
    if let timeError = row.timeError { put(timeError, 8, &at) }
    buffer.count &+= at - start
  }

  /// Eight bytes are written, of which `bytes` count, most significant first.
  @inline(__always)
  private static func put(_ value: Int64, _ bytes: Int, _ at: inout UnsafeMutableRawPointer) {
    put(UInt64(bitPattern: value), bytes, &at)
  }

  @inline(__always)
  private static func put(_ value: UInt64, _ bytes: Int, _ at: inout UnsafeMutableRawPointer) {
    let shifted = value &<< UInt64(truncatingIfNeeded: 64 &- 8 &* bytes)
    at.storeBytes(of: shifted.bigEndian, as: UInt64.self)
    at += bytes
  }

  @inline(__always) private static func putByte(_ value: UInt8, _ at: inout UnsafeMutableRawPointer) {
    at.storeBytes(of: value, as: UInt8.self)
    at += 1
  }

  @inline(__always) private static func putText(_ text: EventRow.Text?, _ at: inout UnsafeMutableRawPointer) {
    guard let text, let base = text.bytes.baseAddress else { return }
    at.copyShort(from: base, count: text.bytes.count)
    at += text.bytes.count
  }

  /// The smallest of SQLite's serial types for an integer that is not 0 or 1 by chance of the header's size alone.
  @inline(__always) private static func serialType(_ value: Int64) -> (type: UInt8, bytes: Int) {
    let magnitude = value ^ (value >> 63)
    if magnitude < 0x80 { return (1, 1) }
    if magnitude < 0x8000 { return (2, 2) }
    if magnitude < 0x80_0000 { return (3, 3) }
    if magnitude < 0x8000_0000 { return (4, 4) }
    if magnitude < 0x8000_0000_0000 { return (5, 6) }
    return (6, 8)
  }

  @inline(__always)
  private static func putType(_ text: EventRow.Text?, _ at: inout UnsafeMutableRawPointer) {
    guard let text else { return putByte(0, &at) }
    at += Varint.write(UInt64(text.bytes.count) &* 2 &+ (text.isBlob ? 12 : 13), to: at)
  }

  /// Reads a record that `encode` wrote.
  static func decode(_ record: UnsafeRawBufferPointer) -> EventRow {
    let base = record.baseAddress!
    var row = EventRow()
    let headerEnd = Int(base.load(as: UInt8.self))
    var header = 2
    var body = headerEnd
    func type() -> UInt64 { header < headerEnd ? Varint.read(base, &header) : 0 }
    func integer() -> Int64? {
      let type = type()
      switch type {
      case 0: return nil
      case 8, 9: return Int64(type) - 8
      default:
        let size = type == 6 ? 8 : type == 5 ? 6 : Int(type)
        var value: Int64 = 0
        for index in 0..<size {
          let byte = base.load(fromByteOffset: body + index, as: UInt8.self)
          value = index == 0 ? Int64(Int8(bitPattern: byte)) : value << 8 | Int64(byte)
        }
        body += size
        return value
      }
    }
    func text() -> EventRow.Text? {
      let type = type()
      guard type >= 12 else { return nil }
      let count = Int(type - 12) / 2
      defer { body += count }
      return EventRow.Text(
        bytes: UnsafeRawBufferPointer(start: base + body, count: count), isBlob: type % 2 == 0)
    }
    row.time = integer()
    row.device = integer().map { Int32($0) }
    row.severity = integer().map { UInt8($0) }
    row.template = integer().map { Int32($0) }
    row.origin = Int32(integer() ?? 0)
    row.line = integer() ?? 0
    row.byteOffset = integer() ?? 0
    row.byteLength = integer() ?? 0
    row.header = UInt32(truncatingIfNeeded: integer() ?? 0)
    row.variables = text()
    row.fields = text()
    row.message = text()
    row.stamp = text()
    row.sinceBoot = integer()
    row.timeError = integer()
    return row
  }
}

/// What indexes and roll-ups need of an event.
struct EventFacts {
  var time: Int64 = 0
  var hasTime = false
  /// Ordinal in the case; -1 none.
  var device: Int32 = -1
  var template: Int32 = -1
  /// 8 where the event has none.
  var severity = 8
}

extension EventRowCodec {
  /// Replaces a lane's ordinals in a record by the case's, in place, and tells what the record says on the way.
  @inline(__always)
  static func renumber(
    _ record: UnsafeMutableRawPointer, _ devices: [Int32], _ templates: [Int32], origin: (Int32) -> Int32
  ) -> EventFacts {
    let types = UInt64(littleEndian: record.loadUnaligned(as: UInt64.self))
    if types & 0x00ff_ffff_ffff_0000 == usualTypes {
      return renumberUsual(record, devices, templates, origin: origin)
    }
    var facts = EventFacts()
    var at = Int(record.load(as: UInt8.self))
    if record.load(fromByteOffset: 2, as: UInt8.self) == 6 {
      facts.hasTime = true
      facts.time = Int64(bigEndian: record.loadUnaligned(fromByteOffset: at, as: Int64.self))
      at &+= 8
    }
    if record.load(fromByteOffset: 3, as: UInt8.self) == 3 {
      facts.device = devices[Int(ordinal(record + at))]
      (record + at).storeThreeBytes(UInt32(bitPattern: facts.device))
      at &+= 3
    }
    switch record.load(fromByteOffset: 4, as: UInt8.self) {
    case 0: break
    case 8: facts.severity = 0
    case 9: facts.severity = 1
    default:
      facts.severity = Int(record.load(fromByteOffset: at, as: UInt8.self))
      at &+= 1
    }
    if record.load(fromByteOffset: 5, as: UInt8.self) == 3 {
      facts.template = templates[Int(ordinal(record + at))]
      (record + at).storeThreeBytes(UInt32(bitPattern: facts.template))
      at &+= 3
    }
    (record + at).storeThreeBytes(UInt32(bitPattern: origin(ordinal(record + at))))
    return facts
  }

  /// The same for a usual row, whose numbers lie in two words and a half.
  @inline(__always)
  private static func renumberUsual(
    _ record: UnsafeMutableRawPointer, _ devices: [Int32], _ templates: [Int32], origin: (Int32) -> Int32
  ) -> EventFacts {
    let body = record + Int(record.load(as: UInt8.self))
    let codes = UInt64(bigEndian: body.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    let low = UInt16(bigEndian: body.loadUnaligned(fromByteOffset: 16, as: UInt16.self))
    let device = devices[Int(truncatingIfNeeded: codes &>> 40)]
    let template = templates[Int(truncatingIfNeeded: codes &>> 8 & 0xff_ffff)]
    let origin = UInt32(bitPattern: origin(Int32(truncatingIfNeeded: codes & 0xff) &<< 16 | Int32(low)))
    let changed =
      UInt64(UInt32(bitPattern: device)) &<< 40 | codes & 0xff_0000_0000
      | UInt64(UInt32(bitPattern: template) & 0xff_ffff) &<< 8 | UInt64(origin &>> 16 & 0xff)
    body.storeBytes(of: changed.bigEndian, toByteOffset: 8, as: UInt64.self)
    body.storeBytes(of: UInt16(truncatingIfNeeded: origin).bigEndian, toByteOffset: 16, as: UInt16.self)
    return EventFacts(
      time: Int64(bigEndian: body.loadUnaligned(as: Int64.self)), hasTime: true, device: device,
      template: template, severity: Int(truncatingIfNeeded: codes &>> 32 & 0xff))
  }

  @inline(__always) private static func ordinal(_ pointer: UnsafeMutableRawPointer) -> Int32 {
    let high = UInt16(bigEndian: pointer.loadUnaligned(as: UInt16.self))
    return Int32(high) << 8 | Int32(pointer.load(fromByteOffset: 2, as: UInt8.self))
  }
}
