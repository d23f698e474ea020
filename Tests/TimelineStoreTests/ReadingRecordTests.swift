import Glibc
import IncidentModel
import Testing

@testable import TimelineStore

/// Journal, notes, traces and custody of a case.
@Suite struct ReadingRecordTests {
  private func fixture() throws -> QueryFixture {
    let fixture = try QueryFixture(events: [
      [
        .init(time: 1_000_000_000, device: "gw-1", severity: 3),
        .init(time: 2_000_000_000, device: "gw-2", severity: 6),
      ]
    ])
    fixture.close()
    return fixture
  }

  private func row(_ run: String, _ sequence: Int, _ detail: String = "\"quoted\"\n\u{1b}") -> JournalRow {
    JournalRow(
      run: run, sequence: sequence, wallTime: 5, monotonicTime: 6, kind: "intent", step: "s", target: "gw-1",
      action: "act",
      outcome: nil, reason: nil, wave: 2, detail: detail, hash: "h\(sequence)")
  }

  /// Stands in for SHA-256, which the store does not have: long enough to tell entries apart.
  private static let digest: SHA256Function = { bytes in
    let hash = String(bytes.withUnsafeBytes { ContentHash.of($0) }, radix: 16)
    return String(repeating: "0", count: 64 - hash.count) + hash
  }

  @Test func keepsJournalRecordsForEveryReader() throws {
    let fixture = try fixture()
    let store = try JournalStore(path: fixture.path)
    try store.append([row("r1", 1), row("r1", 2), row("r2", 1)])
    try store.append([row("r1", 3)])
    #expect(try store.rows(run: "r1") == [row("r1", 1), row("r1", 2), row("r1", 3)])
    let reader = try CaseReader(path: fixture.path)
    #expect(try reader.runs() == ["r1", "r2"])
    #expect(try reader.journal(run: "r1").count == 3)
    #expect(throws: StoreError.self) { try store.append([row("r1", 4), row("r1", 6)]) }
    #expect(try store.rows(run: "r1").count == 3, "all or none")
    #expect(access(fixture.path + "-wal", F_OK) != 0)
    #expect(access(fixture.path + "-journal", F_OK) != 0)
  }

