extension UnsafeMutableRawPointer {
  /// Copies bytes sixteen at a time, at least once: up to `blockOverrun` bytes behind them are read and written, too, for which there must be room.
  @inlinable @inline(__always)
  public func copyBlocks(from source: UnsafeRawPointer, count: Int) {
    var offset = 0
    repeat {
      storeBytes(
        of: source.loadUnaligned(fromByteOffset: offset, as: SIMD16<UInt8>.self), toByteOffset: offset,
        as: SIMD16<UInt8>.self)
      offset &+= 16
    } while offset < count
  }

  /// Bytes behind its last that `copyBlocks` may touch.
  @inlinable @inline(__always) public static var blockOverrun: Int { 16 }

  /// Copies bytes that do not overlap, a few of them as a rule: in words, the last of which may lie over the one before,
  /// where a call of `memcpy` costs more than the copy. Neither reads nor writes beyond the `count` bytes.
  @inlinable @inline(__always)
  public func copyShort(from source: UnsafeRawPointer, count: Int) {
    if count >= 8 {
      guard count <= 64 else { return copyMemory(from: source, byteCount: count) }
      let last = count &- 8
      let tail = source.loadUnaligned(fromByteOffset: last, as: UInt64.self)
      var offset = 0
      while offset < last {
        storeBytes(
          of: source.loadUnaligned(fromByteOffset: offset, as: UInt64.self), toByteOffset: offset,
          as: UInt64.self)
        offset &+= 8
      }
      storeBytes(of: tail, toByteOffset: last, as: UInt64.self)
    } else if count >= 4 {
      let tail = source.loadUnaligned(fromByteOffset: count &- 4, as: UInt32.self)
      storeBytes(of: source.loadUnaligned(as: UInt32.self), as: UInt32.self)
      storeBytes(of: tail, toByteOffset: count &- 4, as: UInt32.self)
    } else {
      var offset = 0
      while offset < count {
        storeBytes(
          of: source.load(fromByteOffset: offset, as: UInt8.self), toByteOffset: offset, as: UInt8.self)
        offset &+= 1
      }
    }
  }
}
