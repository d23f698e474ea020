internal import Glibc
internal import IncidentModel

/// When each entity went bad, by the evidence of its own events, of others' reports, and of its metrics.
struct Onsets {
  /// What is known of one entity.
  struct Finding {
    var time: Double
    var earliest: Double
    var latest: Double
    var probability: Double
    var kind: Onset.Kind
    /// When a silence ended; nil where it did not, and for all else.
    var until: Double?
    /// Of who told of trouble and fell silent then: the moment of all those who did; nil for all else.
    var silentSince: Double?
    /// Event positions; for metrics none (see `eventIDs`).
    var events: [Int32] = []
    var eventIDs: [EventID] = []
    /// Of a million findings most are told in the same words: they share them.
    var reasons: [String] = []
    /// One of failures that come one by one over days (see `OneByOne`).
    var isOneByOne = false
    /// Nothing that it says tells of trouble (see `WentOn.setAsideRemarks`).
    var isRemark = false
    /// Infrastructure that fell silent as most others failed (see `StoppedInfrastructure`).
    var hasStopped = false
    /// How many named it in trouble just after it said so itself (see `NamedTrigger`).
    var namedBy = 0
    /// Its numbers that left their usual range then.
    var left: [Departures.Left] = []
  }
  /// Per entity.
  var findings: [Finding?]
  /// Failures of their own: present in the window, but of a kind that spreads nowhere.
  var unrelated: [Int: Finding] = [:]
  /// What infrastructure that nothing ties to anybody said, hardly ever, and went on: no failures.
  var remarks: [Int: Finding] = [:]
  /// Entities that failed in another incident.
  var excluded: Set<Int> = []
  /// Seconds from a failure to the report of it by others.
  var reportLag = 0.0

  /// Entities with a finding.
  var devices: [Int] { findings.indices.filter { findings[$0] != nil } }

  /// Events of one entity that belong together lie this close, in seconds.
  static let burstGap = 180.0

  private struct Burst {
    var events: [Int32]
    var first: Int32
    var doubt: Double
  }

  init(findings: [Finding?]) { self.findings = findings }

