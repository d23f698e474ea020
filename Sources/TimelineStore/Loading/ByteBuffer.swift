internal import Glibc

/// Bytes that grow at the end, without bounds checks or zeroing: the working memory of the bulk path.
struct ByteBuffer: ~Copyable {
  private(set) var base: UnsafeMutableRawPointer
  private(set) var capacity: Int
  /// Number of bytes in use.
  var count = 0

  private let alignment: Int
  private let isForDisk: Bool

  /// - Parameters:
  ///   - alignment: Of the first byte.
  ///   - isForDisk: True where all of it is going to be used and written to a disk: see `BlockMemory`.
  init(capacity: Int, alignment: Int = 16, isForDisk: Bool = false) {
    self.capacity = max(capacity, 64)
    self.alignment = alignment
    self.isForDisk = isForDisk
    base = Self.allocate(self.capacity, alignment, isForDisk)
  }

  private static func allocate(_ bytes: Int, _ alignment: Int, _ isForDisk: Bool) -> UnsafeMutableRawPointer {
    isForDisk ? BlockMemory.allocate(bytes) : .allocate(byteCount: bytes, alignment: alignment)
  }

  private static func release(_ base: UnsafeMutableRawPointer, _ bytes: Int, _ isForDisk: Bool) {
    if isForDisk { BlockMemory.release(base, bytes) } else { base.deallocate() }
  }

  deinit { Self.release(base, capacity, isForDisk) }

  /// The bytes in use.
  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

  /// Makes room for some more bytes.
  @inline(__always) mutating func reserve(_ more: Int) {
    if count &+ more > capacity { grow(more) }
  }

  @inline(never) private mutating func grow(_ more: Int) {
    let larger = max(capacity * 2, count + more)
    let copy = Self.allocate(larger, alignment, isForDisk)
    memcpy(copy, base, count)
    Self.release(base, capacity, isForDisk)
    base = copy
    capacity = larger
  }

  @inline(__always) mutating func append(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count > 0 else { return }
    reserve(bytes.count)
    memcpy(base + count, bytes.baseAddress!, bytes.count)
    count &+= bytes.count
  }

  /// Appends one byte. Room must have been reserved.
  @inline(__always) mutating func put(_ byte: UInt8) {
    base.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
    count &+= 1
  }

  /// Appends the low `bytes` bytes of a value, most significant first, as SQLite keeps integers. Needs 8 bytes of room.
  @inline(__always) mutating func putBigEndian(_ value: UInt64, bytes: Int) {
    base.storeBytes(of: (value << UInt64(64 &- 8 &* bytes)).bigEndian, toByteOffset: count, as: UInt64.self)
    count &+= bytes
  }
}

extension UnsafeMutableRawPointer {
  /// Stores the low three bytes of a number, the highest first, and nothing behind them.
  @inline(__always) func storeThreeBytes(_ value: UInt32) {
    storeBytes(of: UInt16(truncatingIfNeeded: value &>> 8).bigEndian, as: UInt16.self)
    storeBytes(of: UInt8(truncatingIfNeeded: value), toByteOffset: 2, as: UInt8.self)
  }
}

/// SQLite's variable-length integers: 7 bits a byte, most significant first, the ninth byte whole.
enum Varint {
  /// Number of bytes of a value.
  @inline(__always) static func size(_ value: UInt64) -> Int {
    if value < 0x80 { return 1 }
    if value < 0x4000 { return 2 }
    if value >= 1 << 56 { return 9 }
    return (70 - value.leadingZeroBitCount) / 7
  }

  /// Writes a value and returns the number of bytes.
  @inline(__always) @discardableResult
  static func write(_ value: UInt64, to pointer: UnsafeMutableRawPointer) -> Int {
    if value < 0x80 {
      pointer.storeBytes(of: UInt8(truncatingIfNeeded: value), as: UInt8.self)
      return 1
    }
    if value < 0x4000 {
      // Lengths of records and of most texts.
      let low = UInt16(truncatingIfNeeded: value & 0x7f)
      let high = UInt16(truncatingIfNeeded: value &>> 7 | 0x80)
      pointer.storeBytes(of: (high | low &<< 8).littleEndian, as: UInt16.self)
      return 2
    }
    return writeLong(value, to: pointer)
  }

  @inline(never) private static func writeLong(_ value: UInt64, to pointer: UnsafeMutableRawPointer) -> Int {
    let size = size(value)
    var rest = value
    var index = size &- 1
    if size == 9 {
      pointer.storeBytes(of: UInt8(truncatingIfNeeded: rest), toByteOffset: 8, as: UInt8.self)
      rest >>= 8
      index = 7
    } else {
      pointer.storeBytes(of: UInt8(truncatingIfNeeded: rest & 0x7f), toByteOffset: index, as: UInt8.self)
      rest >>= 7
      index &-= 1
    }
    while index >= 0 {
      pointer.storeBytes(of: UInt8(truncatingIfNeeded: rest) | 0x80, toByteOffset: index, as: UInt8.self)
      rest >>= 7
      index &-= 1
    }
    return size
  }

  /// Reads a value and moves the offset behind it.
  @inline(__always) static func read(_ pointer: UnsafeRawPointer, _ offset: inout Int) -> UInt64 {
    var value: UInt64 = 0
    for _ in 0..<8 {
      let byte = pointer.load(fromByteOffset: offset, as: UInt8.self)
      offset &+= 1
      value = value << 7 | UInt64(byte & 0x7f)
      if byte < 0x80 { return value }
    }
    value = value << 8 | UInt64(pointer.load(fromByteOffset: offset, as: UInt8.self))
    offset &+= 1
    return value
  }
}
