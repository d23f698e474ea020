internal import Glibc
internal import IncidentModel

/// How unusual each event is, by its template's rhythm over the window: the probability that the event belongs to
/// something that began during the window rather than to the everyday.
///
/// Events of one template on one entity that follow each other closely are one episode, so that a chatty failure
/// counts once. Episodes spread evenly over the window are chatter (or unrelated failures, where each episode has
/// several events); concentrated ones are news. Concentration: Kulldorff's scan statistic in time ("A spatial scan
/// statistic", 1997) over 96 bins. Inside the hot segments an event is news with probability 1 - quiet rate/hot rate.
/// A template is missed only where those who say it are heard (see `EvidenceStart`): before that, its absence says nothing.
/// Assumes that the window holds some everyday life before the incident.
struct TemplateProfiles {
  /// What a template is to the fleet.
  enum Role: UInt8 {
    /// Spread evenly, single events.
    case chatter
    /// Too few to tell.
    case rare
    /// Spread evenly, several events at a time: failures of their own that spread nowhere.
    case sporadic
    /// Concentrated, and never seen in the first part of the window.
    case novel
    /// Concentrated on top of an everyday rate.
    case surging
  }
  struct Profile {
    var role = Role.rare
    var episodes = 0
    var events = 0
    /// First episode, corrected seconds.
    var first = Double.infinity
    /// Seconds for which those who say it were heard and had not said it yet, by the soonest of them.
    var silence = Double.infinity
    /// Everyday episodes expected inside the hot segments.
    var expectedInHot = 0.0
    /// Hot bins with the probability of news in each.
    var hot: [(from: Double, to: Double, news: Double)] = []

    /// Whether it may tell of a change that three and more received: that few did says nothing against it.
    var mayBeReceipt: Bool { role == .novel || role == .surging || isOfFew }
    /// Said too seldom to have a rhythm, and three times at least.
    var isOfFew: Bool { role == .rare && events >= 3 }
  }
  /// Per template, over all entities; `byClass` per (template, class).
  private(set) var fleet: [Profile]
  private var byClass: [UInt64: Profile] = [:]

  /// Episodes end after this many seconds of quiet.
  static let episodeGap = 300.0
  private static let bins = 96
  private static let earlyBins = 6

