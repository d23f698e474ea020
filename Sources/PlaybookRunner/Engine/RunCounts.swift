import PlaybookModel
import Synchronization

/// Numbers of devices by outcome while a run goes on, so that nobody has to read its journal again at the end.
final class RunCounts: Sendable {
  private let counts: Mutex<[RunRecord.Outcome: Int]>

  init(_ start: [RunRecord.Outcome: Int]) { counts = Mutex(start) }

  var current: [RunRecord.Outcome: Int] { counts.withLock { $0.filter { $0.value > 0 } } }

  /// A device has an outcome; `before` is what was known of it in the same visit of the step.
  func note(_ outcome: RunRecord.Outcome, before: RunHistory.DeviceState?) {
    counts.withLock { counts in
      if let before { counts[before.outcome, default: 0] -= 1 }
      counts[outcome, default: 0] += 1
    }
  }
}
