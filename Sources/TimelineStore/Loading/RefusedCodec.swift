internal import IncidentModel

/// Refused lines in the spool: three numbers, the reason's length, the reason, the excerpt.
enum RefusedCodec {
  struct Refused {
    var line: UInt64
    var byteOffset: UInt64
    var byteLength: UInt64
    var reason: String
    var excerpt: [UInt8]
  }

  static func encode(_ refused: RefusedLine, excerpt: UnsafeRawBufferPointer, into buffer: inout ByteBuffer) {
    var reason = refused.reason
    reason.withUTF8 { reason in
      buffer.reserve(40 + reason.count)
      buffer.putBigEndian(refused.line, bytes: 8)
      buffer.putBigEndian(refused.byteOffset, bytes: 8)
      buffer.putBigEndian(refused.byteLength, bytes: 8)
      buffer.putBigEndian(UInt64(reason.count), bytes: 8)
      buffer.append(UnsafeRawBufferPointer(reason))
    }
    buffer.append(excerpt)
  }

  static func decode(_ bytes: UnsafeRawBufferPointer) -> Refused {
    func number(_ index: Int) -> UInt64 {
      UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self))
    }
    let excerpt = 32 + Int(number(3))
    return Refused(
      line: number(0), byteOffset: number(1), byteLength: number(2),
      reason: String(decoding: bytes[32..<excerpt], as: UTF8.self), excerpt: Array(bytes[excerpt...]))
  }
}
