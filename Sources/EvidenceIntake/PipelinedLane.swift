import IncidentModel

/// A lane that is fed on a thread of its own, so that one source is read and stored at the same time. What is asked of it is
/// done in order; what goes wrong is thrown by a later call, at the latest by `close`.
///
/// Where nothing is under way, what is asked is done at once by whoever asks, but for batches that are handed over: an archive
/// of many small files would spend a quarter of its time on waking threads.
final class PipelinedLane: EventLane {
  /// Batches on their way, the one that is being filled not counted.
  private static let batches = 2

  private enum Step {
    case begin(SourceDescription)
    case append(EventBatch)
    case finish(SourceAccount, [TimeAdjustment])
    case discard
    case close
  }
  private struct State {
    var steps: [Step] = []
    /// True while the lane's thread does a step.
    var isBusy = false
    var spares: [EventBatch]
    var failure: (any Error)?
    var mustStop = false
    var hasEnded = false
  }
  private let state: Monitor<State>
  /// For who asks while the thread has nothing to do.
  private let lane: any EventLane

  init(_ lane: any EventLane) {
    // The thread is the lane's only user while there are steps or one is being done.
    struct Handed: @unchecked Sendable { let lane: any EventLane }
    self.lane = lane
    state = Monitor(State(spares: Array(repeating: EventBatch(), count: Self.batches)))
    let handed = Handed(lane: lane)
    detachThread { [state] in Self.work(on: handed.lane, state) }
  }

  deinit { end() }

  private static func work(on lane: any EventLane, _ state: Monitor<State>) {
    loop: while true {
      let step: Step? = state.wait { state in
        if state.mustStop { return .some(nil) }
        guard !state.steps.isEmpty else { return nil }
        state.isBusy = true
        return .some(state.steps.removeFirst())
      }
      guard let step else { break }
      do {
        switch step {
        case .begin(let source): try lane.beginSource(source)
        case .append(let batch):
          try lane.append(batch)
          state.change {
            $0.spares.append(batch)
            $0.isBusy = false
          }
          continue loop
        case .finish(let account, let adjustments):
          try lane.finishSource(account, adjustments: adjustments)
        case .discard: try lane.discardSource()
        case .close:
          try lane.close()
          break loop
        }
        state.change { $0.isBusy = false }
      } catch {
        state.change { $0.failure = error }
        break
      }
    }
    state.change { $0.hasEnded = true }
  }

  private func add(_ step: Step) throws {
    let failure = state.change { state -> (any Error)? in
      if state.failure == nil { state.steps.append(step) }
      return state.failure
    }
    if let failure { throw failure }
  }

  /// True where the thread has nothing to do: what is asked next is done at once, by whoever asks.
  var isIdle: Bool {
    state.look { $0.steps.isEmpty && !$0.isBusy && $0.failure == nil && !$0.hasEnded }
  }

  /// An empty batch with room; waits until there is one.
  func spare() throws -> EventBatch {
    let spare: Result<EventBatch, any Error> = state.wait { state in
      if let failure = state.failure { return .failure(failure) }
      return state.spares.popLast().map { .success($0) }
    }
    return try spare.get()
  }

  /// Adds a batch that is the lane's from now on.
  func hand(_ batch: consuming EventBatch) throws { try add(.append(batch)) }

  /// Waits until the thread has ended; what has not been done is left undone.
  func end() {
    state.change { $0.mustStop = true }
    state.wait { $0.hasEnded ? () : nil }
  }

  // MARK: EventLane

  func beginSource(_ source: SourceDescription) throws {
    if isIdle { try lane.beginSource(source) } else { try add(.begin(source)) }
  }

  func append(_ batch: borrowing EventBatch) throws {
    if isIdle { try lane.append(batch) } else { try add(.append(copy batch)) }
  }

  func finishSource(_ account: SourceAccount, adjustments: [TimeAdjustment]) throws {
    if isIdle {
      try lane.finishSource(account, adjustments: adjustments)
    } else {
      try add(.finish(account, adjustments))
    }
  }

  func discardSource() throws { if isIdle { try lane.discardSource() } else { try add(.discard) } }

  func close() throws {
    try add(.close)
    let failure = state.wait { state in state.hasEnded ? .some(state.failure) : nil }
    if let failure { throw failure }
  }
}