  init(
    _ timeline: Timeline, _ fleetModel: Fleet, _ reporting: ReportTemplates, _ heard: EvidenceStart
  ) {
    let templates = timeline.evidence.templateTexts.count
    fleet = [Profile](repeating: Profile(), count: templates)
    let width = max(1e-3, (timeline.end - timeline.start) / Double(Self.bins))
    var histogram = [Int32](repeating: 0, count: templates * Self.bins)
    var classHistogram: [UInt64: [Int32]] = [:]
    var activity = [Double](repeating: 0, count: Self.bins)
    var last: [Talk] = []
    // Streams that were running when the window began, and end long after: they are no beginning of anything.
    var standing = [Int](repeating: 0, count: templates)
    var standingByClass: [UInt64: Int] = [:]
    // Counted apart from the profiles, as there are ten million events.
    var eventCounts = [Int](repeating: 0, count: templates)
    var episodeCounts = eventCounts
    var firsts = [Double](repeating: .infinity, count: templates)
    var silences = firsts
    var exposure = Exposure(templates, isNeeded: !heard.since.isEmpty)
    var astray: [Int: (bin: Int, episodes: Int)] = [:]
    let eventTemplates = timeline.evidence.eventTemplates
    for device in 0..<timeline.deviceCount {
      last.removeAll(keepingCapacity: true)
      let since = heard.second(of: device, notBefore: timeline.start)
      for event in timeline.events(of: device) {
        let template = eventTemplates[Int(event)]
        guard !reporting.isReport[Int(template)] else { continue }
        let time = timeline.seconds[Int(event)]
        eventCounts[Int(template)] += 1
        let bin = min(Self.bins - 1, max(0, Int((time - timeline.start) / width)))
        if !timeline.isLoud[Int(template)], timeline.commonSpan.contains(time) { activity[bin] += 1 }
        var isNew = true
        if let slot = last.firstIndex(where: { $0.template == template }) {
          isNew = last[slot].add(time)
        } else {
          last.append(Talk(template, time, since))
          exposure.add(Int(template), from: Int((since - timeline.start) / width))
        }
        guard isNew else { continue }
        if !timeline.strays.isEmpty, !timeline.commonSpan.contains(time) {
          astray[Int(template), default: (bin, 0)].episodes += 1
          continue
        }
        episodeCounts[Int(template)] += 1
        firsts[Int(template)] = min(firsts[Int(template)], time)
        silences[Int(template)] = min(silences[Int(template)], time - since)
        histogram[Int(template) * Self.bins + bin] += 1
        if fleetModel.isShared[device] {
          let key = Self.key(Int(template), fleetModel.classOf[device])
          classHistogram[key, default: [Int32](repeating: 0, count: Self.bins)][bin] += 1
          byClass[key, default: Profile()].episodes += 1
        }
      }
      for talk in last
      where talk.wasRunning(timeline, width, isGraded: timeline.tones[Int(talk.template)] != .unknown) {
        standing[Int(talk.template)] += 1
        guard fleetModel.isShared[device] else { continue }
        standingByClass[Self.key(Int(talk.template), fleetModel.classOf[device]), default: 0] += 1
      }
    }
    // What wrong clocks stamp far away makes the window's end (or beginning) no busier, unless nobody says it elsewhere.
    for (template, found) in astray where episodeCounts[template] == 0 {
      episodeCounts[template] = found.episodes
      firsts[template] = found.bin == 0 ? timeline.start : timeline.end
      silences[template] = firsts[template] - timeline.start
      histogram[template * Self.bins + found.bin] += Int32(found.episodes)
    }
    for template in 0..<templates {
      fleet[template].events = eventCounts[template]
      fleet[template].episodes = episodeCounts[template]
      fleet[template].first = firsts[template]
      fleet[template].silence = silences[template]
    }
    // Reports count by the entity they speak of.
    var lastReport: [UInt64: Double] = [:]
    var voices: Set<UInt64> = []
    for event in timeline.firstMention.indices where timeline.firstMention[event] >= 0 {
      let template = Int(timeline.evidence.eventTemplates[event])
      guard reporting.isReport[template] else { continue }
      let time = timeline.seconds[event]
      let bin = min(Self.bins - 1, max(0, Int((time - timeline.start) / width)))
      fleet[template].events += 1
      let key = UInt64(template) << 32 | UInt64(timeline.firstMention[event])
      let isNew = lastReport[key].map { abs(time - $0) > Self.episodeGap } ?? true
      lastReport[key] = time
      guard isNew else { continue }
      fleet[template].episodes += 1
      fleet[template].first = min(fleet[template].first, time)
      let speaker = Int(timeline.evidence.eventDevices[event])
      var since = timeline.start
      if speaker >= 0, !heard.since.isEmpty {
        // Whoever is heard later than others did not fail to say it before.
        since = heard.second(of: speaker, notBefore: timeline.start)
        if voices.insert(UInt64(template) << 32 | UInt64(speaker)).inserted {
          exposure.add(template, from: Int((since - timeline.start) / width))
        }
      }
      fleet[template].silence = min(fleet[template].silence, time - since)
      histogram[template * Self.bins + bin] += 1
    }
    let scale = Scale(start: timeline.start, width: width, weights: Self.weights(activity))
    for template in 0..<templates where fleet[template].episodes > 0 {
      let slice = Array(histogram[template * Self.bins..<(template + 1) * Self.bins])
      var own = scale
      exposure.limit(&own.weights, [template])
      Self.judge(
        &fleet[template], slice, own, isGraded: timeline.tones[template] != .unknown,
        standing: standing[template])
    }
    // Each too rare to tell, together they may be one kind.
    let families = SharedBeginnings.families(timeline) {
      !reporting.isReport[$0] && fleet[$0].role == .rare && fleet[$0].episodes > 0
    }
    for family in families {
      var whole = Profile()
      var counts = [Int32](repeating: 0, count: Self.bins)
      for template in family {
        whole.episodes += fleet[template].episodes
        whole.events += fleet[template].events
        for bin in counts.indices { counts[bin] += histogram[template * Self.bins + bin] }
      }
      var own = scale
      exposure.limit(&own.weights, family)
      Self.judge(&whole, counts, own, isGraded: true, standing: family.reduce(0) { $0 + standing[$1] })
      guard whole.role == .novel || whole.role == .surging else { continue }
      for template in family {
        fleet[template].role = whole.role
        fleet[template].hot = whole.hot
        fleet[template].expectedInHot = whole.expectedInHot
      }
    }
    for (key, counts) in classHistogram {
      Self.judge(
        &byClass[key]!, counts, scale, isGraded: timeline.tones[Int(key >> 32)] != .unknown,
        standing: standingByClass[key] ?? 0)
    }
  }

