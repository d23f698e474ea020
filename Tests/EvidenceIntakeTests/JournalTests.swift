import Glibc
import IncidentModel
import Testing

@testable import EvidenceIntake

/// Journals of systemd, whole and cut. The files lie outside of the project; without them the tests say so.
@Suite struct JournalTests {
  private static let samples =
    (getenv("FIREBREAK_SHARED").map { String(cString: $0) } ?? "../shared") + "/samples/"
  private static var hasSamples: Bool { access(samples, R_OK) == 0 || getenv("CI") != nil }

  @Test(
    .enabled(if: hasSamples, "the shared samples are not here"),
    arguments: ["journal/gen_plain", "journal/gen_compact_zstd"])
  func readsEveryEntryAsJournalctlDoes(name: String) throws {
    let (sink, summary) = try ingest([Self.samples + name + ".journal.gz"])
    let oracle = String(decoding: Make.contents(Self.samples + name + ".oracle.jsonl"), as: UTF8.self)
    let expected = oracle.split(separator: "\n").compactMap { line -> Int64? in
      guard let range = line.firstRange(of: "\"__REALTIME_TIMESTAMP\":\"") else { return nil }
      return Int64(line[range.upperBound...].prefix { $0.isNumber }).map { $0 * 1000 }
    }
    #expect(sink.events.map(\.time) == expected)
    #expect(sink.events.allSatisfy { $0.quality == .exact && !$0.device.isEmpty })
    #expect(damage(summary).isEmpty)
    #expect(summary.sources[0].format == "journald")
    #expect(sink.events[0].message.starts(with: Array("entry 0".utf8)))
  }

  @Test(.enabled(if: hasSamples, "the shared samples are not here"))
  func readsACutJournalUpToItsLastWholeEntry() throws {
    let gzip = GzipStream(
      try FileStream(path: Self.samples + "journal/gen_plain.journal.gz"), limits: IntakeLimits())
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let stretch = try buffer.withUnsafeMutableBytes { try gzip.read(into: $0) }
      if stretch.isLast { break }
      bytes += buffer[..<stretch.count]
    }
    let folder = Folder()
    let whole = try ingest([folder.write("whole.journal", bytes)]).sink.events
    let used = bytes.lastIndex { $0 != 0 } ?? 0
    var last = 0
    for share in [40, 70, 99] {
      let (sink, summary) = try ingest([
        folder.write("\(share).journal", Array(bytes[..<(used * share / 100)]))
      ])
      #expect(sink.events == Array(whole.prefix(sink.events.count)))
      #expect(sink.events.count >= last)
      last = sink.events.count
      #expect(damage(summary).contains("journal-truncated"))
    }
    #expect(last > 10)
  }

  @Test func entriesOfAJournalThatWasMadeHereAreReadWholeAndCut() throws {
    let folder = Folder()
    let bytes = Make.journal(40)
    let (sink, summary) = try ingest([folder.write("made.journal", bytes)])
    #expect(sink.events.map(\.text) == (0..<40).map { "upload \($0) is done" })
    #expect(sink.events.allSatisfy { $0.device == "gw-1" })
    #expect(summary.sources[0].format == "journald" && damage(summary).isEmpty)
    let cut = try ingest([folder.write("cut.journal", Array(bytes[..<(bytes.count / 2)]))])
    #expect((15..<25).contains(cut.sink.events.count))
    #expect(cut.sink.events == Array(sink.events.prefix(cut.sink.events.count)))
    #expect(damage(cut.summary) == ["journal-truncated"])
  }

  @Test func aJournalOfRubbishIsDamageAndNothingElse() throws {
    let folder = Folder()
    var seed: UInt64 = 5
    for round in 0..<50 {
      var bytes = Array("LPKSHHRH".utf8)
      for _ in 0..<(round * 40) {
        seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        bytes.append(round % 2 == 0 ? UInt8(seed >> 56) : UInt8(seed >> 62))
      }
      try ingest([folder.write("\(round).journal", bytes)])
    }
  }
}
