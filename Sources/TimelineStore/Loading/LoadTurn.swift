internal import Synchronization

/// Whose turn it is: the lane that comes next in evidence order hands its rows on while it reads; the others spool theirs
/// until those before them have ended. So the case grows while evidence is read, in the same order whatever the threads do.
final class LoadTurn: @unchecked Sendable {
  /// Touched by the lane whose turn it is, and by nobody else.
  let assembly: CaseAssembly
  private let next = Atomic<Int>(0)
  /// Lanes that have ended before their turn.
  private let waiting = Mutex<[Int: Waiting]>([:])

  private struct Waiting: @unchecked Sendable { let lane: LoadLane }

  init(assembly: CaseAssembly) { self.assembly = assembly }

  /// True when the lane of this order may use the assembly.
  @inline(__always) func isTurn(of order: Int) -> Bool { next.load(ordering: .acquiring) == order }

  /// Ends a lane; where it was its turn, hands the turn on, and takes the lanes that wait for it.
  func end(_ lane: LoadLane) throws(StoreError) {
    let mustWait = waiting.withLock { waiting in
      if next.load(ordering: .acquiring) == lane.order { return false }
      waiting[lane.order] = Waiting(lane: lane)
      return true
    }
    if mustWait { return }
    try lane.handOver(to: assembly)
    while let following = passOn() { try following.handOver(to: assembly) }
  }

  private func passOn() -> LoadLane? {
    waiting.withLock { waiting in
      let order = next.load(ordering: .relaxed) + 1
      let lane = waiting.removeValue(forKey: order)
      next.store(order, ordering: .releasing)
      return lane?.lane
    }
  }

  /// Takes the lanes that are left: those whose orders have gaps before them.
  func endAll() throws(StoreError) {
    let rest = waiting.withLock { waiting in
      defer { waiting.removeAll() }
      return waiting.values.map(\.lane).sorted { $0.order < $1.order }.map(Waiting.init)
    }
    for one in rest { try one.lane.handOver(to: assembly) }
  }
}
