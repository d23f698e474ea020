public import LogFormats
import Glibc

/// A value for all sources, or for those whose path or member name matches a pattern.
public struct SourceRule: Sendable, Hashable {
  /// Shell pattern (`*` crosses `/`) for path, `path/member`, or the last component of either; nil for all.
  public var pattern: String?
  /// The value.
  public var value: String

  /// A rule as it is written on the command line: `VALUE` or `GLOB=VALUE`.
  public init(parsing text: String) {
    if let equals = text.lastIndex(of: "=") {
      pattern = String(text[..<equals])
      value = String(text[text.index(after: equals)...])
    } else {
      pattern = nil
      value = text
    }
  }

  /// A rule for the sources of one name, whatever characters it holds.
  public init(name: String, value: String) {
    // By scalars: with a combining mark after it a star is another character to Swift, and a star to `fnmatch`.
    pattern = name.unicodeScalars.map { "*?[\\".unicodeScalars.contains($0) ? "\\\($0)" : String($0) }
      .joined()
    self.value = value
  }

  /// True when the rule is meant for this source.
  func matches(_ names: [String]) -> Bool { Self.matches(pattern, names) }

  static func matches(_ pattern: String?, _ names: [String]) -> Bool {
    guard let pattern else { return true }
    return names.contains { fnmatch(pattern, $0, 0) == 0 }
  }
}

/// When the clock of one boot read 0, for stamps that count from the boot.
public struct AnchorRule: Sendable, Hashable {
  /// Shell pattern as in `SourceRule`; nil for all sources.
  public var pattern: String?
  /// Which boot of the source, from 1.
  public var boot: Int
  /// The instant in nanoseconds since the epoch.
  public var instant: Int64
  /// A rule from its parts.
  public init(pattern: String?, boot: Int, instant: Int64) {
    self.pattern = pattern
    self.boot = boot
    self.instant = instant
  }
}

/// How the process that unpacks archives is run.
public enum ArchiveIsolation: Sendable, Hashable {
  /// In a process of its own: this executable and these arguments, whose main calls `ArchiveHelper.main`.
  case process(executable: String, arguments: [String])
  /// On a thread of this process, without protection: for tests.
  case thread
}

/// What an ingest is told.
public struct IntakeOptions: Sendable {
  /// The formats known.
  public var catalog = FormatCatalog()
  /// Names of formats to use instead of an election. The last rule that matches counts, here and below.
  public var formats: [SourceRule] = []
  /// Zones of stamps that have none: IANA names or `±HH:MM`.
  public var timeZones: [SourceRule] = []
  /// Year of the first stamp of sources whose stamps have none.
  public var years: [SourceRule] = []
  /// Which number is the day in dates such as `04/07/2026`: `day-first` or `month-first`.
  public var dateOrders: [SourceRule] = []
  /// Anchors of boots; the last rule that matches counts.
  public var anchors: [AnchorRule] = []
  /// Devices of events that name none; without a rule that matches, the path rule.
  public var devices: [SourceRule] = []
  /// Names of devices that are known, from the inventory: a path that holds one is that device's.
  public var knownDevices: Set<String> = []
  /// Threads that read.
  public var jobs = 1
  /// The sink may know sources already: files are hashed before they are read, so that those are passed over.
  public var mayBeKnown = true
  /// Bounds.
  public var limits = IntakeLimits()
  /// How archives are unpacked.
  public var isolation = ArchiveIsolation.process(
    executable: "/proc/self/exe", arguments: ["ingest", ArchiveHelper.word])
  /// Paths that are left out, e.g. the case itself; they need not exist when the ingest begins.
  public var excluded: Set<String> = []
  /// Options with nothing given.
  public init() {}

  /// Throws `IntakeError.Code.badOption` for a format, zone or year that there is not; `Intake.run` does so too, but
  /// later.
  public func check() throws(IntakeError) { _ = try SourceSettings(self) }
}
