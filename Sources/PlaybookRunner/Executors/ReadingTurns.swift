/// Lets those who only read work side by side, and whoever changes something alone, in the order in which they come.
///
/// The kernel's lists of rules and elements do not hold still for a reader while another program changes them: what is read then is
/// cut off, or misses what is there. Our own tasks at least take turns.
actor ReadingTurns {
  private var readers = 0
  private var isChanging = false
  private var waiting: [(changes: Bool, turn: CheckedContinuation<Void, Never>)] = []

  /// Does something when its turn has come.
  func take<Value: Sendable>(changing: Bool, _ work: @Sendable () async throws -> Value) async rethrows
    -> Value
  {
    await begin(changing)
    do {
      let value = try await work()
      end(changing)
      return value
    } catch {
      end(changing)
      throw error
    }
  }

  private func begin(_ changing: Bool) async {
    if waiting.isEmpty, !isChanging, !changing || readers == 0 {
      admit(changing)
    } else {
      await withCheckedContinuation { waiting.append((changing, $0)) }
    }
  }

  private func admit(_ changing: Bool) {
    if changing { isChanging = true } else { readers += 1 }
  }

  private func end(_ changing: Bool) {
    if changing { isChanging = false } else { readers -= 1 }
    while let next = waiting.first, !isChanging, !next.changes || readers == 0 {
      waiting.removeFirst()
      admit(next.changes)
      next.turn.resume()
    }
  }
}
