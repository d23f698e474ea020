import ConsoleOutput
import Glibc
import IncidentModel
import TimelineStore

extension CaseOption {
  /// Opens the case for reading and says on standard error which one it is and how new its newest evidence is: at 3 a.m.
  /// nobody should read yesterday's case for today's.
  func openReader() throws -> CaseReader {
    let reader = try CaseReader(path: try existingPath())
    Self.announce(reader.path, newest: reader.newestEvidence)
    return reader
  }

  /// Says which case is used and how new its newest evidence is.
  static func announce(_ path: String, newest: Instant?) {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    let age = newest.map { Double(now.tv_sec) - $0.secondsSinceEpoch }
    let words =
      switch (newest, age) {
      case (let newest?, let age?) where age >= 0:
        "newest evidence \(newest.rfc3339(fractionDigits: 0)), \(Figures.duration(seconds: age)) ago"
      case (let newest?, let age?):
        "newest evidence \(newest.rfc3339(fractionDigits: 0)), \(Figures.duration(seconds: -age)) in the future"
      default: "no evidence with a time"
      }
    Console.note(Console.noteStyle.dim("case \(Sanitizer.escape(path)): \(words)"))
  }
}
