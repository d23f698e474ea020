internal import IncidentModel

/// Turns indices and seconds back into names, instants and event ids.
struct Assembly {
  let timeline: Timeline
  let fleet: Fleet
  private(set) var onsets: Onsets
  private let reports: Reports
  private let metrics: MetricOnsets
  private let profiles: TemplateProfiles
  private let judgements: Judgements
  private let facts: [KnownFact]
  var evidence: IncidentEvidence { timeline.evidence }

  init(_ reading: Reading, _ judgements: Judgements, _ facts: [KnownFact]) {
    reports = reading.reports
    metrics = reading.metrics
    profiles = reading.profiles
    timeline = reading.timeline
    fleet = reading.fleet
    onsets = reading.onsets
    self.judgements = judgements
    self.facts = facts
  }

  func skews(_ clocks: ClockCorrection) -> [ClockSkew] {
    clocks.offsets.indices.filter { clocks.pairs[$0] > 0 || clocks.offsets[$0] != 0 }.map {
      var skew = ClockSkew(
        device: evidence.devices[$0], seconds: clocks.offsets[$0], error: clocks.errors[$0],
        pairs: Int(clocks.pairs[$0]))
      skew.partsPerMillion = clocks.drifts[$0] * 1e6
      return skew
    }
  }

  func incident(_ diagnosis: Diagnosis, _ members: [Int]) -> Incident {
    var incident = Incident()
    let origins = origins(diagnosis, members)
    let spread = spread(diagnosis, members)
    let phases = Phases(
      fleet, onsets, members, spread, change: diagnosis.change, cohort: diagnosis.cohort, timeline: timeline)
    incident.onsets = members.map { onset($0, onsets.findings[$0]!) }.sorted {
      ($0.time, $0.device) < ($1.time, $1.device)
    }
    let isUsuallyVouched = members.count { isVouched(onsets.findings[$0]!.events) } * 2 > members.count
    incident.origins = origins.candidates.map { candidate in
      var origin = OriginCandidate(
        device: evidence.devices[candidate.device], probability: candidate.probability,
        reasonsFor: candidate.reasonsFor, reasonsAgainst: candidate.reasonsAgainst,
        evidence: candidate.events.map { timeline.id(Int($0)) },
        counterEvidence: candidate.counterEvents.map { timeline.id(Int($0)) })
      origin.method = Self.method(diagnosis)
      origin.mostProbable = candidate.most
      if let reach = candidate.reach {
        // The tree also follows who came to whom, where no link is listed.
        let followers = max(reach, spread.followers(of: candidate.device))
        let others = diagnosis.contact.failed.count - 1
        origin.reasonsFor.append(
          "\(followers) of \(others) other failures can be reached from it in order of time")
        if followers * Origins.fewReached < others {
          origin.mostProbable = min(candidate.most, Origins.mostOfFewReached)
          origin.reasonsAgainst.append("hardly any of the other failures can be reached from it")
        }
      }
      if let entry = timeline.breakIns.first(where: { $0.device == candidate.device && $0.source == nil }) {
        origin.reasonsFor.append(
          "it let somebody in who is not in the evidence and had been refused \(entry.refusals) times just before"
        )
      }
      origin.isTwin = candidate.isTwin
      // Who received first what nobody announced stands for whoever sent it.
      if let change = diagnosis.change, change.actor == nil { origin.mostProbable = Self.mostWithoutActor }
      if (diagnosis.change?.survivors ?? 0) > 0 { origin.mostProbable = Self.mostOfRoutine }
      guard !isVouched(candidate.events),
        candidate.probability < 0.99 || judgements.origins[candidate.device] != true
      else { return origin }
      // A name that only its own messages assert may be forged, and is never almost certain; where most others are
      // vouched for, the one that is not is doubted the more.
      origin.mostProbable = min(origin.mostProbable, isUsuallyVouched ? 0.6 : 0.94)
      origin.probability = min(origin.mostProbable, candidate.probability)
      if isUsuallyVouched, !candidate.events.isEmpty {
        origin.reasonsAgainst.append(
          "only its own messages assert its name, while most others' are vouched for")
      }
      return origin
    }.sorted { ($0.probability, $1.device) > ($1.probability, $0.device) }
    // Of several remarks none is known to tell of its beginning.
    let remarks = origins.candidates.count(where: \.isRemark)
    let hasForerunner =
      origins.candidates.first.map { $0.isOwn && $0.probability > 0.3 && !($0.isRemark && remarks > 1) }
      ?? false
    let isOfTwins = diagnosis.family == .dependency && !diagnosis.dependency.twins.isEmpty
    if diagnosis.family == .undetermined && !hasForerunner || diagnosis.family == .contact || isOfTwins {
      incident.unseenOrigin = UnseenSubject(timeline, onsets, members).origin(named(members))
    }
    incident.evenPause = origins.evenPause
    if diagnosis.family == .dependency {
      incident.twins = diagnosis.dependency.twins.sorted().map { evidence.devices[$0] }
    }
    incident.sharedValues = sharedValues(diagnosis, members)?.words
    incident.wasPlanned = diagnosis.isPlanned
    incident.mayBeHarmless = diagnosis.mayBeHarmless
    incident.isExpiry = diagnosis.isExpiry && diagnosis.family == .undetermined
    if let change = diagnosis.change, change.isOrder {
      incident.orders = (
        evidence.templateTexts[change.template], members.count { change.received[$0] != nil }
      )
      if change.actor == nil { incident.unseenOrigin = UnseenOrigin(of: change, members, timeline) }
    }
    if let change = diagnosis.change, !change.rounds.isEmpty {
      incident.rounds = (evidence.templateTexts[change.template], change.rounds.count)
    }
    if diagnosis.family == .undetermined, diagnosis.commonCause == nil {
      incident.mayBeGap = EndedSilences.mayBeGap(members.map { ($0, onsets.findings[$0]!) }, timeline)
      // What was said last before a silence tells nothing of it.
      if !incident.mayBeGap { incident.saying = saying(of: members) }
    }
    incident.edges = spread.best.map(edge)
    incident.alternatives = spread.alternatives.map(edge)
    incident.changes =
      [diagnosis.change].compactMap { $0 }.map {
        change($0, reached: diagnosis.marked, eligible: diagnosis.eligible)
      }
      + diagnosis.otherChanges.map { change($0, reached: nil) }
    incident.changes += facts.map {
      ChangeEvent(
        template: "\($0.text) (said by \($0.author))", actor: nil, start: $0.at, devices: [], failedShare: 0,
        failedShareOfOthers: 0, evidence: [])
    }
    incident.commonCause = diagnosis.commonCause
    if let cause = diagnosis.commonCause,
      let found = MeasuredBefore(cause, members, onsets, metrics, fleet, evidence.inventory)
    {
      incident.measuredBefore = (
        found.devices.map { evidence.devices[$0] }, found.name, found.term, timeline.instant(found.time)
      )
    }
    incident.phases = phases.list.map {
      Phase(name: $0.name, start: timeline.instant($0.time), evidence: $0.events.map { timeline.id(Int($0)) })
    }
    return incident
  }

