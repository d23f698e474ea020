internal import IncidentModel

/// What an entity says like clockwork, and said before: a job by the hour is no news at any of its turns, however few of them the evidence
/// holds.
///
/// An entity's messages of one kind are clockwork where three and more follow each other evenly, as episodes. It was running when the
/// evidence began where the first comes no later than one pause after that; a failure that is told again by the clock begins later.
/// Assumes that nothing else is told in the same words. Fails for trouble that was there from the beginning, which is no news either.
struct RunningClockwork {
  /// The whole evidence: what is read from nearby holds too few turns.
  private let timeline: Timeline
  private var known: [UInt64: Bool] = [:]

  private static let fewest = 3
  /// By as much of a pause, or as many seconds, may a turn come too soon or too late.
  private static let scatter = 0.05
  private static let slack = 5.0

  init(_ timeline: Timeline) { self.timeline = timeline }

  /// Whether an entity said something by the clock, from the beginning.
  mutating func holds(_ template: Int, saidBy device: Int) -> Bool {
    let key = UInt64(device) << 32 | UInt64(template)
    if let known = known[key] { return known }
    let holds = isClockwork(template, device)
    known[key] = holds
    return holds
  }

  private func isClockwork(_ template: Int, _ device: Int) -> Bool {
    var turns: [Double] = []
    var last = -Double.infinity
    for event in timeline.events(of: device)
    where Int(timeline.evidence.eventTemplates[Int(event)]) == template {
      let time = timeline.seconds[Int(event)]
      if time - last > TemplateProfiles.episodeGap { turns.append(time) }
      last = time
    }
    guard turns.count >= Self.fewest else { return false }
    let pauses = zip(turns.dropFirst(), turns).map { $0 - $1 }
    let usual = Robust.median(pauses)
    let allowed = max(Self.slack, Self.scatter * usual)
    return turns[0] - timeline.start <= usual + allowed && pauses.allSatisfy { abs($0 - usual) <= allowed }
  }
}
