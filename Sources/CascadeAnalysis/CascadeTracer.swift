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
    /// Defaults.
    public init() {}
  }
  /// The settings.
  public var options: Options

  /// A tracer with some settings.
  public init(_ options: Options = Options()) { self.options = options }

  /// What happened: clocks, onsets, changes, common cause, origins, spread, phases.
  public func trace(_ evidence: IncidentEvidence) -> Trace {
    var timeline = Timeline(evidence)
    let fleet = Fleet(evidence)
    let judgements = Judgements(options.judgements, evidence.devices)
    var clocks = ClockCorrection(timeline, fleet)
    timeline.correct(by: clocks.offsets)
    var reading = Reading(timeline, fleet, clocks, judgements)
    var whole = reading.diagnosis(of: reading.members)
    if let diagnosis = whole {
      let guessed = ClockByCompany(clocks, fleet, reading.onsets, reading.members, cohort: diagnosis.cohort)
        .found
      if !guessed.isEmpty {
        timeline.correct(by: clocks.offsets.indices.map { guessed[$0]?.offset ?? 0 })
        for (device, guess) in guessed {
          clocks.offsets[device] = guess.offset
          clocks.errors[device] = guess.error
        }
        reading = Reading(timeline, fleet, clocks, judgements)
        whole = reading.diagnosis(of: reading.members)
      }
    }
    var result = Trace()
    var assembly = Assembly(
      reading.timeline, fleet, reading.onsets, reading.reports, judgements, options.facts)
    result.clockSkews = assembly.skews(clocks)
    if let whole {
      let split = IncidentSplit(
        reading.timeline, reading.onsets, reading.members, assembly.spread(whole, reading.members).best)
      assembly.setApart(split.singles)
      for group in split.groups {
        let isAll = group.count == reading.members.count
        guard let diagnosis = isAll ? whole : reading.diagnosis(of: group) else { continue }
        guard diagnosis.isCascade(of: group, in: reading.timeline) else {
          assembly.setApart(group)
          continue
        }
        result.incidents.append(assembly.incident(diagnosis, group))
      }
    }
    if timeline.eventCount > 0 {
      result.window = timeline.instant(timeline.start)...timeline.instant(timeline.end)
    }
    for index in result.incidents.indices {
      result.incidents[index].counterfactual = WhatIf(trace: result, incident: result.incidents[index])?
        .rollout(WhatIfPolicy(), draws: options.simulations)
    }
    result.unrelated = assembly.unrelated()
    result.caveats = Caveats.list(reading.timeline, fleet, clocks, result) + judgements.notes
    return result
  }
}

/// One pass over a timeline whose clocks are settled: who failed when, and why.
private struct Reading {
  let timeline: Timeline
  let onsets: Onsets
  let members: [Int]
  private let fleet: Fleet
  private let profiles: TemplateProfiles
  let reports: Reports
  private let isTimed: [Bool]

  init(_ timeline: Timeline, _ fleet: Fleet, _ clocks: ClockCorrection, _ judgements: Judgements) {
    var timeline = timeline
    let everyday = Tones.everyday(timeline)
    for template in everyday.indices where everyday[template] { timeline.isLoud[template] = false }
    let reporting = ReportTemplates(timeline, fleet)
    var profiles = TemplateProfiles(timeline, fleet, reporting)
    let tones = Tones(timeline, fleet, profiles, reporting)
    timeline.isLoud = tones.isLoud
    if tones.isGuessed { profiles = TemplateProfiles(timeline, fleet, reporting) }
    self.timeline = timeline
    let reports = Reports(timeline, fleet, reporting, profiles)
    var onsets = Onsets(timeline, fleet, profiles, reports)
    for (device, isAccepted) in judgements.onsets { onsets.judge(device, isAccepted) }
    onsets.add(MetricOnsets(timeline, offsets: clocks.offsets), fleet)
    self.onsets = onsets
    members = onsets.devices
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
      let isMember = Set(group)
      for device in members where !isMember.contains(device) { limited.findings[device] = nil }
    }
    return Diagnosis(timeline, fleet, profiles, reports, limited, group, isTimed: { isTimed[$0] })
  }
}
