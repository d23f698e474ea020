internal import IncidentModel

/// Ungraded remarks of a new kind that speak of others in words that tell of no loss: "rozłączono klienta 7" is one, but "time sync ok with 7"
/// and "7 activate slot B" are as well.
///
/// What the words do not tell, only what else is heard of the entities does. Such a kind of remark is a report of loss where nearly all that
/// it is made of fall silent with it: nothing of them is heard any more, neither by their own lines nor by what others say of them in a
/// rhythm, for some of their usual pauses, and of all together for longer than chance explains. An entity of which nothing is heard in a rhythm
/// says nothing of what the remark means. One that somebody missed in words or in a grade counts by that report, as the remark may be an
/// order or what came before.
/// Fails for reports in an unknown language of entities that are spoken of in nothing else.
struct NewRemarks {
  /// Event positions of those that count, by the entity that they speak of.
  private(set) var reports: [Int: [Int32]] = [:]

  /// Fewer signs before a remark have no rhythm.
  private static let fewest = 5
  /// Usual pauses after which a silence is long.
  private static let longPauses = 3.0
  /// Pauses in whose midst a remark falls by chance last two mean pauses in the mean, with a variance of two (the sum of the waits before
  /// and after it, each exponential): standard deviations beyond that.
  private static let beyondChance = 3.0

  /// - Parameters:
  ///   - remarks: Event positions by the entity that they speak of.
  ///   - missed: Entities that others report in words or in a grade.
  init(_ remarks: [Int: [Int32]], missed: Set<Int>, _ timeline: Timeline) {
    guard !remarks.isEmpty else { return }
    let signs = Self.signs(of: remarks, timeline)
    var kinds: [Int32: [Named]] = [:]
    for (device, events) in remarks {
      for event in events {
        let kind = timeline.evidence.eventTemplates[Int(event)]
        let silence = Self.silence(signs[device] ?? [], at: timeline.seconds[Int(event)], until: timeline.end)
        kinds[kind, default: []].append(Named(device: device, event: event, silence: silence))
      }
    }
    for named in kinds.values where Self.tellOfLoss(named) {
      for one in named where !missed.contains(one.device) && one.silence.isLong ?? one.silence.isLast {
        reports[one.device, default: []].append(one.event)
      }
    }
  }

  /// An entity that a remark speaks of, and how it is silent then.
  private struct Named {
    let device: Int
    let event: Int32
    let silence: Silence
  }

  private struct Silence {
    /// In mean pauses; nil, as what follows, without a rhythm.
    var pauses: Double?
    var isLong: Bool?
    /// Whether nothing is heard of it afterwards.
    var isLast: Bool
  }

  /// Whether nearly all of whom remarks of one kind are made fall silent with them.
  private static func tellOfLoss(_ named: [Named]) -> Bool {
    let pauses = named.compactMap(\.silence.pauses)
    let count = Double(pauses.count)
    return pauses.count * 2 >= named.count
      && named.count { $0.silence.isLong == true } * 5 >= pauses.count * 4
      && pauses.reduce(0, +) >= 2 * count + beyondChance * (2 * count).squareRoot()
  }

  /// Per entity, ascending seconds at which it spoke, or others spoke of it in messages that tell of no trouble and are none of the remarks.
  private static func signs(of remarks: [Int: [Int32]], _ timeline: Timeline) -> [Int: [Double]] {
    let kinds = Set(remarks.values.joined().map { timeline.evidence.eventTemplates[Int($0)] })
    var signs: [Int: [Double]] = [:]
    var isSubject = [Bool](repeating: false, count: timeline.deviceCount)
    for device in remarks.keys {
      isSubject[device] = true
      signs[device] = timeline.events(of: device).map { timeline.seconds[Int($0)] }
    }
    for event in timeline.firstMention.indices where timeline.firstMention[event] >= 0 {
      let device = timeline.mention(event)
      let template = Int(timeline.evidence.eventTemplates[event])
      guard isSubject[device], timeline.tones[template] != .loud, !timeline.words.tellsOfLoss[template],
        !kinds.contains(Int32(template))
      else { continue }
      signs[device]!.append(timeline.seconds[event])
    }
    return signs.mapValues { $0.sorted() }
  }

  private static func silence(_ signs: [Double], at time: Double, until end: Double) -> Silence {
    let before = signs.prefix { $0 <= time }
    let next = signs.dropFirst(before.count).first
    var silence = Silence(isLast: next == nil)
    guard before.count > fewest, let first = before.first, let last = before.last, last > first else {
      return silence
    }
    let pauses = zip(before.dropFirst(), before).map { $0 - $1 }
    let length = (next ?? end) - last
    silence.pauses = length * Double(pauses.count) / (last - first)
    silence.isLong = length > longPauses * Robust.median(pauses)
    return silence
  }
}