  init(
    _ timeline: Timeline, _ fleet: Fleet, _ profiles: TemplateProfiles, _ reports: Reports,
    _ routine: DailyRoutine, _ starts: FirstWords, _ clockwork: RunningClockwork
  ) {
    findings = [Finding?](repeating: nil, count: timeline.deviceCount)
    reportLag = reports.lag
    let sporadic = ["messages of a kind that occurs on single entities all over the window"]
    let rare = ["severe messages of a kind hardly ever written: too few to tell what they mean"]
    var bursts: [(device: Int, list: [Burst])] = []
    var scratch: [(event: Int32, news: Double)] = []
    var clockwork = clockwork
    let news = { (device: Int, event: Int, template: Int) in
      let news = Self.news(timeline, fleet, profiles, device, event, template)
      let role = profiles.fleet[template].role
      guard news > 0, fleet.isShared[device], role == .rare || role == .sporadic else { return news }
      return clockwork.holds(template, saidBy: device) ? 0 : news
    }
    let attempts = RefusedAttempts(timeline, profiles, reports, news: news)
    let outside = OutsideAttempts(timeline, fleet, reports, news: news)
    for device in 0..<timeline.deviceCount {
      scratch.removeAll(keepingCapacity: true)
      var own: [Int32] = []
      for event in timeline.events(of: device) {
        let template = Int(timeline.evidence.eventTemplates[Int(event)])
        guard timeline.isLoud[template], !reports.isReport(template),
          !attempts.leavesOut(template, of: device), !outside.leavesOut(template, of: device),
          !starts.hold(device, at: timeline.seconds[Int(event)])
        else { continue }
        let news = news(device, Int(event), template)
        if news > 0, !routine.holds(template, at: timeline.seconds[Int(event)]) {
          scratch.append((event, news))
        }
        let role = profiles.fleet[template].role
        let isOld = Self.isOld(profiles.fleet[template], template, timeline)
        let isJob = isOld && !timeline.words.tellsOfLoss[template]
        guard role == .sporadic && !isJob || role == .rare && !isOld else { continue }
        // What is graded as trouble is that, and be it by the clock.
        if timeline.tones[template] != .unknown || !clockwork.holds(template, saidBy: device) {
          own.append(event)
        }
      }
      if !scratch.isEmpty { bursts.append((device, Self.bursts(scratch, timeline))) }
      // What is graded mildly by who grades its trouble is no part of it.
      if own.contains(where: { Self.isGradedLoud($0, timeline) }) {
        own.removeAll { !Self.isGradedLoud($0, timeline) }
      }
      if !own.isEmpty, !fleet.isShared[device] {
        let isRare = profiles.fleet[Int(timeline.evidence.eventTemplates[Int(own[0])])].role == .rare
        unrelated[device] = Self.finding(
          timeline, own.prefix(8), own[0], own.count > 1 ? 0.9 : 0.6, isRare ? rare : sporadic)
      }
    }
    var lone: [Int: [Int]] = [:]
    let crowd = Self.crowd(bursts.lazy.map(\.list), timeline)
    var surges: [Int: [String]] = [:]
    for (device, list) in bursts {
      guard let chosen = Self.choose(list, timeline, crowd, isShared: fleet.isShared[device]) else {
        continue
      }
      let count = chosen.events.count
      if surges[count] == nil {
        surges[count] = ["\(count) messages of a kind that was not seen before or surged"]
      }
      findings[device] = Self.finding(
        timeline, chosen.events.prefix(8), chosen.first, 1 - chosen.doubt, surges[count]!)
      if chosen.events.count == 1 {
        lone[Int(timeline.evidence.eventTemplates[Int(chosen.first)]), default: []].append(device)
      }
    }
    discountLone(lone, profiles)
    for device in 0..<timeline.deviceCount {
      guard let report = reports.first[device] else { continue }
      let reported = reports.finding(report, device, timeline)
      // An entity that named a trouble of its own just before was not taken along by others.
      if let alone = unrelated[device], abs(alone.time - reported.time) < 600 { continue }
      if let current = findings[device] {
        // The entity's own words are nearer to the moment than a report, unless they came long after it.
        if reported.time < current.time - 60 { findings[device] = reported }
      } else {
        include(device, reported)
      }
    }
    for (device, event) in SynchronousCause.witnesses(timeline, fleet, self) {
      findings[device] = Self.finding(
        timeline, [event], event, 0.9,
        ["a severe message never heard before, in the moment in which others failed"])
    }
    for (device, finding) in OneByOne.find(timeline, fleet, profiles, reports, self) {
      include(device, finding)
    }
    add(NamedTrigger.find(timeline, profiles, self), timeline)
    add(timeline.breakIns, timeline)
    boundFalseDiscoveries()
    joinReceivers(timeline, fleet, profiles, reports)
    joinCompany(timeline, fleet, profiles)
    joinLikes(timeline, profiles)
    joinSymptoms(timeline, profiles, reports)
    settleReports(timeline, fleet, reports)
    addCutOff(timeline, fleet, reports, profiles)
    addBereft(timeline, fleet, reports, profiles)
    joinComers(timeline, fleet, profiles, reports)
    if !unrelated.isEmpty { unrelated = unrelated.filter { findings[$0.key] == nil } }
  }

  private static func isGradedLoud(_ event: Int32, _ timeline: Timeline) -> Bool {
    timeline.tones[Int(timeline.evidence.eventTemplates[Int(event)])] == .loud
  }

  /// What nobody graded, and was there from the beginning, is no trouble for being said seldom, nor for being said without
  /// a pause: an endless stream is one episode. A log may begin a little later than the others.
  private static func isOld(
    _ profile: TemplateProfiles.Profile, _ template: Int, _ timeline: Timeline
  ) -> Bool {
    guard timeline.tones[template] == .unknown else { return false }
    let since = profile.silence / max(1e-3, timeline.end - timeline.start)
    return since < 0.02 || since < 0.1 && profile.events >= 6 && profile.events >= 3 * profile.episodes
  }

