internal import Glibc
internal import IncidentModel

/// Onsets from numeric telemetry: which entities' series left their usual range, when, and how far.
///
/// Most series have a trend or a jump of their own now and then. A change that lasts and is large tells by itself; a
/// small or intermittent one only in the company of others. Where a kind of series changes all over the fleet and all
/// over the window, its changes say nothing. An entity's onset is the earliest of its changes that lie near the
/// strongest; the moment is halfway between the last usual sample and the first unusual one.
///
/// A number that several kinds of message carry (a process id, a port) is as many series as there are kinds: the mix of
/// messages is no measurement. Assumes a usual first part; fails where every series changes at once for a reason outside.
struct MetricOnsets {
  /// One entity's change.
  struct Alarm {
    var time: Double
    var earliest: Double
    var latest: Double
    var probability: Double
    var events: [EventID]
    var name: String
    /// By kind of series: how far it went, in units of its own usual spread.
    var sizes: [String: Double]
    var isStrong: Bool
    /// The series that left their usual range then, or later.
    var left: [Departures.Left]
  }
  /// Per entity.
  private(set) var found: [Int: Alarm] = [:]
  /// Entities with any series at all.
  private(set) var watched: Set<Int> = []
  /// Per entity with a change: the kinds of its series.
  private(set) var measured: [Int: Set<String>] = [:]
  /// Usual seconds between samples.
  private(set) var step = 0.0

  /// Nothing found.
  init() {}

  init(_ timeline: Timeline, _ clocks: ClockCorrection) {
    guard !timeline.evidence.series.isEmpty else { return }
    let told = timeline.evidence.series.filter { $0.values.count >= MetricSeries.fewestToTell }
    let templates = Self.templates(of: told, in: timeline.evidence)
    var changes: [String: [(device: Int, alarm: Alarm)]] = [:]
    var kinds: [String: Int] = [:]
    var steps: [Double] = []
    for series in told {
      let device = Int(series.device)
      let name = series.name
      guard device >= 0, device < timeline.deviceCount else { continue }
      for var part in Self.kinds(series, templates) where part.values.count >= MetricSeries.fewestToTell {
        kinds[name, default: 0] += 1
        watched.insert(device)
        let seconds = Self.seconds(of: &part, timeline, clocks)
        steps.append((seconds[seconds.count - 1] - seconds[0]) / Double(seconds.count - 1))
        guard let change = MetricSeriesChange(part.values, seconds: seconds) else { continue }
        let last = min(part.eventIDs.count, change.at + 5)
        let before = seconds[max(0, change.at - 1)]
        let alarm = Alarm(
          time: (before + seconds[change.at]) / 2, earliest: before, latest: seconds[change.at],
          probability: min(0.97, 0.6 + 0.01 * change.sum),
          events: part.eventIDs[min(change.at, last)..<last].map { EventID(rawValue: $0) }, name: name,
          sizes: [name: abs(change.size)], isStrong: change.isLasting && abs(change.size) >= 4,
          left: [
            .init(
              device: series.device, name: name,
              event: change.at < last ? EventID(rawValue: part.eventIDs[change.at]) : nil,
              time: seconds[change.at],
              isUp: change.isUp)
          ])
        changes[name, default: []].append((device, alarm))
      }
    }
    step = Robust.median(steps)
    let changed = Set(changes.values.flatMap { $0.map(\.device) })
    for series in told where changed.contains(Int(series.device)) {
      measured[Int(series.device), default: []].insert(series.name)
    }
    combine(
      changes.sorted { $0.key < $1.key }.flatMap { name, list in
        Self.telling(list, timeline, kinds[name] ?? 0)
      })
  }

  /// Corrected seconds of a series' values, which are put in their order.
  static func seconds(
    of series: inout MetricSeries, _ timeline: Timeline, _ clocks: ClockCorrection
  ) -> [Double] {
    let device = Int(series.device)
    let stamps = series.times.map { Double($0 - timeline.epoch) / 1e9 }
    guard clocks.pieces.holds(device), series.eventIDs.count == series.times.count else {
      return stamps.map { $0 - clocks.offsets[device] }
    }
    let given = series
    let seconds = stamps.indices.map {
      stamps[$0] - (clocks.pieces.ahead(device, event: given.eventIDs[$0], stamp: given.times[$0]) ?? 0)
    }
    let order = seconds.indices.sorted { (seconds[$0], $0) < (seconds[$1], $1) }
    series.times = order.map { given.times[$0] }
    series.values = order.map { given.values[$0] }
    series.eventIDs = order.map { given.eventIDs[$0] }
    return order.map { seconds[$0] }
  }

