internal import Glibc
internal import IncidentModel

/// A change that all get, one after the other, and that fails each a while after its own receipt: a bad update in rings.
///
/// Where everybody is a receiver in the end, there is nobody left to compare with; but who has not received it yet is spared. Per
/// change, the failures within a delay of each entity's own receipt are compared with those at all other times between the first
/// receipt and the last failure, each by the time that entities spent there (a rate ratio; Poisson G). The delays must lie closer
/// together than the failures do. Of several messages of one change the earliest that explains nearly as much as the best is told.
/// Assumes that a receipt is said once by each, or of each by whoever sends it. Fails where all get the change in one moment: then
/// any moment explains as much.
enum PromptFailures {
  private static let fewest = 8
  private static let least = 12.0

  static func change(
    _ timeline: Timeline, _ fleet: Fleet, _ profiles: TemplateProfiles, _ reports: Reports, _ onsets: Onsets,
    _ members: [Int], among population: Population, announced: (Double) -> (device: Int, event: Int32)?
  ) -> Change? {
    let failed = members.filter { population.isOne($0) }
    guard failed.count >= fewest, failed.count * 10 >= members.count * 8 else { return nil }
    let times = failed.map { onsets.findings[$0]!.time }
    let spread = Robust.quantile(times, 0.9) - Robust.quantile(times, 0.1)
    guard spread > 60 else { return nil }
    var best: [Change] = []
    for (template, teller, received) in receipts(timeline, fleet, profiles, reports, population) {
      guard received.count >= fewest,
        let change = judged(template, received, failed, spread, timeline, onsets, population)
      else { continue }
      var told = change
      told.actor = teller ?? actor(received, timeline)
      told.announcement = told.actor == nil ? nil : received.values.min { $0 < $1 }?.1
      best.append(told)
    }
    let most = best.map(\.score).max() ?? 0
    var told = best.filter { $0.score >= 0.7 * most }.min {
      ($0.start, $0.template) < ($1.start, $1.template)
    }
    // One message of several may name who sent it.
    if told?.actor == nil, let named = best.filter({ $0.actor != nil }).min(by: { $0.start < $1.start }) {
      told?.actor = named.actor
      told?.announcement = named.announcement
    }
    if let change = told, change.actor == nil, let announcement = announced(change.start),
      onsets.findings[announcement.device] == nil
    {
      told?.actor = announcement.device
      told?.announcement = announcement.event
    }
    return told
  }

  private typealias Receipts = [Int: (Double, Int32)]

  /// What each entity says once and without a grade of trouble, or somebody else says of each once.
  private static func receipts(
    _ timeline: Timeline, _ fleet: Fleet, _ profiles: TemplateProfiles, _ reports: Reports,
    _ population: Population
  ) -> [(template: Int, teller: Int?, received: Receipts)] {
    let isCandidate = timeline.isLoud.indices.map { template in
      let role = profiles.fleet[template].role
      return !timeline.isLoud[template] && !timeline.words.tellsOfFailure[template]
        && !reports.isReport(template)
        && (role == .novel || role == .surging)
    }
    var found: [Int: Receipts] = [:]
    for device in population.devices {
      for event in timeline.events(of: device) {
        let template = Int(timeline.evidence.eventTemplates[Int(event)])
        guard isCandidate[template], found[template]?[device] == nil else { continue }
        found[template, default: [:]][device] = (timeline.seconds[Int(event)], event)
      }
    }
    var result = found.sorted { $0.key < $1.key }
      .filter { Double(profiles.fleet[$0.key].events) <= 1.2 * Double($0.value.count) }
      .map { (template: $0.key, teller: Int?.none, received: $0.value) }
    let told = ToldChanges(
      timeline, fleet, profiles, isReport: reports.isReport, isOpen: { !timeline.isLoud[$0] })
    for (template, change) in told.byTemplate.sorted(by: { $0.key < $1.key }) {
      result.append((template, change.teller, change.received.filter { population.isOne($0.key) }))
    }
    return result
  }

  private static func judged(
    _ template: Int, _ received: Receipts, _ failed: [Int], _ spread: Double, _ timeline: Timeline,
    _ onsets: Onsets, _ population: Population
  ) -> Change? {
    var delays: [Double] = []
    for device in failed {
      guard let receipt = received[device]?.0 else { continue }
      let delay = onsets.findings[device]!.time - receipt
      if delay > -5 { delays.append(delay) }
    }
    // Nearly all that failed must have received it before.
    guard delays.count >= fewest, delays.count * 10 >= failed.count * 9 else { return nil }
    let low = max(0, Robust.quantile(delays, 0.05) - 5)
    let high = Robust.quantile(delays, 0.95) + 5
    guard Robust.quantile(delays, 0.9) - Robust.quantile(delays, 0.1) < 0.6 * spread else { return nil }
    let start = received.values.map(\.0).min()!
    let end = failed.map { onsets.findings[$0]!.time }.max()!
    var inside = 0.0
    var all = 0.0
    for device in population.devices {
      // Whoever failed is at risk no longer.
      let until = min(end, onsets.findings[device]?.time ?? end)
      all += max(0, until - start)
      guard let receipt = received[device]?.0 else { continue }
      inside += max(0, min(until, receipt + high) - max(start, receipt + low))
    }
    let a = Double(delays.count { $0 >= low && $0 <= high })
    let b = Double(failed.count) - a
    guard inside > 0, all > inside else { return nil }
    let expected = (a + b) * inside / all
    var score = a * log(a / expected)
    if b > 0 { score += b * log(b / (a + b - expected)) }
    guard a > 1.5 * expected, score > least else { return nil }
    return Change(
      template: template, actor: nil, announcement: nil, received: received.mapValues(\.0),
      events: received.mapValues(\.1), start: start, score: score,
      failedShare: a / Double(received.count),
      failedShareOfOthers: b / Double(max(1, population.devices.count - received.count)))
  }

  /// Whom most of the receipts name, or say to have brought them about.
  private static func actor(_ received: Receipts, _ timeline: Timeline) -> Int? {
    var counts: [Int: Int] = [:]
    for (_, event) in received.values {
      let named = timeline.actor(of: event) >= 0 ? timeline.actor(of: event) : timeline.mention(Int(event))
      if named >= 0 { counts[named, default: 0] += 1 }
    }
    return counts.commonest.flatMap { $0.value * 2 > received.count ? $0.key : nil }
  }
}
