import IncidentModel

/// One unit slows down and whatever is fed by it slows down, too; there are metrics and no logs.
extension Scenario {
  static let metricDegradation = Scenario(
    name: "metric-degradation", family: "C",
    summary: "a unit slows down and slows what it feeds; the evidence is numeric telemetry alone",
    modelledOn: """
      faults injected into services that call each other, as in public root-cause benchmarks. Synthetic data.
      """,
    start: Instant(nanoseconds: 1_746_093_600_000_000_000),  // 2025-05-01T10:00:00Z
    duration: 7200, evidence: .metrics,
    unfold: MetricDegradation.unfold, failuresUnderPolicy: nil)
}

/// The story behind `Scenario.metricDegradation`.
enum MetricDegradation {
  static func unfold(_ fleet: inout Fleet, _ window: Range<Int64>, _ chance: Chance) -> Course {
    let length = Double(window.upperBound - window.lowerBound) / 1e9
    let trigger = window.lowerBound + nanoseconds(length * chance.uniform(0.4..<0.65, -1, .story, 6))
    var course = Course(entities: fleet.count, window: window, trigger: trigger)
    // Every unit but the first of its line is fed by one to three of the twelve before it.
    var fedBy: [[Int32]] = Array(repeating: [], count: fleet.deviceCount)
    for device in 0..<fleet.deviceCount where device % 60 != 0 {
      let reach = min(12, device % 60)
      for turn in 0..<(1 + chance.below(3, device, .link)) {
        let provider = Int32(device - 1 - chance.below(reach, device, .link, 1 + turn))
        if !fedBy[Int(provider)].contains(Int32(device)) {
          fedBy[Int(provider)].append(Int32(device))
          course.links.append((provider, Int32(device)))
        }
      }
    }
    // Of some candidates the one that feeds most: a fault at the end of a line is no incident.
    let candidates = (0..<12).map { chance.below(fleet.deviceCount, -1, .story, 10 + $0) }
    let origin = candidates.max { fedBy[$0].count < fedBy[$1].count } ?? 0
    course.fail(origin, at: trigger, by: -1, mode: .degraded)
    var front = [origin]
    for _ in 0..<4 {
      var next: [Int] = []
      for provider in front {
        for fed in fedBy[provider].map(Int.init) where !course.failed(fed) {
          guard chance.unit(fed, .victim) < 0.85 else { continue }
          let at = course.onset[provider] + nanoseconds(chance.uniform(5..<45, fed, .victimDelay))
          course.fail(fed, at: at, by: provider, mode: .degraded)
          if course.failed(fed) { next.append(fed) }
        }
      }
      front = next
    }
    course.origins = [origin]
    course.primaryOrigin = origin
    return course
  }
}
