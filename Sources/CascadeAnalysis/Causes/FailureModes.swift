internal import Glibc
internal import IncidentModel

/// Tells entities that their own change broke from victims of something around them.
///
/// Two-class naive Bayes over the templates of the failure messages and the delays since change and
/// provider failure, fitted by expectation-maximisation. It starts
/// from what is certain: failures before any provider failed belong to the change's cohort; failures of entities
/// that were never changed, after it, to the victims. That an entity received the change is part of where it starts from
/// and not counted again: delays since the receipt are compared among receivers only, so that receivers which the
/// overload took along can be told from those that the change broke.
struct FailureModes {
  /// Probability of belonging to the cohort, per entity; 0 for entities without onset.
  private(set) var cohort: [Double]

  init(
    _ timeline: Timeline, _ fleet: Fleet, _ onsets: Onsets, _ members: [Int],
    among population: Population, change: Change, earlyEnd: Double,
    holdsCause: (Int) -> Bool, isSpared: (Int) -> Bool
  ) {
    cohort = [Double](repeating: 0, count: timeline.deviceCount)
    let failed = members.filter { onsets.findings[$0] != nil && population.isOne($0) }
    guard !failed.isEmpty else { return }
    guard earlyEnd < .infinity else {
      // No provider failed: whoever failed after a change, or fits the common cause, failed by it.
      let bounds = failed.map { Self.bounds(of: $0, change, timeline) }
      let broken = zip(failed, bounds).filter { device, bound in
        change.received[device] != nil && onsets.findings[device]!.time >= bound.sure
      }
      let said = Set(broken.flatMap { timeline.kinds(of: onsets.findings[$0.0]!) })
      for (device, bound) in zip(failed, bounds) {
        let finding = onsets.findings[device]!
        if finding.time >= bound.sure {
          cohort[device] = change.received[device] != nil || holdsCause(device) ? 0.97 : 0.6
        } else if finding.time >= bound.possible,
          timeline.kinds(of: finding).contains(where: said.contains)
        {
          cohort[device] = 0.6
        }
      }
      return
    }
    let received = change.received
    let prior = failed.map { device in
      let onset = onsets.findings[device]!.time
      let odds: Double
      if onset < change.start - 10 {
        odds = -6
      } else if onset < earlyEnd - 5 {
        odds = received[device] != nil || holdsCause(device) ? 4 : 1
      } else if let time = received[device] {
        odds = time > onset + 5 ? -4 : isSpared(device) ? -2 : 0
      } else {
        odds = holdsCause(device) ? -1.5 : -5
      }
      return odds
    }
    let templates = failed.map { device in
      let finding = onsets.findings[device]!
      var features = finding.kind == .reported ? [] : timeline.templates(of: finding.events)
      // Delays since the change and since the nearest provider's failure speak like templates do.
      if let time = received[device] { features.append(-10 - Self.bin(finding.time - time)) }
      let provider = fleet.ancestors(of: device).lazy.compactMap { onsets.findings[Int($0.device)]?.time }
        .first
      features.append(-20 - Self.bin(finding.time - (provider ?? earlyEnd)))
      features.sort()
      return features
    }
    // Features by number, so that the rounds below look nothing up.
    var number: [Int32: Int] = [:]
    let seenBy = templates.map { features in
      features.map { feature in
        let known = number[feature] ?? number.count
        number[feature] = known
        return known
      }
    }
    var isOfReceivers = [Bool](repeating: false, count: number.count)
    for (feature, index) in number { isOfReceivers[index] = (-19 ... -10).contains(feature) }
    let isReceiver = failed.map { received[$0] != nil }
    var probability = prior.map { 1 / (1 + exp(-$0)) }
    for _ in 0..<8 {
      var counts = [(own: Double, victim: Double)](repeating: (0, 0), count: number.count)
      var own = 1.0
      var victim = 1.0
      var ownReceivers = 1.0
      var victimReceivers = 1.0
      for (position, seen) in seenBy.enumerated() {
        own += probability[position]
        victim += 1 - probability[position]
        if isReceiver[position] {
          ownReceivers += probability[position]
          victimReceivers += 1 - probability[position]
        }
        for template in seen {
          counts[template].own += probability[position]
          counts[template].victim += 1 - probability[position]
        }
      }
      let share = log(own / victim)
      for (position, seen) in seenBy.enumerated() {
        var odds = prior[position]
        // Between the certain cases the share of both kinds decides.
        if abs(odds) < 2 { odds += 0.5 * share }
        for template in seen {
          let count = counts[template]
          let all = isOfReceivers[template] ? (ownReceivers, victimReceivers) : (own, victim)
          odds += log(((count.own + 0.3) / (all.0 + 1)) / ((count.victim + 0.3) / (all.1 + 1)))
        }
        probability[position] = 1 / (1 + exp(-max(-30, min(30, odds))))
      }
    }
    for (position, device) in failed.enumerated() { cohort[device] = probability[position] }
  }

  /// When an entity failed at the earliest by a change, and when it may have if it says what the receivers say: its own receipt and failure are in
  /// exact order; of a receipt that somebody else told of, or that is missing, the clocks may be off.
  private static func bounds(
    of device: Int, _ change: Change, _ timeline: Timeline
  ) -> (sure: Double, possible: Double) {
    guard let time = change.received[device], let event = change.events[device] else {
      return (change.start - 2 * slack, change.start - blur)
    }
    let isOwn = Int(timeline.evidence.eventDevices[Int(event)]) == device
    return (time - slack, time - (isOwn ? slack : blur))
  }

  /// Seconds by which a failure may seem to lie before what brought it about.
  private static let slack = 5.0
  /// The same where clocks could not be corrected.
  private static let blur = 120.0

  private static func bin(_ delay: Double) -> Int32 {
    let edges: [Double] = [-30, 0, 30, 60, 120, 240, 480]
    return Int32(edges.firstIndex { delay < $0 } ?? edges.count)
  }
}
