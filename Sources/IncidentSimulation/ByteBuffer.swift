/// A growing row of bytes to write text into without `String`.
struct ByteBuffer: ~Copyable {
  private var base: UnsafeMutablePointer<UInt8>
  private var capacity: Int
  private(set) var count = 0

  init(capacity: Int = 1 << 17) {
    self.capacity = max(64, capacity)
    base = .allocate(capacity: self.capacity)
  }

  deinit { base.deallocate() }

  @inline(__always) private mutating func reserve(_ extra: Int) {
    if count &+ extra > capacity { grow(extra) }
  }

  @inline(never) private mutating func grow(_ extra: Int) {
    let larger = max(capacity * 2, count + extra)
    let moved = UnsafeMutablePointer<UInt8>.allocate(capacity: larger)
    moved.update(from: base, count: count)
    base.deallocate()
    base = moved
    capacity = larger
  }

  /// The bytes so far.
  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

  /// The bytes as text.
  var text: String { String(decoding: bytes, as: UTF8.self) }

  mutating func removeAll() { count = 0 }

  @inline(__always) mutating func put(_ text: StaticString) {
    let length = text.utf8CodeUnitCount
    reserve(length)
    base.advanced(by: count).update(from: text.utf8Start, count: length)
    count &+= length
  }

  @inline(__always) mutating func put(byte: UInt8) {
    reserve(1)
    base[count] = byte
    count &+= 1
  }

  mutating func put(text: String) {
    var text = text
    text.withUTF8 { put(bytes: UnsafeRawBufferPointer($0)) }
  }

  mutating func put(bytes: UnsafeRawBufferPointer) {
    guard let start = bytes.baseAddress, bytes.count > 0 else { return }
    reserve(bytes.count)
    UnsafeMutableRawPointer(base.advanced(by: count)).copyMemory(from: start, byteCount: bytes.count)
    count &+= bytes.count
  }

  /// Decimal digits, with a minus sign where needed.
  @inline(__always) mutating func putDecimal(_ value: Int) {
    var rest = value.magnitude
    if value < 0 { put(byte: UInt8(ascii: "-")) }
    var digits = 1
    var bound: UInt = 10
    while rest >= bound, digits < 19 {
      digits &+= 1
      bound = bound &* 10
    }
    reserve(digits)
    var at = count &+ digits
    count = at
    repeat {
      at &-= 1
      let (quotient, remainder) = rest.quotientAndRemainder(dividingBy: 10)
      base[at] = 48 &+ UInt8(truncatingIfNeeded: remainder)
      rest = quotient
      digits &-= 1
    } while digits > 0
  }

  /// Exactly `width` decimal digits of a value that is not negative.
  @inline(__always) mutating func putPadded(_ value: Int, _ width: Int) {
    reserve(width)
    var rest = UInt(bitPattern: value)
    var at = count &+ width
    count = at
    for _ in 0..<width {
      at &-= 1
      let (quotient, remainder) = rest.quotientAndRemainder(dividingBy: 10)
      base[at] = 48 &+ UInt8(truncatingIfNeeded: remainder)
      rest = quotient
    }
  }

  /// Exactly `digits` lower-case hex digits.
  @inline(__always) mutating func putHex(_ value: UInt64, digits: Int) {
    reserve(digits)
    for index in 0..<digits {
      let nibble = UInt8(truncatingIfNeeded: (value &>> UInt64(4 &* (digits &- 1 &- index))) & 15)
      base[count &+ index] = nibble < 10 ? 48 &+ nibble : 87 &+ nibble
    }
    count &+= digits
  }

  /// Tenths as a decimal fraction: 215 is `21.5`.
  mutating func putTenths(_ value: Int) {
    if value < 0 { put(byte: UInt8(ascii: "-")) }
    putDecimal(Int(value.magnitude) / 10)
    put(byte: UInt8(ascii: "."))
    put(byte: 48 + UInt8(value.magnitude % 10))
  }
}
