/// Small questions about raw bytes.
enum Bytes {
  /// True when there is nothing but white space and NUL.
  @inline(__always) static func isBlank(_ bytes: UnsafeRawBufferPointer) -> Bool {
    for byte in bytes where byte != 0x20 && byte != 0x09 && byte != 0x0D && byte != 0 { return false }
    return true
  }
}
