internal import Glibc

/// A file of a random name, mode 0600, that is removed with this object.
final class TemporaryFile {
  let path: String

  /// An empty file in the folder of `path`.
  convenience init(beside path: String) throws(StoreError) { try self.init(in: SystemFile.folder(of: path)) }

  init(in folder: String) throws(StoreError) {
    var name = Array((folder + "/.firebreak-XXXXXX").utf8CString)
    let descriptor = mkstemp(&name)
    guard descriptor >= 0 else { throw SystemFile.error("cannot make a temporary file in", folder) }
    close(descriptor)
    path = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit { unlink(path) }
}
