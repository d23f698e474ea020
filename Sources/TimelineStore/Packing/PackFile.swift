internal import CZstd
internal import Glibc

/// A packed case on disk: a mark, then frames, each compressed by itself (Zstandard, RFC 8878) with its checksum; the last frame
/// says that nothing is missing.
enum PackFile {
  static let mark = Array("FIREBREAK PACK1\n".utf8)

  /// What a frame holds.
  enum Kind: UInt8 {
    /// A stretch of the case without its events, as SQLite has it.
    case skeleton = 1
    /// The number of the segment whose blocks follow, in eight bytes, the lowest first.
    case segment = 2
    /// A `RowBlock`.
    case rows = 3
    /// The case had the table of words: it is made anew.
    case fullText = 4
    case end = 5
    /// A `RunFile`.
    case runFile = 6
  }

  /// Bytes of a frame before it is compressed, at most.
  static let maximumFrame = 1 << 30

  /// Writes frames behind one another.
  final class Writer {
    private let descriptor: Int32
    private let path: String
    private let level: Int32
    private(set) var written: Int64 = 0

    /// - Parameter path: Must not be there.
    init(path: String, level: Int32) throws(StoreError) {
      self.path = path
      self.level = level
      descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
      guard descriptor >= 0 else { throw SystemFile.error("cannot write", path) }
      try write(mark)
    }

    deinit { close(descriptor) }

    private func write(_ bytes: [UInt8]) throws(StoreError) {
      let result = bytes.withUnsafeBytes { raw -> Result<Void, StoreError> in
        do throws(StoreError) {
          try SystemFile.write(raw, to: descriptor, at: written, path: path)
          return .success(())
        } catch {
          return .failure(error)
        }
      }
      try result.get()
      written += Int64(bytes.count)
    }

    func append(_ kind: Kind, _ content: [UInt8]) throws(StoreError) {
      guard content.count <= maximumFrame else {
        throw StoreError(code: .limit, what: "cannot pack into", path: path, reason: "rows are too long")
      }
      var packed = [UInt8](repeating: 0, count: ZSTD_compressBound(content.count))
      let context = ZSTD_createCCtx()
      defer { ZSTD_freeCCtx(context) }
      ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level)
      ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
      let count = ZSTD_compress2(context, &packed, packed.count, content, content.count)
      guard ZSTD_isError(count) == 0 else {
        throw StoreError(
          code: .inputOutput, what: "cannot pack into", path: path,
          reason: String(cString: ZSTD_getErrorName(count)))
      }
      var head: [UInt8] = [kind.rawValue]
      for value in [content.count, count] {
        head += (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
      }
      try write(head + packed[..<count])
    }

    /// Makes what was written durable.
    func finish() throws(StoreError) {
      try append(.end, [])
      guard fsync(descriptor) == 0 else { throw SystemFile.error("cannot write", path) }
    }
  }

  /// Reads frames. What it reads may be hostile.
  final class Reader {
    private let descriptor: Int32
    private let path: String
    private var position: Int64

    init(path: String) throws(StoreError) {
      self.path = path
      descriptor = open(path, O_RDONLY | O_CLOEXEC)
      guard descriptor >= 0 else { throw SystemFile.error("cannot open", path) }
      position = Int64(mark.count)
      guard try bytes(at: 0, mark.count) == mark else {
        throw StoreError(code: .notACase, what: "cannot open", path: path, reason: "it is no packed case")
      }
    }

    deinit { close(descriptor) }

    private func bytes(at offset: Int64, _ count: Int) throws(StoreError) -> [UInt8] {
      var bytes = [UInt8](repeating: 0, count: count)
      let result = bytes.withUnsafeMutableBytes { raw -> Result<Int, StoreError> in
        do throws(StoreError) {
          return .success(try SystemFile.read(from: descriptor, at: offset, into: raw, path: path))
        } catch {
          return .failure(error)
        }
      }
      guard try result.get() == count else { throw damaged("it ends early") }
      return bytes
    }

    func damaged(_ reason: String) -> StoreError {
      StoreError(
        code: .tampered, what: "cannot open packed case", path: path, reason: reason,
        advice: "take another copy, or build it again from the evidence")
    }

    /// The next frame; nil at the end that was written as such.
    func next() throws(StoreError) -> (kind: Kind, content: [UInt8])? {
      let head = try bytes(at: position, 9)
      func number(_ offset: Int) -> Int { (0..<4).reduce(0) { $0 | Int(head[offset + $1]) << (8 * $1) } }
      guard let kind = Kind(rawValue: head[0]), number(1) <= maximumFrame, number(5) <= maximumFrame else {
        throw damaged("a frame at byte \(position) is none")
      }
      let packed = try bytes(at: position + 9, number(5))
      guard ZSTD_getFrameContentSize(packed, packed.count) == UInt64(number(1)) else {
        throw damaged("a frame at byte \(position) is damaged")
      }
      var content = [UInt8](repeating: 0, count: number(1))
      let count = ZSTD_decompress(&content, content.count, packed, packed.count)
      guard ZSTD_isError(count) == 0, count == content.count else {
        throw damaged("a frame at byte \(position) is damaged")
      }
      position += 9 + Int64(packed.count)
      return kind == .end ? nil : (kind, content)
    }
  }
}
