internal import IncidentModel

/// Ungraded remarks of a new kind that speak of others in words that tell of no loss: "rozłączono klienta 7" is one, but "time sync ok with 7"
/// and "7 activate slot B" are as well.
///
/// What the words do not tell, only what else is heard of the entities does. Such a remark is a report of loss where nearly all that it is
/// made of fall silent with it: nothing of them is heard any more, neither by their own lines nor by what others say of them in a rhythm,
/// for longer than ever before. An entity of which nothing is heard in a rhythm is not known to be gone, and neither is one that somebody
/// missed in words or in a grade: then that report counts, as the remark may be an order or what came before.
/// Fails for reports in an unknown language of entities that are spoken of in nothing else.
struct NewRemarks {
  /// Event positions of those that count, by the entity that they speak of.
  private(set) var reports: [Int: [Int32]] = [:]

  /// Fewer signs before a remark have no rhythm.
  private static let fewest = 5
  /// Times the longest pause before, and times the usual one: a silence longer than that is none of the rhythm.
  private static let beyondLongest = 1.5
  private static let beyondUsual = 3.0

  /// - Parameters:
  ///   - remarks: Event positions by the entity that they speak of.
  ///   - missed: Entities that others report in words or in a grade.
  init(_ remarks: [Int: [Int32]], missed: Set<Int>, _ timeline: Timeline) {
    guard !remarks.isEmpty else { return }
    let signs = Self.signs(of: remarks, timeline)
    let template = { (event: Int32) in timeline.evidence.eventTemplates[Int(event)] }
    var silent: [Int32: [(device: Int, event: Int32)]] = [:]
    var judged: [Int32: Int] = [:]
    for (device, events) in remarks {
      for event in events {
        judged[template(event), default: 0] += 1
        guard Self.fallsSilent(signs[device] ?? [], at: timeline.seconds[Int(event)], until: timeline.end)
        else { continue }
        silent[template(event), default: []].append((device, event))
      }
    }
    for (kind, found) in silent where found.count * 5 >= judged[kind]! * 4 {
      for (device, event) in found where !missed.contains(device) {
        reports[device, default: []].append(event)
      }
    }
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

  private static func fallsSilent(_ signs: [Double], at time: Double, until end: Double) -> Bool {
    let before = signs.prefix { $0 <= time }
    guard before.count > fewest, let last = before.last else { return false }
    let pauses = zip(before.dropFirst(), before).map { $0 - $1 }
    let next = signs.dropFirst(before.count).first ?? end
    return next - last > max(beyondLongest * pauses.max()!, beyondUsual * Robust.median(pauses))
  }
}
