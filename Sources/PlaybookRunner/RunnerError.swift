/// Why a playbook could not be planned, run, resumed or undone.
public struct RunnerError: Error, Hashable, CustomStringConvertible {
  /// What kind of reason it is.
  public var code: Code
  /// One sentence: what could not be done, on what, why, and what to do next.
  public var description: String

  /// Kinds of reasons.
  public enum Code: String, Sendable {
    /// An argument does not fit where it goes.
    case badArgument
    /// The playbook, the plan or the case is not what was approved.
    case changed
    /// A plan file that is none, or is damaged.
    case badPlan
    /// Nobody, or not enough people, approved.
    case notApproved
    /// The selection is empty or not allowed.
    case badTargets
    /// A secret is missing or not kept safely.
    case secret
    /// The journal could not be written or read.
    case journal
    /// Another run works on the same targets.
    case busy
    /// The playbook asks for something that is not there.
    case unsupported
  }

  /// An error from its parts.
  public init(_ code: Code, _ description: String) {
    self.code = code
    self.description = description
  }
}
