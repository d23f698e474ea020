public import IncidentModel

/// Reconstructs incidents from evidence. Pure: the same evidence and options give the same trace.
public struct CascadeTracer: Sendable {
  /// Settings of a trace.
  public struct Options: Sendable {
    /// Draws of each simulation behind an interval.
    public var simulations = 200
    /// What analysts decided.
    public var judgements: [Judgement] = []
    /// What analysts know.
    public var facts: [KnownFact] = []
    /// Whether probabilities are fitted to what happened over generated incidents (see `Calibration`); false gives the
    /// scores that they are fitted from.
    public var isCalibrated = true
    /// Defaults.
    public init() {}
  }
  /// The settings.
  public var options: Options

  /// A tracer with some settings.
  public init(_ options: Options = Options()) { self.options = options }

  /// What happened: clocks, onsets, changes, common cause, origins, spread, phases.
  ///
  /// Evidence that the caller gives up is given up here piece by piece, as millions of events are.
  public func trace(_ evidence: consuming IncidentEvidence) -> Trace {
    var timeline = Timeline(SeriesTables.divided(consume evidence))
    var fleet = Fleet(timeline.evidence)
    fleet.learn(from: timeline)
    fleet.findApart(timeline)
    let judgements = Judgements(options.judgements, timeline.evidence.devices)
    var clocks = ClockCorrection(timeline, fleet)
    timeline.forgetTokens()
    timeline.correct(by: clocks)
    var first: Reading? = Reading(timeline, fleet, clocks, judgements)
    let guessed = first?.clocksByCompany(clocks) ?? [:]
    if !guessed.isEmpty {
      for (device, guess) in guessed {
        clocks.offsets[device] = guess.offset
        clocks.errors[device] = guess.error
      }
      first = nil
      timeline.uncorrect()
      timeline.correct(by: clocks)
    }
    let reading = first ?? Reading(timeline, fleet, clocks, judgements)
    first = nil
    var result = Trace()
    result.judgements = options.judgements
    result.clockSkews = Assembly(reading, judgements, options.facts).skews(clocks)
    if timeline.eventCount > 0 {
      result.window = timeline.instant(timeline.start)...timeline.instant(timeline.end)
    }
    var apart: [String: Onset] = [:]
    var segments = Segments(reading.onsets, reading.members, timeline)
    if reading.onsets.areOneByOne(reading.members) || !segments.areWhole && reading.saySame() {
      segments = Segments()
    }
    var wentOn = reading.wentOn
    var unheard = reading.unheard
    for segment in segments.list {
      // A short incident in a long window is read once more from nearby.
      let near = segments.areWhole ? reading : reading.narrowed(to: segment, clocks, judgements)
      let (incidents, singles) = incidents(in: near, of: reading, segment, judgements)
      wentOn.merge(near.wentOn) { first, _ in first }
      if !segments.areWhole { unheard += near.unheard }
      result.incidents += incidents
      for single in singles { apart[single.device] = single }
    }
    if !segments.areWhole {
      for single in Assembly(reading, judgements, options.facts).unrelated(and: segments.outside)
      where apart[single.device] == nil { apart[single.device] = single }
    }
    if options.isCalibrated {
      for index in result.incidents.indices {
        Calibration.standard.apply(to: &result.incidents[index], judgements)
      }
    }
    for index in result.incidents.indices
    where result.incidents[index].wasPlanned || result.incidents[index].mayBeGap
      || result.incidents[index].mayBeHarmless
    {
      result.incidents[index].doubtFailures()
    }
    for index in result.incidents.indices where !judgements.origins.values.contains(true) {
      result.incidents[index].applyUnseenOrigin()
    }
    if options.isCalibrated {
      for index in result.incidents.indices { result.incidents[index].boundGuessedEdges() }
    }
    result.incidents.sort { ($0.onsets.count, $1.start) > ($1.onsets.count, $0.start) }
    for index in result.incidents.indices {
      result.incidents[index].counterfactual = WhatIf(trace: result, incident: result.incidents[index])?
        .rollout(WhatIfPolicy(), draws: options.simulations)
      for onset in result.incidents[index].onsets { apart[onset.device] = nil }
    }
    result.unrelated = apart.values.sorted { ($0.time, $0.device) < ($1.time, $1.device) }
    result.unheard = unheard.map { timeline.unheard($0) }
    Departures.tell(&result, reading.timeline, clocks)
    reading.setAsideEveryday(&result, wentOn)
    result.tellTroubleOfOrigins()
    reading.tellWhoCameToOrigins(&result)
    // A fifth of all that speak did not fail by chance, even where no incident was made out (a slow worm, without a rhythm).
    let speakers = (0..<timeline.deviceCount).count { !timeline.events(of: $0).isEmpty }
    let areMany =
      result.incidents.isEmpty && result.unrelated.count >= 8 && result.unrelated.count * 5 >= speakers
    reading.markLikes(&result)
    for index in result.unrelated.indices {
      let device = result.unrelated[index].device
      // Who may have begun an incident is not told to have nothing to do with it.
      if areMany || result.incidents.contains(where: { $0.mayHaveBegun(at: device) }) {
        result.unrelated[index].nearness = .beside
      }
      // One stretch of the evidence may hold no incident while another does.
      if result.unrelated[index].nearness == .alone, !result.incidents.isEmpty {
        result.unrelated[index].nearness = .outside
      }
      result.unrelated[index].unrelated = Calibration.unrelated(result.unrelated[index])
    }
    result.caveats =
      Caveats.list(timeline, fleet, clocks, result) + reading.lossesOfThoseThatSpokeOn(result)
      + judgements.notes + options.facts.map { $0.note(result) }
    return result
  }

