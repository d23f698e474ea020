import CArchive
import Glibc

/// What one step of a `FrameDecoder` gave.
struct FrameStep {
  /// What has become of the frame.
  enum Event {
    /// It goes on.
    case none
    /// It has ended, and what it says of its content holds.
    case finished
    /// It has ended, and its checksum says that the content is wrong.
    case wrongChecksum
    /// A part of it, so many of its bytes, is broken and left out; it goes on behind.
    case lost(Range<UInt64>)
    /// It cannot be read on. The words say why; `isProven`: what it gave before has been checked.
    case broken(String, isProven: Bool)
  }

  /// Bytes of the input that were used up.
  var consumed = 0
  /// Bytes of content made.
  var produced = 0
  var event = Event.none
  /// Bytes that were used up, now or before, and belong to what follows the frame: at most 64 KiB.
  var surplus: [UInt8] = []
}

/// One kind of compressed data, frame by frame. What a frame gives is content even where the frame turns out to be damaged:
/// whoever reads is told.
protocol FrameDecoder: AnyObject {
  /// Where a checksum counts for: `frame`, `stream`.
  var unit: String { get }
  /// The first byte of a frame.
  var firstByte: UInt8 { get }
  /// True where a frame begins like these bytes, at least ten of them unless the input ends.
  func begins(_ bytes: UnsafeRawBufferPointer) -> Bool
  /// Ready for a frame.
  func start()
  /// Decodes as much as input and room allow; all input is used up where nothing is made. `isAtEnd`: no more will come.
  func step(
    _ input: UnsafeRawBufferPointer, isAtEnd: Bool, into target: UnsafeMutableRawBufferPointer
  ) -> FrameStep
}

/// Functions of the libraries that libarchive brings along; looked up when first needed, so that no further packages have to be
/// there to build.
enum Codec {
  static func symbol(_ library: String, _ name: String) -> UInt? {
    guard let handle = dlopen(library, RTLD_NOW), let found = dlsym(handle, name) else { return nil }
    return UInt(bitPattern: found)
  }

  /// Looks everything up: the process that unpacks archives can open no file later.
  static func prepare() {
    for kind in [ContentKind.bzip2, .xz, .zstd] { _ = decoder(kind) }
  }

  /// The decoder of a kind; nil where the system has none.
  static func decoder(_ kind: ContentKind) -> (any FrameDecoder)? {
    switch kind {
    case .bzip2: BzipDecoder()
    case .xz: XZDecoder()
    case .zstd: ZstdDecoder()
    case .lz4: LZ4Decoder()
    default: nil
    }
  }
}

/// Frames of zstd (RFC 8878), skippable ones among them.
final class ZstdDecoder: FrameDecoder {
  private typealias Create = @convention(c) () -> OpaquePointer?
  private typealias Free = @convention(c) (OpaquePointer?) -> Int
  private typealias Reset = @convention(c) (OpaquePointer?, Int32) -> Int
  private typealias Decode =
    @convention(c) (
      OpaquePointer?, UnsafeMutablePointer<fb_zstd_output>?, UnsafeMutablePointer<fb_zstd_input>?
    ) -> Int
  private typealias Code = @convention(c) (Int) -> Int32
  private typealias Name = @convention(c) (Int) -> UnsafePointer<CChar>?

  private static let library = "libzstd.so.1"
  private static let addresses: [UInt]? = {
    let names = [
      "ZSTD_createDCtx", "ZSTD_freeDCtx", "ZSTD_DCtx_reset", "ZSTD_decompressStream", "ZSTD_getErrorCode",
      "ZSTD_getErrorName",
    ]
    let found = names.compactMap { Codec.symbol(library, $0) }
    return found.count == names.count ? found : nil
  }()
  /// `ZSTD_error_checksum_wrong`.
  private static let wrongChecksum: Int32 = 22

  let unit = "frame"
  let firstByte: UInt8 = 0x28
  private let context: OpaquePointer
  private let free: Free
  private let reset: Reset
  private let decode: Decode
  private let code: Code
  private let name: Name
  /// Bytes that the decoder asks for: no more are given, since what one call makes before it fails is lost.
  private var wanted = 5

