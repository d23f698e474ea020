internal import Glibc

/// A file of mode 0600 that is removed with this object.
final class TemporaryFile {
  let path: String

  /// An empty file in the folder of `path`.
  convenience init(beside path: String) throws(StoreError) { try self.init(in: SystemFile.folder(of: path)) }

  /// An empty file of a name that is known beforehand, so that it can be removed where the process ends at once. One that was
  /// left so is replaced.
  init(named path: String) throws(StoreError) {
    unlink(path)
    let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw SystemFile.error("cannot make a temporary file", path) }
    close(descriptor)
    self.path = path
  }

  /// An empty file of a random name.
  init(in folder: String) throws(StoreError) {
    var name = Array((folder + "/.firebreak-XXXXXX").utf8CString)
    let descriptor = mkstemp(&name)
    guard descriptor >= 0 else { throw SystemFile.error("cannot make a temporary file in", folder) }
    close(descriptor)
    path = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit { unlink(path) }
}