  /// What one entity says in one kind of message: its first episode, and when it said so last.
  private struct Talk {
    let template: Int32
    private var time: Double
    private let begin: Double
    private var end: Double
    private var longestPause = 0.0
    private var count = 1
    private var isFirst = true
    private let since: Double

    /// - Parameter since: Since when the entity is heard.
    init(_ template: Int32, _ time: Double, _ since: Double) {
      self.template = template
      self.since = since
      self.time = time
      begin = time
      end = time
    }

    /// True where another episode begins.
    mutating func add(_ next: Double) -> Bool {
      let pause = next - time
      time = next
      if pause > TemplateProfiles.episodeGap {
        isFirst = false
        return true
      }
      guard isFirst else { return false }
      longestPause = max(longestPause, pause)
      count += 1
      end = next
      return false
    }

    /// Whether it was said already when the entity's evidence began: its first time is no later than its own pauses make it, and it goes
    /// on long after that. What is graded as trouble may have begun with the evidence, and must fill half of it.
    func wasRunning(_ timeline: Timeline, _ width: Double, isGraded: Bool) -> Bool {
      let least = isGraded ? (timeline.end - since) / 2 : 2 * width
      return count >= 6 && begin - since <= longestPause && end - begin > least
    }
  }

  /// In which share of the bins those who say a template are heard.
  private struct Exposure {
    private var voices: [Int32] = []
    /// By template and bin: for how many of them the evidence begins then.
    private var beginning: [Int32] = []

    init(_ templates: Int, isNeeded: Bool) {
      guard isNeeded else { return }
      voices = [Int32](repeating: 0, count: templates)
      beginning = [Int32](repeating: 0, count: templates * bins)
    }

    mutating func add(_ template: Int, from bin: Int) {
      guard !voices.isEmpty else { return }
      voices[template] += 1
      beginning[template * bins + min(bins - 1, max(0, bin))] += 1
    }

    func limit(_ weights: inout [Double], _ templates: [Int]) {
      guard !voices.isEmpty else { return }
      let all = templates.reduce(0) { $0 + voices[$1] }
      guard all > templates.reduce(0, { $0 + beginning[$1 * bins] }) else { return }
      var heard = 0.0
      for bin in weights.indices {
        for template in templates { heard += Double(beginning[template * bins + bin]) }
        weights[bin] *= heard / Double(all)
      }
    }
  }

  /// The window's bins, and how much everyday life each holds (1 on average).
  private struct Scale {
    var start: Double
    var width: Double
    var weights: [Double]
  }

  /// Everyday life is measured by quiet messages: entities that fell silent take their chatter along, and that must
  /// not make the time before look busy. A storm of quiet ones (everybody connects again) is no more of it: beside that everything
  /// else would look rare there and busy elsewhere.
  private static func weights(_ activity: [Double]) -> [Double] {
    let total = activity.reduce(0, +)
    guard total >= 5 * Double(bins) else { return [Double](repeating: 1, count: bins) }
    let smooth = activity.indices.map { bin in
      let window = max(0, bin - 2)...min(bins - 1, bin + 2)
      return activity[window].reduce(0, +) / Double(window.count)
    }
    let usual = smooth.sorted()[bins / 2]
    let capped = usual > 0 ? smooth.map { min($0, stormFactor * usual) } : smooth
    let mean = capped.reduce(0, +) / Double(bins)
    return capped.map { max(0.1, $0 / mean) }
  }

  /// Days are busier than nights, but hardly by more than this against the middle.
  private static let stormFactor = 3.0

  private static func key(_ template: Int, _ group: Int32) -> UInt64 {
    UInt64(template) << 32 | UInt64(group)
  }

  /// The profile of a template within one class of shared entities.
  func profile(_ template: Int, class group: Int32) -> Profile? { byClass[Self.key(template, group)] }

  /// Probability that an event of a template at a time is news, by the whole fleet.
  func news(_ template: Int, at time: Double) -> Double { Self.news(fleet[template], time) }

  private static let newest = 0.97

  static func news(_ profile: Profile, _ time: Double) -> Double {
    switch profile.role {
    case .chatter, .rare, .sporadic: return 0
    case .novel: return newest
    case .surging:
      // What was heard before, however seldom, is no surer news than what never was.
      for segment in profile.hot where time >= segment.from && time <= segment.to {
        return min(newest, segment.news)
      }
      return 0
    }
  }

