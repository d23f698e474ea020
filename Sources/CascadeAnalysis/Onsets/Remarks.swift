internal import IncidentModel

/// What infrastructure that nothing ties to anybody said once, as it hardly ever does, and went on as ever: a certificate renewed, a zone
/// loaded, a log rotated. Nobody graded it, and no word of it tells of trouble; it dates no failure.
///
/// It is kept apart, since it may tell what was done just before others failed (see `Forerunners`). Infrastructure that others are known to
/// hang on is not judged here: that they fail after it said so is evidence of its own. Fails for trouble that is told once, in a language
/// whose words are not known, by who recovers from it at once.
extension WentOn {
  /// Takes the remarks out of the findings; gives them by entity.
  static func setAsideRemarks(
    _ onsets: inout Onsets, _ timeline: Timeline, _ fleet: Fleet, _ profiles: TemplateProfiles,
    _ reports: Reports, _ judgements: Judgements
  ) -> [Int: Onsets.Finding] {
    let wentOn = WentOn(timeline, profiles, reports)
    for device in onsets.devices
    where fleet.isShared[device] && judgements.onsets[device] != true
      && (fleet.dependants[device].isEmpty || fleet.guessedScopes[device] != nil)
    {
      var finding = onsets.findings[device]!
      let kinds = Set(finding.events.map { timeline.evidence.eventTemplates[Int($0)] })
      guard wentOn.isRemark(finding), !reports.speaksOf(device),
        wentOn.goesOn(device, finding.time, beside: kinds)
      else { continue }
      finding.isRemark = true
      finding.reasons = [
        "nobody graded what it said, no word of it tells of trouble, and it went on as before"
      ]
      onsets.remarks[device] = finding
      onsets.findings[device] = nil
    }
    return onsets.remarks
  }
}
