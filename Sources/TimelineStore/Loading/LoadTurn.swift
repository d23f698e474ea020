internal import Dispatch
internal import Synchronization

/// Whose turn it is: the lane that comes next in evidence order hands its rows on while it reads; the others spool theirs
/// until those before them have ended. So the case grows while evidence is read, in the same order whatever the threads do.
///
/// What has been spooled to a file is handed on by a thread of its own: it mostly waits for the disk, while lanes read on.
final class LoadTurn: @unchecked Sendable {
  /// Touched by the lane whose turn it is, or, while `isTaking`, by the thread that hands spooled rows on.
  let assembly: CaseAssembly
  /// The order of the lane whose turn it is; `failed` when rows could not be handed on.
  private let next = Atomic<Int>(0)
  private static let failed = Int.min
  /// Lanes that have ended before their turn.
  private let waiting = Mutex<[Int: Waiting]>([:])
  private let taking = DispatchGroup()
  private let takes = Atomic<Bool>(false)
  private let failure = Mutex<StoreError?>(nil)

  private struct Waiting: @unchecked Sendable { let lane: LoadLane }
  private struct Taking: @unchecked Sendable { let body: () throws(StoreError) -> Void }

  init(assembly: CaseAssembly) { self.assembly = assembly }

  /// True when the lane of this order may use the assembly, once nothing is being taken.
  @inline(__always) func isTurn(of order: Int) throws(StoreError) -> Bool {
    let turn = next.load(ordering: .acquiring)
    if turn == Self.failed { try throwFailure() }
    return turn == order
  }

  /// Ends a lane; where it was its turn, hands the turn on, and takes the lanes that wait for it.
  func end(_ lane: LoadLane) throws(StoreError) {
    let mustWait = waiting.withLock { waiting in
      if next.load(ordering: .acquiring) == lane.order { return false }
      waiting[lane.order] = Waiting(lane: lane)
      return true
    }
    if mustWait { return }
    try settle()
    try lane.handOver(to: assembly)
    while let following = passOn() {
      if following.hasFile {
        return inBackground { [self] () throws(StoreError) in
          try following.handOver(to: assembly)
          while let another = passOn() { try another.handOver(to: assembly) }
        }
      }
      try following.handOver(to: assembly)
    }
  }

  private func passOn() -> LoadLane? {
    waiting.withLock { waiting in
      let order = next.load(ordering: .relaxed) + 1
      let lane = waiting.removeValue(forKey: order)
      next.store(order, ordering: .releasing)
      return lane?.lane
    }
  }

  // MARK: - In the background

  /// True while spooled rows are handed on in the background.
  @inline(__always) var isTaking: Bool { takes.load(ordering: .acquiring) }

  /// Hands spooled rows on in the background. By the lane whose turn it is, when nothing is being taken.
  func inBackground(_ body: @escaping () throws(StoreError) -> Void) {
    let work = Taking(body: body)
    takes.store(true, ordering: .relaxed)
    DispatchQueue.global().async(group: taking) { [self] in
      do throws(StoreError) {
        try work.body()
      } catch {
        failure.withLock { $0 = $0 ?? error }
        next.store(Self.failed, ordering: .releasing)
      }
      takes.store(false, ordering: .releasing)
    }
  }

  /// Waits until nothing is being taken.
  func settle() throws(StoreError) {
    taking.wait()
    try throwFailure()
  }

  private func throwFailure() throws(StoreError) {
    if let failure = failure.withLock({ $0 }) { throw failure }
  }

  // MARK: - The end

  /// Takes the lanes that are left: those whose orders have gaps before them.
  func endAll() throws(StoreError) {
    try settle()
    let rest = waiting.withLock { waiting in
      defer { waiting.removeAll() }
      return waiting.values.map(\.lane).sorted { $0.order < $1.order }.map(Waiting.init)
    }
    for one in rest { try one.lane.handOver(to: assembly) }
  }

  /// Waits a while for what is being taken, which nobody wants any more: it writes to files of the load.
  func abandon() { _ = taking.wait(timeout: .now() + 2) }
}
