import IncidentModel
import Testing

@testable import EvidenceIntake

/// Archives: members front to back, nested, hostile; nothing is ever written.
@Suite struct ArchiveTests {
  private func entry(_ name: String, _ text: String) -> Make.Entry {
    Make.Entry(name: name, bytes: Array(text.utf8))
  }

  private func names(_ sink: MemorySink) -> [[String]] {
    sink.sources.filter { $0.account.bytes > 0 }.map(\.account.description.members)
  }

  @Test(arguments: [ContentKind.zip, .tar, .cpio, .sevenZip]) func readsMembersInTheirOrder(kind: ContentKind)
    throws
  {
    let folder = Folder()
    let bytes = Make.archive(
      kind, [entry("b/gw-2.log", Make.lines(20)), entry("a/gw-1.log", Make.lines(10))])
    let (sink, summary) = try ingest([folder.write("evidence.bin", bytes)])
    #expect(names(sink) == [["b/gw-2.log"], ["a/gw-1.log"]])
    #expect(sink.sources.map(\.events.count) == [20, 10, 0])
    #expect(damage(summary).isEmpty)
    let container = try #require(summary.sources.last)
    #expect(container.format == kind.name && container.description.members.isEmpty && container.bytes == 0)
    #expect(container.storedBytes == UInt64(bytes.count))
    #expect(container.sha256.count == 64)
  }

