/// What the store could not do, on what, why, and what to do next.
public struct StoreError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Kind of failure, for callers that act on it.
  public enum Code: String, Sendable {
    /// There is no such file, or it may not be read.
    case unreadable
    /// The file is not a case.
    case notACase = "not_a_case"
    /// A newer Firebreak made the case.
    case newerVersion = "newer_version"
    /// The schema is not the one that Firebreak writes, or the file is damaged.
    case tampered
    /// Somebody else is loading into the case, or holds it.
    case locked
    /// The case cannot be written: read-only media, permissions.
    case readOnly = "read_only"
    /// No space is left, or a quota is reached.
    case diskFull = "disk_full"
    /// Two contents have the same 64-bit id.
    case collision
    /// A limit of the format is reached.
    case limit
    /// The caller broke the protocol of `EventSink`, or gave what does not exist.
    case invalid
    /// What the caller names is not in the case.
    case unknownName = "unknown_name"
    /// Reading or writing failed.
    case inputOutput = "input_output"
    /// The query cannot be run.
    case query
    /// The query's words are wrong: its syntax, or a name that there is not.
    case mistake
  }
  /// Kind of failure.
  public var code: Code
  /// What could not be done, e.g. `cannot open case`.
  public var what: String
  /// On what: the path of the case, or a source.
  public var path: String
  /// Why.
  public var reason: String
  /// What to do next; empty where there is nothing to advise.
  public var advice: String

  /// An error from its parts.
  public init(code: Code, what: String, path: String, reason: String, advice: String = "") {
    self.code = code
    self.what = what
    self.path = path
    self.reason = reason
    self.advice = advice
  }

  /// One sentence. The path may come from anywhere: sanitise before printing.
  public var description: String {
    "\(what) '\(path)': \(reason)" + (advice.isEmpty ? "" : " (\(advice))")
  }
}
