internal import Glibc
internal import IncidentModel

/// Entities that never speak themselves and that others name in a rhythm: a network server's line for each frame of a valve, its line with the
/// figures of each gateway. Such lines are their signs of life, and who is named no longer is missed as one that stopped speaking is.
///
/// Of the entities that a line names, it is a sign of the one that is named least: the others are what it came through. Only everyday lines
/// count, neither trouble nor words of loss. The namer must go on saying the same of others: when it stops, nothing is known.
/// Fails where a poller is told to ask somebody no longer.
struct SpokenFor {
  /// The timeline in which such lines are of those whom they tell of.
  let timeline: Timeline
  /// Until when the namers of each of them said the same of anybody, in corrected seconds.
  private let watchedUntil: [Int: Double]
  private let namers: [Int: Int32]

  private static let fewest = 6
  /// In mean pauses: whoever is never missed for so long was not silent.
  private static let leastSilence = 2.0
  private static let leastGap = 8.0

  /// Nil where nobody is missed.
  init?(_ given: Timeline) {
    let evidence = given.evidence
    guard !evidence.mentionEvents.isEmpty else { return nil }
    var named = [Int32](repeating: 0, count: given.deviceCount)
    let isEveryday = evidence.templateTexts.indices.map {
      given.tones[$0] != .loud && !given.words.tellsOfLoss[$0]
    }
    for (event, device) in zip(evidence.mentionEvents, evidence.mentionDevices)
    where isEveryday[Int(evidence.eventTemplates[Int(event)])] && evidence.eventDevices[Int(event)] >= 0 {
      named[Int(device)] += 1
    }
    var watches = named.indices.filter { Int(named[$0]) >= Self.fewest && given.events(of: $0).isEmpty }
      .reduce(into: [Int: Watch]()) { $0[$1] = Watch() }
    guard !watches.isEmpty else { return nil }
    var owners: [(event: Int32, device: Int32)] = []
    var lastOfKind: [UInt64: Double] = [:]
    var shapes = Shapes(evidence)
    var place = evidence.mentionEvents.startIndex
    while place < evidence.mentionEvents.endIndex {
      let event = evidence.mentionEvents[place]
      var owner: Int32?
      while place < evidence.mentionEvents.endIndex, evidence.mentionEvents[place] == event {
        let device = evidence.mentionDevices[place]
        if watches[Int(device)] != nil, owner.map({ named[Int(device)] < named[Int($0)] }) ?? true {
          owner = device
        }
        place += 1
      }
      let (template, speaker) = (evidence.eventTemplates[Int(event)], evidence.eventDevices[Int(event)])
      guard let owner, speaker >= 0, isEveryday[Int(template)] else { continue }
      let kind = UInt64(shapes.number(of: Int(template))) << 32 | UInt64(UInt32(bitPattern: speaker))
      let second = given.seconds[Int(event)]
      owners.append((event, owner))
      lastOfKind[kind] = max(lastOfKind[kind] ?? -.infinity, second)
      watches[Int(owner)]?.add(second, kind)
    }
    let ends = watches.mapValues { watch in watch.kinds.compactMap { lastOfKind[$0] }.max() ?? watch.last }
    guard watches.contains(where: { $1.mayBeMissed(until: ends[$0] ?? $1.last) }) else { return nil }
    watchedUntil = ends
    namers = watches.compactMapValues { $0.kinds.last.map { Int32(truncatingIfNeeded: $0 & 0xffff_ffff) } }
    timeline = given.attributing(owners)
  }

  /// Templates that differ in nothing but whom they name are one: a name without digits is a part of its template.
  private struct Shapes {
    private let texts: [String]
    private let names: Set<String>
    private var numbers: [String: UInt32] = [:]
    private var known: [Int: UInt32] = [:]

    init(_ evidence: IncidentEvidence) {
      texts = evidence.templateTexts
      names = Set(evidence.devices)
    }

    mutating func number(of template: Int) -> UInt32 {
      if let number = known[template] { return number }
      let shape = texts[template].split(separator: " ").map { word in
        let name = word.drop { "([{<\"'".contains($0) }
        let end = name.lastIndex { !")]}>\"',;:.".contains($0) } ?? name.startIndex
        return name.isEmpty || !names.contains(String(name[...end])) ? word : "<*>"
      }.joined(separator: " ")
      let number = numbers[shape] ?? UInt32(numbers.count)
      numbers[shape] = number
      known[template] = number
      return number
    }
  }

  /// When one entity is named.
  private struct Watch {
    var kinds: [UInt64] = []
    var count = 0
    var first = Double.infinity
    var last = -Double.infinity
    var longest = 0.0

    mutating func add(_ second: Double, _ kind: UInt64) {
      if count > 0 { longest = max(longest, second - last) }
      count += 1
      first = min(first, second)
      last = max(last, second)
      if !kinds.contains(kind) { kinds.append(kind) }
    }

    func mayBeMissed(until end: Double) -> Bool {
      guard count >= fewest, last > first else { return false }
      let pause = (last - first) / Double(count - 1)
      return end - last > leastSilence * pause || longest > leastGap * pause
    }
  }

  /// Whether an entity is one of them.
  func tellsOf(_ device: Int) -> Bool { watchedUntil[device] != nil }

  /// Silences to the end and silences that ended, of those that the onsets hold nothing of.
  func silences(_ fleet: Fleet, _ onsets: Onsets) -> (
    lasting: RelayedSilences.Silences, ended: RelayedSilences.Silences
  ) {
    func isOpen(_ device: Int) -> Bool {
      watchedUntil[device] != nil && onsets.findings[device] == nil && onsets.unrelated[device] == nil
        && !onsets.excluded.contains(device)
    }
    let lasting = SilenceOnsets.find(timeline, fleet, onsets).seen.compactMap {
      device, finding -> (device: Int, finding: Onsets.Finding)? in
      guard isOpen(device), let rhythm = SilenceOnsets.Rhythm(timeline, device),
        let end = watchedUntil[device],
        (end - rhythm.last) / rhythm.pause >= SilenceOnsets.leastPauses,
        rhythm.surprise(end - rhythm.last) > 9 + log(Double(watchedUntil.count))
      else { return nil }
      return (device, told(finding, device))
    }
    let ended = EndedSilences(timeline, fleet, onsets).found.filter { isOpen($0.device) }
      .map { (device: $0.device, finding: told($0.finding, $0.device)) }
    return (lasting, ended)
  }

  /// A finding that says that the entity did not speak itself.
  private func told(_ finding: Onsets.Finding, _ device: Int) -> Onsets.Finding {
    var finding = finding
    let namer = namers[device].map { timeline.evidence.devices[Int($0)] } ?? "others"
    finding.reasons = finding.reasons.map {
      $0.hasPrefix("spoke every") ? $0.replacing("spoke every", with: "was named by \(namer) every") : $0
    }
    return finding
  }
}
