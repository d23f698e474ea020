internal import Glibc
internal import IncidentModel

/// Who may have started it, from the family of incident that explains the failures best.
struct Origins {
  struct Candidate {
    var device: Int
    var probability: Double
    var reasonsFor: [String] = []
    var reasonsAgainst: [String] = []
    var events: [Int32] = []
    var counterEvents: [Int32] = []
    /// Whether it has trouble of a kind that hardly anybody else has.
    var isOwn = false
    /// Whether it told of no trouble, and only said something unusual (see `Remarks`).
    var isRemark = false
    /// How many other failures known links lead to in order of time; `nil` where that is no reason.
    var reach: Int?
    /// Whether it is one of several that nothing tells apart.
    var isTwin = false
    /// What its probability may be at most, whatever it is fitted to.
    var most = 1.0
  }
  private(set) var candidates: [Candidate] = []
  /// Seconds from one failure to the next, where they keep a pace as on a schedule and nothing explains them.
  var evenPause: Double?

  /// A change: its actor, then the receivers that failed first.
  ///
  /// - Parameter announced: Second of the announcement; of the first receipt where none is known.
  init(change: Change, announced: Double, _ cohort: [Int], _ onsets: Onsets, confidence: Double) {
    let ordered = cohort.sorted { (onsets.findings[$0]!.time, $0) < (onsets.findings[$1]!.time, $1) }
    var rest = confidence
    if let actor = change.actor {
      var candidate = Candidate(device: actor, probability: confidence * 0.95)
      candidate.reasonsFor.append(
        change.isOrder
          ? "gave the orders that those who failed say they carried out"
          : !change.rounds.isEmpty
            ? "announced a change to what they hang on, or is named in it, just before they failed behind it"
            : Self.announced(before: ordered.first.map { onsets.findings[$0]!.time - announced } ?? 0))
      candidate.events = [change.announcement].compactMap { $0 }
      if change.survivors > 0 { candidate.reasonsAgainst.append(Self.survived(change)) }
      candidates.append(candidate)
      rest = confidence * 0.05
    }
    for (rank, device) in ordered.filter({ $0 != change.actor }).prefix(9).enumerated() {
      var candidate = Candidate(
        device: device,
        probability: change.actor == nil && rank == 0 ? 0.75 * rest : rest * pow(0.5, Double(rank + 2)))
      candidate.reasonsFor.append(
        change.isOrder ? "among the first that did as ordered" : "among the first to fail after the change")
      candidate.events =
        (change.events[device].map { [$0] } ?? []) + onsets.findings[device]!.events.prefix(3)
      if change.actor != nil {
        candidate.reasonsAgainst.append(
          change.isOrder ? "was ordered by another entity" : "received the change from another entity")
      } else if change.survivors > 0 {
        candidate.reasonsAgainst.append(Self.survived(change))
      }
      candidates.append(candidate)
    }
  }

  /// "Just before" is within five minutes: what leaks or waits for its timer fails much later.
  static func announced(before seconds: Double) -> String {
    guard seconds > 300 else { return "announced a change just before its receivers failed" }
    guard seconds > 7200 else {
      return
        "announced a change \(Int((seconds / 60).rounded())) min before the first of its receivers failed"
    }
    let hours = Int((seconds / 3600).rounded())
    return hours < 48
      ? "announced a change \(hours) h before the first of its receivers failed"
      : "announced a change \(Int((seconds / 86_400).rounded())) d before the first of its receivers failed"
  }

  private static func survived(_ change: Change) -> String {
    "the same was done before to \(change.survivors) of its receivers, and they did not fail of it"
  }

