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

  /// The path of an existing case, after saying which one it is and how new its newest evidence is.
  func announcedPath() throws -> String { try openReader().path }

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

/// Tables of times and paths on a terminal that is too narrow for them in full.
enum NarrowTable {
  /// Below this many columns times are shortened.
  static let comfortable = 112
  static var isNarrow: Bool { (Console.width ?? .max) < comfortable }

  /// How times are written in a table: whole, or to the minute; without the year where all are of one year.
  static func timeFormat(_ times: [Instant?]) -> (Instant?) -> String {
    guard isNarrow else { return { $0?.rfc3339(fractionDigits: 0) ?? "" } }
    let oneYear = Set(times.compactMap { $0?.rfc3339(fractionDigits: 0).prefix(4) }).count <= 1
    return { time in
      guard let text = time?.rfc3339(fractionDigits: 0) else { return "" }
      let minute = String(text.prefix(16)).replacing("T", with: " ")
      return oneYear ? String(minute.dropFirst(5)) : minute
    }
  }
}