  /// The incidents that a reading holds, and the failures that belong to none.
  private func incidents(
    in reading: Reading, of wide: Reading, _ segment: ClosedRange<Double>, _ judgements: Judgements
  ) -> ([Incident], [Onset]) {
    var assembly = Assembly(reading, judgements, options.facts)
    var incidents: [Incident] = []
    let isInside = { (device: Int) in segment.contains(reading.onsets.findings[device]!.time) }
    let members = reading.members.filter(isInside)
    assembly.setApart(reading.members.filter { !isInside($0) })
    guard let whole = reading.diagnosis(of: members) else { return ([], assembly.unrelated()) }
    let isOfWaves = reading.saySame(whole) ? reading.shares(whole) : nil
    let split = IncidentSplit(
      reading.timeline, reading.onsets, members, assembly.spread(whole, members).best,
      received: whole.change.map { Set($0.received.keys) }, reading.fleet, isOfWaves: isOfWaves)
    assembly.setApart(split.singles)
    var open = split.groups
    while !open.isEmpty {
      let group = open.removeFirst()
      // A change that explains tens of thousands beside a few strays is not looked for again without those.
      let strays = members.count - group.count
      let isWhole =
        strays == 0 || whole.family == .change && members.count > 20_000 && strays * 200 <= members.count
      guard var diagnosis = isWhole ? whole : reading.diagnosis(of: group) else { continue }
      if let apart = reading.changedApart(in: group, diagnosis) {
        open.insert(group.filter { !apart.contains($0) }, at: 0)
        open.append(apart.sorted())
        continue
      }
      diagnosis.isPlanned = reading.wasPlanned(group, diagnosis, wide)
      diagnosis.mayBeHarmless = !diagnosis.isPlanned && reading.areHarmless(group, diagnosis, wide)
      guard diagnosis.isCascade(of: group, in: reading.timeline) else {
        assembly.setApart(group)
        continue
      }
      guard let named = reading.withOrigin(of: group, diagnosis, assembly) else {
        incidents.append(assembly.incident(diagnosis, group))
        continue
      }
      assembly = named.assembly
      incidents.append(assembly.incident(named.diagnosis, named.group))
    }
    return (incidents, assembly.unrelated())
  }
}

extension Incident {
  fileprivate func mayHaveBegun(at device: String) -> Bool {
    origins.contains { $0.device == device && $0.probability > 0.3 }
  }

  fileprivate var start: Int64 { onsets.first?.time.nanoseconds ?? .max }
}

/// One pass over a timeline whose clocks are settled: who failed when, and why.
struct Reading {
  let timeline: Timeline
  private(set) var onsets: Onsets
  private(set) var members: [Int]
  let fleet: Fleet
  let profiles: TemplateProfiles
  let reports: Reports
  /// Who only warned and went on as ever (see `WentOn`).
  private(set) var wentOn: [String: Onset] = [:]
  /// Of whom nothing is known from some moment on (see `RelayedSilences`).
  let unheard: [RelayedSilences.Group]
  private let isTimed: [Bool]
  let metrics: MetricOnsets
  private let routine: DailyRoutine
  private let starts: FirstWords
  private let heard: EvidenceStart
  private let earlier: EarlierRounds

