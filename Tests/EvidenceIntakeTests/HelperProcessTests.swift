import Glibc
import IncidentModel
import Testing

@testable import EvidenceIntake

/// The helper as it runs in earnest: a process of its own behind limits, Landlock and seccomp.
@Suite struct HelperProcessTests {
  /// The built program, which lies beside the tests where the whole package is built.
  private static let program: String? = {
    guard let own = realpath("/proc/self/exe", nil) else { return nil }
    defer { free(own) }
    let folder = String(cString: own).split(separator: "/").dropLast().joined(separator: "/")
    let path = "/" + folder + "/firebreak"
    return access(path, X_OK) == 0 ? path : nil
  }()

  @Test(.enabled(if: program != nil, "firebreak is not built beside these tests"))
  func readsArchivesInsideItsWalls() throws {
    let program = try #require(Self.program)
    let folder = Folder()
    let inner = Make.archive(.zip, [Make.Entry(name: "in.gz", bytes: Make.gzip(Make.lines(40)))])
    var paths: [String] = []
    for kind in [ContentKind.zip, .tar, .cpio, .sevenZip] {
      let entries = [
        Make.Entry(name: "a \(kind.name).log", bytes: Array(Make.lines(25).utf8)),
        Make.Entry(name: "inner.zip", bytes: inner + [UInt8](kind.name.utf8)),
      ]
      paths.append(folder.write("x.\(kind.name)", Make.archive(kind, entries)))
    }
    for kind in [ContentKind.bzip2, .xz, .zstd, .lz4] {
      paths.append(
        folder.write("y.\(kind.name)", Make.compressed(kind, Array((Make.lines(30) + kind.name).utf8))))
    }
    let (sink, summary) = try ingest(paths) {
      $0.isolation = .process(executable: program, arguments: ["ingest", ArchiveHelper.word])
      $0.jobs = 2
    }
    #expect(damage(summary).isEmpty)
    #expect(sink.events.filter { $0.text.hasPrefix("upload") }.count == 4 * (25 + 40) + 4 * 30)
  }
}
