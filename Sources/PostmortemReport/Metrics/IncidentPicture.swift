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
  /// Runs in order of their first record; where the trace holds several incidents, those that acted on somebody of this one.
  let runs: [PlaybookRunSummary]
  /// Runs that acted only on devices which have no part in this incident, of several: no figure counts them.
  let otherRuns: [PlaybookRunSummary]
  /// Devices of the inventory with what the early failing ones share; nil where nothing is shared, or no column says it.
  let carriers: Set<String>?
  let cohorts: CohortComparison
  /// What the affected are.
  let kinds: EntityKinds
  /// What analysts decided about where it began.
  let verdicts: OriginVerdicts
  /// The changes that the trace takes for the cause.
  let causes: ExplainingChanges

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
    let carriers = incident?.commonCause.flatMap { Self.carriers($0, facts.inventory) }
    self.carriers = carriers
    let all = PlaybookRunSummary.all(in: facts.runs)
    if trace.incidents.count > 1, let incident {
      let party = Self.party(incident, seen, carriers ?? [], trace, incidentIndex)
      let isOfThis = { (run: PlaybookRunSummary) in
        run.targets.isEmpty || !run.targets.isDisjoint(with: party)
      }
      runs = all.filter(isOfThis)
      otherRuns = all.filter { !isOfThis($0) }
    } else {
      runs = all
      otherRuns = []
    }
    kinds = EntityKinds(facts.inventory, incident, affected: seen.sorted())
    cohorts = CohortComparison(inventory: facts.inventory, affected: seen, kind: kinds.column)
    verdicts = OriginVerdicts(trace, incident)
    causes = ExplainingChanges(incident)
  }

  /// Devices of the inventory that have all terms of a common cause; nil where it has no such column.
  private static func carriers(_ cause: CommonCause, _ inventory: Inventory) -> Set<String>? {
    let terms = cause.terms.compactMap { term in
      inventory.attributes.firstIndex(of: term.attribute).map { (column: $0, value: term.value) }
    }
    guard !terms.isEmpty, terms.count == cause.terms.count else { return nil }
    var found: Set<String> = []
    for (row, device) in inventory.devices.enumerated()
    where terms.allSatisfy({ inventory.value(row: row, attribute: $0.column) == $0.value }) {
      found.insert(device)
    }
    return found
  }

  /// Everybody who has a part in an incident: who failed, where it may have begun, over whom it went, who got the change that
  /// explains it, and who has what the failing ones share and did not fail in another one.
  private static func party(
    _ incident: Incident, _ affected: Set<String>, _ carriers: Set<String>, _ trace: Trace, _ index: Int
  ) -> Set<String> {
    var elsewhere: Set<String> = []
    for (other, one) in trace.incidents.enumerated() where other != index {
      elsewhere.formUnion(one.onsets.map(\.device))
    }
    var party = carriers
    let causes = ExplainingChanges(incident).all
    for change in causes { party.formUnion(change.devices) }
    party.subtract(elsewhere)
    party.formUnion(causes.compactMap(\.actor))
    party.formUnion(affected)
    party.formUnion(incident.origins.map(\.device))
    party.formUnion(incident.edges.flatMap { [$0.from, $0.to] })
    return party
  }

  /// The trigger that the trace names, where it is one: a change, or a message by which a failure showed itself. Where no change
  /// explains the failures, the trace puts the first of them in its place; of who only fell silent, or whose numbers
  /// changed, the last message is an ordinary one and started nothing.
  var triggerPhase: Phase? {
    guard let incident, let phase = incident.phases.first(where: { $0.name == .trigger }) else { return nil }
    if causes.tell(of: phase.start, phase.evidence) { return phase }
    let told = incident.onsets.contains {
      ($0.kind == .log || $0.kind == .reported)
        && ($0.time == phase.start || !Set($0.evidence).isDisjoint(with: phase.evidence))
    }
    return told ? phase : nil
  }

  /// True where a moment is that of a change which went out. What the trace found is one where it takes a change for the cause; what
  /// a person states is one where any change was seen within ten minutes of it.
  func tellsOfChange(_ at: Instant, _ events: [EventID], isStated: Bool) -> Bool {
    guard let incident else { return false }
    if causes.tell(of: at, events) { return true }
    return isStated
      && incident.changes.contains { abs($0.start.nanoseconds - at.nanoseconds) <= 600_000_000_000 }
  }

  /// True where there are events and none of them has a usable time: nothing can be traced then, and nothing was looked at.
  var isTimeless: Bool {
    incident == nil && facts.eventCount > 0 && facts.newestEvidence == nil && facts.oldestEvidence == nil
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
  /// Why nothing about an incident can be computed where nothing can be placed in time.
  static let timeless = MetricValue.notComputable("nothing can be traced, since no event has a usable time")
}
