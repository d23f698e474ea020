internal import Glibc
internal import IncidentModel

/// A change that may have caused failures: what was told, by whom, of whom, and how the receivers fared.
struct Change {
  var template: Int
  /// Who announced it; nil where only the receivers speak of it.
  var actor: Int?
  /// The announcement's event position.
  var announcement: Int32?
  /// Corrected second of the change, per receiver.
  var received: [Int: Double]
  /// Event position per receiver.
  var events: [Int: Int32]
  /// First receipt, or the announcement where that is later known to be first.
  var start: Double
  /// Nats for "receivers fail more" over "it makes no difference", in the early phase.
  var score: Double
  var failedShare: Double
  var failedShareOfOthers: Double
  /// Whether it was made to what the receivers hang on (see `ChangeAbove`).
  var isThroughProviders = false
  /// Of infrastructure that was changed piece by piece: when each piece was (see `OneAfterTheOther`).
  var rounds: [Int: Double] = [:]
  /// How many of the receivers had got the very same before and not failed of it, where those are most of them.
  var survivors = 0
  /// Whether the receivers say that somebody ordered it (see `RemoteOrders`).
  var isOrder = false
}

/// Finds changes: quiet messages that were not seen before, most entities get once, and failures follow.
///
/// Compares P(fail | change) with P(fail | no change) among alike entities up to the first failure of shared
/// infrastructure (after that, victims of the overload would drown the comparison), by the likelihood ratio G
/// (Dunning, "Accurate methods for the statistics of surprise and coincidence", 1993). A failure before the change
/// counts against it. Where few fail of the change itself and the overload hides them, a kind of trouble that only
/// receivers ever have stands for them. Messages that differ in one word are also tried as one change (image A, image
/// B). The actor is who told it of each receiver (see `ToldChanges`), whom the receipts' fields name, who said something
/// unheard-of last before the first receipt, or whom the receipts' text names (see `NamedSource`); what is said now and then all
/// over the window announces nothing. What most write after their failure, or as they fail and nobody announced, explains nothing
/// (see `Symptoms`). What the same entities got before and survived counts as survived (see `EarlierRounds`).
/// Fails where updates are not logged at all, or every entity is changed at the same moment.
struct Changes {
  /// Those that explain failures, best first.
  private(set) var causes: [Change] = []
  /// Others, for the record.
  private(set) var others: [Change] = []
  /// What was said that had not been heard before by those whom changes are not made to, in order of time.
  private var announcements: [(time: Double, device: Int, event: Int32)] = []
  /// The same graded as warnings: trouble as often as not, so they announce only what is known by other signs to come from there.
  private var warnings: [(time: Double, device: Int, event: Int32)] = []

