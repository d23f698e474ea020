internal import IncidentModel

/// Who only says that others cannot be reached is no provider of theirs: a monitor that names a site when it is gone, and nobody before.
extension Fleet {
  private static let fewestReported = 3

  /// Takes back that entities hang on one that names them, where it named hardly any of the failed before they failed, goes on to say
  /// what it always said after the last of them did, and has no trouble of its own. Who passes on what others send names them all the
  /// time; who fails with them falls silent or says so.
  mutating func forgetReporters(_ onsets: Onsets, _ timeline: Timeline) {
    for (hub, named) in namedBelow where onsets.findings[hub] == nil {
      let failures = named.compactMap { device in onsets.findings[device].map { (device, $0.time) } }
      guard failures.count >= Self.fewestReported, let first = failures.map(\.1).min(),
        let last = failures.map(\.1).max()
      else { continue }
      var firstNamed: [Int: Double] = [:]
      var before: Set<Int32> = []
      var after: Set<Int32> = []
      for event in timeline.events(of: hub) {
        let time = timeline.seconds[Int(event)]
        let other = Int(timeline.firstMention[Int(event)])
        if other >= 0 {
          firstNamed[other] = min(time, firstNamed[other] ?? .infinity)
        } else if time < first {
          before.insert(timeline.evidence.eventTemplates[Int(event)])
        } else if time > last {
          after.insert(timeline.evidence.eventTemplates[Int(event)])
        }
      }
      let late = failures.count { firstNamed[$0.0].map { [time = $0.1] in $0 >= time } ?? false }
      guard late * 5 >= failures.count * 4, !before.isDisjoint(with: after) else { continue }
      for device in named { removeHint(provider: hub, of: device) }
      namedBelow[hub] = nil
    }
  }
}
