internal import IncidentModel

/// What others say of an entity: "this client timed out". A report comes some time after the failure; the lag is
/// learned from entities that fell silent.
///
/// An event is a report when its speaker names another entity, and the speaker is shared infrastructure or names many.
/// Lag: the gaps between an entity's last sign of life and the report are lag + an exponential rest, so the least gap
/// less (mean - least)/(n - 1) estimates it (the shifted exponential's unbiased estimator); it is weighed with the
/// usual 90 s (MQTT 5.0, 3.1.2.10: one and a half times the keep alive, 60 s by custom). Each kind of report has its own.
/// What is known besides of the moment is added later (see `ReportMoments`).
/// Where no severity grades a message, it must say in words that somebody is gone. What tells so in no known word, a kind of remark that its
/// speaker, heard before, made of nobody until then and makes of each but a few times, counts where they fall silent with it (see `NewRemarks`).
/// Whoever speaks of an entity in a rhythm, as one that polls it, bounds the onset by its last word that all is well; the reporter takes
/// back a report with its next one (see `SignsOfLife`), unless it reports many in one moment (see `LossesAtOnce`).
/// What a reporter says when it is heard for the first time, long after the others, is new to the evidence alone (see `EvidenceStart`).
/// Fails where one kind of report comes after timeouts of very different lengths.
struct Reports {
  /// First report that counts, per entity.
  private(set) var first: [Int: Int32] = [:]
  private(set) var lag = 90.0
  private var lagError = 30.0
  /// By kind of report, where there are enough of it: one watches a heartbeat, another polls.
  private var lags: [Int32: (lag: Double, error: Double)] = [:]
  private let reporting: ReportTemplates
  private let signs: SignsOfLife
  /// Many whom one speaker misses in one moment.
  let atOnce: LossesAtOnce
  /// Entities that speak of others.
  let reporters: Set<Int32>
  /// Entities that news of others speak of, silent or not.
  private let subjects: Set<Int>

  init(
    _ timeline: Timeline, _ fleet: Fleet, _ reporting: ReportTemplates, _ profiles: TemplateProfiles,
    _ heard: EvidenceStart
  ) {
    self.reporting = reporting
    var found: [Int: [Int32]] = [:]
    var remarks: [Int: [Int32]] = [:]
    var speakers = Set<Int32>()
    // Whom somebody from outside tried in vain to reach through another (a firewall's log) is not gone.
    let isRefusal = timeline.isLoud.indices.map {
      timeline.isLoud[$0] && reporting.isReport[$0]
        && OutsideAttempts.tellsOfRefusal(timeline.evidence.templateTexts[$0])
    }
    for event in timeline.firstMention.indices where timeline.firstMention[event] >= 0 {
      let template = Int(timeline.evidence.eventTemplates[event])
      guard reporting.isReport[template] else { continue }
      let speaker = timeline.evidence.eventDevices[event]
      speakers.insert(speaker)
      let profile = profiles.fleet[template]
      let isNews =
        profile.role == .rare || TemplateProfiles.news(profile, timeline.seconds[event]) >= 0.5
        || profile.role == .sporadic && timeline.tones[template] == .loud
      guard timeline.isLoud[template], !isRefusal[template], isNews else { continue }
      let isGraded = timeline.tones[template] == .loud
      guard isGraded || timeline.seconds[event] > heard.beginning(of: Int(speaker), timeline) else {
        continue
      }
      if isGraded || timeline.words.tellsOfLoss[template] {
        found[timeline.mention(event), default: []].append(Int32(event))
      } else if Self.isNewRemark(event, template, profile, timeline) {
        remarks[timeline.mention(event), default: []].append(Int32(event))
      }
    }
    for (device, events) in NewRemarks(remarks, missed: Set(found.keys), timeline).reports {
      found[device] = events
    }
    reporters = speakers
    subjects = Set(found.keys)
    signs = SignsOfLife(timeline, found)
    atOnce = LossesAtOnce(found, timeline)
    keepSilent(found, timeline)
    learnLag(timeline)
  }

  /// True for templates that speak of another entity rather than of the speaker.
  func isReport(_ template: Int) -> Bool { reporting.isReport[template] }

  /// True for templates in which alike entities name each other.
  func namesPeers(_ template: Int) -> Bool { reporting.namesPeers[template] }

  /// Whether others said something new of an entity.
  func speaksOf(_ device: Int) -> Bool { subjects.contains(device) }

  /// Whether an ungraded message is of a kind that its speaker, heard before, made of nobody until then.
  private static func isNewRemark(
    _ event: Int, _ template: Int, _ profile: TemplateProfiles.Profile, _ timeline: Timeline
  ) -> Bool {
    let speaker = Int(timeline.evidence.eventDevices[event])
    guard speaker >= 0, profile.role == .novel, profile.events <= 3 * profile.episodes,
      let first = timeline.events(of: speaker).first
    else { return false }
    return Int(timeline.evidence.eventTemplates[Int(first)]) != template
  }

  /// Reports count when the entity was silent around them, and was not heard of again at once.
  private mutating func keepSilent(_ found: [Int: [Int32]], _ timeline: Timeline) {
    let seconds = timeline.seconds
    for (device, events) in found {
      let sorted = events.count < 2 ? events : events.sorted { seconds[Int($0)] < seconds[Int($1)] }
      for event in sorted {
        let time = seconds[Int(event)]
        let isOfMany = atOnce.holds(event)
        let isAlive =
          timeline.events(of: device).contains {
            seconds[Int($0)] > time - 45 && seconds[Int($0)] < time + 120
          } || isOfMany && LossesAtOnce.spokeOn(device, at: time, timeline)
        if !isAlive,
          isOfMany || !signs.goesOn(device, by: timeline.evidence.eventDevices[Int(event)], after: time)
        {
          first[device] = event
          break
        }
      }
    }
  }

