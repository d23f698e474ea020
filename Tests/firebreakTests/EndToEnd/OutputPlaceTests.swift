import Foundation
import Glibc
import Testing

@testable import firebreak

/// What a file of output may replace, and what it must not.
@Suite struct OutputPlaceTests {
  private func kind(_ path: String) -> mode_t {
    var status = stat()
    return lstat(path, &status) == 0 ? status.st_mode & S_IFMT : 0
  }

  private func text(_ path: String) throws -> String {
    String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
  }

  @Test func aFileIsReplacedAndKeepsItsPermissions() throws {
    let work = try Workspace()
    try work.write("out.txt", "old")
    chmod(work.at("out.txt"), 0o640)
    try CommandFile.write("new", to: work.at("out.txt"))
    var status = stat()
    #expect(stat(work.at("out.txt"), &status) == 0 && status.st_mode & 0o777 == 0o640)
    #expect(try text(work.at("out.txt")) == "new")
    try CommandFile.write("first", to: work.at("fresh.txt"))
    #expect(try text(work.at("fresh.txt")) == "first")
    try CommandFile.write("private", to: work.at("out.txt"), mode: 0o600)
    #expect(stat(work.at("out.txt"), &status) == 0 && status.st_mode & 0o077 == 0)
    let left = try FileManager.default.contentsOfDirectory(atPath: work.path)
    #expect(left.sorted() == ["fresh.txt", "out.txt"])
  }

  @Test func ofALinkTheTargetIsWritten() throws {
    let work = try Workspace()
    try work.write("real/a.txt", "old")
    symlink("real/a.txt", work.at("link"))
    symlink("real/new.txt", work.at("dangling"))
    symlink("loop", work.at("loop"))
    try CommandFile.write("new", to: work.at("link"))
    try CommandFile.write("made", to: work.at("dangling"))
    #expect(kind(work.at("link")) == S_IFLNK && kind(work.at("dangling")) == S_IFLNK)
    #expect(try text(work.at("real/a.txt")) == "new")
    #expect(try text(work.at("real/new.txt")) == "made")
    #expect(throws: CommandError.self) { try CommandFile.write("x", to: work.at("loop")) }
  }

  @Test func aPipeIsWrittenThrough() throws {
    let work = try Workspace()
    #expect(mkfifo(work.at("pipe"), 0o600) == 0)
    let reader = open(work.at("pipe"), O_RDONLY | O_NONBLOCK)
    defer { close(reader) }
    try CommandFile.write("through", to: work.at("pipe"))
    var buffer = [UInt8](repeating: 0, count: 32)
    let count = read(reader, &buffer, buffer.count)
    #expect(String(decoding: buffer.prefix(max(0, count)), as: UTF8.self) == "through")
    #expect(kind(work.at("pipe")) == S_IFIFO)
  }

  @Test func aDeviceIsWrittenThroughAndADiskRefused() throws {
    // Nodes of our own: the machine's are not put at risk by a mistake here.
    let work = try Workspace()
    guard mknod(work.at("full"), S_IFCHR | 0o666, 1 << 8 | 7) == 0,
      mknod(work.at("disk"), S_IFBLK | 0o600, 7 << 8 | 255) == 0
    else { return }
    let error = #expect(throws: CommandError.self) { try CommandFile.write("x", to: work.at("full")) }
    #expect(error?.description.contains("cannot write") == true)
    #expect(kind(work.at("full")) == S_IFCHR)
    #expect(throws: CommandError.self) { try CommandFile.write("x", to: work.at("disk")) }
    #expect(kind(work.at("disk")) == S_IFBLK)
  }

  @Test func aFolderAndAMissingFolderAreRefusedInAPlainSentence() throws {
    let work = try Workspace()
    #expect(throws: CommandError("cannot write '\(work.path)': it is a folder; name a file in it")) {
      try CommandFile.write("x", to: work.path)
    }
    #expect(throws: CommandError.self) { try CommandFile.write("x", to: work.at("no/such/file")) }
  }

  @Test func whatMustBeNewIsNotPutInThePlaceOfALinkToNothing() throws {
    let work = try Workspace()
    symlink("nowhere", work.at("link"))
    try OutputPlace.requireNew(work.at("free"), "")
    #expect(throws: CommandError.self) { try OutputPlace.requireNew(work.at("link"), "never overwritten") }
  }
}
