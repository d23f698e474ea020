/// What a playbook run leaves behind, as the journal keeps it and the postmortem reads it.
/// The journal is append-only; an intent without a result means the outcome is unknown.
public struct RunRecord: Sendable, Codable {
  /// The run's id.
  public var run: String
  /// Position in the run's journal, from 1.
  public var sequence: Int
  /// Wall clock, nanoseconds since the epoch.
  public var wallTime: Int64
  /// Monotonic clock, nanoseconds since an arbitrary start.
  public var monotonicTime: Int64
  /// What the record says.
  public var kind: Kind
  /// CACAO step id; nil for records about the run as a whole.
  public var step: String?
  /// Target device's name; nil for records about a step or the run.
  public var target: String?
  /// The outcome, for results.
  public var outcome: Outcome?
  /// One sentence: command (secrets masked), answer, reason.
  public var detail: String
  /// SHA-256 (hex) of the previous record's canonical form and this record's without `hash`.
  public var hash: String

  /// What a record says.
  public enum Kind: String, Sendable, Codable, CaseIterable {
    case runStarted = "run_started"
    case approved
    case stepStarted = "step_started"
    case intent
    case result
    case verified
    case stepFinished = "step_finished"
    case halted
    case undone
    case note
    case runFinished = "run_finished"
  }

  /// The five outcomes of an action on a device.
  public enum Outcome: String, Sendable, Codable, CaseIterable {
    case ok, changed, failed, unknown, skipped
  }

  /// A record from its parts.
  public init(
    run: String, sequence: Int, wallTime: Int64, monotonicTime: Int64, kind: Kind, step: String? = nil,
    target: String? = nil, outcome: Outcome? = nil, detail: String, hash: String = ""
  ) {
    self.run = run
    self.sequence = sequence
    self.wallTime = wallTime
    self.monotonicTime = monotonicTime
    self.kind = kind
    self.step = step
    self.target = target
    self.outcome = outcome
    self.detail = detail
    self.hash = hash
  }
}