  /// A failed dependency: providers by how well they explain the failures.
  init(dependency: DependencyCause, _ onsets: Onsets, confidence: Double) {
    let top = dependency.candidates.prefix(10)
    guard let best = top.first?.score else { return }
    let sum = top.reduce(0) { $0 + exp(($1.score - best) / 2) }
    let isNumbersOnly = onsets.devices.allSatisfy { onsets.findings[$0]!.kind == .metric }
    for entry in top {
      var candidate = Candidate(
        device: entry.device, probability: confidence * exp((entry.score - best) / 2) / sum)
      candidate.reasonsFor.append(
        entry.isGuessed
          ? "\(entry.failed) of \(entry.dependants) entities that may depend on it failed (no link says that they do)"
          : "\(entry.failed) of \(entry.dependants) entities that depend on it failed")
      if entry.explained < entry.failed {
        candidate.reasonsAgainst.append("\(entry.failed - entry.explained) of them failed before it did")
      }
      if entry.together > 1 {
        let span = entry.togetherSpan.map { "within \(Int($0.rounded(.up))) s" } ?? "in one moment"
        candidate.reasonsFor.append("\(entry.together) that hang on it directly failed \(span)")
      }
      if entry.served > 0 {
        candidate.most = min(candidate.most, Self.mostWhereServing)
        candidate.reasonsAgainst.append(
          "\(entry.served) others that depend on it did not fail, and it goes on to speak of them as before")
      }
      if dependency.twins.contains(entry.device) {
        candidate.isTwin = true
        let others = dependency.twins.count - 1
        candidate.most = min(candidate.most, Self.mostOfTwins / Double(others + 2))
        candidate.reasonsAgainst.append(
          "in the same moment \(others == 1 ? "another lost" : "\(others) others lost") what hangs on \(others == 1 ? "it" : "them"), "
            + "which it does not explain: rather something that they share, or hang on")
      }
      if let lateness = entry.lateness {
        candidate.reasonsAgainst.append("complained itself only \(Int(lateness)) s later")
      }
      if let finding = onsets.findings[entry.device] {
        candidate.reasonsFor.append("it failed itself")
        candidate.events = Array(finding.events.prefix(5))
      } else {
        // Numbers that drift in company under a silent provider may have one cause anywhere; the counts flatter it.
        if isNumbersOnly { candidate.probability *= 0.9 }
        candidate.reasonsAgainst.append(Trace.unseen)
      }
      candidates.append(candidate)
    }
  }

  /// How sure it is at most that it began at one that goes on to serve others (fitted to nothing).
  private static let mostWhereServing = 0.45
  /// That it began at one of several that lost what hangs on them in one moment, or at what they share, each alike.
  private static let mostOfTwins = 0.9

  /// Numbers: who changed early, far, and with the rest behind it.
  init(telemetry: MetricCause, _ onsets: Onsets, confidence: Double) {
    let top = telemetry.candidates.prefix(10)
    guard let best = top.first?.weight else { return }
    // Fitted on generated incidents, like that of contact.
    let sharpness = 1.6
    let sum = top.reduce(0) { $0 + exp(sharpness * ($1.weight - best)) }
    let first = top.map { onsets.findings[$0.device]!.time }.min() ?? 0
    for entry in top {
      var candidate = Candidate(
        device: entry.device, probability: confidence * exp(sharpness * (entry.weight - best)) / sum)
      let late = onsets.findings[entry.device]!.time - first
      if late < telemetry.slack {
        candidate.reasonsFor.append("its numbers were among the first to leave their usual range")
      } else {
        candidate.reasonsAgainst.append("others changed up to \(Int(late)) s before it")
      }
      if entry.size > -0.2 { candidate.reasonsFor.append("its numbers went as far as anybody's, or farther") }
      if entry.reached > 1 {
        candidate.reasonsFor.append(
          "\(entry.reached - 1) of \(telemetry.memberCount - 1) other failures can be reached from it over links"
        )
      }
      if entry.size < -0.7 { candidate.reasonsAgainst.append("the numbers of others went much farther") }
      if entry.earlierNeighbours > 0 {
        candidate.reasonsAgainst.append("\(entry.earlierNeighbours) of its neighbours changed before it")
      }
      candidates.append(candidate)
    }
  }

  /// Contact spread: the earliest entities from which the rest can be reached. One from which hardly any of them can is no more than one of
  /// several beginnings.
  init(contact: ContactCause, _ onsets: Onsets, confidence: Double) {
    let top = contact.origins.prefix(10)
    guard let best = top.first?.weight else { return }
    // Sharpened to agree with how often the first candidate is right over generated incidents.
    let sharpness = 1.5
    let sum = top.reduce(0) { $0 + exp(sharpness * ($1.weight - best)) }
    for entry in top {
      var candidate = Candidate(
        device: entry.device, probability: confidence * exp(sharpness * (entry.weight - best)) / sum)
      candidate.reach = entry.reach - 1
      candidate.events = Array(onsets.findings[entry.device]!.events.prefix(5))
      let earlier = contact.failed.filter {
        onsets.findings[$0]!.time < onsets.findings[entry.device]!.time
      }
      if !earlier.isEmpty {
        candidate.reasonsAgainst.append(
          earlier.count == 1 ? "1 entity failed before it" : "\(earlier.count) entities failed before it")
        candidate.counterEvents = earlier.prefix(3).compactMap { onsets.findings[$0]!.events.first }
      }
      candidates.append(candidate)
    }
  }