  private static func judge(
    _ profile: inout Profile, _ counts: [Int32], _ scale: Scale, isGraded: Bool, standing: Int
  ) {
    let total = profile.episodes
    guard total >= 4 else {
      profile.role = .rare
      return
    }
    // Most of those that say it said it from the beginning on: how things are, and not what became of them.
    guard standing * 2 < total else {
      profile.role = isGraded ? .sporadic : .chatter
      return
    }
    var rest = counts.map(Double.init)
    var running = Double(standing)
    for bin in rest.indices where running > 0 {
      let taken = min(running, rest[bin])
      rest[bin] -= taken
      running -= taken
    }
    var open = [Bool](repeating: true, count: bins)
    var hot: [(low: Int, high: Int, count: Double)] = []
    var isRecurring = false
    let isAllOver =
      (counts.firstIndex { $0 > 0 } ?? bins) < bins / 10
      && (counts.lastIndex { $0 > 0 } ?? 0) >= bins - bins / 7
    // Up to three segments: the same template may flare up in several incidents. What nobody graded, and flares up once more and
    // as much, from the window's beginning to its end, comes and goes: a job by the hour.
    for turn in 0..<(isGraded ? 3 : 4) {
      guard let found = hottest(rest, open, scale.weights), found.score > 9 else { break }
      // What nobody graded, and was said from the beginning until it ended, is everyday life that ended.
      if !isGraded, hot.isEmpty, found.low <= 1, found.high - found.low >= earlyBins { break }
      if turn == 3 {
        isRecurring = found.count * 2 >= hot[0].count && isAllOver
        if isRecurring { hot = [] }
        break
      }
      hot.append((found.low, found.high, found.count))
      for bin in found.low...found.high {
        rest[bin] = 0
        open[bin] = false
      }
    }
    guard !hot.isEmpty else {
      let clumped = profile.events * 2 >= profile.episodes * 3
      profile.role = clumped && !isRecurring ? .sporadic : .chatter
      return
    }
    let quietWeight = open.indices.reduce(0) { $0 + (open[$1] ? scale.weights[$1] : 0) }
    let quiet = rest.reduce(0, +)
    let rate = (quiet + 0.5) / max(1, quietWeight)
    // New: nothing at all in the first part of the window, where the quiet rate would have shown itself.
    let firstBin = counts.firstIndex { $0 > 0 } ?? 0
    let silentWeight = scale.weights[..<firstBin].reduce(0, +)
    let hotTotal = hot.reduce(0) { $0 + $1.count }
    let isNovel =
      silentWeight > 0.05 * Double(bins) && (quiet <= 0.02 * hotTotal || rate * silentWeight > 3.5)
    profile.role = isNovel ? .novel : .surging
    profile.expectedInHot = rate * (scale.weights.reduce(0, +) - quietWeight)
    for bin in 0..<bins {
      let window = max(0, bin - 1)...min(bins - 1, bin + 1)
      let local = window.reduce(0.0) { $0 + Double(counts[$1]) }
      let expected = window.reduce(0.0) { $0 + rate * scale.weights[$1] }
      let isHot = !open[bin]
      guard local > 0, isHot || local > 2 * expected else { continue }
      let from = scale.start + Double(bin) * scale.width
      profile.hot.append((from, from + scale.width, max(0, 1 - expected / local) * (isHot ? 1 : 0.8)))
    }
  }

  private static func hottest(
    _ counts: [Double], _ open: [Bool], _ weights: [Double]
  ) -> (low: Int, high: Int, count: Double, score: Double)? {
    let total = counts.reduce(0, +)
    let available = open.indices.reduce(0) { $0 + (open[$1] ? weights[$1] : 0) }
    guard total >= 4, available > 1 else { return nil }
    var best: (low: Int, high: Int, count: Double, score: Double)?
    for low in counts.indices where open[low] && counts[low] > 0 {
      var inside = 0.0
      var length = 0.0
      for high in low..<counts.count {
        guard open[high] else { break }
        inside += counts[high]
        length += weights[high]
        guard counts[high] > 0 else { continue }
        guard length < 0.75 * available else { break }
        let expected = total * length / available
        let outside = total - inside
        // Small differences in rate are the fleet's own ups and downs.
        guard inside / length > 2.5 * outside / max(1e-9, available - length) else { continue }
        var score = inside * log(inside / expected)
        if outside > 0 { score += outside * log(outside / (total - expected)) }
        if score > (best?.score ?? 0) { best = (low, high, inside, score) }
      }
    }
    return best
  }
}
