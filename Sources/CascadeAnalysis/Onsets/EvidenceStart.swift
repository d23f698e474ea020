internal import IncidentModel

/// Since when the evidence tells of an entity: what it says for the first time where its own evidence begins is news to the evidence
/// alone. Logs begin later than others where a ring buffer kept less, or a collector joined.
///
/// An entity is heard since its first word where that comes long after the evidence begins, and where one of its first kinds of message, which
/// does not tell of trouble by its grade or in words, goes on from there in its own rhythm; so it must for most that begin with it. Who never
/// speaks but in trouble begins with that, too. Told apart by either of two things: a source in which the others begin likewise (files of one
/// entity each that begin with the same kind of message are one), or as many others that are heard from the beginning. Fails for those who are heard only while they fail, among as many that are always heard, where neither grade
/// nor words tell of trouble and it does not end.
struct EvidenceStart {
  /// Per entity, corrected seconds; empty where all are heard from the beginning, -infinity for those that are.
  private(set) var since: [Double] = []

  /// Messages that make a rhythm.
  private static let fewest = 6
  /// Usual pauses after which a first word is late.
  private static let absence = 3.0
  /// Kinds of message that an entity begins with.
  private static let firstKinds = 3
  /// Shares of what is left of the source that a rhythm fills: that of one entity, and that of most.
  private static let leastShare = 0.02
  private static let usualShare = 0.5
  /// Entities that make a source more than one entity's own log.
  private static let fewestInSource = 3

  /// What an entity says in one kind of message.
  private struct Voice {
    var device: Int
    var first: Double
    /// Nine of ten pauses are shorter.
    var pause: Double
    var goesOn: Bool
  }

  init(_ timeline: Timeline) {
    let window = timeline.end - timeline.start
    guard window > 0 else { return }
    var early = 0
    var voices: [Int: [Voice]] = [:]
    let (begins, ends) = Self.bounds(timeline)
    for device in 0..<timeline.deviceCount {
      let events = timeline.events(of: device)
      guard events.count >= Self.fewest, let opening = events.first, let final = events.last else { continue }
      let first = timeline.seconds[Int(opening)]
      let source = Int(timeline.source(of: device))
      let end = ends.indices.contains(source) ? ends[source] : timeline.end
      let pause = (timeline.seconds[Int(final)] - first) / Double(events.count - 1)
      guard first - timeline.start > Self.absence * pause else {
        early += 1
        continue
      }
      for (template, voice) in Self.voices(of: device, events, until: end, timeline) {
        voices[template, default: []].append(voice)
      }
    }
    var late: [Int: Voice] = [:]
    var kinds: [Int: Int] = [:]
    for (template, list) in voices.sorted(by: { $0.key < $1.key })
    where list.count(where: \.goesOn) * 2 >= list.count {
      for voice in list where late[voice.device].map({ $0.pause < voice.pause }) ?? true {
        late[voice.device] = voice
        kinds[voice.device] = template
      }
    }
    guard !late.isEmpty else { return }
    let opened = Self.opened(late.values.sorted { $0.device < $1.device }, kinds, begins, timeline)
    for voice in late.values where early >= late.count || opened.contains(timeline.source(of: voice.device)) {
      if since.isEmpty { since = [Double](repeating: -.infinity, count: timeline.deviceCount) }
      since[voice.device] = voice.first
    }
    guard !since.isEmpty else { return }
    // Whoever is heard in such a source for the first time could not be heard before it began.
    for device in 0..<timeline.deviceCount where since[device] == -.infinity {
      let source = timeline.source(of: device)
      if opened.contains(source), !timeline.events(of: device).isEmpty { since[device] = begins[Int(source)] }
    }
  }

  /// Since when an entity is heard, in a stretch that begins at some second.
  func second(of device: Int, notBefore start: Double) -> Double {
    since.isEmpty ? start : max(start, since[device])
  }

