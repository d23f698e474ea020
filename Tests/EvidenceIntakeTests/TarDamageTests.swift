import IncidentModel
import Testing

@testable import EvidenceIntake

/// Tar archives with broken headers, and several of them in one file.
@Suite struct TarDamageTests {
  private func entry(_ name: String, _ first: Int) -> Make.Entry {
    let lines = (first..<first + 100).map { Make.line($0) + "\n" }.joined()
    return Make.Entry(name: name, bytes: Array(lines.utf8))
  }

  private func archive(_ names: [String]) -> [UInt8] {
    Make.archive(.tar, names.enumerated().map { entry($0.element, 1000 * $0.offset) })
  }

  private enum Fault: CaseIterable { case checksum, zeros, rubbish }

  /// A member whose header is broken is left out and said; those behind it are read.
  @Test(arguments: Array(0..<3), [false, true]) func aBrokenHeaderCostsItsMemberAlone(
    fault: Int, isCompressed: Bool
  ) throws {
    var tar = archive(["a.log", "b.log", "c.log"])
    let header = try #require(tar.indices.first { tar[$0...].starts(with: Array("b.log\0".utf8)) })
    for index in header..<header + 512 {
      switch Fault.allCases[fault] {
      case .checksum: if index == header + 150 { tar[index] ^= 1 }
      case .zeros: tar[index] = 0
      case .rubbish: tar[index] = 0xA5
      }
    }
    let folder = Folder()
    let (sink, summary) = try ingest([folder.write("x.tar", isCompressed ? Make.gzip(tar) : tar)])
    #expect(sink.sources.map(\.account.description.members) == [["a.log"], ["c.log"], []])
    #expect(sink.events.count == 200)
    let lost = try #require(summary.sources.last?.damage.first)
    #expect(damage(summary) == ["archive-corrupt"])
    #expect(lost.note.contains("left out"))
    let size = (Array(entry("b.log", 0).bytes).count + 511) / 512 * 512
    let end = lost.offset + (lost.length ?? 0)
    #expect(lost.offset >= UInt64(header) && lost.offset <= UInt64(header) + 512)
    #expect(end >= UInt64(header + size) && end <= UInt64(header + size) + 1024)
  }

  @Test func theLastMemberIsSaidToo() throws {
    var tar = archive(["a.log", "b.log"])
    let header = try #require(tar.indices.first { tar[$0...].starts(with: Array("b.log\0".utf8)) })
    tar[header + 150] ^= 1
    let folder = Folder()
    let (sink, summary) = try ingest([folder.write("x.tar", tar)])
    #expect(sink.events.count == 100)
    #expect(damage(summary) == ["archive-corrupt"])
  }

  @Test func archivesBehindOneAnotherAreAllRead() throws {
    let both = Make.archive(.tar, [entry("a.log", 0)]) + Make.archive(.tar, [entry("b.log", 500)])
    let folder = Folder()
    let (sink, summary) = try ingest([folder.write("x.tar", both)])
    #expect(sink.sources.compactMap(\.account.description.members.first) == ["a.log", "b.log"])
    #expect(sink.events.count == 200 && damage(summary).isEmpty)
  }
}
