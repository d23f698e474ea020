import Glibc

/// Keeps two runs from working on the same case at once. The lock goes away with the process, also when it is killed.
public final class RunLock: Sendable {
  private let descriptor: Int32

  /// Takes the lock of a folder, which is made when absent. Throws `.busy` when somebody else has it.
  public init(folder: String) throws(RunnerError) {
    try DurableFile.makeFolder(folder)
    let path = folder + "/lock"
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else {
      throw RunnerError(.journal, "cannot open '\(path)': \(String(cString: strerror(errno)))")
    }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      close(descriptor)
      throw RunnerError(
        .busy,
        "another run works on this case ('\(path)' is locked); wait for it, or stop it with Ctrl-C, and resume it"
      )
    }
  }

  deinit { close(descriptor) }
}
