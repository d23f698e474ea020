internal import Glibc
internal import IncidentModel

/// Infrastructure that falls silent, for good or for a while, in the moment in which many others fail: it stopped as they did, or just before.
///
/// Infrastructure may say nothing for long and be well, so that its silence alone is no failure (see `SilenceOnsets`). It is one where the
/// silence stands out of its own rhythm and begins where most failures do, hardly anybody having failed before. Whose lines are about others
/// is silent where there is nothing to tell of them, and does not count. What it told before, ungraded or as a warning, while it went on with
/// its everyday work ("pool 96 of 100 busy"), is no failure of its own time: it worked until it stopped.
/// Fails where it is busy with nothing but those that failed, and does not name them.
extension Onsets {
  /// Fewer failures are no moment.
  private static let fewestFailures = 5
  /// Seconds after its last word, or usual pauses of its, in which most fail.
  private static let stopSpan = 60.0
  private static let stopPauses = 2.0
  /// Less of its usual work is none.
  private static let usualShare = 0.45

  mutating func addStopped(_ timeline: Timeline, _ fleet: Fleet, _ reach: EvidenceReach?) {
    let times = devices.map { (device: $0, time: findings[$0]!.time) }
    guard times.count >= Self.fewestFailures, timeline.end > timeline.start else { return }
    for device in fleet.isShared.indices where fleet.isShared[device] && isMild(device, timeline) {
      guard let (finding, pause) = Self.stop(of: device, timeline, reach) else { continue }
      let start = finding.earliest
      let others = times.filter { $0.device != device }.map(\.time)
      let span = max(Self.stopSpan, Self.stopPauses * pause)
      let inside = others.filter { $0 >= start - 1 && $0 <= start + span }
      guard inside.count >= Self.fewestFailures, inside.count * 2 >= others.count,
        others.count(where: { $0 < start - 1 }) * 10 <= others.count,
        Robust.poissonExcess(
          Double(inside.count), Double(others.count) * span / (timeline.end - timeline.start)) > 10,
        worksOn(device, until: start, timeline)
      else { continue }
      var found = finding
      // It stopped between its last word and the first failure of those that others hang on in vain.
      let first = times.filter { !fleet.isShared[$0.device] && $0.time >= start }.map(\.time).min()
      found.time = max(start, min(found.time, (first ?? inside.min()!) - 0.001))
      found.hasStopped = true
      include(device, found)
    }
  }

  /// Whether nothing but mild words is known of an entity.
  private func isMild(_ device: Int, _ timeline: Timeline) -> Bool {
    guard let known = findings[device] ?? unrelated[device] else { return true }
    return known.kind == .log && known.probability < 1
      && known.events.allSatisfy { timeline.evidence.severities[Int($0)] >= Severity.warning.rawValue }
  }

  /// The silence of an entity that stands out of its rhythm, and its usual pause.
  private static func stop(
    of device: Int, _ timeline: Timeline, _ reach: EvidenceReach?
  ) -> (finding: Finding, pause: Double)? {
    let events = timeline.events(of: device)
    guard !timeline.strays.contains(Int32(device)), let whole = SilenceOnsets.Rhythm(timeline, device) else {
      return nil
    }
    let naming = events.count { timeline.mention(Int($0)) >= 0 }
    guard naming * 10 <= events.count else { return nil }
    let enough = 9 + log(Double(timeline.deviceCount))
    let end = min(SilenceOnsets.lastWords(timeline), reach?.end(of: device) ?? .infinity)
    if whole.surprise(end - whole.last) > enough, end - whole.last >= SilenceOnsets.leastPauses * whole.pause
    {
      return (
        Finding(
          time: whole.last + whole.pause / 2, earliest: whole.last,
          latest: min(end, whole.last + 3 * whole.pause), probability: 0.9, kind: .silence,
          events: [whole.lastEvent],
          reasons: [
            "spoke every \(max(1, Int(whole.pause))) s and then not at all for \(Int(end - whole.last)) s, while others failed"
          ]), whole.pause
      )
    }
    guard let rhythm = SilenceOnsets.Rhythm(timeline, device, leavingOutGap: true) else { return nil }
    let start = timeline.seconds[Int(rhythm.gap.before)]
    let until = timeline.seconds[Int(rhythm.gap.after)]
    guard until - start >= SilenceOnsets.leastPauses * rhythm.pause,
      rhythm.surprise(until - start) > enough + log(Double(rhythm.turns))
    else { return nil }
    var finding = Finding(
      time: start + rhythm.pause / 2, earliest: start, latest: min(until, start + 3 * rhythm.pause),
      probability: 0.97, kind: .silence, events: [rhythm.gap.before, rhythm.gap.after],
      reasons: [
        "spoke every \(max(1, Int(rhythm.pause))) s, then not at all for \(Int(until - start)) s while others failed, and then again"
      ])
    finding.until = until
    return (finding, rhythm.pause)
  }

  /// Whether an entity went on with its everyday work from the first of its mild words to some moment.
  private func worksOn(_ device: Int, until end: Double, _ timeline: Timeline) -> Bool {
    guard let known = findings[device] ?? unrelated[device] else { return true }
    guard known.time < end else { return false }
    let kinds = Set(timeline.templates(of: known.events))
    let usual = timeline.events(of: device).filter {
      let template = timeline.evidence.eventTemplates[Int($0)]
      // One service alone speaks too much in a row for its lines to be known as everyday.
      return timeline.tones[Int(template)] != .loud && !kinds.contains(template)
    }.map { timeline.seconds[Int($0)] }
    let before = usual.count { $0 < known.time }
    guard before >= Self.fewestFailures, let first = usual.first else { return false }
    let expected = Double(before) / (known.time - first) * (end - known.time)
    return Double(usual.count { $0 >= known.time && $0 <= end }) >= Self.usualShare * expected
  }
}
