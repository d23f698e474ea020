internal import IncidentModel

/// Who came to others as those that failed come to the next, and whose own failure nobody saw: it failed before it came.
///
/// In a spread from peer to peer those that fail say, in messages never heard before, who came to them, and nearly all whom they name had
/// failed before.
/// Whoever they name as well, and whose own lines of that moment are lost, is one of them, and maybe the first. It failed, by the median of
/// what the others took, so long before it came to the first; at the latest then.
/// Fails for somebody who comes to many for another reason, in the same words.
extension Onsets {
  /// Fewer known ones tell nothing of the others.
  private static let fewestComers = 3
  /// Share of the window in which such messages were not heard yet.
  private static let unheard = 0.1
  /// Seconds around its failure in which an entity says who came to it.
  private static let coming = 300.0

  mutating func joinComers(
    _ timeline: Timeline, _ fleet: Fleet, _ profiles: TemplateProfiles, _ reports: Reports
  ) {
    guard !timeline.firstMention.isEmpty else { return }
    let begin = timeline.start + Self.unheard * (timeline.end - timeline.start)
    let tells = timeline.isLoud.indices.map { template in
      let profile = profiles.fleet[template]
      return (reports.namesPeers(template) || fleet.peers.isContact(template))
        && (profile.role == .novel || profile.role == .surging) && profile.first > begin
        && !timeline.words.tellsOfLoss[template]
    }
    guard tells.contains(true) else { return }
    var came: [Int: [Int: [Int32]]] = [:]
    for event in timeline.firstMention.indices where timeline.firstMention[event] >= 0 {
      let speaker = Int(timeline.evidence.eventDevices[event])
      let template = Int(timeline.evidence.eventTemplates[event])
      guard speaker >= 0, tells[template], !fleet.isShared[Int(timeline.firstMention[event])],
        let onset = findings[speaker]?.time, abs(timeline.seconds[event] - onset) < Self.coming
      else { continue }
      came[template, default: [:]][Int(timeline.firstMention[event]), default: []].append(Int32(event))
    }
    for (_, named) in came.sorted(by: { $0.key < $1.key }) { joinComers(named, timeline) }
  }

  /// The same of one kind of message: who is named, and where.
  private mutating func joinComers(_ came: [Int: [Int32]], _ timeline: Timeline) {
    func first(_ events: [Int32]) -> Double { events.map { timeline.seconds[Int($0)] }.min()! }
    let delays = came.compactMap { device, events in findings[device].map { first(events) - $0.time } }
    let inOrder = delays.filter { $0 > 0 }
    // Whom they try to reach they name, too: of those many failed later, or never.
    guard inOrder.count >= Self.fewestComers, inOrder.count * 10 >= delays.count * 9,
      delays.count * 3 >= came.count * 2
    else { return }
    let usual = Robust.median(inOrder)
    for (device, events) in came.sorted(by: { $0.key < $1.key }) where findings[device] == nil {
      let latest = first(events)
      let count = Set(events.map { timeline.evidence.eventDevices[Int($0)] }).count
      include(
        device,
        Finding(
          time: max(timeline.start, latest - usual), earliest: max(timeline.start, latest - 4 * usual),
          latest: latest, probability: 0.9, kind: .reported, events: Array(events.prefix(8)),
          reasons: [
            "\(count) that failed \(count == 1 ? "says" : "say") that it came to them, as those did that failed before them; "
              + "its own failure was not seen"
          ]))
    }
  }
}
