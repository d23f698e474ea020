/// Columns of a block of rows while they are gathered: bytes by key.
struct ColumnWriter {
  private(set) var columns: [UInt64: [UInt8]] = [:]

  /// Adds a number in seven bits a byte, lowest first.
  mutating func put(_ value: UInt64, _ key: UInt64) {
    var rest = value
    var bytes: [UInt8] = []
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
    columns[key, default: []].append(contentsOf: bytes)
  }

  /// Adds a signed number, small ones of either sign as small ones.
  mutating func put(signed value: Int64, _ key: UInt64) {
    put(UInt64(bitPattern: value << 1 ^ value >> 63), key)
  }

  mutating func put(_ bytes: some Collection<UInt8>, end: UInt8? = nil, _ key: UInt64) {
    columns[key, default: []].append(contentsOf: bytes)
    if let end { columns[key, default: []].append(end) }
  }

  /// All columns behind one another, each behind its key and length, in order of the keys.
  func joined() -> [UInt8] {
    var head = ColumnWriter()
    head.put(UInt64(columns.count), 0)
    let keys = columns.keys.sorted()
    for key in keys {
      head.put(key, 0)
      head.put(UInt64(columns[key]!.count), 0)
    }
    var result = head.columns[0]!
    for key in keys { result += columns[key]! }
    return result
  }
}

/// Columns of a block of rows while they are read. What a damaged or hostile file says is an error, never a trap.
struct ColumnReader {
  /// The columns do not hold what was asked for.
  struct Fault: Error {}

  private let bytes: [UInt8]
  private var places: [UInt64: Range<Int>] = [:]

  init(_ bytes: [UInt8]) throws(Fault) {
    self.bytes = bytes
    var at = 0..<bytes.count
    let count = try Self.number(bytes, &at)
    var heads: [(key: UInt64, count: Int)] = []
    for _ in 0..<min(count, UInt64(bytes.count)) {
      let key = try Self.number(bytes, &at)
      heads.append((key, Int(clamping: try Self.number(bytes, &at))))
    }
    for head in heads {
      guard head.count <= at.count else { throw Fault() }
      places[head.key] = at.lowerBound..<at.lowerBound + head.count
      at = at.lowerBound + head.count..<at.upperBound
    }
  }

  private static func number(_ bytes: [UInt8], _ at: inout Range<Int>) throws(Fault) -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while let index = at.first, shift < 64 {
      at = index + 1..<at.upperBound
      value |= UInt64(bytes[index] & 0x7f) << shift
      if bytes[index] < 0x80 { return value }
      shift += 7
    }
    throw Fault()
  }

  mutating func number(_ key: UInt64) throws(Fault) -> UInt64 {
    guard var place = places[key] else { throw Fault() }
    let value = try Self.number(bytes, &place)
    places[key] = place
    return value
  }

  mutating func signed(_ key: UInt64) throws(Fault) -> Int64 {
    let value = try number(key)
    return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
  }

  /// The next bytes of a column.
  mutating func bytes(_ count: Int, _ key: UInt64) throws(Fault) -> ArraySlice<UInt8> {
    if count == 0 { return [] }
    guard let place = places[key], count > 0, count <= place.count else { throw Fault() }
    places[key] = place.lowerBound + count..<place.upperBound
    return bytes[place.lowerBound..<place.lowerBound + count]
  }

  /// The bytes up to the next `end`, which is left out.
  mutating func bytes(until end: UInt8, _ key: UInt64) throws(Fault) -> ArraySlice<UInt8> {
    guard let place = places[key], let stop = bytes[place].firstIndex(of: end) else { throw Fault() }
    places[key] = stop + 1..<place.upperBound
    return bytes[place.lowerBound..<stop]
  }
}
