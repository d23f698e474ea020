internal import IncidentModel

/// Attempts by others that an entity refused: being attacked is not failing.
///
/// A worm's victims and those that withstand it both write that somebody came to them. Told apart by what follows, per template:
/// where entities say it, trouble of their own stands beside it within five minutes (a sign of the infection), or mostly does not
/// (a refusal). It must name actors: entities with trouble of their own before. Refusals then date no onset, and who says nothing
/// else did not fail, if it goes on with its own work, nobody names it as an actor, and no report speaks of it.
/// Assumes that an infected entity shows more than that it was visited. Needs two actors: one that many cannot reach may be what
/// they depend on.
struct RefusedAttempts {
  /// Per template; empty where there is none.
  private var isRefusal: [Bool] = []
  /// Entities that say nothing else and failed all the same.
  private var failed: Set<Int> = []

  /// Trouble that follows an attempt later is not of it.
  private static let prompt = 300.0
  /// Clocks may be off by this.
  private static let slack = 60.0
  private static let fewestActors = 2
  /// A sign of infection stands alone in fewer cases than one of five, as messages are lost.
  private static let signShare = 0.8

  /// `news` is how sure an event of an entity is part of something new.
  init(
    _ timeline: Timeline, _ profiles: TemplateProfiles, _ reports: Reports,
    news: (_ device: Int, _ event: Int, _ template: Int) -> Double
  ) {
    let isCandidate = timeline.isLoud.indices.map { template in
      timeline.isLoud[template] && reports.namesPeers(template)
        && (profiles.fleet[template].role == .novel || profiles.fleet[template].role == .surging)
    }
    guard isCandidate.contains(true) else { return }
    // First trouble of its own, per entity, and what was said of others.
    var own = [Double](repeating: .infinity, count: timeline.deviceCount)
    var said: [(device: Int, template: Int, time: Double, named: Int)] = []
    for device in 0..<timeline.deviceCount {
      for event in timeline.events(of: device) {
        let template = Int(timeline.evidence.eventTemplates[Int(event)])
        guard timeline.isLoud[template], !reports.isReport(template),
          news(device, Int(event), template) >= 0.5
        else { continue }
        let time = timeline.seconds[Int(event)]
        if !isCandidate[template] {
          own[device] = min(own[device], time)
        } else {
          said.append((device, template, time, timeline.mention(Int(event))))
        }
      }
    }
    let refusals = Self.refusals(said, own, timeline)
    guard refusals.contains(true) else { return }
    isRefusal = refusals
    var actors: Set<Int> = []
    var onlyRefused: [Int: Double] = [:]
    for entry in said {
      if refusals[entry.template] {
        actors.insert(entry.named)
        if own[entry.device] == .infinity, onlyRefused[entry.device] == nil {
          onlyRefused[entry.device] = entry.time
        }
      }
    }
    for entry in said where !refusals[entry.template] { onlyRefused[entry.device] = nil }
    failed = Set(
      onlyRefused.filter { device, since in
        actors.contains(device) || reports.speaksOf(device) || !Self.goesOn(device, since, timeline)
      }.keys)
  }

  /// Whether an event of a template tells nothing of its speaker's own failure.
  func leavesOut(_ template: Int, of device: Int) -> Bool {
    !isRefusal.isEmpty && isRefusal[template] && !failed.contains(device)
  }

  /// Templates that name actors and that mostly no trouble of the speaker's own stands beside.
  private static func refusals(
    _ said: [(device: Int, template: Int, time: Double, named: Int)], _ own: [Double], _ timeline: Timeline
  ) -> [Bool] {
    let templates = timeline.isLoud.count
    var pairs = [Int](repeating: 0, count: templates)
    var byActors = pairs
    var episodes = pairs
    var troubled = pairs
    var actors: [Int: Set<Int>] = [:]
    var last: (device: Int, byTemplate: [Int: Double]) = (-1, [:])
    for (device, template, time, named) in said {
      if named >= 0 {
        pairs[template] += 1
        if own[named] <= time + slack {
          byActors[template] += 1
          actors[template, default: []].insert(named)
        }
      }
      if last.device != device { last = (device, [:]) }
      let isNew = last.byTemplate[template].map { time - $0 > prompt } ?? true
      last.byTemplate[template] = time
      let isTroubled = own[device] <= time + prompt
      // What follows the end of the evidence is not known.
      guard isNew, isTroubled || time + prompt <= timeline.end else { continue }
      episodes[template] += 1
      if isTroubled { troubled[template] += 1 }
    }
    return (0..<templates).map { template in
      episodes[template] > 0 && byActors[template] * 2 > pairs[template]
        && (actors[template]?.count ?? 0) >= fewestActors
        && Double(troubled[template]) < signShare * Double(episodes[template])
    }
  }

  /// Whether an entity says as much as ever of its everyday life.
  static func goesOn(_ device: Int, _ since: Double, _ timeline: Timeline) -> Bool {
    var before = 0
    var after = 0
    var first = since
    for event in timeline.events(of: device)
    where !timeline.isLoud[Int(timeline.evidence.eventTemplates[Int(event)])] {
      let time = timeline.seconds[Int(event)]
      first = min(first, time)
      if time < since { before += 1 } else { after += 1 }
    }
    guard before >= 3, since > first else { return true }
    let expected = Double(before) / (since - first) * (timeline.end - since)
    return expected < 3 || Double(after) > 0.4 * expected
  }
}
