import Glibc

/// Files that are there after a power cut.
public enum DurableFile {
  /// Makes a folder (mode 0700) and those above it.
  public static func makeFolder(_ path: String) throws(RunnerError) {
    var made = path.hasPrefix("/") ? "" : "."
    for part in path.split(separator: "/") {
      made += "/" + part
      if mkdir(made, 0o700) != 0 && errno != EEXIST {
        throw RunnerError(.journal, "cannot make the folder '\(made)': \(String(cString: strerror(errno)))")
      }
    }
  }

  /// Writes a file beside its place, syncs it and puts it there: a reader sees all of it or nothing.
  public static func write(
    _ path: String, mode: UInt32, _ body: ((String) throws -> Void) throws -> Void
  ) throws {
    let temporary = path + ".new"
    unlink(temporary)
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode_t(mode))
    func failure(_ what: String) -> RunnerError {
      RunnerError(.journal, "cannot \(what) '\(path)': \(String(cString: strerror(errno)))")
    }
    guard descriptor >= 0 else { throw failure("make") }
    var isThere = false
    defer {
      close(descriptor)
      if !isThere { unlink(temporary) }
    }
    fchmod(descriptor, mode)
    var buffer: [UInt8] = []
    func flush() throws(RunnerError) {
      var offset = 0
      while offset < buffer.count {
        let count = buffer.withUnsafeBytes {
          Glibc.write(descriptor, $0.baseAddress! + offset, buffer.count - offset)
        }
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else { throw failure("write") }
        offset += count
      }
      buffer.removeAll(keepingCapacity: true)
    }
    try body { text in
      buffer += Array(text.utf8)
      if buffer.count > 1 << 20 { try flush() }
    }
    try flush()
    guard fsync(descriptor) == 0, rename(temporary, path) == 0 else { throw failure("finish") }
    isThere = true
    let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    let directory = open(folder.isEmpty ? "/" : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if directory >= 0 {
      fsync(directory)
      close(directory)
    }
  }
}
