internal import IncidentModel

/// Kinds of message in which entities tell who of their own kind came to them, as those that a worm takes do, one from another.
///
/// Told by what it looks like, in any words: new in the evidence; each names few; most of those named say it of others, too (the
/// first one, to whom somebody came from outside, need not); and whoever came had mostly been come to before. It does not say that
/// somebody is gone, as neighbours do of each other. Who is named by many in such messages provides nothing: it is a contact, not
/// infrastructure.
struct PeerContacts {
  /// Who named whom, each pair once.
  private(set) var pairs: [(speaker: Int32, named: Int32)] = []
  private var templates: Set<Int> = []

  private static let fewestNamed = 3
  private static let fewestSpeakers = 6
  /// Clocks may be off by this.
  private static let slack = 30.0

  /// None.
  init() {}

  init(_ timeline: Timeline) {
    guard !timeline.firstMention.isEmpty, timeline.end > timeline.start else { return }
    let evidence = timeline.evidence
    let begin = timeline.start + 0.05 * (timeline.end - timeline.start)
    var naming = [[Int32]](repeating: [], count: evidence.templateTexts.count)
    var isOld = [Bool](repeating: false, count: naming.count)
    for event in timeline.firstMention.indices
    where timeline.firstMention[event] >= 0 && evidence.eventDevices[event] >= 0 {
      let template = Int(evidence.eventTemplates[event])
      guard !isOld[template] else { continue }
      if timeline.seconds[event] < begin {
        // What is said all day is forgotten at once.
        isOld[template] = true
        naming[template] = []
      } else {
        naming[template].append(Int32(event))
      }
    }
    var seen: Set<UInt64> = []
    for (template, events) in naming.enumerated()
    where !timeline.words.tellsOfLoss[template] && Self.isSpread(events, timeline) {
      templates.insert(template)
      for event in events {
        let (speaker, other) = (evidence.eventDevices[Int(event)], timeline.firstMention[Int(event)])
        let key = UInt64(UInt32(bitPattern: speaker)) << 32 | UInt64(UInt32(bitPattern: other))
        if seen.insert(key).inserted { pairs.append((speaker, other)) }
      }
    }
  }

  /// Whether messages of a kind are of this sort.
  func isContact(_ template: Int) -> Bool { !templates.isEmpty && templates.contains(template) }

  private static func isSpread(_ events: [Int32], _ timeline: Timeline) -> Bool {
    guard events.count >= fewestSpeakers else { return false }
    var named: Set<Int32> = []
    // However often one tries.
    var pairs: Set<UInt64> = []
    var first: [Int32: Double] = [:]
    var span = (low: Double.infinity, high: -Double.infinity)
    for event in events {
      let time = timeline.seconds[Int(event)]
      named.insert(timeline.firstMention[Int(event)])
      let speaker = timeline.evidence.eventDevices[Int(event)]
      pairs.insert(
        UInt64(UInt32(bitPattern: speaker)) << 32
          | UInt64(UInt32(bitPattern: timeline.firstMention[Int(event)])))
      first[speaker] = min(first[speaker] ?? .infinity, time)
      span = (min(span.low, time), max(span.high, time))
    }
    guard named.count >= fewestNamed, first.count >= fewestSpeakers, pairs.count <= 4 * first.count,
      named.count(where: { first[$0] != nil }) * 2 >= named.count,
      (span.high - span.low) * 2 <= timeline.end - timeline.start
    else { return false }
    var known = 0
    var inOrder = 0
    for event in events {
      guard let before = first[timeline.firstMention[Int(event)]] else { continue }
      known += 1
      if before <= timeline.seconds[Int(event)] + slack { inOrder += 1 }
    }
    return inOrder * 5 >= known * 4
  }
}
