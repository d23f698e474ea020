internal import IncidentModel

/// Who only warned of something new, and went on as ever: it was adjusted, renewed, restarted or hot, and did not fail.
///
/// All that it said of trouble is graded a warning, names nobody, and is little beside its everyday messages; each kind of these goes
/// on at the rate that it had, without a pause that is unusual for it; and nobody reports it. Whether a service stopped shows in the
/// kind of message that tells of it: one that ends is enough. Where nothing is graded, or too little was said before to know what is
/// usual, it cannot be told and does not hold.
/// Fails for a service that stops without any message of its own that would stop with it.
struct WentOn {
  private let timeline: Timeline
  private let profiles: TemplateProfiles
  private let reports: Reports

  /// Messages of a kind that must be known from before, and expected after it.
  private static let fewest = 5.0
  /// Less of what is expected is less than usual.
  private static let share = 0.45
  /// As many warnings say little, whatever is said between them.
  private static let few = 4
  /// Trouble of one cause lies within this, in seconds.
  private static let after = 3600.0

  init(_ timeline: Timeline, _ profiles: TemplateProfiles, _ reports: Reports) {
    self.timeline = timeline
    self.profiles = profiles
    self.reports = reports
  }

  /// Whether an entity warned and did not fail.
  func holds(_ device: Int, _ finding: Onsets.Finding) -> Bool {
    guard finding.kind == .log, !finding.isOneByOne, let first = finding.events.first,
      !reports.speaksOf(device)
    else { return false }
    let warning = Severity.warning.rawValue
    for event in finding.events {
      guard timeline.evidence.severities[Int(event)] == warning, timeline.mention(Int(event)) < 0 else {
        return false
      }
    }
    let kinds = Set(finding.events.map { timeline.evidence.eventTemplates[Int($0)] })
    let since = timeline.seconds[Int(first)]
    var warnings: [Double] = []
    for event in timeline.events(of: device) {
      let template = timeline.evidence.eventTemplates[Int(event)]
      let time = timeline.seconds[Int(event)]
      if kinds.contains(template) {
        warnings.append(time)
      } else if timeline.evidence.severities[Int(event)] < warning, time > since - 60,
        time < since + Self.after,
        profiles.fleet[Int(template)].role != .chatter
      {
        return false
      }
    }
    return goesOn(device, since) && areFew(warnings, device)
  }

  /// Whether all that a finding rests on is ungraded, tells in no word of trouble, names nobody, and was said once.
  func isRemark(_ finding: Onsets.Finding) -> Bool {
    guard finding.kind == .log, !finding.events.isEmpty, finding.namedBy == 0, !finding.isOneByOne else {
      return false
    }
    let kinds = finding.events.map { Int(timeline.evidence.eventTemplates[Int($0)]) }
    return Set(kinds).count == kinds.count
      && finding.events.allSatisfy {
        timeline.mention(Int($0)) < 0 && timeline.evidence.severities[Int($0)] == UInt8.max
      }
      && kinds.allSatisfy { kind in
        timeline.tones[kind] == .unknown && !timeline.words.tellsOfFailure[kind]
          && !timeline.words.tellsOfLoss[kind] && !timeline.words.tellsOfDelay[kind]
      }
  }

  /// Whether warnings are few beside the everyday life that goes on between them.
  private func areFew(_ warnings: [Double], _ device: Int) -> Bool {
    guard warnings.count > Self.few, let first = warnings.first, let last = warnings.last else { return true }
    let everyday = timeline.events(of: device).count {
      let time = timeline.seconds[Int($0)]
      return time >= first && time <= last && !timeline.isLoud[Int(timeline.evidence.eventTemplates[Int($0)])]
    }
    return everyday >= 3 * warnings.count
  }

