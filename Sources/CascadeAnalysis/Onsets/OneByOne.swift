internal import Glibc
internal import IncidentModel

/// Failures that entities come to one by one over days, each by itself and once: a leak that kills one player after the other.
///
/// Spread evenly, their messages look like chatter. But chatter comes to the same entity again: where k episodes fall on n entities at
/// random, k - n(1 - (1 - 1/n)^k) are expected to be repeats. Hardly any where many are expected says that whoever had it does not
/// have it again, or that only some can have it. Where that is not clear by itself, what they share in the inventory must make it so.
/// It must be graded an error or worse. What most of them announce just before in a message that is as seldom and no trouble (a weekly
/// restart) is planned and no failure.
/// Fails where an entity comes to it twice within the window, and for a few of many that share nothing.
enum OneByOne {
  private static let fewest = 8
  /// Nats by which repeats must be missing.
  private static let clearly = 8.0
  private static let hardly = 3.5
  /// Messages of one failure lie within this of each other.
  private static let breath = 300.0

  private struct Kind {
    var first: [Int: Double] = [:]
    var episodes = 0
    var events = 0
    var severe = 0
  }

  static func find(
    _ timeline: Timeline, _ fleet: Fleet, _ profiles: TemplateProfiles, _ reports: Reports, _ onsets: Onsets
  ) -> [Int: Onsets.Finding] {
    let isCandidate = timeline.isLoud.indices.map { template in
      let profile = profiles.fleet[template]
      return timeline.tones[template] == .loud && (profile.role == .chatter || profile.role == .sporadic)
        && profile.episodes >= fewest && !reports.isReport(template)
    }
    guard isCandidate.contains(true) else { return [:] }
    let kinds = kinds(timeline, fleet, isCandidate)
    let population = (0..<timeline.deviceCount).filter {
      !fleet.isShared[$0] && !timeline.events(of: $0).isEmpty
    }
    let found = kinds.filter { _, kind in
      kind.first.count >= fewest && kind.severe * 2 > kind.events
        && missingRepeats(kind.episodes, kind.first.count, of: population.count) >= hardly
    }
    guard
      let (_, main) = found.max(by: { ($0.value.first.count, $1.key) < ($1.value.first.count, $0.key) })
    else { return [:] }
    // Whatever else is said in the same breath, by nobody else, is of the same failure.
    let own = kinds.filter { _, kind in
      let near = kind.first.count { device, time in
        main.first[device].map { abs($0 - time) <= breath } ?? false
      }
      return near * 5 >= kind.first.count * 4 && kind.episodes * 10 <= kind.first.count * 11
    }
    // What gathers, or is explained otherwise for one of five, does not come one by one.
    let times = Array(main.first.values)
    let spread = Robust.quantile(times, 0.9) - Robust.quantile(times, 0.1)
    let known = main.first.keys.count { onsets.findings[$0] != nil }
    guard spread > 0.3 * (timeline.end - timeline.start), known * 5 <= main.first.count,
      !isPlanned(main.first, timeline, profiles)
    else { return [:] }
    if missingRepeats(main.episodes, main.first.count, of: population.count) < clearly {
      let shared = CommonCauseSearch.search(
        timeline.evidence, fleet, population: population, failed: Set(main.first.keys))
      guard shared?.isNearlyAll == true else { return [:] }
    }
    let reason = "severe messages that \(main.first.count) entities said one after the other, each once"
    var result: [Int: Onsets.Finding] = [:]
    for (device, time) in main.first where !onsets.hasFailed(device, before: time + breath) {
      let events = timeline.events(of: device).filter {
        let template = Int(timeline.evidence.eventTemplates[Int($0)])
        return own[template] != nil && abs(timeline.seconds[Int($0)] - time) <= breath
      }
      guard let first = events.first else { continue }
      let onset = timeline.seconds[Int(first)]
      var finding = Onsets.Finding(
        time: onset, earliest: onset, latest: onset, probability: 0.95, kind: .log,
        events: Array(events.prefix(8)), reasons: [reason])
      finding.isOneByOne = true
      result[device] = finding
    }
    return result
  }

  private static func kinds(_ timeline: Timeline, _ fleet: Fleet, _ isCandidate: [Bool]) -> [Int: Kind] {
    var kinds: [Int: Kind] = [:]
    var last: [Int: Double] = [:]
    for device in 0..<timeline.deviceCount where !fleet.isShared[device] {
      last.removeAll(keepingCapacity: true)
      for event in timeline.events(of: device) {
        let template = Int(timeline.evidence.eventTemplates[Int(event)])
        guard isCandidate[template] else { continue }
        let time = timeline.seconds[Int(event)]
        kinds[template, default: Kind()].events += 1
        if timeline.evidence.severities[Int(event)] <= Severity.error.rawValue {
          kinds[template]!.severe += 1
        }
        if last[template].map({ time - $0 > TemplateProfiles.episodeGap }) ?? true {
          kinds[template]!.episodes += 1
        }
        last[template] = time
        if kinds[template]!.first[device] == nil { kinds[template]!.first[device] = time }
      }
    }
    return kinds
  }

  /// How unlikely it is by chance that so few of some episodes are repeats: -log of the probability of as few.
  static func missingRepeats(_ episodes: Int, _ entities: Int, of population: Int) -> Double {
    let all = Double(max(population, entities))
    let expected = Double(episodes) - all * (1 - pow(1 - 1 / max(2, all), Double(episodes)))
    let repeats = episodes - entities
    guard expected > Double(repeats) else { return 0 }
    var term = 1.0
    var sum = 1.0
    for count in 0..<repeats {
      term *= expected / Double(count + 1)
      sum += term
    }
    return expected - log(sum)
  }

  /// Whether most said something that is no trouble, and as seldom, shortly before.
  private static func isPlanned(_ first: [Int: Double], _ timeline: Timeline, _ profiles: TemplateProfiles)
    -> Bool
  {
    var before: [Int: Int] = [:]
    for (device, time) in first {
      for template in timeline.everydayKinds(saidBy: device, within: breath, before: time) {
        before[template, default: 0] += 1
      }
    }
    return before.contains { template, count in
      count * 2 >= first.count && profiles.fleet[template].events <= 3 * count
    }
  }
}

extension Onsets {
  /// Whether failures come one by one over days: most of them do.
  func areOneByOne(_ members: [Int]) -> Bool {
    members.count { findings[$0]!.isOneByOne } * 2 > members.count
  }

  fileprivate func hasFailed(_ device: Int, before time: Double) -> Bool {
    findings[device].map { $0.time <= time } ?? false
  }
}
