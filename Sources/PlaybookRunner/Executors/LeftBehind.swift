import Glibc
import PlaybookModel

/// Programs of this machine that a run started and that are still at work although the run is gone: killed, or left in a hurry.
/// What they do is still to come, so nothing that is seen on a device before their end is its last word.
enum LeftBehind {
  /// What a program was started for.
  struct Act: Sendable {
    /// The run's id.
    var run: String
    /// The step's id.
    var step: String
    /// The device, or the command of a step that runs once; nil for several devices together.
    var device: String?

    /// The variables that its environment says so with.
    var environment: [String: String] {
      ["FIREBREAK_RUN": run, "FIREBREAK_ACT": LeftBehind.name(step, device)]
    }
  }

  private static func name(_ step: String, _ device: String?) -> String { "\(step)/\(device ?? "")" }

  /// Acts and undos of a run with an intent and no result. Only what was started for them may still bring something about: what
  /// a finished act left running, such as a service, was meant to.
  private static func open(_ history: RunHistory) -> Set<String> {
    var open: Set<String> = []
    for (step, visits) in history.visits {
      for visit in visits {
        for (device, state) in Array(visit.acts) + Array(visit.undos) where state == .intended {
          open.insert(name(step, device))
          open.insert(name(step, nil))
        }
      }
    }
    return open
  }

  /// Why a run or undo ended before it began.
  static let notWaitedFor =
    "programs that the run had started are still at work, and were not waited for: nothing was sent"

  /// Process ids of what a run started for some of its acts, or for any; none where the system does not tell (no `/proc`).
  static func processes(of run: String, acts: Set<String>? = nil) -> [pid_t] {
    var found: [pid_t] = []
    for name in TargetLock.entries("/proc") {
      guard let process = pid_t(name), process != getpid() else { continue }
      let variables = variables("/proc/\(name)/environ")
      if variables["FIREBREAK_RUN"] == run, acts?.contains(variables["FIREBREAK_ACT"] ?? "") ?? true {
        found.append(process)
      }
    }
    return found.sorted()
  }

  /// Our variables in the environment of a process. Those of other users cannot be read, and none of them was started by us;
  /// programs that have ended and wait to be taken note of have none.
  private static func variables(_ path: String) -> [String: String] {
    let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return [:] }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = read(descriptor, &buffer, buffer.count)
      guard count > 0 else { break }
      bytes += buffer[..<count]
    }
    var found: [String: String] = [:]
    let prefix = Array("FIREBREAK_".utf8)
    for variable in bytes.split(separator: 0) where variable.starts(with: prefix) {
      guard let equals = variable.firstIndex(of: UInt8(ascii: "=")) else { continue }
      found[String(decoding: variable[..<equals], as: UTF8.self)] = String(
        decoding: variable[(equals + 1)...], as: UTF8.self)
    }
    return found
  }

  /// Waits until none is left. Those that outlast the longest time that a step of the plan has are ended, with TERM, then KILL, as
  /// the run would have done. False where somebody stopped the waiting: then nothing is ended.
  static func wait(
    for run: String, _ history: RunHistory, of plan: ExecutionPlan, _ environment: RunEnvironment
  ) async -> Bool {
    let acts = open(history)
    var left = acts.isEmpty ? [] : processes(of: run, acts: acts)
    guard !left.isEmpty else { return true }
    let limit =
      plan.playbook.steps.values.map { step in
        guard case .action(let action) = step.kind else { return 0 }
        return step.commandTimeout * Int64(max(1, action.commands.count))
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
        left = processes(of: run, acts: acts)
        if left.isEmpty { return true }
      }
      if let signal { for process in left { kill(process, signal) } }
    }
    return processes(of: run, acts: acts).isEmpty
  }
}