  init?() {
    guard let addresses = Self.addresses,
      let context = unsafeBitCast(addresses[0], to: Create.self)()
    else { return nil }
    self.context = context
    free = unsafeBitCast(addresses[1], to: Free.self)
    reset = unsafeBitCast(addresses[2], to: Reset.self)
    decode = unsafeBitCast(addresses[3], to: Decode.self)
    code = unsafeBitCast(addresses[4], to: Code.self)
    name = unsafeBitCast(addresses[5], to: Name.self)
  }

  deinit { _ = free(context) }

  func begins(_ bytes: UnsafeRawBufferPointer) -> Bool {
    bytes.starts(with: [0x28, 0xB5, 0x2F, 0xFD])
      || ContentKind.beginsSkippable(bytes)
  }

  func start() {
    _ = reset(context, 1)
    wanted = 5
  }

  func step(
    _ input: UnsafeRawBufferPointer, isAtEnd: Bool, into target: UnsafeMutableRawBufferPointer
  ) -> FrameStep {
    var source = fb_zstd_input(bytes: input.baseAddress, size: min(input.count, max(1, wanted)), used: 0)
    var room = fb_zstd_output(bytes: target.baseAddress, size: target.count, used: 0)
    let left = decode(context, &room, &source)
    var step = FrameStep(consumed: source.used, produced: room.used)
    let error = code(left)
    if error == Self.wrongChecksum {
      // The checksum is the last of its frame, and asked for alone: what was given before it is all of the content.
      step.consumed = source.size
      step.event = .wrongChecksum
    } else if error != 0 {
      step.event = .broken(name(left).map { String(cString: $0) } ?? "error \(error)", isProven: false)
    } else if left == 0 {
      step.event = .finished
    } else {
      wanted = left
    }
    return step
  }
}

/// Streams of the .xz format.
final class XZDecoder: FrameDecoder {
  private typealias Begin = @convention(c) (UnsafeMutablePointer<fb_lzma_stream>?, UInt64, UInt32) -> Int32
  private typealias Code = @convention(c) (UnsafeMutablePointer<fb_lzma_stream>?, Int32) -> Int32
  private typealias End = @convention(c) (UnsafeMutablePointer<fb_lzma_stream>?) -> Void

  private static let library = "liblzma.so.5"
  private static let addresses: [UInt]? = {
    let found = ["lzma_stream_decoder", "lzma_code", "lzma_end"].compactMap { Codec.symbol(library, $0) }
    return found.count == 3 ? found : nil
  }()
  /// `xz -9` needs 65 MiB.
  private static let memory: UInt64 = 512 << 20

  let unit = "stream"
  let firstByte: UInt8 = 0xFD
  private let stream = UnsafeMutablePointer<fb_lzma_stream>.allocate(capacity: 1)
  private let begin: Begin
  private let code: Code
  private let end: End

  init?() {
    guard let addresses = Self.addresses else { return nil }
    begin = unsafeBitCast(addresses[0], to: Begin.self)
    code = unsafeBitCast(addresses[1], to: Code.self)
    end = unsafeBitCast(addresses[2], to: End.self)
    stream.initialize(to: fb_lzma_stream())
  }

  deinit {
    end(stream)
    stream.deallocate()
  }

  func begins(_ bytes: UnsafeRawBufferPointer) -> Bool {
    bytes.starts(with: [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0])
  }

  func start() { _ = begin(stream, Self.memory, 0) }

  func step(
    _ input: UnsafeRawBufferPointer, isAtEnd: Bool, into target: UnsafeMutableRawBufferPointer
  ) -> FrameStep {
    stream.pointee.next_in = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
    stream.pointee.avail_in = input.count
    stream.pointee.next_out = target.baseAddress?.assumingMemoryBound(to: UInt8.self)
    stream.pointee.avail_out = target.count
    let result = code(stream, 0)
    var step = FrameStep(
      consumed: input.count - stream.pointee.avail_in, produced: target.count - stream.pointee.avail_out)
    switch result {
    // OK, and LZMA_BUF_ERROR: nothing could be done without more input.
    case 0, 10: step.event = .none
    case 1: step.event = .finished
    case 5, 6: step.event = .broken("it needs more memory than \(Self.memory >> 20) MiB", isProven: false)
    case 7, 8: step.event = .broken("a header of an unknown kind", isProven: false)
    default: step.event = .broken("the data or a checksum before it is wrong", isProven: false)
    }
    return step
  }
}
