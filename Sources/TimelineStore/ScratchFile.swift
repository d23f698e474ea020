internal import Glibc

/// A nameless file of working data, gone when it is closed or the process dies. Whole blocks go past the page cache where the
/// file system can: what is written once and read once had to be copied there and out again, into memory that was cold.
final class ScratchFile {
  /// Bytes that offsets, lengths and addresses of blocks are multiples of.
  static let block = 4096

  /// `O_DIRECT`, whose macro Swift cannot read.
  static let directFlag: Int32 = {
    #if arch(arm64) || arch(arm)
      return 0o200_000
    #else
      return 0o40_000
    #endif
  }()

  private let descriptor: Int32
  private let path: String
  private var isDirect: Bool

  /// An empty file in the folder of `path`.
  init(beside path: String) throws(StoreError) {
    self.path = path
    descriptor = try SystemFile.temporary(beside: path)
    isDirect = fcntl(descriptor, F_SETFL, Self.directFlag) == 0
  }

  deinit { close(descriptor) }

  /// Writes whole blocks.
  func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(StoreError) {
    if isDirect, pwrite(descriptor, bytes.baseAddress!, bytes.count, off_t(offset)) == bytes.count { return }
    // Where less or nothing was taken, the usual way writes it whole, or says why it cannot.
    useCache()
    try SystemFile.write(bytes, to: descriptor, at: offset, path: path)
  }

  /// Reads whole blocks that were written.
  func read(at offset: Int64, into bytes: UnsafeMutableRawBufferPointer) throws(StoreError) {
    if isDirect, pread(descriptor, bytes.baseAddress!, bytes.count, off_t(offset)) == bytes.count { return }
    useCache()
    guard try SystemFile.read(from: descriptor, at: offset, into: bytes, path: path) == bytes.count else {
      throw StoreError(
        code: .inputOutput, what: "cannot read", path: path, reason: "a temporary file ends early")
    }
  }

  /// Forgets everything from a block's beginning on.
  func truncate(to end: Int64) throws(StoreError) {
    guard ftruncate(descriptor, off_t(end)) == 0 else { throw SystemFile.error("cannot cut", path) }
  }

  private func useCache() {
    guard isDirect else { return }
    isDirect = false
    _ = fcntl(descriptor, F_SETFL, 0)
  }
}
