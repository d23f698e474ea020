/// An event as the indexes need it, in 16 bytes.
struct IndexEntry {
  /// Nanoseconds; 0 where there is no time.
  var time: Int64
  /// Row id, device, severity of an error, and two flags.
  var rest: UInt64

  private static let idBits: UInt64 = 36
  private static let deviceBits: UInt64 = 24

  /// Row ids must be smaller.
  static let maximumID: Int64 = 1 << 36
  /// Severities from 0 that are errors or worse.
  static let errorSeverities = 4

  /// - Parameter severity: 0 to 7, 8 for none.
  @inline(__always) init(id: Int64, time: Int64?, device: Int32, severity: Int) {
    self.time = time ?? 0
    rest =
      UInt64(bitPattern: id) | UInt64(device &+ 1) << Self.idBits
      | (time == nil ? 1 << 62 : 0)
      | (severity < Self.errorSeverities ? 1 << 63 | UInt64(truncatingIfNeeded: severity) << 60 : 0)
  }

  @inline(__always) var id: UInt64 { rest & (1 << Self.idBits - 1) }
  /// 0 is none, else the ordinal plus one.
  @inline(__always) var deviceCode: Int {
    Int(truncatingIfNeeded: rest >> Self.idBits & (1 << Self.deviceBits - 1))
  }
  @inline(__always) var hasTime: Bool { rest & 1 << 62 == 0 }
  @inline(__always) var isError: Bool { rest & 1 << 63 != 0 }
  /// The severity of an error.
  @inline(__always) var errorSeverity: Int { Int(truncatingIfNeeded: rest >> 60 & 3) }

  /// What entries of an index are in order of.
  enum Order { case time, device }

  /// Bytes of a usual entry's cell: with time and, by device, with one; 0 for others.
  @inline(__always) func usualSize(_ order: Order) -> Int {
    guard hasTime, order == .time || deviceCode > 0 else { return 0 }
    return (order == .time ? 12 : 16) &+ idSize.bytes
  }

  /// Writes a usual entry's cell in three stores, which may lie over each other but not beyond the cell.
  @inline(__always) func putUsual(_ order: Order, size: Int, to cell: UnsafeMutableRawPointer) {
    let bytes = UInt64(truncatingIfNeeded: size &- (order == .time ? 12 : 16))
    let type = bytes == 6 ? 5 : bytes
    let payload = UInt64(truncatingIfNeeded: size &- 1)
    // Sizes of payload and header, the types, and what has a fixed size.
    if order == .time {
      let head = UInt32(truncatingIfNeeded: payload &<< 24 | 0x03_06_00 | type)
      cell.storeBytes(of: head.bigEndian, as: UInt32.self)
      cell.storeBytes(of: time.bigEndian, toByteOffset: 4, as: Int64.self)
    } else {
      let device = UInt64(truncatingIfNeeded: deviceCode &- 1)
      let head = payload &<< 56 | 0x04_03_06 &<< 32 | type &<< 24 | device
      cell.storeBytes(of: head.bigEndian, as: UInt64.self)
      cell.storeBytes(of: time.bigEndian, toByteOffset: 8, as: Int64.self)
    }
    // The row id, with the time's last bytes before it.
    let last = UInt64(bitPattern: time) &<< (8 &* bytes) | id
    cell.storeBytes(of: last.bigEndian, toByteOffset: size &- 8, as: UInt64.self)
  }

  /// Bytes of a row id, and SQLite's serial type for it.
  @inline(__always) private var idSize: (bytes: Int, type: UInt8) {
    let id = id
    if id < 0x80 { return (1, 1) }
    if id < 0x8000 { return (2, 2) }
    if id < 0x80_0000 { return (3, 3) }
    if id < 0x8000_0000 { return (4, 4) }
    return (6, 5)
  }

  /// Writes the row id, and nothing behind it: there the cell before lies.
  @inline(__always) private func putID(_ bytes: Int, _ pointer: UnsafeMutableRawPointer) {
    let id = id
    switch bytes {
    case 3: pointer.storeThreeBytes(UInt32(truncatingIfNeeded: id))
    case 4: pointer.storeBytes(of: UInt32(truncatingIfNeeded: id).bigEndian, as: UInt32.self)
    default:
      for at in 0..<bytes {
        let shift = UInt64(truncatingIfNeeded: 8 &* (bytes &- 1 &- at))
        pointer.storeBytes(of: UInt8(truncatingIfNeeded: id &>> shift), toByteOffset: at, as: UInt8.self)
      }
    }
  }

  /// Adds the entry of the index on (time).
  @inline(__always) func append(byTime tree: IndexTreeWriter) throws(StoreError) {
    let (bytes, type) = idSize
    let payload = 3 &+ (hasTime ? 8 : 0) &+ bytes
    try tree.append(size: payload &+ 1) { cell in
      // Sizes of payload and header, types of time and row id.
      let head = UInt32(payload) << 24 | 3 << 16 | (hasTime ? 6 << 8 : 0) | UInt32(type)
      cell.storeBytes(of: head.bigEndian, as: UInt32.self)
      if hasTime { (cell + 4).storeBytes(of: time.bigEndian, as: Int64.self) }
      putID(bytes, cell + (hasTime ? 12 : 4))
    }
  }

  /// Adds the entry of an index on (device, time).
  @inline(__always) func append(byDevice tree: IndexTreeWriter) throws(StoreError) {
    let (bytes, type) = idSize
    let code = deviceCode
    let payload = 4 &+ (code > 0 ? 3 : 0) &+ (hasTime ? 8 : 0) &+ bytes
    try tree.append(size: payload &+ 1) { cell in
      cell.storeBytes(of: UInt8(truncatingIfNeeded: payload), as: UInt8.self)
      let head = 4 << 24 | (code > 0 ? 3 << 16 : 0) | (hasTime ? 6 << 8 : 0) | UInt32(type)
      (cell + 1).storeBytes(of: head.bigEndian, as: UInt32.self)
      var at = 5
      if code > 0 {
        (cell + at).storeThreeBytes(UInt32(truncatingIfNeeded: code &- 1))
        at &+= 3
      }
      if hasTime {
        (cell + at).storeBytes(of: time.bigEndian, as: Int64.self)
        at &+= 8
      }
      putID(bytes, cell + at)
    }
  }

  /// Adds the entry of the index on (severity, time) of the errors.
  @inline(__always) func append(bySeverity tree: IndexTreeWriter) throws(StoreError) {
    let (bytes, type) = idSize
    let severity = UInt8(truncatingIfNeeded: errorSeverity)
    // SQLite has serial types without content for 0 and 1.
    let number: (bytes: Int, type: UInt32) = severity < 2 ? (0, 8 + UInt32(severity)) : (1, 1)
    let payload = 4 &+ number.bytes &+ (hasTime ? 8 : 0) &+ bytes
    try tree.append(size: payload &+ 1) { cell in
      cell.storeBytes(of: UInt8(truncatingIfNeeded: payload), as: UInt8.self)
      let head = 4 << 24 | number.type << 16 | (hasTime ? 6 << 8 : 0) | UInt32(type)
      (cell + 1).storeBytes(of: head.bigEndian, as: UInt32.self)
      if number.bytes > 0 { (cell + 5).storeBytes(of: severity, as: UInt8.self) }
      var at = 5 &+ number.bytes
      if hasTime {
        (cell + at).storeBytes(of: time.bigEndian, as: Int64.self)
        at &+= 8
      }
      putID(bytes, cell + at)
    }
  }
}