  /// Whether all that an entity says every day is said after some time as it was before, and without an unusual pause.
  ///
  /// - Parameter remark: What it said beside that, where nothing it says is graded: all else that is not graded as trouble is everyday life then.
  func goesOn(_ device: Int, _ since: Double, beside remark: Set<Int32>? = nil) -> Bool {
    var before: [Int32: Int] = [:]
    var after: [Int32: Int] = [:]
    var start = since
    var times: [Double] = []
    for event in timeline.events(of: device) {
      let template = timeline.evidence.eventTemplates[Int(event)]
      let isEveryday =
        remark.map { !$0.contains(template) && timeline.tones[Int(template)] != .loud }
        ?? !timeline.isLoud[Int(template)]
      guard isEveryday else { continue }
      let time = timeline.seconds[Int(event)]
      start = min(start, time)
      if time < since { before[template, default: 0] += 1 } else { after[template, default: 0] += 1 }
      times.append(time)
    }
    let past = since - start
    let rest = timeline.end - since
    guard past > 0, rest > 0 else { return false }
    var isKnown = false
    for (template, count) in before where Double(count) >= Self.fewest {
      let expected = Double(count) / past * rest
      guard expected >= Self.fewest else { continue }
      isKnown = true
      if Double(after[template] ?? 0) < Self.share * expected { return false }
    }
    return isKnown && !pauses(times, since)
  }

  /// Whether the everyday messages of an entity pause unusually after some time, or end.
  private func pauses(_ times: [Double], _ since: Double) -> Bool {
    var longest = 0.0
    var pause = 0.0
    var last = times[0]
    for time in times.dropFirst() {
      if time < since { longest = max(longest, time - last) } else { pause = max(pause, time - last) }
      last = time
    }
    pause = max(pause, timeline.end - last)
    let usual = (last - times[0]) / Double(max(1, times.count - 1))
    return pause > max(1.5 * longest, 5 * usual, 150)
  }
}

extension WentOn {
  /// Takes away the findings of those that only warned and went on, where nine of ten of those that warned so did; what they said is
  /// no sign of failure of the others either, and their onsets begin behind it. Gives what was taken away, by entity.
  static func setAside(
    _ onsets: inout Onsets, _ timeline: Timeline, _ fleet: Fleet, _ profiles: TemplateProfiles,
    _ reports: Reports,
    _ judgements: Judgements
  ) -> [Int: Onsets.Finding] {
    let wentOn = WentOn(timeline, profiles, reports)
    let failed = onsets.devices
    let well = failed.filter { device in
      judgements.onsets[device] != true && fleet.dependants[device].isEmpty
        && wentOn.holds(device, onsets.findings[device]!)
    }
    guard !well.isEmpty else { return [:] }
    let isWell = Set(well)
    var users: [Int32: (all: Int, well: Int)] = [:]
    for device in failed {
      for template in timeline.templates(of: onsets.findings[device]!.events) {
        let known = users[template] ?? (0, 0)
        users[template] = (known.all + 1, known.well + (isWell.contains(device) ? 1 : 0))
      }
    }
    let harmless = Set(users.filter { $0.value.well * 10 >= $0.value.all * 9 }.keys)
    var aside: [Int: Onsets.Finding] = [:]
    // What hardly anybody failed with is no sign of failure of the tenth either, whose pauses are a little longer.
    for device in failed {
      var finding = onsets.findings[device]!
      guard finding.kind == .log, !finding.events.isEmpty, !reports.speaksOf(device),
        judgements.onsets[device] != true,
        timeline.templates(of: finding.events).allSatisfy(harmless.contains)
      else { continue }
      finding.reasons = [reason]
      aside[device] = finding
      onsets.findings[device] = nil
    }
    guard !aside.isEmpty else { return [:] }
    for device in failed where aside[device] == nil {
      let events = onsets.findings[device]!.events
      guard let first = events.first, harmless.contains(timeline.evidence.eventTemplates[Int(first)]),
        let next = events.first(where: { !harmless.contains(timeline.evidence.eventTemplates[Int($0)]) })
      else { continue }
      let time = timeline.seconds[Int(next)]
      guard time > onsets.findings[device]!.time else { continue }
      onsets.findings[device]!.events.removeAll {
        harmless.contains(timeline.evidence.eventTemplates[Int($0)])
      }
      onsets.findings[device]!.time = time
      onsets.findings[device]!.latest = max(time, onsets.findings[device]!.latest)
    }
    return aside
  }

