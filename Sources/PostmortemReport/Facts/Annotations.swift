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
  /// What was found when a run without the approvals it needed (break glass) was looked at afterwards.
  public var breakGlassReviews: [GlassReview]?
  /// What belongs to one incident of several, by its number as in the report's list, or by a time within it: `"2"`,
  /// `"2026-04-07T09:30Z"`. See `ofIncident`.
  public var incidents: [String: Annotations]?
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
    result.breakGlassReviews = list(breakGlassReviews)
    let own = (incidents ?? [:]).mapValues(\.withoutEmptyFields).filter { $0.value != Annotations() }
    result.incidents = own.isEmpty ? nil : own
    result.lintIgnored = list(lintIgnored)
    return result
  }
}