  /// How sure a first receiver is at most where nobody announced the change.
  private static let mostWithoutActor = 0.6
  /// How sure anybody is at most who did what had been done before without harm.
  private static let mostOfRoutine = 0.45

  private static func method(_ diagnosis: Diagnosis) -> OriginCandidate.Method {
    switch diagnosis.family {
    case .change: .change
    case .dependency: diagnosis.culprit == nil ? .provider : .moment
    case .contact: .contact
    case .telemetry: .numbers
    case .undetermined: .order
    }
  }

  /// Whether anybody but the messages vouches for who sent them.
  private func isVouched(_ events: [Int32]) -> Bool {
    events.contains { event in
      let basis = IdentityBasis(rawValue: evidence.identityBases[Int(event)])
      return basis == .authenticated || basis == .network
    }
  }

  /// The spread among members. The best origin has no parent of its own, unless it is only a weak guess.
  func spread(_ diagnosis: Diagnosis, _ members: [Int]) -> Spread {
    var time = [Double](repeating: .infinity, count: timeline.deviceCount)
    for device in members { time[device] = onsets.findings[device]!.time }
    if diagnosis.family == .dependency, let best = diagnosis.dependency.candidates.first,
      time[best.device] == .infinity || best.lateness != nil
    {
      // A silent provider failed when the first of its dependants did, at the latest; one that complained late, too.
      let first = fleet.descendants(of: best.device).map { time[Int($0)] }.min() ?? .infinity
      time[best.device] = first - 1
    }
    for twin in diagnosis.family == .dependency ? diagnosis.dependency.twins : []
    where time[twin] == .infinity {
      time[twin] = (fleet.descendants(of: twin).map { time[Int($0)] }.min() ?? .infinity) - 1
    }
    // What was restarted in good order did not fail, but what hangs on it failed of that.
    for (provider, moment) in diagnosis.change?.rounds ?? [:] where moment < time[provider] {
      time[provider] = moment
    }
    var scene = Scene(fleet: fleet, time: time, cohort: diagnosis.cohort)
    scene.countFollowers(members)
    scene.actor = diagnosis.change?.actor
    scene.culprit = diagnosis.culprit
    scene.named = named(members)
    if diagnosis.family == .contact { scene.contact = diagnosis.contact }
    if diagnosis.family == .telemetry { scene.telemetry = diagnosis.telemetry }
    var roots = Set<Int>()
    if let best = origins(diagnosis, members).candidates.first, best.probability > 0.3 {
      roots.insert(best.device)
    }
    return Spread(scene, members, roots: roots, judged: judgements.edges)
  }

