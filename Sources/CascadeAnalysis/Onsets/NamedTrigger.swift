internal import IncidentModel

/// An entity that said of itself that it stopped, in words of its own, just before others named it in trouble and more failed: a
/// controller whose drives trip with it, where no topology tells that they hang on it.
///
/// A single severe message proves little, and so does a single complaint about somebody. Two and more that name the same entity
/// within five minutes, in messages that are trouble and were not heard before, with its own first severe message no later than the
/// first of these, and two more failures behind it, do. Those that name it are hit by it as well.
/// Fails where the one that is named is silent about itself, and where all name it in numbers or addresses that are not known.
struct NamedTrigger {
  /// The entity, and its own message.
  let device: Int
  let event: Int32
  /// Who names it: first such message of each.
  let namers: [Int: Int32]

  private static let fewest = 2
  /// Seconds from the first to the last that names it.
  private static let company = 300.0
  /// Its own message lies this long before the first that names it, at most, and no later than clocks are off.
  private static let before = 120.0
  private static let slack = 5.0

  static func find(
    _ timeline: Timeline, _ profiles: TemplateProfiles, _ onsets: Onsets
  ) -> [NamedTrigger] {
    guard !timeline.firstMention.isEmpty else { return [] }
    let quiet = timeline.start + 0.05 * (timeline.end - timeline.start)
    func isNew(_ event: Int32) -> Bool {
      let template = Int(timeline.evidence.eventTemplates[Int(event)])
      return timeline.isLoud[template] && profiles.fleet[template].first > quiet
        && (timeline.tones[template] == .loud || timeline.words.tellsOfLoss[template])
    }
    var named: [Int: [Int: Int32]] = [:]
    for event in timeline.firstMention.indices where timeline.firstMention[event] >= 0 {
      let speaker = Int(timeline.evidence.eventDevices[event])
      guard speaker >= 0, isNew(Int32(event)) else { continue }
      let known = named[Int(timeline.firstMention[event])]?[speaker]
      if known.map({ timeline.seconds[event] < timeline.seconds[Int($0)] }) ?? true {
        named[Int(timeline.firstMention[event]), default: [:]][speaker] = Int32(event)
      }
    }
    let times = onsets.devices.map { ($0, onsets.findings[$0]!.time) }
    var result: [NamedTrigger] = []
    for (device, all) in named.sorted(by: { $0.key < $1.key }) where all.count >= fewest {
      let first = all.values.map { timeline.seconds[Int($0)] }.min()!
      let namers = all.filter { timeline.seconds[Int($0.value)] <= first + company }
      guard namers.count >= fewest else { continue }
      let own = timeline.events(of: device).first { event in
        let time = timeline.seconds[Int(event)]
        return time >= first - before && time <= first + slack && isNew(event)
          && timeline.evidence.severities[Int(event)] <= Severity.error.rawValue
          && timeline.mention(Int(event)) < 0
      }
      guard let own, profiles.fleet[Int(timeline.evidence.eventTemplates[Int(own)])].first >= first - before
      else { continue }
      let time = timeline.seconds[Int(own)]
      let behind = times.count { other, onset in
        other != device && namers[other] == nil && onset >= time - 1 && onset <= time + company
      }
      let isEarly = !times.contains { other, onset in
        other != device && onset < time - 1 && onset > time - company
      }
      guard behind >= fewest, isEarly else { continue }
      result.append(NamedTrigger(device: device, event: own, namers: namers))
    }
    return result
  }
}

extension Onsets {
  /// Adds what is known of those that stopped first and were named, and of those that name them.
  mutating func add(_ triggers: [NamedTrigger], _ timeline: Timeline) {
    for trigger in triggers {
      let reason =
        "a severe message never heard before, just before \(trigger.namers.count) others named it in trouble"
      var finding = alone(trigger.event, reason, timeline)
      finding.namedBy = trigger.namers.count
      include(trigger.device, finding)
      for (device, event) in trigger.namers where findings[device] == nil {
        let reason = "named \(timeline.evidence.devices[trigger.device]) in trouble just after that stopped"
        include(device, alone(event, reason, timeline))
      }
    }
  }

  private func alone(_ event: Int32, _ reason: String, _ timeline: Timeline) -> Finding {
    let time = timeline.seconds[Int(event)]
    return Finding(
      time: time, earliest: time, latest: time, probability: 0.9, kind: .log, events: [event],
      reasons: [reason])
  }
}
