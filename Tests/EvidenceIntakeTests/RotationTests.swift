import IncidentModel
import Testing

@testable import EvidenceIntake

/// Logs in several files, some lines of which are in two of them.
@Suite struct RotationTests {
  private func lines(_ range: Range<Int>) -> String { range.map { Make.line($0) + "\n" }.joined() }

  private func notes(_ files: [(String, [UInt8])]) throws -> [String] {
    let folder = Folder()
    for (name, bytes) in files { folder.write(name, bytes) }
    let (_, summary) = try ingest([folder.path]) { $0.jobs = 1 }
    return summary.notes.map { $0.replacing(folder.path + "/", with: "") }
  }

  @Test func linesInTwoFilesAreSaid() throws {
    #expect(
      try notes([("app.log", Array(lines(150..<300).utf8)), ("app.log.1", Array(lines(0..<200).utf8))]) == [
        "'app.log' begins with the last 50 lines of 'app.log.1', byte for byte: they are counted twice"
      ])
    #expect(
      try notes([("app.log", Array(lines(0..<250).utf8)), ("app.log.1.gz", Make.gzip(lines(0..<200)))]) == [
        "'app.log' begins with the last 200 lines of 'app.log.1.gz', byte for byte: they are counted twice"
      ])
    let tar = Make.archive(
      .tar,
      [("log/m.1", 0..<20), ("log/m", 18..<40)].map { Make.Entry(name: $0.0, bytes: Array(lines($0.1).utf8)) }
    )
    #expect(
      try notes([("x.tar", tar)]) == [
        "'x.tar/log/m' begins with the last 2 lines of 'x.tar/log/m.1', byte for byte: they are counted twice"
      ])
    // More than what is remembered of a file.
    let long = try notes([
      ("app.log", Array(lines(0..<9000).utf8)), ("app.log.1", Array(lines(0..<8000).utf8)),
    ])
    #expect(long.count == 1 && long[0].contains("begin with the same") && long[0].contains("lines or more"))
  }

  @Test func whatOnlyLooksAlikeIsNotSaid() throws {
    let header = "#fields\n#types\n"
    for files in [
      [("app.log", lines(100..<200)), ("app.log.1", lines(0..<100))],
      [("app.log", header + lines(100..<200)), ("app.log.1", header + lines(0..<100))],
      [("app.log", lines(50..<200)), ("other.log", lines(0..<100))],
    ] {
      #expect(try notes(files.map { ($0.0, Array($0.1.utf8)) }).isEmpty)
    }
  }
}
