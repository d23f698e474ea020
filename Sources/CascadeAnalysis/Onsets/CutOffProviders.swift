internal import IncidentModel

/// Infrastructure that loses what it hangs on, and says so: "trunk to the core is down" tells of the core, and of whoever says it.
///
/// A severe and new message by which infrastructure names something that it hangs on directly is a report of that; where the named failed,
/// and the speaker says so within a minute of it, or in the words of two that do, the speaker was cut off, too. It is counted where it did not
/// fail otherwise. What it says all day, ungraded ("probe answered by core"), tells of no loss.
extension Onsets {
  private static let cutOffSpan = 60.0
  /// Seconds by which a clock may be wrong that nobody compared.
  private static let clockSpan = 900.0

  /// Whether a message that names what its speaker hangs on is news. Reports count by whom they name, so that what all say of one is a
  /// single episode.
  private static func isNew(
    _ template: Int, at time: Double, _ timeline: Timeline, _ profiles: TemplateProfiles
  ) -> Bool {
    let profile = profiles.fleet[template]
    return profile.role == .rare
      ? profile.first > timeline.start + 0.05 * (timeline.end - timeline.start)
      : profiles.news(template, at: time) >= 0.5
  }

  mutating func addCutOff(
    _ timeline: Timeline, _ fleet: Fleet, _ reports: Reports, _ profiles: TemplateProfiles
  ) {
    guard !timeline.firstMention.isEmpty else { return }
    let gone = devices.filter { findings[$0]!.kind == .reported && !fleet.dependants[$0].isEmpty }
    for device in gone {
      let moment = findings[device]!.time
      let open = fleet.dependants[device].map { Int($0) }.filter {
        fleet.isShared[$0] && findings[$0] == nil && unrelated[$0] == nil
      }
      let complaints = open.map { other in
        timeline.events(of: other).filter { event in
          let template = Int(timeline.evidence.eventTemplates[Int(event)])
          let time = timeline.seconds[Int(event)]
          return timeline.mention(Int(event)) == device && timeline.isLoud[template]
            && reports.isReport(template) && abs(time - moment) <= Self.clockSpan
            && (timeline.tones[template] == .loud || Self.isNew(template, at: time, timeline, profiles))
        }
      }
      // When it went is guessed from the report, so that what is said around that counts as well.
      let report = max(moment, findings[device]!.latest)
      func isNear(_ event: Int32) -> Bool {
        let time = timeline.seconds[Int(event)]
        return time >= moment - Self.cutOffSpan && time <= report + Self.cutOffSpan
      }
      var kinds: [Int32: Int] = [:]
      for told in complaints {
        guard let first = told.first, isNear(first) else { continue }
        kinds[timeline.evidence.eventTemplates[Int(first)], default: 0] += 1
      }
      for (other, told) in zip(open, complaints) {
        guard let first = told.first else { continue }
        let time = timeline.seconds[Int(first)]
        var finding = Finding(
          time: time, earliest: min(time, moment), latest: time, probability: 0.9, kind: .log,
          events: Array(told.prefix(8)), reasons: ["it says that it lost what it hangs on"])
        if !isNear(first) {
          // What others say as they lose it, minutes away from that: by a clock that is wrong.
          let isAlike = (kinds[timeline.evidence.eventTemplates[Int(first)]] ?? 0) >= Self.fewestBereft
          if isAlike {
            (finding.time, finding.latest) = (moment, max(time, moment))
            finding.reasons.append("others that lost it said the same then: its clock may be wrong")
          } else if let near = told.first(where: isNear) {
            finding.time = timeline.seconds[Int(near)]
            finding.earliest = min(time, moment)
            finding.latest = finding.time
          } else {
            continue
          }
        }
        findings[other] = finding
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
    var complaints: [Int: [(device: Int, events: [Int32])]] = [:]
    for device in fleet.isShared.indices where fleet.isShared[device] && findings[device] == nil {
      guard !fleet.providers[device].isEmpty, unrelated[device] == nil else { continue }
      let told = timeline.events(of: device).filter { event in
        let template = Int(timeline.evidence.eventTemplates[Int(event)])
        return timeline.isLoud[template] && reports.isReport(template)
          && Self.isNew(template, at: timeline.seconds[Int(event)], timeline, profiles)
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
