internal import Glibc
internal import IncidentModel

/// Onsets from numeric telemetry: when a series left its own usual range for good.
///
/// Usual is the median of the series' first part and, on each side of it, the distance to the outer twentieth, so that
/// a skewed series is no surprise to itself; the deviation in those units feeds a two-sided CUSUM (Page, "Continuous
/// inspection schemes", 1954), whose alarm lies well above what the first part reached. An alarm is dated back to where
/// the sum last left zero. Most series have a trend or a jump of their own now and then, so a lone series must go far,
/// and where logs tell of an incident an entity known by metrics alone must fail in company.
///
/// A number that several kinds of message carry (a process id, a port) is as many series as there are kinds: the mix of
/// messages is no measurement. Where a kind of series alarms all over the fleet and all over the window, its alarms say
/// nothing. Assumes a usual first part; fails on series whose usual is a strong daily curve.
struct MetricOnsets {
  /// One series' alarm.
  struct Alarm {
    var time: Double
    var probability: Double
    var events: [EventID]
    var name: String
  }
  /// Per entity.
  private(set) var found: [Int: Alarm] = [:]

  private static let allowance = 1.0
  private static let alarm = 12.0

  init(_ timeline: Timeline, offsets: [Double]) {
    guard !timeline.evidence.series.isEmpty else { return }
    let templates = Self.templatesOfEvents(timeline.evidence)
    var alarms: [String: [(device: Int, alarm: Alarm)]] = [:]
    var watched: [String: Int] = [:]
    for series in timeline.evidence.series where series.values.count >= 12 {
      for part in Self.kinds(series, templates) where part.values.count >= 12 {
        watched[part.name, default: 0] += 1
        guard let change = Self.change(part.values) else { continue }
        let device = Int(part.device)
        let time = Double(part.times[change.at] - timeline.epoch) / 1e9 - offsets[device]
        let last = min(part.eventIDs.count, change.at + 5)
        let ids = part.eventIDs[min(change.at, last)..<last].map { EventID(rawValue: $0) }
        alarms[part.name, default: []].append(
          (
            device,
            Alarm(time: time, probability: min(0.97, 0.6 + 0.01 * change.sum), events: ids, name: part.name)
          ))
      }
    }
    for (name, list) in alarms.sorted(by: { $0.key < $1.key }) {
      let company = Self.company(list.map(\.alarm.time), timeline, watched: watched[name] ?? 0)
      for (position, entry) in list.enumerated() where company[position] {
        let known = found[entry.device]
        let isBetter =
          known == nil || entry.alarm.probability > known!.probability + 0.1
          || entry.alarm.time < known!.time && entry.alarm.probability > 0.9
        if isBetter { found[entry.device] = entry.alarm }
      }
    }
  }

  /// Which alarms of one kind of series tell something: all of them where alarms are few, and of many those that
  /// gather in time, against as many falling anywhere in the window.
  private static func company(_ times: [Double], _ timeline: Timeline, watched: Int) -> [Bool] {
    let window = max(1, timeline.end - timeline.start)
    let order = times.indices.sorted { times[$0] < times[$1] }
    var result = [Bool](repeating: times.count <= 2 && watched < 30, count: times.count)
    guard times.count > 2 else { return result }
    var low = 0
    var high = 0
    let reach = max(60, window / 40)
    for (rank, position) in order.enumerated() {
      while times[order[low]] < times[position] - reach { low += 1 }
      high = max(high, rank)
      while high + 1 < order.count, times[order[high + 1]] <= times[position] + reach { high += 1 }
      let inside = Double(high - low)
      let expected = Double(times.count) * min(1, 2 * reach / window)
      // In a small fleet a single alarm tells; in a large one it must be more than the best of so many by chance.
      let needed = watched < 30 ? 0 : 3 + log(Double(times.count))
      if watched < 30 || Robust.poissonExcess(inside, expected) > needed { result[position] = true }
    }
    return result
  }