  private mutating func learnLag(_ timeline: Timeline) {
    var gaps: [Int32: [Double]] = [:]
    for (device, event) in first {
      let last = lastHeard(of: device, before: event, timeline)
      guard last > -.infinity else { continue }
      gaps[timeline.evidence.eventTemplates[Int(event)], default: []].append(
        timeline.seconds[Int(event)] - last)
    }
    guard !gaps.isEmpty else { return }
    (lag, lagError) = Self.lag(gaps.values.flatMap { $0 }.sorted())
    for (template, own) in gaps where own.count >= 3 { lags[template] = Self.lag(own.sorted()) }
  }

  private static func lag(_ gaps: [Double]) -> (lag: Double, error: Double) {
    let least = gaps[0]
    let priorMean = 90.0
    let priorError = 20.0
    guard gaps.count >= 3 else { return (min(priorMean, least), 30) }
    let mean = gaps.reduce(0, +) / Double(gaps.count)
    let estimate = max(0, least - (mean - least) / Double(gaps.count - 1))
    let error = max(1, (mean - least) / Double(gaps.count))
    let weight = 1 / (error * error)
    let priorWeight = 1 / (priorError * priorError)
    return (
      min(least, (estimate * weight + priorMean * priorWeight) / (weight + priorWeight)),
      (1 / (weight + priorWeight)).squareRoot()
    )
  }

  private func usualLag(_ report: Int32, _ timeline: Timeline) -> (lag: Double, error: Double) {
    lags[timeline.evidence.eventTemplates[Int(report)]] ?? (lag, lagError)
  }

  /// The earliest second that a report may stand for, by how long such reports take.
  func earliest(_ report: Int32, _ timeline: Timeline) -> Double {
    let (lag, error) = usualLag(report, timeline)
    return timeline.seconds[Int(report)] - lag - 2 * error
  }

  /// The last sign of life before a report: what the entity said itself, or others of it.
  func lastHeard(of device: Int, before report: Int32, _ timeline: Timeline) -> Double {
    let time = timeline.seconds[Int(report)]
    var last = signs.last(of: device, before: time) ?? -.infinity
    for event in timeline.events(of: device) where timeline.seconds[Int(event)] < time {
      last = max(last, timeline.seconds[Int(event)])
    }
    return last
  }

  private static let reasons = ["silent, and another entity reports it as gone"]

  /// The onset that a report stands for.
  func finding(_ report: Int32, _ device: Int, _ timeline: Timeline) -> Onsets.Finding {
    let time = timeline.seconds[Int(report)]
    let last = lastHeard(of: device, before: report, timeline)
    var onset = max(time - usualLag(report, timeline).lag, last)
    // Where the report came in place of the next sign of life, it lies anywhere between the two.
    let speaker = timeline.evidence.eventDevices[Int(report)]
    if signs.wasDue(device, by: speaker, at: time) { onset = max(onset, (last + time) / 2) }
    return Onsets.Finding(
      time: onset, earliest: max(last, earliest(report, timeline)), latest: time, probability: 0.9,
      kind: .reported, events: [report], reasons: Self.reasons)
  }
}

/// Templates that speak of another entity rather than of the speaker: mostly said by shared infrastructure, or by one
/// speaker of many entities.
struct ReportTemplates {
  /// Fewer that are named may not have had their turn to speak.
  private static let fewestNamed = 8
  /// Per template.
  let isReport: [Bool]
  /// Per template: mostly alike entities that name each other, as infections do.
  let namesPeers: [Bool]

  init(_ timeline: Timeline, _ fleet: Fleet) {
    let templates = timeline.evidence.templateTexts.count
    var named = [Set<Int32>](repeating: [], count: templates)
    var speakers = [Set<Int32>](repeating: [], count: templates)
    var shared = [Int](repeating: 0, count: templates)
    var peers = [Int](repeating: 0, count: templates)
    var total = [Int](repeating: 0, count: templates)
    for event in timeline.firstMention.indices where timeline.firstMention[event] >= 0 {
      let template = Int(timeline.evidence.eventTemplates[event])
      let speaker = timeline.evidence.eventDevices[event]
      guard speaker >= 0 else { continue }
      total[template] += 1
      if fleet.isShared[Int(speaker)] {
        shared[template] += 1
      } else if !fleet.isShared[Int(timeline.firstMention[event])] {
        peers[template] += 1
      }
      if named[template].count < 4096 { named[template].insert(timeline.firstMention[event]) }
      if speakers[template].count < 4096 { speakers[template].insert(speaker) }
    }
    isReport = (0..<templates).map { template in
      guard total[template] > 0 else { return false }
      return shared[template] * 2 > total[template]
        || named[template].count >= 3 && named[template].count >= 2 * speakers[template].count
    }
    let reports = isReport
    // Whom three and more all name is no neighbour of each, but what they hang on or are read by. Nor are those alike of whom one kind says it
    // and another is named in it (addresses that fetch something for a device).
    var arePeers = [Bool](repeating: false, count: templates)
    for template in 0..<templates where !reports[template] && total[template] > 0 {
      let (subjects, voices) = (named[template], speakers[template])
      guard peers[template] * 2 > total[template], subjects.count > 1 || voices.count < 3 else { continue }
      let areMany = subjects.count >= Self.fewestNamed && voices.count >= Self.fewestNamed
      arePeers[template] = !areMany || subjects.intersection(voices).count * 10 >= subjects.count
    }
    namesPeers = arePeers
  }
}
