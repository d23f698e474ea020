/// How an event's instant came about. Names are stored and queried as written here, with `_` between words.
public enum TimeQuality: UInt8, Sendable, CaseIterable {
  /// The stamp says it all: date, time, and zone or epoch.
  case exact = 0
  /// The stamp has no zone; one was given or assumed.
  case assumedZone = 1
  /// The stamp has no year, and it was inferred from an upper bound; or it has a zone, but day and month could change places.
  case inferredYear = 2
  /// Time since boot, tied to wall time by an anchor.
  case anchored = 3
  /// Moved by a clock correction; the original is kept.
  case corrected = 4
  /// Time since boot without an anchor: sorts within its boot only.
  case unanchored = 5
  /// No time at all.
  case none = 6

  /// The name in the case file and on the command line.
  public var name: String {
    switch self {
    case .exact: "exact"
    case .assumedZone: "assumed_zone"
    case .inferredYear: "inferred_year"
    case .anchored: "anchored"
    case .corrected: "corrected"
    case .unanchored: "unanchored"
    case .none: "none"
    }
  }
}

/// Who vouches for an event's device name, strongest first. Forged names are to be expected.
public enum IdentityBasis: UInt8, Sendable, CaseIterable, Comparable {
  /// A client certificate or broker login.
  case authenticated = 0
  /// An address seen by somebody else.
  case network = 1
  /// Only the text says so: a host name in a log line.
  case selfAsserted = 2
  /// Where the file lay: folder, archive member or file name.
  case path = 3
  /// The event names no device.
  case none = 4

  /// Stronger first.
  public static func < (a: IdentityBasis, b: IdentityBasis) -> Bool { a.rawValue < b.rawValue }

  /// The name in the case file and on the command line.
  public var name: String {
    switch self {
    case .authenticated: "authenticated"
    case .network: "network"
    case .selfAsserted: "self_asserted"
    case .path: "path"
    case .none: "none"
    }
  }
}
