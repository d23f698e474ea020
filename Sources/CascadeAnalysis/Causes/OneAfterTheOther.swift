internal import IncidentModel

/// Infrastructure that is restarted piece by piece, by somebody or for an update, and takes along what hangs on each piece while it is away.
///
/// Three and more providers, behind each of which nearly all fail within minutes, and behind one after the other: what hangs on them
/// failed of that, and whatever stands above all of them did not do it. Each says, just before those behind it fail, what hardly
/// anybody says otherwise ("session opened for NAME", "rebooting"). Whoever most of these messages name, or who named one of them just
/// before the first, made the change; that somebody did is not needed. An orderly restart is no failure: the providers count as failed
/// only where they have trouble of their own.
/// Fails where they say nothing of it, and where no links or columns tell what hangs on whom.
struct OneAfterTheOther {
  /// nil where it is not so.
  private(set) var change: Change?

  private static let fewest = 3
  /// Seconds in which those behind one provider fail; and before that, in which the provider speaks.
  private static let longest = 180.0
  private static let before = 180.0
  private static let slack = 10.0

  private struct Group {
    let provider: Int
    let members: [Int]
    let first: Double
    let last: Double
  }

  init(
    _ timeline: Timeline, _ fleet: Fleet, _ profiles: TemplateProfiles, _ onsets: Onsets,
    among population: Population
  ) {
    let groups = Self.groups(fleet, onsets, population)
    guard groups.count >= Self.fewest else { return }
    let explained = Set(groups.flatMap(\.members))
    let failed = population.devices.count { onsets.findings[$0] != nil }
    guard explained.count * 10 >= failed * 9 else { return }
    let pauses = zip(groups.dropFirst(), groups).map { $0.first - $1.last }
    // Those behind the next fail when those behind the last one have failed.
    guard pauses.count(where: { $0 > 0 }) * 5 >= pauses.count * 4 else { return }
    let spans = groups.map { $0.last - $0.first }
    guard groups.last!.last - groups[0].first > Double(Self.fewest) * Robust.median(spans) else { return }
    guard let (template, words) = Self.words(of: groups, timeline, profiles) else { return }
    var received: [Int: Double] = [:]
    var events: [Int: Int32] = [:]
    var rounds: [Int: Double] = [:]
    for group in groups {
      let word = words[group.provider]
      let time = word.map { timeline.seconds[Int($0)] } ?? group.first - 1
      rounds[group.provider] = time
      for device in group.members {
        received[device] = time
        if let word { events[device] = word }
      }
    }
    let start = rounds.values.min()!
    let all = groups.reduce(0) { $0 + fleet.dependants[$1.provider].count }
    var found = Change(
      template: template, actor: nil, announcement: nil, received: received, events: events, start: start,
      score: 3 * Double(groups.count), failedShare: Double(explained.count) / Double(max(1, all)),
      failedShareOfOthers: Double(failed - explained.count)
        / Double(max(1, population.devices.count - explained.count)),
      isThroughProviders: true)
    found.rounds = rounds
    let providers = words.mapValues { (time: timeline.seconds[Int($0)], event: $0) }
    let maker =
      Self.maker(of: groups, timeline, profiles, fleet, onsets)
      ?? ChangeAbove.announcement(before: start, to: providers, timeline, profiles, onsets)
    found.actor = maker?.device
    found.announcement = maker?.event
    change = found
  }

  /// Providers behind which nearly all failed at one time, in order of time.
  private static func groups(_ fleet: Fleet, _ onsets: Onsets, _ population: Population) -> [Group] {
    fleet.isShared.indices.compactMap { provider -> Group? in
      guard fleet.isShared[provider], !population.isOne(provider) else { return nil }
      let below = fleet.dependants[provider].map { Int($0) }.filter { population.holds($0) }
      let members = below.filter { onsets.findings[$0] != nil }
      guard members.count >= 2, members.count * 5 >= below.count * 4 else { return nil }
      let times = members.map { onsets.findings[$0]!.time }.sorted()
      // One of them may be dated wrongly, or hang on another as well.
      let few = times.count < 5 ? 0 : max(1, times.count / 10)
      let (first, last) = (times[few], times[times.count - 1 - few])
      return last - first <= longest
        ? Group(provider: provider, members: members, first: first, last: last) : nil
    }.sorted { ($0.first, $0.provider) < ($1.first, $1.provider) }
  }

  /// Kinds of message that a provider says just before those behind it fail, and the last such event of each kind.
  private static func said(before group: Group, _ timeline: Timeline, _ profiles: TemplateProfiles) -> [Int:
    Int32]
  {
    var found: [Int: Int32] = [:]
    for event in timeline.events(of: group.provider) {
      let time = timeline.seconds[Int(event)]
      guard time > group.first - before, time <= group.first + slack else { continue }
      found[Int(timeline.evidence.eventTemplates[Int(event)])] = event
    }
    return found
  }

  /// What four of five of them say then, and hardly anybody says otherwise; of several the first.
  private static func words(
    of groups: [Group], _ timeline: Timeline, _ profiles: TemplateProfiles
  ) -> (template: Int, words: [Int: Int32])? {
    var byTemplate: [Int: [Int: Int32]] = [:]
    for group in groups {
      for (template, event) in said(before: group, timeline, profiles) {
        byTemplate[template, default: [:]][group.provider] = event
      }
    }
    let usable = byTemplate.filter { template, words in
      words.count * 5 >= groups.count * 4 && profiles.fleet[template].events <= 2 * words.count
    }
    func start(_ words: [Int: Int32]) -> Double { words.values.map { timeline.seconds[Int($0)] }.min()! }
    return usable.max {
      ($0.value.count, -start($0.value), $1.key) < ($1.value.count, -start($1.value), $0.key)
    }
    .map { ($0.key, $0.value) }
  }

  /// Whom four of five of them name in what they say then and hardly otherwise, and what hangs on none of them.
  private static func maker(
    of groups: [Group], _ timeline: Timeline, _ profiles: TemplateProfiles, _ fleet: Fleet, _ onsets: Onsets
  ) -> (device: Int, event: Int32)? {
    var named: [Int: [Int32]] = [:]
    let providers = Set(groups.map(\.provider))
    for group in groups {
      var own: [Int: Int32] = [:]
      for (template, event) in said(before: group, timeline, profiles)
      where profiles.fleet[template].events <= 2 * groups.count && timeline.mention(Int(event)) >= 0 {
        own[timeline.mention(Int(event))] = event
      }
      for (device, event) in own where !providers.contains(device) && onsets.findings[device] == nil {
        named[device, default: []].append(event)
      }
    }
    guard let most = named.max(by: { ($0.value.count, $1.key) < ($1.value.count, $0.key) }),
      most.value.count * 5 >= groups.count * 4
    else { return nil }
    return (most.key, most.value.min()!)
  }
}
