/// What a playbook run leaves behind, as the journal keeps it and the postmortem reads it.
/// The journal is append-only; an intent without a result means the outcome is unknown.
public struct RunRecord: Sendable, Codable, Hashable {
  /// The run's id.
  public var run: String
  /// Position in the run's journal, from 1, without gaps.
  public var sequence: Int
  /// Wall clock, nanoseconds since the epoch. The responder's clock may be wrong: order is `sequence`.
  public var wallTime: Int64
  /// Monotonic clock (`CLOCK_BOOTTIME`), nanoseconds since an arbitrary start.
  public var monotonicTime: Int64
  /// What the record says.
  public var kind: Kind
  /// CACAO step id; nil for records about the run as a whole.
  public var step: String?
  /// Target device's name; nil for records about a step or the run.
  public var target: String?
  /// What an intent or result is about; nil for other kinds.
  public var action: Action?
  /// The outcome, for results and verifications.
  public var outcome: Outcome?
  /// A short stable code that refines the outcome: `unreachable`, `interlock`, `timeout`, `refused`…
  public var reason: String?
  /// Number of the wave, from 1 (the canary); nil outside waves.
  public var wave: Int?
  /// One sentence: command (secrets masked), answer, reason.
  public var detail: String
  /// SHA-256 (hex) of the previous record's hash, a line feed, and this record's canonical form.
  public var hash: String

  /// What a record says.
  public enum Kind: String, Sendable, Codable, CaseIterable {
    case runStarted = "run_started"
    case approved
    case stepStarted = "step_started"
    case waveStarted = "wave_started"
    case intent
    case result
    case verified
    case gate
    case waveFinished = "wave_finished"
    case stepFinished = "step_finished"
    case halted
    case resumed
    case undone
    case checkpoint
    case note
    case runFinished = "run_finished"
  }

  /// What is done to a device.
  public enum Action: String, Sendable, Codable, CaseIterable {
    /// The step's commands.
    case act
    /// The inverse of the step's commands.
    case undo
  }

  /// The five outcomes of an action on a device.
  public enum Outcome: String, Sendable, Codable, CaseIterable {
    /// The device was in the wanted state already; nothing was changed.
    case ok
    /// The device is in the wanted state because we acted.
    case changed
    /// The action was refused or did not take effect.
    case failed
    /// Nobody knows whether the action took effect.
    case unknown
    /// Nothing was sent; `reason` says why (`unreachable`, `interlock`, `halted`…).
    case skipped
  }

  /// A record from its parts.
  public init(
    run: String, sequence: Int, wallTime: Int64, monotonicTime: Int64, kind: Kind, step: String? = nil,
    target: String? = nil, action: Action? = nil, outcome: Outcome? = nil, reason: String? = nil,
    wave: Int? = nil, detail: String, hash: String = ""
  ) {
    self.run = run
    self.sequence = sequence
    self.wallTime = wallTime
    self.monotonicTime = monotonicTime
    self.kind = kind
    self.step = step
    self.target = target
    self.action = action
    self.outcome = outcome
    self.reason = reason
    self.wave = wave
    self.detail = detail
    self.hash = hash
  }
}
