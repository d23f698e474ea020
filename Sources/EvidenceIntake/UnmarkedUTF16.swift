/// Text in UTF-16 without a byte-order mark, as some Windows services and loggers write it, and as it begins where a part of a file was saved.
enum UnmarkedUTF16 {
  /// The kind of bytes that can be nothing else; nil for others. 512 bytes are enough.
  static func kind(_ head: UnsafeRawBufferPointer) -> ContentKind? {
    let bytes = UnsafeRawBufferPointer(rebasing: head.prefix(512))
    // In UTF-8 and in any older encoding text has no NULs; in UTF-16 every digit, blank and line end has one.
    guard bytes.count >= 16, bytes.contains(0) else { return nil }
    if isText(bytes, isBigEndian: false) { return .utf16LittleEndian }
    return isText(bytes, isBigEndian: true) ? .utf16BigEndian : nil
  }

  /// True where no unit is a control character, a surrogate alone or no character, a quarter of them and more are ASCII, as stamps and signs are in
  /// whatever language, and a line ends where the bytes are many.
  private static func isText(_ bytes: UnsafeRawBufferPointer, isBigEndian: Bool) -> Bool {
    var ascii = 0
    var units = 0
    var hasLineEnd = bytes.count < 512
    var awaitsLow = false
    for at in stride(from: 0, to: bytes.count - 1, by: 2) {
      let unit = UInt16(bytes[isBigEndian ? at : at + 1]) << 8 | UInt16(bytes[isBigEndian ? at + 1 : at])
      units += 1
      let isLow = unit & 0xFC00 == 0xDC00
      guard isLow == awaitsLow else { return false }
      awaitsLow = unit & 0xFC00 == 0xD800
      switch unit {
      case 0x0A, 0x0D:
        hasLineEnd = true
        ascii += 1
      case 0x09, 0x20...0x7E: ascii += 1
      case 0x1B: continue
      case ..<0x20, 0x7F...0x9F, 0xFFFE, 0xFFFF: return false
      default: continue
      }
    }
    return hasLineEnd && ascii * 4 >= units
  }
}
