internal import Glibc

/// Thin wrappers of file calls that keep the error's reason.
enum SystemFile {
  /// The error of the last failed call, for a file.
  static func error(_ what: String, _ path: String, _ number: Int32 = errno) -> StoreError {
    let code: StoreError.Code
    var advice = ""
    switch number {
    case ENOSPC, EDQUOT, EFBIG:
      code = .diskFull
      advice = "free some space and run it again"
    case EROFS, EACCES, EPERM: code = .readOnly
    case ENOENT, ENOTDIR, EISDIR: code = .unreadable
    default: code = .inputOutput
    }
    return StoreError(
      code: code, what: what, path: path, reason: String(cString: strerror(number)), advice: advice)
  }

  /// Bytes handed to the kernel in one call. Larger pieces get larger stretches of memory in the page cache, which a virtual
  /// machine seldom has ready: 16 MB at a time cost ten times as much as 1 MB.
  private static let piece = 1 << 20

  /// Writes all of the bytes at an offset.
  static func write(
    _ bytes: UnsafeRawBufferPointer, to descriptor: Int32, at offset: Int64, path: String
  ) throws(StoreError) {
    var done = 0
    while done < bytes.count {
      let count = pwrite(
        descriptor, bytes.baseAddress! + done, min(piece, bytes.count - done), off_t(offset) + off_t(done))
      if count < 0 {
        if errno == EINTR { continue }
        throw error("cannot write", path)
      }
      done += count
    }
  }

  /// Reads up to `into.count` bytes at an offset; fewer only at the end of the file.
  static func read(
    from descriptor: Int32, at offset: Int64, into bytes: UnsafeMutableRawBufferPointer, path: String
  ) throws(StoreError) -> Int {
    var done = 0
    while done < bytes.count {
      let count = pread(
        descriptor, bytes.baseAddress! + done, bytes.count - done, off_t(offset) + off_t(done))
      if count < 0 {
        if errno == EINTR { continue }
        throw error("cannot read", path)
      }
      if count == 0 { break }
      done += count
    }
    return done
  }

  /// Lets this process open as many files as it may, up to a quarter of a million: each file of evidence whose turn has not come
  /// may leave two.
  static func allowManyFiles() {
    let files = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    var limit = rlimit()
    guard getrlimit(files, &limit) == 0 else { return }
    let wanted = min(limit.rlim_max, 1 << 18)
    guard limit.rlim_cur < wanted else { return }
    limit.rlim_cur = wanted
    // Where it is not granted, the load says so when it runs out of them.
    _ = setrlimit(files, &limit)
  }

  /// A nameless file in the folder of `path`, gone when it is closed or the process dies.
  static func temporary(beside path: String) throws(StoreError) -> Int32 {
    let folder = folder(of: path)
    // O_TMPFILE, whose macro Swift cannot read.
    let descriptor = open(folder, 0o20_000_000 | O_DIRECTORY | O_RDWR | O_CLOEXEC, 0o600)
    if descriptor >= 0 { return descriptor }
    // Some file systems cannot make nameless files: a named one, unlinked at once, does the same.
    guard errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL else {
      throw error("cannot make a temporary file in", folder)
    }
    var name = Array((folder + "/.firebreak-XXXXXX").utf8CString)
    let named = mkstemp(&name)
    guard named >= 0 else { throw error("cannot make a temporary file in", folder) }
    _ = fcntl(named, F_SETFD, FD_CLOEXEC)
    unlink(name)
    return named
  }

  /// The folder a path lies in.
  static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// Makes the names in the folder of `path` durable.
  static func syncFolder(of path: String) throws(StoreError) {
    let folder = folder(of: path)
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw error("cannot open folder", folder) }
    defer { close(descriptor) }
    // Some file systems cannot sync a folder; they have nothing to lose by it.
    guard fsync(descriptor) == 0 || errno == EINVAL else { throw error("cannot sync folder", folder) }
  }
}