  @Test func refusesToChangeTheJournal() throws {
    let fixture = try fixture()
    try JournalStore(path: fixture.path).append([row("r1", 1)])
    #expect(throws: QueryFixture.Failure.self) { try fixture.run("UPDATE journal SET detail = ''") }
    #expect(throws: QueryFixture.Failure.self) { try fixture.run("DELETE FROM journal") }
    #expect(throws: QueryFixture.Failure.self) {
      try fixture.run("DELETE FROM custody WHERE 1; UPDATE custody SET actor = ''; DELETE FROM journal")
    }
  }

  @Test func takesRecordsFromManyThreads() async throws {
    let fixture = try fixture()
    let store = try JournalStore(path: fixture.path)
    let rows = (0..<8).map { run in (1...5).map { row("run-\(run)", $0) } }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for run in rows { group.addTask { for one in run { try store.append([one]) } } }
      try await group.waitForAll()
    }
    for run in rows { #expect(try store.rows(run: run[0].run) == run) }
  }

  @Test func keepsNotesAndFindsTags() throws {
    let fixture = try fixture()
    let store = try NoteStore(path: fixture.path)
    let when = Instant(nanoseconds: 77)
    let tag = try store.add(
      Note(
        createdAt: when, author: "ana", kind: .tag, event: EventID(rawValue: 2), value: "suspect \"x\"",
        text: "look"))
    let fact = try store.add(
      Note(
        createdAt: when, author: "bo", kind: .fact, subject: "1970-01-01T00:00:01Z", text: "deploy at 09:08"))
    #expect(tag.id == 1 && fact.id == 2)
    #expect(try store.notes() == [tag, fact])
    #expect(try CaseReader(path: fixture.path).events(matching: "tag:suspect*").map(\.id.rawValue) == [2])
    #expect(try CaseReader(path: fixture.path).events(matching: "NOT tag:*").map(\.id.rawValue) == [1])
    _ = try store.add(Note(createdAt: when, author: "ana", kind: .retraction, value: "1", text: "mistaken"))
    #expect(throws: StoreError.self, "it is retracted already") {
      try store.add(Note(createdAt: when, author: "ana", kind: .retraction, value: "1"))
    }
    #expect(try CaseReader(path: fixture.path).events(matching: "tag:*").isEmpty)
    #expect(try store.notes() == [fact])
    #expect(try store.notes(includingRetracted: true).count == 3)
    #expect(throws: StoreError.self) {
      try store.add(Note(createdAt: when, author: "x", kind: .tag, event: EventID(rawValue: 99), value: "t"))
    }
    #expect(throws: StoreError.self) {
      try store.add(Note(createdAt: when, author: "x", kind: .retraction, value: "50"))
    }
  }

  @Test func knowsWhatTheNewestTraceSaysOfAClock() throws {
    let fixture = try fixture()
    let store = try TraceStore(path: fixture.path)
    for result in [
      #"{"skew_details":[{"device":"gw-1","seconds":55.6,"error":0.2},{"device":"gw-2","seconds":1}]}"#,
      #"{"skew_details":[{"device":"gw-2","seconds":-3,"error":0.1},7,null,{"device":"gw-3","seconds":"x"}]}"#,
      "{}",
      #"{"skew_details":"nonsense"}"#,
    ] {
      _ = try store.add(
        StoredTrace(
          createdAt: Instant(nanoseconds: 0), tool: "t", options: "{}", inputDigest: "d", result: result,
          devices: [:]))
    }
    let reader = try CaseReader(path: fixture.path)
    let first = try reader.clockSkew(device: "gw-1")
    #expect(first?.trace == 1 && first?.seconds == 55.6 && first?.error == 0.2)
    #expect(try reader.clockSkew(device: "gw-2")?.seconds == -3)
    #expect(try reader.clockSkew(device: "gw-3") == nil)
    #expect(try reader.clockSkew(device: "nobody") == nil)
  }

  @Test func saysWhichEvidenceATraceDoesNotKnow() throws {
    let fixture = try fixture()
    let store = try TraceStore(path: fixture.path)
    // The fixture's segment was loaded at 0.
    for moment: Int64 in [-1, 1] {
      _ = try store.add(
        StoredTrace(
          createdAt: Instant(nanoseconds: moment), tool: "t", options: "{}", inputDigest: "d", result: "{}",
          devices: ["affected": ["gw-1"]]))
    }
    let reader = try CaseReader(path: fixture.path)
    func newer(_ expression: String) throws -> [NewerEvidence] {
      try reader.evidence(newerThanTracesOf: QueryExpression(parsing: expression))
    }
    #expect(try newer("trace:affected").isEmpty)
    let one = try #require(try newer("trace@1:affected severity>=error").first)
    #expect(one.trace == 1 && one.events == 2 && one.madeAt.nanoseconds == -1)
    #expect(try newer("severity>=error").isEmpty)
  }

  @Test func numbersTracesAndAnswersForEach() throws {
    let fixture = try fixture()
    let store = try TraceStore(path: fixture.path)
    func trace(_ devices: [String: [String]]) -> StoredTrace {
      StoredTrace(
        createdAt: Instant(nanoseconds: 9), tool: "firebreak 0.1", options: "{}", inputDigest: "d",
        result: #"{"origins":[{"device":"gw-1","score":0.9}]}"#, devices: devices)
    }
    let first = try store.add(trace(["affected": ["gw-1", "gw-2"], "origin": ["gw-1"]]))
    let second = try store.add(trace(["affected": ["gw-2"]]))
    #expect(first.number == 1 && second.number == 2)
    #expect(try store.trace(1) == first)
    #expect(try store.trace() == second)
    #expect(try store.trace(3) == nil)
    let reader = try CaseReader(path: fixture.path)
    #expect(try reader.events(matching: "trace:affected").map(\.device) == ["gw-2"])
    #expect(try reader.events(matching: "trace@1:affected").count == 2)
    #expect(try reader.events(matching: "trace@1:origin").map(\.device) == ["gw-1"])
    let missing = #expect(throws: QueryError.self) { try reader.events(matching: "trace:origin") }
    #expect(missing?.hint?.contains("affected") == true)
    #expect(throws: QueryError.self) { try reader.events(matching: "trace@7:affected") }
    // Text that was made whole is kept as it is.
    let text = #"{"devices":{"affected":["gw-2"],"origin":[]},"trace":{"origins":[],"n":1}}"#
    let third = try store.add(trace([:]), envelope: Array(text.utf8))
    #expect(third == 3)
    #expect(try store.trace(3)?.result == #"{"origins":[],"n":1}"#)
    #expect(try store.trace(3)?.devices == ["affected": ["gw-2"]])
    let whole = try CaseReader(path: fixture.path).withTraceText { _, bytes in
      String(decoding: bytes, as: UTF8.self)
    }
    #expect(whole == text)
    var broken = trace([:])
    broken.result = "{"
    #expect(throws: StoreError.self) { try store.add(broken) }
    var parts = ""
    try reader.forEachInput { parts += $0 }
    #expect(parts.contains("source 1111"))
  }

  @Test func chainsTheCustodyLog() throws {
    let fixture = try fixture()
    let log = CustodyLog(try CaseFile(path: fixture.path), digest: Self.digest)
    func entry(_ action: String) -> CustodyEntry {
      CustodyEntry(
        at: Instant(nanoseconds: 1), actor: "ana@host", action: action, subject: "logs/", detail: "1 source")
    }
    let head = try log.append([entry("ingest"), entry("note")])
    let later = try log.append([entry("trace")])
    func verdict(_ head: String?) throws -> CustodyLog.Verdict {
      CustodyLog.verify(try CaseReader(path: fixture.path).custody(), head: head, digest: Self.digest)
    }
    #expect(try verdict(later) == .init(entries: 3, head: later, brokenAt: nil, coveredByHead: 3))
    #expect(try verdict(head).coveredByHead == 2)
    #expect(try verdict(String(repeating: "f", count: 64)).coveredByHead == nil)
    // Somebody takes the trigger away and changes an entry.
    try fixture.run("DROP TRIGGER custody_update; UPDATE custody SET subject = 'other' WHERE id = 2")
    let trigger = try #require(CaseSchema.tables.first { $0.name == "custody_update" })
    try fixture.run(trigger.sql)
    #expect(try verdict(later).brokenAt == 2)
    #expect(try verdict(later).coveredByHead == nil)
  }
}
