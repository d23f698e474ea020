internal import Glibc
internal import IncidentModel

/// Which family of incident the failures of one incident belong to, and what follows from it.
struct Diagnosis {
  enum Family { case change, dependency, contact, telemetry, undetermined }
  var family = Family.undetermined
  var change: Change?
  var otherChanges: [Change] = []
  var dependency: DependencyCause
  var contact: ContactCause
  var telemetry: MetricCause?
  var commonCause: CommonCause?
  var cohort: [Double]
  /// The provider that took all along in one moment, where that is what happened.
  var culprit: Int?
  /// Entities that carry the mark of the change in the inventory.
  var marked: Int?
  /// Entities that could have been meant by the change.
  var eligible: Int?
  /// First failure of a provider that took its dependants along; infinite if none.
  var earlyEnd: Double
  /// Among whom the reason was looked for.
  var population: Population
  /// Each failed a while after its own receipt of the change (see `PromptFailures`).
  private(set) var isPrompt = false
  /// Nearly all say that something ran out that each of them has (see `Expiry`).
  private(set) var isExpiry = false
  /// They said beforehand what they were about to do, and went on as before.
  var isPlanned = false
  /// What they say is graded by nobody and tells of no trouble in words, and they went on as before.
  var mayBeHarmless = false

  init(
    _ timeline: Timeline, _ fleet: Fleet, _ profiles: TemplateProfiles, _ reports: Reports, _ onsets: Onsets,
    _ members: [Int], _ metrics: MetricOnsets, _ earlier: EarlierRounds, isTimed: (Int) -> Bool
  ) {
    let population = Population(fleet, onsets, members)
    self.population = population
    earlyEnd = Self.firstProviderFailure(fleet, onsets, members, population)
    let changes = Changes(
      timeline, fleet, profiles, reports, onsets, among: population, earlyEnd: earlyEnd, earlier: earlier,
      isTimed: isTimed)
    dependency = DependencyCause(timeline, fleet, onsets, among: population, until: .infinity)
    cohort = [Double](repeating: 0, count: timeline.deviceCount)
    otherChanges = changes.others
    let mass = population.devices
    let failed = Set(members)
    let limit = earlyEnd
    let early = Set(members.filter { onsets.findings[$0]!.time < limit })
    let end = timeline.end
    let contact = ContactCause(fleet, onsets, members, end: end, isSusceptible: { _ in true })
    self.contact = contact
    let numbers = members.count { onsets.findings[$0]!.kind == .metric }
    if numbers * 5 >= members.count * 4 {
      let telemetry = MetricCause(timeline.evidence, fleet, onsets, members, metrics, dependency)
      self.telemetry = telemetry
      // A provider without numbers of its own is found by who depends on it, unless they lie next to each other.
      if let silent = dependency.candidates.first, onsets.findings[silent.device] == nil, silent.score > 3,
        silent.failed * 10 >= silent.dependants * 7, silent.failed >= 3, silent.score > telemetry.adjacency
      {
        family = .dependency
      } else {
        family = .telemetry
      }
      commonCause = CommonCauseSearch.search(timeline.evidence, fleet, population: mass, failed: failed)
      return
    }
    // Nobody announced it, and nearly all complain of what they hang on.
    let provider = dependency.candidates.first
    let isBlamed =
      if let best = changes.causes.first, best.actor == nil, let provider, provider.score > 8 {
        provider.device == NamedSource.blamed(by: members, timeline, reports, onsets)
      } else { false }
    // What was done before without harm is the cause less likely than something that all of them hang on.
    let isOutweighed = (changes.causes.first?.survivors ?? 0) > 0 && (provider?.score ?? 0) > 8
    if isBlamed || isOutweighed { otherChanges += changes.causes }
    var best = isBlamed || isOutweighed ? nil : changes.causes.first
    if changes.causes.isEmpty, (provider?.score ?? 0) <= 8, contact.score <= 3 {
      best = PromptFailures.change(
        timeline, fleet, profiles, reports, onsets, members, among: population,
        announced: changes.announcement)
      isPrompt = best != nil
    }
    if let orders = RemoteOrders(
      timeline, fleet, profiles, onsets, members, among: population, dependency)
    {
      if let found = best, orders.templates.contains(found.template), !timeline.isLoud[found.template] {
        best?.actor = orders.change.actor
        best?.announcement = orders.change.announcement
        best?.isOrder = true
      } else {
        family = .change
        change = orders.change
        otherChanges += changes.causes
        for device in members where orders.change.received[device] != nil { cohort[device] = 1 }
        commonCause = CommonCauseSearch.search(timeline.evidence, fleet, population: mass, failed: failed)
        return
      }
    }
    if let best {
      family = .change
      change = best
      otherChanges += changes.causes.dropFirst()
      commonCause = CommonCauseSearch.search(
        timeline.evidence, fleet, population: mass, failed: early, changed: Set(best.received.keys))
      // Whom a change is meant for does not hang on what else happened to them.
      let kind = (0..<timeline.deviceCount).filter { population.isOne($0) }
      marked = CommonCauseSearch.marked(
        timeline.evidence, fleet, population: kind, changed: Set(best.received.keys))
      eligible = CommonCauseSearch.eligible(
        timeline.evidence, fleet, population: kind, changed: Set(best.received.keys))
      cohort = Self.cohort(timeline, fleet, onsets, members, population, best, earlyEnd, commonCause)
      // So few failed before the overload that only the cohort as a whole shows what it shares.
      let own = members.filter { cohort[$0] > 0.5 && population.isOne($0) }
      let whole = CommonCauseSearch.search(
        timeline.evidence, fleet, population: mass, failed: Set(own), changed: Set(best.received.keys))
      if let whole, Set(whole.terms).isStrictSuperset(of: commonCause?.terms ?? []) {
        commonCause = whole
        cohort = Self.cohort(timeline, fleet, onsets, members, population, best, earlyEnd, whole)
      }
      if let shared = commonCause,
        ChosenReceivers.explain(
          shared, timeline.evidence.inventory, fleet, received: best.received.keys, failed: early)
      {
        commonCause = nil
        cohort = Self.cohort(timeline, fleet, onsets, members, population, best, earlyEnd, nil)
      }
      return
    }
    isExpiry = Expiry.holds(members, onsets, timeline)
    if let rolling = OneAfterTheOther(timeline, fleet, profiles, onsets, among: population).change {
      family = .change
      change = rolling
      commonCause = CommonCauseSearch.search(timeline.evidence, fleet, population: mass, failed: failed)
    } else if let provider, provider.score > 8, provider.score > contact.score {
      family = .dependency
      commonCause = CommonCauseSearch.search(timeline.evidence, fleet, population: mass, failed: failed)
    } else if let culprit = SynchronousCause(fleet, onsets, members, among: population).culprit,
      !dependency.outlived.contains(culprit)
    {
      family = .dependency
      self.culprit = culprit
      dependency.prefer(culprit)
    } else if let above = ChangeAbove(timeline, fleet, profiles, onsets, among: population).change {
      family = .change
      change = above
      for device in members where above.received[device] != nil { cohort[device] = 1 }
      commonCause = CommonCauseSearch.search(timeline.evidence, fleet, population: mass, failed: failed)
    } else if contact.score > 3, contact.spreads, !isExpiry {
      family = .contact
      // Contagion clusters in places, so only entities next to a failed one were at risk.
      let atRisk = mass.filter { device in
        fleet.contacts[device].contains { neighbour in
          guard let other = onsets.findings[Int(neighbour)] else { return false }
          return other.time < (onsets.findings[device]?.time ?? .infinity)
        }
      }
      commonCause = CommonCauseSearch.search(timeline.evidence, fleet, population: atRisk, failed: failed)
    } else if let shared = CommonCauseSearch.search(
      timeline.evidence, fleet, population: mass, failed: failed), shared.isNearlyAll
    {
      // A power cut, a site's line: nobody in the evidence did it, but who was hit and who was spared says what it was.
      commonCause = shared
    } else if let above = Population(above: members, fleet, onsets),
      let shared = CommonCauseSearch.search(
        timeline.evidence, fleet, population: above.devices, failed: failed), shared.isNearlyAll
    {
      // What hangs on the broken ones failed as well, in greater number.
      self.population = above
      commonCause = shared
    }
  }

