import PlaybookModel
import Synchronization

/// Histories of runs as they were read last. A journal only grows, so the next one who asks reads what was added since: an undo
/// of many runs looks at each for all of them, and a watch looks again and again.
///
/// That what was read is still the beginning of the journal is seen by the hash of its last record, which covers all before it.
/// Journals that are not whole are read anew each time.
public final class RunReadings: Sendable {
  /// A journal up to a record.
  struct Reading {
    var history: RunHistory
    var chain = JournalChain.Check()

    mutating func add(_ record: RunRecord) {
      chain.add(record)
      history.add(record)
    }
  }

  /// Records whose histories are kept, over all runs: a journal of millions is not to be in memory longer than it is needed.
  private static let mostRecords = 1_000_000
  private let kept = Mutex<[String: Reading]>([:])

  /// Nothing read yet.
  public init() {}

  /// A run's journal as it is now.
  func reading(run: String, timed: Set<String>, in storage: any JournalStorage) throws -> Reading {
    // Taken out, so that adding to it copies nothing.
    if var known = kept.withLock({ $0.removeValue(forKey: run) }), known.history.timed.isSuperset(of: timed),
      let last = known.history.last
    {
      var isSame: Bool?
      try storage.forEachRecord(run: run, after: last.sequence - 1) { record in
        guard isSame != nil else {
          isSame = record.hash == last.hash
          return
        }
        if isSame == true { known.add(record) }
      }
      if isSame == true { return keep(known, run) }
    }
    var reading = Reading(history: RunHistory([], timed: timed))
    try storage.forEachRecord(run: run, after: 0) { reading.add($0) }
    return keep(reading, run)
  }

  private func keep(_ reading: Reading, _ run: String) -> Reading {
    guard reading.chain.problem == nil, reading.history.count > 0 else { return reading }
    kept.withLock { kept in
      let others = kept.values.reduce(0) { $0 + $1.history.count }
      if others + reading.history.count <= Self.mostRecords { kept[run] = reading }
    }
    return reading
  }
}

extension JournalStorage {
  /// A run's journal as it is now: read anew, or as far as it has grown since.
  func reading(run: String, timed: Set<String> = []) throws -> RunReadings.Reading {
    try (readings ?? RunReadings()).reading(run: run, timed: timed, in: self)
  }
}
