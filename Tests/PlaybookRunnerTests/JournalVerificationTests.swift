import Foundation
import PlaybookModel
import PlaybookRunner
import Synchronization
import Testing

@Suite struct JournalVerificationTests {
  private func signedRun(_ signer: JournalSigner, clock: any RunClock = SystemClock()) async throws
    -> [RunRecord]
  {
    let journal = MemoryJournal()
    let fleet = SimulatedFleet()
    let environment = RunEnvironment(
      executors: fleet.executors, journal: journal, clock: clock, signer: signer)
    _ = try await PlaybookRun(
      try fleet.plan((1...30).map { "d-\($0)" }), environment: environment, run: "r"
    ).execute()
    return journal.all
  }

  private func verify(_ records: [RunRecord], pinned: Set<String>? = nil) -> JournalVerification {
    var verification = JournalVerification(pinned: pinned)
    for record in records { verification.add(record) }
    return verification
  }

  /// The last records and the last checkpoint gone together: chain and signatures of the rest are whole.
  @Test func aJournalThatWasCutOffAtACheckpointIsToldWhereItWasSigned() async throws {
    let folder = try TemporaryFolder()
    let key = folder.path + "/key"
    let ends = JournalEnds(keyFile: key, case: folder.path + "/a.firebreak")
    let records = try await signedRun(try JournalSigner(keyFile: key, ends: ends))
    let noted = ends.noted(run: "r")
    let checkpoints = records.filter { $0.kind == .checkpoint }
    #expect(noted == Dictionary(uniqueKeysWithValues: checkpoints.map { ($0.sequence, $0.hash) }))
    func cut(_ records: [RunRecord], _ noted: [Int: String]) -> String? {
      var verification = JournalVerification(noted: noted)
      for record in records { verification.add(record) }
      #expect(verification.problem == nil && verification.isNoted == !noted.isEmpty)
      return verification.cut
    }
    #expect(cut(records, noted) == nil)
    let earlier = try #require(checkpoints.dropLast().last).sequence
    let short = Array(records[..<earlier])
    #expect(cut(short, noted)?.contains("ends at record \(earlier)") == true)
    // Written on afterwards until it is longer than it was.
    var long = short
    while long.count < records.count + 5 {
      var record = records[0]
      record.kind = .note
      record.sequence = long.count + 1
      long.append(JournalChain.link(record, after: long[long.count - 1].hash))
    }
    #expect(cut(long, noted)?.contains("record \(records.count) is not the one") == true)
    // Not known under another path, by another key, or of a name that is no run's.
    for other in [
      JournalEnds(keyFile: key, case: folder.path + "/b.firebreak"),
      JournalEnds(keyFile: folder.path + "/other", case: folder.path + "/a.firebreak"),
    ] { #expect(cut(short, other.noted(run: "r")) == nil) }
    #expect(ends.noted(run: "../key.ends/r").isEmpty)
    // A line that a power cut left half is none, and costs the next one nothing.
    let file = key + ".ends/r"
    let text = try String(contentsOfFile: file, encoding: .utf8)
    try String(text.dropLast(70)).write(toFile: file, atomically: true, encoding: .utf8)
    #expect(ends.noted(run: "r").count == noted.count - 1)
  }

  @Test func checkpointsShowAJournalThatWasWrittenAnew() async throws {
    let folder = try TemporaryFolder()
    let ours = try JournalSigner(keyFile: folder.path + "/key")
    #expect(try JournalSigner(keyFile: folder.path + "/key").publicKey == ours.publicKey)
    let theirs = try JournalSigner(keyFile: folder.path + "/other")
    let records = try await signedRun(ours)
    let good = verify(records, pinned: [ours.publicKey])
    #expect(good.problem == nil && good.records == records.count && good.signed[ours.publicKey] ?? 0 >= 3)
    // The last word of the run is signed.
    #expect(good.lastSigned == records.count && good.openIntents.isEmpty)

    // One outcome changed, and the whole chain computed anew, with and without the old signatures.
    var previous = JournalChain.start
    let forged = records.map { record in
      var record = record
      if record.target == "d-9", record.kind == .result { record.outcome = .failed }
      record = JournalChain.link(record, after: previous)
      previous = record.hash
      return record
    }
    #expect(JournalChain.firstProblem(in: forged) == nil)
    #expect(verify(forged).problem != nil)
    // Signed by somebody else: only a pinned key tells.
    let others = try await signedRun(theirs)
    #expect(verify(others).problem == nil)
    #expect(verify(others, pinned: [ours.publicKey]).problem != nil)
    // Without checkpoints, and with a pinned key: no.
    previous = JournalChain.start
    var sequence = 0
    let bare = records.filter { $0.kind != .checkpoint }.map { record in
      var record = record
      sequence += 1
      record.sequence = sequence
      record = JournalChain.link(record, after: previous)
      previous = record.hash
      return record
    }
    #expect(verify(bare).problem == nil && verify(bare, pinned: [ours.publicKey]).problem != nil)
    for index in records.indices {
      var cut = records
      cut.remove(at: index)
      #expect(index == records.count - 1 || verify(cut).problem != nil, "record \(index + 1)")
    }
  }

  @Test func aKeyThatOthersCanReadIsNotUsed() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write("key", "firebreak-journal-key-1 AAAA\n", mode: 0o644)
    #expect(throws: RunnerError.self) { try JournalSigner(keyFile: file) }
    let junk = try folder.write("junk", "hello\n")
    #expect(throws: RunnerError.self) { try JournalSigner(keyFile: junk) }
  }

  @Test func aJumpOfTheWallClockStandsInTheJournal() async throws {
    let journal = MemoryJournal()
    let clock = TestClock()
    let fleet = SimulatedFleet { device in
      if device == "d-5" { clock.times.withLock { $0.wall += 7_200_000_000_000 } }
      return .none
    }
    _ = try await PlaybookRun(
      try fleet.plan((1...20).map { "d-\($0)" }),
      environment: RunEnvironment(executors: fleet.executors, journal: journal, clock: clock), run: "r"
    ).execute()
    #expect(
      journal.all.contains { $0.reason == "clock" && $0.detail.contains("7200.0 s") },
      "\(journal.all.map(\.detail))")
    #expect(RunHistory(journal.all).largestDrift >= 7_200_000_000_000)
    #expect(JournalChain.firstProblem(in: journal.all) == nil)
  }
}

@Suite struct TargetLockTests {
  @Test func twoRunsNeverHaveTheSameDevice() throws {
    let folder = try TemporaryFolder()
    let place = folder.path + "/locks"
    let first = try TargetLock(run: "one", devices: ["a", "b", "c"], folder: place)
    #expect(throws: RunnerError.self) { try TargetLock(run: "two", devices: ["x", "c"], folder: place) }
    let other = try TargetLock(run: "three", devices: ["x", "y"], folder: place)
    do {
      _ = try TargetLock(run: "four", devices: ["c", "y"], folder: place)
      Issue.record("was not refused")
    } catch {
      #expect(
        error.code == .busy && (error.description.contains("'one'") || error.description.contains("'three'")))
    }
    withExtendedLifetime((first, other)) {}
  }

  @Test func whatARunThatIsGoneLeftIsNoObstacle() throws {
    let folder = try TemporaryFolder()
    let place = folder.path + "/locks"
    do { _ = try TargetLock(run: "one", devices: ["a"], folder: place) }
    // Killed: the file is there, its lock is not.
    _ = try folder.write("locks/dead.targets", "12345678")
    #expect(throws: Never.self) { try TargetLock(run: "two", devices: ["a"], folder: place) }
  }
}
