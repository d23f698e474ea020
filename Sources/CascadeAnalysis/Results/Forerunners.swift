internal import IncidentModel

/// Failures of their own kind just before the first of many that nothing explains: rather their beginning than strays.
///
/// Within two minutes whoever had them; within a quarter of an hour who lives otherwise than those that failed (a server beside its
/// clients, which notice when they next need it) and wrote an error: the longer before, the less it says. More than three are everyday
/// life, and what was said before, at another time, foretells nothing. Who lives as they do and fell silent for good within a quarter of an
/// hour before may be the first of them, which could not say so any more. Who lives as the failed do, and was not hit as they were, by what they share
/// or in the one moment, had a trouble of its own.
enum Forerunners {
  /// Fewer failures may have any beginning.
  private static let fewestFailed = 12
  private static let most = 3
  /// Seconds before the first failure.
  static let near = 120.0
  private static let far = 900.0
  /// Seconds of everyday life that tell of what kind an entity is.
  private static let usualLife = 3600.0
  /// Seconds before the first failure in which what is said is not old.
  private static let recent = 1800.0

  static func find(
    _ members: [Int], _ diagnosis: Diagnosis, _ timeline: Timeline, _ fleet: Fleet, _ onsets: Onsets
  ) -> [(device: Int, finding: Onsets.Finding)] {
    guard members.count >= fewestFailed, let first = members.map({ onsets.findings[$0]!.time }).min() else {
      return []
    }
    let candidates = onsets.unrelated.filter { device, finding in
      (finding.kind == .log || finding.kind == .silence && finding.until == nil)
        && finding.time <= first && finding.time > first - far
        && onsets.findings[device] == nil
    }
    guard !candidates.isEmpty else { return [] }
    let found = candidates.filter { device, finding in
      let isLike = livesLike(device, members, timeline, before: first)
      if finding.kind == .silence {
        return isLike && !isSpared(device, members, diagnosis, timeline, fleet, onsets)
      }
      if finding.time > first - near {
        return !isLike || !isSpared(device, members, diagnosis, timeline, fleet, onsets)
      }
      return !isLike
        && finding.events.contains {
          timeline.evidence.severities[Int($0)] <= Severity.error.rawValue
        }
    }
    guard !found.isEmpty, found.count <= most else { return [] }
    return new(found, timeline, before: first)
  }

  /// Those that tell of what was not said before, at another time.
  private static func new(
    _ found: [Int: Onsets.Finding], _ timeline: Timeline, before first: Double
  ) -> [(device: Int, finding: Onsets.Finding)] {
    var isOld: Set<Int32> = []
    for event in 0..<timeline.eventCount where timeline.seconds[event] < first - recent {
      isOld.insert(timeline.evidence.eventTemplates[event])
    }
    return found.filter { _, finding in
      // The last word before a silence is an everyday one.
      finding.kind == .silence
        || !finding.events.contains { isOld.contains(timeline.evidence.eventTemplates[Int($0)]) }
    }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  /// What infrastructure that nothing ties to anybody said in the same time, without any word of trouble (see `WentOn.setAsideRemarks`): within
  /// two minutes before the first, and, where there is such a one, what others said as well within a quarter of an hour, as nothing tells these
  /// apart. More than three are everyday life.
  static func remarks(
    before members: [Int], _ timeline: Timeline, _ onsets: Onsets
  ) -> [(device: Int, finding: Onsets.Finding)] {
    guard members.count >= fewestFailed, !onsets.remarks.isEmpty,
      let first = members.map({ onsets.findings[$0]!.time }).min()
    else { return [] }
    let recent = onsets.remarks.filter { $0.value.time <= first && $0.value.time > first - far }
    guard recent.values.contains(where: { $0.time > first - near }), recent.count <= most else { return [] }
    return new(recent, timeline, before: first)
  }

  /// Whether an entity says what half of the failed say, day by day.
  private static func livesLike(
    _ device: Int, _ members: [Int], _ timeline: Timeline, before first: Double
  ) -> Bool {
    let own = timeline.everydayKinds(saidBy: device, within: usualLife, before: first)
    let sample = stride(from: 0, to: members.count, by: max(1, members.count / 20)).map { members[$0] }
    let alike = sample.count {
      !own.isDisjoint(with: timeline.everydayKinds(saidBy: $0, within: usualLife, before: first))
    }
    return alike * 2 >= sample.count
  }

  /// Whether an entity has not what the failed share; where they share nothing, whether they failed in one moment.
  private static func isSpared(
    _ device: Int, _ members: [Int], _ diagnosis: Diagnosis, _ timeline: Timeline, _ fleet: Fleet,
    _ onsets: Onsets
  ) -> Bool {
    guard let cause = diagnosis.commonCause else {
      return OneMoment.span(members.map { onsets.findings[$0]!.time }) != nil
    }
    let inventory = timeline.evidence.inventory
    return !cause.terms.allSatisfy { term in
      guard fleet.row[device] >= 0, let column = inventory.attributes.firstIndex(of: term.attribute) else {
        return false
      }
      return inventory.value(row: Int(fleet.row[device]), attribute: column) == term.value
    }
  }
}
