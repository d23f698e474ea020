internal import IncidentModel

/// Decides which templates tell of trouble where severities do not, or where they mislead.
///
/// - Alike entities that name each other in messages that are news: a sign of contact, whatever its severity.
/// - Without severity, a novel message that entities say once, and before other novel ones: a change, not a failure, unless
///   it says in words that something failed or is gone; what one speaker says once of many who go on: a change made to them.
/// - Without severity, what receivers of such a change say once and then go on, while those that do not say it are silent from then on: a
///   sign that it went well ("started 2.1").
/// - Without severity, a rare message of shared infrastructure shortly before such changes begin: their announcement.
/// - Where nearly everything has one mild severity, what few say that grade their own trouble worse: no trouble.
/// - Without severity, what many entities say from the beginning: everyday life.
/// - Without severity, what each says once, and most go on after, while those that do not tell of it in words of their own: no trouble
///   (see `survived`).
/// - With a mild severity, new messages by which many say over and over that something failed while they do less than usual: trouble.
/// Assumes that failures repeat themselves and changes do not.
struct Tones {
  private(set) var isLoud: [Bool]
  /// True when some severities were unknown, so that profiles must be made again.
  private(set) var isGuessed = false
  /// Messages that tell of changes made to others.
  private(set) var told: [Int] = []

  init(_ timeline: Timeline, _ fleet: Fleet, _ profiles: TemplateProfiles, _ reporting: ReportTemplates) {
    isLoud = timeline.isLoud
    let templates = timeline.tones.indices
    for template in templates where reporting.namesPeers[template] {
      let role = profiles.fleet[template].role
      if role == .novel || role == .surging { isLoud[template] = true }
    }
    for template in Self.understated(timeline, fleet, profiles, reporting) { isLoud[template] = true }
    let unknown = templates.filter { timeline.tones[$0] == .unknown && profiles.fleet[$0].events > 0 }
    guard !unknown.isEmpty else { return }
    isGuessed = true
    for template in unknown where profiles.fleet[template].role == .chatter { isLoud[template] = false }
    let meant = Self.meant(timeline, profiles, unknown)
    for template in meant { isLoud[template] = false }
    let speakers = Self.speakers(timeline)
    // What is set on those that go on is no report of their loss.
    let changes = ToldChanges(
      timeline, fleet, profiles, isReport: { reporting.isReport[$0] },
      isOpen: { timeline.tones[$0] == .unknown })
    told = changes.byTemplate.filter { ToldChanges.goOn($0.value.received, timeline) }.keys.sorted()
    for template in told { isLoud[template] = false }
    let wordless = unknown.filter { !timeline.words.tellsOfLoss[$0] }
    let survived = Self.survived(timeline, profiles, reporting, wordless, speakers, isLoud)
    for template in survived { isLoud[template] = false }
    let starts =
      survived.map { profiles.fleet[$0].first }
      + Self.changes(timeline, fleet, profiles, reporting, wordless, speakers, &isLoud)
      + meant.map { profiles.fleet[$0].first }
    for template in Self.recoveries(timeline, profiles, reporting, wordless, speakers, isLoud) {
      isLoud[template] = false
    }
    for template in wordless
    where profiles.fleet[template].events <= 3 && profiles.fleet[template].role == .rare {
      guard speakers[template].allSatisfy({ fleet.mayAnnounce(Int($0)) }) else { continue }
      let time = profiles.fleet[template].first
      if starts.contains(where: { time > $0 - 600 && time < $0 + 120 }) { isLoud[template] = false }
    }
  }

  /// Fewer that say the same hardly ever are no receivers of anything.
  private static let fewestReceivers = 3

  /// Messages hardly ever said, by three and more, that are graded as nearly everything is by speakers all of which grade their trouble
  /// otherwise: the grade is meant, as it is where more trouble shows that grades are used.
  private static func meant(
    _ timeline: Timeline, _ profiles: TemplateProfiles, _ unknown: [Int]
  ) -> [Int] {
    let rare = unknown.filter {
      profiles.fleet[$0].role == .rare && profiles.fleet[$0].events >= fewestReceivers
        && !timeline.words.tellsOfLoss[$0]
    }
    guard !rare.isEmpty, timeline.tones.contains(.loud) else { return [] }
    let isRare = Set(rare)
    var found: [Int: (speakers: Int, grading: Int)] = [:]
    for device in 0..<timeline.deviceCount {
      var own: Set<Int> = []
      var grades = false
      for event in timeline.events(of: device) {
        let template = Int(timeline.evidence.eventTemplates[Int(event)])
        if timeline.tones[template] == .loud {
          grades = true
        } else if isRare.contains(template), timeline.evidence.severities[Int(event)] < 8 {
          own.insert(template)
        }
      }
      for template in own {
        found[template, default: (0, 0)].speakers += 1
        if grades { found[template]!.grading += 1 }
      }
    }
    return found.filter { $0.value.speakers >= fewestReceivers && $0.value.grading == $0.value.speakers }.keys
      .sorted()
  }

  /// Fewer speakers may understate anything.
  private static let fewestUnderstating = 5

