internal import Glibc

/// The right to load into a case: one process at a time. Readers, and the small writes of a playbook run, do not need
/// it; SQLite's own locks order those.
final class WriterLock {
  let path: String
  private let descriptor: Int32

  /// Takes the lock on an existing file, or on one that is made empty with mode 0600.
  /// - Parameter create: Makes the file, or empties one that a killed load left.
  convenience init(path: String, create: Bool) throws(StoreError) {
    try self.init(path, create: create, isShared: false)
  }

  /// Keeps others from loading into a case that is only read, wherever it lies: read-only media have no locks to be written.
  convenience init(reading path: String) throws(StoreError) {
    try self.init(path, create: false, isShared: true)
  }

  private init(_ path: String, create: Bool, isShared: Bool) throws(StoreError) {
    self.path = path
    while true {
      let descriptor = open(
        path, (isShared ? O_RDONLY : O_RDWR) | O_CLOEXEC | (create ? O_CREAT | O_NOFOLLOW : 0), 0o600)
      guard descriptor >= 0 else {
        throw SystemFile.error(isShared ? "cannot read case" : "cannot write case", path)
      }
      // flock, unlike fcntl's locks, is not touched by SQLite.
      guard flock(descriptor, (isShared ? LOCK_SH : LOCK_EX) | LOCK_NB) == 0 else {
        let number = errno
        close(descriptor)
        guard number == EWOULDBLOCK else { throw SystemFile.error("cannot lock case", path, number) }
        throw StoreError(
          code: .locked, what: isShared ? "cannot read all of" : "cannot load into", path: path,
          reason: "another ingest is writing it",
          advice: "wait until it has ended and run this again")
      }
      // Whoever held the lock may have renamed or removed the file meanwhile.
      var held = stat()
      var named = stat()
      if fstat(descriptor, &held) == 0, stat(path, &named) == 0, held.st_ino == named.st_ino,
        held.st_dev == named.st_dev
      {
        self.descriptor = descriptor
        break
      }
      close(descriptor)
    }
    if create, ftruncate(descriptor, 0) != 0 { throw SystemFile.error("cannot write case", path) }
  }

  /// Makes the file's content durable.
  func sync() throws(StoreError) {
    guard fsync(descriptor) == 0 else { throw SystemFile.error("cannot write case", path) }
  }

  /// Releases the lock. Closing any descriptor of a file drops SQLite's locks on it in this process, so
  /// connections to it must be closed before.
  deinit { close(descriptor) }
}
