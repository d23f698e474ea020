import Dispatch
import Synchronization

/// Bytes on their way to a standard stream whose reader may be slow, asleep or gone: a thread of its own writes them, so that
/// whoever acts on devices, or has to let them in by a deadline, never waits for a reader.
///
/// What could not be written yet is written later; beyond a limit lines are left out and counted.
final class OutputLane: Sendable {
  private struct State {
    var pending: [UInt8] = []
    var isWriting = false
    /// True once somebody waited in vain: nobody waits any more until all is written.
    var isStuck = false
    /// Lines that were left out since all was written last.
    var lost = 0
  }
  private let state = Mutex(State())
  private let queue: DispatchQueue
  private let busy = DispatchGroup()
  private let limit: Int
  private let write: @Sendable (UnsafeRawBufferPointer) -> Void
  private let lose: @Sendable (Int) -> Void

  /// How long somebody waits for a reader, at most and once: so that what is read on one terminal keeps its order.
  private static let patience = DispatchTimeInterval.milliseconds(200)

  /// - Parameters:
  ///   - limit: Bytes that are kept for a reader who does not read.
  ///   - write: Writes some bytes, however long that takes.
  ///   - lose: Called when all is written again, with the number of lines that were left out.
  init(
    _ label: String, limit: Int, write: @escaping @Sendable (UnsafeRawBufferPointer) -> Void,
    lose: @escaping @Sendable (Int) -> Void
  ) {
    queue = DispatchQueue(label: label)
    self.limit = limit
    self.write = write
    self.lose = lose
  }

  /// True while a reader does not take what there is.
  var isStuck: Bool { state.withLock { $0.isStuck } }

  /// Bytes to be written, whole lines. What `mayBeLeftOut` is so where anything waits already. Returns true when much waits: for
  /// a reader who reads, only slower than we talk, one should `settle`.
  @discardableResult func put(_ bytes: UnsafeRawBufferPointer, mayBeLeftOut: Bool = false) -> Bool {
    let (begins, isMuch) = state.withLock { state -> (Bool, Bool) in
      if mayBeLeftOut, !state.pending.isEmpty { return (false, false) }
      guard state.pending.count + bytes.count <= limit else {
        state.lost += bytes.count { $0 == 0x0A }
        return (false, false)
      }
      state.pending.append(contentsOf: bytes)
      let isMuch = state.pending.count > limit / 4
      guard !state.isWriting else { return (false, isMuch) }
      state.isWriting = true
      busy.enter()
      return (true, isMuch)
    }
    if begins { queue.async { self.drain() } }
    return isMuch
  }

  /// Waits until all is written, a moment at most, and not at all while the reader is known not to read.
  func settle() {
    guard !isStuck, busy.wait(timeout: .now() + Self.patience) == .timedOut else { return }
    state.withLock { $0.isStuck = $0.isWriting }
  }

  /// Waits until all is written, or until this says that nobody wants to wait any more. False when something was not.
  func finish(unless isGivenUp: () -> Bool) -> Bool {
    while busy.wait(timeout: .now() + .milliseconds(50)) == .timedOut {
      if isGivenUp() { return false }
    }
    return true
  }

  private func drain() {
    while true {
      let (bytes, lost) = state.withLock { state -> ([UInt8], Int) in
        let bytes = state.pending
        state.pending = []
        guard bytes.isEmpty else { return (bytes, 0) }
        let lost = state.lost
        state.lost = 0
        if lost == 0 {
          state.isWriting = false
          state.isStuck = false
          busy.leave()
        }
        return ([], lost)
      }
      if lost > 0 {
        lose(lost)
      } else if bytes.isEmpty {
        return
      } else {
        bytes.withUnsafeBytes(write)
      }
    }
  }
}