  /// `whole` where more is known than the timeline holds.
  init(
    _ timeline: Timeline, _ fleet: Fleet, _ clocks: ClockCorrection, _ judgements: Judgements,
    of whole: Reading? = nil
  ) {
    var timeline = timeline
    let everyday = Tones.everyday(timeline)
    for template in everyday.indices where everyday[template] { timeline.isLoud[template] = false }
    let reporting = ReportTemplates(timeline, fleet)
    heard = whole?.heard ?? EvidenceStart(timeline)
    var profiles = TemplateProfiles(timeline, fleet, reporting, heard)
    let tones = Tones(timeline, fleet, profiles, reporting)
    timeline.isLoud = tones.isLoud
    timeline.remember(tones.told, as: .quiet)
    if tones.isGuessed { profiles = TemplateProfiles(timeline, fleet, reporting, heard) }
    self.timeline = timeline
    let reports = Reports(timeline, fleet, reporting, profiles, heard)
    routine = whole?.routine ?? DailyRoutine(timeline, profiles)
    starts = whole?.starts ?? FirstWords(timeline)
    earlier = whole?.earlier ?? EarlierRounds(timeline)
    let clockwork = RunningClockwork(whole?.timeline ?? timeline)
    var onsets = Onsets(timeline, fleet, profiles, reports, routine, starts, clockwork)
    for (device, isAccepted) in judgements.onsets { onsets.judge(device, isAccepted) }
    metrics = MetricOnsets(timeline, clocks)
    onsets.add(metrics, fleet)
    var aside = WentOn.setAside(&onsets, timeline, fleet, profiles, reports, judgements)
    aside.merge(WentOn.setAsideMissing(&onsets, timeline, fleet, profiles, reports, judgements)) { $1 }
    aside.merge(WentOn.setAsideRemarks(&onsets, timeline, fleet, profiles, reports, judgements)) { $1 }
    var fleet = fleet
    fleet.narrow(onsets)
    if whole == nil { fleet.forgetReporters(onsets, timeline) }
    unheard = onsets.addSilences(timeline, fleet, partOf: whole?.unheard)
    for (device, isAccepted) in judgements.onsets where !isAccepted { onsets.judge(device, false) }
    self.onsets = onsets
    members = onsets.devices
    wentOn = aside.filter { onsets.findings[$0.key] == nil }.reduce(into: [:]) {
      $0[timeline.evidence.devices[$1.key]] = timeline.onset($1.key, $1.value)
    }
    self.fleet = fleet
    self.profiles = profiles
    self.reports = reports
    isTimed = clocks.pairs.map { $0 > 0 }
  }

  /// What explains the failures of these entities, as if no others had failed; nil for none.
  func diagnosis(of group: [Int]) -> Diagnosis? {
    guard !group.isEmpty else { return nil }
    var limited = onsets
    if group.count < members.count {
      var isMember = [Bool](repeating: false, count: timeline.deviceCount)
      for device in group { isMember[device] = true }
      for device in members where !isMember[device] {
        limited.findings[device] = nil
        limited.excluded.insert(device)
      }
    }
    return Diagnosis(
      timeline, fleet, profiles, reports, limited, group, metrics, earlier, isTimed: { isTimed[$0] })
  }

  /// The same with one more failure.
  func including(_ device: Int, _ finding: Onsets.Finding) -> Reading {
    var reading = self
    reading.onsets.include(device, finding)
    reading.members = reading.onsets.devices
    return reading
  }

  /// Clocks that no pair of events measures, guessed from the company an entity failed in.
  func clocksByCompany(_ clocks: ClockCorrection) -> [Int: (offset: Double, error: Double)] {
    guard ClockByCompany.isWorthwhile(clocks, fleet, onsets, members), let diagnosis = diagnosis(of: members)
    else { return [:] }
    return ClockByCompany(clocks, fleet, onsets, members, cohort: diagnosis.cohort).found
  }

  /// The same with nothing but what lies around a segment.
  func narrowed(
    to segment: ClosedRange<Double>, _ clocks: ClockCorrection, _ judgements: Judgements
  ) -> Reading {
    let span = segment.upperBound - segment.lowerBound
    var near = Timeline(
      timeline.evidence(
        from: segment.lowerBound - max(3600, 1.5 * span), to: segment.upperBound + max(1800, span)),
      of: timeline)
    near.correct(by: clocks)
    var reading = Reading(near, fleet, clocks, judgements, of: self)
    reading.forgetPauses(of: self)
    reading.keepSilences(of: self, in: segment)
    reading.keepFirstWords(of: self, in: segment)
    return reading
  }

