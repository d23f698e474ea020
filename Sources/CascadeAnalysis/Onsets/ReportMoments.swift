internal import IncidentModel

/// When those that others report failed, where more is known than how long such a report usually takes.
///
/// - Whom others hang on failed no later than those of them that fail by their own words: a line that is down is reported at once,
///   and what ran over it fails a moment later.
/// - Those that are reported one after the other, none of whom was heard after the first report, went in one moment. Where
///   something that they all hang on told of its own trouble between the last word of any of them and the first report, it was then.
/// What was not heard of in its own words has no such moment, and the usual lag stands.
extension Onsets {
  /// Seconds from one report to the next of those that went together.
  private static let reportPause = 60.0
  private static let fewestReported = 3
  /// Fewer that hang on an entity may fail then by chance.
  private static let fewestBelow = 2
  /// Seconds by which two clocks, or the order of two lines, may be off.
  private static let slack = 5.0

  mutating func settleReports(_ timeline: Timeline, _ fleet: Fleet, _ reports: Reports) {
    let reported = devices.filter { findings[$0]!.kind == .reported && findings[$0]!.events.count == 1 }
    guard !reported.isEmpty else { return }
    settleGroups(reported, timeline, fleet, reports)
    for device in reported where fleet.dependants[device].count >= Self.fewestBelow {
      settle(device, timeline, fleet, reports)
    }
  }

  /// Brings what others hang on to the moment in which those begin to fail.
  private mutating func settle(_ device: Int, _ timeline: Timeline, _ fleet: Fleet, _ reports: Reports) {
    var finding = findings[device]!
    let report = finding.latest
    let since = reports.earliest(finding.events[0], timeline)
    let below = fleet.dependants[device].compactMap { other -> Double? in
      guard let own = findings[Int(other)], own.kind == .log, own.time < report + Self.reportPause else {
        return nil
      }
      return own.time
    }
    guard below.count >= Self.fewestBelow, let first = below.min(), first >= since else { return }
    let last = reports.lastHeard(of: device, before: finding.events[0], timeline)
    let moment = max(last, min(report, first))
    guard moment > finding.time else { return }
    finding.time = moment
    finding.reasons = finding.reasons + ["what hangs on it failed from then on"]
    findings[device] = finding
  }

  private mutating func settleGroups(
    _ reported: [Int], _ timeline: Timeline, _ fleet: Fleet, _ reports: Reports
  ) {
    func template(_ device: Int) -> Int32 {
      timeline.evidence.eventTemplates[Int(findings[device]!.events[0])]
    }
    let ordered = reported.sorted {
      (template($0), findings[$0]!.latest, $0) < (template($1), findings[$1]!.latest, $1)
    }
    var low = 0
    while low < ordered.count {
      var high = low + 1
      while high < ordered.count, template(ordered[high]) == template(ordered[low]),
        findings[ordered[high]]!.latest - findings[ordered[high - 1]]!.latest <= Self.reportPause
      {
        high += 1
      }
      if high - low >= Self.fewestReported {
        settle(Array(ordered[low..<high]), timeline, fleet, reports)
      }
      low = high
    }
  }

  /// Brings those that went in one moment to that in which something above them told of its own trouble.
  private mutating func settle(_ group: [Int], _ timeline: Timeline, _ fleet: Fleet, _ reports: Reports) {
    let first = findings[group[0]]!.latest
    var last = -Double.infinity
    for device in group {
      last = max(last, reports.lastHeard(of: device, before: findings[device]!.events[0], timeline))
    }
    let since =
      last > -.infinity ? last - Self.slack : reports.earliest(findings[group[0]]!.events[0], timeline)
    guard since <= first else { return }
    var above: [Int32: (count: Int, distance: Int)] = [:]
    for device in group {
      for (provider, distance) in fleet.ancestors(of: device) {
        above[provider, default: (0, 0)].count += 1
        above[provider]!.distance += distance
      }
    }
    let common = above.filter { $0.value.count * 5 >= group.count * 4 }
      .sorted { ($0.value.distance, $0.key) < ($1.value.distance, $1.key) }
    let words = common.compactMap { provider, _ in
      ownWords(of: Int(provider), between: since, and: first, timeline)
    }
    guard let moment = words.first else { return }
    for device in group {
      var finding = findings[device]!
      let heard = reports.lastHeard(of: device, before: finding.events[0], timeline)
      finding.time = max(heard, finding.latest - (first - moment))
      finding.earliest = min(finding.earliest, finding.time)
      finding.reasons = finding.reasons + ["something above it told of its own trouble then"]
      findings[device] = finding
    }
  }

  /// The first word of trouble of its own that an entity said between two moments, as far as it was taken for one.
  private func ownWords(
    of device: Int, between low: Double, and high: Double, _ timeline: Timeline
  ) -> Double? {
    guard let finding = findings[device] ?? unrelated[device], finding.kind == .log else { return nil }
    return finding.events.map { timeline.seconds[Int($0)] }.filter { $0 >= low && $0 <= high }.min()
  }
}
