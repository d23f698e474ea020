/// What only people know. Kept apart from everything computed, so that making the report again never touches it.
/// A field that is nil is printed as "not provided"; nothing here is ever guessed. Times are RFC 3339 with a zone.
public struct Annotations: Sendable, Hashable, Codable {
  /// Title of the report.
  public var title: String?
  /// `draft`, `in_review`, `final`.
  public var state: ReportState?
  /// Number of this version of the report, counted by people, from 1.
  public var version: Int?
  /// Who did what: incident lead, communications, scribe…
  public var roles: [Role]?
  /// What it meant for customers, in a sentence or two.
  public var customerImpact: String?
  /// Functions that were lost.
  public var functionsLost: String?
  /// Harm to people, or that there was none and who says so.
  public var safety: String?
  /// Data lost, changed or disclosed.
  public var dataImpact: String?
  /// What customers should do.
  public var customerAction: String?
  /// What started it, in a person's words.
  public var trigger: Statement?
  /// How and when own staff first knew.
  public var detection: Statement?
  /// The first act.
  public var firstAct: Statement?
  /// When the mechanism that spread it was stopped, and how.
  public var halt: Statement?
  /// Who declared the end, when, by which criterion.
  public var end: Statement?
  /// Contributing factors.
  public var factors: [Factor]?
  /// Causes that were ruled out, and by what.
  public var ruledOut: [String]?
  /// Questions still open.
  public var openQuestions: [String]?
  /// What went well, badly, where we got lucky, what surprised us and why.
  public var lessons: Lessons?
  /// What will be done.
  public var actions: [ActionItem]?
  /// Messages sent to people outside.
  public var communications: [Communication]?
  /// Legal clocks that a person says apply, with what was sent when.
  public var clocks: [LegalClockAnswer]?
  /// When the build that went out was made, for the time from build to all devices.
  public var buildTime: String?
  /// Size of the first stage of the rollout.
  public var canarySize: Int?
  /// Rule that would have halted the rollout.
  public var haltRule: String?
  /// Whether an image to go back to was available.
  public var rollbackImage: String?
  /// Harm done to others from the fleet, e.g. attack traffic sent.
  public var harmToOthers: String?
  /// Lint findings to ignore: rule and reason.
  public var lintIgnored: [LintException]?
  /// Nothing provided.
  public init() {}
}

extension Annotations {
  /// The same with empty texts, lists and statements taken as not provided, which is how an exported file leaves them.
  public var withoutEmptyFields: Annotations {
    func text(_ value: String?) -> String? { value?.isEmpty == true ? nil : value }
    func list<T>(_ value: [T]?) -> [T]? { value?.isEmpty == true ? nil : value }
    func texts(_ value: [String]?) -> [String]? { list(value?.filter { !$0.isEmpty }) }
    func statement(_ value: Statement?) -> Statement? {
      guard let value else { return nil }
      let kept = Statement(at: text(value.at), by: text(value.by), text: text(value.text))
      return kept == Statement() ? nil : kept
    }
    var result = self
    result.title = text(title)
    result.roles = list(roles)
    result.customerImpact = text(customerImpact)
    result.functionsLost = text(functionsLost)
    result.safety = text(safety)
    result.dataImpact = text(dataImpact)
    result.customerAction = text(customerAction)
    result.trigger = statement(trigger)
    result.detection = statement(detection)
    result.firstAct = statement(firstAct)
    result.halt = statement(halt)
    result.end = statement(end)
    result.factors = list(factors)
    result.ruledOut = texts(ruledOut)
    result.openQuestions = texts(openQuestions)
    if let lessons {
      var kept = Lessons()
      kept.well = texts(lessons.well)
      kept.badly = texts(lessons.badly)
      kept.lucky = texts(lessons.lucky)
      kept.surprised = texts(lessons.surprised)
      result.lessons = kept == Lessons() ? nil : kept
    }
    result.actions = list(actions)
    result.communications = list(communications)
    result.clocks = list(clocks)
    result.buildTime = text(buildTime)
    result.haltRule = text(haltRule)
    result.rollbackImage = text(rollbackImage)
    result.harmToOthers = text(harmToOthers)
    result.lintIgnored = list(lintIgnored)
    return result
  }
}

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
