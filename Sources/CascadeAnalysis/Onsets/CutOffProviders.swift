internal import IncidentModel

/// Infrastructure that loses what it hangs on, and says so: "trunk to the core is down" tells of the core, and of whoever says it.
///
/// A severe message by which infrastructure names something that it hangs on directly is a report of that; where the named failed,
/// and the speaker says so within a minute of it, the speaker was cut off, too. It is counted where it did not fail otherwise.
extension Onsets {
  private static let cutOffSpan = 60.0

  mutating func addCutOff(_ timeline: Timeline, _ fleet: Fleet, _ reports: Reports) {
    guard !timeline.firstMention.isEmpty else { return }
    let gone = devices.filter { findings[$0]!.kind == .reported && !fleet.dependants[$0].isEmpty }
    for device in gone {
      let moment = findings[device]!.time
      for other in fleet.dependants[device] where fleet.isShared[Int(other)] && findings[Int(other)] == nil {
        let told = timeline.events(of: Int(other)).filter { event in
          let template = Int(timeline.evidence.eventTemplates[Int(event)])
          return timeline.mention(Int(event)) == device && timeline.isLoud[template]
            && reports.isReport(template) && abs(timeline.seconds[Int(event)] - moment) <= Self.cutOffSpan
        }
        guard let first = told.first, unrelated[Int(other)] == nil else { continue }
        let time = timeline.seconds[Int(first)]
        findings[Int(other)] = Finding(
          time: time, earliest: min(time, moment), latest: time, probability: 0.9, kind: .log,
          events: Array(told.prefix(8)), reasons: ["it says that it lost what it hangs on"])
      }
    }
  }
}