  /// New messages that say in words that something failed, is gone or is tried again, over and over by a tenth of the fleet, most of which do no more than
  /// half of what they usually do meanwhile: trouble, although they are graded as notices.
  private static func understated(
    _ timeline: Timeline, _ fleet: Fleet, _ profiles: TemplateProfiles, _ reporting: ReportTemplates
  ) -> [Int] {
    let begin = timeline.start + 0.1 * (timeline.end - timeline.start)
    let candidates = Set(
      timeline.tones.indices.filter {
        let profile = profiles.fleet[$0]
        return timeline.tones[$0] == .quiet && timeline.words.tellsOfDelay[$0] && !reporting.isReport[$0]
          && (profile.role == .novel || profile.role == .surging) && profile.first > begin
          && profile.events >= 3 * fewestUnderstating
      })
    guard !candidates.isEmpty else { return [] }
    var voices = 0
    var counts: [Int: (speakers: Int, repeating: Int, judged: Int, less: Int)] = [:]
    for device in 0..<timeline.deviceCount where !fleet.isShared[device] {
      let events = timeline.events(of: device)
      guard let opening = events.first else { continue }
      voices += 1
      var span: [Int: (first: Double, last: Double, count: Int)] = [:]
      for event in events {
        let template = Int(timeline.evidence.eventTemplates[Int(event)])
        guard candidates.contains(template) else { continue }
        let time = timeline.seconds[Int(event)]
        span[template, default: (time, time, 0)].last = time
        span[template]!.count += 1
      }
      for (template, said) in span {
        counts[template, default: (0, 0, 0, 0)].speakers += 1
        guard said.count >= 2 else { continue }
        counts[template]!.repeating += 1
        let others = events.filter { !candidates.contains(Int(timeline.evidence.eventTemplates[Int($0)])) }
        let before = Double(others.count { timeline.seconds[Int($0)] < said.first })
        let length = max(1, said.first - timeline.seconds[Int(opening)])
        let expected = before / length * (said.last - said.first)
        guard before >= 3, expected >= 2 else { continue }
        let during = Double(
          others.count { timeline.seconds[Int($0)] > said.first && timeline.seconds[Int($0)] < said.last })
        counts[template]!.judged += 1
        if during * 2 <= expected { counts[template]!.less += 1 }
      }
    }
    return counts.filter { _, found in
      found.speakers >= max(fewestUnderstating, voices / 10) && found.repeating * 2 >= found.speakers
        && found.judged * 2 >= found.speakers && found.less * 2 > found.judged
    }.keys.sorted()
  }

  /// Templates of unknown tone that a fifth of all speakers say in the first quarter of the window, or of what follows a gap
  /// in the evidence: everyday life.
  static func everyday(_ timeline: Timeline) -> [Bool] {
    var isEveryday = [Bool](repeating: false, count: timeline.tones.count)
    guard timeline.tones.contains(.unknown) else { return isEveryday }
    for stretch in covered(timeline) {
      let quarter = stretch.lowerBound + 0.25 * (stretch.upperBound - stretch.lowerBound)
      var voices = 0
      var early = [Int](repeating: 0, count: timeline.tones.count)
      var seen: Set<Int32> = []
      for device in 0..<timeline.deviceCount {
        seen.removeAll(keepingCapacity: true)
        for event in timeline.events(of: device) where timeline.seconds[Int(event)] >= stretch.lowerBound {
          guard timeline.seconds[Int(event)] < quarter else { break }
          seen.insert(timeline.evidence.eventTemplates[Int(event)])
        }
        if !seen.isEmpty { voices += 1 }
        for template in seen { early[Int(template)] += 1 }
      }
      for template in early.indices where timeline.tones[template] == .unknown {
        if early[template] >= 3 && early[template] * 5 >= voices { isEveryday[template] = true }
      }
    }
    return isEveryday
  }

  /// The window without the stretches of a tenth of it, and of twenty minutes at least, in which nobody says anything: there the
  /// evidence has a gap (a rotated log that is missing), and what comes after it is new to the evidence alone.
  private static func covered(_ timeline: Timeline) -> [ClosedRange<Double>] {
    let bins = 200
    let width = (timeline.end - timeline.start) / Double(bins)
    let whole = timeline.start...max(timeline.start, timeline.end)
    guard width > 0 else { return [whole] }
    var isSpoken = [Bool](repeating: false, count: bins)
    for time in timeline.seconds {
      isSpoken[min(bins - 1, max(0, Int((time - timeline.start) / width)))] = true
    }
    let least = max(bins / 10, Int((1200 / width).rounded(.up)))
    var stretches: [ClosedRange<Double>] = []
    var first = 0
    var last = 0
    for bin in isSpoken.indices where isSpoken[bin] {
      if bin - last > least {
        stretches.append(timeline.start + Double(first) * width...timeline.start + Double(last + 1) * width)
        first = bin
      }
      last = bin
    }
    return stretches + [timeline.start + Double(first) * width...timeline.end]
  }

