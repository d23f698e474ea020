import CArchive
import Glibc
import IncidentModel
import Testing

@testable import EvidenceIntake

/// Archives that lie, are locked, or cannot be read to their end.
@Suite struct ArchiveDamageTests {
  /// Gives some bytes, then the error that a bad disk gives.
  private final class FailingStream: ByteStream {
    private var bytes: ArraySlice<UInt8>
    init(_ bytes: ArraySlice<UInt8>) { self.bytes = bytes }
    func read(into target: UnsafeMutableRawBufferPointer) throws(IntakeError) -> Stretch {
      guard !bytes.isEmpty else { throw IntakeError.system("gw.tar", EIO) }
      let part = bytes.prefix(min(target.count, 1000))
      for (index, byte) in part.enumerated() { target[index] = byte }
      bytes = bytes.dropFirst(part.count)
      return Stretch(count: part.count)
    }
  }

  @Test func aReadErrorWhileAnArchiveIsPumpedIsSaidWithItsReason() throws {
    let tar = Make.archive(
      .tar,
      [
        Make.Entry(name: "a.log", bytes: Array(Make.lines(3).utf8)),
        Make.Entry(name: "b.log", bytes: Array(Make.lines(2000).utf8)),
      ])
    let archive = try ArchiveStream(
      stream: FailingStream(tar[..<20_000]), isolation: .thread, limits: IntakeLimits())
    var members: [[String]] = []
    var damage: [ContainerDamage] = []
    var isAtEnd = false
    while !isAtEnd {
      switch try archive.next() {
      case .member(let info): members.append(info.names)
      case .damage(let found): damage.append(found)
      case .container: break
      case .finished, .crashed: isAtEnd = true
      }
    }
    #expect(members == [["a.log"], ["b.log"]])
    let own = try #require(damage.first { $0.kind == "archive-read" })
    #expect(own.offset == 20_000)
    #expect(own.note.contains("Input/output error"))
  }

  @Test func encryptedMembersAreSaidAndTheOthersRead() throws {
    let archive = archive_write_new()!
    archive_write_set_format_zip(archive)
    guard archive_write_set_options(archive, "zip:encryption=traditional") == ARCHIVE_OK else { return }
    archive_write_set_passphrase(archive, "secret")
    let folder = Folder()
    let path = folder.path + "/locked.zip"
    archive_write_open_filename(archive, path)
    let header = archive_entry_new()!
    archive_entry_set_pathname(header, "locked.log")
    archive_entry_set_size(header, 5)
    archive_entry_set_filetype(header, UInt32(Glibc.S_IFREG))
    archive_write_header(archive, header)
    _ = Array("text\n".utf8).withUnsafeBytes { archive_write_data(archive, $0.baseAddress, $0.count) }
    archive_entry_free(header)
    archive_write_close(archive)
    archive_write_free(archive)
    let (sink, summary) = try ingest([path, folder.write("ok.log", Make.lines(2))])
    #expect(sink.events.count == 2)
    #expect(damage(summary).contains("encrypted"))
  }

  /// Sizes in headers are claims. Whatever they say, the accounts are of the bytes that came.
  @Test(arguments: [ContentKind.zip, .tar, .cpio, .sevenZip])
  func sizesThatLieCostNoExactness(kind: ContentKind) throws {
    let folder = Folder()
    let plain = Array(Make.lines(50).utf8)
    let whole = Make.archive(
      kind, [Make.Entry(name: "a.log", bytes: plain), Make.Entry(name: "b.log", bytes: plain)])
    // Every place of the size as it is written, in turn, becomes a huge number, a small one, and none.
    let forms: [[UInt8]] =
      kind == .tar
      ? [Array(String(plain.count, radix: 8).utf8)]
      : kind == .cpio
        ? [
          Array(String(plain.count, radix: 16, uppercase: true).utf8),
          Array(String(plain.count, radix: 16).utf8),
        ]
        : [[UInt8(plain.count & 255), UInt8(plain.count >> 8)]]
    var tried = 0
    for form in forms {
      for place in whole.indices.dropLast(form.count) where Array(whole[place..<place + form.count]) == form {
        for digit: UInt8 in kind == .tar || kind == .cpio ? [0x37, 0x30, 0x31] : [0xFF, 0, 3] {
          var bytes = whole
          for index in place..<place + form.count { bytes[index] = digit }
          // The memory sink and the reader check the accounts.
          try ingest([folder.write("\(tried).\(kind.name)", bytes)])
          tried += 1
        }
      }
    }
    #expect(tried > 0 || kind == .sevenZip)
  }

  @Test func eventsBehindTheRestOfAMessageInTheSameLineAreEvents() throws {
    let folder = Folder()
    let text =
      "<15>2026-04-07T09:08:09Z gw agent: one<14>2026-04-07T09:08:10Z gw agent: two\n"
      + "second line of two<14>2026-04-07T09:08:11Z gw agent: three<14>2026-04-07T09:08:12Z gw agent: four\n"
    let (sink, summary) = try ingest([folder.write("forwarded.log", text)])
    #expect(sink.events.map(\.text) == ["one", "two\nsecond line of two", "three", "four"])
    let account = summary.sources[0]
    #expect(account.bytesBy.total == UInt64(text.utf8.count))
    #expect(account.bytesBy.continuations == 18)
    let bytes = Array(text.utf8)
    #expect(sink.events.allSatisfy { bytes[Int($0.offset)] == 0x3C })
  }
}
