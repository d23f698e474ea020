import ConsoleOutput
import PlaybookModel
import PlaybookRunner

extension RunCommandSupport {
  /// Takes back once what has outlived its time to live.
  func undoExpired(_ plan: ExecutionPlan, run: String) async throws {
    try await ready(plan, run: run)
    let locks = try lock(plan, run: run)
    var environment = try environment(run, plan: plan, goesOnWith: "undo --expired")
    environment.unseen = try unseen(run, locks.1)
    defer { environment.control.stop() }
    guard var summary = try await takeBackExpired(plan, environment, run) else {
      try sayHeld(plan, run: run)
      return Console.print("run \(run): nothing has outlived its time to live")
    }
    withExtendedLifetime(locks) {}
    // Who asks once hears that something is left.
    if summary.end == .succeeded, !summary.reasons.isEmpty { summary.end = .failed }
    try finish(summary, goesOnWith: "undo --expired")
  }

  /// Throws when a run has nothing with a time to live, or something is missing that its undo needs.
  func ready(_ plan: ExecutionPlan, run: String) async throws {
    guard !plan.timedSteps.isEmpty else {
      throw CommandError("no step of run '\(run)' has a time to live ('time_to_live_ms')", .no)
    }
    try await secrets.unlock()
    try execution.preflight(plan, secrets, executors, steps: plan.timedSteps)
  }

  /// Throws when something is beyond its time to live that later runs still count on.
  func sayHeld(_ plan: ExecutionPlan, run: String) throws {
    let journal = try CaseJournal(case: casePath, readOnly: true)
    let held = try UndoRun(
      plan, environment: RunEnvironment(executors: executors, journal: journal), run: run, expiredOnly: true,
      planOf: planOf
    ).held
    guard !held.isEmpty else { return }
    let ways = UndoWords.waysOut(
      held, of: run, among: try RunOverview.all(in: journal), self, mayOverride: false)
    throw CommandError((held.map(\.sentence) + ways).joined(separator: "; "), .no)
  }
}

/// `undo --expired --watch`: takes back what outlives its time to live until nothing has one any more.
///
/// Devices are locked in only as long as somebody watches. So nothing but a person ends it before: not an output that
/// takes nothing, not a lock that another run holds, not a device out of reach, not a full disk.
struct ExpiryWatch {
  /// A run that is watched.
  struct Watched {
    var run: String
    var plan: ExecutionPlan
  }

  let support: RunCommandSupport
  /// Seconds between two looks at most.
  let seconds: Int
  /// True where each run's own secrets win over given ones: see `RunCommandSupport.of`.
  let ownFirst: Bool
  /// What is watched, read anew for each look: runs may have begun since.
  let runs: () throws -> [Watched]

  /// Seconds between two attempts at what was not taken back, at most: they double up to here.
  private static let longestPause: Int64 = 600

  /// Seconds until the next attempt, after so many in a row that were in vain.
  static func pause(_ seconds: Int, after attempts: Int) -> Int64 {
    let seconds = Int64(seconds)
    return max(seconds, min(seconds << Int64(max(0, min(attempts - 1, 10))), longestPause))
  }

  /// What one look left.
  private struct Look {
    /// Nanoseconds until the next device is due; nil when none will be.
    var next: Int64?
    /// Devices that are still to be taken back.
    var count = 0
    /// True when something is still to be taken back, or may be.
    var isLeft = false
    /// True when something was not taken back, or not looked at.
    var hasFailed = false
  }

  /// From now on an output that takes nothing is said once on standard error, and ends nothing.
  static func goOnWhenLost() {
    Console.goOnWhenLost("'firebreak playbook status' says what was taken back, the exit code that it was")
  }

  /// Watches. Throws where later runs hold something at the end, or somebody stopped it.
  func watch() async throws {
    Interrupt.listen()
    let clock = SystemClock()
    var attempts = 0
    var told = -1
    var ready: [String: RunCommandSupport] = [:]
    while true {
      let look = try await look(&ready)
      guard look.isLeft else { break }
      if look.count != told, let next = look.next {
        told = look.count
        Console.note(
          "\(Figures.counted(told, "device")) to be taken back, the first in \(next / 1_000_000_000) s (Ctrl-C ends the watch)"
        )
      }
      attempts = look.hasFailed ? attempts + 1 : 0
      var pause = Self.pause(seconds, after: attempts)
      if let next = look.next { pause = min(pause, max(1, next / 1_000_000_000 + 1)) }
      let until = clock.monotonicTime() + pause * 1_000_000_000
      while clock.monotonicTime() < until {
        if Interrupt.isRequested { throw ExitStatus.interrupted }
        await clock.sleep(nanoseconds: 200_000_000)
      }
    }
    for watched in try runs() { try support.sayHeld(watched.plan, run: watched.run) }
  }

  /// `ready` are the runs with their secrets, as far as nothing is missing for their undo.
  private func look(_ ready: inout [String: RunCommandSupport]) async throws -> Look {
    var look = Look()
    let watched: [Watched]
    do { watched = try runs() } catch {
      fail(error, &look)
      return look
    }
    for one in watched {
      if Interrupt.isRequested { throw ExitStatus.interrupted }
      do {
        var own = ready[one.run]
        if own == nil {
          let new = try support.of(one.run, one.plan, ownFirst: ownFirst)
          try await new.ready(one.plan, run: one.run)
          ready[one.run] = new
          own = new
        }
        if let own { try await take(one, own, &look) }
      } catch let status as ExitStatus {
        throw status
      } catch {
        fail(error, &look)
      }
    }
    return look
  }

  /// Takes back what of one run is due. The locks are held, and the inventory is read, only when something is: others may work in
  /// between.
  private func take(
    _ one: Watched, _ support: RunCommandSupport, _ look: inout Look
  ) async throws {
    let looking = RunEnvironment(
      executors: support.executors, journal: try CaseJournal(case: support.casePath, readOnly: true))
    var left = try support.expiries(one.plan, looking, one.run)
    var isBusy = false
    if left.contains(where: { $0.left <= 0 }) {
      var environment = try support.environment(one.run, plan: one.plan, goesOnWith: "undo --expired")
      defer { environment.control.stop() }
      do {
        let locks = try support.lock(one.plan, run: one.run)
        defer { withExtendedLifetime(locks) {} }
        environment.unseen = try support.unseen(one.run, locks.1)
        let summary = try await support.takeBackExpired(one.plan, environment, one.run, isWatched: true)
        if let summary, summary.end == .interrupted {
          try support.finish(summary, goesOnWith: "undo --expired")
        }
      } catch let error as RunnerError where error.code == .busy {
        Console.note(Sanitizer.escape("\(error)"))
        isBusy = true
      }
      left = try support.expiries(one.plan, looking, one.run)
    }
    for expiry in left {
      look.isLeft = true
      look.count += 1
      if expiry.left > 0 {
        look.next = min(look.next ?? .max, expiry.left)
      } else {
        // Who waits for a lock has tried nothing yet.
        look.hasFailed = look.hasFailed || !isBusy
      }
    }
  }

  private func fail(_ error: any Error, _ look: inout Look) {
    Console.warn(Sanitizer.escape("\(error); the watch goes on"))
    look.isLeft = true
    look.hasFailed = true
  }
}
