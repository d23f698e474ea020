import Glibc

/// Keeps two runs from working on the same case at once. The lock goes away with the process, also when it is killed.
public final class RunLock: Sendable {
  private let descriptor: Int32

  /// Takes the lock of a folder, which is made when absent, and leaves the run's id and our process id in it. Throws
  /// `.busy` when somebody else has it.
  public init(folder: String, run: String) throws(RunnerError) {
    try DurableFile.makeFolder(folder)
    let path = folder + "/lock"
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else {
      throw RunnerError(.journal, "cannot open '\(path)': \(String(cString: strerror(errno)))")
    }
    // Who asks whether it is taken holds it for an instant.
    var attempts = 0
    while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
      attempts += 1
      guard attempts > 4 else {
        usleep(50_000)
        continue
      }
      let holder = Self.text(descriptor)
      throw RunnerError(
        .busy,
        "\(holder.isEmpty ? "another run" : holder) works on this case ('\(path)' is locked); wait for it, or stop it with Ctrl-C"
      )
    }
    ftruncate(descriptor, 0)
    let text = Array("run \(run) (process \(getpid()))".utf8)
    // Only for people: what cannot be written is no reason not to act.
    _ = pwrite(descriptor, text, text.count, 0)
  }

  /// Who works on a case, as `run ID (process N)`; nil when nobody does.
  public static func holder(folder: String) -> String? {
    let descriptor = open(folder + "/lock", O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    guard flock(descriptor, LOCK_SH | LOCK_NB) != 0, errno == EWOULDBLOCK else { return nil }
    let text = Self.text(descriptor)
    return text.isEmpty ? "another run" : text
  }

  private static func text(_ descriptor: Int32) -> String {
    var bytes = [UInt8](repeating: 0, count: 200)
    let count = pread(descriptor, &bytes, bytes.count, 0)
    return count > 0 ? RemoteText.excerpt(RemoteText.bounded(Array(bytes[..<count]))) : ""
  }

  deinit { close(descriptor) }
}