  /// Who failed by the change itself, given what is thought to be the common cause.
  private static func cohort(
    _ timeline: Timeline, _ fleet: Fleet, _ onsets: Onsets, _ members: [Int], _ population: Population,
    _ change: Change, _ earlyEnd: Double, _ cause: CommonCause?
  ) -> [Double] {
    let inventory = timeline.evidence.inventory
    // By codes: a million names are not looked up.
    let terms = (cause?.terms ?? []).map { term -> (column: Int, code: Int32) in
      let column = inventory.attributes.firstIndex(of: term.attribute) ?? 0
      return (column, Int32(inventory.values[column].firstIndex(of: term.value) ?? -1))
    }
    func holds(_ device: Int) -> Bool? {
      let row = Int(fleet.row[device])
      guard cause != nil, row >= 0 else { return nil }
      return terms.allSatisfy { inventory.code(row: row, attribute: $0.column) == $0.code }
    }
    return FailureModes(
      timeline, fleet, onsets, members, among: population, change: change, earlyEnd: earlyEnd,
      holdsCause: { holds($0) == true },
      isSpared: { (cause?.probability ?? 0) > 0.8 && holds($0) == false }
    ).cohort
  }

  /// Whether these failures are one event rather than single failures that a fleet of this size has anyway.
  ///
  /// A reason that ties them together (a change, a provider, contact) was tested when it was found. Without one, only
  /// their number speaks: a share of the fleet, as a handful of failures in one window is any fleet's ordinary life.
  func isCascade(of group: [Int], in timeline: Timeline) -> Bool {
    guard group.count >= 2 else { return false }
    let speakers = (0..<timeline.deviceCount).count { !timeline.events(of: $0).isEmpty }
    guard speakers >= 30 else { return true }
    guard family == .undetermined else { return group.count >= 3 }
    return Double(group.count) >= min(30, max(3, 0.04 * Double(speakers)))
  }

