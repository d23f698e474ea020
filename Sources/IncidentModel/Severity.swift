/// The severities of RFC 5424, 6.2.1: smaller is worse.
public enum Severity: UInt8, Sendable, CaseIterable, Comparable {
  case emergency = 0
  case alert = 1
  case critical = 2
  case error = 3
  case warning = 4
  case notice = 5
  case info = 6
  case debug = 7

  /// Worse first: `.emergency < .debug`.
  public static func < (a: Severity, b: Severity) -> Bool { a.rawValue < b.rawValue }

  /// The name printed and accepted in queries.
  public var name: String {
    switch self {
    case .emergency: "emergency"
    case .alert: "alert"
    case .critical: "critical"
    case .error: "error"
    case .warning: "warning"
    case .notice: "notice"
    case .info: "info"
    case .debug: "debug"
    }
  }

  /// The severity that log producers mean by a word, in any case: `ERROR`, `warn`, `fatal`, `I`, …; nil when unknown.
  public init?(name: some StringProtocol) {
    switch name.lowercased() {
    case "emergency", "emerg", "panic": self = .emergency
    case "alert": self = .alert
    case "critical", "crit", "fatal", "f": self = .critical
    case "error", "err", "e", "severe", "failure": self = .error
    case "warning", "warn", "w": self = .warning
    case "notice", "n": self = .notice
    case "info", "information", "informational", "i": self = .info
    case "debug", "d", "trace", "t", "verbose", "v", "fine", "finer", "finest": self = .debug
    default: return nil
    }
  }
}
