internal import IncidentModel

/// Who only misses others: a control room that warns of junctions it no longer hears, and polls the rest as ever.
///
/// It has others below it, three of which and more had failed when it began; all that it says of trouble from then on is graded a warning, or
/// says in words that somebody is gone; its everyday messages go on as before; nobody reports it; and nobody's failure needs it: those below it
/// that failed later hang on something else as well that failed before them. An overload shows in the everyday messages, in errors, or
/// in those that fail of it. Fails for a provider that serves as ever by its log, and for nobody.
extension WentOn {
  /// Fewer had not failed before for it to miss them.
  private static let fewestMissed = 3

  /// Takes away the findings of those who only miss others; gives what was taken away, by entity.
  static func setAsideMissing(
    _ onsets: inout Onsets, _ timeline: Timeline, _ fleet: Fleet, _ profiles: TemplateProfiles,
    _ reports: Reports, _ judgements: Judgements
  ) -> [Int: Onsets.Finding] {
    let wentOn = WentOn(timeline, profiles, reports)
    func failed(below device: Int) -> [Int] {
      fleet.descendants(of: device).map { Int($0) }.filter { onsets.findings[$0] != nil }
    }
    let mild = onsets.devices.filter { device in
      let finding = onsets.findings[device]!
      return judgements.onsets[device] != true && !fleet.dependants[device].isEmpty && finding.kind == .log
        && !finding.isOneByOne && finding.namedBy == 0 && !reports.speaksOf(device)
        && onlyMisses(device, since: finding.time, timeline, profiles)
        && wentOn.goesOn(device, finding.time)
        && failed(below: device).count { onsets.findings[$0]!.time < finding.time } >= fewestMissed
    }
    guard !mild.isEmpty else { return [:] }
    let isMild = Set(mild)
    var aside: [Int: Onsets.Finding] = [:]
    for device in mild {
      let own = onsets.findings[device]!.time
      let below = failed(below: device)
      let later = below.filter { onsets.findings[$0]!.time >= own }
      let unexplained = later.count { child in
        !fleet.ancestors(of: child).contains { above, _ in
          guard let time = onsets.findings[Int(above)]?.time, !isMild.contains(Int(above)) else {
            return false
          }
          return time < onsets.findings[child]!.time && !fleet.hangs(Int(above), on: device)
        }
      }
      guard unexplained * 10 <= below.count else { continue }
      aside[device] = onsets.findings[device]!
      aside[device]!.reasons = [missing]
    }
    for device in aside.keys { onsets.findings[device] = nil }
    return aside
  }

  private static let missing =
    "it warned when others had failed before, its everyday messages went on as before, and nobody failed of it"

  /// Whether all that an entity says of trouble from its onset on is mild, or that somebody is gone.
  private static func onlyMisses(
    _ device: Int, since onset: Double, _ timeline: Timeline, _ profiles: TemplateProfiles
  ) -> Bool {
    timeline.events(of: device).allSatisfy { event in
      let template = Int(timeline.evidence.eventTemplates[Int(event)])
      guard timeline.seconds[Int(event)] >= onset, timeline.isLoud[template],
        profiles.fleet[template].role != .chatter
      else { return true }
      let tellsOfOthers = timeline.words.tellsOfLoss[template] && !timeline.words.tellsOfFailure[template]
      return timeline.evidence.severities[Int(event)] == Severity.warning.rawValue || tellsOfOthers
    }
  }
}
