import IncidentModel
import Testing

@testable import EvidenceIntake

/// The damage table: 3,000 lines in a gzip file, damaged in every way that peers get wrong.
@Suite struct GzipDamageTests {
  let text = Make.lines(3000)
  var expected: [String] {
    (0..<3000).map { Make.line($0).split(separator: ": ", maxSplits: 1).last.map(String.init)! }
  }

  private func read(_ bytes: [UInt8]) throws -> (messages: [String], summary: IntakeSummary) {
    let folder = Folder()
    let (sink, summary) = try ingest([folder.write("gw.log.gz", bytes)])
    return (sink.events.map(\.text), summary)
  }

  @Test func readsAWholeFileAndItsHash() throws {
    let (messages, summary) = try read(Make.gzip(text))
    #expect(messages == expected)
    #expect(damage(summary).isEmpty)
    #expect(summary.sources[0].compression == ["gzip"])
    #expect(summary.sources[0].bytes == UInt64(text.utf8.count))
  }

  @Test func keepsAllWholeLinesOfATruncatedFile() throws {
    let whole = Make.gzip(text)
    for share in [60, 1, 99] {
      let cut = Array(whole[..<(whole.count * share / 100)])
      let (messages, summary) = try read(cut)
      #expect(messages == Array(expected.prefix(messages.count)))
      #expect(damage(summary).first == "gzip-truncated")
      #expect(summary.sources[0].damage[0].offset == UInt64(cut.count))
      if share == 60 { #expect(messages.count > 1500) }
    }
  }

  @Test func isalKeepsAsMuchOfATruncatedFileAsZlib() throws {
    let whole = Make.gzip(text)
    let cut = Array(whole[..<(whole.count * 6 / 10)])
    let counts = try Inflater.Backend.allCases.map { try inflate(cut, $0).count }
    #expect(abs(counts[0] - counts[1]) <= 8, "\(counts)")
  }

  @Test func keepsEverythingWhenOnlyTheChecksumIsWrong() throws {
    var bytes = Make.gzip(text)
    bytes[bytes.count - 6] ^= 0xFF
    let (messages, summary) = try read(bytes)
    #expect(messages == expected)
    #expect(damage(summary) == ["gzip-crc"])
  }

  @Test(arguments: [20, 35, 50, 65, 80, 95]) func keepsNothingThatComesAfterZeroedBytes(share: Int) throws {
    var bytes = Make.gzip(text)
    let place = bytes.count * share / 100
    for index in place..<place + 64 { bytes[index] = 0 }
    let (messages, summary) = try read(bytes)
    #expect(messages == Array(expected.prefix(messages.count)), "no rubbish")
    #expect(messages.count > 3000 * (share - 4) / 100, "\(messages.count) of 3000 kept at \(share) %")
    #expect(damage(summary).contains("gzip-corrupt"))
  }

  /// Overwritten bytes seldom make the data fail to inflate: what follows is rubbish that looks like text.
  @Test(arguments: 0..<12) func keepsNextToNoRubbishAfterOverwrittenBytes(seed: Int) throws {
    var bytes = Make.gzip(text)
    var random = UInt64(seed + 1)
    let place = bytes.count * (20 + 5 * seed) / 100
    for index in place..<place + 64 {
      random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      bytes[index] = UInt8(random >> 56)
    }
    let (messages, summary) = try read(bytes)
    let known = Set(expected)
    let rubbish = messages.filter { !known.contains($0) }.count
    #expect(rubbish <= 3, "\(rubbish) of \(messages.count)")
    #expect(messages.count > 3000 * (15 + 5 * seed) / 100, "\(messages.count)")
    #expect(!damage(summary).isEmpty)
  }

  @Test func readsZlibStreams() throws {
    let raw = Make.gzip(text)
    var adler: UInt = 1
    for byte in Array(text.utf8) {
      let low = (adler & 0xFFFF) + UInt(byte)
      adler = (((adler >> 16) + low % 65_521) % 65_521) << 16 | low % 65_521
    }
    let check = (0..<4).map { UInt8(truncatingIfNeeded: adler >> (24 - 8 * $0)) }
    let stream = [0x78, 0x9C] + raw[10..<(raw.count - 8)] + check
    let (messages, summary) = try read(stream)
    #expect(messages == expected && damage(summary).isEmpty)
    #expect(summary.sources[0].compression == ["zlib"])
    let (kept, cut) = try read(Array(stream[..<(stream.count / 2)]))
    #expect(kept == Array(expected.prefix(kept.count)) && kept.count > 1000)
    #expect(damage(cut).first == "zlib-truncated")
  }

  @Test func goesOnWithTheNextMemberAfterDamage() throws {
    let first = Make.gzip((0..<1500).map { Make.line($0) + "\n" }.joined())
    let second = Make.gzip((1500..<3000).map { Make.line($0) + "\n" }.joined())
    var bytes = first
    for index in first.count / 2..<first.count / 2 + 64 { bytes[index] = 0 }
    let (messages, summary) = try read(bytes + second)
    #expect(messages.count > 1500 + 500)
    #expect(Array(messages.suffix(1500)) == Array(expected.suffix(1500)))
    let known = Set(expected)
    #expect(messages.allSatisfy { known.contains($0) })
    #expect(damage(summary).contains("gzip-corrupt"))
  }

  @Test func goesOnWithAMemberThatFollowsACutOne() throws {
    let first = Make.gzip((0..<1500).map { Make.line($0) + "\n" }.joined())
    let second = Make.gzip((1500..<3000).map { Make.line($0) + "\n" }.joined())
    let (messages, summary) = try read(Array(first[..<(first.count / 2)]) + second)
    #expect(messages.count > 1500 + 600)
    #expect(Array(messages.suffix(1500)) == Array(expected.suffix(1500)))
    let known = Set(expected)
    #expect(messages.allSatisfy { known.contains($0) })
    #expect(!damage(summary).isEmpty)
  }

  @Test func readsSeveralMembersAndALineAcrossThem() throws {
    let all = Array(text.utf8)
    let bytes = Make.gzip(Array(all[..<100_003])) + Make.gzip([]) + Make.gzip(Array(all[100_003...]))
    let (messages, summary) = try read(bytes)
    #expect(messages == expected)
    #expect(damage(summary).isEmpty)
  }

  @Test func recordsRubbishAfterTheEndAndForgivesZeros() throws {
    let whole = Make.gzip(text)
    let (messages, summary) = try read(whole + Array("this is no gzip".utf8))
    #expect(messages == expected)
    #expect(damage(summary) == ["gzip-trailing"])
    #expect(summary.sources[0].damage[0].offset == UInt64(whole.count))
    #expect(summary.sources[0].damage[0].length == 15)
    let (padded, padding) = try read(whole + [UInt8](repeating: 0, count: 512))
    #expect(padded == expected)
    #expect(damage(padding).isEmpty)
  }

  @Test func stopsABombOfOneByte() throws {
    let gigabyte = [UInt8](repeating: 0, count: 256 << 20)
    let (messages, summary) = try read(Make.gzip(gigabyte))
    #expect(messages.isEmpty)
    #expect(damage(summary).contains("limit-ratio"))
    #expect(summary.sources[0].bytes < 80 << 20)
  }

  @Test func honestRepetitionIsNoBomb() throws {
    let beat = "2026-04-07T09:00:00+00:00 gw-1 hb[1]: alive\n"
    let (messages, summary) = try read(Make.gzip(String(repeating: beat, count: 60_000), level: 9))
    #expect(messages.count == 60_000)
    #expect(damage(summary).isEmpty)
  }

  @Test func readsStoredBlocksWithRuns() throws {
    let rule = "2026-04-07T09:00:00+00:00 gw-1 boot: " + String(repeating: "-", count: 300) + "\n"
    let (messages, summary) = try read(Make.gzip(rule + text, level: 0))
    #expect(messages.count == 3001)
    #expect(damage(summary).isEmpty)
  }

  @Test func readsGzipInGzip() throws {
    let (messages, summary) = try read(Make.gzip(Make.gzip(text)))
    #expect(messages == expected)
    #expect(summary.sources[0].compression == ["gzip", "gzip"])
  }

  private func inflate(_ bytes: [UInt8], _ backend: Inflater.Backend) throws -> [UInt8] {
    let stream = GzipStream(
      PrefixedStream(prefix: bytes, rest: Ended(.none)), limits: IntakeLimits(), backend: backend)
    var all: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 7777)
    while true {
      let stretch = try buffer.withUnsafeMutableBytes { try stream.read(into: $0) }
      all += buffer[..<stretch.count]
      if stretch.isLast { return all }
    }
  }

  @Test func isalAndZlibAgreeOnSeededData() throws {
    var seed: UInt64 = 7
    for round in 0..<40 {
      var bytes: [UInt8] = []
      for _ in 0..<(round * 997) {
        seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        bytes.append(UInt8(truncatingIfNeeded: seed >> 33) & (round % 2 == 0 ? 0x3F : 0xFF))
      }
      let packed = Make.gzip(bytes, level: Int32(round % 10))
      #expect(try inflate(packed, .isal) == bytes)
      #expect(try inflate(packed, .zlib) == bytes)
    }
  }
}