  /// Changes of one kind of series without those that say nothing.
  private static func telling(
    _ list: [(device: Int, alarm: Alarm)], _ timeline: Timeline, _ watched: Int
  ) -> [(device: Int, alarm: Alarm)] {
    let window = max(1, timeline.spanOfSeries)
    let times = list.map(\.alarm.time)
    let order = times.indices.sorted { times[$0] < times[$1] }
    let reach = max(60, window / 40)
    // Where a quarter of the kind changes, at any time whatever, change is the kind's way.
    let lasting = list.filter(\.alarm.isStrong).map(\.alarm.time).sorted()
    let middle = lasting.count >= 8 ? lasting[lasting.count * 9 / 10] - lasting[lasting.count / 10] : 0
    let isUsual = list.count >= 8 && list.count * 4 >= watched && middle > 0.3 * window
    // A failure goes far beyond the kind's usual changes.
    func size(_ alarm: Alarm) -> Double { alarm.sizes.values.max() ?? 0 }
    let far = max(8, 3 * Robust.quantile(list.map { size($0.alarm) }, 0.25))
    var low = 0
    var high = 0
    var result: [(device: Int, alarm: Alarm)] = []
    for position in order {
      while times[order[low]] < times[position] - reach { low += 1 }
      while high + 1 < order.count, times[order[high + 1]] <= times[position] + reach { high += 1 }
      let inside = Double(high - low)
      let expected = max(0.1, Double(times.count - 1)) * min(1, 2 * reach / window)
      let gathers =
        Robust.poissonExcess(inside, expected) > 2 + (watched < 30 ? 0 : 1 + log(Double(times.count)))
      var entry = list[position]
      let isOrdinary = isUsual && !(entry.alarm.isStrong && size(entry.alarm) >= far)
      if !gathers, isOrdinary || !entry.alarm.isStrong && list.count >= 8 { continue }
      if !gathers { entry.alarm.probability = min(entry.alarm.probability, entry.alarm.isStrong ? 0.9 : 0.7) }
      result.append(entry)
    }
    return result
  }

  private mutating func combine(_ told: [(device: Int, alarm: Alarm)]) {
    let near = max(180, 4 * step)
    for (device, list) in Dictionary(grouping: told, by: \.device) {
      let strongest = list.map(\.alarm).max {
        ($0.isStrong ? 1 : 0, $0.probability, -$0.time) < ($1.isStrong ? 1 : 0, $1.probability, -$1.time)
      }!
      let together = list.map(\.alarm).filter { abs($0.time - strongest.time) <= near }
        .sorted { ($0.time, $0.name) < ($1.time, $1.name) }
      guard var first = together.first(where: { $0.isStrong }) ?? together.first else { continue }
      first.probability = min(0.98, 1 - together.reduce(1) { $0 * (1 - $1.probability) })
      for alarm in together { first.sizes.merge(alarm.sizes, uniquingKeysWith: max) }
      first.isStrong = strongest.isStrong
      first.left = list.map(\.alarm).filter {
        $0.time >= first.time && ($0.isStrong || $0.time <= strongest.time + near)
      }
      .flatMap(\.left)
      found[device] = first
    }
    // Alone in its whole fleet, a weak change proves nothing.
    guard watched.count >= 8 else { return }
    let strong = found.values.filter(\.isStrong).map(\.time).sorted()
    for (device, alarm) in found where !alarm.isStrong {
      var low = 0
      var high = strong.count
      while low < high {
        let middle = (low + high) / 2
        if strong[middle] < alarm.time - 2 * near { low = middle + 1 } else { high = middle }
      }
      if low == strong.count || strong[low] > alarm.time + 2 * near { found[device] = nil }
    }
  }

  /// The kind of message by event id, of the events of some series; empty where events carry no templates.
  static func templates(of series: [MetricSeries], in evidence: IncidentEvidence) -> [Int64: Int32] {
    guard !evidence.eventIDs.isEmpty else { return [:] }
    var wanted = Set<Int64>()
    for one in series { wanted.formUnion(one.eventIDs) }
    var result: [Int64: Int32] = [:]
    result.reserveCapacity(wanted.count)
    for (position, id) in evidence.eventIDs.enumerated() where wanted.contains(id) {
      result[id] = evidence.eventTemplates[position]
    }
    return result
  }

  /// The series, divided by the kind of message that carries the values.
  static func kinds(_ series: MetricSeries, _ templates: [Int64: Int32]) -> [MetricSeries] {
    guard !templates.isEmpty, series.eventIDs.count == series.values.count else { return [series] }
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
}

extension Onsets {
  /// Adds what telemetry tells of entities whose logs say nothing. Where mainly logs tell of an incident, such an entity
  /// must have a neighbour that failed around the same time.
  mutating func add(_ metrics: MetricOnsets, _ fleet: Fleet) {
    let known = devices
    let strong = metrics.found.count { $0.value.isStrong }
    let isLogs = known.count >= 3 && known.count * 2 >= strong
    for (device, metric) in metrics.found {
      if let finding = findings[device] {
        // What it says shows when it failed; its numbers may show that it still has.
        if metric.isStrong, abs(metric.time - finding.time) <= Self.near {
          findings[device]!.left = metric.left
        }
        continue
      }
      if isLogs {
        let near = fleet.providers[device] + fleet.contacts[device] + fleet.dependants[device]
        let hasCompany = near.contains { neighbour in
          guard let other = findings[Int(neighbour)], other.kind != .metric else { return false }
          return metric.time - other.time > -60 && metric.time - other.time < 300
        }
        guard hasCompany, metric.isStrong else { continue }
      }
      let names = metric.sizes.keys.sorted().prefix(3).joined(separator: ", ")
      findings[device] = Finding(
        time: metric.time, earliest: metric.earliest, latest: metric.latest, probability: metric.probability,
        kind: .metric, eventIDs: metric.events, reasons: ["\(names) left the usual range"], left: metric.left)
    }
  }

  /// Seconds within which what an entity says and what its numbers do belong together.
  private static let near = 1800.0
}
