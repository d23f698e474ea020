import PlaybookModel
import Synchronization

/// Looks at a device: once, until something shows, or until nothing can show any more.
extension DeviceAction {
  /// Looks, and again after a while when the device cannot be reached.
  func lookPatiently(_ device: String?, _ values: [String: String]) async -> Look {
    var attempt = 0
    while true {
      let state = await look(device, values)
      guard case .unreachable = state, attempt < policy.retries, !isReturn, !environment.control.isStopping
      else { return state }
      attempt += 1
      await pause(attempt)
    }
  }

  /// Looks at a device on which something may still be under way, until that shows or cannot any more: to do it again meanwhile
  /// would do it twice, and "not in force" is no answer yet. Where there is no way to look its time is waited for.
  func lookUntilSettled(
    _ device: String?, _ values: [String: String], _ unseen: UnseenAct
  ) async -> Look {
    await lookAgain(for: unseen.left(environment.clock)) {
      sayWait(device, for: unseen)
    } look: {
      await lookPatiently(device, values)
    } until: { seen in
      // What an undo that is under way has yet to take away is no answer either.
      guard !unseen.isUndo else { return false }
      switch (seen, role) {
      case (.holds, .act), (.absent, .undo): return true
      default: return false
      }
    }
  }

  /// How often what comes into force again while it is taken back is taken back once more.
  static let mostReturns = 3

  /// True where what an undo took back comes into force again, by an act that was still under way: it is not seen to stay taken back
  /// before that one's time is over. Nil where somebody stopped the waiting.
  func comesBack(_ device: String?, _ values: [String: String], _ unseen: UnseenAct) async -> Bool? {
    guard role == .undo, verification != nil, case .holds = await lookUntilInForce(device, values) else {
      return false
    }
    watching.wrappingAdd(1, ordering: .relaxed)
    defer { watching.wrappingSubtract(1, ordering: .relaxed) }
    let seen = await lookAgain(for: unseen.left(environment.clock)) {
      sayWait(device, for: unseen)
    } look: {
      await look(device, values)
    } until: { seen in
      if case .absent = seen { true } else { false }
    }
    switch seen {
    case .stopped: return nil
    case .absent: return true
    default: return false
    }
  }

  /// Looks until the wanted state is in force or the verification's time is over.
  func lookUntilInForce(_ device: String?, _ values: [String: String]) async -> Look {
    await lookAgain(for: Int64(verification?.withinMilliseconds ?? 0) * 1_000_000) {
    } look: {
      await look(device, values)
    } until: { seen in
      if case .holds = seen { true } else { false }
    }
  }

  /// Nanoseconds that are waited without a word.
  private static let silentWait: Int64 = 3_000_000_000

  /// Says until when a device is looked at again, and why.
  func sayWait(_ device: String?, for unseen: UnseenAct) {
    let clock = environment.clock
    let time = unseen.left(clock)
    guard time > Self.silentWait else { return }
    func text(_ time: Int64) -> String { DocumentTimestamp.text(nanoseconds: time).prefix(19) + "Z" }
    let sent =
      unseen.run == writer.run
      ? "what was sent" : "the \(unseen.isUndo ? "undo" : "act") that run \(unseen.run) sent"
    environment.progress(
      .note(
        "\(device ?? "all devices together"): \(verification == nil ? "waited for" : "looked at again") until \(text(clock.wallTime() + time)), "
          + "since nobody saw the end of \(sent) at \(text(clock.wallTime(of: unseen.begun))): it may still be under way there"
      ))
  }

  /// Looks, and again and again until what is seen is final or the time is over; `onWait` is called before the first pause.
  func lookAgain(
    for time: Int64, onWait: () -> Void, look: () async -> Look, until isFinal: (Look) -> Bool
  ) async -> Look {
    let end = environment.clock.monotonicTime() + time
    var isFirst = true
    while true {
      let seen = await look()
      if isFinal(seen) { return seen }
      let left = end - environment.clock.monotonicTime()
      guard left > 0 else { return seen }
      if isFirst { onWait() }
      isFirst = false
      // A cancelled task does not sleep: it would ask without a pause.
      if environment.control.isStopping || Task.isCancelled { return .stopped }
      await environment.clock.sleep(nanoseconds: min(left, max(200_000_000, min(time / 50, 5_000_000_000))))
    }
  }

  /// Looks whether the wanted state is in force.
  func look(_ device: String?, _ values: [String: String]) async -> Look {
    guard let verification else { return .unclear("there is no way to look") }
    var asked: (commands: [PlaybookCommand], answer: CommandAnswer)?
    for look in verification.looks {
      let expectation: RolloutPolicy.Expectation
      do {
        expectation = try Expectations.filled(look.expectation, values)
      } catch {
        return .unclear(error.description)
      }
      // The same question once more, for something else in its answer, is not sent again.
      if asked?.commands != look.commands {
        let answer = await execute(stepCalls.calls(look.commands, values: values, device: device))
        asked = (look.commands, answer)
      }
      guard let answer = asked?.answer else { continue }
      let seen = Self.seen(answer, expectation)
      guard case .holds = seen else { return seen }
    }
    return .holds
  }

  private static func seen(_ answer: CommandAnswer, _ expectation: RolloutPolicy.Expectation) -> Look {
    switch answer.effect {
    case .unreachable: return .unreachable(answer.detail)
    case .unknown: return .unclear(answer.detail)
    case .refused:
      // "No" is an answer for commands whose success is the question.
      if expectation == .success { return .absent }
      // So is "there is no such thing", for those who ask for it and for those who expect just that.
      if case .equals = expectation, Expectations.holds(expectation, answer) == true { return .holds }
      return answer.json?["error"]?.text == NFTExecutor.notFound ? .absent : .unclear(answer.detail)
    case .done:
      guard let holds = Expectations.holds(expectation, answer) else {
        let cut = answer.isCut ? ", of which \(RemoteText.limit) bytes are looked at," : ""
        return .unclear("the answer\(cut) does not say whether \(expectation.words): \(answer.detail)")
      }
      return holds ? .holds : .absent
    }
  }

  /// Waits before another attempt: doubling, with up to half of it as jitter, so that devices do not come in step.
  func pause(_ attempt: Int) async {
    let base = Int64(policy.backoffMilliseconds) * 1_000_000 << Int64(min(attempt - 1, 10))
    await environment.clock.sleep(nanoseconds: base + Int64.random(in: 0...max(0, base / 2)))
  }
}
