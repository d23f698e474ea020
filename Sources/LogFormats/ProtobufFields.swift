/// The fields of a protobuf message, one after the other.
struct ProtobufFields {
  /// How a field is written.
  enum Kind { case varint, fixed64, bytes, fixed32 }
  /// One field.
  struct Field {
    var number: Int
    var kind: Kind
    var value: UInt64 = 0
    var bytes = UnsafeRawBufferPointer(start: nil, count: 0)
  }

  private let bytes: UnsafeRawBufferPointer
  private var offset = 0
  private(set) var isWhole = true

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  /// The next field; nil at the end or where the bytes are damaged (`isWhole` is false then).
  mutating func next() -> Field? {
    guard offset < bytes.count, isWhole else { return nil }
    guard let key = varint(), key >> 3 > 0, key >> 3 < 1 << 20 else { return fail() }
    var field = Field(number: Int(key >> 3), kind: .varint)
    switch key & 7 {
    case 0:
      guard let value = varint() else { return fail() }
      field.value = value
    case 1:
      guard bytes.count - offset >= 8 else { return fail() }
      field.kind = .fixed64
      field.value = Bytes.word(bytes, offset)
      offset += 8
    case 2:
      guard let count = varint(), count <= UInt64(bytes.count - offset) else { return fail() }
      field.kind = .bytes
      field.bytes = Bytes.part(bytes, offset, offset + Int(count))
      offset += Int(count)
    case 5:
      guard bytes.count - offset >= 4 else { return fail() }
      field.kind = .fixed32
      field.value = UInt64(Bytes.word32(bytes, offset))
      offset += 4
    default: return fail()
    }
    return field
  }

  private mutating func fail() -> Field? {
    isWhole = false
    return nil
  }

  private mutating func varint() -> UInt64? {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while offset < bytes.count, shift < 64 {
      let byte = bytes[offset]
      offset += 1
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
      shift += 7
    }
    return nil
  }
}
