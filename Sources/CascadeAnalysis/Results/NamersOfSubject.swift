public import IncidentModel

extension Trace {
  /// Those that failed in an incident and named an entity around then (five minutes before to fifteen after), in the order of names:
  /// what is known of an entity that did not fail and that nobody reported.
  public func failuresThatName(_ subject: String, in evidence: IncidentEvidence) -> [String] {
    guard let named = evidence.devices.firstIndex(of: subject) else { return [] }
    var onsets: [String: Instant] = [:]
    for onset in incidents.flatMap(\.onsets) { onsets[onset.device] = onset.time }
    var found: Set<String> = []
    for (event, device) in zip(evidence.mentionEvents, evidence.mentionDevices) where Int(device) == named {
      let speaker = Int(evidence.eventDevices[Int(event)])
      guard speaker >= 0, speaker != named, let onset = onsets[evidence.devices[speaker]] else { continue }
      let late = Instant(nanoseconds: evidence.times[Int(event)]).seconds(since: onset)
      if late > -300, late < 900 { found.insert(evidence.devices[speaker]) }
    }
    return found.sorted()
  }
}
