import CascadeAnalysis
import IncidentModel
import PlaybookModel

/// Everything the metrics are computed from, sorted once: the facts, the trace, and the incident that the report is about.
struct IncidentPicture {
  var facts: CaseFacts
  let trace: Trace
  let incident: Incident?
  /// Position of the incident in the trace, from 0.
  let incidentIndex: Int
  /// What analysts noted to have happened, in order of time. The trace hands it on among the changes; it is none.
  let statedFacts: [ChangeEvent]
  /// Onsets in order of time, one for each entity.
  let onsets: [Onset]
  /// Onsets of entities none of whose onsets has a usable time, by name: affected, nobody knows when.
  let untimed: [Onset]
  /// Times of `onsets` in nanoseconds, ascending.
  let onsetTimes: [Int64]
  let forest: SpreadForest?
  /// Runs in order of their first record.
  let runs: [PlaybookRunSummary]
  let cohorts: CohortComparison
  /// What analysts decided about where it began.
  let verdicts: OriginVerdicts

  init(facts: CaseFacts, trace: Trace, incidentIndex: Int) {
    var facts = facts
    facts.annotations = facts.annotations.ofIncident(incidentIndex, in: trace)
    facts.newestEvidence = facts.newestEvidence.flatMap { Format.isPlausible($0) ? $0 : nil }
    facts.oldestEvidence = facts.oldestEvidence.flatMap { Format.isPlausible($0) ? $0 : nil }
    facts.signals.affected = facts.signals.affected?.filter {
      Format.isPlausible($0.start) && ($0.end.map { Format.isPlausible($0) } ?? true)
    }
    var position: [String: Int] = [:]
    var last: [AffectedInterval] = []
    for interval in facts.signals.affected ?? [] {
      if let index = position[interval.device] {
        last[index] = interval
      } else {
        position[interval.device] = last.count
        last.append(interval)
      }
    }
    lastIntervals = last
    self.facts = facts
    self.trace = trace
    self.incidentIndex = incidentIndex
    // Statements about a moment that no set clock shows are left out: they say nothing about when.
    var found = trace.incidents.indices.contains(incidentIndex) ? trace.incidents[incidentIndex] : nil
    found?.phases.removeAll { !Format.isPlausible($0.start) }
    found?.changes.removeAll { !Format.isPlausible($0.start) }
    // A change that was seen has events; what nobody but a person speaks of has none.
    let isStated: (ChangeEvent) -> Bool = { $0.evidence.isEmpty && $0.devices.isEmpty && $0.actor == nil }
    statedFacts = (found?.changes.filter(isStated) ?? [])
      .sorted { ($0.start, $0.template) < ($1.start, $1.template) }
    found?.changes.removeAll(where: isStated)
    incident = found
    var seen: Set<String> = []
    onsets = (incident?.onsets ?? [])
      .sorted { ($0.time, $0.device) < ($1.time, $1.device) }
      .filter { Format.isPlausible($0.time) && seen.insert($0.device).inserted }
    onsetTimes = onsets.map(\.time.nanoseconds)
    untimed = (incident?.onsets ?? []).sorted { $0.device < $1.device }
      .filter { seen.insert($0.device).inserted }
    forest = incident.map { SpreadForest($0) }
    runs = PlaybookRunSummary.all(in: facts.runs)
    cohorts = CohortComparison(inventory: facts.inventory, affected: seen)
    verdicts = OriginVerdicts(trace, incident)
  }

  /// Affected entities, those without a usable time included.
  var affected: Int { onsets.count + untimed.count }

  /// Instants of affected entities: start and end, in order of start.
  var intervals: [AffectedInterval]? {
    guard incident != nil else { return nil }
    return facts.signals.affected
  }

  /// The last interval of each affected entity, in order of first onset: how it ended up.
  let lastIntervals: [AffectedInterval]
}

/// A family of metrics. One file each; `AllMetricFamilies.swift` lists them in the order of the report.
protocol MetricFamily {
  /// What its metrics are about, in a word or two.
  static var heading: String { get }
  /// Adds the family's metrics. Later families may use the metrics of earlier ones.
  static func define(_ picture: IncidentPicture, into metrics: inout MetricSet)
}

extension MetricValue {
  /// Why nothing about an incident can be computed.
  static let noIncident = MetricValue.notComputable("no incident was found in the evidence")
}