  /// How sure it is at most that a change began it before which a quarter had failed (fitted to nothing).
  static let mostWhereMany = 0.45
  /// Seconds by which a failure may seem to lie before what brought it about.
  private static let slack = 10.0

  /// That a quarter and more, and three, had failed before anybody is known to have received the change, in words; nil where that is not so.
  func failedBefore(_ change: Change, _ members: [Int], _ onsets: Onsets) -> String? {
    guard !change.isThroughProviders, !change.isOrder, change.rounds.isEmpty else { return nil }
    let before = members.count { device in
      cohort[device] < 0.5 && change.received[device].map { $0 > onsets.findings[device]!.time } ?? true
        && onsets.findings[device]!.time < change.start - Self.slack
    }
    guard before >= 3, before * 4 >= members.count else { return nil }
    return
      "\(before) of the \(members.count) that failed had failed before anybody is known to have received its change"
  }

  /// The first onset of a provider after which its dependants fail.
  private static func firstProviderFailure(
    _ fleet: Fleet, _ onsets: Onsets, _ members: [Int], _ population: Population
  ) -> Double {
    let shared = members.filter {
      fleet.isShared[$0] && !population.isOne($0) && !fleet.dependants[$0].isEmpty
    }
    .sorted { onsets.findings[$0]!.time < onsets.findings[$1]!.time }
    for provider in shared {
      let time = onsets.findings[provider]!.time
      let below = fleet.descendants(of: provider).filter { population.isOne(Int($0)) }
      let hit = below.count {
        guard let onset = onsets.findings[Int($0)]?.time else { return false }
        return onset > time - 15 && onset < time + 300
      }
      if hit >= 3, hit * 5 >= below.count { return time }
    }
    return .infinity
  }
}