  init(
    _ timeline: Timeline, _ fleet: Fleet, _ profiles: TemplateProfiles, _ reports: Reports, _ onsets: Onsets,
    among population: Population, earlyEnd: Double, earlier: EarlierRounds, isTimed: (Int) -> Bool
  ) {
    let evidence = timeline.evidence
    let templates = evidence.templateTexts.count
    // What says that something failed, or that somebody is gone, changed nothing; nor does what spreads from peer to peer.
    let isFailure = (0..<templates).map {
      timeline.words.tellsOfFailure[$0]
        || !timeline.isLoud[$0] && Symptoms.tellsOfLoss(evidence.templateTexts[$0])
        || fleet.peers.isContact($0)
    }
    let isCandidate = (0..<templates).map { template in
      !timeline.isLoud[template] && !isFailure[template] && !reports.isReport(template)
        && profiles.fleet[template].mayBeReceipt
    }
    // Of a hundred kinds of message that three entities say, one may well be said by those that fail.
    let few = isCandidate.indices.count { isCandidate[$0] && profiles.fleet[$0].isOfFew }
    let choice = log(Double(max(1, few)))
    var receipts: [Int: [Int: (Double, Int32)]] = [:]
    // Entities come one after the other: whether one is known to have a receipt shows by who was last.
    var lastReceiver = [Int](repeating: -1, count: templates)
    var announcements: [(time: Double, device: Int, event: Int32)] = []
    var warnings = announcements
    for device in 0..<timeline.deviceCount {
      for event in timeline.events(of: device) {
        let template = Int(evidence.eventTemplates[Int(event)])
        guard !isFailure[template], evidence.severities[Int(event)] > Severity.error.rawValue else {
          continue
        }
        let isLoud = timeline.isLoud[template]
        if isLoud,
          timeline.tones[template] != .loud || timeline.words.tellsOfDelay[template]
            || timeline.words.tellsOfLoss[template]
        {
          continue
        }
        let time = timeline.seconds[Int(event)]
        if isCandidate[template], population.isOne(device) {
          guard lastReceiver[template] != device else { continue }
          lastReceiver[template] = device
          receipts[template, default: [:]][device] = (time, event)
        } else if !reports.isReport(template), profiles.fleet[template].events <= 8,
          fleet.mayAnnounce(device) && !(fleet.isShared[device] && population.isOne(device)),
          profiles.fleet[template].first > timeline.start + 0.02 * (timeline.end - timeline.start)
        {
          if isLoud {
            warnings.append((time, device, event))
          } else {
            announcements.append((time, device, event))
          }
        }
      }
    }
    // Who made a change may name each receiver instead.
    let told = ToldChanges(
      timeline, fleet, profiles, isReport: reports.isReport, isOpen: { !timeline.isLoud[$0] })
    for (template, change) in told.byTemplate where onsets.findings[change.teller] == nil {
      receipts[template] = change.received
    }
    var span: [Int32: (first: Double, last: Double, count: Int)] = [:]
    for entry in announcements {
      let known = span[evidence.eventTemplates[Int(entry.event)]] ?? (entry.time, entry.time, 0)
      span[evidence.eventTemplates[Int(entry.event)]] = (
        min(known.first, entry.time), max(known.last, entry.time), known.count + 1
      )
    }
    announcements.removeAll { entry in
      let known = span[evidence.eventTemplates[Int(entry.event)]]!
      let isRecurring = known.count >= 3 && known.last - known.first > 0.3 * (timeline.end - timeline.start)
      return isRecurring || entry.time - known.first > 1800
    }
    announcements.sort { ($0.time, $0.event) < ($1.time, $1.event) }
    self.announcements = announcements
    self.warnings = warnings.sorted { ($0.time, $0.event) < ($1.time, $1.event) }
    let mass = population.devices
    let troubles = Self.troubles(timeline, population, profiles, reports)
    var united: [(score: Double, parts: [Int])] = []
    for (template, parts, first) in Self.united(receipts, evidence.templateTexts) where first.count >= 3 {
      let rounds = earlier.rounds(of: first, parts, in: timeline, onsets)
      let got = rounds.received
      let said = parts.reduce(0) { $0 + profiles.fleet[$1].events }
      guard said <= got.count * 2 else { continue }
      let isTold = told.byTemplate[template] != nil
      let symptoms = isTold ? nil : Symptoms(got.mapValues(\.0), onsets)
      if symptoms?.comesAfter == true || symptoms?.isRecovery(of: got.count) == true { continue }
      var a = 0.0
      var b = 0.0
      var c = 0.0
      var d = 0.0
      for device in mass {
        let onset = onsets.findings[device].map(\.time) ?? .infinity
        let failedEarly = onset < earlyEnd
        if let (time, _) = got[device], time < earlyEnd, !(failedEarly && onset < time - 5) {
          if failedEarly { a += 1 } else { b += 1 }
        } else if failedEarly {
          c += 1
        } else {
          d += 1
        }
      }
      b += Double(rounds.survived)
      let share = a / max(1, a + b)
      let other = c / max(1, c + d)
      let byShare = share > other ? Robust.association(a, b, c, d) : 0
      let byTrouble = Self.receiversOnly(troubles, got.mapValues(\.0), population: mass.count)
      let timed = got.filter { isTimed($0.key) }
      let times = (timed.count * 2 >= got.count ? timed : got).values.map(\.0).sorted()
      let start = times[min(times.count - 1, times.count / 50)]
      let before = announcement(before: start) ?? warning(before: start, of: template, profiles, timeline)
      let isOwnTrouble = byTrouble > 5 && before != nil && !(byShare > 4 && share > 1.7 * other)
      let score = (isOwnTrouble ? byTrouble : byShare) - (profiles.fleet[template].isOfFew ? choice : 0)
      var named = told.byTemplate[template]?.teller ?? Self.actor(got, timeline)
      if named == nil, before == nil {
        named = NamedSource.actor(
          got, template, isOfTheMoment: symptoms?.isOfTheMoment ?? false, timeline)
      }
      let announcer = named.map { actor in
        let own = isTold ? [] : (announcements + self.warnings).filter { $0.device == actor }
        return (device: actor, event: Self.last(own, before: start)?.event ?? got.values.min { $0 < $1 }!.1)
      }
      var change = Change(
        template: template, actor: announcer?.device ?? before?.device,
        announcement: announcer?.event ?? before?.event,
        received: got.mapValues(\.0), events: got.mapValues(\.1), start: start, score: score,
        failedShare: share,
        failedShareOfOthers: other)
      if rounds.survivors * 2 >= got.count, parts.allSatisfy(earlier.isTheSame) {
        change.survivors = rounds.survivors
      }
      let mayBeSymptom = change.actor == nil && symptoms?.isOfTheMoment == true
      // An announcement beforehand is evidence of its own.
      if mayBeSymptom {
        others.append(change)
      } else if isOwnTrouble || score > (change.actor == nil ? 6 : 4) && share > 1.7 * other {
        causes.append(change)
        if parts.count > 1 { united.append((score, parts)) }
      } else {
        others.append(change)
      }
    }
    causes.sort { ($0.score, -$0.start) > ($1.score, -$1.start) }
    // A change's parts are not changes beside it.
    if let best = causes.first, let own = united.first(where: { $0.score == best.score })?.parts,
      own.contains(best.template)
    {
      causes = [best] + causes.dropFirst().filter { !own.contains($0.template) }
      others.removeAll { own.contains($0.template) }
    }
  }

