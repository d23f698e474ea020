import Glibc

/// Lets only as many programs run at a time as this process has file descriptors for: whoever comes later waits.
///
/// Without it a playbook with many devices in flight runs out of them in the middle, and the library that starts programs ends the
/// process then.
actor ProcessPermits {
  static let shared = ProcessPermits(ProcessPermits.allowed())
  /// Descriptors that a program takes while it is started: three pipes, the one that tells of a failed start, the process itself.
  private static let perProgram = 10
  /// What journals, connections and the terminal need beside them.
  private static let reserve = 96

  private var left: Int
  private var waiting: [CheckedContinuation<Void, Never>] = []
  private var firstWaiting = 0

  init(_ count: Int) { left = max(1, count) }

  /// Waits for a turn. Turns are given in order.
  func take() async {
    if left > 0 {
      left -= 1
      return
    }
    await withCheckedContinuation { waiting.append($0) }
  }

  /// Ends a turn.
  func giveBack() {
    guard firstWaiting < waiting.count else {
      waiting.removeAll(keepingCapacity: true)
      firstWaiting = 0
      left += 1
      return
    }
    waiting[firstWaiting].resume()
    firstWaiting += 1
  }

  /// Programs that may run at a time. The limit of descriptors is raised as far as the system allows first.
  private static func allowed() -> Int {
    let files = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    var limit = rlimit()
    guard getrlimit(files, &limit) == 0 else { return 16 }
    let wanted = min(limit.rlim_max, 1 << 16)
    if limit.rlim_cur < wanted {
      var raised = limit
      raised.rlim_cur = wanted
      if setrlimit(files, &raised) == 0 { limit = raised }
    }
    let descriptors = Int(clamping: limit.rlim_cur) - reserve
    return max(1, descriptors / perProgram)
  }
}
