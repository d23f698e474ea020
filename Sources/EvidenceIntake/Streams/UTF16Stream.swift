internal import Glibc
import IncidentModel

/// Text in UTF-16 (RFC 2781) as UTF-8, as Windows tools write it, told by its byte-order mark, which is handed on.
///
/// A surrogate without its other half becomes the three bytes that its number has in UTF-8's scheme, which is not UTF-8:
/// nothing is lost, and it is shown escaped.
final class UTF16Stream: Decompressor {
  private(set) var damage: [Damage] = []
  let modified: UInt32 = 0

  private let upstream: any ByteStream
  private let isBigEndian: Bool
  private let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
  /// Bytes at hand: `begin..<end` of the room.
  private var begin = 0
  private var end = 0
  private var consumed: UInt64 = 0
  private var isDone = false

  /// - Parameter isBigEndian: As the byte-order mark said.
  init(_ upstream: any ByteStream, isBigEndian: Bool) {
    self.upstream = upstream
    self.isBigEndian = isBigEndian
  }

  deinit { room.deallocate() }

  func read(into target: UnsafeMutableRawBufferPointer) throws(IntakeError) -> Stretch {
    while !isDone {
      let made = convert(into: target)
      if made > 0 { return Stretch(count: made) }
      if begin > 0 {
        memmove(room.baseAddress!, room.baseAddress! + begin, end - begin)
        end -= begin
        begin = 0
      }
      let stretch = try upstream.read(into: UnsafeMutableRawBufferPointer(rebasing: room[end...]))
      end += stretch.count
      if stretch.isLast || stretch.end != .none { return finish(stretch.end, into: target) }
    }
    return Stretch(count: 0)
  }

  /// The end of the input: a half of a pair, and half a unit.
  private func finish(_ how: StretchEnd, into target: UnsafeMutableRawBufferPointer) -> Stretch {
    isDone = true
    var made = convert(into: target)
    while end - begin >= 2, made + 3 <= target.count {
      // What is left did not make a pair.
      made += put(UInt32(unit(begin)), target.baseAddress! + made)
      begin += 2
    }
    if end > begin {
      damage.append(
        Damage(
          kind: "utf16-odd", offset: consumed + UInt64(end - begin - 1), length: 1, inContainer: true,
          note: "text in UTF-16 ends with half a character"))
    }
    return Stretch(count: made, end: how)
  }

  private func unit(_ at: Int) -> UInt16 {
    let unit = room.loadUnaligned(fromByteOffset: at, as: UInt16.self)
    return isBigEndian ? UInt16(bigEndian: unit) : UInt16(littleEndian: unit)
  }

  /// Converts what is at hand and whole. Returns the bytes made.
  private func convert(into target: UnsafeMutableRawBufferPointer) -> Int {
    guard let base = target.baseAddress else { return 0 }
    var made = 0
    let start = begin
    while end - begin >= 2, made + 4 <= target.count {
      let first = unit(begin)
      var scalar = UInt32(first)
      var size = 2
      if first & 0xFC00 == 0xD800 {
        guard end - begin >= 4 else { break }
        let second = unit(begin + 2)
        if second & 0xFC00 == 0xDC00 {
          scalar = 0x1_0000 + (UInt32(first & 0x3FF) << 10 | UInt32(second & 0x3FF))
          size = 4
        }
      }
      made += put(scalar, base + made)
      begin += size
    }
    consumed += UInt64(begin - start)
    return made
  }

  /// Writes a number by the scheme of UTF-8. Returns the bytes written, 1 to 4.
  private func put(_ scalar: UInt32, _ target: UnsafeMutableRawPointer) -> Int {
    func store(_ byte: UInt32, _ at: Int) {
      target.storeBytes(of: UInt8(truncatingIfNeeded: byte), toByteOffset: at, as: UInt8.self)
    }
    let tail = { (shift: UInt32) in 0x80 | scalar >> shift & 0x3F }
    switch scalar {
    case ..<0x80:
      store(scalar, 0)
      return 1
    case ..<0x800:
      store(0xC0 | scalar >> 6, 0)
      store(tail(0), 1)
      return 2
    case ..<0x1_0000:
      store(0xE0 | scalar >> 12, 0)
      store(tail(6), 1)
      store(tail(0), 2)
      return 3
    default:
      store(0xF0 | scalar >> 18, 0)
      store(tail(12), 1)
      store(tail(6), 2)
      store(tail(0), 3)
      return 4
    }
  }
}
