internal import IncidentModel

/// Changes that whoever makes them tells one by one, naming each receiver: a console's record of what it set on whom.
///
/// They look like reports of others, but say of nobody that it is gone, come once for each, from one speaker, were not heard
/// before, and those that they name go on as before, as far as that shows. The named are the receivers, the speaker the actor.
/// A record of such actions alone begins with the first of them, and all of them may be one burst: that nothing like it is heard in the
/// first part of the window is enough there.
/// Fails where the change silences its receivers in that moment: then they look as if they were reported.
struct ToldChanges {
  /// Per template: who tells it, and when of whom first.
  private(set) var byTemplate: [Int: (teller: Int, received: [Int: (Double, Int32)])] = [:]

  /// Fewer receivers are no change of a fleet.
  private static let fewest = 3

  init(
    _ timeline: Timeline, _ fleet: Fleet, _ profiles: TemplateProfiles, isReport: (Int) -> Bool,
    isOpen: (Int) -> Bool
  ) {
    guard !timeline.firstMention.isEmpty else { return }
    let later = timeline.start + 0.05 * (timeline.end - timeline.start)
    let isCandidate = timeline.tones.indices.map { template in
      isReport(template) && isOpen(template) && !timeline.words.tellsOfLoss[template]
        && (profiles.fleet[template].role == .novel || profiles.fleet[template].first > later)
    }
    guard isCandidate.contains(true) else { return }
    var tellers: [Int: [Int: Int]] = [:]
    var receipts: [Int: [Int: (Double, Int32)]] = [:]
    for event in timeline.firstMention.indices where timeline.firstMention[event] >= 0 {
      let template = Int(timeline.evidence.eventTemplates[event])
      let named = Int(timeline.firstMention[event])
      let speaker = Int(timeline.evidence.eventDevices[event])
      guard isCandidate[template], speaker >= 0, !fleet.isShared[named] else { continue }
      tellers[template, default: [:]][speaker, default: 0] += 1
      let time = timeline.seconds[event]
      if time < receipts[template]?[named]?.0 ?? .infinity {
        receipts[template, default: [:]][named] = (time, Int32(event))
      }
    }
    for (template, received) in receipts where received.count >= Self.fewest {
      let said = tellers[template]!.values.reduce(0, +)
      let teller = tellers[template]!.commonest!
      guard teller.value * 5 >= said * 4, said * 2 <= received.count * 3 else { continue }
      byTemplate[template] = (teller.key, received)
    }
  }

  /// Whether most of those named speak on after it, without a pause that is unusual for them, as far as they have any.
  static func goOn(_ received: [Int: (Double, Int32)], _ timeline: Timeline) -> Bool {
    let (judged, well) = counts(received, timeline)
    return judged >= fewest && well * 5 >= judged * 4
  }

  /// Whether most of them do not.
  static func areGone(_ received: [Int: (Double, Int32)], _ timeline: Timeline) -> Bool {
    let (judged, well) = counts(received, timeline)
    return judged >= fewest && well * 5 <= judged
  }

  private static func counts(
    _ received: [Int: (Double, Int32)], _ timeline: Timeline
  ) -> (judged: Int, well: Int) {
    var judged = 0
    var well = 0
    for (device, (time, _)) in received {
      let seconds = timeline.events(of: device).map { timeline.seconds[Int($0)] }
      guard seconds.count >= 4 else { continue }
      let before = seconds.last { $0 <= time } ?? time
      let after = seconds.first { $0 > time } ?? timeline.end
      let longest = zip(seconds, seconds.dropFirst()).reduce(0.0) {
        $1.0 == before ? $0 : max($0, $1.1 - $1.0)
      }
      judged += 1
      if after - before <= 2 * longest { well += 1 }
    }
    return (judged, well)
  }
}
