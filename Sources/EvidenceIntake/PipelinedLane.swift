import IncidentModel

/// A lane that is fed on a thread of its own, so that one source is read and stored at the same time. What is asked of it is
/// done in order; what goes wrong is thrown by a later call, at the latest by `close`.
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
    var spares: [EventBatch]
    var failure: (any Error)?
    var mustStop = false
    var hasEnded = false
  }
  private let state: Monitor<State>

  init(_ lane: any EventLane) {
    // The thread is the lane's only user until it has ended.
    struct Handed: @unchecked Sendable { let lane: any EventLane }
    state = Monitor(State(spares: Array(repeating: EventBatch(), count: Self.batches)))
    let handed = Handed(lane: lane)
    detachThread { [state] in Self.work(on: handed.lane, state) }
  }

  deinit { end() }

  private static func work(on lane: any EventLane, _ state: Monitor<State>) {
    loop: while true {
      let step: Step? = state.wait { state in
        if state.mustStop { return .some(nil) }
        return state.steps.isEmpty ? nil : .some(state.steps.removeFirst())
      }
      guard let step else { break }
      do {
        switch step {
        case .begin(let source): try lane.beginSource(source)
        case .append(let batch):
          try lane.append(batch)
          state.change { $0.spares.append(batch) }
        case .finish(let account, let adjustments):
          try lane.finishSource(account, adjustments: adjustments)
        case .discard: try lane.discardSource()
        case .close:
          try lane.close()
          break loop
        }
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

  func beginSource(_ source: SourceDescription) throws { try add(.begin(source)) }

  func append(_ batch: borrowing EventBatch) throws { try add(.append(copy batch)) }

  func finishSource(_ account: SourceAccount, adjustments: [TimeAdjustment]) throws {
    try add(.finish(account, adjustments))
  }

  func discardSource() throws { try add(.discard) }

  func close() throws {
    try add(.close)
    let failure = state.wait { state in state.hasEnded ? .some(state.failure) : nil }
    if let failure { throw failure }
  }
}
