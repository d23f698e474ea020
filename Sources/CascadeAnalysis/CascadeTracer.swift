public import IncidentModel

/// Reconstructs incidents from evidence. Pure: the same evidence and options give the same trace.
public struct CascadeTracer: Sendable {
  /// Settings of a trace.
  public struct Options: Sendable {
    /// Draws of each simulation behind an interval.
    public var simulations = 200
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
    let clocks = ClockCorrection(timeline)
    timeline.correct(by: clocks.offsets)
    let reports = Reports(timeline, fleet)
    let profiles = TemplateProfiles(timeline, fleet) { event in
      reports.isReport(Int(evidence.eventTemplates[event]))
    }
    let onsets = Onsets(timeline, fleet, profiles, reports)
    var result = Trace()
    let assembly = Assembly(timeline, fleet, onsets)
    result.clockSkews = assembly.skews(clocks)
    let members = onsets.devices
    if !members.isEmpty {
      let diagnosis = Diagnosis(
        timeline, fleet, profiles, reports, onsets, members, isTimed: { clocks.pairs[$0] > 0 })
      result.incidents.append(assembly.incident(diagnosis, members))
    }
    result.unrelated = assembly.unrelated()
    return result
  }
}
