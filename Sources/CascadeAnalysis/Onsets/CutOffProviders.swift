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

  /// Fewer that complain of one they hang on may each have trouble of their own.
  private static let fewestBereft = 2

  /// Who complains of something that it hangs on, in new messages, while that is not known to be gone (a database that waits), tells of
  /// trouble of its own: it cannot do its work. Counted where two and more say so of the same within two minutes.
  mutating func addBereft(
    _ timeline: Timeline, _ fleet: Fleet, _ reports: Reports, _ profiles: TemplateProfiles
  ) {
    guard !timeline.firstMention.isEmpty else { return }
    let quiet = timeline.start + 0.05 * (timeline.end - timeline.start)
    // Reports count by whom they name, so that what all say of one is a single episode.
    func isNew(_ template: Int, _ time: Double) -> Bool {
      let profile = profiles.fleet[template]
      return profile.role == .rare ? profile.first > quiet : profiles.news(template, at: time) >= 0.5
    }
    var complaints: [Int: [(device: Int, events: [Int32])]] = [:]
    for device in fleet.isShared.indices where fleet.isShared[device] && findings[device] == nil {
      guard !fleet.providers[device].isEmpty, unrelated[device] == nil else { continue }
      let told = timeline.events(of: device).filter { event in
        let template = Int(timeline.evidence.eventTemplates[Int(event)])
        return timeline.isLoud[template] && reports.isReport(template)
          && isNew(template, timeline.seconds[Int(event)])
          && fleet.providers[device].contains(Int32(timeline.mention(Int(event))))
      }
      guard let first = told.first else { continue }
      complaints[timeline.mention(Int(first)), default: []].append((device, told))
    }
    for (provider, list) in complaints.sorted(by: { $0.key < $1.key })
    where list.count >= Self.fewestBereft && findings[provider]?.kind != .reported {
      let times = list.map { timeline.seconds[Int($0.events[0])] }.sorted()
      for (device, events) in list {
        let time = timeline.seconds[Int(events[0])]
        guard times.count(where: { abs($0 - time) <= Self.companySpan }) >= Self.fewestBereft else {
          continue
        }
        findings[device] = Finding(
          time: time, earliest: time - Self.cutOffSpan, latest: time, probability: 0.9, kind: .log,
          events: Array(events.prefix(8)), reasons: ["it says that what it hangs on does not answer"])
      }
    }
  }
}
