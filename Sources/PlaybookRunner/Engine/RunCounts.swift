import PlaybookModel
import Synchronization

/// Numbers of devices by outcome while a run goes on, so that nobody has to read its journal again at the end; and which
/// devices a step was not done to.
final class RunCounts: Sendable {
  private struct State {
    var counts: [RunRecord.Outcome: Int]
    var missed: [String: [String: Bool]]
    var neverSent: Set<String>
  }
  private let state: Mutex<State>

  /// From what a journal says already; `missed` as in `missed(in:)`, by step.
  init(
    _ start: [RunRecord.Outcome: Int], missed: [String: [String: Bool]] = [:], neverSent: Set<String> = []
  ) {
    state = Mutex(State(counts: start, missed: missed, neverSent: neverSent))
  }

  /// How often a step failed on a device before anything was sent.
  var neverSent: Int { state.withLock { $0.neverSent.count } }

  var current: [RunRecord.Outcome: Int] { state.withLock { $0.counts.filter { $0.value > 0 } } }

  /// Devices that a step was not done to; true for those that wait for it.
  func missed(in step: String) -> [String: Bool] { state.withLock { $0.missed[step] ?? [:] } }

  /// A device has an outcome; `before` is what was known of it in the same visit of the step.
  func note(
    _ outcome: RunRecord.Outcome, before: RunHistory.DeviceState?, step: String? = nil, device: String = "",
    reason: String? = nil
  ) {
    state.withLock { state in
      if let before { state.counts[before.outcome, default: 0] -= 1 }
      state.counts[outcome, default: 0] += 1
      guard let step else { return }
      if RunHistory.DeviceState.finished(outcome, reason: reason).isNeverSent {
        state.neverSent.insert("\(step)\n\(device)")
      } else {
        state.neverSent.remove("\(step)\n\(device)")
      }
      if let waits = Self.isMissed(.finished(outcome, reason: reason)) {
        state.missed[step, default: [:]][device] = waits
      } else {
        state.missed[step]?[device] = nil
      }
    }
  }

  /// What was known of a command in the same visit of its step does not count any more.
  func forget(_ before: RunHistory.DeviceState?) {
    guard let before, !before.isHandled else { return }
    state.withLock { $0.counts[before.outcome, default: 0] -= 1 }
  }

  /// Whether a step was not done to a device: nil when it was, or was not meant to be; true when the device waits.
  static func isMissed(_ state: RunHistory.DeviceState) -> Bool? {
    switch state {
    case .finished(.ok, _), .finished(.changed, _): nil
    case .finished(.skipped, let reason) where reason == "not-a-member": nil
    case .finished(.skipped, let reason): reason.map(RunHistory.queueReasons.contains) ?? false
    case .finished, .intended: false
    }
  }
}
