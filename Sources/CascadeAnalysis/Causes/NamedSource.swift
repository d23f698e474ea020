internal import IncidentModel

/// Whom nearly all receipts of a change name as where it came from: "login from HOST", "list taken over from HOST".
///
/// Fails where they name what carried it (a mirror, a relay) and whoever sent it left no trace.
enum NamedSource {
  /// - Parameters:
  ///   - got: Second and event of the receipt, by receiver.
  ///   - isOfTheMoment: Receivers failed as they wrote it: then it may as well name what failed for them, and only a word for
  ///     where something comes from says otherwise.
  static func actor(
    _ got: [Int: (Double, Int32)], _ template: Int, isOfTheMoment: Bool, _ timeline: Timeline
  ) -> Int? {
    guard !timeline.firstMention.isEmpty else { return nil }
    var counts: [Int: Int] = [:]
    for (_, event) in got.values where timeline.mention(Int(event)) >= 0 {
      counts[timeline.mention(Int(event)), default: 0] += 1
    }
    guard let most = counts.commonest,
      most.value * 5 >= got.count * 4, got[most.key] == nil
    else { return nil }
    guard isOfTheMoment else { return most.key }
    let words = Words.of(timeline.evidence.templateTexts[template])
    return Words.isFollowed(Words.sources, in: words) ? most.key : nil
  }

  /// Whom nearly all that failed name in what they complain of, around their failures; nil for nobody.
  static func blamed(
    by members: [Int], _ timeline: Timeline, _ reports: Reports, _ onsets: Onsets
  ) -> Int? {
    guard !timeline.firstMention.isEmpty else { return nil }
    var counts: [Int: Int] = [:]
    for device in members {
      guard let onset = onsets.findings[device]?.time else { continue }
      var named: [Int] = []
      for event in timeline.events(of: device) where timeline.mention(Int(event)) >= 0 {
        let template = Int(timeline.evidence.eventTemplates[Int(event)])
        let late = timeline.seconds[Int(event)] - onset
        let other = timeline.mention(Int(event))
        guard late > -60, late < 300, timeline.isLoud[template], !reports.isReport(template),
          !named.contains(other)
        else { continue }
        named.append(other)
      }
      for other in named { counts[other, default: 0] += 1 }
    }
    guard let most = counts.commonest,
      most.value * 5 >= members.count * 4
    else { return nil }
    return most.key
  }
}
