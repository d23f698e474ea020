import Glibc
import PlaybookModel

/// Programs of this machine that a run started and that are still at work although the run is gone: killed, or left in a hurry.
/// What they do is still to come, so nothing that is seen on a device before their end is its last word.
enum LeftBehind {
  /// The variable of their environment that holds the run's id.
  static let variable = "FIREBREAK_RUN"

  /// Why a run or undo ended before it began.
  static let notWaitedFor =
    "programs that the run had started are still at work, and were not waited for: nothing was sent"

  /// Their process ids; none where the system does not tell (no `/proc`).
  static func processes(of run: String) -> [pid_t] {
    guard let stream = opendir("/proc") else { return [] }
    defer { closedir(stream) }
    let wanted = Array("\(variable)=\(run)".utf8)
    var found: [pid_t] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      guard let process = pid_t(name), process != getpid(), holds(wanted, "/proc/\(name)/environ") else {
        continue
      }
      found.append(process)
    }
    return found.sorted()
  }

  private static func holds(_ variable: [UInt8], _ path: String) -> Bool {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    // Those of other users cannot be read, and none of them was started by us.
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = read(descriptor, &buffer, buffer.count)
      guard count > 0 else { break }
      bytes += buffer[..<count]
    }
    // Programs that have ended and wait to be taken note of have none.
    return bytes.split(separator: 0).contains { $0.elementsEqual(variable) }
  }

  /// Waits until none is left. Those that outlast the longest time that a step of the plan has are ended, with TERM, then KILL, as
  /// the run would have done. False where somebody stopped the waiting: then nothing is ended.
  static func wait(for run: String, of plan: ExecutionPlan, _ environment: RunEnvironment) async -> Bool {
    var left = processes(of: run)
    guard !left.isEmpty else { return true }
    let limit =
      plan.playbook.steps.values.map { step in
        guard case .action(let action) = step.kind else { return 0 }
        let time = step.timeoutMilliseconds.map { Int64($0) * 1_000_000 } ?? Planner.defaultTimeout
        return time * Int64(max(1, action.commands.count))
      }.max() ?? Planner.defaultTimeout
    environment.progress(
      .note(
        "\(left.count == 1 ? "a program" : "\(left.count) programs") that run \(run) had started before it ended "
          + "\(left.count == 1 ? "is" : "are") still at work (process \(left.map { String($0) }.joined(separator: ", "))): "
          + "waiting for \(left.count == 1 ? "its" : "their") end, \(max(1, limit / 1_000_000_000)) s at most"
      ))
    for (time, signal): (Int64, Int32?) in [(limit, SIGTERM), (500_000_000, SIGKILL), (2_000_000_000, nil)] {
      let end = environment.clock.monotonicTime() + time
      while environment.clock.monotonicTime() < end {
        if environment.control.isStopping || Task.isCancelled { return false }
        await environment.clock.sleep(nanoseconds: 100_000_000)
        left = processes(of: run)
        if left.isEmpty { return true }
      }
      if let signal { for process in left { kill(process, signal) } }
    }
    return processes(of: run).isEmpty
  }
}
