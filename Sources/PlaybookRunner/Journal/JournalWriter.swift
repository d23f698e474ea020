import Dispatch
public import PlaybookModel
import Synchronization

/// Writes one run's journal: numbers the records, chains their hashes, and makes them durable.
///
/// Many actions wait for their intent at the same time. Everything that waits is written with one append (group
/// commit), so that the disk's latency is paid once for all of them.
public final class JournalWriter: Sendable {
  private struct Waiting {
    var draft: RecordDraft
    var done: CheckedContinuation<Void, any Error>
  }
  private struct State {
    var waiting: [Waiting] = []
    var isScheduled = false
    var sequence: Int
    var previous: String
    /// Number of the record that the last checkpoint covers.
    var checkpoint: Int
    /// Wall time minus monotonic time, as it was last.
    var clockOffset: Int64?
    /// Once an append has failed nothing more is written: a journal with a hole would lie.
    var failure: RunnerError?
  }

  /// The run.
  public let run: String
  private let storage: any JournalStorage
  private let clock: any RunClock
  private let masker: SecretMasker
  private let signer: JournalSigner?
  private let state: Mutex<State>
  private let queue = DispatchQueue(label: "firebreak.journal")

  /// A writer that goes on after the run's last record; nil for a run without records.
  public init(
    run: String, after last: RunRecord?, storage: any JournalStorage, clock: any RunClock,
    masker: SecretMasker, signer: JournalSigner? = nil
  ) {
    self.signer = signer
    self.run = run
    self.storage = storage
    self.clock = clock
    self.masker = masker
    state = Mutex(
      State(
        sequence: last?.sequence ?? 0, previous: last?.hash ?? JournalChain.start,
        checkpoint: last?.sequence ?? 0))
  }

  /// Writes a record. When it returns the record is durable.
  public func write(_ draft: RecordDraft) async throws {
    try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
      let schedule = state.withLock { state in
        state.waiting.append(Waiting(draft: draft, done: done))
        defer { state.isScheduled = true }
        return !state.isScheduled
      }
      if schedule { queue.async { self.flush() } }
    }
  }

  /// Writes records of which none waits for another, many with one append. When it returns all are durable.
  public func write(all drafts: [RecordDraft]) async throws {
    if drafts.count == 1 { return try await write(drafts[0]) }
    for start in stride(from: 0, to: drafts.count, by: 2000) {
      try await withThrowingTaskGroup(of: Void.self) { group in
        for draft in drafts[start..<min(start + 2000, drafts.count)] {
          group.addTask { try await self.write(draft) }
        }
        try await group.waitForAll()
      }
    }
  }

  private func flush() {
    while true {
      let batch = state.withLock { state in
        let batch = state.waiting
        state.waiting = []
        if batch.isEmpty { state.isScheduled = false }
        return batch
      }
      guard !batch.isEmpty else { return }
      let failure = append(batch)
      for waiting in batch {
        if let failure { waiting.done.resume(throwing: failure) } else { waiting.done.resume() }
      }
    }
  }

  /// Records after which there is a checkpoint, so that what a person relies on is signed.
  private static let milestones: Set<RunRecord.Kind> = [
    .approved, .waveFinished, .halted, .undone, .runFinished,
  ]
  /// Reasons of other records that are signed in the same way.
  private static let signedReasons: Set<String> = [
    RunHistory.released, RunHistory.heldAgain, RunHistory.seen, RunHistory.seenAbsent,
  ]
  /// Records between two checkpoints at most.
  private static let checkpointDistance = 10_000
  /// A jump of the wall clock that is worth a record: 2 s, in nanoseconds.
  private static let notableDrift: Int64 = 2_000_000_000

  private func append(_ batch: [Waiting]) -> RunnerError? {
    // Only this queue moves the state's places.
    var (sequence, previous, failure, checkpoint, offset) = state.withLock {
      ($0.sequence, $0.previous, $0.failure, $0.checkpoint, $0.clockOffset)
    }
    if let failure { return failure }
    let wall = clock.wallTime()
    let monotonic = clock.monotonicTime()
    var records: [RunRecord] = []
    records.reserveCapacity(batch.count + 2)
    func add(_ draft: RecordDraft) {
      sequence += 1
      let record = RunRecord(
        run: run, sequence: sequence, wallTime: wall, monotonicTime: monotonic, kind: draft.kind,
        step: draft.step, target: draft.target, action: draft.action, outcome: draft.outcome,
        reason: draft.reason, wave: draft.wave, detail: masker.mask(draft.detail))
      let linked = JournalChain.link(record, after: previous)
      previous = linked.hash
      records.append(linked)
    }
    if let known = offset, abs(wall - monotonic - known) > Self.notableDrift {
      let seconds = Double(wall - monotonic - known) / 1e9
      add(
        RecordDraft(
          .note, reason: "clock",
          detail:
            "the wall clock was moved by \(seconds) s against the monotonic one; times of the run count by the latter"
        ))
    }
    offset = wall - monotonic
    for waiting in batch { add(waiting.draft) }
    var isSigned = false
    if let signer,
      sequence - checkpoint >= Self.checkpointDistance
        || batch.contains(where: {
          $0.draft.isSigned || Self.milestones.contains($0.draft.kind)
            || $0.draft.reason.map(Self.signedReasons.contains) ?? false
        }),
      let draft = signer.checkpoint(run: run, sequence: sequence, hash: previous)
    {
      checkpoint = sequence
      add(draft)
      isSigned = true
    }
    do {
      try storage.append(records)
    } catch {
      failure = RunnerError(
        .journal, "cannot write the journal of run '\(run)', nothing more is done: \(error)")
      state.withLock { $0.failure = failure }
      return failure
    }
    // Only what is in the journal: noted before, a power cut would make it look cut off.
    if isSigned { signer?.note(run: run, sequence: sequence, hash: previous) }
    state.withLock { state in
      state.sequence = sequence
      state.previous = previous
      state.checkpoint = checkpoint
      state.clockOffset = offset
    }
    return nil
  }
}
