public import IncidentModel

/// A kind of incident that can be simulated: one file per scenario, listed in `AllScenarios.swift`.
public struct Scenario: Sendable {
  /// Name on the command line.
  public let name: String
  /// Family of incident: A contact spread, B rollout, C dependency, D chain.
  public let family: String
  /// One sentence for people: what happens.
  public let summary: String
  /// The real incident it is modelled on, and that it is synthetic.
  public let modelledOn: String
  /// Start of the window where none is given.
  public let start: Instant
  /// Length of the window in seconds where none is given.
  public let duration: Int
  /// What there is to read.
  enum Evidence: Sendable { case logs, metrics }
  let evidence: Evidence
  /// Decides what happens to whom. May change the fleet's firmware.
  let unfold: @Sendable (_ fleet: inout Fleet, _ window: Range<Int64>, _ chance: Chance) -> Course
  /// What another rollout policy would have done; nil where the scenario has no rollout.
  let failuresUnderPolicy: (@Sendable (_ fleet: Fleet, _ course: Course, RolloutPolicy, Chance) -> Int)?

  init(
    name: String, family: String, summary: String, modelledOn: String, start: Instant, duration: Int,
    evidence: Evidence = .logs,
    unfold: @escaping @Sendable (inout Fleet, Range<Int64>, Chance) -> Course,
    failuresUnderPolicy: (@Sendable (Fleet, Course, RolloutPolicy, Chance) -> Int)?
  ) {
    self.name = name
    self.family = family
    self.summary = summary
    self.modelledOn = modelledOn
    self.start = start
    self.duration = duration
    self.evidence = evidence
    self.unfold = unfold
    self.failuresUnderPolicy = failuresUnderPolicy
  }

  /// The scenario of a name, or nil.
  public static func named(_ name: String) -> Scenario? { all.first { $0.name == name } }
}

/// A staged rollout: cumulative shares, soak between waves, and the failed share at which it stops.
public struct RolloutPolicy: Sendable, Hashable {
  /// Cumulative shares of the targets per wave, ascending, the last one 1.
  public var waves: [Double]
  /// Seconds from the start of a wave to the decision about the next.
  public var soak: Double
  /// Halts when more than this share of the updated devices have failed by then.
  public var haltAbove: Double

  /// A policy from its parts.
  public init(waves: [Double], soak: Double, haltAbove: Double) {
    self.waves = waves
    self.soak = soak
    self.haltAbove = haltAbove
  }
}
