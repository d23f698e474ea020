internal import IncidentModel

/// Who is named as the origin of an incident, and told of its own trouble as the incident began, failed in it.
///
/// Trouble of a kind that is hardly ever written is no failure by itself; that the others hang on who wrote it, or failed right
/// after it, makes it one. What is told then: the worst that it said in one breath before the first of the others failed.
struct NamedOrigin {
  let device: Int
  let finding: Onsets.Finding

  /// Seconds that the origin's trouble may lie before the first of the others, and after it, as clocks are off.
  private static let before = 900.0
  private static let after = 5.0
  /// A weaker candidate is not counted as failed for its sake.
  private static let leastProbability = 0.3

  /// nil where the best candidate is one of the failed anyway, or did not tell of any trouble then.
  init?(_ diagnosis: Diagnosis, _ group: [Int], _ reading: Reading, _ assembly: Assembly) {
    guard diagnosis.family == .dependency || diagnosis.family == .undetermined,
      let best = assembly.leader(diagnosis, group), best.probability >= Self.leastProbability,
      !group.contains(best.device), let alone = assembly.stranger(best.device), alone.kind == .log,
      let first = group.map({ reading.onsets.findings[$0]!.time }).min()
    else { return nil }
    let timeline = reading.timeline
    let said = timeline.events(of: best.device).filter { event in
      let template = Int(timeline.evidence.eventTemplates[Int(event)])
      // What nobody graded counts as far as it was taken for trouble.
      let isTrouble = timeline.tones[template] == .loud || alone.events.contains(event)
      return timeline.isLoud[template] && isTrouble && !reading.reports.isReport(template)
    }
    func time(_ event: Int32) -> Double { timeline.seconds[Int(event)] }
    guard let end = said.lastIndex(where: { time($0) <= first + Self.after }),
      time(said[end]) >= first - Self.before
    else { return nil }
    var start = end
    while start > said.startIndex, time(said[start]) - time(said[start - 1]) <= Onsets.burstGap { start -= 1 }
    func grade(_ event: Int32) -> UInt8 { timeline.evidence.severities[Int(event)] }
    let worst = said[start...end].map(grade).min() ?? 255
    guard let told = said[start...end].first(where: { grade($0) == worst }) else { return nil }
    device = best.device
    finding = Onsets.Finding(
      time: time(told), earliest: min(time(told), alone.earliest), latest: time(told),
      probability: max(0.9, alone.probability), kind: .log,
      events: Array(said.filter { time($0) >= time(told) }.prefix(8)),
      reasons: ["it told of trouble of its own just before those that are traced back to it failed"])
  }
}

extension Reading {
  /// The same where the origin of a group, as far as it is known, belongs to it; nil where that changes nothing, or names another.
  func withOrigin(
    of group: [Int], _ diagnosis: Diagnosis, _ assembly: Assembly
  ) -> (reading: Reading, group: [Int], diagnosis: Diagnosis, assembly: Assembly)? {
    guard let origin = NamedOrigin(diagnosis, group, self, assembly) else { return nil }
    let whole = (group + [origin.device]).sorted()
    let reading = including(origin.device, origin.finding)
    let assembly = assembly.including(origin.device, origin.finding)
    guard let renewed = reading.diagnosis(of: whole),
      assembly.leader(renewed, whole)?.device == origin.device
    else { return nil }
    return (reading, whole, renewed, assembly)
  }
}