  private static func news(
    _ timeline: Timeline, _ fleet: Fleet, _ profiles: TemplateProfiles, _ device: Int, _ event: Int,
    _ template: Int
  ) -> Double {
    let time = timeline.seconds[event]
    let profile = profiles.fleet[template]
    guard fleet.isShared[device] else { return TemplateProfiles.news(profile, time) }
    switch profile.role {
    case .novel: return 0.97
    case .rare, .sporadic:
      // What was there from the beginning is not new, however few the pauses in it.
      if profile.silence < 0.02 * (timeline.end - timeline.start) { return 0 }
      // One novel error of shared infrastructure is enough, if there was some time to be silent in.
      return profile.silence > 0.1 * (timeline.end - timeline.start) ? 0.9 : 0.3
    case .chatter: return 0
    case .surging:
      let own = profiles.profile(template, class: fleet.classOf[device])
      guard let own, own.role != .rare else { return 0.3 * TemplateProfiles.news(profile, time) }
      return min(TemplateProfiles.news(profile, time), TemplateProfiles.news(own, time))
    }
  }

  /// Events that follow each other closely, as bursts with the probability that all of them are everyday.
  private static func bursts(_ events: [(event: Int32, news: Double)], _ timeline: Timeline) -> [Burst] {
    var result: [Burst] = []
    var low = 0
    while low < events.count {
      var high = low + 1
      var doubt = 1 - events[low].news
      while high < events.count,
        timeline.seconds[Int(events[high].event)] - timeline.seconds[Int(events[high - 1].event)] <= burstGap
      {
        doubt *= 1 - events[high].news
        high += 1
      }
      let strong = (low..<high).first { events[$0].news >= 0.5 } ?? low
      result.append(Burst(events: events[low..<high].map(\.event), first: events[strong].event, doubt: doubt))
      low = high
    }
    return result
  }

  private static let crowdBins = 96

  /// Where sure failures gather in time: a smoothed histogram of bursts of two and more messages.
  private static func crowd(_ bursts: some Sequence<[Burst]>, _ timeline: Timeline) -> [Double] {
    var histogram = [Double](repeating: 0, count: crowdBins)
    for list in bursts {
      guard let sure = list.first(where: { $0.events.count > 1 && $0.doubt < 0.02 }) else { continue }
      histogram[bin(timeline.seconds[Int(sure.first)], timeline)] += 1
    }
    return histogram.indices.map { bin in
      (max(0, bin - 2)...min(crowdBins - 1, bin + 2)).reduce(0) { $0 + histogram[$1] }
    }
  }

  private static func bin(_ time: Double, _ timeline: Timeline) -> Int {
    let share = (time - timeline.start) / max(1e-3, timeline.end - timeline.start)
    return min(crowdBins - 1, max(0, Int(share * Double(crowdBins))))
  }

  /// The burst that is the failure: the surest, and rather when others failed too than alone.
  private static func choose(
    _ bursts: [Burst], _ timeline: Timeline, _ crowd: [Double], isShared: Bool
  ) -> Burst? {
    let top = crowd.max() ?? 0
    var best: (place: Int, score: Double)?
    for (place, burst) in bursts.enumerated() where burst.doubt <= 0.5 {
      let company = crowd[bin(timeline.seconds[Int(burst.first)], timeline)]
      if !isShared, burst.events.count == 1, company == 0, top >= 3 { continue }
      let score = min(5, -log(burst.doubt)) + 0.7 * log((company + 0.1) / (top + 0.1))
      if score > (best?.score ?? -.infinity) + 0.3 { best = (place, score) }
    }
    return best.map { reachingBack(from: $0.place, bursts, timeline) }
  }