  /// The best candidate for the origin of a group.
  func leader(_ diagnosis: Diagnosis, _ members: [Int]) -> Origins.Candidate? {
    origins(diagnosis, members).candidates.first
  }

  /// What is known of a failure that belongs to no incident.
  func stranger(_ device: Int) -> Onsets.Finding? { onsets.unrelated[device] }

  /// The same with one more failure of an incident.
  func including(_ device: Int, _ finding: Onsets.Finding) -> Assembly {
    var copy = self
    copy.onsets.include(device, finding)
    return copy
  }

  /// Moves members to the failures that belong to no incident.
  mutating func setApart(_ devices: [Int]) {
    for device in devices {
      onsets.unrelated[device] = onsets.findings[device]
      onsets.findings[device] = nil
    }
  }

  /// Whom the members' own news name around their onsets.
  private func named(_ members: [Int]) -> [Int: [Int32]] {
    Naming.byMember(members, timeline, fleet, profiles, reports, onsets)
  }

  func unrelated() -> [Onset] {
    let times = onsets.findings.lazy.compactMap { $0?.time }
    let span =
      (times.min() ?? .infinity) - 300...max(times.max() ?? -.infinity, times.min() ?? .infinity) + 300
    let failed = onsets.devices
    return onsets.unrelated.map { device, finding in
      var onset = onset(device, finding)
      onset.nearness =
        failed.isEmpty
        ? nearnessOfSingles(device, finding.time)
        : standsAbove(failed, device) ? .above : nearness(device, finding.time, span)
      return onset
    }.sorted { ($0.time, $0.device) < ($1.time, $1.device) }
  }

  private func nearness(_ device: Int, _ time: Double, _ incident: ClosedRange<Double>) -> Onset.Nearness {
    guard incident.contains(time) else { return .outside }
    let isBeside = neighbours(of: device).contains { other in
      guard let failed = onsets.findings[other]?.time else { return false }
      return time > failed - 30 && time < failed + 900
    }
    return isBeside ? .beside : .inside
  }

  /// Where there is no incident: whether somebody next to an entity failed around the same time.
  private func nearnessOfSingles(_ device: Int, _ time: Double) -> Onset.Nearness {
    let isBeside = neighbours(of: device).contains { other in
      guard let failed = onsets.unrelated[other]?.time else { return false }
      return abs(failed - time) < 900
    }
    return isBeside ? .beside : .alone
  }

  /// Whether most of the failed hang on an entity, or are named by it: whatever it did, and when, it is no stranger to them.
  private func standsAbove(_ failed: [Int], _ device: Int) -> Bool {
    func holds(_ others: Set<Int32>, share: Double) -> Bool {
      // Mostly they are too few.
      let needed = share * Double(failed.count)
      return Double(others.count) >= needed
        && Double(failed.count { others.contains(Int32($0)) }) >= needed
    }
    guard failed.count >= 3 else { return false }
    if !fleet.dependants[device].isEmpty, holds(Set(fleet.descendants(of: device)), share: 0.8) {
      return true
    }
    guard !timeline.firstMention.isEmpty else { return false }
    return holds(Set(timeline.events(of: device).map { timeline.firstMention[Int($0)] }), share: 0.5)
  }

  /// All that an entity hangs on, those it is in contact with, and those that hang on it directly.
  private func neighbours(of device: Int) -> [Int] {
    (fleet.ancestors(of: device).map(\.device) + fleet.contacts[device] + fleet.dependants[device])
      .map { Int($0) }
  }

  /// Failures that belong to no incident, and these.
  func unrelated(and devices: [Int]) -> [Onset] {
    var copy = self
    copy.setApart(devices)
    return copy.unrelated()
  }

  private func origins(_ diagnosis: Diagnosis, _ members: [Int]) -> Origins {
    var origins = candidates(diagnosis, members)
    origins.judge(judgements.origins, judgements.acceptances)
    return origins
  }

