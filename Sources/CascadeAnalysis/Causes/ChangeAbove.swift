internal import Glibc
internal import IncidentModel

/// A change made to infrastructure that goes on as before, and breaks what hangs on it: a rule on a firewall.
///
/// Two and more of the infrastructure say once, in a quiet message that was not heard before, what nobody else says; nearly all that
/// hangs on them fails after it, and hardly anybody else. Those that hang on it count as its receivers. It counts only where
/// somebody is known to have made it: whom all of their messages name, or who names one of them just before, in words unheard of as
/// well. Providers that failed themselves explain what hangs on them without a change.
struct ChangeAbove {
  /// nil where no such change is seen.
  private(set) var change: Change?

  private static let fewestProviders = 2
  private static let fewestFailed = 6
  /// Fewer that are spared give no contrast.
  private static let fewestOthers = 3
  /// Nats, less the choice among the kinds of message.
  private static let leastScore = 10.0
  /// Seconds between the announcement and the first provider's word; before it, as clocks blur the order.
  private static let announcedBefore = 900.0
  private static let blur = 120.0

  init(
    _ timeline: Timeline, _ fleet: Fleet, _ profiles: TemplateProfiles, _ onsets: Onsets,
    among population: Population
  ) {
    let evidence = timeline.evidence
    let quiet = timeline.start + 0.1 * (timeline.end - timeline.start)
    let isCandidate = evidence.templateTexts.indices.map { template in
      let profile = profiles.fleet[template]
      return !timeline.isLoud[template] && !timeline.words.tellsOfFailure[template]
        && !timeline.words.tellsOfLoss[template] && profile.events > 0 && profile.first > quiet
        && profile.role != .chatter && profile.role != .sporadic
    }
    guard isCandidate.contains(true) else { return }
    var said: [Int: [Int: (time: Double, event: Int32)]] = [:]
    for device in 0..<timeline.deviceCount
    where fleet.isShared[device] && !fleet.dependants[device].isEmpty && !population.isOne(device)
      && onsets.findings[device] == nil
    {
      for event in timeline.events(of: device) {
        let template = Int(evidence.eventTemplates[Int(event)])
        guard isCandidate[template], said[template]?[device] == nil else { continue }
        said[template, default: [:]][device] = (timeline.seconds[Int(event)], event)
      }
    }
    let several = said.filter {
      $0.value.count >= Self.fewestProviders && profiles.fleet[$0.key].events <= 2 * $0.value.count
    }
    for (template, providers) in several.sorted(by: { $0.key < $1.key }) {
      guard let found = Self.change(template, providers, timeline, fleet, onsets, population) else {
        continue
      }
      let score = found.score - log(Double(several.count))
      guard score > max(Self.leastScore, change?.score ?? 0),
        let announced = Self.announcement(
          before: found.start, to: providers, timeline, profiles, onsets)
          ?? Self.maker(providers, timeline, fleet, onsets)
      else { continue }
      change = found
      change?.score = score
      change?.actor = announced.device
      change?.announcement = announced.event
    }
  }

  private static func change(
    _ template: Int, _ providers: [Int: (time: Double, event: Int32)], _ timeline: Timeline, _ fleet: Fleet,
    _ onsets: Onsets, _ population: Population
  ) -> Change? {
    var received: [Int: Double] = [:]
    var events: [Int: Int32] = [:]
    for (provider, word) in providers.sorted(by: { $0.key < $1.key }) {
      for device in fleet.descendants(of: provider).map({ Int($0) })
      where population.holds(device) && word.time < received[device] ?? .infinity {
        received[device] = word.time
        events[device] = word.event
      }
    }
    var (a, b, c, d) = (0.0, 0.0, 0.0, 0.0)
    for device in population.devices {
      let onset = onsets.findings[device]?.time
      if let time = received[device] {
        if let onset, onset >= time - 5 { a += 1 } else { b += 1 }
      } else if onset != nil {
        c += 1
      } else {
        d += 1
      }
    }
    guard a >= Double(fewestFailed), a >= 0.8 * (a + b), c <= 0.05 * (c + d), c + d >= Double(fewestOthers)
    else { return nil }
    return Change(
      template: template, actor: nil, announcement: nil, received: received, events: events,
      start: providers.values.map(\.time).min()!, score: Robust.association(a, b, c, d),
      failedShare: a / (a + b), failedShareOfOthers: c / (c + d), isThroughProviders: true)
  }

  /// Whom all that was said names, where that is one and the same, which none of them hangs on and which did not fail.
  private static func maker(
    _ providers: [Int: (time: Double, event: Int32)], _ timeline: Timeline, _ fleet: Fleet, _ onsets: Onsets
  ) -> (device: Int, event: Int32)? {
    let named = Set(providers.values.map { timeline.mention(Int($0.event)) })
    guard named.count == 1, let maker = named.first, maker >= 0, onsets.findings[maker] == nil,
      fleet.dependants[maker].isEmpty, let first = providers.values.min(by: { $0.time < $1.time })
    else { return nil }
    return (maker, first.event)
  }

  /// Who named one of the providers last before the change, in words that are hardly ever said.
  static func announcement(
    before start: Double, to providers: [Int: (time: Double, event: Int32)], _ timeline: Timeline,
    _ profiles: TemplateProfiles, _ onsets: Onsets
  ) -> (device: Int, event: Int32)? {
    var best: (device: Int, event: Int32)?
    for event in timeline.firstMention.indices where timeline.firstMention[event] >= 0 {
      let device = Int(timeline.evidence.eventDevices[event])
      let template = Int(timeline.evidence.eventTemplates[event])
      let time = timeline.seconds[event]
      guard device >= 0, providers[device] == nil, onsets.findings[device] == nil,
        providers[Int(timeline.firstMention[event])] != nil, time <= start + blur,
        time > start - announcedBefore, !timeline.isLoud[template], profiles.fleet[template].events <= 8
      else { continue }
      if best.map({ timeline.seconds[Int($0.event)] <= time }) ?? true { best = (device, Int32(event)) }
    }
    return best
  }
}