  fileprivate static let reason =
    "it only warned, its everyday messages went on as before, and nobody reported it"
}

extension Reading {
  /// Seconds before trouble within which an announcement of it lies, and after it within which it ends.
  private static let aboutToDo: (before: Double, after: Double) = (180, 300)

  /// Whether nine of ten of those that failed, by no cause that was found, said shortly before what they were about to do, in a message
  /// that is no trouble and that hardly anybody says otherwise, had trouble for minutes, and went on as before. Where what they hang on was
  /// restarted piece by piece, in good order, they need only have warned of it.
  ///
  /// Whether they went on is seen in the whole evidence, `wide`.
  func wasPlanned(_ group: [Int], _ diagnosis: Diagnosis, _ wide: Reading) -> Bool {
    let isRolling = !(diagnosis.change?.rounds ?? [:]).isEmpty
    guard diagnosis.family == .undetermined && diagnosis.commonCause == nil || isRolling, group.count >= 3
    else { return false }
    let wentOn = WentOn(wide.timeline, wide.profiles, wide.reports)
    var before: [Int: Int] = [:]
    var well = 0
    for device in group {
      let finding = onsets.findings[device]!
      guard finding.kind == .log, let last = finding.events.last, !reports.speaksOf(device) else { continue }
      let end = timeline.seconds[Int(last)]
      guard end - finding.time <= Self.aboutToDo.after, wentOn.goesOn(device, end) else { continue }
      // Behind what is restarted, an error is more than a warning that it is away.
      if isRolling,
        finding.events.contains(where: {
          timeline.evidence.severities[Int($0)] != Severity.warning.rawValue
        })
      {
        continue
      }
      well += 1
      let said = timeline.everydayKinds(saidBy: device, within: Self.aboutToDo.before, before: finding.time)
      for template in said where !timeline.words.tellsOfFailure[template] {
        before[template, default: 0] += 1
      }
    }
    guard well * 10 >= group.count * 9 else { return false }
    return isRolling
      || before.contains { template, count in
        count * 10 >= group.count * 9 && profiles.fleet[template].events <= 2 * count
      }
  }

  /// Whether nine of ten of those that failed, by no cause that was found, only said what nobody graded and what tells of no trouble in words
  /// (numbers by which somebody looks for a fault), and went on as before: that something failed is not known then.
  func areHarmless(_ group: [Int], _ diagnosis: Diagnosis, _ wide: Reading) -> Bool {
    guard diagnosis.family == .undetermined, diagnosis.commonCause == nil, !diagnosis.isExpiry else {
      return false
    }
    let wentOn = WentOn(wide.timeline, wide.profiles, wide.reports)
    let well = group.count { device in
      let finding = onsets.findings[device]!
      return finding.kind == .log && !reports.speaksOf(device)
        && timeline.templates(of: finding.events).allSatisfy {
          timeline.tones[Int($0)] == .unknown && !timeline.words.tellsOfDelay[Int($0)]
        } && wentOn.goesOn(device, finding.time)
    }
    return well * 10 >= group.count * 9
  }

