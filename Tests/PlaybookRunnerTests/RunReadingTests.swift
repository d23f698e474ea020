import PlaybookModel
import PlaybookRunner
import Synchronization
import Testing

/// Journals of other runs are read once, and then only what was added: an undo of many runs must not read each for all of them.
@Suite struct RunReadingTests {
  /// A journal that counts the records that are read of it, and that can be exchanged for another.
  private final class CountingJournal: JournalStorage {
    let readings: RunReadings? = RunReadings()
    private let inner: Mutex<MemoryJournal>
    private let count = Mutex(0)
    init(_ inner: MemoryJournal) { self.inner = Mutex(inner) }
    var read: Int { count.withLock { $0 } }
    func exchange(_ other: MemoryJournal) { inner.withLock { $0 = other } }
    func append(_ records: [RunRecord]) throws { try inner.withLock { $0 }.append(records) }
    func records(run: String) throws -> [RunRecord] { try inner.withLock { $0 }.records(run: run) }
    func forEachRecord(run: String, after sequence: Int, _ body: (RunRecord) throws -> Void) throws {
      for record in try records(run: run) where record.sequence > sequence {
        count.withLock { $0 += 1 }
        try body(record)
      }
    }
    func runs() throws -> [String] { try inner.withLock { $0 }.runs() }
  }

  private func run(_ scene: StepScene, _ journal: any JournalStorage, _ id: String) async throws {
    var environment = scene.environment()
    environment.journal = journal
    _ = try await PlaybookRun(scene.plan, environment: environment, run: id).execute()
  }

  @Test func anUndoOfManyRunsReadsEachJournalOnce() async throws {
    let scene = try StepScene([StepFleet.Step(name: "isolate")], count: 20)
    let journal = CountingJournal(scene.journal)
    let runs = (1...8).map { "r\($0)" }
    for id in runs { try await run(scene, journal, id) }
    var environment = scene.environment()
    environment.journal = journal
    let before = journal.read
    _ = try RunOverview.all(in: journal)
    for id in runs.reversed() {
      let undo = try UndoRun(scene.plan, environment: environment, run: id, includesHeld: true)
      #expect(try await undo.execute().end == .succeeded)
    }
    #expect(scene.fleet.inForce.isEmpty)
    // Each look at a journal that was read before costs one record, the one that shows that it is the same.
    let all = scene.journal.all.count
    #expect(journal.read - before < 2 * all, "\(journal.read - before) of \(all)")
  }

  @Test func anotherJournalInItsPlaceIsReadAnew() async throws {
    let scene = try StepScene([StepFleet.Step(name: "isolate")], count: 4)
    let journal = CountingJournal(scene.journal)
    try await run(scene, journal, "r")
    #expect(try RunHistory(run: "r", in: journal).standing.inForce == 4)
    // An older copy of the case was put back, and another run of that name was made.
    let other = try StepScene([StepFleet.Step(name: "isolate")], count: 2)
    try await run(other, other.journal, "r")
    journal.exchange(other.journal)
    #expect(try RunHistory(run: "r", in: journal).standing.inForce == 2)
    journal.exchange(MemoryJournal())
    #expect(try RunHistory(run: "r", in: journal).last == nil)
    let altered = MemoryJournal()
    var records = scene.journal.all
    records[5].detail = "nothing"
    try altered.append(records)
    journal.exchange(altered)
    for _ in 1...2 { #expect(throws: RunnerError.self) { try RunHistory(run: "r", in: journal) } }
  }
}
