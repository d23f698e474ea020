public import IncidentModel

/// Where the legal clocks stand, for a page: which apply, what is due when, what was sent.
public struct PageClock: Sendable, Hashable {
  /// A stable name.
  public var id: String
  /// The law and the kind of event.
  public var title: String
  /// Where it is written.
  public var source: String
  /// A person's answer; nil: nobody has said.
  public var applies: Bool?
  /// Who said so.
  public var by: String?
  /// What must be sent; empty where the clock does not apply or nobody has said.
  public var stages: [Stage]
  /// Something to be sent until a deadline.
  public struct Stage: Sendable, Hashable {
    /// Its title.
    public var title: String
    /// The deadline; nil where it cannot be told yet.
    public var due: Instant?
    /// Why there is no deadline yet.
    public var reason: String
    /// When it was sent; nil: not yet, or not provided.
    public var sent: Instant?
  }

  /// All clocks that reports know, with a person's answers.
  public static func all(_ notes: Annotations) -> [PageClock] {
    AllLegalClocks.list.map { clock in
      let answer = (notes.clocks ?? []).first { $0.clock == clock.id }
      let stages =
        answer?.applies == true
        ? clock.stages.map { stage -> Stage in
          let value = answer.map { clock.deadline(of: stage, answer: $0) }
          let sent = answer?.sent?[stage.id].flatMap { Instant(rfc3339: $0) }
          if case .instant(let due, _) = value {
            return Stage(title: stage.title, due: due, reason: "", sent: sent)
          }
          return Stage(title: stage.title, due: nil, reason: value?.text ?? "", sent: sent)
        } : []
      return PageClock(
        id: clock.id, title: clock.title, source: clock.source, applies: answer?.applies, by: answer?.by,
        stages: stages)
    }
  }
}
