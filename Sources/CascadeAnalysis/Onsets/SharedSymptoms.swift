internal import IncidentModel

/// New messages that tell of no trouble by their grade, and that hardly anybody says but those that failed, right after they did ("files
/// renamed", graded as a notice): who says such a message without any other sign of trouble failed as well, as the first one that
/// nobody came to before did.
///
/// What comes before a failure may be its reason, and is none of these. Fails where those that failed say nothing in common.
extension Onsets {
  /// Fewer say the same by chance.
  private static let fewestAlike = 5
  /// Seconds after a failure in which its symptoms are said, and before it, as clocks of one device are exact to.
  private static let symptomSpan = 120.0
  private static let symptomSlack = 2.0
  /// Seconds around the failures in which others say the same of the same.
  private static let sameTime = 900.0

  mutating func joinSymptoms(_ timeline: Timeline, _ profiles: TemplateProfiles, _ reports: Reports) {
    let failed = devices.filter { findings[$0]!.kind == .log }
    guard failed.count >= Self.fewestAlike else { return }
    let isCandidate = profiles.fleet.indices.map {
      !timeline.isLoud[$0] && profiles.fleet[$0].role == .novel && !reports.isReport($0)
    }
    guard isCandidate.contains(true) else { return }
    let times = failed.map { findings[$0]!.time }
    let range = times.min()! - Self.sameTime...times.max()! + Self.sameTime
    var first: [Int: [Int: Int32]] = [:]
    for device in 0..<timeline.deviceCount {
      for event in timeline.events(of: device) {
        let template = Int(timeline.evidence.eventTemplates[Int(event)])
        guard isCandidate[template], range.contains(timeline.seconds[Int(event)]),
          first[template]?[device] == nil
        else { continue }
        first[template, default: [:]][device] = event
      }
    }
    for (_, said) in first.sorted(by: { $0.key < $1.key }) {
      let lags = said.compactMap { device, event in
        findings[device].map { timeline.seconds[Int(event)] - $0.time }
      }
      let others = said.filter { findings[$0.key] == nil }
      guard !others.isEmpty, lags.count >= Self.fewestAlike, lags.count * 5 >= failed.count * 4,
        others.count * 9 <= lags.count,
        lags.count(where: { $0 >= -Self.symptomSlack && $0 <= Self.symptomSpan }) * 10 >= lags.count * 9
      else { continue }
      for (device, event) in others {
        let time = timeline.seconds[Int(event)]
        include(
          device,
          Finding(
            time: time, earliest: time - max(0, Robust.median(lags)), latest: time, probability: 0.9,
            kind: .log,
            events: [event],
            reasons: ["a new message that hardly anybody wrote but those that failed, right after they did"]))
      }
    }
  }
}
