internal import Glibc
internal import IncidentModel

/// Severe messages hardly ever written, by entities that had all just got the same change: each is too rare to be news, and together
/// they are no chance. An update breaks few of those that get it, each in words of its own, before what they hang on fails for all.
///
/// Per change, such messages within a delay of each entity's own receipt are compared with those at other times between the first
/// receipt and the last of them, each by the time that entities spent there (a rate ratio; Poisson G, as in `PromptFailures`).
/// Fails where less than three of those that broke can be heard, or all got the change in one moment.
extension Onsets {
  /// Fewer after the same change are chance.
  private static let fewestReceivers = 3
  /// Delays that are tried, in seconds.
  private static let delays = [300.0, 900, 3600]
  /// Seconds by which a receipt may seem to come after the failure.
  private static let receiptSlack = 5.0
  /// Nats that are asked for, beside those for the choice among changes and delays.
  private static let leastExcess = 5.0

  private struct Rare {
    let device: Int
    let event: Int32
    let time: Double
  }

  mutating func joinReceivers(
    _ timeline: Timeline, _ fleet: Fleet, _ profiles: TemplateProfiles, _ reports: Reports
  ) {
    let quiet = timeline.start + 0.1 * (timeline.end - timeline.start)
    var rare: [Rare] = []
    for (device, alone) in unrelated.sorted(by: { $0.key < $1.key })
    where alone.time < findings[device]?.time ?? .infinity {
      let event = alone.events.first { event in
        let profile = profiles.fleet[Int(timeline.evidence.eventTemplates[Int(event)])]
        return profile.role == .rare && profile.first > quiet
      }
      if let event { rare.append(Rare(device: device, event: event, time: timeline.seconds[Int(event)])) }
    }
    guard rare.count >= Self.fewestReceivers else { return }
    let receipts = Self.receipts(before: rare, timeline, fleet, profiles, reports)
    let changes = Changes.united(receipts, timeline.evidence.templateTexts)
    let plain = fleet.isShared.count { !$0 }
    let least = Self.leastExcess + log(Double(max(1, changes.count * Self.delays.count)))
    var best: (excess: Double, broken: [Rare])?
    for (_, _, received) in changes {
      for delay in Self.delays {
        let (excess, broken) = Self.excess(of: rare, within: delay, of: received, among: plain)
        if excess > max(least, best?.excess ?? 0) { best = (excess, broken) }
      }
    }
    for entry in best?.broken ?? [] {
      let alone = unrelated[entry.device]!
      include(
        entry.device,
        Self.finding(
          timeline, alone.events[...], entry.event, max(0.85, alone.probability),
          ["severe messages hardly ever written, soon after a change, as others had that got it"]))
    }
  }

  /// When each entity got what some of these had got shortly before.
  private static func receipts(
    before rare: [Rare], _ timeline: Timeline, _ fleet: Fleet, _ profiles: TemplateProfiles,
    _ reports: Reports
  ) -> [Int: [Int: (Double, Int32)]] {
    var isWanted = [Bool](repeating: false, count: profiles.fleet.count)
    for entry in rare {
      for event in timeline.events(of: entry.device) {
        let template = Int(timeline.evidence.eventTemplates[Int(event)])
        let lag = entry.time - timeline.seconds[Int(event)]
        guard lag > -receiptSlack, lag <= delays.last!, profiles.fleet[template].mayBeReceipt,
          !timeline.isLoud[template], !timeline.words.tellsOfFailure[template], !reports.isReport(template)
        else { continue }
        isWanted[template] = true
      }
    }
    guard isWanted.contains(true) else { return [:] }
    var receipts: [Int: [Int: (Double, Int32)]] = [:]
    for device in 0..<timeline.deviceCount where !fleet.isShared[device] {
      for event in timeline.events(of: device) {
        let template = Int(timeline.evidence.eventTemplates[Int(event)])
        guard isWanted[template], receipts[template]?[device] == nil else { continue }
        receipts[template, default: [:]][device] = (timeline.seconds[Int(event)], event)
      }
    }
    // What is said again and again is no receipt.
    return receipts.filter { profiles.fleet[$0.key].events <= 2 * $0.value.count }
  }

  /// By how many nats more failed within a delay of their receipt than the time spent there lets expect, and who.
  private static func excess(
    of rare: [Rare], within delay: Double, of received: [Int: (Double, Int32)], among plain: Int
  ) -> (Double, [Rare]) {
    let broken = rare.filter { entry in
      guard let receipt = received[entry.device]?.0 else { return false }
      return entry.time > receipt - receiptSlack && entry.time <= receipt + delay
    }
    guard broken.count >= fewestReceivers, let start = received.values.map(\.0).min(),
      let end = broken.map(\.time).max(), end > start
    else { return (0, []) }
    let inside = received.values.reduce(0) { $0 + max(0, min(delay, end - $1.0)) }
    let all = Double(plain) * (end - start)
    let total = Double(rare.count { $0.time > start - receiptSlack && $0.time <= end })
    let a = Double(broken.count)
    let expected = total * inside / all
    guard inside > 0, inside < all, a > 1.5 * expected else { return (0, []) }
    let others = total - a
    return (a * log(a / expected) + (others > 0 ? others * log(others / (total - expected)) : 0), broken)
  }
}