  /// Who tries again by the hour has too few tries nearby to know its pause: where the whole window shows that the same new trouble
  /// began earlier, that stays. So does that somebody only warned.
  private mutating func keepFirstWords(of wide: Reading, in segment: ClosedRange<Double>) {
    let early = members.filter { device in
      guard let near = onsets.findings[device], let far = wide.onsets.findings[device], near.kind == .log,
        far.kind == .log, segment.contains(far.time), far.time < near.time - 2 * Onsets.burstGap,
        far.time > near.time - 2 * Self.usualRetry
      else { return false }
      let kinds = timeline.templates(of: near.events)
      return wide.timeline.templates(of: far.events).contains {
        kinds.contains($0) && wide.profiles.fleet[Int($0)].role == .novel
      }
    }
    let harmless = members.filter { device in
      guard let aside = wide.wentOn[timeline.evidence.devices[device]], let near = onsets.findings[device]
      else {
        return false
      }
      return near.kind == .log
        && Set(near.events.map { timeline.id(Int($0)) }).isSubset(of: aside.evidence)
    }
    for device in harmless { onsets.judge(device, false) }
    guard !early.isEmpty || !harmless.isEmpty else { return }
    var place: [Int64: Int32] = [:]
    for (position, id) in timeline.evidence.eventIDs.enumerated() { place[id] = Int32(position) }
    for device in early {
      var finding = wide.onsets.findings[device]!
      finding.events = finding.events.compactMap { place[wide.timeline.evidence.eventIDs[Int($0)]] }
      guard !finding.events.isEmpty else { continue }
      onsets.findings[device] = finding
    }
    members = onsets.devices
  }

  /// Seconds after which most try again at the latest.
  private static let usualRetry = 3600.0

  /// From nearby a pause may look like the end: who speaks again beyond, after a pause that is hardly longer than another that it took, was
  /// not silent.
  private mutating func forgetPauses(of wide: Reading) {
    let end = timeline.end
    for device in members {
      guard let finding = onsets.findings[device], finding.kind == .silence, finding.until == nil,
        let last = wide.timeline.events(of: device).last, wide.timeline.seconds[Int(last)] > end
      else { continue }
      var before = -Double.infinity
      var silence = 0.0
      var longest = 0.0
      for event in wide.timeline.events(of: device) {
        let time = wide.timeline.seconds[Int(event)]
        if before > -.infinity {
          if before <= finding.earliest + 1, time > finding.earliest + 1 {
            silence = time - before
          } else {
            longest = max(longest, time - before)
          }
        }
        before = time
      }
      if silence > 0, silence <= Self.hardlyLonger * longest { onsets.judge(device, false) }
    }
    members = onsets.devices
  }

  private static let hardlyLonger = 1.5

  /// Who speaks twice an hour cannot be missed from nearby: silences that the whole window shows stay.
  private mutating func keepSilences(of wide: Reading, in segment: ClosedRange<Double>) {
    let silent = wide.members.filter { device in
      let finding = wide.onsets.findings[device]!
      guard finding.kind == .silence, segment.contains(finding.time) else { return false }
      // From nearby a silence may seem to last.
      return onsets.findings[device].map { finding.until != nil && $0.kind == .silence } ?? true
    }
    guard !silent.isEmpty else { return }
    var place: [Int64: Int32] = [:]
    for device in silent {
      for event in wide.onsets.findings[device]!.events {
        place[wide.timeline.evidence.eventIDs[Int(event)]] = -1
      }
    }
    for (position, id) in timeline.evidence.eventIDs.enumerated() where place[id] != nil {
      place[id] = Int32(position)
    }
    for device in silent {
      var finding = wide.onsets.findings[device]!
      let ids = finding.events.map { wide.timeline.evidence.eventIDs[Int($0)] }
      finding.events = ids.compactMap { place[$0]! >= 0 ? place[$0]! : nil }
      // Last words before the stretch are known by their ids alone.
      if finding.events.isEmpty { finding.eventIDs = ids.map { EventID(rawValue: $0) } }
      onsets.addSilence(device, finding)
    }
    members = onsets.devices
  }
}
