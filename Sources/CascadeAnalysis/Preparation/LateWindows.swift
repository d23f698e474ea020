internal import IncidentModel

/// Entities that are heard from so much later to so much later than most: a few clocks that are ahead, where most begin in one moment and end in one.
///
/// What they stamp beyond the end of the others does not show that the evidence goes on, so nobody is missed then. Where they are later by
/// whole half hours, their clocks keep the time of another zone (or summer time) and are corrected by that. By any other amount their clocks
/// may be ahead, or their logs were fetched so much later, or the others stopped: that is not decided (`Timeline.commonEnd`). Who is heard from the
/// common beginning to beyond the common end shows that the evidence does go on, and that those that ended did stop.
/// Fails where most fall silent in one moment, the few others are heard at nobody's side, and every log reaches back equally far from its own end.
struct LateWindows {
  /// One entity that is later than most.
  struct Late {
    var device: Int
    /// Seconds by which it begins and ends later.
    var seconds: Double
    /// Bound of the error.
    var error: Double
    /// Later by whole half hours.
    var isZone = false
  }
  /// Those that are later, in the order of the entities.
  private(set) var list: [Late] = []
  /// Second of the last word of those that begin and end with most.
  private(set) var end = Double.infinity

  private static let fewest = 8
  private static let halfHour = 1800.0
  /// Seconds: at most every sixth shift of any size lies so near to whole half hours.
  private static let nearHalfHour = 150.0
  /// Zones differ by no more.
  private static let widestZones = 26 * 3600.0
  /// Entities from which the usual pause is taken.
  private static let sampled = 400

  /// When an entity is heard.
  private struct Reach {
    var device: Int
    var first: Double
    var last: Double
  }

  /// - Parameter ahead: Seconds by which an entity's clock is known to be ahead; nil for entities that are left out.
  init(_ timeline: Timeline, ahead: (Int) -> Double?) {
    var reaches: [Reach] = []
    for device in 0..<timeline.deviceCount {
      let events = timeline.events(of: device)
      guard events.count >= 6, let first = events.first, let last = events.last, let ahead = ahead(device)
      else { continue }
      reaches.append(
        Reach(
          device: device, first: timeline.seconds[Int(first)] - ahead,
          last: timeline.seconds[Int(last)] - ahead))
    }
    guard reaches.count >= Self.fewest else { return }
    let begin = Robust.median(reaches.map(\.first))
    let middle = Robust.median(reaches.map(\.last))
    // Looked into only where somebody may be late: it costs a pass over what the sampled ones said.
    let candidates = reaches.filter { one in
      let (lead, lag) = (one.first - begin, one.last - middle)
      return lead > 0 && lag > 0 && abs(lead - lag) * 2 < min(lead, lag)
    }
    guard !candidates.isEmpty, candidates.count * 2 < reaches.count else { return }
    let step = max(1, reaches.count / Self.sampled)
    let usual = Robust.median(
      stride(from: 0, to: reaches.count, by: step).compactMap {
        SilenceOnsets.Rhythm(timeline, reaches[$0].device)?.pause
      })
    guard usual > 0 else { return }
    let slack = 2 * usual
    let most = reaches.filter { abs($0.first - begin) <= slack && abs($0.last - middle) <= slack }
    guard most.count >= Self.fewest, most.count * 2 > reaches.count, let end = most.map(\.last).max() else {
      return
    }
    var late = candidates.compactMap { one -> Late? in
      guard let pause = SilenceOnsets.Rhythm(timeline, one.device)?.pause else { return nil }
      let slack = max(slack, 2 * pause)
      let (lead, lag) = (one.first - begin, one.last - middle)
      guard min(lead, lag) > 2 * slack, abs(lead - lag) <= slack else { return nil }
      return Late(device: one.device, seconds: (lead + lag) / 2, error: slack / 2)
    }
    let isLate = Set(late.map(\.device))
    late.removeAll { late in
      reaches.contains { one in
        let lag = one.last - middle
        return !isLate.contains(one.device) && lag * 2 >= late.seconds && one.first - begin < lag - slack
      }
    }
    guard !late.isEmpty else { return }
    Self.findZones(&late)
    list = late
    self.end = end
  }

  /// Pauses blur when one entity begins and ends; those that are later by the same half hours tell together how near to these they are.
  private static func findZones(_ late: inout [Late]) {
    func halfHours(_ one: Late) -> Double { max(1, (one.seconds / halfHour).rounded()) * halfHour }
    let groups = Dictionary(grouping: late.indices) { halfHours(late[$0]) }
    for (shift, group) in groups where shift <= widestZones {
      guard abs(Robust.median(group.map { late[$0].seconds - shift })) <= nearHalfHour else { continue }
      for index in group where abs(late[index].seconds - shift) <= max(nearHalfHour, late[index].error) {
        late[index].seconds = shift
        late[index].isZone = true
      }
    }
  }
}