  private static func speakers(_ timeline: Timeline) -> [[Int32]] {
    var result = [[Int32]](repeating: [], count: timeline.tones.count)
    for device in 0..<timeline.deviceCount {
      for event in timeline.events(of: device) {
        let template = Int(timeline.evidence.eventTemplates[Int(event)])
        if result[template].last != Int32(device) { result[template].append(Int32(device)) }
      }
    }
    // Grouped by entity, so that an entity may stand several times, but never out of order.
    return result.map { list in
      var seen: [Int32] = []
      for device in list where seen.last != device { seen.append(device) }
      return Array(Set(seen)).sorted()
    }
  }

  /// Seconds after which a message is said anew and not again: a change and its taking back.
  private static let anew = 1800.0

  /// Templates that their speakers repeat: more than a tenth of them within half an hour.
  private static func repeated(
    _ timeline: Timeline, _ fleet: Fleet, _ profiles: TemplateProfiles, _ unknown: [Int],
    _ speakers: [[Int32]]
  ) -> Set<Int> {
    let open = Set(unknown.filter { profiles.fleet[$0].events > speakers[$0].count })
    guard !open.isEmpty else { return [] }
    var repeats: [Int: Int] = [:]
    for device in 0..<timeline.deviceCount {
      var last: [Int: Double] = [:]
      for event in timeline.events(of: device) {
        let template = Int(timeline.evidence.eventTemplates[Int(event)])
        guard open.contains(template) else { continue }
        let time = timeline.seconds[Int(event)]
        if let before = last[template], time - before < anew { repeats[template, default: 0] += 1 }
        last[template] = time
      }
    }
    return Set(repeats.filter { $0.value * 10 > speakers[$0.key].count }.keys)
  }

  /// Seconds after a change within which somebody says that it went well.
  private static let settled = 900.0

  /// What tells that a change went well: said once by receivers that go on, and not by those that are gone.
  private static func recoveries(
    _ timeline: Timeline, _ profiles: TemplateProfiles, _ reporting: ReportTemplates, _ unknown: [Int],
    _ speakers: [[Int32]], _ isLoud: [Bool]
  ) -> [Int] {
    func isOnce(_ template: Int) -> Bool {
      let profile = profiles.fleet[template]
      return (profile.role == .novel || profile.role == .surging) && !reporting.isReport[template]
        && speakers[template].count >= 3 && Double(profile.events) <= 1.1 * Double(speakers[template].count)
    }
    let once = unknown.filter(isOnce)
    let changes = once.filter { !isLoud[$0] }
    guard !changes.isEmpty else { return [] }
    func moments(_ template: Int) -> [Int: (Double, Int32)] {
      var result: [Int: (Double, Int32)] = [:]
      for device in speakers[template].map({ Int($0) }) {
        for event in timeline.events(of: device)
        where Int(timeline.evidence.eventTemplates[Int(event)]) == template && result[device] == nil {
          result[device] = (timeline.seconds[Int(event)], event)
        }
      }
      return result
    }
    let receipts = changes.map(moments)
    return once.filter { isLoud[$0] }.filter { template in
      let said = moments(template)
      return receipts.contains { received in
        let well = said.filter { device, word in
          received[device].map { word.0 >= $0.0 && word.0 <= $0.0 + settled } ?? false
        }
        let gone = received.filter { said[$0.key] == nil }
        return well.count * 10 >= said.count * 9 && gone.count >= 3 && ToldChanges.goOn(well, timeline)
          && ToldChanges.areGone(gone, timeline)
      }
    }
  }

  /// Marks change-like templates as quiet; returns when each began.
  private static func changes(
    _ timeline: Timeline, _ fleet: Fleet, _ profiles: TemplateProfiles, _ reporting: ReportTemplates,
    _ unknown: [Int], _ speakers: [[Int32]], _ isLoud: inout [Bool]
  ) -> [Double] {
    let candidates = Set(
      unknown.filter { template in
        let profile = profiles.fleet[template]
        return (profile.role == .novel || profile.role == .surging) && !reporting.isReport[template]
          && !reporting.namesPeers[template] && speakers[template].count >= 3
          && Double(profile.events) <= 2.2 * Double(speakers[template].count)
      }
    ).subtracting(repeated(timeline, fleet, profiles, unknown, speakers))
    guard !candidates.isEmpty else { return [] }
    var first = [Int: Int]()
    var together = [Int: Int]()
    for device in 0..<timeline.deviceCount where !fleet.isShared[device] {
      var order: [Int] = []
      for event in timeline.events(of: device) {
        let template = Int(timeline.evidence.eventTemplates[Int(event)])
        let role = profiles.fleet[template].role
        if role == .novel || role == .surging, !order.contains(template) { order.append(template) }
      }
      guard order.count >= 2 else { continue }
      for (position, template) in order.enumerated() where candidates.contains(template) {
        together[template, default: 0] += 1
        if order[..<position].allSatisfy({ profiles.fleet[$0].role != .novel }) {
          first[template, default: 0] += 1
        }
      }
    }
    var starts: [Double] = []
    // Most: some get their change when they have lost what they depend on already.
    for template in candidates.sorted() where (first[template] ?? 0) * 20 >= (together[template] ?? 0) * 11 {
      isLoud[template] = false
      starts.append(profiles.fleet[template].first)
    }
    return starts
  }
}