  /// An origin of a contact spread reaches a quarter of the other failures; how sure one of fewer is at most (fitted to nothing).
  static let fewReached = 4
  static let mostOfFewReached = 0.45

  /// Being first says little of these, unless they have trouble of their own.
  mutating func doubt(where isOne: (Int) -> Bool, _ reason: String) {
    for index in candidates.indices where isOne(candidates[index].device) && !candidates[index].isOwn {
      candidates[index].probability *= 0.15
      candidates[index].reasonsAgainst.append(reason)
    }
    candidates.sort { ($0.probability, $1.device) > ($1.probability, $0.device) }
  }

  /// The probability of some candidates is bounded for a reason that stands against them.
  mutating func bound(_ most: Double, _ reason: String, where isOne: (Int) -> Bool) {
    for index in candidates.indices where isOne(candidates[index].device) {
      candidates[index].most = min(candidates[index].most, most)
      candidates[index].reasonsAgainst.append(reason)
    }
  }

  /// Applies analysts' words: rejected candidates go, an accepted one leads.
  mutating func judge(_ judged: [Int: Bool], _ acceptances: [Int: String]) {
    guard !judged.isEmpty else { return }
    candidates.removeAll { judged[$0.device] == false }
    for (device, isAccepted) in judged.sorted(by: { $0.key < $1.key }) where isAccepted {
      for index in candidates.indices { candidates[index].probability *= 0.01 }
      // What the evidence says of it stays beside the analyst's word.
      var accepted = candidates.first { $0.device == device } ?? Candidate(device: device, probability: 0)
      accepted.probability = 0.99
      accepted.reasonsFor.insert(acceptances[device] ?? "an analyst accepted it", at: 0)
      candidates.removeAll { $0.device == device }
      candidates.append(accepted)
    }
    candidates.sort { ($0.probability, $1.device) > ($1.probability, $0.device) }
  }

