import Glibc
import Subprocess
import Synchronization

/// Runs a program by its argument list, never by a shell string of ours, with bounded output and time.
enum ProcessCall {
  /// What came of it.
  struct Outcome: Sendable {
    /// Exit code, or nil when a signal ended it.
    var exitCode: Int32?
    /// Signal that ended it; nil when it exited.
    var signal: Int32?
    /// First bytes of standard output.
    var output: [UInt8]
    /// First bytes of standard error.
    var errors: [UInt8]
    /// True when the time ran out and we ended it.
    var timedOut: Bool
  }

  /// What programs are started for: they and what they start in turn have it in their environment, so that one that has outlived
  /// us is found (`LeftBehind`).
  @TaskLocal static var act: LeftBehind.Act?

  /// Runs a program. Throws when it could not be started: then nothing was done.
  ///
  /// The program gets a session of its own; when the time is over the whole group is ended (TERM, then KILL).
  static func run(
    _ path: String, _ arguments: [String], environment: [String: String], input: [UInt8] = [],
    timeout: Int64
  ) async throws -> Outcome {
    // Asked beforehand: the library ends the process when a program cannot be started after its pipes were made.
    guard access(path, X_OK) == 0 else {
      throw RunnerError(.unsupported, "'\(path)' cannot be executed: \(String(cString: strerror(errno)))")
    }
    await ProcessPermits.shared.take()
    defer { Task { await ProcessPermits.shared.giveBack() } }
    var options = PlatformOptions()
    options.createSession = true
    let graceful = TeardownStep.gracefulShutDown(
      toProcessGroup: true, allowedDurationToNextStep: .milliseconds(500))
    options.teardownSequence = [graceful]
    var environment = environment
    if let act { environment.merge(act.environment) { $1 } }
    let keys = environment.map { (Environment.Key(stringLiteral: $0.key), $0.value) }
    let configuration = Configuration(
      executable: .path(literal(path)), arguments: Arguments(arguments),
      environment: .custom(Dictionary(uniqueKeysWithValues: keys)), platformOptions: options)
    let timedOut = Flag()
    let output = Bounded()
    let errors = Bounded()
    // The library's own inputs end the whole process when a program is gone before it has read them: their pipe is closed
    // only after a write that succeeded. This one's is closed whatever comes.
    let status = try await Subprocess.run(
      configuration, input: .inputWriter, output: .sequence, error: .sequence
    ) { execution in
      let timer = Task {
        try await Task.sleep(for: .nanoseconds(timeout))
        timedOut.raise()
        await execution.teardown(using: [graceful])
      }
      let writer = execution.standardInputWriter
      let writing = Task {
        // A program need not read what it is given: its end decides the outcome.
        if !input.isEmpty { _ = try? await writer.write(input) }
        try? await writer.finish()
      }
      // Reading goes on beyond the bound, or the program would block on a full pipe.
      let (first, second) = (execution.standardOutput, execution.standardError)
      async let errorsDone: Void = errors.collect(second)
      await output.collect(first)
      await errorsDone
      await writing.value
      await waitForEnd(execution.processIdentifier.value)
      timer.cancel()
    }.terminationStatus
    var outcome = Outcome(
      exitCode: nil, signal: nil, output: output.bytes, errors: errors.bytes,
      timedOut: timedOut.isRaised)
    switch status {
    case .exited(let code): outcome.exitCode = code
    case .signaled(let number): outcome.signal = number
    }
    return outcome
  }

  /// Waits until a process has ended, without taking its status away: one that has closed its output may work on, and its
  /// time must be over some day, too.
  private static func waitForEnd(_ process: pid_t) async {
    var pause: Int64 = 100_000
    while true {
      var information = siginfo_t()
      let answer = waitid(P_PID, id_t(process), &information, WEXITED | WNOHANG | WNOWAIT)
      // After an error nobody is left to wait for.
      if answer != 0 || information.si_signo != 0 { return }
      do { try await Task.sleep(for: .nanoseconds(pause)) } catch { return }
      pause = min(pause * 2, 20_000_000)
    }
  }

  /// A value of a type that can be written as a string literal. The path type belongs to a module that the library
  /// uses and we do not.
  private static func literal<Value: ExpressibleByStringLiteral>(_ text: String) -> Value
  where Value.StringLiteralType == String { Value(stringLiteral: text) }

  /// A flag that one task raises for another.
  private final class Flag: Sendable {
    private let value = Atomic<Bool>(false)
    var isRaised: Bool { value.load(ordering: .relaxed) }
    func raise() { value.store(true, ordering: .relaxed) }
  }

  /// The first bytes of a stream.
  private final class Bounded: Sendable {
    private let kept = Mutex<[UInt8]>([])
    var bytes: [UInt8] { kept.withLock { $0 } }

    func collect(_ stream: SubprocessOutputSequence) async {
      do {
        for try await buffer in stream {
          buffer.withUnsafeBytes { raw in
            kept.withLock { kept in
              kept.append(contentsOf: raw.prefix(RemoteText.limit - kept.count))
            }
          }
        }
      } catch {
        // A stream that breaks off ends what is kept; the program's end decides the outcome.
      }
    }
  }
}