  private func candidates(_ diagnosis: Diagnosis, _ members: [Int]) -> Origins {
    switch diagnosis.family {
    case .change:
      let cohort = members.filter { diagnosis.cohort[$0] > 0.5 }
      // What was changed above the failed is one step farther from them.
      let confidence = diagnosis.change!.isThroughProviders ? 0.7 : 0.95
      let change = diagnosis.change!
      let announced = change.announcement.map { min(timeline.seconds[Int($0)], change.start) } ?? change.start
      var origins = Origins(change: change, announced: announced, cohort, onsets, confidence: confidence)
      if let before = diagnosis.failedBefore(change, members, onsets) {
        origins.bound(Diagnosis.mostWhereMany, before, where: { $0 == change.actor })
      }
      return origins
    case .dependency:
      var origins = Origins(dependency: diagnosis.dependency, onsets, confidence: 0.95)
      let named = NamedInTrouble(timeline, fleet, onsets, members)
      origins.bound(NamedInTrouble.most, NamedInTrouble.reason, where: named.holds)
      let beyond = MissedBeyond(timeline, onsets)
      origins.bound(MissedBeyond.most, MissedBeyond.reason, where: beyond.holds)
      return origins
    case .contact: return Origins(contact: diagnosis.contact, onsets, confidence: 0.9)
    case .telemetry:
      let telemetry = diagnosis.telemetry!
      var origins = Origins(telemetry: telemetry, onsets, confidence: 0.9)
      doubtEquals(&origins, diagnosis, members) { !telemetry.leadsToMost(from: $0) }
      return origins
    case .undetermined:
      let before = Forerunners.find(members, diagnosis, timeline, fleet, onsets)
      let remarks = Forerunners.remarks(before: members, timeline, onsets)
      var seen = onsets
      for (device, finding) in before { seen.findings[device] = finding }
      var origins = Origins(
        earliest: members + before.map(\.device), remarks: remarks, seen, evidence.eventTemplates,
        confidence: 0.9,
        isTaken: { device in
          let time = onsets.findings[device]?.time ?? -.infinity
          return failedBelow(device, before: time) >= Self.manyBelow || failedAbove(device, before: time)
        })
      doubtEquals(&origins, diagnosis, members) { _ in true }
      let times = members.map { onsets.findings[$0]!.time }
      origins.evenPause = EvenPace.pause(times)
      if let pause = origins.evenPause {
        origins.doubt(where: { _ in true }, EvenPace.reason(pause))
      }
      if onsets.areOneByOne(members) {
        origins.doubt(where: { _ in true }, "each failed once and by itself, in its own time: nothing spread")
      }
      if diagnosis.isExpiry { origins.doubt(where: { _ in true }, Expiry.reason) }
      if diagnosis.isPlanned {
        origins.doubt(where: { _ in true }, "said beforehand what it was about to do, and went on as before")
      }
      if let span = OneMoment.span(times) { origins.doubt(where: { _ in true }, OneMoment.reason(span)) }
      return origins
    }
  }

  private static let manyBelow = 3
  /// Seconds by which clocks may be off.
  private static let slack = 15.0

  /// How many of those that hang on an entity failed before some time.
  private func failedBelow(_ device: Int, before time: Double) -> Int {
    guard fleet.isShared[device] else { return 0 }
    return fleet.descendants(of: device).count {
      (onsets.findings[Int($0)]?.time ?? .infinity) < time - Self.slack
    }
  }

  /// Whether something that infrastructure hangs on failed before some time.
  private func failedAbove(_ device: Int, before time: Double) -> Bool {
    fleet.isShared[device]
      && fleet.ancestors(of: device).contains {
        (onsets.findings[Int($0.device)]?.time ?? .infinity) < time - Self.slack
      }
  }

  private func onset(_ device: Int, _ finding: Onsets.Finding) -> Onset { timeline.onset(device, finding) }
}

extension Timeline {
  /// A finding in names, instants and event ids.
  func onset(_ device: Int, _ finding: Onsets.Finding) -> Onset {
    let bases = finding.events.compactMap { IdentityBasis(rawValue: evidence.identityBases[Int($0)]) }
    var onset = Onset(
      device: evidence.devices[device], time: instant(finding.time),
      interval: instant(min(finding.earliest, finding.time))...instant(max(finding.latest, finding.time)),
      kind: finding.kind, probability: finding.probability,
      evidence: finding.events.map { id(Int($0)) } + finding.eventIDs, basis: bases.min() ?? .none)
    onset.reasons = finding.reasons
    onset.isRemark = finding.isRemark
    onset.heardAgain = finding.until.map(instant)
    onset.left = finding.left
    return onset
  }
}
