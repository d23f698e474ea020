import Foundation
import PlaybookRunner
import Synchronization

/// A program that a test starts and stops by its id. Foundation's `Process` waits on the run loop of the thread that
/// started it, which tasks do not have.
final class ChildProcess: Sendable {
  let id: pid_t
  private let ended = Mutex<Int32?>(nil)

  /// Starts a program; its output goes to a file, or nowhere.
  init(
    _ path: String, _ arguments: [String], output: String = "/dev/null", environment: [String: String]? = nil
  ) throws {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    var words: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) } + [nil]
    var variables: [UnsafeMutablePointer<CChar>?] =
      (environment ?? ProcessInfo.processInfo.environment).map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for pointer in words + variables { free(pointer) } }
    // Threads of tasks block signals, and a child would inherit that.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    var id: pid_t = 0
    let code = posix_spawn(&id, path, &actions, &attributes, &words, &variables)
    guard code == 0 else {
      throw RunnerError(.unsupported, "cannot start \(path): \(String(cString: strerror(code)))")
    }
    self.id = id
  }

  /// Waits for its end; the exit code, or 128 and the signal.
  @discardableResult func wait() -> Int32 {
    ended.withLock { ended in
      if let ended { return ended }
      var status: Int32 = 0
      while waitpid(id, &status, 0) < 0 && errno == EINTR {}
      let code = status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F)
      ended = code
      return code
    }
  }

  /// Sends a signal while it runs.
  func signal(_ number: Int32) { ended.withLock { if $0 == nil { _ = kill(id, number) } } }

  /// Ends it and waits.
  func stop() {
    signal(SIGCONT)
    signal(SIGTERM)
    wait()
  }

  /// Runs a program to its end.
  static func run(
    _ path: String, _ arguments: [String], environment: [String: String]? = nil
  ) throws -> (code: Int32, output: String) {
    let file = NSTemporaryDirectory() + "firebreak-output-" + UUID().uuidString
    defer { try? FileManager.default.removeItem(atPath: file) }
    let code = try ChildProcess(path, arguments, output: file, environment: environment).wait()
    return (code, (try? String(contentsOfFile: file, encoding: .utf8)) ?? "")
  }
}
