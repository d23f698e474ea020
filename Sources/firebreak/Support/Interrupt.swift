import Glibc
import Synchronization

/// Ctrl-C and termination as a flag that long work looks at, so that it can stop at a safe place.
///
/// A second Ctrl-C ends the process at once, but not within a second of the first: `timeout` and job runners signal the
/// process and then its group, which nobody means as twice. What would be left half is removed in any case, and what was in
/// flight is said where the command keeps that ready.
enum Interrupt {
  /// Nanoseconds of the monotonic clock at the first signal; 0 before.
  private static let first = Atomic<Int64>(0)
  private static let listens = Atomic<Bool>(false)
  /// Nanoseconds after the first signal in which others are of the same wish.
  private static let grace: Int64 = 1_000_000_000

  /// True from `listen()` on: the command acts, and ends at safe places only.
  static var isListening: Bool { listens.load(ordering: .relaxed) }

  /// True once SIGINT or SIGTERM has come.
  static var isRequested: Bool { first.load(ordering: .relaxed) > 0 }

  /// Sets the flag, as Ctrl-C does.
  static func request() { _ = first.compareExchange(expected: 0, desired: now(), ordering: .relaxed) }

  private static func now() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return max(1, Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
  }

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
        let now = Interrupt.now()
        let (isFirst, since) = Interrupt.first.compareExchange(expected: 0, desired: now, ordering: .relaxed)
        guard !isFirst, now - since > Interrupt.grace else { return }
        Interrupt.end("\nfirebreak: ended at once; it was still putting things in order\n")
      }
    }
    unblock([SIGINT, SIGTERM, SIGHUP])
  }

  /// From now on SIGINT and SIGTERM end the process at once with a sentence: for work that changes nothing until it is
  /// done. Only what is safe in a signal handler is called.
  /// - Parameter leftovers: What the command makes that must not stay half.
  static func endAtOnce(removing leftovers: [String] = []) {
    remove(leftovers)
    for number in [SIGINT, SIGTERM] {
      signal(number) { _ in Interrupt.end("\nfirebreak: interrupted; nothing was changed\n") }
    }
    unblock([SIGINT, SIGTERM])
  }

  /// Whoever started us may have blocked them (job runners and test harnesses do), and a mask is inherited.
  private static func unblock(_ numbers: [Int32]) {
    var set = sigset_t()
    sigemptyset(&set)
    for number in numbers { sigaddset(&set, number) }
    pthread_sigmask(SIG_UNBLOCK, &set, nil)
  }

  // MARK: Last words

  /// Two texts, of which one is whole at any time: a signal handler may not call the allocator.
  nonisolated(unsafe) private static let lastWords = UnsafeMutablePointer<UInt8>.allocate(
    capacity: 2 * mostLastWords)
  private static let mostLastWords = 8192
  /// Which of the two, and its length times two; 0 for none.
  private static let lastWordsPlace = Atomic<Int>(0)

  /// What a second Ctrl-C says beside that it ends the process: to be kept true by one task as long as the command works.
  static func atOnceSay(_ text: String) {
    let side = 1 - lastWordsPlace.load(ordering: .relaxed) & 1
    var length = 0
    for byte in text.utf8.prefix(mostLastWords) {
      lastWords[side * mostLastWords + length] = byte
      length += 1
    }
    lastWordsPlace.store(length << 1 | side, ordering: .releasing)
  }

  // MARK: Leftovers

  /// Files, and folders if they are empty, that are removed where the process ends at once. In memory of its own, since a signal
  /// handler may not call the allocator.
  nonisolated(unsafe) private static let leftovers: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> = {
    let places = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: mostLeftovers)
    places.initialize(repeating: nil, count: mostLeftovers)
    return places
  }()
  private static let mostLeftovers = 64
  private static let leftoverCount = Atomic<Int>(0)

  /// Has these removed where the process is to end at once, the last first: what is only half there as long as the command works.
  /// To be called by one thread. That of files that have their name by then does not matter.
  static func remove(_ paths: [String]) {
    var count = leftoverCount.load(ordering: .relaxed)
    for path in paths where count < mostLeftovers {
      leftovers[count] = strdup(path)
      count += 1
    }
    leftoverCount.store(count, ordering: .releasing)
  }

  /// In a signal handler: only what is safe there is called.
  private static func end(_ words: StaticString) -> Never {
    var index = leftoverCount.load(ordering: .acquiring)
    while index > 0 {
      index -= 1
      if let path = leftovers[index], unlink(path) != 0 { rmdir(path) }
    }
    // Whoever does not read must not keep the process from ending.
    let flags = fcntl(STDERR_FILENO, F_GETFL)
    if flags >= 0 { _ = fcntl(STDERR_FILENO, F_SETFL, flags | O_NONBLOCK) }
    _ = write(STDERR_FILENO, words.utf8Start, words.utf8CodeUnitCount)
    let place = lastWordsPlace.load(ordering: .acquiring)
    if place > 1 { _ = write(STDERR_FILENO, lastWords + (place & 1) * mostLastWords, place >> 1) }
    if flags >= 0 { _ = fcntl(STDERR_FILENO, F_SETFL, flags) }
    _exit(130)
  }

  /// Throws `ExitStatus.interrupted` once Ctrl-C has come.
  static func check() throws {
    if isRequested { throw ExitStatus.interrupted }
  }
}
