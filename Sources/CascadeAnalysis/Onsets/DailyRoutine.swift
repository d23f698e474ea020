internal import IncidentModel

/// What the same entities do in the same way at the same hour of other days is how their days go: drives that are switched off
/// every evening, a nightly restart, a restart on Sundays.
///
/// Counted per kind of message and hour: seven of ten of those that say it now said it within an hour of the same time of day, on
/// two other days at least and on half of those in the evidence, one of them earlier, unless the evidence begins with
/// this one; and it is said then by far more than on average. Weeks are closer to the mark: one other time counts, whole weeks away and
/// begun within a quarter of an hour of the same time. Assumes evidence of more than two days.
/// Fails for what goes wrong at the same hour of three days, or at the same minute of two weeks.
struct DailyRoutine {
  private static let slot = 3600.0
  private static let slotsPerDay = 24
  /// What is said all day long is no more said at one hour than at others.
  private static let concentration = 3.0
  private static let week = 7 * 86_400.0
  /// Seconds by which a weekly job begins sooner or later.
  private static let sameTime = 900.0

  private var slots: [Int: Set<Int>] = [:]
  private let start: Double

  /// Whether an event of a template at a time is routine.
  func holds(_ template: Int, at time: Double) -> Bool {
    guard !slots.isEmpty, let known = slots[template] else { return false }
    return known.contains(Int(((time - start) / Self.slot).rounded(.down)))
  }

  init(_ timeline: Timeline, _ profiles: TemplateProfiles) {
    start = timeline.start
    let window = timeline.end - timeline.start
    guard window > 2 * Self.slot * Double(Self.slotsPerDay) else { return }
    let isNews = timeline.isLoud.indices.map { template in
      let role = profiles.fleet[template].role
      return timeline.isLoud[template] && (role == .novel || role == .surging)
    }
    guard isNews.contains(true) else { return }
    // Who says it in each hour; entities come in order, so that each stands once per hour.
    var voices: [Int: [Int: [Int32]]] = [:]
    var begins: [Int: [Int: Double]] = [:]
    for device in 0..<timeline.deviceCount {
      for event in timeline.events(of: device) {
        let template = Int(timeline.evidence.eventTemplates[Int(event)])
        guard isNews[template] else { continue }
        let slot = Int(((timeline.seconds[Int(event)] - start) / Self.slot).rounded(.down))
        let begun = begins[template]?[slot] ?? .infinity
        if timeline.seconds[Int(event)] < begun {
          begins[template, default: [:]][slot] = timeline.seconds[Int(event)]
        }
        if voices[template]?[slot]?.last != Int32(device) {
          voices[template, default: [:]][slot, default: []].append(Int32(device))
        }
      }
    }
    let count = Int((window / Self.slot).rounded(.up))
    for (template, said) in voices {
      let usual = Double(said.values.reduce(0) { $0 + $1.count }) / Double(count)
      let routine = said.keys.filter {
        Self.isRoutine($0, said, usual, count) || Self.isWeekly($0, said, begins[template]!, usual)
      }
      if !routine.isEmpty { slots[template] = Set(routine) }
    }
  }

  /// Whether as many said it whole weeks before or after, at the same time.
  private static func isWeekly(
    _ slot: Int, _ said: [Int: [Int32]], _ begins: [Int: Double], _ usual: Double
  ) -> Bool {
    let now = said[slot]!
    guard Double(now.count) >= usual, let begin = begins[slot] else { return false }
    return said.keys.contains { other in
      let apart = abs((begins[other] ?? .infinity) - begin)
      let weeks = (apart / week).rounded()
      guard weeks >= 1, abs(apart - weeks * week) <= sameTime else { return false }
      var then: Set<Int32> = []
      for near in other - 1...other + 1 { then.formUnion(said[near] ?? []) }
      return Double(then.count) >= concentration * usual
        && now.count { then.contains($0) } * 10 >= now.count * 7
    }
  }

  private static func isRoutine(
    _ slot: Int, _ said: [Int: [Int32]], _ usual: Double, _ count: Int
  ) -> Bool {
    let now = said[slot]!
    var (days, hits) = (0, 0)
    var isKnown = slot - slotsPerDay < 0
    for other in stride(from: slot % slotsPerDay, to: count, by: slotsPerDay) where other != slot {
      days += 1
      var then: Set<Int32> = []
      for near in other - 1...other + 1 { then.formUnion(said[near] ?? []) }
      guard Double(then.count) >= concentration * usual,
        now.count(where: { then.contains($0) }) * 10 >= now.count * 7
      else { continue }
      hits += 1
      if other < slot { isKnown = true }
    }
    return isKnown && hits >= 2 && hits * 2 >= days
  }
}
