import Glibc
import Synchronization

/// Ctrl-C and termination as a flag that long work looks at, so that it can stop at a safe place.
/// A second Ctrl-C ends the process at once.
enum Interrupt {
  private static let count = Atomic<Int>(0)
  private static let listens = Atomic<Bool>(false)

  /// True from `listen()` on: the command acts, and ends at safe places only.
  static var isListening: Bool { listens.load(ordering: .relaxed) }

  /// True once SIGINT or SIGTERM has come.
  static var isRequested: Bool { count.load(ordering: .relaxed) > 0 }

  /// Sets the flag, as Ctrl-C does.
  static func request() { _ = count.compareExchange(expected: 0, desired: 1, ordering: .relaxed) }

  /// From now on SIGINT, SIGTERM and SIGHUP set the flag instead of ending the process.
  static func listen() {
    listens.store(true, ordering: .relaxed)
    // A terminal that goes away says so more than once, and nobody chose to end at once. Under nohup it stays ignored.
    var before = sigaction()
    sigaction(SIGHUP, nil, &before)
    if unsafeBitCast(before.__sigaction_handler.sa_handler, to: Int.self) != 1 {
      signal(SIGHUP) { _ in Interrupt.request() }
    }
    for number in [SIGINT, SIGTERM] {
      signal(number) { _ in
        if Interrupt.count.wrappingAdd(1, ordering: .relaxed).oldValue > 0 { _exit(130) }
      }
    }
    // Whoever started us may have blocked them (job runners and test harnesses do), and a mask is inherited.
    var both = sigset_t()
    sigemptyset(&both)
    sigaddset(&both, SIGINT)
    sigaddset(&both, SIGTERM)
    sigaddset(&both, SIGHUP)
    pthread_sigmask(SIG_UNBLOCK, &both, nil)
  }

  /// From now on SIGINT and SIGTERM end the process at once with a sentence: for work that changes nothing until it is
  /// done. Only what is safe in a signal handler is called.
  static func endAtOnce() {
    for number in [SIGINT, SIGTERM] {
      signal(number) { _ in
        let words: StaticString = "\nfirebreak: interrupted; nothing was changed\n"
        _ = write(STDERR_FILENO, words.utf8Start, words.utf8CodeUnitCount)
        _exit(130)
      }
    }
    var both = sigset_t()
    sigemptyset(&both)
    sigaddset(&both, SIGINT)
    sigaddset(&both, SIGTERM)
    pthread_sigmask(SIG_UNBLOCK, &both, nil)
  }

  /// Throws `ExitStatus.interrupted` once Ctrl-C has come.
  static func check() throws {
    if isRequested { throw ExitStatus.interrupted }
  }
}