  @Test func readsTarGzAndGzipInsideZipInsideTar() throws {
    let folder = Folder()
    let inner = Make.archive(
      .zip,
      [Make.Entry(name: "syslog.2.gz", bytes: Make.gzip(Make.lines(30))), entry("gw.log", Make.lines(5))])
    let outer = Make.archive(
      .tar, [Make.Entry(name: "gw-3/inner.zip", bytes: inner), entry("x.log", Make.lines(1))])
    let (sink, summary) = try ingest([folder.write("heap.tar.gz", Make.gzip(outer))])
    #expect(names(sink) == [["gw-3/inner.zip", "syslog.2.gz"], ["gw-3/inner.zip", "gw.log"], ["x.log"]])
    #expect(sink.events.count == 36)
    #expect(damage(summary).isEmpty)
    #expect(
      summary.sources.map(\.format).suffix(3) == ["zip", "syslog-iso", "tar"] || summary.sources.count == 5)
    #expect(summary.sources.last?.compression == ["gzip"])
  }

  @Test(arguments: [ContentKind.bzip2, .xz, .zstd, .lz4]) func readsOtherCompressions(kind: ContentKind)
    throws
  {
    let folder = Folder()
    let packed = Make.compressed(kind, Array(Make.lines(500).utf8))
    let path = folder.write("gw.log.packed", packed)
    let (sink, summary) = try ingest([path])
    #expect(sink.events.count == 500)
    #expect(summary.sources.count == 1)
    #expect(summary.sources[0].compression == [kind.name])
    #expect(summary.sources[0].storedBytes == UInt64(packed.count))
    let (again, second) = try ingest([path], sink: MemorySink(known: [summary.sources[0].sha256]))
    #expect(again.events.isEmpty && second.skipped.count == 1)
    let cut = folder.write("cut", Array(packed[..<(packed.count * 2 / 3)]))
    #expect(!damage(try ingest([cut]).summary).isEmpty)
  }

  @Test func keepsTheMembersBeforeTheEndOfATruncatedTar() throws {
    let folder = Folder()
    let tar = Make.archive(.tar, [entry("gw-1.log", Make.lines(100)), entry("gw-2.log", Make.lines(100))])
    let (sink, summary) = try ingest([folder.write("cut.tar", Array(tar[..<(tar.count * 3 / 4)]))])
    #expect(sink.sources[0].events.count == 100)
    #expect(sink.sources[1].events.count > 10)
    #expect(sink.sources[1].account.bytesBy.damaged > 0)
    #expect(damage(summary).contains { $0.hasPrefix("archive") })
  }

  @Test func keepsWholeMembersOfATruncatedZip() throws {
    let folder = Folder()
    let zip = Make.archive(.zip, [entry("gw-1.log", Make.lines(1000)), entry("gw-2.log", Make.lines(1000))])
    let (sink, summary) = try ingest([folder.write("cut.zip", Array(zip[..<(zip.count * 3 / 4)]))])
    #expect(sink.sources.first?.events.count == 1000)
    #expect(!damage(summary).isEmpty)
  }

  @Test func unsafeNamesAndLinksAreNamesOnly() throws {
    let folder = Folder()
    var link = Make.Entry(name: "passwd")
    link.link = "/etc/passwd"
    let tar = Make.archive(
      .tar, [entry("../../escape.log", Make.lines(3)), link, entry("/abs.log", Make.lines(2))])
    let (sink, summary) = try ingest([folder.write("hostile.tar", tar)])
    #expect(sink.events.count == 5)
    #expect(damage(summary).contains("tar-unsafe-name"))
    #expect(summary.sources.last?.decisions.contains { $0.subject == "links" } == true)
  }

  @Test func nestingHasALimit() throws {
    let folder = Folder()
    var bytes = Make.archive(.zip, [entry("deep.log", Make.lines(1))])
    for level in 0..<100 { bytes = Make.archive(.tar, [Make.Entry(name: "\(level).tar", bytes: bytes)]) }
    let (sink, summary) = try ingest([folder.write("deep.tar", bytes)])
    #expect(damage(summary).contains("limit-nesting"))
    #expect(sink.events.isEmpty)
  }

  @Test func compressionsInEachOtherHaveTheSameLimit() throws {
    let folder = Folder()
    func nested(_ depth: Int) -> [UInt8] {
      (0..<depth).reduce(Array(Make.lines(4).utf8)) { bytes, _ in Make.gzip(bytes) }
    }
    #expect(try ingest([folder.write("eight.gz", nested(8))]).0.events.count == 4)
    let (sink, summary) = try ingest([folder.write("nine.gz", nested(9))])
    #expect(sink.events.isEmpty && damage(summary) == ["limit-nesting"])
  }

  @Test func membersHaveALimit() throws {
    let folder = Folder()
    let tar = Make.archive(
      .tar, (0..<300).map { Make.Entry(name: "\($0).log", bytes: Array(Make.line($0).utf8)) })
    let (sink, summary) = try ingest([folder.write("many.tar", tar)]) { $0.limits.members = 100 }
    #expect(sink.events.count == 100)
    #expect(damage(summary).contains("limit-members"))
  }

  @Test func stopsABombInAZip() throws {
    let folder = Folder()
    let bomb = Make.Entry(name: "bomb", bytes: [UInt8](repeating: 0, count: 96 << 20))
    let zip = Make.archive(.zip, [bomb, entry("ok.log", Make.lines(7))])
    let (sink, summary) = try ingest([folder.write("bomb.zip", zip)])
    #expect(sink.events.count == 7)
    #expect(damage(summary).contains("limit-ratio"))
    #expect(summary.sources.allSatisfy { $0.bytes < 66 << 20 })
  }

  @Test func damagedGzipInATarKeepsWhatIsBefore() throws {
    let folder = Folder()
    let inner = Make.gzip(Make.lines(3000))
    let tar = Make.archive(
      .tar,
      [Make.Entry(name: "cut.gz", bytes: Array(inner[..<(inner.count / 2)])), entry("ok.log", Make.lines(7))])
    let (sink, summary) = try ingest([folder.write("x.tar", tar)])
    #expect(sink.sources[0].events.count > 1000)
    #expect(sink.sources[1].events.count == 7)
    #expect(summary.sources[0].damage.map(\.kind) == ["gzip-truncated", "lost-line"])
  }

  @Test func theHelpersFramesCannotLie() {
    #expect(MemberInfo(frame: [1, 2, 3]) == nil)
    var writer = FrameWriter()
    writer.put(UInt64.max)
    #expect(MemberInfo(frame: writer.bytes) == nil)
    let info = MemberInfo(names: ["a", "b\u{202E}"], modified: -5, compression: ["xz"])
    #expect(MemberInfo(frame: info.frame) == info)
    let end = MemberEnd(isCut: true, storedSHA256: "ab", storedBytes: 9)
    #expect(MemberEnd(frame: end.frame) == end)
    let damage = ContainerDamage(names: [], kind: "k", offset: 7, note: "n")
    #expect(ContainerDamage(frame: damage.frame) == damage)
    let container = ContainerInfo(
      names: ["x"], format: "zip", compression: [], sha256: "", storedBytes: 1, modified: nil, links: 2)
    #expect(ContainerInfo(frame: container.frame) == container)
  }

  @Test func theEndOfTheHelperCostsOneContainer() throws {
    let folder = Folder()
    let tar = folder.write("a.tar", Make.archive(.tar, [entry("gw.log", Make.lines(3))]))
    let plain = folder.write("b.log", Make.lines(4))
    let (sink, summary) = try ingest([tar, plain]) {
      $0.isolation = .process(executable: "/bin/false", arguments: [])
    }
    #expect(sink.events.count == 4)
    #expect(damage(summary) == ["archive-crash"])
  }
}
