import Glibc
import IncidentModel
import Synchronization
import Testing

@testable import EvidenceIntake

/// One file read by several threads: unpacked, parsed and stored at the same time.
@Suite struct PipelineTests {
  private func compare(_ path: String, _ change: (inout IntakeOptions) -> Void = { _ in }) throws {
    let one = try ingest([path]) {
      change(&$0)
      $0.jobs = 1
    }
    let more = try ingest([path]) {
      change(&$0)
      $0.jobs = 3
    }
    #expect(one.sink.sources.count == more.sink.sources.count)
    for (a, b) in zip(one.sink.sources, more.sink.sources) {
      #expect(a.events == b.events && a.refused == b.refused && a.adjustments == b.adjustments)
      #expect(a.account.sha256 == b.account.sha256 && a.account.storedBytes == b.account.storedBytes)
      #expect(a.account.bytesBy == b.account.bytesBy && a.account.linesBy == b.account.linesBy)
      #expect(a.account.refusedBy == b.account.refusedBy && a.account.damage == b.account.damage)
      #expect(a.account.decisions == b.account.decisions && a.account.format == b.account.format)
    }
    #expect(one.summary.notes == more.summary.notes)
    #expect(more.sink.faults.withLock { $0 } == [])
  }

  @Test func oneFileByOneThreadAndByThreeIsTheSame() throws {
    let folder = Folder()
    let long = Make.line(1) + String(repeating: " y", count: 900_000) + "\n"
    var text = Make.lines(1500)
    text += "2026-04-07T09:00:00+02:00 gw-1 app[1]: Traceback (most recent call last):\n"
    for index in 0..<3000 { text += "  File \"a.py\", line \(index)\n" }
    text += long + Make.lines(1500) + "\n\n" + Make.line(7)
    try compare(folder.write("plain.log", text))
    try compare(folder.write("packed.log.gz", Make.gzip(text)))
    try compare(
      folder.write("two.gz", Make.gzip(Make.lines(4000)) + Make.gzip("Jan  2 03:04:05 gw-2 app: after\n")))
    try compare(
      folder.write("a.zip", Make.archive(.zip, [Make.Entry(name: "m", bytes: Array(text.utf8))])))
    try compare(folder.write("b.journal", Make.journal(300)))
    try compare(folder.write("binary", (0..<700_000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 3) }))
    try compare(folder.write("empty", ""))
    try compare(folder.write("limit.log", text)) { $0.limits.sourceBytes = 300_000 }
  }

  @Test func damagedFilesByOneThreadAndByThreeAreTheSame() throws {
    let folder = Folder()
    let whole = Make.gzip(Make.lines(4000))
    var seed: UInt64 = 11
    func random(_ range: Range<Int>) -> Int {
      seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return range.lowerBound + Int(seed >> 33) % range.count
    }
    for round in 0..<8 {
      var bytes = whole
      for _ in 0...(round % 3) {
        let place = random(100..<bytes.count)
        if round % 2 == 0 { bytes[place] ^= 0x41 } else { bytes.removeSubrange(place...) }
        if bytes.count < 200 { break }
      }
      try compare(folder.write("\(round).gz", bytes))
    }
  }

  /// Fails when it has taken some batches, or at a source's end.
  private final class FailingSink: EventSink {
    struct Failure: Error {}
    let batches: Int
    init(batches: Int) { self.batches = batches }
    func contains(sha256: String) throws -> Bool { false }
    func openLane(order: Int) throws -> any EventLane { Lane(batches) }

    final class Lane: EventLane {
      private var left: Int
      init(_ batches: Int) { left = batches }
      func beginSource(_ source: SourceDescription) throws {}
      func append(_ batch: borrowing EventBatch) throws {
        left -= 1
        if left == 0 { throw Failure() }
      }
      func finishSource(_ account: SourceAccount, adjustments: [TimeAdjustment]) throws { throw Failure() }
      func discardSource() throws {}
      func close() throws {}
    }
  }

  @Test(arguments: [1, 2, 4, 1000])
  func whatTheSinkThrowsEndsTheIngest(batches: Int) throws {
    let folder = Folder()
    let path = folder.write("a.log", Make.lines(20_000))
    var options = IntakeOptions()
    options.jobs = 3
    options.isolation = .thread
    #expect(throws: FailingSink.Failure.self) {
      try Intake.run([path], options: options, into: FailingSink(batches: batches))
    }
  }

  @Test func stopsWhenItIsToldTo() throws {
    let folder = Folder()
    let path = folder.write("a.log.gz", Make.gzip(Make.lines(20_000)))
    var options = IntakeOptions()
    options.jobs = 3
    let asked = Atomic<Int>(0)
    do {
      _ = try Intake.run([path], options: options, into: MemorySink()) {
        asked.wrappingAdd(1, ordering: .relaxed).newValue > 3
      }
      Issue.record("it was not stopped")
    } catch let error as IntakeError {
      #expect(error.code == .interrupted)
    }
  }
}