  /// Said alone, and again within minutes and more often, the same news is of the same failure: it began with the first time. So it
  /// is where it is said again no sooner than it is said afterwards. Other news, an error as bad as what follows within minutes, is its
  /// beginning as well ("relay stuck", and then "closed" time and again); milder news may be what was done to it before.
  private static func reachingBack(from chosen: Int, _ bursts: [Burst], _ timeline: Timeline) -> Burst {
    var place = chosen
    var result = bursts[chosen]
    let template = { (event: Int32) in timeline.evidence.eventTemplates[Int(event)] }
    var kinds = Set(result.events.map(template))
    let later = bursts[chosen...].filter { $0.events.contains { kinds.contains(template($0)) } }
    let pauses = zip(later.dropFirst(), later).map { next, last in
      timeline.seconds[Int(next.events[0])] - timeline.seconds[Int(last.events.last!)]
    }
    let usual = pauses.count >= 3 ? Robust.median(pauses) : 0
    // Who tries again by the hour hardly does so twice within one.
    let reach = max(3 * burstGap, min(max(3600, 1.5 * usual), 4 * usual))
    let worst = { (events: [Int32]) in events.map { timeline.evidence.severities[Int($0)] }.min()! }
    let grade = min(worst(result.events), Severity.error.rawValue)
    while place > 0 {
      let before = bursts[place - 1]
      let pause = timeline.seconds[Int(result.events[0])] - timeline.seconds[Int(before.events.last!)]
      let isSame = before.events.contains { kinds.contains(template($0)) }
      guard before.doubt <= 0.05,
        isSame ? pause < reach : pause < 3 * burstGap && worst(before.events) <= grade
      else { break }
      kinds.formUnion(before.events.map(template))
      result.events = before.events + result.events
      result.first = before.first
      place -= 1
    }
    return result
  }

  static func finding(
    _ timeline: Timeline, _ events: ArraySlice<Int32>, _ first: Int32, _ probability: Double,
    _ reasons: [String]
  ) -> Finding {
    let time = timeline.seconds[Int(first)]
    var before = timeline.start
    if let device = events.first.map({ Int(timeline.evidence.eventDevices[Int($0)]) }) {
      for event in timeline.events(of: device) where timeline.seconds[Int(event)] < time {
        before = max(before, timeline.seconds[Int(event)])
      }
    }
    return Finding(
      time: time, earliest: max(before, time - 300), latest: time, probability: min(0.995, probability),
      kind: .log, events: Array(events), reasons: reasons)
  }

  /// Adds an entity that stopped speaking, unless it said before that it failed on its own.
  mutating func addSilence(_ device: Int, _ finding: Finding) {
    if let alone = unrelated[device], alone.time < min(finding.time + 600, finding.until ?? .infinity),
      alone.time > finding.time - 3600
    {
      return
    }
    include(device, finding)
  }

  /// How many of some failed entities tell of their failure in each kind of message.
  func kinds(saidBy members: [Int], _ timeline: Timeline) -> [Int32: Int] {
    var users: [Int32: Int] = [:]
    for device in members {
      for template in timeline.kinds(of: findings[device]!) { users[template, default: 0] += 1 }
    }
    return users
  }

  /// Counts an entity as failed, whatever was known of it apart.
  mutating func include(_ device: Int, _ finding: Finding) {
    findings[device] = finding
    unrelated[device] = nil
  }

  /// Applies an analyst's word: a rejected onset is gone, an accepted one is certain.
  mutating func judge(_ device: Int, _ isAccepted: Bool) {
    if isAccepted {
      if findings[device] == nil { findings[device] = unrelated.removeValue(forKey: device) }
      findings[device]?.probability = 1
    } else {
      findings[device] = nil
      unrelated[device] = nil
    }
  }

  /// A single message of a surging kind: among all such entities, the everyday accounts for as many as the quiet rate
  /// predicts. Failures mostly say more, so lone messages are less sure than the rate alone suggests.
  private mutating func discountLone(_ lone: [Int: [Int]], _ profiles: TemplateProfiles) {
    for (template, devices) in lone where profiles.fleet[template].role == .surging {
      let expected = profiles.fleet[template].expectedInHot
      let probability = max(0, 1 - expected / Double(devices.count))
      for device in devices {
        if probability < 0.5 {
          findings[device] = nil
        } else {
          findings[device]!.probability = min(findings[device]!.probability, probability)
        }
      }
    }
  }

  /// Seconds within which entities that hang together fail in company.
  static let companySpan = 120.0

