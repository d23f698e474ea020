import IncidentModel
import PlaybookModel
import PlaybookRunner
import TimelineStore

/// One thing that must be in order before people act on a fleet. One file per conformance in `Checks/`, listed in
/// `AllDoctorChecks.swift`.
protocol DoctorCheck: Sendable {
  /// Its name in reports.
  static var name: String { get }
  /// Looks, and says what it found; changes nothing.
  static func run(_ context: DoctorContext) async -> [DoctorFinding]
}

/// What a check found.
struct DoctorFinding: Sendable {
  /// How bad it is.
  enum State: String, Sendable, CaseIterable {
    /// In order.
    case ok
    /// Works, but will hurt at some time.
    case warning
    /// Will not work.
    case failure
    /// Not looked at, since nothing was given to look at.
    case skipped
  }
  var state: State
  /// What it is about.
  var subject: String
  /// What was found.
  var found: String
  /// What to do; empty when nothing.
  var advice = ""

  static func ok(_ subject: String, _ found: String) -> Self {
    .init(state: .ok, subject: subject, found: found)
  }
  static func warning(_ subject: String, _ found: String, _ advice: String) -> Self {
    .init(state: .warning, subject: subject, found: found, advice: advice)
  }
  static func failure(_ subject: String, _ found: String, _ advice: String) -> Self {
    .init(state: .failure, subject: subject, found: found, advice: advice)
  }
  static func skipped(_ subject: String, _ advice: String) -> Self {
    .init(state: .skipped, subject: subject, found: "not looked at", advice: advice)
  }
}

/// What the checks look at.
struct DoctorContext: Sendable {
  /// A playbook that can be given by name.
  struct Entry: Sendable {
    var name: String
    var path: String
    /// Nil when it cannot be run; `problem` says why.
    var playbook: Playbook?
    var problem: String?
    /// The document; nil when it cannot be read.
    var root: DocumentNode?
  }
  /// Path of the case; nil when there is none.
  var casePath: String?
  /// Why the case cannot be read; nil when it can, or there is none.
  var caseProblem: String?
  /// The inventory of the case; nil when there is none.
  var inventory: Inventory?
  /// Newest evidence of the case.
  var newestEvidence: Instant?
  /// The custody log of the case.
  var custody: [CustodyRecord] = []
  /// The playbooks to look at.
  var playbooks: [Entry] = []
  /// True when the playbooks were named: then what they miss is a failure and not a warning.
  var areNamed = false
  var secrets: SecretStore
  var executors: ExecutorSet
  var options: Doctor

  /// Wall time.
  var now: Instant { Person.now }
}
