internal import IncidentModel

/// Who is named by the origin of an incident in its own trouble before the incident began, above all who got in there after having been
/// refused, is not told to have nothing to do with it: perhaps it began there.
extension Reading {
  /// As sure as a claim that is made without doubt.
  private static let fewestChances = 0.5

  func tellWhoCameToOrigins(_ trace: inout Trace) {
    for index in trace.incidents.indices {
      guard let origin = trace.incidents[index].origins.first, origin.probability >= Self.fewestChances,
        let device = timeline.evidence.devices.firstIndex(of: origin.device)
      else { continue }
      let failed = Set(trace.incidents[index].onsets.map(\.device))
      let start =
        trace.incidents[index].onsets.first { $0.device != origin.device }?.time.seconds(
          since: timeline.instant(0)) ?? .infinity
      if let entry = timeline.breakIns.first(where: { $0.device == device }), let source = entry.source,
        !failed.contains(timeline.evidence.devices[source])
      {
        let name = timeline.evidence.devices[source]
        trace.incidents[index].origins[0].reasonsFor.append(
          "it let \(name) in, which it had refused \(entry.refusals) times just before")
        trace.incidents[index].origins[0].evidence.append(EventID(rawValue: entry.id))
      }
      guard !trace.unrelated.isEmpty else { continue }
      let named = namedInTrouble(of: device, trace.incidents[index], before: start)
      for other in trace.unrelated.indices
      where named.contains(trace.unrelated[other].device) && !failed.contains(trace.unrelated[other].device) {
        let nearness = trace.unrelated[other].nearness ?? .outside
        if nearness == .outside || nearness == .inside { trace.unrelated[other].nearness = .named }
      }
    }
  }

  /// Whom an origin names in what is cited of its own trouble, or let in.
  private func namedInTrouble(of device: Int, _ incident: Incident, before start: Double) -> Set<String> {
    let name = timeline.evidence.devices[device]
    let announced = Set(incident.changes.flatMap(\.evidence))
    let cited = Set(
      (incident.origins[0].evidence + incident.onsets.filter { $0.device == name }.flatMap(\.evidence))
        .filter { !announced.contains($0) }.map(\.rawValue))
    var named: Set<String> = []
    for event in timeline.events(of: device)
    where timeline.seconds[Int(event)] <= start && cited.contains(timeline.evidence.eventIDs[Int(event)]) {
      let other = timeline.mention(Int(event))
      if other >= 0 { named.insert(timeline.evidence.devices[other]) }
    }
    if let source = timeline.breakIns.first(where: { $0.device == device })?.source {
      named.insert(timeline.evidence.devices[source])
    }
    return named
  }
}
