import CZlib
import IncidentModel

/// A stream that takes off a compression and says what is wrong with it.
protocol Decompressor: ByteStream {
  /// What was lost or cannot be trusted. Offsets count compressed bytes.
  var damage: [Damage] { get }
  /// Modification time of the content in seconds since the epoch; 0 where the compression does not tell.
  var modified: UInt32 { get }
}

extension GzipStream: Decompressor {}

extension ContentKind {
  /// A stream that takes off what this process takes off itself: gzip, zlib, UTF-16; nil for other kinds, for which `stream` is
  /// not made: it may hold a copy of what was read already.
  func layer(over stream: @autoclosure () -> any ByteStream, limits: IntakeLimits) -> (any Decompressor)? {
    switch self {
    case .gzip: GzipStream(stream(), limits: limits)
    case .zlib: ZlibStream(stream())
    case .utf16LittleEndian: UTF16Stream(stream(), isBigEndian: false)
    case .utf16BigEndian: UTF16Stream(stream(), isBigEndian: true)
    default: nil
    }
  }
}

/// The content of a zlib stream (RFC 1950), as some devices store logs: one deflate stream, its checksum behind.
final class ZlibStream: Decompressor {
  private(set) var damage: [Damage] = []
  let modified: UInt32 = 0

  private var input: CompressedBuffer
  private let inflater: Inflater
  private var checksum: UInt = 1
  private var hasBegun = false
  private var isDone = false

  init(_ upstream: any ByteStream, backend: Inflater.Backend = .isal) {
    input = CompressedBuffer(upstream)
    inflater = Inflater(backend)
  }

  /// True when two bytes can begin such a stream: deflate, a check sum, no dictionary. `x^`, which text may begin
  /// with, is left to text.
  static func isPlausible(_ head: UnsafeRawBufferPointer) -> Bool {
    head.count > 2 && head[0] == 0x78 && (head[1] == 0x01 || head[1] == 0x9C || head[1] == 0xDA)
  }

  func read(into target: UnsafeMutableRawBufferPointer) throws(IntakeError) -> Stretch {
    if isDone { return Stretch(count: 0) }
    if !hasBegun {
      hasBegun = true
      for _ in 0..<2 { _ = try input.next() }
    }
    while true {
      let isExhausted = try !input.hasInput()
      let step = inflater.inflate(input.bytes(), into: target)
      input.position += step.consumed
      let start = target.baseAddress?.assumingMemoryBound(to: UInt8.self)
      checksum = adler32_z(checksum, start, step.produced)
      if step.isBroken {
        return end("zlib-corrupt", "zlib data is broken near byte \(input.offset)", step.produced, .corrupt)
      }
      if step.isFinished {
        input.position -= step.unused
        try finish()
        return Stretch(count: step.produced)
      }
      if isExhausted, step.produced == 0 {
        return end("zlib-truncated", "zlib data ends early at byte \(input.offset)", 0, .cut)
      }
      if step.produced > 0 { return Stretch(count: step.produced) }
    }
  }

  private func end(_ kind: String, _ note: String, _ count: Int, _ end: StretchEnd) -> Stretch {
    isDone = true
    damage.append(Damage(kind: kind, offset: input.offset, length: nil, inContainer: true, note: note))
    return Stretch(count: count, end: end)
  }

  /// Compares the checksum (Adler-32, big endian) and looks for what should not follow.
  private func finish() throws(IntakeError) {
    isDone = true
    var stored: UInt = 0
    for _ in 0..<4 {
      guard let byte = try input.next() else {
        _ = end(
          "zlib-truncated", "zlib data ends early at byte \(input.offset): the checksum is missing", 0, .none)
        return
      }
      stored = stored << 8 | UInt(byte)
    }
    if stored != checksum {
      _ = end("zlib-checksum", "the checksum is wrong: the content is kept but not to be trusted", 0, .none)
    }
    if try input.hasInput() { _ = end("zlib-trailing", "bytes follow the end of zlib data", 0, .none) }
  }
}
