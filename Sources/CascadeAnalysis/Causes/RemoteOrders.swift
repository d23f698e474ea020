internal import IncidentModel

/// Failures that were ordered: nearly all that failed say, in that moment or just before, that they did what somebody ordered, and
/// they all name the same one.
///
/// Who orders harm is an actor, and nothing that the others hang on: that it did not fail itself, and that they named nobody before,
/// is no silence about a failure of its own. Most of its orders lie in the time of the failures; whoever orders every day is no
/// surprise then. A provider that failed itself before the first order explains the failures without it.
/// Where the one they name is none of the entities (an address, an account), the actor is not in the evidence.
/// Fails for orders in words that are not recognised (see `OrderWords`), and where those who obey do not say so.
struct RemoteOrders {
  /// Kinds of message that tell of the orders, and the one that most say.
  let templates: Set<Int>
  /// The orders as a change: its actor is nil where nobody in the evidence bears the name that they give.
  let change: Change

  private static let fewest = 3
  /// Seconds from an order to the failure, and by which clocks and words may be late.
  private static let before = 900.0
  private static let slack = 5.0

  /// Orders by somebody, an entity or what varies in the words.
  private struct Source {
    var first: [Int: (time: Double, event: Int32)] = [:]
    var all = 0
    var inside = 0
    var templates: [Int: Int] = [:]
  }

  init?(
    _ timeline: Timeline, _ fleet: Fleet, _ profiles: TemplateProfiles, _ onsets: Onsets, _ members: [Int],
    among population: Population, _ dependency: DependencyCause
  ) {
    guard members.count >= Self.fewest, timeline.words.tellsOfOrder.contains(true) else { return nil }
    let times = members.map { onsets.findings[$0]!.time }
    let span = times.min()! - Self.before...times.max()! + Self.slack
    var sources: [Int64: Source] = [:]
    for device in 0..<timeline.deviceCount {
      let onset = onsets.findings[device]?.time
      for event in timeline.events(of: device) {
        let template = Int(timeline.evidence.eventTemplates[Int(event)])
        guard timeline.words.tellsOfOrder[template] else { continue }
        let time = timeline.seconds[Int(event)]
        for key in Self.named(in: event, timeline) {
          sources[key, default: Source()].all += 1
          guard span.contains(time) else { continue }
          sources[key]!.inside += 1
          // What came after the failure did not bring it about.
          if let onset, time > onset + Self.slack || time < onset - Self.before { continue }
          guard time < sources[key]!.first[device]?.time ?? .infinity else { continue }
          sources[key]!.first[device] = (time, event)
          sources[key]!.templates[template, default: 0] += 1
        }
      }
    }
    let able = sources.filter { key, source in
      source.inside * 2 >= source.all && (key >= 0 || source.first[Int(-1 - key)] == nil)
        && members.count { source.first[$0] != nil } * 5 >= members.count * 4
    }
    guard let best = Self.best(of: able, fleet, members), let source = able[best],
      let template = source.templates.commonest?.key
    else { return nil }
    let received = source.first.filter { population.isOne($0.key) || onsets.findings[$0.key] != nil }
    let start = received.values.map(\.time).min()!
    let actor = best < 0 ? Int(-1 - best) : nil
    // Whom they hang on failed before anybody ordered anything.
    if let provider = dependency.candidates.first, provider.score > 8,
      let own = onsets.findings[provider.device]?.time, own < start - Self.slack, provider.device != actor
    {
      return nil
    }
    templates = Set(source.templates.keys)
    let failed = received.keys.count { onsets.findings[$0] != nil }
    let others = population.devices.filter { received[$0] == nil }
    var change = Change(
      template: template, actor: actor, announcement: nil, received: received.mapValues(\.time),
      events: received.mapValues(\.event), start: start, score: 3 * Double(failed),
      failedShare: Double(failed) / Double(received.count),
      failedShareOfOthers: Double(others.count { onsets.findings[$0] != nil }) / Double(max(1, others.count)))
    change.isOrder = true
    change.announcement =
      actor.flatMap { Self.lastNews(of: $0, before: start, timeline, profiles) }
      ?? received.values.min { $0.time < $1.time }?.event
    self.change = change
  }

  /// Whom an order may come from: who is named (below zero), and what varies in its words and is no mere number.
  private static func named(in event: Int32, _ timeline: Timeline) -> Set<Int64> {
    var keys: Set<Int64> = []
    let named = timeline.mention(Int(event))
    if named >= 0 { keys.insert(-1 - Int64(named)) }
    for token in timeline.tokens(of: event) where !CommonNumbers.holds(token) { keys.insert(Int64(token)) }
    return keys
  }

  /// The one that most name; an entity rather than words, unless it is only what carries the orders to them.
  private static func best(of sources: [Int64: Source], _ fleet: Fleet, _ members: [Int]) -> Int64? {
    func rank(_ key: Int64, _ source: Source) -> (Int, Int, Int64) {
      let isCarrier =
        key < 0 && members.count { fleet.hangs($0, on: Int(-1 - key)) } * 2 > members.count
      return (key < 0 && !isCarrier ? 1 : 0, members.count { source.first[$0] != nil }, -key)
    }
    return sources.max { rank($0.key, $0.value) < rank($1.key, $1.value) }?.key
  }

  /// What the actor said last before, in words that are hardly ever said: that somebody came in.
  private static func lastNews(
    of actor: Int, before start: Double, _ timeline: Timeline, _ profiles: TemplateProfiles
  ) -> Int32? {
    timeline.events(of: actor).last { event in
      let time = timeline.seconds[Int(event)]
      return time <= start + slack && time > start - 7200
        && profiles.fleet[Int(timeline.evidence.eventTemplates[Int(event)])].events <= 8
    }
  }
}