  /// No family fits: the earliest failures, with little confidence. Who has trouble of a kind that hardly anybody else
  /// has is rather what the others hang on than one of them.
  ///
  /// Somebody is always first. It says something where the first was apart from the next: by more than their onsets may be off,
  /// by more than the later ones lie apart, and by more than failures that swell lie apart as they begin (see `FirstPause`). Those that fail as closely as that, or in one moment, are about as probable.
  ///
  /// - Parameter remarks: Who told of no trouble before them, but said something unusual. The order of several says nothing.
  /// - Parameter isTaken: Whether those that hang on an entity, or what it hangs on, failed before it: its trouble is then rather their doing.
  init(
    earliest members: [Int], remarks: [(device: Int, finding: Onsets.Finding)], _ onsets: Onsets,
    _ templates: [Int32], confidence: Double, isTaken: (Int) -> Bool
  ) {
    let ordered = members.sorted { (onsets.findings[$0]!.time, $0) < (onsets.findings[$1]!.time, $1) }
    var users: [Int32: Int] = [:]
    var said: [Int: Set<Int32>] = [:]
    for device in members {
      said[device] = Set(onsets.findings[device]!.events.map { templates[Int($0)] })
      for template in said[device]! { users[template, default: 0] += 1 }
    }
    let few = max(1, members.count / 30)
    // What was said last before a silence tells of no trouble.
    var own = Set(
      members.filter { device in
        onsets.findings[device]!.kind != .silence && !said[device]!.isEmpty
          && said[device]!.allSatisfy { users[$0]! <= few }
      })
    // Where most speak in ways of their own, it is nothing special.
    if members.count < 12 || own.count * 4 > members.count { own = [] }
    own = own.filter { !isTaken($0) }
    own.formUnion(members.filter { onsets.findings[$0]!.namedBy > 0 })
    let first = ordered.first.map { onsets.findings[$0]!.time } ?? 0
    let pauses = zip(ordered.dropFirst(2), ordered.dropFirst()).prefix(Self.early).map {
      onsets.findings[$0]!.time - onsets.findings[$1]!.time
    }
    let times = ordered.map { onsets.findings[$0]!.time }
    // A lead that the shape of the rest lets expect is none.
    let expected = FirstPause.isExpected(times) ? 2 * (times[1] - first) : 0
    let usual = max(Self.apart * Robust.median(pauses), expected)
    let error = ordered.first.map { Self.error(onsets.findings[$0]!) } ?? 0
    let firstOfOthers = ordered.first { !own.contains($0) }.map { onsets.findings[$0]!.time } ?? first
    var weights: [(device: Int, weight: Double, isOwn: Bool)] = []
    for device in ordered.prefix(60) {
      let finding = onsets.findings[device]!
      let late = finding.time - first
      let isNear = own.contains(device) && late < 300
      let scale = max(error + Self.error(finding), usual)
      weights.append((device, isNear ? 1.5 - late / 120 : -late / scale, isNear))
    }
    let remarkWeight = weights.contains(where: \.isOwn) ? Self.remarkBesideTrouble : Self.remarkAlone
    for remark in remarks { weights.append((remark.device, remarkWeight, true)) }
    // However many the others are, against one with trouble of its own they count as two.
    let others = weights.reduce(0) { $0 + ($1.isOwn ? 0 : exp($1.weight)) }
    if weights.contains(where: \.isOwn), others > 2 {
      for index in weights.indices where !weights[index].isOwn { weights[index].weight -= log(others / 2) }
    }
    // Nobody was first where the next failed in the same second.
    let isShared = ordered.count > 1 && onsets.findings[ordered[1]]!.time - first < 1
    weights.sort { ($0.weight, $1.device) > ($1.weight, $0.device) }
    let sum = weights.reduce(0) { $0 + exp($1.weight) }
    for entry in weights.prefix(10) {
      var candidate = Candidate(device: entry.device, probability: confidence * exp(entry.weight) / sum)
      if let remark = remarks.first(where: { $0.device == entry.device }) {
        candidate.becomeRemark(remark.finding, of: remarks.count, before: first)
        candidates.append(candidate)
        continue
      }
      let isFirst = entry.device == ordered[0] && !isShared
      if entry.isOwn {
        // Long before the others, it says less.
        let lead = firstOfOthers - onsets.findings[entry.device]!.time - Forerunners.near
        candidate.most = exp(-max(0, lead) / Self.leadScale)
      }
      candidate.reasonsFor.append(isFirst ? "failed first" : "failed early")
      candidate.isOwn = entry.isOwn
      let named = onsets.findings[entry.device]!.namedBy
      if named > 0 {
        candidate.reasonsFor.append("\(named) others named it in trouble just after it said so itself")
      } else if entry.isOwn {
        candidate.reasonsFor.append("has trouble of a kind that hardly anybody else has")
      }
      candidate.events = Array(onsets.findings[entry.device]!.events.prefix(5))
      candidates.append(candidate)
    }
  }

  /// What is unusual counts as trouble of its own just before does, where nobody has that.
  private static let remarkAlone = 1.5
  private static let remarkBesideTrouble = 0.5

  /// Seconds of a lead beyond the near that make trouble of its own e times less telling.
  private static let leadScale = 600.0
  /// Failures after the first whose pauses say how close they come.
  private static let early = 12
  /// Times the usual pause: of failures by chance, one in six first pauses is as long as makes a first one clear.
  private static let apart = 4.0

  /// Seconds by which an onset may be off; stamps are no better than one.
  private static func error(_ finding: Onsets.Finding) -> Double {
    max(1, (finding.latest - finding.earliest) / 2)
  }
}

extension Origins.Candidate {
  /// How sure it is at most that it began at who only said something unusual (fitted to nothing).
  private static let mostOfRemark = 0.6
  /// The same where several did.
  private static let mostOfSeveral = 0.45

  fileprivate mutating func becomeRemark(_ finding: Onsets.Finding, of count: Int, before first: Double) {
    isOwn = true
    isRemark = true
    isTwin = count > 1
    most = count > 1 ? Self.mostOfSeveral : Self.mostOfRemark
    let seconds = Int((first - finding.time).rounded())
    reasonsFor.append("said something unusual \(seconds) s before the first of them failed")
    reasonsAgainst.append(
      "nothing ties those that failed to it, what it said tells of no trouble, and it went on as before")
    if count > 1 {
      reasonsAgainst.append(
        "\(count == 2 ? "another" : "\(count - 1) others") said something as unusual just before")
    }
    events = Array(finding.events.prefix(5))
  }
}
