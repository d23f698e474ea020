import IncidentModel
import Testing

@testable import EvidenceIntake

/// bzip2, xz, zstd and lz4 that are cut, altered, or followed by something else.
@Suite struct CompressedDamageTests {
  private static let kinds: [ContentKind] = [.bzip2, .xz, .zstd, .lz4]
  private let text = Make.lines(4000)

  private func messages(_ range: Range<Int>) -> [String] {
    range.map { Make.line($0).split(separator: ": ", maxSplits: 1).last.map(String.init)! }
  }

  private func read(_ bytes: [UInt8]) throws -> (messages: [String], summary: IntakeSummary) {
    let folder = Folder()
    let (sink, summary) = try ingest([folder.write("gw.log.packed", bytes)])
    return (sink.events.map(\.text), summary)
  }

  /// A flipped bit makes all of its block wrong: none of it is an event, and the other blocks are.
  @Test(arguments: [25, 50, 75]) func aBrokenBzip2BlockCostsNoOther(share: Int) throws {
    var bytes = Make.compressed(.bzip2, Array(text.utf8), level: 1)
    bytes[bytes.count * share / 100] ^= 0x10
    let (found, summary) = try read(bytes)
    let expected = messages(0..<4000)
    let known = Set(expected)
    #expect(found.allSatisfy { known.contains($0) })
    #expect(found.count > 2000 && found.count < 4000, "\(found.count)")
    #expect((found.first == expected.first) == (share > 30) && found.last == expected.last)
    let broken = try #require(summary.sources[0].damage.first)
    #expect(broken.kind == "bzip2-corrupt" && broken.inContainer && broken.note.contains("checksum"))
    #expect(UInt64(bytes.count * share / 100) - broken.offset < broken.length ?? 0)
    #expect(
      damage(summary) == ["bzip2-corrupt", share > 30 ? "lost-line" : "", "lost-line"].filter { $0 != "" })
  }

  /// What a lost block leaves of a line is none, whatever the format takes, and is counted to the byte.
  @Test(arguments: [2, 50]) func theRestOfALineBehindALostBlockIsNoEvent(share: Int) throws {
    let lines = (0..<40_000).map { "pump \($0) says it is fine, pressure \($0 &* 7919 % 1013)" }
    var bytes = Make.compressed(.bzip2, Array(lines.map { $0 + "\n" }.joined().utf8), level: 1)
    bytes[bytes.count * share / 100] ^= 0x10
    let (found, summary) = try read(bytes)
    let known = Set(lines)
    #expect(found.count > 10_000 && found.allSatisfy { known.contains($0) })
    let account = try #require(summary.sources.first)
    #expect(account.bytesBy.damaged > 0 && account.bytesBy.damaged < 200)
    let lost = account.damage.filter { $0.kind == "lost-line" }
    #expect(lost.reduce(0) { $0 + ($1.length ?? 0) } == account.bytesBy.damaged)
    #expect(lost.last?.note.contains("behind the damage") == true)
  }

  /// A zstd frame of stored blocks with a checksum, which is wrong.
  @Test func aWrongChecksumIsSaidAndTheContentKept() throws {
    let content = Array(Make.lines(50).utf8)
    var frame: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0xA4]
    withUnsafeBytes(of: UInt32(content.count).littleEndian) { frame += $0 }
    let header = UInt32(content.count) << 3 | 1
    frame += (0..<3).map { UInt8(truncatingIfNeeded: header >> (8 * $0)) } + content + [1, 2, 3, 4]
    let (found, summary) = try read(frame)
    #expect(found == messages(0..<50))
    #expect(damage(summary) == ["zstd-checksum"])
    #expect(
      summary.sources[0].damage[0].note
        == "the checksum of the zstd frame at byte 0 is wrong: its content, bytes 0 to \(content.count), is kept but "
        + "not to be trusted")
    var lz4 = Make.compressed(.lz4, content)
    lz4[lz4.count - 1] ^= 0xFF
    let (kept, other) = try read(lz4)
    #expect(kept == found && damage(other) == ["lz4-checksum"])
  }

  @Test(arguments: kinds, [20, 4000]) func whatFollowsTheEndIsSaid(kind: ContentKind, count: Int) throws {
    let whole = Make.compressed(kind, Array(Make.lines(count).utf8))
    let (found, summary) = try read(whole + Array("this is no data".utf8))
    #expect(found == messages(0..<count))
    #expect(damage(summary) == ["\(kind.name)-trailing"])
    let trailing = try #require(summary.sources[0].damage.first)
    #expect(trailing.offset == UInt64(whole.count) && trailing.length == 15)
    #expect(summary.sources[0].compression == [kind.name])
    let (padded, padding) = try read(whole + [UInt8](repeating: 0, count: 512))
    #expect(padded == found && damage(padding).isEmpty)
  }

  @Test(arguments: kinds) func aFrameBehindRubbishIsRead(kind: ContentKind) throws {
    let frames = [0..<30, 30..<90].map { range in
      Make.compressed(kind, Array(range.map { Make.line($0) + "\n" }.joined().utf8))
    }
    let (found, summary) = try read(frames[0] + Array("rubbish".utf8) + frames[1])
    #expect(found == messages(0..<90))
    #expect(damage(summary) == ["\(kind.name)-trailing"])
    let (both, whole) = try read(frames[0] + frames[1])
    #expect(both == found && damage(whole).isEmpty)
  }

  @Test(arguments: kinds, [20, 4000]) func whatIsCutKeepsItsWholeLines(kind: ContentKind, count: Int) throws {
    let whole = Make.compressed(kind, Array(Make.lines(count).utf8))
    let cut = Array(whole[..<(whole.count * 2 / 3)])
    let (found, summary) = try read(cut)
    #expect(found == Array(messages(0..<count).prefix(found.count)))
    // Of bzip2, and of zstd's blocks of 128 KiB, a part is nothing.
    let least = kind == .bzip2 || kind == .zstd && count == 20 ? 0 : count / 4
    #expect(found.count >= least, "\(found.count)")
    #expect(damage(summary).first == "\(kind.name)-truncated")
    #expect(summary.sources.count == 1 && summary.sources[0].compression == [kind.name])
    #expect(summary.sources[0].damage[0].offset == UInt64(cut.count))
  }

  /// Cut inside its last bytes, which only close the stream: the block before is whole.
  @Test func bzip2WithoutItsEndIsRead() throws {
    let whole = Make.compressed(.bzip2, Array(Make.lines(300).utf8))
    for missing in 1...9 {
      let (found, summary) = try read(Array(whole.dropLast(missing)))
      #expect(found == messages(0..<300), "\(missing)")
      #expect(damage(summary) == ["bzip2-truncated"])
    }
  }

  /// The first block of bzip2 is longer than what is looked at to tell what a file is.
  @Test func anArchiveInALongBlockIsRead() throws {
    let entries = [
      Make.Entry(name: "a.log", bytes: Array(Make.lines(8000).utf8)),
      Make.Entry(name: "b.log", bytes: Array(Make.lines(5).utf8)),
    ]
    let bytes = Make.archive(.tar, entries, compression: .bzip2)
    #expect(bytes.count > 80_000)
    let folder = Folder()
    let (sink, summary) = try ingest([folder.write("x.tbz", bytes)])
    #expect(sink.sources.map(\.events.count) == [8000, 5, 0])
    #expect(summary.sources.last?.format == "tar" && summary.sources.last?.compression == ["bzip2"])
  }

  @Test func framesThatArePassedOverMayComeFirst() throws {
    let skipped: [UInt8] = [0x50, 0x2A, 0x4D, 0x18, 5, 0, 0, 0, 1, 2, 3, 4, 5]
    for kind in [ContentKind.zstd, .lz4] {
      let (found, summary) = try read(skipped + Make.compressed(kind, Array(Make.lines(9).utf8)) + skipped)
      #expect(found == messages(0..<9))
      #expect(damage(summary).isEmpty && summary.sources[0].compression == [kind.name])
    }
  }

  @Test func aMemberWhoseChecksumIsWrongIsKeptAndNotTrusted() throws {
    var zip = Make.archive(
      .zip, ["a.log", "b.log"].map { Make.Entry(name: $0, bytes: Array(Make.lines(50).utf8)) })
    // The checksum stands behind the data and in the directory.
    for (mark, place) in [([0x50, 0x4B, 7, 8] as [UInt8], 4), ([0x50, 0x4B, 1, 2], 16)] {
      let first = try #require(zip.indices.dropLast(20).first { zip[$0...].starts(with: mark) })
      zip[first + place] ^= 0xFF
    }
    let folder = Folder()
    let (sink, summary) = try ingest([folder.write("x.zip", zip)])
    #expect(sink.sources.map(\.events.count) == [50, 0] || sink.sources.map(\.events.count) == [50, 50, 0])
    #expect(damage(summary) == ["member-checksum"])
    #expect(summary.sources[0].damage[0].note.contains("kept but not to be trusted"))
  }

  @Test func xxHashOfKnownTexts() {
    func hash(_ text: String) -> UInt32 { Array(text.utf8).withUnsafeBytes { XXHash32.of($0) } }
    #expect(hash("") == 0x02CC_5D05)
    #expect(hash("abc") == 0x32D1_53FF)
    var parts = XXHash32()
    let bytes = Array(Make.lines(3).utf8)
    for part in [bytes[..<5], bytes[5..<40], bytes[40...]] { Array(part).withUnsafeBytes { parts.add($0) } }
    #expect(parts.value == bytes.withUnsafeBytes { XXHash32.of($0) })
  }
}
