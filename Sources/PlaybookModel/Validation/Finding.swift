/// One thing that validation found out about a playbook document.
public struct Finding: Sendable, Hashable {
  /// JSON pointer to the place; empty for the document as a whole.
  public var pointer: String
  /// 1-based line in the document as written; 0 when unknown.
  public var line: Int
  /// A short stable code: `step.successor`, `reference.dangling`…
  public var rule: String
  /// How bad it is.
  public var level: Level
  /// What is wrong, in one sentence.
  public var message: String

  /// How bad a finding is.
  public enum Level: String, Sendable, CaseIterable {
    /// The document is refused.
    case error
    /// The document is sound but must not be run now (revoked, outside its validity, a command type nobody here runs).
    case notRunnable = "not-runnable"
    /// The document may be run; somebody should look.
    case warning
    /// Advice of the standard (SHOULD) that was not followed.
    case note
  }

  /// A finding from its parts.
  public init(pointer: String, line: Int, rule: String, level: Level, message: String) {
    self.pointer = pointer
    self.line = line
    self.rule = rule
    self.level = level
    self.message = message
  }
}

/// What validation says of a document.
public enum Verdict: String, Sendable, CaseIterable {
  /// May be planned and run.
  case valid
  /// Refused at load.
  case invalid
  /// Loads, can be shown and converted, is not run.
  case notRunnable = "not-runnable"
}