  /// The last thing said before the first receipt of a change; clocks that could not be corrected blur it by minutes.
  func announcement(before start: Double) -> (device: Int, event: Int32)? {
    Self.last(announcements, before: start)
  }

  private static func last(
    _ announcements: [(time: Double, device: Int, event: Int32)], before start: Double
  ) -> (device: Int, event: Int32)? {
    let blur = 120.0
    let announced = announcements.filter { $0.time <= start + blur && $0.time > start - 7200 }
    let before = announced.filter { $0.time <= start + 1 }.max { $0.time < $1.time }
    return (before ?? announced.min { $0.time < $1.time }).map { ($0.device, $0.event) }
  }

  /// The last warning before the first receipt that has a word with it in common which is not of everyday life: the name of what was
  /// released, and received.
  private func warning(
    before start: Double, of receipt: Int, _ profiles: TemplateProfiles, _ timeline: Timeline
  ) -> (device: Int, event: Int32)? {
    func words(_ template: Int) -> Set<Substring> {
      Set(timeline.evidence.templateTexts[template].split { !$0.isLetter && !$0.isNumber }).filter { word in
        word.contains(where: \.isLetter) && (word.count >= 5 || word.contains(where: \.isNumber))
      }
    }
    let named = words(receipt)
    let found = warnings.filter { $0.time <= start && $0.time > start - 7200 }.suffix(16).last { entry in
      let common = words(Int(timeline.evidence.eventTemplates[Int(entry.event)])).intersection(named)
      return !common.isEmpty
        && profiles.fleet.indices.allSatisfy { template in
          profiles.fleet[template].role != .chatter || common.isDisjoint(with: words(template))
        }
    }
    return found.map { ($0.device, $0.event) }
  }