  /// The kind of message by event id; empty where events carry no templates.
  private static func templatesOfEvents(_ evidence: IncidentEvidence) -> [Int64: Int32] {
    var wanted = Set<Int64>()
    for series in evidence.series { wanted.formUnion(series.eventIDs) }
    var result: [Int64: Int32] = [:]
    result.reserveCapacity(wanted.count)
    for (position, id) in evidence.eventIDs.enumerated() where wanted.contains(id) {
      result[id] = evidence.eventTemplates[position]
    }
    return result
  }

  /// The series, divided by the kind of message that carries the values.
  private static func kinds(_ series: MetricSeries, _ templates: [Int64: Int32]) -> [MetricSeries] {
    guard series.eventIDs.count == series.values.count else { return [series] }
    let kinds = series.eventIDs.map { templates[$0] ?? -1 }
    guard let first = kinds.first, kinds.contains(where: { $0 != first }) else { return [series] }
    var parts: [Int32: MetricSeries] = [:]
    for (index, kind) in kinds.enumerated() {
      var part =
        parts.removeValue(forKey: kind)
        ?? MetricSeries(device: series.device, name: series.name, times: [], values: [], eventIDs: [])
      part.times.append(series.times[index])
      part.values.append(series.values[index])
      part.eventIDs.append(series.eventIDs[index])
      parts[kind] = part
    }
    return parts.sorted { $0.key < $1.key }.map(\.value)
  }

  /// Position where a series left its usual range, and how far the sum went; nil where it did not.
  static func change(_ values: [Double]) -> (at: Int, sum: Double)? {
    let values = levelled(values)
    let usual = Array(values.prefix(max(8, values.count / 3))).filter(\.isFinite)
    guard usual.count >= 6 else { return nil }
    let centre = Robust.median(usual)
    // A constant series has no spread of its own; a hundredth of its size stands for rounding.
    let least = max(0.01 * abs(centre), 1e-9)
    let above = max((Robust.quantile(usual, 0.95) - centre) / 1.645, least)
    let below = max((centre - Robust.quantile(usual, 0.05)) / 1.645, least)
    func deviation(_ value: Double) -> Double {
      max(-20, min(20, (value - centre) / (value > centre ? above : below)))
    }
    // Rare spikes and slow waves that the first part had anyway are no alarm.
    let widest = usual.map { abs(deviation($0)) }.max() ?? 0
    var up = 0.0
    var down = 0.0
    var upStart = 0
    var downStart = 0
    var own = 0.0
    for (index, value) in values.enumerated() {
      guard value.isFinite else { continue }
      let z = deviation(value)
      if up == 0 { upStart = index }
      if down == 0 { downStart = index }
      up = max(0, up + z - allowance)
      down = max(0, down - z - allowance)
      if index < usual.count {
        own = max(own, up, down)
        if index == usual.count - 1 { (up, down) = (0, 0) }
        continue
      }
      let alarm = Self.alarm + 2 * min(widest, 10) + 2 * own
      if up > alarm { return (upStart, farthest(values, from: upStart, deviation, 1)) }
      if down > alarm { return (downStart, farthest(values, from: downStart, deviation, -1)) }
    }
    return nil
  }

  /// A counter that only grows (a total, an uptime) as its steps; other series as they are.
  private static func levelled(_ values: [Double]) -> [Double] {
    let steps = zip(values.dropFirst(), values).map { $0 - $1 }
    let falls = steps.count { $0 < 0 }
    let rises = steps.count { $0 > 0 }
    guard falls * 50 <= steps.count, rises * 5 >= steps.count * 4, let first = steps.first else {
      return values
    }
    return [first] + steps
  }

  private static func farthest(
    _ values: [Double], from start: Int, _ deviation: (Double) -> Double, _ sign: Double
  ) -> Double {
    var sum = 0.0
    var top = 0.0
    for value in values[start...] where value.isFinite {
      sum = max(0, sum + sign * deviation(value) - allowance)
      top = max(top, sum)
    }
    return top
  }
}
