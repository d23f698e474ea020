/// How far a report has come.
public enum ReportState: String, Sendable, Hashable, Codable, CaseIterable {
  case draft
  case inReview = "in_review"
  case final

  /// For print.
  var title: String {
    switch self {
    case .draft: "Draft"
    case .inReview: "In review"
    case .final: "Final"
    }
  }
}

/// A statement about a moment.
public struct Statement: Sendable, Hashable, Codable {
  /// When, RFC 3339 with zone.
  public var at: String?
  /// Who says so, or who did it.
  public var by: String?
  /// What, in a sentence; for the end: the criterion.
  public var text: String?
  /// A statement from its parts.
  public init(at: String? = nil, by: String? = nil, text: String? = nil) {
    self.at = at
    self.by = by
    self.text = text
  }
}

/// A role and who had it.
public struct Role: Sendable, Hashable, Codable {
  /// The role.
  public var role: String
  /// The person or team.
  public var name: String
  /// A role from its parts.
  public init(role: String, name: String) {
    self.role = role
    self.name = name
  }
}

/// A contributing factor.
public struct Factor: Sendable, Hashable, Codable {
  /// What it did: `started`, `spread`, `hid`, `slowed`.
  public var effect: String
  /// The factor, in a sentence.
  public var text: String
  /// A factor from its parts.
  public init(effect: String, text: String) {
    self.effect = effect
    self.text = text
  }
}

/// Lessons in four drawers.
public struct Lessons: Sendable, Hashable, Codable {
  /// What went well.
  public var well: [String]?
  /// What went badly.
  public var badly: [String]?
  /// Where we got lucky.
  public var lucky: [String]?
  /// What surprised us, and why.
  public var surprised: [String]?
  /// No lessons.
  public init() {}
}

/// Something to be done.
public struct ActionItem: Sendable, Hashable, Codable {
  /// What.
  public var text: String
  /// The factor it addresses.
  public var factor: String?
  /// `prevent`, `detect`, `mitigate`, `process`.
  public var type: String?
  /// `high`, `medium`, `low`, or a number.
  public var priority: String?
  /// Who.
  public var owner: String?
  /// Until when, a date.
  public var due: String?
  /// `open`, `done`, …
  public var status: String?
  /// An action from its text.
  public init(text: String) { self.text = text }
}

/// A message to people outside.
public struct Communication: Sendable, Hashable, Codable {
  /// When it was sent, RFC 3339 with zone.
  public var at: String?
  /// To whom.
  public var audience: String?
  /// What it said.
  public var text: String
  /// A communication from its text.
  public init(text: String) { self.text = text }
}

/// A person's answer about a legal clock.
public struct LegalClockAnswer: Sendable, Hashable, Codable {
  /// The clock, an id such as `eu-cra-14-incident`.
  public var clock: String
  /// Whether it applies. Nil: not answered.
  public var applies: Bool?
  /// Who answered.
  public var by: String?
  /// When the organisation became aware, RFC 3339 with zone.
  public var awareAt: String?
  /// When a corrective measure was available, for clocks that count from there.
  public var measureAt: String?
  /// Stage id and when it was sent, RFC 3339 with zone.
  public var sent: [String: String]?
  /// Answers to the fields of the form, by field id.
  public var fields: [String: String]?
  /// An answer for a clock.
  public init(clock: String, applies: Bool? = nil) {
    self.clock = clock
    self.applies = applies
  }
}

/// A lint finding to be ignored.
public struct LintException: Sendable, Hashable, Codable {
  /// The rule's id.
  public var rule: String
  /// Why.
  public var reason: String
  /// An exception from its parts.
  public init(rule: String, reason: String) {
    self.rule = rule
    self.reason = reason
  }
}

/// What was found when somebody looked at a run that bypassed its approvals.
public struct GlassReview: Sendable, Hashable, Codable {
  /// The run's id.
  public var run: String
  /// When it was looked at, RFC 3339 with zone.
  public var at: String?
  /// Who looked.
  public var by: String?
  /// What was found.
  public var text: String?
  /// A review of a run.
  public init(run: String, at: String? = nil, by: String? = nil, text: String? = nil) {
    self.run = run
    self.at = at
    self.by = by
    self.text = text
  }
}