  /// Who brought most of the receipts about, where their fields say so.
  private static func actor(_ got: [Int: (Double, Int32)], _ timeline: Timeline) -> Int? {
    var counts: [Int: Int] = [:]
    for (_, event) in got.values where timeline.actor(of: event) >= 0 {
      counts[timeline.actor(of: event), default: 0] += 1
    }
    return counts.commonest.flatMap { $0.value * 2 > got.count ? $0.key : nil }
  }

  /// Receipts per template, and once more those of templates that differ in one word together, under the name of the
  /// one with most receivers.
  static func united(
    _ receipts: [Int: [Int: (Double, Int32)]], _ texts: [String]
  ) -> [(template: Int, parts: [Int], got: [Int: (Double, Int32)])] {
    let single = receipts.sorted { $0.key < $1.key }
    var result = single.map { (template: $0.key, parts: [$0.key], got: $0.value) }
    guard single.count <= 200 else { return result }
    let words = single.map { texts[$0.key].split(separator: " ") }
    for first in single.indices where words[first].count >= 3 && single[first].value.count >= 3 {
      let like = single.indices.filter { other in
        words[other].count == words[first].count && single[other].value.count >= 3
          && zip(words[other], words[first]).count { $0 != $1 } <= 1
      }
      guard like.count > 1, like.first == first else { continue }
      var got: [Int: (Double, Int32)] = [:]
      for other in like {
        for (device, receipt) in single[other].value where receipt.0 < (got[device]?.0 ?? .infinity) {
          got[device] = receipt
        }
      }
      let name = like.max { (single[$0].value.count, -$0) < (single[$1].value.count, -$1) }!
      result.append((single[name].key, like.map { single[$0].key }, got))
    }
    return result
  }

  /// Novel kinds of trouble that plain entities tell of themselves: who, and when first.
  private static func troubles(
    _ timeline: Timeline, _ population: Population, _ profiles: TemplateProfiles, _ reports: Reports
  ) -> [Int: [Int: Double]] {
    var result: [Int: [Int: Double]] = [:]
    var last = [Int](repeating: -1, count: timeline.evidence.templateTexts.count)
    for device in population.devices {
      for event in timeline.events(of: device) {
        let template = Int(timeline.evidence.eventTemplates[Int(event)])
        guard timeline.isLoud[template], last[template] != device, !reports.isReport(template),
          profiles.fleet[template].role == .novel
        else { continue }
        last[template] = device
        result[template, default: [:]][device] = timeline.seconds[Int(event)]
      }
    }
    return result.filter { $0.value.count >= 4 }
  }

  /// Nats for the kind of trouble that receivers have most exclusively, less the choice among the kinds.
  private static func receiversOnly(
    _ troubles: [Int: [Int: Double]], _ received: [Int: Double], population: Int
  ) -> Double {
    var best = 0.0
    // A failure speaks in several voices, each of them lost at times: the rare kinds also count together.
    let rare = troubles.values.filter { $0.count * 5 < population }
    let anyRare = rare.reduce(into: [Int: Double]()) { $0.merge($1, uniquingKeysWith: min) }
    for who in rare + [anyRare] where who.count * 3 < population {
      let a = Double(who.count { entry in received[entry.key].map { $0 < entry.value + 5 } ?? false })
      let c = Double(who.count) - a
      let b = Double(received.count) - a
      let d = Double(population - received.count) - c
      guard a >= 4, b >= 0, d > 0, a / (a + b) > 4 * (c + 0.5) / (c + d + 1) else { continue }
      best = max(best, Robust.association(a, b, c, d))
    }
    return max(0, best - log(Double(max(1, troubles.count))))
  }
}