  /// Moves those that went on as ever out of the failures of their own: those whose trouble is of a kind that others went on from as
  /// well, and, where no incident was found, those that told of the same trouble at another time as well.
  func setAsideEveryday(_ trace: inout Trace, _ known: [String: Onset]) {
    let failed = Set(trace.incidents.flatMap { $0.onsets.map(\.device) })
    var aside = known.filter { !failed.contains($0.key) }
    if !trace.unrelated.isEmpty, !aside.isEmpty || trace.incidents.isEmpty {
      let wentOn = WentOn(timeline, profiles, reports)
      let templates = templates(of: trace.unrelated + aside.values)
      let kinds = Set(
        aside.values.filter { !$0.isRemark }.flatMap { $0.evidence.compactMap { templates[$0.rawValue] } })
      let names = Set(trace.unrelated.map(\.device))
      var index: [String: Int] = [:]
      for (device, name) in timeline.evidence.devices.enumerated() where names.contains(name) {
        index[name] = device
      }
      // Of one cause most would say the same.
      let areStray =
        trace.incidents.isEmpty
        && trace.unrelated.count { onset in
          index[onset.device].map { isStray($0, onset, templates) } ?? false
        } >= Self.manyStrays
      for onset in trace.unrelated where onset.kind == .log && !onset.evidence.isEmpty {
        guard let device = index[onset.device] else { continue }
        let own = Set(onset.evidence.compactMap { templates[$0.rawValue] })
        let time = onset.time.seconds(since: timeline.instant(0))
        var told = onset
        if own.isSubset(of: kinds) {
          told.reasons = [WentOn.reason]
        } else if trace.incidents.isEmpty, onset.evidence.count <= 2, saidBefore(device, own, time),
          wentOn.goesOn(device, time)
        {
          told.reasons = [
            "it said the same before, at another time, and its everyday messages went on as before"
          ]
        } else if trace.incidents.isEmpty, onset.evidence.count <= 2,
          own.allSatisfy({
            timeline.tones[Int($0)] == .unknown && !timeline.words.tellsOfDelay[Int($0)]
          }), wentOn.goesOn(device, time)
        {
          told.reasons = [
            "what it said is graded by nobody and tells of no trouble in words, and its everyday messages went on as before"
          ]
        } else if areStray, isStray(device, onset, templates) {
          told.reasons = [
            "it wrote single messages of kinds hardly ever written, in words of its own, and spoke on as before"
          ]
        } else {
          continue
        }
        aside[onset.device] = told
      }
      trace.unrelated.removeAll { aside[$0.device] != nil }
    }
    let apart = Set(trace.unrelated.map(\.device))
    trace.wentOn = aside.values.filter { !apart.contains($0.device) }
      .sorted { ($0.time, $0.device) < ($1.time, $1.device) }
  }

  private static let manyStrays = 8

  /// Whether all that an entity said of trouble are single messages, each of a kind that the whole fleet hardly ever writes, after each of
  /// which it spoke on.
  private func isStray(_ device: Int, _ onset: Onset, _ templates: [Int64: Int32]) -> Bool {
    guard onset.kind == .log, !onset.evidence.isEmpty else { return false }
    let kinds = onset.evidence.compactMap { templates[$0.rawValue] }
    guard kinds.count == onset.evidence.count, kinds.allSatisfy({ profiles.fleet[Int($0)].role == .rare })
    else {
      return false
    }
    var last = -Double.infinity
    var spoken = 0
    for event in timeline.events(of: device) {
      let time = timeline.seconds[Int(event)]
      if kinds.contains(timeline.evidence.eventTemplates[Int(event)]) {
        guard time - last > TemplateProfiles.episodeGap else { return false }
        last = time
        spoken = 0
      } else if !timeline.isLoud[Int(timeline.evidence.eventTemplates[Int(event)])] {
        spoken += 1
      }
    }
    return spoken >= 5
  }

  private func saidBefore(_ device: Int, _ kinds: Set<Int32>, _ time: Double) -> Bool {
    timeline.events(of: device).contains {
      timeline.seconds[Int($0)] < time - 3600 && kinds.contains(timeline.evidence.eventTemplates[Int($0)])
    }
  }

  /// The kind of message of each piece of evidence of some onsets.
  func templates(of onsets: [Onset]) -> [Int64: Int32] {
    let wanted = Set(onsets.lazy.flatMap(\.evidence).map(\.rawValue))
    var result: [Int64: Int32] = [:]
    for (position, id) in timeline.evidence.eventIDs.enumerated() where wanted.contains(id) {
      result[id] = timeline.evidence.eventTemplates[position]
    }
    return result
  }
}

extension Incident {
  /// Where perhaps nothing failed, none of the failures is sure.
  mutating func doubtFailures() {
    for index in onsets.indices { onsets[index].probability = min(0.5, onsets[index].probability) }
  }
}
