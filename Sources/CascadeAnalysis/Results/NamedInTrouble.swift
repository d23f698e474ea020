internal import IncidentModel

/// Who is taken for a provider by nothing but that those that failed named it as they failed, and who did not fail itself.
///
/// Where they had named it before, or say that it is gone or does not answer, they hang on it. Else it may as well have acted on them, in
/// words that `OrderWords` does not know, or have been taken along, and the number of those that name it says nothing about that.
struct NamedInTrouble {
  private let timeline: Timeline
  private let fleet: Fleet
  private let onsets: Onsets
  private let members: [Int]

  /// How sure it is at most that it began there (fitted to nothing).
  static let most = 0.75
  static let reason =
    "nothing but what they said as they failed ties them to it: whether they hang on it, or it acted on them, is not told"

  /// Seconds by which clocks and words may be late.
  private static let slack = 5.0

  init(_ timeline: Timeline, _ fleet: Fleet, _ onsets: Onsets, _ members: [Int]) {
    self.timeline = timeline
    self.fleet = fleet
    self.onsets = onsets
    self.members = members
  }

  func holds(_ provider: Int) -> Bool {
    guard !fleet.isListedShared[provider], onsets.findings[provider] == nil,
      !timeline.firstMention.isEmpty
    else { return false }
    var naming = 0
    var before = 0
    for device in members {
      let onset = onsets.findings[device]!.time
      var isNamed = (before: false, then: false)
      for event in timeline.events(of: device) where timeline.mention(Int(event)) == provider {
        let template = Int(timeline.evidence.eventTemplates[Int(event)])
        if timeline.words.tellsOfDelay[template] { return false }
        if timeline.seconds[Int(event)] < onset - Self.slack {
          isNamed.before = true
        } else {
          isNamed.then = true
        }
      }
      if isNamed.before { before += 1 }
      if isNamed.then { naming += 1 }
    }
    return before * 10 <= members.count && naming * 5 >= members.count * 4
  }
}
