internal import IncidentModel

/// That an entity named another one as it failed.
///
/// It tells of a cause as far as those that are named failed before those that name them. Where peers name peers that failed before them
/// about as often as peers that failed later (all certificates of a mesh end, two clients take a session from each other), the words say
/// what each saw of the others, and nothing of who took down whom.
struct Naming {
  let speaker: Int
  let named: Int
  let template: Int

  /// Fewer pairs may lie this way or that by chance.
  private static let fewest = 8

  /// Seconds before a failure within which what was done on somebody's word may have brought it about.
  private static let onItsWord = 10.0

  /// Whom the members' own news name around their onsets.
  static func byMember(
    _ members: [Int], _ timeline: Timeline, _ fleet: Fleet, _ profiles: TemplateProfiles, _ reports: Reports,
    _ onsets: Onsets
  ) -> [Int: [Int32]] {
    guard !timeline.firstMention.isEmpty else { return [:] }
    let breakIns = Set(timeline.breakIns.map(\.id))
    var result: [Int: [Int32]] = [:]
    var namings: [Naming] = []
    for device in members {
      let onset = onsets.findings[device]!.time
      for event in timeline.events(of: device) where timeline.mention(Int(event)) >= 0 {
        let template = Int(timeline.evidence.eventTemplates[Int(event)])
        let lag = timeline.seconds[Int(event)] - onset
        let isReport = reports.isReport(template)
        // What it did on the word of a provider just before is named in no word of trouble.
        let isOnItsWord =
          lag <= 0 && lag > -onItsWord && profiles.fleet[template].role == .novel
          && fleet.hangs(device, on: timeline.mention(Int(event)))
        let isNews =
          timeline.isLoud[template] && !isReport || breakIns.contains(timeline.evidence.eventIDs[Int(event)])
        guard isOnItsWord && !isReport || isNews && abs(lag) < 300
        else { continue }
        namings.append(Naming(speaker: device, named: timeline.mention(Int(event)), template: template))
      }
    }
    let isAimless = aimless(namings, fleet, onsets)
    for naming in namings
    where fleet.isShared[naming.named] || !isAimless.contains(naming.template) {
      let other = Int32(naming.named)
      if !(result[naming.speaker] ?? []).contains(other) {
        result[naming.speaker, default: []].append(other)
      }
    }
    return result
  }

  /// Kinds of message by which peers name peers without an order in time.
  private static func aimless(_ namings: [Naming], _ fleet: Fleet, _ onsets: Onsets) -> Set<Int> {
    var pairs: [Int: Set<UInt64>] = [:]
    for naming in namings where !fleet.isShared[naming.named] && onsets.findings[naming.named] != nil {
      pairs[naming.template, default: []].insert(
        UInt64(UInt32(naming.speaker)) << 32 | UInt64(UInt32(naming.named)))
    }
    return Set(
      pairs.filter { _, pairs in
        guard pairs.count >= fewest else { return false }
        let before = pairs.count { pair in
          onsets.findings[Int(pair & 0xFFFF_FFFF)]!.time <= onsets.findings[Int(pair >> 32)]!.time
        }
        return before * 20 >= pairs.count * 7 && before * 20 <= pairs.count * 13
      }.keys)
  }
}
