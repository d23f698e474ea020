/// The header of a gzip member (RFC 1952, 2.3).
struct GzipHeader {
  /// Modification time of the original in seconds since the epoch; 0 when unknown.
  var modified: UInt32

  /// True when ten bytes could begin a member: magic, deflate, no reserved flags, and values for the extra flags and
  /// the operating system that some program writes. By chance once in 200 GB of compressed data.
  static func isPlausible(_ bytes: UnsafeRawBufferPointer) -> Bool {
    bytes.count >= 10 && bytes[0] == 0x1F && bytes[1] == 0x8B && bytes[2] == 8 && bytes[3] & 0xE0 == 0
      && (bytes[8] == 0 || bytes[8] == 2 || bytes[8] == 4) && (bytes[9] <= 13 || bytes[9] == 255)
  }

  /// Reads a header. Nil when the input ends inside it or it is none.
  init?(_ input: inout CompressedBuffer) throws(IntakeError) {
    var fixed: [UInt8] = []
    for _ in 0..<10 {
      guard let byte = try input.next() else { return nil }
      fixed.append(byte)
    }
    guard fixed[0] == 0x1F, fixed[1] == 0x8B, fixed[2] == 8, fixed[3] & 0xE0 == 0 else { return nil }
    modified = UInt32(fixed[4]) | UInt32(fixed[5]) << 8 | UInt32(fixed[6]) << 16 | UInt32(fixed[7]) << 24
    let flags = fixed[3]
    if flags & 4 != 0 {
      guard let low = try input.next(), let high = try input.next() else { return nil }
      for _ in 0..<(Int(low) | Int(high) << 8) where try input.next() == nil { return nil }
    }
    for flag: UInt8 in [8, 16] where flags & flag != 0 {
      // Name and comment have no length: a hostile one ends at 64 KiB.
      var left = 65_536
      while let byte = try input.next(), byte != 0 {
        left -= 1
        if left == 0 { return nil }
      }
    }
    if flags & 2 != 0 {
      guard try input.next() != nil, try input.next() != nil else { return nil }
    }
  }
}