  /// Until when what an entity says of others is how things are: a fiftieth of what the evidence holds of it.
  func beginning(of device: Int, _ timeline: Timeline) -> Double {
    let since = device < 0 ? timeline.start : second(of: device, notBefore: timeline.start)
    return since + 0.02 * (timeline.end - since)
  }

  /// First and last second of each source, of those that are heard in it last.
  private static func bounds(_ timeline: Timeline) -> ([Double], [Double]) {
    var begins = [Double](repeating: .infinity, count: timeline.evidence.sources.count)
    var ends = begins.map { -$0 }
    for device in 0..<timeline.deviceCount {
      let source = Int(timeline.source(of: device))
      guard begins.indices.contains(source), let first = timeline.events(of: device).first,
        let last = timeline.events(of: device).last
      else { continue }
      begins[source] = min(begins[source], timeline.seconds[Int(first)])
      ends[source] = max(ends[source], timeline.seconds[Int(last)])
    }
    return (begins, ends)
  }

  /// The kinds of message that an entity begins with and goes on with.
  private static func voices(
    of device: Int, _ events: ArraySlice<Int32>, until end: Double, _ timeline: Timeline
  ) -> [(template: Int, voice: Voice)] {
    let opening = timeline.seconds[Int(events.first!)]
    let left = end - opening
    return timeline.templates(of: Array(events.prefix(firstKinds))).compactMap { template in
      guard timeline.tones[Int(template)] != .loud, !timeline.words.tellsOfDelay[Int(template)] else {
        return nil
      }
      let times = events.lazy.filter { timeline.evidence.eventTemplates[Int($0)] == template }
        .map { timeline.seconds[Int($0)] }
      let said = Array(times)
      guard said.count >= fewest, let last = said.last, left > 0, last - opening >= leastShare * left else {
        return nil
      }
      let pause = Robust.quantile(zip(said.dropFirst(), said).map { $0 - $1 }, 0.9)
      guard said[0] - opening <= pause, opening - timeline.start > absence * pause else { return nil }
      return (
        Int(template),
        Voice(device: device, first: opening, pause: pause, goesOn: last - opening >= usualShare * left)
      )
    }
  }

  /// Sources that began with most of those in them, who went on. Of files of one entity each, those whose entities say the same count as one.
  private static func opened(
    _ late: [Voice], _ kinds: [Int: Int], _ begins: [Double], _ timeline: Timeline
  ) -> Set<Int32> {
    var members: [Int32: Int] = [:]
    for device in 0..<timeline.deviceCount where !timeline.events(of: device).isEmpty {
      members[timeline.source(of: device), default: 0] += 1
    }
    var together: [Int32: Int] = [:]
    var alone: [Int: [Int32]] = [:]
    for voice in late {
      let source = timeline.source(of: voice.device)
      guard begins.indices.contains(Int(source)), voice.first - begins[Int(source)] <= absence * voice.pause
      else { continue }
      together[source, default: 0] += 1
      if members[source] == 1, let kind = kinds[voice.device] { alone[kind, default: []].append(source) }
    }
    var opened = Set(
      together.filter { $0.value >= fewestInSource && $0.value * 2 >= members[$0.key]! }.keys)
    alone = alone.filter { $0.value.count >= fewestInSource }
    guard !alone.isEmpty else { return opened }
    var files = alone.mapValues { _ in 0 }
    for device in 0..<timeline.deviceCount where members[timeline.source(of: device)] == 1 {
      for kind in said(by: device, among: files, timeline) { files[kind]! += 1 }
    }
    for (kind, sources) in alone where sources.count * 2 >= files[kind]! { opened.formUnion(sources) }
    return opened
  }

  /// Those of some kinds of message that an entity ever said.
  private static func said(by device: Int, among kinds: [Int: Int], _ timeline: Timeline) -> Set<Int> {
    var found: Set<Int> = []
    for event in timeline.events(of: device) where found.count < kinds.count {
      let kind = Int(timeline.evidence.eventTemplates[Int(event)])
      if kinds[kind] != nil { found.insert(kind) }
    }
    return found
  }
}