  /// Where few failed, messages hardly ever written say nothing of each alone. Of entities that hang together, or name each
  /// other, and wrote such messages within two minutes after a time without any, they do: chance does not pick neighbours.
  private mutating func joinCompany(_ timeline: Timeline, _ fleet: Fleet, _ profiles: TemplateProfiles) {
    let known = devices
    guard known.count < 3, !unrelated.isEmpty, unrelated.count < 64 else { return }
    let quiet = timeline.start + 0.1 * (timeline.end - timeline.start)
    var entries: [(device: Int, finding: Finding, event: Int32)] = known.map { device in
      (device, findings[device]!, findings[device]!.events.first ?? -1)
    }
    for (device, finding) in unrelated.sorted(by: { $0.key < $1.key }) where findings[device] == nil {
      let rare = finding.events.first { event in
        let profile = profiles.fleet[Int(timeline.evidence.eventTemplates[Int(event)])]
        return profile.role == .rare && profile.first > quiet
      }
      if let rare { entries.append((device, finding, rare)) }
    }
    func time(_ index: Int) -> Double {
      entries[index].event >= 0 ? timeline.seconds[Int(entries[index].event)] : entries[index].finding.time
    }
    func names(_ index: Int, _ other: Int) -> Bool {
      entries[index].finding.events.contains { timeline.mention(Int($0)) == other }
    }
    func hangs(_ index: Int, _ other: Int) -> Bool {
      let device = entries[index].device
      return fleet.ancestors(of: device).contains { Int($0.device) == other }
        || fleet.contacts[device].contains(Int32(other)) || names(index, other)
    }
    for index in entries.indices where findings[entries[index].device] == nil {
      let company = entries.indices.first { other in
        other != index && abs(time(other) - time(index)) <= Self.companySpan
          && (hangs(index, entries[other].device) || hangs(other, entries[index].device))
      }
      guard let company else { continue }
      let neighbour = timeline.evidence.devices[entries[company].device]
      var finding = Self.finding(
        timeline, entries[index].finding.events[...], entries[index].event, 0.85,
        ["messages hardly ever written, while \(neighbour) failed as well"])
      finding.probability = max(finding.probability, entries[index].finding.probability)
      findings[entries[index].device] = finding
    }
  }

  /// Seconds within which the same rare message tells of the same trouble.
  private static let sameMoment = 15.0

  /// Who writes a message that is hardly ever written, in the moment in which somebody else failed with it, failed as well.
  private mutating func joinLikes(_ timeline: Timeline, _ profiles: TemplateProfiles) {
    guard !unrelated.isEmpty else { return }
    func template(_ event: Int32) -> Int { Int(timeline.evidence.eventTemplates[Int(event)]) }
    var heard: [Int: [Double]] = [:]
    for finding in findings {
      for event in finding?.events ?? [] where profiles.fleet[template(event)].role == .rare {
        heard[template(event), default: []].append(timeline.seconds[Int(event)])
      }
    }
    guard !heard.isEmpty else { return }
    for (device, alone) in unrelated.sorted(by: { $0.key < $1.key }) where findings[device] == nil {
      let first = alone.events.first { event in
        let time = timeline.seconds[Int(event)]
        return heard[template(event)]?.contains { abs($0 - time) <= Self.sameMoment } ?? false
      }
      guard let first else { continue }
      var finding = Self.finding(
        timeline, alone.events[...], first, 0.85,
        ["a message hardly ever written, which others that failed wrote in the same moment"])
      finding.probability = max(finding.probability, alone.probability)
      findings[device] = finding
    }
  }

  /// Keeps the surest findings as long as the expected share of false ones among them stays below 5 %
  /// (Bayesian false discovery rate, Storey 2002; Newton et al. 2004).
  private mutating func boundFalseDiscoveries() {
    var ranked: [(probability: Double, device: Int)] = []
    ranked.reserveCapacity(findings.count)
    for device in findings.indices {
      if let probability = findings[device]?.probability { ranked.append((probability, device)) }
    }
    ranked.sort { ($0.probability, $1.device) > ($1.probability, $0.device) }
    var doubt = 0.0
    for (position, entry) in ranked.enumerated() {
      doubt += 1 - entry.probability
      if doubt > 0.05 * Double(position + 1), entry.probability < 0.8 { findings[entry.device] = nil }
    }
  }
}
