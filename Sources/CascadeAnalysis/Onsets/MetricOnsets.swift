internal import Glibc
internal import IncidentModel

/// Onsets from numeric telemetry: when a series left its own usual range for good.
///
/// Usual is the median and the MAD of the series' first part; the deviation in those units feeds a two-sided CUSUM
/// (Page, "Continuous inspection schemes", 1954). An alarm is dated back to where the sum last left zero. Most series
/// have a trend or a jump of their own now and then, so a lone series must go far, and where logs tell of an incident
/// an entity known by metrics alone must fail in company.
/// Assumes a usual first part; fails on series whose usual is a strong daily curve.
struct MetricOnsets {
  /// Per entity: corrected second, probability, ids of the events that carry the values, the series' name.
  private(set) var found: [Int: (time: Double, probability: Double, events: [EventID], name: String)] = [:]

  private static let allowance = 1.0
  private static let alarm = 12.0

  init(_ timeline: Timeline, offsets: [Double]) {
    for series in timeline.evidence.series where series.values.count >= 12 {
      guard let change = Self.change(series.values) else { continue }
      let device = Int(series.device)
      let time = Double(series.times[change.at] - timeline.epoch) / 1e9 - offsets[device]
      let last = min(series.eventIDs.count, change.at + 5)
      let ids = series.eventIDs[min(change.at, last)..<last].map { EventID(rawValue: $0) }
      let probability = min(0.97, 0.6 + 0.01 * change.sum)
      let known = found[device]
      if known == nil || probability > known!.probability + 0.1 || time < known!.time && probability > 0.9 {
        found[device] = (time, probability, Array(ids), series.name)
      }
    }
  }

  /// Position where a series left its usual range, and how far the sum went; nil where it did not.
  static func change(_ values: [Double]) -> (at: Int, sum: Double)? {
    let usual = Array(values.prefix(max(8, values.count / 3))).filter(\.isFinite)
    guard usual.count >= 6 else { return nil }
    let centre = Robust.median(usual)
    var scale = Robust.mad(usual, around: centre)
    // A constant series has no spread of its own; a hundredth of its size stands for rounding.
    scale = max(scale, 0.01 * abs(centre), 1e-9)
    // The MAD misses rare spikes: what the first part did anyway is no alarm.
    let widest = usual.map { abs($0 - centre) / scale }.max() ?? 0
    var up = 0.0
    var down = 0.0
    var upStart = 0
    var downStart = 0
    for (index, value) in values.enumerated() {
      guard value.isFinite else { continue }
      let z = max(-20, min(20, (value - centre) / scale))
      if up == 0 { upStart = index }
      if down == 0 { downStart = index }
      up = max(0, up + z - allowance)
      down = max(0, down - z - allowance)
      let alarm = Self.alarm + 2 * widest
      guard index >= usual.count || abs(z) > 3 * widest else { continue }
      if up > alarm { return (upStart, farthest(values, from: upStart, centre, scale, 1)) }
      if down > alarm { return (downStart, farthest(values, from: downStart, centre, scale, -1)) }
    }
    return nil
  }

  private static func farthest(
    _ values: [Double], from start: Int, _ centre: Double, _ scale: Double, _ sign: Double
  ) -> Double {
    var sum = 0.0
    var top = 0.0
    for value in values[start...] where value.isFinite {
      sum = max(0, sum + sign * max(-20, min(20, (value - centre) / scale)) - allowance)
      top = max(top, sum)
    }
    return top
  }
}
